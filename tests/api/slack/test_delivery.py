"""Messages to Slack: text, table and chart image, each once, also when the answer of Slack is lost."""

from typing import Any

import pytest

from roastery.api.app import Roastery
from roastery.api.delivery.message import Message
from roastery.api.delivery.outbox import Outbox, channels
from roastery.tools.base import Table
from roastery.warehouse.organization import Organization
from tests.api.slack.fake_slack import FakeSlack

CHART: dict[str, Any] = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "description": "Spend by platform",
    "data": {"values": [{"platform": "meta_ads", "spend": 12.5}, {"platform": "google_ads", "spend": 7.25}]},
    "mark": "bar",
    "encoding": {
        "x": {"field": "platform", "type": "nominal"},
        "y": {"field": "spend", "type": "quantitative"},
    },
}
TABLE = Table(
    title="spend by platform",
    columns=(
        {"name": "platform", "kind": "dimension"},
        {"name": "spend", "kind": "metric", "unit": "money", "currency": "USD"},
    ),
    rows=({"platform": "meta_ads", "spend": "12.50"}, {"platform": "google_ads", "spend": "7.25"}),
)
MESSAGE = Message(
    text="Spend was **$19.75**.",
    tables=(TABLE,),
    charts=(CHART,),
    footnote="Receipts: rcp_1",
    thread="1699999999.000100",
)


def opened(roastery: Roastery, organization: Organization, message: Message = MESSAGE) -> tuple[Outbox, str]:
    outbox = Outbox(roastery.database, channels(roastery.settings), roastery.wall)
    made = outbox.deliveries.open(
        organization.id, "slack:Ev01", "slack", "C100", message.as_payload(), roastery.wall.now()
    )
    return outbox, made.id


def test_an_answer_is_text_table_and_chart_in_its_thread(
    roastery: Roastery, organization: Organization, slack: FakeSlack
) -> None:
    outbox, delivery_id = opened(roastery, organization)
    assert outbox.attempt(delivery_id) == "sent"
    (post,) = slack.posts
    assert (post["channel"], post["thread_ts"], post["text"]) == ("C100", "1699999999.000100", "Spend was *$19.75*.")
    texts = [block["text"]["text"] for block in post["blocks"] if block["type"] == "section"]
    assert "Meta Ads    $12.50" in texts[1]
    assert post["blocks"][-1]["elements"][0]["text"] == "Receipts: rcp_1"
    (file,) = slack.files
    assert (file["channel"], file["thread_ts"], file["complete"]) == ("C100", "1699999999.000100", True)
    assert slack.uploads[file["id"]].startswith(b"\x89PNG")
    assert file["length"] == len(slack.uploads[file["id"]])
    assert slack.tokens == {"Bearer xoxb-test"}


def test_what_was_sent_is_not_sent_again(roastery: Roastery, organization: Organization, slack: FakeSlack) -> None:
    outbox, delivery_id = opened(roastery, organization)
    assert [outbox.attempt(delivery_id) for _ in range(2)] == ["sent", "sent"]
    assert len(slack.posts) == 1


def test_the_same_thing_is_put_into_the_outbox_once(roastery: Roastery, organization: Organization) -> None:
    first, second = (opened(roastery, organization)[1] for _ in range(2))
    assert first == second


def test_a_message_whose_confirmation_was_lost_is_not_posted_twice(
    roastery: Roastery, organization: Organization, slack: FakeSlack
) -> None:
    slack.drop_after_post = True
    outbox, delivery_id = opened(roastery, organization)
    outcomes = [outbox.attempt(delivery_id) for _ in range(2)]
    assert outcomes[-1] == "sent"
    assert len(slack.posts) == 1
    assert len([file for file in slack.files if file.get("complete")]) == 1


def test_a_chart_that_failed_goes_out_without_a_second_message(
    roastery: Roastery, organization: Organization, slack: FakeSlack
) -> None:
    slack.fail("files.completeUploadExternal", "internal_error")
    outbox, delivery_id = opened(roastery, organization)
    assert [outbox.attempt(delivery_id) for _ in range(2)] == ["again", "sent"]
    assert len(slack.posts) == 1
    assert [file.get("complete") for file in slack.files] == [None, True]


@pytest.mark.parametrize("error", ["channel_not_found", "invalid_auth", "not_in_channel"])
def test_what_trying_again_cannot_mend_is_a_sentence(
    roastery: Roastery, organization: Organization, slack: FakeSlack, error: str
) -> None:
    slack.fail("chat.postMessage", error)
    outbox, delivery_id = opened(roastery, organization)
    assert outbox.attempt(delivery_id) == "failed"
    found = outbox.deliveries.find(organization.id, "slack:Ev01")
    assert found is not None
    assert found.state == "failed"
    assert outbox.attempt(delivery_id) == "sent"
    assert slack.posts == []


def test_a_slack_that_is_down_is_tried_again_and_not_for_ever(
    roastery: Roastery, organization: Organization, slack: FakeSlack
) -> None:
    for _ in range(40):
        slack.fail("chat.postMessage", "internal_error", status=503)
    outbox, delivery_id = opened(roastery, organization)
    pauses: list[float] = []
    assert outbox.send(delivery_id, pauses.append) == "failed"
    assert pauses == sorted(pauses)
    assert slack.calls.count("chat.postMessage") == 12


def test_a_throttled_slack_is_obeyed(roastery: Roastery, organization: Organization, slack: FakeSlack) -> None:
    slack.fail("chat.postMessage", "ratelimited", status=429, headers={"Retry-After": "0"})
    outbox, delivery_id = opened(roastery, organization)
    assert outbox.attempt(delivery_id) == "sent"
    assert len(slack.posts) == 1


def test_a_channel_that_may_not_be_read_gets_a_second_message_rather_than_none(
    roastery: Roastery, organization: Organization, slack: FakeSlack
) -> None:
    slack.fail("chat.postMessage", "internal_error")
    slack.fail("conversations.replies", "missing_scope")
    outbox, delivery_id = opened(roastery, organization, MESSAGE.model_copy(update={"charts": ()}))
    assert [outbox.attempt(delivery_id) for _ in range(2)] == ["again", "sent"]
