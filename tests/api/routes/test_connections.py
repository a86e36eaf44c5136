"""Connections over REST: what is missing is named, secrets never come back."""

from roastery.api.app import Roastery
from tests.api.conftest import Desk, open_desk

META = {
    "provider": "meta_ads",
    "settings": {"account_id": "act_1"},
    "secrets": {"access_token": "EAAB-very-secret"},
    "base_url": "http://127.0.0.1:9",
}


def test_a_connection_never_shows_its_secrets(desk: Desk) -> None:
    made = desk.call("POST", "/v1/connections", json=META)
    assert made.status_code == 201
    shown = [made, desk.call("GET", "/v1/connections"), desk.call("GET", f"/v1/connections/{made.json()['id']}")]
    assert all("EAAB-very-secret" not in answer.text for answer in shown)
    assert made.json()["status"] == "new"


def test_what_a_source_needs_is_named(desk: Desk) -> None:
    answer = desk.call("POST", "/v1/connections", json={**META, "secrets": {}})
    assert answer.status_code == 400
    assert "access_token" in answer.json()["detail"]
    assert desk.call("GET", "/v1/connections").json()["items"] == []


def test_a_base_url_that_is_no_web_address_is_refused_at_once(desk: Desk) -> None:
    new = {"provider": "meta_ads", "settings": {"account_id": "act_1"}, "secrets": {"access_token": "x"}}
    answer = desk.call("POST", "/v1/connections", json={**new, "base_url": "ftp://graph.example"})
    assert answer.status_code == 400
    assert "'ftp://graph.example' is no base URL of Meta Ads" in answer.json()["detail"]


def test_an_unknown_provider_gives_the_nearest_one(desk: Desk) -> None:
    answer = desk.call("POST", "/v1/connections", json={**META, "provider": "meta_adds"})
    assert answer.status_code == 400
    assert answer.json()["did_you_mean"] == "meta_ads"


def test_providers_say_what_they_need(desk: Desk) -> None:
    listed = {p["provider"]: p for p in desk.call("GET", "/v1/connections/providers", role="viewer").json()["items"]}
    assert "access_token" in listed["meta_ads"]["secrets"]
    assert "events" in listed


def test_new_secrets_stand_beside_the_old_ones(desk: Desk, roastery: Roastery) -> None:
    made = desk.call("POST", "/v1/connections", json=META).json()
    path = f"/v1/connections/{made['id']}"
    assert desk.call("PATCH", path, json={"secrets": {"app_secret": "s"}, "name": "Meta"}).json()["name"] == "Meta"
    assert roastery.tokens.secrets(made["id"]) == {"access_token": "EAAB-very-secret", "app_secret": "s"}


def test_another_organizations_connection_does_not_exist(desk: Desk, roastery: Roastery) -> None:
    made = desk.call("POST", "/v1/connections", json=META).json()
    other = open_desk(roastery, "Other")
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/sync")):
        answer = other.call(method, f"/v1/connections/{made['id']}{path}", json={} if method == "PATCH" else None)
        assert answer.status_code == 404, (method, path)


def test_a_removed_connection_is_gone(desk: Desk) -> None:
    made = desk.call("POST", "/v1/connections", json=META).json()
    assert desk.call("DELETE", f"/v1/connections/{made['id']}").json()["status"] == "removed"
    assert desk.call("GET", f"/v1/connections/{made['id']}").status_code == 404


def test_an_analyst_connects_nothing(desk: Desk) -> None:
    assert desk.call("POST", "/v1/connections", role="analyst", json=META).status_code == 403


def test_an_events_connection_shows_its_secret_once(desk: Desk) -> None:
    made = desk.call("POST", "/v1/connections", json={"provider": "events"}).json()
    assert made["signing_secret"].startswith("whsec_")
    assert made["signing_secret"] not in desk.call("GET", "/v1/connections").text


def test_an_unsigned_provider_webhook_is_refused(desk: Desk) -> None:
    made = desk.call("POST", "/v1/connections", json={**META, "secrets": {"access_token": "x", "app_secret": "s"}})
    path = f"/v1/webhooks/meta_ads/{made.json()['id']}"
    assert desk.client.post(path, json={"entry": []}).status_code == 401
    assert desk.client.post("/v1/webhooks/meta_ads/con_nowhere", json={}).status_code == 404
    assert desk.client.post(f"/v1/webhooks/nowhere/{made.json()['id']}", json={}).status_code == 404
