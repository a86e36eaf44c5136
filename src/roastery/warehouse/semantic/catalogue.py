"""The catalogue: what can be asked, as `/v1/metrics`, `/v1/dimensions`, the tools and the offline model see it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from roastery.warehouse.semantic.calendar import FISCAL, GRAINS
from roastery.warehouse.semantic.formula import Choice
from roastery.warehouse.semantic.load import shipped
from roastery.warehouse.semantic.model import Additivity, Semantics
from roastery.warehouse.semantic.spec import AcrossPlatforms, Direction, Format, Maturity, Role, Unit

ATTRIBUTION_PARAMETERS = ("attribution_model", "attribution_window_days", "view_window_days", "attribution_date")


@dataclass(frozen=True)
class MetricEntry:
    """One metric that can be asked. dimensions: what it can be split by, `date` by its grains aside (of which metrics
    of a whole period have none).

    formula: over other metrics, '' for a simple one. history: `sales` when it is refused before the sales history is
    complete. parameters: fields of a query that change it. maturity: how numbers of past days behave. minimum_age_days:
    how long a period must be over before it is known. roles: who may see it. version: of
    an organization's own metric, 0 for one that ships.
    """

    name: str
    family: str
    title: str
    definition: str
    unit: Unit
    synonyms: tuple[str, ...]
    kind: str
    formula: str
    additivity: Additivity
    across_platforms: AcrossPlatforms | None
    dimensions: tuple[str, ...]
    grains: tuple[str, ...]
    parameters: tuple[str, ...]
    history: str | None
    direction: Direction
    format: Format
    maturity: Maturity
    minimum_age_days: int
    roles: tuple[Role, ...]
    version: int = 0


@dataclass(frozen=True)
class DimensionEntry:
    """One dimension. label_column: the column of a frame that names its values, where they have names."""

    name: str
    title: str
    definition: str
    synonyms: tuple[str, ...]
    label_column: str | None
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All metrics and dimensions that can be asked, by name."""

    metrics: Mapping[str, MetricEntry]
    dimensions: Mapping[str, DimensionEntry]

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "metrics": [asdict(entry) for entry in self.metrics.values()],
            "dimensions": [asdict(entry) for entry in self.dimensions.values()],
        }


def shipped_catalogue() -> Catalogue:
    """The catalogue of the shipped metrics."""
    return catalogue_of(shipped())


@lru_cache(maxsize=256)
def catalogue_of(semantics: Semantics) -> Catalogue:
    """The catalogue of a model; one object, so that what is derived from it can be kept."""
    metrics = {name: _metric(semantics, name) for name in semantics.public}
    dimensions = {
        dimension.name: DimensionEntry(
            dimension.name,
            dimension.title,
            dimension.definition,
            dimension.synonyms,
            dimension.label_column,
            tuple(name for name, entry in metrics.items() if dimension.name in entry.dimensions),
        )
        for dimension in semantics.dimensions.values()
    }
    return Catalogue(MappingProxyType(metrics), MappingProxyType(dimensions))


def _metric(semantics: Semantics, name: str) -> MetricEntry:
    metric = semantics.metrics[name]
    return MetricEntry(
        name=name,
        family=metric.family,
        title=metric.title,
        definition=metric.definition,
        unit=metric.unit,
        synonyms=metric.synonyms,
        kind=metric.kind,
        formula=metric.written,
        additivity=semantics.additivity(name),
        across_platforms=semantics.sums_across_platforms(name),
        dimensions=semantics.allowed_dimensions(name),
        grains=()
        if any(m.fact.of_period for leaf in semantics.leaves(name) for m in leaf.measures)
        else (*GRAINS, *FISCAL),
        parameters=_parameters(semantics, name),
        history=next((part.history for part in semantics.ingredients(name) if part.history), None),
        direction=metric.direction,
        format=metric.format,
        maturity=semantics.maturity(name),
        minimum_age_days=max(part.minimum_age_days for part in semantics.ingredients(name)),
        roles=semantics.roles(name),
        version=metric.version,
    )


def _parameters(semantics: Semantics, name: str) -> tuple[str, ...]:
    found: list[str] = []
    if any(measure.fact.is_credits for leaf in semantics.leaves(name) for measure in leaf.measures):
        found += ATTRIBUTION_PARAMETERS
    if any(isinstance(part.formula, Choice) for part in semantics.ingredients(name)):
        found.append("refund_basis")
    return tuple(found)
