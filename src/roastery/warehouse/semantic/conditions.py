"""Filters as SQL conditions: on dimensions by value or name, on metrics by number."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic.bound import BoundFilter
from roastery.warehouse.semantic.expression import Core
from roastery.warehouse.semantic.model import Dimension
from roastery.warehouse.semantic.query import Op


def dimension_condition(item: BoundFilter, key: Core, raw: Core, dimension: Dimension) -> Core:
    """A condition on a dimension's key; text is matched whatever its case, and names as well as ids.

    key: the value as shown, never null. raw: the value as stored, null or '' where there is none.
    """
    if item.is_scope:
        return key.in_(item.values) if item.values else sa.false()
    if item.op in ("is_null", "not_null"):
        is_missing = sa.or_(raw.is_(None), raw == "")
        return is_missing if item.op == "is_null" else sa.not_(is_missing)
    if item.op in ("in", "eq", "not_in", "ne", "contains", "starts_with"):
        found = sa.or_(_matches(item, key), *_by_name(item, key, dimension))
        return sa.not_(found) if item.op in ("not_in", "ne") else found
    return compared(key, item.op, item.values, str)


def _matches(item: BoundFilter, text: Core) -> Core:
    """Whether a text is, begins with or holds one of the values; not_in and ne are turned around by the caller."""
    lowered, values = sa.func.lower(text), [value.lower() for value in item.values]
    if item.op == "contains":
        return sa.func.contains(lowered, values[0])
    if item.op == "starts_with":
        return sa.func.starts_with(lowered, values[0])
    return lowered.in_(values) if len(values) > 1 else lowered == values[0]


def _by_name(item: BoundFilter, key: Core, dimension: Dimension) -> list[Core]:
    """Keys whose name matches; a name of an earlier place hides those of later ones."""
    found: list[Core] = []
    earlier: list[tuple[str, str]] = []
    for source in dimension.label_sources:
        columns: dict[str, sa.ColumnClause[Any]] = {name: sa.column(name) for name in (source.key, source.text)}
        table = sa.table(source.table, *columns.values())
        chosen = sa.select(table.c[source.key]).where(_matches(item, table.c[source.text]))
        for name, column in earlier:
            known = sa.table(name, sa.column(column)).alias("known")
            chosen = chosen.where(table.c[source.key].not_in(sa.select(known.c[column])))
        found.append(key.in_(chosen))
        earlier.append((source.table, source.key))
    return found


def date_condition(item: BoundFilter, day: Core) -> Core:
    """A condition on the row's day."""
    if item.op in ("is_null", "not_null"):
        return day.is_(None) if item.op == "is_null" else day.is_not(None)
    return compared(day, item.op, item.values, date.fromisoformat)


def number_condition(value: Core, op: Op, values: Sequence[str]) -> Core:
    """A condition on a metric's value; null meets none but is_null."""
    if op in ("is_null", "not_null"):
        return value.is_(None) if op == "is_null" else value.is_not(None)
    return compared(value, op, values, Decimal)


def compared(left: Core, op: Op, values: Sequence[str], read: Callable[[str], Any]) -> Core:
    read_values = [sa.literal(read(value)) for value in values]
    if op in ("in", "not_in"):
        return left.in_(read_values) if op == "in" else left.not_in(read_values)
    if op == "between":
        return left.between(read_values[0], read_values[1])
    signs: dict[Op, Callable[[Core, Core], Core]] = {
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    return signs[op](left, read_values[0])
