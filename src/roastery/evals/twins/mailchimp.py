"""A twin of Mailchimp's Marketing API 3.0: reports, members by last change, activity by address; no rate headers.

An automation stands among the reports with its totals, as Mailchimp has it. Access does not end but can be taken back.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth
from roastery.evals.twins.email_truth import email_tables, letters, more_opened, one_left
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf
from roastery.evals.world import World
from roastery.evals.world.company import FLOWS, ZONE

LIST = "7b1f0c2e4d"
CENTER = "us21"
MOST = 1000


def email_id(address: str) -> str:
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _reports(world: World) -> list[Row]:
    rows = [row for row in world.email_performance.to_pylist() if row["kind"] == "campaign"]
    automation = {"id": f"auto-{FLOWS[0][0]}", "type": "automation", "campaign_title": FLOWS[0][1], "emails_sent": 400,
                  "send_time": _iso(world.now.replace(hour=1))}  # fmt: skip
    return [_report(row) for row in rows] + ([{**_report(rows[0]), **automation}] if rows else [])


def _report(row: Row) -> Row:
    sent = datetime.combine(row["report_date"], time(10), ZONE)
    seen = row["unique_opens"]
    return {
        "id": row["campaign_id"],
        "campaign_title": row["campaign_name"],
        "subject_line": row["campaign_name"],
        "type": "regular",
        "list_id": LIST,
        "list_is_active": True,
        "list_name": "Newsletter",
        "emails_sent": row["sends"],
        "abuse_reports": 0,
        "unsubscribed": row["unsubscribes"],
        "send_time": _iso(sent),
        "bounces": {"hard_bounces": row["bounces"] // 2, "soft_bounces": row["bounces"] - row["bounces"] // 2,
                    "syntax_errors": 0},
        "forwards": {"forwards_count": 0, "forwards_opens": 0},
        "opens": {"opens_total": row["opens"], "unique_opens": seen,
                  "proxy_excluded_unique_opens": seen - row["proxy_opens"],
                  "open_rate": seen / row["deliveries"] if row["deliveries"] else 0,
                  "last_open": _iso(sent)},
        "clicks": {"clicks_total": row["clicks"], "unique_clicks": row["unique_clicks"],
                   "unique_subscriber_clicks": row["unique_clicks"],
                   "click_rate": row["unique_clicks"] / row["deliveries"] if row["deliveries"] else 0,
                   "last_click": _iso(sent)},
    }  # fmt: skip


def _members(world: World) -> list[Row]:
    rows = [
        {
            "id": email_id(row["email"]),
            "email_address": row["email"],
            "contact_id": f"c{row['customer_id']}",
            "full_name": f"{row['first_name']} {row['last_name']}",
            "status": "subscribed" if row["marketing_consent"] else "unsubscribed",
            "merge_fields": {"FNAME": row["first_name"], "LNAME": row["last_name"], "PHONE": row["phone"] or ""},
            "ip_signup": "203.0.113.7",
            "timestamp_signup": _iso(row["created_at"]),
            "timestamp_opt": _iso(row["created_at"]),
            "last_changed": _iso(row["updated_at"]),
            "location": {"country_code": row["country"], "latitude": 0, "longitude": 0},
            "source": "API - Generic",
            "list_id": LIST,
        }
        for row in world.customers.to_pylist()
        if row["email"]
    ]
    return sorted(rows, key=lambda row: (row["last_changed"], row["id"]))


def _activity(world: World) -> dict[str, list[Row]]:
    """Per campaign: each address with what it did; everybody who clicked had opened before."""
    found: dict[str, dict[str, Row]] = {}
    for row in email_tables(world)["email_clicks"].to_pylist():
        if row["way"] != "newsletter":
            continue
        person = found.setdefault(row["campaign_id"], {}).setdefault(
            email_id(row["email"]),
            {"campaign_id": row["campaign_id"], "list_id": LIST, "list_is_active": True,
             "email_id": email_id(row["email"]), "email_address": row["email"], "activity": []},
        )  # fmt: skip
        at = _iso(row["occurred_at"])
        person["activity"] += [
            {"action": "open", "timestamp": at, "ip": "203.0.113.7"},
            {"action": "click", "timestamp": at, "url": f"{row['url']}&email={row['email']}", "ip": "203.0.113.7"},
        ]
    return {campaign: list(people.values()) for campaign, people in found.items()}


_REPORTS, _MEMBERS, _ACTIVITY = PerWorld(_reports), PerWorld(_members), PerWorld(_activity)


class MailchimpTwin(RestTwin):
    """One account with one audience behind one API key."""

    provider: ClassVar[str] = "mailchimp"
    settings: ClassVar[Mapping[str, Any]] = {"requests_per_second": 5000, "data_center": CENTER}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.route("/3.0/", self._account)
        self.route("/3.0/lists", self._lists)
        self.route("/3.0/lists/{list}/members", self._list_members)
        self.route("/3.0/reports", self._list_reports)
        self.route("/3.0/reports/{campaign}/email-activity", self._email_activity)

    def secrets(self) -> dict[str, str]:
        return {"access_token": f"{self.tokens.access_token}-{CENTER}"}

    def token_of(self, request: Request) -> str:
        scheme, _, coded = request.headers.get("authorization", "").partition(" ")
        key = base64.b64decode(coded).decode().partition(":")[2] if scheme == "Basic" else coded
        return key.removesuffix(f"-{CENTER}")

    def stock(self, shelf: Shelf, world: World) -> None:
        """Nothing is kept on the shelf: reports and members are the company's own."""

    def error(self, status: int, message: str) -> Any:
        title = {401: "API Key Invalid", 404: "Resource Not Found", 400: "Invalid Resource"}.get(status, "Error")
        return {"type": "about:blank", "title": title, "status": status, "detail": message, "instance": "twin"}

    def throttled(self, wait: float) -> Refused:
        """Beyond its connections Mailchimp's gateway answers 403 with a page."""
        return Refused(403, None)

    def _answer(self, request: Request, body: Any, read: Any) -> Any:
        answer = super()._answer(request, body, read)
        return PlainTextResponse("Forbidden", 403) if answer.status_code == 403 else answer

    def _account(self, request: Request, body: Any) -> Row:
        return {"account_id": "acct-larkspur", "account_name": "Larkspur Coffee", "account_timezone": str(ZONE),
                "member_since": "2024-08-01T05:00:00+00:00", "email": "owner@larkspurcoffee.example",
                "total_subscribers": self.control.world.customers.num_rows}  # fmt: skip

    def _page(self, request: Request, name: str, rows: list[Row], **more: Any) -> Row:
        count, offset = int(request.query_params.get("count", 10)), int(request.query_params.get("offset", 0))
        if not 0 <= count <= MOST:
            raise Refused(400, self.error(400, "count must be at most 1000"))
        return {name: rows[offset : offset + count], "total_items": len(rows), **more}

    def _lists(self, request: Request, body: Any) -> Row:
        made = "2024-08-01T05:00:00+00:00"
        return self._page(request, "lists", [{"id": LIST, "name": "Newsletter", "date_created": made}])

    def _list_members(self, request: Request, body: Any) -> Row:
        if request.path_params["list"] != LIST:
            raise Refused(404, self.error(404, "The requested resource could not be found."))
        since = request.query_params.get("since_last_changed")
        rows = _MEMBERS(self.control.world)
        if since:
            after = datetime.fromisoformat(since)
            rows = [row for row in rows if datetime.fromisoformat(row["last_changed"]) > after]
        return self._page(request, "members", rows, list_id=LIST)

    def _list_reports(self, request: Request, body: Any) -> Row:
        since = request.query_params.get("since_send_time")
        rows = _REPORTS(self.control.world)
        if since:
            after = datetime.fromisoformat(since)
            rows = [row for row in rows if datetime.fromisoformat(row["send_time"]) > after]
        return self._page(request, "reports", rows)

    def _email_activity(self, request: Request, body: Any) -> Row:
        campaign = request.path_params["campaign"]
        people = _ACTIVITY(self.control.world).get(campaign, [])
        since = request.query_params.get("since")
        if since:
            after = datetime.fromisoformat(since)
            cut = [
                {**p, "activity": [a for a in p["activity"] if datetime.fromisoformat(a["timestamp"]) > after]}
                for p in people
            ]
            people = [person for person in cut if person["activity"]]
        return self._page(request, "emails", people, campaign_id=campaign)


