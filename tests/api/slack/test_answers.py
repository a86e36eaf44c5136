"""A question in Slack, answered end to end by the offline model: text, table, chart image, receipts, once."""

from decimal import Decimal

import pytest

from roastery.api.app import OPERATOR, Roastery
from roastery.api.slack.handling import resume
from roastery.api.store.identifiers import new_id
from roastery.api.store.slack import SlackEvents
from roastery.api.store.tables import UserRow
from tests.api.slack.conftest import Send, sender
from tests.api.slack.fake_slack import FakeSlack
from tests.api.slack.service import mention
from tests.tools.beans import BEANS

QUESTION = "what was ROAS by platform last month?"


@pytest.fixture
def ask(beans: Roastery) -> Send:
    return sender(beans)


def said(post: dict[str, object]) -> str:
    blocks = post["blocks"]
    assert isinstance(blocks, list)
    return "\n".join(b["text"]["text"] for b in blocks if b["type"] == "section")


def test_a_mention_is_answered_in_its_thread_with_text_table_and_chart(
    ask: Send, beans: Roastery, slack: FakeSlack
) -> None:
    assert ask(mention(QUESTION)).status_code == 200
    (post,) = slack.posts
    assert (post["channel"], post["thread_ts"]) == ("C100", "1699999999.000100")
    query = {"metrics": ["roas"], "dimensions": ["platform"], "period": {"name": "last_month"}}
    frame = beans.run_tool(BEANS, OPERATOR, "query_metrics", query).frame
    assert frame is not None
    for row in frame["rows"]:
        assert f"{Decimal(row['roas']).quantize(Decimal('0.01'))}×" in said(post)
    assert "```" in said(post)
    assert "rcp_" in post["blocks"][-1]["elements"][0]["text"]
    (file,) = slack.files
    assert (file["thread_ts"], file["complete"]) == ("1699999999.000100", True)
    assert slack.uploads[file["id"]].startswith(b"\x89PNG")


def test_a_retry_of_slack_is_not_answered_again(ask: Send, slack: FakeSlack) -> None:
    for retry in ({}, {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}, {"x-slack-retry-num": "2"}):
        assert ask(mention(QUESTION), headers=retry).status_code == 200
    assert len(slack.posts) == 1


def test_two_events_are_two_answers(ask: Send, slack: FakeSlack) -> None:
    ask(mention(QUESTION, event_id="Ev01"))
    ask(mention(QUESTION, event_id="Ev02"))
    assert len(slack.posts) == 2


def test_a_thread_is_one_conversation(ask: Send, slack: FakeSlack) -> None:
    ask(mention(QUESTION, event_id="Ev01"))
    ask(mention("and the month before?", event_id="Ev02", ts="1700000001.1", thread_ts="1699999999.000100"))
    assert [post["thread_ts"] for post in slack.posts] == ["1699999999.000100"] * 2
    assert "September" in said(slack.posts[1])


def test_a_direct_message_is_answered(ask: Send, slack: FakeSlack) -> None:
    ask(mention("revenue last month", type="message", channel_type="im", channel="D7"))
    assert slack.posts[0]["channel"] == "D7"
    assert "$" in said(slack.posts[0])


def test_what_cannot_be_answered_is_a_sentence(ask: Send, slack: FakeSlack) -> None:
    ask(mention("revenue by platform last month"))
    (post,) = slack.posts
    assert "Traceback" not in said(post)
    assert len(said(post)) > 30


def test_an_organization_without_data_is_told_what_to_do(send: Send, slack: FakeSlack, organization: object) -> None:
    send(mention(QUESTION))
    assert "Connect" in said(slack.posts[0]) or "import" in said(slack.posts[0])


def test_a_name_out_of_the_data_calls_nobody(ask: Send, slack: FakeSlack) -> None:
    ask(mention("spend by campaign last month"))
    assert "<roast>" not in said(slack.posts[0])
    assert "&lt;roast&gt;" in said(slack.posts[0])


def test_a_person_sees_the_rows_of_their_scope_only(ask: Send, beans: Roastery, slack: FakeSlack) -> None:
    with beans.database.session() as session:
        session.add(
            UserRow(
                id=new_id("usr"),
                organization_id=BEANS.id,
                email="a@b.example",
                name="A",
                role="viewer",
                row_scope={"platform": ["meta_ads"]},
                slack_user_id="U42",
                created_at=beans.wall.now(),
            )
        )
    ask(mention("spend by platform last month"))
    assert "Google" not in said(slack.posts[0])


def test_what_was_stored_and_never_answered_is_answered_at_the_next_start(beans: Roastery, slack: FakeSlack) -> None:
    events = SlackEvents(beans.database)
    events.keep("Ev01", "T0001", BEANS.id, mention("revenue last month"), beans.wall.now())
    assert resume(beans) == 1
    assert resume(beans) == 0
    assert len(slack.posts) == 1
