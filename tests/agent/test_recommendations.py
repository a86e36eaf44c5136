"""What to do about a result: only from what is more than slight, with an interval, on facts that are there."""

from collections.abc import Mapping
from typing import Any

import pytest

from roastery.agent.evidence import Evidence
from roastery.agent.planner.offline import LexiconSource
from roastery.agent.recommend import MOST, advisers, recommendations
from roastery.agent.recommend.by_tool.detect_anomalies import ACTIONS, SURE
from roastery.tools.base import ToolContext, ToolResult
from roastery.tools.registry import TOOLS, run

LAST_90_DAYS = {"start": "2026-08-04", "end": "2026-11-02"}


@pytest.fixture(scope="module")
def unusual(larkspur: ToolContext) -> ToolResult:
    asked = {"metrics": ["cpc", "orders", "spend", "reported_conversions"], "period": LAST_90_DAYS, "limit": 40}
    return run("detect_anomalies", asked, larkspur, keep=False)


def advised(context: ToolContext, result: ToolResult, data: Mapping[str, Any] | None = None) -> Any:
    evidence = Evidence()
    changed = result.model_copy(update={"data": dict(data or result.data)})
    evidence.add("call", result.tool, result.receipt.arguments if result.receipt else {}, changed)
    made, withheld = recommendations(evidence, LexiconSource().of(context))
    assert withheld == []
    return evidence, made


def test_what_broke_gets_an_action_with_its_usual_range(larkspur: ToolContext, unusual: ToolResult) -> None:
    evidence, made = advised(larkspur, unusual)
    assert 0 < len(made) <= MOST
    for one in made:
        assert set(one.basis) <= set(evidence.facts)
        assert "range" in one.expected_effect
        assert one.measure is not None
        assert one.measure.low <= one.measure.expected <= one.measure.high
        assert one.confidence in SURE.values()


def test_nothing_is_advised_from_a_slight_departure(larkspur: ToolContext, unusual: ToolResult) -> None:
    slight = [{**incident, "strength": "slight"} for incident in unusual.data["incidents"]]
    _, made = advised(larkspur, unusual, {**unusual.data, "incidents": slight})
    assert made == []


def test_the_same_incident_has_the_same_key(larkspur: ToolContext, unusual: ToolResult) -> None:
    first, second = (advised(larkspur, unusual)[1] for _ in range(2))
    assert [one.key for one in first] == [one.key for one in second]
    assert len({one.key for one in first}) == len(first)


def test_advisers_are_of_tools_and_actions_of_metrics(larkspur: ToolContext) -> None:
    assert set(advisers()) <= set(TOOLS)
    assert {metric for metric, _ in ACTIONS} <= set(larkspur.metrics.semantics.metrics)
