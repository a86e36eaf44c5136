"""How Shopify's records fill the contracts, as one SELECT each over the parts of a payload that matter."""

import json
import re

from roastery.connectors.base import ContractSql
from roastery.connectors.readable import noted, number, total_in, unread, unread_in

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
    return f"coalesce({total_in(items, f'{amount}.shopMoney.amount')}, 0)"


def bad(items: str, amount: str) -> str:
    """SQL: the first amount of such a list that is no number, else null."""
    return unread_in(items, f"{amount}.shopMoney.amount")


def given(amount: str) -> str:
    """SQL: the shop's money of a field."""
    return f"{amount}.shopMoney.amount"


ORDER = f"SELECT seq, from_json(payload, '{json.dumps(ORDER_SHAPE)}') AS o FROM {{records}}"  # noqa: S608
LINES = "SELECT o, unnest(o.lineItems.nodes) AS l, unnest(range(1, len(o.lineItems.nodes) + 1)) AS line_no FROM orders"
# Money that leaves revenue: all that went back, without tax, shipping and gift cards. Money given back without any line
# (goodwill) and fees kept are in it by themselves, since it starts from what was paid out.
LEFT_OUT = (
    ("r.refundLineItems.nodes", "x.totalTaxSet"),
    ("r.refundShippingLines.nodes", "x.subtotalAmountSet"),
    ("r.refundShippingLines.nodes", "x.taxAmountSet"),
    ("list_filter(r.refundLineItems.nodes, lambda i: i.lineItem.isGiftCard)", "x.subtotalSet"),
)
REFUNDS = f"""
SELECT o, r, {number(given("r.totalRefundedSet"))} - {" - ".join(total(*part) for part in LEFT_OUT)} AS amount,
       coalesce({unread([given("r.totalRefundedSet")])}, {", ".join(bad(*part) for part in LEFT_OUT)}) AS bad_amount,
       {total("r.refundLineItems.nodes", "x.subtotalSet")} AS of_lines,
       {bad("r.refundLineItems.nodes", "x.subtotalSet")} AS bad_lines
FROM (SELECT o, unnest(o.refunds) AS r FROM orders)"""  # noqa: S608

TRANSACTIONS = f"""
WITH orders AS ({ORDER}),
lines AS ({LINES}),
line_money AS (
    SELECT o.legacyResourceId AS id, l.isGiftCard AS is_gift_card,
           {number(given("l.originalUnitPriceSet"))} * {number("l.quantity", "INTEGER")}
           - {total("l.discountAllocations", "x.allocatedAmountSet")} AS value,
           coalesce({unread([given("l.originalUnitPriceSet")])}, {unread(["l.quantity"], "INTEGER")},
                    {bad("l.discountAllocations", "x.allocatedAmountSet")}) AS bad_value,
           CASE WHEN o.taxesIncluded THEN {total("l.taxLines", "x.priceSet")} ELSE 0 END AS included_tax,
           CASE WHEN o.taxesIncluded THEN {bad("l.taxLines", "x.priceSet")} END AS bad_tax
    FROM lines),
outside AS (
    SELECT id, sum(CASE WHEN is_gift_card THEN value ELSE included_tax END) AS amount,
           max(CASE WHEN is_gift_card THEN bad_value ELSE bad_tax END) AS bad_amount
    FROM line_money GROUP BY id),
refunds AS ({REFUNDS}),
given_back AS (
    SELECT o.legacyResourceId AS id, sum(amount) AS amount, max(bad_amount) AS bad_amount, sum(of_lines) AS of_lines,
           max(bad_lines) AS bad_lines
    FROM refunds GROUP BY id),
payments AS (
    SELECT o, unnest(flatten(list_transform(o.transactions, lambda t: t.fees))) AS fee FROM orders),
fees AS (
    -- Fees in the currency of the payout would not add up with the sale; they are left out.
    SELECT o.legacyResourceId AS id, sum({number("fee.amount.amount")}) AS amount,
           max({unread(["fee.amount.amount"])}) AS bad_amount
    FROM payments
    WHERE fee.amount.currencyCode = o.subtotalPriceSet.shopMoney.currencyCode GROUP BY id),
sold AS (
    SELECT o, fees.amount AS fees, fees.bad_amount AS bad_fees,
           coalesce(given_back.amount, 0) AS refunded, given_back.bad_amount AS bad_refunded,
           coalesce(outside.amount, 0) AS outside, outside.bad_amount AS bad_outside,
           CASE WHEN o.edited THEN {number(given("o.currentSubtotalPriceSet"))} + coalesce(of_lines, 0)
                ELSE {number(given("o.subtotalPriceSet"))} END AS subtotal,
           CASE WHEN o.edited THEN coalesce({unread([given("o.currentSubtotalPriceSet")])}, bad_lines)
                ELSE {unread([given("o.subtotalPriceSet")])} END AS bad_subtotal
    FROM orders
    LEFT JOIN outside ON outside.id = o.legacyResourceId
    LEFT JOIN given_back ON given_back.id = o.legacyResourceId
    LEFT JOIN fees ON fees.id = o.legacyResourceId)
SELECT 'shopify:' || o.legacyResourceId AS transaction_id,
       'shopify:' || o.customer.legacyResourceId AS customer_id,
       coalesce(o.processedAt, o.createdAt) AS occurred_at,
       {noted("subtotal - outside", "bad_subtotal", "bad_outside")} AS amount,
       {noted("refunded", "bad_refunded")} AS refunded_amount,
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
       o.totalDiscountsSet.shopMoney.amount AS discount_amount,
       o.totalTaxSet.shopMoney.amount AS tax_amount,
       o.totalShippingPriceSet.shopMoney.amount AS shipping_amount,
       {noted("fees", "bad_fees")} AS fee_amount
FROM sold
"""  # noqa: S608

