"""A service on an empty home whose Slack is a fake one, and signed requests to it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from roastery.api.app import Roastery, create_app
from roastery.warehouse.organization import Organization
from tests.api.slack.fake_slack import FakeSlack, fake_slack
from tests.api.slack.service import empty_organization, settings_for, signed, with_beans
from tests.once import filled_once
from tests.tools.beans import BEANS, filled_home

Send = Callable[..., Any]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose organization is filled and built as the service builds it; nobody opens it, so it can be copied."""
    rows = filled_home(tmp_path_factory)

    def fill(home: Path) -> None:
        with with_beans(home, "http://127.0.0.1:9/api/", rows) as opened:
            opened.warehouse(BEANS).build()

    return filled_once(tmp_path_factory, "beans-served", fill)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as served:
        yield served


@pytest.fixture
def roastery(tmp_path: Path, slack: FakeSlack, migrated_sqlite: Path) -> Iterator[Roastery]:
    shutil.copy(migrated_sqlite, tmp_path / "roastery.sqlite")
    with Roastery.open(settings_for(tmp_path, f"{slack.url}/api/")) as opened:
        yield opened


@pytest.fixture
def organization(roastery: Roastery) -> Organization:
    """An organization without data."""
    return empty_organization(roastery)


@pytest.fixture
def beans(tmp_path: Path, slack: FakeSlack, filled: Path) -> Iterator[Roastery]:
    """A service whose organization has ten weeks of data."""
    with with_beans(tmp_path / "beans", f"{slack.url}/api/", filled) as opened:
        yield opened


@pytest.fixture
def send(roastery: Roastery) -> Send:
    return sender(roastery)


def sender(roastery: Roastery) -> Send:
    """POST a payload as Slack would; `signature` and `age_seconds` can be forged."""
    client = TestClient(create_app(roastery))

    def post(
        payload: Any, *, signature: str | None = None, age_seconds: int = 0, headers: dict[str, str] | None = None
    ) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        given = signed(body, str(int(roastery.wall.now().timestamp()) - age_seconds))
        if signature is not None:
            given["x-slack-signature"] = signature
        return client.post("/v1/slack/events", content=body, headers={**given, **(headers or {})})

    return post
