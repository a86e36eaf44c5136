"""A twin of TikTok's Business API v1.3: status 200 whatever happens, "-" for no figure, pages of at most 1000 rows.

An ad that is gone is told of in its campaign's figures only. The token does not end; a person may take it back.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import duckdb
from starlette.requests import Request

from roastery.evals.twins.ad_truth import first_ad_deleted, performance, platform_tables
from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, platforms_restate
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf
from roastery.evals.world import World
from roastery.evals.world.company import META_ACCOUNT, META_ZONE

VERSION = "v1.3"
MOST_DAYS = 30
TABLES = platform_tables("tiktok_ads")
LEVELS = {"AUCTION_AD": "ad_id", "AUCTION_CAMPAIGN": "campaign_id"}
METRICS = frozenset(
    {"spend", "impressions", "clicks", "reach", "frequency", "likes", "comments", "shares", "follows", "conversion",
     "total_purchase_value", "video_watched_2s", "video_watched_6s", "profile_visits", "campaign_id", "campaign_name",
     "adgroup_id", "adgroup_name", "ad_name", "real_time_conversion"}
)  # fmt: skip
NO_FIGURE = "-"

# Rows of each level, in the provider's names; the platform's reactions are likes, comments and shares here.
ROWS = """
SELECT report_date, {key}, {names}, sum(spend) AS spend, sum(impressions) AS impressions, sum(clicks) AS clicks,
       sum(reach) AS reach, sum(reported_conversions) AS conversion, sum(reported_conversion_value) AS value,
       sum(video_views) AS views, sum(social_actions) AS social
