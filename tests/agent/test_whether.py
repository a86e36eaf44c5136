"""A question for a yes or a no begins with it, where the facts decide it, and never where they do not."""

from decimal import Decimal

import pytest

from roastery.agent.graph import Analyst
from roastery.agent.planner.lexicon import Lexicon
from roastery.tools.base import ToolContext
from tests.agent import company
from tests.agent.spoken import language_lexicon, thread


def spent(month: int, platform: str = "") -> Decimal:
    return sum(
        (
            Decimal(str(row["spend"]))
            for row in company.ad_rows()
            if row["report_date"].month == month and platform in ("", row["platform"])  # type: ignore[attr-defined]
        ),
        Decimal(0),
    )


def beginning(analyst: Analyst, context: ToolContext, question: str) -> str:
    """The word before the colon, "" where the answer begins with something else."""
    first = analyst.ask(question, context).text.removeprefix("**").split(":")[0]
    return first if first in ("Yes", "No", "So far yes", "Not so far") else ""


def test_a_number_is_held_against_its_limit(analyst: Analyst, context: ToolContext) -> None:
    spend = int(spent(10))
    assert beginning(analyst, context, f"Was spend above {spend - 1} in October?") == "Yes"
    assert beginning(analyst, context, f"Is October spend under {spend - 1} dollars, yes or no") == "No"
    assert beginning(analyst, context, f"Did we spend at least {spend + 2} in October?") == "No"


def test_more_than_it_cost_is_a_return_of_more_than_one(analyst: Analyst, context: ToolContext) -> None:
    answer = analyst.ask("ROAS of Meta in October", context)
    returned = next(fact.value for fact in answer.facts if fact.metric == "roas")
    assert returned is not None
    word = "Yes" if returned > 1 else "No"
    assert beginning(analyst, context, "Did Meta bring in more than it cost in October?") == word


def test_a_kind_of_day_is_no_single_day(analyst: Analyst, context: ToolContext) -> None:
    assert "day of the week" in analyst.ask("Is Tuesday our best day for sales?", context).text


def test_a_change_is_held_against_its_direction(analyst: Analyst, context: ToolContext) -> None:
    grew = spent(10) > spent(9)
    assert beginning(analyst, context, "Did spend grow in October?") == ("Yes" if grew else "No")
    assert beginning(analyst, context, "Was spend lower in October than in September?") == ("No" if grew else "Yes")


def test_one_name_is_held_against_another(analyst: Analyst, context: ToolContext) -> None:
    ahead = spent(10, "meta_ads") > spent(10, "google_ads")
    asked = "Did {} have {} spend than {} in October?"
    assert beginning(analyst, context, asked.format("Meta", "more", "Google")) == ("Yes" if ahead else "No")
    assert beginning(analyst, context, asked.format("Google", "more", "Meta")) == ("No" if ahead else "Yes")
    assert beginning(analyst, context, asked.format("Google", "less", "Meta")) == ("Yes" if ahead else "No")


def test_a_period_that_still_runs_is_decided_only_so_far(analyst: Analyst, context: ToolContext) -> None:
    assert beginning(analyst, context, "Is spend above 100 this month?") == "So far yes"
    assert beginning(analyst, context, "Is spend above 900,000 this month?") == "Not so far"


def test_whether_there_are_any_is_told_by_what_is_found(analyst: Analyst, context: ToolContext) -> None:
    assert beginning(analyst, context, "Are there any campaigns with more than 10 in spend in October?") == "Yes"
    assert beginning(analyst, context, "Are there any campaigns with more than 900,000 in spend in October?") == "No"


@pytest.mark.parametrize(
    "question",
    [
        "What was spend in October?",
        "How much more did we spend in October than in September?",
        "Did spend not grow in October?",
        "Did spend and orders grow in October?",
        "How did spend in October compare with September?",
    ],
)
def test_other_questions_begin_with_the_number(analyst: Analyst, context: ToolContext, question: str) -> None:
    assert beginning(analyst, context, question) == ""


@pytest.fixture(scope="module")
def words() -> Lexicon:
    return language_lexicon()


@pytest.mark.parametrize(
    ("question", "way"),
    [
        ("did CAC get better in October", -1),
        ("was CAC worse in October than in September", 1),
        ("has ROAS improved in October", 1),
        ("did it get more expensive to win a customer, October vs September?", 1),
        ("was a click cheaper in October than in September", -1),
    ],
)
def test_better_is_less_where_less_is_better(words: Lexicon, question: str, way: int) -> None:
    (reading,) = thread(words, question)
    assert reading.whether.get("way") == way


def test_what_is_to_be_confirmed_is_not_kept_for_the_next_question(words: Lexicon) -> None:
    first, second = thread(words, "was revenue higher in October than in September?", "and in August?")
    assert first.whether
    assert second.whether == {}
