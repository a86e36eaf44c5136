"""Adds up the hand-written check rows of tests/cases/metrics.yml in decimals, by days and keys: a second formulation."""

# ruff: noqa: E501  (rows and cases read best on one line)

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from roastery.warehouse.declared import read_yaml
from roastery.warehouse.organization import WEEKDAYS, Organization
from tests.warehouse.semantic.company import ORGANIZATION

CASES = Path(__file__).parents[2] / "cases" / "metrics.yml"
OF_TOUCHES = ("credits", "credited_buyers", "credited_cohort", "visited", "visits")
NOTHING_IS_NONE = ("platform", "channel", "campaign", "page", "ad", "asset", "asset_type")
"""A touch or a visit may have none of these; what else is missing of one is unknown."""
NESTED = ("cohort_worth", "kept", "seen", "ad_shares", "paid_subscriptions", "known")
"""Views that stand inside others, in this order."""
Number = Decimal | None
Key = tuple[Any, ...]


@cache
def cases() -> dict[str, Any]:
    return read_yaml(CASES.read_text())


@dataclass(frozen=True)
class Asked:
    """The question that both sides answer."""

    start: date
    end: date
    dimensions: tuple[str, ...] = ()
    grain: str | None = None
    today: date = date(2026, 11, 10)
    organization: Organization = ORGANIZATION

    def bucket(self, day: date) -> date | None:
        """Walks back to the organization's first weekday, or the first month of its quarters and years."""
        if self.grain is None:
            return None
        if self.grain == "day":
            return day
        if self.grain == "week":
            while day.weekday() != WEEKDAYS.index(self.organization.week_start):
                day -= timedelta(days=1)
            return day
        if self.grain.startswith("fiscal_"):
            return self._fiscal(day)
        first = self.organization.fiscal_year_start
        quarters = [(first + n - 1) % 12 + 1 for n in (0, 3, 6, 9)]
        months = {"month": list(range(1, 13)), "quarter": quarters, "year": [first]}[self.grain]
        day = day.replace(day=1)
        while day.month not in months:
            day = (day - timedelta(days=1)).replace(day=1)
        return day

    def _fiscal(self, day: date) -> date:
        """Walks a fiscal year of whole weeks from its first day on, one period after another."""

        def first(year: int) -> date:
            around = [date(year, self.organization.fiscal_year_start, 1) + timedelta(days=n) for n in range(-3, 4)]
            return next(d for d in around if d.weekday() == WEEKDAYS.index(self.organization.week_start))

        begun = max(found for n in (-1, 0, 1) if (found := first(day.year + n)) <= day)
        periods = [int(weeks) for weeks in self.organization.fiscal_weeks.split("-")] * 4
        lengths = {"fiscal_period": periods, "fiscal_quarter": [13] * 4, "fiscal_year": [53]}[str(self.grain)]
        for weeks in lengths[:-1]:
            if day < begun + timedelta(weeks=weeks):
                return begun
            begun += timedelta(weeks=weeks)
        return begun

    def buckets(self) -> list[date | None]:
        last = min(self.end - timedelta(days=1), self.today)
        days = [self.start + timedelta(days=n) for n in range((last - self.start).days + 1)]
        return list(dict.fromkeys(self.bucket(day) for day in days))

    def bounds(self, bucket: date | None) -> tuple[date, date]:
        """First day and first day after of a bucket, within the period."""
        own = [day for day in self.days() if self.bucket(day) == bucket]
        return own[0], own[-1] + timedelta(days=1)

    def days(self) -> list[date]:
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days)]


@dataclass
class Part:
    """What one part of a metric adds up to. rows: keys with any row, counting or not."""

    values: dict[Key, list[Any]] = field(default_factory=dict)
    rows: set[Key] = field(default_factory=set)
    present: set[date | None] = field(default_factory=set)
    how: str = "sum"
    is_filtered: bool = False
    is_stock: bool = False
    absent_is_none: bool = False

    def keys(self) -> set[Key]:
        return set(self.values) if self.is_filtered else self.rows

    def at(self, key: Key) -> Number:
        if key in self.values:
            return AGGREGATES[self.how](self.values[key])
        if key in self.rows and not self.is_filtered:
            return Decimal(0) if self.how in ("count", "distinct") else None
        if self.absent_is_none and key not in self.rows:
            return None
        return Decimal(0) if key[0] in self.present and self.how != "median" else None


AGGREGATES: dict[str, Callable[[list[Any]], Decimal]] = {
    "sum": lambda values: sum(values, Decimal(0)),
    "count": lambda values: Decimal(len(values)),
    "distinct": lambda values: Decimal(len(set(values))),
    "median": lambda values: Decimal(repr(float(median(values)))),
    "ended_of_start": lambda values: sum(values, Decimal(0)),
}


