"""The organization's own history of spend and outcome, day by day, as response curves are learned from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.base import ToolContext
from roastery.tools.queries import Asked, ask
from roastery.warehouse.errors import AskerError, BadPeriod, DataError, HistoryIncomplete, NoData
from roastery.warehouse.semantic.bound import OTHER
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec, TopSpec

LONGEST_DAYS = 730
TODAY_DAYS = 28
MOST_COLUMNS = 24
REST = "the rest"
NO_NAME = ("none", "unknown", "", None)
LEAST_DEMAND = 2.0


@dataclass(frozen=True)
class History:
    """Complete days in order: spend (days, names) in money a day, the outcome (days,), and demand beside it.

    today: mean spend a day of the last four weeks. worth: money of one outcome (1 where the outcome is money).
    metric: the outcome's own name. asked: the query of spend; outcome: that of the outcome.
    """

    names: tuple[str, ...]
    labels: dict[str, str]
    spend: Floats
    today: Floats
    outcome: Floats
    demand: Floats | None
    worth: Decimal | None
    metric: str
    first: date
    end: date
    asked: Asked
    counted: Asked
    caveats: tuple[str, ...]


def history(context: ToolContext, by: str, objective: str, period: PeriodSpec | None, currency: str | None) -> History:
    """Spend by day and by what money is moved between, with the outcome of the same days.

    Sales to new customers are what advertising moves within days; so revenue is learned on new customers and valued at
    their mean first sale. Where the history of sales is too young for that, on revenue itself.
    Errors: BadPeriod, NoData, MissingRate, NotAllowed.
    """
    days = _days(context, period)
    asked = _spend(context, by, days, currency)
    first = min((row["date"] for row in asked.frame.rows), default=days[0])
    days = (max(days[0], first), days[1])
    counted, metric, said = _outcome(context, objective, days, currency)
    days = (counted.frame.provenance.period.start, days[1])
    length = (days[1] - days[0]).days
    if length < 1:
        raise BadPeriod("There are no complete days with both spend and sales.")
    keys, labels, spend = _matrix(asked, by, days)
    if not keys:
        raise NoData("Nothing was spent in this period, so there is no money to move. Ask for one with spend.")
    outcome = _series(counted, metric, days)
    worth = None
    if metric == "new_customers" and objective == "revenue":
        worth = _worth(context, days, currency)
    elif metric == "revenue":
        worth = Decimal(1)
    return History(
        names=keys,
        labels=labels,
        spend=spend,
        today=spend[-TODAY_DAYS:].mean(axis=0),
        outcome=outcome,
        demand=_demand(context, days),
        worth=worth,
        metric=metric,
        first=days[0],
        end=days[1],
        asked=asked,
        counted=counted,
        caveats=(*said, *_gaps(spend, days)),
    )


def _days(context: ToolContext, period: PeriodSpec | None) -> tuple[date, date]:
    """Complete days only: what is not over or not whole would look like a fall."""
    today = context.clock.today(context.organization.time_zone)
    through = context.metrics.warehouse.state().complete_through
    end = min(today, through + timedelta(days=1)) if through else today
    if period is None:
        return end - timedelta(days=LONGEST_DAYS), end
    asked = context.metrics.resolve_period(period)
    return asked.start, min(asked.end, end)


def _spend(context: ToolContext, by: str, days: tuple[date, date], currency: str | None) -> Asked:
    """By day; of campaigns the largest and all others together, for two years of hundreds are more rows than one
    answer holds, and the last days would be missing."""
    query = MetricQuery(
        metrics=("spend",), dimensions=(by,), grain="day", period=PeriodSpec(start=days[0], end=days[1]),
        currency=currency, top=TopSpec(n=MOST_COLUMNS) if by == "campaign" else None,
    )  # fmt: skip
    return ask(context, query, max_rows=99_999)


def _outcome(
    context: ToolContext, objective: str, days: tuple[date, date], currency: str | None
) -> tuple[Asked, str, tuple[str, ...]]:
    def counted(metric: str, start: date) -> Asked:
        return ask(
            context,
            MetricQuery(
                metrics=(metric,), grain="day", period=PeriodSpec(start=start, end=days[1]), currency=currency,
                refund_basis="order_day" if metric == "revenue" else None,
            ),
            max_rows=99_999,
        )  # fmt: skip

    since = context.metrics.warehouse.state().history_since
    start = max(days[0], since) if since and since < days[1] else days[0]
    try:
        found = counted("new_customers", start)
        if sum(row["new_customers"] or 0 for row in found.frame.rows) > 0:
            said = ("Revenue is learned on new customers, each worth their mean first sale; later sales come on top.",)
            return found, "new_customers", said if objective == "revenue" else ()
    except HistoryIncomplete:
        if objective == "new_customers":
            raise
    said = ("Sales without a known first sale are learned from as they are, which is less certain.",)
    return counted("revenue", days[0]), "revenue", said


def _matrix(asked: Asked, by: str, days: tuple[date, date]) -> tuple[tuple[str, ...], dict[str, str], Floats]:
    """Spend by day and key, largest first; beyond two dozen keys, and without a name, in one column."""
    length = (days[1] - days[0]).days
    label = asked.labels.get(by, by)
    sums: dict[str, float] = {}
    labels: dict[str, str] = {}
    for row in asked.frame.rows:
        key = _key(row, by)
        sums[key] = sums.get(key, 0.0) + float(row["spend"] or 0)
        labels[key] = REST if key == REST else str(row.get(label) or key)
    named = sorted((k for k in sums if k != REST), key=lambda k: (-sums[k], k))
    kept = [k for k in named[:MOST_COLUMNS] if sums[k] > 0]
    keys = (*kept, *((REST,) if sum(sums.values()) > sum(sums[k] for k in kept) + 1e-9 else ()))
    place = {key: n for n, key in enumerate(keys)}
    spend = np.zeros((length, len(keys)))
    for row in asked.frame.rows:
        day = (row["date"] - days[0]).days
        at = place.get(_key(row, by), place.get(REST))
        if 0 <= day < length and at is not None:
            spend[day, at] += max(float(row["spend"] or 0), 0.0)
    labels[REST] = REST
    return keys, {key: labels[key] for key in keys}, spend


def _key(row: Mapping[str, Any], by: str) -> str:
    return REST if row[by] in NO_NAME or (by == "campaign" and row[by] == OTHER) else str(row[by])


def _series(asked: Asked, metric: str, days: tuple[date, date]) -> Floats:
    found = np.zeros((days[1] - days[0]).days)
    for row in asked.frame.rows:
        day = (row["date"] - days[0]).days
        if 0 <= day < len(found):
            found[day] = float(row[metric] or 0)
    return found


def _demand(context: ToolContext, days: tuple[date, date]) -> Floats | None:
    """Orders of customers who bought before: they follow demand, and hardly the advertising to new ones."""
    query = MetricQuery(
        metrics=("orders",), grain="day", period=PeriodSpec(start=days[0], end=days[1]),
        filters=(FilterSpec(dimension="customer_type", values=("returning",)),),
    )  # fmt: skip
    try:
        found = _series(ask(context, query, max_rows=99_999), "orders", days)
    except (AskerError, DataError):
        return None
    return found if found.mean() >= LEAST_DEMAND else None


def _worth(context: ToolContext, days: tuple[date, date], currency: str | None) -> Decimal | None:
    """Mean net revenue of a first sale over the last year of the days."""
    start = max(days[0], days[1] - timedelta(days=365))
    query = MetricQuery(
        metrics=("revenue", "orders"), period=PeriodSpec(start=start, end=days[1]), currency=currency,
        refund_basis="order_day", filters=(FilterSpec(dimension="customer_type", values=("new",)),),
    )  # fmt: skip
    totals = ask(context, query).frame.totals
    revenue, orders = totals.get("revenue"), totals.get("orders")
    return Decimal(revenue) / Decimal(orders) if revenue and orders else None


def _gaps(spend: Floats, days: tuple[date, date]) -> tuple[str, ...]:
    silent = int((spend.sum(axis=1) <= 0).sum())
    return (
        (f"No spend is reported on {silent} of the {len(spend)} days; they count as days without.",) if silent else ()
    )
