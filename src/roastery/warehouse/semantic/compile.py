"""Compiles a plan to one SELECT: branches stacked, grouped again by key, gaps filled, metrics computed, rows chosen.

Layers, inside out: branches (one fact each) → `stacked` (UNION ALL BY NAME, grouped by key) → `filled` (none told
from no data) → result (metrics, changes, labels, totals as windows over all chosen rows).
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from roastery.warehouse.semantic import days
from roastery.warehouse.semantic.bound import OTHER, SHARE, BoundMetric, BoundQuery, Suffix
from roastery.warehouse.semantic.branch import ONE, ZERO, FactSelect
from roastery.warehouse.semantic.conditions import NO_VALUES, value_condition
from roastery.warehouse.semantic.expression import Core, text_constant
from roastery.warehouse.semantic.formula import RAW, core_of, safe_ratio
from roastery.warehouse.semantic.model import DATE, Dimension, Measure
from roastery.warehouse.semantic.parameters import place, shape_of_branch
from roastery.warehouse.semantic.plan import Branch, Plan, common_conditions, is_filtered, plan
from roastery.warehouse.semantic.sources import Catalog
from roastery.warehouse.semantic.stacking import Branches, Layer, Part, Stacked, quoted

SPINE = "on_spine"
REAL = "is_real"
TOTAL = "total__"
WHOLE = "whole__"


class Compiler:
    """Builds the SELECT of one plan. conversions: by fact, whether its amounts are in several currencies."""

    def __init__(
        self,
        planned: Plan,
        catalog: Catalog,
        branches: Branches,
        conversions: Mapping[str, bool],
        within: sa.Select[Any] | None = None,
    ) -> None:
        self.plan, self.bound = planned, planned.bound
        self._catalog, self._branches = catalog, branches
        self._conversions, self._within = conversions, within
        self._common = {b.number: common_conditions(b.measures) for b in planned.branches if not b.presence}
        # Without gaps to fill, a measure is the same before and after.
        self._strict = frozenset[str]() if planned.keys and self._is_plain() else planned.bound.strict_measures
        self._probed = frozenset(b.number for b in planned.branches if b.presence)
        self._top = self._top_values()

    def select(self) -> sa.Select[Any]:
        """The rows that are asked for, one more than the limit, in their total order."""
        source: Any = self._with_wholes(self._filled())
        columns: list[Any] = [sa.column(name) for name in self.plan.keys]
        for label, names, condition in self._labels():
            columns.append(label)
            source = source.outerjoin(names, condition)
        values = self._values()
        for metric in self.bound.metrics:
            columns += values.columns(metric)
        if self.plan.totals == "rows":
            over_all = self._values({name: sa.func.sum(sa.column(name)).over() for name in self._value_names()})
            for metric in self.bound.shown:
                columns += over_all.columns(metric, TOTAL, changes=False)
        made = sa.select(*columns).select_from(source).where(*self._conditions(values))
        return made.order_by(*self._order()).limit(place("limit"))

    def _rest_last(self) -> list[Core]:
        """The row of all other values stands last, unless rows follow the days."""
        if self.bound.top is None or self.bound.grain or self.bound.top.dimension.name not in self.plan.keys:
            return []
        place_of: Any = sa.literal_column(f'"{self.bound.top.dimension.name}"')
        return [sa.case((place_of == text_constant(OTHER), ONE), else_=ZERO)]

    def _with_wholes(self, filled: Any) -> Any:
        """Beside each row what its shares are of: the sums over all rows, also those that conditions take out."""
        shares = self.bound.shares if self.plan.keys else ()
        if not shares:
            return filled
        values = self._values()
        within: list[Any] = [sa.column(name) for name in self.bound.shares_within]
        columns: list[Any] = [sa.column(name) for name in (*self.plan.keys, *self._value_names())]
        for name in shares:
            value = values.value(self.bound.metric(name))
            columns.append(sa.func.sum(value).over(partition_by=within or None).label(WHOLE + name))
        return sa.select(*columns).select_from(filled).subquery("with_wholes")

    def _top_values(self) -> sa.CTE | None:
        """The first values of the top's dimension, over the whole period and under the same conditions."""
        top = self.bound.top
        if top is None:
            return None
        names = frozenset(top.by.measures)
        ranked = replace(
            self.bound,
            metrics=(top.by,),
            measures={name: measure for name, measure in self.bound.measures.items() if name in names},
            dimensions=(top.dimension,),
            grain=None,
            compare=None,
            metric_filters=(),
            order=(),
            shares=(),
            top=None,
        )
        compiler = Compiler(plan(ranked), self._catalog, self._branches, self._conversions)
        value: Any = compiler._values().value(top.by)
        key: Any = sa.column(top.dimension.name)
        made = (
            sa.select(key)
            .select_from(compiler._filled())
            .where(key.not_in((*map(text_constant, (*NO_VALUES, OTHER)),)))
        )
        ordered = (value.desc() if top.descending else value.asc()).nulls_last()
        return made.order_by(ordered, key).limit(place("top")).cte("top_values")

    def chosen_keys(self) -> sa.Select[Any]:
        """The keys of all rows that the conditions on metrics leave, limit or not."""
        keys: list[Any] = [sa.column(name) for name in self.plan.keys]
        source = self._with_wholes(self._filled())
        return sa.select(*keys).select_from(source).where(*self._conditions(self._values()))

    def _values(self, columns: Mapping[str, Core] = MappingProxyType({})) -> "Values":
        has_keys = bool(self.plan.keys)
        return Values(self.bound, columns, has_keys and self._is_plain(), has_keys)

    def missing_rates(self) -> list[sa.Select[Any]]:
        """What to ask before amounts are converted: which currencies lack a rate, and since when."""
        selects = [self._select(branch) for branch in self.plan.branches]
        return [select.missing_rates() for select in selects if select.converting]

    # Layers

    def _filled(self) -> Any:
        """Measures in which nothing that counts is 0 and nothing known is null."""
        stacked, keys = self._stacked(), self.plan.keys
        if keys and self._is_plain():
            return stacked
        columns, reals = [quoted(name) for name in keys], []
        if self.plan.spine:
            reals.append(f"{quoted(SPINE)} IS NOT NULL")
        for branch in self.plan.branches:
            if branch.presence:
                continue
            prefix = "" if branch.when == "now" else "b_"
            own, present = self._presence(prefix, branch)
            for name, measure in branch.measures:
                value = quoted(prefix + name)
                columns.append(f"{self._fill(value, own, present, measure, branch)} AS {value}")
                if name in self._strict:
                    columns.append(f"{value} AS {quoted(prefix + RAW + name)}")
            reals.append(self._is_real(prefix, own, branch))
        if not keys:
            return Layer("filled", columns, stacked)
        is_real = " OR ".join(reals)
        if all(name == DATE for name in keys):
            # Nothing looks beyond its own row, so that rows can go at once.
            return Layer("filled", columns, stacked, where=is_real)
        filled = Layer("filled", [*columns, f"({is_real}) AS {REAL}"], stacked)
        return Layer("kept", [quoted(name) for name in (*keys, *self._value_names())], filled, where=REAL)

    def _value_names(self) -> list[str]:
        prefixes = ("", "b_") if self.bound.compare is not None else ("",)
        raw = [RAW + name for name in self.bound.measures if name in self._strict]
        return [prefix + name for prefix in prefixes for name in (*self.bound.measures, *raw)]

    def _is_plain(self) -> bool:
        """Whether every row of the one branch counts in every measure, so that there is no gap to fill."""
        if len(self.plan.branches) > 1 or self.plan.spine:
            return False
        branch = self.plan.branches[0]
        return not any(is_filtered(measure, self._common[branch.number]) for _, measure in branch.measures)

    def _presence(self, prefix: str, branch: Branch) -> tuple[str, str]:
        """How many rows the branch found for a key, and whether the fact has any on the key's date."""
        own = f"{prefix}n{branch.number}"
        probe = f"{prefix}w{branch.number}" if branch.number in self._probed else own
        if all(name == DATE for name in self.plan.keys):
            return own, probe
        return own, f"sum({probe}) OVER ({f'PARTITION BY {quoted(DATE)}' if DATE in self.plan.keys else ''})"

    def _fill(self, value: str, own: str, present: str, measure: Measure, branch: Branch) -> str:
        if measure.aggregate == "median":
            return value
        empty = f"{present} > 0"
        if not is_filtered(measure, self._common[branch.number]):
            # Rows whose value is not known stay unknown.
            empty += f" AND coalesce({own}, 0) = 0"
        return f"CASE WHEN {value} IS NOT NULL THEN {value} WHEN {empty} THEN 0 END"

    def _is_real(self, prefix: str, own: str, branch: Branch) -> str:
        """Whether a row stands for something that counts, rather than for rows that no measure counts."""
        common = self._common[branch.number]
        if any(not is_filtered(measure, common) for _, measure in branch.measures):
            return f"{own} > 0"
        counted = ", ".join(quoted(prefix + name) for name, _ in branch.measures)
        return f"coalesce({counted}) IS NOT NULL"

    def _stacked(self) -> Any:
        """All branches under each other, grouped again by key: each column has its value in one of them only."""
        parts = [self._part(branch) for branch in self.plan.branches]
        if len(parts) == 1 and not self.plan.spine and not parts[0].is_unfinished:
            return Stacked([parts[0].select], "stacked")
        if self.plan.spine:
            parts.append(self._branches.of(("spine", self.plan.grain), self._spine))
        names = dict.fromkeys(name for part in parts for name in part.values)
        grouped = [quoted(name) for name in self.plan.keys]
        columns = grouped + [f"{self._met(name)}({quoted(name)}) AS {quoted(name)}" for name in names]
        return Layer("stacked", columns, Stacked([part.select for part in parts], "parts"), group_by=grouped)

    def _spine(self) -> Part:
        """Every bucket of the period, so that those without a row are there too."""
        assert self.plan.grain is not None
        bucket: Any = sa.column(days.BUCKET).label(DATE)
        series = days.bucket_series("now", self.plan.grain)
        return Part(sa.select(bucket, ONE.label(SPINE)).select_from(series), (SPINE,), False)

    def _met(self, name: str) -> str:
        """How one column of the branches meets: sums add up, anything else has its value in one row only."""
        measure = self.bound.measures.get(name.removeprefix("b_"))
        return "sum" if measure is None or measure.is_sum else "max"

    def _part(self, branch: Branch) -> Part:
        if self._top is not None or self._within is not None:
            return self._made(branch)
        shape = shape_of_branch(self.plan, branch, self._conversions.get(branch.fact.name, False))
        return self._branches.of(shape, lambda: self._made(branch))

    def _made(self, branch: Branch) -> Part:
        output = self._select(branch).output()
        return Part(output.select(), tuple(output.values), bool(output.finish))

    def _select(self, branch: Branch) -> FactSelect:
        converting = self._conversions.get(branch.fact.name, False)
        return FactSelect(self.plan, branch, self._catalog, converting, self._within, self._top)

    # Rows

    def _conditions(self, values: "Values") -> list[Core]:
        found = []
        for number, item in enumerate(self.bound.metric_filters):
            places = [place(f"having_{number}_{n}") for n in range(len(item.values))]
            found.append(value_condition(values.value(self.bound.metric(item.metric), item.suffix), item.op, places))
        return found

    def _order(self) -> list[Core]:
        """The asked order, then every key, so that equal rows always stand in one order."""
        if not self.plan.keys:
            return []
        asked = [(order.name + order.suffix, order.descending) for order in self.bound.order]
        given = {name for name, _ in asked}
        chosen = asked + [(name, False) for name in self.plan.keys if name not in given]
        return self._rest_last() + [_ordered(name, down) for name, down in chosen]

    def _labels(self) -> list[tuple[Core, Any, Core]]:
        """Label columns and the joins that give them; names found only among a fact's rows are looked up afterwards,
        unless the rows are ordered by them."""
        found: list[tuple[Core, Any, Core]] = []
        ordered = {order.name for order in self.bound.order if order.kind == "label"}
        for dimension in self.bound.dimensions:
            if dimension.name not in self.plan.keys or not dimension.label_sources:
                continue
            names = _names_of(dimension, dimension.label_column in ordered)
            if names is not None:
                key, text = f"key_of_{dimension.name}", f"name_of_{dimension.name}"
                label = sa.func.nullif(sa.column(text), sa.literal_column("''")).label(dimension.label_column)
                found.append((label, names, sa.column(key) == sa.column(dimension.name)))
        return found


