"""Nothing acts without consent: proposals wait, one decision counts, and only those who may decide (law 12)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from roastery.api.app import OPERATOR, Roastery
from roastery.api.approving import decide
from roastery.api.asking import ask
from roastery.api.deciding import decision_in
from roastery.api.errors import Conflict
from roastery.api.store.approvals import EXPIRES_AFTER, Approvals
from roastery.tools.base import Actor
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import NotAllowed
from tests.api.conftest import Desk, open_desk


class Plans:
    """A language model that asks for the alert, whatever it is told."""

    def bind_tools(self, *_: Any, **__: Any) -> "Plans":
        return self

    def stream(self, messages: Any, **_: Any) -> Any:
        from langchain_core.messages import AIMessageChunk

        if messages[-1].type != "human" or "revenue" not in str(messages[-1].content):
            yield AIMessageChunk("CANNOT: That is all.", response_metadata={"finish_reason": "stop"})
            return
        call = {"name": "create_alert", "args": json.dumps(ALERT), "id": "c1", "index": 0, "type": "tool_call_chunk"}
        yield AIMessageChunk("", tool_call_chunks=[call], response_metadata={"finish_reason": "tool_calls"})  # type: ignore[list-item]


@pytest.fixture
def scripted(roastery: Roastery) -> Roastery:
    from roastery.agent.graph import Analyst

    roastery.analyst = Analyst(Plans())
    return roastery


@pytest.fixture
def other(roastery: Roastery) -> Desk:
    return open_desk(roastery, "Other")


THERE = [{"channel": "slack", "destination": "C1"}]
ALERT = {"metric": "revenue", "op": "lt", "value": "100", "destinations": THERE}


def propose(desk: Desk, **changes: Any) -> dict[str, Any]:
    made = desk.call("POST", "/v1/tools/create_alert", json={**ALERT, **changes})
    assert made.status_code == 200, made.text
    found: dict[str, Any] = made.json()["data"]["approval"]
    return found


def alerts(desk: Desk) -> list[str]:
    return [alert["name"] for alert in desk.call("GET", "/v1/alerts").json()["items"]]


def test_a_tool_that_acts_only_proposes(desk: Desk) -> None:
    approval = propose(desk)
    assert "tell C1 when it is below 100" in approval["will"]
    assert alerts(desk) == []
    [listed] = desk.call("GET", "/v1/approvals").json()["items"]
    assert (listed["id"], listed["state"]) == (approval["id"], "waiting")


def test_approved_it_is_done_once(desk: Desk) -> None:
    path = f"/v1/approvals/{propose(desk)['id']}"
    done = desk.call("POST", path, json={"decision": "approve"})
    assert done.json()["state"] == "approved"
    assert done.json()["result"]["alert_id"].startswith("alr_")
    assert alerts(desk) == ["Revenue below 100"]
    again = desk.call("POST", path, json={"decision": "approve"})
    assert again.status_code == 409
    assert "approved already" in again.json()["detail"]
    assert len(alerts(desk)) == 1


def test_declined_it_never_happens(desk: Desk) -> None:
    path = f"/v1/approvals/{propose(desk)['id']}"
    assert desk.call("POST", path, json={"decision": "decline"}).json()["state"] == "declined"
    assert desk.call("POST", path, json={"decision": "approve"}).status_code == 409
    assert alerts(desk) == []


def test_what_could_not_be_done_waits_again(desk: Desk) -> None:
    first, second = propose(desk), propose(desk)
    assert desk.call("POST", f"/v1/approvals/{first['id']}", json={"decision": "approve"}).status_code == 200
    failed = desk.call("POST", f"/v1/approvals/{second['id']}", json={"decision": "approve"})
    assert failed.status_code == 409
    assert "already" in failed.json()["detail"]
    assert desk.call("GET", "/v1/approvals").json()["items"][0]["state"] == "waiting"


def test_without_a_destination_it_asks_for_one(desk: Desk) -> None:
    refused = desk.call("POST", "/v1/tools/create_alert", json={**ALERT, "destinations": []})
    assert refused.status_code == 400
    assert "Say where to tell it" in refused.json()["detail"]


def test_a_viewer_neither_proposes_nor_decides(desk: Desk) -> None:
    approval = propose(desk)
    viewer = Actor("usr_v", role="viewer")
    with pytest.raises(NotAllowed, match="analyst"):
        desk.roastery.run_tool(desk.organization, viewer, "create_alert", ALERT)
    with pytest.raises(NotAllowed, match="analyst"):
        decide(desk.roastery, desk.organization, viewer, approval["id"], True)


def test_another_organization_finds_nothing_to_approve(desk: Desk, other: Desk) -> None:
    approval = propose(desk)
    assert other.call("POST", f"/v1/approvals/{approval['id']}", json={"decision": "approve"}).status_code == 404
    assert other.call("GET", "/v1/approvals").json()["items"] == []


def test_a_proposal_expires(desk: Desk) -> None:
    approval = propose(desk)
    later = desk.roastery.wall.now() + EXPIRES_AFTER + timedelta(seconds=1)
    with desk.roastery.database.session() as session, pytest.raises(Conflict, match="waited too long"):
        Approvals(session, desk.organization.id, "all").decide(approval["id"], True, "usr", later)


def test_what_was_approved_when_the_process_died_can_be_approved_again(desk: Desk) -> None:
    approval = propose(desk)
    now = desk.roastery.wall.now()
    with desk.roastery.database.session() as session:
        Approvals(session, desk.organization.id, "all").decide(approval["id"], True, "usr", now)
    assert desk.call("POST", f"/v1/approvals/{approval['id']}", json={"decision": "approve"}).status_code == 409
    desk.roastery.wall = Clock(now + timedelta(minutes=2))
    assert decide(desk.roastery, desk.organization, OPERATOR, approval["id"], True).result["alert_id"]


def test_yes_in_the_thread_does_what_was_proposed(desk: Desk, scripted: Roastery) -> None:
    first = ask(scripted, desk.organization, OPERATOR, "warn me when revenue is under 100")
    assert first.status == "clarify"
    assert alerts(desk) == []
    done = ask(scripted, desk.organization, OPERATOR, "Yes please!", first.conversation_id)
    assert done.status == "answered"
    assert "is set up" in done.text
    assert alerts(desk) == ["Revenue below 100"]
    after = ask(scripted, desk.organization, OPERATOR, "yes", first.conversation_id)
    assert alerts(desk) == ["Revenue below 100"]
    assert "set up" not in after.text


def test_no_in_the_thread_declines(desk: Desk, scripted: Roastery) -> None:
    first = ask(scripted, desk.organization, OPERATOR, "warn me when revenue is under 100")
    done = ask(scripted, desk.organization, OPERATOR, "no thanks", first.conversation_id)
    assert "declined" in done.text
    assert alerts(desk) == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("yes", True), ("OK, go ahead", True), ("approve", True), ("Approve.", True), ("no", False), ("Decline", False),
        ("never mind", False), ("yes but for Meta only", None), ("no idea why?", None), ("revenue last week", None),
    ],
)  # fmt: skip
def test_only_a_bare_yes_or_no_decides(said: str, meant: bool | None) -> None:
    assert decision_in(said) is meant
