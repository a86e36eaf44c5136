"""Imports: good rows land, each bad one is told with row, column and reason, and twice is the same as once."""

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.importing import ImportReport, RowError
from tests.examples import examples
from tests.warehouse.conftest import ACME, CLOCK, SECRET, everything, put, rows

CSV, JSONL, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"
ADS = "report_date,platform,campaign_id,ad_id,spend,impressions\n"


def load(warehouse: Warehouse, dataset: str, text: str | bytes, content_type: str = CSV) -> ImportReport:
    body = text.encode() if isinstance(text, str) else text
    return warehouse.import_rows(dataset, body, content_type, build=False)


def raw(warehouse: Warehouse, dataset: str) -> dict[str, Any]:
    found = rows(
        warehouse,
        "SELECT key, arg_max(payload, seq) FROM raw.records WHERE resource = '"
        + dataset
        + "' GROUP BY key ORDER BY key",
    )
    return {key: json.loads(payload) for key, payload in found}


def test_a_file_by_hand_is_in_the_next_query_and_its_bad_rows_are_told(warehouse: Warehouse) -> None:
    report = warehouse.import_rows(
        "ad_performance",
        (
            ADS + "2026-10-01,meta_ads,c1,a1,12.50,1000\n"
            "2026-10-02,meta_ads,c1,a1,twelve,1000\n"
            "10/03/2026,meta_ads,c1,a1,1.00,1.5\n"
            "2026-10-04,meta_ads,c1,a1,-3.00,10\n"
            "2031-01-01,meta_ads,c1,a1,3.00,10\n"
            ",meta_ads,c1,a1,3.00,10\n"
            "2026-10-05,meta_ads,c1\n"
            "2026-10-06,meta_ads,c1,,7.25,\n"
        ).encode(),
        CSV,
    )
    assert (report.accepted, report.rejected, report.changed) == (2, 6, 2)
    assert report.errors == (
        RowError(2, "spend", "'twelve' is not a number; write it as 1234.56, without signs or separators."),
        RowError(3, "impressions", "'1.5' is not a whole number."),
        RowError(3, "report_date", "'10/03/2026' is not a day; write it as 2026-10-05."),
        RowError(4, "spend", "'-3.00' is below 0."),
        RowError(5, "report_date", "'2031-01-01' lies in the future."),
        RowError(6, "report_date", "The key is missing."),
        RowError(7, "", "The row has 3 cells where the header has 6."),
    )
    assert report.error_count == 7
    assert rows(warehouse, "SELECT report_date::VARCHAR, ad_id, ad_group_id, spend FROM ad_performance ORDER BY 1") == [
        ("2026-10-01", "a1", "", Decimal("12.5")),
        ("2026-10-06", "", "", Decimal("7.25")),
    ]
    assert rows(warehouse, "SELECT count(*) FROM meta.quarantine WHERE contract = 'ad_performance'") == [(7,)]


def test_the_same_import_twice_changes_nothing(warehouse: Warehouse) -> None:
    text = (ADS + "2026-10-01,meta_ads,c1,a1,12.50,1000\n2026-10-01,meta_ads,c1,a2,1,x\n").encode()
    warehouse.import_rows("ad_performance", text, CSV)
    before, build = everything(warehouse), warehouse.state().build
    again = warehouse.import_rows("ad_performance", text.replace(b"12.50", b"12.5000"), CSV)
    assert (again.accepted, again.rejected, again.changed, again.unchanged) == (1, 1, 0, 1)
    assert everything(warehouse) == before
    assert warehouse.state().build == build
    assert rows(warehouse, "SELECT count(*) FROM raw.records") == [(1,)]
    assert rows(warehouse, "SELECT count(*) FROM meta.quarantine") == [(1,)]


def test_the_last_row_of_a_key_wins_and_keys_are_counted_once(warehouse: Warehouse) -> None:
    report = load(warehouse, "audiences", "audience_id,audience_name\n1,first\n2,other\n1,last\n")
    assert (report.accepted, report.rejected) == (2, 0)
    assert raw(warehouse, "audiences")["1"]["audience_name"] == "last"


