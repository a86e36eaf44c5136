"""Google Ads: figures by day at ad and campaign level, keywords with their quality, and the campaigns.

Facts: searchStream of v26; money in micros; days, currency and zone are the customer's. A row whose metrics are all
zero is not sent, and Performance Max has no ads, so campaign totals are read beside the ads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import AbortSync, RetryLater, Throttled
from roastery.connectors.http import Credentials, Reply
from roastery.connectors.oauth import Grant, HeaderStyle, OAuthToken
from roastery.connectors.readable import number, readable
from roastery.connectors.reports import Scope, Span, daily_pages, months_before, scaled, today_in, with_residuals
from roastery.connectors.throttle import Rate

TITLE = "Google Ads"
TOKEN_URL = "https://oauth2.googleapis.com/token"
DAY_SECONDS = 86_400

CUSTOMER = "customer.id, customer.currency_code, customer.time_zone"
CAMPAIGN = "campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type"
METRICS = (
    "metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, metrics.conversions_value, "
    "metrics.view_through_conversions, metrics.engagements, metrics.interactions, metrics.video_trueview_views"
)
QUERIES = {
    "customers": ("customer", f"{CUSTOMER}, customer.descriptive_name"),
    "campaigns": (
        "campaign",
        f"{CUSTOMER}, {CAMPAIGN}, campaign.start_date_time, campaign.end_date_time, "
        "campaign_budget.amount_micros, campaign_budget.total_amount_micros, campaign_budget.period",
    ),
    "ads": (
        "ad_group_ad",
        f"{CUSTOMER}, {CAMPAIGN}, ad_group.id, ad_group.name, ad_group_ad.ad.id, ad_group_ad.ad.name, "
        f"segments.date, {METRICS}",
    ),
    "totals": ("campaign", f"{CUSTOMER}, {CAMPAIGN}, segments.date, {METRICS}"),
    "keywords": (
        "keyword_view",
        f"{CUSTOMER}, {CAMPAIGN}, ad_group.id, ad_group.name, ad_group_criterion.criterion_id, "
        "ad_group_criterion.keyword.text, ad_group_criterion.keyword.match_type, "
        "ad_group_criterion.quality_info.quality_score, segments.date, metrics.historical_quality_score, "
        "metrics.impressions, metrics.clicks, metrics.cost_micros",
    ),
}
"""What each query reads, and from which resource of the API."""


def gaql(query: str, span: Span | None = None) -> str:
    """The text of a query, for some days where it is a report.

    >>> gaql("customers")[:19]
    'SELECT customer.id,'
    """
    source, fields = QUERIES[query]
    during = f" WHERE segments.date BETWEEN '{span.first}' AND '{span.last}'" if span else ""
    return f"SELECT {fields} FROM {source}{during}"  # noqa: S608 (the names are ours)


PERFORMANCE = with_residuals(f"""
    SELECT r.adGroupAd.ad.id IS NULL AS is_total,
           r.segments.date AS report_date,
           'google_ads' AS platform,
           'google_ads:' || r.customer.id AS account_id,
           'google_ads:' || r.campaign.id AS campaign_id,
           coalesce('google_ads:' || r.adGroup.id, '') AS ad_group_id,
           coalesce('google_ads:' || r.adGroupAd.ad.id, '') AS ad_id,
           r.campaign.name AS campaign_name, r.adGroup.name AS ad_group_name, r.adGroupAd.ad.name AS ad_name,
           r.customer.currencyCode AS currency,
           r.customer.timeZone AS time_zone,
           NULL::VARCHAR AS attribution_setting,
           {scaled("m.costMicros", "0.000001")} AS spend,
           coalesce(m.impressions, '0') AS impressions,
           NULL::VARCHAR AS reach,
           NULL::VARCHAR AS frequency,
           coalesce(m.clicks, '0') AS clicks,
           coalesce(m.conversions, '0') AS reported_conversions,
           coalesce(m.conversionsValue, '0') AS reported_conversion_value,
           coalesce(m.viewThroughConversions, '0') AS reported_view_conversions,
           coalesce(m.videoTrueviewViews, '0') AS video_views,
           coalesce(m.engagements, '0') AS social_actions
    FROM (SELECT r, r.metrics AS m FROM (SELECT from_json(payload, '{{
        "customer": {{"id": "VARCHAR", "currencyCode": "VARCHAR", "timeZone": "VARCHAR"}},
        "campaign": {{"id": "VARCHAR", "name": "VARCHAR"}},
        "adGroup": {{"id": "VARCHAR", "name": "VARCHAR"}},
        "adGroupAd": {{"ad": {{"id": "VARCHAR", "name": "VARCHAR"}}}},
        "segments": {{"date": "VARCHAR"}},
        "metrics": {{"costMicros": "VARCHAR", "impressions": "VARCHAR", "clicks": "VARCHAR", "conversions": "VARCHAR",
                    "conversionsValue": "VARCHAR", "viewThroughConversions": "VARCHAR",
                    "videoTrueviewViews": "VARCHAR", "engagements": "VARCHAR"}}}}') AS r FROM {{records}}))
""")  # noqa: S608 (the names are ours)

BUDGET = "coalesce(r.campaignBudget.amountMicros, r.campaignBudget.totalAmountMicros)"
CAMPAIGNS = f"""
SELECT 'google_ads:' || r.campaign.id AS campaign_id,
       r.campaign.name AS campaign_name,
       'google_ads' AS platform,
       CASE r.campaign.advertisingChannelType
            WHEN 'DISPLAY' THEN 'display' WHEN 'VIDEO' THEN 'display' WHEN 'DEMAND_GEN' THEN 'display'
            ELSE 'paid_search' END AS channel,
       lower(r.campaign.advertisingChannelType) AS objective,
       CASE r.campaign.status WHEN 'ENABLED' THEN 'active' ELSE lower(r.campaign.status) END AS status,
       left(r.campaign.startDateTime, 10) AS start_date,
       left(r.campaign.endDateTime, 10) AS end_date,
       {readable(f"{number(BUDGET, 'DECIMAL(18,0)')} * 0.000001", [BUDGET], "DECIMAL(18,0)")} AS budget_amount,
       CASE WHEN r.campaignBudget.amountMicros IS NOT NULL THEN 'daily'
            WHEN r.campaignBudget.totalAmountMicros IS NOT NULL THEN 'lifetime' END AS budget_type,
       r.customer.currencyCode AS currency
FROM (SELECT from_json(payload, '{{
    "customer": {{"currencyCode": "VARCHAR"}},
    "campaign": {{"id": "VARCHAR", "name": "VARCHAR", "status": "VARCHAR", "advertisingChannelType": "VARCHAR",
                 "startDateTime": "VARCHAR", "endDateTime": "VARCHAR"}},
    "campaignBudget": {{"amountMicros": "VARCHAR", "totalAmountMicros": "VARCHAR"}}}}') AS r FROM {{records}})
"""  # noqa: S608 (the names are ours)

KEYWORDS = f"""
SELECT r.segments.date AS report_date,
       'google_ads' AS platform,
       'google_ads:' || r.customer.id AS account_id,
       'google_ads:' || r.campaign.id AS campaign_id,
       'google_ads:' || r.adGroup.id AS ad_group_id,
       'google_ads:' || r.adGroupCriterion.criterionId AS keyword_id,
       r.campaign.name AS campaign_name, r.adGroup.name AS ad_group_name,
       r.adGroupCriterion.keyword.text AS keyword_text,
       lower(r.adGroupCriterion.keyword.matchType) AS match_type,
       coalesce(r.metrics.historicalQualityScore, r.adGroupCriterion.qualityInfo.qualityScore) AS quality_score,
       coalesce(r.metrics.impressions, '0') AS impressions,
       coalesce(r.metrics.clicks, '0') AS clicks,
       {scaled("r.metrics.costMicros", "0.000001")} AS spend,
       r.customer.currencyCode AS currency,
       r.customer.timeZone AS time_zone
FROM (SELECT from_json(payload, '{{
    "customer": {{"id": "VARCHAR", "currencyCode": "VARCHAR", "timeZone": "VARCHAR"}},
    "campaign": {{"id": "VARCHAR", "name": "VARCHAR"}},
    "adGroup": {{"id": "VARCHAR", "name": "VARCHAR"}},
    "adGroupCriterion": {{"criterionId": "VARCHAR", "keyword": {{"text": "VARCHAR", "matchType": "VARCHAR"}},
                         "qualityInfo": {{"qualityScore": "VARCHAR"}}}},
    "segments": {{"date": "VARCHAR"}},
    "metrics": {{"historicalQualityScore": "VARCHAR", "impressions": "VARCHAR", "clicks": "VARCHAR",
                "costMicros": "VARCHAR"}}}}') AS r FROM {{records}})
"""  # noqa: S608 (the names are ours)


def by_day(record: Record) -> tuple[str, date]:
    return record["customer"]["id"], date.fromisoformat(record["segments"]["date"])


def performance_key(record: Record) -> str:
    """One ad may run in several ad groups, so both name it; a total is its campaign's."""
    if "adGroupAd" in record:
        return f"ad:{record['adGroup']['id']}:{record['adGroupAd']['ad']['id']}"
    return f"campaign:{record['campaign']['id']}"


class GoogleAds:
    """The Google Ads API for one or more customers, also through a manager account."""

    provider: ClassVar[str] = "google_ads"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://googleads.googleapis.com"
    required_settings: ClassVar[tuple[str, ...]] = ("customer_id",)
    required_secrets: ClassVar[tuple[str, ...]] = ("developer_token", "client_id", "client_secret", "refresh_token")
    optional_settings: ClassVar[Mapping[str, str]] = {
        "login_customer_id": "The manager account that access goes through, where there is one.",
        "history_months": "How far back to read; 37.",
        "reread_days": "Days read again at each sync: the longest conversion window of the account; 30.",
        "slice_days": "Days asked for at once; 14.",
        "operations_per_day": "What the developer token's access level allows; 15000 (Basic).",
        "token_url": "Where access is refreshed, where it is not Google's own address.",
        "api_version": "Version of the API; v26.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {}
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("customers", key=lambda r: r["customer"]["id"]),
        Resource("campaigns", key=lambda r: r["campaign"]["id"], depends_on=("customers",)),
        Resource(
            "performance",
            performance_key,
            by_day,
            reread_days=30,
            depends_on=("customers",),
            expects=("campaign.id", "metrics.costMicros"),
            looks_at=("customer.id", "segments.date", "campaign.id", "adGroup.id", "adGroupAd.ad.id"),
        ),
        Resource(
            "keywords",
            key=lambda r: f"{r['adGroup']['id']}:{r['adGroupCriterion']['criterionId']}",
            partition=by_day,
            reread_days=30,
            depends_on=("customers",),
            expects=("metrics.costMicros",),
            looks_at=("customer.id", "segments.date", "adGroup.id", "adGroupCriterion.criterionId"),
        ),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("campaigns", "campaigns", CAMPAIGNS),
        ContractSql("ad_performance", "performance", PERFORMANCE),
        ContractSql("keyword_performance", "keywords", KEYWORDS),
    )
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, access: Access) -> None:
        settings, base_url = access.settings, access.connection.base_url
        self._customers = [c.replace("-", "") for c in listed(settings.get("customer_id"))]
        self._version = str(settings.get("api_version", "v26"))
        self._slice_days = whole_number(TITLE, settings, "slice_days", 14)
        self._reread_days = whole_number(TITLE, settings, "reread_days", 30)
        self._months = whole_number(TITLE, settings, "history_months", 37)
        daily = whole_number(TITLE, settings, "operations_per_day", 15_000)
        manager = str(settings.get("login_customer_id", "")).replace("-", "")
        grant = Grant(
            title=TITLE,
            token_url=str(settings.get("token_url") or (f"{base_url.rstrip('/')}/token" if base_url else TOKEN_URL)),
            style=HeaderStyle(),
            more={"developer_token": "developer-token"},
        )
        self.http = access.client(
            TITLE,
            base_url or self.default_base_url,
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress),
            self._judge,
            (
                access.bucket(Rate(per_second=20, burst=200)),
                # Operations are counted per developer token, which is the app's.
                access.bucket(Rate(per_second=daily / DAY_SECONDS, burst=daily), app=access.secret("developer_token")),
            ),
            headers={"login-customer-id": manager} if manager else None,
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        if resource.partition is None:
            for number, customer in enumerate(self._customers, start=1):
                for records in self._search(customer, gaql(resource.name)):
                    yield Page(records, cursor, progress=number / len(self._customers))
            return
        queries = ("ads", "totals") if resource.name == "performance" else ("keywords",)

        def read(scope: Scope, span: Span) -> Iterable[Sequence[Record]]:
            for query in queries:
                yield from self._search(scope.id, gaql(query, span))

        yield from daily_pages([self._scope(customer, until) for customer in self._customers], cursor, read)

    def _scope(self, customer: str, until: datetime) -> Scope:
        rows = [row for rows in self._search(customer, gaql("customers")) for row in rows]
        if not rows:
            raise AbortSync(f"{TITLE} has no customer {customer}. Check the connection's customer_id.")
        today = today_in(str(rows[0]["customer"]["timeZone"]), until, TITLE)
        return Scope(
            id=str(rows[0]["customer"]["id"]),
            today=today,
            earliest=months_before(today, self._months),
            reread_days=self._reread_days,
            slice_days=self._slice_days,
        )

    def _search(self, customer: str, query: str) -> Iterator[Sequence[Record]]:
        """The rows of a GAQL query, chunk by chunk as they arrive. Errors: CutOff when the stream ends early."""
        path = f"{self._version}/customers/{customer}/googleAds:searchStream"
        for chunk in self.http.stream(path, body={"query": query}, rows=("results",)):
            if isinstance(chunk, dict) and "error" in chunk:
                self._judge(Reply(int(chunk["error"].get("code", 500)), {}, chunk))
                raise RetryLater(f"{TITLE} broke off its answer.")
            if chunk.get("results"):
                yield chunk["results"]

    def _judge(self, reply: Reply) -> None:
        """What Google's own error codes mean; they stand in the body, as does the wait that it asks for."""
        error = error_of(reply.body)
        codes = dict(error_codes(error))
        if "quotaError" in codes or error.get("status") == "RESOURCE_EXHAUSTED":
            raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=retry_delay(error))
        refused = codes.get("authenticationError", "") or codes.get("authorizationError", "")
        if refused.startswith("DEVELOPER_TOKEN"):
            raise AbortSync(f"{TITLE} does not accept the developer token ({refused}). Check the connection's secrets.")
        if reply.status == 401 or "authenticationError" in codes:
            raise Credentials(f"{TITLE} no longer accepts this connection's access. Connect it again.")
        if "authorizationError" in codes or reply.status == 403:
            raise AbortSync(
                f"{TITLE} does not let this connection read the customer ({refused or reply.status}). "
                "Check customer_id, login_customer_id and the developer token."
            )
        if "internalError" in codes or "databaseError" in codes:
            raise RetryLater(f"{TITLE} has a problem of its own.", wait_seconds=retry_delay(error))


def error_of(body: Any) -> Mapping[str, Any]:
    """The error object of an answer, which a stream wraps into a list; empty when there is none."""
    first = body[0] if isinstance(body, list) and body else body
    error = first.get("error") if isinstance(first, dict) else None
    return error if isinstance(error, dict) else {}


def _failures(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for detail in error.get("details", []):
        yield from detail.get("errors", [])


def error_codes(error: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, code) of every failure, such as ('quotaError', 'RESOURCE_EXHAUSTED')."""
    for failure in _failures(error):
        yield from failure.get("errorCode", {}).items()


def retry_delay(error: Mapping[str, Any]) -> float | None:
    """The longest wait that the failures ask for, in seconds.

    >>> retry_delay({"details": [{"errors": [{"details": {"quotaErrorDetails": {"retryDelay": "2.5s"}}}]}]})
    2.5
    """
    asked = [f.get("details", {}).get("quotaErrorDetails", {}).get("retryDelay", "") for f in _failures(error)]
    seconds = [float(text.removesuffix("s")) for text in asked if text.removesuffix("s").replace(".", "", 1).isdigit()]
    return max(seconds, default=None)
