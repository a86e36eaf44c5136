"""A query whose names are known to exist, whose periods are days and whose defaults are written out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from roastery.warehouse.organization import AttributionDate, RefundBasis
from roastery.warehouse.semantic.calendar import Calendar
from roastery.warehouse.semantic.formula import Node, names_in, strict_names
from roastery.warehouse.semantic.model import Dimension, Fact, Measure, Metric, Window
from roastery.warehouse.semantic.query import Grain, MetricQuery, Op, Period

Scope = Mapping[str, tuple[str, ...]]
"""What an asker may see: by dimension, the values; nothing means everything."""
EVERYTHING: Scope = MappingProxyType({})

Suffix = Literal["", "__previous", "__change", "__change_ratio", "__share"]
COMPARE_SUFFIXES: tuple[Suffix, ...] = ("__previous", "__change", "__change_ratio")
SHARE: Suffix = "__share"
OTHER = "other"
"""The row of all values of a dimension that are not among the asked first ones."""


@dataclass(frozen=True)
class Attribution:
    """How sales are credited. windows None: each campaign's own, else the organization's."""

    model: str
    window_days: int | None
    view_window_days: int | None
    date: AttributionDate

    @property
    def is_stored(self) -> bool:
        """Whether the stored credits, made under the default windows, answer it."""
        return self.window_days is None and self.view_window_days is None


@dataclass(frozen=True)
class BoundMetric:
    """A metric as a formula over measures, by their ids. shown: asked for, not only needed by a filter or an order."""

    metric: Metric
    formula: Node
    shown: bool = True

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names_in(self.formula)))


@dataclass(frozen=True)
class BoundFilter:
    """A condition on a dimension. is_scope: what the asker may see, by exact value, rather than what was asked."""

    dimension: str
    op: Op
    values: tuple[str, ...]
    is_scope: bool = False


@dataclass(frozen=True)
class MetricFilter:
    """A condition on a metric, its comparison included, after aggregation."""

    metric: str
    suffix: Suffix
    op: Op
    values: tuple[str, ...]


@dataclass(frozen=True)
class BoundOrder:
    """kind: a key (`date`, a dimension), a label column, or a metric with its suffix."""

    kind: Literal["key", "label", "metric"]
    name: str
    suffix: Suffix = ""
    descending: bool = False


@dataclass(frozen=True)
class Top:
    """The first n values of a dimension by a metric; all others are the row `other`."""

    dimension: Dimension
    by: BoundMetric
    n: int
    descending: bool


@dataclass(frozen=True)
class BoundQuery:
    """One question, bound: everything that decides the numbers stands here."""

    asked: MetricQuery
    metrics: tuple[BoundMetric, ...]
    measures: Mapping[str, Measure]
    dimensions: tuple[Dimension, ...]
    filter_dimensions: tuple[Dimension, ...]
    grain: Grain | None
    period: Period
    compare: Period | None
    filters: tuple[BoundFilter, ...]
    metric_filters: tuple[MetricFilter, ...]
    order: tuple[BoundOrder, ...]
    limit: int
    currency: str
    organization_currency: str
    time_zone: str
    organization_zone: str
    is_rezoned: bool
    attribution: Attribution
    refund_basis: RefundBasis
    calendar: Calendar
    assumptions: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    shares_within: tuple[str, ...] = ()
    top: Top | None = None
    channel_rules_version: int = 0

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def today(self) -> date:
        return self.calendar.today

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns of a row, in order."""
        return (*(("date",) if self.grain else ()), *(d.name for d in self.dimensions))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every fact that is read, once."""
        return tuple({measure.fact.name: measure.fact for measure in self.measures.values()}.values())

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows of cumulative values, each once."""
        return tuple(dict.fromkeys(measure.window for measure in self.measures.values() if measure.window))

    @property
    def filtered(self) -> Mapping[str, Dimension]:
        """The dimensions that conditions speak of, by name."""
        return {dimension.name: dimension for dimension in self.filter_dimensions}

    @property
    def strict_measures(self) -> frozenset[str]:
        """Measures that some metric reads before gaps are filled with zero."""
        return frozenset(name for metric in self.metrics for name in strict_names(metric.formula))

    @property
    def shown(self) -> tuple[BoundMetric, ...]:
        return tuple(metric for metric in self.metrics if metric.shown)

    def metric(self, name: str) -> BoundMetric:
        return next(metric for metric in self.metrics if metric.name == name)

    def facts_of(self, metric: BoundMetric) -> Iterator[Fact]:
        return (self.measures[measure].fact for measure in metric.measures)
