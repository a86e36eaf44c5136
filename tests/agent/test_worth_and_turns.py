"""What customers are worth, what a turn of a thread changes, and what a message of several sentences asks."""

from datetime import date

import pytest

from roastery.agent.planner.lexicon import Lexicon
from tests.agent.spoken import language_lexicon, thread


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return language_lexicon()


@pytest.mark.parametrize(
    ("question", "metric"),
    [
        ("how much have the buyers we gained in May spent with us up to today, per head", "ltv"),
        ("what has somebody who joined in 2025 paid us until now", "ltv"),
        ("value of one client in the first 12 months, for those we landed in spring 2025", "ltv_12m"),
        ("what do guests who first ordered in March 2025 bring in during their first year", "ltv_12m"),
        ("are the shoppers we won in Q1 worth what we spent to get them", "ltv_cac_ratio"),
        ("does one customer bring us more than it cost to win him", "ltv_cac_ratio"),
    ],
)
def test_worth_so_far_and_in_the_first_year_are_numbers(question: str, metric: str, lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, question)
    assert (reading.intent, reading.metrics) == ("query", (metric,))


@pytest.mark.parametrize(
    "question",
    [
        "how much will the buyers we gained in May spend with us over the next year",
        "a client we sign today, what can we expect to earn from them in two years",
        "what will somebody who joined in Q1 bring in down the road",
    ],
)
def test_worth_to_come_is_a_forecast(question: str, lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, question)
    assert reading.intent == "ltv"
    assert reading.details.get("horizon_days") != 1


@pytest.mark.parametrize(
    "question", ["how much did we spend so far this month", "what have we spent to date in October"]
)
def test_what_we_spend_is_no_worth_of_customers(question: str, lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, question)
    assert reading.metrics == ("spend",)


def test_money_of_customers_without_when_they_were_won_is_no_lifetime_value(lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, "how much have customers spent so far this year")
    assert "ltv" not in reading.metrics


@pytest.mark.parametrize(
    ("first", "then", "metric"),
    [
        ("deals won by owner in Q3", "as a share of all they closed", "win_rate"),
        ("opens on klaviyo in October", "what percentage is that of those who received it", "open_rate"),
        ("new customers by month this year", "what did we pay for each", "cac"),
        ("meta roas in October", "what does meta itself report", "reported_roas"),
    ],
)
def test_a_turn_asks_for_a_relative_of_the_number(first: str, then: str, metric: str, lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, first, then)
    assert last.metrics == (metric,)
    assert last.period == thread(lexicon, first)[0].period


def test_share_of_everything_is_no_rate(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "deals won by owner in Q3", "as a share of the total")
    assert last.metrics == ("deals_won",)


def test_both_names_with_another_number(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "spend on Google in October", "and Meta?", "cost per click for both")
    assert last.metrics == ("cpc",)
    assert {v for f in last.filters for v in f.values} >= {"google_ads", "meta_ads"}
    assert last.dimensions == ("platform",)


def test_two_models_of_a_thread_are_put_side_by_side(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "ROAS in September on last touch", "and on linear", "put them next to each other")
    assert last.models == ("last_touch", "linear")


def test_a_known_event_is_the_threads(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "any anomalies on Meta in October?", "what caused the jump in clicks on 9-11 October")
    assert last.intent == "explain"
    assert last.filters[0].values == ("meta_ads",)
    *_, elsewhere = thread(lexicon, "any anomalies on Meta in October?", "what caused the jump in orders in August")
    assert not elsewhere.filters


def test_what_was_asked_back_is_continued_and_says_so(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "set me up an alert", "for CPC on Google over $3")
    assert (last.intent, last.metrics, last.details["value"]) == ("alert", ("cpc",), "3")


def test_a_turn_that_names_nothing_is_never_a_question_of_its_own(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "refunds last week", "hm, what would you make of that then")
    assert last.intent == "clarify"


def test_last_month_is_no_last_touch(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "how do you calculate roas", "and what was it last month")
    assert last.attribution_model is None
    assert (last.metrics, last.period and last.period.name) == (("roas",), "last_month")