def test_absent_columns_keep_what_is_stored_and_empty_cells_clear_it(warehouse: Warehouse) -> None:
    load(warehouse, "audiences", "audience_id,audience_name,kind\n1,Lapsed,segment\n2,New,segment\n")
    load(warehouse, "audiences", "audience_id,kind\n1,lookalike\n2,\n")
    warehouse.build()
    assert rows(warehouse, "SELECT * EXCLUDE (connection_id, connection_source) FROM audiences ORDER BY 1") == [
        ("1", "Lapsed", "lookalike"),
        ("2", "New", None),
    ]


def test_a_json_row_changes_only_what_it_carries(warehouse: Warehouse) -> None:
    lines = '{"audience_id": "1", "audience_name": "A", "kind": "x"}\n{"audience_id": 2, "kind": null}\nnot json\n[1]\n'
    report = load(warehouse, "audiences", lines, JSONL)
    assert (report.accepted, report.rejected) == (2, 2)
    assert report.errors[0] == RowError(3, "", "The line is not a JSON object.")
    load(warehouse, "audiences", '{"audience_id": "1", "kind": "y"}\n{"audience_id": "2", "audience_name": "B"}', JSONL)
    assert raw(warehouse, "audiences") == {
        "1": {"audience_id": "1", "audience_name": "A", "kind": "y"},
        "2": {"audience_id": "2", "audience_name": "B", "kind": None},
    }


def test_csv_jsonl_and_parquet_say_the_same(warehouse: Warehouse, tmp_path: Path) -> None:
    values = {
        "campaign_id": "c,1",
        "campaign_name": 'The "big" one\nover two lines',
        "start_date": "2026-10-01",
        "budget_amount": "1234.50",
        "creative_asset_ids": ["a", "b"],
        "conversion_goals": {"purchase": 1},
        "attribution_window_days": 7,
    }
    cells = [v if isinstance(v, str) else json.dumps(v) for v in values.values()]
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    load(warehouse, "campaigns", ",".join(values) + "\r\n" + quoted + "\r\n")
    one = raw(warehouse, "campaigns")
    assert load(warehouse, "campaigns", json.dumps(values), JSONL).changed == 0
    table = pa.table(
        {
            **{k: [v] for k, v in values.items() if k != "conversion_goals"},
            "start_date": pa.array([date(2026, 10, 1)]),
            "budget_amount": pa.array([Decimal("1234.5")], pa.decimal128(10, 2)),
            "conversion_goals": ['{"purchase": 1}'],
        }
    )
    pq.write_table(table, tmp_path / "campaigns.parquet")
    assert warehouse.import_rows("campaigns", tmp_path / "campaigns.parquet").changed == 0
    assert warehouse.import_rows("campaigns", table).changed == 0
    assert load(warehouse, "campaigns", json.dumps([values]), "application/json; charset=utf-8").changed == 0
    assert one["c,1"]["creative_asset_ids"] == ["a", "b"]
    warehouse.build()
    columns = "campaign_name, start_date, budget_amount, creative_asset_ids, attribution_window_days"
    assert rows(warehouse, f"SELECT {columns}, conversion_goals->>'purchase' FROM campaigns") == [
        (values["campaign_name"], date(2026, 10, 1), Decimal("1234.5"), ["a", "b"], 7, "1")
    ]


