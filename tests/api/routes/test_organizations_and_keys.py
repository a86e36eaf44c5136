"""Credentials, organizations and keys over REST."""

import pytest

from roastery.api.app import Roastery
from roastery.api.store.organizations import Organizations
from roastery.warehouse.errors import BadQuery
from tests.api.conftest import Desk, open_desk

PROBLEM = "application/problem+json"


def test_a_call_without_a_key_is_refused_with_the_way_to_send_one(desk: Desk) -> None:
    answer = desk.client.get("/v1/organizations")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Bearer KEY" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["rst_wrong", "nonsense", "rst_" + "x" * 5000])
def test_an_unknown_key_is_refused(desk: Desk, key: str) -> None:
    answer = desk.client.get("/v1/organizations", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM


def test_a_key_sees_its_own_organization_only(desk: Desk, roastery: Roastery) -> None:
    other = open_desk(roastery, "Other")
    listed = desk.call("GET", "/v1/organizations").json()
    assert [o["id"] for o in listed["items"]] == [desk.organization.id]
    answer = desk.call("GET", f"/v1/organizations/{other.organization.id}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM


def test_settings_change_and_are_checked(desk: Desk) -> None:
    path = f"/v1/organizations/{desk.organization.id}"
    changed = desk.call("PATCH", path, json={"week_start": "sunday", "attribution": {"window_days": 7}}).json()
    assert changed["week_start"] == "sunday"
    assert desk.call("GET", path).json()["attribution"]["window_days"] == 7
    wrong = desk.call("PATCH", path, json={"week_start": "sundy"})
    assert wrong.status_code == 400
    assert wrong.json()["did_you_mean"] == "sunday"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fiscal_year_start": "x"}, "fiscal_year_start"),
        ({"fiscal_year_start": 13}, "from 1 to 12"),
        ({"clock": "soon"}, "ISO instant"),
        ({"attribution": {"window_days": "a month"}}, "window_days"),
        ({"attribution": {"window_days": 365}}, "between 0 and 90"),
        ({"attribution": {"modell": "linear"}}, "Did you mean 'model'?"),
        ({"attribution": {"model": "lastclick"}}, "last"),
        ({"attribution": {"date": "always"}}, "attribution.date"),
        ({"refund_basis": "never"}, "refund_basis"),
        ({"source_of_truth": ["order"]}, "payment"),
        ({"currency": "dollars"}, "ISO 4217"),
        ({"currency": "ZZZ"}, "ISO 4217"),
        ({"name": " "}, "needs a name"),
        ({"name": None}, "name"),
        ({"id": "org_mine"}, "Unknown organization setting"),
    ],
)
def test_a_setting_that_would_break_numbers_is_refused_with_its_name(
    desk: Desk, change: dict[str, object], said: str
) -> None:
    answer = desk.call("PATCH", f"/v1/organizations/{desk.organization.id}", json=change)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["detail"]


def test_a_viewer_changes_nothing(desk: Desk) -> None:
    answer = desk.call("PATCH", f"/v1/organizations/{desk.organization.id}", role="viewer", json={"name": "Mine"})
    assert answer.status_code == 403
    assert answer.json()["allowed"] == ["admin", "owner"]
    assert desk.call("GET", f"/v1/organizations/{desk.organization.id}").json()["name"] == "Acme"


def test_a_key_is_shown_once_works_and_can_be_revoked(desk: Desk) -> None:
    made = desk.call("POST", "/v1/keys", json={"role": "viewer", "name": "sheet"})
    assert made.status_code == 201
    key, key_id = made.json()["key"], made.json()["id"]
    listed = desk.call("GET", "/v1/keys")
    assert key not in listed.text
    assert key_id in listed.text
    headers = {"Authorization": f"Bearer {key}"}
    assert desk.client.get("/v1/organizations", headers=headers).status_code == 200
    assert desk.call("DELETE", f"/v1/keys/{key_id}").json()["revoked_at"] is not None
    assert desk.client.get("/v1/organizations", headers=headers).status_code == 401


def test_an_admin_cannot_make_an_owner_but_an_owner_can(desk: Desk) -> None:
    assert desk.call("POST", "/v1/keys", role="admin", json={"role": "owner"}).status_code == 403
    assert desk.call("POST", "/v1/keys", role="owner", json={"role": "owner"}).status_code == 201
    assert desk.call("POST", "/v1/keys", role="analyst", json={"role": "viewer"}).status_code == 403


def test_a_scoped_key_makes_keys_of_its_own_scope_only(desk: Desk) -> None:
    scoped = desk.call("POST", "/v1/keys", json={"role": "admin", "row_scope": {"region": ["West"]}}).json()["key"]
    headers = {"Authorization": f"Bearer {scoped}"}
    wide = desk.client.post("/v1/keys", headers=headers, json={"role": "viewer", "row_scope": {"region": ["East"]}})
    assert wide.json()["row_scope"] == {"region": ["West"]}


def test_lists_are_paged_by_cursor(desk: Desk) -> None:
    first = desk.call("GET", "/v1/keys?limit=3").json()
    second = desk.call("GET", f"/v1/keys?limit=3&cursor={first['next']}").json()
    assert len(first["items"]) == 3
    assert [len(second["items"]), second["next"]] == [1, None]
    assert desk.call("GET", "/v1/keys?cursor=key_nowhere").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/nothing", None, 404),
        ("DELETE", "/v1/organizations", None, 405),
        ("POST", "/v1/keys", b"{", 422),
        ("POST", "/v1/keys", b'{"role": "viewer", "rolle": 1}', 422),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(
    desk: Desk, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = desk.call(method, path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert set(answer.json()) >= {"type", "title", "status", "detail"}


def test_a_body_longer_than_its_limit_is_refused_before_it_is_read(desk: Desk) -> None:
    answer = desk.call("POST", "/v1/keys", content=b"x" * 5_000_000)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == PROBLEM


def test_a_body_that_does_not_say_its_length_is_refused_when_it_grows_too_long(desk: Desk) -> None:
    answer = desk.call("POST", "/v1/ask", content=(b"x" * 1_000_000 for _ in range(6)))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == PROBLEM


def test_health_needs_no_key_and_metrics_name_routes_not_ids(desk: Desk) -> None:
    assert desk.client.get("/healthz").json() == {"status": "ok"}
    assert desk.client.get("/readyz").json() == {"status": "ready"}
    desk.call("GET", f"/v1/organizations/{desk.organization.id}")
    exposed = desk.client.get("/metrics").text
    assert 'route="/v1/organizations/{organization_id}"' in exposed
    assert desk.organization.id not in exposed


@pytest.mark.parametrize(
    ("scope", "said"), [({"regoin": ["West"]}, "Did you mean 'region'?"), ({"region": []}, "no value")]
)
def test_rows_that_no_dimension_tells_apart_are_refused_when_a_key_is_made(
    desk: Desk, scope: dict[str, list[str]], said: str
) -> None:
    for path, new in (("/v1/keys", {}), ("/v1/users", {"email": "kim@example.com"})):
        answer = desk.call("POST", path, json={**new, "role": "viewer", "row_scope": scope})
        assert answer.status_code == 400, answer.text
        assert said in answer.json()["detail"]


def test_a_name_of_two_organizations_is_told_apart_by_id(desk: Desk, roastery: Roastery) -> None:
    other = open_desk(roastery, "Acme")
    with roastery.database.reading() as session, pytest.raises(BadQuery) as refused:
        Organizations(session).find("Acme")
    assert sorted(refused.value.allowed) == sorted([desk.organization.id, other.organization.id])
    assert "2 organizations are called 'Acme'" in refused.value.message
