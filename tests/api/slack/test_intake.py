"""Slack's requests: proved on the raw bytes, stored before the 200, each event once."""

from datetime import UTC, datetime

import pytest

from roastery.api.app import Roastery
from roastery.api.errors import BadCredential
from roastery.api.slack.events import asked_in, plain
from roastery.api.slack.signature import sign, verify
from roastery.api.store.slack import SlackEvents
from roastery.warehouse.organization import Organization
from tests.api.slack.conftest import Send
from tests.api.slack.fake_slack import FakeSlack
from tests.api.slack.service import SECRET, mention

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_signature_is_slacks_own_example() -> None:
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign(SECRET, "1531420618", body) == expected


@pytest.mark.parametrize(
    ("timestamp", "signature"),
    [("", "v0=00"), ("abc", "v0=00"), ("١٢٣", "v0=00"), ("1700000000", ""), (str(int(NOW.timestamp())), "v0=ü")],
)
def test_headers_that_are_no_signature_are_refused(timestamp: str, signature: str) -> None:
    with pytest.raises(BadCredential):
        verify(SECRET, {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}, b"{}", NOW)


def test_a_body_that_is_no_utf8_is_proved_on_its_bytes() -> None:
    timestamp = str(int(NOW.timestamp()))
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": sign(SECRET, timestamp, b"\xff\x00")}
    verify(SECRET, headers, b"\xff\x00", NOW)


def test_url_verification_gives_the_challenge_back(send: Send) -> None:
    answer = send({"type": "url_verification", "challenge": "3eZbrw1aB"})
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1aB"})


@pytest.mark.parametrize("forged", ["v0=" + "0" * 64, ""])
def test_a_forged_request_is_refused_and_stores_nothing(
    send: Send, roastery: Roastery, organization: Organization, forged: str
) -> None:
    assert send(mention("roas?"), signature=forged).status_code == 401
    assert SlackEvents(roastery.database).get("Ev01") is None


def test_a_replayed_request_is_refused(send: Send, roastery: Roastery, organization: Organization) -> None:
    assert send(mention("roas?"), age_seconds=301).status_code == 401
    assert SlackEvents(roastery.database).get("Ev01") is None


def test_a_body_that_is_no_json_is_a_sentence(send: Send) -> None:
    answer = send(b"not json")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The Slack event is not JSON."


def test_what_nobody_asked_the_bot_is_not_answered(send: Send, slack: FakeSlack, organization: Organization) -> None:
    for number, event in enumerate(
        [
            {"bot_id": "B1"},
            {"subtype": "message_changed"},
            {"type": "message", "channel_type": "channel"},
            {"type": "reaction_added"},
        ]
    ):
        assert send(mention("roas?", event_id=f"Ev{number}", **event)).status_code == 200
    assert slack.calls == []


def test_a_direct_message_is_a_question() -> None:
    asked = asked_in(mention("roas", type="message", channel_type="im", channel="D7"))
    assert asked is not None
    assert (asked.destination, asked.text) == ("D7", "roas")


def test_an_answer_goes_into_the_thread_that_was_asked_in() -> None:
    asked = asked_in(mention("and by week?", thread_ts="1600000000.000001"))
    assert asked is not None
    assert asked.thread == "1600000000.000001"


def test_text_is_read_as_it_was_typed() -> None:
    assert plain("<@U1|bot>  spend &lt; 5 in <#C1|ads> <https://x.example>") == "spend < 5 in ads https://x.example"


def test_an_unknown_workspace_gets_a_sentence_once(send: Send, slack: FakeSlack) -> None:
    for _ in range(2):
        assert send(mention("roas?", team="T_ELSE")).status_code == 200
    assert [post["text"] for post in slack.posts] == [slack.posts[0]["text"]]
    assert "not linked to an organization" in slack.posts[0]["text"]
    assert slack.posts[0]["thread_ts"] == "1699999999.000100"


def test_a_mention_without_a_question_is_greeted(send: Send, slack: FakeSlack, organization: Organization) -> None:
    send(mention(""))
    assert "Ask me about your marketing numbers" in slack.posts[0]["text"]
