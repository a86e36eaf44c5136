"""A twin of a home-made CRM: the same clients and bills behind every kind of paging, changes by time, signed events."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from roastery.evals.twins.control import Control
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf
from roastery.evals.world import World

FIRST = datetime(2024, 8, 1, 8, tzinfo=UTC)
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of the home-made crm...").decode()
CLIENTS = {
    "customer_id": {"from": "no", "prefix": "crm:"},
    "email": "contact.mail",
    "first_name": "contact.given",
    "last_name": "contact.family",
    "first_seen_at": {"from": "since", "format": "%d.%m.%Y", "zone": "Europe/London"},
    "country": {"value": "GB"},
    "segment": {"from": "size", "values": {"L": "Enterprise", "M": "Mid-market", "S": "Small business"}},
}
BILLS = {
    "transaction_id": {"from": "ref", "prefix": "crm:"},
    "customer_id": {"from": "client", "prefix": "crm:"},
    "occurred_at": {"from": "paid", "epoch": "seconds"},
    "amount": {"from": "net_pence", "divide_by": 100},
    "currency": "money.code",
    "kind": {"value": "invoice"},
    "status": {"from": "state", "values": {"PAID": "completed", "OPEN": "pending"}},
}


def datasets(paging: str) -> dict[str, Any]:
    """The declaration of a connection that reads by a kind of paging."""
    cursor = {"field": "changed", "param": "changed_since"}
    deleted = {"field": "removed", "values": ["True"]}
    return {
        "customers": {"path": f"{paging}/clients", "records": "data.items", "cursor": cursor, "deleted": deleted,
                      "map": CLIENTS},
        "transactions": {"path": f"{paging}/bills", "records": "data.items", "cursor": cursor, "deleted": deleted,
                         "map": BILLS},
    }  # fmt: skip


PAGING: dict[str, dict[str, Any]] = {
    "page": {"kind": "page", "size": 7, "size_param": "per_page"},
    "offset": {"kind": "offset", "size": 7, "size_param": "limit"},
    "cursor": {"kind": "cursor", "param": "after", "path": "data.next"},
    "next_url": {"kind": "next_url", "path": "data.next"},
    "link": {"kind": "link"},
    "none": {"kind": "none"},
}


class CustomCrmTwin(RestTwin):
    """A consultancy's own system, behind a bearer token."""

    provider: ClassVar[str] = "custom_crm"
    settings: ClassVar[dict[str, Any]] = {
        "mode": "rest",
        "paging": PAGING["page"],
        "datasets": datasets("page"),
        "requests_per_second": 5000,
    }

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.route("/{paging}/{kind}", lambda request, body: self._list(request))

    def secrets(self) -> dict[str, str]:
        return {"access_token": self.tokens.access_token, "webhook_secret": WEBHOOK_SECRET}

    def stock(self, shelf: Shelf, world: World) -> None:
        for number in range(40):
            at = FIRST + timedelta(days=number)
            shelf.put("clients", [{
                "no": number, "contact": {"mail": f"client{number}@mail.example", "given": "Ann",
                                          "family": f"Field{number}"},
                "since": at.strftime("%d.%m.%Y"), "size": "LMS"[number % 3], "changed": at.isoformat(),
                "removed": False, "notes": "left alone"}], "no")  # fmt: skip
        for number in range(60):
            at = FIRST + timedelta(days=number * 12)
            shelf.put("bills", [{
                "ref": f"B{number}", "client": number % 40, "paid": int(at.timestamp()),
                "net_pence": 12_345 + number * 101, "money": {"code": ("GBP", "EUR", "USD")[number % 3]},
                "state": "OPEN" if number % 10 == 9 else "PAID", "changed": at.isoformat(), "removed": False,
                "consultant": "Wei Zhang"}], "ref")  # fmt: skip

    def _list(self, request: Request) -> Any:
        paging, kind, query = request.path_params["paging"], request.path_params["kind"], request.query_params
        if paging not in PAGING or kind not in ("clients", "bills"):
            raise Refused(404, {"message": "no such list"})
        rows = self.shelf.by(kind, "changed")
        rows = [row for row in rows if row["changed"] >= query.get("changed_since", "")]
        size = 7
        start = {"page": (int(query.get("page", 1)) - 1) * size}.get(
            paging, int(query.get("offset", query.get("after", 0)))
        )
        page = rows if paging == "none" else rows[start : start + size]
        more = paging != "none" and start + size < len(rows)
        url = str(request.url.include_query_params(after=start + size))
        following: Row = {}
        if more and paging == "cursor":
            following = {"next": str(start + size)}
        elif more and paging == "next_url":
            following = {"next": url}
        headers = {"link": f'<{url}>; rel="next"'} if more and paging == "link" else {}
        answer: Response = JSONResponse({"data": {"items": page, **following}}, headers=headers)
        return answer
