"""A twin of HubSpot's CRM 2026-09: searches that stop at 10,000, batches for history and associations, OAuth."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, later
from roastery.evals.twins.hubspot_books import OWNERS, STAGES, HomeServicesBooks, iso
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World

VERSION = "2026-09"
CLIENT = {"client_id": "hubspot-client-id", "client_secret": "hubspot-client-secret"}
CAP = 10_000
KINDS = ("contacts", "deals", "invoices", "quotes", "tickets", "products", "line_items")
REQUIRED = ("after", "filterGroups", "limit", "properties", "sorts")
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GTE": lambda a, b: a >= b,
    "LTE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "LT": lambda a, b: a < b,
    "EQ": lambda a, b: a == b,
}


def _books(world: World) -> HomeServicesBooks:
    """The company's records at the world's time; an empty company has none."""
    return HomeServicesBooks(world.now, contacts=120 if world.orders.num_rows else 0)


_BOOKS = PerWorld(_books)


class HubSpotTwin(RestTwin):
    """One account. cap: how many results a search gives at most."""

    provider: ClassVar[str] = "hubspot"
    settings: ClassVar[Mapping[str, Any]] = {
        "service_area_property": "service_area",
        "satisfaction_property": "csat",
        "requests_per_10_seconds": 20_000,
        "searches_per_second": 2_000,
    }

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.cap = CAP
        self.books = _BOOKS(control.world)
        objects, links = f"/crm/objects/{VERSION}/{{kind}}", f"/crm/associations/{VERSION}/{{kind}}/{{to}}/batch/read"
        self.open_route(f"/oauth/{VERSION}/token", lambda request, form: self._token(form))
        self.route("/crm/v3/owners", lambda request, body: self._owners())
        self.route(f"/crm/pipelines/{VERSION}/{{kind}}", lambda request, body: self._pipelines(request))
        self.route(f"{objects}/search", self._search, ("POST",))
        self.route(f"{objects}/batch/read", self._batch, ("POST",))
        self.route(objects, lambda request, body: self._list(request))
        self.route(links, self._links, ("POST",))

    def grant(self) -> Tokens:
        return Tokens("hubspot", life=1800)

    def secrets(self) -> dict[str, str]:
        return {**CLIENT, "access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}

    def error(self, status: int, message: str) -> Any:
        category = {401: "EXPIRED_AUTHENTICATION", 429: "RATE_LIMITS"}.get(status, "VALIDATION_ERROR")
        return {"status": "error", "message": message, "correlationId": "twin", "category": category}

    def throttled(self, wait: float) -> Refused:
        body = {**self.error(429, "You have reached your ten_secondly_rolling limit."),
                "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}  # fmt: skip
        return Refused(429, body, {"Retry-After": f"{wait:g}"} if wait else {})

    def headers(self) -> Mapping[str, str]:
        return {
            "X-HubSpot-RateLimit-Max": "20000",
            "X-HubSpot-RateLimit-Remaining": "19999",
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        }

    def stock(self, shelf: Shelf, world: World) -> None:
        self.books, self.cap = _BOOKS(world), CAP
        for kind, rows in self.books.rows.items():
            shelf.put(kind, [row for row in rows if not row["archived"]])
            shelf.put(f"archived/{kind}", [row for row in rows if row["archived"]])

    # Changes.

    def change(self, kind: str, number: str, at: datetime, **values: str) -> None:
        row = self.shelf.get(kind, number)
        assert row is not None
        name = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        changed = {**row["properties"], **values, name: iso(at)}
        self.shelf.put(kind, [{**row, "updatedAt": iso(at), "properties": changed}])

    def archive(self, kind: str, number: str, at: datetime) -> None:
        row = self.shelf.drop(kind, number)
        self.shelf.put(f"archived/{kind}", [{**row, "archived": True, "archivedAt": iso(at)}])

    # Requests.

    def _token(self, form: Any) -> Row:
        access, refresh = refreshed(self.tokens, form, CLIENT)
        return {"access_token": access, "refresh_token": refresh, "expires_in": 1800, "token_type": "bearer"}

    def _owners(self) -> Row:
        people = [{"id": n, "firstName": first, "lastName": last, "email": f"{first.lower()}@northgate.example",
                   "archived": False} for n, first, last in OWNERS]  # fmt: skip
        return {"results": people}

    def _pipelines(self, request: Request) -> Row:
        if request.path_params["kind"] == "tickets":
            stages = [("1", "New", "", False), ("4", "Closed", "", True)]
            return {"results": [_pipeline("0", "Support", stages)]}
        return {"results": [_pipeline("default", "Sales", STAGES)]}

    def _kind(self, request: Request) -> str:
        kind: str = request.path_params["kind"]
        if kind not in KINDS:
            raise Refused(404, self.error(404, f"Unable to infer object type from: {kind}"))
        return kind

    def _list(self, request: Request) -> Row:
        kind, query = self._kind(request), request.query_params
        rows = self.shelf.by(f"archived/{kind}" if query.get("archived") == "true" else kind, "id")
        start, limit = int(query.get("after", 0)), int(query.get("limit", 10))
        if limit > 100:
            raise Refused(400, self.error(400, "limit must be at most 100"))
        return _page([_shown(row, ()) for row in rows[start : start + limit]], start + limit, len(rows))

    def _search(self, request: Request, body: Any) -> Row:
        kind = self._kind(request)
        missing = [name for name in REQUIRED if name not in body]
        if missing or not 0 < body["limit"] <= 200:
            raise Refused(400, self.error(400, f"Some required fields were not set: {missing or ['limit']}"))
        start = int(body["after"])
        if start + body["limit"] > self.cap:
            raise Refused(400, self.error(400, f"The total number of results may not exceed {self.cap}."))
        filters = [f for group in body["filterGroups"] for f in group["filters"]]
        found = [row for row in self.shelf.all(kind) if all(_passes(row, f) for f in filters)]
        for order in reversed(body["sorts"] or [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]):
            found.sort(
                key=lambda row: (_number(row["properties"].get(order["propertyName"])), int(row["id"])),
                reverse=order["direction"] == "DESCENDING",
            )
        page = [_shown(row, body["properties"]) for row in found[start : start + body["limit"]]]
        return {"total": len(found), **_page(page, start + body["limit"], len(found))}

    def _batch(self, request: Request, body: Any) -> Row:
        kind, wanted = self._kind(request), body.get("propertiesWithHistory") or []
        if len(body["inputs"]) > (50 if wanted else 100):
            raise Refused(400, self.error(400, "Too many inputs"))
        found = []
        for asked in body["inputs"]:
            row = self.shelf.get(kind, asked["id"])
            if row is not None:
                past = {name: row["history"].get(name, []) for name in wanted}
                found.append({**_shown(row, body.get("properties") or ()), "propertiesWithHistory": past})
        return {"status": "COMPLETE", "results": found, "startedAt": iso(self.books.now),
                "completedAt": iso(self.books.now)}  # fmt: skip

    def _links(self, request: Request, body: Any) -> Row:
        links = self.books.links.get((self._kind(request), request.path_params["to"]), {})
        kinds = [{"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}]
        results = [
            {"from": {"id": asked["id"]},
             "to": [{"toObjectId": target, "associationTypes": kinds} for target in links[asked["id"]]]}
            for asked in body["inputs"]
            if asked["id"] in links
        ]  # fmt: skip
        return {"status": "COMPLETE", "results": results, "startedAt": iso(self.books.now),
                "completedAt": iso(self.books.now)}  # fmt: skip


def _pipeline(number: str, label: str, stages: Any) -> Row:
    at = iso(datetime(2024, 8, 1, tzinfo=UTC))
    return {
        "id": number, "label": label, "displayOrder": 0, "archived": False, "createdAt": at, "updatedAt": at,
        "stages": [
            {"id": name, "label": title, "displayOrder": place, "archived": False, "createdAt": at, "updatedAt": at,
             "metadata": {"isClosed": str(is_closed).lower(), **({"probability": chance} if chance else {})},
             "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT"}
            for place, (name, title, chance, is_closed) in enumerate(stages)
        ],
    }  # fmt: skip


def _shown(row: Row, names: Any) -> Row:
    always = ("hs_object_id", "createdate", "hs_lastmodifieddate", "lastmodifieddate")
    values = {name: row["properties"].get(name) for name in (*names, *always) if name in (*names, *row["properties"])}
    kept = {name: value for name, value in row.items() if name not in ("history", "properties")}
    return {**kept, "properties": values}


def _page(page: list[Row], end: int, total: int) -> Row:
    following = {"paging": {"next": {"after": str(end)}}} if end < total else {}
    return {"results": page, **following}


def _number(value: str | None) -> float:
    if not value:
        return 0.0
    try:
        return float(value)
    except ValueError:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000


def _passes(row: Row, asked: Mapping[str, str]) -> bool:
    value = row["properties"].get(asked["propertyName"])
    return value is not None and COMPARE[asked["operator"]](round(_number(value)), float(asked["value"]))


def expected(world: World) -> Mapping[str, pa.Table]:
    """Deals, bills, tickets, people and moves as the company's books have them."""
    books = _BOOKS(world)
    labels = {name: label for name, label, _, _ in STAGES}
    owners = {number: f"{first} {last}" for number, first, last in OWNERS}

    def linked(row: Row, kind: str, to: str) -> str | None:
        return next(iter(books.links.get((kind, to), {}).get(row["id"], ())), None)

    def told(kind: str, names: str, **more: Callable[[Row], Any]) -> pa.Table:
        rows = [
            {"id": row["id"], **{name: row["properties"].get(name) for name in names.split()},
             **{name: of(row) for name, of in more.items()}}
            for row in books.rows[kind] if not row["archived"]
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, pa.schema(dict.fromkeys(("id", *names.split(), *more), pa.string())))

    moves = [
        {"kind": kind, "id": row["id"], "at": step["timestamp"], "before": before, "after": step["value"]}
        for kind, rows, name in (("opportunity", books.rows["deals"], "dealstage"),
                                 ("lead", books.rows["contacts"], "lifecyclestage"))
        for row in rows
        for step, before in _steps(row["history"][name][::-1])
    ]  # fmt: skip
    for move in moves:
        move |= {name: labels.get(move[name], move[name]) for name in ("before", "after")}
    return {
        "deals": told("deals", "dealname amount createdate closedate hs_is_closed hs_is_closed_won",
                      stage=lambda r: labels[r["properties"]["dealstage"]],
                      owner=lambda r: owners[r["properties"]["hubspot_owner_id"]],
                      contact=lambda r: linked(r, "deals", "contacts")),
        "bills": told("invoices", "hs_amount_paid hs_tax_amount hs_payment_date",
                      deal=lambda r: linked(r, "invoices", "deals"),
                      contact=lambda r: linked(r, "invoices", "contacts")),
        "desk": told("tickets", "createdate first_agent_reply_date closed_date csat",
                     contact=lambda r: linked(r, "tickets", "contacts")),
        "people": told("contacts", "email phone firstname lastname createdate lifecyclestage "
                                   "hs_email_optout hs_marketable_status"),
        "moves": pa.Table.from_pylist(
            moves, pa.schema(dict.fromkeys(("kind", "id", "at", "before", "after"), pa.string()))),
    }  # fmt: skip


