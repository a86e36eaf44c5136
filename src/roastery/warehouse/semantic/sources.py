"""Facts and joined tables as SQLAlchemy Core selectables, made once: cheap to reuse in every query."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.attribution import credits_select
from roastery.warehouse.semantic.bound import Attribution
from roastery.warehouse.semantic.expression import Expression
from roastery.warehouse.semantic.model import Fact, Semantics

SELF = "f"
RATES = "fx"
OF_QUERY = ("zone", "currency", "organization_currency")
"""Places in the SELECT of a fact of a period that are the query's, not the period's."""


class Catalog:
    """The selectables of one semantic model."""

    def __init__(self, semantics: Semantics) -> None:
        self._columns = _columns_read(semantics)
        self._facts: dict[str, sa.FromClause] = {}
        self._joins: dict[tuple[str, str], sa.FromClause] = {}

    def fact(self, fact: Fact, attribution: Attribution, when: str) -> sa.FromClause:
        """A fact's rows under the alias f; credits under an asked window are computed on the way."""
        if fact.of_period:
            sql = re.sub(r":(\w+)", lambda m: m[0] if m[1] in OF_QUERY else f":{when}_{m[1]}", fact.sql or "")
            return self._selected(sa.text(sql), fact.name)
        if fact.is_credits and not attribution.is_stored:
            sql = credits_select(attribution.model, attribution.window_days, attribution.view_window_days)
            if fact.sql:
                sql = f"WITH attribution_credits AS ({sql}) {fact.sql}"
            return self._text(sql, fact.name)
        if fact.name not in self._facts:
            if fact.table:
                columns = self._columns[fact.name, None]
                self._facts[fact.name] = sa.table(fact.table, *map(sa.column, sorted(columns))).alias(SELF)
            else:
                self._facts[fact.name] = self._text(fact.sql or "", fact.name)
        return self._facts[fact.name]

    def join(self, fact: Fact, name: str) -> sa.FromClause:
        if (fact.name, name) not in self._joins:
            join = fact.joins[name]
            columns = {join.key, *self._columns.get((fact.name, name), set())}
            self._joins[fact.name, name] = sa.table(join.table, *map(sa.column, sorted(columns))).alias(name)
        return self._joins[fact.name, name]

    def _text(self, sql: str, fact: str) -> sa.FromClause:
        return self._selected(sa.text(sql.replace(":", "\\:")), fact)

    def _selected(self, text: sa.TextClause, fact: str) -> sa.FromClause:
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in sorted(self._columns[fact, None])]
        return text.columns(*columns).subquery(SELF)


@cache
def _rates() -> Any:
    names = ("rate_date", "base_currency", "quote_currency", "rate")
    return sa.table("fx_daily", *map(sa.column, names)).alias(RATES)


def rates() -> Any:
    """The dense daily rates, under the alias fx."""
    return _rates()


def _columns_read(semantics: Semantics) -> dict[tuple[str, str | None], set[str]]:
    """Every column that the model reads, by fact and join (None for the fact itself)."""
    found: dict[tuple[str, str | None], set[str]] = {}
    for fact in semantics.facts.values():
        own = found.setdefault((fact.name, None), {"model"} if fact.is_credits else set())
        if fact.currency:
            own.add(fact.currency)
        for expression in _expressions(fact):
            for table, column in expression.columns:
                found.setdefault((fact.name, table), set()).add(column)
    for metric in semantics.metrics.values():
        for measure in metric.measures:
            for expression in (*([measure.of] if measure.of else []), *measure.where):
                for table, column in expression.columns:
                    found.setdefault((measure.fact.name, table), set()).add(column)
    return found


def _expressions(fact: Fact) -> Iterator[Expression]:
    yield from fact.dimensions.values()
    yield from (join.by for join in fact.joins.values())
    for day in (fact.day, fact.touch_day):
        if day is not None:
            yield from (part for part in (day.date, day.at) if part is not None)
    if fact.rate_on is not None:
        yield fact.rate_on
