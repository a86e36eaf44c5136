"""Stocks over time: changes summed from the beginning up to each bucket's end, or its start."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roastery.warehouse.semantic import days
from roastery.warehouse.semantic.branch import EMPTY, ONE, Output, at_rate, rate_condition
from roastery.warehouse.semantic.expression import Core
from roastery.warehouse.semantic.model import DATE, Measure
from roastery.warehouse.semantic.plan import common_conditions, is_filtered
from roastery.warehouse.semantic.sources import rates

if TYPE_CHECKING:
    from roastery.warehouse.semantic.branch import FactSelect

DAY, CURRENCY, ROWS = "changed_on", "changed_in", "changes"


def stock_output(branch: "FactSelect") -> Output:
    """Changes are first summed by day, keys and currency, so that the series of buckets meets few rows."""
    changes = _changes(branch)
    assert branch.grain is not None
    windowed = branch.branch.window is not None
    series = branch.series if windowed else days.bucket_series(branch.branch.when, branch.grain)
    bucket = series.c[days.BUCKET]
    as_of = series.c[days.BEGINS] if windowed else _as_of(branch, bucket)
    source: Any = series.join(changes, changes.c[DAY] < as_of)
    if branch.converting:
        source = source.outerjoin(rates(), rate_condition(as_of.op("-")(ONE), changes.c[CURRENCY]))
    keys: dict[str, Core] = {}
    for name in branch.keys:
        keys[name] = days.aligned(bucket, branch.branch, branch.grain) if name == DATE else changes.c[name]
    values: dict[str, Core] = {}
    for name, measure in branch.branch.measures:
        change = changes.c[name]
        is_converted = measure.is_money and branch.converting
        values[branch.column(name)] = sa.func.sum(at_rate(change, changes.c[CURRENCY]) if is_converted else change)
    values[branch.column(f"n{branch.branch.number}")] = sa.func.sum(changes.c[ROWS])
    return Output(keys, values, source, ())


def _changes(branch: "FactSelect") -> Any:
    common = common_conditions(branch.branch.measures)
    columns: dict[str, Core] = {name: branch.key(name) for name in branch.keys if name != DATE}
    columns[DAY] = branch.day
    columns[CURRENCY] = branch.currency if branch.fact.currency else EMPTY
    for name, measure in branch.branch.measures:
        columns[name] = _sum(branch, measure, common)
    columns[ROWS] = sa.func.count()
    # Amounts stay in their own currency here; the rate is that of each bucket's last day.
    converting, branch.converting = branch.converting, False
    where = branch.where(common)
    labelled = [value.label(name) for name, value in columns.items()]
    made = sa.select(*labelled).select_from(branch.source).where(*where)
    branch.converting = converting
    grouped = [str(n + 1) for n, name in enumerate(columns) if name in (*branch.keys, DAY, CURRENCY)]
    return made.group_by(*map(sa.literal_column, grouped)).subquery("changed")


def _sum(branch: "FactSelect", measure: Measure, common: frozenset[str]) -> Core:
    parts = [branch.core(part) for part in measure.where] if is_filtered(measure, common) else []
    counted: Any = sa.func.count() if measure.of is None else sa.func.sum(branch.core(measure.of))
    filtered: Core = counted.filter(*parts) if parts else counted
    return filtered


def _as_of(branch: "FactSelect", bucket: Core) -> Core:
    assert branch.grain is not None
    if branch.branch.at == "start":
        return sa.func.greatest(bucket, branch.place("start"))
    return days.bucket_end(bucket, branch.grain, branch.place("as_of"), branch.bound.calendar)
