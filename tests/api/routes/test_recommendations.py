"""The ledger of recommendations over HTTP: handed over, accepted, followed up, apart by role."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from roastery.agent.answer import Measure, Recommendation
from roastery.api.advising import due_advice, keep_advice, keep_outcomes
from roastery.api.app import OPERATOR
from roastery.api.store.recommendations import Recommendations
from roastery.tools.base import Fact, FactPeriod
from tests.api.conftest import Desk, open_desk

WEEK = FactPeriod(start=date(2026, 10, 26), end=date(2026, 11, 2))


def fact(metric: str = "spend") -> dict[str, Fact]:
    made = Fact(
        id="f1", metric=metric, value=Decimal(930), unit="money", currency="USD", period=WEEK, receipt_id="rcp_1"
    )
    return {"f1": made}


def advice(key: str = "k", metric: str = "spend") -> Recommendation:
    measure = Measure(metric=metric, horizon_days=14, expected=Decimal(100), low=Decimal(50), high=Decimal(150))
    return Recommendation(
        action="Check the daily budget.", expected_effect="Back to the usual.", basis=("f1",), confidence="high",
        kind="anomaly", key=key, measure=measure,
    )  # fmt: skip


def kept(desk: Desk, key: str = "k", metric: str = "spend") -> str:
    [made] = keep_advice(desk.roastery, desk.organization, OPERATOR, [advice(key, metric)], fact(metric))
    return made.id


def test_one_is_kept_with_the_facts_and_receipts_behind_it(desk: Desk) -> None:
    id = kept(desk)
    [found] = desk.call("GET", "/v1/recommendations").json()["items"]
    assert (found["id"], found["state"], found["receipts"]) == (id, "proposed", ["rcp_1"])
    assert found["basis"][0]["value"] == "930"
    assert desk.call("GET", f"/v1/recommendations/{id}").json() == found


def test_the_same_is_not_kept_twice(desk: Desk) -> None:
    kept(desk)
    assert keep_advice(desk.roastery, desk.organization, OPERATOR, [advice()], fact()) == []
    kept(desk, "another")
    assert len(desk.call("GET", "/v1/recommendations").json()["items"]) == 2


def test_it_is_handed_over_accepted_and_done(desk: Desk) -> None:
    path = f"/v1/recommendations/{kept(desk)}"
    assert desk.call("PATCH", path, json={"owner": "maria"}).json()["owner"] == "maria"
    accepted = desk.call("PATCH", path, json={"state": "accepted"}).json()
    assert (accepted["state"], accepted["owner"]) == ("accepted", "maria")
    assert accepted["acted_at"]
    assert desk.call("PATCH", path, json={"state": "done"}).json()["acted_at"] == accepted["acted_at"]
    again = desk.call("PATCH", path, json={"state": "dismissed"})
    assert (again.status_code, again.json()["title"]) == (409, "Conflict")


def test_a_state_that_there_is_not_names_those_that_there_are(desk: Desk) -> None:
    said = desk.call("GET", "/v1/recommendations", params={"state": "acepted"}).json()
    assert said["did_you_mean"] == "accepted"


def test_a_viewer_reads_but_does_not_decide(desk: Desk) -> None:
    path = f"/v1/recommendations/{kept(desk)}"
    assert desk.call("GET", path, "viewer").status_code == 200
    assert desk.call("PATCH", path, "viewer", json={"state": "accepted"}).status_code == 403


def test_one_whose_facts_are_for_others_is_not_shown(desk: Desk) -> None:
    id = kept(desk, metric="contribution_margin")
    assert desk.call("GET", "/v1/recommendations", "viewer").json()["items"] == []
    assert desk.call("GET", f"/v1/recommendations/{id}", "viewer").status_code == 403
    assert len(desk.call("GET", "/v1/recommendations", "analyst").json()["items"]) == 1


def test_another_organization_does_not_see_it(desk: Desk) -> None:
    id = kept(desk)
    other = open_desk(desk.roastery, "Other")
    assert other.call("GET", "/v1/recommendations").json()["items"] == []
    assert other.call("GET", f"/v1/recommendations/{id}").status_code == 404
    assert other.call("PATCH", f"/v1/recommendations/{id}", json={"state": "done"}).status_code == 404


@pytest.mark.parametrize(("days", "is_due"), [(14, False), (16, True)])
def test_it_is_due_once_its_horizon_is_over(desk: Desk, days: int, is_due: bool) -> None:
    id = kept(desk)
    now: datetime = desk.roastery.clock_of(desk.organization).now()
    with desk.roastery.database.session() as session:
        ledger = Recommendations(session, desk.organization.id, OPERATOR.scope_key)
        ledger.change(id, now - timedelta(days=days), "accepted")
    due = due_advice(desk.roastery, desk.organization, OPERATOR, "2026-11-09")
    assert [one.id for one in due] == ([id] if is_due else [])
    if is_due:
        assert (due[0].after.end - due[0].after.start).days == 14
        assert due[0].before.end < due[0].after.start


def test_what_a_digest_has_told_no_later_one_tells(desk: Desk) -> None:
    id = kept(desk)
    now: datetime = desk.roastery.clock_of(desk.organization).now()
    with desk.roastery.database.session() as session:
        Recommendations(session, desk.organization.id, OPERATOR.scope_key).change(id, now - timedelta(days=30), "done")
    keep_outcomes(desk.roastery, desk.organization, OPERATOR, {id: {"metric": "spend", "after": "90"}}, "2026-11-09")
    assert len(due_advice(desk.roastery, desk.organization, OPERATOR, "2026-11-09")) == 1
    assert due_advice(desk.roastery, desk.organization, OPERATOR, "2026-11-16") == []
    assert desk.call("GET", f"/v1/recommendations/{id}").json()["outcome"]["after"] == "90"
