"""The same time last year: whole Februaries, whole weeks beside whole ones, and what is cut is told."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.conftest import put

FIRST, DAYS = date(2024, 1, 1), 500


@pytest.fixture(scope="module")
def layer(lasting: Callable[..., Warehouse]) -> SemanticLayer:
    """One order on every day of 2024 and the first third of 2025."""
    warehouse = lasting()
    put(
        warehouse,
        transactions=[
            {"transaction_id": f"s{n}", "occurred_at": f"{FIRST + timedelta(days=n)}T12:00:00Z", "amount": "10"}
            for n in range(DAYS)
        ],
    )
    return SemanticLayer(warehouse, Clock.from_iso("2025-05-01T12:00:00+00:00"))


def asked(layer: SemanticLayer, start: str, end: str, **fields: Any) -> Any:
    query = {"metrics": ["orders"], "period": {"start": start, "end": end}, "compare_to": "previous_year", **fields}
    return layer.ask(MetricQuery.model_validate(query))


def test_february_is_compared_with_all_of_a_leap_years(layer: SemanticLayer) -> None:
    frame = asked(layer, "2025-02-01", "2025-03-01")
    assert (frame.totals["orders"], frame.totals["orders__previous"]) == (28, 29)
    assert "The periods have 28 and 29 days." in frame.provenance.caveats


def test_the_same_dates_are_compared_where_a_period_is_no_month(layer: SemanticLayer) -> None:
    frame = asked(layer, "2025-02-10", "2025-03-01")
    assert (frame.totals["orders"], frame.totals["orders__previous"]) == (19, 19)


def test_whole_weeks_stand_beside_whole_weeks(layer: SemanticLayer) -> None:
    """13 January 2025 is a Monday and 13 January 2024 a Saturday: weeks of the same dates would be of two days and of
    five."""
    frame = asked(layer, "2025-01-13", "2025-02-10", grain="week")
    assert [(row["orders"], row["orders__previous"]) for row in frame.rows] == [(7, 7)] * 4
    assert frame.provenance.compare_period.start == date(2024, 1, 15)
    assert any("52 weeks before" in caveat for caveat in frame.provenance.caveats)


def test_a_cut_week_of_the_year_before_is_told(layer: SemanticLayer) -> None:
    frame = asked(layer, "2025-02-01", "2025-04-01", grain="week")
    assert "The first week of the period before is cut: it counts from 2024-02-01 only." in frame.provenance.caveats
