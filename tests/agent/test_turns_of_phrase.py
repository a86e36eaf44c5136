"""Turns of phrase that a time, a window or an amount hides in; no sentence here is one of those learned from."""

from datetime import date
from typing import Any

import pytest

from roastery.agent.planner.rewording import reworded
from roastery.evals.grading.answering import Planned
from tests.agent.spoken import language_lexicon


@pytest.fixture(scope="module")
def planned() -> Planned:
    return Planned(language_lexicon())


def asked(planned: Planned, question: str) -> tuple[str, dict[str, Any]]:
    given = planned.thread([question])[0]
    assert given.calls, (question, given.text)
    tool, arguments = given.calls[0]
    return tool, dict(arguments)


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("revenue on the weekend of 24 october", "2026-10-24", "2026-10-26"),
        ("orders over the weekend around 16 october", "2026-10-17", "2026-10-19"),
        ("spend, tue 6 to thu 8 oct", "2026-10-06", "2026-10-09"),
        ("orders on the weekend of oct 10-11", "2026-10-10", "2026-10-12"),
        ("roas for january, february or march", "2026-01-01", "2026-04-01"),
    ],
)
def test_days_are_told_in_many_ways(planned: Planned, question: str, start: str, end: str) -> None:
    _, arguments = asked(planned, question)
    assert arguments["period"] == {"start": start, "end": end}


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("leads may onwards", date(2026, 5, 1)),
        ("orders from march 2026 onwards by month", date(2026, 3, 1)),
        ("revenue from 2025 onwards by quarter", date(2025, 1, 1)),
        ("clicks 5 may and onwards", date(2026, 5, 5)),
    ],
)
def test_what_goes_onwards_has_no_end(planned: Planned, question: str, start: date) -> None:
    period = asked(planned, question)[1]["period"]
    assert date.fromisoformat(period["start"]) == start
    assert date.fromisoformat(period["end"]) > date(2026, 10, 31)


def test_a_split_after_days_is_no_step_of_time(planned: Planned) -> None:
    _, arguments = asked(planned, "clicks of the last 90 days, each campaign")
    assert arguments["dimensions"] == ["campaign"]
    assert "grain" not in arguments
    assert asked(planned, "clicks of the last 3 months, each")[1]["grain"] == "month"


def test_days_that_touches_lie_within_are_a_window(planned: Planned) -> None:
    _, arguments = asked(planned, "roas by platform last quarter, crediting the last click within 14 days")
    assert arguments["attribution_window_days"] == 14
    assert arguments["period"] == {"name": "last_quarter"}


@pytest.mark.parametrize("question", ["where will revenue be in 60 days?", "how many orders will we have in 30 days"])
def test_what_is_in_some_days_is_forecast(planned: Planned, question: str) -> None:
    tool, arguments = asked(planned, question)
    days = {s: date.fromisoformat(arguments["period"][s]) for s in ("start", "end")}
    assert tool == "forecast_metric"
    assert (days["end"] - days["start"]).days in (30, 60)


@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("we freed up 3k for ads, where should it go", "3000"),
        ("I can free up $900 to spend in december, who gets it?", "900"),
        ("free up $2,000, where from?", "-2000"),
    ],
)
def test_money_freed_for_something_is_there_to_be_placed(planned: Planned, question: str, amount: str) -> None:
    tool, arguments = asked(planned, question)
    assert (tool, arguments["amount"]) == ("recommend_budget", amount)


def test_what_is_put_down_to_a_name_came_from_it(planned: Planned) -> None:
    tool, arguments = asked(planned, "how many new customers can we put down to meta in september")
    assert (tool, arguments["metrics"]) == ("query_metrics", ["new_customers"])


def test_models_next_to_each_other_are_compared_whatever_their_months(planned: Planned) -> None:
    tool, _ = asked(planned, "could you put linear next to last touch, channel by channel, may to july")
    assert tool == "compare_attribution"


def test_superlatives_of_feeling_rank(planned: Planned) -> None:
    _, arguments = asked(planned, "which campaign had the crappiest roas in october")
    assert arguments["order_by"] == [{"field": "roas", "direction": "asc"}]


def test_only_persons_are_worth_more_with_time(planned: Planned) -> None:
    assert asked(planned, "what are the open deals worth today, by stage")[1]["metrics"] == ["pipeline_value"]
    assert (
        asked(planned, "What is a customer acquired through email worth over the next two years?")[0] == "forecast_ltv"
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("the marketing team", "the marketing team"),
        ("it happened within 14 days", "it happened within 14 days"),
        ("free up 500 from meta", "free up 500 from meta"),
        ("the fattest burger", "the highest burger"),
    ],
)
def test_other_words_stay_as_they_are(said: str, meant: str) -> None:
    assert reworded(said) == meant


@pytest.mark.parametrize(
    "question",
    [
        "What phone numbers called us after the ad?",
        "Which mail addresses bounced last week",
        "the e-mail addresses that bought twice please",
    ],
)
def test_peoples_addresses_are_refused_whatever_they_did(planned: Planned, question: str) -> None:
    assert planned.thread([question])[0].status == "refused"
    counted = planned.thread(["How many email addresses opened the newsletter in October?"])[0]
    assert counted.status == "answered"


@pytest.mark.parametrize("question", ["Are we profitable?", "Were we making a profit in October?"])
def test_whether_we_make_a_profit_is_asked_about_by_its_margins(planned: Planned, question: str) -> None:
    given = planned.thread([question])[0]
    assert given.status == "clarify"
    assert "Gross margin" in given.text


@pytest.mark.parametrize(
    ("question", "split"),
    [
        ("any channel that costs us more than it makes?", "channel"),
        ("which ads are costing more than they bring back", "ad"),
        ("campaigns which cost more money than they earned in september", "campaign"),
    ],
)
def test_what_costs_more_than_it_makes_returns_less_than_it_cost(planned: Planned, question: str, split: str) -> None:
    tool, arguments = asked(planned, question)
    assert (tool, arguments["metrics"], arguments["dimensions"]) == ("query_metrics", ["roas"], [split])
    assert {"metric": "roas", "op": "lt", "values": ["1"]} in arguments["filters"]
