"""LinkedIn Ads: figures by day at creative and campaign-group level, and the entities behind them.

Facts: Rest.li 2.0 with a dated version header; LinkedIn's campaign group is our campaign, its campaign our ad group,
its creative our ad. adAnalytics has no pages: an answer is cut at 15,000 elements, and a request may name 20 fields, so
metrics are asked for in parts and put together by day and pivot. Days are UTC. Names of metrics are [K]: `metrics`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import AbortSync, RetryLater, SliceTooLarge, Throttled
from roastery.connectors.http import Reply
from roastery.connectors.merging import merged
from roastery.connectors.oauth import Grant, HeaderStyle, OAuthToken
from roastery.connectors.readable import number, readable
from roastery.connectors.renaming import Renaming
from roastery.connectors.reports import Scope, Span, daily_pages, months_before, today_in, with_residuals
from roastery.connectors.throttle import Rate
from roastery.connectors.unparsed import UnparsedRecords, beside

TITLE = "LinkedIn Ads"
TOKEN_URL = "https://www.linkedin.com/oauth/v2/accessToken"
MOST_FIELDS = 20
MOST_ELEMENTS = 15_000
ALWAYS = ("dateRange", "pivotValues")
METRICS = (
    "costInLocalCurrency,impressions,clicks,landingPageClicks,externalWebsiteConversions,"
    "externalWebsitePostClickConversions,externalWebsitePostViewConversions,oneClickLeads,"
    "conversionValueInLocalCurrency,videoViews,videoCompletions,videoFirstQuartileCompletions,"
    "videoMidpointCompletions,videoThirdQuartileCompletions,likes,comments,shares,follows,reactions,totalEngagements,"
    "approximateMemberReach"
)
NEEDED = ("costInLocalCurrency", "impressions")
VALUES_PAUSE_SECONDS = 330.0
"""45 million metric values may be read in five minutes; nothing says when that begins."""
PIVOTS = {"creative": ("CAMPAIGN_GROUP", "CAMPAIGN", "CREATIVE"), "group": ("CAMPAIGN_GROUP",)}

REACTIONS = ("coalesce(r.reactions, r.likes)", "r.comments", "r.shares", "r.follows")
SOCIAL = readable(" + ".join(f"coalesce({number(c)}, 0)" for c in REACTIONS), REACTIONS)
# Sign-ups on LinkedIn's own forms count beside conversions on the site; its parts by click and view are in the latter.
CONVERTED = ("r.externalWebsiteConversions", "r.oneClickLeads")
CONVERSIONS = readable(" + ".join(f"coalesce({number(c)}, 0)" for c in CONVERTED), CONVERTED)


def day(path: str) -> str:
    """SQL: the day of epoch milliseconds; what is none goes on as it came."""
    return f"coalesce(CAST(TRY(make_timestamp_ms(CAST({path} AS BIGINT))::DATE) AS VARCHAR), {path})"


PERFORMANCE = with_residuals(f"""
    SELECT r._connection.creative IS NULL AS is_total,
           r._connection.day AS report_date,
           'linkedin_ads' AS platform,
           'linkedin_ads:' || r._connection.account AS account_id,
           'linkedin_ads:' || r._connection.campaign_group AS campaign_id,
           coalesce('linkedin_ads:' || r._connection.campaign, '') AS ad_group_id,
           coalesce('linkedin_ads:' || r._connection.creative, '') AS ad_id,
           g.name AS campaign_name, c.name AS ad_group_name, v.name AS ad_name,
           r._connection.currency AS currency,
           'UTC' AS time_zone,
           NULL::VARCHAR AS attribution_setting,
           coalesce(r.costInLocalCurrency, '0') AS spend,
           coalesce(r.impressions, '0') AS impressions,
           r.approximateMemberReach AS reach,
           NULL::VARCHAR AS frequency,
           coalesce(r.clicks, '0') AS clicks,
           {CONVERSIONS} AS reported_conversions,
           coalesce(r.conversionValueInLocalCurrency, '0') AS reported_conversion_value,
           coalesce(r.externalWebsitePostViewConversions, '0') AS reported_view_conversions,
           coalesce(r.videoViews, '0') AS video_views,
           {SOCIAL} AS social_actions
    FROM (SELECT from_json(payload, '{{
        "costInLocalCurrency": "VARCHAR", "impressions": "VARCHAR", "clicks": "VARCHAR",
        "externalWebsiteConversions": "VARCHAR", "externalWebsitePostViewConversions": "VARCHAR",
        "oneClickLeads": "VARCHAR", "conversionValueInLocalCurrency": "VARCHAR", "videoViews": "VARCHAR",
        "likes": "VARCHAR", "reactions": "VARCHAR", "comments": "VARCHAR", "shares": "VARCHAR", "follows": "VARCHAR",
        "approximateMemberReach": "VARCHAR",
        "_connection": {{"day": "VARCHAR", "account": "VARCHAR", "campaign_group": "VARCHAR", "campaign": "VARCHAR",
            "creative": "VARCHAR", "currency": "VARCHAR"}}}}') AS r FROM {{records}})
    LEFT JOIN (SELECT payload->>'id' AS id, payload->>'name' AS name FROM {{campaign_groups}}) g
           ON g.id = r._connection.campaign_group
    LEFT JOIN (SELECT payload->>'id' AS id, payload->>'name' AS name FROM {{campaigns}}) c
           ON c.id = r._connection.campaign
    LEFT JOIN (SELECT regexp_extract(payload->>'id', '[^:]+$') AS id, payload->>'name' AS name FROM {{creatives}}) v
           ON v.id = r._connection.creative
