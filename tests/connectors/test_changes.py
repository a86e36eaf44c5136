"""Records by change: history newest first, then what changed, whatever breaks off."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.connectors.base import Cursor, Record
from roastery.connectors.changes import Ask, changed_records
from tests.examples import examples

START = datetime(2026, 1, 1, tzinfo=UTC)


class Store:
    """Records of a provider, by key with the minute of their last change; pages of three."""

    def __init__(self, records: Mapping[str, int]) -> None:
        self.records = dict(records)
        self.asks: list[Ask] = []

    def fetch(self, ask: Ask) -> Iterator[list[Record]]:
        self.asks.append(ask)
        found = [{"key": key, "at": START + timedelta(minutes=at)} for key, at in self.records.items()]
        found = [
            r for r in found if (not ask.since or r["at"] >= ask.since) and (not ask.up_to or r["at"] <= ask.up_to)
        ]
        found.sort(key=lambda r: (r["at"], r["key"]), reverse=ask.newest_first)
        for start in range(0, max(len(found), 1), 3):
            yield found[start : start + 3]


def sync(store: Store, cursor: Cursor, landed: dict[str, Any], pages: int | None = None) -> Cursor:
    found = changed_records(cursor, store.fetch, lambda record: record["at"])
    for records, reading in islice(found, pages):
        landed.update({record["key"]: record["at"] for record in records})
        cursor = Cursor(reading.state())
    return cursor


def test_the_first_sync_reads_all_newest_first() -> None:
    store, landed = Store({"a": 1, "b": 2, "c": 3, "d": 4}), dict[str, Any]()
    sync(store, Cursor(), landed)
    assert list(landed) == ["d", "c", "b", "a"]


def test_the_next_sync_asks_only_for_what_changed() -> None:
    store, landed = Store({"a": 1, "b": 100}), dict[str, Any]()
    cursor = sync(store, Cursor(), landed)
    store.records |= {"a": 200, "c": 201}
    landed.clear()
    sync(store, cursor, landed)
    assert list(landed) == ["b", "a", "c"]
    assert store.asks[-1] == Ask(since=START + timedelta(minutes=90))
    assert len(store.asks) == 2


def test_an_account_without_records_is_asked_again_as_new() -> None:
    store, landed = Store({}), dict[str, Any]()
    cursor = sync(store, Cursor(), landed)
    store.records["a"] = 5
    sync(store, cursor, landed)
    assert list(landed) == ["a"]


@settings(max_examples=examples(200), deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 50), max_size=10),
    st.lists(
        st.tuples(st.integers(0, 6), st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(1, 40), max_size=4)),
        max_size=6,
    ),
)
def test_whatever_breaks_off_and_changes_meanwhile_the_last_versions_are_there(
    records: dict[str, int], rounds: list[tuple[int, dict[str, int]]]
) -> None:
    """rounds: pages after which a sync is killed, and what changes then, each later than everything before."""
    store, landed, cursor, now = Store(records), dict[str, Any](), Cursor(), 50
    for pages, changes in rounds:
        cursor = sync(store, cursor, landed, pages)
        store.records |= {key: now + after for key, after in changes.items()}
        now += 40
    sync(store, cursor, landed)
    assert landed == {key: START + timedelta(minutes=at) for key, at in store.records.items()}
