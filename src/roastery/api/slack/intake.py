"""Takes Slack's requests: proves them, stores them, and only then says 200."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roastery.api.errors import BadBody, BadSettings
from roastery.api.slack.events import asked_in
from roastery.api.slack.signature import verify
from roastery.api.store.slack import SlackEvents, Workspaces

if TYPE_CHECKING:
    from roastery.api.app import Roastery


@dataclass(frozen=True)
class Received:
    """What to reply, and the event to answer now if it is new and asks something."""

    reply: dict[str, Any]
    event_id: str | None = None


def receive(roastery: "Roastery", headers: Mapping[str, str], body: bytes) -> Received:
    """One request of Slack's Events API. Errors: BadCredential, BadBody, BadSettings."""
    secret = roastery.settings.slack_signing_secret
    if secret is None:
        raise BadSettings("Slack is not set up here. Set SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN.")
    verify(secret.get_secret_value(), headers, body, roastery.wall.now())
    payload = _read(body)
    if payload.get("type") == "url_verification":
        return Received({"challenge": str(payload.get("challenge", ""))})
    event_id = str(payload.get("event_id") or "")
    if payload.get("type") != "event_callback" or not event_id:
        return Received({"ok": True})
    asked = asked_in(payload)
    if asked is None:
        return Received({"ok": True})
    with roastery.database.reading() as session:
        workspace = Workspaces(session).get(asked.team_id)
    organization_id = workspace.organization_id if workspace else None
    is_new = SlackEvents(roastery.database).keep(event_id, asked.team_id, organization_id, payload, roastery.wall.now())
    return Received({"ok": True}, event_id if is_new else None)


def _read(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except ValueError:
        raise BadBody("The Slack event is not JSON.") from None
    if not isinstance(payload, dict):
        raise BadBody("The Slack event is not a JSON object.")
    return payload
