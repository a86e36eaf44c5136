"""Verified answers: an analyst blesses a question with its query, and later questions of the same meaning use it."""

from typing import Any

import pytest

from tests.api.conftest import Desk, open_desk

SALES = """transaction_id,customer_id,occurred_at,amount,currency,kind,status,sales_channel
T1,C1,2026-10-02T15:00:00Z,49.90,USD,order,completed,online
T2,C2,2026-10-03T15:00:00Z,20.10,USD,order,completed,pos
"""
QUESTION = "What was our turnover last month?"
ONLINE = {
    "tool": "query_metrics",
    "arguments": {
        "metrics": ["revenue"],
        "period": {"name": "last_month"},
        "filters": [{"dimension": "sales_channel", "values": ["online"]}],
    },
}


@pytest.fixture
def shop(desk: Desk) -> Desk:
    sent = desk.call("POST", "/v1/imports/transactions", content=SALES, headers={"Content-Type": "text/csv"})
    assert sent.json()["accepted"] == 2
    return desk


def ask(desk: Desk, question: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.call("POST", "/v1/ask", json={"question": question}).json()
    return found


def revenue(answer: dict[str, Any]) -> str:
    found: str = next(f["value"] for f in answer["facts"] if f["metric"] == "revenue")
    return found


def bless(desk: Desk, **given: Any) -> Any:
    return desk.call("POST", "/v1/verified-answers", role=given.pop("role", "analyst"), json=given)


def test_a_question_of_the_same_meaning_uses_the_blessed_query_and_says_so(shop: Desk) -> None:
    assert revenue(ask(shop, QUESTION)) == "70.00"
    assert bless(shop, question=QUESTION, calls=[ONLINE]).status_code == 201
    for question in (QUESTION, "what was our turnover, last month", "revenue last month"):
        answer = ask(shop, question)
        assert revenue(answer) == "49.90", question
        assert "verified" in answer["text"]
        assert QUESTION.rstrip("?") in answer["text"]
    other = ask(shop, "revenue by sales channel last month")
    assert "verified" not in other["text"]


def test_an_answer_is_blessed_as_it_was_given_and_can_be_taken_back(shop: Desk) -> None:
    answer = ask(shop, "revenue last month by sales channel")
    made = bless(shop, answer_id=answer["answer_id"]).json()
    assert made["calls"][0]["arguments"]["dimensions"] == ["sales_channel"]
    again = ask(shop, "Revenue by sales channel last month?")
    assert "verified" in again["text"]
    assert again["facts"][0]["value"] == answer["facts"][0]["value"]
    assert shop.call("DELETE", f"/v1/verified-answers/{made['id']}").status_code == 200
    assert "verified" not in ask(shop, "Revenue by sales channel last month?")["text"]


def test_a_viewer_cannot_bless_and_an_unsound_query_is_refused(shop: Desk) -> None:
    assert bless(shop, role="viewer", question=QUESTION, calls=[ONLINE]).status_code == 403
    wrong = {"tool": "query_metrics", "arguments": {"metrics": ["revenu"]}}
    assert bless(shop, question=QUESTION, calls=[wrong]).json()["did_you_mean"] == "revenue"
    acts = {"tool": "create_schedule", "arguments": {}}
    assert "approved each time" in bless(shop, question=QUESTION, calls=[acts]).json()["detail"]
    assert bless(shop, question=QUESTION).status_code == 400
    assert bless(shop).status_code == 422
    assert shop.call("GET", "/v1/verified-answers").json()["items"] == []


def test_nothing_is_verified_across_organizations(shop: Desk) -> None:
    made = bless(shop, question=QUESTION, calls=[ONLINE]).json()
    other = open_desk(shop.roastery, "Other")
    assert other.call("GET", "/v1/verified-answers").json()["items"] == []
    assert other.call("DELETE", f"/v1/verified-answers/{made['id']}").status_code == 404
