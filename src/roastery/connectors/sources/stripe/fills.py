"""How Stripe's records fill the contracts.

A sale is a payment: its key is the payment intent (else the charge), so that the charge, the invoice that it paid and
its refunds meet. An invoice gives tax, shipping, discounts and the subscription; one paid without a charge is a sale of
its own. Amounts are minor units.
"""

from roastery.connectors.base import ContractSql
from roastery.connectors.minor_units import major
from roastery.connectors.readable import WHOLE, listed, noted, number, total_in, unread, unread_in


def at(seconds: str) -> str:
    """SQL: an instant of epoch seconds as text; what is none goes on as it came, for the build to set it aside."""
    instant = f"TRY(make_timestamp(CAST({seconds} AS BIGINT) * 1000000))"
    return f"coalesce(CAST({instant} AS VARCHAR) || '+00', CAST({seconds} AS VARCHAR))"


def text(path: str, of: str = "payload") -> str:
    return f"({of}->>'$.{path}')"


def whole(path: str, of: str = "payload") -> str:
    """SQL: a whole number, null where it is none; `bad` looks after the same text."""
    return f"CAST({number(text(path, of), WHOLE)} AS HUGEINT)"


def bad(path: str, of: str = "payload") -> str:
    """SQL: the text that should be a whole number and is none, else null."""
    return unread([text(path, of)], WHOLE)


def sums(path: str, of: str = "payload") -> tuple[str, str]:
    """SQL: the sum of the amounts in a list, and the first of them that is no number."""
    items = listed(f"{of}->'$.{path}'")
    amount = text("amount", "x")
    return f"CAST({total_in(items, amount, WHOLE)} AS HUGEINT)", unread_in(items, amount, WHOLE)


TAXES, BAD_TAXES = sums("total_taxes")
DISCOUNTS, BAD_DISCOUNTS = sums("total_discount_amounts")


CHARGES = f"""
charges AS (
    SELECT payload AS c, seq, {text("id")} AS charge_id, coalesce({text("payment_intent")}, {text("id")}) AS sale,
           {text("currency")} AS currency, {text("status")} AS status,
           ({text("captured")} = 'true') AS is_captured,
           CASE WHEN {text("captured")} = 'true' THEN {whole("amount_captured")} ELSE {whole("amount")} END AS gross,
           CASE WHEN {text("captured")} = 'true' THEN {bad("amount_captured")} ELSE {bad("amount")} END AS bad_gross,
           {whole("amount_refunded")} AS refunded, {bad("amount_refunded")} AS bad_refunded
    FROM {{records}}
    -- Several attempts may belong to one payment; the one that went through stands for it.
    QUALIFY row_number() OVER (
        PARTITION BY sale ORDER BY status = 'succeeded' DESC, {whole("created")} DESC, charge_id) = 1)"""  # noqa: S608

INVOICES = f"""
invoices AS (
    SELECT payload AS i, {text("id")} AS invoice_id, {text("currency")} AS currency, {text("status")} AS status,
           {text("customer")} AS customer,
           coalesce({text("parent.subscription_details.subscription")}, {text("subscription")}) AS subscription,
           {text("billing_reason")} AS reason, greatest({whole("total")}, 0) AS total,
           {bad("total")} AS bad_total,
           coalesce({TAXES}, {whole("tax")}, 0) AS tax, coalesce({BAD_TAXES}, {bad("tax")}) AS bad_tax,
           coalesce({whole("shipping_cost.amount_subtotal")}, {whole("amount_shipping")}, 0) AS shipping,
           coalesce({bad("shipping_cost.amount_subtotal")}, {bad("amount_shipping")}) AS bad_shipping,
           coalesce({DISCOUNTS}, 0) AS discount, {BAD_DISCOUNTS} AS bad_discount,
           coalesce({text("status_transitions.paid_at")}, {text("created")}) AS paid_at,
           coalesce({text("status_transitions.finalized_at")}, {text("created")}) AS finalized_at
    FROM {{invoices}}),
paid_by AS (
    SELECT invoices.*, coalesce(p->>'$.payment.payment_intent', p->>'$.payment.charge') AS sale,
           {whole("amount_paid", "p")} AS share, {bad("amount_paid", "p")} AS bad_share
    FROM (SELECT *, unnest({listed("i->'$.payments.data'")}) AS p FROM invoices) AS invoices
    WHERE p->>'$.status' = 'paid' AND sale IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY sale ORDER BY invoice_id) = 1)"""  # noqa: S608

