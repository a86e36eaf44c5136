"""Personal values are sealed from the first write on, match by keyed hash, and open only to their organization."""

from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.privacy import Sealer, hash_of
from roastery.warehouse.raw import RawBatch, RawRecord
from roastery.warehouse.sealing import RecordSealer
from tests.warehouse.conftest import SECRET, put, rows

SEALER = Sealer(SECRET, "acme")


@given(st.text(min_size=1), st.sampled_from(["email", "phone", "name", "other"]))
def test_a_sealed_value_opens_again(value: str, kind: str) -> None:
    sealed = SEALER.seal(kind, value)
    assert SEALER.open(sealed) == value
    assert sealed == SEALER.seal(kind, value)


def test_another_organization_cannot_open_it_nor_match_it() -> None:
    other = Sealer(SECRET, "rival")
    with pytest.raises(InvalidTag):
        other.open(SEALER.seal("email", "ana@example.com"))
    assert other.hash("email", "ana@example.com") != SEALER.hash("email", "ana@example.com")


def test_spellings_of_one_address_share_a_hash_but_not_their_ciphertext() -> None:
    one, two = SEALER.seal("email", "Ana@Example.com "), SEALER.seal("email", "ana@example.com")
    assert hash_of(one) == hash_of(two)
    assert one != two


def test_a_phone_matches_with_and_without_its_country() -> None:
    assert SEALER.hash("phone", "+1 (415) 555-2671") == SEALER.hash("phone", "415 555 2671")
    assert SEALER.hash("phone", "none") == ""


def test_paths_reach_into_objects_and_lists() -> None:
    sealer = RecordSealer(SEALER, {"customer.email": "email", "notes[].phone": "phone", "tags[]": "name"}, frozenset())
    record = {"id": 1, "customer": {"email": "a@b.c"}, "notes": [{"phone": "1234567"}, {}], "tags": ["Ana", None]}
    sealed = sealer.seal(record)
    assert SEALER.open(sealed["customer"]["email"]) == "a@b.c"
    assert SEALER.open(sealed["notes"][0]["phone"]) == "1234567"
    assert SEALER.open(sealed["tags"][0]) == "Ana"
    assert sealed["id"] == 1
    assert record["customer"] == {"email": "a@b.c"}, "the record that was given stays as it was"


def test_no_table_holds_a_name_or_an_address_in_clear(warehouse: Warehouse) -> None:
    """First shown to find a person where one is, so that finding nobody means something."""
    put(warehouse, customers=[{"customer_id": "c1", "email": "ana.diaz@example.com", "first_name": "Anastasia"}])
    payload = {"buyer": {"email": "ana.diaz@example.com"}, "note": "keeps@clear.example"}
    warehouse.land(
        RawBatch("con", "shop", "orders", [RawRecord("1", payload)], personal={"buyer.email": "email"}, read_id="r")
    )
    assert people_in(warehouse, "keeps@clear.example") == ["raw.records"]
    assert people_in(warehouse, "ana.diaz@example.com") == []
    assert people_in(warehouse, "Anastasia") == []
    sealed = rows(warehouse, "SELECT email, first_name FROM customers")[0]
    assert [warehouse.sealer.open(value) for value in sealed] == ["ana.diaz@example.com", "Anastasia"]


def people_in(warehouse: Warehouse, text: str) -> list[str]:
    tables = rows(
        warehouse,
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name <> 'temp' ORDER BY ALL",
    )
    return [
        t
        for (t,) in tables
        if rows(warehouse, f"SELECT 1 FROM {t} t WHERE contains(to_json(t)::VARCHAR, '{text}') LIMIT 1")
    ]


def test_a_forgotten_person_lands_without_personal_values(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse()
    suppress(warehouse, SEALER.hash("email", "ana@example.com"))
    record = RawRecord("1", {"id": "1", "email": "ANA@example.com", "phone": "4155552671", "total": "9.50"})
    report = warehouse.land(RawBatch("con", "shop", "people", [record], personal={"email": "email", "phone": "phone"}))
    assert report.suppressed == 1
    (email, phone, total) = rows(
        warehouse, "SELECT payload->>'email', payload->>'phone', payload->>'total' FROM raw.records"
    )[0]
    assert (warehouse.sealer.open(email), warehouse.sealer.open(phone), total) == ("", "", "9.50")
    assert not {hash_of(email), hash_of(phone)} & {
        SEALER.hash("email", "ana@example.com"),
        SEALER.hash("phone", "4155552671"),
    }
    put(
        warehouse, customers=[{"customer_id": "c1", "email": "ana@example.com", "phone": "4155552671", "country": "US"}]
    )
    assert rows(warehouse, "SELECT customer_id, email, phone, country FROM customers") == [("c1", email, phone, "US")]


def suppress(warehouse: Warehouse, hash_: str) -> None:
    with warehouse._writing() as instance, instance.transaction() as cursor:
        cursor.execute("INSERT INTO meta.suppressions VALUES (?, TIMESTAMPTZ '2026-01-01')", [hash_])
