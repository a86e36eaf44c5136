"""Periods, buckets and days."""

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.errors import BadPeriod, UnknownName
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.calendar import GRAINS, NAMES, Calendar, add_months, instant, shift_between, step
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery, Period, PeriodSpec

# A Tuesday.
TODAY = date(2026, 11, 10)
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def named(name: str, **settings: object) -> tuple[str, str]:
    period = Calendar(TODAY, **settings).period(PeriodSpec(name=name))  # type: ignore[arg-type]
    return str(period.start), str(period.end)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("today", "2026-11-10", "2026-11-11"),
        ("yesterday", "2026-11-09", "2026-11-10"),
        ("last_7_days", "2026-11-03", "2026-11-10"),
        ("last_28_days", "2026-10-13", "2026-11-10"),
        ("last_30_days", "2026-10-11", "2026-11-10"),
        ("last_90_days", "2026-08-12", "2026-11-10"),
        ("this_week", "2026-11-09", "2026-11-16"),
        ("last_week", "2026-11-02", "2026-11-09"),
        ("this_month", "2026-11-01", "2026-12-01"),
        ("last_month", "2026-10-01", "2026-11-01"),
        ("this_quarter", "2026-10-01", "2027-01-01"),
        ("last_quarter", "2026-07-01", "2026-10-01"),
        ("this_year", "2026-01-01", "2027-01-01"),
        ("last_year", "2025-01-01", "2026-01-01"),
        ("month_to_date", "2026-11-01", "2026-11-11"),
        ("quarter_to_date", "2026-10-01", "2026-11-11"),
        ("year_to_date", "2026-01-01", "2026-11-11"),
    ],
)
def test_named_period_means_these_days(name: str, start: str, end: str) -> None:
    assert named(name) == (start, end)


def test_every_named_period_can_be_asked() -> None:
    for name in NAMES:
        assert Calendar(TODAY).period(PeriodSpec(name=name)).days >= 1


def test_last_week_follows_the_organizations_week_start() -> None:
    assert named("last_week", week_start="sunday") == ("2026-11-01", "2026-11-08")
    assert named("this_week", week_start="tuesday") == ("2026-11-10", "2026-11-17")


def test_quarters_and_years_follow_the_fiscal_year() -> None:
    assert named("this_quarter", fiscal_year_start=2) == ("2026-11-01", "2027-02-01")
    assert named("last_year", fiscal_year_start=4) == ("2025-04-01", "2026-04-01")
    assert named("last_month", fiscal_year_start=4) == ("2026-10-01", "2026-11-01")


def test_all_time_runs_from_the_first_day_with_data_through_today() -> None:
    period = Calendar(TODAY, earliest=date(2024, 2, 3)).period(PeriodSpec(name="all_time"))
    assert (period.start, period.end) == (date(2024, 2, 3), date(2026, 11, 11))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"start": "2026-10-05", "end": "2026-10-01"}, "ends (2026-10-01) before it starts (2026-10-05)"),
        ({"start": "2026-10-05", "end": "2026-10-05"}, "ask for an end of 2026-10-06"),
        ({"start": "2026-10-05"}, "needs a start and an end"),
        ({"start": "2026-10-05", "end": "2026-10-09", "name": "today"}, "not both"),
        ({"name": "last_0_days"}, "between 1 and"),
        ({}, "needs a start and an end"),
    ],
)
def test_unsound_period_is_refused_with_a_sentence(spec: dict[str, str], said: str) -> None:
    with pytest.raises(BadPeriod) as refused:
        Calendar(TODAY).period(PeriodSpec.model_validate(spec))
    assert said in refused.value.message


def test_unknown_period_names_the_nearest() -> None:
    with pytest.raises(UnknownName) as refused:
        Calendar(TODAY).period(PeriodSpec(name="lastmonth"))
    assert refused.value.did_you_mean == "last_month"


@pytest.mark.parametrize(
    ("start", "end", "name", "before"),
    [
        ("2026-10-01", "2026-11-01", None, ("2026-09-01", "2026-10-01")),
        ("2026-03-01", "2026-04-01", "last_month", ("2026-02-01", "2026-03-01")),
        ("2026-07-01", "2026-10-01", None, ("2026-04-01", "2026-07-01")),
        ("2026-01-01", "2027-01-01", None, ("2025-01-01", "2026-01-01")),
        ("2026-10-05", "2026-10-12", None, ("2026-09-28", "2026-10-05")),
        ("2026-10-01", "2026-10-31", None, ("2026-09-01", "2026-10-01")),
        # Thirty days are thirty days, also when they happen to be a month.
        ("2026-11-01", "2026-12-01", "last_30_days", ("2026-10-02", "2026-11-01")),
        ("2026-11-01", "2026-11-11", "month_to_date", ("2026-10-01", "2026-10-11")),
        ("2026-03-01", "2026-04-01", "month_to_date", ("2026-02-01", "2026-03-01")),
        ("2026-10-01", "2026-11-11", "quarter_to_date", ("2026-07-01", "2026-08-11")),
    ],
)
def test_previous_period_is_the_month_before_or_as_many_days(
    start: str, end: str, name: str | None, before: tuple[str, str]
) -> None:
    asked = Period(date.fromisoformat(start), date.fromisoformat(end), name)
    found = Calendar(TODAY).before(asked)
    assert (str(found.start), str(found.end)) == before


