"""Google Analytics 4: sessions, users, key events and sales by day, source, medium, campaign and landing page.

Facts: Data API v1beta; values are positional and text; currency and zone stand in each answer's metadata, as do
sampling, thresholds and what was lost in an `(other)` row. Numbers change for a day or two, key events for longer
([K]: `reread_days`). Aggregates: they are never added to storefront events.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import AbortSync, RetryLater, Throttled, UnknownShape
from roastery.connectors.http import Credentials, Reply
from roastery.connectors.oauth import Grant, HeaderStyle, OAuthToken
from roastery.connectors.renaming import Renaming
from roastery.connectors.reports import Scope, Span, daily_pages, months_before, today_in
from roastery.connectors.throttle import Rate

TITLE = "Google Analytics"
TOKEN_URL = "https://oauth2.googleapis.com/token"
USERS = ("sessions", "totalUsers")
DIMENSIONS = ("date", "sessionSource", "sessionMedium", "sessionCampaignName", "landingPage")
NO_TOKENS_LEFT = 50
"""One report costs some tens of tokens of the hour; with fewer left the next one would be refused."""
HOUR_SECONDS = 3600.0

WEB_PERFORMANCE = """
SELECT coalesce(CAST(try_strptime(r.date, '%Y%m%d')::DATE AS VARCHAR), r.date) AS report_date,
       'ga4:' || r._connection.property AS property_id,
       r.sessionSource AS source,
       r.sessionMedium AS medium,
       r.sessionCampaignName AS campaign,
       r.landingPage AS landing_page,
       coalesce(r.sessions, '0') AS sessions,
       coalesce(r.totalUsers, '0') AS users,
       coalesce(r._connection.key_events, '0') AS key_events,
       coalesce(r._connection.transactions, '0') AS transactions,
       coalesce(r._connection.revenue, '0') AS revenue,
       r._connection.currency AS currency,
       r._connection.time_zone AS time_zone,
       r._connection.is_sampled AS is_sampled,
       r._connection.is_thresholded AS is_thresholded
FROM (SELECT from_json(payload, '{
    "date": "VARCHAR", "sessionSource": "VARCHAR", "sessionMedium": "VARCHAR", "sessionCampaignName": "VARCHAR",
    "landingPage": "VARCHAR", "sessions": "VARCHAR", "totalUsers": "VARCHAR",
    "_connection": {"property": "VARCHAR", "key_events": "VARCHAR", "transactions": "VARCHAR", "revenue": "VARCHAR",
        "currency": "VARCHAR", "time_zone": "VARCHAR", "is_sampled": "BOOLEAN", "is_thresholded": "BOOLEAN"}}') AS r
    FROM {records})
