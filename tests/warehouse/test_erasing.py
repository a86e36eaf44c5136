# ruff: noqa: E501 (rows and queries on one line each)
"""One person forgotten: found everywhere before, nowhere after, and every number stays (law 15)."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.erasing import older_hashes
from roastery.warehouse.person import HANDLES, Person, boxes_of, find
from roastery.warehouse.person_data import everything
from roastery.warehouse.person_scan import scan
from roastery.warehouse.raw import RawBatch, RawRecord
from roastery.warehouse.tombstones import Tombstone
from tests import processes
from tests.warehouse.conftest import ACME, CLOCK, SECRET, put, rows

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
FILLS = (
    Fill(
        "customers",
        "shop",
        "people",
        "SELECT 'shop:' || (payload->>'id') AS customer_id, payload->>'email' AS email, payload->>'first' AS first_name, "
        "payload->>'last' AS last_name, payload->>'since' AS first_seen_at, payload->>'land' AS country FROM {records}",
    ),
    Fill(
        "transactions",
        "shop",
        "orders",
        "SELECT 'shop:' || (payload->>'id') AS transaction_id, 'shop:' || (payload->>'$.buyer.id') AS customer_id, "
        "payload->>'at' AS occurred_at, payload->>'total' AS amount, 'USD' AS currency FROM {records}",
    ),
)
PEOPLE_PATHS = {"email": "email", "first": "name", "last": "name"}
SHOP_PEOPLE = [
    {"id": 4711001, "email": "Ana.Diaz@gmail.com", "first": "Ana", "last": "Diaz", "since": "2026-01-02", "land": "US"},
    {"id": 4711002, "email": "bo@example.com", "first": "Bo", "last": "Berg", "since": "2026-01-03", "land": "DE"},
]
SHOP_ORDERS = [
    {"id": 9001, "buyer": {"id": 4711001}, "at": "2026-09-01T10:00:00Z", "total": "40.00", "ship_to": "Ana Diaz"},
    {"id": 9002, "buyer": {"id": 4711002}, "at": "2026-09-02T10:00:00Z", "total": "50.00"},
    {"id": 9003, "buyer": {"id": 4711001}, "at": "2026-10-01T10:00:00Z", "total": "60.00"},
]
IDS = ("shop:4711001", "till-7788", "dev-ana-1", "ses-ana-1", "gclid:ana1")
WORDS = ("ana.diaz@gmail.com", "anadiaz@gmail.com", "old.ana@example.com")


def sync(warehouse: Warehouse, people: list[dict[str, Any]] | None = None) -> None:
    for resource, records, paths in (
        ("people", people or SHOP_PEOPLE, PEOPLE_PATHS),
        ("orders", SHOP_ORDERS, {"ship_to": "name"}),
    ):
        raw = [RawRecord(str(r["id"]), r) for r in records]
        warehouse.land(RawBatch("con", "shop", resource, raw, read_id="r", personal=paths))


def imported() -> dict[str, list[dict[str, Any]]]:
    return {
        "customers": [
            {"customer_id": "till-7788", "email": "anadiaz@gmail.com", "phone": "415 555 2671", "country": "US"},
            {"customer_id": "till-7789", "email": "cy@example.com", "phone": "415 555 0000", "first_name": "Ana"},
        ],
        "transactions": [
            {"transaction_id": "t1", "customer_id": "till-7788", "occurred_at": "2026-10-05T10:00:00Z", "amount": "7.50"},
            {"transaction_id": "t2", "customer_id": "till-7789", "occurred_at": "2026-10-06T10:00:00Z", "amount": "8.50"},
        ],
        "web_events": [
            {"event_id": "e1", "anonymous_id": "dev-ana-1", "session_id": "ses-ana-1", "kind": "page_view",
             "occurred_at": "2026-08-30T10:00:00Z", "click_id": "gclid:ana1", "page": "/home?mail=ana.diaz%40gmail.com",
             "utm_source": "google", "utm_medium": "cpc"},
            {"event_id": "e2", "anonymous_id": "dev-ana-1", "session_id": "ses-ana-1", "kind": "form_submission",
             "occurred_at": "2026-08-30T10:05:00Z", "email": "ana.diaz@gmail.com"},
            {"event_id": "e3", "anonymous_id": "dev-cy", "kind": "page_view", "occurred_at": "2026-08-31T10:05:00Z"},
        ],
        "tickets": [{"ticket_id": "k1", "customer_id": "till-7788", "opened_at": "2026-10-06T10:00:00Z"}],
        "leads": [{"lead_id": "l1", "customer_id": "till-7788", "created_at": "2026-08-30T11:00:00Z"}],
    }  # fmt: skip


def filled(warehouse: Warehouse) -> None:
    sync(warehouse, [{**SHOP_PEOPLE[0], "email": "old.ana@example.com"}, SHOP_PEOPLE[1]])
    sync(warehouse)
    bad = [{"customer_id": "till-7788", "ticket_id": "k9", "opened_at": "never, says ana.diaz@gmail.com"}]
    warehouse.upsert_rows("tickets", bad)
    put(warehouse, **imported())


def person_in(warehouse: Warehouse, handle: Any, value: str) -> list[Person]:
    with warehouse.reading() as cursor:
        return list(find(cursor, warehouse.sealer, handle, value))


def forget(warehouse: Warehouse, person: Person) -> None:
    with warehouse.reading() as cursor:
        hashes = person.hashes(warehouse.sealer, boxes_of(cursor, person))
        older = older_hashes(cursor, warehouse.sealer, person, hashes)
    warehouse.bury(Tombstone("era_1", AT, (*hashes, *older)))
    warehouse.forget()


def found(warehouse: Warehouse) -> dict[str, int]:
    hashes = [warehouse.sealer.hash("email", word) for word in WORDS] + [warehouse.sealer.hash("phone", "4155552671")]
    with warehouse.reading() as cursor:
        return scan(cursor, hashes, IDS, (*WORDS, "4155552671"))


def figures(warehouse: Warehouse) -> dict[str, Any]:
    """What stays: money, counts and structure of every table, with ids left out."""
    return {
        "sales": rows(warehouse, "SELECT sale_date, net_amount, is_first_sale, customer_type, country, cohort_month "
                      "FROM sales ORDER BY ALL"),
        "people": rows(warehouse, "SELECT count(*), count(DISTINCT person_id) FROM work.people"),
        "sizes": rows(warehouse, "SELECT customer_id IS NULL, count(*) FROM sales GROUP BY ALL ORDER BY ALL"),
        "value": rows(warehouse, "SELECT lifetime_value, orders, acquisition_channel FROM customer_lifecycle ORDER BY ALL"),
        "credit": rows(warehouse, "SELECT model, channel, sum(credited_net), sum(order_weight) FROM attribution_credits "
                       "GROUP BY ALL ORDER BY ALL"),
        "sessions": rows(warehouse, "SELECT count(*), count(DISTINCT visitor), count(customer_id) FROM sessions"),
        "identities": rows(warehouse, "SELECT identity_kind, linked_by, count(*) FROM identities GROUP BY ALL ORDER BY ALL"),
        "tickets": rows(warehouse, "SELECT count(*), count(customer_id) FROM tickets"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Path:
    """A home in which Ana is known everywhere, to be copied."""
    home = tmp_path_factory.mktemp("filled") / "home"
    shutil.copytree(empty_home, home)
    warehouses = Warehouses(home, SECRET, FILLS, CLOCK)
    filled(warehouses.open(ACME))
    warehouses.close()
    return home


@pytest.fixture
def home(tmp_path: Path, filled_home: Path) -> Path:
    shutil.copytree(filled_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def known(open_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return open_warehouse(*FILLS)


def test_one_person_is_found_whole_by_any_one_thing(known: Warehouse) -> None:
    handles = {
        "email": "ana.diaz+shop@GMAIL.com",
        "phone": "+1 (415) 555-2671",
        "customer_id": "till-7788",
        "anonymous_id": "dev-ana-1",
    }
    assert tuple(handles) == HANDLES
    for handle, value in handles.items():
        (person,) = person_in(known, handle, value)
        assert person.records == ("shop:4711001", "till-7788")
        assert person.devices == ("dev-ana-1",)
        assert {*person.ids} == {"ses-ana-1", "gclid:ana1"}


def test_an_export_holds_their_rows_in_clear_and_nobody_elses(known: Warehouse) -> None:
    (person,) = person_in(known, "customer_id", "till-7788")
    with known.reading() as cursor:
        data = everything(cursor, known.sealer, person)
    assert {row["email"] for row in data["customers"]} == {"Ana.Diaz@gmail.com", "anadiaz@gmail.com"}
    assert [row["amount"] for row in data["transactions"]] == ["40.000000", "60.000000", "7.500000"]
    assert {row["event_id"] for row in data["web_events"]} == {"e1", "e2"}
    assert [row["lead_id"] for row in data["leads"]] == ["l1"]
    received = [row["record"] for row in data["as_received"]]
    assert {r["email"] for r in received if r.get("first")} == {"Ana.Diaz@gmail.com", "old.ana@example.com"}
    for other in ("bo@example.com", "cy@example.com", "till-7789", "4711002", "dev-cy"):
        assert other not in str(data)


def test_a_forgotten_person_is_found_nowhere_and_every_figure_stays(known: Warehouse, home: Path) -> None:
    before, places = figures(known), found(known)
    assert {"raw.records", "curated.customers", "curated.identities", "curated.conversion_paths", "meta.addresses",
            "meta.quarantine", "work.evidence", "curated.sessions"} <= places.keys()  # fmt: skip
    forget(known, person_in(known, "email", "ana.diaz@gmail.com")[0])
    assert found(known) == {}
    assert figures(known) == before
    assert person_in(known, "email", "ana.diaz@gmail.com") == []
    sealed = rows(known, "SELECT email, first_name FROM customers WHERE customer_id = 'till-7789'")[0]
    assert [known.sealer.open(value) for value in sealed] == ["cy@example.com", "Ana"], "another Ana keeps her name"
    assert known.compact()
    assert not known.compact(), "once is enough"
    assert figures(known) == before, "the file that was written anew says the same"
    known._owner.close()
    content = b"".join(path.read_bytes() for path in (home / "warehouse").iterdir() if path.is_file())
    for plain in (*WORDS, *IDS, "4711001"):
        assert plain.encode() not in content


def test_nothing_brings_them_back(known: Warehouse) -> None:
    before = figures(known)
    forget(known, person_in(known, "email", "ana.diaz@gmail.com")[0])
    sync(known)
    put(known, **imported())
    assert found(known) == {}
    assert figures(known) == before
    landed = rows(known, "SELECT count(*) FROM raw.records")
    sync(known)
    assert rows(known, "SELECT count(*) FROM raw.records") == landed, "what lands again is known to stand there"
    put(known, customers=[{"customer_id": "new-1", "email": "a.n.a.diaz@gmail.com", "first_name": "Ana"}])
    assert rows(known, "SELECT count(*) FROM customers WHERE customer_id = 'new-1'") == [(1,)]
    assert found(known) == {}, "nor does another spelling of their mailbox"


def test_a_restored_file_forgets_again_before_anybody_reads_it(
    open_warehouse: Callable[..., Warehouse], home: Path, filled_home: Path
) -> None:
    warehouse = open_warehouse(*FILLS)
    before = figures(warehouse)
    forget(warehouse, person_in(warehouse, "phone", "4155552671")[0])
    warehouse._owner.close()
    shutil.copy(filled_home / "warehouse" / "acme.duckdb", home / "warehouse" / "acme.duckdb")
    restored = open_warehouse(*FILLS)
    assert found(restored) == {}
    assert figures(restored) == before


@pytest.mark.prove
def test_an_erasure_killed_at_any_step_is_whole_or_not_begun(
    open_warehouse: Callable[..., Warehouse], home: Path, filled_home: Path
) -> None:
    """kill -9 before, within and after each step, in a process of its own."""
    first = open_warehouse(*FILLS)
    before = figures(first)
    first._owner.close()
    for step in ("candidates", "_redact_addresses", "building.rebuild", "commit"):
        shutil.rmtree(home)
        shutil.copytree(filled_home, home)
        assert processes.run("-c", KILLED, str(home), step).returncode == -9
        again = open_warehouse(*FILLS)
        assert found(again) == {}, step
        assert figures(again) == before, step
        again._owner.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from roastery.warehouse import erasing, instance
from roastery.warehouse.engine import Warehouses
from tests.warehouse.conftest import ACME, CLOCK, SECRET
from tests.warehouse.test_erasing import FILLS, forget, person_in

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

warehouse = Warehouses(Path(sys.argv[1]), SECRET, FILLS, CLOCK).open(ACME)
person = person_in(warehouse, "customer_id", "till-7788")[0]
step = sys.argv[2]
if step == "commit":
    warehouse.compact = die
    forget(warehouse, person)
    die()
owner, _, name = step.rpartition(".")
kept = getattr(getattr(erasing, owner) if owner else erasing, name)
calls = []

def dying(*given, **named):
    calls.append(1)
    return die() if len(calls) > (name == "candidates") else kept(*given, **named)

setattr(getattr(erasing, owner) if owner else erasing, name, dying)
forget(warehouse, person)
"""


