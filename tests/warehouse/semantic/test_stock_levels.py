"""Stock: a level that was not told is that before, and without a cost of its own it is worth its product's."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.warehouse.conftest import CLOCK, put


@pytest.fixture(scope="module")
def layer(lasting: Callable[..., Warehouse]) -> SemanticLayer:
    """Forty on the shelf; on the 10th the count failed; thirty from the 20th on. Only the product has a cost."""
    warehouse = lasting()
    put(
        warehouse,
        products=[{"product_id": "p", "unit_cost": "5"}],
        inventory_levels=[
            {"snapshot_date": "2026-10-01", "product_id": "p", "on_hand": "40"},
            {"snapshot_date": "2026-10-10", "product_id": "p", "on_hand": None},
            {"snapshot_date": "2026-10-20", "product_id": "p", "on_hand": "30"},
        ],
        transactions=[{"transaction_id": "s", "occurred_at": "2026-10-15T12:00:00Z", "amount": "100"}],
        transaction_lines=[{"transaction_id": "s", "line_no": "1", "product_id": "p", "quantity": "10",
                            "unit_price": "10"}],
    )  # fmt: skip
    return SemanticLayer(warehouse, CLOCK)


@pytest.mark.parametrize(("end", "on_hand"), [("2026-10-05", 40), ("2026-10-15", 40), ("2026-11-01", 30)])
def test_a_level_that_was_not_told_is_that_before(layer: SemanticLayer, end: str, on_hand: int) -> None:
    period = PeriodSpec.model_validate({"start": "2026-10-01", "end": end})
    assert layer.ask(MetricQuery(metrics=("stock_on_hand",), period=period)).totals["stock_on_hand"] == on_hand


def test_stock_without_a_cost_of_its_own_is_worth_what_the_product_costs(layer: SemanticLayer) -> None:
    """19 days of forty and 12 of thirty, at five each; ten sold."""
    period = PeriodSpec.model_validate({"start": "2026-10-01", "end": "2026-11-01"})
    turns = layer.ask(MetricQuery(metrics=("inventory_turns",), period=period)).totals["inventory_turns"]
    assert turns == (Decimal(365 * 50) / (19 * 40 * 5 + 12 * 30 * 5)).quantize(Decimal("0.0001"))
