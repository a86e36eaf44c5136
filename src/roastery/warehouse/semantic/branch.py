"""One branch of a plan as a SELECT: one fact, aggregated at its own grain by the query's keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic import days
from roastery.warehouse.semantic.calendar import instant, shift_between, step
from roastery.warehouse.semantic.conditions import date_condition, dimension_condition
from roastery.warehouse.semantic.expression import Core, Expression, text_constant
from roastery.warehouse.semantic.model import DATE, Day, Measure
from roastery.warehouse.semantic.plan import Branch, Plan, common_conditions
from roastery.warehouse.semantic.sources import Catalog, rates

RATE = sa.Numeric(20, 12)
AMOUNT = sa.Numeric(18, 6)


@dataclass(frozen=True)
class Output:
    """What a branch gives: key columns by name, aggregates by column name, and the SELECT's parts."""

    keys: Mapping[str, Core]
    values: Mapping[str, Core]
    source: Any
    where: tuple[Core, ...]

    def select(self, names: Sequence[str] = ()) -> sa.Select[Any]:
        """Keys first, then the aggregates in the order of `names`, null for those of other branches.

        Grouped by places, since an expression with bound values never equals itself.
        """
        shown = {name: self.values.get(name, sa.null()) for name in names or self.values}
        columns = [value.label(name) for name, value in (*self.keys.items(), *shown.items())]
        made = sa.select(*columns).select_from(self.source).where(*self.where)
        return made.group_by(*(sa.literal_column(str(n + 1)) for n in range(len(self.keys)))) if self.keys else made


