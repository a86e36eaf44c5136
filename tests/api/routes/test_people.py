"""Users and the audit trail over REST."""

from tests.api.conftest import Desk


def test_people_are_added_listed_and_removed(desk: Desk) -> None:
    body = {"email": "Kim@Example.com", "role": "viewer", "slack_user_id": "U1", "row_scope": {"region": ["West"]}}
    made = desk.call("POST", "/v1/users", json=body)
    assert made.status_code == 201
    assert made.json()["email"] == "kim@example.com"
    assert desk.call("POST", "/v1/users", json=body).status_code == 409
    assert [u["id"] for u in desk.call("GET", "/v1/users").json()["items"]] == [made.json()["id"]]
    assert desk.call("DELETE", f"/v1/users/{made.json()['id']}").status_code == 200
    assert desk.call("DELETE", f"/v1/users/{made.json()['id']}").status_code == 404


def test_an_address_and_a_role_are_checked(desk: Desk) -> None:
    assert desk.call("POST", "/v1/users", json={"email": "kim", "role": "viewer"}).status_code == 422
    assert desk.call("POST", "/v1/users", json={"email": "a@b.c", "role": "viewr"}).json()["did_you_mean"] == "viewer"
    assert desk.call("POST", "/v1/users", json={"email": "a@b.c", "role": "owner"}).status_code == 403
    assert desk.call("GET", "/v1/users", role="analyst").status_code == 403


def test_changes_stand_in_the_audit_without_secrets(desk: Desk) -> None:
    key = desk.call("POST", "/v1/keys", json={"role": "viewer"}).json()
    desk.call("PATCH", f"/v1/organizations/{desk.organization.id}", json={"name": "Acme 2"})
    trail = desk.call("GET", "/v1/audit")
    lines = {line["action"]: line for line in trail.json()["items"]}
    assert lines["key.create"]["object_id"] == key["id"]
    assert lines["organization.change"]["detail"] == {"changed": ["name"]}
    assert key["key"] not in trail.text
    assert desk.call("GET", "/v1/audit", role="viewer").status_code == 403


def test_who_may_not_read_the_audit_trail_is_told_so(desk: Desk) -> None:
    assert "read the audit trail" in desk.call("GET", "/v1/audit", role="analyst").json()["detail"]
