"""Reading Shopify: which pages are asked for, in which order, and where the next sync goes on."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.changes import Ask, Reading, changed_records
from roastery.connectors.errors import AbortSync
from roastery.connectors.graphql import GraphQL, Node
from roastery.connectors.http import Reply
from roastery.connectors.links import without_addresses
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.reports import DAY, today_in
from roastery.connectors.sources.shopify.deletions import RECENT_ORDERS, Deletions, marks, told
from roastery.connectors.sources.shopify.documents import (
    DOCUMENTS,
    FEW,
    MORE_FULFILLMENTS,
    MORE_LINES,
    MORE_MOMENTS,
    MORE_PAYMENTS,
    MORE_REFUND_LINES,
    MORE_REFUNDS,
    MORE_VARIANTS,
    SCOPES,
    SHOP,
)
from roastery.connectors.sources.shopify.fills import FILLS
from roastery.connectors.sweeping import Listed
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import SignedBody

TITLE = "Shopify"
TOKEN_HEADER = HeaderStyle("X-Shopify-Access-Token", "")
FULL_READ_EVERY = timedelta(hours=24)
"""A change of cost does not always touch its product, so now and then all products are read again."""


def numbered(record: Record) -> str:
    return str(record["legacyResourceId"])


class Shopify:
    """One shop's Admin API."""

    provider: ClassVar[str] = "shopify"
    title: ClassVar[str] = TITLE
    default_base_url: ClassVar[str] = "https://{shop}.myshopify.com"
    required_settings: ClassVar[tuple[str, ...]] = ("shop",)
    required_secrets: ClassVar[tuple[str, ...]] = ("access_token",)
    optional_settings: ClassVar[Mapping[str, str]] = {
        "order_page": "Orders a page, halved by itself where Shopify finds it too costly; 50.",
        "customer_page": "Customers a page; 200.",
        "product_page": "Products a page; 50.",
        "deletion_hours": "How often orders that were deleted in the shop are looked for; 24. Webhooks tell at once.",
        "deletion_days": "How old orders may be to be looked for so often; 365.",
        "full_deletion_days": "How often all orders, customers and products are held against what the shop has; 7.",
        "token_url": "Where access is refreshed, where it is not the shop's own address.",
        "api_version": "Version of the Admin API; 2026-10.",
    }
    optional_secrets: ClassVar[Mapping[str, str]] = {
        "refresh_token": "Refreshes an access that ends after an hour, with client_id and client_secret.",
        "client_id": "The app's client id.",
        "client_secret": "The app's client secret; it also verifies webhooks.",
    }
    resources: ClassVar[tuple[Resource, ...]] = (
        Resource("shop", key=lambda r: r["id"]),
        Resource("products", key=numbered),
        Resource(
            "customers",
            key=numbered,
            personal={
                "firstName": "name",
                "lastName": "name",
                "defaultEmailAddress.emailAddress": "email",
                "defaultPhoneNumber.phoneNumber": "phone",
            },
        ),
        Resource("orders", key=numbered, depends_on=("shop",), expects=("processedAt", "subtotalPriceSet")),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = FILLS
    webhook: ClassVar[SignedBody] = SignedBody(
        "X-Shopify-Hmac-Sha256", "base64", id_header="X-Shopify-Webhook-Id", topic_header="X-Shopify-Topic"
    )
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("orders/create", "orders/updated", "orders/paid", "orders/cancelled"), ("orders",)),
        **dict.fromkeys(("refunds/create", "fulfillments/create", "fulfillments/update"), ("orders",)),
        **dict.fromkeys(("customers/create", "customers/update"), ("customers",)),
        **dict.fromkeys(("products/create", "products/update"), ("products",)),
    }
    """A delivery says what to read again; its own body is of another shape and is not landed, but for deletions."""

    def __init__(self, access: Access) -> None:
        settings = access.settings
        shop = str(settings.get("shop", "")).removeprefix("https://").rstrip("/").removesuffix(".myshopify.com")
        base_url = (access.connection.base_url or self.default_base_url.format(shop=shop)).rstrip("/")
        grant = Grant(TITLE, str(settings.get("token_url") or f"{base_url}/admin/oauth/access_token"), TOKEN_HEADER, {})
        rotates = bool(access.secret("refresh_token"))
        bucket = access.bucket(Rate(per_second=100, burst=2000))
        self._sizes = {
            "orders": whole_number(TITLE, settings, "order_page", 50),
            "customers": whole_number(TITLE, settings, "customer_page", 200),
            "products": whole_number(TITLE, settings, "product_page", 50),
        }
        self.http = access.client(
            TITLE,
            base_url,
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness, access.egress)
            if rotates
            else FixedToken(access.connection, access.tokens, style=TOKEN_HEADER),
            self._judge,
            (bucket,),
        )
        version = settings.get("api_version", "2026-10")
        self._api = GraphQL(self.http, f"admin/api/{version}/graphql.json", bucket)
        self._deletions = Deletions(
            self._api,
            recent=timedelta(hours=whole_number(TITLE, settings, "deletion_hours", 24, least=0)),
            reach=DAY * whole_number(TITLE, settings, "deletion_days", 365),
            full=DAY * whole_number(TITLE, settings, "full_deletion_days", 7, least=0),
        )

    def pages(self, resource: Resource, cursor: Cursor, until: datetime) -> Iterator[Page]:
        read = {"shop": self._shops, "products": self._products, "customers": self._customers, "orders": self._orders}
        self._api.notices.clear()
        last = cursor
        for page in read[resource.name](cursor, until):
            last = page.cursor
            yield page
        for notice in self._api.notices:
            yield Page((), last, notice=notice)

    def _shops(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        yield Page([self._shop], cursor, progress=1.0)

    def _products(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        read_at, known = cursor.state.get("full_at"), marks(cursor, until)
        if read_at and until - datetime.fromisoformat(read_at) >= FULL_READ_EVERY:
            cursor, read_at = Cursor(), None
        for records, reading in self._changed("products", cursor):
            state = {**reading.state(), **known, "full_at": read_at or until.isoformat()}
            yield Page(records, Cursor(state), progress=self._share(reading, until))

    def _customers(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        known = marks(cursor, until)
        for records, reading in self._changed("customers", cursor):
            yield Page(records, Cursor({**reading.state(), **known}), progress=self._share(reading, until))

    def _orders(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        all_orders, known = self._may_read_all_orders(), marks(cursor, until)
        if all_orders and cursor.state.get("all_orders") is False:
            cursor = Cursor()  # The shop has widened our access: its older orders are still to be read.
        yesterday = today_in(self._shop["ianaTimezone"], until, TITLE) - DAY
        first: str | None = cursor.state.get("first_order_at")
        since: str | None = cursor.state.get("history_since")
        state = dict(cursor.state)
        is_first = not state
        for records, reading in self._changed("orders", cursor):
            first = min([r["createdAt"] for r in records] + ([first] if first else []), default=None)
            seen = {"all_orders": all_orders, "first_order_at": first, "history_since": since}
            state = {**reading.state(), **known, **seen}
            # In a first sync, newest first, all orders after the oldest change seen are there.
            so_far = self._day(reading.oldest.isoformat()) + DAY if reading.oldest else None
            is_known = is_first and so_far is not None and so_far <= yesterday
            yield Page(
                records,
                Cursor(state),
                progress=self._share(reading, until),
                complete_through=yesterday if is_known else None,
                history_since=so_far if is_known else None,
            )
        whole = since or self._history_since(first, all_orders, until).isoformat()
        state["history_since"] = whole
        yield Page(
            (),
            Cursor(state),
            progress=1.0,
            complete_through=yesterday,
            history_since=date.fromisoformat(whole),
            notice=None
            if all_orders
            else f"{TITLE} gives this connection only the orders of the last 60 days: "
            f"history begins on {whole}. With the read_all_orders scope it would be complete. Of older orders that "
            "are deleted only webhooks tell.",
        )

    # Deletions.

    def deleted(self, topic: str, body: bytes) -> Sequence[tuple[Resource, Page]]:
        return told(topic, body, self.resources)

    def still_listed(self, resource: Resource, cursor: Cursor, until: datetime) -> Listed | None:
        return self._deletions.still_listed(resource, cursor, until)

    def gone(self, resource: Resource, keys: Sequence[str]) -> Sequence[str]:
        return self._deletions.gone(resource, keys)

    def _history_since(self, first_order_at: str | None, all_orders: bool, until: datetime) -> date:
        """The first day since when no order is missing: the shop's own beginning, or 60 days back."""
        if not all_orders:
            return self._day((until - RECENT_ORDERS).isoformat()) + DAY
        return min(self._day(at) for at in (self._shop["createdAt"], first_order_at) if at)

    def _day(self, at: str) -> date:
        """The shop's day of an instant."""
        return today_in(self._shop["ianaTimezone"], datetime.fromisoformat(at), TITLE)

    def _share(self, reading: Reading, until: datetime) -> float | None:
        """How much of the shop's life has been read."""
        if reading.oldest is None:
            return 1.0 if reading.is_whole else None
        life = until - datetime.fromisoformat(self._shop["createdAt"])
        return min(1.0, (until - reading.oldest) / life) if life > timedelta() else None

    def _may_read_all_orders(self) -> bool:
        scopes = self._api.ask(SCOPES)["currentAppInstallation"]["accessScopes"]
        return any(scope["handle"] == "read_all_orders" for scope in scopes)

    @cached_property
    def _shop(self) -> Node:
        shop: Node = self._api.ask(SHOP)["shop"]
        return shop

    # Records by change, each read to the end of its nested lists.

    def _changed(self, root: str, cursor: Cursor) -> Iterator[tuple[list[Record], Reading]]:
        def fetch(ask: Ask) -> Iterator[list[Record]]:
            query = None
            if ask.since or ask.up_to:
                bound = f">='{ask.since:%Y-%m-%dT%H:%M:%SZ}'" if ask.since else f"<='{ask.up_to:%Y-%m-%dT%H:%M:%SZ}'"
                query = f"updated_at:{bound}"
            document, size = DOCUMENTS[root], self._sizes[root]
            for nodes in self._api.walk(document, root, size, query=query, reverse=ask.newest_first):
                for node in nodes:
                    self._complete(root, node)
                yield list[Record](nodes)

        yield from changed_records(cursor, fetch, lambda record: datetime.fromisoformat(record["updatedAt"]))

    def _complete(self, root: str, node: Node) -> None:
        if root == "orders":
            self._complete_order(node)
        elif root == "products":
            self._drain(node["variants"], MORE_VARIANTS, node["id"], "product", "variants")

    def _complete_order(self, order: Node) -> None:
        self._drain(order["lineItems"], MORE_LINES, order["id"], "order", "lineItems")
        journey = order.get("customerJourneySummary")
        if journey and journey.get("moments"):
            self._drain(journey["moments"], MORE_MOMENTS, order["id"], "order", "customerJourneySummary", "moments")
            for moment in journey["moments"]["nodes"]:
                for name in ("landingPage", "referrerUrl"):
                    if moment.get(name):
                        moment[name] = without_addresses(moment[name])
        lists = {"refunds": MORE_REFUNDS, "fulfillments": MORE_FULFILLMENTS, "transactions": MORE_PAYMENTS}
        for name, document in lists.items():
            if len(order.get(name) or ()) >= FEW:
                order[name] = self._api.ask(document, id=order["id"])["order"][name]
        for refund in order.get("refunds") or ():
            self._drain(refund["refundLineItems"], MORE_REFUND_LINES, refund["id"], "refund", "refundLineItems")

    def _drain(self, connection: Node, document: str, of: str, *path: str) -> None:
        def more(after: str) -> Node | None:
            part: Node | None = self._api.ask(document, id=of, after=after)
            for step in path:
                part = part.get(step) if part else None
            return part

        self._api.drain(connection, more)

    def _judge(self, reply: Reply) -> None:
        if reply.status in (402, 404, 423):
            raise AbortSync(f"{TITLE} has no open shop at this address ({reply.status}). Check the connection's shop.")
        self._api.judge(reply)
