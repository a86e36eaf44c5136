"""A twin of Zendesk Support over the coffee shop's customers: exports by cursor, refresh tokens that are used once."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, later
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World
from roastery.evals.world.company import NOW

CLIENT = {"client_id": "zendesk-client", "client_secret": "zendesk-client-secret"}
WEBHOOK_SECRET = "zendesk-webhook-secret"
EVERY = 24
"""One order in so many is asked about."""
FIRST_TICKET, FIRST_USER = 40_001, 900_000_001


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def support_tickets(world: World) -> tuple[list[Row], list[Row]]:
    """Tickets (with their metric sets under `metrics`) and users, drawn from the orders of known customers."""
    known = world.orders.filter(pc.is_valid(world.orders["customer_id"]))
    asked = known.select(["order_id", "customer_id", "occurred_at"]).to_pylist()[::EVERY]
    names = ("customer_id", "first_name", "last_name", "email", "phone")
    people = {row["customer_id"]: row for row in world.customers.select(names).to_pylist()}
    now, tickets, users = world.clock.now(), [], {}
    for number, order in enumerate(asked):
        opened = order["occurred_at"] + timedelta(hours=30)
        if opened >= now:
            continue
        reply = timedelta(minutes=35 + 17 * (number % 20))
        is_answered = opened + reply < now
        solved = opened + timedelta(hours=4 + 5 * (number % 9))
        is_solved = solved < now and number % 17 != 3
        changed = solved if is_solved else opened + reply if is_answered else opened
        person = users.setdefault(order["customer_id"], _user(len(users), people[order["customer_id"]], opened))
        score = ("good", "good", "bad", "offered", "unoffered")[number % 5] if is_solved else "unoffered"
        tickets.append({
            "id": FIRST_TICKET + number, "created_at": iso(opened), "updated_at": iso(changed),
            "generated_timestamp": int(changed.timestamp()) + 1, "requester_id": person["id"],
            "status": "solved" if is_solved else "open", "subject": f"Where is my order {order['order_id']}?",
            "description": f"Hello, this is {person['name']}.", "satisfaction_rating": {"score": score},
            "metrics": {
                "ticket_id": FIRST_TICKET + number, "reopens": 0, "replies": 2,
                "reply_time_in_minutes": {"calendar": int(reply.total_seconds() // 60) if is_answered else None,
                                          "business": None},
                "solved_at": iso(solved) if is_solved else None},
        })  # fmt: skip
    _go_on(tickets, now)
    return tickets, list(users.values())


def _go_on(tickets: list[Row], now: datetime) -> None:
    """What happens after the company's history: somebody thinks better of a bad score, and spam is deleted."""
    rated, gone = NOW + timedelta(hours=1), NOW + timedelta(hours=25)
    if now > rated and (of := next((t for t in tickets if t["satisfaction_rating"]["score"] == "bad"), None)):
        of |= {"satisfaction_rating": {"score": "good"}, "updated_at": iso(rated),
               "generated_timestamp": int(rated.timestamp()) + 1}  # fmt: skip
    if now > gone and tickets:
        tickets[0] |= {"status": "deleted", "updated_at": iso(gone), "generated_timestamp": int(gone.timestamp()) + 1}


def _user(number: int, person: Mapping[str, Any], at: datetime) -> Row:
    return {
        "id": FIRST_USER + number, "name": f"{person['first_name']} {person['last_name']}", "email": person["email"],
        "phone": person["phone"], "role": "end-user", "active": True, "created_at": iso(at), "updated_at": iso(at),
        "generated_timestamp": int(at.timestamp()), "notes": "prefers mornings"}  # fmt: skip


