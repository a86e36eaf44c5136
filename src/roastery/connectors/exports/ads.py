# ruff: noqa: S608 (names of tables and columns are ours; what a file says is bound or quoted)
"""What the exports of ad platforms have in common: rows by day and campaign, ad group or ad, summed to that grain."""

from collections.abc import Mapping, Sequence

from roastery.connectors.exports.base import Export, Field, Filling, Kind, Need

DAY = "coalesce(day, CASE WHEN period_start = period_end THEN period_start END)"
DAY_SAYS = (
    "The row covers more than one day, or names none: what was spent on which day cannot be told. Break the "
    "report down by day and export again."
)
FIELDS = (
    *("day", "period_start", "period_end", "account_id", "account_name", "campaign_id", "campaign_name"),
    *("ad_group_id", "ad_group_name", "ad_id", "ad_name", "currency", "objective", "status", "spend", "impressions"),
    *("reach", "frequency", "clicks", "link_clicks", "conversions", "web_conversions", "conversion_value"),
    *("web_conversion_value", "view_conversions", "video_views", "social_actions", "attribution_setting"),
)
KINDS: dict[str, Kind] = {
    "day": "day", "period_start": "day", "period_end": "day", "account_id": "id", "campaign_id": "id",
    "ad_group_id": "id", "ad_id": "id", "spend": "money", "impressions": "count", "reach": "count",
    "frequency": "number", "clicks": "count", "link_clicks": "count", "conversions": "number",
    "web_conversions": "number", "conversion_value": "money", "web_conversion_value": "money",
    "view_conversions": "number", "video_views": "count", "social_actions": "count",
}  # fmt: skip
ADDED = (
    *("spend", "impressions", "clicks", "link_clicks", "conversions", "web_conversions", "conversion_value"),
    *("web_conversion_value", "view_conversions", "video_views", "social_actions"),
)
SAYS = {
    "impressions": "Without impressions there is no CTR and no CPM.",
    "clicks": "Without clicks there is no CPC and no CTR.",
    "conversion_value": "Without the value of conversions there is no reported ROAS.",
    "campaign_id": "Without ids, campaigns are told apart by their names: a renamed campaign becomes a second one.",
}


INSTEAD = {
    "clicks": ("link_clicks", "Clicks are clicks on links, for the file has no column of all clicks."),
    "conversion_value": ("web_conversion_value", "The value of conversions is that of the website's purchases."),
}


def ad_export(
    name: str,
    title: str,
    headers: Mapping[str, Mapping[str, str]],
    *,
    channel: str,
    by_day: str,
    assumes: Sequence[str] = (),
    conversions: str = "coalesce(conversions, web_conversions)",
    values: str = "coalesce(conversion_value, web_conversion_value)",
    account: str = "regexp_replace(account_id, '[^0-9]', '', 'g')",
) -> Export:
    """A platform's export. headers: by our name of a column. channel: SQL. by_day: how to get a row per day."""
    fields = tuple(
        Field(
            n, headers[n], KINDS.get(n, "text"), zero=n in ADDED, says=SAYS.get(n, ""), instead=INSTEAD.get(n, ("", ""))
        )
        for n in FIELDS
        if n in headers
    )
    absent = ", ".join(f"NULL::{_type(n)} AS {n}" for n in FIELDS if n not in headers)
    rows = f"(SELECT *{', ' + absent if absent else ''} FROM {{rows}})"
    return Export(
        name,
        name,
        title,
        fields,
        needs=(
            Need(("day", "period_start"), by_day),
            Need(("campaign_id", "campaign_name"), "Add the column with the campaign's name, or better its id."),
            Need(("spend",), "Add the column with the amount spent."),
        ),
        fillings=(
            Filling("campaigns", _campaigns(name, rows, channel)),
            Filling("ad_performance", _performance(name, rows, conversions, values, account)),
        ),
        places=tuple(n for n in ("campaign_id", "campaign_name", "ad_group_name", "ad_name", "ad_id") if n in headers),
        day=DAY if "period_start" in headers else "day",
        day_says=DAY_SAYS,
        checks=("spend", "impressions", "clicks"),
        sums=True,
        money=("spend", "conversion_value", "web_conversion_value"),
        assumes=tuple(assumes),
    )


def _type(name: str) -> str:
    kind = KINDS.get(name, "text")
    return {"day": "DATE", "count": "DECIMAL(24,6)", "number": "DECIMAL(24,6)", "money": "DECIMAL(24,6)"}.get(
        kind, "VARCHAR"
    )


def _key(platform: str, own_id: str, names: str) -> str:
    """SQL: an id as the connection would write it, else one made of names, '' where the report stops above."""
    plain = f"regexp_replace({own_id}, '^[a-z]{{1,2}}:', '')"
    return f"coalesce('{platform}:' || {plain}, '{platform}:name:' || {names}, '')"


def _campaigns(platform: str, rows: str, channel: str) -> str:
    return f"""
SELECT min(row_number) AS file_row, {_key(platform, "campaign_id", "campaign_name")} AS campaign_id,
       arg_max(campaign_name, row_day) AS campaign_name, '{platform}' AS platform,
       arg_max({channel}, row_day) AS channel,
       lower(arg_max(objective, row_day)) AS objective, lower(arg_max(status, row_day)) AS status,
       any_value(row_currency) AS currency
FROM {rows} GROUP BY 2"""


def _performance(platform: str, rows: str, conversions: str, values: str, account: str) -> str:
    group = _key(platform, "ad_group_id", "campaign_name || '/' || ad_group_name")
    ad = _key(
        platform,
        "ad_id",
        "concat_ws('/', campaign_name, ad_group_name, CASE WHEN ad_name IS NOT NULL THEN ad_name END)",
    )
    ad = f"CASE WHEN ad_id IS NULL AND ad_name IS NULL THEN '' ELSE {ad} END"
    return f"""
SELECT min(row_number) AS file_row, row_day AS report_date, '{platform}' AS platform,
       coalesce('{platform}:' || nullif({account}, ''), '') AS account_id,
       {_key(platform, "campaign_id", "campaign_name")} AS campaign_id, {group} AS ad_group_id, {ad} AS ad_id,
       any_value(campaign_name) AS campaign_name, any_value(ad_group_name) AS ad_group_name,
       any_value(ad_name) AS ad_name, any_value(row_currency) AS currency, sum(spend) AS spend,
       sum(impressions)::HUGEINT AS impressions,
       CASE WHEN count(*) = 1 THEN any_value(reach)::HUGEINT END AS reach,
       CASE WHEN count(*) = 1 THEN any_value(frequency) END AS frequency,
       sum(coalesce(clicks, link_clicks))::HUGEINT AS clicks, sum({conversions}) AS reported_conversions,
       sum({values}) AS reported_conversion_value, sum(view_conversions) AS reported_view_conversions,
       sum(video_views)::HUGEINT AS video_views, sum(social_actions)::HUGEINT AS social_actions,
       any_value(attribution_setting) AS attribution_setting
FROM {rows} GROUP BY 2, 3, 4, 5, 6, 7"""
