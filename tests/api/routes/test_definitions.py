"""An organization's own metrics, channel rules and tracking audit over REST."""

from typing import Any

from tests.api.conftest import Desk

CSV = {"Content-Type": "text/csv"}
OCTOBER = {"start": "2026-10-01", "end": "2026-11-01"}
SALES = """transaction_id,customer_id,occurred_at,amount,currency,kind,status,sales_channel
T1,C1,2026-10-02T15:00:00Z,49.90,USD,order,completed,online
T2,C2,2026-10-03T15:00:00Z,20.10,USD,order,completed,pos
"""
TOUCHES = """touchpoint_id,customer_id,occurred_at,utm_source,utm_medium,utm_campaign
A,C1,2026-10-01T15:00:00Z,acast,audio-ad,Nobody knows
"""
TILL: dict[str, Any] = {
    "name": "till_revenue",
    "title": "Revenue at the till",
    "definition": "Net revenue of valid sales at the till, on the sale's day.",
    "unit": "money",
    "measure": {"fact": "sales", "aggregate": "sum", "of": "net_amount", "where": "sales_channel = 'pos'"},
}


def fill(desk: Desk) -> None:
    for dataset, rows in (("transactions", SALES), ("touchpoints", TOUCHES)):
        answer = desk.call("POST", f"/v1/imports/{dataset}", content=rows, headers=CSV)
        assert answer.json()["rejected"] == 0, answer.text


def test_an_own_metric_is_asked_like_any_other_and_a_receipt_says_when_it_was_redefined(desk: Desk) -> None:
    fill(desk)
    made = desk.call("POST", "/v1/metrics", json=TILL)
    assert (made.status_code, made.json()["version"]) == (201, 1), made.text
    frame = desk.call("POST", "/v1/query", role="viewer", json={"metrics": ["till_revenue"], "period": OCTOBER}).json()
    assert frame["totals"] == {"till_revenue": "20.10"}
    listed = {item["name"]: item for item in desk.call("GET", "/v1/metrics", role="viewer").json()["items"]}
    assert listed["till_revenue"]["version"] == 1
    again = {**TILL, "measure": {**TILL["measure"], "where": "sales_channel = 'online'"}}
    assert desk.call("POST", "/v1/metrics", json=again).json()["version"] == 2
    rerun = desk.call("POST", f"/v1/receipts/{frame['receipt']['id']}/rerun").json()
    assert (rerun["status"], rerun["now"]["totals"]) == ("redefined", {"till_revenue": "49.90"})
    assert desk.call("DELETE", "/v1/metrics/till_revenue").json()["removed"]
    gone = desk.call("POST", "/v1/query", json={"metrics": ["till_revenue"], "period": OCTOBER})
    assert gone.status_code == 400


def test_a_metric_that_cannot_be_computed_is_refused_before_it_is_kept(desk: Desk) -> None:
    fill(desk)
    text = {**TILL, "measure": {"fact": "sales", "aggregate": "sum", "of": "sales_channel"}}
    refused = desk.call("POST", "/v1/metrics", json=text)
    assert refused.status_code == 400
    assert "cannot be computed" in refused.json()["detail"]
    wrong = desk.call("POST", "/v1/metrics", json={**TILL, "unit": "monye"})
    assert wrong.status_code == 400
    assert desk.call("GET", "/v1/metrics/own").json()["items"] == []
    assert desk.call("POST", "/v1/metrics", role="analyst", json=TILL).status_code == 403


def test_channel_rules_are_previewed_applied_and_versioned(desk: Desk) -> None:
    fill(desk)
    rules = {"rules": [{"channel": "podcast", "medium": ["audio*"]}]}
    seen = desk.call("POST", "/v1/channel-rules/preview", json=rules).json()
    assert seen["moved"] == [{"from": "other", "to": "podcast", "touches": 1}]
    podcast = next(c for c in seen["channels"] if c["channel"] == "podcast")
    assert (podcast["before"]["revenue"], podcast["after"]["revenue"]) == ("0.00", "49.90")
    query = {"metrics": ["attributed_revenue"], "dimensions": ["channel"], "period": OCTOBER}
    before = desk.call("POST", "/v1/query", json=query).json()
    assert [row["channel"] for row in before["rows"]] == ["other"]
    put = desk.call("PUT", "/v1/channel-rules", json={**rules, "version": 0})
    assert (put.status_code, put.json()["version"]) == (200, 1), put.text
    after = desk.call("POST", "/v1/query", json=query).json()
    assert after["rows"] == [{"channel": "podcast", "attributed_revenue": "49.90"}]
    assert desk.call("POST", f"/v1/receipts/{before['receipt']['id']}/rerun").json()["status"] == "redefined"
    stale = desk.call("PUT", "/v1/channel-rules", json={**rules, "version": 0})
    assert stale.status_code == 400
    assert "version 1 by now" in stale.json()["detail"]
    bad = desk.call("PUT", "/v1/channel-rules", json={"rules": [{"channel": "x", "medum": ["y"]}]})
    assert bad.json()["did_you_mean"] == "medium"
    assert desk.call("PUT", "/v1/channel-rules", role="analyst", json=rules).status_code == 403


def test_tracking_audit_finds_the_link_that_names_no_campaign(desk: Desk) -> None:
    fill(desk)
    found = desk.call("GET", "/v1/tracking/audit", role="viewer", params=OCTOBER).json()
    assert [(f["kind"], f["subject"], f["revenue"]) for f in found["findings"]] == [
        ("mistagged", "Nobody knows", "49.90")
    ]
    assert (found["coverage"], found["is_covered"]) == ("0.7129", False)
    assert (
        desk.call("GET", "/v1/tracking/audit", params={"start": "2026-11-02", "end": "2026-11-01"}).status_code == 400
    )
