"""The rows of a CSV file in chunks of Arrow text; a quotation mark that nobody closes costs its own row only."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from roastery.warehouse.errors import BadQuery

BLOCK_BYTES = 8 << 20
ENDING_BYTES = 64
UNCLOSED = "A quotation mark is opened in this row and never closed; the lines after it were read without it."
NAMELESS = "A column without a name in the first line was left out."


@dataclass
class CsvRows:
    """What is read of a CSV stream after its first line.

    header: one name a column, "" for those without. broken: rows (1-based) that could not be split into cells, with the
    reason, and remarks; both grow while chunks are read. ends_quoted: the file's last mark is a quotation mark.
    is_footer: of a row that could not be split, whether it is no data at all, such as a line of totals.
    """

    header: list[str]
    delimiter: str
    broken: list[tuple[int, str]]
    remarks: list[str]
    ends_quoted: bool
    is_footer: Callable[[str], bool] = lambda text: False
    footers: int = 0
    _names: list[str] = field(init=False)
    _last_broken: tuple[int, str] = (0, "")

    def __post_init__(self) -> None:
        self._names = [name or f"\0{at}" for at, name in enumerate(self.header)]

    def chunks(self, stream: Any, before: int = 0) -> Iterator[pa.Table]:
        """Chunks of the named columns. before: rows ahead of this stream. Errors: BadQuery, ArrowInvalid."""
        rows, held, footers = before, None, self.footers
        try:
            for batch in self._reader(stream, before):
                if held is not None:
                    yield self._named(held)
                held, rows = pa.Table.from_batches([batch]), rows + batch.num_rows
        except pa.ArrowInvalid as error:
            if "Empty" in str(error):
                return
            if "straddl" not in str(error):
                raise
            raise BadQuery(
                f"A quotation mark that is opened after row {rows} is not closed within {BLOCK_BYTES >> 20} MB. "
                "Close it, or take it out, and send the file again."
            ) from error
        rows += sum(number > before for number, _ in self.broken) + self.footers - footers
        held, swallowed = self._swallowed(held, rows)
        if held is not None:
            yield self._named(held)
        if swallowed.strip():
            yield from self.chunks(io.BytesIO(swallowed.encode()), rows)

    def _reader(self, stream: Any, before: int) -> Any:
        from pyarrow import csv as arrow_csv

        def note(row: Any) -> str:
            if self.is_footer(row.text) and not _is_open(row.text):
                self.footers += 1
                return "skip"
            number = before + (row.number or 0)
            self.broken.append((number, _complaint(row)))
            self._last_broken = (number, row.text)
            return "skip"

        return arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(column_names=self._names, block_size=BLOCK_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in self._names}, null_values=[""], strings_can_be_null=True
            ),
        )

    def _swallowed(self, held: pa.Table | None, last: int) -> tuple[pa.Table | None, str]:
        """The last chunk without a row whose quotation mark runs to the end of the file, and the lines that it took."""
        number, text = self._last_broken
        if number == last and _is_open(text):
            self.broken[-1] = (number, UNCLOSED)
            return held, text.partition("\n")[2]
        if held is None or not held.num_rows or self.ends_quoted or (self.broken and self.broken[-1][0] == last):
            return held, ""
        # Only a quoted cell holds a line break, and one that was closed would end the file with its mark.
        cell = held.column(held.num_columns - 1)[held.num_rows - 1].as_py() or ""
        if "\n" not in cell:
            return held, ""
        self.broken.append((last, UNCLOSED))
        return held.slice(0, held.num_rows - 1), cell.partition("\n")[2]

    def _named(self, rows: pa.Table) -> pa.Table:
        for name in self._names:
            if name.startswith("\0") and rows.column(name).null_count < rows.num_rows and NAMELESS not in self.remarks:
                self.remarks.append(NAMELESS)
        return rows.select([name for name in self._names if not name.startswith("\0")])


def ends_quoted(stream: io.BufferedIOBase) -> bool:
    """Whether a file's last mark but white space is a quotation mark; leaves the stream at its beginning."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - ENDING_BYTES))
    ending = stream.read().strip(b"\0 \t\r\n")
    stream.seek(0)
    return ending.endswith(b'"')


def _is_open(text: str) -> bool:
    return "\n" in text and text.count('"') % 2 == 1


def _complaint(row: Any) -> str:
    said = f"The row has {row.actual_columns} cells where the header has {row.expected_columns}."
    if not _is_open(row.text):
        return said
    lost = len(re.findall(r"\n(?=.)", row.text))
    what = "next line" if lost == 1 else f"{lost} lines after it"
    return f"{said} A quotation mark that is not closed in it took in the {what}."
