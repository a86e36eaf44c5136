"""Filters as SQL conditions: on dimensions by value or name, on metrics by number."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic.bound import BoundFilter
from roastery.warehouse.semantic.expression import Core, text_constant
from roastery.warehouse.semantic.model import Dimension
from roastery.warehouse.semantic.parameters import TEXT_OPS
from roastery.warehouse.semantic.query import Op

NO_VALUES = ("unknown", "none", "unattributed")
"""What rows without a value of a dimension are called."""

COMPARISONS: dict[Op, Callable[[Core, Core], Core]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def dimension_condition(item: BoundFilter, key: Core, raw: Core, dimension: Dimension, values: Sequence[Core]) -> Core:
    """A condition on a dimension's key; text is matched whatever its case, and names as well as ids.

    key: the value as shown, never null. raw: the value as stored, null or '' where there is none. values: the places of
    the filter's values.
    """
    if item.is_scope:
        return key.in_(values) if values else sa.false()
    if item.op in ("is_null", "not_null"):
        is_missing = sa.or_(raw.is_(None), raw.in_([text_constant(text) for text in ("", *NO_VALUES)]))
        return is_missing if item.op == "is_null" else sa.not_(is_missing)
    if item.op in TEXT_OPS:
        found = sa.or_(_matches(item.op, key, values), *_by_name(item.op, key, dimension, values))
        return sa.not_(found) if item.op in ("not_in", "ne") else found
    return compared(key, item.op, values)


def _matches(op: Op, text: Core, values: Sequence[Core]) -> Core:
    """Whether a text is, begins with or holds one of the values; not_in and ne are turned around by the caller."""
    # Both by the engine, whose small letters are not Python's: a Greek word ends otherwise, a Turkish i has a dot.
    lowered, values = sa.func.lower(text), [sa.func.lower(value) for value in values]
    if op == "contains":
        return sa.func.contains(lowered, values[0])
    if op == "starts_with":
        return sa.func.starts_with(lowered, values[0])
    return lowered.in_(values) if len(values) > 1 else lowered == values[0]


@cache
def _table(name: str, columns: tuple[str, ...], alias: str | None = None) -> Any:
    table = sa.table(name, *(sa.column(column) for column in columns))
    return table.alias(alias) if alias else table


def _by_name(op: Op, key: Core, dimension: Dimension, values: Sequence[Core]) -> list[Core]:
    """Keys whose name matches; a name of an earlier place hides those of later ones."""
    found: list[Core] = []
    earlier: list[tuple[str, str]] = []
    for source in dimension.label_sources:
        table = _table(source.table, (source.key, source.text))
        # A name without an id would make of "not in" a condition that nothing meets.
        named = sa.and_(_matches(op, table.c[source.text], values), table.c[source.key].is_not(None))
        chosen = sa.select(table.c[source.key]).where(named)
        for name, column in earlier:
            known = _table(name, (column,), "known")
            chosen = chosen.where(table.c[source.key].not_in(sa.select(known.c[column])))
        found.append(key.in_(chosen))
        earlier.append((source.table, source.key))
    return found


def value_condition(value: Core, op: Op, values: Sequence[Core]) -> Core:
    """A condition on a day or on a metric's value; null meets none but is_null."""
    if op in ("is_null", "not_null"):
        return value.is_(None) if op == "is_null" else value.is_not(None)
    return compared(value, op, values)


def compared(left: Core, op: Op, values: Sequence[Core]) -> Core:
    if op in ("in", "not_in"):
        return left.in_(values) if op == "in" else left.not_in(values)
    if op == "between":
        return left.between(values[0], values[1])
    return COMPARISONS[op](left, values[0])
