"""Retention: of the customers of each cohort, the share that is active again at each age."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.tools.analysis.cohorts import Retention, retention
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.buying import refuse_scoped
from roastery.tools.cohorts.writing import Writer, cohort_result, provenance_of, shown_value
from roastery.tools.comparing import last_complete_day
from roastery.warehouse.errors import NoData
from roastery.warehouse.semantic.calendar import Calendar, step
from roastery.warehouse.semantic.query import Period, PeriodSpec

SALES = """
SELECT customer_id, sale_date FROM sales WHERE customer_id IS NOT NULL AND sale_date < ? ORDER BY customer_id, sale_date
"""
MOST_AGES = 12


def retention_result(context: ToolContext, arguments: Any, period: Period) -> ToolResult:
    """Errors: NoData, NotAllowed."""
    refuse_scoped(context)
    today = context.clock.today(context.organization.time_zone)
    first = context.metrics.resolve_period(PeriodSpec(name="all_time")).start
    made = provenance_of(context, ("active_customers",), Period(min(first, today - timedelta(days=1)), today))
    through = last_complete_day(context, made.complete_through)
    rows = context.metrics.warehouse.query(SALES, [through + timedelta(days=1)])
    if not rows.num_rows:
        raise NoData("No identified customer has bought yet. Connect a shop, or import transactions with customer_id.")
    starts = _buckets(context, arguments.grain, first, through)
    found = _by_age(rows, starts, arguments.grain, through)
    kept = [n for n, c in enumerate(found.cohorts) if period.start <= starts[int(c)] < period.end][-arguments.limit :]
    if not kept:
        raise NoData("Nobody was acquired in this period.")
    writer = Writer("retention_by_age")
    ages = min(found.active.hits.shape[1], MOST_AGES + 1)
    told = [_cohort(writer, found, n, starts[int(found.cohorts[n])], arguments.grain, ages) for n in kept]
    # Of the cohorts that are shown: older ones of the period may be beyond the limit.
    whole = FactPeriod(start=starts[int(found.cohorts[kept[0]])], end=period.end)
    overall = {}
    for age in range(1, ages):
        hits, trials = (int(part[kept, age].sum()) for part in (found.active.hits, found.active.trials))
        if trials:
            overall[age] = writer.share(hits, trials, whole, {"age": str(age)})
    table = _retention_table(arguments.grain, told, overall, ages)
    data = {
        "overall": [{"age": age, **{k: f.id for k, f in cells.items()}} for age, cells in overall.items()],
        "cohorts": [{"cohort": row["cohort"], "size": row["size"].id} for row in told],
    }
    shown = [{"key": f"{r['cohort']} {a}", "hits": r[a]["hits"].value, "of": r[a]["trials"].value}
             for r in told for a in map(str, range(1, ages)) if a in r]  # fmt: skip
    said = ("Periods that are not over are left out, since an unfinished one looks like churn.",)
    chart = _curve(overall, arguments.grain)
    return cohort_result(context, arguments, made, writer.book, period, shown, (table,), data, said, chart)


def _by_age(rows: pa.Table, starts: Sequence[date], grain: Any, through: date) -> Retention:
    """Cohorts by bucket and age; the last bucket counts only when it is whole."""
    codes = rows.column("customer_id").combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    days = rows.column("sale_date").to_numpy().astype("datetime64[D]")
    place = np.searchsorted(np.array(starts, dtype="datetime64[D]"), days, side="right") - 1
    is_whole = step(starts[-1], grain, 1) <= through + timedelta(days=1)
    return retention(codes, place, len(starts) - (1 if is_whole else 2))


def _cohort(writer: Writer, found: Retention, n: int, start: date, grain: Any, ages: int) -> dict[str, Any]:
    """One cohort's size and, by age, the facts of its share."""
    span, cohort = FactPeriod(start=start, end=step(start, grain, 1)), {"cohort": start.isoformat()}
    row: dict[str, Any] = dict(cohort)
    for age in range(1, ages):
        if trials := int(found.active.trials[n, age]):
            where = {**cohort, "age": str(age)}
            row[str(age)] = writer.share(int(found.active.hits[n, age]), trials, span, where)
    row["size"] = writer.book.counted("customers_acquired", int(found.size[n]), span, cohort)
    return row


def _buckets(context: ToolContext, grain: Any, first: date, last: date) -> list[date]:
    organization = context.organization
    day = Calendar(last, organization.week_start, organization.fiscal_year_start).bucket(first, grain)
    found = [day]
    while step(found[-1], grain, 1) <= last:
        found.append(step(found[-1], grain, 1))
    return found


def _retention_table(grain: str, told: Sequence[dict[str, Any]], overall: dict[int, Any], ages: int) -> Table:
    columns = [str(age) for age in range(1, ages)]
    rows, ids = [], []
    for row in told:
        cells = {a: row[a]["share"] for a in columns if a in row}
        rows.append(
            {
                "cohort": row["cohort"],
                "customers": shown_value(row["size"]),
                **{a: shown_value(f) for a, f in cells.items()},
            }
        )
        ids.append({"customers": row["size"].id, **{a: f.id for a, f in cells.items()}})
    cells = {str(age): c["share"] for age, c in overall.items()}
    rows.append({"cohort": "all of these", **{a: shown_value(f) for a, f in cells.items()}})
    ids.append({a: f.id for a, f in cells.items()})
    return Table(
        title=f"Share of each cohort active again, by {grain}s since the first sale",
        columns=(
            {"name": "cohort", "kind": "dimension"},
            {"name": "customers", "kind": "compare", "unit": "count", "currency": None},
            *({"name": a, "kind": "compare", "unit": "ratio", "currency": None} for a in columns),
        ),
        rows=tuple(rows),
        fact_ids=tuple(ids),
    )


def _curve(overall: dict[int, dict[str, Fact]], grain: str) -> tuple[dict[str, Any], ...]:
    if len(overall) < 2:
        return ()
    values = [
        {"age": age, **{k: float(cells[k].value or 0) for k in ("share", "low", "high")}}
        for age, cells in overall.items()
    ]
    y = {"type": "quantitative", "axis": {"format": ".0%"}}
    return (
        {
            "title": f"Active again, by {grain}s since the first sale",
            "data": {"values": values},
            "encoding": {"x": {"field": "age", "type": "quantitative", "title": f"{grain.capitalize()}s since"}},
            "layer": [
                {"mark": {"type": "area", "opacity": 0.18, "color": "#2563eb"},
                 "encoding": {"y": {"field": "low", **y, "title": "Active again"}, "y2": {"field": "high"}}},
                {"mark": {"type": "line", "point": True, "color": "#2563eb"},
                 "encoding": {"y": {"field": "share", **y}}},
            ],
        },
    )  # fmt: skip
