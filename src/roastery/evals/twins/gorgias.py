"""A twin of Gorgias over the coffee shop's customers: cursor pages, tickets by last change, surveys, messages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, later
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf
from roastery.evals.twins.zendesk import expected, support_tickets, tickets_truth
from roastery.evals.world import World


def iso(at: datetime) -> str:
    """Without a zone, as Gorgias writes most of its times."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")


def seen(text: str | None) -> str | None:
    return None if text is None else iso(datetime.fromisoformat(text.replace("Z", "+00:00")))


class GorgiasTwin(RestTwin):
    """One account behind an API key: the same questions as customers ask elsewhere."""

    provider: ClassVar[str] = "gorgias"
    settings: ClassVar[Mapping[str, Any]] = {"domain": "larkspur", "calls_per_20_seconds": 100_000}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.route("/api/tickets", lambda request, body: self._list(request, "tickets", "updated_datetime"))
        self.route("/api/customers", lambda request, body: self._list(request, "customers", "updated_datetime"))
        self.route(
            "/api/satisfaction-surveys", lambda request, body: self._list(request, "surveys", "created_datetime")
        )
        self.route("/api/messages", lambda request, body: self._messages(request))

    def error(self, status: int, message: str) -> Any:
        return {"error": {"msg": message}}

    def stock(self, shelf: Shelf, world: World) -> None:
        tickets, users = support_tickets(world)
        for row in users:
            shelf.put("customers", [{
                "id": row["id"], "email": row["email"], "firstname": row["name"].split(" ")[0],
                "lastname": row["name"].split(" ")[-1], "created_datetime": seen(row["created_at"]),
                "updated_datetime": seen(row["updated_at"]), "note": "prefers mornings"}])  # fmt: skip
        for row in tickets:
            self._ticket(shelf, row)

    def _ticket(self, shelf: Shelf, row: Row) -> None:
        is_closed = row["status"] == "solved"
        shelf.put("tickets", [{
            "id": row["id"], "status": "closed" if is_closed else "open", "channel": "email", "spam": False,
            "created_datetime": seen(row["created_at"]), "opened_datetime": seen(row["created_at"]),
            "closed_datetime": seen(row["metrics"]["solved_at"]), "updated_datetime": seen(row["updated_at"]),
            "trashed_datetime": seen(row["updated_at"]) if row["status"] == "deleted" else None,
            "subject": row["subject"], "customer": {"id": row["requester_id"], "name": "somebody"}}])  # fmt: skip
        minutes = row["metrics"]["reply_time_in_minutes"]["calendar"]
        opened = datetime.fromisoformat(row["created_at"].replace("Z", "+00:00"))
        said = [{"id": row["id"] * 10, "ticket_id": row["id"], "from_agent": False, "public": True,
                 "created_datetime": iso(opened), "body_text": row["description"]}]  # fmt: skip
        if minutes is not None:
            said.append({**said[0], "id": row["id"] * 10 + 1, "from_agent": True,
                         "created_datetime": iso(opened + timedelta(minutes=minutes))})  # fmt: skip
        shelf.put("messages", said)
        score = {"good": 5, "bad": 2}.get(row["satisfaction_rating"]["score"])
        if score is not None:
            shelf.put("surveys", [{
                "id": row["id"] + 7_000_000, "ticket_id": row["id"], "score": score, "body_text": "fine",
                "created_datetime": seen(row["updated_at"]), "sent_datetime": seen(row["updated_at"]),
                "scored_datetime": seen(row["updated_at"])}])  # fmt: skip

    def _list(self, request: Request, kind: str, order: str) -> Row:
        query = request.query_params
        limit = int(query.get("limit", 30))
        if limit > 100 or query.get("order_by", f"{order}:desc") != f"{order}:desc":
            raise Refused(400, self.error(400, "Invalid limit or order_by."))
        rows = self.shelf.by(kind, order, "id")[::-1]
        start = int(query.get("cursor", 0))
        following = str(start + limit) if start + limit < len(rows) else None
        return {"data": rows[start : start + limit], "object": "list", "uri": f"/api/{kind}",
                "meta": {"prev_cursor": None, "next_cursor": following}}  # fmt: skip

    def _messages(self, request: Request) -> Row:
        ticket = int(request.query_params["ticket_id"])
        rows = [row for row in (self.shelf.get("messages", ticket * 10 + n) for n in (0, 1)) if row]
        return {"data": rows, "object": "list", "meta": {"prev_cursor": None, "next_cursor": None}}


DECLARATION = Declaration(
    provider="gorgias",
    truth=(
        tickets_truth("gorgias", 5, 2, "closed", "open"),
        Truth("customers", """
            SELECT 'gorgias:' || id AS customer_id, email, split_part(name, ' ', 1) AS first_name,
                   split_part(name, ' ', 2) AS last_name, created_at::TIMESTAMPTZ AS first_seen_at
            FROM desk_users"""),
    ),
    tables=expected,
    quick={"page_limit": 5},
    restate=later(1),
    delete=later(2),
    drift=Drift("closed_datetime", "tickets", "resolved_at", unknown_kept=False,
                from_elsewhere=("satisfaction_score",)),
    expires=False,
    earlier=timedelta(days=30),
)  # fmt: skip
