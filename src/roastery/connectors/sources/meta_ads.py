"""Meta Ads: insights by day at ad and campaign level, and the campaigns, ad sets and ads behind them.

Facts: Marketing API v26.0; days, currency and zone are the ad account's; 37 months of history; restated for 28 days.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import Connection, ContractSql, Cursor, Page, Record, Resource, TokenStore
from roastery.connectors.errors import AbortSync, RetryLater, SkipResource, SliceTooLarge, Throttled
from roastery.connectors.http import Credentials, Reply
from roastery.connectors.oauth import FixedToken
from roastery.connectors.readable import number, readable
from roastery.connectors.redaction import PROCESS
from roastery.connectors.renaming import codes
from roastery.connectors.reports import DAY, Scope, Span, daily_pages, months_before, today_in, with_residuals
from roastery.connectors.throttle import Rate
from roastery.connectors.unparsed import Steps, beside
from roastery.connectors.webhooks import SignedBody

TITLE = "Meta Ads"
HISTORY_MONTHS = 37
WAIT_CODES = frozenset({4, 17, 32, 613, *range(80000, 80015)})
"""Limits of the app, the user, the account and of business use cases; [K] beyond 17 and 613, so it is a setting."""
WHOLE_UNITS = ("CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND")
PASSING_CODES = frozenset({1, 2})
EXPIRED_CODES = frozenset({102, 190})
TOO_MUCH = "reduce the amount of data"

INSIGHT_FIELDS = (
    "account_id,account_currency,campaign_id,campaign_name,objective,attribution_setting,date_start,date_stop,"
    "spend,impressions,reach,frequency,clicks,inline_link_clicks,inline_post_engagement,actions,action_values,"
    "video_play_actions"
)
AD_FIELDS = "adset_id,adset_name,ad_id,ad_name"
ACCOUNT_FIELDS = "id,account_id,name,currency,timezone_name,created_time"
ENTITY_FIELDS = {
    "campaigns": "id,account_id,name,objective,status,effective_status,daily_budget,lifetime_budget,start_time,"
    "stop_time,created_time,updated_time",
    "adsets": "id,account_id,campaign_id,name,status,effective_status,daily_budget,lifetime_budget,start_time,"
    "end_time,attribution_spec,optimization_goal,updated_time",
    "ads": "id,account_id,campaign_id,adset_id,name,status,effective_status,creative,created_time,updated_time",
}
STATUSES = ["ACTIVE", "PAUSED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"]
"""Asked for by name, since archived ones are left out otherwise and still carry spend."""

PERFORMANCE = with_residuals("""
    SELECT r.ad_id IS NULL AS is_total,
           r.date_start AS report_date,
           'meta_ads' AS platform,
           'meta_ads:' || r.account_id AS account_id,
           'meta_ads:' || r.campaign_id AS campaign_id,
           coalesce('meta_ads:' || r.adset_id, '') AS ad_group_id,
           coalesce('meta_ads:' || r.ad_id, '') AS ad_id,
           r.campaign_name, r.adset_name AS ad_group_name, r.ad_name,
           r.account_currency AS currency,
           r._connection.time_zone AS time_zone,
           r.attribution_setting,
           coalesce(r.spend, '0') AS spend,
           coalesce(r.impressions, '0') AS impressions,
           r.reach,
           r.frequency,
           coalesce(r.clicks, '0') AS clicks,
           coalesce(action.value, '0') AS reported_conversions,
           coalesce(action_value.value, '0') AS reported_conversion_value,
           coalesce(action."1d_view", '0') AS reported_view_conversions,
           coalesce(r.video_play_actions[1].value, '0') AS video_views,
           coalesce(r.inline_post_engagement, '0') AS social_actions
    FROM (
        SELECT r,
               list_filter(r.actions, lambda a: a.action_type = r._connection.action_type)[1] AS action,
               list_filter(r.action_values, lambda a: a.action_type = r._connection.action_type)[1] AS action_value
        FROM (SELECT from_json(payload, '{
            "date_start": "VARCHAR", "account_id": "VARCHAR", "account_currency": "VARCHAR",
            "campaign_id": "VARCHAR", "campaign_name": "VARCHAR", "adset_id": "VARCHAR", "adset_name": "VARCHAR",
            "ad_id": "VARCHAR", "ad_name": "VARCHAR", "attribution_setting": "VARCHAR",
            "spend": "VARCHAR", "impressions": "VARCHAR", "reach": "VARCHAR", "frequency": "VARCHAR",
            "clicks": "VARCHAR", "inline_post_engagement": "VARCHAR",
            "video_play_actions": [{"value": "VARCHAR"}],
            "actions": [{"action_type": "VARCHAR", "value": "VARCHAR", "1d_view": "VARCHAR"}],
            "action_values": [{"action_type": "VARCHAR", "value": "VARCHAR"}],
            "_connection": {"time_zone": "VARCHAR", "action_type": "VARCHAR"}}') AS r FROM {records}))
""")

# Budgets are in hundredths, but for some currencies in whole units [K].
BUDGET = "coalesce(daily, lifetime)"
CAMPAIGNS = f"""
WITH campaigns AS (
    SELECT payload,
           nullif(payload->>'daily_budget', '0') AS daily,
           nullif(payload->>'lifetime_budget', '0') AS lifetime,
           CASE WHEN payload->>'$._connection.is_whole' = 'true'
                THEN CAST(1 AS DECIMAL(3,2)) ELSE CAST('0.01' AS DECIMAL(3,2)) END AS unit
    FROM {{records}})
SELECT 'meta_ads:' || (payload->>'id') AS campaign_id,
       payload->>'name' AS campaign_name,
       'meta_ads' AS platform,
       'paid_social' AS channel,
       lower(payload->>'objective') AS objective,
       lower(coalesce(payload->>'effective_status', payload->>'status')) AS status,
       left(payload->>'start_time', 10) AS start_date,
       left(payload->>'stop_time', 10) AS end_date,
       {readable(f"{number(BUDGET, 'DECIMAL(18,0)')} * unit", [BUDGET], "DECIMAL(18,0)")} AS budget_amount,
       CASE WHEN daily IS NOT NULL THEN 'daily' WHEN lifetime IS NOT NULL THEN 'lifetime' END AS budget_type,
       payload->>'$._connection.currency' AS currency
FROM campaigns
"""  # noqa: S608


def by_day(record: Record) -> tuple[str, date]:
    return record["account_id"], date.fromisoformat(record["date_start"])


def insight_key(record: Record) -> str:
    """The ad of an ad's row, the campaign of a campaign's total; scope and day stand beside it."""
    return f"ad:{record['ad_id']}" if record.get("ad_id") else f"campaign:{record['campaign_id']}"


class AppToken(FixedToken):
    """A token with the proof that it is used by the app that it was given to [K]."""

    def __init__(self, connection: Connection, tokens: TokenStore, app_secret: str) -> None:
        super().__init__(connection, tokens)
        self._app_secret = app_secret.encode()

    def params(self) -> Mapping[str, str]:
        if not self._app_secret:
            return {}
        proof = hmac.new(self._app_secret, self.token.encode(), hashlib.sha256).hexdigest()
        PROCESS.learn([proof])
        return {"appsecret_proof": proof}


@dataclass(frozen=True)
class Account:
    id: str
    currency: str
    time_zone: str
    created: date | None


class MetaAds:
    """Meta's Marketing API for one or more ad accounts."""

    provider: ClassVar[str] = "meta_ads"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://graph.facebook.com"
    required_settings: ClassVar[tuple[str, ...]] = ("account_id",)
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "action_type": "Which action counts as a reported conversion; omni_purchase. Changing it reads history again.",
        "attribution_windows": "Windows reported beside the main figure; 1d_view,7d_click.",
        "history_months": "How far back to read, at most 37.",
        "reread_days": "Days read again at each sync because Meta restates them; 28.",
        "slice_days": "Days asked for at once; 14.",
        "page_limit": "Rows a page; 500.",
        "limit_codes": "Error codes that mean a limit is reached; 4, 17, 32, 613 and 80000 to 80014.",
        "whole_unit_currencies": "Currencies whose budgets come in whole units; " + ", ".join(WHOLE_UNITS) + ".",
        "app_id": "The app whose limit this connection shares, where it is not Roastery's own.",
        "api_version": "Version of the Marketing API; v26.0.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "app_secret": "Proves that the token is used by its app (appsecret_proof), and verifies webhooks."
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("accounts", key=lambda r: r["account_id"]),
        Resource("campaigns", key=lambda r: r["id"], depends_on=("accounts",)),
        Resource("adsets", key=lambda r: r["id"], depends_on=("accounts",)),
        Resource("ads", key=lambda r: r["id"], depends_on=("accounts",)),
        Resource(
            "insights",
            key=insight_key,
            partition=by_day,
            reread_days=28,
            depends_on=("accounts",),
            expects=("campaign_id", "spend", "impressions"),
            looks_at=("account_id", "date_start", "campaign_id", "ad_id"),
        ),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("campaigns", "campaigns", CAMPAIGNS),
        ContractSql("ad_performance", "insights", PERFORMANCE),
    )
    webhook: ClassVar[SignedBody] = SignedBody("X-Hub-Signature-256", "hex", prefix="sha256=")
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """No webhook carries figures; entities are read with every sync."""

    def __init__(self, access: Access) -> None:
        settings = access.settings
        self._accounts = [a.removeprefix("act_") for a in listed(settings.get("account_id"))]
        self._seen: dict[str, Account] = {}
        self._version = str(settings.get("api_version", "v26.0"))
        self._action_type = str(settings.get("action_type", "omni_purchase"))
        self._windows = list(listed(settings.get("attribution_windows", "1d_view,7d_click")))
        self._limit_codes = codes(TITLE, settings, "limit_codes", WAIT_CODES)
        self._whole_units = frozenset(listed(settings.get("whole_unit_currencies", WHOLE_UNITS)))
        self._limit = whole_number(TITLE, settings, "page_limit", 500)
        self._slice_days = whole_number(TITLE, settings, "slice_days", 14)
        self._reread_days = whole_number(TITLE, settings, "reread_days", 28)
        self._months = min(HISTORY_MONTHS, whole_number(TITLE, settings, "history_months", HISTORY_MONTHS))
        self._connection_bucket = access.bucket(Rate(per_second=10, burst=200))
        self._app_bucket = access.bucket(Rate(per_second=30, burst=300), app=str(settings.get("app_id", "roastery")))
        self.http = access.client(
            TITLE,
            access.connection.base_url or self.default_base_url,
            AppToken(access.connection, access.tokens, app_secret=access.secret("app_secret")),
            self._judge,
            (self._connection_bucket, self._app_bucket),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        if resource.name == "insights":
            yield from self._insights(cursor, until)
            return
        for place, account in enumerate(self._accounts, start=1):
            share = place / len(self._accounts)
            if resource.name == "accounts":
                yield Page([self._account(account)], cursor, progress=share)
            else:
                for records in self._entities(resource.name, account):
                    yield Page(records, cursor, progress=share)

    # Entities are few: each sync reads them all, and only what changed lands, so that raw keeps the name history.

    def _account(self, account: str) -> Record:
        return self._get(f"act_{account}", {"fields": ACCOUNT_FIELDS})

    def _entities(self, kind: str, account: str) -> Iterator[Sequence[Record]]:
        known = self._known(account)
        asked = {"fields": ENTITY_FIELDS[kind], "effective_status": json.dumps(STATUSES)}
        for records in self._all(f"act_{account}/{kind}", asked):
            extra = {"currency": known.currency, "is_whole": known.currency in self._whole_units}
            yield beside(records, extra)

    # Insights.

    def _insights(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        known = {account: self._known(account) for account in self._accounts}
        scopes = [self._scope(account, until) for account in known.values()]

        def read(scope: Scope, span: Span) -> Iterable[Sequence[Record]]:
            for level in ("ad", "campaign"):
                for records in self._all(f"act_{scope.id}/insights", self._asked(level, span)):
                    extra = {"time_zone": known[scope.id].time_zone, "action_type": self._action_type}
                    yield beside(records, extra)

        yield from daily_pages(scopes, cursor, read, stamp=f"action_type={self._action_type}")

    def _asked(self, level: str, span: Span) -> dict[str, str]:
        fields = f"{INSIGHT_FIELDS},{AD_FIELDS}" if level == "ad" else INSIGHT_FIELDS
        return {
            "level": level,
            "time_increment": "1",
            "time_range": json.dumps({"since": span.first.isoformat(), "until": span.last.isoformat()}),
            "fields": fields,
            "action_attribution_windows": json.dumps(self._windows),
            "use_unified_attribution_setting": "true",
        }

    def _known(self, account: str) -> Account:
        if account in self._seen:
            return self._seen[account]
        raw = self._account(account)
        created = str(raw.get("created_time", ""))[:10]
        self._seen[account] = Account(
            id=str(raw["account_id"]),
            currency=str(raw["currency"]),
            time_zone=str(raw["timezone_name"]),
            created=date.fromisoformat(created) if created else None,
        )
        return self._seen[account]

    def _scope(self, account: Account, until: datetime) -> Scope:
        today = today_in(account.time_zone, until, TITLE)
        # A day less than the limit: the provider counts it in its own zone.
        earliest = months_before(today, self._months) + DAY
        return Scope(
            id=account.id,
            today=today,
            earliest=max(earliest, account.created) if account.created else earliest,
            reread_days=self._reread_days,
            slice_days=self._slice_days,
        )

    # Requests.

    def _get(self, path: str, params: Mapping[str, str], rows: Steps = ()) -> dict[str, Any]:
        body = self.http.get(f"{self._version}/{path}", params, rows=rows)
        if not isinstance(body, dict):
            raise RetryLater(f"{TITLE} answered in a form that is not known.")
        return body

    def _all(self, path: str, params: Mapping[str, str]) -> Iterator[Sequence[Record]]:
        """Pages of an edge. The next page is asked for by cursor: its ready-made address carries the token."""
        after: dict[str, str] = {}
        while True:
            body = self._get(path, {**params, "limit": str(self._limit), **after}, rows=("data",))
            if body.get("data"):
                yield body["data"]
            paging = body.get("paging", {})
            if not paging.get("next"):
                return
            after = {"after": paging["cursors"]["after"]}

    def _judge(self, reply: Reply) -> None:
        self._heed_usage(reply.headers)
        error = reply.body.get("error") if isinstance(reply.body, dict) else None
        if isinstance(error, dict):
            self._raise(error, reply)

    def _raise(self, error: Mapping[str, Any], reply: Reply) -> None:
        code, said = error.get("code"), str(error.get("error_user_msg") or error.get("message", ""))
        if code in self._limit_codes:
            raise Throttled(
                f"{TITLE} is limiting how much may be asked.", wait_seconds=regain_seconds(reply.headers) or None
            )
        if code in EXPIRED_CODES:
            raise Credentials(f"{TITLE} no longer accepts this connection's access. Connect it again.")
        if TOO_MUCH in said:
            raise SliceTooLarge(f"{TITLE} cannot give that much at once.")
        if code in PASSING_CODES or error.get("is_transient") or reply.status >= 500:
            raise RetryLater(f"{TITLE} has a problem of its own.")
        if code == 10 or (isinstance(code, int) and 200 <= code < 300):
            raise SkipResource(f"{TITLE} does not let this connection read that: {reply.excerpt}")
        raise AbortSync(f"{TITLE} refused the request: {reply.excerpt}")

    def _heed_usage(self, headers: Mapping[str, str]) -> None:
        """Slow down as the used share of a limit grows, and stop while the provider says how long."""
        for bucket, names in ((self._connection_bucket, ACCOUNT_USAGE), (self._app_bucket, APP_USAGE)):
            used = max((share for name in names for share in used_shares(headers.get(name))), default=0.0)
            if used >= SLOW_FROM:
                bucket.refine(available=max(0.0, 100 - used) / 10)
        if seconds := regain_seconds(headers):
            self._connection_bucket.close_for(seconds)


SLOW_FROM = 75.0
BUSINESS_USAGE = "x-business-use-case-usage"
ACCOUNT_USAGE = (BUSINESS_USAGE, "x-ad-account-usage", "x-fb-ads-insights-throttle")
APP_USAGE = ("x-app-usage",)
SHARES = ("call_count", "total_cputime", "total_time", "acc_id_util_pct", "app_id_util_pct")


def _usage(text: str | None) -> Sequence[Mapping[str, Any]]:
    """The usage entries of a header: one object, or lists of them by business."""
    try:
        parsed = json.loads(text or "{}")
    except ValueError:
        return []
    if not isinstance(parsed, dict):
        return []
    lists = [
        entry for value in parsed.values() if isinstance(value, list) for entry in value if isinstance(entry, dict)
    ]
    return lists or [parsed]


def used_shares(text: str | None) -> list[float]:
    """Used percentages of a usage header.

    >>> used_shares('{"1": [{"call_count": 80, "total_time": 12}]}')
    [80.0, 12.0]
    """
    return [float(entry[name]) for entry in _usage(text) for name in SHARES if isinstance(entry.get(name), int | float)]


def regain_seconds(headers: Mapping[str, str]) -> float:
    """Until the account may ask again, 0 when it may."""
    minutes = [entry.get("estimated_time_to_regain_access", 0) for entry in _usage(headers.get(BUSINESS_USAGE))]
    return 60.0 * max((m for m in minutes if isinstance(m, int | float)), default=0.0)