LOST = f"""
lost AS (
    SELECT coalesce({text("payment_intent")}, {text("charge")}) AS sale, sum({whole("amount")}) AS amount,
           max({bad("amount")}) AS bad_amount
    FROM {{disputes}} WHERE {text("status")} = 'lost' GROUP BY 1)"""  # noqa: S608


def share(amount: str) -> str:
    """SQL: what falls on one payment of an invoice, by what it paid of the total."""
    return f"CASE WHEN b.total > 0 THEN (b.{amount} * b.share) // b.total ELSE 0 END"


def shared(amount: str) -> str:
    """SQL: the same as money, nothing without an invoice."""
    return noted(major(f"coalesce({share(amount)}, 0)", "k.currency"), f"b.bad_{amount}", "b.bad_total", "b.bad_share")


def without_tax(amount: str) -> str:
    """SQL: money given back, without the tax in it."""
    return f"({amount}) - CASE WHEN b.total > 0 THEN (({amount}) * b.tax) // b.total ELSE 0 END"


TRANSACTIONS = f"""
WITH {CHARGES}, {INVOICES}, {LOST}
SELECT 'stripe:' || k.sale AS transaction_id,
       'stripe:' || coalesce({text("customer", "c")}, b.customer) AS customer_id,
       {at(text("created", "c"))} AS occurred_at,
       {
    noted(
        major(f"gross - coalesce({share('tax')}, 0) - coalesce({share('shipping')}, 0)", "k.currency"),
        *("bad_gross", "b.bad_tax", "b.bad_shipping", "b.bad_total", "b.bad_share"),
    )
} AS amount,
       {
    noted(
        major(
            f"coalesce({without_tax('refunded + coalesce(lost.amount, 0)')}, refunded + coalesce(lost.amount, 0))",
            "k.currency",
        ),
        *("bad_refunded", "lost.bad_amount", "CASE WHEN refunded > 0 THEN coalesce(b.bad_tax, b.bad_total) END"),
    )
} AS refunded_amount,
       upper(k.currency) AS currency,
       'payment' AS kind,
       CASE WHEN k.status = 'failed' THEN 'failed'
            WHEN k.status = 'pending' OR NOT is_captured THEN CASE WHEN {text("refunded", "c")} = 'true'
                THEN 'cancelled' ELSE 'pending' END
            ELSE 'completed' END AS status,
       ({text("livemode", "c")} = 'false') AS is_test,
       coalesce(b.reason = 'subscription_cycle', false) AS is_renewal,
       CASE WHEN {text("payment_method", "c")} IN ('card_present', 'interac_present') THEN 'pos' ELSE 'online' END
           AS sales_channel,
       'stripe' AS source_system,
       {text("_connection.order_id", "c")} AS external_order_id,
       'stripe:' || b.subscription AS subscription_id,
       {shared("discount")} AS discount_amount,
       {shared("tax")} AS tax_amount,
       {shared("shipping")} AS shipping_amount,
       -- Fees in the currency of another payout would not add up with the sale; they are left out.
       CASE WHEN {text("balance_transaction.currency", "c")} = k.currency
            THEN {
    noted(major(whole("balance_transaction.fee", "c"), "k.currency"), bad("balance_transaction.fee", "c"))
}
            END AS fee_amount
FROM charges k LEFT JOIN paid_by b ON b.sale = k.sale LEFT JOIN lost ON lost.sale = k.sale
"""  # noqa: S608

INVOICED = f"""
WITH {INVOICES.replace("{invoices}", "{records}")}
SELECT 'stripe:' || invoice_id AS transaction_id,
       'stripe:' || customer AS customer_id,
       {at("paid_at")} AS occurred_at,
       {noted(major("total - tax - shipping", "currency"), "bad_total", "bad_tax", "bad_shipping")} AS amount,
       upper(currency) AS currency,
       'invoice' AS kind,
       'completed' AS status,
       ({text("livemode", "i")} = 'false') AS is_test,
       reason = 'subscription_cycle' AS is_renewal,
       'online' AS sales_channel,
       'stripe' AS source_system,
       {text("_connection.order_id", "i")} AS external_order_id,
       'stripe:' || subscription AS subscription_id,
       {noted(major("discount", "currency"), "bad_discount")} AS discount_amount,
       {noted(major("tax", "currency"), "bad_tax")} AS tax_amount,
       {noted(major("shipping", "currency"), "bad_shipping")} AS shipping_amount
FROM invoices WHERE status = 'paid' AND total > 0 AND invoice_id NOT IN (SELECT invoice_id FROM paid_by)
"""  # noqa: S608