def _steps(history: list[Row]) -> list[tuple[Row, str | None]]:
    return [(step, history[n - 1]["value"] if n else None) for n, step in enumerate(history)]


OPPORTUNITIES = """
SELECT 'hubspot:' || id AS opportunity_id, 'hubspot:' || contact AS customer_id, dealname AS opportunity_name,
       'Sales' AS pipeline, stage, amount, 'USD' AS currency, createdate::TIMESTAMPTZ AS created_at,
       closedate::TIMESTAMPTZ AS closed_at, hs_is_closed = 'true' AS is_closed, hs_is_closed_won = 'true' AS is_won,
       owner
FROM deals
"""
SALES = """
SELECT 'hubspot:' || id AS transaction_id, 'hubspot:' || contact AS customer_id, closedate::TIMESTAMPTZ AS occurred_at,
       amount::DECIMAL(18,2) AS amount, 'deal' AS kind, 'hubspot:deal:' || id AS external_order_id
FROM deals WHERE hs_is_closed_won = 'true'
UNION ALL
SELECT 'hubspot:invoice:' || id, 'hubspot:' || contact, hs_payment_date::TIMESTAMPTZ,
       hs_amount_paid::DECIMAL(18,2) - hs_tax_amount::DECIMAL(18,2), 'invoice', 'hubspot:deal:' || deal
FROM bills
"""
TICKETS = """
SELECT 'hubspot:' || id AS ticket_id, 'hubspot:' || contact AS customer_id, createdate::TIMESTAMPTZ AS opened_at,
       first_agent_reply_date::TIMESTAMPTZ AS first_reply_at, closed_date::TIMESTAMPTZ AS resolved_at,
       CASE WHEN closed_date IS NULL THEN 'new' ELSE 'closed' END AS status, csat AS satisfaction_score
FROM desk
"""
PEOPLE = """
SELECT 'hubspot:' || id AS customer_id, email, phone, firstname AS first_name, lastname AS last_name,
       createdate::TIMESTAMPTZ AS first_seen_at, lifecyclestage AS stage,
       CASE WHEN hs_email_optout = 'true' THEN false WHEN hs_marketable_status = 'true' THEN true END
           AS marketing_consent
FROM people
"""
MOVES = """
SELECT kind AS object_type, 'hubspot:' || id AS object_id, "at"::TIMESTAMPTZ AS changed_at, "before" AS from_stage,
       "after" AS to_stage
FROM moves
"""

DECLARATION = Declaration(
    provider="hubspot",
    truth=(
        Truth("opportunities", OPPORTUNITIES),
        Truth("transactions", SALES),
        Truth("tickets", TICKETS),
        Truth("customers", PEOPLE),
        Truth("stage_changes", MOVES),
    ),
    tables=expected,
    restate=later(1),
    delete=later(2),
    drift=Drift("amount", "opportunities", "amount"),
    earlier=timedelta(days=90),
)
