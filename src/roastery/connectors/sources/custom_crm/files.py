"""A folder of CSV, JSONL or Parquet files: what is new or changed since is read again, whole files."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from roastery.connectors.errors import AbortSync, UnknownShape
from roastery.connectors.sources.custom_crm.datasets import Dataset
from roastery.connectors.sources.custom_crm.mapping import TITLE

ROWS = 2000


def changed_files(folder: Path, dataset: Dataset, known: Mapping[str, Any]) -> list[tuple[Path, list[int]]]:
    """Files of a dataset that were not read as they are now, oldest first. Errors: AbortSync without the folder."""
    if not folder.is_dir():
        raise AbortSync(f"{TITLE}: the folder {folder.name} is not there.")
    found = []
    for path in sorted(folder.glob(str(dataset.options["file"]))):
        if not path.is_file() or folder not in path.resolve().parents:
            continue
        stat = path.stat()
        mark = [stat.st_mtime_ns, stat.st_size]
        if known.get(path.name) != mark:
            found.append((path, mark))
    return sorted(found, key=lambda pair: (pair[1][0], pair[0].name))


def records_of(path: Path, dataset: Dataset) -> Iterator[list[Mapping[str, Any]]]:
    """A file's records in batches, by its extension. Errors: UnknownShape when it cannot be read."""
    kind = path.suffix.lower()
    try:
        if kind in (".jsonl", ".ndjson"):
            yield from _lines(path)
        elif kind == ".parquet":
            from pyarrow import parquet

            yield from _batches(parquet.ParquetFile(path).iter_batches(ROWS))
        elif kind in (".csv", ".tsv", ".txt"):
            yield from _csv(path, dataset)
        else:
            raise UnknownShape(f"{TITLE}: {path.name} is no CSV, JSONL or Parquet file.")
    except (pa.ArrowInvalid, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UnknownShape(f"{TITLE}: {path.name} cannot be read: {str(error).splitlines()[0]}") from None


def _lines(path: Path) -> Iterator[list[Mapping[str, Any]]]:
    held: list[Mapping[str, Any]] = []
    with path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            if line.strip():
                held.append(json.loads(line, parse_float=str))
            if len(held) >= ROWS:
                yield held
                held = []
    yield held


def _csv(path: Path, dataset: Dataset) -> Iterator[list[Mapping[str, Any]]]:
    """Every value as text: types are the mapping's, so that nothing is guessed."""
    from pyarrow import csv

    delimiter = str(dataset.options.get("delimiter", "\t" if path.suffix.lower() == ".tsv" else ","))
    read = csv.ReadOptions(encoding=str(dataset.options.get("encoding", "utf8")))
    parsing = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with path.open("rb") as handle:
        head = handle.readline().decode(read.encoding, errors="replace").lstrip("\ufeff").strip("\r\n")
    names = [name.strip().strip('"') for name in head.split(delimiter)]
    kinds = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    yield from _batches(iter(csv.open_csv(path, read_options=read, parse_options=parsing, convert_options=kinds)))


def _batches(batches: Iterator[Any]) -> Iterator[list[Mapping[str, Any]]]:
    for batch in batches:
        yield batch.to_pylist()
