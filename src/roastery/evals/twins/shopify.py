"""A twin of Shopify's Admin GraphQL API 2026-10: cost and throttling in the body, tokens of an hour that rotate."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import orjson
import pyarrow.compute as pc
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roastery.evals.twins import shop_schema
from roastery.evals.twins.answers import cut_off, html_page
from roastery.evals.twins.control import Asked, Control
from roastery.evals.twins.declaration import Declaration, Drift, Truth
from roastery.evals.twins.graphql import Document, GraphQLError
from roastery.evals.twins.graphql_engine import Compiler, Schema, cost
from roastery.evals.twins.kept import PerWorld
from roastery.evals.twins.shop_index import ShopIndex
from roastery.evals.twins.tokens import Tokens
from roastery.evals.world import World
from roastery.evals.world.company import MYSHOPIFY_DOMAIN

VERSION = "2026-10"
CLIENT = {"client_id": "shopify-client-id", "client_secret": "shopify-client-secret"}
MOST_COST = 1000.0
BUCKET = 20_000.0
RESTORE_RATE = 1000.0
SCOPES = ("read_all_orders", "read_customers", "read_inventory", "read_orders", "read_products")


class ShopifyTwin:
    """One shop behind one app's offline token."""

    provider: ClassVar[str] = "shopify"
    settings: ClassVar[Mapping[str, Any]] = {"shop": MYSHOPIFY_DOMAIN, "order_page": 250, "customer_page": 250}
    """Larger slices and pages than a real account would bear, since this server answers at once."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.tokens = Tokens("shopify", rotates=True)
        self.scopes = list(SCOPES)
        self._served: World | None = None
        self._schema: Schema = {}
        self._documents: dict[str, Document] = {}
        self.routes = [
            Route("/admin/oauth/access_token", self._token, methods=["POST"]),
            Route(f"/admin/api/{VERSION}/graphql.json", self._answer, methods=["POST"]),
        ]

    def secrets(self) -> dict[str, str]:
        grant = {"access_token": self.tokens.access_token, "refresh_token": self.tokens.refresh_token}
        return {**grant, **CLIENT}

    async def _token(self, request: Request) -> Response:
        is_json = request.headers.get("content-type", "").startswith("application/json")
        form: Any = await request.json() if is_json else await request.form()
        self.control.meet(Asked("shopify", "token"))
        if any(form.get(name) != value for name, value in CLIENT.items()):
            return JSONResponse({"error": "invalid_client"}, 401)
        fresh = self.tokens.refresh(str(form.get("refresh_token", "")))
        if form.get("grant_type") != "refresh_token" or fresh is None:
            return JSONResponse({"error": "invalid_grant", "error_description": "The refresh token is not valid."}, 400)
        return JSONResponse(
            {
                "access_token": fresh[0],
                "expires_in": 3600,
                "refresh_token": fresh[1],
                "refresh_token_expires_in": 7_776_000,
                "scope": ",".join(self.scopes),
            }
        )

    async def _answer(self, request: Request) -> Response:
        body = json.loads(await request.body() or b"{}")
        text, variables = str(body.get("query", "")), body.get("variables") or {}
        try:
            document = self._parse(text)
        except GraphQLError as error:
            return JSONResponse({"errors": [_error(error)]})
        asked = Asked("shopify", document.operation.name, variables)
        fault, wait = self.control.meet(asked) or (None, 0.0)
        if fault == "expire_token":
            self.tokens.expire()
        if not self.tokens.accepts(request.headers.get("x-shopify-access-token", "")):
            said = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": said}, 401)
        if fault == "html":
            return html_page()
        if fault == "server_error":
            said = {"message": "Internal error. Looks like something went wrong on our end.",
                    "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": "twin-request"}}  # fmt: skip
            return JSONResponse({"errors": [said]})
        answer = self._run(document, variables, fault, wait)
        return cut_off(answer) if fault == "cut_off" else Response(answer, media_type="application/json")

    def _parse(self, text: str) -> Document:
        if text not in self._documents:
            self._documents[text] = Document.parse(text)
        return self._documents[text]

    def _run(self, document: Document, variables: dict[str, Any], fault: str | None, wait: float) -> bytes:
        if self._served is not self.control.world:
            self._served = self.control.world
            self._schema = shop_schema.build(_INDEX(self._served), lambda: self.scopes)
        selections = document.operation.selections
        try:
            bound = document.bind(variables)
            asked = round(cost(self._schema, "QueryRoot", selections, bound), 1)
            if asked > MOST_COST or fault == "too_much_data":
                said = f"Query cost is {asked:g}, which exceeds the single query max cost limit ({MOST_COST:g})."
                raise GraphQLError(said, "MAX_COST_EXCEEDED", cost=asked, maxCost=MOST_COST)
            if fault == "throttle":
                left = asked - wait * RESTORE_RATE
                throttled = [_error(GraphQLError("Throttled", "THROTTLED"))]
                return _body("errors", throttled, asked, None, left)
            data = Compiler(self._schema, bound).write("QueryRoot", selections)({})
        except GraphQLError as error:
            return json.dumps({"errors": [_error(error)]}).encode()
        return _body("data", data, asked, asked, BUCKET - asked)


_INDEX = PerWorld(ShopIndex)


def _body(name: str, value: Any, asked: float, actual: float | None, left: float) -> bytes:
    """The answer with its cost; the bucket refills faster than anyone can ask, but for a throttled answer."""
    status = {"maximumAvailable": BUCKET, "currentlyAvailable": left, "restoreRate": RESTORE_RATE}
    spent = {"requestedQueryCost": asked, "actualQueryCost": actual, "throttleStatus": status}
    return orjson.dumps({name: value, "extensions": {"cost": spent}})


def _error(error: GraphQLError) -> dict[str, Any]:
    return {"message": str(error), "locations": [{"line": 1, "column": 1}], "extensions": error.extensions}


TRANSACTIONS = """
SELECT 'shopify:' || order_id AS transaction_id, 'shopify:' || customer_id AS customer_id, occurred_at, amount,
       refunded_amount, currency, 'order' AS kind, status, is_test, sales_channel, 'shopify' AS source_system,
       order_id AS external_order_id, coupon_code, 'shopify:' || location_id AS location_id, discount_amount,
       tax_amount, shipping_amount
