"""Cohorts as results: retention by age, shares by cohort or slice, pairs of products; each share with its interval."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools import facts
from roastery.tools.analysis.cohorts import cross_sell, maturing_conversion, retention, share_of
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.buying import refuse_scoped
from roastery.tools.charts import sized
from roastery.tools.comparing import last_complete_day
from roastery.tools.definitions import dimensions_of, metrics_of, with_parts
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.receipts import analysis_receipt, new_receipt_id
from roastery.warehouse.errors import ImpossibleSplit, NoData, UnknownName
from roastery.warehouse.semantic.calendar import Calendar, step
from roastery.warehouse.semantic.query import MetricQuery, Period, PeriodSpec, Provenance

SHARES = {
    "repeat": ("repeat_rate", "repeating_customers", ("ordering_customers",)),
    "renewal": ("renewal_rate", "renewals", ("renewals", "churned_subscriptions")),
    "lead_to_customer": ("lead_to_customer_rate", "leads_become_customers", ("leads",)),
    "no_show": ("no_show_rate", "no_shows", ("kept_or_missed",)),
}
"""Metric, what counts as a hit, and what sums to the trials."""
SALES = """
SELECT customer_id, sale_date FROM sales WHERE customer_id IS NOT NULL AND sale_date < ? ORDER BY customer_id, sale_date
"""
BASKETS = """
SELECT {basket} AS basket, l.product_id, any_value(l.product_name) AS product_name
FROM sale_lines l JOIN sales s ON s.sale_id = l.sale_id
WHERE l.product_id IS NOT NULL AND s.is_order AND s.sale_date >= ? AND s.sale_date < ? AND {basket} IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""
BASKET_OF = {"order": "s.sale_id", "customer": "s.customer_id"}
LAGS = """
SELECT date_diff('day', l.created_at, min(s.occurred_at)) AS lag
FROM leads l JOIN identities i ON i.identity_kind = 'customer' AND i.identity = l.customer_id
JOIN sales s ON s.customer_id = i.customer_id AND s.occurred_at >= l.created_at
WHERE l.created_at < timezone(?, CAST(? AS TIMESTAMP)) - INTERVAL 180 DAY GROUP BY l.lead_id, l.created_at
"""
SETTLED_DAYS = 180
MOST_AGES, MOST_BARS = 12, 24


Amount = int | Decimal
"""A count, or fractions of customers where credit splits them."""


class _Writer:
    """Facts of shares: hits, trials, their ratio and its interval."""

    def __init__(self, metric: str) -> None:
        self.book = FactBook(new_receipt_id())
        self.metric = metric

    def share(self, hits: Amount, trials: Amount, period: FactPeriod, where: dict[str, str]) -> dict[str, Fact]:
        known = share_of([float(hits)], [float(trials)])
        n = self.book.counted("hits", hits, period, where)
        of = self.book.counted("trials", trials, period, where)
        made = self.book.computed(facts.share, n, of)
        made = self.book.renamed(made.id, self.metric)
        found = {"hits": n, "trials": of, "share": made}
        for name, value in (("low", known.low[0]), ("high", known.high[0])):
            bound = Decimal(repr(float(value))).quantize(Decimal("0.0001"))
            found[name] = self.book.computed(facts.by_method, made, "forecast", bound, "interval", [n, of])
        return found