@pytest.mark.parametrize(
    ("body", "name", "remark"),
    [
        ("audience_id,audience_name\n1,Café\n".encode("utf-8-sig"), "Café", None),
        ("audience_id,audience_name\n1,Café\n".encode("cp1252"), "Café", "Windows-1252"),
        ("audience_id,audience_name\n0,Süd\n1,".encode() + "Café €\n".encode("cp1252"), "Café €", "Windows-1252"),
        ("audience_id,audience_name\n1,Café\n".encode("utf-16"), "Café", "UTF-16"),
        ("Audience ID;audience_name \n1;Café\n".encode(), "Café", None),
        ("audience_id\taudience_name\r\n1\t Café \r\n".encode(), "Café", None),
        ('"audience_id","audience_name"\n"1","Café"'.encode(), "Café", None),
    ],
)
def test_encodings_and_delimiters_are_recognized(shared: Warehouse, body: bytes, name: str, remark: str | None) -> None:
    report = load(shared, "audiences", body)
    assert raw(shared, "audiences")["1"]["audience_name"] == name
    assert report.warnings == () if remark is None else remark in report.warnings[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.56", "1234.56"),
        ("+7", "7"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,5", "12.5"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("1,234", "can be read as 1234 or as 1.234"),
        ("$12", "is not a number"),
        ("12.000.00", "is not a number"),
        ("NaN", "is not a number"),
        ("1e30", "is too large"),
        ("9999999999999", "is too large"),
    ],
)
def test_a_number_is_read_in_its_only_meaning_or_refused(shared: Warehouse, text: str, value: str) -> None:
    report = load(shared, "products", f'product_id,unit_cost\n1,"{text}"\n')
    if " " in value:
        assert value in report.errors[0].message
        assert text in report.errors[0].message
    else:
        assert Decimal(raw(shared, "products")["1"]["unit_cost"]) == Decimal(value)
        assert bool(report.warnings) == ("," in text or text.count(".") > 1)


@pytest.mark.parametrize(
    ("amounts", "refused"),
    [
        (("950", "1.234", "12.500"), ["1.234", "12.500"]),  # whole euros with dots of thousands: nobody knows
        (("12,50", "1.234"), ["1.234"]),
        (("1.234.567", "1.234"), ["1.234"]),
        (("12.50", "1.234"), []),  # a dot that parts cents
        (("0.123", "1.234"), []),
        (("950", "1.234,00"), []),
    ],
)
def test_a_dot_that_may_part_thousands_is_asked_about(
    shared: Warehouse, amounts: tuple[str, ...], refused: list[str]
) -> None:
    lines = "".join(f"d{n};2026-10-05;{amount}\n" for n, amount in enumerate(amounts))
    report = load(shared, "transactions", f"transaction_id;occurred_at;amount\n{lines}")
    assert [error.message for error in report.errors] == [
        f"'{text}' can be read as {text.replace('.', '')} or as {text}0; write one of them." for text in refused
    ]


def test_names_of_any_length_and_character_are_kept(warehouse: Warehouse) -> None:
    names = ["a\0b", "☕" * 70_000, "'; DROP TABLE x; --", "{{zone}} :zone $1 ?"]
    given = [{"campaign_id": f"k{n}", "campaign_name": name, "platform": name} for n, name in enumerate(names)]
    put(warehouse, campaigns=given, ad_performance=[
        {"report_date": "2026-10-05", "platform": "m", "campaign_id": f"k{n}", "campaign_name": name, "spend": "1"}
        for n, name in enumerate(names)
    ])  # fmt: skip
    assert [row[0] for row in rows(warehouse, "SELECT campaign_name FROM campaigns ORDER BY campaign_id")] == names


def test_where_commas_part_cells_a_dot_parts_cents(shared: Warehouse) -> None:
    report = load(shared, "transactions", "transaction_id,occurred_at,amount\nd,2026-10-05,1.234\n")
    assert not report.errors
    assert Decimal(raw(shared, "transactions")["d"]["amount"]) == Decimal("1.234")


@pytest.fixture(scope="module")
def chicago(lasting: Callable[..., Warehouse]) -> Warehouse:
    return lasting(time_zone="America/Chicago")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-10-05T14:30:00+02:00", "2026-10-05T12:30:00"),
        ("2026-10-05 14:30:00Z", "2026-10-05T14:30:00"),
        ("2026-10-05T14:30:00.25-0500", "2026-10-05T19:30:00.25"),
        ("2026-10-05T14:30", "2026-10-05T19:30:00"),  # in the organization's zone
        ("2026-10-05", "2026-10-05T05:00:00"),
        ("5 Oct 2026", None),
        ("2026-13-01T00:00:00Z", None),
        ("1759672200", None),
    ],
)
def test_times_carry_an_offset_or_are_the_organizations(chicago: Warehouse, text: str, at: str | None) -> None:
    report = load(chicago, "tickets", f"ticket_id,opened_at\n1,{text}\n")
    if at is None:
        assert "is not a time; write it as" in report.errors[0].message
    else:
        stored = datetime.fromisoformat(raw(chicago, "tickets")["1"]["opened_at"])
        assert stored == datetime.fromisoformat(at).replace(tzinfo=UTC)


