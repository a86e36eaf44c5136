"""Flat rows of the Google Ads resources, field name → value, out of the company's tables."""

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow.compute as pc

from roastery.evals.world import World
from roastery.evals.world.company import CURRENCY, GOOGLE_ACCOUNT, GOOGLE_ZONE, NAME

_CUSTOMER = ("customer.id", "customer.currency_code", "customer.time_zone", "customer.descriptive_name",
             "customer.resource_name", "customer.manager", "customer.status")  # fmt: skip
_CAMPAIGN = ("campaign.id", "campaign.name", "campaign.status", "campaign.advertising_channel_type",
             "campaign.resource_name", "campaign.start_date_time", "campaign.end_date_time", "campaign_budget.id",
             "campaign_budget.amount_micros", "campaign_budget.total_amount_micros",
             "campaign_budget.period")  # fmt: skip
_GROUP = ("ad_group.id", "ad_group.name", "ad_group.status", "ad_group.resource_name")
_AD = (
    "ad_group_ad.ad.id",
    "ad_group_ad.ad.name",
    "ad_group_ad.ad.type",
    "ad_group_ad.status",
    "ad_group_ad.resource_name",
)
_KEYWORD = ("ad_group_criterion.criterion_id", "ad_group_criterion.keyword.text",
            "ad_group_criterion.keyword.match_type", "ad_group_criterion.quality_info.quality_score",
            "keyword_view.resource_name")  # fmt: skip
_METRICS = ("metrics.impressions", "metrics.clicks", "metrics.cost_micros", "metrics.conversions",
            "metrics.conversions_value", "metrics.all_conversions", "metrics.view_through_conversions",
            "metrics.engagements", "metrics.interactions", "metrics.video_trueview_views",
            "metrics.average_cpc")  # fmt: skip
_DATE = ("segments.date",)
RESOURCES: dict[str, frozenset[str]] = {
    "customer": frozenset(_CUSTOMER + _METRICS + _DATE),
    "campaign": frozenset(_CUSTOMER + _CAMPAIGN + _METRICS + _DATE),
    "ad_group": frozenset(_CUSTOMER + _CAMPAIGN + _GROUP + _METRICS + _DATE),
    "ad_group_ad": frozenset(_CUSTOMER + _CAMPAIGN + _GROUP + _AD + _METRICS + _DATE),
    "keyword_view": frozenset(
        _CUSTOMER + _CAMPAIGN + _GROUP + _KEYWORD + _METRICS + _DATE + ("metrics.historical_quality_score",)
    ),
}
"""Which fields may be asked of which resource. No metrics.video_views and no campaign.start_date: both are gone."""
STATUS = {"active": "ENABLED", "paused": "PAUSED", "removed": "REMOVED"}
FlatRow = dict[str, Any]


def _customer_row() -> FlatRow:
    return {
        "customer.id": GOOGLE_ACCOUNT,
        "customer.resource_name": f"customers/{GOOGLE_ACCOUNT}",
        "customer.currency_code": CURRENCY,
        "customer.time_zone": GOOGLE_ZONE,
        "customer.descriptive_name": NAME,
        "customer.manager": False,
        "customer.status": "ENABLED",
    }


def _campaign_rows(world: World) -> dict[str, FlatRow]:
    return {
        row["campaign_id"]: _campaign_row(row) for row in world.campaigns.to_pylist() if row["platform"] == "google_ads"
    }


def _campaign_row(row: FlatRow) -> FlatRow:
    number = row["platform_id"]
    end = row["end_date"]
    return {
        **_customer_row(),
        "campaign.id": number,
        "campaign.resource_name": f"customers/{GOOGLE_ACCOUNT}/campaigns/{number}",
        "campaign.name": row["campaign_name"],
        "campaign.status": STATUS[row["status"]],
        "campaign.advertising_channel_type": "SEARCH" if row["has_ads"] else "PERFORMANCE_MAX",
        "campaign.start_date_time": f"{row['start_date']} 00:00:00",
        "campaign.end_date_time": None if end is None else f"{end} 23:59:59",
        "campaign_budget.id": f"8{number}",
        "campaign_budget.resource_name": f"customers/{GOOGLE_ACCOUNT}/campaignBudgets/8{number}",
        "campaign_budget.amount_micros": str(row["daily_budget"] * 1_000_000),
        "campaign_budget.period": "DAILY",
    }


def _bare(identity: str) -> str:
    return identity.removeprefix("google_ads:")


def _days(world: World) -> list[FlatRow]:
    rows: list[FlatRow] = world.ad_days.filter(pc.equal(world.ad_days["platform"], "google_ads")).to_pylist()
    return rows


