"""Compiles a plan to one SELECT: branches stacked, grouped again by key, gaps filled, metrics computed, rows chosen.

Layers, inside out: branches (one fact each) → `stacked` (UNION ALL, grouped by key) → `filled` (none told from no
data) → result (metrics, changes, labels, totals as windows over all chosen rows).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from duckdb_engine import Dialect

from roastery.warehouse.semantic import days
from roastery.warehouse.semantic.bound import BoundMetric, BoundQuery, Suffix
from roastery.warehouse.semantic.branch import FactSelect
from roastery.warehouse.semantic.conditions import number_condition
from roastery.warehouse.semantic.expression import Core
from roastery.warehouse.semantic.formula import core_of
from roastery.warehouse.semantic.model import DATE, Dimension, Measure
from roastery.warehouse.semantic.plan import Branch, Plan, common_conditions, is_filtered
from roastery.warehouse.semantic.sources import Catalog

Converting = Callable[[Branch], bool]
DIALECT = Dialect(paramstyle="numeric_dollar")
SPINE = "on_spine"
REAL = "is_real"
TOTAL = "total__"


@dataclass(frozen=True)
class Compiled:
    """SQL text with numbered places, and their values."""

    sql: str
    parameters: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The SQL with its values written in, as a receipt shows it and `roastery sql` takes it."""
        return re.sub(r"\$(\d+)", lambda m: written(self.parameters[int(m[1]) - 1]), self.sql)


def compiled(statement: sa.Select[Any]) -> Compiled:
    made: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    return Compiled(str(made), tuple(made.params[name] for name in made.positiontup or ()))


def written(value: Any) -> str:
    """A value as SQL text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int | Decimal):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


class Compiler:
    """Builds the SELECT of one plan."""

    def __init__(
        self, plan: Plan, catalog: Catalog, converting: Converting, within: sa.Select[Any] | None = None
    ) -> None:
        self.plan, self.bound = plan, plan.bound
        self._catalog, self._converting, self._within = catalog, converting, within
        self._common = {b.number: common_conditions(b.measures) for b in plan.branches if not b.presence}
        self._probed = frozenset(b.number for b in plan.branches if b.presence)

    def select(self) -> sa.Select[Any]:
        """The rows that are asked for, one more than the limit, in their total order."""
        filled = self._filled()
        columns = [filled.c[name] for name in self.plan.keys]
        labels = self._labels(filled)
        source: Any = filled
        for label, join in labels.values():
            columns.append(label)
            source = source.outerjoin(*join)
        values = Values(self.bound, filled.c)
        for metric in self.bound.metrics:
            columns += values.columns(metric)
        if self.plan.totals == "rows":
            sums = {c.name: sa.func.sum(c).over() for c in filled.c if c.name not in self.plan.keys}
            over_all = Values(self.bound, sums)
            for metric in self.bound.shown:
                columns += over_all.columns(metric, TOTAL, changes=False)
        made = sa.select(*columns).select_from(source).where(*self._conditions(values))
        ordered = [self._ordered(column, down) for column, down in self._order()]
        return made.order_by(*ordered).limit(self.bound.limit + 1)

    def chosen_keys(self) -> sa.Select[Any]:
        """The keys of all rows that the conditions on metrics leave, limit or not."""
        filled = self._filled()
        keys = [filled.c[name] for name in self.plan.keys]
        return sa.select(*keys).where(*self._conditions(Values(self.bound, filled.c)))

    # Layers

    def _filled(self) -> Any:
        """Measures in which nothing that counts is 0 and nothing known is null."""
        stacked, keys = self._stacked(), self.plan.keys
        if keys and self._is_plain():
            return stacked
        columns = [stacked.c[name] for name in keys]
        reals: list[Core] = [stacked.c[SPINE].is_not(None)] if self.plan.spine else []
        for branch in self.plan.branches:
            if branch.presence:
                continue
            prefix = "" if branch.when == "now" else "b_"
            own, present = self._presence(stacked, prefix, branch)
            for name, measure in branch.measures:
                value = stacked.c[prefix + name]
                columns.append(self._fill(value, own, present, measure, branch).label(prefix + name))
            reals.append(self._is_real(stacked, prefix, own, branch))
        if not keys:
            return sa.select(*columns).subquery("filled")
        filled = sa.select(*columns, sa.or_(*reals).label(REAL)).subquery("filled")
        kept = [column for column in filled.c if column.name != REAL]
        return sa.select(*kept).where(filled.c[REAL]).subquery("kept")

    def _is_plain(self) -> bool:
        """Whether every row of the one branch counts in every measure, so that there is no gap to fill."""
        if len(self.plan.branches) > 1 or self.plan.spine:
            return False
        branch = self.plan.branches[0]
        return not any(is_filtered(measure, self._common[branch.number]) for _, measure in branch.measures)

    def _presence(self, stacked: Any, prefix: str, branch: Branch) -> tuple[Core, Core]:
        """How many rows the branch found for a key, and whether the fact has any on the key's date."""
        own = stacked.c[f"{prefix}n{branch.number}"]
        probe = stacked.c[f"{prefix}w{branch.number}"] if branch.number in self._probed else own
        if all(name == DATE for name in self.plan.keys):
            return own, probe
        return own, sa.func.sum(probe).over(partition_by=[stacked.c[DATE]] if DATE in self.plan.keys else None)

    def _fill(self, value: Core, own: Core, present: Core, measure: Measure, branch: Branch) -> Core:
        if measure.aggregate == "median":
            return value
        is_part = is_filtered(measure, self._common[branch.number])
        empty = present > 0 if is_part else sa.and_(present > 0, sa.func.coalesce(own, sa.literal_column("0")) == 0)
        return sa.case((value.is_not(None), value), (empty, sa.literal_column("0")))

    def _is_real(self, stacked: Any, prefix: str, own: Core, branch: Branch) -> Core:
        """Whether a row stands for something that counts, rather than for rows that no measure counts."""
        common = self._common[branch.number]
        if any(not is_filtered(measure, common) for _, measure in branch.measures):
            return own > 0
        return sa.func.coalesce(*(stacked.c[prefix + name] for name, _ in branch.measures)).is_not(None)

    def _stacked(self) -> Any:
        """All branches under each other, grouped again by key: each column has its value in one of them only."""
        outputs = [self._select(branch).output() for branch in self.plan.branches]
        if len(outputs) == 1 and not self.plan.spine:
            return outputs[0].select().subquery("stacked")
        keys = self.plan.keys
        names = list(dict.fromkeys(name for output in outputs for name in output.values))
        selects = [output.select(names) for output in outputs]
        if self.plan.spine:
            series = days.bucket_series(self.bound.period, self.plan.grain or "day", self.bound.calendar)
            nulls = [sa.null().label(name) for name in names]
            selects = [select.add_columns(sa.null().label(SPINE)) for select in selects]
            selects.append(sa.select(series.c.bucket.label(DATE), *nulls, sa.literal_column("1").label(SPINE)))
            names.append(SPINE)
        union = sa.union_all(*selects).subquery("parts")
        grouped = [union.c[name] for name in keys]
        made = sa.select(*grouped, *(sa.func.max(union.c[name]).label(name) for name in names))
        return (made.group_by(*grouped) if keys else made).subquery("stacked")

    def _select(self, branch: Branch) -> FactSelect:
        return FactSelect(self.plan, branch, self._catalog, self._converting(branch), self._within)

    def missing_rates(self) -> list[sa.Select[Any]]:
        """What to ask before amounts are converted: which currencies lack a rate, and since when."""
        selects = [self._select(branch) for branch in self.plan.branches]
        return [select.missing_rates() for select in selects if select.converting]

    # Rows

    def _conditions(self, values: "Values") -> list[Core]:
        return [
            number_condition(values.value(self.bound.metric(item.metric), item.suffix), item.op, item.values)
            for item in self.bound.metric_filters
        ]

    def _order(self) -> list[tuple[str, bool]]:
        """The asked order, then every key, so that equal rows always stand in one order."""
        if not self.plan.keys:
            return []
        asked = [(order.name + order.suffix, order.descending) for order in self.bound.order]
        given = {name for name, _ in asked}
        return asked + [(name, False) for name in self.plan.keys if name not in given]

    @staticmethod
    def _ordered(column: str, descending: bool) -> Core:
        place: Any = sa.literal_column(f'"{column}"')
        ordered: Core = (place.desc() if descending else place.asc()).nulls_last()
        return ordered

    def _labels(self, filled: Any) -> Mapping[str, tuple[Core, tuple[Any, Core]]]:
        """Label columns and the joins that give them; names found only among a fact's rows are looked up afterwards,
        unless the rows are ordered by them."""
        found: dict[str, tuple[Core, tuple[Any, Core]]] = {}
        ordered = {order.name for order in self.bound.order if order.kind == "label"}
        for dimension in self.bound.dimensions:
            if dimension.name not in self.plan.keys or not dimension.label_sources:
                continue
            names = _names_of(dimension, dimension.label_column in ordered)
            if names is None:
                continue
            key = filled.c[dimension.name]
            label = sa.func.nullif(names.c["text"], "").label(dimension.label_column)
            found[dimension.name] = (label, (names, names.c["key"] == key))
        return found


