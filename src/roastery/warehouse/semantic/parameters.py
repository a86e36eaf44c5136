"""Every value of a query that its SQL takes as a parameter, by name.

SQL is compiled once per shape of query (names, splits, kinds of conditions) and kept; days, filter values, zone, model
and limit are filled in each time. So nothing that differs between two queries of one shape may be written into the SQL:
it has a name here.
"""

from collections.abc import Hashable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic.bound import BoundFilter, BoundQuery
from roastery.warehouse.semantic.calendar import FISCAL, instant, shift_between
from roastery.warehouse.semantic.expression import Core
from roastery.warehouse.semantic.model import DATE, Window
from roastery.warehouse.semantic.plan import WHOLE, Branch, Plan
from roastery.warehouse.semantic.query import Op, Period

TEXT_OPS: tuple[Op, ...] = ("in", "eq", "not_in", "ne", "contains", "starts_with")


@cache
def place(name: str) -> Core:
    """A named place in the SQL, filled with `values_of` when it runs."""
    return sa.bindparam(name, type_=sa.types.NullType(), required=False, value=None)


def filter_places(item: BoundFilter, number: int) -> list[Core]:
    return [place(f"filter_{number}_{n}") for n in range(len(item.values))]


def values_of(bound: BoundQuery, last_rate_day: date | None) -> dict[str, Any]:
    """The values of all places that any SQL of the query may have."""
    found: dict[str, Any] = {
        "zone": bound.time_zone,
        "organization_zone": bound.organization_zone,
        "model": bound.attribution.model,
        "currency": bound.currency,
        "organization_currency": bound.organization_currency,
        "limit": bound.limit + 1,
        "last_rate_day": last_rate_day,
        **_days("now", bound.period, bound),
        **_prior_days("now", bound.period, bound),
    }
    if bound.compare is not None:
        found |= _days("before", bound.compare, bound) | _prior_days("before", bound.compare, bound)
        if bound.grain in FISCAL:
            found["shift_from"], found["shift_to"] = map(
                list, zip(*bound.calendar.beside(bound.compare, bound.period, bound.grain), strict=True)
            )
        elif bound.grain:
            found["shift"] = shift_between(bound.calendar, bound.compare, bound.period, bound.grain).count
    for window in bound.windows:
        found |= _window_days(window, bound)
    if bound.top is not None:
        found["top"] = bound.top.n
    for number, item in enumerate(bound.filters):
        for n, value in enumerate(item.values):
            found[f"filter_{number}_{n}"] = _filter_value(item, value)
    for number, condition in enumerate(bound.metric_filters):
        found |= {f"having_{number}_{n}": Decimal(value) for n, value in enumerate(condition.values)}
    return found


def _window_days(window: Window, bound: BoundQuery) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for when, period in (("now", bound.period), ("before", bound.compare)):
        for name, of_whole in ((when + window.tag + WHOLE, True), (when + window.tag, False)):
            if period is not None:
                counted = windowed(window, period, bound, of_whole=of_whole)
                found |= _days(name, counted, bound) | _prior_days(name, counted, bound)
    return found


def windowed(window: Window, period: Period, bound: BoundQuery, *, of_whole: bool) -> Period:
    """The days that a window counts at the end of a whole period; else all that any bucket of the period counts."""
    end = max(min(period.end, bound.today + timedelta(days=1)), period.start + timedelta(days=1))
    first = end - timedelta(days=1) if of_whole else period.start
    if window.over == "trailing":
        return Period(first - timedelta(days=window.days - 1), end)
    return Period(bound.calendar.bucket(first, window.unit) if window.unit else period.start, end)


def _filter_value(item: BoundFilter, value: str) -> Any:
    if item.dimension == DATE:
        return date.fromisoformat(value)
    return value


def _days(when: str, period: Period, bound: BoundQuery) -> dict[str, Any]:
    # A stock is that of the period's end, but never of a day that has not begun.
    as_of = min(period.end, bound.today + timedelta(days=1))
    found: dict[str, Any] = {f"{when}_start": period.start, f"{when}_end": period.end, f"{when}_as_of": as_of}
    for name, day in (("start", period.start), ("end", period.end), ("as_of", as_of)):
        found[f"{when}_{name}_at"] = instant(day, bound.zone)
    if bound.grain:
        last = min(period.end - timedelta(days=1), bound.today)
        first = bound.calendar.bucket(period.start, bound.grain)
        found[f"{when}_first_bucket"] = first
        found[f"{when}_last_bucket"] = max(first, bound.calendar.bucket(last, bound.grain))
        if bound.grain in FISCAL:
            until = Period(period.start, max(last, period.start) + timedelta(days=1))
            found[f"{when}_buckets"] = bound.calendar.buckets(until, bound.grain)
    return found


def _prior_days(when: str, period: Period, bound: BoundQuery) -> dict[str, Any]:
    """The days before a period, where a fact looks at them."""
    if not any(fact.of_period == "prior_start" for fact in bound.facts):
        return {}
    prior = bound.calendar.before(period)
    return {f"{when}_prior_start": prior.start, f"{when}_prior_end": prior.end}


def shape_of(bound: BoundQuery, conversions: Mapping[str, bool]) -> Hashable:
    """What decides the SQL's text: two queries of one shape differ in values only."""
    return (
        tuple((metric.name, metric.shown, metric.formula) for metric in bound.metrics),
        tuple((name, measure.key) for name, measure in bound.measures.items()),
        tuple(dimension.name for dimension in bound.dimensions),
        bound.grain,
        bound.compare is not None,
        tuple(map(_kind, bound.filters)),
        tuple((f.metric, f.suffix, f.op, len(f.values)) for f in bound.metric_filters),
        bound.order,
        bound.shares,
        bound.shares_within,
        (bound.top.dimension.name, bound.top.by.name, bound.top.by.formula, bound.top.descending)
        if bound.top
        else None,
        _settings(bound),
        tuple(sorted(conversions.items())),
    )


def shape_of_branch(planned: Plan, branch: Branch, converting: bool) -> Hashable:
    """What decides the text of one branch, whatever else its query asks; without a top and without chosen keys."""
    return (
        (branch.number, branch.when, branch.fact.name, branch.at, branch.presence, branch.window, branch.of_whole),
        tuple((name, measure.key) for name, measure in branch.measures),
        tuple((number, _kind(item)) for number, item in branch.filters),
        (planned.keys, planned.grain, converting),
        _settings(planned.bound),
    )


def _kind(item: BoundFilter) -> Hashable:
    return item.dimension, item.op, len(item.values), item.is_scope


def _settings(bound: BoundQuery) -> Hashable:
    """What the organization and the query's attribution decide about every branch."""
    attribution = bound.attribution
    return (
        bound.is_rezoned,
        attribution.date,
        None if attribution.is_stored else (attribution.model, attribution.window_days, attribution.view_window_days),
        bound.organization_currency,
        bound.calendar.week_start,
        bound.calendar.fiscal_year_start,
        bound.calendar.fiscal_weeks,
    )
