"""The shop's tables: products, customers, orders, lines, refunds, in major units and UTC times."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, prefixed
from roastery.evals.world.company import CURRENCY, GIFT_CARD, LOCATIONS, PRODUCTS
from roastery.evals.world.people import People
from roastery.evals.world.returns import REASONS, RefundLines, Refunds, cancelled_at
from roastery.evals.world.seasons import DAY_SECONDS, END, Ints, days_of, instants_array
from roastery.evals.world.shop import (
    CANCELLED_REFUNDED,
    CANCELLED_UNPAID,
    CODES,
    PAID,
    PENDING,
    POS,
    STATES,
    Lines,
    Orders,
    home_states,
    list_prices,
)
from roastery.evals.world.tracking import customer_numbers, order_numbers

FIRST_PRODUCT = 8_112_200_000_001
FIRST_NAMES = ("Ada", "Ben", "Chloé", "Dev", "Elif", "Femi", "Grace", "Hugo", "Inés", "Jonas", "Kaya", "Liam",
               "Mei", "Nora", "Omar", "Priya", "Quinn", "Rosa", "Søren", "Tariq", "Uma", "Vera", "Wen", "Yara",
               "Zoë")  # fmt: skip
LAST_NAMES = ("Abbott", "Brandt", "Castillo", "Diaz", "Eriksen", "Fofanah", "García", "Huang", "Ito", "Jansen",
              "Kowalski", "Lindqvist", "Moreau", "Nguyen", "O'Brien", "Patel", "Quiñones", "Rossi", "Schmidt", "Tanaka",
              "Ueda", "Varga", "Walsh", "Young", "Zielinski")  # fmt: skip
COUNTRIES = ("US", "CA", "GB")
FOREIGN = ("USD", "CAD", "GBP")


def products() -> pa.Table:
    """One row per product, its only variant and its inventory item."""
    entries = [*PRODUCTS, GIFT_CARD]
    index = np.arange(len(entries))
    costs = np.array([p.unit_cost or 0 for p in entries], dtype=np.int64)
    _, today = list_prices()
    return pa.table(
        {
            "product_id": pa.array(FIRST_PRODUCT + index * 5),
            "variant_id": pa.array(FIRST_PRODUCT + 30_000_000_000 + index * 5),
            "inventory_item_id": pa.array(FIRST_PRODUCT + 60_000_000_000 + index * 5),
            "sku": pa.array([f"LK-{i + 101}" for i in index]),
            "product_name": pa.array([p.name for p in entries]),
            "category": pa.array([p.category for p in entries]),
            "price": money(today),
            "unit_cost": money(costs, np.array([p.unit_cost is None for p in entries])),
            "is_gift_card": pa.array([p is GIFT_CARD for p in entries]),
            "updated_at": instants_array(np.full(index.size, END - 320 * DAY_SECONDS) + index),
        }
    )


def customers(people: People, orders: Orders, updated: Ints) -> pa.Table:
    """One row per customer, by number."""
    index = np.arange(people.count)
    first = picked(FIRST_NAMES, index * 7 % len(FIRST_NAMES))
    last = picked(LAST_NAMES, index // 3 % len(LAST_NAMES))
    known = orders.person >= 0
    latest = np.zeros(people.count, dtype=np.int64)
    np.maximum.at(latest, orders.person[known], updated[known])
    plain = pc.replace_substring_regex(pc.utf8_lower(first), "[^a-z]", "x")
    return pa.table(
        {
            "customer_id": pa.array(customer_numbers(index)),
            "first_name": first,
            "last_name": last,
            "email": pc.binary_join_element_wise(plain, prefixed("", index + 1000), pa.scalar("@mail.example"), ""),
            "phone": pc.if_else(pa.array(index % 5 < 2), prefixed("+1312", 5_000_000 + index * 37), None),
            "created_at": instants_array(people.first_order_at - 60),
            "updated_at": instants_array(latest),
            "country": picked(COUNTRIES, people.abroad),
            "province": picked([*STATES, ""], np.where(people.abroad > 0, len(STATES), home_states(people.count))),
            "marketing_consent": pa.array(index % 100 < 72),
            "source_order_count": pa.array(np.bincount(orders.person[known], minlength=people.count)),
        }
    )


def updated_at(orders: Orders, refunds: Refunds) -> Ints:
    """When each order last changed: placed, shipped two days on, cancelled or refunded."""
    shipped = np.where((orders.state == PAID) & (orders.channel != POS), orders.placed_at + 2 * DAY_SECONDS, 0)
    changed = np.maximum(orders.placed_at + 90, np.where(shipped < END, shipped, 0))
    cancelled = np.isin(orders.state, (CANCELLED_UNPAID, CANCELLED_REFUNDED)) & (cancelled_at(orders) < END)
    changed = np.where(cancelled, np.maximum(changed, cancelled_at(orders)), changed)
    np.maximum.at(changed, refunds.order, refunds.refunded_at)
    return np.minimum(changed, END - 1)


def orders_table(orders: Orders, refunds: Refunds, updated: Ints) -> pa.Table:
    """One row per order. amount and refunded_amount are what counts as revenue; the rest is as the shop shows it."""
    index = np.arange(orders.count)
    given = [np.bincount(refunds.order, weights=w, minlength=orders.count).astype(np.int64) for w in
             (refunds.goods, refunds.total)]  # fmt: skip
    is_cancelled = np.isin(orders.state, (CANCELLED_UNPAID, CANCELLED_REFUNDED)) & (cancelled_at(orders) < END)
    state = np.where(np.isin(orders.state, (CANCELLED_UNPAID,)) & ~is_cancelled, PENDING, orders.state)
    financial = np.select(
        [state == PENDING, (state == CANCELLED_UNPAID), given[1] >= orders.total, given[1] > 0],
        ["PENDING", "VOIDED", "REFUNDED", "PARTIALLY_REFUNDED"],
        default="PAID",
    )
    status = np.select([is_cancelled, financial == "PENDING"], ["cancelled", "pending"], default="completed")
    return pa.table(
        {
            "order_id": pa.array(order_numbers(index)),
            "name": prefixed("#", index + 1001),
            "customer_id": pa.array(customer_numbers(orders.person), mask=orders.person < 0),
            "occurred_at": instants_array(orders.placed_at),
            "updated_at": instants_array(updated),
            "cancelled_at": instants_array(cancelled_at(orders), ~is_cancelled),
            "status": pa.array(status),
            "financial_status": pa.array(financial),
            "is_test": pa.array(orders.is_test),
            "sales_channel": picked(["online", "pos", "phone"], orders.channel),
            "location_id": picked([key for key, _ in LOCATIONS], orders.location, orders.location < 0),
            "coupon_code": picked(CODES, orders.code, orders.code < 0),
            "currency": pa.repeat(CURRENCY, orders.count),
            "presentment_currency": picked(FOREIGN, orders.foreign),
            "presentment_rate": _presentment_rates(orders),
            "amount": money(orders.amount),
            "refunded_amount": money(given[0]),
            "subtotal": money(orders.subtotal),
            "discount_amount": money(orders.discount),
            "tax_amount": money(orders.tax),
            "shipping_amount": money(orders.shipping),
            "fee_amount": money(orders.fee),
            "total": money(orders.total),
            "total_refunded": money(given[1]),
            "is_cash": pa.array(orders.is_cash),
        }
    )


def _presentment_rates(orders: Orders) -> pa.Array:
    """Units of the buyer's currency for one of the shop's, in ten-thousandths, by day."""
    wave = np.sin(days_of(orders.placed_at) / 60.0)
    rate = np.select([orders.foreign == 1, orders.foreign == 2], [13_700 + 250 * wave, 7_800 + 160 * wave], 10_000)
    scaled = pa.array(rate.astype(np.int64)).cast(pa.decimal128(19, 0))
    return pc.multiply(scaled, pa.scalar(Decimal("0.0001"))).cast(pa.decimal128(18, 4))


def lines_table(lines: Lines) -> pa.Table:
    """One row per line; net is after the order's discount."""
    catalogue = products()
    first = np.searchsorted(lines.order, lines.order)
    return pa.table(
        {
            "order_id": pa.array(order_numbers(lines.order)),
            "line_id": pa.array(13_900_000_000_001 + np.arange(lines.order.size) * 3),
            "line_no": pa.array(np.arange(lines.order.size) - first + 1),
            "product_id": catalogue["product_id"].combine_chunks().take(pa.array(lines.product)),
            "quantity": pa.array(lines.quantity),
            "unit_price": money(lines.unit_price),
            "discount_amount": money(lines.discount),
            "net": money(lines.net),
            "tax": money(lines.tax),
        }
    )


def refunds_table(refunds: Refunds) -> pa.Table:
    """One row per refund; amount is what leaves revenue, total what went back to the buyer."""
    index = np.arange(refunds.order.size)
    return pa.table(
        {
            "refund_id": pa.array(930_100_000_001 + index * 11),
            "order_id": pa.array(order_numbers(refunds.order)),
            "refunded_at": instants_array(refunds.refunded_at),
            "amount": money(refunds.goods),
            "tax": money(refunds.tax),
            "shipping": money(refunds.shipping),
            "adjustment": money(refunds.adjustment),
            "total": money(refunds.total),
            "reason": picked(REASONS, refunds.reason),
        }
    )


def refund_lines_table(refunds: Refunds, parts: RefundLines) -> pa.Table:
    return pa.table(
        {
            "refund_id": pa.array(930_100_000_001 + parts.refund * 11),
            "order_id": pa.array(order_numbers(refunds.order[parts.refund])),
            "line_id": pa.array(13_900_000_000_001 + parts.line * 3),
            "quantity": pa.array(parts.quantity),
            "subtotal": money(parts.subtotal),
            "tax": money(parts.tax),
        }
    )
