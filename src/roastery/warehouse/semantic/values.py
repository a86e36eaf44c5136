"""The values of a dimension with their names, and the names of keys that a result holds."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.errors import NotAllowed
from roastery.warehouse.semantic.bound import EVERYTHING, Scope
from roastery.warehouse.semantic.expression import Core, text_constant
from roastery.warehouse.semantic.model import Dimension, Fact, LabelSource, Semantics
from roastery.warehouse.semantic.profile import WarehouseDoor
from roastery.warehouse.semantic.template import compiled

NOT_VALUES = ("unknown", "none", "unattributed")
NAMES_AT_ONCE = 2_000
NAMES_KEPT = 200_000


@dataclass(frozen=True)
class DimensionValue:
    """One value as stored, its name as people say it, and how many rows carry it."""

    value: str
    label: str
    count: int


def dimension_values(
    warehouse: WarehouseDoor,
    semantics: Semantics,
    name: str,
    search: str = "",
    limit: int = 50,
    row_scope: Scope = EVERYTHING,
) -> list[DimensionValue]:
    """The most used values first. search: part of a value or of its name, whatever its case.

    Errors: UnknownName; NotAllowed when a row scope cannot be kept.
    """
    dimension = semantics.dimension(name)
    facts = _carriers(semantics, name, frozenset(row_scope))
    if not facts:
        raise NotAllowed(f"You see some rows only, and the values of '{name}' cannot be limited to them.")
    counted = [_counted(fact, name, row_scope, warehouse.organization.attribution.model) for fact in facts]
    if not row_scope:
        counted += [_listed(source) for source in dimension.label_sources if source.latest is None]
    all_of = sa.union_all(*counted).subquery("used")
    used = (
        sa.select(all_of.c.value, sa.func.sum(all_of.c.uses).label("uses"))
        .where(all_of.c.value.is_not(None), all_of.c.value.not_in(("", *NOT_VALUES)))
        .group_by(all_of.c.value)
        .subquery("summed")
    )
    source, label = _named(used, dimension)
    made = sa.select(used.c.value, label.label("label"), used.c.uses).select_from(source)
    if search:
        found = [sa.func.contains(sa.func.lower(text), search.lower()) for text in (used.c.value, label)]
        made = made.where(sa.or_(*found))
    made = made.order_by(used.c.uses.desc(), used.c.value).limit(limit)
    statement = compiled(made)
    rows = warehouse.query(statement.sql, list(statement.parameters)).to_pylist()
    return [DimensionValue(row["value"], row["label"], int(row["uses"])) for row in rows]


def _carriers(semantics: Semantics, name: str, scope: frozenset[str]) -> list[Fact]:
    """Stored facts that carry a dimension, those that hold it themselves if any does."""
    found = [f for f in semantics.facts.values() if f.table and name in f.dimensions and scope <= set(f.dimensions)]
    own = [fact for fact in found if all(table is None for table, _ in fact.dimensions[name].columns)]
    chosen = own or found
    return list({fact.table: fact for fact in chosen}.values())


def _counted(fact: Fact, name: str, row_scope: Scope, model: str) -> sa.Select[Any]:
    source: Any = sa.table(fact.table or "").alias("f")
    joined: dict[str, Any] = {}

    def column(table: str | None, column_name: str) -> Core:
        nonlocal source
        if table is not None and table not in joined:
            join = fact.joins[table]
            on = join.by.core(column)
            joined[table] = sa.table(join.table, sa.column(join.key)).alias(table)
            source = source.outerjoin(joined[table], joined[table].c[join.key] == on)
        return sa.literal_column(f'{table or "f"}."{column_name}"')

    value = fact.dimensions[name].core(column)
    where: list[Core] = [
        sa.func.coalesce(sa.func.nullif(fact.dimensions[key].core(column), ""), text_constant(fact.empty(key))).in_(
            kept
        )
        for key, kept in row_scope.items()
    ]
    if fact.is_credits:
        where.append(sa.literal_column("f.model") == model)
    made: Any = sa.select(value.label("value"), sa.func.count().label("uses"))
    counted: sa.Select[Any] = made.select_from(source).where(*where).group_by(sa.literal_column("1"))
    return counted


def _listed(source: LabelSource) -> sa.Select[Any]:
    table = sa.table(source.table, sa.column(source.key))
    return sa.select(table.c[source.key].label("value"), sa.literal_column("0").label("uses"))


def _named(used: Any, dimension: Dimension) -> tuple[Any, Core]:
    """The values joined with their names; the value itself where there is none."""
    source, labels = used, []
    for number, place in enumerate(dimension.label_sources):
        names = _names(place).subquery(f"names_{number}")
        source = source.outerjoin(names, names.c.key == used.c.value)
        labels.append(sa.func.nullif(names.c.text, ""))
    return source, sa.func.coalesce(*labels, used.c.value) if labels else used.c.value


def _names(place: LabelSource) -> sa.Select[Any]:
    table = sa.table(place.table, *(sa.column(c) for c in (place.key, place.text, place.latest) if c))
    key, text = table.c[place.key], table.c[place.text]
    if place.latest is None:
        return sa.select(key.label("key"), text.label("text"))
    latest = sa.func.arg_max(text, table.c[place.latest])
    return sa.select(key.label("key"), latest.label("text")).group_by(key)


def names_of(
    warehouse: WarehouseDoor, dimension: Dimension, keys: Collection[str], kept: dict[str, str | None]
) -> dict[str, str | None]:
    """Names of keys, from the first place that has one; `kept` remembers them, also that there is none."""
    unknown = set(keys) - set(kept)
    if len(kept) + len(unknown) > NAMES_KEPT:
        kept.clear()
        unknown = set(keys)
    kept |= _looked_up(warehouse, dimension, unknown)
    return kept


def _looked_up(warehouse: WarehouseDoor, dimension: Dimension, keys: Collection[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for place in dimension.label_sources:
        missing = sorted(set(keys) - set(found) - set(NOT_VALUES))
        for start in range(0, len(missing), NAMES_AT_ONCE):
            chosen = _names(place).where(sa.column(place.key).in_(missing[start : start + NAMES_AT_ONCE]))
            statement = compiled(chosen)
            table = warehouse.query(statement.sql, list(statement.parameters))
            found.update({row["key"]: row["text"] for row in table.to_pylist() if row["text"]})
    return dict.fromkeys(keys) | found