class ZendeskTwin(RestTwin):
    """One account, its access given by OAuth."""

    provider: ClassVar[str] = "zendesk"
    settings: ClassVar[Mapping[str, Any]] = {
        "subdomain": "larkspur",
        "requests_per_minute": 600_000,
        "exports_per_minute": 600_000,
    }

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.open_route("/oauth/tokens", lambda request, body: self._token(body))
        for kind in ("tickets", "users"):
            self.route(
                f"/api/v2/incremental/{kind}/cursor", lambda request, body, kind=kind: self._export(request, kind)
            )

    def grant(self) -> Tokens:
        return Tokens("zendesk", life=1800, rotates=True)

    def secrets(self) -> dict[str, str]:
        return {**CLIENT, "access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token,
                "webhook_secret": WEBHOOK_SECRET}  # fmt: skip

    def error(self, status: int, message: str) -> Any:
        return {"error": "invalid_token" if status == 401 else "TooManyRequests", "description": message}

    def headers(self) -> Mapping[str, str]:
        return {"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"}

    def stock(self, shelf: Shelf, world: World) -> None:
        tickets, users = support_tickets(world)
        shelf.put("tickets", tickets)
        shelf.put("users", users)

    def change(self, kind: str, number: int, at: datetime, **values: Any) -> None:
        row = self.shelf.get(kind, number)
        assert row is not None
        self.shelf.put(kind, [{**row, **values, "updated_at": iso(at), "generated_timestamp": int(at.timestamp())}])

    def _token(self, body: Any) -> Row:
        access, refresh = refreshed(self.tokens, body, CLIENT)
        return {"access_token": access, "refresh_token": refresh, "expires_in": 1800, "token_type": "bearer",
                "scope": "read"}  # fmt: skip

    def _export(self, request: Request, kind: str) -> Row:
        query = request.query_params
        if "cursor" not in query and "start_time" not in query:
            raise Refused(400, {"error": "InvalidValue", "description": "start_time or cursor is needed"})
        if "cursor" not in query and int(query["start_time"]) > self.now - 60:
            raise Refused(422, {"error": "StartTimeTooRecent", "description": "Too recent start_time."})
        place = _place(query["cursor"]) if "cursor" in query else (int(query["start_time"]), 0)
        rows = [row for row in self.shelf.by(kind, "generated_timestamp", "id")
                if (row["generated_timestamp"], row["id"]) > place]  # fmt: skip
        limit = min(1000, int(query.get("per_page", 1000)))
        page = rows[:limit]
        last = (page[-1]["generated_timestamp"], page[-1]["id"]) if page else place
        shown = [{name: value for name, value in row.items() if name != "metrics"} for row in page]
        side = {"metric_sets": [row["metrics"] for row in page]} if query.get("include") == "metric_sets" else {}
        after = urlsafe_b64encode(f"{last[0]}|{last[1]}".encode()).decode()
        return {kind: shown, **side, "after_cursor": after, "after_url": f"{request.url}", "before_cursor": None,
                "before_url": None, "end_of_stream": len(rows) <= limit}  # fmt: skip


def _place(cursor: str) -> tuple[int, int]:
    at, number = urlsafe_b64decode(cursor).decode().split("|")
    return int(at), int(number)


def expected(world: World) -> Mapping[str, pa.Table]:
    """The desk's tickets as they should come out, minutes and scores apart; who asked, as the shop knows them."""
    tickets, users = support_tickets(world)
    told = [
        {"id": t["id"], "requester": t["requester_id"], "opened": t["created_at"], "status": t["status"],
         "minutes": t["metrics"]["reply_time_in_minutes"]["calendar"], "solved": t["metrics"]["solved_at"],
         "score": t["satisfaction_rating"]["score"]}
        for t in tickets if t["status"] != "deleted"
    ]  # fmt: skip
    text = dict.fromkeys(("opened", "status", "solved", "score"), pa.string())
    whole = dict.fromkeys(("id", "requester", "minutes"), pa.int64())
    people = dict.fromkeys(("name", "email", "phone", "created_at"), pa.string())
    return {
        "desk_tickets": pa.Table.from_pylist(told, pa.schema(whole | text)),
        "desk_users": pa.Table.from_pylist(users, pa.schema({"id": pa.int64()} | people)),
    }


def tickets_truth(provider: str, good: int, bad: int, solved: str, unsolved: str) -> Truth:
    """Tickets of a desk that names its states and counts its scores in its own way."""
    return Truth(
        "tickets",
        f"""
        SELECT '{provider}:' || id AS ticket_id, '{provider}:' || requester AS customer_id,
               opened::TIMESTAMPTZ AS opened_at,
               opened::TIMESTAMPTZ + to_minutes(minutes) AS first_reply_at, solved::TIMESTAMPTZ AS resolved_at,
               CASE WHEN status = 'solved' THEN '{solved}' ELSE '{unsolved}' END AS status,
               CASE score WHEN 'good' THEN {good} WHEN 'bad' THEN {bad} END AS satisfaction_score
        FROM desk_tickets""",  # noqa: S608 (the names are ours)
    )


DECLARATION = Declaration(
    provider="zendesk",
    truth=(
        tickets_truth("zendesk", 5, 1, "solved", "open"),
        Truth("customers", """
            SELECT 'zendesk:' || id AS customer_id, email, phone, split_part(name, ' ', 1) AS first_name,
                   split_part(name, ' ', 2) AS last_name, created_at::TIMESTAMPTZ AS first_seen_at
            FROM desk_users"""),
    ),
    tables=expected,
    quick={"page_limit": 5},
    restate=later(1),
    delete=later(2),
    drift=Drift("solved_at", "tickets", "resolved_at", unknown_kept=False),
    earlier=timedelta(days=30),
)  # fmt: skip