def test_nothing_lies_before_all_time() -> None:
    with pytest.raises(BadPeriod):
        Calendar(TODAY).before(Period(date(2024, 1, 1), TODAY, "all_time"))


def test_the_year_before_keeps_whole_months_whole() -> None:
    calendar = Calendar(TODAY)
    assert calendar.year_before(Period(date(2024, 2, 1), date(2024, 3, 1))) == Period(
        date(2023, 2, 1), date(2023, 3, 1)
    )
    assert calendar.year_before(Period(date(2025, 2, 1), date(2025, 3, 1))) == Period(
        date(2024, 2, 1), date(2024, 3, 1)
    )
    assert calendar.year_before(Period(date(2025, 2, 1), date(2025, 3, 1), "month_to_date")) == Period(
        date(2024, 2, 1), date(2024, 2, 29)
    )
    assert calendar.year_before(Period(date(2024, 2, 29), date(2024, 3, 1))) == Period(
        date(2023, 2, 28), date(2023, 3, 1)
    )


@given(DAYS, st.sampled_from(GRAINS), st.sampled_from(("monday", "sunday", "thursday")), st.integers(1, 12))
def test_a_bucket_holds_its_day_and_the_next_begins_after_it(
    day: date, grain: str, week_start: str, month: int
) -> None:
    calendar = Calendar(TODAY, week_start, month)
    first = calendar.bucket(day, grain)  # type: ignore[arg-type]
    assert first <= day < step(first, grain, 1)  # type: ignore[arg-type]
    assert calendar.bucket(first, grain) == first  # type: ignore[arg-type]


@given(DAYS, st.integers(1, 200), st.sampled_from(GRAINS))
def test_buckets_follow_each_other_and_cover_the_period(start: date, days: int, grain: str) -> None:
    calendar = Calendar(TODAY, "sunday", 4)
    period = Period(start, start + timedelta(days=days))
    buckets = calendar.buckets(period, grain)  # type: ignore[arg-type]
    assert buckets[0] <= period.start
    assert buckets[-1] < period.end <= step(buckets[-1], grain, 1)  # type: ignore[arg-type]
    assert all(step(a, grain, 1) == b for a, b in itertools.pairwise(buckets))  # type: ignore[arg-type]


@given(DAYS, st.integers(1, 60), st.sampled_from(GRAINS), st.integers(1, 400))
def test_a_shift_stands_every_bucket_on_its_ordinal(start: date, days: int, grain: str, back: int) -> None:
    calendar = Calendar(TODAY)
    now = Period(start, start + timedelta(days=days))
    before = Period(now.start - timedelta(days=back), now.end - timedelta(days=back))
    shift = shift_between(calendar, before, now, grain)  # type: ignore[arg-type]
    pairs = zip(calendar.buckets(before, grain), calendar.buckets(now, grain), strict=False)  # type: ignore[arg-type]
    assert all(shift.apply(earlier) == later for earlier, later in pairs)


def test_local_days_around_a_clock_change_have_23_and_25_hours() -> None:
    zone = ZoneInfo("America/New_York")
    assert instant(date(2026, 11, 1), zone) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert instant(date(2026, 11, 2), zone) - instant(date(2026, 11, 1), zone) == timedelta(hours=25)
    assert instant(date(2026, 3, 9), zone) - instant(date(2026, 3, 8), zone) == timedelta(hours=23)


def test_months_are_added_to_the_last_day_that_there_is() -> None:
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 12, 15), 1) == date(2027, 1, 15)
    assert add_months(date(2026, 1, 15), -13) == date(2024, 12, 15)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clocks_change_has_its_own_hours(day: str, hours: int, tmp_path: Path) -> None:
    """One sale in every hour of UTC around a change of Berlin's clocks: the local day holds 23 or 25 of them."""
    berlin = Organization("berlin", "Berlin", time_zone="Europe/Berlin")
    clock = Clock.from_iso("2026-11-10T12:00:00+00:00")
    warehouse = Warehouses(tmp_path, b"s" * 32, (), clock).open(berlin)
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00") - timedelta(hours=40)
    rows = [
        {"transaction_id": f"t{n}", "occurred_at": (start + timedelta(hours=n)).isoformat(), "amount": "1.00"}
        for n in range(100)
    ]
    warehouse.upsert_rows("transactions", rows)
    layer = SemanticLayer(warehouse, clock)
    first = date.fromisoformat(day)
    around = PeriodSpec(start=first - timedelta(days=1), end=first + timedelta(days=2))
    daily = layer.ask(MetricQuery(metrics=("orders",), grain="day", period=around))
    assert [row["orders"] for row in daily.rows] == [24, hours, 24]
    # The same in a zone that is asked for, whose day is not the stored one.
    tokyo = layer.ask(MetricQuery(metrics=("orders",), grain="day", period=around, time_zone="Asia/Tokyo"))
    assert [row["orders"] for row in tokyo.rows] == [24, 24, 24]
