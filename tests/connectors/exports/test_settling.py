"""What the cells of a file settle, and what is asked: numbers, dates, currencies, columns that stand twice."""

import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.connectors.exports import days, numbers
from roastery.connectors.exports.base import NUMBERS
from roastery.connectors.exports.recognize import recognize
from roastery.connectors.exports.registry import exports
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.errors import BadQuery
from tests.connectors.exports.conftest import Read, asked, rows
from tests.examples import examples

HEAD = "Day,Campaign name,Amount spent (USD),Impressions\n"


def spends(read: Read, *cells: str, **answers: str) -> list[str]:
    lines = [f'2026-11-0{n},c{n},"{cell}",1\n' for n, cell in enumerate(cells, 1)]
    return [row[0] for row in rows(read(HEAD + "".join(lines), **answers), "ad_performance", "spend")]


def test_sums_are_of_the_rows_that_count(read: Read) -> None:
    text = HEAD + "2026-11-01,A,10.00,1\nno day,B,5.50,1\n2026-11-02,A,1.25,many\nTotal,,16.75,\n"
    file = read(text)
    assert file.rejected == 2
    assert file.sums["spend"] == Decimal(10) == sum(Decimal(r[0]) for r in rows(file, "ad_performance", "spend"))
    assert any("10 counts" in w and "16.75" in w for w in file.warnings), "the file's own total holds the bad rows too"


def test_a_quotation_mark_that_nobody_closes_hides_neither_rows_nor_totals(read: Read) -> None:
    file = read(HEAD + '2026-11-01,A,10.00,1\n2026-11-02,"B,5.50,1\n2026-11-03,C,1.25,1\nTotal,,16.75,\n')
    assert [Decimal(row[0]) for row in rows(file, "ad_performance", "spend")] == [Decimal(10), Decimal("1.25")]
    assert file.rejected == 1


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1,234", "5.50"), ("1234", "5.5")),
        (("1.234", "5,50"), ("1234", "5.5")),
        (("1'234.50", "(3.25)", "12.5 %", "$5", "−4"), ("1234.5", "-3.25", "12.5", "5", "-4")),
        (("1 234,50", "7"), ("1234.5", "7")),
    ],
)
def test_one_cell_that_can_be_read_in_one_way_settles_the_others(
    read: Read, cells: tuple[str, ...], values: tuple[str, ...]
) -> None:
    assert [Decimal(v) for v in spends(read, *cells)] == [Decimal(v) for v in values]


def test_a_number_that_nothing_settles_is_asked_about(read: Read) -> None:
    file = read(HEAD + '2026-11-01,A,"1,234",1\n')
    assert asked(file) == ["decimal_mark"]
    assert "'1,234'" in file.questions[0].sentence
    assert spends(read, "1,234", decimal_mark="point") == ["1234.000000"]
    assert spends(read, "1,234", decimal_mark="comma") == ["1.234000"]


def test_whole_numbers_settle_what_a_separator_is(read: Read) -> None:
    file = read(HEAD + '2026-11-01,A,"1.234",20.000\n')
    assert asked(file) == []
    assert rows(file, "ad_performance", "spend, impressions") == [("1234.000000", "20000")]


def test_both_styles_in_one_file_are_read_in_their_only_meaning(read: Read) -> None:
    file = read(HEAD + '2026-11-01,A,"1,50",1\n2026-11-02,A,2.50,1\n2026-11-03,A,"1,234",1\n')
    assert rows(file, "ad_performance", "spend") == [("1.500000",), ("2.500000",)]
    assert file.rejected == 1
    assert "decimal point and with a decimal comma" in file.warnings[0]


def test_words_where_a_number_belongs_refuse_the_row(read: Read) -> None:
    file = read(HEAD + "2026-11-01,A,12 pieces,1\n2026-11-02,A,1.00,many\n2026-11-03,A,1.00,2.5\n2026-11-04,A,2.00,3\n")
    assert rows(file, "ad_performance", "report_date, spend") == [("2026-11-04", "2.000000")]
    assert [(row, column) for row, column, _ in file.faults(9)] == [
        (1, "Amount spent (USD)"),
        (2, "Impressions"),
        (3, "Impressions"),
    ]


