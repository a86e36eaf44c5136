"""Daily reports: which days are read when, whatever breaks off in between."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.connectors.base import Connection, Cursor, Page, Record, Resource
from roastery.connectors.batches import batch_of
from roastery.connectors.errors import CutOff, SliceTooLarge
from roastery.connectors.reports import Coverage, Read, Scope, Span, daily_pages, months_before, work
from tests.connectors.loopback import Landing
from tests.examples import examples

DAY = timedelta(days=1)
START = date(2026, 1, 1)
REPORT = Resource("report", key=lambda r: r["key"], partition=lambda r: (r["scope"], r["day"]))


def scope(today: date, name: str = "a", reread_days: int = 5, slice_days: int = 3) -> Scope:
    return Scope(name, today, START, reread_days, slice_days)


def rows(scope: Scope, span: Span) -> Iterable[Sequence[Record]]:
    """Two parts a slice, one row a day each."""
    for part in ("x", "y"):
        yield [{"key": part, "scope": scope.id, "day": day} for day in span.days]


def pages(cursor: Cursor, *scopes: Scope, read: Read = rows, stamp: str = "") -> list[Page]:
    return list(daily_pages(scopes, cursor, read, stamp))


def read_days(found: Iterable[Page]) -> list[date]:
    return [day for page in found if page.replaces for day in page.replaces.days]


def land(landing: Landing, found: Iterable[Page]) -> Cursor:
    for page in found:
        landing.land(batch_of(page, REPORT, Connection("c", "o", "p", {}), "p"))
    return Cursor(landing.cursors.get(("c", "report"), {}))


def test_history_is_read_newest_first_and_whole() -> None:
    found = pages(Cursor(), scope(START + 9 * DAY))
    days = read_days(found)
    assert sorted(days) == [START + n * DAY for n in range(10)]
    assert [page.replaces.days[0] for page in found if page.replaces] == [START + n * DAY for n in (7, 4, 1, 0)]
    assert found[-1].progress == 1.0


def test_a_page_says_what_is_complete_with_it() -> None:
    found = [page for page in pages(Cursor(), scope(START + 9 * DAY)) if page.replaces]
    assert [page.complete_through for page in found] == [START + 8 * DAY] * 4
    assert [page.history_since for page in found] == [START + n * DAY for n in (7, 4, 1, 0)]


def test_several_accounts_are_complete_when_all_of_them_are() -> None:
    found = [p for p in pages(Cursor(), scope(START + 2 * DAY), scope(START + 3 * DAY, "b")) if p.replaces]
    assert [(p.complete_through, p.history_since) for p in found] == [
        (None, None),
        (START + DAY, START + DAY),
        (START + DAY, START),
    ]


def test_the_next_sync_reads_the_days_since_and_the_window_that_still_changes() -> None:
    cursor = pages(Cursor(), scope(START + 9 * DAY))[-1].cursor
    found = pages(cursor, scope(START + 12 * DAY))
    assert sorted(read_days(found)) == [START + n * DAY for n in range(5, 13)]
    assert pages(found[-1].cursor, scope(START + 12 * DAY))[-1].cursor == found[-1].cursor


def test_a_second_sync_on_the_same_day_reads_its_window_again() -> None:
    cursor = pages(Cursor(), scope(START + 9 * DAY))[-1].cursor
    assert sorted(read_days(pages(cursor, scope(START + 9 * DAY)))) == [START + n * DAY for n in range(5, 10)]


def test_changed_settings_read_all_history_again() -> None:
    cursor = pages(Cursor(), scope(START + 9 * DAY), stamp="action=a")[-1].cursor
    assert len(read_days(pages(cursor, scope(START + 9 * DAY), stamp="action=b"))) == 10


def test_a_restated_day_replaces_all_its_rows() -> None:
    landing = Landing()
    cursor = land(landing, pages(Cursor(), scope(START + 3 * DAY)))
    first = len(landing.counting("report"))
    land(landing, pages(cursor, scope(START + 3 * DAY), read=lambda s, span: islice(rows(s, span), 1)))
    assert first == 8
    assert len(landing.counting("report")) == 4


def test_an_empty_day_replaces_what_was_there() -> None:
    landing = Landing()
    cursor = land(landing, pages(Cursor(), scope(START + 3 * DAY)))
    land(landing, pages(cursor, scope(START + 3 * DAY), read=lambda s, span: []))
    assert landing.counting("report") == []


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), st.integers(0, 12))), min_size=1, max_size=6),
    st.integers(1, 7),
    st.integers(1, 5),
)
def test_whatever_breaks_off_every_day_counts_once(
    syncs: list[tuple[int, int | None]], reread: int, slice_days: int
) -> None:
    """syncs: (days since the one before, pages after which it is killed); a last one runs through."""
    landing, cursor, today = Landing(), Cursor(), START + 4 * DAY
    for passed, killed_after in [*syncs, (0, None)]:
        today += passed * DAY
        found = daily_pages([scope(today, reread_days=reread, slice_days=slice_days)], cursor, rows)
        cursor = land(landing, islice(found, killed_after))
    expected = sorted(f"{START + n * DAY}:{part}" for n in range((today - START).days + 1) for part in ("x", "y"))
    assert sorted(landing.counting("report")) == expected


@settings(max_examples=examples(150), deadline=None)
@given(st.integers(0, 40), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5), st.integers(1, 9))
def test_every_sync_that_ends_has_read_the_window_since_the_last(
    life: int, syncs: list[tuple[int, int]], slice_days: int
) -> None:
    covered, today = Coverage(), START + life * DAY
    plan = list(work(scope(today, slice_days=slice_days), covered))
    covered = plan[-1][1]
    for passed, _ in syncs:
        newest, today = today, today + passed * DAY
        plan = list(work(scope(today, slice_days=slice_days), covered))
        days = [day for span, _ in plan for day in span.days]
        first = max(START, newest - 4 * DAY)
        assert sorted(days) == [first + n * DAY for n in range((today - first).days + 1)]
        covered = plan[-1][1]
        assert covered == Coverage(newest=today, oldest=START)


class Fussy:
    """A report that refuses slices of more than `most` days, and breaks off the first `cuts` times."""

    def __init__(self, most: int = 99, cuts: int = 0) -> None:
        self.most, self.cuts = most, cuts
        self.asked: list[int] = []

    def __call__(self, scope: Scope, span: Span) -> Iterable[Sequence[Record]]:
        self.asked.append(len(span.days))
        if len(span.days) > self.most:
            raise SliceTooLarge("too much")
        found = list(rows(scope, span))
        yield found[0]
        if self.cuts > 0:
            self.cuts -= 1
            raise CutOff("cut")
        yield found[1]


@pytest.mark.parametrize("report", [Fussy(most=1), Fussy(most=2), Fussy(cuts=1), Fussy(cuts=2), Fussy(most=3, cuts=3)])
def test_a_slice_that_is_too_much_or_cut_is_halved_and_read_again(report: Fussy) -> None:
    landing = Landing()
    land(landing, pages(Cursor(), scope(START + 9 * DAY, slice_days=7), read=report))
    days = [START + n * DAY for n in range(10)]
    assert sorted(landing.counting("report")) == sorted(f"{day}:{part}" for day in days for part in ("x", "y"))


def test_a_single_day_that_always_breaks_off_ends_the_sync_with_what_landed_before() -> None:
    landing = Landing()

    def read(scope: Scope, span: Span) -> Iterable[Sequence[Record]]:
        if START + 4 * DAY in span.days:
            raise CutOff("cut")
        return rows(scope, span)

    with pytest.raises(CutOff):
        land(landing, daily_pages([scope(START + 9 * DAY, slice_days=4)], Cursor(), read))
    assert min(landing.counting("report"))[:10] == str(START + 5 * DAY)
    cursor = Cursor(landing.cursors["c", "report"])
    land(landing, pages(cursor, scope(START + 9 * DAY, slice_days=4)))
    assert len(landing.counting("report")) == 20


def test_a_day_far_back_by_months() -> None:
    assert months_before(date(2026, 11, 2), 37) == date(2023, 10, 2)
    assert months_before(date(2024, 3, 31), 1) == date(2024, 2, 29)
    assert months_before(date(2026, 1, 15), 1) == date(2025, 12, 15)
