"""What a follow-up keeps and what it replaces; what its references stand for; where it is asked back instead."""

from dataclasses import replace

import pytest

from roastery.agent.graph import Analyst
from roastery.agent.planner.dates import Days
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading, reading_json, reading_of
from roastery.agent.planner.several import readings_of
from roastery.agent.planner.understand import understand
from roastery.agent.state import Turn
from roastery.evals.sets.language import lexicon_of
from roastery.tools.base import ToolContext

VALUES = {
    "platform": {"meta_ads": "meta_ads", "google_ads": "google_ads"},
    "channel": {"paid_social": "paid_social", "email": "email", "referral": "referral", "direct": "direct"},
    "campaign": {
        "google_ads:1": "Brand – Search", "google_ads:2": "Non-brand – Search", "meta_ads:3": "Autumn Taster",
        "meta_ads:4": "Roof Check",
    },
    "promotion": {"autumn-taster": "Autumn Taster"},
    "owner": {"Ada Berg": "Ada Berg", "Bo Carlsen": "Bo Carlsen"},
    "location": {"loc-1": "Pier Street", "loc-2": "Mill Lane"},
    "region": {"North": "North", "South": "South", "West": "West"},
    "product": {"p1": "Lemon Cake", "p2": "Rye Loaf"},
    "pipeline": {"New Business": "New Business", "Renewals": "Renewals"},
    "plan": {"Basic": "Basic", "Gold": "Gold"},
}  # fmt: skip


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    import datetime

    return lexicon_of({"values": VALUES, "today": datetime.date(2026, 11, 2), "currency": "USD"})


def thread(lexicon: Lexicon, *turns: str, rows: tuple[tuple[str, str], ...] = ()) -> Reading:
    """The reading of the last turn. rows: what the answer to the first turn showed."""
    history: list[Reading] = []
    for turn in turns:
        found = readings_of(turn, lambda text, before: understand(text, lexicon, before), history, 3)
        history += [reading_of(reading_json(r)) for r in found]
        if rows and len(history) == 1:
            history[0] = replace(history[0], rows=rows)
    return found[-1]


def names(reading: Reading) -> set[tuple[str, str, str]]:
    return {(f.field, f.op, v) for f in reading.filters if not f.metric for v in f.values if v[:2] not in ("no", "un")}


def metrics(reading: Reading) -> tuple[str, ...]:
    return reading.metrics if reading.intent in ("query", "compare") else ()


# ---------------------------------------------------------------- references

REGIONS = (("region", "South"), ("region", "West"), ("region", "North"))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("how did the second one do in August?", "West"),
        ("and the third one by week", "North"),
        ("the top one week by week please", "South"),
        ("show me number 2 per month", "West"),
        ("refunds of the first of those", "South"),
    ],
)
def test_an_ordinal_is_the_row_of_the_last_answer(lexicon: Lexicon, said: str, value: str) -> None:
    found = thread(lexicon, "revenue by region in September, highest first", said, rows=REGIONS)
    assert ("region", "in", value) in names(found)
    assert any(value in a for a in found.assumptions)


@pytest.mark.parametrize("said", ["the best one by week", "how did the highest one do in August"])
def test_a_superlative_is_the_end_of_the_list_that_it_stands_at(lexicon: Lexicon, said: str) -> None:
    assert ("region", "in", "South") in names(thread(lexicon, "revenue by region in September", said, rows=REGIONS))


@pytest.mark.parametrize(
    "said", ["the second one by month", "and the last one?", "how much was number 5?", "why is the lowest one so low?"]
)
def test_a_row_that_is_not_known_is_asked_about_and_then_taken(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, "orders by region in September", said).intent == "clarify"
    answer = thread(lexicon, "orders by region in September", said, "West")
    assert ("region", "in", "West") in names(answer)
    assert metrics(answer) == ("orders",)


