"""Gorgias: tickets with when they were opened and closed, and what their surveys say.

Facts: cursor pages of a hundred; tickets are listed by last change, newest first; forty calls in twenty seconds, with
Retry-After beyond; its HTTP integrations sign nothing, so it is polled.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.changes import OVERLAP
from roastery.connectors.errors import BadConnection
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.renaming import Renaming
from roastery.connectors.reports import DAY
from roastery.connectors.throttle import Rate

TITLE = "Gorgias"
TICKET = ("id", "status", "created_datetime", "opened_datetime", "closed_datetime", "updated_datetime", "channel",
          "trashed_datetime", "spam")  # fmt: skip
CUSTOMER = ("id", "email", "firstname", "lastname", "created_datetime", "updated_datetime")
SURVEY = ("id", "ticket_id", "score", "scored_datetime", "created_datetime", "sent_datetime")

CUSTOMERS = """
SELECT 'gorgias:' || (payload->>'id') AS customer_id, payload->>'email' AS email,
       payload->>'firstname' AS first_name, payload->>'lastname' AS last_name,
       payload->>'created_datetime' AS first_seen_at
FROM {records}
"""

TICKETS = """
WITH scores AS (
    SELECT payload->>'ticket_id' AS ticket, payload->>'score' AS score FROM {surveys}
    WHERE payload->>'score' IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY ticket ORDER BY payload->>'scored_datetime' DESC) = 1)
SELECT 'gorgias:' || (t.payload->>'id') AS ticket_id,
       'gorgias:' || (t.payload->>'$.customer.id') AS customer_id,
       coalesce(t.payload->>'opened_datetime', t.payload->>'created_datetime') AS opened_at,
       t.payload->>'$._replies.first' AS first_reply_at,
       CASE WHEN t.payload->>'status' = 'closed' THEN t.payload->>'closed_datetime' END AS resolved_at,
       t.payload->>'status' AS status,
       s.score AS satisfaction_score
