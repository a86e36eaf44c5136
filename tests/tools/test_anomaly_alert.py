"""Anomaly alerts: told while it lasts, once, with what was usual, and as the past would have been told."""

from datetime import date

import pytest

from roastery.api.delivery.alerts import firing_message
from roastery.tools.alerts.anomaly import Anomaly, AnomalyRule
from roastery.tools.alerts.base import BacktestDay
from roastery.tools.alerts.registry import backtest, read_rule
from roastery.tools.base import ToolContext
from roastery.tools.errors import BadArguments

RULE = {"kind": "anomaly", "metric": "spend", "dimensions": ["campaign"], "alerts_a_month": 2}
LAL = "campaign=meta_ads:238510024470140187"


@pytest.fixture(scope="module")
def past(larkspur: ToolContext) -> dict[date, BacktestDay]:
    """What the rule would have told on the mornings around the planted error of 3 and 4 October."""
    days = [date(2026, 10, day) for day in range(3, 8)]
    kind, rule = read_rule(RULE)
    return {day.day: day for day in kind.backtest(larkspur, rule, days)}


def test_a_planted_budget_error_fires_on_its_days_and_only_once(past: dict[date, BacktestDay]) -> None:
    fired = [(day, hit.slice_key) for day, found in past.items() for hit in found.fired if LAL in hit.slice_key]
    assert [key for _, key in fired] == [f"spend:{LAL}"]
    assert date(2026, 10, 4) <= fired[0][0] <= date(2026, 10, 5)


def test_a_firing_says_what_came_what_is_usual_and_its_receipt(past: dict[date, BacktestDay]) -> None:
    _, rule = read_rule(RULE)
    day, hit = next((d, h) for d in past.values() for h in d.fired if LAL in h.slice_key)
    message = firing_message("Spend", rule, day.evaluation, hit)
    assert "usual is $" in message.text
    assert "LAL" in message.text
    assert hit.fact.receipt_id in message.footnote


def test_quiet_days_are_kept(past: dict[date, BacktestDay]) -> None:
    kind, rule = Anomaly(), AnomalyRule(metric="spend", quiet_days=7)
    day = next(d for d in past.values() if d.fired)
    last = {hit.slice_key: day.evaluation.window.end.isoformat() for hit in day.evaluation.hits}
    assert kind.fired(rule, day.evaluation, last) == ()
    assert kind.fired(rule, day.evaluation, {}) == day.evaluation.hits


def test_a_rule_that_cannot_be_read_is_a_sentence() -> None:
    with pytest.raises(BadArguments, match="'metric'"):
        read_rule({"kind": "anomaly"})
    with pytest.raises(BadArguments, match="grain"):
        read_rule({"kind": "anomaly", "metric": "spend", "grain": "hour"})


def test_a_backtest_before_there_is_enough_history_is_no_hit(context: ToolContext) -> None:
    assert all(not day.fired for day in backtest(context, {"kind": "anomaly", "metric": "spend"}, days=3))
