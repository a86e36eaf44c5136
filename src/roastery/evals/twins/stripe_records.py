"""Single records in the shape of Stripe's API of today."""

from decimal import Decimal
from typing import Any

Row = dict[str, Any]


def cents(value: Decimal) -> int:
    return int(value * 100)


def charge(number: str, amount: int, created: int, customer: str | None, **more: Any) -> Row:
    """A charge that went through, in the shape of today's API."""
    currency = more.get("currency", "usd")
    fee = more.pop("fee", 0)
    return {
        "id": f"ch_{number}",
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "balance_transaction": {
            "id": f"txn_{number}", "object": "balance_transaction", "amount": amount, "currency": currency, "fee": fee,
            "net": amount - fee, "exchange_rate": None, "reporting_category": "charge", "type": "charge",
            "status": "available", "created": created, "available_on": created, "description": None,
            "fee_details": [], "source": f"ch_{number}",
        },
        "billing_details": {"email": None, "name": None, "phone": None, "address": None},
        "captured": True,
        "created": created,
        "currency": currency,
        "customer": customer,
        "disputed": False,
        "livemode": True,
        "metadata": {},
        "paid": True,
        "payment_intent": f"pi_{number}",
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        "receipt_email": None,
        "refunded": False,
        "status": "succeeded",
        **more,
    }  # fmt: skip


def refund(number: str, of: Row, amount: int, created: int, reason: str | None = None) -> Row:
    return {
        "id": f"re_{number}", "object": "refund", "amount": amount, "charge": of["id"], "created": created,
        "currency": of["currency"], "metadata": {}, "payment_intent": of["payment_intent"], "reason": reason,
        "status": "succeeded", "balance_transaction": f"txn_re_{number}",
    }  # fmt: skip


def person(number: str, created: int, name: str, email: str | None, country: str, phone: str | None = None) -> Row:
    return {
        "id": f"cus_{number}", "object": "customer", "created": created, "currency": None, "email": email, "name": name,
        "phone": phone, "livemode": True, "delinquent": False, "metadata": {},
        "address": {"country": country, "line1": "1 Main Street", "city": "Springfield", "postal_code": "60601"},
    }  # fmt: skip
