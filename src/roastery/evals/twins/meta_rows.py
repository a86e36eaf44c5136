"""Rows of Meta's insights and entities in their own form, out of the company's tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from roastery.evals.world import World
from roastery.evals.world.company import CURRENCY, META_ACCOUNT

ATTRIBUTION = "7d_click_1d_view"
Row = dict[str, Any]

COLUMN = {"campaign_id": "campaign_id", "adset_id": "ad_group_id", "ad_id": "ad_id"}
ADDED = ("spend", "impressions", "reach", "clicks", "link_clicks", "video_views", "social_actions", "clicked",
          "clicked_value", "viewed", "viewed_value", "onsite", "onsite_value")  # fmt: skip


def _plain(value: Decimal | int) -> str:
    """A number as Meta writes it: no trailing zeros.

    >>> _plain(Decimal("38.40")), _plain(Decimal("12.00")), _plain(7)
    ('38.4', '12', '7')
    """
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def bare(identity: str) -> str:
    return identity.removeprefix("meta_ads:")


def insight(row: Row, level: str, fields: Sequence[str], windows: Sequence[str]) -> Row:
    """One row, with the asked fields that have something to say."""
    full: Row = {
        "account_currency": CURRENCY,
        "account_id": META_ACCOUNT,
        "account_name": "Larkspur Coffee",
        "attribution_setting": ATTRIBUTION,
        "objective": "OUTCOME_SALES",
        "spend": _plain(row["spend"]),
        "impressions": str(row["impressions"]),
    }
    if level != "account":
        full |= {"campaign_id": bare(row["campaign_id"]), "campaign_name": row["campaign_name"]}
    if level in ("adset", "ad"):
        full |= {"adset_id": bare(row["ad_group_id"]), "adset_name": row["ad_group_name"]}
    if level == "ad":
        full |= {"ad_id": bare(row["ad_id"]), "ad_name": row["ad_name"]}
    for name, value in (("clicks", row["clicks"]), ("inline_link_clicks", row["link_clicks"]), ("reach", row["reach"]),
                        ("inline_post_engagement", row["social_actions"])):  # fmt: skip
        if value:
            full[name] = str(value)
    if row["reach"]:
        full["frequency"] = _plain(round(Decimal(row["impressions"]) / row["reach"], 6))
    if row["clicks"] and row["spend"]:
        full["cpc"] = _plain(round(row["spend"] / row["clicks"], 6))
        full["ctr"] = _plain(round(Decimal(100 * row["clicks"]) / row["impressions"], 6))
    if row["video_views"]:
        full["video_play_actions"] = [{"action_type": "video_view", "value": str(row["video_views"])}]
    full |= _actions(row, windows)
    shown = {name: full[name] for name in fields if name in full}
    return {**shown, "date_start": row["date_start"].isoformat(), "date_stop": row["date_stop"].isoformat()}


def _actions(row: Row, windows: Sequence[str]) -> Row:
    """Overlapping action types: the pixel's sales, the platform's own, and both again under two more names."""
    pixel = {"7d_click": row["clicked"], "1d_view": row["viewed"]}
    own = {"7d_click": row["onsite"], "1d_view": Decimal(0)}
    pixel_value = {"7d_click": row["clicked_value"], "1d_view": row["viewed_value"]}
    own_value = {"7d_click": row["onsite_value"], "1d_view": Decimal(0)}
    both = {key: pixel[key] + own[key] for key in pixel}
    both_value = {key: pixel_value[key] + own_value[key] for key in pixel_value}
    sales = (("purchase", both), ("omni_purchase", both), ("offsite_conversion.fb_pixel_purchase", pixel),
             ("onsite_conversion.purchase", own))  # fmt: skip
    values = (("purchase", both_value), ("omni_purchase", both_value),
              ("offsite_conversion.fb_pixel_purchase", pixel_value),
              ("onsite_conversion.purchase", own_value))  # fmt: skip
    counts = [
        ("link_click", row["link_clicks"]),
        ("video_view", row["video_views"]),
        ("post_reaction", row["social_actions"]),
    ]
    actions = [{"action_type": name, "value": str(count)} for name, count in counts if count]
    actions += [entry for name, by in sales if (entry := _by_window(name, by, windows))]
    action_values = [entry for name, by in values if (entry := _by_window(name, by, windows))]
    return {key: found for key, found in (("actions", actions), ("action_values", action_values)) if found}


def _by_window(name: str, by: Mapping[str, Decimal], windows: Sequence[str]) -> Row | None:
    whole = sum(by.values(), Decimal(0))
    if not whole:
        return None
    parts = {window: _plain(by[window]) for window in windows if by.get(window)}
    return {"action_type": name, "value": _plain(whole), **parts}


def _campaigns(world: World) -> list[Row]:
    rows = [row for row in world.campaigns.to_pylist() if row["platform"] == "meta_ads"]
    return [
        {
            "id": row["platform_id"],
            "account_id": META_ACCOUNT,
            "name": row["campaign_name"],
            "objective": "OUTCOME_SALES",
            "status": row["status"].upper(),
            "effective_status": row["status"].upper(),
            "daily_budget": str(row["daily_budget"] * 100),
            "start_time": f"{row['start_date']}T00:00:00-0500",
            "stop_time": None if row["end_date"] is None else f"{row['end_date']}T23:59:59-0500",
            "created_time": f"{row['start_date']}T00:00:00-0500",
            "updated_time": datetime(2026, 10, 12, 14, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
        for row in rows
    ]


def _statuses(world: World) -> dict[str, str]:
    return {row["campaign_id"]: row["status"].upper() for row in world.campaigns.to_pylist()}


def _adsets(world: World) -> list[Row]:
    statuses = _statuses(world)
    seen: dict[str, Row] = {}
    for ad in world.ads.to_pylist():
        if ad["platform"] == "meta_ads":
            seen[ad["ad_group_id"]] = {
                "id": ad["ad_group_id"],
                "account_id": META_ACCOUNT,
                "campaign_id": bare(ad["campaign_id"]),
                "name": ad["ad_group_name"],
                "status": "ACTIVE",
                "effective_status": statuses[ad["campaign_id"]],
                "optimization_goal": "OFFSITE_CONVERSIONS",
                "attribution_spec": [
                    {"event_type": "CLICK_THROUGH", "window_days": 7},
                    {"event_type": "VIEW_THROUGH", "window_days": 1},
                ],
            }
    return list(seen.values())


def _ads(world: World) -> list[Row]:
    statuses = _statuses(world)
    return [
        {
            "id": ad["ad_id"],
            "account_id": META_ACCOUNT,
            "campaign_id": bare(ad["campaign_id"]),
            "adset_id": ad["ad_group_id"],
            "name": ad["ad_name"],
            "status": "ACTIVE",
            "effective_status": statuses[ad["campaign_id"]],
            "creative": {"id": f"9{ad['ad_id'][1:]}"},
        }
        for ad in world.ads.to_pylist()
        if ad["platform"] == "meta_ads"
    ]


ENTITIES = {"campaigns": _campaigns, "adsets": _adsets, "ads": _ads}
