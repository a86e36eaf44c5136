"""A twin of Square's API: payments of one location only unless told, order searches of ten, PKCE tokens that rotate."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth, later
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.rest import Refused, RestTwin, Row, Shelf, refreshed
from roastery.evals.twins.square_books import MENU, BurgerBooks, iso
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World

CLIENT = {"client_id": "sq0idp-twin"}
WEBHOOK_SECRET = "square-webhook-key"
MAIN = "L00"


def _books(world: World) -> BurgerBooks:
    """The chain's books at the world's time; an empty company has none."""
    return BurgerBooks(world.now, orders=240 if world.orders.num_rows else 0)


_BOOKS = PerWorld(_books)


class SquareTwin(RestTwin):
    """One seller with twelve locations, its access given by PKCE."""

    provider: ClassVar[str] = "square"
    settings: ClassVar[Mapping[str, Any]] = {"requests_per_second": 5000}

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.books = _BOOKS(control.world)
        self.open_route("/oauth2/token", lambda request, body: self._token(body))
        self.route("/v2/locations", lambda request, body: {"locations": self.shelf.by("locations", "id")})
        self.route("/v2/catalog/search", self._catalog, ("POST",))
        self.route("/v2/customers/search", self._customers, ("POST",))
        self.route("/v2/orders/search", self._orders, ("POST",))
        self.route("/v2/payments", lambda request, body: self._paid(request, "payments"))
        self.route("/v2/refunds", lambda request, body: self._paid(request, "refunds"))
        self.route("/v2/inventory/counts/batch-retrieve", self._counts, ("POST",))

    def grant(self) -> Tokens:
        return Tokens("square", life=30 * 86400.0, rotates=True)

    def secrets(self) -> dict[str, str]:
        return {**CLIENT, "access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token,
                "webhook_secret": WEBHOOK_SECRET}  # fmt: skip

    def error(self, status: int, message: str) -> Any:
        code = {401: "ACCESS_TOKEN_EXPIRED", 429: "RATE_LIMITED"}.get(status, "BAD_REQUEST")
        category = {401: "AUTHENTICATION_ERROR", 429: "RATE_LIMIT_ERROR"}.get(status, "INVALID_REQUEST_ERROR")
        return {"errors": [{"category": category, "code": code, "detail": message}]}

    def stock(self, shelf: Shelf, world: World) -> None:
        self.books = _BOOKS(world)
        for kind, rows in self.books.rows.items():
            if kind == "counts":
                rows = [{**row, "key": f"{row['catalog_object_id']}:{row['location_id']}"} for row in rows]
            shelf.put(kind, rows, "key" if kind == "counts" else "id")

    def change(self, kind: str, number: str, at: datetime, **values: Any) -> None:
        row = self.shelf.get(kind, number)
        assert row is not None
        self.shelf.put(kind, [{**row, **values, "updated_at": iso(at)}])

    # Requests.

    def _token(self, body: Any) -> Row:
        access, refresh = refreshed(self.tokens, body, CLIENT)
        now = self.control.world.clock.now()
        return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "merchant_id": "M1",
                "expires_at": iso(now + timedelta(days=30)), "short_lived": False,
                "refresh_token_expires_at": iso(now + timedelta(days=90))}  # fmt: skip

    def _catalog(self, request: Request, body: Any) -> Row:
        since = body.get("begin_time", "")
        rows = [row for row in self.shelf.by("catalog", "id") if row["type"] in body["object_types"]]
        rows = [row for row in rows if row["updated_at"] > since]
        if not body.get("include_deleted_objects"):
            rows = [row for row in rows if not row["is_deleted"]]
        latest = max((row["updated_at"] for row in self.shelf.all("catalog")), default="")
        return {"latest_time": latest, **_page(rows, "objects", body)}

    def _customers(self, request: Request, body: Any) -> Row:
        query = body.get("query", {})
        rows = _within(self.shelf.by("customers", "created_at", "id"), query.get("filter", {}).get("updated_at", {}))
        if query.get("sort", {}).get("order") == "DESC":
            rows = rows[::-1]
        return _page(rows, "customers", body)

    def _orders(self, request: Request, body: Any) -> Row:
        places = body.get("location_ids", [])
        if not 0 < len(places) <= 10:
            raise Refused(400, self.error(400, "location_ids must have between 1 and 10 elements."))
        sort, times = body["query"]["sort"], body["query"].get("filter", {}).get("date_time_filter", {})
        if times and sort["sort_field"].lower() not in times:
            raise Refused(400, self.error(400, "sort_field must match the date_time_filter."))
        rows = [row for row in self.shelf.by("orders", "updated_at", "id") if row["location_id"] in places]
        rows = _within(rows, times.get("updated_at", {}))
        return _page(rows[::-1] if sort["sort_order"] == "DESC" else rows, "orders", body)

    def _paid(self, request: Request, kind: str) -> Row:
        query = request.query_params
        rows = self.shelf.by(kind, "updated_at" if query.get("sort_field") == "UPDATED_AT" else "created_at", "id")
        # Without a location, payments are the main one's only, while refunds are everybody's.
        place = query.get("location_id") or (MAIN if kind == "payments" else None)
        rows = [row for row in rows if place is None or row["location_id"] == place]
        rows = _within(rows, {"start_at": query.get("updated_at_begin_time", ""),
                              "end_at": query.get("updated_at_end_time", "9")})  # fmt: skip
        if not query.get("begin_time"):
            # By default a year back.
            year = iso(self.control.world.clock.now() - timedelta(days=365))
            rows = [row for row in rows if row["created_at"] >= year]
        if query.get("sort_order", "DESC") == "DESC":
            rows = rows[::-1]
        return _page(rows, kind, {"limit": min(100, int(query.get("limit", 100))), "cursor": query.get("cursor")})

    def _counts(self, request: Request, body: Any) -> Row:
        rows = [row for row in self.shelf.by("counts", "key") if row["state"] in body["states"]]
        return _page([{n: v for n, v in row.items() if n != "key"} for row in rows], "counts", body)


def _within(rows: list[Row], times: Mapping[str, str]) -> list[Row]:
    low, high = times.get("start_at") or "", times.get("end_at") or "9"
    return [row for row in rows if low <= row["updated_at"] <= high]


def _page(rows: list[Row], name: str, body: Mapping[str, Any]) -> Row:
    """A page by cursor; an empty one has no list at all, as Square's."""
    start, limit = int(body.get("cursor") or 0), int(body.get("limit") or 500)
    page, end = rows[start : start + limit], start + limit
    return {**({name: page} if page else {}), **({"cursor": str(end)} if end < len(rows) else {})}


