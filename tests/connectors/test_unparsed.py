"""Records that are left as text come out as those that were made into objects, whatever is in them."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.connectors.base import Connection, Cursor, Page, Partition, Record, Resource
from roastery.connectors.batches import MISSHAPEN, batch_of
from roastery.connectors.egress import Egress
from roastery.connectors.errors import UnknownShape
from roastery.connectors.http import Politeness
from roastery.connectors.json_stream import streamed
from roastery.connectors.merging import merged
from roastery.connectors.parsing import parsed
from roastery.connectors.registry import SOURCES, open_source
from roastery.connectors.unparsed import UnparsedRecords, beside, parsed_around
from roastery.evals.twins.server import Twins
from roastery.warehouse.raw import RawBatch
from roastery.warehouse.written_records import WrittenRecords
from tests.connectors.company import connect
from tests.examples import examples

CONNECTION = Connection("c", "o", "p", {})
DAYS = (date(2026, 1, 1), date(2026, 1, 2))
REPORT = Resource(
    "report",
    key=lambda r: f"ad:{r['ad']['id']}" if "ad" in r else f"total:{r['campaign']}",
    partition=lambda r: (r["account"], date.fromisoformat(r["day"])),
    expects=("campaign", "figures.spend"),
    looks_at=("campaign", "ad.id", "account", "day"),
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
GOOD = st.fixed_dictionaries(
    {
        "campaign": TEXT,
        "figures": st.fixed_dictionaries({"spend": ANY}, optional={"more": ANY}),
        "account": st.sampled_from(["1", "1", "2"]),
        "day": st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
    },
    optional={"ad": st.fixed_dictionaries({"id": TEXT}), "new in 2027": ANY},
)
SPOILT = st.builds(
    lambda record, name, value: {**record, name: value},
    GOOD,
    st.sampled_from(["campaign", "figures", "account", "day", "ad", "_connection"]),
    ANY,
)
LACKING = st.builds(
    lambda record, name: {k: v for k, v in record.items() if k != name},
    GOOD,
    st.sampled_from(["campaign", "figures", "account", "day"]),
)
RECORDS = st.lists(st.one_of(*[GOOD] * 8, SPOILT, LACKING) | ANY, max_size=5) | st.lists(GOOD, max_size=5)
ALPHABET = b'{}[]",:0123456789.-+eEtrufalsn\\/ \n\t\x00\x1f\x7f\xc3\xa9u'
KNOWN = {"currency": "USD", "zone": 'a "quoted" ü'}


def unparsed(records: Sequence[Any], indent: int | None = None) -> UnparsedRecords:
    found = parsed_around(json.dumps({"data": records}, indent=indent).encode(), ("data",))["data"]
    assert isinstance(found, UnparsedRecords)
    return found


def outcome(make: Callable[[], Any]) -> Any:
    """What comes of something, or the kind of error that does."""
    try:
        return make()
    except (*MISSHAPEN, UnknownShape, RecursionError) as error:
        return type(error), str(error) if isinstance(error, UnknownShape) else ""


def batch(records: Sequence[Record]) -> RawBatch:
    page = Page(
        records, Cursor({"at": 1}), Partition("1", DAYS), "read", unread_at=("1", DAYS[1]), asked=Partition("1", DAYS)
    )
    return batch_of(page, REPORT, CONNECTION, "p", "Acme")


def landed(records: Sequence[Record]) -> Any:
    found = batch(records)
    return list(found.records), found.completed, found.unasked


@settings(max_examples=examples(300))
@given(RECORDS, st.sampled_from([None, 1]))
def test_they_land_as_objects_do(records: list[Any], indent: int | None) -> None:
    as_text = outcome(lambda: landed(beside(unparsed(records, indent), KNOWN)))
    as_objects = outcome(lambda: landed(beside(json.loads(json.dumps(records)), KNOWN)))
    assert as_text == as_objects


@settings(max_examples=examples(200))
@given(st.lists(GOOD, min_size=1, max_size=5))
def test_good_ones_land_without_being_made_and_bad_ones_are_made(records: list[Any]) -> None:
    whole = unparsed(records)
    made: list[int] = []

    class Watched(UnparsedRecords):
        def __iter__(self) -> Iterator[Record]:
            made.append(1)
            return super().__iter__()

    whole.__class__ = Watched
    assert isinstance(batch(beside(whole, KNOWN)).records, WrittenRecords)
    assert not made


def test_one_that_cannot_be_read_lands_by_itself_and_leaves_the_others_as_they_are() -> None:
    good = {"campaign": "7", "figures": {"spend": "1.50"}, "account": "1", "day": "2026-01-01"}
    rows, _, _ = landed(beside(unparsed([good, {**good, "day": "soon"}]), KNOWN))
    assert [row.key.partition(":")[0] for row in rows] == ["total", "unread"]
    assert [row.payload["day"] for row in rows] == ["2026-01-01", "soon"]


def test_a_figure_keeps_every_digit_that_its_provider_wrote() -> None:
    text = b'{"data": [{"campaign": "7", "figures": {"spend": 12345678901234567890123.10}, "account": "1", '
    text += b'"day": "2026-01-01"}]}'
    found = batch(parsed_around(text, ("data",))["data"]).records
    assert isinstance(found, WrittenRecords)
    assert '"spend": 12345678901234567890123.10' in found.table["payload"][0].as_py()


@settings(max_examples=examples(300))
@given(ANY, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=2), st.booleans())
def test_a_broken_answer_is_refused_or_read_as_ever(rest: Any, broken: list[tuple[int, int]], whole: bool) -> None:
    answer = {"data": {"list": [{"a": rest, "ü": "é\u20ac"}, {"b": 1.5e3}], "page": rest}, "code": 0}
    content = bytearray(json.dumps(answer if whole else {"data": rest}, ensure_ascii=False).encode(errors="replace"))
    for place, byte in broken:
        content[place % len(content)] = byte
    around = outcome(lambda: repr(parsed_around(bytes(content), ("data", "list"))))
    assert around == outcome(lambda: repr(parsed(bytes(content))))


@pytest.mark.parametrize(
    "content",
    [
        b'{"data": [{"a": "\xff"}]}',
        b'{"data": [{"a": NaN}]}',
        b'{"data": [{"a": 1e999}]}',
        b'{"data": [{"a": "\\ud83d"}]}',
        b'\xef\xbb\xbf{"data": [{"a": 1}]}',
        '{"data": [{"a": "ü"}]}'.encode("utf-16"),
        b'{"data": null}',
        b'{"error": {"code": 17}}',
        b"[1]",
        b"",
        b'{"data": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_unusual_is_read_as_ever(content: bytes) -> None:
    found = outcome(lambda: repr(parsed_around(content, ("data",))))
    assert found == outcome(lambda: repr(parsed(content)))


def test_what_stays_text_is_json_for_the_database_too() -> None:
    """Landing looks at none of it again, so that what one parser lets through and the other not would stop a build."""
    rng = random.Random(11)
    good = (
        b'[{"a": -1.5e+10, "b": [true, false, null]}]',
        rb'[{"\u00e9\\": "\ud83d\ude00\/"}, {"c": {"d": [[], {}, ""]}}]',
    )
    texts = []
    for _ in range(8000):
        broken = bytearray(rng.choice(good))
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(broken))
            broken[place : place + rng.randrange(2)] = rng.choice([b"", bytes([rng.choice(ALPHABET)])])
        whole = outcome(lambda content=bytes(broken): parsed_around(b'{"data": %b}' % content, ("data",)))
        if isinstance(whole, dict) and isinstance(whole["data"], UnparsedRecords) and whole["data"].narrowed([("a",)]):
            texts += [text.decode() for text in whole["data"].beside(KNOWN).texts()]
    assert len(texts) > 500
    with duckdb.connect() as database:
        wrong = database.execute("SELECT t FROM (SELECT unnest(?::VARCHAR[]) AS t) WHERE NOT json_valid(t)", [texts])
        assert wrong.fetchall() == []


@pytest.mark.parametrize("at_once", [0, 60, 10_000])
def test_a_streamed_answer_holds_the_same_records_long_or_short(at_once: int) -> None:
    answer = [{"results": [{"a": "ü"}, {"a": 2}], "id": "x"}, {"id": "y"}, {"error": {"code": 500}}]
    text = json.dumps(answer, ensure_ascii=False).encode()
    found = list(streamed(iter([text[:30], text[30:]]), at_once, ("results",)))
    assert repr(found) == repr(answer)
    assert isinstance(found[0]["results"], UnparsedRecords) is (at_once == 10_000)


PARTS = st.lists(
    st.lists(
        st.fixed_dictionaries({"day": st.integers(1, 2), "of": st.sampled_from("ab")}, optional={"n": ANY}), max_size=4
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=examples(300))
@given(PARTS, st.booleans())
def test_parts_of_records_are_put_together_the_same(parts: list[list[dict[str, Any]]], apart: bool) -> None:
    if apart:
        parts = [[{("n", "m", "o")[n] if k == "n" else k: v for k, v in row.items()} for row in part]
                 for n, part in enumerate(parts)]  # fmt: skip

    def whose(row: Record) -> tuple[int, str]:
        return row["day"], row["of"]

    expected: dict[tuple[int, str], dict[str, Any]] = {}
    for row in (row for part in parts for row in part):
        expected.setdefault(whose(row), {}).update(row)
    found, places = merged([unparsed(part) for part in parts], whose, [("day",), ("of",)])
    assert list(found) == json.loads(json.dumps(list(expected.values())))
    assert places == list(expected)


class Traced(Mapping[str, Any]):
    """A record that notes which of its places are looked at."""

    def __init__(self, record: Mapping[str, Any], seen: set[str], path: str = "") -> None:
        self._record, self._seen, self._path = record, seen, path

    def __getitem__(self, name: str) -> Any:
        self._seen.add(self._path + name)
        value = self._record[name]
        return Traced(value, self._seen, f"{self._path}{name}.") if isinstance(value, Mapping) else value

    def __contains__(self, name: object) -> bool:
        self._seen.add(f"{self._path}{name}")
        return name in self._record

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all names of a record are looked at")

    def __len__(self) -> int:
        return len(self._record)


LOOKING = [(name, r) for name, source in SOURCES.items() for r in source.resources if r.looks_at]


@pytest.mark.parametrize(("provider", "resource"), LOOKING, ids=[f"{name}-{r.name}" for name, r in LOOKING])
def test_key_and_day_of_a_source_look_at_what_it_says_and_no_further(
    twins: Twins, politeness: Politeness, provider: Any, resource: Resource
) -> None:
    made, secrets = connect(twins, provider)
    clock = twins.world.clock
    source = open_source(made, secrets, clock, politeness=politeness, egress=Egress.parse("loopback"))
    assert resource.partition is not None
    seen: set[str] = set()
    kinds: set[str] = set()
    try:
        for page in source.pages(resource, Cursor(), clock.now()):
            assert isinstance(page.records, UnparsedRecords) or not page.records
            for record in page.records[:50]:
                kinds.add(resource.key(Traced(record, seen)).partition(":")[0])
                resource.partition(Traced(record, seen))
            if len(kinds) > 1 or (kinds and page.replaces):
                break
    finally:
        source.http.close()
    assert seen
    beyond = {p for p in seen if not any(p == of or of.startswith(f"{p}.") or p.startswith(f"{of}.")
                                         for of in (*resource.looks_at, "_connection"))}  # fmt: skip
    assert not beyond
