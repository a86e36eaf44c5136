"""create_alert: watch a metric, and tell somebody when it crosses a line or behaves unlike itself."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roastery.tools.acts import ActingTool, Proposal
from roastery.tools.alerts.threshold import WORDS, Op
from roastery.tools.base import ToolContext
from roastery.tools.definitions import dimensions_of, metrics_of
from roastery.tools.rhythm import Destination, Rhythm, in_sentence
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.semantic.query import FilterSpec, PeriodSpec

JUDGED = {"value": "", "change": "__change", "change_ratio": "__change_ratio"}


class NewAlert(BaseModel):
    """What is watched. kind threshold needs op and value; value is in the metric's unit, ratios as 0.05.

    judged: the metric itself, or its change against the period before, absolute or as a ratio.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    kind: Literal["threshold", "anomaly"] = "threshold"
    op: Op | None = None
    value: Decimal | None = None
    judged: Literal["value", "change", "change_ratio"] = "value"
    dimensions: tuple[str, ...] = Field(default=(), description="Each slice of these is judged on its own.")
    filters: tuple[FilterSpec, ...] = ()
    period: PeriodSpec = PeriodSpec(name="yesterday")
    name: str = ""
    destinations: tuple[Destination, ...] = ()
    rhythm: Rhythm = Rhythm()

    @model_validator(mode="after")
    def _has_a_line(self) -> "NewAlert":
        if self.kind == "threshold" and (self.op is None or self.value is None):
            raise ValueError(f"a threshold needs op ({', '.join(WORDS)}) and value; kind 'anomaly' needs neither")
        if self.kind == "anomaly" and (self.op is not None or self.value is not None):
            raise ValueError("an anomaly alert learns what is usual; leave op and value out, or use kind 'threshold'")
        return self


class CreateAlert(ActingTool[NewAlert]):
    """Proposes an alert; once approved it is stored with the schedule that looks at it."""

    name = "create_alert"
    description = (
        "Set up an alert on one metric: when it is above or below a value (kind threshold), or unlike its usual self "
        "(kind anomaly). It is only proposed: a person approves it before it exists. Use it when asked to watch, "
        "alert, warn or notify."
    )
    arguments = NewAlert

    def proposal(self, context: ToolContext, arguments: NewAlert) -> Proposal:
        metrics, dimensions = metrics_of(context), dimensions_of(context)
        if arguments.metric not in metrics:
            raise UnknownName("metric", arguments.metric, metrics)
        for dimension in arguments.dimensions:
            if dimension not in dimensions:
                raise UnknownName("dimension", dimension, dimensions)
        title = metrics[arguments.metric].title
        split = "".join(f", for each {dimensions[name].title.lower()}" for name in arguments.dimensions)
        only = "".join(f", only {_filter_words(f)}" for f in arguments.filters)
        name = arguments.name or f"{title} {_line(arguments)}{split}{only}"
        document = {
            "name": name,
            "rule": _rule(arguments),
            "destinations": [d.model_dump() for d in arguments.destinations],
            "cron": arguments.rhythm.line,
        }
        assert context.actions is not None
        checked = context.actions.check(self.name, document)
        told = ", ".join(Destination(**d).words for d in checked["destinations"])
        will = (
            f"{arguments.rhythm.sentence_start} ({context.organization.time_zone}) I look at {in_sentence(title)} "
            f"{_window(arguments.period)}{split}{only}, and tell {told} when it is {_line(arguments)}, once for each "
            f"crossing."
        )
        return Proposal(f"Alert “{name}”", will, checked)


def _rule(arguments: NewAlert) -> dict[str, Any]:
    filters = [f.model_dump(mode="json", exclude_defaults=True) for f in arguments.filters]
    if arguments.kind == "anomaly":
        rule: dict[str, Any] = {"kind": "anomaly", "metric": arguments.metric}
        if arguments.dimensions:
            rule["dimensions"] = list(arguments.dimensions)
        if filters:
            rule["filters"] = filters
        return rule
    query: dict[str, Any] = {
        "metrics": [arguments.metric],
        "dimensions": list(arguments.dimensions),
        "filters": filters,
        "period": arguments.period.model_dump(mode="json", exclude_none=True),
    }
    if arguments.judged != "value":
        query["compare_to"] = "previous_period"
    metric = arguments.metric + JUDGED[arguments.judged]
    return {"kind": "threshold", "query": query, "metric": metric, "op": arguments.op, "value": str(arguments.value)}


def _line(arguments: NewAlert) -> str:
    if arguments.kind == "anomaly" or arguments.op is None:
        return "unlike its usual self"
    against = {"value": "", "change": " in change", "change_ratio": " in relative change"}[arguments.judged]
    return f"{WORDS[arguments.op]} {arguments.value}{against}"


def _window(period: PeriodSpec) -> str:
    return f"of {period.name.replace('_', ' ')}" if period.name else f"from {period.start} to before {period.end}"


def _filter_words(found: FilterSpec) -> str:
    return f"{found.dimension or found.metric} {found.op.replace('_', ' ')} {', '.join(map(str, found.values))}".strip()
