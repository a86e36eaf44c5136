"""How a metric's own formula moved it: one exact effect a driver, together the whole change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from roastery.tools import facts
from roastery.tools.analysis.apportion import settle
from roastery.tools.analysis.contribution import Formula, Product, Total, factor_split, leaves
from roastery.tools.analysis.errors import CannotTell
from roastery.tools.base import Fact, ToolContext
from roastery.tools.definitions import parts_of_ratio
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import Cells
from roastery.warehouse.semantic import formula as tree
from roastery.warehouse.semantic.model import Metric

CONSTANT = "#"
NEARLY = Fraction(1, 1000)
"""How far a formula's value may lie from the metric's own (its parts are rounded) before it is no formula of it."""


@dataclass(frozen=True)
class Driver:
    """One driver of a metric: what it was, what it is, and what that did to the metric."""

    name: str
    title: str
    now: Fact
    before: Fact
    change: Fact
    effect: Fact


def formula_of(context: ToolContext, metric: str, refund_basis: str = "order_day") -> tree.Node | None:
    """What drives a metric: its `drivers`, else the formula that defines it; None where it is simply counted."""
    found: Metric = context.metrics.semantics.metrics[metric]
    node = found.drivers or found.formula
    if isinstance(node, tree.Choice):
        chosen: str = next(tree.names_in(dict(node.options)[refund_basis]))
        return formula_of(context, chosen, refund_basis)
    return node


def names_of(context: ToolContext, node: tree.Node) -> tuple[str, ...]:
    """The metrics to ask for: the drivers, and numerator and denominator of those that are ratios."""
    found: dict[str, None] = {}
    for name in tree.names_in(node):
        found[name] = None
        parts = parts_of_ratio(context, name)
        found.update(dict.fromkeys(parts.names if parts else ()))
    return tuple(found)


def drivers(
    context: ToolContext, book: FactBook, metric: str, node: tree.Node, cells: Cells
) -> tuple[tuple[Driver, ...], str]:
    """The effects of a metric's drivers, summing to its change exactly, and why there are none ('' where there are).

    cells: facts of the metric and of all `names_of` the formula, in both periods.
    """
    names = tuple(dict.fromkeys(tree.names_in(node)))
    change = cells.change[metric]
    if len(names) < 2 or not change.value:
        return (), ""
    exact = {name: (_exact(context, cells.now, name), _exact(context, cells.before, name)) for name in names}
    missing = [name for name, pair in exact.items() if None in pair]
    if missing:
        return (), f"{_title(context, missing[0])} has no value in one of the periods, so its effect is not known."
    shape = _shape(node)
    constants = {name: float(name[1:]) for name in leaves(shape) if name.startswith(CONSTANT)}
    now = {name: float(pair[0] or 0) for name, pair in exact.items()} | constants
    before = {name: float(pair[1] or 0) for name, pair in exact.items()} | constants
    try:
        split = factor_split(shape, before, now, _quantum(change))
    except CannotTell as cannot:
        return (), cannot.message
    if _differs(split.after, cells.now[metric]) or _differs(split.before, cells.before[metric]):
        return (), f"The drivers of {_title(context, metric)} cover a part of it only, so they do not explain it."
    effects = settle([float(split.effects[name]) for name in names], change.value, _quantum(change))
    pure = split.method == "lmdi" and isinstance(shape, Product) and all(isinstance(p, str) for p in _inside(shape))
    made = []
    for name, value in zip(names, effects, strict=True):
        inputs = [cells.now[metric], cells.before[metric], *_parts_facts(context, cells, name)]
        if pure and cells.now[metric].value != cells.before[metric].value:
            sign = "" if name in shape.factors else "0 - "  # type: ignore[union-attr]
            written = _written(context, cells, metric, name, sign)
            effect = book.computed(facts.by_formula, cells.now[metric], "effect", value, written, inputs)
        else:
            effect = book.computed(facts.by_method, cells.now[metric], "effect", value, "shapley", inputs)
        facts_of = (cells.now[name], cells.before[name], cells.change[name])
        made.append(Driver(name, _title(context, name), *facts_of, effect))
    return tuple(made), ""


def _written(context: ToolContext, cells: Cells, metric: str, name: str, sign: str) -> str:
    """LMDI over the facts: (R1 - R0) / ln(R1 / R0) * ln(x1 / x0), against the sign in a divisor."""
    r1, r0 = cells.now[metric].id, cells.before[metric].id
    x1, x0 = (_ratio_text(context, side, name) for side in (cells.now, cells.before))
    return f"{sign}({r1} - {r0}) / ln({r1} / {r0}) * ln({x1} / {x0})"


def _ratio_text(context: ToolContext, side: Mapping[str, Fact], name: str) -> str:
    parts = parts_of_ratio(context, name)
    return f"({side[parts.numerator].id} / {side[parts.denominator].id})" if parts else side[name].id


def _parts_facts(context: ToolContext, cells: Cells, name: str) -> list[Fact]:
    parts = parts_of_ratio(context, name)
    return [side[part] for side in (cells.now, cells.before) for part in (parts.names if parts else (name,))]


def _exact(context: ToolContext, side: Mapping[str, Fact], name: str) -> Fraction | None:
    """A driver before rounding: a ratio from its own sums."""
    parts = parts_of_ratio(context, name)
    if parts is None:
        value = side[name].value
        return None if value is None else Fraction(value)
    above, below = side[parts.numerator].value, side[parts.denominator].value
    return None if above is None or not below else Fraction(parts.scale) * Fraction(above) / Fraction(below)


def _shape(node: tree.Node) -> Formula:
    if isinstance(node, tree.Name):
        return node.name
    if isinstance(node, tree.Present):
        return _shape(node.node)
    if isinstance(node, tree.Total):
        more = tuple(_shape(term) for sign, term in node.terms if sign > 0)
        return Total(more, tuple(_shape(term) for sign, term in node.terms if sign < 0))
    if isinstance(node, tree.Arithmetic) and node.sign in "+-":
        left, right = _shape(node.left), _shape(node.right)
        return Total((left, right)) if node.sign == "+" else Total((left,), (right,))
    above, below = _factors(node)
    return Product(tuple(above), tuple(below))


def _factors(node: tree.Node) -> tuple[list[Formula], list[Formula]]:
    """Factors and divisors of a product; a number is a name of its own that never changes."""
    if isinstance(node, tree.Number):
        return [f"{CONSTANT}{node.value}"], []
    if isinstance(node, tree.Arithmetic) and node.sign in "*/":
        above, below = _factors(node.left)
        more, less = _factors(node.right)
        return (above + more, below + less) if node.sign == "*" else (above + less, below + more)
    return [_shape(node)], []


def _inside(product: Product) -> Iterator[Any]:
    yield from (*product.factors, *product.divisors)


def _differs(said: Decimal, fact: Fact) -> bool:
    value = fact.value or Decimal(0)
    return abs(Fraction(said) - Fraction(value)) > NEARLY * max(abs(Fraction(value)), Fraction(1))


def _quantum(fact: Fact) -> Decimal:
    exponent = (fact.value or Decimal("0.0001")).as_tuple().exponent
    return Decimal(1).scaleb(exponent if isinstance(exponent, int) else -4)


def _title(context: ToolContext, name: str) -> str:
    title: str = context.metrics.semantics.metrics[name].title
    return title
