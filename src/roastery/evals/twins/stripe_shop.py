"""What Stripe holds of the coffee shop: the card payments of its online orders, and what should come out of them.

A payment bears the order's id, so that one sale in two systems counts once. What changes a payment later, a refund, is
told by an event; so is a customer who is gone.
"""

from dataclasses import replace
from datetime import timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.twins.stripe_records import Row, cents, charge, person, refund
from roastery.evals.world import World

SHOP = "acct_shop"
ORDER = ("order_id", "customer_id", "occurred_at", "total", "fee_amount", "is_test", "total_refunded", "currency")
CUSTOMER = ("customer_id", "first_name", "last_name", "email", "phone", "country")
CHARGED_SECONDS, BACK_SECONDS = 20, 5
"""A charge is made a little after its order, a refund a little after the shop's own."""


def paid_orders(world: World) -> pa.Table:
    """Orders that were paid by card online and stand; those cancelled later are left out, unlike in life."""
    orders = world.orders
    by_card = pc.and_(pc.equal(orders["sales_channel"], "online"), pc.invert(orders["is_cash"]))
    return orders.filter(pc.and_(by_card, pc.equal(orders["status"], "completed"))).select(ORDER)


def shop_books(world: World) -> dict[str, list[Row]]:
    """Charges, refunds, customers and the events that tell of later refunds."""
    back = refunds_by_order(world)
    charges, refunds, events = [], [], []
    bought_at: dict[int, int] = {}
    for row in paid_orders(world).to_pylist():
        made = order_charge(row)
        given = [order_refund(made, each) for each in back.get(row["order_id"], ())]
        refunds += given
        charges.append(made)
        events += [refunded_event(made, each) for each in given]
        bought_at[row["customer_id"]] = min(bought_at.get(row["customer_id"], made["created"]), made["created"])
    people = [
        person(str(row["customer_id"]), bought_at[row["customer_id"]], f"{row['first_name']} {row['last_name']}",
               row["email"], row["country"], row["phone"])
        for row in world.customers.select(CUSTOMER).to_pylist()
        if row["customer_id"] in bought_at
    ]  # fmt: skip
    return {"charges": charges, "refunds": refunds, "customers": people, "events": events}


def refunds_by_order(world: World) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in world.refunds.select(["refund_id", "order_id", "refunded_at", "total"]).to_pylist():
        found.setdefault(row["order_id"], []).append(row)
    return found


def order_charge(row: Row) -> Row:
    """The charge of one order."""
    amount, refunded = cents(row["total"]), cents(row["total_refunded"])
    return charge(
        str(row["order_id"]),
        amount,
        int(row["occurred_at"].timestamp()) + CHARGED_SECONDS,
        f"cus_{row['customer_id']}" if row["customer_id"] else None,
        fee=cents(row["fee_amount"]),
        metadata={"order_id": str(row["order_id"])},
        livemode=not row["is_test"],
        amount_refunded=refunded,
        refunded=refunded == amount,
    )


def order_refund(of: Row, row: Row) -> Row:
    at = int(row["refunded_at"].timestamp()) + BACK_SECONDS
    return refund(str(row["refund_id"]), of, cents(row["total"]), at, "requested_by_customer")


def refunded_event(of: Row, given: Row) -> Row:
    """What Stripe says when a charge is paid back."""
    return event(f"evt_{given['id']}", "charge.refunded", given["created"], of)


def event(number: str, kind: str, created: int, record: Row) -> Row:
    collapsed = {"balance_transaction": record["balance_transaction"]["id"]} if "balance_transaction" in record else {}
    return {
        "id": number, "object": "event", "type": kind, "created": created, "livemode": True,
        "api_version": "2023-08-16", "data": {"object": {**record, **collapsed}},
    }  # fmt: skip


# What should come out.

TRANSACTIONS = f"""
SELECT 'stripe:pi_' || order_id AS transaction_id, 'stripe:cus_' || customer_id AS customer_id,
       date_trunc('second', occurred_at) + INTERVAL {CHARGED_SECONDS} SECOND AS occurred_at, total AS amount,
       total_refunded AS refunded_amount, currency, 'payment' AS kind, 'completed' AS status, is_test,
       'online' AS sales_channel, 'stripe' AS source_system, order_id AS external_order_id, fee_amount,
       0 AS tax_amount, 0 AS shipping_amount, 0 AS discount_amount
FROM paid
"""  # noqa: S608 (the number is ours)
REFUNDS = f"""
SELECT 'stripe:re_' || refund_id AS refund_id, 'stripe:pi_' || order_id AS transaction_id,
       date_trunc('second', refunded_at) + INTERVAL {BACK_SECONDS} SECOND AS refunded_at, r.total AS amount,
       p.currency, 'requested_by_customer' AS reason
FROM refunds r JOIN paid p USING (order_id)
"""  # noqa: S608 (the number is ours)
CUSTOMERS = f"""
SELECT 'stripe:cus_' || customer_id AS customer_id, email, phone, first_name, last_name, country,
       min(date_trunc('second', occurred_at)) + INTERVAL {CHARGED_SECONDS} SECOND AS first_seen_at
FROM customers JOIN paid USING (customer_id) GROUP BY ALL
"""  # noqa: S608 (the number is ours)


CHOSEN = """
SELECT * FROM orders
WHERE sales_channel = 'online' AND financial_status = 'PAID' AND NOT is_cash AND occurred_at < $before
ORDER BY occurred_at DESC, order_id LIMIT 1
"""
NEW_REFUND = f"""
SELECT * FROM refunds UNION ALL
SELECT (SELECT max(refund_id) + 1 FROM refunds), order_id, $at, amount, tax_amount, shipping_amount, 0, total,
       'Returned' FROM ({CHOSEN})
"""  # noqa: S608 (the SQL is ours)
PAID_BACK = f"""
SELECT o.* REPLACE (
    CASE WHEN c.order_id IS NULL THEN o.refunded_amount ELSE o.amount END AS refunded_amount,
    CASE WHEN c.order_id IS NULL THEN o.total_refunded ELSE o.total END AS total_refunded,
    CASE WHEN c.order_id IS NULL THEN o.financial_status ELSE 'REFUNDED' END AS financial_status,
    CASE WHEN c.order_id IS NULL THEN o.updated_at ELSE $at END AS updated_at)
FROM orders o LEFT JOIN ({CHOSEN}) c USING (order_id) ORDER BY o.order_id
"""  # noqa: S608 (the SQL is ours)


def paid_back_late(world: World) -> World:
    """A day passes, and in it a payment of more than a week ago is paid back in full."""
    given = {"before": world.now - timedelta(days=7), "at": world.now + timedelta(hours=6)}
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET TimeZone = 'UTC'")
        for name in ("orders", "refunds"):
            database.register(name, world.tables[name])
        found = {
            name: database.sql(sql, params=given).to_arrow_table().cast(world.tables[name].schema)
            for name, sql in (("orders", PAID_BACK), ("refunds", NEW_REFUND))
        }
    return replace(world, now=world.now + timedelta(days=1), **found)


def customer_gone(world: World) -> World:
    """The first customer with a payment is deleted; the payments stay."""
    first = paid_orders(world)["customer_id"].drop_null()[0]
    return replace(world, customers=world.customers.filter(pc.not_equal(world.customers["customer_id"], first)))
