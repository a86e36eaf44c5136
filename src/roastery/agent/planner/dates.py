"""Absolute days and periods: ISO dates, days and months by name, quarters, halves, years, holidays."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from roastery.agent.planner.assumed import took

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
WEEKDAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
YEAR = r"(?:20[1-4]\d)"


@dataclass(frozen=True)
class Days:
    """Half-open days as read out of words; `name` where CONTRACTS section 5 has one, `unit` the calendar unit."""

    start: date
    end: date
    unit: str = "day"
    name: str | None = None
    assumption: str | None = None


@dataclass(frozen=True)
class Calendar:
    """What decides how words become days: today in the organization's zone and its own beginnings."""

    today: date
    week_start: int = 0
    fiscal_start: int = 1
    month_first: bool = True

    def week_of(self, day: date) -> date:
        return day - timedelta(days=(day.weekday() - self.week_start) % 7)

    def begin(self, unit: str, day: date) -> date:
        """The first day of the unit that holds a day; years and quarters are those of the organization's year."""
        if unit == "day":
            return day
        if unit == "week":
            return self.week_of(day)
        if unit == "month":
            return day.replace(day=1)
        first = add_months(day.replace(day=1), 1 - self.fiscal_start)
        number = (first.month - 1) // 3 * 3 + 1 if unit == "quarter" else 1
        return add_months(first.replace(month=number), self.fiscal_start - 1)

    def shift(self, unit: str, day: date, count: int) -> date:
        """A first day moved by whole units."""
        if unit in ("day", "week"):
            return day + timedelta(days=count * (7 if unit == "week" else 1))
        months = {"month": 1, "quarter": 3, "year": 12}[unit] * count
        return add_months(day, months)


