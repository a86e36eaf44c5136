"""Days and buckets as SQL: the first day of a row's bucket, series of buckets, shifts of compared ones."""

from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic.calendar import FISCAL, UNIT_MONTHS, Calendar
from roastery.warehouse.semantic.expression import Core
from roastery.warehouse.semantic.fiscal import PATTERNS
from roastery.warehouse.semantic.parameters import place
from roastery.warehouse.semantic.plan import Branch
from roastery.warehouse.semantic.query import Grain

INTERVALS: dict[Grain, str] = {
    "day": "1 DAY",
    "week": "7 DAY",
    "month": "1 MONTH",
    "quarter": "3 MONTH",
    "year": "12 MONTH",
}
BUCKET, BEGINS, ENDS = "bucket", "begins", "ends"


def as_date(moment: Core) -> Core:
    return sa.cast(moment, sa.Date)


def local_day(at: Core, zone: Core) -> Core:
    """The day of an instant in a zone."""
    return as_date(sa.func.timezone(zone, at))


def bucket(day: Core, grain: Grain, calendar: Calendar) -> Core:
    """The first day of the bucket that holds a day; the same as Calendar.bucket."""
    if grain == "day":
        return day
    if grain in FISCAL:
        return fiscal_bucket(day, grain, calendar)
    unit: Core = sa.literal_column(f"'{grain}'")
    if grain == "week":
        offset: Core = sa.literal_column(str(calendar.week_offset))
        if not calendar.week_offset:
            return as_date(sa.func.date_trunc(unit, day))
        return as_date(sa.func.date_trunc(unit, day.op("-")(offset))).op("+")(offset)
    months = calendar.fiscal_year_start - 1
    if grain == "month" or not months:
        return as_date(sa.func.date_trunc(unit, day))
    # Whole months are moved, so that no day of a month is cut off on the way.
    first = sa.func.date_trunc(sa.literal_column("'month'"), day)
    turn: Core = sa.literal_column(f"INTERVAL ({months}) MONTH")
    return as_date(sa.func.date_trunc(unit, first.op("-")(turn)).op("+")(turn))


def fiscal_bucket(day: Core, grain: Grain, calendar: Calendar) -> Core:
    """The first day of the fiscal period, quarter or year of whole weeks that holds a day; as FiscalWeeks.start.

    A year begins within three days of the first of its month, so three days later lie in the year that is meant or the
    one after. The day stands in few places, for whatever it is computed by is written out in each.
    """

    def number(value: int) -> Core:
        return sa.literal_column(str(value))

    def year_start(years_back: int) -> Core:
        """The first weekday from three days before the first of the month to three days after."""
        months: Core = sa.literal_column(f"INTERVAL ({calendar.fiscal_year_start - 1 + 12 * years_back}) MONTH")
        own = sa.cast(sa.func.year(day.op("+")(number(3)).op("-")(months)), sa.Integer)
        latest = sa.func.make_date(own, number(calendar.fiscal_year_start), number(4))
        back = sa.func.isodow(latest).op("+")(number(6 - calendar.week_offset)).op("%")(number(7))
        return as_date(latest.op("-")(sa.cast(back, sa.Integer)))

    year: Core = sa.case((day >= year_start(0), year_start(0)), else_=year_start(1))
    if grain == "fiscal_year":
        return as_date(year)
    week = sa.func.date_diff(sa.literal_column("'day'"), year, day).op("//")(number(7))
    firsts: Core = sa.literal_column(str(_first_days(grain, calendar.fiscal_weeks)))
    return as_date(year.op("+")(sa.func.list_extract(firsts, week.op("+")(number(1)))))


def _first_days(grain: Grain, pattern: str) -> list[int]:
    """For each of a year's 53 weeks how many days after its beginning the week's period or quarter begins.

    >>> _first_days("fiscal_period", "4-4-5")[:10], _first_days("fiscal_quarter", "4-4-5")[50:]
    ([0, 0, 0, 0, 28, 28, 28, 28, 56, 56], [273, 273, 273])
    """
    lengths = [13] * 4 if grain == "fiscal_quarter" else [*PATTERNS[pattern]] * 4
    found = [7 * sum(lengths[:n]) for n, weeks in enumerate(lengths) for _ in range(weeks)]
    return [*found, found[-1]]


LONGEST_WEEKS: dict[Grain, int] = {"fiscal_period": 6, "fiscal_quarter": 14, "fiscal_year": 53}
"""A 53rd week makes a year's last period and quarter one longer."""


def aligned(day: Core, branch: Branch, grain: Grain) -> Core:
    """A bucket of the compared period moved beside the asked one of the same ordinal."""
    if branch.when == "now":
        return day
    if grain in FISCAL:
        # Periods of four and of five weeks move by no common step: each is looked up by its ordinal.
        ordinal = sa.func.list_position(place("shift_from"), day)
        return as_date(sa.func.list_extract(place("shift_to"), ordinal))
    count = sa.cast(place("shift"), sa.Integer)
    if grain in UNIT_MONTHS:
        return as_date(day.op("+")(sa.func.to_months(count)))
    return day.op("+")(count)


def bucket_series(when: str, grain: Grain) -> Any:
    """One row per bucket of a period up to today, its first day as `bucket`."""
    if grain in FISCAL:
        return sa.select(as_date(sa.func.unnest(place(f"{when}_buckets"))).label(BUCKET)).subquery("series")
    series = sa.func.generate_series(
        place(f"{when}_first_bucket"), place(f"{when}_last_bucket"), sa.literal_column(f"INTERVAL {INTERVALS[grain]}")
    )
    return sa.select(as_date(sa.func.unnest(series)).label(BUCKET)).subquery("series")


def window_series(branch: Branch, grain: Grain, calendar: Calendar) -> Any:
    """One row per bucket: its first day, and the days that its window counts, `begins` to before `ends`."""
    assert branch.window is not None
    series = bucket_series(branch.when, grain)
    ends = bucket_end(series.c[BUCKET], grain, place(f"{branch.when}_as_of"), calendar)
    inner = sa.select(series.c[BUCKET], ends.label(ENDS)).subquery("ending")
    last = inner.c[ENDS]
    if branch.window.over == "trailing":
        begins: Core = last.op("-")(sa.literal_column(str(branch.window.days)))
    elif branch.window.unit:
        begins = bucket(last.op("-")(sa.literal_column("1")), branch.window.unit, calendar)
    else:
        begins = place(f"{branch.when}_start")
    return sa.select(inner.c[BUCKET], as_date(begins).label(BEGINS), last).subquery("windows")


def bucket_end(start: Core, grain: Grain, latest: Core, calendar: Calendar) -> Core:
    """The first day after a bucket, not beyond `latest`."""
    if grain in FISCAL:
        # So many days later lie in the following bucket, however long this one is.
        beyond = start.op("+")(sa.literal_column(str(7 * LONGEST_WEEKS[grain])))
        return sa.func.least(fiscal_bucket(beyond, grain, calendar), latest)
    following = as_date(start.op("+")(sa.literal_column(f"INTERVAL {INTERVALS[grain]}")))
    return sa.func.least(following, latest)
