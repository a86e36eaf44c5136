"""Credit, journeys, budgets and creatives in words: what is said passes the same check as a model's prose."""

import re
from typing import Any

import pytest

from roastery.agent.narrate import Narrator, compose
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.recommend import recommendations
from roastery.agent.render import render
from roastery.agent.verify import Verifier
from roastery.tools.base import ToolContext
from tests.agent.conftest import found
from tests.tools.library.test_journeys_budget_assets import campaigns_that_work_unlike

OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("run_attribution", {"period": OCTOBER}, " got "),
    ("run_attribution", {"conversion": "new_customers", "by": "campaign", "period": OCTOBER}, "new customers"),
    ("run_attribution", {"conversion": "orders", "attribution_model": "markov", "period": OCTOBER}, "uncredited"),
    ("compare_attribution", {"by": "campaign", "period": OCTOBER, "break_even": 3}, "under"),
    ("compare_attribution", {"conversion": "orders", "by": "platform", "period": OCTOBER}, "under"),
    (
        "compare_attribution",
        {"attribution_models": ["first_touch", "last_touch"], "period": OCTOBER},
        "under last touch",
    ),
    ("customer_journeys", {"period": OCTOBER}, "journeys converted"),
    ("customer_journeys", {"show": "funnel", "period": OCTOBER}, "Where they end"),
    ("customer_journeys", {"by": "campaign", "conversion": "revenue", "period": OCTOBER}, "it opens"),
    ("recommend_budget", {}, "dvised"),
    ("recommend_budget", {"by": "platform", "objective": "new_customers"}, "dvised"),
]


@pytest.mark.parametrize(("tool", "arguments", "says"), ASKED, ids=lambda a: str(a)[:50])
def test_what_is_said_is_backed_by_facts(
    tool: str, arguments: dict[str, Any], says: str, context: ToolContext, lexicon: Lexicon
) -> None:
    evidence = found(context, (tool, arguments))
    narration = Narrator(evidence, lexicon.vocabulary).narrate()
    problems = [p for p in Verifier(evidence, lexicon).problems(narration.answer) if p.kind != "unreferenced"]
    assert problems == []
    text = render(narration.answer, evidence.facts, evidence.labels)
    assert says in text
    assert "None" not in text
    assert compose(narration)


def test_what_of_the_journeys_is_asked_for_is_the_first_table(context: ToolContext) -> None:
    titles = {"paths": "Most frequent paths", "funnel": "Touch by touch", "roles": "Who opens, assists and closes"}
    for show, title in titles.items():
        evidence = found(context, ("customer_journeys", {"show": show, "period": OCTOBER}))
        assert evidence.tables[0].title == title
        assert len({table.title for table in evidence.tables}) == len(evidence.tables)


ADVISED = [
    ({"most_change": 0.25}, ["Advised: move spend;", "Left as they are: Fixed."], "day up"),
    (
        {"amount": "-600"},
        [
            "Advised: place the cut;",
            "above that of a proportional cut by",
            "Cut in proportion, since the data says too little about them: Fixed.",
        ],
        "above that of a proportional cut",
    ),
]


@pytest.mark.parametrize(("arguments", "says", "effect"), ADVISED, ids=["moved", "cut"])
def test_advice_on_a_budget_passes_its_own_check_and_is_recommended(
    arguments: dict[str, Any], says: list[str], effect: str, unlike: ToolContext, lexicon: Lexicon
) -> None:
    evidence = found(unlike, ("recommend_budget", arguments))
    narration = Narrator(evidence, lexicon.vocabulary).narrate()
    problems = [p for p in Verifier(evidence, lexicon).problems(narration.answer) if p.kind != "unreferenced"]
    assert "\n".join(map(str, problems)) == ""
    text = render(narration.answer, evidence.facts, evidence.labels)
    assert [part for part in says if part not in text] == []
    advised, withheld = recommendations(evidence, lexicon)
    assert withheld == []
    (advice,) = advised
    assert effect in advice.expected_effect
    assert "Poor to the advised" in advice.action


def test_a_cut_of_one_platform_has_no_split_and_what_it_loses_is_told_all_the_same(
    unlike: ToolContext, lexicon: Lexicon
) -> None:
    evidence = found(unlike, ("recommend_budget", {"amount": "-600", "by": "platform"}))
    narration = Narrator(evidence, lexicon.vocabulary).narrate()
    problems = [p for p in Verifier(evidence, lexicon).problems(narration.answer) if p.kind != "unreferenced"]
    assert "\n".join(map(str, problems)) == ""
    text = render(narration.answer, evidence.facts, evidence.labels)
    assert "No split of the cut is advised" in text
    assert re.search(r"what is expected a day goes down by \S+, a change between -", text)


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    return campaigns_that_work_unlike(tmp_path_factory.mktemp("unlike"))
