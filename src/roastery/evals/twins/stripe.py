"""A twin of Stripe's API: lists newest first, created filters only, expansion on demand, events of 30 days."""

import copy
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request

from roastery.evals.twins.control import Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth
from roastery.evals.twins.rest import Refused, RestTwin, Shelf, refreshed
from roastery.evals.twins.stripe_books import FIRST, WELLNESS, WellnessBooks
from roastery.evals.twins.stripe_records import Row
from roastery.evals.twins.stripe_shop import (
    CUSTOMERS,
    REFUNDS,
    SHOP,
    TRANSACTIONS,
    customer_gone,
    event,
    paid_back_late,
    paid_orders,
    shop_books,
)
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World

VERSION = "2026-10-28.endive"
WEBHOOK_SECRET = "whsec_twin_of_stripe"
CLIENT = {"client_id": "ca_twin", "client_secret": "sk_live_twin_platform"}
BEGUN = int(FIRST.timestamp())
EVENT_SECONDS = 30 * 86400
KINDS = ("products", "prices", "customers", "charges", "refunds", "disputes", "invoices", "subscriptions", "events")
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "invoices": ("customer", "status", "subscription"),
    "subscriptions": ("customer", "status", "price"),
    "events": ("type", "types"),
    "charges": ("customer", "payment_intent"),
    "refunds": ("charge", "payment_intent"),
}
EXPANDABLE = {
    "charges": ("balance_transaction", "customer"),
    "invoices": ("payments", "customer"),
    "subscriptions": ("discounts", "discounts.source.coupon", "customer"),
}


