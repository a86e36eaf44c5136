"""Reading Klaviyo: which pages and reports are asked for, and where the next sync goes on."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import AbortSync, RetryLater, Throttled
from roastery.connectors.http import Auth, Reply
from roastery.connectors.links import without_addresses
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.reports import DAY, Scope, Span, daily_pages, day_in, months_before, today_in
from roastery.connectors.sources.klaviyo.fills import FILLS, STATISTICS
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import TimestampedBody

TITLE = "Klaviyo"
TOKEN_URL = "https://a.klaviyo.com/oauth/token"
KEY = HeaderStyle("Authorization", "Klaviyo-API-Key ")
OVERLAP = timedelta(minutes=10)
MINUTE = 60


def by_day(record: Record) -> tuple[str, date]:
    return record["_connection"]["account"], date.fromisoformat(record["_connection"]["day"])


def grouped(record: Record) -> str:
    """What a figure is of: its window, where it has one, and every grouping."""
    return json.dumps([record["_connection"].get("window"), record["groupings"]], sort_keys=True)


class Klaviyo:
    """One Klaviyo account."""

    provider: ClassVar[str] = "klaviyo"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://a.klaviyo.com"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "conversion_metric": "Name or id of the metric that reports must be asked with; Placed Order.",
        "click_metric": "Name of the metric of clicks; Clicked Email.",
        "report_time_zone": "The IANA zone of reports' days, where it is not the account's own.",
        "history_months": "How far back reports are read; 24.",
        "click_months": "How far back clicks are read; 12.",
        "reread_days": "Days of flows, and of campaigns' windows, read again at each sync; 14.",
        "slice_days": "Days of flows asked for at once, at most 365; 180.",
        "requests_per_minute": "What the account's tier allows; 60.",
        "reports_per_minute": "How often reports may be asked for; 2.",
        "page_size": "Profiles a page, at most 100, and ten times as many events; 100.",
        "token_url": "Where access is refreshed, where it is not Klaviyo's own address.",
        "revision": "Revision of the API; 2026-07-15.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes the access of an hour of an OAuth app, with client_id and client_secret.",
        "client_id": "The app's client id.",
        "client_secret": "The app's client secret.",
        "webhook_secret": "Verifies webhooks.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("account", key=lambda r: r["id"]),
        Resource("campaigns", key=lambda r: r["id"], depends_on=("account",)),
        Resource("flows", key=lambda r: r["id"], depends_on=("account",)),
        Resource("campaign_figures", key=grouped, depends_on=("campaigns",), expects=("statistics.recipients",)),
        Resource(
            "flow_figures",
            key=grouped,
            partition=by_day,
            reread_days=14,
            depends_on=("flows",),
            expects=("statistics.recipients",),
        ),
        Resource(
            "profiles",
            key=lambda r: r["id"],
            personal={
                "attributes.email": "email",
                "attributes.phone_number": "phone",
                "attributes.first_name": "name",
                "attributes.last_name": "name",
            },
        ),
        Resource("clicks", key=lambda r: r["id"], depends_on=("campaigns",)),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = FILLS
    webhook: ClassVar[TimestampedBody] = TimestampedBody("Klaviyo-Signature", "Klaviyo-Timestamp", "Klaviyo-Webhook-Id")
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("event:klaviyo.clicked_email",), ("clicks",)),
        **dict.fromkeys(("event:klaviyo.subscribed_to_email", "event:klaviyo.unsubscribed_from_email"), ("profiles",)),
    }

    def __init__(self, access: Access) -> None:
        settings, base_url = access.settings, access.connection.base_url
        self._conversion = str(settings.get("conversion_metric", "Placed Order"))
        self._click = str(settings.get("click_metric", "Clicked Email"))
        self._months = whole_number(TITLE, settings, "history_months", 24)
        self._click_months = whole_number(TITLE, settings, "click_months", 12)
        self._reread_days = whole_number(TITLE, settings, "reread_days", 14)
        self._slice_days = min(365, whole_number(TITLE, settings, "slice_days", 180))
        self._report_zone = str(settings.get("report_time_zone", ""))
        self._size = min(100, whole_number(TITLE, settings, "page_size", 100))
        a_minute = whole_number(TITLE, settings, "requests_per_minute", 60)
        reports = whole_number(TITLE, settings, "reports_per_minute", 2)
        self._bucket = access.bucket(Rate(per_second=a_minute / MINUTE, burst=max(1, a_minute // 20)))
        self._report_bucket = access.bucket(Rate(per_second=reports / MINUTE, burst=reports), app="reports")
        self._about: Record = {}
        self._metric_ids: dict[str, str] = {}
        token_url = settings.get("token_url") or (f"{base_url.rstrip('/')}/oauth/token" if base_url else TOKEN_URL)
        self.http = access.client(
            TITLE,
            base_url or self.default_base_url,
            self._auth(access, str(token_url)),
            self._judge,
            (self._bucket,),
            headers={"revision": str(settings.get("revision", "2026-07-15")), "Accept": "application/vnd.api+json"},
        )

    def _auth(self, access: Access, token_url: str) -> Auth:
        if access.secret("access_token").startswith("pk_"):
            return FixedToken(access.connection, access.tokens, style=KEY)
        grant = Grant(TITLE, token_url, HeaderStyle(), {})
        return OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress)

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        read = {
            "account": self._accounts,
            "campaigns": self._campaigns,
            "flows": self._flows,
            "campaign_figures": self._campaign_figures,
            "flow_figures": self._flow_figures,
            "profiles": self._profiles,
            "clicks": self._clicks,
        }
        yield from read[resource.name](cursor, until)

    def _accounts(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        about = self._account()
        told = {name: about["attributes"].get(name) for name in ("timezone", "preferred_currency")}
        yield Page([{"id": about["id"], "attributes": told}], cursor, progress=1.0)

    def _account(self) -> Record:
        if not self._about:
            self._about = _data(self.http.get("api/accounts"))[0]
        return self._about

    @property
    def _zone(self) -> str:
        return self._report_zone or str(self._account()["attributes"]["timezone"])

    # Campaigns and flows are few: each sync reads them all.

    def _campaigns(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        for rows in self._all("campaigns", {"filter": "equals(messages.channel,'email')"}):
            yield Page([{**row, "_connection": {"sent_on": self._sent_on(row)}} for row in rows], cursor)

    def _sent_on(self, campaign: Record) -> str | None:
        """The account's day on which a campaign went out, None before."""
        at = campaign["attributes"].get("send_time")
        return day_in(self._zone, at, TITLE) if at else None

    def _flows(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        for rows in self._all("flows", {"page[size]": "50"}):
            yield Page(rows, cursor)

    # Reports.

    def _campaign_figures(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """Year by year, newest first; those that are over and have settled are not asked for again."""
        today = today_in(self._zone, until, TITLE)
        first = months_before(today, self._months)
        read_on = date.fromisoformat(cursor.state["read_on"]) if cursor.state.get("read_on") else None
        oldest = first if read_on is None else max(first, read_on - DAY * self._reread_days)
        years = range(today.year, oldest.year - 1, -1)
        for number, year in enumerate(years, start=1):
            window = (date(year, 1, 1), date(year + 1, 1, 1))
            rows = self._report("campaign-values", window, ["campaign_id", "campaign_message_id", "send_channel"])
            extra = {"window": year}
            kept = [{**row, "_connection": extra} for row in rows["results"]]
            yield Page(kept, cursor, progress=number / len(years))
        state = Cursor({"read_on": today.isoformat()})
        yield Page((), state, progress=1.0, complete_through=today - DAY, history_since=date(first.year, 1, 1))

    def _flow_figures(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        today = today_in(self._zone, until, TITLE)
        account = str(self._account()["id"])
        scope = Scope(account, today, months_before(today, self._months), self._reread_days, self._slice_days)

        def read(scope: Scope, span: Span) -> Iterable[Sequence[Record]]:
            groups = ["flow_id", "flow_message_id", "send_channel"]
            report = self._report("flow-series", (span.first, span.last + DAY), groups, interval="daily")
            days = [str(at)[:10] for at in report["date_times"]]
            for result in report["results"]:
                told = result["statistics"]
                series = [values for values in told.values() if isinstance(values, list)]
                yield [
                    {
                        "groupings": result["groupings"],
                        # What is no series goes on as it came: the build keeps it aside by name.
                        "statistics": {name: at_place(v, n) for name, v in told.items()},
                        "_connection": {"day": day, "account": account},
                    }
                    for n, day in enumerate(days)
                    if any(at_place(values, n) for values in series)
                ]

        yield from daily_pages([scope], cursor, read)

    def _report(self, kind: str, during: tuple[date, date], groups: list[str], **more: str) -> Mapping[str, Any]:
        """One report over the account's days `during`, half-open; its pages put together."""
        zone = ZoneInfo(self._zone)
        start, end = (datetime(d.year, d.month, d.day, tzinfo=zone).isoformat() for d in during)
        attributes = {
            "statistics": list(STATISTICS),
            "timeframe": {"start": start, "end": end},
            "conversion_metric_id": self._metric(self._conversion),
            "filter": "equals(send_channel,'email')",
            "group_by": groups,
            **more,
        }
        body = {"data": {"type": f"{kind}-report", "attributes": attributes}}
        found: dict[str, Any] = {}
        after = ""
        while True:
            path = f"api/{kind}-reports" + (f"?page_cursor={after}" if after else "")
            answer = self.http.post(path, body=body, also=(self._report_bucket,))
            told = _data(answer)["attributes"]
            found = {**told, "results": [*found.get("results", []), *told["results"]]}
            after = _next(answer, "page_cursor")
            if not after:
                return found

    # Profiles and clicks: in order of change, so that one that moves meanwhile is met again.

    def _profiles(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        newest = cursor.state.get("newest")
        asked = {"sort": "updated", "page[size]": str(self._size), "additional-fields[profile]": "subscriptions"}
        if newest:
            asked["filter"] = f"greater-than(updated,{_before(newest)})"
        for rows in self._all("profiles", asked):
            newest = max([row["attributes"]["updated"] for row in rows] + ([newest] if newest else []), key=_instant)
            yield Page([_profile(row) for row in rows], Cursor({"newest": newest}))

    def _clicks(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        newest = cursor.state.get("newest")
        since = (
            _before(newest) if newest else months_before(until.date(), self._click_months).isoformat() + "T00:00:00Z"
        )
        asked = {
            "filter": f'equals(metric_id,"{self._metric(self._click)}"),greater-than(datetime,{since})',
            "sort": "datetime",
            "page[size]": str(10 * self._size),
        }
        for rows in self._all("events", asked):
            newest = max([row["attributes"]["datetime"] for row in rows] + ([newest] if newest else []), key=_instant)
            yield Page([_click(row) for row in rows], Cursor({"newest": newest}))
        told = f"{TITLE}'s clicks are read from {self._click_months} months back on."
        yield Page((), Cursor({"newest": newest} if newest else {}), progress=1.0, notice=told)

    def _metric(self, name: str) -> str:
        """The id of a metric by its name, or by itself. Errors: AbortSync where the account has none such."""
        if not self._metric_ids:
            for rows in self._all("metrics", {}):
                self._metric_ids |= {row["attributes"]["name"]: row["id"] for row in rows}
        if name in self._metric_ids:
            return self._metric_ids[name]
        if name in self._metric_ids.values():
            return name
        known = ", ".join(sorted(self._metric_ids)[:10]) or "none"
        raise AbortSync(f"{TITLE} has no metric '{name}' in this account. It has: {known}.")

    # Requests.

    def _all(self, kind: str, params: Mapping[str, str]) -> Iterator[list[Record]]:
        after: dict[str, str] = {}
        while True:
            body = self.http.get(f"api/{kind}", {**params, **after})
            rows = _data(body)
            if rows:
                yield rows
            token = _next(body, "page[cursor]")
            if not token:
                return
            after = {"page[cursor]": token}

    def _judge(self, reply: Reply) -> None:
        limit, left = reply.headers.get("ratelimit-limit", ""), reply.headers.get("ratelimit-remaining", "")
        if reply.status == 200 and left.isdigit() and limit.split(",")[0].strip().isdigit():
            self._bucket.refine(available=float(left))
        if reply.status == 429:
            raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=reply.retry_after)


def at_place(values: Any, n: int) -> Any:
    """The n-th value of a series, None beyond its end; what is no series as it is."""
    if not isinstance(values, list):
        return values
    return values[n] if n < len(values) else None


def _profile(row: Record) -> Record:
    """What is kept of a person: no street, no address of a machine, no free properties (law 15)."""
    told = row["attributes"]
    kept = {name: told[name] for name in told if name not in ("location", "properties", "image", "title")}
    kept["location"] = {"country": (told.get("location") or {}).get("country")}
    return {"id": row["id"], "attributes": kept}


def _click(row: Record) -> Record:
    """A click: when, by which profile, in which message, to which page."""
    told = row["attributes"]
    about = told.get("event_properties") or {}
    return {
        "id": row["id"],
        "datetime": told["datetime"],
        "profile": row["relationships"]["profile"]["data"]["id"],
        "flow": about.get("$flow"),
        "message": about.get("$message"),
        "url": without_addresses(str(about.get("URL") or "")),
    }


def _before(at: str) -> str:
    """A little before an instant, as filters take it."""
    return (_instant(at) - OVERLAP).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _data(body: Any) -> Any:
    if not isinstance(body, dict) or "data" not in body:
        raise RetryLater(f"{TITLE} answered without data.")
    return body["data"]


def _next(body: Mapping[str, Any], name: str) -> str:
    """The cursor in the address of the next page, '' at the end."""
    address = (body.get("links") or {}).get("next") or ""
    return parse_qs(urlsplit(address).query).get(name, [""])[0]
