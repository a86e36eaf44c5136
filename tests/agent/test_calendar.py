"""Periods in words, on Sunday 22 November 2026."""

from datetime import date

import pytest

from roastery.agent.planner.calendar import find_spans
from roastery.agent.planner.dates import Calendar, easter, nth_weekday
from roastery.agent.planner.tokens import tokenize

TODAY = Calendar(date(2026, 11, 22))
DAYS = {
    "today": ("2026-11-22", "2026-11-23"),
    "yesterday": ("2026-11-21", "2026-11-22"),
    "last week": ("2026-11-09", "2026-11-16"),
    "this week": ("2026-11-16", "2026-11-23"),
    "last month": ("2026-10-01", "2026-11-01"),
    "last quarter": ("2026-07-01", "2026-10-01"),
    "last year": ("2025-01-01", "2026-01-01"),
    "mtd": ("2026-11-01", "2026-11-23"),
    "last 7 days": ("2026-11-15", "2026-11-22"),
    "the last eight weeks": ("2026-09-21", "2026-11-16"),
    "past 3 months": ("2026-08-01", "2026-11-01"),
    "the past month": ("2026-10-23", "2026-11-22"),
    "october": ("2026-10-01", "2026-11-01"),
    "november": ("2025-11-01", "2025-12-01"),
    "this november": ("2026-11-01", "2026-12-01"),
    "oct 2025": ("2025-10-01", "2025-11-01"),
    "october last year": ("2025-10-01", "2025-11-01"),
    "q3": ("2026-07-01", "2026-10-01"),
    "q4": ("2025-10-01", "2026-01-01"),
    "q1 2025": ("2025-01-01", "2025-04-01"),
    "third quarter": ("2026-07-01", "2026-10-01"),
    "h1": ("2026-01-01", "2026-07-01"),
    "2025": ("2025-01-01", "2026-01-01"),
    "the week of 3 nov": ("2026-11-02", "2026-11-09"),
    "week 42": ("2026-10-12", "2026-10-19"),
    "3 november": ("2026-11-03", "2026-11-04"),
    "december 5": ("2025-12-05", "2025-12-06"),
    "nov 3rd, 2025": ("2025-11-03", "2025-11-04"),
    "2026-10-05": ("2026-10-05", "2026-10-06"),
    "2026-10": ("2026-10-01", "2026-11-01"),
    "10/05/2026": ("2026-10-05", "2026-10-06"),
    "from 1 oct to 15 oct": ("2026-10-01", "2026-10-16"),
    "oct 1-15": ("2026-10-01", "2026-10-16"),
    "between march and may": ("2026-03-01", "2026-06-01"),
    "from november to january": ("2025-11-01", "2026-02-01"),
    "2026-10-01 to 2026-10-31": ("2026-10-01", "2026-11-01"),
    "since 1 september": ("2026-09-01", "2026-11-22"),
    "since black friday": ("2025-11-28", "2026-11-22"),
    "black friday": ("2025-11-28", "2025-11-29"),
    "the week before black friday": ("2025-11-21", "2025-11-28"),
    "cyber monday 2024": ("2024-12-02", "2024-12-03"),
    "easter 2026": ("2026-04-05", "2026-04-06"),
    "first week of october": ("2026-10-01", "2026-10-08"),
    "first half of october": ("2026-10-01", "2026-10-16"),
    "the 1st to the 15th of last month": ("2026-10-01", "2026-10-16"),
    "monday": ("2026-11-16", "2026-11-17"),
    "two weeks ago": ("2026-11-02", "2026-11-09"),
    "the week before last": ("2026-11-02", "2026-11-09"),
    "last summer": ("2026-06-01", "2026-09-01"),
    "t30d": ("2026-10-23", "2026-11-22"),
    "over 90 days": ("2026-08-24", "2026-11-22"),
    "last weekend": ("2026-11-14", "2026-11-16"),
    "from 2026-11-05 to 2026-11-01": ("2026-11-05", "2026-11-02"),
}


@pytest.mark.parametrize(("words", "days"), DAYS.items())
def test_period_is_read(words: str, days: tuple[str, str]) -> None:
    [span] = [s for s in find_spans(tokenize(f"revenue {words}"), TODAY) if s.kind == "period"]
    assert span.days is not None
    assert (span.days.start.isoformat(), span.days.end.isoformat()) == days


@pytest.mark.parametrize(
    ("words", "compare"),
    [
        ("same period last year", "previous_year"),
        ("year over year", "previous_year"),
        ("the same quarter last year", "previous_year"),
        ("the previous period", "previous_period"),
        ("month over month", "previous_period:month"),
        ("the eight weeks before", "before:8:week"),
        ("the eight before", "before:8:"),
        ("the month before", "before:1:month"),
    ],
)
def test_comparison_is_read(words: str, compare: str) -> None:
    [span] = find_spans(tokenize(f"revenue against {words}"), TODAY)
    assert (span.kind, span.compare) == ("compare", compare)


@pytest.mark.parametrize(
    ("words", "grain"), [("by week", "week"), ("daily", "day"), ("per month", "month"), ("week by week", "week")]
)
def test_grain_is_read(words: str, grain: str) -> None:
    [span] = find_spans(tokenize(f"revenue {words}"), TODAY)
    assert (span.kind, span.grain) == ("grain", grain)


@pytest.mark.parametrize(
    "words", ["may I see revenue", "march on", "spend over 2000", "the second campaign", '"Q3" campaign']
)
def test_what_is_no_period_is_left_alone(words: str) -> None:
    assert [s.text for s in find_spans(tokenize(words), TODAY) if s.kind == "period"] in ([], ["march"])


def test_weeks_begin_where_the_organization_begins_them() -> None:
    sunday = Calendar(date(2026, 11, 24), week_start=6)
    [span] = find_spans(tokenize("last week"), sunday)
    assert span.days is not None
    assert span.days.start == date(2026, 11, 15)


def test_fiscal_quarters_begin_where_the_fiscal_year_does() -> None:
    april = Calendar(date(2026, 11, 22), fiscal_start=4)
    [span] = find_spans(tokenize("fiscal q1"), april)
    assert span.days is not None
    assert span.days.start == date(2026, 4, 1)


def test_dates_of_other_countries_begin_with_the_day() -> None:
    europe = Calendar(date(2026, 11, 22), month_first=False)
    [span] = find_spans(tokenize("10/05/2026"), europe)
    assert span.days is not None
    assert span.days.start == date(2026, 5, 10)
    assert span.days.assumption == "read 10/05/2026 as 10 May 2026"


def test_movable_feasts_fall_where_the_almanac_has_them() -> None:
    assert [easter(y) for y in (2024, 2025, 2026)] == [date(2024, 3, 31), date(2025, 4, 20), date(2026, 4, 5)]
    assert nth_weekday(2026, 11, 3, 4) == date(2026, 11, 26)
