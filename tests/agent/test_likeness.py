"""Questions that no pattern has are read as their tool's by likeness, say so, and never set anything up."""

import pytest

from roastery.agent.planner.asks import BY_INTENT
from roastery.agent.planner.learned import Guess, features
from roastery.agent.planner.likeness import BY_TOOL, NOT_ANSWERED, like_refused, read_as
from roastery.agent.planner.reading import Reading
from tests.agent.spoken import language_lexicon, thread


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("how big will december be in orders, your best guess", "forecast"),
        ("what happens before somebody buys, typically", "journeys"),
        ("our shop and meta do not agree on october, which one do i trust", "reconcile"),
    ],
)
def test_a_wording_that_no_pattern_has_goes_to_its_tool_and_says_so(question: str, intent: str) -> None:
    reading = thread(language_lexicon(), question)[0]
    assert reading.intent == intent
    assert read_as(BY_INTENT[intent]) in reading.assumptions


def test_a_definition_in_other_words_is_no_number() -> None:
    reading = thread(language_lexicon(), "our accountant wants to know how exactly you get to contribution margin")[0]
    assert (reading.intent, reading.metrics) == ("describe", ("contribution_margin",))


def test_what_would_be_asked_back_and_reads_like_what_is_refused_is_refused() -> None:
    which = Reading("clarify", message="Which number?", pending={"slot": "metric"})
    assert like_refused(Guess("refused", 1.0), which).message.startswith(NOT_ANSWERED)
    assert like_refused(Guess("query_metrics", 1.0), which) is which
    plain = Reading("query", metrics=("spend",))
    assert like_refused(Guess("refused", 1.0), plain) is plain


def test_a_plain_number_stays_one_and_a_thread_is_left_to_its_words() -> None:
    first, second = thread(language_lexicon(), "spend by platform in september", "and in october?")
    assert (first.intent, second.intent) == ("query", "query")
    assert not any(read_as(ask) in (*first.assumptions, *second.assumptions) for ask in BY_TOOL.values())


def test_nothing_that_acts_is_chosen_by_likeness() -> None:
    assert {"create_alert", "create_schedule"}.isdisjoint(BY_TOOL)


def test_numbers_and_months_are_all_alike() -> None:
    assert features("spend in March 2026") == features("Spend in oct 1999")
