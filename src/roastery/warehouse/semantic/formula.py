"""Formulas over metrics: what `ratio`, `formula` and `choose` of a metric file say, as a tree that can be computed.

`a / b` is null where b is zero. `total(a, -b)` adds what is there and is null only where nothing is: a day with refunds
and no sales has a revenue. `+`, `-` and `*` are null where either side is. `given(a, b)` is a where b is known.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
import sqlglot
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlglot import expressions as sg

from roastery.warehouse.errors import BadQuery

Core = sa.ColumnElement[Any]


class safe_ratio(FunctionElement[Any]):
    """Numerator over denominator as a double, null over zero; SQLAlchemy's own `/` casts in ways engines differ in."""

    inherit_cache = True
    name = "safe_ratio"


@compiles(safe_ratio)
def _compile_ratio(element: safe_ratio, compiler: Any, **options: Any) -> str:
    over, under = (compiler.process(part, **options) for part in element.clauses)
    return f"(CAST({over} AS DOUBLE) / NULLIF(CAST({under} AS DOUBLE), 0))"


@dataclass(frozen=True)
class Name:
    """Another metric."""

    name: str


@dataclass(frozen=True)
class Number:
    value: Decimal


@dataclass(frozen=True)
class Arithmetic:
    """One of + - * / over two parts."""

    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Total:
    """A sum of what is there; each term with its sign."""

    terms: tuple[tuple[int, "Node"], ...]


@dataclass(frozen=True)
class Choice:
    """Another metric, chosen by a parameter of the query, e.g. refund_basis."""

    parameter: str
    options: tuple[tuple[str, "Node"], ...]


@dataclass(frozen=True)
class Present:
    """A part that is null, rather than zero, where its fact has no rows for a key."""

    node: "Node"


@dataclass(frozen=True)
class Given:
    """A part that is null unless all of the others are known."""

    node: "Node"
    known: tuple["Node", ...]


Node = Name | Number | Arithmetic | Total | Choice | Present | Given
RAW = "raw_"
"""Prefix of a measure's column before gaps are filled with zero."""
SIGNS: dict[type[sg.Expr], str] = {sg.Add: "+", sg.Sub: "-", sg.Mul: "*", sg.Div: "/"}


@cache
def parse_formula(text: str) -> Node:
    """Read a formula. Errors: BadQuery for anything beyond + - * / ( ), numbers, names, total() and given()."""
    try:
        return _read(sqlglot.parse_one(text, read="duckdb"), text)
    except sqlglot.errors.ParseError as error:
        raise BadQuery(f"The formula '{text}' cannot be read.") from error


def _read(tree: sg.Expr, text: str) -> Node:
    if isinstance(tree, sg.Paren):
        return _read(tree.this, text)
    if isinstance(tree, sg.Column) and not tree.table:
        return Name(tree.name)
    if isinstance(tree, sg.Literal) and not tree.is_string:
        return Number(Decimal(tree.name))
    if (sign := SIGNS.get(type(tree))) is not None:
        return Arithmetic(sign, _read(tree.this, text), _read(tree.expression, text))
    if isinstance(tree, sg.Anonymous) and tree.name.lower() == "total":
        return Total(tuple(_term(part, text) for part in tree.expressions))
    if isinstance(tree, sg.Anonymous) and tree.name.lower() == "given" and len(tree.expressions) > 1:
        first, *others = (_read(part, text) for part in tree.expressions)
        return Given(first, tuple(others))
    raise BadQuery(
        f"'{tree.sql()}' is not allowed in the formula '{text}'. Use + - * / ( ), metrics, total() and given()."
    )


def _term(tree: sg.Expr, text: str) -> tuple[int, Node]:
    return (-1, _read(tree.this, text)) if isinstance(tree, sg.Neg) else (1, _read(tree, text))


def names_in(node: Node) -> Iterator[str]:
    """The metrics that a formula reads, in order."""
    if isinstance(node, Name):
        yield node.name
    elif isinstance(node, Present):
        yield from names_in(node.node)
    elif isinstance(node, Arithmetic):
        yield from names_in(node.left)
        yield from names_in(node.right)
    elif isinstance(node, Total):
        for _, term in node.terms:
            yield from names_in(term)
    elif isinstance(node, Given):
        for part in (node.node, *node.known):
            yield from names_in(part)
    elif isinstance(node, Choice):
        for _, option in node.options:
            yield from names_in(option)


def strict_names(node: Node, inside: bool = False) -> Iterator[str]:
    """The names that are read before gaps are filled."""
    if isinstance(node, Name):
        yield from [node.name] if inside else []
    elif isinstance(node, Present):
        yield from strict_names(node.node, True)
    elif isinstance(node, Arithmetic):
        yield from strict_names(node.left, inside)
        yield from strict_names(node.right, inside)
    elif isinstance(node, Total):
        for _, term in node.terms:
            yield from strict_names(term, inside)
    elif isinstance(node, Given):
        for part in (node.node, *node.known):
            yield from strict_names(part, inside)


def core_of(node: Node, value: Callable[[str], Core]) -> Core:
    """The formula over the values of its names."""
    if isinstance(node, Name):
        return value(node.name)
    if isinstance(node, Present):
        return core_of(node.node, lambda name: value(RAW + name))
    if isinstance(node, Number):
        return sa.literal_column(str(node.value))
    if isinstance(node, Total):
        return _total([(sign, core_of(term, value)) for sign, term in node.terms])
    if isinstance(node, Given):
        known = sa.and_(*(core_of(part, value).is_not(None) for part in node.known))
        return sa.case((known, core_of(node.node, value)))
    if isinstance(node, Arithmetic):
        left, right = core_of(node.left, value), core_of(node.right, value)
        return safe_ratio(left, right) if node.sign == "/" else left.op(node.sign)(right)
    raise TypeError("A choice is made before a formula is computed.")


def _total(terms: list[tuple[int, Core]]) -> Core:
    zero: Core = sa.literal_column("0")
    added: Core = zero
    for sign, term in terms:
        added = added.op("+" if sign > 0 else "-")(sa.func.coalesce(term, zero))
    return sa.case((sa.func.coalesce(*(term for _, term in terms)).is_not(None), added))


def is_linear(node: Node, additive: Callable[[str], bool]) -> bool:
    """Whether the formula of sums is the sum of the formula: parts then add up to the total."""
    if isinstance(node, Name):
        return additive(node.name)
    if isinstance(node, Present):
        return is_linear(node.node, additive)
    if isinstance(node, Total):
        return all(is_linear(term, additive) for _, term in node.terms)
    if isinstance(node, Choice):
        return all(is_linear(option, additive) for _, option in node.options)
    if isinstance(node, Arithmetic):
        if node.sign in "+-":
            return is_linear(node.left, additive) and is_linear(node.right, additive)
        constant = isinstance(node.right, Number)
        flipped = node.sign == "*" and isinstance(node.left, Number)
        return (constant and is_linear(node.left, additive)) or (flipped and is_linear(node.right, additive))
    return False
