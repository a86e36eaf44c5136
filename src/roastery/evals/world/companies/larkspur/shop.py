"""The World's shop in the columns of the contracts, as the shop's connector fills them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world import World
from roastery.evals.world.columns import money
from roastery.evals.world.companies.larkspur.plan import PROMOTION_OF_CODE
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.seasons import DAY_SECONDS, END, instants_array

CLICK_IDS = ("gclid", "fbclid")


def prefixed(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A shop's number as curated tables write it."""
    text = column.cast(pa.string())
    flat = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    return pc.binary_join_element_wise(pa.scalar("shopify:"), flat, "")


def tables(rng: np.random.Generator, world: World) -> dict[str, pa.Table]:
    """Everything that the shop holds, by dataset."""
    return {
        "products": _products(world),
        "customers": _customers(world),
        "locations": dataset(
            "locations",
            {
                "location_id": prefixed(world.locations["location_id"]),
                "location_name": world.locations["location_name"],
                "region": ["Chicago", "North Shore"],
                "franchise": ["Larkspur"] * 2,
                "brand": ["Larkspur"] * 2,
                "country": ["US"] * 2,
                "time_zone": ["America/Chicago"] * 2,
            },
        ),
        "transactions": _transactions(world),
        "transaction_lines": _lines(world),
        "refunds": _refunds(world),
        "returns": _returns(world),
        "shipments": _shipments(rng, world),
        "touchpoints": _touchpoints(world),
    }


def _products(world: World) -> pa.Table:
    rows = world.products
    return dataset(
        "products",
        {
            "product_id": prefixed(rows["product_id"]),
            **{name: rows[name] for name in ("product_name", "category", "unit_cost", "price")},
            "currency": pa.repeat("USD", rows.num_rows),
        },
    )


def _customers(world: World) -> pa.Table:
    rows = world.customers
    return dataset(
        "customers",
        {
            "customer_id": prefixed(rows["customer_id"]),
            **{name: rows[name] for name in ("email", "phone", "first_name", "last_name", "country")},
            "first_seen_at": rows["created_at"],
            **{name: rows[name] for name in ("marketing_consent", "source_order_count")},
        },
    )


def _transactions(world: World) -> pa.Table:
    rows = world.orders
    code = rows["coupon_code"].combine_chunks()
    place = pc.index_in(code, pa.array(list(PROMOTION_OF_CODE)))
    same = ("occurred_at", "amount", "refunded_amount", "currency", "status", "is_test", "sales_channel",
            "coupon_code", "discount_amount", "tax_amount", "shipping_amount", "fee_amount")  # fmt: skip
    return dataset(
        "transactions",
        {
            "transaction_id": prefixed(rows["order_id"]),
            "customer_id": prefixed(rows["customer_id"]),
            **{name: rows[name] for name in same},
            "kind": pa.repeat("order", rows.num_rows),
            "is_renewal": pa.repeat(pa.scalar(False), rows.num_rows),
            "source_system": pa.repeat("shopify", rows.num_rows),
            "external_order_id": rows["order_id"].cast(pa.string()),
            "promotion_id": pa.array(list(PROMOTION_OF_CODE.values())).take(place),
            "location_id": prefixed(rows["location_id"]),
        },
    )


def _lines(world: World) -> pa.Table:
    """Goods only: a gift card is money changed, not sold."""
    gift = world.products.filter(world.products["is_gift_card"])["product_id"]
    rows = world.order_lines.filter(
        pc.invert(pc.is_in(world.order_lines["product_id"], gift.combine_chunks()))
    ).combine_chunks()
    product = pc.index_in(rows["product_id"], world.products["product_id"].combine_chunks())
    return dataset(
        "transaction_lines",
        {
            "transaction_id": prefixed(rows["order_id"]),
            "line_no": rows["line_no"].cast(pa.string()),
            "product_id": prefixed(rows["product_id"]),
            **{name: rows[name] for name in ("quantity", "unit_price", "discount_amount")},
            "unit_cost": world.products["unit_cost"].combine_chunks().take(product.combine_chunks()),
        },
    )


def _refunds(world: World) -> pa.Table:
    rows = world.refunds
    return dataset(
        "refunds",
        {
            "refund_id": prefixed(rows["refund_id"]),
            "transaction_id": prefixed(rows["order_id"]),
            **{name: rows[name] for name in ("refunded_at", "amount", "reason")},
            "currency": pa.repeat("USD", rows.num_rows),
        },
    )


