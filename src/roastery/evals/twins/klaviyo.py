"""A twin of Klaviyo's API, revision 2026-07-15: JSON:API pages by cursor, filters, and its two kinds of report.

A campaign's report has no days and one row per message; a flow's is a series. Access of an hour is refreshed and its
refresh token rotates; rate headers are on every answer.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth
from roastery.evals.twins.email_truth import email_tables, letters, more_opened, one_left
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World
from roastery.evals.world.company import FLOWS, ZONE

REVISION = "2026-07-15"
CLIENT = {"client_id": "klaviyo-client-id", "client_secret": "klaviyo-client-secret"}
WEBHOOK_SECRET = "klaviyo-webhook-secret"
ACCOUNT = "XyZ9aB"
METRICS = {"Placed Order": "RESQ6t", "Clicked Email": "Cl1ckE", "Opened Email": "0penEm"}
SITE = "https://a.klaviyo.com"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _thing(kind: str, identity: str, attributes: Row, **more: Any) -> Row:
    links = {"self": f"{SITE}/api/{kind}s/{identity}/"}
    return {"type": kind, "id": identity, "attributes": attributes, "links": links, **more}


def _sent_at(day: date) -> datetime:
    return datetime.combine(day, time(10), ZONE)


def _campaigns(world: World) -> list[Row]:
    found = []
    for row in world.email_performance.to_pylist():
        if row["kind"] != "campaign":
            continue
        at = _iso(_sent_at(row["report_date"]))
        message = {"type": "campaign-message", "id": f"msg-{row['campaign_id']}"}
        attributes = {"name": row["campaign_name"], "status": "Sent", "archived": False,
                      "audiences": {"included": ["Lst"], "excluded": []}, "send_options": {"use_smart_sending": True},
                      "tracking_options": None, "send_strategy": {"method": "immediate"}, "created_at": at,
                      "scheduled_at": at, "updated_at": at, "send_time": at}  # fmt: skip
        found.append(
            _thing("campaign", row["campaign_id"], attributes, relationships={"campaign-messages": {"data": [message]}})
        )
    return found


def _flows(world: World) -> list[Row]:
    made = "2024-08-01T15:00:00+00:00"
    return [
        _thing("flow", key, {"name": name, "status": "live", "archived": False, "created": made, "updated": made,
                             "trigger_type": "Metric"})
        for key, name in FLOWS
        if world.email_performance.num_rows
    ]  # fmt: skip


def _profiles(world: World) -> list[Row]:
    rows = [
        _thing(
            "profile",
            f"01P{row['customer_id']}",
            {
                "email": row["email"],
                "phone_number": row["phone"],
                "external_id": None,
                "first_name": row["first_name"],
                "last_name": row["last_name"],
                "created": _iso(row["created_at"]),
                "updated": _iso(row["updated_at"]),
                "location": {"country": row["country"], "ip": "203.0.113.7", "address1": "1 Main St"},
                "properties": {"favourite": "Guji"},
                "subscriptions": {
                    "email": {
                        "marketing": {
                            "can_receive_email_marketing": bool(row["marketing_consent"])
                            and not is_suppressed(row["customer_id"]),
                            "consent": "SUBSCRIBED" if row["marketing_consent"] else "UNSUBSCRIBED",
                        }
                    }
                },
            },
        )
        for row in world.customers.to_pylist()
    ]
    return sorted(rows, key=lambda row: (row["attributes"]["updated"], row["id"]))


def is_suppressed(customer: int) -> bool:
    """Whose mail came back, though they had subscribed."""
    return customer % 13 == 0


def _clicks(world: World) -> list[Row]:
    return [
        _thing(
            "event",
            f"ev{row['visit']}",
            {
                "timestamp": int(row["occurred_at"].timestamp()),
                "datetime": _iso(row["occurred_at"]),
                "uuid": f"uuid-{row['visit']}",
                "event_properties": {
                    "URL": f"{row['url']}&email={row['email']}",
                    "Campaign Name": row["campaign_name"],
                    **(
                        {"$flow": row["campaign_id"], "$message": f"fm-{row['campaign_id']}"}
                        if row["way"] == "flow"
                        else {"$message": f"msg-{row['campaign_id']}"}
                    ),
                },
            },
            relationships={
                "profile": {"data": {"type": "profile", "id": f"01P{row['customer_id']}"}},
                "metric": {"data": {"type": "metric", "id": METRICS["Clicked Email"]}},
            },
        )
        for row in email_tables(world)["email_clicks"].to_pylist()
    ]


COLUMNS = {"recipients": "sends", "delivered": "deliveries", "opens": "opens", "opens_unique": "unique_opens",
           "clicks": "clicks", "clicks_unique": "unique_clicks", "unsubscribe_uniques": "unsubscribes",
           "unsubscribes": "unsubscribes", "bounced": "bounces"}  # fmt: skip
KEPT = {name: PerWorld(build) for name, build in
        (("campaigns", _campaigns), ("flows", _flows), ("profiles", _profiles), ("events", _clicks))}  # fmt: skip
_LETTERS = PerWorld(lambda world: world.email_performance.to_pylist())


class KlaviyoTwin(RestTwin):
    """One account behind one OAuth grant."""

    provider: ClassVar[str] = "klaviyo"
    settings: ClassVar[Mapping[str, Any]] = {"requests_per_minute": 300_000, "reports_per_minute": 60_000,
                                             "click_months": 28, "history_months": 27}  # fmt: skip

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.open_route("/oauth/token", self._token)
        self.consent_route("/oauth/authorize", CLIENT["client_id"])
        self.route("/api/accounts", self._accounts)
        self.route("/api/metrics", self._metrics)
        self.route("/api/{kind}", self._list)
        for kind in ("campaign-values", "flow-series"):
            self.route(f"/api/{kind}-reports", lambda r, b, kind=kind: self._report(r, b, kind), methods=("POST",))

    def grant(self) -> Tokens:
        return Tokens("klaviyo", rotates=True)

    def secrets(self) -> dict[str, str]:
        grant = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return {**grant, **CLIENT, "webhook_secret": WEBHOOK_SECRET}

    def stock(self, shelf: Shelf, world: World) -> None:
        """Nothing is kept on the shelf: everything is the company's own."""

    def headers(self) -> Mapping[str, str]:
        return {"RateLimit-Limit": "350, 350;w=1, 3500;w=60", "RateLimit-Remaining": "349", "RateLimit-Reset": "1"}

    def error(self, status: int, message: str) -> Any:
        code = {401: "not_authenticated", 429: "throttled", 400: "invalid"}.get(status, "error")
        return {"errors": [{"id": "twin", "status": status, "code": code, "title": message, "detail": message,
                            "source": {"pointer": "/data"}}]}  # fmt: skip

    def bad(self, message: str) -> Refused:
        return Refused(400, self.error(400, message))

    def _token(self, request: Request, form: Any) -> Row:
        access, refresh = refreshed(self.tokens, form or {}, CLIENT)
        return {"access_token": access, "refresh_token": refresh, "expires_in": 3600, "token_type": "Bearer"}

    def _check(self, request: Request) -> None:
        if request.headers.get("revision") != REVISION:
            raise self.bad("A valid API revision is required for this endpoint.")

    def _accounts(self, request: Request, body: Any) -> Row:
        self._check(request)
        place = {"address1": None, "address2": None, "city": None, "region": None, "country": None, "zip": None}
        contact = {"default_sender_name": "Larkspur", "default_sender_email": "hello@larkspurcoffee.example",
                   "website_url": None, "organization_name": "Larkspur Coffee", "street_address": place}  # fmt: skip
        told = {"test_account": False, "contact_information": contact, "industry": None, "timezone": str(ZONE),
                "preferred_currency": "USD", "public_api_key": ACCOUNT, "locale": "en-US"}  # fmt: skip
        return self._paged(request, [_thing("account", ACCOUNT, told)], 20)

    def _metrics(self, request: Request, body: Any) -> Row:
        self._check(request)
        made = "2024-08-01T15:00:00+00:00"
        rows = [
            _thing("metric", key, {"name": name, "created": made, "updated": made, "integration": None})
            for name, key in METRICS.items()
        ]
        return self._paged(request, rows, 200)

    def _paged(self, request: Request, rows: list[Row], default: int) -> Row:
        query = request.query_params
        size, start = int(query.get("page[size]", default)), int(query.get("page[cursor]", 0))
        more = start + size < len(rows)
        links = {"self": str(request.url)}
        if more:
            links["next"] = str(request.url.include_query_params(**{"page[cursor]": str(start + size)}))
        return {"data": rows[start : start + size], "links": links}

    def _list(self, request: Request, body: Any) -> Row:
        self._check(request)
        kind, query = request.path_params["kind"], request.query_params
        if kind not in KEPT:
            raise Refused(404, self.error(404, "Not found."))
        most = {"profiles": 100, "events": 1000, "campaigns": 100, "flows": 50}[kind]
        if not 1 <= int(query.get("page[size]", 1)) <= most:
            raise self.bad(f"page[size] must be between 1 and {most}.")
        asked, rows = query.get("filter", ""), KEPT[kind](self.control.world)
        if kind == "campaigns" and "equals(messages.channel,'email')" not in asked:
            raise self.bad("A channel filter is required to list campaigns.")
        if kind in ("profiles", "events"):
            name = {"profiles": "updated", "events": "datetime"}[kind]
            if query.get("sort") != name:
                raise self.bad(f"The twin lists {kind} by {name} only.")
            if kind == "events" and f'equals(metric_id,"{METRICS["Clicked Email"]}")' not in asked:
                raise self.bad("The twin has clicks only.")
            if found := re.search(rf"greater-than\({name},([^)]+)\)", asked):
                after = datetime.fromisoformat(found[1])
                rows = [row for row in rows if datetime.fromisoformat(row["attributes"][name]) > after]
            if kind == "profiles" and "subscriptions" not in query.get("additional-fields[profile]", ""):
                rows = [{**r, "attributes": {k: v for k, v in r["attributes"].items() if k != "subscriptions"}}
                        for r in rows]  # fmt: skip
        return self._paged(request, rows, 20)

    # Reports.

    def _report(self, request: Request, body: Any, kind: str) -> Row:
        self._check(request)
        asked = body["data"]["attributes"]
        if body["data"]["type"] != f"{kind}-report" or asked["conversion_metric_id"] not in METRICS.values():
            raise self.bad("conversion_metric_id is not known.")
        start, end = (datetime.fromisoformat(asked["timeframe"][edge]) for edge in ("start", "end"))
        if end - start > timedelta(days=366):
            raise self.bad("The timeframe must be at most one year.")
        rows = _LETTERS(self.control.world)
        if kind == "campaign-values":
            told = [_campaign_row(row, asked["statistics"]) for row in rows
                    if row["kind"] == "campaign" and start <= _sent_at(row["report_date"]) < end]  # fmt: skip
            attributes: Row = {"results": told}
        else:
            first, past = start.astimezone(ZONE).date(), end.astimezone(ZONE).date()
            days = [first + timedelta(days=n) for n in range((past - first).days)]
            attributes = {"results": _series(rows, days, asked["statistics"]),
                          "date_times": [datetime.combine(day, time(), ZONE).isoformat() for day in days]}  # fmt: skip
        links = {"self": str(request.url)}
        return {"data": {"type": f"{kind}-report", "attributes": attributes}, "links": links}


