"""An organization's own words: kept only once a person says yes, used and disclosed, and never by another one."""

from typing import Any

from tests.api.conftest import Desk, open_desk

FORMS = [
    {"event_id": f"e{n}", "anonymous_id": f"a{n}", "kind": "form_submission", "occurred_at": f"2026-11-0{n}T15:00:00Z"}
    for n in (3, 5, 9)
]


def ask(desk: Desk, question: str, **more: Any) -> Any:
    return desk.call("POST", "/v1/ask", role="analyst", json={"question": question, **more}).json()


def figures(answer: Any) -> list[tuple[str, str]]:
    return [(fact["metric"], fact["value"]) for fact in answer["facts"]]


def test_words_are_remembered_only_after_a_yes_and_said_in_the_answer(desk: Desk) -> None:
    desk.roastery.warehouse(desk.organization).upsert_rows("web_events", FORMS)
    proposed = ask(desk, "By conversions we mean form submissions.")
    assert proposed["status"] == "clarify"
    assert desk.call("GET", "/v1/memory").json()["items"] == []
    ask(desk, "no", conversation_id=proposed["conversation_id"])
    assert desk.call("GET", "/v1/memory").json()["items"] == []
    proposed = ask(desk, "By conversions we mean form submissions.")
    ask(desk, "yes", conversation_id=proposed["conversation_id"])
    (kept,) = desk.call("GET", "/v1/memory").json()["items"]
    assert (kept["said"], kept["meaning"]) == ("conversions", "form submissions")
    plain = ask(desk, "How many form submissions from 1 Nov 2026 to 15 Nov 2026?")
    answer = ask(desk, "How many conversions from 1 Nov 2026 to 15 Nov 2026?")
    assert ("form_submissions", "3") in figures(answer)
    assert figures(answer) == figures(plain)
    assert answer["question"] == "How many conversions from 1 Nov 2026 to 15 Nov 2026?"
    assert "“conversions” is form submissions, as your team confirmed on 20 November 2026" in answer["text"]
    assert "confirmed" not in plain["text"]
    assert desk.call("DELETE", f"/v1/memory/{kept['id']}", role="viewer").status_code == 403
    assert desk.call("DELETE", f"/v1/memory/{kept['id']}").status_code == 200
    assert "confirmed" not in ask(desk, "How many conversions from 1 Nov 2026 to 15 Nov 2026?")["text"]


def test_days_of_ones_own_are_a_period_and_other_organizations_know_nothing_of_them(desk: Desk) -> None:
    desk.roastery.warehouse(desk.organization).upsert_rows("web_events", FORMS)
    given = {"said": "promo week", "meaning": "from 3 Nov 2026 to 8 Nov 2026"}
    assert desk.call("POST", "/v1/memory", role="viewer", json=given).status_code == 403
    assert desk.call("POST", "/v1/memory", role="analyst", json=given).status_code == 201
    answer = ask(desk, "Form submissions in our promo week?")
    assert ("form_submissions", "2") in figures(answer)
    rival = open_desk(desk.roastery, "Rival")
    assert rival.call("GET", "/v1/memory").json()["items"] == []
    kept = desk.call("GET", "/v1/memory").json()["items"][0]["id"]
    assert rival.call("DELETE", f"/v1/memory/{kept}").status_code == 404
    assert "confirmed" not in ask(rival, "Form submissions in our promo week?")["text"]
