"""Calls of the other tools in the words of the cases: metric, dimension, period, horizon_days, amount, cadence …"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from roastery.evals.grading.asked import Ground, conditions, windows_equal

CREDITED = {
    "revenue": "revenue",
    "attributed_revenue": "revenue",
    "gross_revenue": "revenue",
    "roas": "revenue",
    "spend": "revenue",
    "orders": "orders",
    "attributed_orders": "orders",
    "conversions": "orders",
    "new_customers": "new_customers",
    "cac": "new_customers",
    "leads": "leads",
    "qualified_leads": "leads",
    "deals_won": "deals",
    "deals": "deals",
    "bookings": "bookings",
}
"""Metrics by the conversion that the attribution tools count for them."""
STEP_DAYS = {"day": 1, "week": 7, "month": 30.4}
FREE = frozenset({"rate", "paths", "steps", "limit", "level", "causes", "like_for_like"})


def argument_faults(expected: Mapping[str, Any], tool: str, call: Mapping[str, Any], ground: Ground) -> list[str]:
    """Parts in which a call differs from what is expected; only what is expected is looked at, and filters always."""
    faults = [
        name for name, value in expected.items() if name in CHECKS and not CHECKS[name](value, tool, call, ground)
    ]
    wanted = dict(expected)
    if expected.get("platform"):
        own = {"dimension": "platform", "op": "in", "values": [expected["platform"]]}
        wanted["filters"] = [*expected.get("filters", ()), own]
    takes = "filters" in call or tool not in NO_FILTERS
    if takes and conditions(wanted, ground) != conditions(_with_platform(call), ground):
        faults.append("filter")
    return faults


NO_FILTERS = frozenset({"data_health", "describe_metrics", "search_dimension_values", "create_schedule", "forecast_ltv",
                        "recommend_budget", "reconcile_sources"})  # fmt: skip


def _with_platform(call: Mapping[str, Any]) -> Mapping[str, Any]:
    if not call.get("platform"):
        return call
    own = {"dimension": "platform", "op": "in", "values": [call["platform"]]}
    return {**call, "filters": [*call.get("filters", ()), own]}


def _metrics_of(call: Mapping[str, Any]) -> set[str]:
    named = [call.get("metric"), call.get("conversion"), *call.get("metrics", ()), *call.get("names", ())]
    query = call.get("query") or {}
    return {str(n).split("__")[0] for n in (*named, *query.get("metrics", ())) if n}


def _metric(value: str, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    if tool in ("analyze_assets", "forecast_ltv", "create_schedule", "reconcile_sources"):
        return True
    if tool == "recommend_budget":
        wanted = "new_customers" if value in ("cac", "new_customers", "paid_cac") else "revenue"
        return bool((call.get("objective") or "revenue") == wanted)
    if tool in ("run_attribution", "compare_attribution", "customer_journeys"):
        default = "orders" if tool == "customer_journeys" else "revenue"
        own = call.get("conversion") or default
        return CREDITED.get(value, value) == own or (
            tool == "customer_journeys" and value in ("revenue", "attributed_revenue")
        )
    return value in _metrics_of(call)


def _metrics(value: list[str], tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    return all(_metric(v, tool, call, ground) for v in value)


KNOWN_SPLITS = ("platform", "channel", "campaign", "product", "category", "location", "region", "service", "owner",
                "plan", "segment", "franchise", "country", "service_area", "customer_type",
                "sales_channel")  # fmt: skip


def _dimensions_of(call: Mapping[str, Any]) -> set[str]:
    within = [d for d in KNOWN_SPLITS if d.replace("_", " ") in str(call.get("question", "")).lower()]
    return {str(d) for d in (call.get("dimension"), call.get("by"), *call.get("dimensions", ()), *within) if d}


def _dimension(value: str, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    own = _dimensions_of(call)
    if not own:
        own = {DEFAULT_SPLITS.get(tool, "")}
    return value in own


DEFAULT_SPLITS = {
    "run_attribution": "channel",
    "compare_attribution": "channel",
    "customer_journeys": "channel",
    "recommend_budget": "campaign",
    "analyze_assets": "asset",
}


def _dimensions(value: list[str], tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    return all(_dimension(v, tool, call, ground) for v in value)


def _period(value: Any, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    if tool == "forecast_metric":
        return windows_equal(ground.period(value, clipped=False), _ahead(call, ground))
    own = ground.period(call.get("period"))
    return own == ground.period(value)


def _ahead(call: Mapping[str, Any], ground: Ground) -> tuple[date, date] | None:
    if call.get("period"):
        return ground.period(call["period"], clipped=False)
    days = horizon_days(call, ground)
    return None if days is None else (ground.today, ground.today + timedelta(days=days))


def horizon_days(call: Mapping[str, Any], ground: Ground) -> int | None:
    """How far ahead a forecast looks, in days."""
    if call.get("horizon_days"):
        return int(call["horizon_days"])
    if call.get("horizon"):
        return round(call["horizon"] * STEP_DAYS[call.get("grain", "day")])
    ahead = ground.period(call.get("period"), clipped=False)
    return None if ahead is None else (ahead[1] - ground.today).days


def _horizon(value: int, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    own = horizon_days(call, ground) or (365 if tool == "forecast_ltv" else None)
    return own is not None and abs(own - int(value)) <= max(3, int(value) // 60)


def _compare(value: Any, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    base = call.get("period")
    return ground.compared(value, base) == ground.compared(call.get("compare_to") or "previous_period", base)


def _models(value: list[str], tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    own = {*call.get("attribution_models", ()), *([call["attribution_model"]] if call.get("attribution_model") else ())}
    return set(value) == own


def _model(value: str, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    return (call.get("attribution_model") or ground.organization.attribution.model) == value


def _amount(value: Any, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    own = next((call[n] for n in ("amount", "change", "extra", "budget") if call.get(n) is not None), None)
    return own is not None and Decimal(str(own)) == Decimal(str(value))


CADENCES = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly"}


def _rhythm(call: Mapping[str, Any]) -> Mapping[str, Any]:
    rhythm: Mapping[str, Any] = call.get("rhythm") or {}
    return rhythm


def _value(value: Any, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    own = next((call[n] for n in ("value", "threshold") if call.get(n) is not None), None)
    return own is not None and abs(Decimal(str(own))) == abs(Decimal(str(value)))


def _op(value: str, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    """Falling under a limit is the same as being below it."""
    same = {"gt": "over", "gte": "over", "lt": "under", "lte": "under", "above": "over", "below": "under"}
    return same.get(str(call.get("op")), str(call.get("op"))) == same.get(value, value)


def _source(value: str, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    own = call.get("source") or ""
    sources = [own] if isinstance(own, str) else list(own)
    return value in sources or value in call.get("sources", ()) or (not own and tool == "data_health")


def _search(value: str, tool: str, call: Mapping[str, Any], ground: Ground) -> bool:
    return (
        str(value).lower() in str(call.get("search", "")).lower()
        or str(call.get("search", "-")).lower() in str(value).lower()
    )


CHECKS: dict[str, Callable[..., bool]] = {
    "metric": _metric,
    "metrics": _metrics,
    "dimension": _dimension,
    "dimensions": _dimensions,
    "period": _period,
    "compare_to": _compare,
    "horizon_days": _horizon,
    "attribution_models": _models,
    "attribution_model": _model,
    "attribution_window_days": lambda v, tool, call, ground: call.get("attribution_window_days") == v,
    "amount": _amount,
    "value": _value,
    "op": _op,
    "source": _source,
    "search": _search,
    "cadence": lambda v, tool, call, ground: CADENCES.get(_rhythm(call).get("every", "week")) == v,
    "weekday": lambda v, tool, call, ground: _rhythm(call).get("weekday", "monday") == str(v).lower(),
    "time": lambda v, tool, call, ground: _rhythm(call).get("at", "08:00") == str(v),
}
