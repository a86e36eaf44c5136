"""Periods that are counted from today: "last week", "the last eight weeks", "so far this year", "next month"."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from roastery.agent.planner import dates
from roastery.agent.planner.assumed import took
from roastery.agent.planner.dates import Calendar, Days

NAMED_DAYS = frozenset({7, 28, 30, 90})


def named(calendar: Calendar, name: str, unit: str) -> Days:
    """A period that CONTRACTS section 5 names, with its days."""
    today = calendar.today
    if name == "today":
        return Days(today, today + timedelta(days=1), "day", name)
    if name == "yesterday":
        return Days(today - timedelta(days=1), today, "day", name)
    begin = calendar.begin(unit, today)
    note = None
    if calendar.fiscal_start != 1 and unit == "year":
        note = f"a year is the organization's fiscal year, from {dates.MONTHS[calendar.fiscal_start - 1].capitalize()}"
    if name.startswith("last_"):
        return Days(calendar.shift(unit, begin, -1), begin, unit, name, note)
    if name.endswith("_to_date"):
        return Days(begin, today + timedelta(days=1), unit, name, note)
    return Days(begin, calendar.shift(unit, begin, 1), unit, name, note)


def read_named(name: str, unit: str) -> Callable[[Calendar, re.Match[str]], Days]:
    def make(calendar: Calendar, _: re.Match[str]) -> Days:
        return named(calendar, name, unit)

    return make


def last_n(calendar: Calendar, count: int, unit: str) -> Days | None:
    """The last N complete days, weeks, months …"""
    if not 1 <= count <= 5000:
        return None
    end = calendar.begin(unit, calendar.today)
    start = calendar.shift(unit, end, -count)
    if count == 1 and unit != "day":
        return Days(start, end, unit, f"last_{unit}")
    name = f"last_{count}_days" if unit == "day" and count in NAMED_DAYS else None
    if unit == "day" and count == 1:
        name = "yesterday"
    return Days(start, end, unit, name)


def read_last_n(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return last_n(calendar, int(m["n"]), m["unit"])


def read_short_last(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return last_n(calendar, int(m["n"]), {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}[m["u"]])


def read_few(calendar: Calendar, m: re.Match[str]) -> Days | None:
    count = 2 if "couple" in m[0] else 4
    found = last_n(calendar, count, m["unit"])
    if found is None or count == 2:
        return found
    return Days(found.start, found.end, found.unit, None, took(f"'{m[0]}'", f"the last {count} {m['unit']}s"))


def read_past_unit(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The past month" runs to yesterday, unlike "last month"."""
    count = {"week": 7, "month": 30, "quarter": 90, "year": 365}[m["unit"]]
    found = last_n(calendar, count, "day")
    if found is None:
        return None
    return Days(found.start, found.end, "day", found.name, took(f"'{m[0]}'", f"the last {count} days"))


def read_ago(calendar: Calendar, m: re.Match[str]) -> Days | None:
    count = 1 if m["n"] in ("a", "one", "an") else int(m["n"])
    unit = m["unit"]
    start = calendar.shift(unit, calendar.begin(unit, calendar.today), -count)
    return Days(start, calendar.shift(unit, start, 1), unit)


def read_next_n(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The next 14 days" begins today; weeks, months and quarters ahead are whole ones."""
    count, unit = int(m["n"]), m["unit"]
    if not 1 <= count <= 400:
        return None
    if unit == "day":
        return Days(calendar.today, calendar.today + timedelta(days=count), "day")
    if unit == "week":
        return Days(calendar.today, calendar.today + timedelta(days=7 * count), "week")
    return Days(calendar.today, dates.add_months(calendar.today, count * UNIT_MONTHS[unit]), unit)


UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def read_next(calendar: Calendar, m: re.Match[str]) -> Days:
    start = calendar.shift(m["unit"], calendar.begin(m["unit"], calendar.today), 1)
    return Days(start, calendar.shift(m["unit"], start, 1), m["unit"])


def read_rest(calendar: Calendar, m: re.Match[str]) -> Days:
    begin = calendar.begin(m["unit"], calendar.today)
    return Days(calendar.today, calendar.shift(m["unit"], begin, 1), m["unit"])


def read_all_time(calendar: Calendar, _: re.Match[str]) -> Days:
    return Days(date(2000, 1, 1), calendar.today, "year", "all_time")


def read_fiscal_year(calendar: Calendar, m: re.Match[str]) -> Days:
    groups = m.groupdict()
    if groups.get("year"):
        return dates.fiscal_year(calendar, dates.year_number(m["year"]))
    year = calendar.today.year + (
        1 if calendar.fiscal_start > 1 and calendar.today.month >= calendar.fiscal_start else 0
    )
    return dates.fiscal_year(calendar, year - (1 if groups.get("relative", "").startswith("last") else 0))


def read_relative_fiscal_quarter(calendar: Calendar, m: re.Match[str]) -> Days:
    begin = dates.add_months(date(calendar.today.year - 1, calendar.fiscal_start, 1), 0)
    while dates.add_months(begin, 3) <= calendar.today:
        begin = dates.add_months(begin, 3)
    if m["relative"] in ("last", "previous"):
        begin = dates.add_months(begin, -3)
    return dates.months(begin, 3, "quarter")


def read_weekend(calendar: Calendar, m: re.Match[str]) -> Days:
    monday = calendar.today - timedelta(days=calendar.today.weekday())
    saturday = monday + timedelta(days=5)
    if m["relative"] != "this" and saturday + timedelta(days=2) > calendar.today:
        saturday -= timedelta(days=7)
    return Days(saturday, saturday + timedelta(days=2), "day")


def read_so_far(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "2026 so far", "October so far": the year, quarter or month that runs, or all of one that is over."""
    year = int(m["year"] or m["year2"])
    if year == calendar.today.year:
        return named(calendar, "year_to_date", "year")
    return dates.months(date(year, 1, 1), 12, "year") if year < calendar.today.year else None


def read_count_up_to(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The 28 days up to yesterday"."""
    return last_n(calendar, int(m["n"]), m["unit"])


def read_half_years(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The last half year", "the last year and a half"."""
    return last_n(calendar, 18 if "and a half" in m[0] else 6, "month")


def read_last_days_without_today(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The past week, today excluded": the last seven days, which end yesterday anyway."""
    count = int(m["n"] or 1) * {"day": 1, "week": 7, "month": 30}[m["unit"]]
    return last_n(calendar, count, "day")


def read_yesterday_and_before(calendar: Calendar, _: re.Match[str]) -> Days:
    """ "Yesterday and the day before"."""
    return Days(calendar.today - timedelta(days=2), calendar.today)
