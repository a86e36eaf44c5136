"""Answers a stored Slack event: the question to the analyst, what comes back into the outbox."""

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from roastery.api.delivery.message import Message, message_of
from roastery.api.problems import slack_sentence
from roastery.api.slack.events import Asked, asked_in
from roastery.api.store.database import Database
from roastery.api.store.deliveries import Deliveries
from roastery.api.store.identifiers import new_id
from roastery.api.store.slack import SlackEvents, Workspaces
from roastery.api.store.tables import ConversationRow
from roastery.tools.base import Actor
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

GREETING = (
    "Ask me about your marketing numbers, for example: *What was ROAS by platform last month?* or "
    "*Top five campaigns by attributed revenue in October*."
)
UNKNOWN_TEAM = (
    "This Slack workspace ({team}) is not linked to an organization in Roastery yet. "
    "Its administrator links it with the workspace's id; then ask again."
)

log = structlog.get_logger()


def answer_event(roastery: "Roastery", event_id: str) -> list[str]:
    """Answer an event and give the ids of the deliveries that carry the answer; a handled event gives the same ids.

    A workspace that nobody has linked has no organization to keep a delivery for: its sentence is posted at once.
    """
    events = SlackEvents(roastery.database)
    event = events.get(event_id)
    asked = asked_in(event.payload) if event else None
    if event is None or asked is None:
        return []
    key = f"slack:{event_id}"
    deliveries = Deliveries(roastery.database)
    if event.organization_id is None:
        if event.state == "received":
            _tell_unknown(roastery, event_id, asked)
        return []
    if event.state != "received":
        found = deliveries.find(event.organization_id, key)
        return [found.id] if found else []
    organization = roastery.organization(event.organization_id)
    message = _message(roastery, organization, asked)
    now = roastery.wall.now()
    made = deliveries.open(organization.id, key, "slack", asked.destination, message.as_payload(), now)
    events.finish(event_id, now)
    return [made.id]


def _message(roastery: "Roastery", organization: Organization, asked: Asked) -> Message:
    """The analyst's answer; whatever goes wrong becomes a sentence, because silence is no answer."""
    if not asked.text:
        return Message(text=GREETING, thread=asked.thread)
    try:
        from roastery.api.asking import ask

        if asked.decides:
            return _decided(roastery, organization, asked, *asked.decides)
        actor = actor_of(roastery.database, organization, asked)
        conversation = conversation_of(roastery.database, organization, actor, asked, roastery.wall.now())
        answer = ask(roastery, organization, actor, asked.text, conversation)
    except Exception as error:
        log.error("slack question failed", organization_id=organization.id, error=str(error), exc_info=error)
        return Message(text=slack_sentence(error), thread=asked.thread)
    return message_of(answer, asked.thread)


def _decided(
    roastery: "Roastery", organization: Organization, asked: Asked, approval_id: str, approved: bool
) -> Message:
    """A pressed button: done, or not, by whoever pressed it."""
    from roastery.api.approving import decide

    actor = actor_of(roastery.database, organization, asked)
    made = decide(roastery, organization, actor, approval_id, approved)
    text = f"Done: **{made.title}** is set up." if approved else f"Not done: {made.title} was declined."
    return Message(text=f"{text} (<@{asked.user_id}>)", thread=asked.thread)


def actor_of(database: Database, organization: Organization, asked: Asked) -> Actor:
    """Who asks: the person of the organization who is this Slack user, else a viewer named by Slack's id."""
    with database.reading() as session:
        person = Workspaces(session).user(organization.id, asked.user_id)
        if person is None:
            return Actor(id=f"slack:{asked.team_id}:{asked.user_id}", role="viewer")
        scope = {dimension: tuple(values) for dimension, values in person.row_scope.items()}
        return Actor(id=person.id, role=person.role, row_scope=scope)


def conversation_of(database: Database, organization: Organization, actor: Actor, asked: Asked, at: datetime) -> str:
    """The conversation of a Slack thread, one for each scope that takes part in it."""
    thread = asked.thread or new_id("cnv")
    parts = (organization.id, asked.team_id, asked.destination, thread, actor.eyes)
    conversation_id = f"cnv_{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:19]}"
    with database.session() as session:
        if session.get(ConversationRow, conversation_id) is None:
            session.add(
                ConversationRow(
                    id=conversation_id,
                    organization_id=organization.id,
                    actor_id=actor.id,
                    scope_key=actor.eyes,
                    created_at=at,
                    updated_at=at,
                )
            )
    return conversation_id


def _tell_unknown(roastery: "Roastery", event_id: str, asked: Asked) -> None:
    import asyncio

    from roastery.api.delivery.errors import NotDelivered
    from roastery.api.slack.client import slack_client

    async def post() -> Any:
        client = slack_client(roastery.settings)
        text = UNKNOWN_TEAM.format(team=asked.team_id)
        return await client.chat_postMessage(channel=asked.destination, thread_ts=asked.thread, text=text)

    failed = ""
    try:
        asyncio.run(post())
    except NotDelivered as error:
        failed = error.message
    except Exception as error:  # noqa: BLE001 noted with the event; there is nobody else to tell
        failed = f"The sentence could not be posted ({type(error).__name__})."
    if failed:
        log.warning("slack workspace is not linked", team_id=asked.team_id, reason=failed)
    SlackEvents(roastery.database).finish(event_id, roastery.wall.now(), failed=failed)
