"""Fiscal years of whole weeks: 4-4-5, 4-5-4 and 5-4-4 calendars, as retailers keep their books.

A fiscal year begins on the organization's first weekday that is nearest to the first of its first month, so it has 52
or 53 weeks; a quarter has 13 of them, in periods of 4, 4 and 5 weeks (or another order), and a 53rd week belongs to the
last period. Every day is in exactly one period (test_fiscal.py).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Unit = Literal["period", "quarter", "year"]
PATTERNS: dict[str, tuple[int, int, int]] = {"4-4-5": (4, 4, 5), "4-5-4": (4, 5, 4), "5-4-4": (5, 4, 4)}
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class FiscalWeeks:
    """A calendar of whole weeks. first_month: of the year; week_offset: days from Monday to the first weekday."""

    pattern: str
    first_month: int
    week_offset: int

    def year(self, day: date) -> date:
        """The first day of the fiscal year that holds a day.

        >>> FiscalWeeks("4-4-5", 1, 0).year(date(2026, 3, 1)), FiscalWeeks("4-4-5", 1, 0).year(date(2025, 12, 30))
        (datetime.date(2025, 12, 29), datetime.date(2025, 12, 29))
        """
        return max(first for n in (-1, 0, 1) if (first := self._first_day(day.year + n)) <= day)

    def starts(self, day: date, unit: Unit) -> list[date]:
        """The first days of all units of the fiscal year that holds a day, in order."""
        year = self.year(day)
        if unit == "year":
            return [year]
        weeks = (13,) if unit == "quarter" else PATTERNS[self.pattern]
        found, at = [], year
        for _ in range(4):
            for length in weeks:
                found.append(at)
                at += length * WEEK
        return found

    def start(self, day: date, unit: Unit) -> date:
        """The first day of the unit that holds a day."""
        return max(first for first in self.starts(day, unit) if first <= day)

    def end(self, day: date, unit: Unit) -> date:
        """The first day after the unit that holds a day."""
        following = self.year(self.year(day) + 54 * WEEK)
        return min(first for first in (*self.starts(day, unit), following) if first > day)

    def before(self, day: date, unit: Unit) -> date:
        """The first day of the unit before the one that holds a day."""
        return self.start(self.start(day, unit) - timedelta(days=1), unit)

    def _first_day(self, year: int) -> date:
        """The first weekday nearest to the first of the month: three days before it to three days after."""
        latest = date(year, self.first_month, 1) + timedelta(days=3)
        return latest - timedelta(days=(latest.weekday() - self.week_offset) % 7)
