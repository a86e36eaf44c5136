"""What an organization means by its own words: proposed in a conversation, kept once a person confirms it."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from roastery.agent.answer import Answer
from roastery.agent.planner.memory import Meaning, stated
from roastery.api.errors import BadBody, NotFound
from roastery.api.security.roles import allow
from roastery.api.store.audit import note
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import MemoryRow
from roastery.tools.acts import Proposal
from roastery.tools.base import Actor
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery
    from roastery.api.approving import ServiceActions

REMEMBER = "remember"
LONGEST_SAID, LONGEST_MEANING = 60, 200


class Memories:
    """Of one organization; no other one reads them (law 13)."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def all(self) -> list[MemoryRow]:
        """Newest first."""
        rows = select(MemoryRow).where(MemoryRow.organization_id == self._organization_id)
        return list(self._session.scalars(rows.order_by(MemoryRow.confirmed_at.desc(), MemoryRow.id)))

    def keep(self, said: str, meaning: str, by: str, at: datetime) -> MemoryRow:
        """Another meaning of the same words takes the place of the one before."""
        row = next((row for row in self.all() if row.said == said), None)
        if row is None:
            row = MemoryRow(id=new_id("mem"), organization_id=self._organization_id, said=said)
            self._session.add(row)
        row.meaning, row.confirmed_by, row.confirmed_at = meaning, by, at
        self._session.flush()
        return row

    def remove(self, memory_id: str) -> MemoryRow:
        row = self._session.get(MemoryRow, memory_id)
        if row is None or row.organization_id != self._organization_id:
            raise NotFound("memory", memory_id)
        self._session.delete(row)
        return row


def memories(roastery: "Roastery", organization: Organization) -> list[dict[str, Any]]:
    with roastery.database.reading() as session:
        return [memory_json(row) for row in Memories(session, organization.id).all()]


def meanings(roastery: "Roastery", organization: Organization) -> list[Meaning]:
    """As the planner uses them."""
    with roastery.database.reading() as session:
        return [
            Meaning(row.said, row.meaning, row.confirmed_at.astimezone(organization.zone).date())
            for row in Memories(session, organization.id).all()
        ]


def remember(roastery: "Roastery", organization: Organization, actor: Actor, said: str, meaning: str) -> dict[str, Any]:
    """Keep what a person has confirmed. Errors: NotAllowed below analyst; BadBody."""
    allow(actor, "import")
    said, meaning = " ".join(said.lower().split()), " ".join(meaning.split())
    if not said or len(said) > LONGEST_SAID or not meaning or len(meaning) > LONGEST_MEANING:
        raise BadBody(f"Words of at most {LONGEST_SAID} characters, and a meaning of at most {LONGEST_MEANING}.")
    if said == meaning.lower():
        raise BadBody(f"'{said}' already means itself.")
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row = Memories(session, organization.id).keep(said, meaning, actor.id, roastery.clock_of(organization).now())
        note(session, organization.id, actor.id, "memory.keep", row.id, now)
        return memory_json(row)


def forget(roastery: "Roastery", organization: Organization, actor: Actor, memory_id: str) -> dict[str, Any]:
    """Errors: NotAllowed below analyst; NotFound."""
    allow(actor, "import")
    with roastery.database.session() as session:
        row = Memories(session, organization.id).remove(memory_id)
        note(session, organization.id, actor.id, "memory.remove", row.id, roastery.wall.now())
        return memory_json(row)


def proposed(roastery: "Roastery", actions: "ServiceActions", question: str, conversation_id: str) -> Answer | None:
    """Where somebody says what their words mean: the answer that asks for a confirmation; None for anything else."""
    organization = actions.organization
    today = roastery.clock_of(organization).today(organization.time_zone)
    statement = stated(question, today)
    if statement is None:
        return None
    said, meaning = statement
    will = f"From then on “{said}” is read as {meaning} in every question of this organization, and answers say so."
    title = f"what “{said}” means"
    document = {"said": said, "meaning": meaning}
    approval = {"id": actions.propose(REMEMBER, document, Proposal(title, will, document)), "tool": REMEMBER}
    return Answer(
        answer_id=new_id("ans"),
        conversation_id=conversation_id,
        question=question,
        status="clarify",
        text=f"{will}\n\nShall I remember that? Say yes or no.",
        notes={"approvals": [{**approval, "title": title, "will": will, "arguments": document, "state": "waiting"}]},
    )


def do_remember(actions: "ServiceActions", document: Mapping[str, Any]) -> Mapping[str, Any]:
    made = remember(actions.roastery, actions.organization, actions.actor, document["said"], document["meaning"])
    return {"memory_id": made["id"], "said": made["said"], "meaning": made["meaning"]}


def memory_json(row: MemoryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "said": row.said,
        "meaning": row.meaning,
        "confirmed_by": row.confirmed_by,
        "confirmed_at": row.confirmed_at.isoformat(),
    }