OFF, BAD_OFF = sums("discount_amounts", "l")
LINES = f"""
WITH {INVOICES.replace("{invoices}", "{records}")},
sold AS (
    SELECT i.*, coalesce(b.sale, i.invoice_id) AS sold_as
    FROM invoices i LEFT JOIN paid_by b USING (invoice_id)
    WHERE i.status = 'paid'
    QUALIFY row_number() OVER (PARTITION BY i.invoice_id ORDER BY b.share DESC, b.sale) = 1),
lines AS (SELECT *, unnest({listed("i->'$.lines.data'")}) AS l FROM sold)
SELECT 'stripe:' || sold_as AS transaction_id,
       {text("id", "l")} AS line_no,
       'stripe:' || coalesce({text("pricing.price_details.product", "l")}, {text("price.product", "l")}) AS product_id,
       coalesce({text("quantity", "l")}, '1') AS quantity,
       {
    noted(
        major(f"{whole('amount', 'l')} // greatest(coalesce({whole('quantity', 'l')}, 1), 1)", "currency"),
        *(bad("amount", "l"), bad("quantity", "l")),
    )
} AS unit_price,
       {noted(major(f"coalesce({OFF}, 0)", "currency"), BAD_OFF)} AS discount_amount
FROM lines
"""  # noqa: S608

REFUNDS = f"""
WITH refunds AS (
    SELECT payload AS r, coalesce({text("payment_intent")}, {text("charge")}) AS sale, {text("currency")} AS currency
    FROM {{records}} WHERE {text("status")} IN ('succeeded', 'pending', 'requires_action')), {INVOICES}
SELECT 'stripe:' || {text("id", "r")} AS refund_id,
       'stripe:' || k.sale AS transaction_id,
       {at(text("created", "r"))} AS refunded_at,
       {
    noted(
        major(f"coalesce({without_tax(whole('amount', 'r'))}, {whole('amount', 'r')})", "k.currency"),
        *(bad("amount", "r"), "b.bad_tax", "b.bad_total"),
    )
} AS amount,
       upper(k.currency) AS currency,
       {text("reason", "r")} AS reason
FROM refunds k LEFT JOIN paid_by b ON b.sale = k.sale
"""  # noqa: S608

DISPUTES = f"""
SELECT 'stripe:' || {text("id")} AS refund_id,
       'stripe:' || coalesce({text("payment_intent")}, {text("charge")}) AS transaction_id,
       {at(text("created"))} AS refunded_at,
       {noted(major(whole("amount"), text("currency")), bad("amount"))} AS amount,
       upper({text("currency")}) AS currency,
       'dispute: ' || {text("reason")} AS reason
FROM {{records}} WHERE {text("status")} = 'lost'
"""  # noqa: S608

CUSTOMERS = f"""
SELECT 'stripe:' || {text("id")} AS customer_id,
       {text("email")} AS email,
       {text("phone")} AS phone,
       {text("_connection.first_name")} AS first_name,
       {text("_connection.last_name")} AS last_name,
       {at(text("created"))} AS first_seen_at,
       {text("address.country")} AS country
FROM {{records}}
"""  # noqa: S608

PRODUCTS = f"""
SELECT 'stripe:' || {text("id")} AS product_id, {text("name")} AS product_name,
       {text("_connection.category")} AS category
FROM {{records}}
"""  # noqa: S608

PRICE = "DECIMAL(24,6)"


def millionths(text: str) -> str:
    """SQL: a price in millionths of the minor unit."""
    return f"CAST({number(text, PRICE)} * 1000000 AS HUGEINT)"


