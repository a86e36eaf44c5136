"""Shopify's types around a sale: money, orders, lines, refunds, parcels, payments and journeys, as resolvers.

Discount codes work on whole orders, so a line's own discount is 0 and its share stands in its discountAllocations, as
in Shopify.
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from roastery.evals.twins.graphql import GraphQLError
from roastery.evals.twins.graphql_engine import Arguments, Field, Schema
from roastery.evals.twins.shop_index import Row
from roastery.evals.twins.shop_pages import nested_page
from roastery.evals.world.company import CURRENCY

CENT = Decimal("0.01")
SOURCES = {"online": "web", "pos": "pos", "phone": "shopify_draft_order"}
Money = tuple[str, Row | None]


def gid(kind: str, number: Any) -> str:
    """A global id.

    >>> gid("Order", 123)
    'gid://shopify/Order/123'
    """
    return f"gid://shopify/{kind}/{number}"


def number_of(identity: str, kind: str) -> int:
    prefix = f"gid://shopify/{kind}/"
    if not identity.startswith(prefix) or not identity.removeprefix(prefix).isdigit():
        raise GraphQLError(f"Invalid global id '{identity}'", "INVALID_ARGUMENT")
    return int(identity.removeprefix(prefix))


def _presentment(money: Money) -> tuple[str, str]:
    """Amount and currency as the buyer saw them."""
    amount, order = money
    if order is None or order["presentment_currency"] == CURRENCY:
        return amount, CURRENCY
    seen = (Decimal(amount) * Decimal(order["presentment_rate"])).quantize(CENT, ROUND_HALF_UP)
    return _text(seen), order["presentment_currency"]


def _text(value: Decimal) -> str:
    """Money as Shopify writes it.

    >>> _text(Decimal("10.00")), _text(Decimal("10.25"))
    ('10.0', '10.25')
    """
    text = str(value.quantize(CENT, ROUND_HALF_UP))
    return text[:-1] if text.endswith("0") else text


def scalars(**names: str) -> dict[str, Field]:
    return {name: Field(lambda row, key=key: row[key]) for name, key in names.items()}


def fixed(**values: Any) -> dict[str, Field]:
    return {name: Field(lambda row, value=value: value) for name, value in values.items()}


def gids(kind: str, key: str) -> dict[str, Field]:
    return {
        "id": Field(lambda row: gid(kind, row[key])),
        "legacyResourceId": Field(lambda row: str(row[key])),
    }


def _bag(amount: Callable[[Row], str], order: Callable[[Row], Row | None] = lambda row: row) -> Field:
    return Field(lambda row: (amount(row), order(row)), "MoneyBag", key=_home_money)


def _home_money(money: Money) -> str | None:
    """The amount, where the buyer saw it in the shop's own currency."""
    amount, order = money
    return amount if order is None or order["presentment_currency"] == CURRENCY else None


def _product_number(row: Row) -> int:
    number: int = row["product_id"]
    return number


def _of_order(row: Row) -> Row:
    owner: Row = row["order"]
    return owner


MONEY: Schema = {
    "MoneyBag": {
        "shopMoney": Field(lambda money: (money[0], CURRENCY), "MoneyV2"),
        "presentmentMoney": Field(_presentment, "MoneyV2"),
    },
    "MoneyV2": {"amount": Field(lambda money: money[0]), "currencyCode": Field(lambda money: money[1])},
}


# Orders.


def _current(row: Row) -> str:
    back = sum((Decimal(part["subtotal"]) for refund in row["refunds"] for part in refund["lines"]), Decimal(0))
    return _text(Decimal(row["subtotal"]) - back)


def _gross(row: Row) -> str:
    return _text(Decimal(row["unit_price"]) * row["quantity"])


def _fulfillments(row: Row, arguments: Arguments) -> list[Row]:
    if (
        row["financial_status"] in ("PENDING", "VOIDED")
        or row["sales_channel"] == "pos"
        or row["status"] == "cancelled"
    ):
        return []
    if row["shipped_at"] is None:
        return []
    parcel = {
        "id": row["order_id"] - 1_100_000_000_000,
        "shipped_at": row["shipped_at"],
        "delivered_at": row["delivered_at"],
    }
    return [parcel][: arguments.get("first")]


def _transactions(row: Row, arguments: Arguments) -> list[Row]:
    if row["financial_status"] == "VOIDED":
        return []
    paid = {"order": row, "id": row["order_id"] + 900_000_000_000, "kind": "SALE", "amount": row["total"],
            "at": row["occurred_at"],
            "status": "PENDING" if row["financial_status"] == "PENDING" else "SUCCESS"}  # fmt: skip
    back = [{"order": row, "id": refund["refund_id"] + 5, "kind": "REFUND", "amount": refund["total"],
             "at": refund["refunded_at"], "status": "SUCCESS"} for refund in row["refunds"]]  # fmt: skip
    return [paid, *back][: arguments.get("first")]


def _fees(row: Row) -> list[Row]:
    fee = row["order"]["fee_amount"]
    return [{"id": row["id"], "amount": fee}] if row["kind"] == "SALE" and fee != "0.0" else []


