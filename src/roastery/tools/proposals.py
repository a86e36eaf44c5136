"""The test that would settle where money works: a geo holdout where sales have places, else every other week."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools.analysis.holdout import Proposal, Switchback, propose_holdout, propose_switchback
from roastery.tools.base import Fact, FactPeriod, ToolContext
from roastery.tools.by_day import by_day
from roastery.tools.facts import FactBook, rounded
from roastery.tools.queries import ask
from roastery.tools.spending import History
from roastery.warehouse.errors import AskerError, DataError
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec

HISTORY_DAYS = 112
SHARES = (0.1, 0.15, 0.2, 0.3, 0.5)
"""Effects that a test is planned for, as shares of the outcome, the smallest first, until one can be found."""


@dataclass(frozen=True)
class Proposed:
    """A plan with its places (None without), and what to pause: `key` with its `label`."""

    plan: Proposal | Switchback
    places: str | None
    key: str
    label: str

    @property
    def said(self) -> dict[str, Any]:
        return {
            "kind": "geo" if self.places else "switchback",
            "places": self.places,
            "key": self.key,
            "pause": self.label,
        }

    def as_json(self) -> dict[str, Any]:
        plan = self.plan
        held = plan.places_held_out if isinstance(plan, Proposal) else None
        return {**self.said, "weeks": plan.weeks, "held_out": held, "detectable": round(plan.detectable, 4)}

    def facts(self, book: FactBook, period: FactPeriod, currency: str | None) -> dict[str, Fact]:
        plan = self.plan
        found = {"weeks": book.measured("holdout_weeks", plan.weeks, "count", period)}
        if isinstance(plan, Proposal):
            found["held_out"] = book.measured("places_held_out", plan.places_held_out, "count", period)
            found["places"] = book.measured("places", plan.places, "count", period)
        found["detectable"] = book.measured("detectable_effect", rounded(plan.detectable), "ratio", period)
        unit = "money" if currency else "count"
        cost = rounded(plan.cost, Decimal("0.01"))
        found["cost"] = book.measured("outcome_at_risk", cost, unit, period, currency=currency)
        return found


def propose(context: ToolContext, by: str, past: History) -> Proposed | None:
    """Pause what most is spent on, for the smallest effect that a test of bearable size would find."""
    spent = [n for n in range(len(past.names)) if past.today[n] > 0]
    if not spent:
        return None
    most = max(spent, key=lambda n: (past.today[n], -n))
    key = past.names[most]
    label = past.labels.get(key, key)
    first = max(past.first, past.end - timedelta(days=HISTORY_DAYS))
    for places in ("region", "location"):
        plan = _geo(context, past, places, (first, past.end))
        if plan is not None:
            return Proposed(plan, places, key, label)
    outcome = past.outcome[-HISTORY_DAYS:]
    for share in SHARES:
        try:
            return Proposed(propose_switchback(outcome, share), None, key, label)
        except (DataError, AskerError):
            continue
    return None


def _geo(context: ToolContext, past: History, places: str, days: tuple[Any, Any]) -> Proposal | None:
    query = MetricQuery(
        metrics=("orders",), dimensions=(places,), grain="day", period=PeriodSpec(start=days[0], end=days[1])
    )
    try:
        _, matrix = by_day(context, query, days[0], (days[1] - days[0]).days)
    except (AskerError, DataError):
        return None
    told = matrix[:, matrix.mean(axis=0) > 0] if matrix.size else np.zeros((0, 0))
    # Places that sell next to nothing of the whole cannot stand for it.
    if told.size == 0 or told.sum() < 0.5 * _whole(context, days):
        return None
    for share in SHARES:
        try:
            return propose_holdout(told, share)
        except (DataError, AskerError):
            continue
    return None


def _whole(context: ToolContext, days: tuple[Any, Any]) -> float:
    query = MetricQuery(metrics=("orders",), period=PeriodSpec(start=days[0], end=days[1]))
    return float(ask(context, query).frame.totals.get("orders") or 0)
