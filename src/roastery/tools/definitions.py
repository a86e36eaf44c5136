"""What the catalogue says of metrics and dimensions, in the terms that tools need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from roastery.tools.base import ToolContext
from roastery.warehouse.semantic.formula import Arithmetic, Name, Number, Present


@dataclass(frozen=True)
class RatioParts:
    """A ratio of sums: scale · numerator / denominator, both metrics whose slices sum."""

    numerator: str
    denominator: str
    scale: Decimal = Decimal(1)

    @property
    def names(self) -> tuple[str, str]:
        return self.numerator, self.denominator


def metrics_of(context: ToolContext) -> Mapping[str, Any]:
    """The catalogue's metrics by name."""
    found: Mapping[str, Any] = context.metrics.catalogue.metrics
    return found


def dimensions_of(context: ToolContext) -> Mapping[str, Any]:
    """The catalogue's dimensions by name."""
    found: Mapping[str, Any] = context.metrics.catalogue.dimensions
    return found


def additive_metrics(context: ToolContext, names: Iterable[str]) -> frozenset[str]:
    """Those of the metrics whose slices sum to their total; values at period end do so over all but time."""
    known = metrics_of(context)
    return frozenset(name for name in names if name in known and known[name].additivity != "non_additive")


def label_columns(context: ToolContext, dimensions: Iterable[str]) -> dict[str, str]:
    """The column that names a dimension's values, for each dimension that has one."""
    known = dimensions_of(context)
    found = {name: known[name].label_column for name in dimensions if name in known}
    return {name: column for name, column in found.items() if column}


def parts_of_ratio(context: ToolContext, metric: str) -> RatioParts | None:
    """Numerator and denominator of a ratio of sums; None for any other metric. Ask them through `with_parts`."""
    known = context.metrics.semantics.metrics
    if metric not in known or known[metric].kind != "ratio":
        return None
    node: Any = known[metric].formula
    scale = Decimal(1)
    above, below = node.left, node.right
    if isinstance(above, Arithmetic) and above.sign == "*" and isinstance(above.left, Number):
        scale = above.left.value
        above = above.right
    if isinstance(above, Present):
        above = above.node
    if not (isinstance(above, Name) and isinstance(below, Name)):
        return None
    if any(context.metrics.semantics.additivity(name) == "non_additive" for name in (above.name, below.name)):
        return None
    return RatioParts(above.name, below.name, scale)


def with_parts(context: ToolContext, names: Iterable[str]) -> ToolContext:
    """The context itself, or one whose catalogue also holds the parts of ratios that have no public name."""
    if all(name in metrics_of(context) for name in names):
        return context
    return replace(context, metrics=context.metrics.with_hidden())
