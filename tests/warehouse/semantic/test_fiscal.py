"""Fiscal years of whole weeks: every day in one period, 4-4-5 in order, names and comparisons of the same shape."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.warehouse.errors import UnknownName
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.calendar import Calendar
from roastery.warehouse.semantic.fiscal import PATTERNS, FiscalWeeks
from roastery.warehouse.semantic.query import Period, PeriodSpec

RETAIL = Calendar(date(2026, 11, 10), "sunday", 2, fiscal_weeks="4-5-4")
DAYS = st.dates(date(1995, 1, 1), date(2060, 1, 1))
CALENDARS = st.builds(FiscalWeeks, st.sampled_from(sorted(PATTERNS)), st.integers(1, 12), st.integers(0, 6))


def named(calendar: Calendar, name: str) -> Period:
    return calendar.period(PeriodSpec(name=name))


@given(CALENDARS, DAYS)
def test_every_day_is_in_one_period_of_whole_weeks_in_the_pattern_s_order(weeks: FiscalWeeks, day: date) -> None:
    year, following = weeks.year(day), weeks.end(day, "year")
    assert year <= day < following
    assert abs((year - date(year.year + (year.month == 12 and weeks.first_month == 1), weeks.first_month, 1)).days) <= 3
    assert year.weekday() == weeks.week_offset
    starts = [*weeks.starts(day, "period"), following]
    lengths = [(b - a).days // 7 for a, b in pairwise(starts)]
    assert lengths[:-1] == [*PATTERNS[weeks.pattern] * 4][:-1]
    assert lengths[-1] - PATTERNS[weeks.pattern][2] in (0, 1)
    assert weeks.starts(day, "quarter") == starts[:-1:3]
    start, end = weeks.start(day, "period"), weeks.end(day, "period")
    assert start <= day < end
    assert weeks.start(end, "period") == end
    assert weeks.before(end, "period") == start


def test_the_national_retail_federations_years_come_out() -> None:
    """4-5-4 from the Sunday nearest to 1 February: fiscal 2023 had 53 weeks (published calendars)."""
    weeks = FiscalWeeks("4-5-4", 2, 6)
    years = [weeks.year(date(y, 6, 1)) for y in (2022, 2023, 2024, 2025, 2026)]
    assert years == [date(2022, 1, 30), date(2023, 1, 29), date(2024, 2, 4), date(2025, 2, 2), date(2026, 2, 1)]
    assert (years[2] - years[1]).days == 53 * 7
    assert weeks.starts(date(2026, 6, 1), "period")[:4] == [
        date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 5), date(2026, 5, 3)]  # fmt: skip


def test_fiscal_names_are_units_of_the_organizations_weeks() -> None:
    assert named(RETAIL, "this_fiscal_period") == Period(date(2026, 11, 1), date(2026, 11, 29), "this_fiscal_period")
    assert named(RETAIL, "last_fiscal_period") == Period(date(2026, 10, 4), date(2026, 11, 1), "last_fiscal_period")
    assert named(RETAIL, "last_fiscal_quarter") == Period(date(2026, 8, 2), date(2026, 11, 1), "last_fiscal_quarter")
    assert named(RETAIL, "fiscal_year_to_date") == Period(date(2026, 2, 1), date(2026, 11, 11), "fiscal_year_to_date")
    assert named(RETAIL, "last_month") == Period(date(2026, 10, 1), date(2026, 11, 1), "last_month")


def test_a_fiscal_period_is_compared_with_the_one_before_and_with_its_place_in_the_year_before() -> None:
    last = named(RETAIL, "last_fiscal_period")
    assert RETAIL.before(last) == Period(date(2026, 8, 30), date(2026, 10, 4))
    assert RETAIL.year_before(last) == Period(date(2025, 10, 5), date(2025, 11, 2))
    running = named(RETAIL, "fiscal_quarter_to_date")
    assert RETAIL.before(running) == Period(date(2026, 8, 2), date(2026, 8, 2) + timedelta(days=running.days))


def test_without_weeks_fiscal_names_are_months_quarters_and_years_of_the_organization() -> None:
    plain = Calendar(date(2026, 11, 10), fiscal_year_start=4)
    for unit, own in (("period", "month"), ("quarter", "quarter"), ("year", "year")):
        for name in ("this_{}", "last_{}", "{}_to_date"):
            fiscal, month = named(plain, name.format(f"fiscal_{unit}")), named(plain, name.format(own))
            assert (fiscal.start, fiscal.end) == (month.start, month.end)
            assert plain.before(fiscal) == plain.before(month)


def test_an_unknown_pattern_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="4-4-5"):
        Organization("o", "O", fiscal_weeks="4-4-4")