def retention_result(context: ToolContext, arguments: Any, period: Period) -> ToolResult:
    """Errors: NoData, NotAllowed."""
    refuse_scoped(context)
    today = context.clock.today(context.organization.time_zone)
    first = context.metrics.resolve_period(PeriodSpec(name="all_time")).start
    made = _provenance(context, ("active_customers",), Period(min(first, today - timedelta(days=1)), today))
    through = last_complete_day(context, made.complete_through)
    rows = context.metrics.warehouse.query(SALES, [through + timedelta(days=1)])
    if not rows.num_rows:
        raise NoData("No identified customer has bought yet. Connect a shop, or import transactions with customer_id.")
    starts = _buckets(context, arguments.grain, first, through)
    codes = rows.column("customer_id").combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    days = np.array(rows.column("sale_date").to_pylist(), dtype="datetime64[D]")
    place = np.searchsorted(np.array(starts, dtype="datetime64[D]"), days, side="right") - 1
    # The last bucket counts only when it is whole.
    last = len(starts) - 1 if step(starts[-1], arguments.grain, 1) <= through + timedelta(days=1) else len(starts) - 2
    found = retention(codes, place, last)
    kept = [n for n, c in enumerate(found.cohorts) if period.start <= starts[int(c)] < period.end][-arguments.limit :]
    if not kept:
        raise NoData("Nobody was acquired in this period.")
    writer = _Writer("retention_by_age")
    ages = min(found.active.hits.shape[1], MOST_AGES + 1)
    told = []
    for n in kept:
        start = starts[int(found.cohorts[n])]
        span = FactPeriod(start=start, end=step(start, arguments.grain, 1))
        row: dict[str, Any] = {"cohort": start.isoformat()}
        for age in range(1, ages):
            trials = int(found.active.trials[n, age])
            if trials:
                where = {"cohort": start.isoformat(), "age": str(age)}
                row[str(age)] = writer.share(int(found.active.hits[n, age]), trials, span, where)
        row["size"] = writer.book.counted("customers_acquired", int(found.size[n]), span, {"cohort": start.isoformat()})
        told.append(row)
    # Of the cohorts that are shown: older ones of the period may be beyond the limit.
    whole = FactPeriod(start=starts[int(found.cohorts[kept[0]])], end=period.end)
    overall = {}
    for age in range(1, ages):
        hits = int(sum(found.active.hits[n, age] for n in kept))
        trials = int(sum(found.active.trials[n, age] for n in kept))
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
    return _result(context, arguments, made, writer.book, period, shown, (table,), data, said, chart)


def shares_result(context: ToolContext, arguments: Any, period: Period) -> ToolResult:
    """Repeat, renewal, lead-to-customer and no-show shares, by cohort or by one dimension."""
    metric, hits, trials = SHARES[arguments.kind]
    names = tuple(dict.fromkeys((hits, *trials)))
    dimension = arguments.dimensions[0] if arguments.dimensions else None
    if dimension is not None:
        if dimension not in dimensions_of(context):
            raise UnknownName("dimension", dimension, dimensions_of(context))
        if dimension not in metrics_of(context)[metric].dimensions:
            raise ImpossibleSplit(metric, dimension, metrics_of(context)[metric].dimensions)
    query = MetricQuery(
        metrics=names, dimensions=(dimension,) if dimension else (), grain=None if dimension else arguments.grain,
        period=PeriodSpec(start=period.start, end=period.end),
    )  # fmt: skip
    frame = with_parts(context, names).metrics.ask(query, row_scope=context.actor.row_scope)
    writer = _Writer(metric)
    whole = FactPeriod(start=period.start, end=period.end)
    label_of = dimensions_of(context)[dimension].label_column if dimension else None
    told: list[dict[str, Any]] = []
    for values in frame.rows:
        won, of = _amount(values.get(hits)), sum((_amount(values.get(name)) for name in trials), Decimal(0))
        if not of:
            continue
        if dimension:
            key = str(values[dimension] if values[dimension] is not None else "unknown")
            text = str(values.get(label_of) or key) if label_of else key
            label = writer.book.label(dimension, key, text)
            told.append(
                {"key": key, "text": text, "labels": [label.id], **writer.share(won, of, whole, {dimension: key})}
            )
        else:
            start: date = values["date"]
            span = FactPeriod(start=max(start, period.start), end=min(step(start, arguments.grain, 1), period.end))
            where = {"cohort": start.isoformat()}
            told.append({"key": start.isoformat(), "text": start.isoformat(), "labels": [], "start": start,
                         **writer.share(won, of, span, where)})  # fmt: skip
    if not told:
        raise NoData(f"There is nothing in this period to compute {metrics_of(context)[metric].title.lower()} of.")
    won, of = (sum((row[k].value or Decimal(0) for row in told), Decimal(0)) for k in ("hits", "trials"))
    total, left_out = writer.share(won, of, whole, {}), len(told) - arguments.limit
    if dimension:
        told.sort(key=lambda row: (-(row["trials"].value or 0), row["key"]))
        told = told[: arguments.limit]
    else:
        told = told[-arguments.limit :]
    caveats = [*_maturity(context, arguments, told)]
    if metrics_of(context)[metric].name in ("repeat_rate", "lead_to_customer_rate") and not caveats:
        caveats.append("Young cohorts have had less time, so their share will still grow.")
    if left_out > 0:
        caveats.append(f"{left_out} more are not shown; they count in the total.")
    data = {
        "metric": metric,
        "dimensions": [dimension] if dimension else [],
        "rows": [{k: v.id if isinstance(v, Fact) else v for k, v in row.items() if k != "start"} for row in told],
        "total": {k: f.id for k, f in total.items()},
    }
    shown = [{"key": row["key"], "hits": row["hits"].value, "of": row["trials"].value} for row in told]
    table = _share_table(context, metric, dimension or "cohort", told)
    return _result(
        context,
        arguments,
        frame.provenance,
        writer.book,
        period,
        shown,
        (table,),
        data,
        caveats,
        _bars(context, metric, told),
    )


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