def test_an_erasure_that_fails_midway_changes_nothing_until_it_is_finished(
    known: Warehouse, open_warehouse: Callable[..., Warehouse], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("roastery.warehouse.erasing._redact_addresses", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            forget(known, person_in(known, "customer_id", "till-7788")[0])
    assert found(known), "nothing was half done"
    known._owner.close()
    assert found(open_warehouse(*FILLS)) == {}


def test_what_is_others_too_stays_theirs(known: Warehouse) -> None:
    put(known, customers=[{"customer_id": "till-7790", "phone": "4155552671", "first_name": "Dan"},
                          {"customer_id": "till-7788", "first_name": "Ana"}])  # fmt: skip
    (person,) = person_in(known, "customer_id", "till-7788")
    assert "till-7790" not in person.records
    assert known.sealer.hash("phone", "4155552671") in person.shared
    forget(known, person)
    phone = rows(known, "SELECT phone FROM customers WHERE customer_id = 'till-7790'")[0][0]
    assert known.sealer.open(phone) == "4155552671"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Warehouse]:
    warehouses = Warehouses(tmp_path / "other", SECRET, FILLS, CLOCK)
    yield warehouses.open(ACME.with_settings(id="rival"))
    warehouses.close()


def test_tombstones_are_of_one_organization_and_visitors_have_them_too(known: Warehouse, other: Warehouse) -> None:
    (visitor,) = person_in(known, "anonymous_id", "dev-cy")
    forget(known, visitor)
    assert rows(known, "SELECT count(*) FILTER (anonymous_id = 'dev-cy'), count(*) FROM web_events") == [(0, 3)]
    assert other.tombstones == ()
    put(other, **imported())
    assert person_in(other, "email", "anadiaz@gmail.com")
    assert person_in(other, "anonymous_id", "dev-cy")
