"""Zendesk Support: tickets with their times of reply and solution, satisfaction, and who asked.

Facts: incremental exports by cursor, in order of change, at ten requests a minute; deleted tickets come as such;
refresh tokens are used once; API tokens sign in with the address of an agent.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.http import Reply
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.readable import WHOLE, number, readable
from roastery.connectors.renaming import Renaming
from roastery.connectors.reports import DAY
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import StampedBody

TITLE = "Zendesk"
START = 1  # the export's first second; 0 is refused

TICKET = ("id", "created_at", "updated_at", "status", "requester_id", "generated_timestamp")
USER = ("id", "created_at", "updated_at", "name", "email", "phone", "role", "active")

CUSTOMERS = """
SELECT 'zendesk:' || (payload->>'id') AS customer_id,
       payload->>'email' AS email,
       payload->>'phone' AS phone,
       payload->>'$._connection.first_name' AS first_name,
       payload->>'$._connection.last_name' AS last_name,
       payload->>'created_at' AS first_seen_at
FROM {records} WHERE payload->>'role' = 'end-user'
"""

REPLY_MINUTES = "payload->>'$._metrics.first_reply_minutes'"
TICKETS = f"""
SELECT 'zendesk:' || (payload->>'id') AS ticket_id,
       'zendesk:' || (payload->>'requester_id') AS customer_id,
       payload->>'created_at' AS opened_at,
       {
    readable(
        f"TRY(TRY_CAST(payload->>'created_at' AS TIMESTAMPTZ) + to_minutes({number(REPLY_MINUTES, WHOLE)}))",
        [REPLY_MINUTES],
        WHOLE,
    )
} AS first_reply_at,
       CASE WHEN payload->>'status' IN ('solved', 'closed') THEN payload->>'$._metrics.solved_at' END AS resolved_at,
       payload->>'status' AS status,
       payload->>'$._connection.score' AS satisfaction_score
