"""Reading Mailchimp: which pages are asked for, and where the next sync goes on."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from roastery.connectors.access import Access, listed, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.errors import AbortSync, BadConnection, RetryLater, Throttled
from roastery.connectors.http import Reply
from roastery.connectors.links import without_addresses
from roastery.connectors.oauth import FixedToken
from roastery.connectors.redaction import PROCESS
from roastery.connectors.reports import DAY, day_in, today_in
from roastery.connectors.sources.mailchimp.fills import FILLS
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import FormWebhook

TITLE = "Mailchimp"
OVERLAP = timedelta(minutes=10)
IS_KEY = re.compile(r"-[a-z]{2,}\d+$")

REPORT_FIELDS = ("id", "campaign_title", "subject_line", "type", "list_id", "emails_sent", "abuse_reports",
                 "unsubscribed", "send_time", "bounces", "forwards", "opens", "clicks", "ecommerce",
                 "delivery_status")  # fmt: skip
MEMBER_FIELDS = ("id", "contact_id", "list_id", "email_address", "status", "last_changed", "timestamp_signup",
                 "timestamp_opt", "unsubscribe_reason", "source")  # fmt: skip


def click_key(record: Record) -> str:
    told = hashlib.sha256(record["url"].encode()).hexdigest()[:12]
    return f"{record['campaign_id']}:{record['email_id']}:{record['timestamp']}:{told}"


class KeyOrToken(FixedToken):
    """An API key, which ends in its data centre and goes as a password, or an OAuth token."""

    def headers(self) -> Mapping[str, str]:
        if not IS_KEY.search(self.token):
            return super().headers()
        coded = base64.b64encode(f"roastery:{self.token}".encode()).decode()
        PROCESS.learn([coded])
        return {"Authorization": f"Basic {coded}"}


class Mailchimp:
    """One Mailchimp account."""

    provider: ClassVar[str] = "mailchimp"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://{data_center}.api.mailchimp.com"
    required_settings: ClassVar[tuple[str, ...]] = ()
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "data_center": "Such as us21, where it is not the end of the key (after its dash).",
        "list_id": "The audiences whose members to read, with commas; all when left out.",
        "first_name_field": "The merge field of the first name; FNAME.",
        "last_name_field": "The merge field of the last name; LNAME.",
        "phone_field": "The merge field of the phone; PHONE.",
        "reread_days": "Campaigns sent in so many days are read again at each sync; 60.",
        "click_days": "Clicks are read for campaigns sent in so many days; 30.",
        "page_size": "Records a page, at most 1000; 1000.",
        "requests_per_second": "How fast to ask, since Mailchimp names only a limit of connections; 8.",
        "api_version": "Version of the Marketing API; 3.0.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "webhook_secret": "Verifies webhooks: the signing secret, or the value of `secret` in the webhook's address."
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("account", key=lambda r: str(r["account_id"])),
        Resource("reports", key=lambda r: r["id"], expects=("emails_sent", "opens", "clicks"), depends_on=("account",)),
        Resource(
            "members",
            key=lambda r: f"{r['list_id']}:{r['id']}",
            personal={
                "email_address": "email",
                "_connection.first_name": "name",
                "_connection.last_name": "name",
                "_connection.phone": "phone",
            },
            expects=("status",),
        ),
        Resource("clicks", key=click_key, depends_on=("account",)),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = FILLS
    webhook: ClassVar[FormWebhook] = FormWebhook("X-Mailchimp-Signature", topic_field="type")
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("subscribe", "unsubscribe", "profile", "cleaned", "upemail"), ("members",)),
        "campaign": ("reports",),
    }

    def __init__(self, access: Access) -> None:
        settings = access.settings
        center = str(settings.get("data_center") or access.secret("access_token").rpartition("-")[2])
        if not access.connection.base_url and not center.isalnum():
            raise BadConnection(f"The {TITLE} connection needs the data_center of the account, such as us21.")
        self._lists = listed(settings.get("list_id"))
        self._merge = {
            "first_name": str(settings.get("first_name_field", "FNAME")),
            "last_name": str(settings.get("last_name_field", "LNAME")),
            "phone": str(settings.get("phone_field", "PHONE")),
        }
        self._reread = DAY * whole_number(TITLE, settings, "reread_days", 60)
        self._click_days = whole_number(TITLE, settings, "click_days", 30)
        self._size = min(1000, whole_number(TITLE, settings, "page_size", 1000))
        rate = whole_number(TITLE, settings, "requests_per_second", 8)
        self._version = str(settings.get("api_version", "3.0"))
        self._about: Record = {}
        self.http = access.client(
            TITLE,
            access.connection.base_url or self.default_base_url.format(data_center=center),
            KeyOrToken(access.connection, access.tokens),
            self._judge,
            (access.bucket(Rate(per_second=rate, burst=rate)),),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        read = {"account": self._accounts, "reports": self._reports, "members": self._members, "clicks": self._clicks}
        yield from read[resource.name](cursor, until)

    def _accounts(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        about = self._account()
        kept = {name: about.get(name) for name in ("account_id", "account_timezone", "member_since")}
        yield Page([kept], cursor, progress=1.0)

    def _account(self) -> Record:
        if not self._about:
            self._about = self._get("", {})
        return self._about

    @property
    def _zone(self) -> str:
        return str(self._account().get("account_timezone") or "UTC")

    def _day(self, at: str) -> date:
        """The account's day of an instant."""
        return today_in(self._zone, datetime.fromisoformat(at), TITLE)

    # Reports: all at first, then those of the campaigns that people still open.

    def _reports(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        asked = {"since_send_time": (until - self._reread).isoformat()} if cursor.state.get("is_whole") else {}
        has_automations = False
        for rows in self._all("reports", "reports", asked):
            has_automations |= any(str(row.get("type", "")).startswith("automation") for row in rows)
            kept = [{name: row[name] for name in row if name in REPORT_FIELDS or name not in KNOWN} for row in rows]
            yield Page(
                [{**row, "_connection": {"sent_on": day_in(self._zone, row["send_time"], TITLE)}} for row in kept],
                cursor,
            )
        began = self._account().get("member_since")
        yield Page(
            (),
            Cursor({"is_whole": True}),
            progress=1.0,
            complete_through=today_in(self._zone, until, TITLE) - DAY,
            history_since=self._day(str(began)) if began else None,
            notice=f"{TITLE} tells automations as totals, not by day; their sends are not counted."
            if has_automations
            else None,
        )

    # Members: by when they last changed, so that a record which moves while pages are read is not passed over.

    def _members(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        state = dict(cursor.state)
        lists = self._lists or [str(row["id"]) for rows in self._all("lists", "lists", {}) for row in rows]
        for number, list_id in enumerate(lists, start=1):
            since, offset = state.get(list_id), 0
            while True:
                asked = {
                    "count": str(self._size),
                    "offset": str(offset),
                    "sort_field": "last_changed",
                    "sort_dir": "ASC",
                }
                if since:
                    asked["since_last_changed"] = (datetime.fromisoformat(since) - timedelta(seconds=1)).isoformat()
                rows = _listed(self._get(f"lists/{list_id}/members", asked), "members")
                last = max((row["last_changed"] for row in rows), default=since, key=_instant)
                moved = last is not None and (since is None or _instant(last) > _instant(since))
                since, offset = (last, 0) if moved else (since, offset + len(rows))
                state = {**state, list_id: since}
                yield Page([self._member(row) for row in rows], Cursor(dict(state)), progress=number / len(lists))
                if len(rows) < self._size:
                    break

    def _member(self, row: Record) -> Record:
        """What is kept of a member: no address of the machine that signed up, no free merge fields (law 15)."""
        merged = row.get("merge_fields") or {}
        named = {ours: merged.get(theirs) for ours, theirs in self._merge.items()}
        place = {"country_code": (row.get("location") or {}).get("country_code")}
        kept = {name: row[name] for name in row if name in MEMBER_FIELDS or name not in KNOWN}
        return {**kept, "location": place, "_connection": named}

    # Clicks.

    def _clicks(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        read_to = cursor.state.get("read_to")
        since = {"since": (datetime.fromisoformat(read_to) - OVERLAP).isoformat()} if read_to else {}
        sent = {"since_send_time": (until - DAY * self._click_days).isoformat()}
        campaigns = [str(row["id"]) for rows in self._all("reports", "reports", sent) for row in rows]
        for number, campaign in enumerate(campaigns, start=1):
            for emails in self._all(f"reports/{campaign}/email-activity", "emails", since):
                found = [
                    {
                        "campaign_id": campaign,
                        "email_id": email["email_id"],
                        "timestamp": entry["timestamp"],
                        "url": without_addresses(str(entry.get("url") or "")),
                    }
                    for email in emails
                    for entry in email.get("activity") or ()
                    if entry.get("action") == "click"
                ]
                yield Page(found, cursor, progress=number / len(campaigns))
        told = f"{TITLE}'s clicks are read for campaigns of the last {self._click_days} days."
        yield Page((), Cursor({"read_to": until.astimezone(UTC).isoformat()}), progress=1.0, notice=told)

    # Requests.

    def _all(self, path: str, name: str, params: Mapping[str, str]) -> Iterator[Sequence[Record]]:
        offset = 0
        while True:
            body = self._get(path, {**params, "count": str(self._size), "offset": str(offset)})
            rows = _listed(body, name)
            if rows:
                yield rows
            offset += len(rows)
            if not rows or offset >= int(body.get("total_items", 0)):
                return

    def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        body = self.http.get(f"{self._version}/{path}", params)
        if not isinstance(body, dict):
            raise RetryLater(f"{TITLE} answered in a form that is not known.")
        return body

    def _judge(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, dict) else None
        if reply.status == 403 and body is None:
            raise Throttled(f"{TITLE} is limiting how much may be asked.", wait_seconds=reply.retry_after)
        if reply.status == 403 and body and "User" in str(body.get("title", "")):
            raise AbortSync(f"{TITLE} has closed this account or its rights. It said: {reply.excerpt}")


KNOWN = frozenset(
    [
        "_links",
        "ab_split",
        "campaign_title",
        "delivery_status",
        "facebook_likes",
        "industry_stats",
        "list_is_active",
        "list_name",
        "list_stats",
        "preview_text",
        "rss_last_send",
        "share_report",
        "timeseries",
        "timewarp",
        "consents_to_one_to_one_messaging",
        "email_client",
        "email_type",
        "full_name",
        "interests",
        "ip_opt",
        "ip_signup",
        "language",
        "last_note",
        "location",
        "marketing_permissions",
        "member_rating",
        "merge_fields",
        "stats",
        "tags",
        "tags_count",
        "unique_email_id",
        "vip",
        "web_id",
    ]
) - {"campaign_title", "delivery_status"}
"""What Mailchimp's document knows and is not kept; a field that it does not know is."""


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _listed(body: Mapping[str, Any], name: str) -> list[Record]:
    rows = body.get(name)
    if not isinstance(rows, list):
        raise RetryLater(f"{TITLE} answered without {name}.")
    return rows