def _metrics(row: FlatRow) -> FlatRow:
    micros = int(row["spend"] * 1_000_000)
    return {
        "segments.date": row["report_date"].isoformat(),
        "metrics.impressions": str(row["impressions"]),
        "metrics.clicks": str(row["clicks"]),
        "metrics.cost_micros": str(micros),
        "metrics.conversions": float(row.get("reported_conversions", 0)),
        "metrics.conversions_value": float(row.get("reported_conversion_value", 0)),
        "metrics.all_conversions": float(row.get("reported_conversions", 0)),
        "metrics.view_through_conversions": str(int(row.get("reported_view_conversions", 0))),
        "metrics.engagements": str(row.get("social_actions", 0)),
        "metrics.interactions": str(row["clicks"]),
        "metrics.video_trueview_views": str(row.get("video_views", 0)),
        "metrics.average_cpc": micros / row["clicks"] if row["clicks"] else 0.0,
    }


def _by_campaign(world: World) -> list[FlatRow]:
    """Campaign totals by day, ads or not."""
    campaigns = _campaign_rows(world)
    return [{**campaigns[row["campaign_id"]], **_metrics(row)} for row in _summed(_days(world), ("campaign_id",))]


def _summed(rows: Iterable[FlatRow], keys: tuple[str, ...]) -> list[FlatRow]:
    totals: dict[tuple[Any, ...], FlatRow] = {}
    for row in rows:
        key = (row["report_date"], *(row[name] for name in keys))
        known = totals.setdefault(key, {**row, **dict.fromkeys(_ADDED, 0)})
        for name in _ADDED:
            known[name] += row[name]
    return list(totals.values())


_ADDED = ("spend", "impressions", "clicks", "reported_conversions", "reported_conversion_value",
          "reported_view_conversions", "video_views", "social_actions")  # fmt: skip


def _group_row(row: FlatRow) -> FlatRow:
    group = _bare(row["ad_group_id"])
    return {
        "ad_group.id": group,
        "ad_group.name": row["ad_group_name"],
        "ad_group.status": "ENABLED",
        "ad_group.resource_name": f"customers/{GOOGLE_ACCOUNT}/adGroups/{group}",
    }


def _by_group(world: World) -> list[FlatRow]:
    campaigns = _campaign_rows(world)
    rows = _summed((row for row in _days(world) if row["ad_id"]), ("campaign_id", "ad_group_id"))
    return [{**campaigns[row["campaign_id"]], **_group_row(row), **_metrics(row)} for row in rows]


def _by_ad(world: World) -> list[FlatRow]:
    campaigns = _campaign_rows(world)
    return [
        {**campaigns[row["campaign_id"]], **_group_row(row), **_ad_row(row), **_metrics(row)}
        for row in _days(world)
        if row["ad_id"]
    ]


def _ad_row(row: FlatRow) -> FlatRow:
    group, ad = _bare(row["ad_group_id"]), _bare(row["ad_id"])
    return {
        "ad_group_ad.ad.id": ad,
        "ad_group_ad.ad.name": row["ad_name"],
        "ad_group_ad.ad.type": "RESPONSIVE_SEARCH_AD",
        "ad_group_ad.ad.resource_name": f"customers/{GOOGLE_ACCOUNT}/ads/{ad}",
        "ad_group_ad.status": "ENABLED",
        "ad_group_ad.resource_name": f"customers/{GOOGLE_ACCOUNT}/adGroupAds/{group}~{ad}",
    }


def _by_keyword(world: World) -> list[FlatRow]:
    campaigns = _campaign_rows(world)
    return [
        {
            **campaigns[row["campaign_id"]],
            **_group_row(row),
            **_metrics(row),
            "ad_group_criterion.criterion_id": _bare(row["keyword_id"]),
            "ad_group_criterion.keyword.text": row["keyword_text"],
            "ad_group_criterion.keyword.match_type": row["match_type"],
            "ad_group_criterion.quality_info.quality_score": row["quality_score"],
            "metrics.historical_quality_score": str(row["quality_score"]),
        }
        for row in world.keyword_days.to_pylist()
    ]


def _distinct(build: Callable[[World], list[FlatRow]], key: str) -> Callable[[World], list[FlatRow]]:
    """Entities without days, out of rows by day."""

    def entities(world: World) -> list[FlatRow]:
        return list({row[key]: row for row in build(world)}.values())

    return entities


TABLES: dict[tuple[str, bool], Callable[[World], list[FlatRow]]] = {
    ("customer", False): lambda world: [_customer_row()],
    ("customer", True): lambda world: [
        {**_customer_row(), **_metrics(row)} for row in _summed(_days(world), ("account_id",))
    ],
    ("campaign", False): lambda world: list(_campaign_rows(world).values()),
    ("campaign", True): _by_campaign,
    ("ad_group", False): _distinct(_by_group, "ad_group.id"),
    ("ad_group", True): _by_group,
    ("ad_group_ad", False): _distinct(_by_ad, "ad_group_ad.ad.id"),
    ("ad_group_ad", True): _by_ad,
    ("keyword_view", False): _distinct(_by_keyword, "ad_group_criterion.criterion_id"),
    ("keyword_view", True): _by_keyword,
}
