"""What of Slack is read: a mention of the bot, a direct message, a slash command, and a pressed button."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MENTION = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>")
DECISIONS = {"approve": True, "decline": False}
"""The action_id of a button, and what it means."""
LINK = re.compile(r"<(?:[#@!]?)([^|>]+)(?:\|([^>]*))?>")


@dataclass(frozen=True)
class Asked:
    """A question out of Slack. thread: the message under which the answer goes (Slack's ts), '' for none.

    decides: the approval that a pressed button decides, and whether it was approved.
    """

    team_id: str
    user_id: str
    destination: str
    thread: str
    text: str
    decides: tuple[str, bool] | None = None


def asked_in(payload: Mapping[str, Any]) -> Asked | None:
    """The question of a payload; None for what nobody asked the bot (its own messages, edits, joins)."""
    if payload.get("type") == "block_actions":
        return _pressed(payload)
    if payload.get("command"):
        return _commanded(payload)
    return _mentioned(payload)


def event_id_of(payload: Mapping[str, Any]) -> str:
    """What makes a payload one, so that Slack's retry of it is taken once; '' where it is none of ours."""
    if payload.get("type") == "block_actions":
        actions = payload.get("actions") or [{}]
        team, user = _inner(payload, "team", "id"), _inner(payload, "user", "id")
        return f"action:{team}:{user}:{actions[0].get('action_ts', '')}:{actions[0].get('value', '')}"
    if payload.get("command"):
        return f"command:{payload.get('trigger_id', '')}"
    return str(payload.get("event_id") or "") if payload.get("type") == "event_callback" else ""


def _pressed(payload: Mapping[str, Any]) -> Asked | None:
    """A button under a proposal: its value is the approval's id, its action_id the decision."""
    actions = payload.get("actions") or []
    action: Mapping[str, Any] = actions[0] if actions else {}
    decision = DECISIONS.get(str(action.get("action_id") or ""))
    user, channel = _inner(payload, "user", "id"), _inner(payload, "channel", "id")
    if decision is None or not user or not channel:
        return None
    return Asked(
        team_id=_inner(payload, "team", "id"),
        user_id=user,
        destination=channel,
        thread=_inner(payload, "message", "thread_ts") or _inner(payload, "message", "ts"),
        text="Approve" if decision else "Decline",
        decides=(str(action.get("value") or ""), decision),
    )


def _commanded(payload: Mapping[str, Any]) -> Asked | None:
    """A slash command: the answer is a message of its own in the channel."""
    user, channel = str(payload.get("user_id") or ""), str(payload.get("channel_id") or "")
    if not user or not channel:
        return None
    return Asked(str(payload.get("team_id") or ""), user, channel, "", plain(str(payload.get("text") or "")))


def _inner(payload: Mapping[str, Any], outer: str, name: str) -> str:
    found = payload.get(outer)
    return str(found.get(name) or "") if isinstance(found, Mapping) else ""


def _mentioned(payload: Mapping[str, Any]) -> Asked | None:
    event = payload.get("event")
    if not isinstance(event, Mapping) or event.get("bot_id") or event.get("subtype"):
        return None
    direct = event.get("type") == "message" and event.get("channel_type") == "im"
    if event.get("type") != "app_mention" and not direct:
        return None
    user, channel, ts = (str(event.get(name) or "") for name in ("user", "channel", "ts"))
    if not user or not channel or not ts:
        return None
    return Asked(
        # A shared channel names the workspace of the author in the event and ours outside of it.
        team_id=str(payload.get("team_id") or event.get("team") or ""),
        user_id=user,
        destination=channel,
        thread=str(event.get("thread_ts") or ts),
        text=plain(str(event.get("text") or "")),
    )


def plain(text: str) -> str:
    """A message as its author typed it: mentions of the bot gone, links as their text, entities as characters.

    >>> plain("<@U1> what was <https://x.example|ROAS> &amp; spend?")
    'what was ROAS & spend?'
    """
    text = MENTION.sub(" ", text)
    text = LINK.sub(lambda found: found[2] or found[1], text)
    return " ".join(html.unescape(text).split())