def monthly(price: str, interval: str, count: str) -> str:
    """SQL: a price in millionths, per month; a year has 12 months, 52 weeks, 365 days."""
    return f"""TRY(CASE {interval}
        WHEN 'year' THEN ({price}) // (12 * {count}) WHEN 'month' THEN ({price}) // {count}
        WHEN 'week' THEN ({price}) * 52 // (12 * {count})
        WHEN 'day' THEN ({price}) * 365 // (12 * {count}) END)"""


ITEM_PRICE = "coalesce(x->>'$.price.unit_amount_decimal', x->>'$.price.unit_amount')"
# What an item costs a month, in millionths of the minor unit, and what standing discounts leave of it.
ITEMS = f"""
subscriptions AS (
    SELECT payload AS s, {text("id")} AS subscription_id, {text("currency")} AS currency,
           {whole("_connection.percent_off_millionths")} AS percent_off,
           {whole("_connection.amount_off")} AS amount_off,
           coalesce({bad("_connection.percent_off_millionths")}, {bad("_connection.amount_off")}) AS bad_discount
    FROM {{records}} WHERE {text("status")} NOT IN ('incomplete', 'incomplete_expired')),
items AS (
    SELECT subscription_id, x, {whole("current_period_end", "x")} AS term_end,
           {
    monthly(
        f"{millionths(ITEM_PRICE)} * coalesce({whole('quantity', 'x')}, 1)",
        text("price.recurring.interval", "x"),
        whole("price.recurring.interval_count", "x"),
    )
} AS monthly,
           coalesce({unread([ITEM_PRICE], PRICE)}, {bad("quantity", "x")},
                    {bad("price.recurring.interval_count", "x")}) AS bad_price
    FROM (SELECT subscription_id, unnest({listed("s->'$.items.data'")}) AS x FROM subscriptions)),
valued AS (
    SELECT subscription_id, sum(monthly) AS gross, max(term_end) AS term_end, max(bad_price) AS bad_price,
           arg_max(x->>'$.price.product', monthly) AS product
    FROM items GROUP BY ALL),
priced AS (
    SELECT s.*, v.term_end, v.product, v.gross, coalesce(v.bad_price, s.bad_discount) AS bad_price,
           TRY(greatest(v.gross * (100000000 - coalesce(percent_off, 0)) // 100000000
                        - coalesce(amount_off, 0) * 1000000, 0)) AS net
    FROM subscriptions s LEFT JOIN valued v USING (subscription_id))"""  # noqa: S608

MRR = "{} // 1000000"
END = f"coalesce({text('ended_at', 's')}, {text('cancel_at', 's')})"
START = f"coalesce({text('start_date', 's')}, {text('created', 's')})"

SUBSCRIPTIONS = f"""
WITH {ITEMS},
names AS (SELECT {text("id")} AS product, {text("name")} AS plan FROM {{products}})
SELECT 'stripe:' || subscription_id AS subscription_id,
       'stripe:' || {text("customer", "s")} AS customer_id,
       coalesce(names.plan, p.product) AS plan,
       {text("status", "s")} AS status,
       {at(START)} AS started_at,
       {at(END)} AS canceled_at,
       {at(text("trial_end", "s"))} AS trial_end,
       {at(f"coalesce(CAST(p.term_end AS VARCHAR), {text('current_period_end', 's')})")} AS term_end,
       {noted(major(MRR.format("net"), "currency"), "bad_price")} AS mrr,
       upper(currency) AS currency
FROM priced p LEFT JOIN names ON names.product = p.product
"""  # noqa: S608

