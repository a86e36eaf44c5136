"""The European Central Bank's reference-rate files: daily and historical CSV, XML and zip, imported as fx_rates."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from roastery.warehouse.ecb import is_reference_file, read_rates
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.fx import rate

HISTORY = b"Date,USD,JPY,BGN,CYP,\n2026-10-30,1.1565,178.12,1.9558,N/A,\n2026-10-29,1.1600,177.90,1.9558,N/A,\n"
DAILY = b"Date, USD, JPY, BGN, \n30 October 2026, 1.1565, 178.12, 1.9558, \n"
XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="urn:eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<Cube><Cube time='2026-10-30'><Cube currency='USD' rate='1.1565'/><Cube currency='JPY' rate='178.12'/></Cube>
<Cube time='2026-10-29'><Cube currency='USD' rate='1.1600'/></Cube></Cube></gesmes:Envelope>"""


def zipped(body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("eurofxref-hist.csv", body)
    return out.getvalue()


def rows(body: bytes) -> set[tuple[str, ...]]:
    return {tuple(row.values()) for row in read_rates(body).to_pylist()}


@pytest.mark.parametrize("body", [HISTORY, zipped(HISTORY)], ids=["csv", "zip"])
def test_the_history_has_a_row_per_day_and_currency_that_has_a_rate(body: bytes) -> None:
    assert is_reference_file(body)
    assert rows(body) == {
        ("2026-10-30", "EUR", "USD", "1.1565"), ("2026-10-30", "EUR", "JPY", "178.12"),
        ("2026-10-30", "EUR", "BGN", "1.9558"), ("2026-10-29", "EUR", "USD", "1.1600"),
        ("2026-10-29", "EUR", "JPY", "177.90"), ("2026-10-29", "EUR", "BGN", "1.9558"),
    }  # fmt: skip


def test_the_daily_file_writes_its_day_in_words() -> None:
    assert is_reference_file(DAILY)
    assert ("2026-10-30", "EUR", "JPY", "178.12") in rows(DAILY)
    assert len(rows(DAILY)) == 3


def test_the_xml_says_the_same() -> None:
    assert is_reference_file(XML)
    assert rows(XML) == {
        ("2026-10-30", "EUR", "USD", "1.1565"), ("2026-10-30", "EUR", "JPY", "178.12"),
        ("2026-10-29", "EUR", "USD", "1.1600"),
    }  # fmt: skip


def test_a_file_is_imported_as_it_is_and_days_between_have_the_rate_before(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_bytes(HISTORY)
    report = warehouse.import_rows("fx_rates", file)
    assert (report.accepted, report.rejected) == (6, 0)
    assert rate(warehouse, "EUR", "USD", date(2026, 11, 1)) == Decimal("1.1565")
    assert abs(rate(warehouse, "USD", "EUR", date(2026, 10, 29)) * Decimal("1.16") - 1) < Decimal("1e-9")
    again = warehouse.import_rows("fx_rates", XML, "application/xml")
    assert (again.accepted, again.changed) == (3, 0)


def test_only_rates_come_as_xml(warehouse: Warehouse) -> None:
    with pytest.raises(BadQuery, match="is not CSV, JSONL or Parquet"):
        warehouse.import_rows("customers", XML, "application/xml")


def test_a_table_of_ones_own_is_no_reference_file_and_an_odd_one_is_refused() -> None:
    assert not is_reference_file(b"rate_date,base_currency,quote_currency,rate\n2026-10-01,EUR,USD,1.1\n")
    with pytest.raises(BadQuery, match="not a day as the bank writes it"):
        read_rates(b"Date,USD,\n10/30/2026,1.1,\n")
    with pytest.raises(BadQuery, match="no document type"):
        read_rates(b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    with pytest.raises(BadQuery, match="holds no rates"):
        read_rates(b"Date,USD,\n2026-10-30,N/A,\n")
