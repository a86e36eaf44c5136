"""What a question was understood to ask, and how it is kept with its turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from roastery.agent.planner.dates import Days

Intent = Literal[
    "query", "compare", "describe", "health", "values", "clarify", "refuse",
    "explain", "anomalies", "forecast", "ltv", "journeys", "assets", "budget", "reconcile", "attribution", "models",
    "alert", "schedule",
]  # fmt: skip


PLAIN = ("query", "compare")
"""What asks for numbers and nothing else."""
NO_VALUES = ("none", "unattributed", "unknown")
"""Rows that stand for no value of their dimension."""


@dataclass(frozen=True)
class Filter:
    """A condition on a dimension or a metric, as MetricQuery has it; `labels` are the names that people see."""

    field: str
    op: str
    values: tuple[str, ...]
    metric: bool = False
    labels: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"metric" if self.metric else "dimension": self.field, "op": self.op, "values": list(self.values)}


@dataclass(frozen=True)
class Reading:
    """One question, understood. `said` names the parts that the words themselves gave; follow-ups inherit the rest.

    rows: ids that its answer showed, as (dimension, value) in their order; known afterwards only.
    details: what only one tool knows, such as a limit to be alerted at or an amount to place.
    whether: what is to be confirmed by a yes or a no (whether.py); of this question only, never kept for the next.
    assumptions: sentences that the answer states. message and options: what is asked back, or why it is refused.
    """

    intent: Intent = "query"
    metrics: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    grain: str | None = None
    period: Days | None = None
    compare: Days | str | None = None
    filters: tuple[Filter, ...] = ()
    order_by: tuple[str, str] | None = None
    limit: int | None = None
    attribution_model: str | None = None
    attribution_window_days: int | None = None
    view_window_days: int | None = None
    attribution_date: str | None = None
    currency: str | None = None
    models: tuple[str, ...] = ()
    search: str = ""
    share: bool = False
    focus: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    said: frozenset[str] = frozenset()
    assumptions: tuple[str, ...] = ()
    message: str = ""
    options: tuple[str, ...] = ()
    pending: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    whether: Mapping[str, Any] = field(default_factory=dict)

    def assuming(self, *sentences: str) -> "Reading":
        return replace(self, assumptions=tuple(dict.fromkeys((*self.assumptions, *sentences))))

    @property
    def sorted_by_default(self) -> bool:
        return self.order_by is None and self.grain is None and bool(self.dimensions)


def days_json(days: Days) -> dict[str, str]:
    if days.name:
        return {"name": days.name}
    return {"start": days.start.isoformat(), "end": days.end.isoformat()}


def reading_json(reading: Reading) -> dict[str, Any]:
    """A reading as it is kept with its turn, so that the next question can inherit from it. It holds no rows."""
    kept: dict[str, Any] = {"intent": reading.intent}
    for name in ("metrics", "dimensions", "assumptions", "options", "models"):
        if getattr(reading, name):
            kept[name] = list(getattr(reading, name))
    for name in (
        "grain", "limit", "attribution_model", "attribution_window_days", "view_window_days", "attribution_date",
        "currency", "search", "share",
    ):  # fmt: skip
        if getattr(reading, name):
            kept[name] = getattr(reading, name)
    if reading.period:
        kept["period"] = _days_kept(reading.period)
    if reading.compare:
        kept["compare"] = reading.compare if isinstance(reading.compare, str) else _days_kept(reading.compare)
    if reading.filters:
        kept["filters"] = [{**f.as_json(), "labels": list(f.labels)} for f in reading.filters]
    if reading.order_by:
        kept["order_by"] = list(reading.order_by)
    if len(reading.focus) > 1:
        kept["focus"] = [list(f) for f in reading.focus]
    for name in ("pending", "details"):
        if getattr(reading, name):
            kept[name] = dict(getattr(reading, name))
    return kept


def reading_of(kept: Mapping[str, Any]) -> Reading:
    """The reading that `reading_json` kept."""
    compare = kept.get("compare")
    return Reading(
        intent=kept.get("intent", "query"),
        metrics=tuple(kept.get("metrics", ())),
        dimensions=tuple(kept.get("dimensions", ())),
        grain=kept.get("grain"),
        period=_days_of(kept["period"]) if kept.get("period") else None,
        compare=_days_of(compare) if isinstance(compare, Mapping) else compare,
        filters=tuple(_filter_of(f) for f in kept.get("filters", ())),
        order_by=(kept["order_by"][0], kept["order_by"][1]) if kept.get("order_by") else None,
        limit=kept.get("limit"),
        attribution_model=kept.get("attribution_model"),
        attribution_window_days=kept.get("attribution_window_days"),
        view_window_days=kept.get("view_window_days"),
        attribution_date=kept.get("attribution_date"),
        currency=kept.get("currency"),
        search=kept.get("search", ""),
        focus=_pairs(kept.get("focus", ())),
        rows=_pairs(kept.get("rows", ())),
        share=bool(kept.get("share")),
        assumptions=tuple(kept.get("assumptions", ())),
        options=tuple(kept.get("options", ())),
        pending=kept.get("pending", {}),
        models=tuple(kept.get("models", ())),
        details=kept.get("details", {}),
    )


def _pairs(kept: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(field), str(value)) for field, value in kept)


def reading_of_call(tool: str, arguments: Mapping[str, Any]) -> Reading | None:
    """What a tool call asked, read back; calls of an LLM are inherited from in the same way."""
    if tool not in ("query_metrics", "compare_periods") or not arguments.get("metrics"):
        return None
    order = (arguments.get("order_by") or [{}])[0]
    return Reading(
        intent="compare" if tool == "compare_periods" else "query",
        metrics=tuple(arguments["metrics"]),
        dimensions=tuple(arguments.get("dimensions", ())),
        grain=arguments.get("grain"),
        period=_spec_days(arguments.get("period")),
        compare=_spec_compare(arguments.get("compare_to"), tool),
        filters=tuple(_filter_of(f) for f in arguments.get("filters", ())),
        order_by=(order["field"], order.get("direction", "asc")) if order.get("field") else None,
        limit=arguments.get("limit"),
        attribution_model=arguments.get("attribution_model"),
        attribution_window_days=arguments.get("attribution_window_days"),
        view_window_days=arguments.get("view_window_days"),
        attribution_date=arguments.get("attribution_date"),
        currency=arguments.get("currency"),
    )


def _spec_days(spec: Any) -> Days | None:
    if not spec:
        return None
    if spec.get("name"):
        day = date(1970, 1, 1)
        return Days(day, day, _unit_of(spec["name"]), spec["name"])
    return Days(date.fromisoformat(str(spec["start"])), date.fromisoformat(str(spec["end"])))


def _unit_of(name: str) -> str:
    return next((u for u in ("week", "month", "quarter", "year") if u in name), "day")


def _spec_compare(spec: Any, tool: str) -> Days | str | None:
    if spec is None:
        return "previous_period" if tool == "compare_periods" else None
    return spec if isinstance(spec, str) else _spec_days(spec)


def _filter_of(kept: Mapping[str, Any]) -> Filter:
    metric = kept.get("metric")
    values = tuple(str(v) for v in kept.get("values", ()))
    labels = tuple(kept.get("labels", ()))
    return Filter(metric or kept["dimension"], kept.get("op", "in"), values, bool(metric), labels)


def _days_kept(days: Days) -> dict[str, Any]:
    return {"start": days.start.isoformat(), "end": days.end.isoformat(), "unit": days.unit, "name": days.name}


def _days_of(kept: Mapping[str, Any]) -> Days:
    start, end = date.fromisoformat(kept["start"]), date.fromisoformat(kept["end"])
    return Days(start, end, kept.get("unit", "day"), kept.get("name"))
