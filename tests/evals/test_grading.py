"""The grader of evaluation questions: what counts as right, honest and wrong; and the floors that only rise."""

from datetime import date
from typing import Any

import pytest

from roastery.agent.planner.vocabulary import ValueTerm
from roastery.evals.grading.arguments import argument_faults
from roastery.evals.grading.asked import Ground, metric_faults
from roastery.evals.grading.cases import Expected, Turn, hostile_inputs, questions
from roastery.evals.grading.verdicts import Given, judge
from roastery.warehouse.organization import Organization

GROUND = Ground(
    Organization(id="org", name="Org", currency="USD", time_zone="UTC"),
    date(2026, 11, 2),
    (
        ValueTerm("platform", "meta_ads", "Meta Ads"),
        ValueTerm("platform", "google_ads", "Google Ads"),
        ValueTerm("campaign", "meta_ads:1", "Spring Sale"),
        ValueTerm("campaign", "meta_ads:2", "Spring Sale Retargeting"),
    ),
)
LAST_MONTH = {"start": "2026-10-01", "end": "2026-11-01"}


def turn(**expected: Any) -> Turn:
    return Turn("?", (Expected("answered", ("query_metrics",), expected),))


def given(*, assumptions: tuple[str, ...] = (), **call: Any) -> Given:
    return Given("answered", (("query_metrics", call),), "", assumptions)


def test_a_named_period_is_the_days_that_it_stands_for() -> None:
    asked = turn(metrics=["spend"], period=LAST_MONTH)
    assert judge(asked, given(metrics=["spend"], period={"name": "last_month"}), GROUND).is_right
    assert not judge(asked, given(metrics=["spend"], period={"name": "this_month"}), GROUND).is_right


def test_what_has_not_happened_yet_has_no_rows() -> None:
    so_far = turn(metrics=["spend"], period={"start": "2026-11-01", "end": "2026-11-03"})
    assert judge(so_far, given(metrics=["spend"], period={"name": "this_month"}), GROUND).is_right


def test_names_ids_and_parts_of_names_that_choose_the_same_are_the_same() -> None:
    query = {"metrics": ["spend"], "filters": [{"dimension": "campaign", "op": "contains", "values": ["spring sale"]}]}
    call = {"metrics": ["spend"], "filters": [{"dimension": "campaign", "values": ["meta_ads:1", "meta_ads:2"]}]}
    assert metric_faults(query, call, GROUND, "query_metrics") == []
    one = {"metrics": ["spend"], "filters": [{"dimension": "campaign", "values": ["Spring Sale"]}]}
    assert metric_faults(query, one, GROUND, "query_metrics") == ["missing filter"] or metric_faults(
        query, one, GROUND, "query_metrics"
    ) == ["another filter"]


def test_an_extra_metric_is_no_error_and_a_missing_one_is() -> None:
    asked = turn(metrics=["spend"])
    assert judge(asked, given(metrics=["clicks", "spend"]), GROUND).is_right
    assert judge(asked, given(metrics=["clicks"]), GROUND).faults == ("metric",)


def test_a_wrong_answer_is_honest_only_where_it_says_what_it_assumed_about_that_very_part() -> None:
    asked = turn(metrics=["spend"], period=LAST_MONTH)
    wrong = {"metrics": ["spend"], "period": {"name": "last_30_days"}}
    said = "no period was named, so these are the last 30 days"
    assert judge(asked, given(**wrong, assumptions=(said,)), GROUND).judged == "honest miss"
    assert judge(asked, given(**wrong), GROUND).judged == "confidently wrong"
    other = {"metrics": ["clicks"], "period": LAST_MONTH}
    assert judge(asked, given(**other, assumptions=(said,)), GROUND).judged == "confidently wrong"


def test_asking_back_where_an_answer_was_due_is_an_honest_miss() -> None:
    assert judge(turn(metrics=["spend"]), Given("clarify"), GROUND).judged == "honest miss"
    assert judge(Turn("?", (Expected("refused"),)), given(metrics=["spend"]), GROUND).judged == "confidently wrong"


@pytest.mark.parametrize(
    ("tool", "expected", "call", "right"),
    [
        ("recommend_budget", {"amount": "5000"}, {"amount": "5000"}, True),
        ("recommend_budget", {"amount": "-5000"}, {"amount": "5000"}, False),
        ("forecast_metric", {"horizon_days": 14}, {"metric": "orders", "grain": "day", "horizon": 14}, True),
        ("forecast_metric", {"horizon_days": 14}, {"metric": "orders", "grain": "day", "horizon": 28}, False),
        ("create_alert", {"op": "lt", "value": "2"}, {"op": "lte", "value": "2.0"}, True),
        ("create_schedule", {"weekday": "friday"}, {"rhythm": {"every": "week", "weekday": "friday"}}, True),
        ("run_attribution", {"metric": "deals_won"}, {"conversion": "deals"}, True),
        ("run_attribution", {"metric": "deals_won"}, {"conversion": "orders"}, False),
    ],
)
def test_descriptive_arguments_are_the_tools_own(
    tool: str, expected: dict[str, Any], call: dict[str, Any], right: bool
) -> None:
    assert (argument_faults(expected, tool, call, GROUND) == []) is right


def test_every_case_of_every_part_can_be_read() -> None:
    test = questions("test")
    assert len([c for c in test if c.intent != "thread"]) >= 400
    assert len([c for c in test if c.intent == "thread"]) >= 60
    assert len(hostile_inputs("test")) >= 60
    assert len(questions("dev")) >= 150
    held, dev = questions("held"), questions("dev")
    assert len(held) >= 100
    assert len({c.id for c in [*test, *held, *dev]}) == len(test) + len(held) + len(dev)