SALE = {"transaction_id": "1", "occurred_at": "2026-10-01", "amount": "1"}
NO_KEY = "The key is missing."


@pytest.mark.parametrize(
    ("dataset", "row", "column", "reason"),
    [
        ("transactions", {**SALE, "kind": "gift"}, "kind", "'gift' is not one of order, payment, invoice, deal."),
        (
            "transactions",
            {**SALE, "currency": "XXX"},
            "currency",
            "'XXX' is not an ISO 4217 currency code such as USD.",
        ),
        ("transactions", {**SALE, "is_test": "maybe"}, "is_test", "'maybe' is not true or false."),
        (
            "transactions",
            {**SALE, "occurred_at": "0001-01-01T00:00:00Z"},
            "occurred_at",
            "'0001-01-01T00:00:00Z' lies before 1900; leave it empty where it is not known.",
        ),
        (
            "campaigns",
            {"campaign_id": "1", "start_date": "1899-12-30"},
            "start_date",
            "'1899-12-30' lies before 1900; leave it empty where it is not known.",
        ),
        ("transactions", {"transaction_id": "1", "amount": "1"}, "occurred_at", "A new row needs this column."),
        ("transactions", {**SALE, "amount": ""}, "amount", "A value is needed here."),
        ("transactions", {**SALE, "transaction_id": ""}, "transaction_id", NO_KEY),
        ("assets", {"asset_id": "1", "tags": "red"}, "tags", '\'red\' is not a JSON list such as ["a", "b"].'),
        ("targets", {"target_id": "1", "filters": "{"}, "filters", "'{' is not JSON."),
        ("fx_rates", {"rate_date": "2026-10-01", "base_currency": "EUR", "rate": "1.1"}, "quote_currency", NO_KEY),
        ("campaign_locations", {"share": "0.5"}, "campaign_id, location_id", NO_KEY),
    ],
)
def test_a_row_that_breaks_its_contract_is_refused_with_the_reason(
    shared: Warehouse, dataset: str, row: dict[str, str], column: str, reason: str
) -> None:
    report = shared.upsert_rows(dataset, [row], build=False)
    assert report.errors == (RowError(1, column, reason),)
    assert (report.accepted, report.rejected) == (0, 1)


def test_values_are_written_as_the_contract_writes_them(shared: Warehouse) -> None:
    load(
        shared,
        "transactions",
        "transaction_id,occurred_at,amount,kind,currency,is_test\n1,2026-10-01,1,ORDER,usd,TRUE\n",
    )
    stored = raw(shared, "transactions")["1"]
    assert (stored["kind"], stored["currency"], stored["is_test"]) == ("order", "USD", True)


def test_a_known_row_does_not_need_its_required_columns_again(warehouse: Warehouse) -> None:
    put(warehouse, transactions=[{"transaction_id": "1", "occurred_at": "2026-10-01T00:00:00Z", "amount": "5"}])
    put(warehouse, transactions=[{"transaction_id": "1", "coupon_code": "FALL"}])
    assert rows(warehouse, "SELECT sale_id, amount, coupon_code FROM sales") == [("1", Decimal(5), "FALL")]


