"""How Square's records fill the contracts. Money is whole minor units; what is no number is set aside by name."""

from roastery.connectors.base import ContractSql
from roastery.connectors.minor_units import major
from roastery.connectors.readable import WHOLE, listed, noted, number, total_in, unread, unread_in


def text(path: str, of: str = "payload") -> str:
    return f"({of}->>'$.{path}')"


def amount(path: str, of: str = "payload") -> str:
    """SQL: the text of a money object's whole amount."""
    return text(f"{path}.amount", of)


def whole(path: str, of: str = "payload") -> str:
    """SQL: a money object's amount, 0 where there is none; `bad` looks after the same text."""
    return f"coalesce(CAST({number(amount(path, of), WHOLE)} AS HUGEINT), 0)"


def bad(path: str, of: str = "payload") -> str:
    """SQL: the amount of a money object that is no whole number, else null."""
    return unread([amount(path, of)], WHOLE)


def money(path: str, of: str = "payload", currency: str = "") -> str:
    """SQL: a money object in major units, 0 where there is none."""
    return noted(major(whole(path, of), currency or text(f"{path}.currency", of)), bad(path, of))


LOCATIONS = f"""
SELECT 'square:' || {text("id")} AS location_id, {text("name")} AS location_name, {text("country")} AS country,
       {text("timezone")} AS time_zone
FROM {{records}}
"""  # noqa: S608

CUSTOMERS = f"""
SELECT 'square:' || {text("id")} AS customer_id, {text("email_address")} AS email, {text("phone_number")} AS phone,
       {text("given_name")} AS first_name, {text("family_name")} AS last_name, {text("created_at")} AS first_seen_at,
       {text("address.country")} AS country,
       CASE WHEN {text("preferences.email_unsubscribed")} = 'true' THEN false END AS marketing_consent
FROM {{records}}
"""  # noqa: S608

ITEMS = listed("payload->'$.line_items'")
CARDS = f"list_filter({ITEMS}, lambda l: l->>'$.item_type' = 'GIFT_CARD')"
# A sale's own money is its total without tax and tips; gift cards are money changed, not goods sold.
ORDERS = f"""
orders AS (
    SELECT payload AS o, {text("id")} AS order_id, {text("total_money.currency")} AS currency,
           {whole("total_money")} AS total, {whole("total_tax_money")} AS tax, {whole("total_tip_money")} AS tip,
           coalesce(CAST({total_in(CARDS, amount("total_money", "x"), WHOLE)} AS HUGEINT), 0) AS cards,
           {bad("total_tax_money")} AS bad_tax,
           coalesce({bad("total_money")}, {bad("total_tax_money")}, {bad("total_tip_money")},
                    {unread_in(CARDS, amount("total_money", "x"), WHOLE)}) AS bad_own
    FROM {{orders}}
    WHERE {text("state")} <> 'DRAFT'
      AND (json_array_length(payload->'$.line_items') > 0 OR json_array_length(payload->'$.returns') IS NULL))"""  # noqa: S608

FEES = f"""
fees AS (
    SELECT {text("order_id")} AS order_id, f->>'$.amount_money.currency' AS currency,
           sum({whole("amount_money", "f")}) AS amount, max({bad("amount_money", "f")}) AS bad_amount
    FROM (SELECT payload, unnest({listed("payload->'$.processing_fee'")}) AS f FROM {{payments}}) GROUP BY ALL)"""  # noqa: S608

# What goes back leaves revenue without the share of tax and tips in it.
REFUNDED = f"""
given AS (
    SELECT r.payload AS r, coalesce(p.payload->>'$.order_id', {text("order_id", "r.payload")}) AS order_id,
           {whole("amount_money", "r.payload")} AS amount, {bad("amount_money", "r.payload")} AS bad_amount,
           {text("status", "r.payload")} AS status
    FROM {{refunds}} r LEFT JOIN {{payments}} p ON p.payload->>'$.id' = {text("payment_id", "r.payload")}),
back AS (
    SELECT g.*, o.currency, amount - CASE WHEN o.total > 0
           THEN (amount * (o.tax + o.tip + o.cards)) // o.total ELSE 0 END AS own,
           coalesce(g.bad_amount, o.bad_own) AS bad_back
    FROM given g LEFT JOIN orders o USING (order_id) WHERE g.status IN ('COMPLETED', 'PENDING', 'APPROVED'))"""  # noqa: S608

