"""Credit as tools need it: asked of the warehouse, checked against the total, by names that people know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from roastery.tools.base import ToolContext
from roastery.tools.credit_asked import credit_query
from roastery.tools.credit_markov import markov_credit
from roastery.tools.credit_rows import (
    ModelCredit,
    model_credit,
)
from roastery.tools.crediting import CreditArguments
from roastery.tools.definitions import label_columns
from roastery.tools.queries import Asked, ask, told_apart
from roastery.warehouse.conversions import NONE, SPLITS, UNATTRIBUTED, Conversion
from roastery.warehouse.credited import (
    OTHER,
    CreditQuery,
    credits_by_key,
    days_to_convert,
    path_counts,
)
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, MissingRate, NoData, NotAllowed
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery
from roastery.warehouse.semantic.values import names_of


@dataclass(frozen=True)
class Credited:
    """Credit under one or several models, with what proves it.

    asked: the semantic layer's total of the same conversions; names: keys as people know them; sql: what ran.
    """

    conversion: Conversion
    split: str
    asked: Asked
    query: CreditQuery
    models: Mapping[str, ModelCredit]
    names: Mapping[str, str]
    sql: str
    caveats: tuple[str, ...]


def credited(context: ToolContext, arguments: CreditArguments, models: Sequence[str]) -> Credited:
    """Credit of the period's conversions under each model.

    Errors: as credit_query; BadQuery where a model does not go with an argument; RoasteryError when the parts would not
    sum to the total (law 7).
    """
    query, asked = credit_query(context, arguments)
    fitted = "markov" in models
    if fitted and query.by_touch:
        raise BadQuery("Markov is fitted on conversions by their own day; ask it with attribution_date conversion.")
    if fitted and any(c.column != SPLITS[query.split] for c in query.touch_conditions):
        raise BadQuery(
            f"Markov is fitted on whole paths by {query.split}; filter by {query.split} itself, or split by it."
        )
    closed = [m for m in models if m != "markov"] or ["last_touch"]
    sql, values = credits_by_key(query, closed)
    table = context.metrics.warehouse.query(sql, values)
    if sum(table["unrated"].to_pylist()):
        raise MissingRate(
            f"Some sales have no exchange rate to {query.currency} on their day. Import fx_rates for them."
        )
    found = {model: model_credit(query, asked, table, model) for model in closed}
    caveats: list[str] = []
    if fitted:
        found["markov"] = markov_credit(context, query, found[closed[0]], caveats)
        counts_sql, _ = path_counts(query)
        sql = f"{sql}\n-- paths\n{counts_sql}"
    found = {model: found[model] for model in models}
    keys = {row.key for credit in found.values() for row in credit.rows}
    return Credited(
        query.conversion,
        query.split,
        asked,
        query,
        found,
        names_of_keys(context, query.split, keys),
        sql,
        tuple(caveats),
    )


def times_to_convert(context: ToolContext, query: CreditQuery) -> dict[str, float | None]:
    """Days from the first eligible touch to the conversion: the median, and what nine in ten stay below."""
    sql, values = days_to_convert(query)
    row = context.metrics.warehouse.query(sql, values).to_pylist()[0]
    return {"median_days": row["median_days"], "most_days": row["most_days"]}


def names_of_keys(context: ToolContext, split: str, keys: set[str]) -> dict[str, str]:
    """Keys as people know them; two of one name carry where they come from."""
    label = label_columns(context, (split,)).get(split)
    real = sorted(keys - {NONE, OTHER, UNATTRIBUTED})
    if label is None:
        return {key: key for key in keys}
    dimension = context.metrics.semantics.dimension(split)
    known = names_of(context.metrics.warehouse, dimension, real, {})
    rows = [{split: key, label: known.get(key) or key} for key in real]
    named = {row[split]: row[label] for row in told_apart(rows, {split: label})}
    return {key: named.get(key, key) for key in keys}


def beside(
    context: ToolContext, found: Credited, metrics: Sequence[str], filters: Sequence[FilterSpec]
) -> dict[str, dict[str, Decimal]]:
    """Platform figures of the same period by the same keys: metric → key → value; {} where there are none.

    Only filters that platforms' reports carry are kept; with any other nothing stands beside, since it would not fit.
    """
    carried = set(SPLITS) | {"objective", "brand"}
    if any(f.dimension not in carried for f in filters):
        return {}
    period = {"start": found.query.start, "end": found.query.end}
    asked: dict[str, Any] = {
        "metrics": list(metrics), "dimensions": [found.split], "period": period, "filters": list(filters),
        "currency": found.query.currency,
    }  # fmt: skip
    try:
        frame = ask(context, MetricQuery.model_validate(asked)).frame
    except (NoData, ImpossibleSplit, NotAllowed):
        return {}
    return {
        metric: {_key(row[found.split]): Decimal(row[metric]) for row in frame.rows if row[metric] is not None}
        for metric in metrics
    }


def _key(value: Any) -> str:
    return NONE if value in (None, "", "unknown") else str(value)


def immature_from(context: ToolContext, found: Credited) -> date | None:
    """The first day of the period whose credit will still change by itself, if there is one.

    By conversion day: days that are not over or that a source does not hold whole. By touch day: also those from which
    the window reaches beyond today.
    """

    query, made = found.query, found.asked.frame.provenance
    today = context.clock.today(context.organization.time_zone)
    first = today
    if made.complete_through:
        first = min(first, date.fromisoformat(made.complete_through[:10]) + timedelta(days=1))
    if query.by_touch:
        window = query.window_days if query.window_days is not None else query.own_window_days
        first = min(first, today - timedelta(days=window))
    return max(first, query.start) if first < query.end else None
