"""One sale once, its refunds and lines to the cent, in the organization's days and each row's own currency."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roastery.warehouse import fx
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import MissingRate
from tests.examples import examples
from tests.warehouse.conftest import put, rows

D = Decimal


def sale(id_: str, amount: str = "10", day: str = "2026-10-05", **more: Any) -> dict[str, Any]:
    return {"transaction_id": id_, "amount": amount, "occurred_at": f"{day}T12:00:00Z", **more}


def refund(id_: str, transaction: str, amount: str, day: str) -> dict[str, Any]:
    return {"refund_id": id_, "transaction_id": transaction, "amount": amount, "refunded_at": f"{day}T12:00:00Z"}


SALES = [
    # one sale in three systems: the shop counts, whatever came first; the payment knows the fee, the deal the lead
    sale("pay-1", "107.00", external_order_id="1001", kind="payment", fee_amount="3.40", refunded_amount="20.00"),
    sale("shop-1", "100.00", external_order_id="1001", kind="order", refunded_amount="20.00", tax_amount="7.00"),
    sale("deal-1", "100.00", external_order_id="1001", kind="deal", customer_id="ana", lead_id="lead-1"),
    # a payment that names the shop's own id
    sale("shop-2", "50.00", customer_id="ana", day="2026-10-06"),
    sale("pay-2", "50.00", external_order_id="shop-2", kind="payment"),
    # not sales
    sale("test", "999", is_test=True),
    sale("pending", "999", status="pending"),
    sale("cancelled", "999", external_order_id="1003", status="cancelled"),
    # kinds
    sale("invoice", "30", kind="invoice", customer_id="bob"),
    sale("renewal", "15", kind="payment", is_renewal=True, customer_id="bob", day="2026-10-07"),
    sale("cash", "5"),
    sale("place", "8", location_id="north", customer_id="bob", day="2026-10-08"),
]
REFUNDS = [
    refund("r1", "shop-1", "15.00", "2026-10-20"),
    refund("r1-pay", "pay-1", "15.00", "2026-10-21"),  # the same refund as the payment provider sees it
    refund("r2", "shop-2", "8.00", "2026-10-22"),  # shop-2 itself says nothing of a refund
]
LINES = [
    {"transaction_id": "shop-1", "line_no": "1", "product_id": "beans", "quantity": "2", "unit_price": "20.00"},
    {"transaction_id": "shop-1", "line_no": "2", "product_id": "mug", "quantity": "1", "unit_price": "80.00",
     "discount_amount": "20.00", "unit_cost": "31.00"},
    {"transaction_id": "pay-1", "line_no": "1", "product_id": "beans", "quantity": "9", "unit_price": "9.00"},
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(shared: Warehouse) -> Warehouse:
    put(
        shared,
        transactions=SALES,
        refunds=REFUNDS,
        transaction_lines=LINES,
        products=[{"product_id": "beans", "product_name": "Beans", "category": "Coffee", "unit_cost": "6.00"}],
        locations=[{"location_id": "north", "region": "N", "franchise": "F", "brand": "B", "country": "CA"}],
        customers=[{"customer_id": "bob", "country": "US", "segment": "gold", "stage": "customer"}],
        leads=[{"lead_id": "lead-1", "created_at": "2026-09-01T00:00:00Z", "service_area": "west"}],
    )
    return shared


def test_a_sale_in_three_systems_counts_once(shop: Warehouse) -> None:
    columns = "sale_id, kind, amount, refunded_amount, net_amount, fee_amount, customer_id, lead_id, service_area"
    assert rows(shop, f"SELECT {columns} FROM sales WHERE sale_id LIKE '%-1'") == [
        ("shop-1", "order", D(100), D(20), D(80), D("3.40"), "ana", "lead-1", "west")
    ]


def test_only_valid_sales_count_and_orders_are_orders_and_payments_without_renewals(shop: Warehouse) -> None:
    assert rows(shop, "SELECT sale_id, is_order FROM sales ORDER BY 1") == [
        ("cash", True),
        ("invoice", False),
        ("place", True),
        ("renewal", False),
        ("shop-1", True),
        ("shop-2", True),
    ]


def test_the_first_sale_makes_a_customer_new(shop: Warehouse) -> None:
    columns = "sale_id, customer_type, is_first_sale, cohort_month"
    month = date(2026, 10, 1)
    assert rows(shop, f"SELECT {columns} FROM sales ORDER BY 1") == [
        ("cash", "unknown", False, None),
        ("invoice", "new", True, month),
        ("place", "returning", False, month),
        ("renewal", "returning", False, month),
        ("shop-1", "new", True, month),
        ("shop-2", "returning", False, month),
    ]


def test_place_and_person_describe_a_sale(shop: Warehouse) -> None:
    columns = "region, franchise, brand, country, segment, customer_stage"
    found = rows(shop, f"SELECT {columns} FROM sales WHERE sale_id IN ('place', 'invoice', 'cash') ORDER BY sale_id")
    assert found == [
        (None, None, None, None, None, None),
        (None, None, None, "US", "gold", "customer"),
        ("N", "F", "B", "CA", "gold", "customer"),
    ]


def test_a_sale_without_a_place_has_its_customers_region_and_country_and_nobodys_franchise(
    warehouse: Warehouse,
) -> None:
    put(
        warehouse,
        locations=[{"location_id": "north", "region": "N", "franchise": "F", "brand": "B", "country": "CA"}],
        customers=[
            {"customer_id": "abroad", "country": "US", "location_id": "north"},
            {"customer_id": "near", "location_id": "north"},
        ],
        transactions=[sale("1", customer_id="abroad"), sale("2", customer_id="near")],
    )
    assert rows(warehouse, "SELECT region, country, franchise, brand FROM sales ORDER BY sale_id") == [
        ("N", "US", None, None),
        ("N", "CA", None, None),
    ]


def test_refunds_stand_on_their_own_day_once_and_the_rest_on_the_sales(shop: Warehouse) -> None:
    """shop-1 says 20.00, its refund rows 15.00; the payment's copy of the refund does not count again."""
    assert rows(shop, "SELECT sale_id, refund_date::VARCHAR, amount, kind FROM sale_refunds ORDER BY ALL") == [
        ("shop-1", "2026-10-05", D(5), "order"),
        ("shop-1", "2026-10-20", D(15), "order"),
        ("shop-2", "2026-10-22", D(8), "order"),
    ]
    assert rows(shop, "SELECT net_amount FROM sales WHERE sale_id = 'shop-2'") == [(D(42),)]
    assert rows(shop, "SELECT sum(refunded_amount) FROM sales") == rows(shop, "SELECT sum(amount) FROM sale_refunds")


