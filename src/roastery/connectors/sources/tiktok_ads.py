"""TikTok Ads: figures by day at ad and campaign level, and the campaigns.

Facts: Business API v1.3; every answer has status 200 and says in `code` what it means; figures are text and "-" where
there is none; money is in the account's currency. Which zone a report's days are in is told in two ways by the field
([K]): the account's by default, else the setting `report_time_zone`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import AbortSync, RetryLater, SkipResource, Throttled
from roastery.connectors.http import Credentials, Reply
from roastery.connectors.oauth import FixedToken, HeaderStyle
from roastery.connectors.readable import number, readable
from roastery.connectors.renaming import codes
from roastery.connectors.reports import Scope, Span, daily_pages, months_before, today_in, with_residuals
from roastery.connectors.throttle import Rate
from roastery.connectors.unparsed import Steps, beside

TITLE = "TikTok Ads"
LIMIT_CODES = (40100,)
PASSING_CODES = (40200, 40201, 40202, 40700, 50000, 50002)
TOKEN_CODES = (40101, 40102, 40104, 40105)
RIGHTS_CODES = (40001, 40003)
"""[K] What a code means, so each list is a setting."""
LEVELS = {"ad_id": "AUCTION_AD", "campaign_id": "AUCTION_CAMPAIGN"}
NAMES = {"ad_id": ("campaign_id", "campaign_name", "adgroup_id", "adgroup_name", "ad_name"),
         "campaign_id": ("campaign_name",)}  # fmt: skip
METRICS = ("spend", "impressions", "clicks", "reach", "frequency", "likes", "comments", "shares", "follows")
CAMPAIGN_FIELDS = ("campaign_id", "campaign_name", "objective_type", "budget", "budget_mode", "operation_status",
                   "secondary_status", "create_time", "modify_time", "advertiser_id")  # fmt: skip


def told(figure: str) -> str:
    """SQL: a figure as text, null for TikTok's "-", which means that there is none."""
    return f"nullif(m.{figure}, '-')"


REACTIONS = tuple(told(c) for c in ("likes", "comments", "shares", "follows"))
SOCIAL = readable(" + ".join(f"coalesce({number(c)}, 0)" for c in REACTIONS), REACTIONS)

PERFORMANCE = with_residuals(f"""
    SELECT r.dimensions.ad_id IS NULL AS is_total,
           left(r.dimensions.stat_time_day, 10) AS report_date,
           'tiktok_ads' AS platform,
           'tiktok_ads:' || k.advertiser_id AS account_id,
           'tiktok_ads:' || coalesce(r.dimensions.campaign_id, m.campaign_id) AS campaign_id,
           coalesce('tiktok_ads:' || m.adgroup_id, '') AS ad_group_id,
           coalesce('tiktok_ads:' || r.dimensions.ad_id, '') AS ad_id,
           m.campaign_name, m.adgroup_name AS ad_group_name, m.ad_name,
           k.currency, k.time_zone,
           NULL::VARCHAR AS attribution_setting,
           {told("spend")} AS spend,
           {told("impressions")} AS impressions,
           {told("reach")} AS reach,
           {told("frequency")} AS frequency,
           {told("clicks")} AS clicks,
           nullif(k.conversions, '-') AS reported_conversions,
           nullif(k.conversion_value, '-') AS reported_conversion_value,
           NULL::VARCHAR AS reported_view_conversions,
           nullif(k.video_views, '-') AS video_views,
           {SOCIAL} AS social_actions
    FROM (SELECT r, r.metrics AS m, r._connection AS k FROM (SELECT from_json(payload, '{{
        "dimensions": {{"ad_id": "VARCHAR", "campaign_id": "VARCHAR", "stat_time_day": "VARCHAR"}},
        "metrics": {{"campaign_id": "VARCHAR", "campaign_name": "VARCHAR", "adgroup_id": "VARCHAR",
            "adgroup_name": "VARCHAR", "ad_name": "VARCHAR", "spend": "VARCHAR", "impressions": "VARCHAR",
            "clicks": "VARCHAR", "reach": "VARCHAR", "frequency": "VARCHAR", "likes": "VARCHAR",
            "comments": "VARCHAR", "shares": "VARCHAR", "follows": "VARCHAR"}},
        "_connection": {{"advertiser_id": "VARCHAR", "currency": "VARCHAR", "time_zone": "VARCHAR",
            "conversions": "VARCHAR", "conversion_value": "VARCHAR", "video_views": "VARCHAR"}}}}') AS r
        FROM {{records}}))
""")  # noqa: S608 (the names are ours)

