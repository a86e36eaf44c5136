"""Constant Contact: what was sent and what followed, and contacts with their consent.

Facts: API v3; pages by a path in `_links`; 4 requests a second and 10,000 a day for the app, all its customers
together, so that bulk summaries and statistics of many campaigns a call are read, never the tracking of single
contacts: clicks by person are not read. Access lasts 24 hours and is refreshed; a grant dies after 180 days unused.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import RetryLater, Throttled
from roastery.connectors.http import Reply
from roastery.connectors.oauth import Grant, HeaderStyle, OAuthToken
from roastery.connectors.readable import WHOLE, number, readable
from roastery.connectors.reports import DAY, day_in, today_in
from roastery.connectors.throttle import Rate

TITLE = "Constant Contact"
TOKEN_URL = "https://authz.constantcontact.com/oauth2/default/v1/token"
OVERLAP = timedelta(minutes=10)
DAY_SECONDS = 86_400

DELIVERED = readable(
    f"CAST({number('f.sends', WHOLE)} AS HUGEINT) - coalesce({number('f.bounces', WHOLE)}, 0)",
    ["f.sends", "f.bounces"],
    WHOLE,
)
PERFORMANCE = f"""
WITH figures AS (
    SELECT payload->>'campaign_id' AS id, payload->>'$._connection.sent_on' AS sent_on,
           unnest(from_json(payload->'unique_counts', '{{"sends": "VARCHAR", "opens": "VARCHAR", "clicks": "VARCHAR",
               "optouts": "VARCHAR", "bounces": "VARCHAR"}}'))
    FROM {{records}}),
names AS (SELECT payload->>'campaign_id' AS id, payload->>'name' AS name FROM {{campaigns}}),
whole AS (
    SELECT payload->>'campaign_id' AS id, payload->>'$.stats.em_opens_all' AS opens_all,
           payload->>'$.stats.em_clicks_all' AS clicks_all FROM {{stats}})
SELECT f.sent_on AS report_date,
       'constant_contact' AS platform,
       'constant_contact:' || f.id AS campaign_id,
       n.name AS campaign_name,
       'campaign' AS kind,
       f.sends AS sends,
       {DELIVERED} AS deliveries,
       w.opens_all AS opens,
       f.opens AS unique_opens,
       w.clicks_all AS clicks,
       f.clicks AS unique_clicks,
       f.bounces AS bounces,
       f.optouts AS unsubscribes
FROM figures f LEFT JOIN names n USING (id) LEFT JOIN whole w USING (id)
WHERE f.sent_on IS NOT NULL
"""  # noqa: S608 (the names are ours)

CAMPAIGNS = """
SELECT 'constant_contact:' || (payload->>'campaign_id') AS campaign_id,
       payload->>'name' AS campaign_name,
       'constant_contact' AS platform,
       'email' AS channel,
       CASE lower(payload->>'current_status') WHEN 'done' THEN 'sent'
            ELSE lower(payload->>'current_status') END AS status,
       left(payload->>'created_at', 10) AS start_date
FROM {records}
"""

CUSTOMERS = """
SELECT 'constant_contact:' || (payload->>'contact_id') AS customer_id,
       payload->>'$.email_address.address' AS email,
       payload->>'$._connection.phone' AS phone,
       payload->>'first_name' AS first_name,
       payload->>'last_name' AS last_name,
       payload->>'created_at' AS first_seen_at,
       payload->>'$._connection.country' AS country,
       (payload->>'$.email_address.permission_to_send') IN ('explicit', 'implicit') AS marketing_consent