FROM {{records}}
"""  # noqa: S608 (the names are ours)


class Zendesk:
    """One Zendesk account."""

    provider: ClassVar[str] = "zendesk"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://{subdomain}.zendesk.com"
    required_settings: ClassVar[tuple[str, ...]] = ("subdomain",)
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "email": "The agent's address, where access_token is an API token.",
        "good_score": "What a good rating counts; 5.",
        "bad_score": "What a bad rating counts; 1.",
        "metric_names": "Where a ticket's metrics are called otherwise: solved_at=solved.",
        "reply_hours": "Whether the first reply counts by calendar or business hours; calendar.",
        "exports_per_minute": "How many exports a minute; 10 (30 with the high volume add-on).",
        "requests_per_minute": "How many requests a minute; 200, by plan up to 2500.",
        "page_limit": "Records a page, at most 1000; 1000.",
        "token_url": "Where access is refreshed, where it is not the account's own address.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes the access; each one is used once, and the next is kept before.",
        "client_id": "The OAuth client's unique identifier.",
        "client_secret": "The OAuth client's secret.",
        "webhook_secret": "The webhook's signing secret.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource(
            "users",
            key=lambda r: str(r["id"]),
            personal={
                "name": "name",
                "_connection.first_name": "name",
                "_connection.last_name": "name",
                "email": "email",
                "phone": "phone",
            },
        ),
        Resource("tickets", key=lambda r: str(r["id"]), expects=("created_at", "status")),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("customers", "users", CUSTOMERS),
        ContractSql("tickets", "tickets", TICKETS),
    )
    webhook: ClassVar[StampedBody] = StampedBody(
        "x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp", "x-zendesk-webhook-invocation-id"
    )
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(
            tuple(
                f"zen:event-type:ticket.{what}"
                for what in ("created", "status_changed", "csat_received", "deleted", "undeleted", "comment_added")
            ),
            ("tickets",),
        ),
        **dict.fromkeys(("zen:event-type:user.created", "zen:event-type:user.updated"), ("users",)),
    }

    def __init__(self, access: Access) -> None:
        settings = access.settings
        subdomain = str(settings.get("subdomain", "")).removeprefix("https://").split(".")[0]
        base_url = (access.connection.base_url or self.default_base_url.format(subdomain=subdomain)).rstrip("/")
        self._scores = {
            "good": whole_number(TITLE, settings, "good_score", 5, least=0),
            "bad": whole_number(TITLE, settings, "bad_score", 1, least=0),
        }
        self._names = Renaming.parse(TITLE, settings, "metric_names", ("reply_time_in_minutes", "solved_at"))
        self._reply_hours = str(settings.get("reply_hours", "calendar"))
        self._limit = min(1000, whole_number(TITLE, settings, "page_limit", 1000))
        per_minute = whole_number(TITLE, settings, "requests_per_minute", 200)
        self._cost = max(1.0, per_minute / whole_number(TITLE, settings, "exports_per_minute", 10))
        self._bucket = access.bucket(Rate(per_second=per_minute / 60, burst=max(per_minute / 10, self._cost)))
        email = str(settings.get("email", ""))
        self.http = access.client(
            TITLE,
            base_url,
            self._auth(access, base_url, str(settings.get("token_url", "")), email),
            self._judge,
            (self._bucket,),
        )

    def _auth(self, access: Access, base_url: str, token_url: str, email: str) -> OAuthToken | FixedToken:
        if access.secret("refresh_token"):
            grant = Grant(TITLE, token_url or f"{base_url}/oauth/tokens", HeaderStyle(), {}, as_json=True)
            return OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress)
        if not email:
            return FixedToken(access.connection, access.tokens)

        def signed(secrets: Mapping[str, str]) -> str:
            return base64.b64encode(f"{email}/token:{secrets.get('access_token', '')}".encode()).decode()

        return FixedToken(access.connection, access.tokens, style=HeaderStyle(prefix="Basic "), made=signed)

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        """The export from where it stopped; it is in order of change, so history comes oldest first."""
        name, state = resource.name, dict(cursor.state)
        while True:
            place = {"cursor": state["after"]} if state.get("after") else {"start_time": str(START)}
            more = {"include": "metric_sets"} if name == "tickets" else {}
            body = self.http.get(
                f"api/v2/incremental/{name}/cursor", {**place, **more, "per_page": str(self._limit)}, cost=self._cost
            )
            there, gone = self._records(name, body)
            state["after"] = body["after_cursor"] or state.get("after")
            created = [record["created_at"] for record in there]
            state["first"] = min([*created, *([state["first"]] if state.get("first") else [])], default=None)
            at_end = bool(body["end_of_stream"])
            told = _told(state.get("first"), until) if name == "tickets" and at_end else {}
            yield Page(there, Cursor(dict(state)), deleted=gone, progress=1.0 if at_end else None, **told)
            if at_end:
                return

    def _records(self, name: str, body: Mapping[str, Any]) -> tuple[list[Record], list[str]]:
        """What is there and what is gone. Free text of tickets is not needed, so it is not kept (law 15)."""
        if name == "users":
            there = [_user(row) for row in body["users"] if row.get("active") is not False]
            return there, [str(row["id"]) for row in body["users"] if row.get("active") is False]
        metrics = {row["ticket_id"]: self._names.ours(row) for row in body.get("metric_sets") or ()}
        tickets = [self._ticket(row, metrics.get(row["id"])) for row in body["tickets"] if row["status"] != "deleted"]
        return tickets, [str(row["id"]) for row in body["tickets"] if row["status"] == "deleted"]

    def _ticket(self, row: Mapping[str, Any], metrics: Mapping[str, Any] | None) -> Record:
        rating = row.get("satisfaction_rating") or {}
        reply = ((metrics or {}).get("reply_time_in_minutes") or {}).get(self._reply_hours)
        return {
            **{name: row[name] for name in TICKET if name in row},
            "_metrics": {"first_reply_minutes": reply, "solved_at": metrics["solved_at"] if metrics else None},
            "_connection": {"score": self._scores.get(str(rating.get("score", "")))},
        }

    def _judge(self, reply: Reply) -> None:
        left, most = reply.headers.get("x-rate-limit-remaining"), reply.headers.get("x-rate-limit")
        if left and most and left.isdigit() and most.isdigit() and int(left) < int(most) / 4:
            self._bucket.refine(available=float(left) / 4)


def _user(row: Mapping[str, Any]) -> Record:
    first, _, last = str(row.get("name") or "").strip().rpartition(" ")
    kept = {name: row[name] for name in USER if name in row}
    return {**kept, "_connection": {"first_name": first or last or None, "last_name": last if first else None}}


def _told(first: str | None, until: datetime) -> dict[str, Any]:
    if not first:
        return {}
    since: date = datetime.fromisoformat(first.replace("Z", "+00:00")).date()
    through = until.astimezone(UTC).date() - DAY
    return {"history_since": since, "complete_through": through} if since <= through else {}