CAMPAIGNS = """
SELECT 'tiktok_ads:' || (payload->>'campaign_id') AS campaign_id,
       payload->>'campaign_name' AS campaign_name,
       'tiktok_ads' AS platform,
       'paid_social' AS channel,
       lower(payload->>'objective_type') AS objective,
       CASE WHEN (payload->>'secondary_status') LIKE '%DELETE%' THEN 'removed'
            WHEN (payload->>'operation_status') = 'ENABLE' THEN 'active'
            WHEN (payload->>'operation_status') = 'DISABLE' THEN 'paused'
            ELSE lower(payload->>'operation_status') END AS status,
       left(payload->>'create_time', 10) AS start_date,
       CASE WHEN (payload->>'budget_mode') <> 'BUDGET_MODE_INFINITE' THEN payload->>'budget' END AS budget_amount,
       CASE payload->>'budget_mode' WHEN 'BUDGET_MODE_TOTAL' THEN 'lifetime'
            WHEN 'BUDGET_MODE_INFINITE' THEN NULL ELSE 'daily' END AS budget_type,
       payload->>'$._connection.currency' AS currency
FROM {records}
"""


def by_day(record: Record) -> tuple[str, date]:
    return record["_connection"]["advertiser_id"], date.fromisoformat(record["dimensions"]["stat_time_day"][:10])


def figure_key(record: Record) -> str:
    """The ad of an ad's row, the campaign of a campaign's total."""
    dimensions = record["dimensions"]
    return f"ad:{dimensions['ad_id']}" if "ad_id" in dimensions else f"campaign:{dimensions['campaign_id']}"


@dataclass(frozen=True)
class Advertiser:
    id: str
    currency: str
    time_zone: str
    created: date | None


