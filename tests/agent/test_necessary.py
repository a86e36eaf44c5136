"""A pattern that is left out by what a line lacks would not have matched it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.agent.planner.calendar_rules import RULES
from roastery.agent.planner.lists import words
from roastery.agent.planner.necessary import may_match, needed, needed_by_any
from roastery.agent.planner.tokens import tokenize

PATTERNS = [
    *(rule[1].pattern for rule in RULES),
    *(text.strip() for text in words("compositions")["concepts"].values()),
    *(text for topic in words("elsewhere") for text in topic["said"]),
]
SAID = (
    "how many percent of those who got a mail opened it in the last 3 weeks, compared with the 3 before",
    "what did we pay for each click from the 3rd to the 9th of october vs the same days last year",
    "of the leads that came in since may, what share became a customer?",
    "what is left after goods, shipping and ads at the end of q3, week by week",
)


@pytest.mark.parametrize("question", SAID)
def test_no_match_is_lost(question: str) -> None:
    line = " ".join(t.word for t in tokenize(question))
    found = 0
    for text in PATTERNS:
        match = re.search(rf"(?<![^ ])(?:{text})(?![^ ])", line)
        found += match is not None
        assert match is None or may_match(needed(text), line), text
    assert found > 5


@given(
    st.recursive(
        st.sampled_from(["ab", "c", "a b", "[ab]", r"\d", "x?", "(?!c)", ""]),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map("".join),
            st.lists(inner, min_size=1, max_size=3).map(lambda alternatives: f"(?:{'|'.join(alternatives)})"),
            inner.map(lambda text: f"(?:{text})?"),
            inner.map(lambda text: f"(?:{text}){{1,2}}"),
        ),
        max_leaves=8,
    ),
    st.text("abcx1 ", max_size=12).map(lambda text: " ".join(text.split())),
)
def test_what_is_needed_is_in_every_line_that_matches(text: str, line: str) -> None:
    if re.search(rf"(?<![^ ])(?:{text})(?![^ ])", line):
        assert may_match(needed(text), line)


def test_most_patterns_can_be_left_out() -> None:
    assert sum(needed(text) is None for text in PATTERNS) < 0.1 * len(PATTERNS)


def test_of_several_patterns_one_is_enough() -> None:
    need = needed_by_any(("weather", "share price"))
    assert may_match(need, "how is the weather")
    assert not may_match(need, "what did we spend")
    assert may_match(needed_by_any((r"\S+", "weather")), "what did we spend")
