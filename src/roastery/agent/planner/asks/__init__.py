"""What can be asked beside numbers of a period: one file a tool, tried in order; the first that is meant answers."""

from roastery.agent.planner.asks import (
    alerts,
    anomalies,
    assets,
    attribution,
    budget,
    forecast,
    journeys,
    ltv,
    models,
    reconcile,
    schedules,
    why,
)
from roastery.agent.planner.asks.base import Ask

ASKS: tuple[Ask, ...] = (
    schedules.Schedules(),
    alerts.Alerts(),
    reconcile.Reconcile(),
    budget.Budget(),
    ltv.Ltv(),
    forecast.Forecast(),
    why.Why(),
    journeys.Journeys(),
    anomalies.Anomalies(),
    assets.Assets(),
    models.Models(),
    attribution.Attribution(),
)
BY_INTENT: dict[str, Ask] = {ask.intent: ask for ask in ASKS}

__all__ = ["ASKS", "BY_INTENT", "Ask"]
