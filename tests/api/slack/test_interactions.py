"""Slash commands and buttons: signed forms, stored before the 200, taken once, decided by whoever may."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from roastery.api.app import OPERATOR, Roastery
from roastery.api.delivery.message import message_of
from roastery.api.slack.mrkdwn import blocks
from roastery.api.store.alerts import Alerts
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import UserRow
from tests.api.slack.conftest import Send, sender
from tests.api.slack.fake_slack import FakeSlack
from tests.api.slack.service import TEAM
from tests.tools.beans import BEANS

FORM = {"content-type": "application/x-www-form-urlencoded"}
ALERT = {"metric": "roas", "op": "lt", "value": "2"}


@pytest.fixture
def post(beans: Roastery) -> Send:
    return sender(beans)


@pytest.fixture
def analyst(beans: Roastery) -> str:
    """A person of the organization who is the Slack user U42."""
    with beans.database.session() as session:
        row = UserRow(
            id=new_id("usr"), organization_id=BEANS.id, email="a@b.example", role="analyst", row_scope={},
            slack_user_id="U42", created_at=beans.wall.now(),
        )  # fmt: skip
        session.add(row)
        return row.id


def command(text: str, trigger: str = "t1") -> bytes:
    fields = {"command": "/roastery", "text": text, "team_id": TEAM, "user_id": "U42", "channel_id": "C100"}
    return urlencode({**fields, "trigger_id": trigger}).encode()


def press(approval_id: str, decision: str, *, user: str = "U42", at: str = "1700000001.5") -> bytes:
    payload = {
        "type": "block_actions", "team": {"id": TEAM}, "user": {"id": user}, "channel": {"id": "C100"},
        "message": {"ts": "1700000000.1"},
        "actions": [{"action_id": decision, "value": approval_id, "action_ts": at}],
    }  # fmt: skip
    return urlencode({"payload": json.dumps(payload)}).encode()


def propose(beans: Roastery) -> str:
    found: str = beans.run_tool(BEANS, OPERATOR, "create_alert", ALERT).data["approval"]["id"]
    return found


def alerts(beans: Roastery) -> list[str]:
    with beans.database.reading() as session:
        return [alert.name for alert in Alerts(session).of(BEANS.id)]


def test_a_slash_command_is_answered_in_its_channel_once(post: Send, slack: FakeSlack) -> None:
    for _ in range(2):
        reply = post(command("what was ROAS by platform last month?"), headers=FORM)
        assert reply.status_code == 200
        assert reply.json()["response_type"] == "ephemeral"
    (said,) = slack.posts
    assert said["channel"] == "C100"
    assert "ROAS" in str(said["blocks"])


def test_an_empty_command_says_what_can_be_asked(post: Send, slack: FakeSlack) -> None:
    assert "ROAS by platform" in post(command(""), headers=FORM).json()["text"]


def test_a_forged_form_is_refused(post: Send, slack: FakeSlack, beans: Roastery) -> None:
    approval = propose(beans)
    assert post(press(approval, "approve"), headers=FORM, signature="v0=forged").status_code == 401
    assert alerts(beans) == []


def test_the_button_approves_once(post: Send, slack: FakeSlack, beans: Roastery, analyst: str) -> None:
    approval = propose(beans)
    for at in ("1.1", "1.1", "2.2"):
        assert post(press(approval, "approve", at=at), headers=FORM).status_code == 200
    assert alerts(beans) == ["ROAS below 2"]
    done, again = slack.posts
    assert "is set up" in str(done["blocks"])
    assert done["thread_ts"] == "1700000000.1"
    assert "approved already" in str(again["blocks"])


def test_the_other_button_declines(post: Send, slack: FakeSlack, beans: Roastery, analyst: str) -> None:
    post(press(propose(beans), "decline"), headers=FORM)
    assert alerts(beans) == []
    assert "declined" in str(slack.posts[0]["blocks"])


def test_somebody_unknown_may_press_and_nothing_happens(post: Send, slack: FakeSlack, beans: Roastery) -> None:
    post(press(propose(beans), "approve", user="U_stranger"), headers=FORM)
    assert alerts(beans) == []
    assert "may not" in str(slack.posts[0]["blocks"]).lower()


def test_a_proposal_carries_its_buttons() -> None:
    from roastery.agent.answer import Answer

    answer = Answer(
        answer_id="a", conversation_id="c", question="q", status="clarify", text="Shall I?",
        notes={"approvals": [{"id": "apr_1"}]},
    )  # fmt: skip
    message: Any = message_of(answer)
    made = blocks(message.text, asks=message.asks)[-1]
    assert [(b["action_id"], b["value"]) for b in made["elements"]] == [("approve", "apr_1"), ("decline", "apr_1")]