def _ordered(column: str, descending: bool) -> Core:
    column_place: Any = sa.literal_column(f'"{column}"')
    ordered: Core = (column_place.desc() if descending else column_place.asc()).nulls_last()
    return ordered


def _names_of(dimension: Dimension, is_needed: bool) -> Any:
    source = dimension.label_sources[0]
    table = sa.table(source.table, *(sa.column(c) for c in (source.key, source.text, source.latest) if c))
    key, text = table.c[source.key].label(f"key_of_{dimension.name}"), table.c[source.text]
    named = f"name_of_{dimension.name}"
    if source.latest is None:
        return sa.select(key, text.label(named)).subquery(f"names_of_{dimension.name}")
    if not is_needed:
        return None
    latest = sa.func.arg_max(text, table.c[source.latest]).label(named)
    return sa.select(key, latest).group_by(table.c[source.key]).subquery(f"names_of_{dimension.name}")


class Values:
    """Metrics over measure columns: now, before, and what lies between. columns: what stands for a measure's column."""

    def __init__(self, bound: BoundQuery, columns: Mapping[str, Core], is_plain: bool, has_shares: bool) -> None:
        self._bound, self._columns, self._is_plain, self._has_shares = bound, columns, is_plain, has_shares

    def columns(self, metric: BoundMetric, prefix: str = "", *, changes: bool = True) -> list[Any]:
        suffixes: list[Suffix] = [""]
        if self._bound.compare is not None:
            suffixes += ["__previous"]
            if changes and self._is_chosen_by_change(metric):
                suffixes += ["__change", "__change_ratio"]
        if changes and self._has_shares and metric.name in self._bound.shares:
            suffixes.append(SHARE)
        return [self.value(metric, suffix).label(prefix + metric.name + suffix) for suffix in suffixes]

    def _is_chosen_by_change(self, metric: BoundMetric) -> bool:
        """Changes that rows are ordered by; those that are shown are taken from the displayed values."""
        return any(order.name == metric.name and order.suffix for order in self._bound.order)

    def value(self, metric: BoundMetric, suffix: Suffix = "") -> Core:
        if suffix == "__previous":
            return core_of(metric.formula, lambda name: self._column(f"b_{name}"))
        if not suffix:
            return core_of(metric.formula, self._column)
        if suffix == SHARE:
            return safe_ratio(self.value(metric), sa.column(WHOLE + metric.name))
        now, before = self.value(metric), self.value(metric, "__previous")
        change = now.op("-")(before)
        if suffix == "__change":
            return change
        return sa.case((before != ZERO, sa.cast(change, sa.Double) / sa.func.abs(sa.cast(before, sa.Double))))

    def _column(self, name: str) -> Core:
        if self._is_plain:
            name = name.replace(RAW, "")
        return self._columns[name] if name in self._columns else sa.column(name)
