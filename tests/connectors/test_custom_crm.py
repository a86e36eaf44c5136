"""A custom CRM in each of its modes: what is declared comes out, what is wrong is said, nothing private is reached."""

import json
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from roastery.connectors.access import Access
from roastery.connectors.egress import Egress
from roastery.connectors.errors import BadConnection
from roastery.connectors.http import Politeness
from roastery.connectors.registry import check_connection, open_source
from roastery.connectors.sources.custom_crm import CustomCrm
from roastery.connectors.sources.custom_crm.database import check_select
from roastery.connectors.sources.custom_crm.mapping import parse
from roastery.connectors.sync import SyncReport, sync_connection
from roastery.evals.twins.custom_crm import BILLS, CLIENTS, FIRST, PAGING, CustomCrmTwin, datasets
from roastery.evals.twins.server import Twins
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import UnknownName
from tests.connectors.company import rows
from tests.connectors.loopback import Landing, Secrets, Waits, connection

POLITE = Politeness(wait=Waits(), jitter=lambda: 1.0)
CLOCK = Clock.from_iso("2026-11-02T15:00:00Z")
LOOPBACK = Egress.parse("loopback")


def sync(
    landing: Landing, settings: dict[str, Any], secrets: Secrets, url: str | None = None, egress: Egress = LOOPBACK
) -> SyncReport:
    made = connection("custom_crm", url, **settings)
    source = open_source(made, secrets, CLOCK, politeness=POLITE, egress=egress)
    return sync_connection(source, made, landing, CLOCK)


def rest(twins: Twins, paging: str = "page", **settings: Any) -> tuple[dict[str, Any], Secrets, str]:
    twin = twins["custom_crm"]
    told = {**twin.settings, "paging": PAGING[paging], "datasets": datasets(paging), **settings}
    return told, Secrets(**twin.secrets), twin.base_url


def bills(landing: Landing) -> list[tuple[Any, ...]]:
    return rows("SELECT transaction_id, customer_id, CAST(amount AS DECIMAL(18,2)), currency, kind, status, "
                "CAST(occurred_at AS TIMESTAMPTZ) FROM t", t=landing.curated(CustomCrm, "transactions"))  # fmt: skip


@pytest.mark.parametrize("paging", PAGING)
def test_every_kind_of_paging_brings_every_record_as_mapped(twins: Twins, paging: str) -> None:
    landing = Landing()
    assert sync(landing, *rest(twins, paging)).outcome == "complete"
    found = bills(landing)
    assert len(found) == 60
    first = ("crm:B0", "crm:0", Decimal("123.45"), "GBP", "invoice", "completed", FIRST)
    assert first in found
    people = rows("SELECT customer_id, email, segment, country, first_seen_at FROM t",
                  t=landing.curated(CustomCrm, "customers"))  # fmt: skip
    # Days are those of London, an hour before in UTC.
    assert people[0][:4] == ("crm:0", "client0@mail.example", "Enterprise", "GB")
    assert str(people[0][4]).startswith("2024-07-31 23:00:00")


def test_only_what_a_column_takes_is_stored_and_personal_columns_are_sealed(twins: Twins) -> None:
    landing = Landing()
    sync(landing, *rest(twins))
    personal = next(batch.personal for batch in landing.batches if batch.resource == "customers")
    assert personal["row.email"] == "email"
    assert "left alone" not in str([batch.records for batch in landing.batches])


def test_the_next_sync_asks_for_changes_and_drops_what_was_removed(twins: Twins) -> None:
    landing, twin = Landing(), twins.of["custom_crm"]
    assert isinstance(twin, CustomCrmTwin)
    told = rest(twins)
    sync(landing, *told)
    row = twin.shelf.get("bills", "B3")
    assert row is not None
    late = datetime(2026, 11, 1, tzinfo=UTC).isoformat()
    twin.shelf.put("bills", [{**row, "removed": True, "changed": late}], "ref")
    twins.control.asked.clear()
    sync(landing, *told)
    assert "crm:B3" not in {name for name, *_ in bills(landing)}
    assert all(asked.parameters.get("changed_since") for asked in twins.control.asked)
    assert twins.control.count("custom_crm") == 2