FROM {records}
"""

KEPT = ("contact_id", "first_name", "last_name", "created_at", "updated_at", "email_address", "list_memberships")
LEFT_OUT = frozenset(
    [
        "job_title",
        "company_name",
        "birthday_month",
        "birthday_day",
        "anniversary",
        "custom_fields",
        "phone_numbers",
        "street_addresses",
        "taggings",
        "notes",
        "sms_channel",
        "create_source",
        "update_source",
        "deleted_at",
    ]
)


class ConstantContact:
    """One Constant Contact account."""

    provider: ClassVar[str] = "constant_contact"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://api.cc.email"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ("refresh_token", "client_id")
    optional_settings: ClassVar[Mapping[str, str]] = {
        "reread_days": "Total opens and clicks are read again for campaigns sent in so many days; 60.",
        "campaigns_per_call": "Campaigns whose statistics are asked for at once; 25.",
        "page_size": "Records a page, at most 500; 500.",
        "requests_per_second": "What the app may ask, all its customers together; 4.",
        "requests_per_day": "The same for a day; 10000.",
        "token_url": "Where access is refreshed, where it is not Constant Contact's own address.",
        "api_version": "Version of the API; v3.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "access_token": "The current access; made from the refresh token where it is absent.",
        "client_secret": "The app's client secret, where it has one (an app with PKCE has none).",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("account", key=lambda r: str(r.get("encoded_account_id", "account"))),
        Resource("campaigns", key=lambda r: r["campaign_id"]),
        Resource(
            "summaries", key=lambda r: r["campaign_id"], depends_on=("account",), expects=("unique_counts.sends",)
        ),
        Resource("stats", key=lambda r: r["campaign_id"], depends_on=("summaries",), expects=("stats.em_opens_all",)),
        Resource(
            "contacts",
            key=lambda r: r["contact_id"],
            personal={
                "email_address.address": "email",
                "first_name": "name",
                "last_name": "name",
                "_connection.phone": "phone",
            },
        ),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("campaigns", "campaigns", CAMPAIGNS),
        ContractSql("customers", "contacts", CUSTOMERS),
        ContractSql("email_performance", "summaries", PERFORMANCE, joins=("campaigns", "stats")),
    )
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Its webhooks tell partners of bills, unsigned."""

    def __init__(self, access: Access) -> None:
        settings, base_url = access.settings, access.connection.base_url
        self._clock = access.clock
        self._version = str(settings.get("api_version", "v3"))
        self._reread = DAY * whole_number(TITLE, settings, "reread_days", 60)
        self._together = whole_number(TITLE, settings, "campaigns_per_call", 25)
        self._size = min(500, whole_number(TITLE, settings, "page_size", 500))
        rate = whole_number(TITLE, settings, "requests_per_second", 4)
        daily = whole_number(TITLE, settings, "requests_per_day", 10_000)
        token_url = settings.get("token_url") or (f"{base_url.rstrip('/')}/token" if base_url else TOKEN_URL)
        app = access.secret("client_id")
        self._zone = ""
        self.http = access.client(
            TITLE,
            base_url or self.default_base_url,
            OAuthToken(
                access.connection,
                access.tokens,
                Grant(TITLE, str(token_url), HeaderStyle(), {}),
                access.clock,
                access.politeness,
                access.egress,
            ),
            self._judge,
            (
                access.bucket(Rate(per_second=rate, burst=rate), app=app),
                access.bucket(Rate(per_second=daily / DAY_SECONDS, burst=daily), app=f"{app} by day"),
            ),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        read = {
            "account": self._accounts,
            "campaigns": self._campaigns,
            "summaries": self._summaries,
            "stats": self._stats,
            "contacts": self._contacts,
        }
        yield from read[resource.name](cursor, until)

    def _accounts(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        about = self._get("account/summary")
        kept = {name: about.get(name) for name in ("encoded_account_id", "organization_name", "time_zone_id")}
        self._zone = str(about.get("time_zone_id") or "UTC")
        yield Page([kept], cursor, progress=1.0)

    def _own_zone(self) -> str:
        if not self._zone:
            self._zone = str(self._get("account/summary").get("time_zone_id") or "UTC")
        return self._zone

    def _campaigns(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        for rows in self._all(f"emails?limit={self._size}", "campaigns"):
            yield Page(rows, cursor)

    def _summaries(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """All of them each time: there is no date to ask by, and what is the same does not land again."""
        zone = self._own_zone()
        oldest: date | None = None
        for rows in self._every_summary():
            sent = [today_in(zone, at, TITLE) for row in rows if (at := instant(row["last_sent_date"]))]
            oldest = min([*sent, *([oldest] if oldest else [])], default=None)
            yield Page(
                [{**row, "_connection": {"sent_on": day_in(zone, row["last_sent_date"], TITLE)}} for row in rows],
                cursor,
            )
        yesterday = today_in(zone, until, TITLE) - DAY
        yield Page((), cursor, progress=1.0, complete_through=yesterday, history_since=oldest)

    def _every_summary(self) -> Iterator[list[Record]]:
        path = f"reports/summary_reports/email_campaign_summaries?limit={self._size}"
        for rows in self._all(path, "bulk_email_campaign_summaries"):
            yield [row for row in rows if row.get("last_sent_date")]

    def _stats(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """Totals beside the uniques: for every campaign at first, then for those that people still open."""
        since = until - self._reread if cursor.state.get("is_whole") else datetime.min.replace(tzinfo=UTC)
        wanted = [
            row["campaign_id"]
            for rows in self._every_summary()
            for row in rows
            if (instant(row["last_sent_date"]) or until) >= since
        ]
        for start in range(0, len(wanted), self._together):
            some = wanted[start : start + self._together]
            body = self._get(f"reports/stats/email_campaigns/{','.join(some)}")
            yield Page(_listed(body, "results"), cursor, progress=start / len(wanted))
        yield Page((), Cursor({"is_whole": True}), progress=1.0)

    def _contacts(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        newest = cursor.state.get("read_to")
        path = f"contacts?status=all&include=phone_numbers,street_addresses&limit={self._size}"
        if newest:
            since = (datetime.fromisoformat(newest) - OVERLAP).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            path += f"&updated_after={since}"
        for rows in self._all(path, "contacts"):
            gone = [row["contact_id"] for row in rows if row.get("deleted_at")]
            there = [_contact(row) for row in rows if not row.get("deleted_at")]
            yield Page(there, cursor, deleted=gone)
        yield Page((), Cursor({"read_to": until.isoformat()}), progress=1.0)

    # Requests.

    def _all(self, path: str, name: str) -> Iterator[list[Record]]:
        while path:
            body = self._get(path)
            rows = _listed(body, name)
            if rows:
                yield rows
            link = ((body.get("_links") or {}).get("next") or {}).get("href") or ""
            path = str(link).partition(f"/{self._version}/")[2]

    def _get(self, path: str) -> dict[str, Any]:
        body = self.http.get(f"{self._version}/{path}")
        if not isinstance(body, dict):
            raise RetryLater(f"{TITLE} answered in a form that is not known.")
        return body

    def _judge(self, reply: Reply) -> None:
        if reply.status != 429:
            return
        told = reply.body[0] if isinstance(reply.body, list) and reply.body else reply.body
        key = str(told.get("error_key", "")) if isinstance(told, Mapping) else ""
        wait = reply.retry_after
        if "quota" in key:
            now = self._clock.now().astimezone(UTC)
            midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + DAY
            wait = (midnight - now).total_seconds()
        raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=wait)


def instant(at: object) -> datetime | None:
    """When a campaign went out, None where that cannot be read."""
    try:
        return datetime.fromisoformat(str(at))
    except ValueError:
        return None


def _contact(row: Record) -> Record:
    """What is kept of a person; of addresses the country, of phones the first (law 15)."""
    phones: Sequence[Mapping[str, Any]] = row.get("phone_numbers") or ()
    places: Sequence[Mapping[str, Any]] = row.get("street_addresses") or ()
    named = {
        "phone": next((p.get("phone_number") for p in phones), None),
        "country": next((p.get("country") for p in places), None),
    }
    kept = {name: row[name] for name in row if name in KEPT or name not in LEFT_OUT}
    return {**kept, "_connection": named}


def _listed(body: Mapping[str, Any], name: str) -> list[Record]:
    rows = body.get(name)
    if not isinstance(rows, list):
        raise RetryLater(f"{TITLE} answered without {name}.")
    return rows
