"""forecast_ltv and analyze_cohorts: groups that sum, what the past says beside, subscriptions, shares, refusals."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from roastery.evals.world import World
from roastery.tools.base import Actor, ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, NoData, NotAllowed
from roastery.warehouse.organization import AttributionDefaults
from tests.tools.beans import BEANS, NOON, context_on
from tests.warehouse.conftest import put


def values(result: ToolResult) -> dict[str, Decimal]:
    return {fact.id: fact.value or Decimal(0) for fact in result.facts}


@pytest.fixture(scope="module")
def by_channel(larkspur: ToolContext) -> ToolResult:
    return run("forecast_ltv", {"dimensions": ["channel"], "horizon_days": 364}, larkspur)


def test_groups_are_no_more_than_everybody(by_channel: ToolResult) -> None:
    value = values(by_channel)
    whole, *groups = by_channel.data["groups"]
    for column in ("customers", "value"):
        assert sum((value[g[column]] for g in groups), Decimal(0)) <= value[whole[column]] + 1


def test_each_estimate_lies_in_its_interval_and_people_are_alive_at_most_once(by_channel: ToolResult) -> None:
    value = values(by_channel)
    for group in by_channel.data["groups"]:
        assert value[group["low"]] <= value[group["value"]] <= value[group["high"]]
        assert 0 < value[group["alive"]] < 1


def test_everybodys_interval_holds_the_planted_future(larkspur: ToolContext, larkspur_world: World) -> None:
    result = run("forecast_ltv", {"horizon_days": 364}, larkspur)
    value = values(result)
    whole = result.data["groups"][0]
    orders = value[whole["expected_orders"]]
    worth = value[whole["value"]] / orders
    truth = Decimal(repr(sum(larkspur_world.fates["expected_orders_12m"].to_pylist()))) * worth
    assert value[whole["low"]] <= truth <= value[whole["high"]]


def test_earlier_forecasts_stand_beside_what_happened(by_channel: ToolResult) -> None:
    value = values(by_channel)
    for test in by_channel.data["tests"]:
        assert value[test["actual"]] > 0
        assert abs(value[test["forecast"]] - value[test["actual"]]) < abs(value[test["naive"]] - value[test["actual"]])


def test_predicted_ltv_is_the_forecasts_own_number_wherever_it_is_asked(larkspur: ToolContext) -> None:
    asked = run("query_metrics", {"metrics": ["predicted_ltv"], "period": {"name": "all_time"}}, larkspur)
    told = run("forecast_ltv", {"dimensions": ["cohort_month"]}, larkspur)
    value = values(told)
    whole, *months = told.data["groups"]
    assert values(asked)[asked.data["totals"]["predicted_ltv"]] == value[whole["predicted_ltv"]]
    split = run(
        "query_metrics",
        {"metrics": ["predicted_ltv"], "dimensions": ["cohort_month"], "period": {"name": "all_time"}},
        larkspur,
    )
    assert split.frame is not None
    found = {row["cohort_month"]: Decimal(row["predicted_ltv"]) for row in split.frame["rows"]}
    same = [month for month in months if abs(found[month["name"]] - value[month["predicted_ltv"]]) <= Decimal("0.01")]
    assert len(months) > 3
    assert same == months


def test_payback_of_a_cohort_is_one_number_in_both_tools(larkspur: ToolContext) -> None:
    period = {"start": "2026-01-01", "end": "2026-04-01"}
    asked = run("query_metrics", {"metrics": ["payback_days"], "period": period}, larkspur)
    whole = run("forecast_ltv", {"period": period}, larkspur).data["groups"][0]
    assert (whole["payback"] is None) == (values(asked)[asked.data["totals"]["payback_days"]] is None)


def test_one_order_each_is_too_little(context: ToolContext) -> None:
    with pytest.raises(NoData, match="at least 84"):
        run("forecast_ltv", {}, context)


def test_who_sees_some_rows_only_is_refused(filled: Warehouse) -> None:
    scoped = context_on(filled, actor=Actor(id="x", row_scope={"location": ("l1",)}))
    for tool, arguments in (("forecast_ltv", {}), ("analyze_cohorts", {}), ("analyze_cohorts", {"kind": "cross_sell"})):
        with pytest.raises(NotAllowed):
            run(tool, arguments, scoped)


def subscribed(own: Warehouse) -> ToolContext:
    """300 subscriptions begun over a year, of which each third lasts n months."""
    rows: list[dict[str, Any]] = []
    for n in range(300):
        started = date(2025, 10, 1) + timedelta(days=n)
        lasted = 35 * (1 + n % 9) if n % 3 == 0 else None
        ended = started + timedelta(days=lasted) if lasted else None
        rows.append(
            {
                "subscription_id": f"s{n}", "customer_id": f"p{n % 60}-0", "plan": "basic", "status": "active",
                "started_at": f"{started}T12:00:00+00:00", "mrr": "20.00", "currency": "USD",
                "canceled_at": f"{ended}T12:00:00+00:00" if ended and ended < date(2026, 11, 9) else None,
            }
        )  # fmt: skip
    assert not own.upsert_rows("subscriptions", rows).rejected
    return context_on(own)


def test_subscribers_pay_at_most_every_month_of_the_horizon(own: Warehouse) -> None:
    result = run("forecast_ltv", {"kind": "subscriptions", "horizon_days": 365}, subscribed(own))
    value = values(result)
    whole = result.data["groups"][0]
    count = value[whole["customers"]]
    assert 200 < count < 300
    assert 0 < value[whole["value"]] <= 11 * 20 * count
    assert value[whole["low"]] <= value[whole["value"]] <= value[whole["high"]]
    assert result.data["tests"]


def test_a_few_subscriptions_are_refused(own: Warehouse) -> None:
    rows = [{"subscription_id": "s1", "started_at": "2026-01-01T12:00:00+00:00", "mrr": "20", "currency": "USD"}]
    assert not own.upsert_rows("subscriptions", rows).rejected
    with pytest.raises(NoData, match="subscriptions have ended"):
        run("forecast_ltv", {"kind": "subscriptions"}, context_on(own))


def test_retention_by_age_counts_people_once(larkspur: ToolContext) -> None:
    result = run("analyze_cohorts", {"kind": "retention"}, larkspur)
    value = values(result)
    ages = result.data["overall"]
    assert [row["age"] for row in ages] == sorted(row["age"] for row in ages)
    for row in ages:
        assert value[row["low"]] <= value[row["share"]] <= value[row["high"]]
        assert value[row["hits"]] <= value[row["trials"]]
    assert value[ages[0]["trials"]] >= value[ages[-1]["trials"]]


def test_retention_equals_the_metric_of_the_catalogue(larkspur: ToolContext) -> None:
    period = {"start": "2026-08-01", "end": "2026-09-01"}
    result = run("analyze_cohorts", {"kind": "repeat", "period": period}, larkspur)
    metric = run("query_metrics", {"metrics": ["repeat_rate"], "period": period}, larkspur)
    assert values(result)[result.data["total"]["share"]] == metric.facts[0].value


def test_shares_by_channel_keep_fractions_of_credit_and_the_total_counts_all(tmp_path: Path) -> None:
    """Ana's first order is half of e-mail's and half of social's and she came back; Ben (e-mail) did not, Cy (search)
    did: of e-mail's 1.5 customers 0.5 came back, of all three two, whatever is shown."""
    touches = {"ana": ("email", "paid_social"), "ben": ("email",), "cy": ("paid_search",)}
    orders = {"ana": (5, 20), "ben": (6,), "cy": (7, 21)}
    warehouses = Warehouses(tmp_path, b"k" * 32, [], NOON)
    warehouse = warehouses.open(BEANS.with_settings(attribution=AttributionDefaults(model="linear")))
    put(
        warehouse,
        touchpoints=[
            {"touchpoint_id": f"{who}{n}", "customer_id": who, "occurred_at": f"2026-09-0{n + 1}T15:00:00Z",
             "channel": channel, "kind": "click"} for who, all_of in touches.items() for n, channel in enumerate(all_of)
        ],
        transactions=[
            {"transaction_id": f"{who}{day}", "customer_id": who, "occurred_at": f"2026-09-{day:02}T15:00:00Z",
             "amount": "10"} for who, days in orders.items() for day in days
        ],
    )  # fmt: skip
    result = run("analyze_cohorts", {"kind": "repeat", "dimensions": ["channel"], "limit": 1}, context_on(warehouse))
    value = values(result)
    (email,) = result.data["rows"]
    assert (email["key"], value[email["hits"]], value[email["trials"]]) == ("email", Decimal("0.5"), Decimal("1.5"))
    assert value[email["share"]] == Decimal("0.3333")
    assert value[result.data["total"]["share"]] == Decimal("0.6667")
    assert "2 more are not shown; they count in the total." in result.caveats
    warehouses.close()


def test_pairs_are_bought_together_at_least_ten_times(larkspur: ToolContext) -> None:
    result = run("analyze_cohorts", {"kind": "cross_sell", "within": "customer", "limit": 5}, larkspur)
    value = values(result)
    assert 1 <= len(result.data["pairs"]) <= 5
    for pair in result.data["pairs"]:
        assert value[pair["hits"]] >= 10
        assert value[pair["lift_low"]] <= value[pair["lift"]] <= value[pair["lift_high"]]


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"kind": "retention", "dimensions": ["segment"]}, BadQuery, "can be split"),
        ({"kind": "no_show", "dimensions": ["campaign_name"]}, Exception, "Did you mean 'campaign'"),
        ({"kind": "repeat", "dimensions": ["keyword"]}, ImpossibleSplit, "keyword"),
        ({"kind": "no_show"}, NoData, "(?i)connect"),
        ({"kind": "renewal"}, NoData, "(?i)connect"),
        ({"kind": "cross_sell"}, NoData, "(?i)connect|lines"),
    ],
)
def test_what_cannot_be_told_is_a_sentence(
    context: ToolContext, arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run("analyze_cohorts", arguments, context)
