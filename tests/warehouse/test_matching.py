"""One sale in several systems counts once, to the cent, also where no id joins its records."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from tests.warehouse.conftest import put, rows

START = datetime(2026, 10, 1, 12, tzinfo=UTC)
RANK = {"order": 1, "payment": 2, "invoice": 3, "deal": 4}


def sale(
    id_: str, kind: str, amount: str, hours: float = 0, customer: str | None = "ana", **more: Any
) -> dict[str, Any]:
    system = {"order": "shop", "payment": "pay", "invoice": "books", "deal": "crm"}[kind]
    return {
        "transaction_id": id_, "kind": kind, "amount": amount, "customer_id": customer, "source_system": system,
        "occurred_at": (START + timedelta(hours=hours)).isoformat(), **more,
    }  # fmt: skip


def found(warehouse: Warehouse) -> dict[str, str]:
    return dict(rows(warehouse, "SELECT transaction_id, sale_id FROM work.sale_records"))


def test_records_of_two_systems_meet_by_customer_amount_and_day(warehouse: Warehouse) -> None:
    put(
        warehouse,
        transactions=[
            sale("o1", "order", "100", tax_amount="7"),
            sale("p1", "payment", "107", 1),  # what was charged holds the tax
            sale("d1", "deal", "100", 60),
            sale("o2", "order", "30", 5),
            sale("p-late", "payment", "30", 24 * 5),
            sale("p-more", "payment", "31", 5),
            sale("p-else", "payment", "30", 5, customer="bob"),
            sale("p-nobody", "payment", "30", 5, customer=None),
            sale("p-euro", "payment", "30", 5, currency="EUR"),
            sale("p-other-id", "payment", "30", 5, external_order_id="9"),
            sale("o3", "order", "55", 6),
            sale("o3-again", "order", "55", 6, source_system="second shop"),  # two shops' orders are two sales
        ],
    )
    together = {k: v for k, v in found(warehouse).items() if k != v}
    assert together == {"p1": "o1", "d1": "o1", "p-other-id": "o2"}


def test_an_order_id_that_differs_keeps_sales_apart(warehouse: Warehouse) -> None:
    put(
        warehouse,
        transactions=[
            sale("o1", "order", "30", external_order_id="1"),
            sale("p1", "payment", "30", external_order_id="2"),
        ],
    )
    assert found(warehouse) == {"o1": "o1", "p1": "p1"}


def test_a_payment_of_an_order_that_the_shop_called_off_is_no_sale(warehouse: Warehouse) -> None:
    """The shop says what becomes of its orders; a payment system only that money came, and went."""
    put(
        warehouse,
        transactions=[
            sale("o1", "order", "30", external_order_id="1", status="cancelled"),
            sale("p1", "payment", "30", 1, external_order_id="1", refunded_amount="30"),
            sale("o2", "order", "40", external_order_id="2", is_test=True),
            sale("p2", "payment", "40", 1, external_order_id="2"),
            sale("o3", "order", "50", external_order_id="3"),
            sale("p3", "payment", "50", 1, external_order_id="3", status="cancelled"),  # paid in another way
            sale("o4", "order", "60", external_order_id="4", status="pending"),
            sale("p4", "payment", "60", 1, external_order_id="4"),
        ],
    )
    assert found(warehouse) == {"o3": "o3", "p4": "p4"}
    put(warehouse, transactions=[sale("o4", "order", "60", external_order_id="4", status="cancelled")])
    assert found(warehouse) == {"o3": "o3"}


def test_several_alike_are_matched_one_to_one_nearest_first_and_listed(warehouse: Warehouse) -> None:
    put(
        warehouse,
        transactions=[
            sale("o1", "order", "30", 0),
            sale("o2", "order", "30", 10),
            sale("p1", "payment", "30", 1),
            sale("p2", "payment", "30", 11),
            sale("p3", "payment", "30", 12),
        ],
    )
    assert found(warehouse) == {"o1": "o1", "o2": "o2", "p1": "o1", "p2": "o2", "p3": "p3"}
    listed = "SELECT transaction_id, status, tolerance_days FROM sale_matches ORDER BY 1"
    assert rows(warehouse, listed) == [("p1", "ambiguous", 3), ("p2", "ambiguous", 3), ("p3", "unmatched", 3)]
    told = {c.name: c.count for c in warehouse.checks() if c.name.endswith("_sales")}
    assert told == {"ambiguous_sales": 2, "unmatched_sales": 1, "repeated_sales": 2}


def test_a_deal_is_superseded_by_the_invoices_of_its_opportunity(warehouse: Warehouse) -> None:
    put(
        warehouse,
        opportunities=[{"opportunity_id": "opp", "created_at": "2026-09-01T00:00:00Z", "customer_id": "ana"}],
        transactions=[
            sale("opp", "deal", "900"),
            sale("i1", "invoice", "300", 24, opportunity_id="opp"),
            sale("i2", "invoice", "600", 48, opportunity_id="opp"),
        ],
    )
    assert found(warehouse) == {"opp": "i1", "i1": "i1", "i2": "i2"}
    assert rows(warehouse, "SELECT sum(amount) FROM sales") == [(Decimal(900),)]


@pytest.mark.parametrize(("days", "cents", "count"), [(3, 1, 1), (0, 1, 2), (3, 0, 2), (-1, 1, 2)])
def test_the_tolerance_is_the_organizations(
    open_warehouse: Callable[..., Warehouse], days: int, cents: int, count: int
) -> None:
    warehouse = open_warehouse(sale_match_days=days, sale_match_minor_units=cents)
    put(warehouse, transactions=[sale("o", "order", "30.00"), sale("p", "payment", "30.01", 30)])
    assert rows(warehouse, "SELECT count(*) FROM sales") == [(count,)]


def company(seed: int) -> tuple[list[dict[str, Any]], Decimal, int]:
    """Records of true sales as a shop, a payment provider and a CRM hold them, and what they truly sum to.

    Each true sale is at least a week from the same customer's next, some are known to one system only, some records
    carry the shop's id; the CRM has its own records of the customers.
    """
    dice = random.Random(seed)
    records: list[dict[str, Any]] = []
    total, count = Decimal(0), 0
    for customer in range(40):
        hours = dice.uniform(0, 24)
        for visit in range(dice.randint(1, 3)):
            key = f"{customer}-{visit}"
            net, tax = Decimal(dice.randint(500, 20_000)) / 100, Decimal(dice.randint(0, 900)) / 100
            systems = dice.choice(
                [("order",), ("payment",), ("order", "payment"), ("order", "payment", "deal"), ("order", "deal")]
            )
            for kind in systems:
                carries = dice.random() < (0.7 if kind == "order" else 0.4)
                by_id = {"external_order_id": key} if carries else {}
                amount = net + tax if kind == "payment" and "order" in systems else net
                who = f"crm{customer}" if kind == "deal" else f"c{customer}"
                later = {"order": 0.0, "payment": dice.uniform(0, 30), "deal": dice.uniform(0, 40)}[kind]
                records.append(
                    sale(
                        f"{kind}-{key}",
                        kind,
                        str(amount),
                        hours + later,
                        who,
                        tax_amount=str(tax if kind == "order" else 0),
                        **by_id,
                    )
                )
            total, count = total + net, count + 1
            hours += 24 * dice.uniform(8, 12)
    dice.shuffle(records)
    return records, total, count


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.prove) for n in range(2, 6))])
def test_three_overlapping_systems_sum_to_the_truth_to_the_cent(warehouse: Warehouse, seed: int) -> None:
    records, total, count = company(seed)
    people = [
        {"customer_id": f"{system}{n}", "email": f"person{n}@example.com"} for n in range(40) for system in ("c", "crm")
    ]
    put(warehouse, customers=people, transactions=records)
    assert rows(warehouse, "SELECT sum(amount), count(*) FROM sales") == [(total, count)]
