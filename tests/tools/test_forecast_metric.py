"""forecast_metric: parts that sum to the whole, pace to a target, pinned history, and refusals."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from roastery.tools.base import ToolContext, ToolResult
from roastery.tools.receipts import rerun
from roastery.tools.registry import run
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadPeriod, BadQuery, ImpossibleSplit, NoData, UnknownName
from tests.tools.beans import context_on


def said(context: ToolContext, metric: str, **arguments: Any) -> tuple[ToolResult, dict[str, Decimal]]:
    result = run("forecast_metric", {"metric": metric, **arguments}, context)
    return result, {fact.id: fact.value or Decimal(0) for fact in result.facts}


def test_steps_and_parts_sum_to_the_whole_to_the_cent(larkspur: ToolContext) -> None:
    result, value = said(larkspur, "spend", dimensions=["platform"], horizon=14)
    total = value[result.data["total"]["expected"]]
    assert len(result.data["parts"]) > 1
    assert sum((value[p["expected"]] for p in result.data["parts"]), Decimal(0)) == total
    assert sum((Decimal(row["expected"]) for row in result.tables[-1].rows), Decimal(0)) == total


@pytest.mark.parametrize("grain", ["day", "month"])
def test_the_interval_holds_the_forecast_and_a_wider_one_is_wider(larkspur: ToolContext, grain: str) -> None:
    widths = []
    for level in (0.5, 0.95):
        result, value = said(larkspur, "revenue", grain=grain, horizon=3, level=level)
        for row in result.tables[-1].rows:
            assert Decimal(row["low"]) <= Decimal(row["expected"]) <= Decimal(row["high"])
        total = result.data["total"]
        widths.append(value[total["high"]] - value[total["low"]])
    assert widths[0] < widths[1]


def test_a_running_month_is_what_is_there_and_what_is_to_come(larkspur: ToolContext) -> None:
    result, value = said(larkspur, "revenue", period={"name": "this_month"}, target="9000")
    pace, total = result.data["pace"], result.data["total"]
    came = run(
        "query_metrics", {"metrics": ["revenue"], "period": {"start": "2026-11-01", "end": "2026-11-02"}}, larkspur
    )
    assert value[pace["so_far"]] == came.facts[0].value
    assert value[pace["projected"]] == value[pace["so_far"]] + value[total["expected"]]
    assert value[pace["gap"]] == value[pace["projected"]] - value[pace["target"]]
    assert 0 <= value[pace["chance"]] <= 1
    assert result.receipt is not None
    assert result.receipt.period is not None
    assert result.receipt.period.end == date(2026, 12, 1)


def test_a_higher_target_has_a_smaller_chance(context: ToolContext) -> None:
    chances = []
    for target in ("1", "2000", "900000"):
        result, value = said(context, "spend", period={"name": "this_month"}, target=target)
        chances.append(value[result.data["pace"]["chance"]])
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 1
    assert chances[-1] < Decimal("0.05")


def test_the_dataset_of_targets_is_looked_up(own: Warehouse) -> None:
    rows = [{"target_id": "t1", "metric": "spend", "period_start": "2026-11-01", "period_end": "2026-12-01",
             "value": "1500.00", "currency": "USD"}]  # fmt: skip
    assert not own.upsert_rows("targets", rows).rejected
    result, value = said(context_on(own), "spend")
    assert value[result.data["pace"]["target"]] == 1500
    assert result.receipt is not None
    assert result.receipt.arguments["period"] == {"start": "2026-11-01", "end": "2026-12-01"}


def test_the_receipt_makes_the_same_forecast_a_month_later(own: Warehouse) -> None:
    result, _ = said(context_on(own), "revenue")
    assert result.receipt is not None
    later = context_on(own, Clock.from_iso("2026-12-10T18:00:00+00:00"))
    assert rerun(result.receipt, later).status == "same"


def test_a_rate_is_forecast_as_a_level_not_as_a_sum(larkspur: ToolContext) -> None:
    result, value = said(larkspur, "roas", horizon=10)
    total = value[result.data["total"]["expected"]]
    steps = [Decimal(row["expected"]) for row in result.tables[-1].rows]
    assert min(steps) <= total <= max(steps)
    assert not result.data["is_sum"]


def spent(own: Warehouse, amounts: list[str]) -> ToolContext:
    """One more campaign with an amount a day, the last yesterday."""
    first = date(2026, 11, 10) - timedelta(days=len(amounts))
    rows = [
        {"report_date": (first + timedelta(days=n)).isoformat(), "platform": "bing_ads", "account_id": "b",
         "campaign_id": "flat", "currency": "USD", "spend": amount, "impressions": 10, "clicks": 1}
        for n, amount in enumerate(amounts)
    ]  # fmt: skip
    assert not own.upsert_rows("ad_performance", rows).rejected
    return context_on(own)


ONLY = [{"dimension": "platform", "op": "in", "values": ["bing_ads"]}]


@pytest.mark.parametrize("amount", ["10.00", "0.00"])
def test_a_constant_series_goes_on_as_it_was(own: Warehouse, amount: str) -> None:
    result, value = said(spent(own, [amount] * 70), "spend", horizon=7, filters=ONLY)
    total = result.data["total"]
    assert value[total["expected"]] == 7 * Decimal(amount)
    assert value[total["low"]] <= value[total["expected"]] <= value[total["high"]]


def test_under_eight_weeks_is_refused_with_what_is_needed(own: Warehouse) -> None:
    with pytest.raises(NoData, match="at least 56 days"):
        said(spent(own, ["10.00"] * 40), "spend", filters=ONLY)


def test_gaps_are_no_zeros(own: Warehouse) -> None:
    amounts = ["10.00"] * 70
    context = spent(own, amounts)
    gone = [{"report_date": "2026-10-20", "platform": "bing_ads", "account_id": "b", "campaign_id": "flat",
             "ad_group_id": "", "ad_id": ""}]  # fmt: skip
    own.delete_rows("ad_performance", gone)
    _, value = said(context, "spend", horizon=7, filters=ONLY)
    assert min(v for v in value.values() if v) > 0


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"metric": "revenu"}, UnknownName, "Did you mean 'revenue'"),
        ({"metric": "revenue", "dimensions": ["platform"]}, ImpossibleSplit, "platform"),
        ({"metric": "roas", "dimensions": ["platform"]}, BadQuery, "do not sum"),
        ({"metric": "retention_rate"}, BadQuery, "no value over time"),
        ({"metric": "revenue", "period": {"name": "last_month"}}, BadPeriod, "is over"),
    ],
)
def test_what_cannot_be_forecast_is_a_sentence(
    context: ToolContext, arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run("forecast_metric", arguments, context)
