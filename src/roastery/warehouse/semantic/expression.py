"""Expressions of the metric files: a small allow-listed SQL, parsed once, built into SQLAlchemy Core on demand.

Only what stands in the tables below gets through, so that a file of metrics can neither reach another table nor use a
construct that another engine would read differently.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
import sqlglot
from sqlalchemy.sql.elements import Grouping
from sqlglot import expressions as sg

from roastery.warehouse.errors import BadQuery, UnknownName

Core = sa.ColumnElement[Any]
Columns = Callable[[str | None, str], Core]
Parameters = Mapping[str, Core]
NO_PARAMETERS: Parameters = MappingProxyType({})

BINARY: dict[type[sg.Expr], str] = {
    sg.EQ: "=",
    sg.NEQ: "<>",
    sg.GT: ">",
    sg.GTE: ">=",
    sg.LT: "<",
    sg.LTE: "<=",
    sg.Add: "+",
    sg.Sub: "-",
    sg.Mul: "*",
}
WIDE: Core = sa.literal_column("CAST(0 AS DECIMAL(20, 6))")
COMPARISONS = ("=", "<>", ">", ">=", "<", "<=")


def _hours_between(start: Core, end: Core) -> Core:
    return sa.func.date_diff(sa.literal_column("'second'"), start, end).op("/")(sa.literal_column("3600.0"))


def _days_between(start: Core, end: Core) -> Core:
    return sa.func.date_diff(sa.literal_column("'second'"), start, end).op("/")(sa.literal_column("86400.0"))


FUNCTIONS: dict[str, Callable[..., Core]] = {
    "coalesce": sa.func.coalesce,
    "nullif": sa.func.nullif,
    "lower": sa.func.lower,
    "greatest": sa.func.greatest,
    "least": sa.func.least,
    "month_of": lambda day: sa.func.strftime(day, sa.literal_column("'%Y-%m'")),
    "hours_between": _hours_between,
    "days_between": _days_between,
}
NAMED = (sg.Coalesce, sg.Nullif, sg.Lower, sg.Greatest, sg.Least)


@dataclass(frozen=True)
class Expression:
    """One parsed expression: its text, the columns and the parameters that it reads."""

    text: str
    columns: frozenset[tuple[str | None, str]]
    parameters: frozenset[str]
    tree: sg.Expr = field(repr=False, compare=False)

    def core(self, columns: Columns, parameters: Parameters = NO_PARAMETERS) -> Core:
        """The expression over the given columns (looked up by join, None for the fact itself, and name)."""
        return _build(self.tree, columns, parameters)

    @property
    def conjuncts(self) -> tuple["Expression", ...]:
        """Its parts that must all hold."""
        if isinstance(self.tree, sg.And):
            return tuple(parse(part.sql()) for part in self.tree.flatten())
        return (self,)


@cache
def parse(text: str) -> Expression:
    """Read an expression. Errors: BadQuery that names the construct which is not allowed."""
    try:
        tree = sqlglot.parse_one(str(text), read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise BadQuery(f"The expression '{text}' cannot be read: {error}") from error
    found: set[tuple[str | None, str]] = set()
    needed: set[str] = set()

    def column(table: str | None, name: str) -> Core:
        found.add((table, name))
        return sa.literal_column("x")

    class Any_(dict[str, Core]):
        def __contains__(self, name: object) -> bool:
            return True

        def __getitem__(self, name: str) -> Core:
            needed.add(name)
            return sa.literal_column("x")

    _build(tree, column, Any_())
    return Expression(str(text), frozenset(found), frozenset(needed), tree)


def _build(tree: sg.Expr, columns: Columns, parameters: Parameters) -> Core:
    def core(part: sg.Expr) -> Core:
        return _build(part, columns, parameters)

    if isinstance(tree, sg.Paren):
        return Grouping(core(tree.this))
    if isinstance(tree, sg.Column):
        return columns(tree.table or None, tree.name)
    if isinstance(tree, sg.Literal | sg.Boolean | sg.Null | sg.Neg):
        return _constant(tree, core)
    if isinstance(tree, sg.And | sg.Or):
        parts = [core(part) for part in tree.flatten()]
        return sa.and_(*parts) if isinstance(tree, sg.And) else sa.or_(*parts)
    if isinstance(tree, sg.Placeholder):
        if tree.name not in parameters:
            raise UnknownName("parameter", tree.name, parameters)
        return parameters[tree.name]
    if (sign := BINARY.get(type(tree))) is not None:
        left = core(tree.this)
        # Of two DECIMAL(18,6) DuckDB keeps 18 digits, and fails on a product of a million: one of them is made wide.
        left = Grouping(left.op("+")(WIDE)) if sign == "*" else left
        return left.op(sign, is_comparison=sign in COMPARISONS)(core(tree.expression))
    return _predicate(tree, core)


def _constant(tree: sg.Expr, core: Callable[[sg.Expr], Core]) -> Core:
    if isinstance(tree, sg.Boolean):
        return sa.true() if tree.this else sa.false()
    if isinstance(tree, sg.Null):
        return sa.null()
    if isinstance(tree, sg.Neg):
        return sa.literal_column("0").op("-")(core(tree.this))
    if tree.is_string:
        return text_constant(tree.name)
    return sa.literal_column(str(Decimal(tree.name)))


def _predicate(tree: sg.Expr, core: Callable[[sg.Expr], Core]) -> Core:
    if isinstance(tree, sg.Not) and isinstance(tree.this, sg.Is) and isinstance(tree.this.expression, sg.Null):
        # Never null itself, and DuckDB skips whole row groups by it.
        return core(tree.this.this).is_not(None)
    if isinstance(tree, sg.Not):
        return sa.not_(sa.func.coalesce(core(tree.this), sa.false(), type_=sa.Boolean))
    if isinstance(tree, sg.Is) and isinstance(tree.expression, sg.Null):
        return core(tree.this).is_(None)
    if isinstance(tree, sg.In) and tree.expressions:
        return core(tree.this).in_([core(value) for value in tree.expressions])
    if isinstance(tree, sg.Case):
        cases = [(core(branch.this), core(branch.args["true"])) for branch in tree.args["ifs"]]
        default = tree.args.get("default")
        return sa.case(*cases, else_=core(default) if default is not None else None)
    return _function(tree, core)


def _function(tree: sg.Expr, core: Callable[[sg.Expr], Core]) -> Core:
    name = tree.name.lower() if isinstance(tree, sg.Anonymous) else tree.key.lower()
    if isinstance(tree, sg.Anonymous) and name in FUNCTIONS:
        return FUNCTIONS[name](*(core(part) for part in tree.expressions))
    if isinstance(tree, NAMED):
        parts = [tree.this, *tree.expressions] if not isinstance(tree, sg.Nullif) else [tree.this, tree.expression]
        return FUNCTIONS[name](*(core(part) for part in parts))
    raise BadQuery(f"'{tree.sql()}' is not allowed in a metric file. Functions: {', '.join(sorted(FUNCTIONS))}.")


def text_constant(value: str) -> Core:
    """A text literal; single quotes are doubled, nothing else is special in the standard."""
    return sa.literal_column("'" + value.replace("'", "''") + "'")