def pairs_result(context: ToolContext, arguments: Any, period: Period) -> ToolResult:
    """Pairs of products in the same order, or of the same customer, by the lower bound of their lift."""
    refuse_scoped(context)
    made = _provenance(context, ("units_sold",), period)
    sql = BASKETS.format(basket=BASKET_OF[arguments.within])
    rows = context.metrics.warehouse.query(sql, [period.start, period.end])
    if not rows.num_rows:
        raise NoData("No order of this period has lines with a product. Connect a shop, or import transaction_lines.")
    baskets = rows.column("basket").combine_chunks().dictionary_encode()
    products = rows.column("product_id").combine_chunks().dictionary_encode()
    ids = products.dictionary.to_pylist()
    named = dict(zip(rows.column("product_id").to_pylist(), rows.column("product_name").to_pylist(), strict=True))
    found = cross_sell(
        baskets.indices.to_numpy(zero_copy_only=False), products.indices.to_numpy(zero_copy_only=False),
        top=arguments.limit,
    )  # fmt: skip
    writer = _Writer("bought_together")
    whole = FactPeriod(start=period.start, end=period.end)
    total = len(baskets.dictionary)
    told: list[dict[str, Any]] = []
    for n in range(len(found.together)):
        pair = [ids[int(found.first[n])], ids[int(found.second[n])]]
        texts = [str(named.get(i) or i) for i in pair]
        key = " + ".join(pair)
        label = writer.book.label("product_pair", key, " + ".join(texts))
        where = {"product_pair": key}
        cells = writer.share(int(found.together[n]), total, whole, where)
        lift = writer.book.measured("lift", _places(found.lift[n]), "multiple", whole, dimensions=where)
        lift = writer.book.amended(lift.id, lift.value, kind="forecast")
        bounds = {}
        for name, value in (("lift_low", found.low[n]), ("lift_high", found.high[n])):
            bounds[name] = writer.book.computed(facts.by_method, lift, "forecast", _places(value), "interval", [lift])
        told.append({"labels": [label.id], "texts": texts, "key": key, **cells, "lift": lift, **bounds})  # fmt: skip
    shown = [{"key": row["key"], "together": row["hits"].value, "lift": row["lift"].value} for row in told]
    data = {
        "dimensions": ["product_pair"],
        "pairs": [{k: v.id if isinstance(v, Fact) else v for k, v in row.items()} for row in told],
        "within": arguments.within,
    }
    said = ("A lift says how many times more often than by chance; it does not say that one sells the other.",)
    return _result(context, arguments, made, writer.book, period, shown, (_pair_table(told),), data, said, ())


