"""One branch of a plan as a SELECT: one fact, aggregated at its own grain by the query's keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic import days
from roastery.warehouse.semantic.bound import OTHER
from roastery.warehouse.semantic.conditions import NO_VALUES, dimension_condition, value_condition
from roastery.warehouse.semantic.expression import Core, Expression, text_constant
from roastery.warehouse.semantic.model import DATE, Day, Measure
from roastery.warehouse.semantic.parameters import filter_places, place
from roastery.warehouse.semantic.plan import Branch, Plan, common_conditions
from roastery.warehouse.semantic.sources import Catalog, rates

RATE = sa.Numeric(24, 12)
AMOUNT = sa.Numeric(26, 6)
ZERO: Core = sa.literal_column("0")
ONE: Core = sa.literal_column("1")
NULL: Core = sa.literal_column("NULL")


@dataclass(frozen=True)
class Output:
    """What a branch gives: key columns by name, aggregates by column name, and the SELECT's parts.

    finish: keys that take their shown form after grouping, by stored values, which is several times faster on text;
    several groups may then have one key, so their sums are added up where branches meet.
    """

    keys: Mapping[str, Core]
    values: Mapping[str, Core]
    source: Any
    where: tuple[Core, ...]
    finish: Mapping[str, Core] = field(default_factory=dict)

    def select(self) -> sa.Select[Any]:
        """Keys first, then the aggregates. Grouped by places: an expression with bound values never equals itself."""
        own = self._grouped({**self.keys, **self.values})
        if not self.finish:
            return own
        keys = [self.finish.get(name, sa.column(name)).label(name) for name in self.keys]
        return sa.select(*keys, *(sa.column(name) for name in self.values)).select_from(own.subquery("stored"))

    def _grouped(self, columns: Mapping[str, Core]) -> sa.Select[Any]:
        labelled = [value.label(name) for name, value in columns.items()]
        made = sa.select(*labelled).select_from(self.source).where(*self.where)
        return made.group_by(*(sa.literal_column(str(n + 1)) for n in range(len(self.keys)))) if self.keys else made


class FactSelect:
    """Builds one branch of a plan.

    converting: amounts are in several currencies and are multiplied by their day's rate. within: a SELECT of keys; only
    rows of these keys count. top: the values of the top's dimension that keep their name.
    """

    def __init__(
        self,
        plan: Plan,
        branch: Branch,
        catalog: Catalog,
        converting: bool,
        within: sa.Select[Any] | None = None,
        top: sa.CTE | None = None,
    ) -> None:
        self.bound, self.branch, self.keys, self.grain = plan.bound, branch, plan.keys, plan.grain
        self.fact = branch.fact
        self._catalog, self._within = catalog, within
        self._joined: dict[str, tuple[Any, Core]] = {}
        self._source = catalog.fact(branch.fact, plan.bound.attribution, branch.days)
        self._top = top
        self.is_windowed = branch.window is not None and self.grain is not None and not branch.fact.is_stock
        self.converting = converting and any(measure.is_money for _, measure in branch.measures)

    def output(self) -> Output:
        """The branch's keys and aggregates; over time, stocks at buckets' ends and windows over their days."""
        if self.fact.is_stock and self.grain:
            from roastery.warehouse.semantic.stock import stock_output

            return stock_output(self)
        if self.is_windowed:
            from roastery.warehouse.semantic.windows import is_summed_by_day, window_output

            if is_summed_by_day(self):
                return window_output(self)
        if self.branch.presence and DATE not in self.keys:
            return self._any_row()
        keys, finish = self._keys()
        common = common_conditions(self.branch.measures)
        values = {self.column(name): self.aggregate(measure, common) for name, measure in self.branch.measures}
        values[self.column(self.rows_column)] = sa.func.count()
        where = self.where(common)
        return Output(keys, values, self.source, where, finish)

    def _any_row(self) -> Output:
        """Whether there is a row at all, as a count of at most one: the first that is found ends the search."""
        where = self.where(frozenset())
        found = sa.select(ONE).select_from(self.source).where(*where).limit(ONE).subquery("found")
        return Output(dict.fromkeys(self.keys, NULL), {self.column(self.rows_column): sa.func.count()}, found, ())

    def _keys(self) -> tuple[dict[str, Core], dict[str, Core]]:
        """Key columns to group by, and the shown form of those that are grouped by what is stored."""
        if self.branch.presence or self.is_windowed or not all(m.is_sum for _, m in self.branch.measures):
            return {name: self.key(name) for name in self.keys}, {}
        keys: dict[str, Core] = {}
        finish: dict[str, Core] = {}
        for name in self.keys:
            if name != DATE:
                keys[name] = self.dimension(name)[1]
                finish[name] = self._topped(name, self._shown(name, sa.column(name)))
            elif len(self.keys) == 1 and self.grain not in (None, "day") and self._at is None:
                keys[name] = self.day
                finish[name] = self._aligned(sa.column(name))
            else:
                keys[name] = self.key(name)
        return keys, finish

    @property
    def rows_column(self) -> str:
        """Says how many rows were found: of the branch itself, or of its fact without the asked conditions."""
        return f"{'w' if self.branch.presence else 'n'}{self.branch.number}"

    def column(self, name: str) -> str:
        return name if self.branch.when == "now" else f"b_{name}"

    def place(self, name: str) -> Core:
        """A day or instant of the branch's period."""
        return place(f"{self.branch.days}_{name}")

    @cached_property
    def series(self) -> Any:
        """The buckets with the days that their windows count."""
        assert self.grain is not None
        return days.window_series(self.branch, self.grain, self.bound.calendar)

    @property
    def source(self) -> Any:
        """The fact with the joins that were needed so far, each row in every window that counts it; ask last."""
        if not self.is_windowed:
            return self.rows
        counted = sa.and_(self.day >= self.series.c[days.BEGINS], self.day < self.series.c[days.ENDS])
        return self.rows.join(self.series, counted)

    @property
    def rows(self) -> Any:
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
            return days.local_day(self._at, place("zone"))
        assert self._day.date is not None
        return self.core(self._day.date)

    @cached_property
    def bucket(self) -> Core:
        assert self.grain is not None
        return days.bucket(self.day, self.grain, self.bound.calendar)

    def _range(self) -> list[Core]:
        moment, suffix = (self.day, "") if self._at is None else (self._at, "_at")
        if self.fact.is_stock:
            # Over time every bucket has its own start, so changes up to the end are read.
            is_start = self.branch.at == "start" and self.grain is None
            return [moment < self.place(("start" if is_start else "as_of") + suffix)]
        return [moment >= self.place("start" + suffix), moment < self.place("end" + suffix)]

    # Columns

    def core(self, expression: Expression) -> Core:
        return (
            expression.core(self._lookup, self._parameters) if expression.parameters else expression.core(self._lookup)
        )

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
        if self.grain is None:
            return {"start_instant": self.place("start_at")}
        if self.is_windowed:
            first: Core = self.series.c[days.BEGINS]
        else:
            first = sa.func.greatest(self.bucket, self.place("start"))
        return {"start_instant": sa.func.timezone(place("zone"), sa.cast(first, sa.DateTime))}

    def key(self, name: str) -> Core:
        """A key column of a row; never null for a dimension."""
        if name == DATE:
            if self.is_windowed:
                assert self.grain is not None
                return days.aligned(self.series.c[days.BUCKET], self.branch, self.grain)
            return self._aligned(self.day)
        return NULL if self.branch.presence else self._topped(name, self.dimension(name)[0])

    def _topped(self, name: str, shown: Core) -> Core:
        """A value among the top ones, or one that stands for none, as itself; any other as `other`."""
        if self._top is None or self.bound.top is None or self.bound.top.dimension.name != name:
            return shown
        kept = sa.or_(shown.in_(sa.select(self._top.c[name])), shown.in_(list(map(text_constant, NO_VALUES))))
        return sa.case((kept, shown), else_=text_constant(OTHER))

    def _aligned(self, day: Core) -> Core:
        assert self.grain is not None
        return days.aligned(days.bucket(day, self.grain, self.bound.calendar), self.branch, self.grain)

    def _shown(self, name: str, stored: Core) -> Core:
        return sa.func.coalesce(sa.func.nullif(stored, EMPTY), text_constant(self.fact.empty(name)))

    def dimension(self, name: str) -> tuple[Core, Core]:
        """A dimension's value as shown, and as stored."""
        if name not in self._dimensions:
            raw = self.core(self.fact.dimensions[name])
            self._dimensions[name] = (self._shown(name, raw), raw)
        return self._dimensions[name]

    @cached_property
    def _dimensions(self) -> dict[str, tuple[Core, Core]]:
        return {}

    # Conditions

    def where(self, common: frozenset[str]) -> tuple[Core, ...]:
        found = self._range()
        if self.fact.is_credits and self.bound.attribution.is_stored:
            found.append(self._source.c["model"] == place("model"))
        for number, item in self.branch.filters:
            values = filter_places(item, number)
            if item.dimension == DATE:
                found.append(value_condition(self.day, item.op, values))
                continue
            key, raw = self.dimension(item.dimension)
            found.append(dimension_condition(item, key, raw, self.bound.filtered[item.dimension], values))
        conditions = {part.text: part for _, measure in self.branch.measures for part in measure.where}
        found += [self.core(conditions[text]) for text in sorted(common)]
        if self._within is not None and not self.branch.presence:
            found.append(self._is_within(self._within))
        return tuple(found)

    def _is_within(self, chosen: sa.Select[Any]) -> Core:
        """Whether a row belongs to one of the chosen keys; a stock or a window belongs to no day."""
        is_dayless = self.fact.is_stock or self.branch.window is not None
        names = [name for name in self.bound.keys if not (name == DATE and is_dayless)]
        if not names:
            return sa.true()
        table = chosen.subquery("chosen")
        own = [self._key_of_query(name) for name in names]
        listed = sa.select(*(table.c[name] for name in names))
        return sa.tuple_(*own).in_(listed) if len(own) > 1 else own[0].in_(listed)

    def _key_of_query(self, name: str) -> Core:
        grain = self.bound.grain
        if name != DATE or grain is None:
            return self._topped(name, self.dimension(name)[0])
        return days.aligned(days.bucket(self.day, grain, self.bound.calendar), self.branch, grain)

    # Values

    def aggregate(self, measure: Measure, common: frozenset[str]) -> Core:
        """The aggregate, null where no row counts, so that none is told from nothing known."""
        parts = [self.core(part) for part in measure.where if part.text not in common]
        if measure.aggregate == "count":
            return sa.func.nullif(_only(sa.func.count(), parts), ZERO)
        assert measure.of is not None
        value = self.core(measure.of)
        if measure.is_money and self.converting:
            value = self.converted(value)
        if measure.aggregate == "count_distinct":
            return sa.case((_only(sa.func.count(), parts) > ZERO, _only(sa.func.count(sa.distinct(value)), parts)))
        if measure.aggregate == "median":
            return _only(sa.func.median(value), parts)
        return _only(sa.func.sum(value), parts)

    # Currencies

    @property
    def currency(self) -> Core:
        assert self.fact.currency is not None
        own = text_constant(self.bound.organization_currency)
        return sa.func.coalesce(sa.func.nullif(self._source.c[self.fact.currency], EMPTY), own)

    def converted(self, value: Core) -> Core:
        """An amount at the rate of its own day; full precision, results round."""
        return at_rate(value, self.currency)

    def rate_day(self) -> Core:
        """The day whose rate holds: the row's own in the organization's zone; a stock's last day."""
        if self.fact.is_stock:
            return self.place("as_of" if self.branch.at == "end" else "start").op("-")(ONE)
        if self.fact.rate_on is not None:
            return self.core(self.fact.rate_on)
        if self.fact.day.date is not None:
            return self.core(self.fact.day.date)
        assert self.fact.day.at is not None
        return days.local_day(self.core(self.fact.day.at), place("organization_zone"))

    def _rate_condition(self) -> Core:
        return rate_condition(self.rate_day(), self.currency)

    def missing_rates(self) -> sa.Select[Any]:
        """Currencies of rows that count, without a rate on their day: currency and its first such day."""
        where = [*self.where(frozenset()), self.currency != place("currency"), rates().c.rate.is_(None)]
        money = [measure for _, measure in self.branch.measures if measure.is_money]
        if all(measure.where for measure in money):
            where.append(sa.or_(*(sa.and_(*(self.core(part) for part in measure.where)) for measure in money)))
        day = self.day if self.fact.is_stock else self.rate_day()
        columns = (self.currency.label("currency"), sa.func.min(day).label("first_day"))
        made = sa.select(*columns).select_from(self.source).where(*where)
        return made.group_by(ONE).order_by(sa.literal_column("2, 1"))


EMPTY: Core = text_constant("")


def at_rate(value: Core, currency: Core) -> Core:
    """An amount in the asked currency."""
    rate = sa.case((currency == place("currency"), sa.cast(ONE, RATE)), else_=sa.cast(rates().c.rate, RATE))
    return sa.cast(value, AMOUNT) * rate


def rate_condition(day: Core, currency: Core) -> Core:
    """Joins the rate of a day; platforms may be a day ahead of the last rate, which then holds."""
    table = rates()
    return sa.and_(
        table.c.rate_date == sa.func.least(day, place("last_rate_day")),
        table.c.base_currency == currency,
        table.c.quote_currency == place("currency"),
    )


def _only(aggregate: Any, parts: list[Core]) -> Core:
    filtered: Core = aggregate.filter(*parts) if parts else aggregate
    return filtered