class TikTokAds:
    """TikTok's Business API for one or more ad accounts."""

    provider: ClassVar[str] = "tiktok_ads"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://business-api.tiktok.com"
    required_settings: ClassVar[tuple[str, ...]] = ("advertiser_id",)
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "conversion_metric": "What counts as a reported conversion; conversion. Another one reads history again.",
        "value_metric": "Which metric is their value; total_purchase_value.",
        "video_metric": "Which metric counts as a video view; video_watched_2s.",
        "report_time_zone": "The IANA zone of the report's days where it is not the account's own.",
        "history_months": "How far back to read; 24.",
        "reread_days": "Days read again at each sync because TikTok restates them; 28.",
        "slice_days": "Days asked for at once; 30, which is what TikTok is known to allow.",
        "page_size": "Rows a page, at most 1000; 1000.",
        "requests_per_second": "What the app's access level allows, also per minute times 60; 10 (Basic).",
        "pause_seconds": "How long to wait once the limit is reached, since TikTok does not say; 300.",
        "limit_codes": "Codes of answers that mean the limit is reached; 40100.",
        "token_codes": "Codes after which a person has to connect again; 40101, 40102, 40104, 40105.",
        "rights_codes": "Codes of what this access may not read; 40001, 40003.",
        "passing_codes": "Codes after which asking again helps; 40200, 40201, 40202, 40700, and all from 50000 on.",
        "app_id": "The app whose limit this connection shares, where it is not Roastery's own.",
        "api_version": "Version of the Business API; v1.3.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {}
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("advertisers", key=lambda r: r["advertiser_id"]),
        Resource("campaigns", key=lambda r: r["campaign_id"], depends_on=("advertisers",)),
        Resource(
            "figures",
            key=figure_key,
            partition=by_day,
            reread_days=28,
            depends_on=("advertisers",),
            expects=("metrics.spend", "metrics.impressions"),
            looks_at=("dimensions.stat_time_day", "dimensions.ad_id", "dimensions.campaign_id"),
        ),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("campaigns", "campaigns", CAMPAIGNS),
        ContractSql("ad_performance", "figures", PERFORMANCE),
    )
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Its webhooks tell of posts, comments and leads, not of figures."""

    def __init__(self, access: Access) -> None:
        settings = access.settings
        self._advertisers = listed(settings.get("advertiser_id"))
        self._seen: dict[str, Advertiser] = {}
        self._version = str(settings.get("api_version", "v1.3"))
        self._chosen = {
            "conversions": str(settings.get("conversion_metric", "conversion")),
            "conversion_value": str(settings.get("value_metric", "total_purchase_value")),
            "video_views": str(settings.get("video_metric", "video_watched_2s")),
        }
        self._zone = str(settings.get("report_time_zone", ""))
        self._months = whole_number(TITLE, settings, "history_months", 24)
        self._reread_days = whole_number(TITLE, settings, "reread_days", 28)
        self._slice_days = whole_number(TITLE, settings, "slice_days", 30)
        self._limits = codes(TITLE, settings, "limit_codes", LIMIT_CODES)
        self._tokens = codes(TITLE, settings, "token_codes", TOKEN_CODES)
        self._rights = codes(TITLE, settings, "rights_codes", RIGHTS_CODES)
        self._passing = codes(TITLE, settings, "passing_codes", PASSING_CODES)
        self._page_size = min(1000, whole_number(TITLE, settings, "page_size", 1000))
        self._pause_seconds = whole_number(TITLE, settings, "pause_seconds", 300)
        rate = whole_number(TITLE, settings, "requests_per_second", 10)
        app = str(settings.get("app_id", "roastery"))
        self.http = access.client(
            TITLE,
            access.connection.base_url or self.default_base_url,
            FixedToken(access.connection, access.tokens, style=HeaderStyle("Access-Token", "")),
            self._judge,
            (access.bucket(Rate(per_second=rate, burst=rate), app=app),),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        if resource.name == "figures":
            yield from self._figures(cursor, until)
            return
        for place, advertiser in enumerate(self._advertisers, start=1):
            share = place / len(self._advertisers)
            if resource.name == "advertisers":
                yield Page([self._advertiser(advertiser)], cursor, progress=share)
                continue
            extra = {"currency": self._known(advertiser).currency}
            asked = {"advertiser_id": advertiser, "fields": json.dumps(CAMPAIGN_FIELDS),
                     "filtering": json.dumps({"primary_status": "STATUS_ALL"})}  # fmt: skip
            for rows in self._all("campaign/get/", asked):
                yield Page([{**row, "_connection": extra} for row in rows], cursor, progress=share)

    # Figures.

    def _figures(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        known = {advertiser: self._known(advertiser) for advertiser in self._advertisers}

        def read(scope: Scope, span: Span) -> Iterable[Sequence[Record]]:
            account = known[scope.id]
            extra = {"advertiser_id": account.id, "currency": account.currency, "time_zone": account.time_zone}
            counted = [("metrics", metric) for metric in self._chosen.values()]
            for dimension in LEVELS:
                for rows in self._all("report/integrated/get/", self._asked(account.id, dimension, span)):
                    yield beside(rows, lambda row: extra | self._counted(row), counted)

        stamp = " ".join(f"{name}={metric}" for name, metric in self._chosen.items())
        yield from daily_pages([self._scope(account, until) for account in known.values()], cursor, read, stamp=stamp)

    def _counted(self, row: Record) -> dict[str, Any]:
        """The figures of a row that this connection counts as conversions and views, by our names."""
        return {name: row["metrics"].get(metric) for name, metric in self._chosen.items()}

    def _asked(self, advertiser: str, dimension: str, span: Span) -> dict[str, str]:
        return {
            "advertiser_id": advertiser,
            "report_type": "BASIC",
            "data_level": LEVELS[dimension],
            "dimensions": json.dumps([dimension, "stat_time_day"]),
            "metrics": json.dumps([*METRICS, *dict.fromkeys(self._chosen.values()), *NAMES[dimension]]),
            "start_date": span.first.isoformat(),
            "end_date": span.last.isoformat(),
        }

    def _known(self, advertiser: str) -> Advertiser:
        if advertiser not in self._seen:
            raw = self._advertiser(advertiser)
            created = raw.get("create_time")
            self._seen[advertiser] = Advertiser(
                id=str(raw["advertiser_id"]),
                currency=str(raw["currency"]),
                time_zone=self._zone or str(raw["timezone"]),
                created=datetime.fromtimestamp(int(created), UTC).date() if created else None,
            )
        return self._seen[advertiser]

    def _scope(self, account: Advertiser, until: datetime) -> Scope:
        today = today_in(account.time_zone, until, TITLE)
        earliest = months_before(today, self._months)
        return Scope(
            id=account.id,
            today=today,
            earliest=max(earliest, account.created) if account.created else earliest,
            reread_days=self._reread_days,
            slice_days=self._slice_days,
        )

    # Requests. Every path ends with a slash: TikTok does not answer without it.

    def _advertiser(self, advertiser: str) -> Record:
        fields = ["advertiser_id", "name", "currency", "timezone", "create_time", "status"]
        asked = {"advertiser_ids": json.dumps([advertiser]), "fields": json.dumps(fields)}
        rows = self._get("advertiser/info/", asked).get("list") or []
        if not rows:
            raise AbortSync(f"{TITLE} has no ad account {advertiser}. Check the connection's advertiser_id.")
        return dict(rows[0])

    def _all(self, path: str, params: Mapping[str, str]) -> Iterator[Sequence[Record]]:
        page = 1
        while True:
            data = self._get(path, {**params, "page": str(page), "page_size": str(self._page_size)}, ("data", "list"))
            if data.get("list"):
                yield data["list"]
            if page >= int(data["page_info"]["total_page"]):
                return
            page += 1

    def _get(self, path: str, params: Mapping[str, str], rows: Steps = ()) -> dict[str, Any]:
        body = self.http.get(f"open_api/{self._version}/{path}", params, rows=rows)
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            raise RetryLater(f"{TITLE} answered without data.")
        return data

    def _judge(self, reply: Reply) -> None:
        code = reply.body.get("code") if isinstance(reply.body, dict) else None
        if code in (None, 0):
            return
        said = self.http.clean(str(reply.body.get("message", "")))
        if code in self._limits:
            raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=float(self._pause_seconds))
        if code in self._tokens:
            raise Credentials(f"{TITLE} no longer accepts this connection's access. Connect it again.")
        if code in self._passing or code >= 50000:
            raise RetryLater(f"{TITLE} has a problem of its own ({code}).")
        if code in self._rights:
            raise SkipResource(f"{TITLE} does not let this connection read that ({code}). It said: {said}")
        raise AbortSync(f"{TITLE} refused the request ({code}). It said: {said}")
