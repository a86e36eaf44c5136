# ruff: noqa: S608 (names of columns are ours; what a file says is bound)
"""A file's cells as text in a scratch database on disk, so that a file of any size fits in memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from roastery.connectors.exports.recognize import HEAD_LINES, best_split
from roastery.warehouse import tabular
from roastery.warehouse.csv_rows import CsvRows, ends_quoted
from roastery.warehouse.errors import BadQuery

MEMORY = "400MB"
MOST_HEAD_BYTES = 1 << 20
IN_MEMORY_BYTES = 8 << 20
TOTAL_WORDS = (
    r"^\W*(grand |sub)?total(s|es|en|aux)?\b|^\W*totaux\b|^\W*totaal\b|^\W*gesamt|^\W*summe\b|^\W*insgesamt"
    r"|^\W*(results from|ergebnisse aus|resultats de|resultados de|resultaten van) \d"
)


@dataclass
class Cells:
    """A file being read. rows: its first rows, split. load() writes all rows below a header into `cells`."""

    path: Path
    rows: list[list[str]]
    delimiter: str
    remarks: list[str] = field(default_factory=list)
    footers: int = 0
    broken: list[tuple[int, str]] = field(default_factory=list)

    def load(self, scratch: duckdb.DuckDBPyConnection, header_line: int, width: int) -> int:
        """Table cells (row_number, c0, c1, …) of what stands below the header; gives how many rows."""
        names = [f"c{n}" for n in range(width)]
        scratch.execute(f"CREATE TABLE cells (row_number BIGINT, {', '.join(f'{n} VARCHAR' for n in names)})")
        good = 0
        for chunk in self._chunks(header_line, names):
            scratch.register("chunk", tabular.numbered(chunk, good, self.broken))
            scratch.execute(f"INSERT INTO cells SELECT row_number, {', '.join(names)} FROM chunk")
            scratch.unregister("chunk")
            good += chunk.num_rows
        return good

    def _chunks(self, header_line: int, names: list[str]) -> Iterator[pa.Table]:
        with self.path.open("rb") as stream:
            is_quoted = ends_quoted(stream)
            readable, _ = tabular.as_utf8(stream)
            for _ in range(header_line + 1):
                readable.readline()
            rows = CsvRows(names, self.delimiter, self.broken, self.remarks, is_quoted, _is_total)
            try:
                yield from rows.chunks(readable)
            except pa.ArrowInvalid as error:
                raise BadQuery(f"The file cannot be read: {str(error).splitlines()[0]}") from error
            self.footers += rows.footers


def _is_total(row: str) -> bool:
    return re.search(TOTAL_WORDS, row or "", re.IGNORECASE) is not None


def open_cells(path: Path) -> Cells:
    """A file's first rows, its delimiter and encoding. Errors: BadQuery for what is no table."""
    with path.open("rb") as stream:
        start = stream.read(4)
        stream.seek(0)
        if start[:4] == b"PK\x03\x04":
            from roastery.connectors.exports.sheets import open_sheet

            return open_sheet(path)
        if start[:4] == b"PAR1":
            raise BadQuery("This is a Parquet file: import it into a dataset by its name.")
        readable, remarks = tabular.as_utf8(stream)
        lines: list[str] = []
        size = 0
        while len(lines) < HEAD_LINES and size < MOST_HEAD_BYTES and (line := readable.readline()):
            size += len(line)
            lines.append(line.decode("utf-8", errors="replace"))
    if not any(line.strip() for line in lines):
        raise BadQuery("The file is empty.")
    if "\x00" in "".join(lines):
        raise BadQuery("This file is no text. Export it as CSV or Excel (.xlsx).")
    delimiter, rows = best_split(lines)
    return Cells(path, rows, delimiter, list(remarks))


def scratch_database(folder: Path, size: int) -> duckdb.DuckDBPyConnection:
    """A database in a folder that is thrown away afterwards; for a small file in memory. size: bytes of the file."""
    is_small = size < IN_MEMORY_BYTES
    place = ":memory:" if is_small else str(folder / "scratch.duckdb")
    connection = duckdb.connect(place, config={"memory_limit": MEMORY, "threads": 1 if is_small else 2})
    connection.execute("LOAD icu; SET TimeZone = 'UTC'")
    return connection