def _returns(world: World) -> pa.Table:
    rows, lines = world.refund_lines, world.order_lines
    line = pc.index_in(rows["line_id"], lines["line_id"].combine_chunks()).combine_chunks()
    refund = pc.index_in(rows["refund_id"], world.refunds["refund_id"].combine_chunks()).combine_chunks()
    number = np.arange(rows.num_rows)
    return dataset(
        "returns",
        {
            "return_id": pc.binary_join_element_wise(
                pa.scalar("shopify:rl-"), pa.array(number + 1).cast(pa.string()), ""
            ),
            "transaction_id": prefixed(rows["order_id"]),
            "product_id": prefixed(lines["product_id"].combine_chunks().take(line)),
            "returned_at": world.refunds["refunded_at"].combine_chunks().take(refund),
            "quantity": rows["quantity"],
            "amount": rows["subtotal"],
            "currency": pa.repeat("USD", rows.num_rows),
            "restocked": pa.array(number % 4 > 0),
            "reason": world.refunds["reason"].combine_chunks().take(refund),
        },
    )


def _shipments(rng: np.random.Generator, world: World) -> pa.Table:
    """Parcels two days after the order, delivered three to six days later, further for orders from abroad."""
    orders = world.orders
    unpaid = pc.is_in(orders["financial_status"], pa.array(["PENDING", "VOIDED"]))
    kept_here = pc.or_(pc.equal(orders["sales_channel"], "pos"), pc.equal(orders["status"], "cancelled"))
    rows = orders.filter(pc.invert(pc.or_(unpaid, kept_here))).combine_chunks()
    placed = np.asarray(rows["occurred_at"].cast(pa.timestamp("s", "UTC")).cast(pa.int64()))
    abroad = pc.not_equal(rows["presentment_currency"], "USD").to_numpy()
    shipped = placed + 2 * DAY_SECONDS
    delivered = shipped + (rng.gamma(9.0, 0.36, placed.size) * DAY_SECONDS).astype(np.int64) + abroad * 4 * DAY_SECONDS
    cost = rng.integers(390, 760, placed.size) + abroad * 900
    kept = np.flatnonzero(shipped < END - 60)
    arrived = delivered[kept] < END - 60
    return dataset(
        "shipments",
        {
            "shipment_id": pc.binary_join_element_wise(
                pa.scalar("shopify:"), pc.subtract(rows["order_id"], 1_100_000_000_000).cast(pa.string()), ""
            ).take(pa.array(kept)),
            "transaction_id": prefixed(rows["order_id"]).take(pa.array(kept)),
            "shipped_at": instants_array(shipped[kept]),
            "delivered_at": instants_array(delivered[kept], ~arrived),
            "shipping_cost": money(cost[kept]),
            "currency": pa.repeat("USD", kept.size),
            "status": pa.array(np.where(arrived, "delivered", "in_transit")),
        },
    )


def _touchpoints(world: World) -> pa.Table:
    """Moments of the shop's journeys; ids and click ids stand in the landing page's address."""
    rows = world.journeys.combine_chunks()
    order = pc.index_in(rows["order_id"], world.orders["order_id"].combine_chunks()).combine_chunks()
    page = rows["landing_page"].combine_chunks()
    utm_id = _parameter(page, "utm_id")
    clicks = [pc.binary_join_element_wise(pa.scalar(c), _parameter(page, c), ":") for c in CLICK_IDS]
    click = pc.coalesce(*clicks)
    mailed = pc.fill_null(pc.match_substring_regex(pc.utf8_lower(rows["utm_medium"]), "^e-?mail"), False)
    tagged = pc.is_valid(pc.coalesce(utm_id, click, rows["utm_campaign"].combine_chunks()))
    return dataset(
        "touchpoints",
        {
            "touchpoint_id": prefixed(rows["visit_id"]),
            "customer_id": prefixed(world.orders["customer_id"].combine_chunks().take(order)),
            "occurred_at": rows["occurred_at"],
            "kind": pc.if_else(mailed, "email_click", pc.if_else(tagged, "click", "visit")),
            **{name: rows[name] for name in ("utm_source", "utm_medium", "utm_campaign", "utm_content")},
            "utm_id": utm_id,
            "click_id": click,
            "landing_page": page,
            "referrer": rows["referrer"],
            "source_system": pa.repeat("shopify", rows.num_rows),
        },
    )


def _parameter(page: pa.Array, name: str) -> pa.Array:
    found = pc.extract_regex(page, rf"[?&]{name}=(?P<value>[^&#]+)")
    return pc.struct_field(found, "value")
