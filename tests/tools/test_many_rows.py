"""More rows than one answer holds: what is learned from days counts all of them, also the last."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from roastery.tools.by_day import by_day
from roastery.tools.spending import MOST_COLUMNS, REST, history
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic import resolve
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.tools.beans import context_on
from tests.warehouse.conftest import put

FIRST, DAYS, CAMPAIGNS, SHOPS = date(2026, 10, 1), 30, 60, 45


@pytest.fixture
def busy(empty: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """Sixty campaigns that spend 1 to 60 a day, an order a day in each of 45 shops; an answer holds 1,000 rows."""
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    put(
        empty,
        ad_performance=[
            {"report_date": str(day), "platform": "meta_ads", "campaign_id": f"c{n}", "spend": n}
            for day in days for n in range(1, CAMPAIGNS + 1)
        ],
        locations=[{"location_id": f"l{n:02}"} for n in range(SHOPS)],
        transactions=[
            {"transaction_id": f"{day}{n}", "customer_id": f"{day}{n}", "location_id": f"l{n:02}",
             "occurred_at": f"{day}T18:00:00Z", "amount": "10"} for day in days for n in range(SHOPS)
        ],
    )  # fmt: skip
    monkeypatch.setattr(resolve, "MAX_ROWS", 1_000)
    return empty


def test_spend_is_learned_from_to_the_last_day(busy: Warehouse) -> None:
    period = PeriodSpec(start=FIRST, end=FIRST + timedelta(days=DAYS))
    past = history(context_on(busy), "campaign", "revenue", period, None)
    assert past.names == (*(f"c{n}" for n in range(CAMPAIGNS, CAMPAIGNS - MOST_COLUMNS, -1)), REST)
    assert past.spend.sum(axis=1).tolist() == [sum(range(1, CAMPAIGNS + 1))] * DAYS
    assert past.today.sum() == pytest.approx(sum(range(1, CAMPAIGNS + 1)))
    assert past.asked.frame.totals["spend"] == Decimal(sum(range(1, CAMPAIGNS + 1)) * DAYS)


def test_places_are_told_by_day_to_the_last(busy: Warehouse) -> None:
    end = FIRST + timedelta(days=DAYS)
    query = MetricQuery(
        metrics=("orders",), dimensions=("location",), grain="day", period=PeriodSpec(start=FIRST, end=end)
    )
    places, found = by_day(context_on(busy), query, FIRST, DAYS)
    assert places == tuple(f"l{n:02}" for n in range(SHOPS))
    assert found.shape == (DAYS, SHOPS)
    assert (found == 1).all()