def test_an_unknown_column_is_left_out_with_the_nearest_name(shared: Warehouse) -> None:
    report = load(shared, "audiences", "audience_id,audiense_name,shoe_size\n1,x,44\n")
    assert report.accepted == 1
    assert report.warnings == (
        "'audiense_name' is not a column of audiences and was left out. Did you mean 'audience_name'?",
        "'shoe_size' is not a column of audiences and was left out.",
    )


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        (b"", CSV, "is empty"),
        (b"audience_id\n", CSV, "no rows"),
        (b"", JSONL, "no rows"),
        (b"a,b\n1,2\n", CSV, "None of the columns is one of audiences"),
        (b"\x89P\x02NG,\x1a\n1,2\n", CSV, "no table of text"),
        (b"audience_id,audience_id\n1,2\n", CSV, "stands twice"),
        (b"\x1f\x8b\x08\x00,\n1,2\n", CSV, "compressed with gzip"),
        (b"\x00\x01", PARQUET, "cannot be read as parquet"),
        (b"{", "application/json", "not JSON"),
        (b"x", "application/pdf", "'application/pdf' is not CSV, JSONL or Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    shared: Warehouse, body: bytes, content_type: str, sentence: str
) -> None:
    with pytest.raises(BadQuery, match=sentence):
        load(shared, "audiences", body, content_type)


def test_an_unknown_dataset_is_refused(shared: Warehouse) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'customers'"):
        load(shared, "customer", "customer_id\n1\n")


def test_a_thousand_errors_are_listed_and_all_are_counted(shared: Warehouse) -> None:
    text = "product_id,unit_cost\n" + "".join(f"{n},{'x' if n % 2 else '1'}\n" for n in range(5000))
    report = load(shared, "products", text)
    assert (report.accepted, report.rejected, report.error_count, len(report.errors)) == (2500, 2500, 2500, 1000)
    assert [error.row for error in report.errors[:3]] == [2, 4, 6]