@pytest.mark.parametrize(
    ("cells", "answer", "first"),
    [
        (("3/4/2026", "25/4/2026"), "", "2026-04-03"),
        (("3/4/2026", "4/25/2026"), "", "2026-03-04"),
        (("3/4/2026", "5/4/2026"), "day_first", "2026-04-03"),
        (("3/4/26", "5/4/26"), "month_first", "2026-03-04"),
        (("3.4.2026", "Apr 4, 2026", "5 avril 2026", "Fri, 6. März 2026", "2026/03/04"), "", "2026-04-03"),
    ],
)
def test_the_order_of_day_and_month_is_told_or_asked(
    read: Read, cells: tuple[str, ...], answer: str, first: str
) -> None:
    text = HEAD + "".join(f'"{cell}",A,1.00,1\n' for cell in cells)
    if answer:
        assert asked(read(text)) == ["dates"]
    file = read(text, **({"dates": answer} if answer else {}))
    assert asked(file) == []
    found = rows(file, "ad_performance", "report_date")
    assert found[0] == (first,)
    if len(cells) > 2:
        assert [day for (day,) in found] == ["2026-04-03", "2026-04-04", "2026-04-05", "2026-03-06", "2026-03-04"]


def test_a_file_that_mixes_both_orders_refuses_what_could_be_either(read: Read) -> None:
    file = read(HEAD + "25/4/2026,A,1.00,1\n4/26/2026,A,2.00,1\n3/4/2026,A,4.00,1\n")
    assert rows(file, "ad_performance", "report_date") == [("2026-04-25",), ("2026-04-26",)]
    assert file.rejected == 1


@pytest.mark.parametrize(
    ("header", "cell", "currency"),
    [("Amount spent", "€5", "EUR"), ("Amount spent", "GBP 5.00", "GBP"), ("Amount spent [CHF]", "5", "CHF")],
)
def test_the_currency_comes_from_header_or_cells(read: Read, header: str, cell: str, currency: str) -> None:
    file = read(f"Day,Campaign name,{header},Impressions\n2026-11-01,A,{cell},1\n")
    assert (asked(file), file.currency) == ([], currency)


@pytest.mark.parametrize("cell", ["5.00", "$5.00", "5 kr"])
def test_a_currency_that_the_file_does_not_tell_is_asked_for(read: Read, cell: str) -> None:
    text = f"Day,Campaign name,Amount spent,Impressions\n2026-11-01,A,{cell},1\n"
    file = read(text)
    assert (asked(file), file.questions[0].suggestion) == (["currency"], "USD")
    assert rows(read(text, currency="AUD"), "ad_performance", "currency") == [("AUD",)]