def _amount(value: Any) -> Decimal:
    return Decimal(value or 0)


def _places(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal("0.01"))


def _provenance(context: ToolContext, metrics: tuple[str, ...], period: Period) -> Provenance:
    query = MetricQuery(metrics=metrics, period=PeriodSpec(start=period.start, end=period.end))
    made: Provenance = context.metrics.ask(query, row_scope=context.actor.row_scope).provenance
    return made


def _buckets(context: ToolContext, grain: Any, first: date, last: date) -> list[date]:
    organization = context.organization
    day = Calendar(last, organization.week_start, organization.fiscal_year_start).bucket(first, grain)
    found = [day]
    while step(found[-1], grain, 1) <= last:
        found.append(step(found[-1], grain, 1))
    return found


def _result(
    context: ToolContext, arguments: Any, made: Provenance, book: FactBook, period: Period,
    shown: list[dict[str, Any]], tables: tuple[Table, ...], data: dict[str, Any], said: Sequence[str],
    charts: tuple[dict[str, Any], ...],
) -> ToolResult:  # fmt: skip
    pinned = {
        **arguments.model_dump(mode="json", exclude_defaults=True),
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
    }
    caveats = tuple(dict.fromkeys((*said, *made.caveats)))
    whole = FactPeriod(start=period.start, end=period.end)
    receipt = analysis_receipt(
        made, "analyze_cohorts", pinned, canonical_rows(shown), context, period=whole, caveats=caveats
    ).model_copy(update={"id": book.receipt_id})
    return ToolResult(
        tool=receipt.tool, facts=book.facts, labels=book.labels, tables=tables, caveats=caveats,
        charts=tuple(sized(chart) for chart in charts),
        receipt=receipt, data={"kind": arguments.kind, "grain": arguments.grain, **data},
    )  # fmt: skip


def _retention_table(grain: str, told: Sequence[dict[str, Any]], overall: dict[int, Any], ages: int) -> Table:
    columns = [str(age) for age in range(1, ages)]
    rows, ids = [], []
    for row in told:
        cells = {a: row[a]["share"] for a in columns if a in row}
        rows.append(
            {"cohort": row["cohort"], "customers": _text(row["size"]), **{a: _text(f) for a, f in cells.items()}}
        )
        ids.append({"customers": row["size"].id, **{a: f.id for a, f in cells.items()}})
    cells = {str(age): c["share"] for age, c in overall.items()}
    rows.append({"cohort": "all of these", **{a: _text(f) for a, f in cells.items()}})
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
            {key: row["text"], **{k: _text(row[k]) for k in shown},
             **({"maturity": row["maturity"]} if "maturity" in row else {})}
            for row in told
        ),
        fact_ids=tuple({k: row[k].id for k in shown} for row in told),
    )  # fmt: skip


def _pair_table(told: Sequence[dict[str, Any]]) -> Table:
    shown = {"hits": "count", "share": "ratio", "lift": "multiple", "lift_low": "multiple", "lift_high": "multiple"}
    return Table(
        title="Bought together",
        columns=(
            {"name": "first", "kind": "dimension"},
            {"name": "second", "kind": "dimension"},
            *({"name": k, "kind": "compare", "unit": u, "currency": None} for k, u in shown.items()),
        ),
        rows=tuple(
            {"first": row["texts"][0], "second": row["texts"][1], **{k: _text(row[k]) for k in shown}} for row in told
        ),
        fact_ids=tuple({k: row[k].id for k in shown} for row in told),
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


def _text(fact: Fact) -> str | None:
    return None if fact.value is None else format(fact.value, "f")
