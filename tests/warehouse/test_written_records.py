"""Records written when they were read land as if they had come as objects."""

import random
from datetime import date

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.warehouse.compaction import rewrite
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.raw import CompletedRead, RawBatch, RawRecord
from roastery.warehouse.writing import canonical, written
from roastery.warehouse.written_records import WrittenRecords
from tests.warehouse.conftest import rows

DAY = date(2026, 10, 5)
NEXT = date(2026, 10, 6)

PAYLOADS = st.lists(
    st.dictionaries(
        st.text(st.characters(codec="utf-8")), st.text() | st.integers(-(2**70), 2**70) | st.none(), max_size=4
    )
)


@given(PAYLOADS)
def test_many_are_written_together_as_each_alone(payloads: list[dict[str, object]]) -> None:
    assert written(payloads, in_order=True) == [canonical(payload) for payload in payloads]


def test_more_than_are_written_at_once_keep_their_order() -> None:
    assert written(({"n": n} for n in range(2_500)), in_order=False) == [b'{"n":%d}' % n for n in range(2_500)]


def test_columns_read_back_as_the_records_they_were_made_of() -> None:
    first = WrittenRecords.of(["ä", "b"], [("1", DAY), ("1", NEXT)], [{"z": 1, "a": "ü"}, {}], "read")
    second = WrittenRecords.of(["c"], [("2", DAY)], [{"n": None}], "other")
    assert list(WrittenRecords.joined([first, second])) == [
        RawRecord("ä", {"z": 1, "a": "ü"}, "1", DAY, False, "read"),
        RawRecord("b", {}, "1", NEXT, False, "read"),
        RawRecord("c", {"n": None}, "2", DAY, False, "other"),
    ]


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("keys", [["a", "b", "a"], ["a", "b", "c"]])
def test_they_land_as_objects_do_the_last_of_a_key_in_its_read(
    warehouse: Warehouse, keys: list[str], forgotten: bool
) -> None:
    if forgotten:
        with warehouse._writing() as instance, instance.transaction() as cursor:
            cursor.execute("INSERT INTO meta.suppressions VALUES ('somebody', TIMESTAMPTZ '2026-01-01')")
    payloads = [{"n": place} for place in range(len(keys))]
    objects = [RawRecord(key, payload, "1", DAY, False, "r") for key, payload in zip(keys, payloads, strict=True)]
    columns = WrittenRecords.of(keys, [("1", DAY)] * len(keys), payloads, "r")
    reports = [
        warehouse.land(RawBatch(name, "ads", "days", records, {"at": 1}, "r", CompletedRead("1", (DAY,))))
        for name, records in (("objects", objects), ("columns", columns))
    ]
    assert [(r.landed, r.unchanged) for r in reports] == [(len(set(keys)), 0)] * 2
    stored = [
        rows(
            warehouse,
            "SELECT seq - min(seq) OVER (), key, partition_scope, partition_day, read_id, deleted, payload::VARCHAR "
            f"FROM raw.records WHERE connection_id = '{name}' ORDER BY seq",
        )
        for name in ("objects", "columns")
    ]
    assert stored[0] == stored[1]
    assert len(stored[0]) == len(set(keys))


def test_payloads_of_every_length_come_back_from_the_file_and_from_one_written_anew(warehouse: Warehouse) -> None:
    """They are compressed by blocks of rows: the shortest, some beyond a block of the file, and every other kind."""
    rng = random.Random(3)
    lengths = [0, 1, 300_000, 600_000, *(int(rng.expovariate(1 / 300)) for _ in range(16_500))]
    texts = [orjson.dumps({"a": rng.randbytes(length // 2).hex(), "ü": place}) for place, length in enumerate(lengths)]
    keys = [str(place) for place in range(len(texts))]
    landed = WrittenRecords.of_texts(keys, [("1", DAY)] * len(texts), texts, "r")
    assert warehouse.land(RawBatch("c", "ads", "days", landed, {}, "r")).landed == len(texts)
    expected = {key: text.decode() for key, text in zip(keys, texts, strict=True)}
    stored = "SELECT key, payload::VARCHAR FROM raw.records"
    some = rng.sample(keys, 50)
    for _ in range(2):
        assert dict(rows(warehouse, stored)) == expected
        assert dict(rows(warehouse, f"{stored} WHERE key IN {tuple(some)}")) == {key: expected[key] for key in some}
        with warehouse._owner.pool.closed(warehouse.organization.id, 30) as path:
            rewrite(path)
