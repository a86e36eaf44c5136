"""Conversations and their answers, of one organization and one scope (the AnswerStore)."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from roastery.agent.answer import Answer
from roastery.api.errors import NotFound
from roastery.api.store.database import Database
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import AnswerRow, ConversationRow, TraceRow
from roastery.tools.base import Actor


class StoredAnswers:
    """A conversation is read back only in its organization and under its scope (law 13)."""

    def __init__(self, database: Database, organization_id: str, actor: Actor) -> None:
        self._database = database
        self._organization_id = organization_id
        self._actor = actor

    def open(self, conversation_id: str | None, at: datetime) -> str:
        """The id of a conversation: the one given, if it is the asker's to continue, else a new one.

        A new one is written with its first answer, in the same transaction.
        """
        if conversation_id is None:
            return new_id("cnv")
        with self._database.session() as session:
            self._conversation(session, conversation_id).updated_at = at
        return conversation_id

    def keep(self, answer: Answer, at: datetime) -> None:
        """Append an answer to its conversation, made if it is new; keeping the same one twice changes nothing."""
        with self._database.session() as session:
            position = 0
            if session.get(ConversationRow, answer.conversation_id) is None:
                session.add(self._new_conversation(answer.conversation_id, at))
                session.flush()
            else:
                self._conversation(session, answer.conversation_id).updated_at = at
                if session.get(AnswerRow, answer.answer_id) is not None:
                    return
                taken = select(func.count()).where(AnswerRow.conversation_id == answer.conversation_id)
                position = session.scalar(taken) or 0
            session.add(
                AnswerRow(
                    id=answer.answer_id,
                    organization_id=self._organization_id,
                    conversation_id=answer.conversation_id,
                    position=position,
                    scope_key=self._actor.eyes,
                    question=answer.question,
                    status=answer.status,
                    document=answer.model_dump(mode="json"),
                    created_at=at,
                )
            )
            if answer.trace:
                session.flush()
                session.add(
                    TraceRow(
                        answer_id=answer.answer_id,
                        organization_id=self._organization_id,
                        input_tokens=answer.trace["input_tokens"],
                        output_tokens=answer.trace["output_tokens"],
                        document=answer.trace,
                        created_at=at,
                    )
                )

    def trace(self, answer_id: str) -> dict[str, Any]:
        """How an answer came about. Errors: NotFound, also for one that no model or tool took part in."""
        self.answer(answer_id)
        with self._database.reading() as session:
            row = session.get(TraceRow, answer_id)
            if row is None:
                raise NotFound("trace", answer_id)
            return row.document

    def tokens_since(self, since: datetime) -> tuple[int, int]:
        """Tokens that the organization's questions asked and were given from an instant on, whoever asked."""
        with self._database.reading() as session:
            given, made = session.execute(
                select(
                    func.coalesce(func.sum(TraceRow.input_tokens), 0),
                    func.coalesce(func.sum(TraceRow.output_tokens), 0),
                ).where(TraceRow.organization_id == self._organization_id, TraceRow.created_at >= since)
            ).one()
            return int(given), int(made)

    def answers(self, conversation_id: str) -> list[Answer]:
        """The answers of a conversation, oldest first."""
        with self._database.reading() as session:
            self._conversation(session, conversation_id)
            rows = session.scalars(
                select(AnswerRow).where(AnswerRow.conversation_id == conversation_id).order_by(AnswerRow.position)
            )
            return [Answer.model_validate(row.document) for row in rows]

    def answer(self, answer_id: str) -> Answer:
        with self._database.reading() as session:
            row = session.get(AnswerRow, answer_id)
            if row is None or (row.organization_id, row.scope_key) != (self._organization_id, self._actor.eyes):
                raise NotFound("answer", answer_id)
            return Answer.model_validate(row.document)

    def _new_conversation(self, conversation_id: str, at: datetime) -> ConversationRow:
        return ConversationRow(
            id=conversation_id,
            organization_id=self._organization_id,
            actor_id=self._actor.id,
            scope_key=self._actor.eyes,
            created_at=at,
            updated_at=at,
        )

    def _conversation(self, session: Session, conversation_id: str) -> ConversationRow:
        row = session.get(ConversationRow, conversation_id, with_for_update=True)
        if row is None or (row.organization_id, row.scope_key) != (self._organization_id, self._actor.eyes):
            raise NotFound("conversation", conversation_id)
        return row
