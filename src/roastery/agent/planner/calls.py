"""The tool calls that ask what a question was understood to ask."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks import BY_INTENT
from roastery.agent.planner.reading import PLAIN, Reading, days_json


def tool_call(reading: Reading) -> tuple[str, dict[str, Any]]:
    """The tool and the arguments that ask what was understood; what was not asked is left out."""
    if ask := BY_INTENT.get(reading.intent):
        return ask.tool, ask.arguments(reading)
    if reading.intent == "describe":
        return "describe_metrics", {"names": list(reading.metrics)} if reading.metrics else {}
    if reading.intent == "health":
        return "data_health", {}
    if reading.intent == "values":
        search: dict[str, Any] = {"dimension": reading.dimensions[0]} if reading.dimensions else {}
        return "search_dimension_values", {**search, "search": reading.search} if reading.search else search
    if _suits_compare(reading):
        return "compare_periods", _compare_arguments(reading)
    return "query_metrics", _query_arguments(reading)


def tool_calls(reading: Reading) -> list[tuple[str, dict[str, Any]]]:
    """All calls of a reading: one, or one for each attribution model that is to be compared."""
    if len(reading.models) < 2 or reading.intent not in PLAIN:
        return [tool_call(reading)]
    return [tool_call(replace(reading, attribution_model=model)) for model in reading.models]


def _suits_compare(reading: Reading) -> bool:
    """compare_periods has no grain, order or limit; with any of these the comparison is a column of the query."""
    asked_more = reading.grain or reading.order_by or reading.limit or any(f.metric for f in reading.filters)
    return reading.compare is not None and not asked_more and len(reading.dimensions) <= 3


def _shared_arguments(reading: Reading) -> dict[str, Any]:
    arguments: dict[str, Any] = {"metrics": list(reading.metrics)}
    if reading.dimensions:
        arguments["dimensions"] = list(reading.dimensions)
    if reading.period is not None:
        arguments["period"] = days_json(reading.period)
    if reading.compare is not None:
        arguments["compare_to"] = reading.compare if isinstance(reading.compare, str) else days_json(reading.compare)
    if reading.filters:
        arguments["filters"] = [f.as_json() for f in reading.filters]
    for name in (
        "attribution_model",
        "attribution_window_days",
        "view_window_days",
        "attribution_date",
        "currency",
    ):
        if getattr(reading, name) is not None:
            arguments[name] = getattr(reading, name)
    return arguments


def _compare_arguments(reading: Reading) -> dict[str, Any]:
    return _shared_arguments(reading)


def _query_arguments(reading: Reading) -> dict[str, Any]:
    arguments = _shared_arguments(reading)
    if reading.grain:
        arguments["grain"] = reading.grain
    if reading.order_by:
        arguments["order_by"] = [{"field": reading.order_by[0], "direction": reading.order_by[1]}]
    elif reading.sorted_by_default:
        arguments["order_by"] = [{"field": reading.metrics[0], "direction": "desc"}]
    if reading.limit:
        arguments["limit"] = reading.limit
    return arguments