def _gateway(row: Row) -> str:
    return "cash" if row["order"]["is_cash"] else "manual" if row["status"] == "PENDING" else "shopify_payments"


def _journey(row: Row) -> Row | None:
    return {"order": row, "moments": row["moments"]} if row["sales_channel"] == "online" else None


ORDER: dict[str, Field] = {
    **gids("Order", "order_id"),
    **scalars(
        name="name",
        createdAt="occurred_at",
        processedAt="occurred_at",
        updatedAt="updated_at",
        cancelledAt="cancelled_at",
        test="is_test",
        displayFinancialStatus="financial_status",
        currencyCode="currency",
        presentmentCurrencyCode="presentment_currency",
    ),
    **fixed(
        confirmed=True,
        edited=False,
        taxesIncluded=False,
        taxExempt=False,
        tags=[],
        note=None,
        closed=False,
        closedAt=None,
        email=None,
        phone=None,
        returnStatus="NO_RETURN",
    ),
    "number": Field(lambda row: int(row["name"][1:])),
    "sourceName": Field(lambda row: SOURCES[row["sales_channel"]]),
    "cancelReason": Field(lambda row: "CUSTOMER" if row["cancelled_at"] else None),
    "displayFulfillmentStatus": Field(
        lambda row: "FULFILLED" if row["sales_channel"] == "pos" or row["shipped_at"] else "UNFULFILLED"
    ),
    "discountCode": Field(lambda row: row["coupon_code"]),
    "discountCodes": Field(lambda row: [row["coupon_code"]] if row["coupon_code"] else []),
    "customer": Field(lambda row: row["customer_id"] and {"customer_id": row["customer_id"]}, "Customer"),
    "retailLocation": Field(lambda row: row["location_id"], "Location"),
    "subtotalPriceSet": _bag(lambda row: row["subtotal"]),
    "currentSubtotalPriceSet": _bag(_current),
    "totalPriceSet": _bag(lambda row: row["total"]),
    "originalTotalPriceSet": _bag(lambda row: row["total"]),
    "currentTotalPriceSet": _bag(lambda row: _text(Decimal(row["total"]) - Decimal(row["total_refunded"]))),
    "totalDiscountsSet": _bag(lambda row: row["discount_amount"]),
    "totalTaxSet": _bag(lambda row: row["tax_amount"]),
    "totalShippingPriceSet": _bag(lambda row: row["shipping_amount"]),
    "totalRefundedSet": _bag(lambda row: row["total_refunded"]),
    "totalTipReceivedSet": _bag(lambda row: "0.0"),
    "lineItems": nested_page("LineItem", lambda row: row["lines"]),
    "refunds": Field(lambda row, arguments: row["refunds"][: arguments.get("first")], "Refund", frozenset({"first"})),
    "fulfillments": Field(_fulfillments, "Fulfillment", frozenset({"first", "query"})),
    "transactions": Field(_transactions, "OrderTransaction", frozenset({"first", "capturable", "manuallyResolvable"})),
    "customerJourneySummary": Field(_journey, "CustomerJourneySummary"),
}

LINE: dict[str, Field] = {
    "id": Field(lambda row: gid("LineItem", row["line_id"])),
    "name": Field(lambda row: row["product"]["product_name"]),
    "title": Field(lambda row: row["product"]["product_name"]),
    "sku": Field(lambda row: row["product"]["sku"]),
    "quantity": Field(lambda row: row["quantity"]),
    "currentQuantity": Field(lambda row: row["quantity"] - sum(
        part["quantity"] for refund in row["order"]["refunds"] for part in refund["lines"] if part["line"] is row)),
    "isGiftCard": Field(lambda row: row["product"]["is_gift_card"]),
    "taxable": Field(lambda row: not row["product"]["is_gift_card"]),
    "product": Field(lambda row: row["product"], "Product", key=_product_number),
    "variant": Field(lambda row: row["product"], "ProductVariant", key=_product_number),
    "originalUnitPriceSet": _bag(lambda row: row["unit_price"], _of_order),
    "originalTotalSet": _bag(lambda row: _gross(row), _of_order),
    "discountedTotalSet": Field(lambda row, arguments: (_gross(row), row["order"]),
                                "MoneyBag", frozenset({"withCodeDiscounts"})),
    "totalDiscountSet": _bag(lambda row: "0.0", _of_order),
    "discountAllocations": Field(lambda row: [row] if row["discount_amount"] != "0.0" else [], "DiscountAllocation"),
    "taxLines": Field(lambda row, arguments: [row] if row["tax"] != "0.0" else [], "TaxLine", frozenset({"first"})),
}  # fmt: skip

REFUND: dict[str, Field] = {
    **gids("Refund", "refund_id"),
    **scalars(createdAt="refunded_at", processedAt="refunded_at", updatedAt="refunded_at", note="reason"),
    "totalRefundedSet": _bag(lambda row: row["total"], _of_order),
    "refundLineItems": nested_page("RefundLineItem", lambda row: row["lines"]),
    "refundShippingLines": nested_page("RefundShippingLine", lambda row: [row] if row["shipping"] != "0.0" else []),
    "orderAdjustments": nested_page("OrderAdjustment", lambda row: [row] if row["adjustment"] != "0.0" else []),
    "order": Field(_of_order, "Order"),
}

