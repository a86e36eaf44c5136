"""What is kept of Stripe's records: addresses, cards and receipts are not needed, so they are not stored (law 15)."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Row = dict[str, Any]

CHARGE = (
    *("id", "payment_intent", "customer", "created", "currency", "status", "captured", "amount", "amount_captured"),
    *("amount_refunded", "refunded", "disputed", "livemode", "failure_code", "metadata"),
)
INVOICE = (
    *("id", "customer", "created", "currency", "status", "livemode", "billing_reason", "parent", "subscription"),
    *("total", "tax", "total_taxes", "amount_shipping", "shipping_cost", "total_discount_amounts", "subtotal"),
    *("status_transitions", "attempt_count", "attempted", "collection_method", "payments", "metadata"),
)
LINE = ("id", "amount", "currency", "quantity", "period", "parent", "pricing", "price", "discount_amounts")
CUSTOMER = ("id", "created", "currency", "email", "name", "phone", "livemode", "delinquent", "metadata")
PRODUCT = ("id", "name", "active", "created", "updated", "metadata", "livemode")
FEE = ("id", "fee", "currency", "net", "exchange_rate", "reporting_category")
MILLIONTHS = Decimal(1_000_000)


def some(record: Mapping[str, Any], names: tuple[str, ...]) -> Row:
    return {name: record[name] for name in names if name in record}


def charge(record: Mapping[str, Any], order_key: str) -> Row:
    """A charge with its fee (the expanded balance transaction), and the order that it pays."""
    kept = some(record, CHARGE)
    fee = record.get("balance_transaction")
    if isinstance(fee, Mapping):
        kept["balance_transaction"] = some(fee, FEE)
    details = record.get("payment_method_details") or {}
    kept["payment_method"] = details.get("type") if isinstance(details, Mapping) else None
    kept["_connection"] = {"order_id": _order(record, order_key)}
    return kept


def invoice(record: Mapping[str, Any], order_key: str) -> Row:
    kept = some(record, INVOICE)
    kept["lines"] = {"data": [some(line, LINE) for line in (record.get("lines") or {}).get("data", ())]}
    kept["_connection"] = {"order_id": _order(record, order_key)}
    return kept


def customer(record: Mapping[str, Any]) -> Row:
    """A customer; the one name that Stripe has is parted at its last space."""
    kept = some(record, CUSTOMER)
    kept["address"] = {"country": (record.get("address") or {}).get("country")}
    first, _, last = str(record.get("name") or "").strip().rpartition(" ")
    kept["_connection"] = {"first_name": first or last or None, "last_name": last if first else None}
    return kept


def product(record: Mapping[str, Any], category_key: str) -> Row:
    kept = some(record, PRODUCT)
    kept["_connection"] = {"category": (record.get("metadata") or {}).get(category_key)}
    return kept


def subscription(record: Mapping[str, Any], now: float) -> Row:
    """A subscription with what its standing discounts take off: those of one invoice only do not change its value."""
    percent, amount, unread = Decimal(0), Decimal(0), None
    for discount in record.get("discounts") or ():
        coupon = _coupon(discount)
        ends = discount.get("end") if isinstance(discount, Mapping) else None
        if not coupon or coupon.get("duration") == "once" or (ends and (_decimal(ends) or 0) <= now):
            continue
        for name in ("percent_off", "amount_off"):
            if _decimal(coupon.get(name)) is None:
                unread = str(coupon[name])
        percent += _decimal(coupon.get("percent_off")) or 0
        amount += _decimal(coupon.get("amount_off")) or 0
    off = {"percent_off_millionths": int(min(percent, Decimal(100)) * MILLIONTHS), "amount_off": int(amount)}
    # A discount that is no number goes on as it came: what is left of the price cannot be said without it.
    return {**record, "_connection": off if unread is None else {**off, "amount_off": unread}}


def _coupon(discount: Any) -> Mapping[str, Any]:
    if not isinstance(discount, Mapping):
        return {}
    source = discount.get("source")
    coupon = source.get("coupon") if isinstance(source, Mapping) else discount.get("coupon")
    return coupon if isinstance(coupon, Mapping) else {}


def _decimal(value: Any) -> Decimal | None:
    """A number, 0 for none; None for what is no number."""
    try:
        found = Decimal(str(value or 0))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _order(record: Mapping[str, Any], order_key: str) -> str | None:
    metadata = record.get("metadata")
    value = metadata.get(order_key) if isinstance(metadata, Mapping) else None
    return str(value) if value else None