def expected(world: World) -> Mapping[str, pa.Table]:
    """The chain's sales, refunds, menu and guests as its books have them."""
    books = _BOOKS(world)
    sales = [
        {"id": row["id"], "at": row["closed_at"], "state": row["state"], "place": row["location_id"],
         **dict(zip(("amount", "refunded", "fee", "guest", "_", "channel"), books.all[f"square:{row['id']}"],
                    strict=True))}
        for row in books.rows["orders"] if "line_items" in row
    ]  # fmt: skip
    back = [{"id": row["id"], "at": row["created_at"],
             "order": _order_of(books, row["payment_id"])}
            for row in books.rows["refunds"]]  # fmt: skip
    gone = {row["id"] for row in books.rows["catalog"] if row["is_deleted"]}
    there = {row["id"] for row in books.rows["catalog"]} - gone
    menu = [{"id": f"V{n}", "name": name, "category": category, "price": price, "cost": cost}
            for n, (name, category, price, cost) in enumerate(MENU) if f"V{n}" in there]  # fmt: skip
    money = dict.fromkeys(("amount", "refunded", "fee"), pa.decimal128(18, 6))
    return {
        "till_sales": pa.Table.from_pylist(sales, _texts("id", "at", "state", "place", "guest", "channel", **money)),
        "till_refunds": pa.Table.from_pylist(back, _texts("id", "at", "order")),
        "menu": pa.Table.from_pylist(menu, _texts("id", "name", "category", price=pa.int64(), cost=pa.int64())),
        "guests": pa.Table.from_pylist(
            [{**row, "refused": str(row["preferences"]["email_unsubscribed"])} for row in books.rows["customers"]],
            _texts("id", "created_at", "given_name", "family_name", "email_address", "phone_number", "refused"),
        ),
    }


def _texts(*names: str, **more: pa.DataType) -> pa.Schema:
    return pa.schema(dict.fromkeys(names, pa.string()) | more)


def _order_of(books: BurgerBooks, payment: str) -> str:
    return next(str(row["order_id"]) for row in books.rows["payments"] if row["id"] == payment)


SALES = """
SELECT 'square:' || id AS transaction_id, guest AS customer_id, "at"::TIMESTAMPTZ AS occurred_at, amount,
       refunded AS refunded_amount, fee AS fee_amount, 'USD' AS currency, 'order' AS kind,
       CASE state WHEN 'CANCELED' THEN 'cancelled' ELSE 'completed' END AS status,
       channel AS sales_channel, 'square:' || place AS location_id, id AS external_order_id
FROM till_sales
"""
REFUNDS = """
SELECT 'square:' || r.id AS refund_id, 'square:' || r."order" AS transaction_id, r."at"::TIMESTAMPTZ AS refunded_at,
       s.amount, 'USD' AS currency
FROM till_refunds r JOIN till_sales s ON s.id = r."order"
"""
PRODUCTS = """
SELECT 'square:' || id AS product_id, name AS product_name, category, price / 100.0 AS price, cost / 100.0 AS unit_cost,
       'USD' AS currency
FROM menu
"""
GUESTS = """
SELECT 'square:' || id AS customer_id, given_name AS first_name, family_name AS last_name, email_address AS email,
       phone_number AS phone, created_at::TIMESTAMPTZ AS first_seen_at, 'US' AS country,
       CASE WHEN refused = 'True' THEN false END AS marketing_consent
FROM guests
"""

DECLARATION = Declaration(
    provider="square",
    # Stock is a photograph of each day of a sync.
    truth=(
        Truth("transactions", SALES),
        Truth("refunds", REFUNDS),
        Truth("products", PRODUCTS),
        Truth("customers", GUESTS),
    ),
    tables=expected,
    quick={"order_page": 40},
    restate=later(1),
    delete=later(2),
    drift=Drift("closed_at", "transactions", "occurred_at", missing_fails=False),
    earlier=timedelta(days=60),
)