SALES: Schema = {
    "Order": ORDER,
    "LineItem": LINE,
    "DiscountAllocation": {"allocatedAmountSet": _bag(lambda row: row["discount_amount"], _of_order)},
    "TaxLine": {"title": Field(lambda row: "Sales tax"), "priceSet": _bag(lambda row: row["tax"], _of_order)},
    "Refund": REFUND,
    "RefundLineItem": {
        "id": Field(lambda row: gid("RefundLineItem", row["refund_id"] * 100 + row["line_id"] % 97)),
        **scalars(quantity="quantity"),
        "restockType": Field(lambda row: "CANCEL" if row["order"]["status"] == "cancelled" else "RETURN"),
        "restocked": Field(lambda row: True),
        "lineItem": Field(lambda row: row["line"], "LineItem"),
        "subtotalSet": _bag(lambda row: row["subtotal"], _of_order),
        "priceSet": _bag(lambda row: row["line"]["unit_price"], _of_order),
        "totalTaxSet": _bag(lambda row: row["tax"], _of_order),
    },
    "RefundShippingLine": {
        "id": Field(lambda row: gid("RefundShippingLine", row["refund_id"] + 1)),
        "subtotalAmountSet": _bag(lambda row: row["shipping"], _of_order),
        "taxAmountSet": _bag(lambda row: "0.0", _of_order),
    },
    "OrderAdjustment": {
        "id": Field(lambda row: gid("OrderAdjustment", row["refund_id"] + 2)),
        # What went back beyond the lines is negative here: it lowers what the order is worth.
        "amountSet": _bag(lambda row: _text(-Decimal(row["adjustment"])), _of_order),
        "taxAmountSet": _bag(lambda row: "0.0", _of_order),
        "reason": Field(lambda row: "REFUND_DISCREPANCY"),
    },
    "Fulfillment": {
        **gids("Fulfillment", "id"),
        **scalars(createdAt="shipped_at", updatedAt="shipped_at", inTransitAt="shipped_at", deliveredAt="delivered_at"),
        **fixed(status="SUCCESS"),
        "displayStatus": Field(lambda row: "DELIVERED" if row["delivered_at"] else "IN_TRANSIT"),
    },
    "OrderTransaction": {
        "id": Field(lambda row: gid("OrderTransaction", row["id"])),
        **scalars(kind="kind", status="status", createdAt="at", processedAt="at"),
        "gateway": Field(_gateway),
        "test": Field(lambda row: row["order"]["is_test"]),
        "amountSet": _bag(lambda row: row["amount"], _of_order),
        "fees": Field(_fees, "TransactionFee"),
    },
    "TransactionFee": {
        "id": Field(lambda row: gid("TransactionFee", row["id"])),
        **fixed(type="processing_fee", rateName=None, flatFeeName=None, rate="0.029"),
        "amount": Field(lambda row: (row["amount"], CURRENCY), "MoneyV2"),
        "flatFee": Field(lambda row: ("0.3", CURRENCY), "MoneyV2"),
        "taxAmount": Field(lambda row: ("0.0", CURRENCY), "MoneyV2"),
    },
}


# Journeys.


def _source(row: Row) -> str:
    if row["utm_source"]:
        return str(row["utm_source"])
    host = (row["referrer"] or "").split("/")[2:3]
    known = [name for name in ("google", "bing", "facebook", "instagram") if host and name in host[0]]
    return known[0] if known else host[0] if host else "direct"


def _tags(row: Row) -> Row | None:
    return row if row["utm_source"] else None


JOURNEY: Schema = {
    "CustomerJourneySummary": {
        **fixed(ready=True),
        "momentsCount": Field(lambda row: len(row["moments"]), "Count"),
        "firstVisit": Field(lambda row: row["moments"][0] if row["moments"] else None, "CustomerVisit"),
        "lastVisit": Field(lambda row: row["moments"][-1] if row["moments"] else None, "CustomerVisit"),
        "moments": nested_page("CustomerMoment", lambda row: row["moments"]),
    },
    "CustomerMoment": scalars(occurredAt="occurred_at"),
    "Count": {"count": Field(lambda value: value), "precision": Field(lambda value: "EXACT")},
    "CustomerVisit": {
        "id": Field(lambda row: gid("CustomerVisit", row["visit_id"])),
        **scalars(occurredAt="occurred_at", landingPage="landing_page", referrerUrl="referrer"),
        **fixed(referralCode=None, sourceDescription=None),
        "source": Field(_source),
        "sourceType": Field(lambda row: "AD" if row["utm_medium"] in ("cpc", "paid", "paid_social") else None),
        "utmParameters": Field(_tags, "UTMParameters"),
    },
    "UTMParameters": {
        **scalars(source="utm_source", medium="utm_medium", campaign="utm_campaign", content="utm_content"),
        **fixed(term=None),
    },
}