def test_row_numbers_stay_right_across_chunks_and_broken_rows(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roastery.warehouse.csv_rows.BLOCK_BYTES", 2_000)
    lines = [f"{n},{'1' if n % 100 else 'bad'}" for n in range(1, 1001)]
    lines[149], lines[699] = "150", "700,1,1"
    report = load(warehouse, "products", "product_id,unit_cost\n" + "\n".join(lines))
    assert [error.row for error in report.errors] == [100, 150, *range(200, 1001, 100)]
    assert report.accepted == 1000 - 11


@pytest.mark.parametrize(
    "rest", ['a2,"Ana\na3,Bob\na4,Cy\n', '"a2,Ana\na3,Bob\na4,Cy', 'a2,Ana\na3,Bob\na4,Cy\na5,"Di\n']
)
def test_a_quotation_mark_that_nobody_closes_costs_its_own_row_only(warehouse: Warehouse, rest: str) -> None:
    report = load(warehouse, "audiences", "audience_id,audience_name\na1,x\n" + rest)
    lines = rest.splitlines()
    at = next(n for n, line in enumerate(lines, 2) if '"' in line)
    assert [(error.row, "never closed" in error.message) for error in report.errors] == [(at, True)]
    assert (report.accepted, report.rejected) == (len(lines), 1)
    assert raw(warehouse, "audiences")["a4"]["audience_name"] == "Cy"


def test_lines_that_an_open_quotation_mark_took_in_are_told(shared: Warehouse) -> None:
    report = load(shared, "audiences", 'audience_id,audience_name\nb1,"Ana\nb2,"x, y"\nb3,z\n')
    assert [(error.row, "took in the next line" in error.message) for error in report.errors] == [(1, True)]
    assert report.accepted == 1


def test_an_open_quotation_mark_before_more_than_a_block_is_a_sentence(
    shared: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roastery.warehouse.csv_rows.BLOCK_BYTES", 2_000)
    lines = [f"c{n},name" for n in range(1000)]
    lines[500] = 'c500,"name'
    with pytest.raises(BadQuery, match=r"quotation mark that is opened after row .* is not closed"):
        load(shared, "audiences", "audience_id,audience_name\n" + "\n".join(lines))


def test_columns_without_a_name_are_left_out_and_told_where_they_hold_something(shared: Warehouse) -> None:
    assert load(shared, "audiences", "audience_id,audience_name,,\nd1,x,,\n").warnings == ()
    report = load(shared, "audiences", "audience_id,,audience_name,\nd2,note,y,\n")
    assert report.warnings == ("A column without a name in the first line was left out.",)
    assert raw(shared, "audiences")["d2"]["audience_name"] == "y"


def test_a_number_that_is_none_is_no_id(warehouse: Warehouse) -> None:
    body = io.BytesIO()
    frame = pa.table(
        {
            "transaction_id": pa.array([1.0, float("nan")]),
            "occurred_at": ["2026-10-01T00:00:00Z"] * 2,
            "amount": [5.0, 6.0],
            "customer_id": pa.array([float("nan"), 7.0]),
        }
    )
    pq.write_table(frame, body)
    report = load(warehouse, "transactions", body.getvalue(), PARQUET)
    assert [(error.row, error.column, error.message) for error in report.errors] == [
        (2, "transaction_id", "The key is missing.")
    ]
    line = '{"transaction_id": "2", "occurred_at": "2026-10-01T00:00:00Z", "amount": 5, "customer_id": NaN}'
    load(warehouse, "transactions", line, JSONL)
    assert [row["customer_id"] for row in raw(warehouse, "transactions").values()] == [None, None]


def test_deleted_rows_are_gone_and_come_back_as_new(warehouse: Warehouse) -> None:
    put(warehouse, audiences=[{"audience_id": "1", "audience_name": "A", "kind": "x"}, {"audience_id": "2"}])
    report = warehouse.delete_rows("audiences", [{"audience_id": "1"}, {"audience_id": "7"}])
    assert report.changed == 1
    assert rows(warehouse, "SELECT audience_id FROM audiences") == [("2",)]
    assert warehouse.delete_rows("audiences", [{"audience_id": "1"}]).changed == 0
    put(warehouse, audiences=[{"audience_id": "1", "kind": "y"}])
    assert rows(warehouse, "SELECT audience_name, kind FROM audiences WHERE audience_id = '1'") == [(None, "y")]


def test_the_same_customer_again_is_unchanged_though_sealed(warehouse: Warehouse) -> None:
    text = "customer_id,email,phone\n1,ana@example.com,415 555 2671\n2,,\n"
    assert load(warehouse, "customers", text).changed == 2
    assert load(warehouse, "customers", text).changed == 0
    assert load(warehouse, "customers", text.replace("ana@", "ana.diaz@")).changed == 1


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=12)


def test_ids_that_were_numbers_on_their_way_are_whole_or_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    """A column of ids with gaps is one of floats to pandas; a spreadsheet shows the long ids of Meta as 1.2021E+17."""
    load(warehouse, "customers", "customer_id\n7\n007\n")
    sales = {
        "transaction_id": ["a", "b"], "customer_id": pa.array([7, None], pa.float64()), "amount": ["10", "20"],
        "occurred_at": ["2026-10-05T12:00:00Z"] * 2,
    }  # fmt: skip
    pq.write_table(pa.table(sales), tmp_path / "sales.parquet")
    report = warehouse.import_rows("transactions", tmp_path / "sales.parquet")
    assert report.warnings == ("Ids that were kept as numbers were read as whole ones, such as '7.0' as 7.",)
    line = {"transaction_id": "c", "customer_id": 7.0, "amount": 5, "occurred_at": "2026-10-05T12:00:00Z"}
    assert load(warehouse, "transactions", json.dumps(line), JSONL).accepted == 1
    warehouse.build()
    assert rows(warehouse, "SELECT transaction_id, customer_id FROM transactions ORDER BY 1") == [
        ("a", "7"), ("b", None), ("c", "7"),
    ]  # fmt: skip
    head = "report_date,platform,account_id,campaign_id,spend\n"
    ads = "".join(
        f"2026-10-0{n},meta_ads,1,{id_},5\n"
        for n, id_ in enumerate(("1.2021E+17", "1E+17", "120210000000000000.0", "1.2021e17"), 1)
    )
    report = load(warehouse, "ad_performance", f"{head}{ads}2026-10-05,meta_ads,1,120210000000000017,5\n")
    assert (report.accepted, report.rejected) == (1, 4)
    assert {(error.column, error.message.split("' ")[1]) for error in report.errors} == {
        ("campaign_id", "is an id that was kept as a number and has lost digits; export it as text.")
    }
    assert list(raw(warehouse, "ad_performance")) == ['["2026-10-05","meta_ads","1","120210000000000017","",""]']


@pytest.mark.parametrize("text", ["1,2021E+17", "1.2021E+17", "9e+15"])
def test_ids_that_a_spreadsheet_shortened_are_refused(shared: Warehouse, text: str) -> None:
    report = load(shared, "audiences", f'audience_id;audience_name\n"{text}";x\n')
    assert (report.accepted, [error.column for error in report.errors]) == (0, ["audience_id"])


@pytest.mark.parametrize("text", ["007", "1e5", "12e7", "1.2.3", "3.14", "v1.0", "5E3", "1_000", "ümlaut☕"])
def test_other_ids_stay_as_they_are_given(shared: Warehouse, text: str) -> None:
    load(shared, "audiences", f"audience_id,audience_name\n{text},x\n")
    assert text in raw(shared, "audiences")


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_any_text_comes_through_csv_and_json_unchanged(shared: Warehouse, cells: list[tuple[str, str]]) -> None:
    import csv

    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["audience_id", "audience_name", "kind"])
    writer.writerows([(f"k{n}", *pair) for n, pair in enumerate(cells)])
    load(shared, "audiences", out.getvalue())
    for n, pair in enumerate(cells):
        stored = raw(shared, "audiences")[f"k{n}"]
        assert [stored["audience_name"] or "", stored["kind"] or ""] == list(pair)
    lines = "\n".join(
        json.dumps({"audience_id": f"k{n}", "audience_name": a, "kind": b}) for n, (a, b) in enumerate(cells)
    )
    assert load(shared, "audiences", lines, JSONL).changed == 0