class FactSelect:
    """Builds one branch of a plan.

    converting: amounts are in several currencies and are multiplied by their day's rate. within: a SELECT of keys; only
    rows of these keys count.
    """

    def __init__(
        self, plan: Plan, branch: Branch, catalog: Catalog, converting: bool, within: sa.Select[Any] | None = None
    ) -> None:
        self.bound, self.branch, self.keys, self.grain = plan.bound, branch, plan.keys, plan.grain
        self.fact = branch.fact
        self._catalog, self._within = catalog, within
        self._joined: dict[str, tuple[Any, Core]] = {}
        self._source = catalog.fact(branch.fact, plan.bound.attribution)
        self.converting = converting and any(measure.is_money for _, measure in branch.measures)

    def output(self) -> Output:
        """The branch's keys and aggregates; a stock over time is summed up to each bucket's end."""
        if self.fact.is_stock and self.grain:
            from roastery.warehouse.semantic.stock import stock_output

            return stock_output(self)
        keys = {name: self.key(name) for name in self.keys}
        common = common_conditions(self.branch.measures)
        values = {self.column(name): self.aggregate(measure, common) for name, measure in self.branch.measures}
        values[self.column(f"{'w' if self.branch.presence else 'n'}{self.branch.number}")] = sa.func.count()
        where = self.where(common)
        return Output(keys, values, self.source, where)

    def column(self, name: str) -> str:
        return name if self.branch.when == "now" else f"b_{name}"

    @property
    def source(self) -> Any:
        """The fact with the joins that were needed so far; ask last."""
        joined: Any = self._source
        for table, condition in self._joined.values():
            joined = joined.outerjoin(table, condition)
        if self.converting:
            joined = joined.outerjoin(rates(), self._rate_condition())
        return joined

    # Time

    @cached_property
    def _day(self) -> Day:
        by_touch = self.fact.touch_day is not None and self.bound.attribution.date == "touch"
        return self.fact.touch_day if by_touch and self.fact.touch_day else self.fact.day

    @cached_property
    def _at(self) -> Core | None:
        """The row's instant, where it rather than a stored day decides the day."""
        day = self._day
        if day.at is None or day.is_platform or (day.date is not None and not self.bound.is_rezoned):
            return None
        return self.core(day.at)

    @cached_property
    def day(self) -> Core:
        if self._at is not None:
            return days.local_day(self._at, self.bound.time_zone)
        assert self._day.date is not None
        return self.core(self._day.date)

    @cached_property
    def bucket(self) -> Core:
        assert self.grain is not None
        return days.bucket(self.day, self.grain, self.bound.calendar)

    @property
    def as_of(self) -> date:
        """The first day that a stock no longer counts; never beyond tomorrow."""
        if self.branch.at == "start":
            return self.branch.period.start
        return min(self.branch.period.end, self.bound.today + timedelta(days=1))

    def _range(self) -> list[Core]:
        start, end = self.branch.period.start, self.branch.period.end
        if self.fact.is_stock:
            return [self._before(self.as_of)]
        if self._at is not None:
            return [self._at >= instant(start, self.bound.zone), self._before(end)]
        return [self.day >= start, self._before(end)]

    def _before(self, day: date) -> Core:
        return self._at < instant(day, self.bound.zone) if self._at is not None else self.day < day

    # Columns

    def core(self, expression: Expression) -> Core:
        return expression.core(self._lookup, self._parameters if expression.parameters else {})

    def _lookup(self, table: str | None, name: str) -> Core:
        if table is None:
            return self._source.c[name]
        if table not in self._joined:
            alias = self._catalog.join(self.fact, table)
            join = self.fact.joins[table]
            # A join by a column of another join needs that one first.
            on = self.core(join.by)
            self._joined[table] = (alias, alias.c[join.key] == on)
        found: Core = self._joined[table][0].c[name]
        return found

    @cached_property
    def _parameters(self) -> dict[str, Core]:
        start = self.branch.period.start
        if self.grain is None:
            return {"start_instant": sa.literal(instant(start, self.bound.zone))}
        first = sa.func.greatest(self.bucket, sa.literal(start, sa.Date))
        return {"start_instant": sa.func.timezone(self.bound.time_zone, sa.cast(first, sa.DateTime))}

    def key(self, name: str) -> Core:
        """A key column of a row; never null for a dimension."""
        if name == DATE:
            return days.shifted(self.bucket, self.branch.shift)
        if self.branch.presence:
            return sa.null()
        return self.shown(self.core(self.fact.dimensions[name]))

    def shown(self, raw: Core) -> Core:
        return sa.func.coalesce(sa.func.nullif(raw, text_constant("")), text_constant(self.fact.empty))

    # Conditions

    def where(self, common: frozenset[str]) -> tuple[Core, ...]:
        found = self._range()
        if self.fact.is_credits and self.bound.attribution.is_stored:
            found.append(self._source.c["model"] == self.bound.attribution.model)
        for item in self.branch.filters:
            if item.dimension == DATE:
                found.append(date_condition(item, self.day))
                continue
            raw = self.core(self.fact.dimensions[item.dimension])
            found.append(dimension_condition(item, self.shown(raw), raw, self.bound.filtered[item.dimension]))
        conditions = {part.text: part for _, measure in self.branch.measures for part in measure.where}
        found += [self.core(conditions[text]) for text in sorted(common)]
        if self._within is not None and not self.branch.presence:
            found.append(self._is_within(self._within))
        return tuple(found)

    def _is_within(self, chosen: sa.Select[Any]) -> Core:
        """Whether a row belongs to one of the chosen keys; a stock belongs to no day."""
        names = [name for name in self.bound.keys if not (name == DATE and self.fact.is_stock)]
        if not names:
            return sa.true()
        table = chosen.subquery("chosen")
        own = [self._key_of_query(name) for name in names]
        listed = sa.select(*(table.c[name] for name in names))
        return sa.tuple_(*own).in_(listed) if len(own) > 1 else own[0].in_(listed)

    def _key_of_query(self, name: str) -> Core:
        if name != DATE or self.bound.grain is None:
            return self.shown(self.core(self.fact.dimensions[name]))
        bucket = days.bucket(self.day, self.bound.grain, self.bound.calendar)
        if self.branch.when == "now":
            return bucket
        shift = shift_between(self.bound.calendar, self.branch.period, self.bound.period, self.bound.grain)
        return days.shifted(bucket, shift)

    # Values

    def aggregate(self, measure: Measure, common: frozenset[str]) -> Core:
        """The aggregate, null where no row counts, so that none is told from nothing known."""
        parts = [self.core(part) for part in measure.where if part.text not in common]
        if measure.aggregate == "count":
            return sa.func.nullif(_only(sa.func.count(), parts), sa.literal_column("0"))
        assert measure.of is not None
        value = self.core(measure.of)
        if measure.is_money and self.converting:
            value = self.converted(value)
        if measure.aggregate == "count_distinct":
            return sa.case((_only(sa.func.count(), parts) > 0, _only(sa.func.count(sa.distinct(value)), parts)))
        if measure.aggregate == "median":
            return _only(sa.func.median(value), parts)
        return _only(sa.func.sum(value), parts)

    # Currencies

    @property
    def currency(self) -> Core:
        assert self.fact.currency is not None
        return sa.func.coalesce(
            sa.func.nullif(self._source.c[self.fact.currency], text_constant("")),
            text_constant(self.bound.organization_currency),
        )

    def converted(self, value: Core) -> Core:
        """An amount at the rate of its own day; full precision, results round."""
        one = sa.cast(sa.literal_column("1"), RATE)
        rate = sa.case((self.currency == self.bound.currency, one), else_=sa.cast(rates().c.rate, RATE))
        return sa.cast(value, AMOUNT) * rate

    def rate_day(self) -> Core:
        """The day whose rate holds: the row's own in the organization's zone; a stock's last day."""
        if self.fact.is_stock:
            return sa.literal(self._first_as_of - timedelta(days=1), sa.Date)
        if self.fact.rate_on is not None:
            return self.core(self.fact.rate_on)
        return self.core(self.fact.day.date) if self.fact.day.date is not None else self.day

    @property
    def _first_as_of(self) -> date:
        """Of a stock over time the end of the first bucket: rates are dense from their first day on."""
        if self.grain is None or self.branch.at == "start":
            return self.as_of
        first = self.bound.calendar.bucket(self.branch.period.start, self.grain)
        return min(self.as_of, step(first, self.grain, 1))

    def _rate_condition(self) -> Core:
        table = rates()
        return sa.and_(
            table.c.rate_date == self.rate_day(),
            table.c.base_currency == self.currency,
            table.c.quote_currency == self.bound.currency,
        )

    def missing_rates(self) -> sa.Select[Any]:
        """Currencies of rows that count, without a rate on their day: currency and its first such day."""
        counted = [sa.and_(*(self.core(p) for p in m.where)) for _, m in self.branch.measures if m.is_money and m.where]
        every = all(m.where for _, m in self.branch.measures if m.is_money)
        day = self.rate_day()
        where = [*self.where(frozenset()), self.currency != self.bound.currency, rates().c.rate.is_(None)]
        if counted and every:
            where.append(sa.or_(*counted))
        first = sa.func.min(day).label("first_day")
        made = sa.select(self.currency.label("currency"), first).select_from(self.source).where(*where)
        return made.group_by(sa.literal_column("1")).order_by(sa.literal_column("2, 1"))


def _only(aggregate: Any, parts: list[Core]) -> Core:
    filtered: Core = aggregate.filter(*parts) if parts else aggregate
    return filtered
