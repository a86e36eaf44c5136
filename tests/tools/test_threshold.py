"""Threshold alerts: judged on complete windows, each slice once, and what they would have done in the past."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from roastery.tools.alerts.registry import backtest, read_rule
from roastery.tools.alerts.threshold import Threshold, ThresholdRule
from roastery.tools.base import ToolContext
from roastery.tools.errors import BadArguments
from roastery.tools.receipts import rerun
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadPeriod, UnknownName
from tests.tools.beans import NOON, ad_rows, context_on

SPEND: dict[str, Any] = {
    "query": {"metrics": ["spend", "clicks"], "dimensions": ["campaign"], "period": {"name": "yesterday"}},
    "metric": "spend",
    "op": "gt",
    "value": "15.00",
}


def rule(**changes: Any) -> ThresholdRule:
    kind, read = read_rule({**SPEND, **changes})
    assert isinstance(kind, Threshold)
    assert isinstance(read, ThresholdRule)
    return read


def spend_on(day: date) -> dict[str, Decimal]:
    return {str(r["campaign_id"]): Decimal(str(r["spend"])) for r in ad_rows() if r["report_date"] == day}


def test_slices_beyond_the_threshold_are_hits_with_their_fact(context: ToolContext) -> None:
    found = Threshold().evaluate(context, rule())
    wanted = {f"campaign={c}" for c, v in spend_on(date(2026, 11, 9)).items() if v > 15}
    assert wanted
    assert {hit.slice_key for hit in found.hits} == wanted
    assert all(hit.fact.value == spend_on(date(2026, 11, 9))[hit.dimensions["campaign"]] for hit in found.hits)
    assert found.window_key(found.hits[0]).startswith("2026-11-09/2026-11-10|campaign=")


@pytest.mark.parametrize(("op", "wanted"), [("gt", False), ("gte", True), ("lt", False), ("lte", True)])
def test_the_threshold_itself_belongs_to_or_equal_only(context: ToolContext, op: str, wanted: bool) -> None:
    own = spend_on(date(2026, 11, 9))["c2"]
    found = Threshold().evaluate(context, rule(op=op, value=str(own)))
    assert ("campaign=c2" in {hit.slice_key for hit in found.hits}) is wanted


def test_without_dimensions_the_whole_is_judged(context: ToolContext) -> None:
    query = {"metrics": ["revenue"], "period": {"name": "last_7_days"}}
    found = Threshold().evaluate(context, rule(query=query, metric="revenue", op="lt", value="1000000"))
    assert [hit.slice_key for hit in found.hits] == ["all"]


def test_a_change_can_be_judged(context: ToolContext) -> None:
    query = {**SPEND["query"], "period": {"name": "last_month"}, "compare_to": "previous_period"}
    found = Threshold().evaluate(context, rule(query=query, metric="spend__change_ratio", op="gt", value="0.03"))
    assert {hit.slice_key for hit in found.hits} == {"campaign=c1", "campaign=c2"}
    assert {hit.fact.kind for hit in found.hits} == {"change_ratio"}


def test_a_previous_value_is_not_taken_for_a_current_one(context: ToolContext) -> None:
    query = {**SPEND["query"], "period": {"name": "last_month"}, "compare_to": "previous_period"}
    found = Threshold().evaluate(context, rule(query=query, metric="spend", op="gt", value="0"))
    assert len(found.hits) == 3
    assert {str(hit.fact.period.start) for hit in found.hits} == {"2026-10-01"}


def test_small_slices_stay_quiet(context: ToolContext) -> None:
    found = Threshold().evaluate(context, rule(value="0", at_least={"clicks": "1000000"}))
    assert found.hits == ()


def test_a_window_that_is_not_over_is_not_judged(context: ToolContext) -> None:
    query = {**SPEND["query"], "period": {"name": "today"}}
    found = Threshold().evaluate(context, rule(query=query, op="lt"))
    assert found.hits == ()
    assert "not over" in found.skipped
    assert Threshold().evaluate(context, rule(query=query, op="lt", judge_incomplete=True)).skipped == ""


def test_a_slice_is_told_once_until_its_quiet_days_are_over(context: ToolContext) -> None:
    kind, own = Threshold(), rule(quiet_days=7)
    found = kind.evaluate(context, own)
    assert kind.fired(own, found, {}) == found.hits
    told = {hit.slice_key: "2026-11-10" for hit in found.hits}
    assert kind.fired(own, found, told) == ()
    assert kind.fired(own, found, dict.fromkeys(told, "2026-11-04")) == ()
    assert kind.fired(own, found, dict.fromkeys(told, "2026-11-03")) == found.hits


def test_the_receipt_of_an_evaluation_reruns_to_the_same(context: ToolContext) -> None:
    found = Threshold().evaluate(context, rule())
    assert found.result is not None
    assert found.result.receipt is not None
    assert rerun(found.result.receipt, context).status == "same"


def test_a_backtest_judges_each_past_day_as_it_stood(context: ToolContext) -> None:
    found = backtest(context, SPEND, days=20)
    assert [day.day for day in found] == sorted(day.day for day in found)
    assert found[-1].day == date(2026, 11, 10)
    for past in found:
        before = past.evaluation.window.start
        assert (past.day - before).days == 1
        wanted = {f"campaign={c}" for c, v in spend_on(before).items() if v > 15}
        assert {hit.slice_key for hit in past.fired} == wanted


def test_a_backtest_obeys_the_quiet_days(context: ToolContext) -> None:
    often = sum(len(day.fired) for day in backtest(context, SPEND, days=28))
    seldom = sum(len(day.fired) for day in backtest(context, {**SPEND, "quiet_days": 7}, days=28))
    assert 0 < seldom < often


def test_a_backtest_before_any_data_is_no_hit(context: ToolContext) -> None:
    early = context_on(context.metrics.warehouse, Clock.from_iso("2026-09-03T12:00:00+00:00"))
    assert all(not day.fired for day in backtest(early, {**SPEND, "op": "gt"}, days=10)[:-2])


def test_a_backtest_has_bounds(context: ToolContext) -> None:
    with pytest.raises(BadPeriod, match="between 1 and 400"):
        backtest(context, SPEND, days=0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"metric": "roas"}, "not among the query's"),
        ({"metric": "spend__change"}, "needs a compare_to"),
        ({"metric": "spend__other"}, "neither a metric nor"),
        ({"op": "above"}, "'op'"),
        ({"value": "much"}, "'value'"),
        ({"at_least": {"roas": 1}}, "at_least speaks of 'roas'"),
        ({"query": {**SPEND["query"], "grain": "day"}}, "no grain"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_rule_that_cannot_be_judged_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadArguments, match=sentence):
        read_rule({**SPEND, **changes})


def test_an_unknown_kind_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'threshold'"):
        read_rule({**SPEND, "kind": "treshold"})


def test_an_unknown_metric_is_told_when_it_is_judged(own: Warehouse) -> None:
    query = {"metrics": ["spendd"], "period": {"name": "yesterday"}}
    with pytest.raises(UnknownName, match="Did you mean 'spend'"):
        Threshold().evaluate(context_on(own, NOON), rule(query=query, metric="spendd"))
