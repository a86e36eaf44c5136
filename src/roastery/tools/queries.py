"""Asking the semantic layer on behalf of a tool: within the asker's rows, bounded, with a receipt."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from roastery.tools.base import Receipt, ToolContext
from roastery.tools.definitions import label_columns
from roastery.tools.receipts import receipt_of
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery, PeriodSpec

MAX_ROWS = 1_000
PREDICTED = "predicted_ltv"


@dataclass(frozen=True)
class Asked:
    """A frame, the receipt that proves it, and the query with its days written out.

    labels: the column that names a dimension's values, by dimension.
    """

    frame: MetricFrame
    receipt: Receipt
    query: MetricQuery
    labels: Mapping[str, str] = field(default_factory=dict)


def ask(
    context: ToolContext,
    query: MetricQuery,
    tool: str = "query_metrics",
    *,
    arguments: dict[str, Any] | None = None,
    max_rows: int = MAX_ROWS,
    caveats: tuple[str, ...] = (),
) -> Asked:
    """Ask one query, at most `max_rows` rows of it, and make its receipt (not yet kept in the ledger).

    arguments: what the tool was called with, when that is not the query itself; its `period` and `compare_to` are
    replaced by the days that they meant, so that a rerun asks for the same days.
    """
    query = with_grain(query)
    if PREDICTED in query.metrics:
        _forecast(context)
    bounded = query if query.limit and query.limit <= max_rows else query.model_copy(update={"limit": max_rows + 1})
    frame = context.metrics.ask(bounded, row_scope=context.actor.row_scope)
    labels = label_columns(context, query.dimensions)
    frame = replace(frame, rows=told_apart(frame.rows, labels))
    if len(frame.rows) > max_rows or (frame.truncated and not query.limit):
        shown = min(max_rows, len(frame.rows))
        caveat = f"Only the first {shown:,} rows are shown; narrow the question by a filter or a limit."
        frame = replace(frame, rows=frame.rows[:max_rows], truncated=True)
        caveats = (*caveats, caveat)
    settled = with_days(query, frame)
    asked = as_arguments(settled) if arguments is None else arguments | _days(settled)
    receipt = receipt_of(frame, tool, asked, context, caveats=caveats)
    return Asked(frame, receipt, settled, labels)


def _forecast(context: ToolContext) -> None:
    """Make the forecast that `predicted_ltv` reads, where there is none of the last complete day yet."""
    from roastery.tools.buying import orders_of
    from roastery.tools.library.forecast_ltv import ForecastLtvArguments
    from roastery.tools.lifetimes import customers_result

    bought = orders_of(context, None)
    days = context.metrics.warehouse.query("SELECT max(as_of) AS as_of FROM predicted_values").column(0).to_pylist()
    if days != [bought.as_of]:
        customers_result(context, ForecastLtvArguments(), bought)


def told_apart(rows: Sequence[dict[str, Any]], labels: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """Rows in which two ids of one name carry the platform behind it, or the id where that is the same too.

    >>> rows = [{"campaign": f"{p}_ads:1", "campaign_name": "Sale"} for p in ("meta", "google")]
    >>> [row["campaign_name"] for row in told_apart(rows, {"campaign": "campaign_name"})]
    ['Sale (Meta Ads)', 'Sale (Google Ads)']
    """
    found = tuple(rows)
    for dimension, label in labels.items():
        named: dict[str, set[str]] = defaultdict(set)
        for row in found:
            if row.get(label):
                named[row[label]].add(str(row[dimension]))
        renamed = {id: _with_origin(name, id, ids) for name, ids in named.items() if len(ids) > 1 for id in ids}
        if renamed:
            found = tuple({**row, label: renamed.get(str(row[dimension]), row.get(label))} for row in found)
    return found


def _with_origin(name: str, id: str, ids: set[str]) -> str:
    origins = [other.partition(":")[0] for other in ids if ":" in other]
    origin = id.partition(":")[0]
    known = len(set(origins)) == len(ids)
    return f"{name} ({origin.replace('_', ' ').title() if known else id})"


def with_grain(query: MetricQuery) -> MetricQuery:
    """The query with the dimension `date` written as its grain, days unless it says otherwise."""
    if "date" not in query.dimensions:
        return query
    dimensions = tuple(name for name in query.dimensions if name != "date")
    return query.model_copy(update={"dimensions": dimensions, "grain": query.grain or "day"})


def with_days(query: MetricQuery, frame: MetricFrame) -> MetricQuery:
    """The query with named periods replaced by the days that they meant when it was asked."""
    made = frame.provenance
    days: dict[str, Any] = {"period": PeriodSpec(start=made.period.start, end=made.period.end)}
    if query.compare_to is not None and made.compare_period is not None:
        days["compare_to"] = PeriodSpec(start=made.compare_period.start, end=made.compare_period.end)
    return query.model_copy(update=days)


def as_arguments(query: MetricQuery) -> dict[str, Any]:
    """A query as JSON, with what was not asked left out."""
    return query.model_dump(mode="json", exclude_defaults=True)


def _days(query: MetricQuery) -> dict[str, Any]:
    shown = as_arguments(query)
    return {name: shown[name] for name in ("period", "compare_to") if name in shown}
