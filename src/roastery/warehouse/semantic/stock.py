"""Stocks over time: changes summed from the beginning up to each bucket's end, or its start."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roastery.warehouse.semantic import days
from roastery.warehouse.semantic.branch import AMOUNT, RATE, Output
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
    series = days.bucket_series(branch.branch.period, branch.grain, branch.bound.calendar)
    as_of = _as_of(branch, series.c.bucket)
    source: Any = series.join(changes, changes.c[DAY] < as_of)
    if branch.converting:
        table = rates()
        at_rate = sa.and_(
            table.c.rate_date == as_of - sa.literal_column("1"),
            table.c.base_currency == changes.c[CURRENCY],
            table.c.quote_currency == branch.bound.currency,
        )
        source = source.outerjoin(table, at_rate)
    keys: dict[str, Core] = {}
    for name in branch.keys:
        keys[name] = days.shifted(series.c.bucket, branch.branch.shift) if name == DATE else changes.c[name]
    values: dict[str, Core] = {}
    for name, measure in branch.branch.measures:
        values[branch.column(name)] = sa.func.sum(_at_rate(branch, changes.c[name], changes.c[CURRENCY], measure))
    values[branch.column(f"n{branch.branch.number}")] = sa.func.sum(changes.c[ROWS])
    return Output(keys, values, source, ())


def _changes(branch: "FactSelect") -> Any:
    common = common_conditions(branch.branch.measures)
    columns: dict[str, Core] = {name: branch.key(name) for name in branch.keys if name != DATE}
    columns[DAY] = branch.day
    columns[CURRENCY] = branch.currency if branch.fact.currency else sa.literal_column("''")
    for name, measure in branch.branch.measures:
        columns[name] = _sum(branch, measure, common)
    columns[ROWS] = sa.func.count()
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


def _at_rate(branch: "FactSelect", value: Core, currency: Core, measure: Measure) -> Core:
    if not (measure.is_money and branch.converting):
        return value
    one = sa.cast(sa.literal_column("1"), RATE)
    rate = sa.case((currency == branch.bound.currency, one), else_=sa.cast(rates().c.rate, RATE))
    return sa.cast(value, AMOUNT) * rate


def _as_of(branch: "FactSelect", bucket: Core) -> Core:
    assert branch.grain is not None
    period = branch.branch.period
    if branch.branch.at == "start":
        return sa.func.greatest(bucket, sa.literal(period.start, sa.Date))
    return days.bucket_end(bucket, branch.grain, branch.as_of)
