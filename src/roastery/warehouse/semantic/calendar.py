"""Days: named periods, the period before, buckets of a grain, and the instants at which local days begin."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from roastery.warehouse.errors import BadPeriod, UnknownName
from roastery.warehouse.organization import WEEKDAYS, Organization
from roastery.warehouse.semantic.fiscal import FiscalWeeks
from roastery.warehouse.semantic.query import Grain, Period, PeriodSpec

GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}
UNITS = ("week", "month", "quarter", "year")
FISCAL: dict[str, Grain] = {"fiscal_period": "month", "fiscal_quarter": "quarter", "fiscal_year": "year"}
"""Units of the fiscal calendar, and what they are where it has no weeks of its own."""
NAMES = (
    "today",
    "yesterday",
    "last_7_days",
    "last_28_days",
    "last_30_days",
    "last_90_days",
    *(f"this_{unit}" for unit in UNITS),
    *(f"last_{unit}" for unit in UNITS),
    *(f"{unit}_to_date" for unit in ("month", "quarter", "year")),
    *(f"{when}_{unit}" for when in ("this", "last") for unit in FISCAL),
    *(f"{unit}_to_date" for unit in FISCAL),
    "all_time",
)
MAX_DAYS = 3660


@dataclass(frozen=True)
class Calendar:
    """How an organization counts its days: today, the first weekday, the first month of its fiscal year.

    `earliest` and `latest` are the first and last day with data; they bound `all_time`. `fiscal_weeks`: the pattern of
    fiscal years of whole weeks (fiscal.py); without one, fiscal periods are months.
    """

    today: date
    week_start: str = "monday"
    fiscal_year_start: int = 1
    earliest: date | None = None
    latest: date | None = None
    fiscal_weeks: str = ""

    @classmethod
    def of(cls, today: date, organization: Organization) -> "Calendar":
        """An organization's calendar."""
        return cls(
            today, organization.week_start, organization.fiscal_year_start, fiscal_weeks=organization.fiscal_weeks
        )

    def period(self, spec: PeriodSpec) -> Period:
        """The days that a spec names, half-open. Errors: BadPeriod, UnknownName (nearest name)."""
        if spec.name is not None:
            if spec.start or spec.end:
                raise BadPeriod("A period has either a name or a start and an end, not both.")
            return self._named(spec.name.strip().lower())
        if spec.start is None or spec.end is None:
            raise BadPeriod("A period needs a start and an end (the end is the first day outside), or a name.")
        return checked(Period(spec.start, spec.end))

    def before(self, period: Period) -> Period:
        """The period that `previous_period` compares with.

        Whole calendar months: as many months before. `*_to_date`: as many days from the start of the unit before, so
        that like is compared with like. Anything else, also `last_N_days`: the N days before.
        """
        name = period.name or ""
        if self.fiscal_weeks and "fiscal" in name:
            return self._fiscal_before(period)
        if name == "all_time":
            raise BadPeriod("There is nothing before all time to compare with. Ask for a period with a start.")
        if name.endswith("_to_date"):
            unit = name.removesuffix("_to_date")
            return self._to_date_before(period, FISCAL.get(unit, unit))
        if is_of_months(period):
            months = months_between(period.start, period.end)
            return Period(add_months(period.start, -months), period.start)
        return Period(period.start - timedelta(days=period.days), period.start)

    def year_before(self, period: Period) -> Period:
        """Whole calendar months: the same months, so that February is whole in every year. Else the same dates; 29
        February becomes the 28th. In fiscal years of weeks, the same days of the year before, from its beginning."""
        if self.fiscal_weeks and "fiscal" in (period.name or ""):
            year = self._weeks.year(period.start)
            start = self._weeks.before(year, "year") + (period.start - year)
            return Period(start, start + timedelta(days=period.days))
        if is_of_months(period):
            return Period(add_months(period.start, -12), add_months(period.end, -12))
        last = add_months(period.end - timedelta(days=1), -12)
        return Period(add_months(period.start, -12), last + timedelta(days=1))

    def bucket(self, day: date, grain: Grain) -> date:
        """The first day of the bucket that holds a day."""
        if grain == "day":
            return day
        if grain in FISCAL:
            part: Any = grain.removeprefix("fiscal_")
            return self._weeks.start(day, part) if self.fiscal_weeks else self.bucket(day, FISCAL[grain])
        if grain == "week":
            return day - timedelta(days=(day.weekday() - self.week_offset) % 7)
        if grain == "month":
            return day.replace(day=1)
        shift = self.fiscal_year_start - 1
        first = add_months(day.replace(day=1), -shift)
        month = (first.month - 1) // UNIT_MONTHS[grain] * UNIT_MONTHS[grain] + 1
        return add_months(first.replace(month=month), shift)

    def buckets(self, period: Period, grain: Grain) -> list[date]:
        """The first days of all buckets that touch a period, in order."""
        found = [self.bucket(period.start, grain)]
        while (following := self.after(found[-1], grain)) < period.end:
            found.append(following)
        return found

    def after(self, start: date, grain: Grain) -> date:
        """The first day after the bucket that begins on `start`."""
        if grain not in FISCAL:
            return step(start, grain, 1)
        part: Any = grain.removeprefix("fiscal_")
        return self._weeks.end(start, part) if self.fiscal_weeks else step(start, FISCAL[grain], 1)

    def beside(self, earlier: Period, later: Period, grain: Grain) -> list[tuple[date, date]]:
        """Every bucket of `earlier` with the one of its ordinal in `later`, which may lie beyond its end."""
        onto = self.bucket(later.start, grain)
        found = []
        for bucket in self.buckets(earlier, grain):
            found.append((bucket, onto))
            onto = self.after(onto, grain)
        return found

    def counted(self, grain: Grain | None) -> Grain | None:
        """The grain that is meant: without fiscal weeks, fiscal periods are months."""
        return grain if grain is None or self.fiscal_weeks else FISCAL.get(grain, grain)

    @property
    def fiscal_sentence(self) -> str:
        """How fiscal years are counted, for receipts."""
        month = date(2000, self.fiscal_year_start, 1)
        if not self.fiscal_weeks:
            return f"Fiscal years begin on 1 {month:%B}; fiscal periods are its months."
        return (
            f"Fiscal years begin on the {self.week_start.capitalize()} nearest to 1 {month:%B}; their periods are of "
            f"{self.fiscal_weeks} weeks, and a 53rd week belongs to the last."
        )

    def window_start(self, over: str, days: int, counted: Period, first: date) -> date:
        """The first day of a cumulative value that ends with `counted`, in a period that begins on `first`."""
        last = counted.end - timedelta(days=1)
        if over == "trailing":
            return counted.end - timedelta(days=days)
        unit = over.removesuffix("_to_date")
        return first if unit == over else self.bucket(last, unit)  # type: ignore[arg-type]

    @property
    def week_offset(self) -> int:
        """Days from Monday to the first day of the week."""
        return WEEKDAYS.index(self.week_start)

    def _named(self, name: str) -> Period:
        if found := re.fullmatch(r"last_(\d{1,4})_days", name):
            days = int(found[1])
            if not 1 <= days <= MAX_DAYS:
                raise BadPeriod(f"last_{days}_days is not possible; the number of days lies between 1 and {MAX_DAYS}.")
            return Period(self.today - timedelta(days=days), self.today, name)
        tomorrow = self.today + timedelta(days=1)
        if name == "today":
            return Period(self.today, tomorrow, name)
        if name == "yesterday":
            return Period(self.today - timedelta(days=1), self.today, name)
        if name == "all_time":
            end = max(tomorrow, (self.latest or self.today) + timedelta(days=1))
            return Period(min(self.earliest or self.today, self.today), end, name)
        return self._of_unit(name, tomorrow)

    def _of_unit(self, name: str, tomorrow: date) -> Period:
        if name not in NAMES:
            raise UnknownName("period", name, NAMES)
        if "fiscal" in name:
            return self._fiscal(name, tomorrow)
        when, unit = name.split("_", 1) if not name.endswith("_to_date") else ("to_date", name.split("_")[0])
        grain: Grain = unit  # type: ignore[assignment]
        start = self.bucket(self.today, grain)
        if when == "to_date":
            return Period(start, tomorrow, name)
        if when == "last":
            return Period(step(start, grain, -1), start, name)
        return Period(start, step(start, grain, 1), name)

    @property
    def _weeks(self) -> FiscalWeeks:
        return FiscalWeeks(self.fiscal_weeks, self.fiscal_year_start, self.week_offset)

    def _fiscal(self, name: str, tomorrow: date) -> Period:
        """this_, last_ or …_to_date of a fiscal period, quarter or year; a period is a month without weeks."""
        unit = next(unit for unit in FISCAL if unit in name)
        if not self.fiscal_weeks:
            found = self._of_unit(name.replace(unit, FISCAL[unit]), tomorrow)
            return Period(found.start, found.end, name)
        part: Any = unit.removeprefix("fiscal_")
        start = self._weeks.start(self.today, part)
        if name.startswith("last_"):
            return Period(self._weeks.before(self.today, part), start, name)
        return Period(start, tomorrow if name.endswith("_to_date") else self._weeks.end(self.today, part), name)

    def _fiscal_before(self, period: Period) -> Period:
        """The unit before; of one to date as many of its days."""
        name = period.name or ""
        part: Any = next(unit for unit in FISCAL if unit in name).removeprefix("fiscal_")
        start = self._weeks.before(period.start, part)
        if name.endswith("_to_date"):
            return Period(start, min(start + timedelta(days=period.days), period.start))
        return Period(start, period.start)

    def _to_date_before(self, period: Period, unit: str) -> Period:
        start = add_months(period.start, -UNIT_MONTHS[unit])
        return Period(start, min(start + timedelta(days=period.days), period.start))