FROM {records} t LEFT JOIN scores s ON s.ticket = t.payload->>'id'
WHERE coalesce(t.payload->>'spam', 'false') <> 'true'
"""


class Gorgias:
    """One Gorgias account."""

    provider: ClassVar[str] = "gorgias"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://{domain}.gorgias.com"
    required_settings: ClassVar[tuple[str, ...]] = ("domain",)
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "email": "The user's address, where access_token is an API key.",
        "auth_scheme": "How access_token is sent: Basic (an API key, with email) or Bearer; Basic with an email.",
        "surveys_path": "Where surveys are listed; satisfaction-surveys.",
        "messages_path": "Where a ticket's messages are listed; messages.",
        "field_names": "Where Gorgias calls a field otherwise: closed_datetime=closed_at, score=rating.",
        "read_replies": "Whether each new or changed ticket's messages are read for its first reply; true.",
        "calls_per_20_seconds": "How many calls in twenty seconds; 40.",
        "page_limit": "Records a page, at most 100; 100.",
        "token_url": "Where access is refreshed, where it is not the account's own address.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes an access that was given by OAuth, with client_id and client_secret.",
        "client_id": "The app's client id.",
        "client_secret": "The app's client secret.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource(
            "customers",
            key=lambda r: str(r["id"]),
            personal={"email": "email", "firstname": "name", "lastname": "name"},
        ),
        Resource("surveys", key=lambda r: str(r["id"])),
        Resource("tickets", key=lambda r: str(r["id"]), expects=("created_datetime", "closed_datetime", "status")),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("customers", "customers", CUSTOMERS),
        ContractSql("tickets", "tickets", TICKETS, joins=("surveys",)),
    )
    webhook: ClassVar[None] = None
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, access: Access) -> None:
        settings = access.settings
        domain = str(settings.get("domain", "")).removeprefix("https://").split(".")[0]
        base_url = (access.connection.base_url or self.default_base_url.format(domain=domain)).rstrip("/")
        calls = whole_number(TITLE, settings, "calls_per_20_seconds", 40)
        self._limit = min(100, whole_number(TITLE, settings, "page_limit", 100))
        self._replies = str(settings.get("read_replies", "true")).lower() == "true"
        self._paths = {
            "surveys": str(settings.get("surveys_path", "satisfaction-surveys")),
            "messages": str(settings.get("messages_path", "messages")),
        }
        self._names = Renaming.parse(TITLE, settings, "field_names", (*TICKET[1:], *SURVEY[1:], *CUSTOMER[1:]))
        email, token_url = str(settings.get("email", "")), str(settings.get("token_url", ""))
        self.http = access.client(
            TITLE,
            base_url,
            self._auth(access, token_url or f"{base_url}/oauth/token", email),
            lambda reply: None,
            (access.bucket(Rate(per_second=calls / 20, burst=calls)),),
        )

    def _auth(self, access: Access, token_url: str, email: str) -> OAuthToken | FixedToken:
        if access.secret("refresh_token"):
            grant = Grant(TITLE, token_url, HeaderStyle(), {})
            return OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress)
        scheme = str(access.settings.get("auth_scheme") or ("Basic" if email else "Bearer"))
        if scheme.lower() != "basic":
            return FixedToken(access.connection, access.tokens, style=HeaderStyle(prefix=f"{scheme} "))
        if not email:
            raise BadConnection(f"The {TITLE} connection's auth_scheme is Basic; add the setting email.")

        def signed(secrets: Mapping[str, str]) -> str:
            return base64.b64encode(f"{email}:{secrets.get('access_token', '')}".encode()).decode()

        return FixedToken(access.connection, access.tokens, style=HeaderStyle(prefix="Basic "), made=signed)

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """What changed since, newest first, until what is known; the first time everything.

        The place moves only at the end of a read: pages come newest first, so a read that breaks off is done again.
        """
        name = resource.name
        changed = "created_datetime" if name == "surveys" else "updated_datetime"
        path = self._paths.get(name, name)
        known = cursor.state.get("newest")
        until_known = at(known) - OVERLAP if known else None
        newest, first = known, cursor.state.get("first")
        # A score may be given long after its survey was sent: surveys are few, and read whole.
        for rows in self._listed(path, changed):
            fresh = [row for row in rows if name == "surveys" or not until_known or at(row[changed]) >= until_known]
            newest = max([*(row[changed] for row in rows), *([newest] if newest else [])], key=at, default=None)
            opened = [row["created_datetime"] for row in rows]
            first = min([*opened, *([first] if first else [])], key=at, default=None)
            gone = [str(row["id"]) for row in fresh if row.get("trashed_datetime")]
            there = [self._kept(name, row) for row in fresh if not row.get("trashed_datetime")]
            yield Page(there, cursor, deleted=gone)
            if len(fresh) < len(rows):
                break
        told = _told(first, until) if name == "tickets" else {}
        yield Page((), Cursor({"newest": newest, "first": first}), progress=1.0, **told)

    def _listed(self, path: str, changed: str) -> Iterator[list[dict[str, Any]]]:
        asked = {"limit": str(self._limit), "order_by": f"{self._names.theirs(changed)}:desc"}
        while True:
            body = self.http.get(f"api/{path}", asked)
            yield [self._names.ours(row) for row in body["data"]]
            following = (body.get("meta") or {}).get("next_cursor")
            if not following:
                return
            asked = {**asked, "cursor": str(following)}

    def _kept(self, name: str, row: Mapping[str, Any]) -> Record:
        """A record without free text; of a ticket also when somebody of the shop first answered."""
        if name == "surveys":
            return {field: row[field] for field in SURVEY if field in row}
        if name == "customers":
            return {field: row.get(field) for field in CUSTOMER}
        kept = {field: row[field] for field in TICKET if field in row}
        kept["customer"] = {"id": (row.get("customer") or {}).get("id")}
        kept["_replies"] = {"first": self._first_reply(row["id"]) if self._replies else None}
        return kept

    def _first_reply(self, ticket: Any) -> str | None:
        asked = {"limit": str(self._limit), "order_by": "created_datetime:asc", "ticket_id": str(ticket)}
        found = self.http.get(f"api/{self._paths['messages']}", asked)["data"]
        times = [row["created_datetime"] for row in found if row.get("from_agent") and row.get("public", True)]
        return min(times, key=at, default=None)


def at(text: str) -> datetime:
    """An instant in one of the forms that Gorgias uses.

    >>> at("2026-10-01T09:00:00.123456"), at("2026-10-01 11:00:00+02:00")
    (datetime.datetime(2026, 10, 1, 9, 0, 0, 123456, tzinfo=datetime.timezone.utc), \
datetime.datetime(2026, 10, 1, 9, 0, tzinfo=datetime.timezone.utc))
    """
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _told(first: str | None, until: datetime) -> dict[str, Any]:
    if not first:
        return {}
    since: date = at(first).date()
    through = until.astimezone(UTC).date() - DAY
    return {"history_since": since, "complete_through": through} if since <= through else {}
