"""Cumulative values over time: each bucket counts the days of its window, which may begin before the period."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roastery.warehouse.semantic import days
from roastery.warehouse.semantic.branch import Output
from roastery.warehouse.semantic.expression import Core
from roastery.warehouse.semantic.model import DATE
from roastery.warehouse.semantic.plan import common_conditions

if TYPE_CHECKING:
    from roastery.warehouse.semantic.branch import FactSelect

DAY, ROWS = "counted_on", "counted"


def is_summed_by_day(branch: "FactSelect") -> bool:
    """Whether sums of days make the sums of windows; medians and distinct counts need the rows themselves."""
    measures = [measure for _, measure in branch.branch.measures]
    return all(m.is_sum and not any(part.parameters for part in m.where) for m in measures)


def window_output(branch: "FactSelect") -> Output:
    """Rows are first summed by day and keys, so that the windows meet few rows."""
    summed, series = _by_day(branch), branch.series
    source: Any = series.join(
        summed, sa.and_(summed.c[DAY] >= series.c[days.BEGINS], summed.c[DAY] < series.c[days.ENDS])
    )
    keys: dict[str, Core] = {name: summed.c[name] for name in branch.keys if name != DATE}
    if DATE in branch.keys:
        keys = {DATE: branch.key(DATE)} | keys
    values: dict[str, Core] = {branch.column(name): sa.func.sum(summed.c[name]) for name, _ in branch.branch.measures}
    values[branch.column(branch.rows_column)] = sa.func.sum(summed.c[ROWS])
    return Output({name: keys[name] for name in branch.keys}, values, source, ())


def _by_day(branch: "FactSelect") -> Any:
    common = common_conditions(branch.branch.measures)
    columns: dict[str, Core] = {name: branch.key(name) for name in branch.keys if name != DATE}
    columns[DAY] = branch.day
    grouped = len(columns)
    columns |= {name: branch.aggregate(measure, common) for name, measure in branch.branch.measures}
    columns[ROWS] = sa.func.count()
    where = branch.where(common)
    labelled = [value.label(name) for name, value in columns.items()]
    made = sa.select(*labelled).select_from(branch.rows).where(*where)
    return made.group_by(*(sa.literal_column(str(n + 1)) for n in range(grouped))).subquery("by_day")
