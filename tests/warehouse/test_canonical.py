"""Payloads as stored: equal content is equal text, and no digit is lost."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.connectors.parsing import parsed
from roastery.warehouse.privacy import Sealer, hash_of
from roastery.warehouse.sealing import RecordSealer
from roastery.warehouse.writing import canonical


def values(bits: int) -> st.SearchStrategy[Any]:
    """JSON values whose whole numbers have at most so many bits."""
    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**bits), 2**bits)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )


@given(values(80))
def test_what_is_stored_reads_back_as_it_was(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(), st.integers(0, 9)))
def test_the_order_of_names_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.340"), '"12.340"'),
        (datetime(2026, 1, 2, tzinfo=UTC), '"2026-01-02 00:00:00+00:00"'),
        ("half of \ud83d", '"half of ?"'),
        (2**80, str(2**80)),
    ],
)
def test_what_json_does_not_know_becomes_text_or_stays_whole(value: Any, text: str) -> None:
    assert canonical({"a": value}).decode() == f'{{"a":{text}}}'


@given(values(63))
def test_a_page_parses_as_the_standard_library_reads_it(value: Any) -> None:
    body = json.dumps(value).encode()
    assert parsed(body) == json.loads(body)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_are_read_too(encoding: str) -> None:
    assert parsed('{"a": "ü"}'.encode(encoding)) == {"a": "ü"}


def test_sealing_leaves_the_record_and_the_rest_of_it_alone() -> None:
    sealer = Sealer(b"a key of these tests, 32 bytes..", "acme")
    record = {
        "id": 1,
        "who": {"email": "a@x.example", "age": 3},
        "phones": [{"no": 5551234567}, {"no": None}],
        "x": [1],
    }
    seal = RecordSealer(sealer, {"who.email": "email", "phones[].no": "phone"}, set())
    sealed = seal.seal(record)
    assert record["who"] == {"email": "a@x.example", "age": 3}
    assert hash_of(sealed["who"]["email"]) == sealer.hash("email", "a@x.example")
    assert [hash_of(phone["no"]) for phone in sealed["phones"]] == [sealer.hash("phone", "5551234567"), ""]
    assert (sealed["id"], sealed["who"]["age"], sealed["x"]) == (1, 3, [1])


def test_a_value_below_a_sealed_one_is_sealed_with_it() -> None:
    sealer = Sealer(b"a key of these tests, 32 bytes..", "acme")
    sealed = RecordSealer(sealer, {"who": "other", "who.email": "email"}, set()).seal({"who": {"email": "a@x.example"}})
    assert isinstance(sealed["who"], str)
    assert "a@x" not in sealed["who"]
