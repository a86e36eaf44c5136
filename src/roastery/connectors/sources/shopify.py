"""Shopify: orders with their lines, refunds, journeys and parcels, customers and products.

Facts: Admin GraphQL 2026-10; money of the shop as decimal strings; offline tokens of an hour whose refresh rotates;
limits in points per second; without read_all_orders only the orders of the last 60 days are given.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import ClassVar

from roastery.connectors.access import Access, whole_number
from roastery.connectors.base import ContractSql, Cursor, Page, Record, Resource
from roastery.connectors.changes import Ask, Reading, changed_records
from roastery.connectors.errors import AbortSync
from roastery.connectors.graphql import GraphQL, Node
from roastery.connectors.http import Reply
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.connectors.reports import DAY, today_in
from roastery.connectors.throttle import Rate
from roastery.connectors.webhooks import SignedBody

TITLE = "Shopify"
TOKEN_HEADER = HeaderStyle("X-Shopify-Access-Token", "")
RECENT_ORDERS = timedelta(days=60)
FULL_READ_EVERY = timedelta(hours=24)
"""A change of cost does not always touch its product, so now and then all products are read again."""

PAGE = "pageInfo { hasNextPage endCursor }"
MONEY = "{ shopMoney { amount currencyCode } }"
LINE = f"""id title sku quantity currentQuantity isGiftCard product {{ legacyResourceId }}
    variant {{ legacyResourceId inventoryItem {{ unitCost {{ amount currencyCode }} }} }}
    originalUnitPriceSet {MONEY} discountAllocations {{ allocatedAmountSet {MONEY} }} taxLines {{ priceSet {MONEY} }}"""
MOMENT = """__typename occurredAt ... on CustomerVisit {
    id source sourceType landingPage referrerUrl utmParameters { source medium campaign content term } }"""
REFUND_LINE = f"""id quantity restockType subtotalSet {MONEY} totalTaxSet {MONEY}
    lineItem {{ id isGiftCard product {{ legacyResourceId }} }}"""
REFUND = f"""id legacyResourceId createdAt processedAt totalRefundedSet {MONEY}
    refundLineItems(first: 10) {{ nodes {{ {REFUND_LINE} }} {PAGE} }}
    refundShippingLines(first: 3) {{ nodes {{ subtotalAmountSet {MONEY} taxAmountSet {MONEY} }} }}"""
FULFILLMENT = "id legacyResourceId createdAt status displayStatus inTransitAt deliveredAt"
PAYMENT = "id kind status fees { amount { amount currencyCode } }"
FEW = 5
"""Refunds, parcels and payments of an order asked for at first; the orders that have more are asked again."""

SHOP = "query Shop { shop { id name myshopifyDomain currencyCode ianaTimezone createdAt } }"
SCOPES = "query Scopes { currentAppInstallation { accessScopes { handle } } }"
ORDERS = f"""query Orders($first: Int!, $after: String, $query: String, $reverse: Boolean!) {{
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {{
    nodes {{
      id legacyResourceId name createdAt processedAt updatedAt cancelledAt test edited taxesIncluded sourceName
      displayFinancialStatus displayFulfillmentStatus discountCodes
      customer {{ legacyResourceId }} retailLocation {{ legacyResourceId }}
      subtotalPriceSet {MONEY} currentSubtotalPriceSet {MONEY} totalPriceSet {MONEY} totalDiscountsSet {MONEY}
      totalTaxSet {MONEY} totalShippingPriceSet {MONEY} totalRefundedSet {MONEY}
      lineItems(first: 10) {{ nodes {{ {LINE} }} {PAGE} }}
      refunds(first: {FEW}) {{ {REFUND} }}
      fulfillments(first: {FEW}) {{ {FULFILLMENT} }}
      transactions(first: {FEW}) {{ {PAYMENT} }}
      customerJourneySummary {{ ready moments(first: 10) {{ nodes {{ {MOMENT} }} {PAGE} }} }}
    }}
    {PAGE}
  }}
}}"""
MORE_LINES = f"""query MoreLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: 50, after: $after) {{ nodes {{ {LINE} }} {PAGE} }} }}
}}"""
MORE_MOMENTS = f"""query MoreMoments($id: ID!, $after: String) {{
  order(id: $id) {{ customerJourneySummary {{ moments(first: 100, after: $after) {{ nodes {{ {MOMENT} }} {PAGE} }} }} }}
}}"""
MORE_REFUNDS = f"query MoreRefunds($id: ID!) {{ order(id: $id) {{ refunds(first: 25) {{ {REFUND} }} }} }}"
MORE_FULFILLMENTS = f"""query MoreFulfillments($id: ID!) {{
  order(id: $id) {{ fulfillments(first: 200) {{ {FULFILLMENT} }} }}
}}"""
MORE_PAYMENTS = f"query MorePayments($id: ID!) {{ order(id: $id) {{ transactions(first: 100) {{ {PAYMENT} }} }} }}"
MORE_REFUND_LINES = f"""query MoreRefundLines($id: ID!, $after: String) {{
  refund(id: $id) {{ refundLineItems(first: 50, after: $after) {{ nodes {{ {REFUND_LINE} }} {PAGE} }} }}
}}"""
CUSTOMERS = f"""query Customers($first: Int!, $after: String, $query: String, $reverse: Boolean!) {{
  customers(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {{
    nodes {{
      id legacyResourceId firstName lastName createdAt updatedAt numberOfOrders
      defaultEmailAddress {{ emailAddress marketingState }} defaultPhoneNumber {{ phoneNumber }}
      defaultAddress {{ countryCodeV2 provinceCode }}
    }}
    {PAGE}
  }}
}}"""
VARIANT = "id legacyResourceId sku price inventoryItem { id unitCost { amount currencyCode } }"
PRODUCTS = f"""query Products($first: Int!, $after: String, $query: String, $reverse: Boolean!) {{
  products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {{
    nodes {{
      id legacyResourceId title productType vendor status isGiftCard createdAt updatedAt
      priceRangeV2 {{ minVariantPrice {{ amount currencyCode }} }}
      variants(first: 10) {{ nodes {{ {VARIANT} }} {PAGE} }}
    }}
    {PAGE}
  }}
}}"""
MORE_VARIANTS = f"""query MoreVariants($id: ID!, $after: String) {{
  product(id: $id) {{ variants(first: 100, after: $after) {{ nodes {{ {VARIANT} }} {PAGE} }} }}
}}"""
DOCUMENTS = {
    "orders": ORDERS,
    "customers": CUSTOMERS,
    "products": PRODUCTS,
    "shop": SHOP,
    "scopes": SCOPES,
    "more_lines": MORE_LINES,
    "more_moments": MORE_MOMENTS,
    "more_refunds": MORE_REFUNDS,
    "more_fulfillments": MORE_FULFILLMENTS,
    "more_payments": MORE_PAYMENTS,
    "more_refund_lines": MORE_REFUND_LINES,
    "more_variants": MORE_VARIANTS,
}
"""Every document that is ever sent; a test holds them against Shopify's own schema."""

AMOUNT = {"shopMoney": {"amount": "VARCHAR", "currencyCode": "VARCHAR"}}
ID = {"legacyResourceId": "VARCHAR"}
ORDER_SHAPE = {
    **dict.fromkeys(
        ("legacyResourceId", "createdAt", "processedAt", "cancelledAt", "displayFinancialStatus", "sourceName"),
        "VARCHAR",
    ),
    **dict.fromkeys(("test", "edited", "taxesIncluded"), "BOOLEAN"),
    "customer": ID,
    "retailLocation": ID,
    "discountCodes": ["VARCHAR"],
    **dict.fromkeys(
        ("subtotalPriceSet", "currentSubtotalPriceSet", "totalDiscountsSet", "totalTaxSet", "totalShippingPriceSet"),
        AMOUNT,
    ),
    "lineItems": {
        "nodes": [
            {
                "quantity": "VARCHAR",
                "isGiftCard": "BOOLEAN",
                "product": ID,
                "variant": {"inventoryItem": {"unitCost": {"amount": "VARCHAR"}}},
                "originalUnitPriceSet": AMOUNT,
                "discountAllocations": [{"allocatedAmountSet": AMOUNT}],
                "taxLines": [{"priceSet": AMOUNT}],
            }
        ]
    },
    "refunds": [
        {
            **dict.fromkeys(("legacyResourceId", "createdAt", "processedAt"), "VARCHAR"),
            "totalRefundedSet": AMOUNT,
            "refundLineItems": {
                "nodes": [
                    {
                        **dict.fromkeys(("id", "quantity", "restockType"), "VARCHAR"),
                        "subtotalSet": AMOUNT,
                        "totalTaxSet": AMOUNT,
                        "lineItem": {"isGiftCard": "BOOLEAN", "product": ID},
                    }
                ]
            },
            "refundShippingLines": {"nodes": [{"subtotalAmountSet": AMOUNT, "taxAmountSet": AMOUNT}]},
        }
    ],
    "fulfillments": [
        dict.fromkeys(
            ("legacyResourceId", "createdAt", "status", "displayStatus", "inTransitAt", "deliveredAt"), "VARCHAR"
        )
    ],
    "transactions": [
        {
            **dict.fromkeys(("kind", "status"), "VARCHAR"),
            "fees": [{"amount": {"amount": "VARCHAR", "currencyCode": "VARCHAR"}}],
        }
    ],
    "customerJourneySummary": {
        "moments": {
            "nodes": [
                {
                    **dict.fromkeys(("id", "occurredAt", "landingPage", "referrerUrl"), "VARCHAR"),
                    "utmParameters": dict.fromkeys(("source", "medium", "campaign", "content", "term"), "VARCHAR"),
                }
            ]
        }
    },
}
"""The parts of an order that fill contracts, as DuckDB reads them out of the payload at one go."""


def total(items: str, amount: str) -> str:
    """SQL: the exact sum over a list `items` of the shop's money in `amount` (fields of `x`), 0 for none."""
    each = f"list_transform({items}, lambda x: CAST({amount}.shopMoney.amount AS DECIMAL(18,6)))"
    return f"coalesce(list_sum({each}), 0)"


ORDER = f"SELECT seq, from_json(payload, '{json.dumps(ORDER_SHAPE)}') AS o FROM {{records}}"  # noqa: S608
LINES = "SELECT o, unnest(o.lineItems.nodes) AS l, unnest(range(1, len(o.lineItems.nodes) + 1)) AS line_no FROM orders"
# Money that leaves revenue: all that went back, without tax, shipping and gift cards. Money given back without any line
# (goodwill) and fees kept are in it by themselves, since it starts from what was paid out.
REFUNDS = f"""
SELECT o, r, CAST(r.totalRefundedSet.shopMoney.amount AS DECIMAL(18,6))
       - {total("r.refundLineItems.nodes", "x.totalTaxSet")}
       - {total("r.refundShippingLines.nodes", "x.subtotalAmountSet")}
       - {total("r.refundShippingLines.nodes", "x.taxAmountSet")}
       - {total("list_filter(r.refundLineItems.nodes, lambda i: i.lineItem.isGiftCard)", "x.subtotalSet")} AS amount,
       {total("r.refundLineItems.nodes", "x.subtotalSet")} AS of_lines
FROM (SELECT o, unnest(o.refunds) AS r FROM orders)"""  # noqa: S608

TRANSACTIONS = f"""
WITH orders AS ({ORDER}),
lines AS ({LINES}),
line_money AS (
    SELECT o.legacyResourceId AS id, l.isGiftCard AS is_gift_card,
           CAST(l.originalUnitPriceSet.shopMoney.amount AS DECIMAL(18,6)) * CAST(l.quantity AS INTEGER)
           - {total("l.discountAllocations", "x.allocatedAmountSet")} AS value,
           CASE WHEN o.taxesIncluded THEN {total("l.taxLines", "x.priceSet")} ELSE 0 END AS included_tax
    FROM lines),
outside AS (
    SELECT id, sum(CASE WHEN is_gift_card THEN value ELSE included_tax END) AS amount FROM line_money GROUP BY id),
refunds AS ({REFUNDS}),
given_back AS (
    SELECT o.legacyResourceId AS id, sum(amount) AS amount, sum(of_lines) AS of_lines FROM refunds GROUP BY id),
payments AS (
    SELECT o, unnest(flatten(list_transform(o.transactions, lambda t: t.fees))) AS fee FROM orders),
fees AS (
    -- Fees in the currency of the payout would not add up with the sale; they are left out.
    SELECT o.legacyResourceId AS id, sum(CAST(fee.amount.amount AS DECIMAL(18,6))) AS amount FROM payments
    WHERE fee.amount.currencyCode = o.subtotalPriceSet.shopMoney.currencyCode GROUP BY id),
sold AS (
    SELECT o, fees.amount AS fees, coalesce(given_back.amount, 0) AS refunded, coalesce(outside.amount, 0) AS outside,
           CASE WHEN o.edited
                THEN CAST(o.currentSubtotalPriceSet.shopMoney.amount AS DECIMAL(18,6)) + coalesce(of_lines, 0)
                ELSE CAST(o.subtotalPriceSet.shopMoney.amount AS DECIMAL(18,6)) END AS subtotal
    FROM orders
    LEFT JOIN outside ON outside.id = o.legacyResourceId
    LEFT JOIN given_back ON given_back.id = o.legacyResourceId
    LEFT JOIN fees ON fees.id = o.legacyResourceId)
SELECT 'shopify:' || o.legacyResourceId AS transaction_id,
       'shopify:' || o.customer.legacyResourceId AS customer_id,
       coalesce(o.processedAt, o.createdAt) AS occurred_at,
       subtotal - outside AS amount,
       refunded AS refunded_amount,
       o.subtotalPriceSet.shopMoney.currencyCode AS currency,
       'order' AS kind,
       CASE WHEN o.cancelledAt IS NOT NULL OR o.displayFinancialStatus = 'VOIDED' THEN 'cancelled'
            WHEN o.displayFinancialStatus = 'EXPIRED' THEN 'failed'
            WHEN o.displayFinancialStatus IN ('PENDING', 'AUTHORIZED') THEN 'pending'
            ELSE 'completed' END AS status,
       o.test AS is_test,
       false AS is_renewal,
       CASE o.sourceName WHEN 'pos' THEN 'pos' WHEN 'shopify_draft_order' THEN 'phone' ELSE 'online' END
           AS sales_channel,
       'shopify' AS source_system,
       o.legacyResourceId AS external_order_id,
       o.discountCodes[1] AS coupon_code,
       'shopify:' || o.retailLocation.legacyResourceId AS location_id,
       CAST(o.totalDiscountsSet.shopMoney.amount AS DECIMAL(18,6)) AS discount_amount,
       CAST(o.totalTaxSet.shopMoney.amount AS DECIMAL(18,6)) AS tax_amount,
       CAST(o.totalShippingPriceSet.shopMoney.amount AS DECIMAL(18,6)) AS shipping_amount,
       fees AS fee_amount
FROM sold
"""  # noqa: S608

# Gift cards are money changed, not goods sold: they are no part of the amount, so they take no share of it either.
TRANSACTION_LINES = f"""
WITH orders AS ({ORDER}), lines AS ({LINES})
SELECT 'shopify:' || o.legacyResourceId AS transaction_id,
       CAST(line_no AS VARCHAR) AS line_no,
       'shopify:' || l.product.legacyResourceId AS product_id,
       CAST(l.quantity AS DECIMAL(18,6)) AS quantity,
       CAST(l.originalUnitPriceSet.shopMoney.amount AS DECIMAL(18,6)) AS unit_price,
       {total("l.discountAllocations", "x.allocatedAmountSet")} AS discount_amount,
       CAST(l.variant.inventoryItem.unitCost.amount AS DECIMAL(18,6)) AS unit_cost
FROM lines WHERE NOT coalesce(l.isGiftCard, false)
"""  # noqa: S608

REFUND_ROWS = f"""
WITH orders AS ({ORDER}), refunds AS ({REFUNDS})
SELECT 'shopify:' || r.legacyResourceId AS refund_id,
       'shopify:' || o.legacyResourceId AS transaction_id,
       coalesce(r.processedAt, r.createdAt) AS refunded_at,
       amount,
       r.totalRefundedSet.shopMoney.currencyCode AS currency
FROM refunds
"""  # noqa: S608

RETURNS = f"""
WITH orders AS ({ORDER}), refunds AS ({REFUNDS}),
items AS (SELECT o, r, unnest(r.refundLineItems.nodes) AS i FROM refunds)
SELECT 'shopify:' || regexp_extract(i.id, '[^/]+$') AS return_id,
       'shopify:' || o.legacyResourceId AS transaction_id,
       'shopify:' || i.lineItem.product.legacyResourceId AS product_id,
       coalesce(r.processedAt, r.createdAt) AS returned_at,
       CAST(i.quantity AS DECIMAL(18,6)) AS quantity,
       CAST(i.subtotalSet.shopMoney.amount AS DECIMAL(18,6)) AS amount,
       i.subtotalSet.shopMoney.currencyCode AS currency,
       i.restockType IN ('RETURN', 'LEGACY_RESTOCK') AS restocked
FROM items WHERE i.restockType <> 'CANCEL'
"""  # noqa: S608

SHIPMENTS = f"""
WITH orders AS ({ORDER}), parcels AS (SELECT o, unnest(o.fulfillments) AS f FROM orders)
SELECT 'shopify:' || f.legacyResourceId AS shipment_id,
       'shopify:' || o.legacyResourceId AS transaction_id,
       coalesce(f.inTransitAt, f.createdAt) AS shipped_at,
       f.deliveredAt AS delivered_at,
       o.subtotalPriceSet.shopMoney.currencyCode AS currency,
       lower(coalesce(f.displayStatus, f.status)) AS status
FROM parcels WHERE f.status NOT IN ('CANCELLED', 'ERROR', 'FAILURE')
"""  # noqa: S608


def parameter(name: str) -> str:
    """SQL: a decoded parameter of the landing page's address, null when absent."""
    return f"nullif(url_decode(replace(regexp_extract(m.landingPage, '[?&]{name}=([^&#]*)', 1), '+', ' ')), '')"


CLICK_IDS = ("gclid", "gbraid", "wbraid", "fbclid", "ttclid", "msclkid", "li_fat_id")

TOUCHPOINTS = f"""
WITH orders AS ({ORDER}),
moments AS (SELECT o, seq, unnest(o.customerJourneySummary.moments.nodes) AS m FROM orders),
tagged AS (
    SELECT o, seq, m,
           {
    ", ".join(
        f"coalesce({parameter(f'utm_{t}')}, m.utmParameters.{t}) AS utm_{t}"
        for t in ("source", "medium", "campaign", "content", "term")
    )
},
           {parameter("utm_id")} AS utm_id,
           coalesce({", ".join(f"'{c}:' || {parameter(c)}" for c in CLICK_IDS)}) AS click_id
    FROM moments WHERE m.id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY m.id ORDER BY seq DESC, o.legacyResourceId) = 1)
SELECT 'shopify:' || regexp_extract(m.id, '[^/]+$') AS touchpoint_id,
       'shopify:' || o.customer.legacyResourceId AS customer_id,
       m.occurredAt AS occurred_at,
       CASE WHEN regexp_matches(lower(utm_medium), '^(e-?mail|newsletter)') THEN 'email_click'
            WHEN coalesce(utm_id, click_id, utm_campaign) IS NOT NULL THEN 'click'
            ELSE 'visit' END AS kind,
       utm_source, utm_medium, utm_campaign, utm_content, utm_term, utm_id, click_id,
       m.landingPage AS landing_page,
       m.referrerUrl AS referrer,
       'shopify' AS source_system
FROM tagged
"""  # noqa: S608

CUSTOMER_ROWS = """
SELECT 'shopify:' || (payload->>'legacyResourceId') AS customer_id,
       payload->>'$.defaultEmailAddress.emailAddress' AS email,
       payload->>'$.defaultPhoneNumber.phoneNumber' AS phone,
       payload->>'firstName' AS first_name,
       payload->>'lastName' AS last_name,
       payload->>'createdAt' AS first_seen_at,
       payload->>'$.defaultAddress.countryCodeV2' AS country,
       (payload->>'$.defaultEmailAddress.marketingState') = 'SUBSCRIBED' AS marketing_consent,
       CAST(payload->>'numberOfOrders' AS BIGINT) AS source_order_count
FROM {records}
"""

# A product has a cost where its variants agree on one; lines carry the cost of their own variant.
PRODUCT_ROWS = """
WITH products AS (
    SELECT from_json(payload, '{"legacyResourceId": "VARCHAR", "title": "VARCHAR", "productType": "VARCHAR",
        "priceRangeV2": {"minVariantPrice": {"amount": "VARCHAR", "currencyCode": "VARCHAR"}},
        "variants": {"nodes": [{"inventoryItem": {"unitCost": {"amount": "VARCHAR"}}}]}}') AS p
    FROM {records}),
costs AS (
    SELECT p, list_distinct(list_transform(p.variants.nodes,
        lambda v: CAST(v.inventoryItem.unitCost.amount AS DECIMAL(18,6)))) AS known
    FROM products)
SELECT 'shopify:' || p.legacyResourceId AS product_id,
       p.title AS product_name,
       p.productType AS category,
       CASE WHEN len(known) = 1 THEN known[1] END AS unit_cost,
       CAST(p.priceRangeV2.minVariantPrice.amount AS DECIMAL(18,6)) AS price,
       p.priceRangeV2.minVariantPrice.currencyCode AS currency
FROM costs
"""


def without_addresses(url: str) -> str:
    """A page's address without the e-mail addresses that newsletters write into their links (law 15).

    >>> without_addresses("https://a.example/?utm_id=7&email=ada%40b.example&x=c@d.example#top")
    'https://a.example/?utm_id=7&email=&x=#top'
    """
    return MAIL_IN_URL.sub("=", url)


MAIL_IN_URL = re.compile(r"=[^=&#]*(?:@|%40)[^=&#]*", re.IGNORECASE)


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
        Resource("orders", key=numbered, depends_on=("shop",)),
    )
    fills: ClassVar[tuple[ContractSql, ...]] = (
        ContractSql("products", "products", PRODUCT_ROWS),
        ContractSql("customers", "customers", CUSTOMER_ROWS),
        ContractSql("transactions", "orders", TRANSACTIONS),
        ContractSql("transaction_lines", "orders", TRANSACTION_LINES),
        ContractSql("refunds", "orders", REFUND_ROWS),
        ContractSql("returns", "orders", RETURNS),
        ContractSql("shipments", "orders", SHIPMENTS),
        ContractSql("touchpoints", "orders", TOUCHPOINTS),
    )
    webhook: ClassVar[SignedBody] = SignedBody(
        "X-Shopify-Hmac-Sha256", "base64", id_header="X-Shopify-Webhook-Id", topic_header="X-Shopify-Topic"
    )
    webhook_resources: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("orders/create", "orders/updated", "orders/paid", "orders/cancelled"), ("orders",)),
        **dict.fromkeys(("refunds/create", "fulfillments/create", "fulfillments/update"), ("orders",)),
        **dict.fromkeys(("customers/create", "customers/update"), ("customers",)),
        **dict.fromkeys(("products/create", "products/update"), ("products",)),
    }
    """A delivery says what to read again; its own body is of another shape and is not landed."""

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
            OAuthToken(access.connection, access.tokens, grant, access.clock, access.politeness)
            if rotates
            else FixedToken(access.connection, access.tokens, style=TOKEN_HEADER),
            self._judge,
            (bucket,),
        )
        version = settings.get("api_version", "2026-10")
        self._api = GraphQL(self.http, f"admin/api/{version}/graphql.json", bucket)

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
        read_at = cursor.state.get("full_at")
        if read_at and until - datetime.fromisoformat(read_at) >= FULL_READ_EVERY:
            cursor, read_at = Cursor(), None
        for records, reading in self._changed("products", cursor):
            state = {**reading.state(), "full_at": read_at or until.isoformat()}
            yield Page(records, Cursor(state), progress=self._share(reading, until))

    def _customers(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        for records, reading in self._changed("customers", cursor):
            yield Page(records, Cursor(reading.state()), progress=self._share(reading, until))

    def _orders(self, cursor: Cursor, until: datetime) -> Iterator[Page]:
        all_orders = self._may_read_all_orders()
        if all_orders and cursor.state.get("all_orders") is False:
            cursor = Cursor()  # The shop has widened our access: its older orders are still to be read.
        yesterday = today_in(self._shop["ianaTimezone"], until, TITLE) - DAY
        first: str | None = cursor.state.get("first_order_at")
        since: str | None = cursor.state.get("history_since")
        state = dict(cursor.state)
        is_first = not state
        for records, reading in self._changed("orders", cursor):
            first = min([r["createdAt"] for r in records] + ([first] if first else []), default=None)
            state = {**reading.state(), "all_orders": all_orders, "first_order_at": first, "history_since": since}
            # In a first sync, newest first, all orders after the oldest change seen are there.
            so_far = self._day(reading.oldest.isoformat()) + DAY if reading.oldest else None
            known = is_first and so_far is not None and so_far <= yesterday
            yield Page(
                records,
                Cursor(state),
                progress=self._share(reading, until),
                complete_through=yesterday if known else None,
                history_since=so_far if known else None,
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
            f"history begins on {whole}. With the read_all_orders scope it would be complete.",
        )

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
