"""A service whose Slack is a fake one: its settings, an organization that a workspace speaks for, signed requests."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from roastery.api.app import Roastery
from roastery.api.settings import Settings
from roastery.api.slack.signature import sign
from roastery.api.store.organizations import Organizations, new_organization
from roastery.api.store.slack import Workspaces
from roastery.warehouse.organization import Organization
from tests.tools.beans import BEANS, NOON

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM = "T0001"


def settings_for(home: Path, slack_url: str, **changes: Any) -> Settings:
    return Settings(
        home=home,
        secret_key="a secret key of the tests",
        slack_bot_token="xoxb-test",
        slack_signing_secret=SECRET,
        slack_api_url=slack_url,
        log_level="CRITICAL",
        **changes,
    )


@contextmanager
def with_beans(home: Path, slack_url: str, filled: Path, **changes: Any) -> Iterator[Roastery]:
    """A service whose organization is that of tests/tools/beans.py, its clock fixed at noon of 10 November 2026.

    filled: a home with the organization's tables, and the service's own where it was linked already; it is copied.
    """
    shutil.copytree(filled, home, dirs_exist_ok=True)
    now = NOON.now().isoformat()
    with Roastery.open(settings_for(home, slack_url, now=now, **changes)) as roastery:
        if not (filled / "roastery.sqlite").exists():
            link(roastery, BEANS)
        yield roastery


def link(roastery: Roastery, organization: Organization) -> Organization:
    """Store an organization and let the workspace speak for it."""
    with roastery.database.session() as session:
        Organizations(session).create(organization, roastery.wall.now())
        Workspaces(session).link(TEAM, organization.id, roastery.wall.now(), default_destination="C100")
    return organization


def empty_organization(roastery: Roastery) -> Organization:
    return link(roastery, new_organization("Empty", currency="USD", time_zone="America/Chicago"))


def signed(body: bytes, timestamp: str) -> dict[str, str]:
    """The headers that Slack puts beside a body."""
    return {
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": sign(SECRET, timestamp, body),
        "content-type": "application/json",
    }


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
