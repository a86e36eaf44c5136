"""The reference-rate files of the European Central Bank (eurofxref: daily, 90 days or whole history) as fx_rates.

One euro is worth `rate` of the quote currency. A file is CSV with one column per currency, the XML of the same rates,
or a zip of either; days and currencies without a rate (N/A, empty) are left out.
"""

import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pyarrow as pa

from roastery.warehouse.columns import table, text_column
from roastery.warehouse.errors import BadQuery

BASE = "EUR"
COLUMNS = ("rate_date", "base_currency", "quote_currency", "rate")
HEAD_BYTES = 512
MOST_BYTES = 64 << 20
CSV_HEAD = re.compile(rb"^(\xef\xbb\xbf)?\s*\"?Date\"?\s*,\s*\"?[A-Z]{3}\"?\s*,", re.IGNORECASE)
CODE = re.compile(r"^[A-Z]{3}$")


def is_reference_file(data: Path | bytes) -> bool:
    """Whether a file is one of the bank's, by how it begins."""
    if isinstance(data, Path):
        with data.open("rb") as file:
            head = file.read(HEAD_BYTES)
    else:
        head = data[:HEAD_BYTES]
    if head.startswith(b"PK\x03\x04"):
        return b"eurofxref" in head
    return bool(CSV_HEAD.match(head)) or (b"<gesmes:Envelope" in head)


def read_rates(data: Path | bytes) -> pa.Table:
    """The rates of a reference file, one row per day and currency, as text. Errors: BadQuery."""
    raw = _unpacked(data.read_bytes() if isinstance(data, Path) else data)
    rows = _of_xml(raw) if raw.lstrip().startswith(b"<") else _of_csv(raw)
    if not rows.num_rows:
        raise BadQuery("This reference-rate file holds no rates.")
    return rows


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(b"PK\x03\x04"):
        return raw
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entry = archive.infolist()[0]
            if entry.file_size > MOST_BYTES:
                raise BadQuery("This reference-rate file is larger than 64 MB when unpacked.")
            return archive.read(entry)
    except (zipfile.BadZipFile, IndexError) as error:
        raise BadQuery("This zip of reference rates cannot be read.") from error


def _of_xml(raw: bytes) -> pa.Table:
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise BadQuery("A reference-rate file declares no document type.")
    try:
        tree = ElementTree.fromstring(raw)
    except ElementTree.ParseError as error:
        raise BadQuery(f"This XML cannot be read: {error}.") from error
    found = [
        (day.get("time", ""), cube.get("currency", ""), cube.get("rate", ""))
        for day in tree.iter()
        if day.get("time")
        for cube in day
    ]
    return _rows([day for day, _, _ in found], [code for _, code, _ in found], [rate for _, _, rate in found])


def _of_csv(raw: bytes) -> pa.Table:
    """The wide file turned long by the engine; a daily file writes its day in words."""
    from pyarrow import csv

    text = re.sub(rb"[ \t]*,[ \t]*", b",", raw.removeprefix(b"\xef\xbb\xbf"))
    names = text.split(b"\n", 1)[0].decode().strip().strip(",").replace('"', "").split(",")
    codes = [name for name in names if CODE.match(name)]
    options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), include_columns=[names[0], *codes])
    try:
        wide = csv.read_csv(io.BytesIO(text), convert_options=options)
    except pa.ArrowInvalid as error:
        raise BadQuery(f"This reference-rate file cannot be read: {str(error).splitlines()[0]}") from error
    with duckdb.connect() as connection:
        connection.register("wide", wide.rename_columns(["day", *codes]))
        listed = ", ".join(f'"{code}"' for code in codes)
        long: pa.Table = connection.sql(
            f"SELECT day, code, rate FROM wide UNPIVOT (rate FOR code IN ({listed})) "  # noqa: S608 (three letters each)
            "WHERE try_cast(rate AS DECIMAL(24,12)) > 0 ORDER BY day, code"
        ).to_arrow_table()
    days = {day: _iso(day) for day in long.column("day").unique().to_pylist()}
    if days and not any(map(is_day, days.values())):
        day = next(iter(days))
        raise BadQuery(f"'{day}' is not a day as the bank writes it, such as 2026-11-20 or 20 November 2026.")
    return _rows(
        [days[day] for day in long.column("day").to_pylist()],
        long.column("code").to_pylist(),
        long.column("rate").to_pylist(),
    )


def is_day(text: str) -> bool:
    """
    >>> is_day("2026-11-20"), is_day("20 Nov")
    (True, False)
    """
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def _iso(day: str) -> str:
    """A day in ISO form; one that cannot be read as it came, for its rows to be named where they land."""
    for form in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.strptime(day.strip(), form).date().isoformat()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    return day


def _rows(days: list[str], codes: list[str], rates: list[str]) -> pa.Table:
    values = {
        "rate_date": text_column(days),
        "base_currency": text_column([BASE] * len(days)),
        "quote_currency": text_column(codes),
        "rate": text_column(rates),
    }
    return table(values)