def test_a_file_larger_than_the_memory_allowed_is_taken(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "products.csv"
    with path.open("w") as file:
        file.write("product_id,product_name\n")
        for block in range(10):
            file.writelines(f"p{block * 10_000 + n},{n:0200}\n" for n in range(10_000))
    warehouses = Warehouses(home, SECRET, (), CLOCK, memory_limit="60MB")
    report = warehouses.open(ACME).import_rows("products", path, build=False)
    warehouses.close()
    assert report.accepted == 100_000


def test_a_foreign_header_is_named_as_the_likely_key_in_every_rejection(warehouse: Warehouse) -> None:
    report = load(warehouse, "ad_performance", "Date,platform,campaign_id,Ad,spend\n2026-10-01,meta_ads,c1,a1,1.50\n")
    assert (report.accepted, report.rejected) == (0, 1)
    said = "The key is missing. 'date' is likely it: name that column report_date."
    assert report.errors == (RowError(1, "report_date", said),)
    assert "'date' is not a column of ad_performance and was left out. Did you mean 'report_date'?" in report.warnings
    assert "'ad' is not a column of ad_performance and was left out. Did you mean 'ad_id'?" in report.warnings
    assert rows(warehouse, "SELECT message FROM meta.quarantine") == [(said,)]


def test_a_file_of_foreign_headers_only_is_refused_with_the_likely_ones(warehouse: Warehouse) -> None:
    with pytest.raises(BadQuery, match="'tag' is likely report_date; 'kampagne' is likely campaign_id") as refused:
        load(warehouse, "ad_performance", "Tag,Kampagne,Kosten\n01.10.2026,Sommer,5\n")
    assert "None of the columns" in refused.value.message


def test_a_header_that_only_sounds_alike_is_not_named(warehouse: Warehouse) -> None:
    report = load(warehouse, "ad_performance", "platform,campaign_id,start date of campaign\nmeta_ads,c1,2026-10-01\n")
    assert report.errors == (RowError(1, "report_date", NO_KEY),)
