"""Periods that are made of points: ranges, "since", "the week of", "the first days of", "the end of"."""

import re
from datetime import timedelta

from roastery.agent.planner import dates
from roastery.agent.planner.assumed import ONLY_BEGINS, took
from roastery.agent.planner.calendar_points import read_point, read_year
from roastery.agent.planner.calendar_relative import named
from roastery.agent.planner.dates import Calendar, Days


def read_week_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    point = read_point(m["point"], calendar)
    if point is None:
        return None
    start = calendar.week_of(point.start)
    return Days(start, start + timedelta(days=7), "week")


def read_weekend_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The weekend of 24 October": its Saturday and Sunday; of a weekday's date those that are nearest."""
    point = read_point(m["point"], calendar)
    if point is None or point.unit != "day":
        return None
    ahead = (5 - point.start.weekday()) % 7
    saturday = point.start + timedelta(days=ahead if ahead <= 3 else ahead - 7)
    return Days(saturday, saturday + timedelta(days=2))


def read_edge(calendar: Calendar, m: re.Match[str]) -> Days | None:
    whole = read_point(m["point"], calendar)
    if whole is None or whole.unit != "month":
        return None
    a, b = {
        "end": (-7, 0),
        "start": (0, 7),
        "beginning": (0, 7),
        "middle": (10, 20),
        "early": (0, 10),
        "mid": (10, 20),
        "late": (-10, 0),
    }[m["edge"]]
    start = (whole.start if a >= 0 else whole.end) + timedelta(days=a)
    end = (whole.start if b > 0 else whole.end) + timedelta(days=b)
    said = took(f"'{m[0]}'", f"{start.day} to {(end - timedelta(days=1)).day} {start:%B %Y}")
    return Days(start, end, "day", None, said)


def read_part_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """The first or last days or week of a month, quarter or year."""
    whole = read_point(m["point"], calendar)
    if whole is None:
        return None
    length = int(m["n"] or 1) * (7 if m["unit"] == "week" else 1)
    if m["which"] in ("first", "opening"):
        return Days(whole.start, min(whole.end, whole.start + timedelta(days=length)))
    return Days(max(whole.start, whole.end - timedelta(days=length)), whole.end)


def read_half_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    whole = read_point(m["point"], calendar)
    if whole is None or whole.unit != "month":
        return None
    middle = whole.start + timedelta(days=15)
    return Days(whole.start, middle) if m["which"] == "first" else Days(middle, whole.end)


def read_range(calendar: Calendar, m: re.Match[str]) -> Days | None:
    last = read_point(m["last"], calendar)
    first = read_point(m["first"], calendar)
    if first is None or last is None:
        return None
    dated = re.search(r"20\d\d|\d-\d", m["first"])
    start = first.start
    if start > last.start and not dated:
        start = dates.add_months(start, -12)
    if re.search(r"20\d\d", m["last"]) and not dated and start.year < last.start.year - 1:
        start = start.replace(year=last.start.year if start.month <= last.start.month else last.start.year - 1)
    while not dated and last.start >= dates.add_months(start, 12):
        start = dates.add_months(start, 12)
    # A reversed range is kept as asked: the semantic layer refuses it with a sentence.
    return Days(start, last.end, "month" if first.unit == last.unit == "month" else "day", None, last.assumption)


def read_days_of_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    year = read_year(calendar, m)
    first = dates.day(calendar, int(m["a"]), m["month"], year)
    last = dates.day(calendar, int(m["b"]), m["month"], year)
    if first is None or last is None:
        return None
    if first.start > last.start:
        # "The 21st to the 2nd of October" begins in the month before.
        first = dates.one_day(dates.add_months(first.start, -1))
    return Days(first.start, last.end)


def read_days_of_that_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The 1st to the 15th of last month"."""
    first = dates.add_months(calendar.today.replace(day=1), 0 if m["which"] == "this" else -1)
    a, b = int(m["a"]), int(m["b"])
    length = (dates.add_months(first, 1) - first).days
    if not 1 <= a <= b <= length:
        return None
    return Days(first + timedelta(days=a - 1), first + timedelta(days=b))


