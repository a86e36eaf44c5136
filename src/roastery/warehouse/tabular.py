# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Reading files of rows: CSV, JSONL and Parquet in chunks of Arrow text, so that a file of any size fits in memory."""

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from roastery.warehouse.columns import table, text_column, whole_column
from roastery.warehouse.contracts import Column
from roastery.warehouse.csv_rows import BLOCK_BYTES, CsvRows, ends_quoted
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.sql import name, quoted

CONTENT_TYPES = {
    "text/csv": "csv",
    "application/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/json": "json",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
    "application/parquet": "parquet",
}
ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}
DELIMITERS = (",", ";", "\t", "|")
CHUNK_ROWS = 100_000
SCAN_BYTES = 1 << 20
GZIP = b"\x1f\x8b".decode("cp1252", errors="replace")


@dataclass
class Source:
    """A file being read: its chunks, the columns that it has, and what was found on the way.

    A JSON source has one column `line`; each row says by itself which columns it carries. broken: rows (1-based) that
    could not be split into cells, with the reason; it grows while chunks are read. has_commas: cells are parted by
    semicolons, as where a comma parts the cents.
    """

    columns: tuple[str, ...]
    chunks: Iterator[pa.Table]
    broken: list[tuple[int, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    is_json: bool = False
    has_commas: bool = False
    stream: io.BufferedIOBase | None = None

    def close(self) -> None:
        if self.stream is not None:
            self.stream.close()


def kind_of(content_type: str | None, path: Path | None) -> str:
    """csv, jsonl, json or parquet. Errors: BadQuery naming what is understood."""
    plain = (content_type or "").split(";")[0].strip().lower()
    found = CONTENT_TYPES.get(plain) or (ENDINGS.get(path.suffix.lower()) if path else None)
    if found is None:
        what = f"'{plain}'" if plain else f"'{path.name}'" if path else "This body"
        raise BadQuery(
            f"{what} is not CSV, JSONL or Parquet.",
            allowed=("text/csv", "application/x-ndjson", "application/vnd.apache.parquet"),
        )
    return found


def open_source(data: Path | bytes | pa.Table, content_type: str | None) -> Source:
    """Open rows for reading. Errors: BadQuery for a file that cannot be read at all."""
    if isinstance(data, pa.Table):
        return Source(tuple(data.column_names), _sliced(data))
    kind = kind_of(content_type, data if isinstance(data, Path) else None)
    stream: io.BufferedIOBase = data.open("rb") if isinstance(data, Path) else io.BytesIO(data)
    try:
        source = READERS[kind](stream)
        source.stream = stream
    except (pa.ArrowInvalid, BadQuery) as error:
        stream.close()
        if isinstance(error, BadQuery):
            raise
        if "Empty" in str(error):
            raise BadQuery("There are no rows to import.") from error
        raise BadQuery(f"The file cannot be read as {kind}: {str(error).splitlines()[0]}") from error
    return source


def from_mappings(rows: Sequence[Mapping[str, Any]]) -> Source:
    lines = table({"line": text_column([json.dumps(row, default=str, ensure_ascii=False) for row in rows])})
    return Source(("line",), iter([lines]), is_json=True)


def _sliced(rows: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, rows.num_rows, CHUNK_ROWS):
        yield rows.slice(start, CHUNK_ROWS)


def _json_rows(stream: io.BufferedIOBase) -> list[Any]:
    try:
        found = json.load(stream, parse_float=str)
    except ValueError as error:
        raise BadQuery(f"The body is not JSON: {error}.") from error
    return found if isinstance(found, list) else [found]


def _parquet(stream: io.BufferedIOBase) -> Source:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(stream)
    batches = (pa.Table.from_batches([batch]) for batch in file.iter_batches(CHUNK_ROWS))
    return Source(tuple(file.schema_arrow.names), batches)


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are not UTF-8 as Windows-1252, byte for byte, so that a file may mix both."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error("windows_1252", _windows_1252)


class _AsUtf8(io.RawIOBase):
    """A stream re-encoded to UTF-8 on the way."""

    def __init__(self, stream: io.BufferedIOBase, encoding: str) -> None:
        raw: Any = stream
        self._text = io.TextIOWrapper(raw, encoding=encoding, errors="windows_1252", newline="")
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._text.read(SCAN_BYTES).encode("utf-8", errors="replace")
        piece, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def as_utf8(stream: io.BufferedIOBase) -> tuple[io.BufferedIOBase, list[str]]:
    """The stream as UTF-8 without a byte-order mark, at its beginning, and a remark when it was not."""
    start = stream.read(4)
    stream.seek(0)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return io.BufferedReader(_AsUtf8(stream, "utf-16")), ["The file is UTF-16; it was read as such."]
    if len(start) == 4 and 0 not in (start[0], start[2]) and start[1] == start[3] == 0:
        return io.BufferedReader(_AsUtf8(stream, "utf-16-le")), ["The file is UTF-16; it was read as such."]
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := stream.read(SCAN_BYTES):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
        stream.seek(3 if start[:3] == codecs.BOM_UTF8 else 0)
    except UnicodeDecodeError:
        stream.seek(3 if start[:3] == codecs.BOM_UTF8 else 0)
        remark = "Some characters are not UTF-8; they were read as Windows-1252."
        return io.BufferedReader(_AsUtf8(stream, "utf-8")), [remark]
    return stream, []


def column_name(header: str) -> str:
    """A header cell as a column name.

    >>> column_name(" Campaign ID ")
    'campaign_id'
    """
    return header.strip().strip("\ufeff").lower().replace(" ", "_")


def _csv(stream: io.BufferedIOBase) -> Source:
    is_quoted = ends_quoted(stream)
    readable, remarks = as_utf8(stream)
    head = readable.readline().decode("utf-8", errors="replace")
    if head.startswith(GZIP):
        raise BadQuery("The file is compressed with gzip. Unpack it, or send it with Content-Encoding: gzip.")
    if not head.strip():
        raise BadQuery("The file is empty; its first line must name the columns.")
    delimiter = max(DELIMITERS, key=lambda d: len(next(csv.reader([head], delimiter=d))))
    header = [column_name(cell) for cell in next(csv.reader([head.rstrip("\r\n")], delimiter=delimiter))]
    named = tuple(c for c in header if c)
    if len(set(named)) < len(named):
        twice = next(c for c in named if named.count(c) > 1)
        raise BadQuery(f"The column '{twice}' stands twice in the first line.")
    broken: list[tuple[int, str]] = []
    rows = CsvRows(header, delimiter, broken, remarks, is_quoted)
    return Source(named, rows.chunks(readable), broken, remarks, has_commas=delimiter == ";")


def _jsonl(stream: io.BufferedIOBase) -> Source:
    from pyarrow import csv as arrow_csv

    readable, remarks = as_utf8(stream)
    reader = arrow_csv.open_csv(
        readable,
        read_options=arrow_csv.ReadOptions(column_names=["line"], block_size=BLOCK_BYTES, use_threads=False),
        parse_options=arrow_csv.ParseOptions(delimiter="\x1f", quote_char=False),
        convert_options=arrow_csv.ConvertOptions(column_types={"line": pa.string()}),
    )
    return Source(("line",), (pa.Table.from_batches([b]) for b in reader), [], remarks, is_json=True)


def _json(stream: io.BufferedIOBase) -> Source:
    return from_mappings(_json_rows(stream))


READERS: dict[str, Callable[[io.BufferedIOBase], Source]] = {
    "csv": _csv,
    "parquet": _parquet,
    "jsonl": _jsonl,
    "json": _json,
}


def numbered(rows: pa.Table, good_before: int, broken: Sequence[tuple[int, str]]) -> pa.Table:
    """Add `row_number`, 1-based in the file: rows that could not be split into cells count too."""
    good = np.arange(good_before + 1, good_before + rows.num_rows + 1)
    bad = np.sort(np.array([row for row, _ in broken], dtype=np.int64))
    shift = np.searchsorted(bad - np.arange(len(bad)), good, side="right")
    return rows.append_column("row_number", whole_column(good + shift))


IS_OBJECT = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"


def columns_of(source: Source, cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The columns that the chunk in relation `chunk` has, as the contract would name them, and as the file does."""
    if not source.is_json:
        return {column_name(c): c for c in source.columns}
    keys = cursor.execute(f"SELECT DISTINCT unnest(json_keys(line)) FROM chunk WHERE {IS_OBJECT} ORDER BY 1").fetchall()
    return {row[0]: row[0] for row in keys}


def text_select(
    columns: Sequence[Column], found: Mapping[str, str], source: Source, cursor: duckdb.DuckDBPyConnection
) -> str:
    """SELECT of row_number, each column as trimmed text, and whether the row carries it as `has_…`, out of `chunk`."""
    parts: list[str] = ["row_number"]
    paths: list[str] = []
    types = {row[0]: row[1] for row in cursor.execute("DESCRIBE chunk").fetchall()}
    for column in columns:
        here = found.get(column.name)
        if here is None:
            text, has = "NULL::VARCHAR", "false"
        elif source.is_json:
            paths.append(quoted(f"$.{name(column.name)}"))
            # NaN is no JSON, yet Python and others write it for "none".
            cell, kind = f"texts[{len(paths)}]", f"kinds[{len(paths)}]"
            text = f"CASE WHEN {kind} <> 'DOUBLE' OR {cell} <> 'NaN' THEN {cell} END"
            has = f"{kind} IS NOT NULL"
        else:
            nested = types[here].endswith("[]") or types[here].startswith(("STRUCT", "MAP"))
            cell = f"nullif({name(here)}, 'nan')" if types[here] in ("DOUBLE", "FLOAT") else name(here)
            text, has = f"to_json({cell})::VARCHAR" if nested else f"{cell}::VARCHAR", "true"
        parts.append(f"nullif(trim({text}), '') AS {name(column.name)}, {has} AS {name('has_' + column.name)}")
    if not paths:
        return f"SELECT {', '.join(parts)} FROM chunk" + (f" WHERE {IS_OBJECT}" if source.is_json else "")
    # All columns at once, or each would parse the line anew.
    listed = f"[{', '.join(paths)}]"
    lines = f"json_extract_string(line, {listed}) AS texts, json_type(line, {listed}) AS kinds"
    return f"SELECT {', '.join(parts)} FROM (SELECT row_number, {lines} FROM chunk WHERE {IS_OBJECT})"