def test_a_changed_mapping_reads_everything_again(twins: Twins) -> None:
    landing, told = Landing(), rest(twins)
    sync(landing, *told)
    other = json.loads(json.dumps(told[0]))
    other["datasets"]["transactions"]["map"]["amount"]["divide_by"] = 1
    sync(landing, other, *told[1:])
    assert ("crm:B0", Decimal("12345.00")) in {(name, amount) for name, _, amount, *_ in bills(landing)}


def test_values_that_cannot_be_mapped_are_told_and_left_empty(twins: Twins) -> None:
    landing, told = Landing(), rest(twins)
    other = json.loads(json.dumps(told[0]))
    other["datasets"]["transactions"]["map"]["amount"] = "consultant"
    report = sync(landing, other, *told[1:])
    assert any("60 values of transactions could not be mapped, such as amount: 'Wei Zhang' is not a number" in notice
               for notice in report.notices)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["datasets"].update(custmers=s["datasets"].pop("customers")), "Did you mean 'customers'"),
        (lambda s: s["datasets"]["customers"]["map"].update(emial="x"), "Did you mean 'email'"),
        (lambda s: s["datasets"]["customers"]["map"].update(email={"devide_by": 2}), "Did you mean 'divide_by'"),
        (lambda s: s["datasets"]["customers"]["map"].pop("customer_id"), "no customer_id, which is its key"),
        (lambda s: s["datasets"]["customers"].update(pth="x"), "Did you mean 'path'"),
        (lambda s: s["paging"].update(kind="pages"), "Did you mean 'page'"),
        (lambda s: s.update(mode="rset"), "Did you mean 'rest'"),
        (lambda s: s.update(auth="baerer"), "Did you mean 'bearer'"),
    ],
)
def test_mistakes_are_named_with_the_nearest_name_before_anything_is_asked(
    twins: Twins, change: Any, said: str
) -> None:
    settings, secrets, url = rest(twins)
    broken = json.loads(json.dumps(settings))
    change(broken)
    with pytest.raises((BadConnection, UnknownName), match=said):
        check_connection(connection("custom_crm", url, **broken), secrets)


def test_a_preview_shows_the_first_rows_and_what_nobody_takes(twins: Twins) -> None:
    settings, secrets, url = rest(twins)
    made = connection("custom_crm", url, **settings)
    source = CustomCrm(Access(made, secrets, CLOCK, politeness=POLITE, egress=LOOPBACK))
    shown = source.preview(rows=2)
    source.http.close()
    assert [(one.dataset, len(one.rows)) for one in shown] == [("customers", 2), ("transactions", 2)]
    assert shown[1].rows[0]["amount"] == "123.45"
    assert shown[1].unmapped == ["changed", "consultant", "removed"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_folder_of_files_is_read_and_read_again_where_it_changed(tmp_path: Path, kind: str) -> None:
    records = [{"ref": f"B{n}", "client": str(n), "paid": "1722499200", "net_pence": f"1 234,{n}0", "state": "PAID",
                "code": "EUR"} for n in range(3)]  # fmt: skip
    write(tmp_path / f"bills-1.{kind}", records)
    mapping = {**BILLS, "currency": "code", "amount": {"from": "net_pence", "decimal_comma": True}}
    settings = {"mode": "folder", "folder": str(tmp_path),
                "datasets": {"transactions": {"file": f"bills-*.{kind}", "map": mapping}}}  # fmt: skip
    allowed, landing = Egress.parse("", [tmp_path]), Landing()
    assert sync(landing, settings, Secrets(), egress=allowed).landed == 3
    assert [row[2] for row in bills(landing)] == [Decimal("1234.00"), Decimal("1234.10"), Decimal("1234.20")]
    assert sync(landing, settings, Secrets(), egress=allowed).landed == 0
    write(tmp_path / f"bills-2.{kind}", [{**records[0], "ref": "B9"}])
    assert sync(landing, settings, Secrets(), egress=allowed).landed == 1


def write(path: Path, records: list[dict[str, str]]) -> None:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pa.Table.from_pylist(records), path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(record) for record in records))
    else:
        lines = [",".join(records[0])] + [",".join(f'"{value}"' for value in record.values()) for record in records]
        path.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")