TRANSACTIONS = f"""
WITH {ORDERS.replace("{orders}", "{records}")}, {FEES}, {REFUNDED},
returned AS (SELECT order_id, sum(own) AS own, max(bad_back) AS bad_back FROM back GROUP BY order_id)
SELECT 'square:' || k.order_id AS transaction_id,
       'square:' || coalesce({text("customer_id", "o")}, {text("_connection.customer_id", "o")}) AS customer_id,
       coalesce({text("closed_at", "o")}, {text("created_at", "o")}) AS occurred_at,
       {noted(major("k.total - k.tax - k.tip - k.cards", "k.currency"), "k.bad_own")} AS amount,
       {noted(major("coalesce(returned.own, 0)", "k.currency"), "returned.bad_back")} AS refunded_amount,
       k.currency AS currency,
       'order' AS kind,
       CASE {text("state", "o")} WHEN 'COMPLETED' THEN 'completed' WHEN 'CANCELED' THEN 'cancelled'
            ELSE CASE WHEN {text("_connection.is_paid", "o")} = 'true' THEN 'completed' ELSE 'pending' END
            END AS status,
       false AS is_test,
       false AS is_renewal,
       {text("_connection.channel", "o")} AS sales_channel,
       'square' AS source_system,
       coalesce({text("_connection.order_id", "o")}, k.order_id) AS external_order_id,
       'square:' || {text("discounts[0].catalog_object_id", "o")} AS promotion_id,
       {text("discounts[0].name", "o")} AS coupon_code,
       'square:' || {text("location_id", "o")} AS location_id,
       {money("total_discount_money", "o", "k.currency")} AS discount_amount,
       {noted(major("k.tax", "k.currency"), "k.bad_tax")} AS tax_amount,
       {noted(major("fees.amount", "k.currency"), "fees.bad_amount")} AS fee_amount
FROM orders k LEFT JOIN returned ON returned.order_id = k.order_id
LEFT JOIN fees ON fees.order_id = k.order_id AND fees.currency = k.currency
"""  # noqa: S608

# A payment whose order cannot be read is still a sale.
PAYMENTS = f"""
SELECT 'square:payment:' || {text("id", "p.payload")} AS transaction_id,
       'square:' || {text("customer_id", "p.payload")} AS customer_id,
       {text("created_at", "p.payload")} AS occurred_at,
       {money("amount_money", "p.payload")} AS amount,
       {money("refunded_money", "p.payload", text("amount_money.currency", "p.payload"))} AS refunded_amount,
       {text("amount_money.currency", "p.payload")} AS currency,
       'payment' AS kind,
       CASE {text("status", "p.payload")} WHEN 'COMPLETED' THEN 'completed' WHEN 'CANCELED' THEN 'cancelled'
            WHEN 'FAILED' THEN 'failed' ELSE 'pending' END AS status,
       'pos' AS sales_channel,
       'square' AS source_system,
       coalesce({text("order_id", "p.payload")}, {text("id", "p.payload")}) AS external_order_id,
       'square:' || {text("location_id", "p.payload")} AS location_id
FROM {{records}} p LEFT JOIN {{orders}} o ON o.payload->>'$.id' = {text("order_id", "p.payload")}
WHERE o.payload IS NULL
"""  # noqa: S608

LINES = f"""
WITH lines AS (
    SELECT {text("id")} AS order_id, l
    FROM (SELECT payload, unnest({listed("payload->'$.line_items'")}) AS l FROM {{records}}))
SELECT 'square:' || order_id AS transaction_id,
       l->>'$.uid' AS line_no,
       'square:' || (l->>'$.catalog_object_id') AS product_id,
       l->>'$.quantity' AS quantity,
       {money("base_price_money", "l")} AS unit_price,
       {money("total_discount_money", "l", text("base_price_money.currency", "l"))} AS discount_amount
FROM lines WHERE coalesce(l->>'$.item_type', '') <> 'GIFT_CARD'
"""  # noqa: S608

REFUNDS = f"""
WITH {ORDERS}, {REFUNDED.replace("{refunds}", "{records}")}
SELECT 'square:' || {text("id", "r")} AS refund_id,
       'square:' || order_id AS transaction_id,
       {text("created_at", "r")} AS refunded_at,
       {noted(major("own", text("amount_money.currency", "r")), "bad_back")} AS amount,
       {text("amount_money.currency", "r")} AS currency,
       {text("reason", "r")} AS reason
FROM back
"""  # noqa: S608

