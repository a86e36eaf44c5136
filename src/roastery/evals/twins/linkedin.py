"""A twin of LinkedIn's Marketing API: Rest.li addresses taken literally, 20 fields a request, no pages in analytics.

Figures are numbers and money is text; a creative that is gone is told of in its campaign group only. Access lasts 60
days and is refreshed; days are UTC.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import duckdb
from starlette.requests import Request

from roastery.evals.twins.ad_truth import NAMES, first_ad_deleted, platform_tables
from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, platforms_restate
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World

ACCOUNT = "507614118"
VERSION = "202607"
CLIENT = {"client_id": "linkedin-client-id", "client_secret": "linkedin-client-secret"}
LIFE_SECONDS = 5_184_000
MOST_FIELDS = 20
MOST_ELEMENTS = 15_000
TABLES = platform_tables("linkedin_ads")
PIVOTS = {"List(CAMPAIGN_GROUP,CAMPAIGN,CREATIVE)": ("campaign_id", "ad_group_id", "ad_id"),
          "CAMPAIGN_GROUP": ("campaign_id",)}  # fmt: skip
URNS = {"campaign_id": "sponsoredCampaignGroup", "ad_group_id": "sponsoredCampaign", "ad_id": "sponsoredCreative"}
METRICS = frozenset(
    [
        "costInLocalCurrency",
        "costInUsd",
        "impressions",
        "clicks",
        "landingPageClicks",
        "externalWebsiteConversions",
        "externalWebsitePostClickConversions",
        "externalWebsitePostViewConversions",
        "oneClickLeads",
        "conversionValueInLocalCurrency",
        "videoViews",
        "videoCompletions",
        "videoFirstQuartileCompletions",
        "videoMidpointCompletions",
        "videoThirdQuartileCompletions",
        "likes",
        "comments",
        "shares",
        "follows",
        "reactions",
        "totalEngagements",
        "approximateMemberReach",
        "dateRange",
        "pivotValues",
    ]
)


def bare(identity: str) -> str:
    return identity.removeprefix("linkedin_ads:")


def _rows(world: World) -> Mapping[str, Mapping[date, list[Row]]]:
    found: dict[str, dict[date, list[Row]]] = {pivots: {} for pivots in PIVOTS}
    figures = ("spend", "impressions", "clicks", "reported_conversions", "reported_conversion_value", "reach",
               "reported_view_conversions", "video_views", "social_actions")  # fmt: skip
    summed = ", ".join(f"sum({c}) AS {c}" for c in figures)
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("platform_days", TABLES(world)["platform_days"])
        for pivots, keys in PIVOTS.items():
            where = "ad_id <> ''" if len(keys) > 1 else "true"
            sql = f"""SELECT report_date, {", ".join(keys)}, {summed} FROM platform_days
                WHERE {where} GROUP BY ALL ORDER BY ALL"""  # noqa: S608 (the names are ours)
            for row in database.sql(sql).to_arrow_table().to_pylist():
                found[pivots].setdefault(row["report_date"], []).append(_shown(row, keys))
    return found


def _shown(row: Row, keys: tuple[str, ...]) -> Row:
    day = row["report_date"]
    on = {"year": day.year, "month": day.month, "day": day.day}
    social, sales, seen = int(row["social_actions"]), row["reported_conversions"], row["reported_view_conversions"]
    leads = int(sales) // 5
    return {
        "dateRange": {"start": on, "end": on},
        "pivotValues": [f"urn:li:{URNS[key]}:{bare(row[key])}" for key in keys],
        "costInLocalCurrency": str(row["spend"]),
        "costInUsd": str(row["spend"]),
        "impressions": int(row["impressions"]),
        "clicks": int(row["clicks"]),
        "landingPageClicks": int(row["clicks"]) // 2,
        "externalWebsiteConversions": str(sales - leads),
        "externalWebsitePostClickConversions": str(sales - leads - seen),
        "externalWebsitePostViewConversions": str(seen),
        "oneClickLeads": leads,
        "conversionValueInLocalCurrency": str(row["reported_conversion_value"]),
        "videoViews": int(row["video_views"]),
        "videoCompletions": int(row["video_views"]) // 4,
        "videoFirstQuartileCompletions": int(row["video_views"]) // 2,
        "videoMidpointCompletions": int(row["video_views"]) // 3,
        "videoThirdQuartileCompletions": int(row["video_views"]) // 3,
        "likes": social - social // 3,
        "reactions": social - social // 4,
        "comments": social // 4 - social // 8,
        "shares": social // 8,
        "follows": 0,
        "totalEngagements": social + int(row["clicks"]),
        "approximateMemberReach": int(row["reach"]),
    }


_ROWS = PerWorld(_rows)


class LinkedInTwin(RestTwin):
    """One ad account behind one grant."""

    provider: ClassVar[str] = "linkedin_ads"
    settings: ClassVar[Mapping[str, Any]] = {"account_id": ACCOUNT, "requests_per_second": 5000}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.open_route("/oauth/v2/accessToken", self._token)
        self.route("/rest/adAnalytics", self._analytics)
        self.route("/rest/adAccounts/{account}", self._account)
        self.route("/rest/adAccounts/{account}/{kind}", self._entities)

    def grant(self) -> Tokens:
        return Tokens("linkedin", life=float(LIFE_SECONDS))

    def secrets(self) -> dict[str, str]:
        return {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token, **CLIENT}

    def stock(self, shelf: Shelf, world: World) -> None:
        """Nothing is kept on the shelf: figures are the company's own."""

    def error(self, status: int, message: str) -> Any:
        return {"status": status, "serviceErrorCode": 65600 + status, "message": message}

    def throttled(self, wait: float) -> Refused:
        return Refused(429, self.error(429, "Resource level throttle limit for calls to this resource is reached."))

    def _token(self, request: Request, form: Any) -> Row:
        access, refresh = refreshed(self.tokens, form or {}, CLIENT)
        return {"access_token": access, "expires_in": LIFE_SECONDS, "refresh_token": refresh,
                "refresh_token_expires_in": 31_536_000, "scope": "r_ads,r_ads_reporting"}  # fmt: skip

    def _check(self, request: Request) -> None:
        version = request.headers.get("linkedin-version", "")
        if not re.fullmatch(r"\d{6}", version):
            raise Refused(400, self.error(400, "A version must be present. Please specify a version."))
        if version < "202512":
            raise Refused(426, self.error(426, f"Requested version {version} is not active"))
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            raise Refused(400, self.error(400, "Invalid Rest.li protocol version"))

    def _mine(self, request: Request) -> None:
        self._check(request)
        if request.path_params["account"] != ACCOUNT:
            raise Refused(403, self.error(403, "Not enough permissions to access the account"))

    def _account(self, request: Request, body: Any) -> Row:
        self._mine(request)
        made = int(datetime(2024, 8, 1, tzinfo=UTC).timestamp() * 1000)
        return {"id": int(ACCOUNT), "name": "Larkspur Coffee", "currency": "USD", "status": "ACTIVE",
                "type": "BUSINESS", "changeAuditStamps": {"created": {"time": made}}}  # fmt: skip

    def _entities(self, request: Request, body: Any) -> Row:
        self._mine(request)
        kind = request.path_params["kind"]
        finder = "criteria" if kind == "creatives" else "search"
        if kind not in ENTITIES or request.query_params.get("q") != finder:
            raise Refused(400, self.error(400, f"The finder of {kind} is {finder}"))
        rows = ENTITIES[kind](TABLES(self.control.world))
        size = int(request.query_params.get("pageSize", 100))
        start = int(request.query_params.get("pageToken") or 0)
        more = {"nextPageToken": str(start + size)} if start + size < len(rows) else {}
        return {"elements": rows[start : start + size], "metadata": more}

    def _analytics(self, request: Request, body: Any) -> Row:
        self._check(request)
        asked = request.scope["query_string"].decode("latin-1")
        if "%28" in asked or "%2C" in asked or len(asked) > 4000:
            raise Refused(
                414 if len(asked) > 4000 else 400, self.error(400, "Invalid query parameters passed to request")
            )
        parts = dict(part.partition("=")[::2] for part in asked.split("&"))
        fields = parts.get("fields", "").split(",")
        if len(fields) > MOST_FIELDS or set(fields) - METRICS:
            raise Refused(400, self.error(400, f"fields: at most {MOST_FIELDS} known fields"))
        pivots = parts.get("pivots") if parts.get("q") == "statistics" else parts.get("pivot")
        if pivots not in PIVOTS or parts.get("timeGranularity") != "DAILY":
            raise Refused(400, self.error(400, "pivots are not supported by this finder"))
        if parts.get("accounts") != f"List(urn%3Ali%3AsponsoredAccount%3A{ACCOUNT})":
            raise Refused(403, self.error(403, "Not enough permissions to access the account"))
        first, last = _range(parts.get("dateRange", ""))
        days = _ROWS(self.control.world)[pivots]
        rows = [row for day in sorted(days) if first <= day <= last for row in days[day]]
        shown = [{name: row[name] for name in fields} for row in rows[:MOST_ELEMENTS]]
        return {"elements": shown, "paging": {"start": 0, "count": 10, "links": []}}


