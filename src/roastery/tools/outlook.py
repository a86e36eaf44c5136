"""What a forecast is asked for: the steps to come, the period that they complete, the history, the target."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.forecast import Forecast, forecast_series, reconcile
from roastery.tools.analysis.members import DAYS, MONTHS, WEEKS
from roastery.tools.analysis.silence import habitual
from roastery.tools.base import ToolContext
from roastery.tools.definitions import dimensions_of, metrics_of
from roastery.tools.frame_facts import held_by_filters
from roastery.tools.known_days import known_days
from roastery.tools.series import Series, is_reported, series_of
from roastery.warehouse.errors import BadPeriod, BadQuery, ImpossibleSplit, UnknownName
from roastery.warehouse.semantic.calendar import step
from roastery.warehouse.semantic.query import FilterSpec, Period

HORIZON = {"day": 28, "week": 8, "month": 3}
HISTORY_DAYS = 1_100
LEAST = {"day": DAYS.least, "week": WEEKS.least, "month": MONTHS.least}
MOST_PARTS, MOST_STEPS = 12, 400
OTHERS = "all others"
NOTHING = 0.005
TARGETS = """
SELECT target_id, filters, period_start, period_end, value, currency FROM targets
WHERE metric = ? ORDER BY period_end - period_start, period_start, target_id
"""


@dataclass(frozen=True)
class Target:
    """What was planned for a period."""

    value: Decimal
    period: Period | None


@dataclass(frozen=True)
class Outlook:
    """history [start, end) as asked. period: what a total is wanted of, where it is more than the steps to come."""

    metric: str
    grain: Literal["day", "week", "month"]
    horizon: int | None
    history: Period
    period: Period | None
    target: Target | None


def plan_of(context: ToolContext, arguments: Any) -> Outlook:
    """Errors: UnknownName, ImpossibleSplit, BadQuery for a metric without values over time, BadPeriod for the past."""
    known = metrics_of(context)
    if arguments.metric not in known:
        raise UnknownName("metric", arguments.metric, known)
    entry = known[arguments.metric]
    if not entry.grains:
        raise BadQuery(f"{entry.title} is of a whole period and has no value over time, so it cannot be forecast.")
    for dimension in arguments.dimensions:
        if dimension not in dimensions_of(context):
            raise UnknownName("dimension", dimension, dimensions_of(context))
        if dimension not in entry.dimensions:
            raise ImpossibleSplit(arguments.metric, dimension, entry.dimensions)
    if arguments.dimensions and entry.additivity == "non_additive":
        raise BadQuery(f"Slices of {entry.title} do not sum to the whole, so forecast one slice at a time by a filter.")
    today = context.clock.today(context.organization.time_zone)
    history = Period(today - timedelta(days=HISTORY_DAYS), today)
    if arguments.history is not None:
        history = context.metrics.resolve_period(arguments.history)
    period = context.metrics.resolve_period(arguments.period) if arguments.period else None
    if period is not None and period.end <= history.end:
        raise BadPeriod("This period is over; ask for its numbers rather than for a forecast.")
    target = _target(context, arguments, period, history.end)
    if period is None and target is not None and arguments.horizon is None:
        period = target.period
    grain: Literal["day", "week", "month"] = "day" if period is not None else arguments.grain
    return Outlook(arguments.metric, grain, arguments.horizon, history, period, target)


def _target(context: ToolContext, arguments: Any, period: Period | None, today: date) -> Target | None:
    """The asked target, else the one of the dataset `targets` for the same filters and the period that is running."""
    if arguments.target is not None:
        return Target(arguments.target, period)
    if metrics_of(context)[arguments.metric].additivity != "additive":
        return None
    currency = arguments.currency or context.organization.currency
    held = held_by_filters(arguments.filters)
    for row in context.metrics.warehouse.query(TARGETS, [arguments.metric]).to_pylist():
        found = Period(row["period_start"], row["period_end"])
        fits = (found.start, found.end) == (period.start, period.end) if period else found.start <= today < found.end
        if row["value"] is None or not fits or _held(row["filters"]) != held:
            continue
        if row["currency"] and metrics_of(context)[arguments.metric].unit == "money" and row["currency"] != currency:
            continue
        return Target(Decimal(row["value"]), found)
    return None


def _held(written: Any) -> dict[str, str]:
    """Filters of a target, kept as JSON: a list as in a query, or {dimension: value}."""
    value = json.loads(written) if isinstance(written, str) and written.strip() else written
    if not value:
        return {}
    if isinstance(value, Mapping):
        return {str(name): str(v) for name, v in value.items()}
    return held_by_filters([FilterSpec.model_validate(item) for item in value])


@dataclass(frozen=True)
class Read:
    """The whole as a series, and its parts: columns that sum to it, the last one all that is not named."""

    whole: Series
    parts: tuple[str, ...]
    values: Floats
    steps_ahead: tuple[date, ...]


def read(context: ToolContext, arguments: Any, plan: Outlook) -> Read:
    """Errors: NoData, TooLittleData."""
    start, end = plan.history.start, plan.history.end
    whole = series_of(context, arguments, plan.metric, None, plan.grain, start, end)
    seen = np.flatnonzero(np.isfinite(_rates(whole)[:, 0]))
    if not len(seen):
        raise TooLittleData(f"{metrics_of(context)[plan.metric].title} has no values yet to forecast from.")
    # What was nothing until some day had not begun; a series of nothing but zeros is one.
    begun = np.flatnonzero(np.nan_to_num(_rates(whole)[:, 0]))
    whole = _from_first(whole, int(begun[0] if len(begun) else seen[0]))
    ahead = _ahead(whole, plan)
    if not ahead:
        raise BadPeriod("Everything of this period is there already; ask for its numbers rather than for a forecast.")
    if len(ahead) > MOST_STEPS:
        raise BadPeriod(f"That is {len(ahead)} {plan.grain}s ahead; at most {MOST_STEPS} can be forecast.")
    values = _rates(whole)
    if not arguments.dimensions:
        return Read(whole, (), values, ahead)
    by = series_of(context, arguments, plan.metric, arguments.dimensions[0], plan.grain, start, end)
    place = [by.steps.index(day) for day in whole.steps if day in by.steps]
    named = np.full((len(whole.steps), len(by.slices)), np.nan)
    named[len(whole.steps) - len(place) :] = by.values[place]
    enough = [
        n for n in range(len(by.slices))
        if np.isfinite(named[:, n]).sum() >= LEAST[plan.grain]
        and len(named) - int(np.isfinite(named[:, n]).argmax()) >= LEAST[plan.grain]
    ][:MOST_PARTS]  # fmt: skip
    parts = np.nan_to_num(named[:, enough])
    rest = np.where(np.isfinite(values[:, 0]), values[:, 0] - parts.sum(axis=1), np.nan)
    columns = np.column_stack([values, np.where(np.isfinite(values), parts, np.nan)])
    names = tuple(by.slices[n] for n in enough)
    if float(np.nanmax(np.abs(rest), initial=0.0)) > NOTHING:
        return Read(whole, (*names, OTHERS), np.column_stack([columns, rest]), ahead)
    return Read(whole, names, columns, ahead)


def _rates(series: Series) -> Floats:
    if series.weights is None:
        return series.values
    rates = np.full(series.values.shape, np.nan)
    np.divide(series.values, series.weights, out=rates, where=np.nan_to_num(series.weights) > 0)
    return rates


def _from_first(series: Series, first: int) -> Series:
    return replace(
        series, steps=series.steps[first:], ends=series.ends[first:], values=series.values[first:],
        weights=None if series.weights is None else series.weights[first:],
    )  # fmt: skip


def _ahead(whole: Series, plan: Outlook) -> tuple[date, ...]:
    """The first days of the steps to come."""
    found: list[date] = []
    day = whole.ends[-1]
    count = plan.horizon or HORIZON[plan.grain]
    while (day < plan.period.end) if plan.period else (len(found) < count):
        found.append(day)
        day = step(day, plan.grain, 1)
        if len(found) > MOST_STEPS:
            break
    return tuple(found)


@dataclass(frozen=True)
class Said:
    """The forecast, the path of the whole and of its parts after they agree, and known days to come.

    quiet: steps without rows that were taken as steps on which nothing happened.
    """

    forecast: Forecast
    whole: Floats
    parts: Floats
    known: tuple[str, ...]
    quiet: int = 0


def forecast(context: ToolContext, arguments: Any, plan: Outlook, series: Read) -> Said:
    """Errors: TooLittleData."""
    whole = series.whole
    last = step(series.steps_ahead[-1], plan.grain, 1)
    known = known_days(context, whole.steps[0], last - timedelta(days=1), arguments.known_days)
    steps = (*whole.steps, *series.steps_ahead)
    days = [(step(day, plan.grain, 1) - day).days for day in steps]
    floor = None if np.nanmin(series.values, initial=0.0) < 0 else 0.0
    values, quiet = _with_quiet(context, plan, series.values)
    made = forecast_series(
        values, len(series.steps_ahead), grain=plan.grain, events=known.codes(steps, days),
        level=arguments.level, floor=floor,
    )  # fmt: skip
    path, parts = made.expected[:, 0], made.expected[:, 1:]
    if len(series.parts):
        errors = _errors(made)
        agreed = reconcile(path, parts, float(errors[0]), errors[1:])
        path, parts = agreed.whole, agreed.parts
    names = known.between(series.steps_ahead[0], last) if plan.grain == "day" else ()
    return Said(made, path, parts, names, quiet)


def _with_quiet(context: ToolContext, plan: Outlook, values: Floats) -> tuple[Floats, int]:
    """Zero where nothing happened by habit, and how many such steps the whole has.

    Without it a firm that sells every other day would be forecast to sell every day. What platforms report, rates and
    stocks are left as they are: their silence is no zero.
    """
    entry = metrics_of(context)[plan.metric]
    if entry.additivity != "additive" or is_reported(context, (plan.metric,)):
        return values, 0
    empty = habitual(values, DAYS.season if plan.grain == "day" else 1)
    return np.where(empty, 0.0, values), int(empty[:, 0].sum())


def _errors(made: Forecast) -> Floats:
    """Root mean squares of the back-test's errors, by column."""
    off = made.back_test.forecast - made.back_test.actual
    seen = np.isfinite(off)
    squares = np.where(seen, off, 0.0) ** 2
    return np.asarray(np.sqrt(squares.sum(axis=(0, 1)) / np.maximum(seen.sum(axis=(0, 1)), 1)), dtype=np.float64)
