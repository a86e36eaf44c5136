"""What of Slack's Events API is read: a mention of the bot in a channel, or a direct message to it."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MENTION = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>")
LINK = re.compile(r"<(?:[#@!]?)([^|>]+)(?:\|([^>]*))?>")


@dataclass(frozen=True)
class Asked:
    """A question out of Slack. thread: the message under which the answer goes (Slack's ts)."""

    team_id: str
    user_id: str
    destination: str
    thread: str
    text: str


def asked_in(payload: Mapping[str, Any]) -> Asked | None:
    """The question of an event callback; None for what nobody asked the bot (its own messages, edits, joins)."""
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