CUSTOMERS = """
SELECT 'mailchimp:' || md5(lower(email)) AS customer_id, email, first_name, last_name, country, marketing_consent,
       date_trunc('second', created_at) AS first_seen_at
FROM customers WHERE email IS NOT NULL
"""
TOUCHPOINTS = """
SELECT 'mailchimp:' || md5(lower(email)) AS customer_id, date_trunc('second', occurred_at) AS occurred_at,
       'email' AS channel, 'mailchimp' AS platform, 'mailchimp:' || campaign_id AS campaign_id, 'email_click' AS kind,
       url || '&email=' AS landing_page
FROM email_clicks WHERE way = 'newsletter'
"""

DECLARATION = Declaration(
    provider="mailchimp",
    truth=(
        letters("mailchimp", "sends, deliveries, opens, unique_opens, proxy_opens, clicks, unique_clicks, bounces, "
                             "unsubscribes"),
        Truth("customers", CUSTOMERS),
        Truth("touchpoints", TOUCHPOINTS),
    ),
    tables=email_tables,
    quick={"page_size": 90, "click_days": 1000},
    restate=more_opened(30),
    delete=one_left,
    day=Drift("send_time", "email_performance", "report_date"),
    drift=Drift("emails_sent", "email_performance", "sends"),
)  # fmt: skip
