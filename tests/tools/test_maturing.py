"""Days that are not mature: said with what is expected in the end, compared at one age, and right as often as said."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from roastery.evals.sets.analyses.maturity import measured
from roastery.tools.base import Fact, ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.tools.triangles import Brings, triangle_of
from roastery.warehouse.engine import Warehouse
from tests.tools.beans import context_on
from tests.warehouse.conftest import put

LAST_WEEK = {"name": "last_7_days"}


def asked(context: ToolContext, tool: str, metric: str, **more: object) -> tuple[ToolResult, dict[str, Fact]]:
    result = run(tool, {"metrics": [metric], "period": LAST_WEEK, **more}, context)
    facts = {fact.id: fact for fact in result.facts}
    return result, {name: facts[id] for name, id in result.data.get("maturing", {}).get(metric, {}).items()}


def test_orders_of_young_touches_are_marked_with_their_expected_end(larkspur: ToolContext) -> None:
    result, ends = asked(larkspur, "query_metrics", "attributed_orders", attribution_date="touch")
    now = result.facts[0].value or Decimal(0)
    low, expected, high = (ends[end].value or Decimal(0) for end in ("low", "expected", "high"))
    assert now <= low <= expected <= high
    assert expected > now
    assert result.receipt is not None
    assert result.receipt.trust == "maturing"
    assert any("not final" in caveat for caveat in result.caveats)


def test_revenue_of_young_orders_is_expected_to_shrink_by_refunds(larkspur: ToolContext) -> None:
    result, ends = asked(larkspur, "query_metrics", "revenue")
    assert (ends["expected"].value or 0) < (result.facts[0].value or 0)
    assert (ends["high"].value or 0) <= (result.facts[0].value or 0)


def test_old_periods_are_final(larkspur: ToolContext) -> None:
    old = {"start": "2026-01-01", "end": "2026-02-01"}
    result = run("query_metrics", {"metrics": ["revenue"], "period": old}, larkspur)
    assert "maturing" not in result.data
    assert result.receipt is not None
    assert result.receipt.trust == "complete"


def test_young_days_are_compared_with_the_days_before_at_the_same_age(larkspur: ToolContext) -> None:
    result, ends = asked(larkspur, "compare_periods", "attributed_orders", attribution_date="touch")
    facts = {fact.id: fact for fact in result.facts}
    before = facts[result.data["total"]["attributed_orders__previous"]].value or Decimal(0)
    then = ends["same_age"].value or Decimal(0)
    assert then < before
    week = larkspur.clock.today(larkspur.organization.time_zone) - timedelta(days=7)
    assert then == credited_by(larkspur, week - timedelta(days=7), week)
    assert ends["change_at_same_age"].value == (facts[result.data["total"]["attributed_orders"]].value or 0) - then
    assert any(caveat.startswith("Like for like, at the same age") for caveat in result.caveats)


def credited_by(context: ToolContext, start: date, end: date) -> Decimal:
    """Orders credited to touches of the days, of sales at most as many days later as the days a week on have had."""
    rows = context.metrics.warehouse.query(
        "SELECT touch_date, sale_date, order_weight FROM attribution_credits "
        "WHERE model = 'last_non_direct' AND touchpoint_id IS NOT NULL AND NOT is_direct"
    ).to_pylist()
    return sum((r["order_weight"] for r in rows if start <= r["touch_date"] < end and r["sale_date"] < end), Decimal(0))


def test_a_triangle_of_an_earlier_day_is_the_later_one_cut(larkspur: ToolContext) -> None:
    today = larkspur.clock.today(larkspur.organization.time_zone)
    now, then = (
        triangle_of(
            larkspur.metrics.warehouse, Brings("order_weight", "touch"), (), {}, "USD", today - timedelta(days=n)
        )
        for n in (1, 50)
    )
    assert now is not None
    assert then is not None
    cut = now.triangle.until(now.triangle.days - 49)
    shift = (now.first - then.first).days
    width = min(cut.arrived.shape[1], then.triangle.arrived.shape[1])
    assert np.array_equal(cut.arrived[:, :width], then.triangle.arrived[shift:, :width])


def test_a_refund_of_thousands_of_a_credited_sale_is_counted_whole(empty: Warehouse) -> None:
    """DECIMAL(18,6) times DECIMAL(18,9) has three digits before the point; a refund of 1,000 stopped every answer."""
    day = "2026-10-0"
    put(
        empty,
        campaigns=[{"campaign_id": "k", "campaign_name": "Spring", "platform": "meta_ads"}],
        touchpoints=[
            {"touchpoint_id": f"t{n}", "customer_id": "c", "occurred_at": f"{day}{n}T15:00:00Z", "campaign_id": "k",
             "kind": "click"} for n in (1, 2)
        ],
        transactions=[{"transaction_id": "s", "customer_id": "c", "occurred_at": f"{day}3T15:00:00Z",
                       "amount": "54321.98"}],
        refunds=[{"refund_id": "r", "transaction_id": "s", "refunded_at": f"{day}5T15:00:00Z", "amount": "4321.98"}],
    )  # fmt: skip
    for model in ("last_touch", "linear"):
        found = triangle_of(empty, Brings("refunds", "sale"), (), {"model": model}, "USD", date(2026, 10, 20))
        assert found is not None
        assert found.triangle.arrived.sum() == pytest.approx(4321.98)
        assert found.triangle.arrived[found.index(date(2026, 10, 3)), 2] == pytest.approx(4321.98)
    asking = {"metrics": ["attributed_revenue", "roas"], "period": {"start": "2026-10-01", "end": "2026-11-01"}}
    result = run("query_metrics", asking, context_on(empty))
    assert result.facts[0].value == Decimal("50000.00")


def test_earlier_intervals_held_about_as_often_as_they_say(larkspur: ToolContext) -> None:
    found = measured(larkspur)
    assert {name for name, _ in found} >= {"credited orders by touch", "refunds by order day"}
    replays = sum(one.replays for one in found.values())
    coverage = sum(one.held for one in found.values()) / replays
    assert replays > 100
    assert 0.65 <= coverage <= 0.95