def add_months(day: date, months: int) -> date:
    """A day moved by months, held to the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    last = (date((index + 1) // 12, (index + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return first.replace(day=min(day.day, last))


def month_number(word: str) -> int:
    return next(i for i, m in enumerate(MONTHS, 1) if m.startswith(word[:3]))


def weekday_number(word: str) -> int:
    return next(i for i, d in enumerate(WEEKDAYS) if d.startswith(word[:3]))


def latest_complete(calendar: Calendar, year_of: Callable[[int], Days | None]) -> Days | None:
    """The newest instance of a yearly period that has ended."""
    for year in range(calendar.today.year + 1, calendar.today.year - 4, -1):
        found = year_of(year)
        if found is not None and found.end <= calendar.today:
            return found
    return None


def months(first: date, count: int, unit: str) -> Days:
    return Days(first, add_months(first, count), unit)


def month(calendar: Calendar, number: int, year: int | None = None) -> Days | None:
    if year is not None:
        return months(date(year, number, 1), 1, "month")
    return latest_complete(calendar, lambda y: months(date(y, number, 1), 1, "month"))


def quarter(calendar: Calendar, number: int, year: int | None = None, *, fiscal: bool = False) -> Days | None:
    def of(y: int) -> Days:
        if fiscal and calendar.fiscal_start != 1:
            # A fiscal year is named by the calendar year in which it ends.
            start = add_months(date(y - 1, calendar.fiscal_start, 1), 3 * (number - 1))
        else:
            start = date(y, 3 * number - 2, 1)
        return months(start, 3, "quarter")

    return of(year) if year is not None else latest_complete(calendar, of)


def fiscal_year(calendar: Calendar, year: int) -> Days:
    start = date(year if calendar.fiscal_start == 1 else year - 1, calendar.fiscal_start, 1)
    return months(start, 12, "year")


def day(calendar: Calendar, number: int, month_word: str, year: int | None = None) -> Days | None:
    """A day and a month by name; without a year the newest one that is not in the future."""
    for y in [year] if year else range(calendar.today.year, calendar.today.year - 5, -1):
        try:
            found = date(y, month_number(month_word), number)
        except ValueError:
            continue
        if year or found <= calendar.today:
            return one_day(found)
    return None


def one_day(found: date, assumption: str | None = None) -> Days:
    return Days(found, found + timedelta(days=1), "day", None, assumption)


def year_number(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def iso(calendar: Calendar, text: str) -> Days | None:
    parts = [int(p) for p in text.split("-")]
    try:
        if len(parts) == 2:
            return months(date(parts[0], parts[1], 1), 1, "month")
        return one_day(date(*parts))
    except ValueError:
        return None


def slashed(calendar: Calendar, text: str) -> Days | None:
    """10/11/2026 in the order of the organization's country; the reading is said when both orders are possible."""
    a, b, y = (int(p) for p in re.split(r"[/.]", text))
    month_first = calendar.month_first and "." not in text
    m, d = (a, b) if month_first else (b, a)
    if m > 12:
        m, d = d, m
    try:
        found = date(year_number(str(y)), m, d)
    except ValueError:
        return None
    doubtful = a <= 12 and b <= 12 and a != b and "." not in text
    return one_day(found, f"read {text} as {found.day} {MONTHS[m - 1].title()} {found.year}" if doubtful else None)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (anonymous algorithm, Meeus 1991)."""
    a, b, c = year % 19, year // 100, year % 100
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - b // 4 - g + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    n = (a + 11 * h + 22 * k) // 451
    m, d = divmod(h + k - 7 * n + 114, 31)
    return date(year, m, d + 1)


def nth_weekday(year: int, number: int, weekday: int, nth: int) -> date:
    first = date(year, number, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _thanksgiving(year: int) -> date:
    return nth_weekday(year, 11, 3, 4)


HOLIDAYS: dict[str, Callable[[int], tuple[date, int]]] = {
    "black friday weekend": lambda y: (_thanksgiving(y) + timedelta(days=1), 3),
    "black friday": lambda y: (_thanksgiving(y) + timedelta(days=1), 1),
    "cyber monday": lambda y: (_thanksgiving(y) + timedelta(days=4), 1),
    "cyber week": lambda y: (_thanksgiving(y) + timedelta(days=4), 7),
    "bfcm": lambda y: (_thanksgiving(y) + timedelta(days=1), 4),
    "thanksgiving": lambda y: (_thanksgiving(y), 1),
    "christmas eve": lambda y: (date(y, 12, 24), 1),
    "christmas day": lambda y: (date(y, 12, 25), 1),
    "christmas": lambda y: (date(y, 12, 25), 1),
    "boxing day": lambda y: (date(y, 12, 26), 1),
    "new years eve": lambda y: (date(y, 12, 31), 1),
    "new year eve": lambda y: (date(y, 12, 31), 1),
    "new years day": lambda y: (date(y, 1, 1), 1),
    "new year day": lambda y: (date(y, 1, 1), 1),
    "valentines day": lambda y: (date(y, 2, 14), 1),
    "valentine day": lambda y: (date(y, 2, 14), 1),
    "valentines": lambda y: (date(y, 2, 14), 1),
    "halloween": lambda y: (date(y, 10, 31), 1),
    "independence day": lambda y: (date(y, 7, 4), 1),
    "4 of july": lambda y: (date(y, 7, 4), 1),
    "fourth of july": lambda y: (date(y, 7, 4), 1),
    "mother day": lambda y: (nth_weekday(y, 5, 6, 2), 1),
    "mothers day": lambda y: (nth_weekday(y, 5, 6, 2), 1),
    "father day": lambda y: (nth_weekday(y, 6, 6, 3), 1),
    "fathers day": lambda y: (nth_weekday(y, 6, 6, 3), 1),
    "memorial day": lambda y: (nth_weekday(y, 6, 0, 1) - timedelta(days=7), 1),
    "memorial day weekend": lambda y: (nth_weekday(y, 6, 0, 1) - timedelta(days=9), 3),
    "labor day weekend": lambda y: (nth_weekday(y, 9, 0, 1) - timedelta(days=2), 3),
    "labour day weekend": lambda y: (nth_weekday(y, 9, 0, 1) - timedelta(days=2), 3),
    "thanksgiving weekend": lambda y: (_thanksgiving(y), 4),
    "labor day": lambda y: (nth_weekday(y, 9, 0, 1), 1),
    "labour day": lambda y: (nth_weekday(y, 9, 0, 1), 1),
    "singles day": lambda y: (date(y, 11, 11), 1),
    "easter monday": lambda y: (easter(y) + timedelta(days=1), 1),
    "easter weekend": lambda y: (easter(y) - timedelta(days=2), 4),
    "easter sunday": lambda y: (easter(y), 1),
    "easter": lambda y: (easter(y), 1),
    "good friday": lambda y: (easter(y) - timedelta(days=2), 1),
}


def holiday(calendar: Calendar, name: str, year: int | None = None) -> Days | None:
    def of(y: int) -> Days:
        start, length = HOLIDAYS[name](y)
        return Days(start, start + timedelta(days=length))

    if year is not None:
        return of(year)
    for y in range(calendar.today.year, calendar.today.year - 3, -1):
        if of(y).start < calendar.today:
            return of(y)
    return None


SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}


def season(calendar: Calendar, name: str, year: int | None = None) -> Days | None:
    def of(y: int) -> Days:
        return months(date(y, SEASONS[name], 1), 3, "quarter")

    found = of(year) if year is not None else latest_complete(calendar, of)
    if found is None:
        return None
    first, last = found.start, found.end - timedelta(days=1)
    said = f"{MONTHS[first.month - 1].title()} to {MONTHS[last.month - 1].title()} {last.year}"
    return Days(found.start, found.end, "quarter", None, took(name, said))
