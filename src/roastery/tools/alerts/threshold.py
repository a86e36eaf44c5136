"""threshold: a metric of any MetricQuery lies above or below a number, for the whole or for any of its slices."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roastery.tools.alerts.base import AlertKind, BacktestDay, Evaluation, Hit
from roastery.tools.base import Fact, ToolContext
from roastery.tools.library.query_metrics import query_result
from roastery.tools.queries import ask
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import HistoryIncomplete, NoData
from roastery.warehouse.semantic.query import MetricQuery, Period

Op = Literal["gt", "gte", "lt", "lte"]
OPERATORS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
WORDS: dict[str, str] = {"gt": "above", "gte": "at or above", "lt": "below", "lte": "at or below"}


class ThresholdRule(BaseModel):
    """metric: one of the query's, or a comparison of one such as `roas__change_ratio`. value: in the metric's unit.

    at_least: other metrics of the query that a slice must reach to be judged, so that small ones stay quiet.
    quiet_days: after a firing, the same slice is not told again until its window ends that many days later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["threshold"] = "threshold"
    query: MetricQuery
    metric: str
    op: Op
    value: Decimal
    at_least: dict[str, Decimal] = Field(default_factory=dict)
    quiet_days: int = Field(default=1, ge=0, le=365)
    judge_incomplete: bool = False

    @model_validator(mode="after")
    def _speaks_of_its_query(self) -> "ThresholdRule":
        base, _, suffix = self.metric.partition("__")
        if base not in self.query.metrics:
            raise ValueError(f"the metric '{self.metric}' is not among the query's: {', '.join(self.query.metrics)}")
        if suffix not in ("", "previous", "change", "change_ratio"):
            raise ValueError(f"'{self.metric}' is neither a metric nor its previous, change or change_ratio")
        if suffix and self.query.compare_to is None:
            raise ValueError(f"'{self.metric}' needs a compare_to in the query")
        for name in self.at_least:
            if name not in self.query.metrics:
                raise ValueError(f"at_least speaks of '{name}', which is not among the query's metrics")
        if self.query.grain is not None:
            raise ValueError("the query of an alert has no grain; its period is the window")
        return self


class Threshold(AlertKind[ThresholdRule]):
    """Judged on complete windows only, unless the rule says otherwise: half a day of spend is below everything."""

    name = "threshold"
    rule = ThresholdRule

    def evaluate(self, context: ToolContext, rule: ThresholdRule) -> Evaluation:
        asked = ask(context, rule.query.model_copy(update={"limit": None, "order_by": ()}), self.name)
        made = asked.frame.provenance
        arguments = asked.receipt.arguments
        # The receipt reruns as the query that it is.
        receipt = asked.receipt.model_copy(update={"tool": "query_metrics", "arguments": arguments})
        result = query_result(context, replace(asked, receipt=receipt))
        if not rule.judge_incomplete and (skipped := _why_incomplete(context, made.complete_through, made.period)):
            return Evaluation(made.period, (), result, skipped)
        by_id = {fact.id: fact for fact in result.facts}
        rows = result.tables[0].fact_ids if rule.query.dimensions else (result.data["totals"],)
        hits = [hit for ids in rows if (hit := _hit(rule, {column: by_id[id] for column, id in ids.items()}))]
        return Evaluation(made.period, tuple(hits), result)

    def fired(self, rule: ThresholdRule, evaluation: Evaluation, last_windows: Mapping[str, str]) -> tuple[Hit, ...]:
        end = evaluation.window.end
        told = []
        for hit in evaluation.hits:
            last = last_windows.get(hit.slice_key)
            if last is None or end >= date.fromisoformat(last) + timedelta(days=rule.quiet_days):
                told.append(hit)
        return tuple(told)

    def backtest(self, context: ToolContext, rule: ThresholdRule, days: Sequence[date]) -> list[BacktestDay]:
        found, last_windows = [], dict[str, str]()
        for day in days:
            try:
                evaluation = self.evaluate(_as_of(context, day), rule)
            except (HistoryIncomplete, NoData) as error:
                window = Period(day, day + timedelta(days=1))
                evaluation = Evaluation(window, (), None, error.message)
            fired = self.fired(rule, evaluation, last_windows)
            last_windows |= {hit.slice_key: evaluation.window.end.isoformat() for hit in fired}
            found.append(BacktestDay(day, evaluation, fired))
        return found


def _as_of(context: ToolContext, day: date) -> ToolContext:
    """The context as it stood in the morning of a past day: periods such as yesterday mean the days before it."""
    clock = Clock(datetime.combine(day, datetime.min.time(), tzinfo=context.organization.zone) + timedelta(hours=12))
    return replace(context, clock=clock, metrics=type(context.metrics)(context.metrics.warehouse, clock))


def _why_incomplete(context: ToolContext, complete_through: str | None, window: Period) -> str:
    """Why the last day of a window may still change; '' when every day of it is whole."""
    last = window.end - timedelta(days=1)
    if last >= context.clock.today(context.organization.time_zone):
        return f"The window ends on {last}, which is not over."
    if complete_through is not None and date.fromisoformat(complete_through[:10]) < last:
        return f"The data is complete only through {complete_through[:10]}."
    return ""


def _hit(rule: ThresholdRule, cells: Mapping[str, Fact]) -> Hit | None:
    """The slice of one row, by the facts of its columns, if the condition holds for it."""
    judged = cells[rule.metric]
    if judged.value is None or not OPERATORS[rule.op](judged.value, rule.value):
        return None
    for name, least in rule.at_least.items():
        reached = cells[name].value
        if reached is None or reached < least:
            return None
    own = {name: judged.dimensions[name] for name in rule.query.dimensions}
    return Hit(_slice_key(own), own, judged)


def _slice_key(dimensions: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(dimensions.items())) or "all"