# Gift cards are money changed, not goods sold: they are no part of the amount, so they take no share of it either.
TRANSACTION_LINES = f"""
WITH orders AS ({ORDER}), lines AS ({LINES})
SELECT 'shopify:' || o.legacyResourceId AS transaction_id,
       CAST(line_no AS VARCHAR) AS line_no,
       'shopify:' || l.product.legacyResourceId AS product_id,
       l.quantity AS quantity,
       l.originalUnitPriceSet.shopMoney.amount AS unit_price,
       {
    noted(total("l.discountAllocations", "x.allocatedAmountSet"), bad("l.discountAllocations", "x.allocatedAmountSet"))
} AS discount_amount,
       l.variant.inventoryItem.unitCost.amount AS unit_cost
FROM lines WHERE NOT coalesce(l.isGiftCard, false)
"""  # noqa: S608

REFUND_ROWS = f"""
WITH orders AS ({ORDER}), refunds AS ({REFUNDS})
SELECT 'shopify:' || r.legacyResourceId AS refund_id,
       'shopify:' || o.legacyResourceId AS transaction_id,
       coalesce(r.processedAt, r.createdAt) AS refunded_at,
       {noted("amount", "bad_amount")} AS amount,
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
       i.quantity AS quantity,
       i.subtotalSet.shopMoney.amount AS amount,
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
       payload->>'numberOfOrders' AS source_order_count
FROM {records}
"""

# A product has a cost where its variants agree on one; lines carry the cost of their own variant.
COST = "x.inventoryItem.unitCost.amount"
PRODUCT_ROWS = f"""
WITH products AS (
    SELECT from_json(payload, '{{"legacyResourceId": "VARCHAR", "title": "VARCHAR", "productType": "VARCHAR",
        "priceRangeV2": {{"minVariantPrice": {{"amount": "VARCHAR", "currencyCode": "VARCHAR"}}}},
        "variants": {{"nodes": [{{"inventoryItem": {{"unitCost": {{"amount": "VARCHAR"}}}}}}]}}}}') AS p
    FROM {{records}}),
costs AS (
    SELECT p, list_distinct(list_transform(p.variants.nodes, lambda x: {number(COST)})) AS known,
           {unread_in("p.variants.nodes", COST)} AS bad_cost
    FROM products)
SELECT 'shopify:' || p.legacyResourceId AS product_id,
       p.title AS product_name,
       p.productType AS category,
       {noted("CASE WHEN len(known) = 1 THEN known[1] END", "bad_cost")} AS unit_cost,
       p.priceRangeV2.minVariantPrice.amount AS price,
       p.priceRangeV2.minVariantPrice.currencyCode AS currency
FROM costs
"""  # noqa: S608


def of_orders(rows: str) -> str:
    """Rows of orders that read only those parts of an order which they name: whole orders take four times as long."""
    named = {part: shape for part, shape in ORDER_SHAPE.items() if re.search(rf"\bo\.{part}\b", rows)}
    return rows.replace(json.dumps(ORDER_SHAPE), json.dumps(named))


FILLS = (
    ContractSql("products", "products", PRODUCT_ROWS),
    ContractSql("customers", "customers", CUSTOMER_ROWS),
    ContractSql("transactions", "orders", of_orders(TRANSACTIONS), by_record=True),
    ContractSql("transaction_lines", "orders", of_orders(TRANSACTION_LINES)),
    ContractSql("refunds", "orders", of_orders(REFUND_ROWS)),
    ContractSql("returns", "orders", of_orders(RETURNS)),
    ContractSql("shipments", "orders", of_orders(SHIPMENTS)),
    ContractSql("touchpoints", "orders", of_orders(TOUCHPOINTS)),
)
