"""Revenue by product counts sales whose lines are known; how much of all revenue that is stands beside it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.conftest import CLOCK, put

TOLD = "25.0 % of revenue lies on sales whose lines are known; the rest has no product and is left out."


@pytest.fixture(scope="module")
def layer(lasting: Callable[..., Warehouse]) -> SemanticLayer:
    """The shop sends lines, the till and the books do not; the books are in a currency without a rate."""
    warehouse = lasting()
    at = "2026-10-05T12:00:00Z"
    put(
        warehouse,
        transactions=[
            {"transaction_id": "shop", "occurred_at": at, "amount": "20", "sales_channel": "online"},
            {"transaction_id": "till", "occurred_at": at, "amount": "60", "sales_channel": "pos"},
            {"transaction_id": "book", "occurred_at": "2026-09-05T12:00:00Z", "amount": "9", "currency": "EUR"},
            {"transaction_id": "old", "occurred_at": "2026-09-05T12:00:00Z", "amount": "5"},
        ],
        transaction_lines=[
            {"transaction_id": id_, "line_no": "1", "product_id": "p", "quantity": "1", "unit_price": "5"}
            for id_ in ("shop", "old")
        ],
    )
    return SemanticLayer(warehouse, CLOCK)


def asked(layer: SemanticLayer, month: int = 10, **fields: Any) -> Any:
    period = {"start": f"2026-{month:02}-01", "end": f"2026-{month + 1:02}-01"}
    return layer.ask(MetricQuery.model_validate({"metrics": ["revenue"], "period": period, **fields}))


def test_what_has_no_lines_is_told_beside_a_split_by_product(layer: SemanticLayer) -> None:
    frame = asked(layer, dimensions=["product"])
    assert frame.totals["revenue"] == Decimal("20.00")
    assert TOLD in frame.provenance.caveats


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"dimensions": ["sales_channel"]},
        {"dimensions": ["product"], "filters": [{"dimension": "sales_channel", "op": "eq", "values": ["online"]}]},
    ],
)
def test_nothing_is_told_where_nothing_is_left_out(layer: SemanticLayer, fields: dict[str, Any]) -> None:
    assert not any("lines are known" in caveat for caveat in asked(layer, **fields).provenance.caveats)


def test_a_rate_that_only_the_rest_lacks_does_not_refuse_the_answer(layer: SemanticLayer) -> None:
    frame = asked(layer, 9, dimensions=["product"])
    assert frame.totals["revenue"] == Decimal("5.00")
    assert any("EUR" in caveat and "cannot be told" in caveat for caveat in frame.provenance.caveats)
