"""What restricts, corrects or points in a question is carried out or asked about, never passed over."""

import pytest

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.several import questions_in
from tests.agent.spoken import language_lexicon, thread


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return language_lexicon()


def names(reading: Reading) -> set[tuple[str, str]]:
    return {(f.field, f.op) for f in reading.filters if f.values and "unknown" not in f.values}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("ROAS of meta in september", "all platforms please, worst on top"),
        ("spend on Google in october", "now each platform"),
        ("clicks on klaviyo in october", "every platform, highest first"),
    ],
)
def test_every_one_of_a_kind_is_not_the_one_before(lexicon: Lexicon, first: str, then: str) -> None:
    found = thread(lexicon, first, then)[-1]
    assert found.dimensions == ("platform",)
    assert ("platform", "in") not in names(found)


@pytest.mark.parametrize("said", ["by campaign", "each campaign", "week by week"])
def test_a_split_by_another_kind_keeps_the_name(lexicon: Lexicon, said: str) -> None:
    assert ("platform", "in") in names(thread(lexicon, "spend on meta in october", said)[-1])


@pytest.mark.parametrize(
    "said",
    [
        "okay, that campaign. spend in october please",
        "orders of this product in september",
        "clicks on that ad in october",
    ],
)
def test_what_points_at_no_name_is_asked_about(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said)[-1].intent == "clarify"


@pytest.mark.parametrize(
    "said",
    [
        "our Meta ads bring nothing, turn them off today",
        "spend on TikTok is far too high. stop it immediately please",
        "this one eats money; just kill it now",
    ],
)
def test_an_order_at_the_end_of_a_complaint_is_refused(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said)[-1].intent == "refuse"


@pytest.mark.parametrize(
    "said",
    ["ROAS? never heard of it. please explain", "cac? Never heard.", "aov? No idea what that is, explain please"],
)
def test_a_word_that_is_to_be_explained_is_described(lexicon: Lexicon, said: str) -> None:
    assert [r.intent for r in thread(lexicon, said)] == ["describe"]


@pytest.mark.parametrize(
    "said", ["spend in october; is that more than in september?", "Meta says 40 orders; does that match our shop?"]
)
def test_a_question_about_the_statement_before_it_is_one_with_it(said: str) -> None:
    assert len(questions_in(said)) == 1


def test_two_questions_stay_two() -> None:
    assert len(questions_in("What was spend in october? Is the data complete?")) == 2


@pytest.mark.parametrize("said", ["orders whose date fell in october", "spend that falls between 1 and 20 october"])
def test_what_fell_in_a_month_has_not_fallen(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said)[-1].compare is None


def test_what_fell_is_still_explained(lexicon: Lexicon) -> None:
    assert thread(lexicon, "revenue fell in october, what happened?")[-1].intent == "explain"


def test_twelve_months_earlier_is_the_month_of_the_year_before(lexicon: Lexicon) -> None:
    found = thread(lexicon, "was CAC in october higher than twelve months earlier")[-1]
    assert (found.metrics, found.compare) == (("cac",), "previous_year")


@pytest.mark.parametrize("said", ["revenue net of {} in october", "revenue in october without {}"])
def test_net_of_a_name_leaves_the_name_out(lexicon: Lexicon, said: str) -> None:
    category = next(v for v in lexicon.vocabulary.values if v.dimension in ("category", "product"))
    found = thread(lexicon, said.format(category.label))[-1]
    assert {op for field, op in names(found)} == {"not_in"}


def test_net_of_refunds_is_revenue_itself(lexicon: Lexicon) -> None:
    found = thread(lexicon, "revenue net of refunds in october")[-1]
    assert (found.metrics, found.filters) == (("revenue",), ())


@pytest.mark.parametrize(
    "said",
    [
        "how many of the customers of march are still around",
        "customers we had in january that are still buying, how many",
        "how many clients from last year remained with us",
    ],
)
def test_who_stayed_is_no_count_of_the_month(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said)[-1].intent in ("clarify", "refuse")


@pytest.mark.parametrize(
    ("said", "metrics"),
    [
        ("per platform for october: what we spent, clicks, and the price of a click", ("spend", "clicks", "cpc")),
        ("by campaign in october, what we paid and impressions", ("spend", "impressions")),
    ],
)
def test_what_we_paid_is_one_of_a_list(lexicon: Lexicon, said: str, metrics: tuple[str, ...]) -> None:
    assert thread(lexicon, said)[-1].metrics == metrics


@pytest.mark.parametrize("said", ["ads sorted by clicks in october", "ads of last week ranked by CTR"])
def test_what_is_put_in_order_is_listed(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said)[-1].dimensions == ("ad",)


@pytest.mark.parametrize("said", ["revenue last week, one line per day", "revenue last week, a row for each day"])
def test_a_line_per_day_is_the_step_of_time(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, said)[-1].grain == "day"


@pytest.mark.parametrize("said", ["hm ok and the month after?", "right, and the month after"])
def test_the_month_after_moves_the_period(lexicon: Lexicon, said: str) -> None:
    found = thread(lexicon, "revenue in august", said)[-1]
    assert found.period is not None
    assert (found.period.start.month, found.period.end.month) == (9, 10)
    assert not any("not part of" in a for a in found.assumptions)


def test_a_forecast_of_them_is_of_those_before(lexicon: Lexicon) -> None:
    found = thread(lexicon, "LTV by cohort month in q2", "what will they be worth in two years")[-1]
    assert found.intent == "ltv"
    assert found.period is not None
    assert found.period.start.month == 4