def read_beside(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The week before Black Friday", "three days after Christmas"."""
    point = read_point(m["point"], calendar)
    if point is None or (point.unit in ("week", "month", "quarter", "year") and point.name):
        return None
    count = int(m["n"] or 1)
    if m["side"] in ("after", "following"):
        return Days(point.end, calendar.shift(m["unit"], point.end, count))
    return Days(calendar.shift(m["unit"], point.start, -count), point.start)


def read_since(calendar: Calendar, m: re.Match[str]) -> Days | None:
    point = read_point(m["point"], calendar)
    if point is None or point.start > calendar.today:
        return None
    if re.fullmatch(r"from \S+(?: \S+)?", m[0]) and m[0].endswith(m["point"]) and point.unit in ("quarter", "year"):
        return Days(point.start, point.end, point.unit, point.name, took(f"'{m[0]}'", "within it"))
    if re.fullmatch(rf"from {re.escape(m['point'])}", m[0]):
        return Days(
            point.start,
            max(calendar.today, point.start + timedelta(days=1)),
            "day",
            None,
            point.assumption or took(f"'{m[0]}'", "since then"),
        )
    if point.start == calendar.begin("year", calendar.today):
        # "Since January" is the year to date, by its own name.
        return named(calendar, "year_to_date", "year")
    event = m[0].removesuffix(m["point"]).strip()
    note = f"“{event}” {ONLY_BEGINS}" if len(event.split()) > 2 else point.assumption
    return Days(point.start, max(calendar.today, point.start + timedelta(days=1)), "day", None, note)


def read_ending(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The three months ending September"."""
    point, unit = read_point(m["point"], calendar), m["unit"]
    if point is None:
        return None
    return Days(calendar.shift(unit, point.end, -int(m["n"])), point.end, unit)


def read_nth_weekday(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The first Saturday of October", "last Friday in September"."""
    point = read_point(m["point"], calendar)
    if point is None:
        return None
    wanted = dates.weekday_number(m["weekday"])
    found = [
        day
        for n in range((point.end - point.start).days)
        if (day := point.start + timedelta(days=n)).weekday() == wanted
    ]
    nth = {"first": 0, "1": 0, "second": 1, "2": 1, "third": 2, "3": 2, "fourth": 3, "4": 3, "last": -1}[m["nth"]]
    if not found or nth >= len(found):
        return None
    return Days(found[nth], found[nth] + timedelta(days=1))


def read_nth_week(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The third week of October": its days 15 to 21, said to be read so."""
    point = read_point(m["point"], calendar)
    if point is None:
        return None
    nth = {"first": 0, "1": 0, "second": 1, "2": 1, "third": 2, "3": 2, "fourth": 3, "4": 3}[m["nth"]]
    start = point.start + timedelta(days=7 * nth)
    end = start + timedelta(days=7)
    return Days(
        start, end, "week", None, took(f"the {m['nth']} week", f"days {start.day} to {(end - timedelta(days=1)).day}")
    )


def read_split_days(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "17/18 October", "Oct 17 and 18": neighbouring days of one month."""
    if not int(m["a"]) < int(m["b"]) <= int(m["a"]) + 3:
        return None
    return read_days_of_month(calendar, m)


def read_week_ending(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The week ending 18 October": the seven days up to that one."""
    point = read_point(m["point"], calendar)
    if point is None or point.unit != "day":
        return None
    return Days(point.end - timedelta(days=7), point.end, "week")


def read_first_units(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The first three quarters of the year", "first nine months of 2026"."""
    whole = calendar.today.replace(month=1, day=1)
    if m["point"] not in ("the year", "this year"):
        point = read_point(m["point"], calendar)
        if point is None or point.unit != "year":
            return None
        whole = point.start
    months = int(m["n"]) * {"month": 1, "quarter": 3}[m["unit"]]
    return dates.months(whole, months, "month") if months <= 12 else None


def read_range_of_year(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "January through September of this year"."""
    year = read_year(calendar, m)
    first = dates.month(calendar, dates.month_number(m["a"]), year)
    last = dates.month(calendar, dates.month_number(m["b"]), year)
    return Days(first.start, last.end, "month") if first and last and first.start < last.end else None


def read_quarters(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "Q1 to Q3", "Q1-Q2 2025": whole quarters from the first to the last."""
    year = read_year(calendar, m)
    last = dates.quarter(calendar, int(m["b"]), year)
    if last is None or int(m["a"]) >= int(m["b"]):
        return None
    return Days(dates.add_months(last.end, -3 * (int(m["b"]) - int(m["a"]) + 1)), last.end, "quarter")
