"""Tools that act: they propose in words, do nothing by themselves, and do exactly what was proposed once approved."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from roastery.tools.acts import Proposal
from roastery.tools.base import ToolContext
from roastery.tools.errors import BadArguments
from roastery.tools.registry import run
from roastery.tools.rhythm import Rhythm
from roastery.warehouse.errors import NotAllowed, UnknownName

SLACK = [{"channel": "slack", "destination": "#marketing"}]


class Desk:
    """Actions that remember."""

    def __init__(self, is_approved: bool) -> None:
        self.is_approved = is_approved
        self.proposed: list[Proposal] = []
        self.done: list[Mapping[str, Any]] = []

    def check(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        if tool == "create_alert":
            return {**document, "destinations": document["destinations"] or SLACK}
        target = {"destinations": SLACK, **{k: v for k, v in document["target"].items() if v}}
        return {**document, "target": target}

    def propose(self, tool: str, arguments: Mapping[str, Any], proposal: Proposal) -> str:
        self.proposed.append(proposal)
        return "apr_1"

    def do(self, tool: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        self.done.append(document)
        return {"id": "made_1"}


ALERT = {
    "metric": "roas",
    "op": "lt",
    "value": "2",
    "dimensions": ["platform"],
    "filters": [{"dimension": "country", "values": ["US"]}],
    "period": {"name": "last_week"},
    "rhythm": {"every": "week", "weekday": "friday", "at": "16:30"},
}


def test_without_an_approval_it_says_what_will_happen_and_does_nothing(context: ToolContext) -> None:
    desk = Desk(is_approved=False)
    result = run("create_alert", ALERT, replace(context, actions=desk))
    approval = result.data["approval"]
    assert desk.done == []
    assert approval["state"] == "waiting"
    for said in ("Every Friday at 16:30", "last week", "below 2", "#marketing", "platform", "US"):
        assert said in approval["will"], said


def test_once_approved_it_does_what_it_proposed(context: ToolContext) -> None:
    asked, approved = Desk(is_approved=False), Desk(is_approved=True)
    proposed = run("create_alert", ALERT, replace(context, actions=asked)).data["approval"]
    run("create_alert", proposed["arguments"], replace(context, actions=approved))
    assert approved.done == [asked.proposed[0].document]
    assert approved.done[0]["cron"] == "30 16 * * 5"
    assert approved.done[0]["rule"]["query"]["dimensions"] == ["platform"]
    assert approved.done[0]["rule"]["op"] == "lt"


def test_a_change_is_judged_against_the_period_before(context: ToolContext) -> None:
    desk = Desk(is_approved=True)
    given = {"metric": "revenue", "op": "lt", "value": "-0.2", "judged": "change_ratio"}
    run("create_alert", given, replace(context, actions=desk))
    rule = desk.done[0]["rule"]
    assert rule["metric"] == "revenue__change_ratio"
    assert rule["query"]["compare_to"] == "previous_period"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"metric": "roas"}, "op"),
        ({"metric": "roas", "kind": "anomaly", "op": "lt", "value": "2"}, "leave op and value out"),
        ({"metric": "roas", "op": "lt", "value": "2", "rhythm": {"at": "25:00"}}, "HH:MM"),
        ({"metric": "roas", "op": "below", "value": "2"}, "op"),
    ],
)
def test_an_alert_that_makes_no_sense_is_refused_in_a_sentence(
    context: ToolContext, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadArguments, match=said):
        run("create_alert", arguments, replace(context, actions=Desk(is_approved=False)))


def test_an_unknown_metric_is_named_with_its_nearest(context: ToolContext) -> None:
    with pytest.raises(UnknownName) as caught:
        run("create_alert", {"metric": "roass", "op": "lt", "value": 2}, replace(context, actions=Desk(False)))
    assert caught.value.did_you_mean == "roas"


def test_where_the_service_is_not_there_nothing_can_be_set_up(context: ToolContext) -> None:
    with pytest.raises(NotAllowed, match="Nothing can be set up"):
        run("create_schedule", {}, replace(context, actions=None))


def test_a_question_is_scheduled_as_it_was_asked(context: ToolContext) -> None:
    desk = Desk(is_approved=True)
    given = {"kind": "question", "question": "ROAS by platform last week", "rhythm": {"every": "week"}}
    run("create_schedule", given, replace(context, actions=desk))
    assert desk.done[0]["target"]["question"] == "ROAS by platform last week"
    assert desk.done[0]["cron"] == "0 8 * * 1"
    with pytest.raises(BadArguments, match="needs the question"):
        run("create_schedule", {"kind": "question"}, replace(context, actions=desk))


@pytest.mark.parametrize(
    ("rhythm", "line"),
    [
        (Rhythm(), "0 8 * * *"),
        (Rhythm(every="hour", at="00:05"), "5 * * * *"),
        (Rhythm(every="week", weekday="sunday"), "0 8 * * 0"),
        (Rhythm(every="month", day_of_month=3, at="9:15"), "15 9 3 * *"),
        (Rhythm(cron="*/10 * * * *"), "*/10 * * * *"),
    ],
)
def test_a_rhythm_is_a_cron_line(rhythm: Rhythm, line: str) -> None:
    assert rhythm.line == line
