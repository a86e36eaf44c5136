"""A service on an empty home whose Slack is a fake one, and signed requests to it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from roastery.api.app import Roastery, create_app
from roastery.api.settings import Settings
from roastery.api.slack.signature import sign
from roastery.api.store.organizations import Organizations, new_organization
from roastery.api.store.slack import Workspaces
from roastery.warehouse.organization import Organization
from tests.api.slack.fake_slack import FakeSlack, fake_slack

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM = "T0001"


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as served:
        yield served


@pytest.fixture
def settings(tmp_path: Path, slack: FakeSlack) -> Settings:
    return Settings(
        home=tmp_path,
        secret_key="a secret key of the tests",
        slack_bot_token="xoxb-test",
        slack_signing_secret=SECRET,
        slack_api_url=f"{slack.url}/api/",
        log_level="CRITICAL",
    )


@pytest.fixture
def roastery(settings: Settings) -> Iterator[Roastery]:
    with Roastery.open(settings) as opened:
        yield opened


@pytest.fixture
def organization(roastery: Roastery) -> Organization:
    made = new_organization("Beans", currency="USD", time_zone="America/Chicago")
    with roastery.database.session() as session:
        Organizations(session).create(made, roastery.wall.now())
        Workspaces(session).link(TEAM, made.id, roastery.wall.now(), default_destination="C100")
    return made


@pytest.fixture
def client(roastery: Roastery) -> TestClient:
    return TestClient(create_app(roastery))


Send = Callable[..., Any]


@pytest.fixture
def send(client: TestClient, roastery: Roastery) -> Send:
    """POST a payload as Slack would; `signature` and `timestamp` can be forged."""

    def post(
        payload: Any, *, signature: str | None = None, age_seconds: int = 0, headers: dict[str, str] | None = None
    ) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        timestamp = str(int(roastery.wall.now().timestamp()) - age_seconds)
        signed = {
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature if signature is not None else sign(SECRET, timestamp, body),
            "content-type": "application/json",
        }
        return client.post("/v1/slack/events", content=body, headers={**signed, **(headers or {})})

    return post


def mention(text: str, *, event_id: str = "Ev01", team: str = TEAM, **event: Any) -> dict[str, Any]:
    """An app_mention as Slack sends it."""
    return {
        "token": "unused",
        "team_id": team,
        "api_app_id": "A1",
        "type": "event_callback",
        "event_id": event_id,
        "event_time": 1700000000,
        "event": {
            "type": "app_mention",
            "user": "U42",
            "text": f"<@UBOT> {text}",
            "ts": "1699999999.000100",
            "channel": "C100",
            "event_ts": "1699999999.000100",
            **event,
        },
    }