def test_a_column_that_stands_twice_may_not_say_two_things(read: Read) -> None:
    head = "Day,Campaign name,Amount spent (USD),Amount spent (USD)\n"
    file = read(head + "2026-11-01,A,1.00,1.00\n")
    assert file.sums["spend"] == 1
    with pytest.raises(BadQuery, match="stands 2 times and says something else in 1 rows"):
        read(head + "2026-11-01,A,1.00,2.00\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_encodings_do_not_matter(read: Read, encoding: str) -> None:
    text = "Día;Nombre de la campaña;Importe gastado (EUR);Impresiones\n2026-11-01;Otoño;5,50;3\n"
    file = read(text.encode(encoding))
    assert rows(file, "ad_performance", "campaign_name, spend") == [("Otoño", "5.500000")]


def test_a_workbook_is_read_as_its_cells_are(read: Read, tmp_path: Path) -> None:
    """Numbers, days and texts of a sheet are what they are: nothing is asked."""
    head = ["Campaign name", "Campaign ID", "By Day", "Cost", "Impressions", "Currency"]
    row = (
        '<c t="s" r="A3"><v>6</v></c><c t="inlineStr" r="B3"><is><t>17</t></is></c><c s="1" r="C3"><v>46327</v></c>'
        '<c r="D3"><v>1.234</v></c><c r="E3"><v>1234</v></c><c t="str" r="F3"><v>USD</v></c>'
    )
    titles = "".join(f'<c t="s" r="{"ABCDEF"[n]}2"><v>{n}</v></c>' for n in range(6))
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    linked = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    parts = {
        "xl/workbook.xml": f'<workbook {main} {linked}><sheets><sheet name="R" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Links><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Links>',
        "xl/sharedStrings.xml": f"<sst {main}>" + "".join(f"<si><t>{t}</t></si>" for t in [*head, "Spring"]) + "</sst>",
        "xl/styles.xml": f'<styleSheet {main}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet {main}><sheetData><row><c t="str"><v>Report</v></c></row>'
        f"<row>{titles}</row><row>{row}</row></sheetData></worksheet>",
    }
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    file = read((tmp_path / "made.zip").read_bytes(), name="report.xlsx")
    assert (file.found.export.name, asked(file)) == ("tiktok_ads", [])
    assert rows(file, "ad_performance", "report_date, campaign_id, spend, impressions") == [
        ("2026-11-01", "tiktok_ads:17", "1.234000", "1234")
    ]
    with pytest.raises(BadQuery, match="cannot be read as an Excel workbook"):
        read(b"PK\x03\x04 not a zip", name="report.xlsx")


def test_a_row_of_another_width_is_told_and_a_footer_is_not_a_row(read: Read) -> None:
    file = read(HEAD + "2026-11-01,A,1.00,1\n2026-11-02,A\nTotal,1.00\n")
    assert file.faults(9) == [(2, "", "The row has 2 cells where the header has 4.")]
    assert file.totals == 1


@settings(max_examples=examples(25), deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False), st.sampled_from(["point", "comma"]))
def test_what_a_screen_writes_is_read_back_exactly(value: Decimal, mark: str) -> None:
    shown = f"{value:,.2f}"
    if mark == "comma":
        shown = shown.translate(str.maketrans(",.", ".,"))
    sql = f"SELECT {numbers.value(numbers.bare('x'), mark)} FROM (SELECT ?::VARCHAR AS x)"  # type: ignore[arg-type]
    assert duckdb.execute(sql, [shown]).fetchall()[0][0] == value


@settings(max_examples=examples(25), deadline=None)
@given(st.dates(min_value=date(2000, 1, 1)), st.sampled_from(["day_first", "month_first"]))
def test_days_are_read_back_in_either_order(day: date, order: str) -> None:
    shown = day.strftime("%d/%m/%Y" if order == "day_first" else "%m/%d/%Y")
    sql = f"SELECT {days.day('x', order)} FROM (SELECT ?::VARCHAR AS x)"  # type: ignore[arg-type]
    assert duckdb.execute(sql, [shown]).fetchall()[0][0] == day


@pytest.mark.parametrize("name", exports())
def test_every_format_fills_contracts_with_columns_that_they_have(read: Read, name: str) -> None:
    """A file of the header alone and one row: each SELECT runs, and gives columns of its contract only."""
    export = exports()[name]
    cells = {
        **dict.fromkeys(NUMBERS, "1"), "day": "2026-11-01", "time": "2026-11-01 10:00", "text": "x", "id": "7",
    }  # fmt: skip
    header = ",".join(f'"{f.headers["en"].split("|")[0]}"' for f in export.fields)
    row = ",".join("USD" if f.name == "currency" else cells[f.kind] for f in export.fields)
    file = read(f"{header}\n{row}\n", currency="USD", one_day="day")
    assert file.found.export is export
    for filling in export.fillings:
        described = file.scratch.execute(f"DESCRIBE out_{filling.dataset}").fetchall()
        columns = {column[0] for column in described}
        assert columns - {"file_row"} <= set(CONTRACTS[filling.dataset].column_names), filling.dataset
        assert "file_row" in columns


def test_a_file_of_a_datasets_own_columns_is_sent_to_that_dataset() -> None:
    header = ["report_date", "platform", "account_id", "campaign_id", "spend", "impressions", "clicks", "curency"]
    with pytest.raises(BadQuery, match="dataset ad_performance or keyword_performance"):
        recognize([header, ["2026-10-05", "tiktok_ads", "a1", "c9", "12.50", "100", "3", "USD"]])