"""


def by_day(record: Record) -> tuple[str, date]:
    return record["_connection"]["property"], date.fromisoformat(record["date"])


def cells_of(row: Any) -> list[Any]:
    """The values of a row, none where it is of another form.

    >>> cells_of({"dimensionValues": [{"value": "20261005"}], "metricValues": [{"value": "3"}]}), cells_of({})
    (['20261005', '3'], [])
    """
    try:
        return [cell.get("value") for kind in ("dimensionValues", "metricValues") for cell in row[kind]]
    except (AttributeError, KeyError, TypeError):
        return []


def unread_row(row: Any, names: Sequence[str]) -> Record:
    """A row whose values cannot be told apart: without a day, so that the build sets it aside by name."""
    return {**dict.fromkeys(names), "date": f"unreadable: {json.dumps(row, default=str)}"}


def row_key(record: Record) -> str:
    """What tells rows of a day apart, with lengths so that no two can look alike."""
    return "".join(f"{len(record[name])}:{record[name]}" for name in DIMENSIONS[1:])


class Ga4:
    """Google Analytics for one or more properties."""

    provider: ClassVar[str] = "ga4"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://analyticsdata.googleapis.com"
    required_settings: ClassVar[tuple[str, ...]] = ("property_id",)
    required_secrets: ClassVar[tuple[str, ...]] = ("client_id", "client_secret", "refresh_token")
    optional_settings: ClassVar[Mapping[str, str]] = {
        "key_event_metric": "Which metric counts as key events; keyEvents. Changing it reads history again.",
        "transaction_metric": "Which metric counts sales; transactions.",
        "revenue_metric": "Which metric is their revenue; purchaseRevenue.",
        "names": "Where Google calls a dimension or metric otherwise: landingPage=landingPagePlusQueryString.",
        "history_months": "How far back to read; 25.",
        "reread_days": "Days read again at each sync because Google restates them; 12.",
        "slice_days": "Days asked for at once; 7. Fewer keep Google from sampling or adding an (other) row.",
        "page_rows": "Rows a page, at most 250000; 50000.",
        "token_url": "Where access is refreshed, where it is not Google's own address.",
        "api_version": "Version of the Data API; v1beta.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {}
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("sessions", key=row_key, partition=by_day, reread_days=12, expects=("sessions", "totalUsers")),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (ContractSql("web_performance", "sessions", WEB_PERFORMANCE),)
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, access: Access) -> None:
        settings, base_url = access.settings, access.connection.base_url
        self._properties = [p.removeprefix("properties/") for p in listed(settings.get("property_id"))]
        self._version = str(settings.get("api_version", "v1beta"))
        self._chosen = {
            "key_events": str(settings.get("key_event_metric", "keyEvents")),
            "transactions": str(settings.get("transaction_metric", "transactions")),
            "revenue": str(settings.get("revenue_metric", "purchaseRevenue")),
        }
        self._names = Renaming.parse(TITLE, settings, "names", (*DIMENSIONS, *USERS))
        self._months = whole_number(TITLE, settings, "history_months", 25)
        self._reread_days = whole_number(TITLE, settings, "reread_days", 12)
        self._slice_days = whole_number(TITLE, settings, "slice_days", 7)
        self._page_rows = min(250_000, whole_number(TITLE, settings, "page_rows", 50_000))
        token_url = settings.get("token_url") or (f"{base_url.rstrip('/')}/token" if base_url else TOKEN_URL)
        grant = Grant(TITLE, str(token_url), HeaderStyle(), {})
        self._bucket = access.bucket(Rate(per_second=10, burst=10))
        self._noticed: list[str] = []
        self.http = access.client(
            TITLE,
            base_url or self.default_base_url,
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress),
            self._judge,
            (self._bucket,),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        scopes = [self._scope(number, until) for number in self._properties]
        told = {**self._chosen, **dict(sorted(self._names.others.items()))}
        stamp = " ".join(f"{name}={theirs}" for name, theirs in told.items())
        last = cursor
        for page in daily_pages(scopes, cursor, self._read, stamp=stamp):
            last = page.cursor
            yield page
        for notice in self._noticed:
            yield Page((), last, notice=notice)

    def _scope(self, number: str, until: datetime) -> Scope:
        """A property in its own zone, which only an answer tells."""
        yesterday = Span(until.date(), until.date())
        meta = self._report(number, yesterday, 0, 1).get("metadata", {})
        if not meta.get("timeZone"):
            raise AbortSync(f"{TITLE} does not say the time zone of property {number}.")
        today = today_in(str(meta["timeZone"]), until, TITLE)
        return Scope(number, today, months_before(today, self._months), self._reread_days, self._slice_days)

    def _read(self, scope: Scope, span: Span) -> Iterator[Sequence[Record]]:
        offset = 0
        while True:
            report = self._report(scope.id, span, offset, self._page_rows)
            rows = self._rows(scope.id, report)
            yield rows
            offset += len(report.get("rows", ()))
            if not rows or offset >= int(report.get("rowCount", 0)):
                return

    def _rows(self, number: str, report: Mapping[str, Any]) -> list[Record]:
        """Positional values with their names; each row with what its answer says of itself."""
        meta = report.get("metadata", {})
        extra = {
            "property": number,
            "currency": meta.get("currencyCode"),
            "time_zone": meta.get("timeZone"),
            "is_sampled": bool(meta.get("samplingMetadatas")),
            "is_thresholded": bool(meta.get("subjectToThresholding")),
        }
        self._note(meta)
        ours = {theirs: name for name, theirs in self._names.others.items()}
        headers = [header["name"] for kind in ("dimensionHeaders", "metricHeaders") for header in report.get(kind, ())]
        names = [ours.get(header, header) for header in headers]
        found: list[Record] = []
        unread: list[Record] = []
        for row in report.get("rows", ()):
            cells = cells_of(row)
            if len(cells) != len(names):
                unread.append(unread_row(row, names))
                continue
            values = dict(zip(names, cells, strict=True))
            more = {name: value for name, value in row.items() if name not in ("dimensionValues", "metricValues")}
            chosen = {ours: values.get(metric) for ours, metric in self._chosen.items()}
            found.append({**values, **more, "_connection": {**extra, **chosen}})
        if unread and not found:
            raise UnknownShape(f"{TITLE} no longer gives dimensionValues and metricValues for {', '.join(names)}.")
        return found + [{**row, "_connection": extra} for row in unread]

    def _note(self, meta: Mapping[str, Any]) -> None:
        said = {
            "dataLossFromOtherRow": "gathers rare values in an (other) row; fewer slice_days may avoid it.",
            "subjectToThresholding": "holds small groups of people back; figures may be a little low.",
            "samplingMetadatas": "answers from a sample; figures are estimates. Fewer slice_days may avoid it.",
        }
        for name, sentence in said.items():
            if meta.get(name) and (notice := f"{TITLE} {sentence}") not in self._noticed:
                self._noticed.append(notice)

    def _report(self, number: str, span: Span, offset: int, limit: int) -> Mapping[str, Any]:
        metrics = tuple(dict.fromkeys([*map(self._names.theirs, USERS), *self._chosen.values()]))
        dimensions = [self._names.theirs(name) for name in DIMENSIONS]
        body = self.http.post(
            f"{self._version}/properties/{number}:runReport",
            body={
                "dateRanges": [{"startDate": span.first.isoformat(), "endDate": span.last.isoformat()}],
                "dimensions": [{"name": name} for name in dimensions],
                "metrics": [{"name": name} for name in metrics],
                "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
                "offset": str(offset),
                "limit": str(limit),
                "keepEmptyRows": False,
                "returnPropertyQuota": True,
            },
        )
        if not isinstance(body, dict) or "metricHeaders" not in body:
            raise RetryLater(f"{TITLE} answered without a report.")
        self._heed(body.get("propertyQuota") or {})
        return body

    def _heed(self, quota: Mapping[str, Any]) -> None:
        """Stop before an hour's tokens are gone: beyond them every request counts as an error."""
        remaining = [
            quota[name].get("remaining", NO_TOKENS_LEFT + 1)
            for name in ("tokensPerHour", "tokensPerProjectPerHour", "tokensPerDay")
            if isinstance(quota.get(name), Mapping)
        ]
        if remaining and min(remaining) < NO_TOKENS_LEFT:
            self._bucket.close_for(HOUR_SECONDS)

    def _judge(self, reply: Reply) -> None:
        error = reply.body.get("error") if isinstance(reply.body, dict) else None
        if not isinstance(error, dict):
            return
        status, said = error.get("status"), self.http.clean(str(error.get("message", "")))
        if status == "RESOURCE_EXHAUSTED" or reply.status == 429:
            raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=reply.retry_after)
        if status == "UNAUTHENTICATED" or reply.status == 401:
            raise Credentials(f"{TITLE} no longer accepts this connection's access. Connect it again.")
        if status == "PERMISSION_DENIED":
            raise AbortSync(f"{TITLE} does not let this connection read that. Check property_id. It said: {said}")
        if status == "INVALID_ARGUMENT":
            raise AbortSync(f"{TITLE} refused the request. It said: {said}")
