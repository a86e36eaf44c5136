"""Refreshing access: stored before used, one at a time, and a dead grant is a sentence."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from roastery.connectors.errors import Reconnect, RetryLater
from roastery.connectors.http import HttpClient, Politeness
from roastery.connectors.oauth import FixedToken, Grant, HeaderStyle, OAuthToken
from roastery.warehouse.clock import Clock
from tests.connectors.loopback import Heard, Provider, Say, Secrets, connection

Start = Callable[..., Provider]
NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)


class Rotating:
    """A provider whose refresh tokens work once, and which answers only to the newest access token."""

    def __init__(self) -> None:
        self.access, self.refresh, self.number = "access-0-of-many", "refresh-0-of-many", 0
        self.refreshes = 0
        self.expires_in = 3600

    def __call__(self, heard: Heard) -> Say:
        if heard.path == "/token":
            form = {name: values[0] for name, values in parse_qs(heard.body.decode()).items()}
            if form["refresh_token"] != self.refresh or form["client_secret"] != "client-secret":
                return Say({"error": "invalid_grant"}, 400)
            self.refreshes += 1
            self.access, self.refresh = f"access-{self.refreshes}-of-many", f"refresh-{self.refreshes}-of-many"
            body = {"access_token": self.access, "refresh_token": self.refresh, "expires_in": self.expires_in}
            return Say(body)
        if heard.headers.get("X-Token") == self.access:
            return Say({"ok": heard.headers["X-Token"]})
        return Say({}, 401)


def token_of(server: Provider, secrets: Secrets, politeness: Politeness, clock: Clock | None = None) -> OAuthToken:
    grant = Grant("Acme", f"{server.url}/token", HeaderStyle("X-Token", ""), {"key": "X-Key"})
    return OAuthToken(connection("acme"), secrets, grant, clock or Clock(NOW), politeness)


def secrets_of(rotating: Rotating, **more: str) -> Secrets:
    return Secrets(
        access_token=rotating.access,
        refresh_token=rotating.refresh,
        client_id="client-id",
        client_secret="client-secret",
        key="developer-key",
        **more,
    )


def ask(server: Provider, auth: OAuthToken, politeness: Politeness) -> object:
    http = HttpClient("Acme", server.url, auth=auth, clock=Clock(NOW), politeness=politeness)
    try:
        return http.get("x")
    finally:
        http.close()


def test_an_expired_token_is_refreshed_and_the_new_ones_are_stored(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    server, secrets = provider(rotating), secrets_of(rotating)
    rotating.access = "the-old-one-has-died"
    assert ask(server, token_of(server, secrets, politeness), politeness) == {"ok": "access-1-of-many"}
    assert secrets.held["refresh_token"] == "refresh-1-of-many"
    assert secrets.held["client_secret"] == "client-secret"
    assert datetime.fromisoformat(secrets.held["expires_at"]) == NOW + timedelta(seconds=3540)


def test_new_tokens_are_stored_before_they_are_used(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    order: list[str] = []

    def server_side(heard: Heard) -> Say:
        if heard.headers.get("X-Token") == "access-1-of-many":
            order.append("used")
        return rotating(heard)

    class Noting(Secrets):
        def rotate(self, connection_id: str, secrets: object) -> None:
            order.append("stored")
            super().rotate(connection_id, secrets)  # type: ignore[arg-type]

    server, secrets = provider(server_side), Noting(**secrets_of(rotating).held)
    rotating.access = "the-old-one-has-died"
    ask(server, token_of(server, secrets, politeness), politeness)
    assert order == ["stored", "used"]


def test_a_crash_right_after_a_refresh_keeps_the_grant(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    server, secrets = provider(rotating), secrets_of(rotating)
    rotating.access = "the-old-one-has-died"
    token_of(server, secrets, politeness).renew({"X-Token": "access-0-of-many"})
    # What was in memory is gone; another process starts from the store.
    assert ask(server, token_of(server, secrets, politeness), politeness) == {"ok": "access-1-of-many"}
    assert rotating.refreshes == 1


def test_many_at_once_refresh_once(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    server, secrets = provider(rotating), secrets_of(rotating)
    rotating.access = "the-old-one-has-died"
    auths = [token_of(server, secrets, politeness) for _ in range(8)]
    answers: list[object] = []
    threads = [threading.Thread(target=lambda a=a: answers.append(ask(server, a, politeness))) for a in auths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{"ok": "access-1-of-many"}] * 8
    assert rotating.refreshes == 1
    assert len(secrets.rotations) == 1


def test_a_token_near_its_end_is_replaced_before_it_is_used(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    server = provider(rotating)
    secrets = secrets_of(rotating, expires_at=NOW.isoformat())
    assert ask(server, token_of(server, secrets, politeness), politeness) == {"ok": "access-1-of-many"}
    assert [h.path for h in server.heard] == ["/token", "/x"]


def test_a_token_that_lives_for_seconds_is_not_refreshed_at_every_request(
    provider: Start, politeness: Politeness
) -> None:
    rotating = Rotating()
    rotating.expires_in = 20
    server, secrets = provider(rotating), secrets_of(rotating, expires_at=NOW.isoformat())
    auth = token_of(server, secrets, politeness)
    for _ in range(3):
        ask(server, auth, politeness)
    assert rotating.refreshes == 1


def test_a_first_access_token_is_fetched_when_there_is_none(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    server, secrets = provider(rotating), secrets_of(rotating)
    del secrets.held["access_token"]
    assert token_of(server, secrets, politeness).headers() == {"X-Token": "access-1-of-many", "X-Key": "developer-key"}


def test_a_dead_grant_asks_somebody_to_reconnect(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    server, secrets = provider(rotating), secrets_of(rotating)
    rotating.access, rotating.refresh = "dead", "dead"
    with pytest.raises(Reconnect, match="has ended this connection's grant"):
        ask(server, token_of(server, secrets, politeness), politeness)
    assert secrets.rotations == []


def test_a_broken_token_endpoint_is_tried_again_and_is_no_dead_grant(provider: Start, politeness: Politeness) -> None:
    rotating = Rotating()
    rotating.access = "the-old-one-has-died"
    failures = [Say({}, 401), Say({}, 503), Say(b"<html>", content_type="text/html")]
    secrets = secrets_of(Rotating())
    server = provider(*failures, rotating)
    assert ask(server, token_of(server, secrets, politeness), politeness) == {"ok": "access-1-of-many"}


def test_a_refresh_without_a_token_is_not_stored(provider: Start, politeness: Politeness) -> None:
    server = provider(Say({"scope": "all"}))
    secrets = secrets_of(Rotating())
    with pytest.raises(RetryLater):
        token_of(server, secrets, politeness).renew({"X-Token": "access-0-of-many"})
    assert secrets.rotations == []


def test_a_fixed_token_that_somebody_replaced_is_taken_up(politeness: Politeness) -> None:
    secrets = Secrets(access_token="first-token")
    auth = FixedToken(connection("acme"), secrets)
    refused = auth.headers()
    assert not auth.renew(refused)
    secrets.held["access_token"] = "second-token"
    assert auth.renew(refused)
    assert json.dumps(auth.headers()) == '{"Authorization": "Bearer second-token"}'