FROM orders
"""
LINES = """
SELECT 'shopify:' || order_id AS transaction_id, line_no, 'shopify:' || l.product_id AS product_id, quantity,
       unit_price, discount_amount, unit_cost
FROM order_lines l JOIN products p USING (product_id) WHERE NOT p.is_gift_card
"""
REFUNDS = """
SELECT 'shopify:' || refund_id AS refund_id, 'shopify:' || order_id AS transaction_id, refunded_at, amount
FROM refunds
"""
CUSTOMERS = """
SELECT 'shopify:' || customer_id AS customer_id, email, first_name, last_name, country, marketing_consent,
       source_order_count
FROM customers
"""


def last_order_deleted(world: World) -> World:
    """The latest order is deleted in the shop, with all that hangs on it."""
    gone = pc.max(world.orders["order_id"])
    kept = {name: getattr(world, name).filter(pc.field("order_id") != gone) for name in ("orders", "order_lines")}
    refunds = world.refunds.filter(pc.field("order_id") == gone)["refund_id"]
    lines = world.refund_lines.filter(~pc.field("refund_id").isin(refunds.to_pylist()))
    return replace(world, **kept, refunds=world.refunds.filter(pc.field("order_id") != gone), refund_lines=lines)


DECLARATION = Declaration(
    provider="shopify",
    truth=(
        Truth("transactions", TRANSACTIONS),
        Truth("transaction_lines", LINES),
        Truth("refunds", REFUNDS),
        Truth("customers", CUSTOMERS),
    ),
    quick={"order_page": 50, "customer_page": 50, "deletion_hours": 0},
    because="Shopify's records change by themselves only with events",
    delete=last_order_deleted,
    drift=Drift("processedAt", "transactions", "occurred_at"),
)