# Invoices show what each item cost from when on: a line that is no credit says the item's price from its begin.
LIST_PRICE = f"coalesce({text('unit_amount_decimal')}, {text('unit_amount')})"
EVENTS = f"""
WITH {ITEMS}, {INVOICES},
prices AS (
    SELECT {text("id")} AS price, {text("recurring.interval")} AS period, {whole("recurring.interval_count")} AS count,
           {millionths(LIST_PRICE)} AS unit,
           coalesce({unread([LIST_PRICE], PRICE)}, {bad("recurring.interval_count")}) AS bad_price
    FROM {{prices}}),
lines AS (
    SELECT subscription, currency, unnest({listed("i->'$.lines.data'")}) AS l FROM invoices
    WHERE subscription IS NOT NULL AND status NOT IN ('draft', 'void')),
states AS (
    SELECT subscription, l->>'$.parent.subscription_item_details.subscription_item' AS item,
           {whole("period.start", "l")} AS since,
           {monthly(f"unit * coalesce({whole('quantity', 'l')}, 1)", "period", "count")} AS monthly,
           coalesce(bad_price, {bad("quantity", "l")}) AS bad_price
    FROM lines JOIN prices ON prices.price = l->>'$.pricing.price_details.price'
    WHERE coalesce({whole("amount", "l")}, 0) >= 0
      AND coalesce({whole("period.end", "l")}, 0) > {whole("period.start", "l")}
    QUALIFY row_number() OVER (PARTITION BY subscription, item, since ORDER BY l->>'$.id' DESC) = 1),
moves AS (
    SELECT subscription, item, since,
           monthly - lag(monthly) OVER before AS change,
           CASE WHEN lag(item) OVER before IS NOT NULL THEN coalesce(bad_price, lag(bad_price) OVER before) END
               AS bad_price
    FROM states WINDOW before AS (PARTITION BY subscription, item ORDER BY since)),
changed AS (
    SELECT m.subscription, m.since, p.currency,
           sum(TRY(CASE WHEN p.gross > 0 THEN m.change * p.net // p.gross ELSE 0 END)) AS change,
           max(coalesce(m.bad_price, CASE WHEN m.change <> 0 THEN p.bad_price END)) AS bad_price
    FROM moves m JOIN priced p ON p.subscription_id = m.subscription GROUP BY ALL)
SELECT 'stripe:' || subscription_id || ':start' AS event_id, 'stripe:' || subscription_id AS subscription_id,
       {at(START)} AS occurred_at,
       'start' AS kind, {noted(major(MRR.format("net"), "currency"), "bad_price")} AS mrr_delta,
       upper(currency) AS currency, NULL AS reason
FROM priced
UNION ALL
SELECT 'stripe:' || subscription_id || ':churn', 'stripe:' || subscription_id, {at(text("ended_at", "s"))}, 'churn',
       {noted(major("-(" + MRR.format("net") + ")", "currency"), "bad_price")}, upper(currency),
       coalesce({text("cancellation_details.feedback", "s")}, {text("cancellation_details.reason", "s")})
FROM priced WHERE {text("ended_at", "s")} IS NOT NULL
UNION ALL
SELECT 'stripe:' || subscription || ':' || since, 'stripe:' || subscription, {at("since")},
       -- A price that cannot be read may have gone up or down.
       CASE WHEN bad_price IS NULL THEN CASE WHEN change > 0 THEN 'expansion' ELSE 'contraction' END END,
       {noted(major(MRR.format("change"), "currency"), "bad_price")}, upper(currency), NULL
FROM changed WHERE change // 1000000 <> 0 OR bad_price IS NOT NULL
UNION ALL
SELECT 'stripe:' || invoice_id || ':renewal', 'stripe:' || subscription, {at("paid_at")}, 'renewal', NULL,
       upper(currency), NULL
FROM invoices WHERE status = 'paid' AND reason = 'subscription_cycle' AND subscription IS NOT NULL
UNION ALL
SELECT 'stripe:' || invoice_id || ':failed', 'stripe:' || subscription, {at("finalized_at")}, 'payment_failed', NULL,
       upper(currency), NULL
FROM invoices WHERE subscription IS NOT NULL AND status NOT IN ('draft', 'void')
  AND coalesce({whole("attempt_count", "i")}, 0) > CASE WHEN status = 'paid' THEN 1 ELSE 0 END
"""  # noqa: S608

FILLS = (
    ContractSql("products", "products", PRODUCTS),
    ContractSql("customers", "customers", CUSTOMERS),
    ContractSql("transactions", "invoices", INVOICED),
    ContractSql("transactions", "charges", TRANSACTIONS, joins=("invoices", "disputes")),
    ContractSql("transaction_lines", "invoices", LINES),
    ContractSql("refunds", "refunds", REFUNDS, joins=("invoices",)),
    ContractSql("refunds", "disputes", DISPUTES),
    ContractSql("subscriptions", "subscriptions", SUBSCRIPTIONS, joins=("products",)),
    ContractSql("subscription_events", "subscriptions", EVENTS, joins=("invoices", "prices")),
)
