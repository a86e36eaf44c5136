"""Questions in words: the agent, with its conversation and its answers kept."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from roastery.agent.answer import Answer
from roastery.api.store.answers import StoredAnswers
from roastery.tools.base import Actor
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery


def ask(
    roastery: "Roastery",
    organization: Organization,
    actor: Actor,
    question: str,
    conversation_id: str | None = None,
) -> Answer:
    """Answer a question and keep the answer in its conversation. Errors: NotFound for another's conversation."""
    answers = StoredAnswers(roastery.database, organization.id, actor)
    conversation = answers.open(conversation_id, roastery.wall.now())
    answer = roastery.analyst.ask(question, roastery.context(organization, actor), conversation)
    answers.keep(answer, roastery.wall.now())
    return answer


def stream(
    roastery: "Roastery",
    organization: Organization,
    actor: Actor,
    question: str,
    conversation_id: str | None = None,
) -> Iterator[tuple[str, Any]]:
    """(`step` | `token` | `answer`, data) as they come: steps, verified sentences, at last the whole answer."""
    answers = StoredAnswers(roastery.database, organization.id, actor)
    conversation = answers.open(conversation_id, roastery.wall.now())
    context = roastery.context(organization, actor)

    def events() -> Iterator[tuple[str, Any]]:
        for event in roastery.analyst.stream(question, context, conversation):
            if isinstance(event, Answer):
                answers.keep(event, roastery.wall.now())
                yield "answer", event.model_dump(mode="json")
            else:
                yield event

    return events()
