"""Pairs of products bought together, in one order or by one customer."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from roastery.tools import facts
from roastery.tools.analysis.cohorts import cross_sell
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.buying import refuse_scoped
from roastery.tools.cohorts.writing import Writer, cohort_result, provenance_of, shown_value
from roastery.warehouse.errors import NoData
from roastery.warehouse.semantic.query import Period

BASKETS = """
SELECT {basket} AS basket, l.product_id, any_value(l.product_name) AS product_name
FROM sale_lines l JOIN sales s ON s.sale_id = l.sale_id
WHERE l.product_id IS NOT NULL AND s.is_order AND s.sale_date >= ? AND s.sale_date < ? AND {basket} IS NOT NULL
GROUP BY ALL ORDER BY ALL
"""
BASKET_OF = {"order": "s.sale_id", "customer": "s.customer_id"}


def pairs_result(context: ToolContext, arguments: Any, period: Period) -> ToolResult:
    """Pairs of products in the same order, or of the same customer, by the lower bound of their lift."""
    refuse_scoped(context)
    made = provenance_of(context, ("units_sold",), period)
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
    writer = Writer("bought_together")
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
    return cohort_result(context, arguments, made, writer.book, period, shown, (_pair_table(told),), data, said, ())


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
            {"first": row["texts"][0], "second": row["texts"][1], **{k: shown_value(row[k]) for k in shown}}
            for row in told
        ),
        fact_ids=tuple({k: row[k].id for k in shown} for row in told),
    )


def _places(value: float) -> Decimal:
    return facts.rounded(value, Decimal("0.01"))
