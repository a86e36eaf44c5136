"""What the kinds of cohorts share: shares as facts with their interval, and the result around them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from roastery.tools import facts
from roastery.tools.analysis.cohorts import share_of
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.charts import sized
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.receipts import analysis_receipt, new_receipt_id
from roastery.warehouse.semantic.query import MetricQuery, Period, PeriodSpec, Provenance

Amount = int | Decimal
"""A count, or fractions of customers where credit splits them."""


class Writer:
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
            bound = facts.rounded(value)
            found[name] = self.book.computed(facts.by_method, made, "forecast", bound, "interval", [n, of])
        return found


def provenance_of(context: ToolContext, metrics: tuple[str, ...], period: Period) -> Provenance:
    query = MetricQuery(metrics=metrics, period=PeriodSpec(start=period.start, end=period.end))
    made: Provenance = context.metrics.ask(query, row_scope=context.actor.row_scope).provenance
    return made


def cohort_result(
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


def shown_value(fact: Fact) -> str | None:
    return None if fact.value is None else format(fact.value, "f")
