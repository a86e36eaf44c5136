"""Currencies of large numbers: a day's stock, a till's walk-in customer and a slip of the keyboard stop nothing."""

from collections.abc import Callable
from decimal import Decimal

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.warehouse.conftest import CLOCK, put, rows

OCTOBER = PeriodSpec.model_validate({"start": "2026-10-01", "end": "2026-11-01"})


def test_stock_of_millions_of_millions_is_converted(lasting: Callable[..., Warehouse]) -> None:
    warehouse = lasting(currency="USD")
    put(
        warehouse,
        fx_rates=[{"rate_date": "2026-09-01", "base_currency": "IDR", "quote_currency": "USD", "rate": "0.0000625"}],
        products=[{"product_id": "p", "unit_cost": "2000000", "currency": "IDR"}],
        inventory_levels=[{"snapshot_date": "2026-10-01", "product_id": "p", "on_hand": "40000", "unit_cost": "2000000",
                           "currency": "IDR"}],
        transactions=[{"transaction_id": "s", "occurred_at": "2026-10-05T12:00:00Z", "amount": "3000000000",
                       "currency": "IDR"}],
        transaction_lines=[{"transaction_id": "s", "line_no": "1", "product_id": "p", "quantity": "1000",
                            "unit_price": "3000000"}],
        opportunities=[{"opportunity_id": f"o{n}", "created_at": "2026-10-02T12:00:00Z", "amount": "600000000000",
                        "currency": "IDR"} for n in (1, 2)],
    )  # fmt: skip
    layer = SemanticLayer(warehouse, CLOCK)
    turns = layer.ask(MetricQuery(metrics=("inventory_turns",), period=OCTOBER)).totals["inventory_turns"]
    sold, held = Decimal(2_000_000) * 1000, Decimal(2_000_000) * 40_000 * 31
    assert turns == (365 * sold / held).quantize(Decimal("0.0001"))
    # Two deals of one day, 1.2 millions of millions together, both as one value and by day.
    by_day = layer.ask(MetricQuery(metrics=("pipeline_value",), grain="day", period=OCTOBER))
    assert by_day.rows[-1]["pipeline_value"] == by_day.totals["pipeline_value"] == Decimal("75000000.00")


def test_a_walk_in_customer_may_bring_millions_of_millions(lasting: Callable[..., Warehouse]) -> None:
    warehouse = lasting(currency="VND")
    put(
        warehouse,
        transactions=[
            {"transaction_id": f"s{n}", "customer_id": "till", "occurred_at": f"2026-10-0{n}T12:00:00Z",
             "amount": "300000000000"} for n in range(1, 6)
        ],
    )  # fmt: skip
    assert rows(warehouse, "SELECT lifetime_value FROM customer_lifecycle") == [(Decimal(1_500_000_000_000),)]
    revenue = SemanticLayer(warehouse, CLOCK).ask(MetricQuery(metrics=("revenue",), period=OCTOBER)).totals["revenue"]
    assert revenue == Decimal(1_500_000_000_000)


def test_a_line_of_nonsense_stops_nothing_and_is_told(lasting: Callable[..., Warehouse]) -> None:
    warehouse = lasting()
    put(
        warehouse,
        transactions=[{"transaction_id": "s", "occurred_at": "2026-10-05T12:00:00Z", "amount": "90.00"}],
        transaction_lines=[
            {"transaction_id": "s", "line_no": "1", "product_id": "a", "quantity": "2", "unit_price": "45",
             "unit_cost": "10"},
            {"transaction_id": "s", "line_no": "2", "product_id": "b", "quantity": "99999999999",
             "unit_price": "99999999999", "unit_cost": "99999999999"},
        ],
    )  # fmt: skip
    asked = MetricQuery(metrics=("revenue", "cost_of_goods"), dimensions=("product",), period=OCTOBER)
    frame = SemanticLayer(warehouse, CLOCK).ask(asked)
    assert {row["product"]: row["revenue"] for row in frame.rows} == {"a": Decimal("90.00"), "b": Decimal("0.00")}
    assert frame.totals["cost_of_goods"] == Decimal("20.00")
    told = [check for check in warehouse.checks() if check.subject == "transaction_lines" and check.name == "ranges"]
    assert [check.count for check in told] == [1]
