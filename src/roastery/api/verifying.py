"""Blessing an answer: its question and tool calls, or calls given instead, become the organization's verified query."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from roastery.agent.verified import Verified
from roastery.api.security.roles import allow
from roastery.api.store.answers import StoredAnswers
from roastery.api.store.audit import note
from roastery.api.store.verified import VerifiedAnswers
from roastery.tools.base import Actor
from roastery.warehouse.errors import BadQuery
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery


def bless_answer(roastery: "Roastery", organization: Organization, actor: Actor, answer_id: str) -> Verified:
    """An answer as it was given. Errors: NotFound, NotAllowed, BadQuery for one that no query answered."""
    answer = StoredAnswers(roastery.database, organization.id, actor).answer(answer_id)
    if answer.status != "answered":
        raise BadQuery("Only an answer with numbers can be verified; this one asked back or refused.")
    return bless(roastery, organization, actor, answer.question, answer.notes.get("calls", ()))


def bless(
    roastery: "Roastery", organization: Organization, actor: Actor, question: str, calls: Sequence[Mapping[str, Any]]
) -> Verified:
    """A question with the calls that answer it; each must run now. Errors: BadQuery, and those of the tools."""
    from roastery.tools.acts import ActingTool
    from roastery.tools.registry import TOOLS, run

    allow(actor, "import")
    if not question.strip() or not calls:
        raise BadQuery("A verified answer needs its question and at least one tool call.")
    context = roastery.context(organization, actor)
    for call in calls:
        if isinstance(TOOLS[str(call["tool"])], ActingTool):
            raise BadQuery("What acts is approved each time; it cannot be verified once for all.")
        run(str(call["tool"]), call["arguments"], context, keep=False)
    now = roastery.wall.now()
    with roastery.database.session() as session:
        made = VerifiedAnswers(session, organization.id).bless(question.strip(), calls, actor.id, now)
        note(session, organization.id, actor.id, "answer.verify", made.id, now)
    return made


def withdraw(roastery: "Roastery", organization: Organization, actor: Actor, verified_id: str) -> Verified:
    """Later questions are answered without it again."""
    allow(actor, "import")
    now = roastery.wall.now()
    with roastery.database.session() as session:
        gone = VerifiedAnswers(session, organization.id).remove(verified_id)
        note(session, organization.id, actor.id, "answer.unverify", verified_id, now)
    return gone


def verified_of(roastery: "Roastery", organization: Organization) -> tuple[Verified, ...]:
    with roastery.database.reading() as session:
        return tuple(VerifiedAnswers(session, organization.id).all())