def _names_of(dimension: Dimension, is_needed: bool) -> Any:
    source = dimension.label_sources[0]
    table = sa.table(source.table, *(sa.column(c) for c in (source.key, source.text, source.latest) if c))
    key, text = table.c[source.key].label("key"), table.c[source.text]
    if source.latest is None:
        return sa.select(key, text.label("text")).subquery(f"names_of_{dimension.name}")
    if not is_needed:
        return None
    latest = sa.func.arg_max(text, table.c[source.latest]).label("text")
    return sa.select(key, latest).group_by(table.c[source.key]).subquery(f"names_of_{dimension.name}")


class Values:
    """Metrics over measure columns: now, before, and what lies between."""

    def __init__(self, bound: BoundQuery, columns: Any) -> None:
        self._bound, self._columns = bound, columns

    def columns(self, metric: BoundMetric, prefix: str = "", *, changes: bool = True) -> list[Any]:
        suffixes: list[Suffix] = [""]
        if self._bound.compare is not None:
            suffixes += ["__previous", "__change", "__change_ratio"] if changes else ["__previous"]
        return [self.value(metric, suffix).label(prefix + metric.name + suffix) for suffix in suffixes]

    def value(self, metric: BoundMetric, suffix: Suffix = "") -> Core:
        if suffix == "__previous":
            return core_of(metric.formula, lambda name: self._columns[f"b_{name}"])
        if not suffix:
            return core_of(metric.formula, lambda name: self._columns[name])
        now, before = self.value(metric), self.value(metric, "__previous")
        change = now.op("-")(before)
        if suffix == "__change":
            return change
        return sa.case((before != 0, sa.cast(change, sa.Double) / sa.func.abs(sa.cast(before, sa.Double))))
