"""Days and buckets as SQL: the first day of a row's bucket, series of buckets, shifts of compared ones."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic.calendar import Calendar, Shift
from roastery.warehouse.semantic.expression import Core
from roastery.warehouse.semantic.query import Grain, Period

INTERVALS: dict[Grain, str] = {
    "day": "1 DAY",
    "week": "7 DAY",
    "month": "1 MONTH",
    "quarter": "3 MONTH",
    "year": "12 MONTH",
}


def as_date(moment: Core) -> Core:
    return sa.cast(moment, sa.Date)


def local_day(at: Core, time_zone: str) -> Core:
    """The day of an instant in a zone."""
    return as_date(sa.func.timezone(time_zone, at))


def bucket(day: Core, grain: Grain, calendar: Calendar) -> Core:
    """The first day of the bucket that holds a day; the same as Calendar.bucket."""
    if grain == "day":
        return day
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
    turned = sa.func.date_trunc(unit, first.op("-")(_months(months)))
    return as_date(turned.op("+")(_months(months)))


def shifted(day: Core, shift: Shift | None) -> Core:
    """A compared bucket moved beside the asked one of the same ordinal."""
    if shift is None or not shift.count:
        return day
    if shift.unit == "days":
        return day.op("+")(sa.literal_column(f"({shift.count})"))
    return as_date(day.op("+")(_months(shift.count)))


def _months(count: int) -> Core:
    return sa.literal_column(f"INTERVAL ({count}) MONTH")


def bucket_series(period: Period, grain: Grain, calendar: Calendar) -> Any:
    """One row per bucket of a period up to today, its first day as `bucket`."""
    first = calendar.bucket(period.start, grain)
    last = max(first, calendar.bucket(min(period.end - timedelta(days=1), calendar.today), grain))
    series = sa.func.generate_series(
        sa.literal(first, sa.Date), sa.literal(last, sa.Date), sa.literal_column(f"INTERVAL {INTERVALS[grain]}")
    )
    return sa.select(as_date(sa.func.unnest(series)).label("bucket")).subquery("series")


def bucket_end(start: Core, grain: Grain, latest: date) -> Core:
    """The first day after a bucket, not beyond `latest`."""
    following = as_date(start.op("+")(sa.literal_column(f"INTERVAL {INTERVALS[grain]}")))
    return sa.func.least(following, sa.literal(latest, sa.Date))
