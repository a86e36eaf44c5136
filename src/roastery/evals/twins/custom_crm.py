"""A twin of a home-made CRM: the same clients and bills behind every kind of paging, changes by time, signed events."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Truth, later
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf
from roastery.evals.world import World
from roastery.evals.world.company import NOW

FIRST = datetime(2024, 8, 1, 8, tzinfo=UTC)
CORRECTED_AT, REMOVED_AT = NOW + timedelta(hours=1), NOW + timedelta(hours=25)
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


def clients(world: World) -> list[Row]:
    """The consultancy's clients so far."""
    rows = [{
        "no": number, "contact": {"mail": f"client{number}@mail.example", "given": "Ann", "family": f"Field{number}"},
        "since": at.strftime("%d.%m.%Y"), "size": "LMS"[number % 3], "changed": at.isoformat(), "removed": False,
        "notes": "left alone"}
        for number, at in ((n, FIRST + timedelta(days=n)) for n in range(40)) if at <= world.now]  # fmt: skip
    return rows if world.orders.num_rows else []


def bills(world: World) -> list[Row]:
    """Its bills so far; after the company's history one is corrected, and another taken back."""
    rows: list[Row] = [{
        "ref": f"B{number}", "client": number % 40, "paid": int(at.timestamp()), "net_pence": 12_345 + number * 101,
        "money": {"code": ("GBP", "EUR", "USD")[number % 3]}, "state": "OPEN" if number % 10 == 9 else "PAID",
        "changed": at.isoformat(), "removed": False, "consultant": "Wei Zhang"}
        for number, at in ((n, FIRST + timedelta(days=n * 12)) for n in range(60)) if at <= world.now]  # fmt: skip
    if world.now > CORRECTED_AT:
        rows[3] |= {"net_pence": 50_000, "changed": CORRECTED_AT.isoformat()}
    if world.now > REMOVED_AT:
        rows[4] |= {"removed": True, "changed": REMOVED_AT.isoformat()}
    return rows if world.orders.num_rows else []


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
        shelf.put("clients", clients(world), "no")
        shelf.put("bills", bills(world), "ref")

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


def expected(world: World) -> Mapping[str, pa.Table]:
    """Clients and bills in the open, those taken back left out."""
    people = [{"no": row["no"], "since": row["since"], "size": row["size"], **row["contact"]} for row in clients(world)]
    money = [{"ref": row["ref"], "client": row["client"], "paid": row["paid"], "pence": row["net_pence"],
              "code": row["money"]["code"], "state": row["state"]} for row in bills(world)
             if not row["removed"]]  # fmt: skip
    text, whole = pa.string(), pa.int64()
    return {
        "clients": pa.Table.from_pylist(
            people, pa.schema({"no": whole, **dict.fromkeys(("since", "size", "mail", "given", "family"), text)})
        ),
        "bills": pa.Table.from_pylist(
            money,
            pa.schema(
                {**dict.fromkeys(("ref", "code", "state"), text), **dict.fromkeys(("client", "paid", "pence"), whole)}
            ),
        ),
    }


PEOPLE = """
SELECT 'crm:' || no AS customer_id, mail AS email, given AS first_name, family AS last_name, 'GB' AS country,
       strptime(since, '%d.%m.%Y') AT TIME ZONE 'Europe/London' AS first_seen_at,
       CASE size WHEN 'L' THEN 'Enterprise' WHEN 'M' THEN 'Mid-market' ELSE 'Small business' END AS segment
FROM clients
"""
MONEY = """
SELECT 'crm:' || ref AS transaction_id, 'crm:' || client AS customer_id, to_timestamp(paid) AS occurred_at,
       pence / 100.0 AS amount, code AS currency, 'invoice' AS kind,
       CASE state WHEN 'PAID' THEN 'completed' ELSE 'pending' END AS status
FROM bills
"""

DECLARATION = Declaration(
    provider="custom_crm",
    # What cannot be mapped is told with the sync and left empty: tests/connectors/test_custom_crm.py.
    truth=(Truth("customers", PEOPLE), Truth("transactions", MONEY)),
    tables=expected,
    restate=later(1),
    delete=later(2),
    expires=False,
    earlier=timedelta(days=200),
)