def test_a_row_that_the_asker_has_no_name_for_is_asked_about(lexicon: Lexicon) -> None:
    unseen = (("region", "North"), ("region", "Hidden"))
    assert thread(lexicon, "orders by region in September", "the second one by week", rows=unseen).intent == "clarify"


@pytest.mark.parametrize("said", ["which one is the best?", "what is the highest of them?"])
def test_which_one_is_best_asks_for_the_row_and_points_at_none(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, "revenue by region in September", said, rows=REGIONS).limit == 1


def test_the_other_one_of_two(lexicon: Lexicon) -> None:
    found = thread(lexicon, "revenue of Pier Street in September", "and the other one?")
    assert names(found) == {("location", "in", "loc-2")}
    assert thread(lexicon, "revenue of Lemon Cake by week in September", "and the other one?").intent == "query"
    assert thread(lexicon, "orders in the North in September", "and the other one?").intent == "clarify"


@pytest.mark.parametrize(
    ("said", "op"),
    [
        ("how many deals did she win this year?", "in"),
        ("what is his win rate since January?", "in"),
        ("and everybody without her?", "not_in"),
        ("leaving out him", "not_in"),
    ],
)
def test_a_person_is_whoever_the_thread_speaks_of(lexicon: Lexicon, said: str, op: str) -> None:
    found = thread(lexicon, "win rate of Ada Berg last quarter", said)
    assert ("owner", op, "Ada Berg") in names(found)


def test_a_person_of_whom_nobody_spoke_is_asked_about(lexicon: Lexicon) -> None:
    assert thread(lexicon, "win rate last quarter", "and without him?").intent == "clarify"


def test_there_is_what_the_refused_question_named(lexicon: Lexicon) -> None:
    refused = "how many people work at Mill Lane?"
    found = thread(lexicon, refused, "ok, how many orders did we take there in October")
    assert names(found) == {("location", "in", "loc-2")}
    assert any("there" in a for a in found.assumptions)


@pytest.mark.parametrize("said", ["how many orders were there in October?", "were there any refunds last week?"])
def test_there_is_and_there_were_point_at_nothing(lexicon: Lexicon, said: str) -> None:
    assert names(thread(lexicon, "how many people work at Mill Lane?", said)) == set()


# ---------------------------------------------------------------- both


@pytest.mark.parametrize(
    ("turns", "dims", "value"),
    [
        (("spend of Brand – Search in October", "and Autumn Taster?", "clicks of both"), ("campaign",), "meta_ads:3"),
        (("orders in the North last week", "South?", "both side by side"), ("region",), "South"),
        (("orders in the North last week", "South?", "the two together by day"), (), "South"),
    ],
)
def test_both_are_the_names_of_the_last_two_questions(
    lexicon: Lexicon, turns: tuple[str, ...], dims: tuple[str, ...], value: str
) -> None:
    found = thread(lexicon, *turns)
    assert len(names(found)) == 2
    assert value in {v for _, _, v in names(found)}
    assert found.dimensions == dims


def test_both_are_the_metrics_or_periods_or_models_where_these_differ(lexicon: Lexicon) -> None:
    found = thread(lexicon, "orders by region in October", "and refunds?", "put them side by side")
    assert metrics(found) == ("orders", "refunds")
    found = thread(lexicon, "orders in October", "and in August?", "compare the two")
    assert isinstance(found.period, Days)
    assert isinstance(found.compare, Days)
    assert (found.period.start.month, found.compare.start.month) == (10, 8)
    found = thread(lexicon, "roas by platform in October, linear", "and last touch?", "show those two side by side")
    assert found.models == ("linear", "last_touch")


def test_a_model_is_added_to_those_side_by_side(lexicon: Lexicon) -> None:
    found = thread(lexicon, "compare first touch and linear by channel in Q3", "add shapley too")
    assert found.intent == "models"
    assert found.models == ("first_touch", "linear", "shapley")


# ---------------------------------------------------------------- the same thing as another number