def test_a_folder_that_is_not_allowed_is_not_read(tmp_path: Path) -> None:
    settings = {"mode": "folder", "folder": str(tmp_path / ".." / tmp_path.name),
                "datasets": {"transactions": {"file": "*.csv", "map": BILLS}}}  # fmt: skip
    report = sync(Landing(), settings, Secrets(), egress=Egress())
    assert report.outcome == "failed"
    assert "ROASTERY_ALLOWED_FOLDERS" in report.message


def test_a_database_is_read_only_by_one_select_and_goes_on_from_its_cursor(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE bills (ref TEXT, client TEXT, paid INTEGER, net_pence INTEGER, state TEXT, c TEXT)"
        )
        database.executemany("INSERT INTO bills VALUES (?, 'a', ?, 999, 'PAID', 'GBP')",
                             [(f"B{n}", 1722499200 + n) for n in range(5)])  # fmt: skip
    query = "SELECT * FROM bills WHERE paid >= :cursor ORDER BY paid"
    settings = {"mode": "sql", "datasets": {"transactions": {
        "query": query, "cursor": {"field": "paid", "first": 0}, "map": {**BILLS, "currency": "c"}}}}  # fmt: skip
    landing, secrets = Landing(), Secrets(database_url=f"sqlite:///{path}")
    allowed = Egress.parse("", [tmp_path])
    assert sync(landing, settings, secrets, egress=allowed).landed == 5
    assert landing.cursors["con_1", "transactions"]["newest"] == 1722499204
    assert sync(landing, settings, secrets, egress=allowed).landed == 1
    report = sync(Landing(), settings, Secrets(database_url="postgresql://u:p@127.0.0.1:1/x"), egress=Egress())
    assert "private network" in report.message


@pytest.mark.parametrize(
    "query",
    ["DELETE FROM a", "SELECT 1; DROP TABLE a", "WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x",
     "SELECT * INTO b FROM a", "PRAGMA query_only = OFF", "SELECT * FROM a FOR UPDATE", "not sql at all ("],
)  # fmt: skip
def test_anything_but_one_select_is_refused(query: str) -> None:
    with pytest.raises(BadConnection):
        check_select("customers", query)


def test_pushed_events_are_mapped_like_everything_else() -> None:
    settings = {"mode": "webhook", "datasets": {"customers": {"type": "client", "map": CLIENTS}}}
    made = connection("custom_crm", **settings)
    source = CustomCrm(Access(made, Secrets(), CLOCK))
    body = {"type": "client.upserted", "data": {"no": 7, "contact": {"mail": "a@b.example"}, "size": "M"}}
    [(resource, page)] = source.pushed(json.dumps(body).encode())
    assert resource.name == "customers"
    assert page.records[0]["row"] == {"customer_id": "crm:7", "email": "a@b.example", "country": "GB",
                                      "segment": "Mid-market"}  # fmt: skip
    [(_, gone)] = source.pushed(json.dumps({**body, "type": "client.deleted"}).encode())
    assert gone.deleted == ["crm:7"]
    with pytest.raises(UnknownName, match="Did you mean 'client'"):
        source.pushed(b'{"type": "clint.upserted", "data": {}}')


@pytest.mark.parametrize(
    ("spec", "value", "expected"),
    [
        ({"from": "v", "divide_by": 100}, 1999, "19.99"),
        ({"from": "v", "decimal_comma": True}, "1.234,50", "1234.50"),
        ("v", "1,234.50", "1234.50"),
        ("v", "1'234.50", "1234.50"),
        ("v", "", None),
        ({"from": "v", "default": "0"}, None, "0"),
    ],
)
def test_numbers_are_read_exactly(spec: Any, value: Any, expected: str | None) -> None:
    mapping = parse("transactions", {"transaction_id": "id", "amount": spec})
    row, faults = mapping.row({"id": "1", "v": value})
    assert row.get("amount") == expected
    assert faults == []