def _range(text: str) -> tuple[date, date]:
    found = re.fullmatch(
        r"\(start:\(year:(\d+),month:(\d+),day:(\d+)\),end:\(year:(\d+),month:(\d+),day:(\d+)\)\)", text
    )
    if not found:
        raise Refused(400, {"status": 400, "message": "dateRange is not of its form"})
    year, month, day, *end = map(int, found.groups())
    return date(year, month, day), date(*end)


def _millis(day: date | None) -> int | None:
    return None if day is None else int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _groups(tables: Mapping[str, Any]) -> list[Row]:
    return [
        {
            "id": int(bare(row["campaign_id"])),
            "account": f"urn:li:sponsoredAccount:{ACCOUNT}",
            "name": row["campaign_name"],
            "objectiveType": "WEBSITE_CONVERSION",
            "status": row["status"].upper(),
            "runSchedule": {"start": _millis(row["start_date"])}
            | ({"end": _millis(row["end_date"])} if row["end_date"] else {}),
            "dailyBudget": {"amount": str(row["daily_budget"]), "currencyCode": "USD"},
        }
        for row in tables["platform_campaigns"].to_pylist()
    ]


def _named(key: str, name: str, urn: str = "") -> Any:
    def rows(tables: Mapping[str, Any]) -> list[Row]:
        seen = {row[key]: row[name] for row in tables["platform_days"].select([key, name]).to_pylist() if row[key]}
        return [
            {"id": f"{urn}{bare(k)}" if urn else int(bare(k)), "name": v, "status": "ACTIVE"} for k, v in seen.items()
        ]

    return rows