@pytest.mark.parametrize(
    ("first", "then", "metric"),
    [
        ("leads in September", "what did each one cost us?", "cost_per_lead"),
        ("how many bookings in August", "what did we pay for each?", "cost_per_booking"),
        ("revenue of Lemon Cake last month", "how many is that?", "units_sold"),
        ("revenue in the North last month", "how many were those?", "orders"),
        ("how many members do we have on Gold", "how many have left in October?", "churned_subscriptions"),
    ],
)
def test_the_kind_of_number_changes_and_is_said(lexicon: Lexicon, first: str, then: str, metric: str) -> None:
    found = thread(lexicon, first, then)
    assert metrics(found) == (metric,)
    assert any(a.startswith("what is asked is read as") for a in found.assumptions)
    assert names(found) >= names(thread(lexicon, first))


@pytest.mark.parametrize("said", ["is that good?", "how bad is that?"])
def test_a_judgement_is_held_against_the_period_before(lexicon: Lexicon, said: str) -> None:
    found = thread(lexicon, "refunds in the North in October", said)
    assert found.compare == "previous_period"
    assert any("no targets" in a for a in found.assumptions)


# ---------------------------------------------------------------- corrections


@pytest.mark.parametrize("said", ["revenue, not orders", "not orders, revenue", "I meant revenue"])
def test_a_number_that_is_taken_back_goes(lexicon: Lexicon, said: str) -> None:
    found = thread(lexicon, "top 2 regions by orders last month", said)
    assert metrics(found) == ("revenue",)
    assert (found.order_by, found.limit) == (("revenue", "desc"), 2)


def test_a_number_that_is_taken_back_for_nothing_known_is_asked_about(lexicon: Lexicon) -> None:
    assert thread(lexicon, "top 2 regions by orders last month", "not orders, the other thing").intent == "clarify"


def test_a_name_is_that_of_the_kind_that_is_meant(lexicon: Lexicon) -> None:
    found = thread(lexicon, "revenue from the promotion Autumn Taster in August", "I meant the campaign, its clicks")
    assert names(found) == {("campaign", "in", "meta_ads:3")}
    assert metrics(found) == ("clicks",)
    assert found.period is not None
    assert found.period.start.month == 8


# ---------------------------------------------------------------- what a word replaces


def test_a_word_is_the_name_where_the_thread_has_such_a_name(lexicon: Lexicon) -> None:
    found = thread(lexicon, "pipeline value of New Business by owner", "and Renewals?")
    assert ("pipeline", "in", "Renewals") in names(found)
    assert metrics(found) == ("pipeline_value",)
    assert metrics(thread(lexicon, "revenue by region last month", "and renewals?")) != ("revenue",)


def test_a_kind_that_is_left_out_is_the_names_that_begin_with_it(lexicon: Lexicon) -> None:
    found = thread(lexicon, "clicks by campaign last month", "drop brand")
    assert names(found) == {("campaign", "not_in", "google_ads:1")}


@pytest.mark.parametrize("said", ["which of them grew the most?", "which one fell the most against the month before?"])
def test_who_moved_most_is_ranked_by_the_change(lexicon: Lexicon, said: str) -> None:
    found = thread(lexicon, "orders by region in October", said)
    assert found.order_by is not None
    assert found.order_by[0] == "orders__change"
    assert found.compare is not None


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [("the whole month", "2026-09-01", "2026-10-01"), ("refunds that week", "2026-09-14", "2026-09-21")],
)
def test_that_week_is_the_one_around_the_days(lexicon: Lexicon, said: str, start: str, end: str) -> None:
    found = thread(lexicon, "orders from 15 to 17 September", said)
    assert found.period is not None
    assert (str(found.period.start), str(found.period.end)) == (start, end)


def test_the_days_before_are_as_many(lexicon: Lexicon) -> None:
    found = thread(lexicon, "orders from 15 to 17 September", "compared with the 3 days before")
    assert found.compare == "previous_period"
    found = thread(lexicon, "orders from 15 to 17 September", "and the days before?")
    assert found.period is not None
    assert (str(found.period.start), str(found.period.end)) == ("2026-09-12", "2026-09-15")


