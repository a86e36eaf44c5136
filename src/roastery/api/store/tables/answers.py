"""What was asked, answered and how it is proved; what is remembered, verified, recommended and known by experiment."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from roastery.api.store.tables.base import Base, of_organization


class ConversationRow(Base):
    """scope_key: what its asker may see; a conversation is read back under the same scope only (law 13)."""

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    actor_id: Mapped[str]
    scope_key: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AnswerRow(Base):
    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("conversation_id", "position"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    scope_key: Mapped[str]
    question: Mapped[str]
    status: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class TraceRow(Base):
    """How an answer came about (agent.trace), and what it used of the language model."""

    __tablename__ = "traces"
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[str] = of_organization(index=False)
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ReceiptRow(Base):
    """document: the whole receipt (CONTRACTS section 6), by which the tool runs again."""

    __tablename__ = "receipts"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    scope_key: Mapped[str]
    tool: Mapped[str]
    result_hash: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class VerifiedAnswerRow(Base):
    """calls: the blessed tool calls, each {tool, arguments}."""

    __tablename__ = "verified_answers"
    __table_args__ = (UniqueConstraint("organization_id", "question"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    question: Mapped[str]
    calls: Mapped[list[Any]]
    verified_by: Mapped[str]
    created_at: Mapped[datetime]


class RecommendationRow(Base):
    """What was recommended and what became of it.

    state: proposed, accepted, dismissed, done. key: what it is about. document: action, effect, confidence, the facts
    and receipts behind it, and how its effect is measured. outcome: what was measured after its horizon.
    """

    __tablename__ = "recommendations"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    scope_key: Mapped[str]
    key: Mapped[str] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(default="proposed", index=True)
    owner: Mapped[str] = mapped_column(default="")
    answer_id: Mapped[str] = mapped_column(default="")
    document: Mapped[dict[str, Any]]
    outcome: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    acted_at: Mapped[datetime | None]


class MemoryRow(Base):
    """What an organization means by words of its own, as a person has confirmed it."""

    __tablename__ = "memories"
    __table_args__ = (UniqueConstraint("organization_id", "said"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    said: Mapped[str]
    meaning: Mapped[str]
    confirmed_by: Mapped[str]
    confirmed_at: Mapped[datetime]


class ExperimentRow(Base):
    """A test of what marketing causes, as it was run. split: what `about` of the document is a value of."""

    __tablename__ = "experiments"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    name: Mapped[str]
    split: Mapped[str]
    document: Mapped[dict[str, Any]]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


Index("ix_traces_organization_id_created_at", TraceRow.organization_id, TraceRow.created_at)
Index("ix_answers_organization_id_created_at", AnswerRow.organization_id, AnswerRow.created_at)
