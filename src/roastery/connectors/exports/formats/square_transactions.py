# ruff: noqa: S608 (the names are ours)
"""Square's transactions export: one row per payment or refund, amounts with a currency sign, a zone in words."""

from roastery.connectors.exports.base import Export, Filling, Need, english
from roastery.connectors.exports.days import clock

FIELDS = (
    english("day", "Date", "day"),
    english("clock", "Time"),
    english("zone", "Time Zone"),
    english("gross_sales", "Gross Sales", "money"),
    english("discounts", "Discounts", "money", zero=True),
    english("net_sales", "Net Sales", "money"),
    english("gift_cards", "Gift Card Sales", "money", zero=True),
    english("tax", "Tax", "money", zero=True),
    english("tip", "Tip", "money", zero=True),
    english("partial_refunds", "Partial Refunds", "money", zero=True),
    english("collected", "Total Collected", "money"),
    english("fees", "Fees", "money"),
    english("transaction_id", "Transaction ID", "id"),
    english("payment_id", "Payment ID", "id"),
    english("event_type", "Event Type"),
    english("location", "Location"),
    english("source", "Source"),
    english("customer_id", "Customer ID"),
)

ZONES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Arizona": "America/Phoenix",
    "Alaska": "America/Anchorage",
    "Hawaii": "Pacific/Honolulu",
    "Atlantic Time (Canada)": "America/Halifax",
    "London": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Tokyo": "Asia/Tokyo",
    "Sydney": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
    "Brisbane": "Australia/Brisbane",
    "Perth": "Australia/Perth",
}
AT = (
    f"(day + {clock('clock')})::TIMESTAMP AT TIME ZONE CASE zone "
    + " ".join(f"WHEN '{name}' THEN '{zone}'" for name, zone in ZONES.items())
    + " ELSE {zone} END"
)
IS_REFUND = "lower(coalesce(event_type, 'payment')) = 'refund'"

# What was given back stands on rows of its own, in the name of the sale, or as part of the payment's row.
TRANSACTIONS = f"""
WITH back AS (SELECT transaction_id, sum(-net_sales) AS amount FROM {{rows}} WHERE {IS_REFUND} GROUP BY 1)
SELECT min(row_number) AS file_row, 'square:' || p.transaction_id AS transaction_id,
       'square:' || any_value(customer_id) AS customer_id, min({AT}) AS occurred_at, sum(net_sales) AS amount,
       least(sum(net_sales), coalesce(any_value(back.amount), 0) + sum(abs(partial_refunds))) AS refunded_amount,
       any_value(row_currency) AS currency, 'order' AS kind, 'completed' AS status,
       CASE WHEN any_value(lower(source)) LIKE '%online%' THEN 'online' ELSE 'pos' END AS sales_channel,
       'square' AS source_system, p.transaction_id AS external_order_id,
       'square:name:' || any_value(location) AS location_id, sum(abs(discounts)) AS discount_amount,
       sum(tax) AS tax_amount, sum(abs(fees)) AS fee_amount
FROM {{rows}} p LEFT JOIN back USING (transaction_id)
WHERE NOT {IS_REFUND} AND p.transaction_id IS NOT NULL GROUP BY p.transaction_id"""

REFUNDS = f"""
SELECT min(row_number) AS file_row, 'square:' || coalesce(payment_id, transaction_id) AS refund_id,
       'square:' || any_value(transaction_id) AS transaction_id, min({AT}) AS refunded_at, sum(-net_sales) AS amount,
       any_value(row_currency) AS currency
FROM {{rows}} WHERE {IS_REFUND} AND net_sales <= 0 GROUP BY 2"""

LOCATIONS = """
SELECT min(row_number) AS file_row, 'square:name:' || location AS location_id, location AS location_name
FROM {rows} WHERE location IS NOT NULL GROUP BY location"""

SQUARE_TRANSACTIONS = Export(
    "square_transactions",
    "square",
    "Square transactions",
    FIELDS,
    needs=(
        Need(("day",), "The column Date is needed."),
        Need(("net_sales",), "The column Net Sales is needed."),
        Need(("transaction_id",), "The column Transaction ID is needed: export Transactions, not Summary."),
    ),
    fillings=(
        Filling("locations", LOCATIONS),
        Filling("transactions", TRANSACTIONS),
        Filling("refunds", REFUNDS),
    ),
    day="day",
    checks=("net_sales",),
    money=("net_sales", "gross_sales", "collected"),
    assumes=(
        "A sale's amount is its net sales: after discounts, without tax and tips.",
        "Times are in the zone that the file names where it is known, else in the organization's.",
    ),
    warns=(
        (
            f"SELECT count(*) FROM {{rows}} WHERE {IS_REFUND} AND transaction_id NOT IN "
            f"(SELECT transaction_id FROM {{rows}} WHERE NOT {IS_REFUND} AND transaction_id IS NOT NULL)",
            "{n} refunds belong to no payment of this file: they lower revenue once the file with their payment is "
            "imported too, and only if Square names it.",
        ),
    ),
)
