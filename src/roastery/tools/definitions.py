"""What the catalogue says of metrics and dimensions, in the terms that tools need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from roastery.tools.base import ToolContext
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.semantic.formula import Arithmetic, Name, Number, parse_formula


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
    """Those of the metrics whose slices sum to their total, whatever they are split by."""
    known = metrics_of(context)
    return frozenset(name for name in names if name in known and known[name].additivity == "additive")


def parts_of_ratio(context: ToolContext, metric: str) -> RatioParts | None:
    """Numerator and denominator of a ratio of sums; None for any other metric."""
    formula = getattr(metrics_of(context).get(metric), "formula", None)
    if not formula:
        return None
    try:
        node = parse_formula(formula) if isinstance(formula, str) else formula
    except BadQuery:
        return None
    scale = Decimal(1)
    if isinstance(node, Arithmetic) and node.sign == "*" and isinstance(node.left, Number):
        scale, node = node.left.value, node.right
    if not (isinstance(node, Arithmetic) and node.sign == "/"):
        return None
    above, below = node.left, node.right
    if isinstance(above, Arithmetic) and above.sign == "*" and isinstance(above.left, Number):
        scale, above = scale * above.left.value, above.right
    if not (isinstance(above, Name) and isinstance(below, Name)):
        return None
    if additive_metrics(context, (above.name, below.name)) != {above.name, below.name}:
        return None
    return RatioParts(above.name, below.name, scale)
