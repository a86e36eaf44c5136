"""Tests of what marketing causes: recorded only after a yes, listed, deleted, and nobody else's."""

from typing import Any

from roastery.api.experimenting import RecordedExperiments
from tests.api.conftest import Desk, open_desk

GIVEN = {
    "name": "Brand off in the south", "by": "campaign", "about": "g1", "places": "region", "treated": ["South"],
    "start": "2026-08-03", "end": "2026-08-31",
}  # fmt: skip


def recorded(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.call("GET", "/v1/experiments").json()["items"]
    return found


def approve(desk: Desk, waiting: Any, approved: bool = True) -> Any:
    decision = {"decision": "approve" if approved else "decline"}
    return desk.call("POST", f"/v1/approvals/{waiting.json()['approval']['id']}", role="analyst", json=decision)


def test_a_test_is_recorded_only_after_a_yes_and_can_be_deleted(desk: Desk) -> None:
    assert desk.call("POST", "/v1/experiments", role="viewer", json=GIVEN).status_code == 403
    waiting = desk.call("POST", "/v1/experiments", role="analyst", json=GIVEN)
    assert waiting.status_code == 202
    assert "campaign 'g1' was paused in South (region)" in waiting.json()["approval"]["will"]
    assert recorded(desk) == []
    approve(desk, waiting, approved=False)
    assert recorded(desk) == []
    assert approve(desk, desk.call("POST", "/v1/experiments", role="analyst", json=GIVEN)).status_code == 200
    (kept,) = recorded(desk)
    assert {key: kept[key] for key in GIVEN} == GIVEN
    (seen,) = RecordedExperiments(desk.roastery, desk.organization).all()
    assert (seen.by, seen.holdout.about, seen.holdout.treated) == ("campaign", "g1", ("South",))
    again = approve(desk, desk.call("POST", "/v1/experiments", role="analyst", json=GIVEN))
    assert again.status_code == 409
    assert desk.call("DELETE", f"/v1/experiments/{kept['id']}", role="viewer").status_code == 403
    assert desk.call("DELETE", f"/v1/experiments/{kept['id']}").status_code == 200
    assert recorded(desk) == []


def test_what_cannot_be_is_a_sentence(desk: Desk) -> None:
    def detail(**changes: Any) -> str:
        answer = desk.call("POST", "/v1/experiments", role="analyst", json={**GIVEN, **changes})
        assert 400 <= answer.status_code < 500
        return str(answer.json()["detail"])

    assert "Did you mean 'campaign'" in detail(by="campain")
    assert "ends before it starts" in detail(end="2026-08-01")
    assert "everywhere" in detail(treated=[])


def test_other_organizations_know_nothing_of_it(desk: Desk) -> None:
    approve(desk, desk.call("POST", "/v1/experiments", role="analyst", json=GIVEN))
    (kept,) = recorded(desk)
    rival = open_desk(desk.roastery, "Rival")
    assert recorded(rival) == []
    assert rival.call("DELETE", f"/v1/experiments/{kept['id']}").status_code == 404