RETURNS = f"""
WITH parts AS (
    SELECT {text("id")} AS id, coalesce({text("closed_at")}, {text("created_at")}) AS moment,
           unnest({listed("payload->'$.returns'")}) AS part FROM {{records}}),
items AS (SELECT id, moment, part, unnest({listed("part->'$.return_line_items'")}) AS i FROM parts)
SELECT 'square:' || id || ':' || (i->>'$.uid') AS return_id,
       'square:' || coalesce(part->>'$.source_order_id', id) AS transaction_id,
       'square:' || (i->>'$.catalog_object_id') AS product_id,
       moment AS returned_at,
       i->>'$.quantity' AS quantity,
       {
    noted(
        major(f"{whole('total_money', 'i')} - {whole('total_tax_money', 'i')}", text("total_money.currency", "i")),
        *(bad("total_money", "i"), bad("total_tax_money", "i")),
    )
} AS amount,
       i->>'$.total_money.currency' AS currency
FROM items
"""  # noqa: S608

COST = """coalesce(v->>'$.item_variation_data.item_variation_vendor_infos[0].item_variation_vendor_info_data.{0}',
    v->>'$.item_variation_data.default_unit_cost.{1}')"""
VARIATIONS = f"""
variations AS (
    SELECT payload AS v, {text("id")} AS id, {text("item_variation_data.item_id")} AS item_id,
           {text("item_variation_data.price_money.currency")} AS price_currency
    FROM {{records}} WHERE {text("type")} = 'ITEM_VARIATION'),
costed AS (
    SELECT *, coalesce({COST.format("unit_cost_money.amount", "amount")},
                       {COST.format("price_money.amount", "amount")}) AS cost,
           coalesce({COST.format("unit_cost_money.currency", "currency")},
                    {COST.format("price_money.currency", "currency")}, price_currency) AS currency
    FROM variations)"""  # noqa: S608

PRODUCTS = f"""
WITH {VARIATIONS},
items AS (
    SELECT {text("id")} AS id, {text("item_data.name")} AS name,
           coalesce({text("item_data.reporting_category.id")}, {text("item_data.categories[0].id")},
                    {text("item_data.category_id")}) AS category_id
    FROM {{records}} WHERE {text("type")} = 'ITEM'),
categories AS (
    SELECT {text("id")} AS id, {text("category_data.name")} AS name FROM {{records}} WHERE {text("type")} = 'CATEGORY')
SELECT 'square:' || c.id AS product_id,
       CASE WHEN coalesce({text("item_variation_data.name", "v")}, 'Regular') = 'Regular' THEN i.name
            ELSE i.name || ' – ' || {text("item_variation_data.name", "v")} END AS product_name,
       g.name AS category,
       {noted(major("c.cost", "c.currency"), unread(["c.cost"], WHOLE))} AS unit_cost,
       {
    noted(
        major(amount("item_variation_data.price_money", "v"), "c.price_currency"),
        bad("item_variation_data.price_money", "v"),
    )
} AS price,
       coalesce(c.price_currency, c.currency) AS currency
FROM costed c LEFT JOIN items i ON i.id = c.item_id LEFT JOIN categories g ON g.id = i.category_id
"""  # noqa: S608

PROMOTIONS = f"""
SELECT 'square:' || {text("id")} AS promotion_id, {text("discount_data.name")} AS promotion_name,
       lower({text("discount_data.discount_type")}) AS kind
FROM {{records}} WHERE {text("type")} = 'DISCOUNT'
"""  # noqa: S608

INVENTORY = f"""
WITH {VARIATIONS.replace("{records}", "{catalog}")}
SELECT n.payload->>'$._connection.day' AS snapshot_date,
       'square:' || {text("catalog_object_id", "n.payload")} AS product_id,
       'square:' || {text("location_id", "n.payload")} AS location_id,
       {text("quantity", "n.payload")} AS on_hand,
       {noted(major("c.cost", "c.currency"), unread(["c.cost"], WHOLE))} AS unit_cost,
       c.currency AS currency
FROM {{records}} n LEFT JOIN costed c ON c.id = {text("catalog_object_id", "n.payload")}
"""  # noqa: S608

FILLS = (
    ContractSql("locations", "locations", LOCATIONS),
    ContractSql("products", "catalog", PRODUCTS),
    ContractSql("promotions", "catalog", PROMOTIONS),
    ContractSql("customers", "customers", CUSTOMERS),
    ContractSql("transactions", "orders", TRANSACTIONS, joins=("payments", "refunds")),
    ContractSql("transactions", "payments", PAYMENTS, joins=("orders",)),
    ContractSql("transaction_lines", "orders", LINES),
    ContractSql("refunds", "refunds", REFUNDS, joins=("payments", "orders")),
    ContractSql("returns", "orders", RETURNS),
    ContractSql("inventory_levels", "inventory", INVENTORY, joins=("catalog",)),
)
