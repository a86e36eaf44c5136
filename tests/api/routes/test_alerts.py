"""Alerts, schedules and Slack workspaces over REST."""

from typing import Any

from roastery.api.app import Roastery
from tests.api.conftest import Desk, open_desk

RULE = {
    "query": {"metrics": ["revenue"], "period": {"name": "yesterday"}},
    "metric": "revenue",
    "op": "lt",
    "value": "100",
}
THERE = [{"channel": "slack", "destination": "C1"}]


def make(desk: Desk, **changes: Any) -> Any:
    return desk.call("POST", "/v1/alerts", json={"name": "low", "rule": RULE, "destinations": THERE, **changes})


def test_an_alert_comes_with_its_schedule_and_goes_with_it(desk: Desk) -> None:
    made = make(desk)
    assert made.status_code == 201, made.text
    [schedule] = desk.call("GET", "/v1/schedules").json()["items"]
    assert (schedule["kind"], schedule["target"]) == ("alert", {"alert_id": made.json()["id"]})
    assert schedule["next_at"] is not None
    assert [a["name"] for a in desk.call("GET", "/v1/alerts").json()["items"]] == ["low"]
    assert make(desk).status_code == 409
    assert desk.call("DELETE", "/v1/alerts/low").status_code == 200
    assert desk.call("GET", "/v1/schedules").json()["items"] == []


def test_an_unsound_alert_is_refused_with_what_is_wrong(desk: Desk) -> None:
    assert "roas" in make(desk, rule={**RULE, "metric": "roas"}).json()["detail"]
    assert make(desk, destinations=[{"channel": "slak", "destination": "C1"}]).json()["did_you_mean"] == "slack"
    assert make(desk, cron="every day").status_code == 400
    assert make(desk, rule={**RULE, "kind": "treshold"}).json()["did_you_mean"] == "threshold"
    assert desk.call("GET", "/v1/alerts").json()["items"] == []
    assert desk.call("GET", "/v1/schedules").json()["items"] == []


def test_an_alert_on_what_does_not_exist_is_refused_instead_of_never_telling(desk: Desk) -> None:
    query = {"metrics": ["roas"], "dimensions": ["platform"], "period": {"name": "yesterday"}}
    rule = {"query": query, "metric": "roas", "op": "lt", "value": "1"}
    for wrong, near in (
        ({**rule, "query": {**query, "metrics": ["roass"]}, "metric": "roass"}, "roas"),
        ({**rule, "query": {**query, "dimensions": ["plattform"]}}, "platform"),
        ({"kind": "anomaly", "metric": "revenu"}, "revenue"),
    ):
        answer = desk.call("POST", "/v1/alerts", json={"name": "low", "rule": wrong})
        assert (answer.status_code, answer.json().get("did_you_mean")) == (400, near), answer.text
    assert desk.call("POST", "/v1/alerts", json={"name": "low", "rule": rule}).status_code == 201
    assert (
        desk.call(
            "POST", "/v1/alerts", json={"name": "odd", "rule": {"kind": "anomaly", "metric": "revenue"}}
        ).status_code
        == 201
    )


def test_a_day_that_never_comes_is_no_schedule(desk: Desk) -> None:
    new = {"kind": "digest", "cron": "0 8 31 2 *", "target": {"destinations": THERE}}
    answer = desk.call("POST", "/v1/schedules", json=new)
    assert (answer.status_code, "never comes" in answer.json()["detail"]) == (400, True)


def test_a_rule_is_backtested_on_the_data_of_now(desk: Desk) -> None:
    rows = "transaction_id,occurred_at,amount,currency,kind,status\n" + "".join(
        f"T{day},2026-11-{day:02d}T18:00:00Z,{amount},USD,order,completed\n"
        for day, amount in ((16, 500), (17, 20), (18, 500), (19, 500))
    )
    desk.call("POST", "/v1/imports/transactions", content=rows, headers={"Content-Type": "text/csv"})
    found = desk.call("POST", "/v1/alerts/backtest?days=4", json={**RULE, "judge_incomplete": True}).json()
    assert found["days"] == 4
    assert [fired["day"] for fired in found["fired"]] == ["2026-11-18"]


def test_digests_and_syncs_are_scheduled(desk: Desk) -> None:
    digest = {"kind": "digest", "cron": "0 8 * * 1", "target": {"destinations": THERE}}
    made = desk.call("POST", "/v1/schedules", json=digest)
    assert made.status_code == 201
    assert desk.call("POST", "/v1/schedules", json={**digest, "target": {}}).status_code == 400
    sync = {"kind": "sync", "cron": "0 * * * *", "target": {"connection_id": "con_nowhere"}}
    assert desk.call("POST", "/v1/schedules", json=sync).status_code == 404
    assert desk.call("DELETE", f"/v1/schedules/{made.json()['id']}").status_code == 200


def test_a_connected_source_is_pulled_every_hour_until_it_is_removed(desk: Desk) -> None:
    meta = {"provider": "meta_ads", "settings": {"account_id": "act_1"}, "secrets": {"access_token": "x"}}
    made = desk.call("POST", "/v1/connections", json=meta).json()
    [schedule] = desk.call("GET", "/v1/schedules").json()["items"]
    assert (schedule["kind"], schedule["target"]) == ("sync", {"connection_id": made["id"]})
    desk.call("DELETE", f"/v1/connections/{made['id']}")
    assert desk.call("GET", "/v1/schedules").json()["items"] == []


def test_a_slack_workspace_speaks_for_one_organization(desk: Desk, roastery: Roastery) -> None:
    body = {"team_id": "T1", "default_destination": "C1"}
    assert desk.call("POST", "/v1/slack/workspaces", json=body).status_code == 201
    other = open_desk(roastery, "Other")
    assert other.call("POST", "/v1/slack/workspaces", json=body).status_code == 409
    assert other.call("DELETE", "/v1/slack/workspaces/T1").status_code == 404
    assert desk.call("GET", "/v1/slack/workspaces").json()["items"] == [body]
    desk.call("DELETE", "/v1/slack/workspaces/T1")
    assert desk.call("GET", "/v1/slack/workspaces").json()["items"] == []