def test_a_period_after_a_recommendation_is_that_of_the_numbers_before(lexicon: Lexicon) -> None:
    turns = ("cost per lead by platform last quarter", "which of the two should get more money?", "and in Q2?")
    found = thread(lexicon, *turns)
    assert metrics(found) == ("cost_per_lead",)
    assert found.dimensions == ("platform",)
    assert "amount" not in thread(lexicon, *turns[:2]).details


@pytest.mark.parametrize("said", ["as a table", "can you put that in a chart", "plot it"])
def test_how_it_is_shown_changes_no_number(lexicon: Lexicon, said: str) -> None:
    first = thread(lexicon, "orders by region in October")
    found = thread(lexicon, "orders by region in October", said)
    assert (found.metrics, found.dimensions, found.period) == (first.metrics, first.dimensions, first.period)


def test_a_number_said_not_to_be_wanted_goes_and_the_others_stay(lexicon: Lexicon) -> None:
    assert metrics(thread(lexicon, "clicks and spend on google in August", "not clicks")) == ("spend",)


@pytest.mark.parametrize(
    ("said", "value"), [("the former by week", "meta_ads"), ("clicks of the latter", "google_ads")]
)
def test_former_and_latter_are_in_the_order_in_which_they_were_said(lexicon: Lexicon, said: str, value: str) -> None:
    assert ("platform", "in", value) in names(thread(lexicon, "spend on meta and google in August", said))


@pytest.mark.parametrize("said", ["show me the days", "give us the weeks"])
def test_the_days_are_its_steps(lexicon: Lexicon, said: str) -> None:
    assert thread(lexicon, "orders in the North in August", said).grain in ("day", "week")


def test_a_question_back_about_nothing_leaves_the_thread(lexicon: Lexicon) -> None:
    found = thread(lexicon, "orders by region in August", "which one do you like?", "and refunds?")
    assert found.dimensions == ("region",)
    assert found.period is not None
    assert found.period.start.month == 8


def test_there_is_no_plan_to_compare_with(lexicon: Lexicon) -> None:
    assert thread(lexicon, "orders by region in August", "vs plan").intent == "refuse"


# ---------------------------------------------------------------- what is not kept


def test_a_number_that_the_names_cannot_narrow_keeps_the_period_and_says_so(lexicon: Lexicon) -> None:
    found = thread(lexicon, "revenue of Pier Street in August", "and CAC?")
    assert metrics(found) == ("cac",)
    assert names(found) == set()
    assert found.period is not None
    assert found.period.start.month == 8
    assert any("Pier Street" in a for a in found.assumptions)


def test_a_number_asked_of_there_is_refused_rather_than_asked_of_everything(lexicon: Lexicon) -> None:
    assert thread(lexicon, "revenue of Pier Street in August", "what was CAC there?").intent == "refuse"


@pytest.mark.parametrize(
    "said", ["how much did we spend on google in Q3?", "orders by plan in July", "Clicks on Roof Check last week?"]
)
def test_a_question_that_is_whole_takes_over_nothing(lexicon: Lexicon, said: str) -> None:
    alone, after = thread(lexicon, said), thread(lexicon, "revenue of Rye Loaf in the North in August", said)
    assert (after.filters, after.period, after.metrics, after.intent) == (
        alone.filters, alone.period, alone.metrics, alone.intent,
    )  # fmt: skip


# ---------------------------------------------------------------- with the company's own rows


def test_the_second_one_is_the_second_row_of_the_answer(analyst: Analyst, context: ToolContext) -> None:
    first = analyst.ask("spend by campaign last month", context)
    second = analyst.ask("the second one by week", context, first.conversation_id, [Turn.of(first)])
    assert second.status == "answered"
    asked = second.receipts[0].arguments
    assert asked["grain"] == "week"
    assert asked["filters"][0]["values"] == [first.tables[0].rows[1]["campaign"]]
