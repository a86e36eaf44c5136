"""Repeat, renewal, lead-to-customer and no-show shares, by cohort or by one dimension."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from roastery.tools.analysis.cohorts import maturing_conversion
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.cohorts.writing import Writer, cohort_result, shown_value
from roastery.tools.definitions import dimensions_of, metrics_of, with_parts
from roastery.warehouse.errors import ImpossibleSplit, NoData, UnknownName
from roastery.warehouse.semantic.calendar import step
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery, Period, PeriodSpec

SHARES = {
    "repeat": ("repeat_rate", "repeating_customers", ("ordering_customers",)),
    "renewal": ("renewal_rate", "renewals", ("renewals", "churned_subscriptions")),
    "lead_to_customer": ("lead_to_customer_rate", "leads_become_customers", ("leads",)),
    "no_show": ("no_show_rate", "no_shows", ("kept_or_missed",)),
}
"""Metric, what counts as a hit, and what sums to the trials."""
LAGS = """
SELECT date_diff('day', l.created_at, min(s.occurred_at)) AS lag
FROM leads l JOIN identities i ON i.identity_kind = 'customer' AND i.identity = l.customer_id
JOIN sales s ON s.customer_id = i.customer_id AND s.occurred_at >= l.created_at
WHERE l.created_at < timezone(?, CAST(? AS TIMESTAMP)) - INTERVAL 180 DAY GROUP BY l.lead_id, l.created_at
"""
SETTLED_DAYS = 180
MOST_BARS = 24


def shares_result(context: ToolContext, arguments: Any, period: Period) -> ToolResult:
    """Repeat, renewal, lead-to-customer and no-show shares, by cohort or by one dimension.

    Errors: UnknownName, ImpossibleSplit, NoData.
    """
    metric = SHARES[arguments.kind][0]
    dimension = _dimension(context, arguments, metric)
    frame = _asked(context, arguments, period, dimension)
    writer = Writer(metric)
    rows = _told(context, arguments, period, dimension, frame.rows, writer)
    if not rows:
        raise NoData(f"There is nothing in this period to compute {metrics_of(context)[metric].title.lower()} of.")
    won, of = (sum((row[k].value or Decimal(0) for row in rows), Decimal(0)) for k in ("hits", "trials"))
    total = writer.share(won, of, FactPeriod(start=period.start, end=period.end), {})
    told = _most(rows, dimension, arguments.limit)
    data = {
        "metric": metric,
        "dimensions": [dimension] if dimension else [],
        "rows": [{k: v.id if isinstance(v, Fact) else v for k, v in row.items() if k != "start"} for row in told],
        "total": {k: f.id for k, f in total.items()},
    }
    shown = [{"key": row["key"], "hits": row["hits"].value, "of": row["trials"].value} for row in told]
    caveats = _caveats(context, arguments, told, len(rows) - len(told))
    tables = (_share_table(context, metric, dimension or "cohort", told),)
    charts = _bars(context, metric, told)
    return cohort_result(
        context, arguments, frame.provenance, writer.book, period, shown, tables, data, caveats, charts
    )


def _dimension(context: ToolContext, arguments: Any, metric: str) -> str | None:
    """What the share is split by, none by cohort. Errors: UnknownName, ImpossibleSplit."""
    if not arguments.dimensions:
        return None
    dimension: str = arguments.dimensions[0]
    if dimension not in dimensions_of(context):
        raise UnknownName("dimension", dimension, dimensions_of(context))
    if dimension not in metrics_of(context)[metric].dimensions:
        raise ImpossibleSplit(metric, dimension, metrics_of(context)[metric].dimensions)
    return dimension


def _asked(context: ToolContext, arguments: Any, period: Period, dimension: str | None) -> MetricFrame:
    """Hits and trials by cohort or slice."""
    _, hits, trials = SHARES[arguments.kind]
    names = tuple(dict.fromkeys((hits, *trials)))
    query = MetricQuery(
        metrics=names, dimensions=(dimension,) if dimension else (), grain=None if dimension else arguments.grain,
        period=PeriodSpec(start=period.start, end=period.end),
    )  # fmt: skip
    frame: MetricFrame = with_parts(context, names).metrics.ask(query, row_scope=context.actor.row_scope)
    return frame


def _told(
    context: ToolContext, arguments: Any, period: Period, dimension: str | None, rows: Sequence[Mapping[str, Any]],
    writer: Writer,
) -> list[dict[str, Any]]:  # fmt: skip
    """Each cohort or slice with trials: its key and text, the ids of its labels, its facts."""
    _, hits, trials = SHARES[arguments.kind]
    whole = FactPeriod(start=period.start, end=period.end)
    label_of = dimensions_of(context)[dimension].label_column if dimension else None
    told: list[dict[str, Any]] = []
    for values in rows:
        won, of = _amount(values.get(hits)), sum((_amount(values.get(name)) for name in trials), Decimal(0))
        if not of:
            continue
        if dimension:
            key = str(values[dimension] if values[dimension] is not None else "unknown")
            text = str(values.get(label_of) or key) if label_of else key
            named = {"key": key, "text": text, "labels": [writer.book.label(dimension, key, text).id]}
            told.append({**named, **writer.share(won, of, whole, {dimension: key})})
        else:
            start: date = values["date"]
            span = FactPeriod(start=max(start, period.start), end=min(step(start, arguments.grain, 1), period.end))
            named = {"key": start.isoformat(), "text": start.isoformat(), "labels": []}
            told.append({**named, "start": start, **writer.share(won, of, span, {"cohort": start.isoformat()})})
    return told


def _most(rows: Sequence[dict[str, Any]], dimension: str | None, limit: int) -> list[dict[str, Any]]:
    """The largest slices, or the latest cohorts."""
    if dimension is None:
        return list(rows[-limit:])
    return sorted(rows, key=lambda row: (-(row["trials"].value or 0), row["key"]))[:limit]


def _caveats(context: ToolContext, arguments: Any, told: Sequence[dict[str, Any]], left_out: int) -> list[str]:
    caveats = _maturity(context, arguments, told)
    if arguments.kind in ("repeat", "lead_to_customer") and not caveats:
        caveats.append("Young cohorts have had less time, so their share will still grow.")
    if left_out > 0:
        caveats.append(f"{left_out} more are not shown; they count in the total.")
    return caveats


def _maturity(context: ToolContext, arguments: Any, told: Sequence[dict[str, Any]]) -> list[str]:
    """Marks young lead cohorts with the share that has usually come by their age, and what they will come to."""
    if arguments.kind != "lead_to_customer" or arguments.dimensions:
        return []
    zone = context.organization.time_zone
    today = context.clock.today(zone)
    lags = context.metrics.warehouse.query(LAGS, [zone, today]).column("lag").to_pylist()
    ages = [(today - row["start"]).days for row in told]
    try:
        found = maturing_conversion(
            [int(row["trials"].value) for row in told], [int(row["hits"].value) for row in told], ages,
            [v for v in lags if v is not None], SETTLED_DAYS,
        )  # fmt: skip
    except TooLittleData as error:
        return [f"How long leads take to become customers is not known yet. {error.message}"]
    for row, maturity in zip(told, found.maturity, strict=True):
        row["maturity"] = f"{float(maturity):.2f}"
    young = [row["key"] for row, m in zip(told, found.maturity, strict=True) if m < 0.9]
    if not young:
        return []
    return [f"Cohorts since {young[0]} have not had the time that leads usually need, so their share will grow."]


def _amount(value: Any) -> Decimal:
    return Decimal(value or 0)


def _share_table(context: ToolContext, metric: str, key: str, told: Sequence[dict[str, Any]]) -> Table:
    shown = {"hits": "count", "trials": "count", "share": "ratio", "low": "ratio", "high": "ratio"}
    return Table(
        title=f"{metrics_of(context)[metric].title} by {key.replace('_', ' ')}",
        columns=(
            {"name": key, "kind": "dimension"},
            *({"name": k, "kind": "compare", "unit": u, "currency": None} for k, u in shown.items()),
            *([{"name": "maturity", "kind": "dimension"}] if any("maturity" in row for row in told) else []),
        ),
        rows=tuple(
            {key: row["text"], **{k: shown_value(row[k]) for k in shown},
             **({"maturity": row["maturity"]} if "maturity" in row else {})}
            for row in told
        ),
        fact_ids=tuple({k: row[k].id for k in shown} for row in told),
    )  # fmt: skip


def _bars(context: ToolContext, metric: str, told: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    if len(told) < 2:
        return ()
    values = [{"name": row["text"], **{k: float(row[k].value or 0) for k in ("share", "low", "high")}}
              for row in told[:MOST_BARS]]  # fmt: skip
    x = {"type": "quantitative", "axis": {"format": ".0%"}, "title": metrics_of(context)[metric].title}
    return (
        {
            "title": metrics_of(context)[metric].title,
            "data": {"values": values},
            "encoding": {"y": {"field": "name", "type": "nominal", "sort": None, "title": None}},
            "layer": [
                {"mark": {"type": "bar", "color": "#2563eb"}, "encoding": {"x": {"field": "share", **x}}},
                {"mark": {"type": "rule", "color": "#0f172a"},
                 "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}}},
            ],
        },
    )  # fmt: skip