ENTITIES = {
    "adCampaignGroups": _groups,
    "adCampaigns": _named("ad_group_id", "ad_group_name"),
    "creatives": _named("ad_id", "ad_name", "urn:li:sponsoredCreative:"),
}

# Names are today's, the zone is UTC, and the account is LinkedIn's own.
PERFORMANCE = f"""SELECT {NAMES}, spend, impressions, clicks, reported_conversions, reported_conversion_value,
    reported_view_conversions, video_views, social_actions FROM (
    SELECT d.* REPLACE ('UTC' AS time_zone, 'linkedin_ads:{ACCOUNT}' AS account_id, c.campaign_name AS campaign_name)
    FROM platform_days d JOIN platform_campaigns c USING (campaign_id))"""  # noqa: S608 (the names are ours)
CAMPAIGNS = """SELECT campaign_id, campaign_name, platform, 'paid_social' AS channel, status, start_date, end_date,
    daily_budget AS budget_amount, 'daily' AS budget_type, 'USD' AS currency FROM platform_campaigns"""

DECLARATION = Declaration(
    provider="linkedin_ads",
    truth=(Truth("ad_performance", PERFORMANCE, day="report_date"), Truth("campaigns", CAMPAIGNS)),
    tables=TABLES,
    quick={"history_months": 1, "slice_days": 7},
    quick_since=date(2026, 10, 2),
    restate=platforms_restate,
    delete=first_ad_deleted("linkedin_ads"),
    day=Drift("dateRange", "ad_performance", "report_date"),
    drift=Drift("costInLocalCurrency", "ad_performance", "spend"),
)
