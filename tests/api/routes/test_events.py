"""Signed events: the signature is the credential, each message counts once."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from roastery.api.app import Roastery
from tests.api.conftest import Desk, open_desk
from tests.api.routes.test_imports import revenue

SALE = {
    "transaction_id": "E1",
    "occurred_at": "2026-11-05T10:00:00Z",
    "amount": "12.00",
    "currency": "USD",
    "kind": "order",
    "status": "completed",
}


def event(kind: str = "transactions.upserted", **row: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": "2026-11-05T10:00:01Z", "data": {**SALE, **row}}


def secret_of(desk: Desk) -> str:
    made = desk.call("POST", "/v1/connections", json={"provider": "events"}).json()
    secret: str = made["signing_secret"]
    return secret


def push(desk: Desk, secret: str, body: Any, message_id: str = "msg_1", tampered: bool = False) -> Any:
    text = json.dumps(body)
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, text),
        "content-type": "application/json",
    }
    return desk.client.post("/v1/events", content=text + (" " if tampered else ""), headers=headers)


def test_a_signed_event_is_in_the_next_query(desk: Desk) -> None:
    answer = push(desk, secret_of(desk), event())
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"accepted": 1, "rejected": 0, "errors": [], "warnings": []}
    assert revenue(desk) == {"revenue": "12.00", "orders": 1}


def test_a_list_of_events_keeps_their_order(desk: Desk) -> None:
    events = [
        event(),
        event(transaction_id="E2"),
        event("transactions.deleted"),
        event(transaction_id="E2", amount="9"),
    ]
    assert push(desk, secret_of(desk), events).status_code == 200
    assert revenue(desk) == {"revenue": "9.00", "orders": 1}


def test_a_repeated_message_gives_the_first_answer_and_changes_nothing(desk: Desk) -> None:
    secret = secret_of(desk)
    first = push(desk, secret, event())
    push(desk, secret, event(amount="99.00"), message_id="msg_2")
    assert push(desk, secret, event()).json() == first.json()
    assert revenue(desk) == {"revenue": "99.00", "orders": 1}


def test_bad_events_are_told_by_position_and_the_good_ones_kept(desk: Desk) -> None:
    events = [event(), {"type": "transactions.upserted"}, event("transaktions.upserted"), event("x"), event(amount="?")]
    answer = push(desk, secret_of(desk), events).json()
    assert (answer["accepted"], answer["rejected"]) == (1, 4)
    assert [error["row"] for error in answer["errors"]] == [2, 3, 4, 5]
    assert "Did you mean 'transactions'?" in answer["errors"][1]["message"]


def test_the_secret_decides_whose_rows_they_are(desk: Desk, roastery: Roastery) -> None:
    other = open_desk(roastery, "Other")
    mine, theirs = secret_of(desk), secret_of(other)
    push(desk, theirs, event(amount="5.00"))
    push(desk, mine, event(amount="7.00"))
    assert revenue(desk) == {"revenue": "7.00", "orders": 1}
    assert revenue(other) == {"revenue": "5.00", "orders": 1}


def test_an_altered_or_unsigned_body_is_refused(desk: Desk) -> None:
    secret = secret_of(desk)
    for answer in (
        push(desk, secret, event(), tampered=True),
        push(desk, "whsec_" + "A" * 43 + "=", event()),
        desk.client.post("/v1/events", json=event()),
    ):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_old_signature_is_refused(desk: Desk) -> None:
    secret, then = secret_of(desk), datetime(2025, 1, 1, tzinfo=UTC)
    text = json.dumps(event())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(then.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", then, text),
    }
    assert desk.client.post("/v1/events", content=text, headers=headers).status_code == 401


@pytest.mark.parametrize("body", ["", "[", "{'a': 1}", "[" * 100_000])
def test_a_signed_body_that_is_not_json_is_a_sentence(desk: Desk, body: str) -> None:
    secret, now = secret_of(desk), datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }
    answer = desk.client.post("/v1/events", content=body, headers=headers)
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["detail"]


def test_a_removed_connections_secret_opens_nothing(desk: Desk) -> None:
    made = desk.call("POST", "/v1/connections", json={"provider": "events"}).json()
    desk.call("DELETE", f"/v1/connections/{made['id']}")
    assert push(desk, made["signing_secret"], event()).status_code == 401