def checked(period: Period) -> Period:
    """The period itself, or BadPeriod when it is reversed, empty or longer than any history."""
    if period.end < period.start:
        raise BadPeriod(
            f"The period ends ({period.end}) before it starts ({period.start}). Swap the two dates; "
            "the end is the first day that no longer counts."
        )
    if period.end == period.start:
        following = period.start + timedelta(days=1)
        raise BadPeriod(
            f"The period from {period.start} to {period.end} is empty: the end is the first day that no longer "
            f"counts. For that one day ask for an end of {following}."
        )
    if period.days > 50 * 366:
        raise BadPeriod("The period is longer than fifty years. Ask for a shorter one, or for all_time.")
    return period


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day.

    >>> add_months(date(2026, 3, 31), -1)
    datetime.date(2026, 2, 28)
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, min(day.day, (following - timedelta(days=1)).day))


def is_of_months(period: Period) -> bool:
    """Whether a period is whole calendar months, and not a number of days or a part to date that happens to be."""
    counts_days = re.fullmatch(r"last_\d+_days|.*_to_date", period.name or "")
    return counts_days is None and period.start.day == period.end.day == 1


def months_between(start: date, end: date) -> int:
    """Calendar months from one day to another, days of the month left out."""
    return (end.year - start.year) * 12 + end.month - start.month


def step(day: date, grain: Grain, count: int) -> date:
    """The first day of the bucket `count` buckets on from the one that begins on `day`."""
    if grain == "day":
        return day + timedelta(days=count)
    if grain == "week":
        return day + timedelta(weeks=count)
    return add_months(day, UNIT_MONTHS[grain] * count)


@dataclass(frozen=True)
class Shift:
    """How far the buckets of a compared period move to stand beside the asked ones: days or months."""

    unit: Literal["days", "months"]
    count: int

    def apply(self, day: date) -> date:
        return day + timedelta(days=self.count) if self.unit == "days" else add_months(day, self.count)


def shift_between(calendar: Calendar, earlier: Period, later: Period, grain: Grain) -> Shift:
    """The shift by which the first bucket of `earlier` falls on the first of `later`, and each on its ordinal."""
    first, onto = calendar.bucket(earlier.start, grain), calendar.bucket(later.start, grain)
    if grain in UNIT_MONTHS:
        return Shift("months", months_between(first, onto))
    return Shift("days", (onto - first).days)


def instant(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant at which a local day begins; days around a clock change have 23 or 25 hours."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
