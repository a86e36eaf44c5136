"""Which records are one person: by what they share, never by a desk or a placeholder, and taken back at will."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse.engine import Warehouse
from tests.examples import examples
from tests.warehouse.conftest import put, rows

DAY = "2026-10-05T09:00:00Z"


def record(id_: str, email: str | None = None, phone: str | None = None, name: str | None = None, **more: Any) -> dict:
    first, _, last = (name or "").partition(" ")
    return {"customer_id": id_, "email": email, "phone": phone, "first_name": first, "last_name": last, **more}


def event(id_: str, visitor: str, **more: Any) -> dict[str, Any]:
    return {"event_id": id_, "occurred_at": DAY, "anonymous_id": visitor, "kind": "page_view", **more}


def persons(warehouse: Warehouse) -> dict[str, str]:
    return dict(rows(warehouse, "SELECT identity, customer_id FROM identities WHERE identity_kind = 'customer'"))


def groups(warehouse: Warehouse) -> set[frozenset[str]]:
    """The sets of two and more records that are one person."""
    found: dict[str, set[str]] = {}
    for identity, person in persons(warehouse).items():
        found.setdefault(person, set()).add(identity)
    return {frozenset(members) for members in found.values() if len(members) > 1}


CUSTOMERS = [
    # e-mail in another spelling, phone with and without its calling code, a chain through both
    record("shop", "Ana@Example.com", first_seen_at="2025-01-01T00:00:00Z"),
    record("crm", "ana@example.com", "+45 12 34 56 78"),
    record("pos", None, "12345678"),
    # one Gmail mailbox
    record("g1", "bo.li+shop@gmail.com"),
    record("g2", "boli@googlemail.com"),
    # a desk's address: only who has the same full name
    record("desk1", "info@acme.example", None, "Cy Dahl"),
    record("desk2", "Info@acme.example", None, "Eve Frank"),
    record("desk3", "info@acme.example", None, "Cy Dahl"),
    # one phone, two people of one household
    record("house1", "gus@example.com", "2125550100", "Gus Hall"),
    record("house2", "ida@example.com", "2125550100", "Ida Hall"),
    record("house3", None, "(212) 555-0100", "Ida Hall"),
    # another system's id
    record("own-1", "jo@one.example"),
    record("other-1", "jo@two.example", external_customer_id="own-1"),
    record("x1", external_customer_id="X"),
    record("x2", external_customer_id="X"),
    # a placeholder
    *(record(f"none{n}", phone="000 000 0000") for n in range(3)),
    # seen by their orders, devices and forms
    record("order1"),
    record("order2"),
    record("member"),
    record("kim", "kim@example.com", None, "Kim Lee"),
    record("kim-old", "kim@old.example", None, "Kim Lee"),
    record("lou", "lou@example.com", None, "Lou Lee"),
    record("bare"),
    record("twice"),
    record("formed", "mo@example.com"),
    record("by-phone", None, "3105550177"),
    record("typed"),
    record("typed-mail", "nia@example.com"),
    record("clicked"),
    record("clicker", "oz@example.com"),
]
SALES = [
    {"transaction_id": "s1", "customer_id": "order1", "external_order_id": "7", "occurred_at": DAY, "amount": "5"},
    {"transaction_id": "s2", "customer_id": "order2", "external_order_id": "7", "occurred_at": DAY, "amount": "5"},
    # a walk-in record shares orders with many people
    *(
        {
            "transaction_id": f"w{side}{n}",
            "customer_id": "walk-in" if side else f"walker{n}",
            "external_order_id": f"w{n}",
            "occurred_at": DAY,
            "amount": "5",
        }
        for n in range(25)
        for side in (0, 1)
    ),
]
EVENTS = [
    event("d1", "shared", customer_id="kim"),
    event("d2", "shared", customer_id="lou"),
    event("d3", "own", customer_id="kim"),
    event("d4", "own", customer_id="bare"),
    event("d5", "phone-a", customer_id="twice"),
    event("d6", "phone-a", customer_id="lou"),
    event("d7", "phone-b", customer_id="twice"),
    event("d8", "phone-b", customer_id="formed"),
    event("d9", "desk", customer_id="kim-old"),
    event("d10", "desk", customer_id="kim"),
    event("f1", "somewhere", kind="form_submission", email="mo@example.com", phone="310-555-0177"),
    event("f2", "elsewhere", kind="form_submission", email="nia@example.com", customer_id="typed"),
    event("c1", "click-a", customer_id="clicked", click_id="gclid:1"),
    event("c2", "click-b", customer_id="clicker", click_id="gclid:1"),
]


@pytest.fixture(scope="module")
def company(shared: Warehouse) -> Warehouse:
    put(shared, customers=CUSTOMERS, transactions=SALES, web_events=EVENTS)
    return shared


@pytest.mark.parametrize(
    "members",
    [
        {"shop", "crm", "pos"},
        {"g1", "g2"},
        {"desk1", "desk3"},
        {"house2", "house3"},
        {"own-1", "other-1"},
        {"x1", "x2"},
        {"order1", "order2"},
        {"kim", "kim-old", "bare"},
        {"formed", "by-phone"},
        {"typed", "typed-mail"},
        {"clicked", "clicker"},
    ],
    ids=lambda members: "-".join(sorted(members)),
)
def test_records_that_share_evidence_are_one_person(company: Warehouse, members: set[str]) -> None:
    assert frozenset(members) in groups(company)


def test_desks_devices_households_and_placeholders_join_nobody_else(company: Warehouse) -> None:
    assert len(groups(company)) == 11, groups(company)


def test_a_person_is_named_after_the_record_that_was_seen_first(company: Warehouse) -> None:
    assert persons(company)["pos"] == "shop"


def test_gmail_spellings_can_stay_apart(open_warehouse: Callable[..., Warehouse]) -> None:
    apart = open_warehouse(gmail_is_one_mailbox=False)
    put(apart, customers=CUSTOMERS[3:5])
    assert groups(apart) == set()
    apart._owner.close()
    together = open_warehouse(gmail_is_one_mailbox=True)
    together.build()
    assert groups(together) == {frozenset({"g1", "g2"})}


def test_a_typed_address_finds_its_person_by_each_spelling(warehouse: Warehouse) -> None:
    put(
        warehouse,
        customers=CUSTOMERS[3:5],
        web_events=[
            event("e", "v", kind="form_submission", email="bo.li@gmail.com"),
            event("f", "w", kind="form_submission", email="boli@gmail.com"),
        ],
    )
    assert rows(warehouse, "SELECT DISTINCT customer_id FROM touches") == [("g1",)]


def test_a_component_too_large_falls_back_to_what_is_surest(warehouse: Warehouse) -> None:
    """A chain of 70 records by phones is nobody; the two of one e-mail inside it still are."""
    chain = [record(f"r{n:02}", None, None) for n in range(70)]
    links = [
        {"transaction_id": f"t{n}-{m}", "customer_id": f"r{m:02}", "external_order_id": f"o{n}", "occurred_at": DAY,
         "amount": "1"}
        for n in range(69)
        for m in (n, n + 1)
    ]  # fmt: skip
    chain[10]["email"] = chain[50]["email"] = "pat@example.com"
    put(warehouse, customers=chain, transactions=links)
    assert groups(warehouse) == {frozenset({"r10", "r50"})}


UNLINK = {"customer_id": "crm", "other_customer_id": "shop", "reason": "two Anas"}


def test_a_link_is_taken_back_for_good_and_can_be_given_again(warehouse: Warehouse) -> None:
    put(
        warehouse,
        customers=CUSTOMERS[:3],
        transactions=[
            {"transaction_id": c, "customer_id": c, "occurred_at": DAY, "amount": "5"} for c in ("shop", "pos")
        ],
    )
    assert groups(warehouse) == {frozenset({"shop", "crm", "pos"})}
    assert rows(warehouse, "SELECT count(*) FROM sales WHERE is_first_sale") == [(1,)]
    warehouse.upsert_rows("identity_unlinks", [UNLINK])
    assert groups(warehouse) == {frozenset({"crm", "pos"})}
    assert rows(warehouse, "SELECT count(*) FROM sales WHERE is_first_sale") == [(2,)], "the merge is undone everywhere"
    warehouse.build(full=True)
    assert groups(warehouse) == {frozenset({"crm", "pos"})}, "a rebuild keeps it"
    warehouse.delete_rows("identity_unlinks", [UNLINK])
    assert groups(warehouse) == {frozenset({"shop", "crm", "pos"})}


EMAILS = st.sampled_from([None, "a@x.io", "b@x.io", "c@x.io", "info@x.io"])
PHONES = st.sampled_from([None, "2125550101", "+1 212 555 0101", "2125550102"])
PEOPLE = st.lists(st.tuples(EMAILS, PHONES), min_size=2, max_size=9)


def components(people: Sequence[tuple[str | None, str | None]]) -> set[frozenset[str]]:
    """The same by union of sets, one record after the other."""
    found: list[tuple[set[str], set[str]]] = []
    for number, (email, phone) in enumerate(people):
        tokens = {
            t
            for t in (email if email != "info@x.io" else None, phone and phone.replace("+1 ", "").replace(" ", ""))
            if t
        }
        members = {f"r{number}"}
        for group in [g for g in found if g[1] & tokens]:
            members |= group[0]
            tokens |= group[1]
            found.remove(group)
        found.append((members, tokens))
    return {frozenset(members) for members, _ in found if len(members) > 1}


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=PEOPLE)
def test_components_are_those_of_the_graph(warehouse: Warehouse, people: list[tuple[str | None, str | None]]) -> None:
    known = [record(f"r{n}", *people[n] if n < len(people) else (None, None)) for n in range(9)]
    put(warehouse, customers=known)
    assert groups(warehouse) == components(people)