class Oracle:
    """Answers by adding up rows that a hand-written SELECT lists."""

    def __init__(self, query: Callable[[str], list[dict[str, Any]]], organization: Organization = ORGANIZATION) -> None:
        self._query, self._organization = cache(lambda sql: tuple(query(sql))), organization
        self._rates: dict[str, list[tuple[date, Decimal]]] = {}
        for row in self._query(
            "SELECT base_currency, rate_date, rate FROM fx_rates "
            f"WHERE quote_currency = '{organization.currency}' ORDER BY rate_date"
        ):
            self._rates.setdefault(row["base_currency"], []).append((row["rate_date"], row["rate"]))

    def answer(self, metric: str, asked: Asked) -> dict[Key, Number]:
        """Every cell by (bucket, dimension values …)."""
        case = cases()["metrics"][metric]
        chosen = dict(case["parts"])
        for dimension in asked.dimensions:
            chosen |= case.get("instead", {}).get(dimension, {})
        parts = {name: self._part(spec, asked) for name, spec in chosen.items()}
        keys = set().union(*(part.keys() for part in parts.values()))
        if not asked.dimensions:
            keys |= {(bucket,) for bucket in asked.buckets()}
        return {key: self._is(case["is"], {name: part.at(key) for name, part in parts.items()}) for key in keys}

    @staticmethod
    def _is(text: str, values: dict[str, Number]) -> Number:
        return eval(text, {"__builtins__": {}}, {**values, **FUNCTIONS})

    def _part(self, spec: dict[str, Any], asked: Asked) -> Part:
        part = Part(how=spec.get("how", "sum"), is_filtered="only" in spec, is_stock=bool(spec.get("stock")))
        part.absent_is_none = spec.get("absent") == "none"
        part.is_filtered |= part.how == "ended_of_start"
        rows = self._rows(spec, asked)
        if not part.is_stock:
            self._add_flow(part, rows, spec, asked)
            return part
        for bucket in asked.buckets():
            start, end = asked.bounds(bucket)
            as_of = start if spec["stock"] == "start" else min(end, asked.today + timedelta(days=1))
            self._add_stock(part, rows, bucket, as_of, spec, asked)
        return part

    def _add_flow(self, part: Part, rows: Any, spec: dict[str, Any], asked: Asked) -> None:
        bucket_of = {day: asked.bucket(day) for day in asked.days()}
        begins = {bucket: min(d for d, b in bucket_of.items() if b == bucket) for bucket in set(bucket_of.values())}
        for row in rows:
            if row["day"] not in bucket_of:
                continue
            bucket = bucket_of[row["day"]]
            key = (bucket, *(row[f"by_{d}"] for d in asked.dimensions))
            part.present.add(bucket)
            part.rows.add(key)
            counted = row["value"] is not None
            if part.how == "ended_of_start":
                counted &= row["began"] < begins[bucket]
            if counted:
                rate_day = row["rate_day"] if row["rate_day"] is not None else row["day"]
                part.values.setdefault(key, []).append(self._worth(row, spec, rate_day))

    def _add_stock(self, part: Part, rows: Any, bucket: Any, as_of: date, spec: dict[str, Any], asked: Asked) -> None:
        for row in rows:
            if row["began"] is None or row["began"] >= as_of:
                continue
            key = (bucket, *(row[f"by_{d}"] for d in asked.dimensions))
            part.present.add(bucket)
            part.rows.add(key)
            holds = row["ended"] is None or row["ended"] >= as_of
            rate_day = (asked.end if spec.get("rate_at") == "end" else as_of) - timedelta(days=1)
            worth = self._worth(row, spec, rate_day) if holds else Decimal(0)
            part.values.setdefault(key, []).append(worth)

    def _worth(self, row: dict[str, Any], spec: dict[str, Any], day: date) -> Any:
        value = row["value"]
        if spec.get("how") in ("distinct", "median", "count"):
            return value
        value = Decimal(value)
        if spec.get("money") and (row["currency"] or self._organization.currency) != self._organization.currency:
            value *= [rate for since, rate in self._rates[row["currency"]] if since <= day][-1]
        return value

    def _rows(self, spec: dict[str, Any], asked: Asked) -> Any:
        views = cases()["views"]
        days = {"start": asked.start, "end": asked.end, "prior_start": asked.start - (asked.end - asked.start)}
        view = views[spec["from"]]
        for name, value in {**{name: views[name] for name in NESTED}, **days}.items():
            view = view.replace("{" + name + "}", str(value))
        view = view.replace("{currency}", self._organization.currency)
        view = view.replace("America/New_York", self._organization.time_zone)
        nones = NOTHING_IS_NONE if spec["from"] in OF_TOUCHES else ()
        value = spec.get("value", "1")
        if "only" in spec:
            value = f"CASE WHEN {spec['only']} THEN {value} END"
        shown = self._columns(view)
        columns = [f"{value} AS value"]
        columns += [
            name if name in shown else f"NULL AS {name}" for name in ("day", "rate_day", "currency", "began", "ended")
        ]
        empty = {d: "none" if d in nones else "unknown" for d in asked.dimensions}
        columns += [f"coalesce(nullif(CAST({d} AS VARCHAR), ''), '{empty[d]}') AS by_{d}" for d in asked.dimensions]
        inside = f" WHERE day >= DATE '{asked.start}' AND day < DATE '{asked.end}'" if "day" in shown else ""
        return self._query(f"SELECT {', '.join(columns)} FROM ({view}){'' if spec.get('stock') else inside}")

    def _columns(self, view: str) -> set[str]:
        return {row["column_name"] for row in self._query(f"SELECT column_name FROM (DESCRIBE {view})")}


def ratio(over: Number, under: Number) -> Number:
    return None if over is None or not under else over / under


def total(*terms: Number) -> Number:
    known = [term for term in terms if term is not None]
    return sum(known, Decimal(0)) if known else None


def plus(*terms: Number) -> Number:
    return None if any(term is None for term in terms) else total(*terms)


def minus(term: Number) -> Number:
    return None if term is None else -term


FUNCTIONS = {"ratio": ratio, "total": total, "plus": plus, "minus": minus}


def rounded(value: Number, unit: str) -> Number:
    """As a frame shows it."""
    if value is None or unit == "count":
        return value
    places = "0.01" if unit == "money" else "0.0001"
    return value.quantize(Decimal(places), ROUND_HALF_UP)
