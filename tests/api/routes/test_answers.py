"""Answers that were given: read back, traced and made again, by those who see what their asker saw."""

from datetime import timedelta
from typing import Any

from roastery.api.app import OPERATOR
from roastery.api.store.answers import StoredAnswers
from tests.api.conftest import Desk, open_desk

SALES = """transaction_id,customer_id,occurred_at,amount,currency,kind,status
T1,C1,2026-10-02T15:00:00Z,49.90,USD,order,completed
"""
MORE = """transaction_id,customer_id,occurred_at,amount,currency,kind,status
T2,C2,2026-10-03T15:00:00Z,10.10,USD,order,completed
"""


def sell(desk: Desk, rows: str) -> None:
    sent = desk.call("POST", "/v1/imports/transactions", content=rows, headers={"Content-Type": "text/csv"})
    assert sent.json()["accepted"] == 1


def asked(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.call("POST", "/v1/ask", json={"question": "revenue last month"}).json()
    assert found["status"] == "answered", found["text"]
    return found


def test_an_answer_is_read_back_with_the_steps_that_led_to_it(desk: Desk) -> None:
    sell(desk, SALES)
    answer = asked(desk)
    assert desk.call("GET", f"/v1/answers/{answer['answer_id']}").json() == answer
    trace = desk.call("GET", f"/v1/answers/{answer['answer_id']}/trace").json()
    names = [span["name"] for span in trace["spans"]]
    assert names[0] == "invoke_agent roastery"
    assert "execute_tool query_metrics" in names
    roots = [span for span in trace["spans"] if span["parent_id"] is None]
    assert len(roots) == 1
    assert all(span["duration_ms"] <= roots[0]["duration_ms"] for span in trace["spans"])


def test_a_replay_says_whether_the_numbers_still_hold(desk: Desk) -> None:
    sell(desk, SALES)
    path = f"/v1/answers/{asked(desk)['answer_id']}/replay"
    assert desk.call("POST", path).json()["status"] == "same"
    sell(desk, MORE)
    again = desk.call("POST", path).json()
    assert again["status"] == "restated"
    assert again["receipts"][0]["causes"]


def test_neither_another_organization_nor_another_scope_reads_it(desk: Desk) -> None:
    sell(desk, SALES)
    answer = asked(desk)
    other = open_desk(desk.roastery, "Other")
    for path in ("", "/trace"):
        assert other.call("GET", f"/v1/answers/{answer['answer_id']}{path}").status_code == 404
    assert other.call("POST", f"/v1/answers/{answer['answer_id']}/replay").status_code == 404


def test_tokens_are_summed_over_the_day_for_the_organization_alone(desk: Desk) -> None:
    sell(desk, SALES)
    asked(desk)
    other = open_desk(desk.roastery, "Other")
    since = desk.roastery.wall.now() - timedelta(hours=1)
    mine = StoredAnswers(desk.roastery.database, desk.organization.id, OPERATOR).tokens_since(since)
    theirs = StoredAnswers(desk.roastery.database, other.organization.id, OPERATOR).tokens_since(since)
    assert mine == theirs == (0, 0), "the built-in model uses none"
