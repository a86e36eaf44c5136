"""Consent by OAuth 2.0 against a twin: PKCE, a state that is taken once, a new grant, and no token anywhere."""

import io
import logging
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from roastery.api.store.connections import Connections, reseal
from roastery.evals.twins import Twins, serve
from roastery.evals.twins.klaviyo import CLIENT
from roastery.evals.world import World
from tests.api.conftest import Desk, Prepared, client_of, open_desk, open_roastery


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    with serve(World.make(customers=200)) as twins:
        yield twins


@pytest.fixture(scope="module")
def acme(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("consent") / "home"
    shutil.copytree(prepared.home, home)
    with open_roastery(home) as roastery:
        yield Desk(client_of(roastery), roastery, prepared.organization, prepared.keys)


def ask(desk: Desk, twins: Twins, **more: Any) -> str:
    twin = twins["klaviyo"]
    body = {
        "provider": "klaviyo", "settings": dict(twin.settings), "secrets": dict(CLIENT), "base_url": twin.base_url,
        **more,
    }  # fmt: skip
    answer = desk.call("POST", "/v1/connections/consent", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


def give(url: str) -> str:
    """The address to which the provider sends the person back."""
    back = httpx2.get(url, follow_redirects=False)
    assert back.status_code == 302, back.text
    found = urlsplit(back.headers["location"])
    return f"{found.path}?{found.query}"


def secrets(desk: Desk, connection_id: str) -> dict[str, str]:
    with desk.roastery.database.reading() as session:
        return Connections(session, desk.roastery.keyring, desk.organization.id).secrets(connection_id)


def test_a_person_gives_consent_once_and_the_connection_is_read(acme: Desk, twins: Twins) -> None:
    log, handler = io.StringIO(), None
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    url = ask(acme, twins)
    asked = parse_qs(urlsplit(url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/v1/connections/callback"]
    back = give(url)
    done = acme.client.get(back)
    assert done.status_code == 200, done.text
    connection_id = done.json()["connection_id"]
    tokens = secrets(acme, connection_id)
    assert {"access_token", "refresh_token", "expires_at", "client_id"} <= tokens.keys()

    again = acme.client.get(back)
    assert again.status_code == 401
    assert "was used" in again.json()["detail"]

    acme.call("POST", f"/v1/connections/{connection_id}/sync")
    acme.roastery.syncs.close()
    row = acme.call("GET", f"/v1/connections/{connection_id}").json()
    assert row["health"]["state"] == "healthy", row
    logging.getLogger().removeHandler(handler)

    query = "SELECT group_concat(detail || action || object_id) FROM audit"
    with acme.roastery.database.reading() as session:
        from sqlalchemy import text

        audit = str(session.execute(text(query)).scalar())
        stored = str(
            session.execute(
                text("SELECT group_concat(sealed_secrets || settings || progress) FROM connections")
            ).scalar()
        )
    answered = acme.call("POST", "/v1/query", role="viewer", json={
        "metrics": ["sends"], "period": {"start": "2026-01-01", "end": "2026-11-01"}}).text  # fmt: skip
    hidden = [v for name, v in secrets(acme, connection_id).items() if name in ("access_token", "refresh_token")]
    for secret in [*hidden, tokens["access_token"], tokens["refresh_token"], CLIENT["client_secret"]]:
        for where in (log.getvalue(), audit, stored, str(row), again.text, done.text, answered):
            assert secret not in where


def test_a_dead_grant_is_given_again_to_the_same_connection(acme: Desk, twins: Twins) -> None:
    connection_id = acme.client.get(give(ask(acme, twins, name="again"))).json()["connection_id"]
    before = secrets(acme, connection_id)
    acme.roastery.tokens.rotate(connection_id, {"access_token": "dead", "refresh_token": "dead"})
    acme.call("POST", f"/v1/connections/{connection_id}/sync")
    acme.roastery.syncs.close()
    health = acme.call("GET", f"/v1/connections/{connection_id}").json()["health"]
    assert health["state"] == "needs_consent"
    assert f"--again {connection_id}" in health["what_to_do"]
    answer = acme.call("POST", "/v1/connections/consent", json={"connection_id": connection_id})
    done = acme.client.get(give(answer.json()["url"]))
    assert done.json()["connection_id"] == connection_id
    after = secrets(acme, connection_id)
    assert after["access_token"] not in ("dead", before["access_token"])
    acme.call("POST", f"/v1/connections/{connection_id}/sync")
    acme.roastery.syncs.close()
    assert acme.call("GET", f"/v1/connections/{connection_id}").json()["health"]["state"] == "healthy"


def test_a_state_of_nobody_a_refusal_and_a_strange_code_connect_nothing(acme: Desk, twins: Twins) -> None:
    before = len(acme.call("GET", "/v1/connections").json()["items"])
    assert acme.client.get("/v1/connections/callback?state=guess&code=c").status_code == 401
    assert "access_denied" in acme.client.get("/v1/connections/callback?error=access_denied&state=x").json()["detail"]
    back = give(ask(acme, twins)).replace("code=klaviyo-code", "code=stolen")
    assert acme.client.get(back).status_code == 409
    assert len(acme.call("GET", "/v1/connections").json()["items"]) == before


def test_a_consent_belongs_to_the_organization_that_asked(acme: Desk, twins: Twins) -> None:
    other = open_desk(acme.roastery, "Other")
    connection_id = acme.client.get(give(ask(acme, twins, name="ours"))).json()["connection_id"]
    stranger = other.call("POST", "/v1/connections/consent", json={"connection_id": connection_id})
    assert stranger.status_code == 404
    assert other.call("GET", f"/v1/connections/{connection_id}").status_code == 404
    viewer = acme.call("POST", "/v1/connections/consent", role="viewer", json={"connection_id": connection_id})
    assert viewer.status_code == 403


def test_a_new_secret_key_reads_what_the_old_one_sealed(acme: Desk, twins: Twins) -> None:
    """Keys rotate without downtime: the new one seals, the old one still opens, and resealing lets it go."""
    from roastery.api.security.secrets import Keyring

    connection_id = acme.client.get(give(ask(acme, twins, name="kept"))).json()["connection_id"]
    tokens = secrets(acme, connection_id)
    rotated = Keyring(["a new key", "a secret for tests"])
    with acme.roastery.database.session() as session:
        assert Connections(session, rotated, acme.organization.id).secrets(connection_id) == tokens
        assert reseal(session, rotated) >= 1
    with acme.roastery.database.reading() as session:
        alone = Connections(session, Keyring(["a new key"]), acme.organization.id)
        assert alone.secrets(connection_id) == tokens
    with acme.roastery.database.session() as session:
        reseal(session, Keyring(["a secret for tests", "a new key"]))
