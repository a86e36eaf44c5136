"""Which format a file is, and where its header stands: the line that names the most columns of one format."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roastery.connectors.exports.base import Export, Need
from roastery.connectors.exports.headers import plain_header
from roastery.connectors.exports.registry import exports
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.errors import BadQuery

HEAD_LINES = 40
"""How far down a header may stand, below titles and periods."""
LEAST_NAMED = 3
DATASET_SHARE = 0.6
"""Of a file's columns, how many a dataset must have for the file to be meant for it."""


@dataclass(frozen=True)
class Recognized:
    """A format with the place of its header. columns: position in the file by the format's own name of a column."""

    export: Export
    line: int
    headers: tuple[str, ...]
    columns: dict[str, int]
    twice: dict[str, tuple[int, ...]]
    languages: tuple[str, ...]

    @property
    def missing(self) -> tuple[Need, ...]:
        return tuple(n for n in self.export.needs if not any(f in self.columns for f in n.fields))

    @property
    def unused(self) -> tuple[str, ...]:
        used = set(self.columns.values()) | {p for places in self.twice.values() for p in places}
        return tuple(h for position, h in enumerate(self.headers) if position not in used and h.strip())


def recognize(rows: Sequence[Sequence[str]]) -> Recognized:
    """The format that a file's first rows are of.

    Errors: BadQuery that names the nearest format and what to add, or the formats that are known.
    """
    found = sorted(_candidates(rows), key=lambda r: (bool(r.missing), -len(r.columns), r.line))
    if found and not found[0].missing:
        return found[0]
    if datasets := _datasets_of(rows):
        raise BadQuery(
            f"The columns of this file are those of the dataset {' or '.join(datasets)}, not of a provider's export. "
            f"Import it by the dataset's name: roastery import {datasets[0]} FILE.",
            allowed=datasets,
        )
    if found:
        best = max(found, key=lambda r: (len(r.columns), -len(r.missing)))
        lacks = " ".join(need.how for need in best.missing)
        raise BadQuery(f"This looks like {best.export.title}, but something is missing. {lacks}")
    known = sorted({export.title for export in exports().values()})
    raise BadQuery(
        f"The columns of this file are not known. Exports that are: {', '.join(known)}. "
        "Any other table can be imported into a dataset by its name: roastery import DATASET FILE.",
        allowed=tuple(exports()),
    )


def _datasets_of(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The datasets that have the most of the columns which the first line names; none where that is not enough."""
    named = {cell.strip().lower() for cell in (rows[0] if rows else ())} - {""}
    shared = {name: len(named & set(contract.column_names)) for name, contract in CONTRACTS.items()}
    most = max(shared.values())
    if most < max(LEAST_NAMED, DATASET_SHARE * len(named)):
        return ()
    return tuple(name for name, count in shared.items() if count == most)


def _candidates(rows: Sequence[Sequence[str]]) -> Iterator[Recognized]:
    for line, cells in enumerate(rows[:HEAD_LINES]):
        plain = [plain_header(cell) for cell in cells]
        for export in exports().values():
            read = _read(export, line, cells, plain)
            if len(read.columns) >= LEAST_NAMED:
                yield read


def _read(export: Export, line: int, cells: Sequence[str], plain: Sequence[str]) -> Recognized:
    """What one line names of one format. A header that languages share counts for each of them."""
    columns: dict[str, int] = {}
    twice: dict[str, tuple[int, ...]] = {}
    votes: dict[str, int] = {}
    for position, header in enumerate(plain):
        if header not in export.by_header:
            continue
        name, languages = export.by_header[header]
        if name in columns:
            if plain[columns[name]] == header:
                twice[name] = (*twice.get(name, (columns[name],)), position)
            continue
        columns[name] = position
        for language in languages:
            votes[language] = votes.get(language, 0) + 1
    most = max(votes.values(), default=0)
    spoken = tuple(language for language, count in votes.items() if count == most)
    return Recognized(export, line, tuple(cells), columns, twice, spoken)


DELIMITERS = (",", ";", "\t", "|")


def split_lines(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    return [next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), []) for line in lines]


def best_split(lines: Sequence[str]) -> tuple[str, list[list[str]]]:
    """The delimiter under which one of the first lines names the most known columns, and the lines split by it."""
    splits = {d: split_lines(lines, d) for d in DELIMITERS}

    def worth(delimiter: str) -> tuple[int, int]:
        named = max((len(r.columns) for r in _candidates(splits[delimiter])), default=0)
        return named, max((len(cells) for cells in splits[delimiter]), default=0)

    delimiter = max(DELIMITERS, key=worth)
    return delimiter, splits[delimiter]