def _figures(row: Row, statistics: list[str]) -> Row:
    return {name: float(row[COLUMNS[name]]) if name in COLUMNS else 0.0 for name in statistics}


def _campaign_row(row: Row, statistics: list[str]) -> Row:
    groups = {"campaign_id": row["campaign_id"], "campaign_message_id": f"msg-{row['campaign_id']}",
              "send_channel": "email"}  # fmt: skip
    return {"groupings": groups, "statistics": _figures(row, statistics)}


def _series(rows: list[Row], days: list[date], statistics: list[str]) -> list[Row]:
    place = {day: n for n, day in enumerate(days)}
    found: dict[str, Row] = {}
    for row in rows:
        if row["kind"] != "flow" or row["report_date"] not in place:
            continue
        flow = row["campaign_id"]
        groups = {"flow_id": flow, "flow_message_id": f"fm-{flow}", "send_channel": "email"}
        series = found.setdefault(
            flow, {"groupings": groups, "statistics": {name: [0.0] * len(days) for name in statistics}}
        )
        for name, value in _figures(row, statistics).items():
            series["statistics"][name][place[row["report_date"]]] = value
    return list(found.values())


CUSTOMERS = """
SELECT 'klaviyo:01P' || customer_id AS customer_id, email, phone, first_name, last_name, country,
       marketing_consent AND customer_id % 13 <> 0 AS marketing_consent,
       date_trunc('second', created_at) AS first_seen_at
FROM customers
"""
TOUCHPOINTS = """
SELECT 'klaviyo:ev' || visit AS touchpoint_id, 'klaviyo:01P' || customer_id AS customer_id,
       date_trunc('second', occurred_at) AS occurred_at, 'email' AS channel, 'klaviyo' AS platform,
       'klaviyo:' || campaign_id AS campaign_id, 'email_click' AS kind, url || '&email=' AS landing_page
FROM email_clicks
"""
FIGURES = "sends, deliveries, opens, unique_opens, clicks, unique_clicks, bounces, unsubscribes"

DECLARATION = Declaration(
    provider="klaviyo",
    truth=(
        letters("klaviyo", FIGURES, kinds="'campaign', 'flow'"),
        Truth("customers", CUSTOMERS),
        Truth("touchpoints", TOUCHPOINTS),
    ),
    tables=email_tables,
    quick={"page_size": 30, "slice_days": 120},
    restate=more_opened(7),
    delete=one_left,
    day=Drift("send_time", "email_performance", "report_date"),
    drift=Drift("recipients", "email_performance", "sends"),
)
