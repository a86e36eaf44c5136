# ruff: noqa: S608 (the names are ours)
"""Stripe's payments export (unified payments): one row per payment, times in UTC."""

from roastery.connectors.exports.base import Export, Filling, Need, english

FIELDS = (
    english("id", "id", "id"),
    english("payment_intent", "PaymentIntent ID|Payment Intent ID", "id"),
    english("created_at", "Created date (UTC)|Created (UTC)|Created date", "time"),
    english("amount", "Amount", "money"),
    english("amount_refunded", "Amount Refunded", "money", zero=True, says="Without refunds, revenue stays too high."),
    english("currency", "Currency"),
    english("captured", "Captured"),
    english("converted_currency", "Converted Currency"),
    english("fee", "Fee", "money"),
    english("mode", "Mode"),
    english("status", "Status"),
    english("customer_id", "Customer ID"),
    english("email", "Customer Email", says="Without e-mail addresses customers cannot be matched.", personal=True),
    english("description", "Description"),
    english("invoice_id", "Invoice ID"),
    english("source_type", "Payment Source Type"),
    english("order_id", "order_id (metadata)|order id (metadata)|order_number (metadata)"),
)

CUSTOMER = "coalesce('stripe:' || customer_id, 'stripe:email:' || email_id)"

TRANSACTIONS = f"""
SELECT row_number AS file_row, 'stripe:' || coalesce(payment_intent, id) AS transaction_id, {CUSTOMER} AS customer_id,
       created_at AS occurred_at, amount, least(amount_refunded, amount) AS refunded_amount, row_currency AS currency,
       'payment' AS kind,
       CASE WHEN regexp_matches(lower(status), 'fail|block') THEN 'failed'
            WHEN regexp_matches(lower(status), 'cancel') THEN 'cancelled'
            WHEN regexp_matches(lower(status), 'paid|refunded|succeeded|disputed') AND lower(coalesce(captured, 'true'))
                 <> 'false' THEN 'completed' ELSE 'pending' END AS status,
       coalesce(lower(mode) LIKE 'test%', false) AS is_test,
       CASE WHEN source_type = 'card_present' THEN 'pos' ELSE 'online' END AS sales_channel,
       'stripe' AS source_system, order_id AS external_order_id,
       CASE WHEN coalesce(upper(converted_currency), row_currency) = row_currency THEN fee END AS fee_amount
FROM {{rows}} WHERE coalesce(payment_intent, id) IS NOT NULL AND amount IS NOT NULL
QUALIFY row_number() OVER (
    PARTITION BY coalesce(payment_intent, id) ORDER BY status = 'completed' DESC, created_at DESC, row_number) = 1"""

CUSTOMERS = f"""
SELECT min(row_number) AS file_row, {CUSTOMER} AS customer_id, max_by(email, created_at) AS email
FROM {{rows}} WHERE {CUSTOMER} IS NOT NULL GROUP BY 2"""

STRIPE_PAYMENTS = Export(
    "stripe_payments",
    "stripe",
    "Stripe payments",
    FIELDS,
    needs=(
        Need(("id", "payment_intent"), "The payment's id is needed: export payments from Stripe with all columns."),
        Need(("created_at",), "The column Created date (UTC) is needed."),
        Need(("amount",), "The column Amount is needed."),
        Need(("status",), "The column Status is needed: failed payments are no sales."),
        Need(("amount_refunded", "fee", "captured"), "Export payments from Stripe with all columns."),
    ),
    fillings=(Filling("customers", CUSTOMERS), Filling("transactions", TRANSACTIONS)),
    day="created_at::DATE",
    checks=("amount",),
    money=("amount",),
    utc=True,
    assumes=(
        "Amounts are what was charged: Stripe's export does not say how much of it is tax or shipping.",
        "Payments are sales of their own, unless a shop's order of the same number, or of the same customer, amount "
        "and day, is known.",
    ),
)
