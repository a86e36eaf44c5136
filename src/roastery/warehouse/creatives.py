# ruff: noqa: S608 (names in SQL come from this file; what a person gives is bound or quoted)
"""What creative assets were shown, clicked and credited with, day by day, by asset, type, tag or age, as SQL.

All of it is asset_campaign_performance as it is built (curated/views.sql), so that no metric can say otherwise:
delivery of ads split over their assets by share, credit under the organization's default model of touches that saw an
asset, and imported rows where no ad of the platform names the asset.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from roastery.warehouse.credited import Condition, Statement
from roastery.warehouse.sql import quoted

AGES = ((14, "first two weeks"), (28, "third and fourth week"), (56, "second month"))
OLDER, UNDATED = "older than eight weeks", "unknown age"

GROUPS = {
    "asset": "d.asset_id",
    "asset_type": "coalesce(nullif(s.asset_type, ''), 'unknown')",
    "tag": "coalesce(t.tag, 'no tag')",
    "age": "CASE WHEN s.created_at IS NULL THEN '" + UNDATED + "' "
    + " ".join(f"WHEN d.day - CAST(s.created_at AS DATE) < {days} THEN '{name}'" for days, name in AGES)
    + f" ELSE '{OLDER}' END",
}  # fmt: skip
FILTERS = {"asset": "asset_id", "campaign": "campaign_id", "platform": "platform"}


def assets_by_day(
    by: str,
    start: date,
    end: date,
    currency: str,
    own_currency: str,
    conditions: Sequence[Condition] = (),
) -> Statement:
    """Rows: key, day, impressions, clicks, conversions, spend, revenue (in `currency`), unrated.

    conditions: on asset_id, campaign_id or platform, and on asset_type. A tag counts every asset that has it.
    """
    money = f"coalesce(nullif(d.currency, ''), {quoted(own_currency)})"
    rate = f"CASE WHEN {money} = {quoted(currency)} THEN 1 ELSE f.rate END"
    where = ["d.day >= ?", "d.day < ?", *(c.sql() for c in conditions)]
    values: list[Any] = [start, end, *(v for c in conditions for v in c.values)]
    tags = "LEFT JOIN (SELECT DISTINCT asset_id, unnest(tags) AS tag FROM curated.assets) t ON t.asset_id = d.asset_id"
    sql = f"""SELECT {GROUPS[by]} AS key, d.day, CAST(round(sum(d.impressions)) AS BIGINT) AS impressions,
    CAST(round(sum(d.clicks)) AS BIGINT) AS clicks, CAST(sum(d.conversions) AS DECIMAL(38,9)) AS conversions,
    sum(CAST(coalesce(d.spend, 0) AS DECIMAL(38,9)) * {rate}) AS spend,
    sum(CAST(d.revenue AS DECIMAL(38,9)) * {rate}) AS revenue,
    count(*) FILTER ({rate} IS NULL AND (d.spend <> 0 OR d.revenue <> 0)) AS unrated
FROM (SELECT *, performance_date AS day FROM published.asset_campaign_performance) d
LEFT JOIN curated.assets s ON s.asset_id = d.asset_id
{tags if by == "tag" else ""}
LEFT JOIN curated.fx_daily f ON f.base_currency = {money} AND f.quote_currency = {quoted(currency)}
 AND f.rate_date = least(d.day, (SELECT max(rate_date) FROM curated.fx_daily))
WHERE {" AND ".join(where)}
GROUP BY 1, 2 ORDER BY 1, 2"""
    return sql, values


def costs(by: str, currency: str, own_currency: str) -> Statement:
    """What assets cost to make and brought since. Rows: key, assets, cost, since (revenue to date), unrated."""
    money = f"coalesce(nullif(s.currency, ''), {quoted(own_currency)})"
    key = {"asset": "s.asset_id", "asset_type": GROUPS["asset_type"], "tag": GROUPS["tag"]}[by]
    tags = "LEFT JOIN (SELECT DISTINCT asset_id, unnest(tags) AS tag FROM curated.assets) t ON t.asset_id = s.asset_id"
    rate = f"CASE WHEN {money} = {quoted(currency)} THEN 1 ELSE f.rate END"
    sql = f"""SELECT {key} AS key, count(DISTINCT s.asset_id) AS assets,
    sum(CAST(s.creation_cost AS DECIMAL(38,9)) * {rate}) AS cost,
    count(*) FILTER (s.creation_cost <> 0 AND {rate} IS NULL) AS unrated
FROM curated.assets s
{tags if by == "tag" else ""}
LEFT JOIN curated.fx_daily f ON f.base_currency = {money} AND f.quote_currency = {quoted(currency)}
 AND f.rate_date = least(CAST(s.created_at AS DATE), (SELECT max(rate_date) FROM curated.fx_daily))
GROUP BY 1 ORDER BY 1"""
    return sql, []