class StripeTwin(RestTwin):
    """Two accounts behind one key: the coffee shop's, and with `Stripe-Account` the wellness company's."""

    provider: ClassVar[str] = "stripe"
    settings: ClassVar[Mapping[str, Any]] = {"requests_per_second": 5000}
    """Faster than a real account would bear, since this server answers at once."""

    def __init__(self, control: Control) -> None:
        super().__init__(control)
        self.wellness = WellnessBooks(control.world.clock.now())
        self._events = 0
        self._seen: dict[str, Row] = {}
        self._seen_at = control.world.now
        for kind in KINDS:
            self.route(f"/v1/{kind}", lambda request, body, kind=kind: self._list(request, kind))
            self.route(f"/v1/{kind}/{{number}}", lambda request, body, kind=kind: self._one(request, kind))
        self.route("/v1/account", lambda request, body: {"id": SHOP, "object": "account", "created": BEGUN})
        self.open_route("/v1/oauth/token", lambda request, form: self._token(form))

    def grant(self) -> Tokens:
        return Tokens("rk_live_stripe", life=None, rotates=True)

    def secrets(self) -> dict[str, str]:
        return {"access_token": self.tokens.access_token, "webhook_secret": WEBHOOK_SECRET}

    def error(self, status: int, message: str) -> Any:
        kind = {401: "invalid_request_error", 429: "rate_limit_error"}.get(status, "api_error")
        return {"error": {"type": kind, "message": message}}

    def stock(self, shelf: Shelf, world: World) -> None:
        self._events = 0
        books = shop_books(world)
        for kind, rows in books.items():
            shelf.put(f"{SHOP}/{kind}", rows)
        self._tell_of_the_gone(shelf, books["customers"], world)
        self.wellness = WellnessBooks(world.clock.now())
        for kind, rows in self.wellness.books.items():
            shelf.put(f"{WELLNESS}/{kind}", copy.deepcopy(rows))

    def _tell_of_the_gone(self, shelf: Shelf, people: list[Row], world: World) -> None:
        """An event for each customer who was there before and is not in a world of the same time or later."""
        there = {row["id"]: row for row in people}
        if world.now >= self._seen_at:
            gone = [row for number, row in self._seen.items() if number not in there]
            at = int(world.now.timestamp())
            shelf.put(f"{SHOP}/events", [event(f"evt_gone_{r['id']}", "customer.deleted", at, r) for r in gone])
        self._seen, self._seen_at = there, world.now

    # Changes, each with the event that Stripe would keep of it.

    def change(self, account: str, kind: str, row: Row, event: str, created: int | None = None) -> Row:
        """Put a record and its event; gives the event."""
        self.shelf.put(f"{account}/{kind}", [row])
        return self._note(account, row, event, created)

    def remove(self, account: str, kind: str, number: str, event: str) -> Row:
        return self._note(account, self.shelf.drop(f"{account}/{kind}", number), event, None)

    def _note(self, account: str, row: Row, event: str, created: int | None) -> Row:
        self._events += 1
        made = {
            "id": f"evt_{self._events:06}",
            "object": "event",
            "type": event,
            "created": created or int(self.now),
            "livemode": True,
            "api_version": "2023-08-16",
            "data": {"object": self._shown(row, "", ())},
        }
        self.shelf.put(f"{account}/events", [made])
        return made

    # Requests.

    def _token(self, form: Any) -> Row:
        access, refresh = refreshed(self.tokens, form, CLIENT)
        return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "livemode": True}

    def _account(self, request: Request) -> str:
        return request.headers.get("stripe-account", SHOP)

    def _one(self, request: Request, kind: str) -> Row:
        expand = self._expanded(request, kind, "")
        number = request.path_params["number"]
        row = self.shelf.get(f"{self._account(request)}/{kind}", number)
        if row is None:
            message = f"No such {kind.removesuffix('s')}: '{number}'"
            raise Refused(404, {"error": {"type": "invalid_request_error", "code": "resource_missing",
                                          "message": message}})  # fmt: skip
        return self._shown(row, kind, expand)

    def _list(self, request: Request, kind: str) -> Row:
        query = request.query_params
        self._check(query, kind)
        expand = self._expanded(request, kind, "data.")
        rows = self.shelf.by(f"{self._account(request)}/{kind}", "created", "id")
        low, high = self._bounds(query, kind, rows)
        after = query.get("starting_after")
        if after:
            last = self.shelf.get(f"{self._account(request)}/{kind}", after)
            if last is None:
                raise Refused(400, self.error(400, f"No such object: '{after}'"))
            high = min(high, bisect_left(rows, (last["created"], last["id"]), key=lambda r: (r["created"], r["id"])))
        limit = int(query.get("limit", 10))
        wanted: list[Row] = []
        position = high
        while position > low and len(wanted) <= limit:
            position -= 1
            if self._matches(rows[position], query, kind):
                wanted.append(rows[position])
        page = wanted[:limit]
        data = [self._shown(row, kind, expand) for row in page]
        return {"object": "list", "url": f"/v1/{kind}", "has_more": len(wanted) > limit, "data": data}

    def _check(self, query: Mapping[str, str], kind: str) -> None:
        known = {"created", "limit", "starting_after", "ending_before", "expand", *PARAMETERS.get(kind, ())}
        for name in query:
            if name.split("[")[0] not in known:
                raise Refused(400, {"error": {"type": "invalid_request_error", "code": "parameter_unknown",
                                              "message": f"Received unknown parameter: {name}"}})  # fmt: skip
        if not 1 <= int(query.get("limit", 10)) <= 100:
            raise Refused(400, {"error": {"type": "invalid_request_error", "message": "Invalid limit"}})

    def _expanded(self, request: Request, kind: str, prefix: str) -> tuple[str, ...]:
        asked = [value for name, value in request.query_params.multi_items() if name.startswith("expand")]
        for path in asked:
            if path.count(".") > 3 or path.removeprefix(prefix) not in EXPANDABLE.get(kind, ()):
                raise Refused(400, self.error(400, f"This property cannot be expanded ({path})."))
        return tuple(path.removeprefix(prefix) for path in asked)

    def _bounds(self, query: Mapping[str, str], kind: str, rows: list[Row]) -> tuple[int, int]:
        low, high = 0, len(rows)
        for name, value in query.items():
            bound = re.fullmatch(r"created\[(gte|gt|lte|lt)\]", name)
            if not bound:
                continue
            at = int(value)
            place = (bisect_left if bound[1] in ("gte", "lt") else bisect_right)(rows, at, key=lambda r: r["created"])
            low, high = (max(low, place), high) if bound[1] in ("gte", "gt") else (low, min(high, place))
        if kind == "events":
            low = max(low, bisect_left(rows, self.now - EVENT_SECONDS, key=lambda r: r["created"]))
        return low, high

    def _matches(self, row: Row, query: Mapping[str, str], kind: str) -> bool:
        if kind == "events":
            types = [value for name, value in query.items() if name.split("[")[0] in ("type", "types")]
            return not types or any(_fits(row["type"], pattern) for pattern in types)
        if kind == "subscriptions" and query.get("status") != "all":
            # Those that have ended are left out unless asked for.
            return row["status"] != "canceled" and query.get("status") in (None, row["status"])
        return all(row.get(name) == query[name] for name in ("customer", "charge", "payment_intent") if name in query)

    def _shown(self, row: Row, kind: str, expand: tuple[str, ...]) -> Row:
        """A record with what is expandable collapsed to ids, unless it was asked for."""
        shown = dict(row)
        if row["object"] == "charge" and "balance_transaction" not in expand and row["balance_transaction"]:
            shown["balance_transaction"] = row["balance_transaction"]["id"]
        if row["object"] == "invoice" and "payments" not in expand:
            shown.pop("payments", None)
        if row["object"] == "subscription" and not any(path.startswith("discounts") for path in expand):
            shown["discounts"] = [discount["id"] for discount in row["discounts"]]
        return shown


def _fits(kind: str, pattern: str) -> bool:
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern


DECLARATION = Declaration(
    provider="stripe",
    truth=(
        Truth("transactions", TRANSACTIONS),
        Truth("refunds", REFUNDS),
        Truth("customers", CUSTOMERS),
    ),
    tables=lambda world: {"paid": paid_orders(world)},
    quick={"page_limit": 20},
    restate=paid_back_late,
    delete=customer_gone,
    drift=Drift("amount_captured", "transactions", "amount", unknown_kept=False, from_elsewhere=("refunds",)),
)