""")  # noqa: S608 (the names are ours)

CAMPAIGNS = f"""
SELECT 'linkedin_ads:' || (payload->>'id') AS campaign_id,
       payload->>'name' AS campaign_name,
       'linkedin_ads' AS platform,
       'paid_social' AS channel,
       lower(payload->>'objectiveType') AS objective,
       CASE payload->>'status' WHEN 'PENDING_DELETION' THEN 'removed' ELSE lower(payload->>'status') END AS status,
       {day("payload->>'$.runSchedule.start'")} AS start_date,
       {day("payload->>'$.runSchedule.end'")} AS end_date,
       coalesce(payload->>'$.dailyBudget.amount', payload->>'$.totalBudget.amount') AS budget_amount,
       CASE WHEN (payload->'dailyBudget') IS NOT NULL THEN 'daily'
            WHEN (payload->'totalBudget') IS NOT NULL THEN 'lifetime' END AS budget_type,
       coalesce(payload->>'$.dailyBudget.currencyCode', payload->>'$.totalBudget.currencyCode',
                payload->>'$._connection.currency') AS currency
FROM {{records}}
"""  # noqa: S608 (the names are ours)

ENTITIES = {"campaign_groups": "adCampaignGroups", "campaigns": "adCampaigns", "creatives": "creatives"}


def number_of(urn: str) -> str:
    """The last part of a URN.

    >>> number_of("urn:li:sponsoredCampaign:17")
    '17'
    """
    return urn.rpartition(":")[2]


def by_day(record: Record) -> tuple[str, date]:
    return record["_connection"]["account"], date.fromisoformat(record["_connection"]["day"])


def figure_key(record: Record) -> str:
    names = record["_connection"]
    return f"creative:{names['creative']}" if names["creative"] else f"group:{names['campaign_group']}"


def day_of(during: Any) -> str:
    """The first day of a range; what is none goes on as it came, for the build to set its row aside.

    >>> day_of({"start": {"year": 2026, "month": 10, "day": 5}}), day_of("October")
    ('2026-10-05', 'October')
    """
    try:
        return date(**during["start"]).isoformat()
    except (KeyError, TypeError, ValueError):
        return str(during)


def place_of(row: Record) -> tuple[str, ...]:
    """The day of a row and the numbers of what it is about, the largest first.

    >>> place_of({"dateRange": {"start": {"year": 2026, "month": 10, "day": 5}}, "pivotValues": ["urn:li:group:7"]})
    ('2026-10-05', '7')
    """
    pivot = row.get("pivotValues")
    return day_of(row.get("dateRange")), *(
        number_of(str(urn)) for urn in (pivot if isinstance(pivot, list) else [pivot])
    )


def restli_date(day: date) -> str:
    return f"(year:{day.year},month:{day.month},day:{day.day})"


class LinkedInAds:
    """LinkedIn's Marketing API for one or more ad accounts."""

    provider: ClassVar[str] = "linkedin_ads"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://api.linkedin.com"
    required_settings: ClassVar[tuple[str, ...]] = ("account_id",)
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "metric_names": "Where LinkedIn calls a metric otherwise: videoViews=views, follows=followers.",
        "metrics": "Names of the metrics to read, with commas, where LinkedIn has renamed some.",
        "history_months": "How far back to read; 24. LinkedIn keeps days for less time than months.",
        "reread_days": "Days read again at each sync, as LinkedIn does not publish how long it restates; 30.",
        "slice_days": "Days asked for at once; 30.",
        "requests_per_second": "How fast to ask, since LinkedIn does not publish its limits; 5.",
        "token_url": "Where access is refreshed, where it is not LinkedIn's own address.",
        "api_version": "Version header as YYYYMM; 202607. Each lives about a year, then answers 426.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes the access of 60 days, with client_id and client_secret; it lives about a year.",
        "client_id": "The app's client id.",
        "client_secret": "The app's client secret.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("accounts", key=lambda r: str(r["id"])),
        Resource("campaign_groups", key=lambda r: str(r["id"]), depends_on=("accounts",)),
        Resource("campaigns", key=lambda r: str(r["id"]), depends_on=("accounts",)),
        Resource("creatives", key=lambda r: str(r["id"]), depends_on=("accounts",)),
        Resource(
            "figures",
            key=figure_key,
            partition=by_day,
            reread_days=30,
            depends_on=("accounts",),
            expects=NEEDED,
            looks_at=("_connection",),
        ),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("campaigns", "campaign_groups", CAMPAIGNS),
        ContractSql("ad_performance", "figures", PERFORMANCE, joins=("campaign_groups", "campaigns", "creatives")),
    )
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, access: Access) -> None:
        settings, base_url = access.settings, access.connection.base_url
        self._accounts = [number_of(account) for account in listed(settings.get("account_id"))]
        self._metrics = listed(settings.get("metrics")) or tuple(METRICS.split(","))
        self._names = Renaming.parse(TITLE, settings, "metric_names", (*METRICS.split(","), *self._metrics))
        self._months = whole_number(TITLE, settings, "history_months", 24)
        self._reread_days = whole_number(TITLE, settings, "reread_days", 30)
        self._slice_days = whole_number(TITLE, settings, "slice_days", 30)
        rate = whole_number(TITLE, settings, "requests_per_second", 5)
        version = str(settings.get("api_version", "202607"))
        grant = Grant(
            TITLE,
            str(
                settings.get("token_url") or (f"{base_url.rstrip('/')}/oauth/v2/accessToken" if base_url else TOKEN_URL)
            ),
            HeaderStyle(),
            {},
        )
        self._bucket = access.bucket(Rate(per_second=rate, burst=rate))
        self._currencies: dict[str, str] = {}
        self.http = access.client(
            TITLE,
            base_url or self.default_base_url,
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress),
            self._judge,
            (self._bucket,),
            headers={"LinkedIn-Version": version, "X-Restli-Protocol-Version": "2.0.0"},
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        if resource.name == "figures":
            yield from self._figures(cursor, until)
            return
        for place, account in enumerate(self._accounts, start=1):
            share = place / len(self._accounts)
            if resource.name == "accounts":
                yield Page([self._account(account)], cursor, progress=share)
                continue
            extra = {"currency": self._currency(account)}
            for rows in self._entities(account, resource.name):
                yield Page([{**row, "_connection": extra} for row in rows], cursor, progress=share)

    # Figures.

    @property
    def _stamp(self) -> str:
        renamed = [f"{ours}={theirs}" for ours, theirs in sorted(self._names.others.items())]
        return " ".join([f"metrics={','.join(self._metrics)}", *renamed])

    def _figures(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        today = today_in("UTC", until, TITLE)
        scopes = [
            Scope(account, today, max(months_before(today, self._months), self._began(account)), self._reread_days,
                  self._slice_days)
            for account in self._accounts
        ]  # fmt: skip

        def read(scope: Scope, span: Span) -> Iterator[Sequence[Record]]:
            for pivots in PIVOTS.values():
                yield self._merged(scope.id, pivots, span)

        yield from daily_pages(scopes, cursor, read, stamp=self._stamp)

    def _merged(self, account: str, pivots: Sequence[str], span: Span) -> Sequence[Record]:
        """The rows of some days, put together from as many requests as their metrics need."""
        room = MOST_FIELDS - len(ALWAYS)
        starts = range(0, len(self._metrics), room)
        parts = [self._analytics(account, pivots, span, self._metrics[start : start + room]) for start in starts]
        rows, places = merged(parts, place_of, [(name,) for name in ALWAYS])
        whose = {"account": account, "currency": self._currency(account)}
        names = ("day", "campaign_group", "campaign", "creative")
        return beside(rows, [{**whose, **dict(zip(names, (*at, None, None), strict=False))} for at in places])

    def _analytics(self, account: str, pivots: Sequence[str], span: Span, metrics: Sequence[str]) -> Sequence[Record]:
        """One request; parentheses, colons and commas of Rest.li stay as they are, but for those inside a URN."""
        urn = quote(f"urn:li:sponsoredAccount:{account}", safe="")
        finder = (
            f"q=statistics&pivots=List({','.join(pivots)})" if len(pivots) > 1 else f"q=analytics&pivot={pivots[0]}"
        )
        during = f"(start:{restli_date(span.first)},end:{restli_date(span.last)})"
        fields = ",".join([*map(self._names.theirs, metrics), *ALWAYS])
        body = self.http.get(
            f"rest/adAnalytics?{finder}&timeGranularity=DAILY&dateRange={during}&accounts=List({urn})&fields={fields}",
            rows=("elements",),
        )
        elements = _listed(body, "elements")
        if len(elements) >= MOST_ELEMENTS:
            raise SliceTooLarge(
                f"{TITLE} gives at most {MOST_ELEMENTS:,} rows at once, and {span.first} has more in account {account}."
            )
        return [self._names.ours(element) for element in elements] if self._names.others else elements

    # Entities.

    def _account(self, account: str) -> Record:
        body = self.http.get(f"rest/adAccounts/{account}")
        if not isinstance(body, dict) or "currency" not in body:
            raise RetryLater(f"{TITLE} answered in a form that is not known.")
        self._currencies[account] = str(body["currency"])
        return body

    def _currency(self, account: str) -> str:
        if account not in self._currencies:
            self._account(account)
        return self._currencies[account]

    def _began(self, account: str) -> date:
        """The day on which the account was made: nothing is missing before it."""
        made = (self._account(account).get("changeAuditStamps") or {}).get("created", {}).get("time")
        return datetime.fromtimestamp(int(made) / 1000, UTC).date() if made else date.min

    def _entities(self, account: str, kind: str) -> Iterator[Sequence[Record]]:
        finder = "q=criteria" if kind == "creatives" else "q=search"
        token = ""
        while True:
            more = f"&pageToken={quote(token, safe='')}" if token else ""
            body = self.http.get(f"rest/adAccounts/{account}/{ENTITIES[kind]}?{finder}&pageSize=100{more}")
            yield _listed(body, "elements")
            token = str((body.get("metadata") or {}).get("nextPageToken") or "")
            if not token:
                return

    def _judge(self, reply: Reply) -> None:
        if reply.status == 426:
            raise AbortSync(
                f"{TITLE} has ended this version of its API. Set the connection's api_version to a newer one."
            )
        if reply.status == 429:
            # LinkedIn says neither which limit it was nor for how long.
            wait = reply.retry_after if reply.retry_after is not None else VALUES_PAUSE_SECONDS
            self._bucket.close_for(wait)
            raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=wait)


def _listed(body: Any, name: str) -> Sequence[Record]:
    rows = body.get(name) if isinstance(body, dict) else None
    if not isinstance(rows, list | UnparsedRecords):
        raise RetryLater(f"{TITLE} answered without rows.")
    return rows
