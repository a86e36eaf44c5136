"""Takes Slack's requests: proves them, stores them, and only then says 200."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from roastery.api.errors import BadBody, NotSetUp
from roastery.api.slack.events import asked_in, event_id_of
from roastery.api.slack.signature import verify
from roastery.api.store.slack import SlackEvents, Workspaces

if TYPE_CHECKING:
    from roastery.api.app import Roastery


GREETING = "Ask me about your marketing numbers, for example: What was ROAS by platform last month?"
LOOKING = "Looking it up; the answer comes in this channel."


@dataclass(frozen=True)
class Received:
    """What to reply, and the event to answer now if it is new and asks something."""

    reply: dict[str, Any]
    event_id: str | None = None


def receive(roastery: "Roastery", headers: Mapping[str, str], body: bytes) -> Received:
    """One request of Slack: event, interaction or slash command. Errors: BadCredential, BadBody, NotSetUp."""
    secret = roastery.settings.slack_signing_secret
    if secret is None:
        raise NotSetUp("Slack is not set up here. Set SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN.")
    verify(secret.get_secret_value(), headers, body, roastery.wall.now())
    payload = _read(body, headers)
    if payload.get("type") == "url_verification":
        return Received({"challenge": str(payload.get("challenge", ""))})
    event_id, asked = event_id_of(payload), asked_in(payload)
    if not event_id or asked is None:
        return Received({"ok": True})
    with roastery.database.reading() as session:
        workspace = Workspaces(session).get(asked.team_id)
    organization_id = workspace.organization_id if workspace else None
    is_new = SlackEvents(roastery.database).keep(event_id, asked.team_id, organization_id, payload, roastery.wall.now())
    reply: dict[str, Any] = {"ok": True}
    if payload.get("command"):
        reply = {"response_type": "ephemeral", "text": LOOKING if asked.text else GREETING}
    return Received(reply, event_id if is_new else None)


def _read(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """JSON for events; a form for slash commands, and for interactions with the JSON in its field `payload`."""
    text: bytes | str = body
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if "payload" not in form:
            return dict(form)
        text = form["payload"]
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        raise BadBody("The Slack event is not JSON.") from None
    if not isinstance(payload, dict):
        raise BadBody("The Slack event is not a JSON object.")
    return payload