def test_a_fee_in_another_currency_than_the_sale_is_left_out(warehouse: Warehouse) -> None:
    put(
        warehouse,
        transactions=[
            sale("shop-1", "108", currency="USD", external_order_id="1"),
            sale("pay-1", "100", currency="EUR", external_order_id="1", kind="payment", fee_amount="3.20"),
            sale("shop-2", "50", currency="EUR", external_order_id="2"),
            sale("pay-2", "50", currency="EUR", external_order_id="2", kind="payment", fee_amount="1.70"),
        ],
    )
    found = rows(warehouse, "SELECT sale_id, amount, fee_amount, currency FROM sales ORDER BY 1")
    assert found == [("shop-1", D(108), D(0), "USD"), ("shop-2", D(50), D("1.70"), "EUR")]


def test_a_refund_without_a_currency_is_in_that_of_its_sale(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(currency="USD")
    put(
        warehouse,
        transactions=[sale("a", "100", currency="EUR"), sale("b", "80", currency="EUR"), sale("c", "60")],
        refunds=[
            refund("r1", "a", "40", "2026-10-07"),
            refund("r2", "b", "30", "2026-10-07") | {"currency": "USD"},
            refund("r3", "c", "10", "2026-10-07"),
        ],
    )
    assert rows(warehouse, "SELECT sale_id, net_amount, currency FROM sales ORDER BY 1") == [
        ("a", D(60), "EUR"), ("b", D(80), "EUR"), ("c", D(50), "USD"),
    ]  # fmt: skip
    assert rows(warehouse, "SELECT refund_id, amount, currency FROM sale_refunds ORDER BY 1") == [
        ("r1", D(40), "EUR"), ("r2", D(30), "USD"), ("r3", D(10), "USD"),
    ]  # fmt: skip
    shown = warehouse.user_sql("SELECT refund_id, currency FROM refunds ORDER BY 1").to_pylist()
    assert [row["currency"] for row in shown] == ["EUR", "USD", "USD"]
    told = [check for check in warehouse.checks() if check.name == "refunds_in_another_currency"]
    assert [check.count for check in told] == [1]
    # The sale turns out to have been in another currency: so was its refund.
    put(warehouse, transactions=[{"transaction_id": "a", "currency": "CHF"}])
    assert rows(warehouse, "SELECT refunded_amount, currency FROM sales WHERE sale_id = 'a'") == [(D(40), "CHF")]


def test_lines_share_the_net_revenue_of_the_record_that_counts(shop: Warehouse) -> None:
    """80.00 net over line values 40.00 and 60.00; the mug's cost is its line's, the beans' their product's."""
    columns = "line_no, product_name, category, line_value, net_share, unit_cost, cost"
    assert rows(shop, f"SELECT {columns} FROM sale_lines ORDER BY 1") == [
        ("1", "Beans", "Coffee", D(40), D(32), D(6), D(12)),
        ("2", None, None, D(60), D(48), D(31), D(31)),
    ]


def test_many_lines_of_a_product_sum_to_what_they_are_worth(warehouse: Warehouse) -> None:
    """Ten sales of 0.10, each of a product worth a third and one worth two: 10 x 0.0333... is 0.33, not 10 x 0.03."""
    worth = {"a": "1", "b": "2"}
    put(
        warehouse,
        transactions=[sale(str(n), "0.10") for n in range(10)],
        transaction_lines=[
            {"transaction_id": str(n), "line_no": p, "product_id": p, "quantity": "1", "unit_price": worth[p]}
            for n in range(10)
            for p in worth
        ],
    )
    summed = "SELECT product_id, round(sum(net_share), 2) FROM sale_lines GROUP BY 1 ORDER BY 1"
    assert rows(warehouse, summed) == [("a", D("0.33")), ("b", D("0.67"))]


def test_the_organization_can_reorder_whose_record_counts(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(source_of_truth=("payment", "order", "invoice", "deal"), revenue_includes=("tax",))
    put(warehouse, transactions=SALES)
    assert rows(warehouse, "SELECT sale_id, amount FROM sales WHERE sale_id LIKE '%-1'") == [("pay-1", D(107))]


def test_revenue_may_include_tax_and_shipping(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse(revenue_includes=("tax", "shipping"))
    put(warehouse, transactions=[sale("1", "100.00", tax_amount="7.00", shipping_amount="4.50")])
    assert rows(warehouse, "SELECT amount, net_amount FROM sales") == [(D("111.50"), D("111.50"))]


def test_days_are_the_organizations_across_a_daylight_saving_change(open_warehouse: Callable[..., Warehouse]) -> None:
    """Chicago leaves daylight saving on 2026-11-01 at 02:00: that day has 25 hours."""
    warehouse = open_warehouse(time_zone="America/Chicago")
    times = {
        "last minute of October": "2026-11-01T04:59:00Z",
        "first of November": "2026-11-01T05:00:00Z",
        "its 25th hour": "2026-11-02T05:59:00Z",
        "second of November": "2026-11-02T06:00:00Z",
    }
    put(warehouse, transactions=[{**sale(k), "occurred_at": v} for k, v in times.items()])
    assert dict(rows(warehouse, "SELECT sale_id, sale_date::VARCHAR FROM sales")) == {
        "last minute of October": "2026-10-31",
        "first of November": "2026-11-01",
        "its 25th hour": "2026-11-01",
        "second of November": "2026-11-02",
    }


LINE = st.tuples(st.decimals("0", "50", places=2), st.integers(0, 4), st.decimals("0", "20", places=2))
SALE_WITH_LINES = st.tuples(
    st.decimals("0", "300", places=3),
    st.decimals("0", "350", places=2),
    st.sampled_from(["USD", "JPY", "KWD"]),
    st.lists(LINE, min_size=1, max_size=5),
)


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sales=st.lists(SALE_WITH_LINES, min_size=1, max_size=20))
def test_lines_always_sum_to_their_sale(warehouse: Warehouse, sales: list[Any]) -> None:
    transactions, lines = [], []
    for n in range(20):
        amount, refunded, currency, own = sales[n % len(sales)]
        transactions.append(sale(str(n), str(amount), refunded_amount=str(refunded), currency=currency))
        lines += [
            {
                "transaction_id": str(n),
                "line_no": str(i),
                "unit_price": str(p),
                "quantity": str(q),
                "discount_amount": str(d),
            }
            for i, (p, q, d) in enumerate((own + own)[:5])
        ]
    put(warehouse, transactions=transactions, transaction_lines=lines)
    unequal = (
        "SELECT * FROM (SELECT sale_id, sum(net_share) AS net FROM sale_lines GROUP BY 1) JOIN sales USING (sale_id)"
    )
    assert rows(warehouse, f"{unequal} WHERE net <> net_amount") == []


RATES = [
    {"rate_date": "2026-10-01", "base_currency": "EUR", "quote_currency": "USD", "rate": "1.25"},
    {"rate_date": "2026-10-05", "base_currency": "EUR", "quote_currency": "USD", "rate": "1.20"},
    {"rate_date": "2026-10-01", "base_currency": "EUR", "quote_currency": "JPY", "rate": "160"},
]


def test_rates_hold_until_the_next_one_and_work_both_ways_and_across(warehouse: Warehouse) -> None:
    put(warehouse, fx_rates=RATES, transactions=[sale("1", currency="JPY")])
    assert fx.rate(warehouse, "EUR", "USD", date(2026, 10, 4)) == D("1.25")
    assert fx.rate(warehouse, "EUR", "USD", date(2026, 10, 31)) == D("1.2")
    assert fx.rate(warehouse, "USD", "EUR", date(2026, 10, 4)) == D("0.8")
    assert fx.rate(warehouse, "JPY", "USD", date(2026, 10, 31)) == D("0.0075")
    assert fx.convert(warehouse, D("1000"), "JPY", "USD", date(2026, 10, 31)) == D("7.50")
    assert fx.rate(warehouse, "USD", "USD", date(2020, 1, 1)) == 1


def test_a_sum_without_a_rate_is_refused_with_what_to_import(warehouse: Warehouse) -> None:
    put(warehouse, fx_rates=RATES)
    days = [
        ("EUR", date(2026, 9, 29)),
        ("EUR", date(2026, 9, 30)),
        ("EUR", date(2026, 10, 2)),
        ("USD", date(2026, 9, 1)),
    ]
    fx.require_rates(warehouse, days[2:], "USD")
    with pytest.raises(MissingRate, match=r"from EUR to USD on or before 2026-09-29 \(and 1 more days\)"):
        fx.require_rates(warehouse, days, "USD")
    with pytest.raises(MissingRate, match="GBP to USD"):
        fx.rate(warehouse, "GBP", "USD", date(2026, 10, 1))


def test_lifecycle_spreads_spend_over_the_customers_it_won(warehouse: Warehouse) -> None:
    """100.00 of spend in October won two customers: 50.00 each; carol came by herself and cost nothing known."""
    put(
        warehouse,
        ad_performance=[
            {
                "report_date": f"2026-10-0{d}",
                "platform": "meta_ads",
                "campaign_id": "k",
                "campaign_name": "K",
                "spend": "50",
            }
            for d in (1, 2)
        ],
        touchpoints=[
            {"touchpoint_id": c, "customer_id": c, "campaign_id": "k", "occurred_at": "2026-10-02T09:00:00Z"}
            for c in ("ana", "bob")
        ],
        transactions=[
            sale("1", "40", customer_id="ana"),
            sale("2", "60", customer_id="bob", refunded_amount="10"),
            sale("3", "20", customer_id="ana", day="2026-10-09"),
            sale("4", "70", customer_id="carol"),
        ],
    )
    columns = "customer_id, first_touch_campaign, acquisition_channel, acquisition_cost, lifetime_value, orders"
    assert rows(warehouse, f"SELECT {columns} FROM customer_lifecycle ORDER BY 1") == [
        ("ana", "K", "paid_social", D(50), D(60), 2),
        ("bob", "K", "paid_social", D(50), D(50), 1),
        ("carol", None, None, None, D(70), 1),
    ]
    steps = "SELECT step_no, step_kind, object_id FROM journeys WHERE customer_id = 'ana' ORDER BY 1"
    assert rows(warehouse, steps) == [(1, "touch", "ana"), (2, "sale", "1"), (3, "sale", "3")]
    attributed = "SELECT transaction_id, campaign_id, revenue FROM revenue_attribution ORDER BY 1"
    assert rows(warehouse, attributed) == [
        ("1", "k", D(40)),
        ("2", "k", D(50)),
        ("3", "k", D(20)),
        ("4", "unattributed", D(70)),
    ]