FROM platform_days WHERE {where} GROUP BY ALL ORDER BY ALL
"""


def bare(identity: str) -> str:
    return identity.removeprefix("tiktok_ads:")


def plain(value: Decimal | int | None) -> str:
    """Text of a figure; what is nothing is told as "-" where TikTok tracks values."""
    return NO_FIGURE if not value else str(value)


def _shown(row: Mapping[str, Any], level: str) -> Row:
    social = int(row["social"])
    metrics: Row = {
        "spend": str(row["spend"]),
        "impressions": str(row["impressions"]),
        "clicks": str(row["clicks"]),
        "reach": plain(row["reach"]),
        "frequency": plain(round(Decimal(row["impressions"]) / row["reach"], 2) if row["reach"] else None),
        "conversion": str(row["conversion"]),
        "real_time_conversion": str(row["conversion"]),
        "total_purchase_value": plain(row["value"]),
        "video_watched_2s": str(row["views"]),
        "video_watched_6s": str(int(row["views"]) // 2),
        "likes": str(social - social // 4 - social // 8),
        "comments": str(social // 8),
        "shares": str(social // 4),
        "follows": NO_FIGURE,
        "profile_visits": NO_FIGURE,
        "campaign_name": row["campaign_name"],
    }
    dimensions = {"stat_time_day": f"{row['report_date']} 00:00:00"}
    if level == "AUCTION_AD":
        metrics |= {"campaign_id": bare(row["campaign_id"]), "adgroup_id": bare(row["ad_group_id"]),
                    "adgroup_name": row["ad_group_name"], "ad_name": row["ad_name"]}  # fmt: skip
        dimensions["ad_id"] = bare(row["ad_id"])
    else:
        dimensions["campaign_id"] = bare(row["campaign_id"])
    return {"dimensions": dimensions, "metrics": metrics}


def _levels(world: World) -> Mapping[str, Mapping[date, list[Row]]]:
    """Rows by level and day."""
    found: dict[str, dict[date, list[Row]]] = {level: {} for level in LEVELS}
    names = {"AUCTION_AD": "campaign_id, campaign_name, ad_group_id, ad_group_name, ad_name",
             "AUCTION_CAMPAIGN": "campaign_name"}  # fmt: skip
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("platform_days", TABLES(world)["platform_days"])
        for level, key in LEVELS.items():
            where = "ad_id <> ''" if level == "AUCTION_AD" else "true"
            sql = ROWS.format(key=key, names=names[level], where=where)
            for row in database.sql(sql).to_arrow_table().to_pylist():
                found[level].setdefault(row["report_date"], []).append(_shown(row, level))
    return found


_ROWS = PerWorld(_levels)


class TikTokTwin(RestTwin):
    """One ad account behind one token."""

    provider: ClassVar[str] = "tiktok_ads"
    settings: ClassVar[Mapping[str, Any]] = {"advertiser_id": META_ACCOUNT, "requests_per_second": 5000}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.route(f"/open_api/{VERSION}/advertiser/info/", self._advertisers)
        self.route(f"/open_api/{VERSION}/campaign/get/", self._campaigns)
        self.route(f"/open_api/{VERSION}/report/integrated/get/", self._report)

    def stock(self, shelf: Shelf, world: World) -> None:
        """Nothing is kept on the shelf: figures are the company's own."""

    def token_of(self, request: Request) -> str:
        return request.headers.get("access-token", "")

    def error(self, status: int, message: str) -> Any:
        code = {401: 40105, 429: 40100}.get(status, 50000)
        return {"code": code, "message": message, "request_id": "twin", "data": {}}

    def refused(self, code: int, message: str) -> Refused:
        return Refused(200, {"code": code, "message": message, "request_id": "twin", "data": {}})

    def throttled(self, wait: float) -> Refused:
        return self.refused(40100, "Too many requests. Please retry in some time.")

    def _answered(self, data: Row) -> Row:
        return {"code": 0, "message": "OK", "request_id": "twin", "data": data}

    def _paged(self, request: Request, rows: list[Row]) -> Row:
        page, size = int(request.query_params.get("page", 1)), int(request.query_params.get("page_size", 10))
        if not 1 <= size <= 1000:
            raise self.refused(40002, "page_size: must be at most 1000")
        told = {"page": page, "page_size": size, "total_number": len(rows), "total_page": -(-len(rows) // size)}
        return self._answered({"list": rows[(page - 1) * size : page * size], "page_info": told})

    def _mine(self, request: Request) -> None:
        if request.query_params.get("advertiser_id") != META_ACCOUNT:
            raise self.refused(40001, "No permission to operate advertiser.")

    def _advertisers(self, request: Request, body: Any) -> Row:
        asked = json.loads(request.query_params["advertiser_ids"])
        own = {"advertiser_id": META_ACCOUNT, "name": "Larkspur Coffee", "currency": "USD", "timezone": META_ZONE,
               "create_time": int(datetime.fromisoformat("2024-08-01T14:00:00+00:00").timestamp()),
               "status": "STATUS_ENABLE"}  # fmt: skip
        return self._answered({"list": [own] if META_ACCOUNT in asked else []})

    def _campaigns(self, request: Request, body: Any) -> Row:
        self._mine(request)
        rows = [
            {
                "campaign_id": bare(row["campaign_id"]),
                "advertiser_id": META_ACCOUNT,
                "campaign_name": row["campaign_name"],
                "objective_type": "WEB_CONVERSIONS",
                "budget": float(row["daily_budget"]),
                "budget_mode": "BUDGET_MODE_DAY",
                "operation_status": "ENABLE" if row["status"] == "active" else "DISABLE",
                "secondary_status": "CAMPAIGN_STATUS_DELETE"
                if row["status"] in ("archived", "removed")
                else "CAMPAIGN_STATUS_ENABLE",
                "create_time": f"{row['start_date']} 09:00:00",
                "modify_time": "2026-10-12 14:00:00",
            }
            for row in TABLES(self.control.world)["platform_campaigns"].to_pylist()
        ]
        return self._paged(request, rows)

    def _report(self, request: Request, body: Any) -> Row:
        self._mine(request)
        query = request.query_params
        level = query.get("data_level", "")
        if query.get("report_type") != "BASIC" or level not in LEVELS:
            raise self.refused(40002, f"data_level: must be one of {', '.join(LEVELS)}")
        if json.loads(query["dimensions"]) != [LEVELS[level], "stat_time_day"]:
            raise self.refused(40002, "dimensions: not supported with this data_level")
        metrics = json.loads(query["metrics"])
        if unknown := [name for name in metrics if name not in METRICS]:
            raise self.refused(40002, f"metrics: invalid metric fields {unknown}")
        first, last = date.fromisoformat(query["start_date"]), date.fromisoformat(query["end_date"])
        if (last - first).days >= MOST_DAYS:
            raise self.refused(40002, f"The date range is more than {MOST_DAYS} days")
        days = _ROWS(self.control.world)[level]
        rows = [row for day in sorted(days) if first <= day <= last for row in days[day]]
        answer = self._paged(request, rows)
        answer["data"]["list"] = [
            {**row, "metrics": {name: row["metrics"][name] for name in metrics}} for row in answer["data"]["list"]
        ]
        return answer


# What TikTok does not tell stays empty: a value of none, and what it does not measure.
FIGURES = """spend, impressions, clicks, reported_conversions,
    CASE WHEN ad_id <> '' THEN nullif(reported_conversion_value, 0)
         WHEN sum(reported_conversion_value) OVER (PARTITION BY report_date, campaign_id) <> 0
         THEN reported_conversion_value END AS reported_conversion_value,
    NULL::DECIMAL(18,6) AS reported_view_conversions, video_views, social_actions"""
STATUS = """SELECT campaign_id, campaign_name, platform, 'paid_social' AS channel,
    CASE status WHEN 'archived' THEN 'removed' ELSE status END AS status, start_date,
    daily_budget AS budget_amount, 'daily' AS budget_type, 'USD' AS currency FROM platform_campaigns"""

DECLARATION = Declaration(
    provider="tiktok_ads",
    truth=(performance(FIGURES), Truth("campaigns", STATUS)),
    tables=TABLES,
    quick={"history_months": 1, "slice_days": 7, "page_size": 60},
    quick_since=date(2026, 10, 2),
    restate=platforms_restate,
    delete=first_ad_deleted("tiktok_ads"),
    day=Drift("stat_time_day", "ad_performance", "report_date"),
    drift=Drift("spend", "ad_performance", "spend"),
)
