"""anomaly: a metric, or one of its slices, is unlike its usual self on the last complete day, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.alerts.base import AlertKind, BacktestDay, Evaluation, Hit
from roastery.tools.asking import KnownDays
from roastery.tools.base import Fact, ToolContext, ToolResult
from roastery.tools.library.detect_anomalies import DetectAnomalies, DetectAnomaliesArguments
from roastery.tools.library.explain_change import ExplainChange, ExplainChangeArguments
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import AskerError, DataError, HistoryIncomplete, NoData
from roastery.warehouse.semantic.query import FilterSpec, Period, PeriodSpec

JUDGED_DAYS = {"day": 7, "week": 28}
LOOKED_BACK_DAYS = 7


class AnomalyRule(BaseModel):
    """`metric` as a whole and over the values of `dimensions`.

    alerts_a_month: how many false alerts are bearable; it sets how unlike a day has to be. quiet_days: after a firing,
    the same slice is not told again until its window ends that many days later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["anomaly"] = "anomaly"
    metric: str
    dimensions: tuple[str, ...] = Field(default=(), max_length=3)
    filters: tuple[FilterSpec, ...] = ()
    grain: Literal["day", "week"] = "day"
    direction: Literal["up", "down", "both"] = "both"
    alerts_a_month: float = Field(default=1.0, gt=0, le=100)
    known_days: tuple[KnownDays, ...] = Field(default=(), max_length=50)
    explain: bool = True
    quiet_days: int = Field(default=7, ge=0, le=365)


class Anomaly(AlertKind[AnomalyRule]):
    """An episode counts while it reaches the last complete day or week; what is over is not told late."""

    name = "anomaly"
    rule = AnomalyRule

    def evaluate(self, context: ToolContext, rule: AnomalyRule) -> Evaluation:
        today = context.clock.today(context.organization.time_zone)
        asked = Period(today - timedelta(days=JUDGED_DAYS[rule.grain]), today)
        arguments = DetectAnomaliesArguments(
            metrics=(rule.metric,), dimensions=rule.dimensions, filters=rule.filters, grain=rule.grain,
            direction=rule.direction, alerts_a_month=rule.alerts_a_month, known_days=rule.known_days,
            period=PeriodSpec(start=asked.start, end=asked.end),
        )  # fmt: skip
        result = DetectAnomalies().run(context, arguments)
        window = _last_step(result, asked)
        by_id = {fact.id: fact for fact in result.facts}
        found = [i for i in result.data["incidents"] if i["end"] == window.end.isoformat()]
        hits = []
        for incident in found:
            cause = self._cause(context, rule, incident) if rule.explain and not incident["where"] else ""
            hits.append(Hit(_slice_key(incident), dict(incident["where"]), _told(incident, by_id), cause))
        return Evaluation(window, tuple(hits), result)

    def fired(self, rule: AnomalyRule, evaluation: Evaluation, last_windows: Mapping[str, str]) -> tuple[Hit, ...]:
        end = evaluation.window.end
        return tuple(
            hit
            for hit in evaluation.hits
            if (last := last_windows.get(hit.slice_key)) is None
            or end >= date.fromisoformat(last) + timedelta(days=rule.quiet_days)
        )

    def backtest(self, context: ToolContext, rule: AnomalyRule, days: Sequence[date]) -> list[BacktestDay]:
        found, last_windows = [], dict[str, str]()
        for day in days:
            try:
                evaluation = self.evaluate(_as_of(context, day), rule)
            except (HistoryIncomplete, NoData) as error:
                evaluation = Evaluation(Period(day, day + timedelta(days=1)), (), None, error.message)
            fired = self.fired(rule, evaluation, last_windows)
            last_windows |= {hit.slice_key: evaluation.window.end.isoformat() for hit in fired}
            found.append(BacktestDay(day, evaluation, fired))
        return found

    def _cause(self, context: ToolContext, rule: AnomalyRule, incident: Mapping[str, Any]) -> str:
        """The slice behind what happened to the whole, against the same weekdays before; '' where none stands out."""
        start, end = (date.fromisoformat(incident[k]) for k in ("start", "end"))
        back = timedelta(days=-(-(end - start).days // LOOKED_BACK_DAYS) * LOOKED_BACK_DAYS)
        asked = ExplainChangeArguments(
            metric=rule.metric, filters=rule.filters, period=PeriodSpec(start=start, end=end),
            compare_to=PeriodSpec(start=start - back, end=end - back),
        )  # fmt: skip
        try:
            told = ExplainChange().run(context, asked)
        except (AskerError, DataError):
            return ""
        sure = [c for c in told.data["causes"] if c["evidence"] in ("clear", "likely")]
        if not sure:
            return ""
        texts = {label.id: label.text for label in told.labels}
        return " / ".join(texts[label] for label in sure[0]["labels"])


def _told(incident: Mapping[str, Any], by_id: Mapping[str, Fact]) -> Fact:
    """What came; where nothing came, what was expected."""
    actual: Fact = by_id[incident["actual"]]
    return actual


def _last_step(result: ToolResult, asked: Period) -> Period:
    """The last day or week that was judged."""
    first, last = (date.fromisoformat(result.data["judged"][k]) for k in ("last_start", "last_end"))
    return Period(max(first, asked.start), last)


def _slice_key(incident: Mapping[str, Any]) -> str:
    where = "&".join(f"{name}={value}" for name, value in sorted(incident["where"].items()))
    return f"{incident['metric']}:{where or 'all'}"


def _as_of(context: ToolContext, day: date) -> ToolContext:
    """The context as it stood in the morning of a past day."""
    clock = Clock(datetime.combine(day, datetime.min.time(), tzinfo=context.organization.zone) + timedelta(hours=12))
    door = context.metrics
    return replace(context, clock=clock, metrics=type(door)(door.warehouse, clock, role=door.role))
