"""What the second reader makes of a question whose number no word names, and what it says where it disagrees."""

from collections.abc import Callable
from typing import Any

import pytest

from roastery.agent.planner import misgivings, second_look
from roastery.agent.planner.learned import Guess
from roastery.agent.planner.misgivings import with_misgivings
from roastery.agent.planner.offline import CONTROL
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.second_look import second_look as looked
from roastery.evals.grading.answering import Planned
from tests.agent.spoken import language_lexicon

OPEN = Reading(
    "clarify",
    message="Which number?",
    pending={"slot": "metric", "choices": {"Revenue": "revenue"}, "reading": {"grain": "week"}},
)
FOUND = Reading("query", metrics=("delivery_days",))


def again(metric: str) -> Reading:
    return Reading("query", metrics=(metric,))


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, float, dict[str, float]], None]:
    """Sets what the second reader says of every question: its tool, its lead and the likeness of each metric."""

    def says(tool: str, margin: float, metrics: dict[str, float]) -> None:
        for module in (second_look, misgivings):
            monkeypatch.setattr(module, "guess", lambda _: Guess(tool, margin))
            monkeypatch.setattr(module, "metrics_like", lambda _: metrics)

    return says


def test_a_number_that_no_word_names_is_guessed_and_the_guess_is_said() -> None:
    question = "how many people made it all the way through in august"
    given = Planned(language_lexicon()).thread([question])[0]
    assert [arguments["metrics"] for _, arguments in given.calls] == [["workflow_completions"]]
    assert any(a.startswith("no number was named in words that I know") for a in given.assumptions)


def test_a_question_that_says_nothing_else_is_asked_back(learned: Any) -> None:
    learned("query_metrics", 1.0, {"revenue": 0.9})
    nothing = Reading("clarify", pending={"slot": "metric", "choices": {"Revenue": "revenue"}, "reading": {}})
    assert looked("which one is better?", nothing, language_lexicon(), again) is nothing
    assert looked("which one per week?", OPEN, language_lexicon(), again).metrics == ("revenue",)


@pytest.mark.parametrize("tool", ["refused", "clarify"])
def test_what_reads_like_what_is_refused_or_asked_back_gets_no_number(learned: Any, tool: str) -> None:
    learned(tool, 0.1, {"revenue": 0.9})
    assert looked("who was rostered each week", OPEN, language_lexicon(), again) is OPEN


def test_a_faint_likeness_is_no_number(learned: Any) -> None:
    learned("query_metrics", 1.0, {"revenue": 0.2})
    assert looked("whatever", OPEN, language_lexicon(), again) is OPEN


def test_a_number_that_the_words_name_is_never_replaced(learned: Any) -> None:
    learned("query_metrics", 1.0, {"revenue": 1.0, "delivery_days": 0.1})
    assert looked("delivery days", FOUND, language_lexicon(), again) is FOUND
    named = Reading(
        "clarify", pending={"slot": "metric", "choices": {"A": "a"}, "replaces": "a", "reading": {"grain": "week"}}
    )
    assert looked("which of two", named, language_lexicon(), again) is named


def test_the_usual_number_gives_way_to_one_that_reads_much_likelier(learned: Any) -> None:
    usual = Reading("explain", metrics=("revenue",)).assuming("no metric was named, so this is Revenue")
    learned("explain_change", 1.0, {"leads": 0.6})
    assert looked(
        "why did nobody call", usual, language_lexicon(), lambda m: Reading("explain", metrics=(m,))
    ).metrics == ("leads",)
    learned("explain_change", 1.0, {"leads": 0.3})
    assert looked("why did nobody call", usual, language_lexicon(), again) is usual


def test_beside_a_word_that_was_left_out_nothing_is_guessed(learned: Any) -> None:
    learned("query_metrics", 1.0, {"delivery_days": 0.9})
    doubted = OPEN.assuming("“sturdy” is not part of how this was computed")
    assert looked("how sturdy are we by week", doubted, language_lexicon(), again) == doubted


def test_a_guess_that_cannot_be_answered_changes_nothing(learned: Any) -> None:
    learned("query_metrics", 1.0, {"revenue": 0.9})
    for intent in (*CONTROL, "alert", "schedule"):
        assert looked("x", OPEN, language_lexicon(), lambda m, i=intent: Reading(i, metrics=(m,))) is OPEN


def test_another_number_that_it_reads_like_is_said_and_nothing_is_changed(learned: Any) -> None:
    learned("query_metrics", 1.0, {"ctr": 0.7, "clicks": 0.4})
    clicks = Reading("query", metrics=("clicks",))
    told = with_misgivings("linkedin click-through", clicks, language_lexicon())
    assert told.metrics == ("clicks",)
    assert "could be meant too" in told.assumptions[0]
    learned("query_metrics", 1.0, {"ctr": 0.5, "clicks": 0.4})
    assert with_misgivings("linkedin clicks", clicks, language_lexicon()) is clicks


def test_another_tool_that_it_reads_like_is_said_of_what_answers_only(learned: Any) -> None:
    learned("query_metrics", 0.9, {"mrr": 1.0})
    forecast = Reading("forecast", metrics=("mrr",))
    told = with_misgivings("mrr at each month end", forecast, language_lexicon())
    assert (told.intent, len(told.assumptions)) == ("forecast", 1)
    alert = Reading("alert", metrics=("mrr",))
    assert with_misgivings("tell me when mrr falls", alert, language_lexicon()) is alert


def test_plain_questions_are_answered_without_misgivings() -> None:
    plain = ["spend by platform in september", "roas by campaign last month", "how many orders did we have in october"]
    for question in plain:
        given = Planned(language_lexicon()).thread([question])[0]
        assert not any("could be meant too" in a or "words that I know" in a for a in given.assumptions), question
