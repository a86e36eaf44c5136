"""Creatives as lines: what each asset, or group of assets, was shown, cost and brought in a period."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from roastery.tools.base import Fact, FactPeriod, Label, ToolContext
from roastery.tools.credit_asked import stored_values
from roastery.warehouse.creatives import FILTERS, assets_by_day, costs
from roastery.warehouse.credited import Condition
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, MissingRate, NoData


@dataclass
class Line:
    """One key with its sums over the period, and its facts by column."""

    key: str
    impressions: int
    clicks: int
    conversions: Decimal
    spend: Decimal
    revenue: Decimal
    label: Label | None = None
    facts: dict[str, Fact] = field(default_factory=dict)


def days_of(context: ToolContext, arguments: Any, period: FactPeriod, currency: str) -> tuple[pa.Table, str]:
    """Rows by key and day. Errors: ImpossibleSplit, BadQuery, MissingRate."""
    organization, conditions = context.organization, []
    for spec in arguments.filters:
        if spec.dimension is None:
            raise BadQuery("Assets are narrowed by dimensions; order or cut by a metric after it.")
        context.metrics.semantics.dimension(spec.dimension)
        column = {**FILTERS, "asset_type": "asset_type"}.get(spec.dimension)
        if column is None:
            raise ImpossibleSplit("assets", spec.dimension, (*FILTERS, "asset_type"), "nor filtered by it")
        alias = "s." if column == "asset_type" else "d."
        conditions.append(Condition(alias + column, spec.op, stored_values(context, spec.dimension, spec)))
    sql, values = assets_by_day(arguments.by, period.start, period.end, currency, organization.currency, conditions)
    table = context.metrics.warehouse.query(sql, values)
    if sum(table["unrated"].to_pylist()):
        raise MissingRate(
            f"Some amounts of creatives have no exchange rate to {currency} on their day. Import fx_rates."
        )
    return table, sql


def lines_of(table: pa.Table) -> list[Line]:
    """Sums over the days by key, most shown first; keys without any delivery or credit are left out. Errors: NoData."""
    summed = table.group_by("key").aggregate(
        [(name, "sum") for name in ("impressions", "clicks", "conversions", "spend", "revenue")]
    )
    found = [
        Line(
            row["key"],
            int(row["impressions_sum"] or 0),
            int(row["clicks_sum"] or 0),
            Decimal(row["conversions_sum"] or 0),
            Decimal(row["spend_sum"] or 0),
            Decimal(row["revenue_sum"] or 0),
        )
        for row in summed.to_pylist()
    ]
    there = [x for x in found if x.impressions or x.clicks or x.conversions or x.revenue or x.spend]
    if not there:
        raise NoData(
            "No creative asset was shown in the period. Connect an ad platform whose ads name their assets, or "
            "import assets and ad_assets."
        )
    return sorted(there, key=lambda x: (-x.impressions, -x.revenue, x.key))


def costs_of(context: ToolContext, by: str, currency: str) -> dict[str, Decimal]:
    """What the assets of each key cost to make; by age there is no such thing."""
    if by == "age":
        return {}
    sql, values = costs(by, currency, context.organization.currency)
    rows = context.metrics.warehouse.query(sql, values).to_pylist()
    return {row["key"]: Decimal(row["cost"]) for row in rows if row["cost"] and not row["unrated"]}


@dataclass(frozen=True)
class Since:
    """What the assets of a key have brought to date, from the first day with anything on."""

    first: date
    revenue: Decimal


def brought_since(context: ToolContext, arguments: Any, period: FactPeriod, currency: str) -> dict[str, Since]:
    ever = FactPeriod(start=date(1990, 1, 1), end=period.end)
    table, _ = days_of(context, arguments, ever, currency)
    summed = table.group_by("key").aggregate([("revenue", "sum"), ("day", "min")]).to_pylist()
    return {row["key"]: Since(row["day_min"], Decimal(row["revenue_sum"] or 0)) for row in summed if row["revenue_sum"]}
