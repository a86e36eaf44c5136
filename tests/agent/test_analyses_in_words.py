"""What the analyses found is told in sentences that verification accepts, and swapped numbers are caught."""

from typing import Any

import pytest

from roastery.agent.charts import chart_for
from roastery.agent.evidence import Evidence
from roastery.agent.narrate import Narrator
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.offline import LexiconSource
from roastery.agent.render import render
from roastery.agent.verify import Verifier
from roastery.tools.base import ToolContext
from roastery.tools.registry import run

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("explain_change", {"metric": "revenue", "period": OCTOBER}),
    ("explain_change", {"metric": "roas", "period": OCTOBER}),
    ("detect_anomalies", {"metrics": ["spend"], "period": {"name": "last_90_days"}}),
    ("detect_anomalies", {"metrics": ["aov"], "period": {"name": "last_7_days"}}),
    ("forecast_metric", {"metric": "spend", "dimensions": ["platform"]}),
    ("forecast_metric", {"metric": "revenue", "period": {"name": "this_month"}, "target": "70000"}),
    ("reconcile_sources", {"platform": "meta_ads", "period": OCTOBER}),
    ("reconcile_sources", {"platform": "google_ads", "metric": "revenue", "period": OCTOBER, "stated": "4120.5"}),
    ("reconcile_sources", {"metric": "revenue", "period": OCTOBER}),
    ("forecast_ltv", {"dimensions": ["channel"], "horizon_days": 180}),
    ("analyze_cohorts", {}),
    ("analyze_cohorts", {"kind": "repeat"}),
    ("analyze_cohorts", {"kind": "cross_sell", "within": "customer"}),
]


@pytest.fixture(scope="module")
def lexicon(larkspur: ToolContext) -> Lexicon:
    return LexiconSource().of(larkspur)


@pytest.mark.parametrize(("tool", "arguments"), CALLS, ids=lambda v: v if isinstance(v, str) else "")
def test_an_analysis_is_told_in_sentences_that_hold(
    tool: str, arguments: dict[str, Any], larkspur: ToolContext, lexicon: Lexicon
) -> None:
    evidence = Evidence()
    evidence.add("c1", tool, arguments, run(tool, arguments, larkspur))
    answer = Narrator(evidence, lexicon.vocabulary).narrate().answer
    assert [str(p) for p in Verifier(evidence, lexicon).problems(answer)] == []
    text = render(answer, evidence.facts, evidence.labels)
    assert "[[" not in text
    assert len(text.split()) < 130
    chart = chart_for(evidence)
    assert chart is None or chart["$schema"].startswith("https://vega.github.io/schema/vega-lite")


@pytest.mark.parametrize(
    "sentence",
    [
        "Revenue is forecast at [[{coverage}]].",
        "Revenue came to [[{expected}]] between 2 Nov and 29 Nov 2026.",
        "The chance is [[{error}]].",
        "Spend is forecast at [[{expected}]].",
    ],
)
def test_swapped_numbers_of_a_forecast_are_caught(sentence: str, larkspur: ToolContext, lexicon: Lexicon) -> None:
    evidence = Evidence()
    finding = evidence.add(
        "c1", "forecast_metric", {"metric": "revenue"}, run("forecast_metric", {"metric": "revenue"}, larkspur)
    )
    data = finding.result.data
    ids = {"expected": data["total"]["expected"], **data["quality"]}
    written = sentence.format(**ids)
    assert Verifier(evidence, lexicon).problems(written)
