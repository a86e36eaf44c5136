"""What the offline model can speak of: one organization's metrics, dimensions, own names, calendar and settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from roastery.agent.planner.dates import Calendar
from roastery.tools.base import ToolContext
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.organization import WEEKDAYS

MONTH_FIRST_CURRENCIES = frozenset({"USD"})
VALUES_PER_DIMENSION = 5_000


@dataclass(frozen=True)
class MetricTerm:
    """One metric of the catalogue, as far as understanding a question needs it."""

    name: str
    title: str = ""
    synonyms: tuple[str, ...] = ()
    unit: str = "count"
    dimensions: frozenset[str] | None = None
    definition: str = ""
    across_platforms: str | None = None

    def splits_by(self, dimension: str) -> bool:
        return self.dimensions is None or dimension in self.dimensions


@dataclass(frozen=True)
class DimensionTerm:
    """One dimension of the catalogue."""

    name: str
    title: str = ""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueTerm:
    """One value that a dimension has in this organization's data; `label` is its name as people see it."""

    dimension: str
    value: str
    label: str


@dataclass(frozen=True)
class Vocabulary:
    """All of it; equal keys (`key`) may share one lexicon."""

    metrics: Mapping[str, MetricTerm]
    dimensions: Mapping[str, DimensionTerm]
    values: tuple[ValueTerm, ...] = ()
    calendar: Calendar = field(default_factory=lambda: Calendar(today=_no_day()))
    currency: str = "USD"
    key: tuple[Any, ...] = ()


def _no_day() -> Any:
    raise ValueError("A vocabulary needs a calendar.")


SEARCHED = (
    "platform",
    "channel",
    "campaign",
    "ad_group",
    "product",
    "category",
    "promotion",
    "location",
    "region",
    "franchise",
    "brand",
    "service_area",
    "segment",
    "customer_type",
    "country",
    "sales_channel",
    "plan",
    "service",
    "audience",
    "objective",
    "asset",
    "workflow",
    "owner",
    "pipeline",
    "asset_type",
    "customer_stage",
    "stage",
    "source_system",
)
"""Dimensions whose values may be named in a question without naming the dimension."""


def calendar_of(context: ToolContext) -> Calendar:
    """Today and the organization's own beginnings of week and fiscal year."""
    organization = context.organization
    return Calendar(
        today=context.clock.today(organization.time_zone),
        week_start=WEEKDAYS.index(organization.week_start),
        fiscal_start=organization.fiscal_year_start,
        month_first=organization.currency in MONTH_FIRST_CURRENCIES,
    )


Terms = tuple[dict[str, MetricTerm], dict[str, DimensionTerm]]


class VocabularySource:
    """Builds vocabularies from the semantic layer; own names are kept until the data is built again."""

    def __init__(self, kept: int = 64) -> None:
        self._kept = kept
        self._values: dict[tuple[Any, ...], tuple[ValueTerm, ...]] = {}
        self._terms: dict[int, tuple[Any, Terms]] = {}

    def of(self, context: ToolContext) -> Vocabulary:
        """The vocabulary of who asks. Own names seen through a row scope are kept apart from everybody else's."""
        catalogue = context.metrics.catalogue
        build = _build_of(context)
        key = (context.organization.id, context.actor.scope_key, build)
        if build is None or key not in self._values:
            while len(self._values) >= self._kept:
                self._values.pop(next(iter(self._values)))
            self._values[key] = tuple(_values(context))
        metrics, dimensions = self._terms_of(catalogue)
        return Vocabulary(
            metrics=metrics,
            dimensions=dimensions,
            values=self._values[key],
            calendar=calendar_of(context),
            currency=context.organization.currency,
            key=(key, id(catalogue)),
        )

    def _terms_of(self, catalogue: Any) -> Terms:
        """The terms of a catalogue; the catalogue itself is kept beside them, so that its id stays its own."""
        kept = self._terms.get(id(catalogue))
        if kept is None:
            while len(self._terms) >= self._kept:
                self._terms.pop(next(iter(self._terms)))
            metrics = {m.name: m for m in metric_terms(catalogue)}
            kept = self._terms[id(catalogue)] = (catalogue, (metrics, {d.name: d for d in dimension_terms(catalogue)}))
        return kept[1]


def _build_of(context: ToolContext) -> str | None:
    warehouse = getattr(context.metrics, "warehouse", None)
    return None if warehouse is None else str(warehouse.state().build)


def metric_terms(catalogue: Any) -> Iterable[MetricTerm]:
    for name, metric in catalogue.metrics.items():
        allowed = getattr(metric, "dimensions", None)
        yield MetricTerm(
            name=name,
            title=getattr(metric, "title", "") or name.replace("_", " "),
            synonyms=tuple(getattr(metric, "synonyms", ()) or ()),
            unit=getattr(metric, "unit", "count"),
            dimensions=None if allowed is None else frozenset(allowed),
            definition=getattr(metric, "definition", ""),
            across_platforms=getattr(metric, "across_platforms", None),
        )


def dimension_terms(catalogue: Any) -> Iterable[DimensionTerm]:
    for name, dimension in catalogue.dimensions.items():
        title = getattr(dimension, "title", "") or name.replace("_", " ")
        yield DimensionTerm(name, title, tuple(getattr(dimension, "synonyms", ()) or ()))


def _values(context: ToolContext) -> Iterable[ValueTerm]:
    known = context.metrics.catalogue.dimensions
    for dimension in SEARCHED:
        if dimension not in known:
            continue
        try:
            found = context.metrics.dimension_values(
                dimension, limit=VALUES_PER_DIMENSION, row_scope=context.actor.row_scope
            )
        except RoasteryError:
            # Without data, or beyond what this person may see, a dimension has no names to read by.
            continue
        for value in found:
            if value.value:
                yield ValueTerm(dimension, value.value, value.label or value.value)
