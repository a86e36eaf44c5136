"""Excel files (.xlsx): the first sheet's cells as text, numbers with a point, days and times in ISO form.

Read as the zip of XML that it is (ECMA-376), so that no library is needed for what exports hold.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import pyarrow as pa

from roastery.connectors.exports.cells import Cells
from roastery.connectors.exports.recognize import HEAD_LINES
from roastery.warehouse.columns import table, text_column
from roastery.warehouse.errors import BadQuery

MOST_BYTES = 400 << 20
MOST_ROWS = 300_000
CHUNK_ROWS = 20_000
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LINKED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
DATE_FORMATS = frozenset({*range(14, 23), *range(45, 48)})
"""Built-in number formats that show a day or a time."""
EPOCH, EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 (a sheet has no zone)


class SheetCells(Cells):
    """Cells of a workbook's first sheet."""

    def _chunks(self, header_line: int, names: list[str]) -> Iterator[pa.Table]:
        waiting: list[list[str]] = []
        for number, row in enumerate(_rows(self.path)):
            if number <= header_line or not any(row):
                continue
            waiting.append((row + [""] * len(names))[: len(names)])
            if len(waiting) == CHUNK_ROWS:
                yield _as_table(waiting, names)
                waiting = []
        if waiting:
            yield _as_table(waiting, names)


def open_sheet(path: Path) -> Cells:
    """The first rows of a workbook. Errors: BadQuery for one that cannot be read, or is too large."""
    rows = []
    for row in _rows(path):
        rows.append(row)
        if len(rows) == HEAD_LINES:
            break
    if not any(any(row) for row in rows):
        raise BadQuery("The first sheet of this workbook is empty.")
    return SheetCells(path, rows, "", ["The first sheet of the workbook was read."])


def _as_table(rows: list[list[str]], names: list[str]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return table({n: text_column([v or None for v in column]) for n, column in zip(names, columns, strict=True)})


def _rows(path: Path) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise BadQuery("This workbook is larger than 400 MB when unpacked. Export it as CSV.")
            yield from _Workbook(archive).rows()
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, ElementTree.ParseError) as error:
        raise BadQuery("This file cannot be read as an Excel workbook. Export it as CSV.") from error


class _Workbook:
    """An open workbook: its shared texts and which styles show days."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.texts = self._shared()
        self.dated = self._dated_styles()
        book = self._tree("xl/workbook.xml")
        properties = book.find(f"{MAIN}workbookPr")
        is_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        self.epoch = EPOCH_1904 if is_1904 else EPOCH
        first = next(iter(book.iter(f"{MAIN}sheet")))
        links = {link.get("Id"): link.get("Target", "") for link in self._tree("xl/_rels/workbook.xml.rels")}
        self.sheet = "xl/" + links[first.get(LINKED)].removeprefix("/xl/").removeprefix("xl/")

    def _open(self, name: str) -> IO[bytes]:
        file = self.archive.open(name)
        if b"<!DOCTYPE" in file.read(512):
            raise ValueError("a workbook declares no document type")
        return self.archive.open(name)

    def _tree(self, name: str) -> ElementTree.Element:
        with self._open(name) as file:
            return ElementTree.parse(file).getroot()

    def _shared(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self.archive.namelist():
            return []
        texts = []
        with self._open("xl/sharedStrings.xml") as file:
            for _, item in ElementTree.iterparse(file):
                if item.tag == f"{MAIN}si":
                    texts.append("".join(t.text or "" for t in item.iter(f"{MAIN}t")))
                    item.clear()
        return texts

    def _dated_styles(self) -> frozenset[int]:
        if "xl/styles.xml" not in self.archive.namelist():
            return frozenset()
        styles = self._tree("xl/styles.xml")
        own = {int(f.get("numFmtId", "0")): f.get("formatCode", "") for f in styles.iter(f"{MAIN}numFmt")}
        shows = {n for n, code in own.items() if re.search(r"[dmyhs]", re.sub(r'"[^"]*"|\[[^\]]*\]', "", code.lower()))}
        formats = styles.find(f"{MAIN}cellXfs")
        found = enumerate(formats if formats is not None else ())
        return frozenset(n for n, f in found if int(f.get("numFmtId", "0")) in DATE_FORMATS | shows)

    def rows(self) -> Iterator[list[str]]:
        with self._open(self.sheet) as file:
            for number, (_, row) in enumerate(r for r in ElementTree.iterparse(file) if r[1].tag == f"{MAIN}row"):
                if number == MOST_ROWS:
                    raise BadQuery("This workbook has more than 300,000 rows. Export it as CSV.")
                cells: list[str] = []
                for cell in row.iter(f"{MAIN}c"):
                    at = _column(cell.get("r", "")) if cell.get("r") else len(cells)
                    cells += [""] * (at - len(cells)) + [self._text(cell)]
                row.clear()
                yield cells

    def _text(self, cell: ElementTree.Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(t.text or "" for t in cell.iter(f"{MAIN}t"))
        value = cell.find(f"{MAIN}v")
        text = value.text or "" if value is not None else ""
        if kind == "s":
            return self.texts[int(text)]
        if kind == "b":
            return "true" if text == "1" else "false"
        if kind in ("str", "e", "d") or not text:
            return text if kind != "e" else ""
        if int(cell.get("s", "0")) in self.dated:
            return self._moment(float(text))
        # A number of a sheet has no separators: four decimals say so where three could be thousands.
        return text + "0" * max(0, 4 - len(text.partition(".")[2])) if re.fullmatch(r"-?\d+\.\d+", text) else text

    def _moment(self, serial: float) -> str:
        at = self.epoch + timedelta(seconds=round(serial * 86_400))
        return at.date().isoformat() if serial == int(serial) else at.isoformat(sep=" ")


def _column(reference: str) -> int:
    """
    >>> _column("A1"), _column("AB12")
    (0, 27)
    """
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1
