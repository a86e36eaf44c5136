# ruff: noqa: S608 (the names are ours)
"""Shopify's orders export: one row per line item, the order's own columns on its first row only."""

from roastery.connectors.exports.base import Export, Filling, Need, english

FIELDS = (
    english("name", "Name"),
    english("id", "Id", "id"),
    english("email", "Email", says="Without e-mail addresses nobody is a returning customer.", personal=True),
    english("financial_status", "Financial Status"),
    english("currency", "Currency"),
    english("subtotal", "Subtotal", "money"),
    english("shipping", "Shipping", "money", zero=True),
    english("taxes", "Taxes", "money", zero=True),
    english("total", "Total", "money"),
    english("discount_code", "Discount Code"),
    english("discount_amount", "Discount Amount", "money", zero=True),
    english("created_at", "Created at", "time"),
    english("cancelled_at", "Cancelled at", "time"),
    english("refunded_amount", "Refunded Amount", "money", says="Without refunds, revenue stays too high."),
    english("accepts_marketing", "Accepts Marketing"),
    english("billing_name", "Billing Name", personal=True),
    english("billing_country", "Billing Country"),
    english("phone", "Phone", personal=True),
    english("source", "Source"),
    english("quantity", "Lineitem quantity", "number"),
    english("item_name", "Lineitem name"),
    english("price", "Lineitem price", "money"),
    english("sku", "Lineitem sku"),
    english("item_discount", "Lineitem discount", "money"),
)


def key(of: str = "") -> str:
    """SQL: a sale's key, as the connection writes it."""
    return f"coalesce('shopify:' || {of}id, 'shopify:' || {of}name)"


def product(of: str = "") -> str:
    return f"coalesce('shopify:sku:' || {of}sku, 'shopify:name:' || {of}item_name)"


FIRST = [f.name for f in FIELDS if f.name not in ("name", "quantity", "item_name", "price", "sku", "item_discount")]

# Where prices include tax, the total is subtotal and shipping alone; the tax then falls on both by their size.
ORDERS = f"""
orders AS (
    SELECT min(row_number) AS file_row, name, any_value(row_currency) AS row_currency,
           min_by(email_id, row_number) AS email_id,
           {", ".join(f"min_by({f}, row_number) AS {f}" for f in FIRST)}
    FROM {{rows}} WHERE name IS NOT NULL GROUP BY name),
priced AS (
    SELECT *, CASE WHEN taxes > 0 AND abs(total - subtotal - shipping) < abs(total - subtotal - shipping - taxes)
                   THEN round(taxes * subtotal / nullif(subtotal + shipping, 0), 2)::DECIMAL(18,2)
                   ELSE 0 END AS included_tax
    FROM orders WHERE created_at IS NOT NULL AND subtotal IS NOT NULL)"""

TRANSACTIONS = f"""
WITH {ORDERS}
SELECT file_row, {key()} AS transaction_id, 'shopify:email:' || email_id AS customer_id, created_at AS occurred_at,
       subtotal - included_tax AS amount,
       least(greatest(subtotal - included_tax, 0),
             CASE WHEN total > 0 THEN round(coalesce(refunded_amount, 0) * (subtotal - included_tax) / total, 2)
                                 ::DECIMAL(18,2)
                  ELSE 0 END) AS refunded_amount,
       row_currency AS currency, 'order' AS kind,
       CASE WHEN cancelled_at IS NOT NULL OR financial_status = 'voided' THEN 'cancelled'
            WHEN financial_status = 'expired' THEN 'failed'
            WHEN financial_status IN ('pending', 'authorized', 'unpaid') THEN 'pending' ELSE 'completed' END AS status,
       CASE source WHEN 'pos' THEN 'pos' WHEN 'shopify_draft_order' THEN 'phone' ELSE 'online' END AS sales_channel,
       'shopify' AS source_system, coalesce(id, name) AS external_order_id, discount_code AS coupon_code,
       discount_amount, taxes AS tax_amount, shipping AS shipping_amount
FROM priced"""

LINES = f"""
WITH {ORDERS}
SELECT l.row_number AS file_row, {key("o.")}
           AS transaction_id,
       row_number() OVER (PARTITION BY o.name ORDER BY l.row_number)::VARCHAR AS line_no,
       {product("l.")} AS product_id,
       l.quantity, l.price AS unit_price, coalesce(l.item_discount, 0) AS discount_amount
FROM {{rows}} l JOIN priced o USING (name) WHERE l.item_name IS NOT NULL"""

CUSTOMERS = f"""
WITH {ORDERS}
SELECT min(file_row) AS file_row, 'shopify:email:' || email_id AS customer_id, max_by(email, created_at) AS email,
       max_by(phone, created_at) AS phone,
       max_by(nullif(split_part(billing_name, ' ', 1), ''), created_at) AS first_name,
       max_by(nullif(regexp_replace(billing_name, '^\\S+\\s*', ''), ''), created_at) AS last_name,
       max_by(billing_country, created_at) AS country,
       max_by(lower(accepts_marketing) IN ('yes', 'true'), created_at) AS marketing_consent
FROM priced WHERE email_id IS NOT NULL GROUP BY 2"""

PRODUCTS = f"""
SELECT min(row_number) AS file_row, {product()} AS product_id, min_by(item_name, row_number) AS product_name,
       min_by(price, row_number) AS price, any_value(row_currency) AS currency
FROM {{rows}} WHERE item_name IS NOT NULL GROUP BY 2"""

SHOPIFY_ORDERS = Export(
    "shopify_orders",
    "shopify",
    "Shopify orders",
    FIELDS,
    needs=(
        Need(("name",), "Export orders from Shopify as CSV (Orders, Export); it has the column Name."),
        Need(("subtotal",), "The column Subtotal is needed: it is what was paid for goods."),
        Need(("created_at",), "The column Created at is needed."),
        Need(("item_name",), "The columns of line items are needed, such as Lineitem name."),
    ),
    fillings=(
        Filling("products", PRODUCTS),
        Filling("customers", CUSTOMERS),
        Filling("transactions", TRANSACTIONS),
        Filling("transaction_lines", LINES),
    ),
    money=("subtotal", "total"),
    told_of="transactions",
    assumes=(
        "An order is what its first row says, with one line per row; its amount is the subtotal: after discounts, "
        "without tax and shipping.",
        "Refunds stand on the order's own day, for the export has no day of a refund; of each, the part that was for "
        "goods is counted.",
    ),
    warns=(
        (
            "SELECT count(*) FROM (SELECT name FROM {rows} GROUP BY name HAVING count(created_at) = 0)",
            "{n} orders have no first row with a date, and were left out with their lines.",
        ),
    ),
)
