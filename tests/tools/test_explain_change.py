"""explain_change: parts that sum to the change, the planted slice named, drivers by formula, and honest doubts."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from roastery.tools.base import ToolContext, ToolResult
from roastery.tools.facts import recompute
from roastery.tools.registry import run
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import ImpossibleSplit, NoData, UnknownName
from tests.tools.beans import context_on

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}


def explained(context: ToolContext, metric: str, **arguments: Any) -> tuple[ToolResult, dict[str, Decimal]]:
    result = run("explain_change", {"metric": metric, "period": OCTOBER, **arguments}, context)
    return result, {fact.id: fact.value or Decimal(0) for fact in result.facts}


def around(day: date, days: int) -> dict[str, Any]:
    """Days from one on against as many a week before."""
    before = day - timedelta(days=7)
    return {
        "period": {"start": day.isoformat(), "end": (day + timedelta(days=days)).isoformat()},
        "compare_to": {"start": before.isoformat(), "end": (before + timedelta(days=days)).isoformat()},
    }


@pytest.mark.parametrize("metric", ["spend", "clicks", "roas", "cpc", "ctr", "cpm", "revenue", "aov", "orders"])
def test_causes_and_the_rest_sum_to_the_change_exactly(context: ToolContext, metric: str) -> None:
    result, value = explained(context, metric)
    change = value[result.data["total"][f"{metric}__change"]]
    causes = result.data["causes"]
    if causes:
        assert sum((value[c["part"]] for c in causes), Decimal(0)) + value[result.data["rest"]] == change


@pytest.mark.parametrize("metric", ["spend", "roas", "cpc", "revenue", "mer", "cac", "orders"])
def test_drivers_sum_to_the_change_exactly_and_their_formulas_give_them_again(
    context: ToolContext, metric: str
) -> None:
    result, value = explained(context, metric)
    change = value[result.data["total"][f"{metric}__change"]]
    drivers = result.data["drivers"]
    assert len(drivers) > 1
    assert sum((value[d["effect"]] for d in drivers), Decimal(0)) == change
    facts = {fact.id: fact for fact in result.facts}
    for driver in drivers:
        again = recompute(facts[driver["effect"]], facts)
        assert again is not None
        assert abs(again - value[driver["effect"]]) <= Decimal("0.02")


def test_roas_is_driven_by_orders_per_click_order_value_and_cost_per_click(context: ToolContext) -> None:
    result, value = explained(context, "roas")
    named = {d["name"]: value[d["effect"]] for d in result.data["drivers"]}
    assert set(named) == {"paid_orders_per_click", "paid_order_value", "cpc"}
    facts = {fact.id: fact for fact in result.facts}
    cpc = next(d for d in result.data["drivers"] if d["name"] == "cpc")
    dearer = (facts[cpc["now"]].value or 0) > (facts[cpc["before"]].value or 0)
    assert (named["cpc"] < 0) == dearer


def test_rate_and_mix_sum_to_the_change_of_a_ratio(context: ToolContext) -> None:
    result, value = explained(context, "cpc", dimensions=["platform"])
    split = result.data["rate_and_mix"]
    assert value[split["rate"]] + value[split["mix"]] == value[result.data["total"]["cpc__change"]]


def test_a_slice_that_began_is_the_cause_with_its_whole_value(context: ToolContext) -> None:
    result, value = explained(context, "spend")
    first = result.data["causes"][0]
    assert first["where"] == {"campaign": "c3"}
    assert value[first["part"]] == value[first["now"]]
    assert Decimal("0.8") < value[first["share"]] <= 1


def test_a_planted_budget_error_is_found_among_all_dimensions(larkspur: ToolContext) -> None:
    planted = {"campaign": "meta_ads:238510024470140187"}
    result = run("explain_change", {"metric": "spend", **around(date(2026, 10, 3), 2)}, larkspur)
    assert result.data["causes"][0]["where"] == planted
    assert result.data["causes"][0]["evidence"] == "clear"


def test_a_planted_pixel_break_is_found(larkspur: ToolContext) -> None:
    result = run("explain_change", {"metric": "reported_conversions", **around(date(2026, 9, 22), 3)}, larkspur)
    assert result.data["causes"][0]["where"] == {"platform": "meta_ads"}


def test_an_ordinary_month_is_told_as_noise(larkspur: ToolContext) -> None:
    result = run("explain_change", {"metric": "aov", "period": OCTOBER}, larkspur)
    value = {fact.id: fact.value or Decimal(0) for fact in result.facts}
    noise = result.data["noise"]
    assert value[noise["as_large"]] <= value[noise["pairs"]]
    assert noise["within_noise"] == (value[noise["as_large"]] * 10 >= value[noise["pairs"]])


def test_too_little_history_is_said_and_not_taken_for_certainty(context: ToolContext) -> None:
    result, _ = explained(context, "spend")
    assert result.data["noise"]["within_noise"] is None
    assert any("too little history" in caveat for caveat in result.caveats)


def test_an_unfinished_month_is_compared_like_for_like(context: ToolContext) -> None:
    result = run("explain_change", {"metric": "revenue", "period": {"name": "this_month"}}, context)
    assert result.data["compared"] == {"start": "2026-10-01", "end": "2026-10-10"}
    assert any("like for like" in caveat for caveat in result.caveats)


def test_no_change_is_said_and_nothing_is_searched(context: ToolContext) -> None:
    same = {"start": "2026-10-01", "end": "2026-10-08"}
    result = run("explain_change", {"metric": "orders", "period": same, "compare_to": same}, context)
    assert result.data["causes"] == []
    assert any("did not change" in caveat for caveat in result.caveats)


def test_a_metric_whose_slices_overlap_is_not_split(context: ToolContext) -> None:
    result, _ = explained(context, "active_customers")
    assert result.data["causes"] == []
    assert any("overlaps" in caveat for caveat in result.caveats)


def test_refunds_that_exceed_sales_are_no_library_warning(own: Warehouse) -> None:
    rows = [{"transaction_id": "o31-0", "occurred_at": "2026-10-02T18:00:00+00:00", "amount": "10.00",
             "refunded_amount": "400.00", "currency": "USD", "kind": "order", "status": "completed",
             "sales_channel": "phone", "source_system": "shop"}]  # fmt: skip
    assert not own.upsert_rows("transactions", rows).rejected
    result, value = explained(context_on(own), "revenue", dimensions=["sales_channel"])
    change = value[result.data["total"]["revenue__change"]]
    assert any("below zero" in caveat for caveat in result.caveats)
    table = result.tables[-1]
    parts = [Decimal(str(row["revenue__contribution"])) for row in table.rows]
    assert sum(parts, Decimal(0)) == change


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"metric": "roass"}, UnknownName, "Did you mean 'roas'"),
        ({"metric": "spend", "dimensions": ["campain"]}, UnknownName, "Did you mean 'campaign'"),
        ({"metric": "spend", "dimensions": ["product"]}, ImpossibleSplit, "product"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(
    context: ToolContext, arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run("explain_change", arguments, context)


def test_without_any_data_it_says_what_to_connect(empty: Warehouse) -> None:
    with pytest.raises(NoData, match=r"(?i)connect"):
        run("explain_change", {"metric": "spend"}, context_on(empty))