@pytest.mark.parametrize(
    ("question", "models"),
    [
        ("is Meta stealing credit from Google? first and last touch", ("first_touch", "last_touch")),
        ("compare who was last with who was first by channel, Q3", ("last_touch", "first_touch")),
        ("roas of Meta with markov and with our normal model", ("markov", "last_non_direct")),
        ("is Google short-changed by linear?", ("linear", "last_non_direct")),
    ],
)
def test_models_are_named_by_ellipsis_and_by_grievance(
    question: str, models: tuple[str, ...], lexicon: Lexicon
) -> None:
    (reading,) = thread(lexicon, question)
    assert (reading.intent, reading.models) == ("models", models)


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("why did we get fewer leads from Meta in September", "explain"),
        ("do customers from Meta bring more than those from Google", "query"),
        ("ROAS fell in September. Which of the campaigns is to blame?", "explain"),
        ("clicks looked poor last week, please explain", "explain"),
        ("are this week's clicks higher than usual?", "anomalies"),
        ("shift 2k from Meta to Google, bad idea?", "budget"),
        ("3 grand has to come out of the ad budget. where from?", "budget"),
        ("where do we lose people on the way to an order?", "journeys"),
        ("spend at each month end this year", "query"),
        ("does a cancelled order count in your revenue?", "describe"),
        ("how do I cancel the Meta campaign? cancel it please", "refuse"),
    ],
)
def test_the_tool_is_told_by_structure(question: str, intent: str, lexicon: Lexicon) -> None:
    assert thread(lexicon, question)[-1].intent == intent


def test_out_of_the_budget_is_a_cut(lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, "3 grand has to come out of the ad budget. where from?")
    assert reading.details["amount"] == "-3000"


def test_a_statement_specifies_the_question_before_it(lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, "how long does a deal take us? deals we closed in Q3")
    assert reading.metrics == ("sales_cycle_days",)
    assert reading.period is not None
    assert reading.period.start == date(2026, 7, 1)


def test_a_second_question_about_they_keeps_the_name(lexicon: Lexicon) -> None:
    *_, last = thread(lexicon, "how many clicks did Meta get in Q3? and what did they cost year to date")
    assert [f.values for f in last.filters] == [("meta_ads",)]
    assert last.period is not None
    assert last.period.name == "year_to_date"


@pytest.mark.parametrize(
    "question",
    [
        "our goal for revenue in October was $90,000, where did we end up",
        "did we make the 90k we promised for October?",
    ],
)
def test_an_aim_is_no_limit(question: str, lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, question)
    assert reading.metrics == ("revenue",)
    assert not any(f.metric for f in reading.filters)


def test_a_limit_called_target_is_one(lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, "campaigns with ROAS under target of 2 last month")
    assert [(f.op, f.values) for f in reading.filters if f.metric] == [("lt", ("2",))]


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("how many customers ordered only once in September", "refuse"),
        ("revenue by day of the week", "refuse"),
        ("show revenue in EUR vs USD", "clarify"),
        ("win rate under first touch", "clarify"),
        ("show me the figures for the new one", "clarify"),
        ("any news on the thing from Friday?", "clarify"),
        ("send me the address of whoever spent the most", "refuse"),
    ],
)
def test_what_no_number_carries_is_not_passed_over(question: str, intent: str, lexicon: Lexicon) -> None:
    assert thread(lexicon, question)[-1].intent == intent


@pytest.mark.parametrize(
    ("question", "grain"),
    [("which days in October had no orders", "day"), ("revenue by region and quarter", "quarter")],
)
def test_steps_of_time_are_heard_where_nothing_says_by(question: str, grain: str, lexicon: Lexicon) -> None:
    assert thread(lexicon, question)[-1].grain == grain


def test_what_it_is_needed_for_restricts_nothing(lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, "Orders in October. Need it for the Meta review, boss calls at 4.")
    assert not reading.filters


@pytest.mark.parametrize(
    ("question", "metric", "direction"),
    [
        ("which owner closes deals the quickest", "sales_cycle_days", "asc"),
        ("which owner has the slowest deals", "sales_cycle_days", "desc"),
        ("which campaign brings the better leads", "lead_score", "desc"),
        ("which campaign brings the most leads", "leads", "desc"),
    ],
)
def test_how_fast_and_how_good_are_no_counts(question: str, metric: str, direction: str, lexicon: Lexicon) -> None:
    (reading,) = thread(lexicon, question)
    assert reading.metrics == (metric,)
    assert reading.order_by == (metric, direction)


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("how many leads turned into customers within 14 days", "refuse"),
        ("which thing had the most clicks", "clarify"),
        ("which products will sell out first", "refuse"),
    ],
)
def test_what_is_asked_beside_the_number_is_not_passed_over(question: str, intent: str, lexicon: Lexicon) -> None:
    assert thread(lexicon, question)[-1].intent == intent
