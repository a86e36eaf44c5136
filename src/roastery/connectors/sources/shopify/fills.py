"""How Shopify's records fill the contracts, as one SELECT each over the parts of a payload that matter."""

import json

from roastery.connectors.base import ContractSql

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

FILLS = (
    ContractSql("products", "products", PRODUCT_ROWS),
    ContractSql("customers", "customers", CUSTOMER_ROWS),
    ContractSql("transactions", "orders", TRANSACTIONS, by_record=True),
    ContractSql("transaction_lines", "orders", TRANSACTION_LINES),
    ContractSql("refunds", "orders", REFUND_ROWS),
    ContractSql("returns", "orders", RETURNS),
    ContractSql("shipments", "orders", SHIPMENTS),
    ContractSql("touchpoints", "orders", TOUCHPOINTS),
)
