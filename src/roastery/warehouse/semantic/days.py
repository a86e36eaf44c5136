"""Days and buckets as SQL: the first day of a row's bucket, series of buckets, shifts of compared ones."""

from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic.calendar import UNIT_MONTHS, Calendar
from roastery.warehouse.semantic.expression import Core
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


def aligned(day: Core, branch: Branch, grain: Grain) -> Core:
    """A bucket of the compared period moved beside the asked one of the same ordinal."""
    if branch.when == "now":
        return day
    count = sa.cast(place("shift"), sa.Integer)
    if grain in UNIT_MONTHS:
        return as_date(day.op("+")(sa.func.to_months(count)))
    return day.op("+")(count)


def bucket_series(when: str, grain: Grain) -> Any:
    """One row per bucket of a period up to today, its first day as `bucket`."""
    series = sa.func.generate_series(
        place(f"{when}_first_bucket"), place(f"{when}_last_bucket"), sa.literal_column(f"INTERVAL {INTERVALS[grain]}")
    )
    return sa.select(as_date(sa.func.unnest(series)).label(BUCKET)).subquery("series")


def window_series(branch: Branch, grain: Grain, calendar: Calendar) -> Any:
    """One row per bucket: its first day, and the days that its window counts, `begins` to before `ends`."""
    assert branch.window is not None
    series = bucket_series(branch.when, grain)
    ends = bucket_end(series.c[BUCKET], grain, place(f"{branch.when}_as_of"))
    inner = sa.select(series.c[BUCKET], ends.label(ENDS)).subquery("ending")
    last = inner.c[ENDS]
    if branch.window.over == "trailing":
        begins: Core = last.op("-")(sa.literal_column(str(branch.window.days)))
    elif branch.window.unit:
        begins = bucket(last.op("-")(sa.literal_column("1")), branch.window.unit, calendar)
    else:
        begins = place(f"{branch.when}_start")
    return sa.select(inner.c[BUCKET], as_date(begins).label(BEGINS), last).subquery("windows")


def bucket_end(start: Core, grain: Grain, latest: Core) -> Core:
    """The first day after a bucket, not beyond `latest`."""
    following = as_date(start.op("+")(sa.literal_column(f"INTERVAL {INTERVALS[grain]}")))
    return sa.func.least(following, latest)
