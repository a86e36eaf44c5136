"""The service's own tables, as SQLAlchemy 2 typed models; migrations/ makes them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; SQLite, which keeps no offset, gets and gives it back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("An instant needs an offset.")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, dict[str, Any]: Document, list[Any]: Document}  # noqa: RUF012


def _organization(index: bool = True) -> Mapped[str]:
    return mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=index)


class OrganizationRow(Base):
    """settings: the fields of warehouse.organization.Organization besides id and name."""

    __tablename__ = "organizations"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class UserRow(Base):
    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("organization_id", "email"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    email: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    row_scope: Mapped[dict[str, Any]]
    slack_user_id: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[datetime]


class KeyRow(Base):
    """digest: keyed digest of the whole key, which is itself never stored; hint: its last four characters."""

    __tablename__ = "keys"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    row_scope: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ConnectionRow(Base):
    """sealed_secrets: a Keyring's sealed form; version: counts rotations, so that a stale writer is noticed.

    health: how the last sync ended: state, since, why, resume_at, rows.
    """

    __tablename__ = "connections"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    provider: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    settings: Mapped[dict[str, Any]]
    base_url: Mapped[str | None]
    sealed_secrets: Mapped[str]
    secret_key_id: Mapped[str] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(default="new")
    status_detail: Mapped[str] = mapped_column(default="")
    progress: Mapped[dict[str, Any]]
    health: Mapped[dict[str, Any]] = mapped_column(default=dict)
    last_sync_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class ConsentRow(Base):
    """A consent that a person was asked for. sealed: the connection to make, with the code verifier."""

    __tablename__ = "consents"
    state_digest: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    actor_id: Mapped[str]
    actor_role: Mapped[str]
    sealed: Mapped[str]
    expires_at: Mapped[datetime]


class ConversationRow(Base):
    """scope_key: what its asker may see; a conversation is read back under the same scope only (law 13)."""

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    actor_id: Mapped[str]
    scope_key: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AnswerRow(Base):
    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("conversation_id", "position"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
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
    organization_id: Mapped[str] = _organization(index=False)
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ReceiptRow(Base):
    """document: the whole receipt (CONTRACTS section 6), by which the tool runs again."""

    __tablename__ = "receipts"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    scope_key: Mapped[str]
    tool: Mapped[str]
    result_hash: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ImportRow(Base):
    __tablename__ = "imports"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    dataset: Mapped[str]
    accepted: Mapped[int]
    rejected: Mapped[int]
    errors: Mapped[list[Any]]
    created_at: Mapped[datetime]


class ImportMappingRow(Base):
    """How a file of these columns was read when somebody confirmed it. header_digest: of format and columns."""

    __tablename__ = "import_mappings"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    header_digest: Mapped[str] = mapped_column(primary_key=True)
    export: Mapped[str]
    answers: Mapped[dict[str, Any]]
    confirmed_by: Mapped[str]
    confirmed_at: Mapped[datetime]


class IdempotencyRow(Base):
    """One use of an Idempotency-Key. response: what was answered, null while the first use still runs."""

    __tablename__ = "idempotency_keys"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[str]
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class ReceivedEventRow(Base):
    """A signed message whose rows have landed; its id makes a repeat a no-op."""

    __tablename__ = "received_events"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    connection_id: Mapped[str | None]
    response: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(index=True)


class ScheduleRow(Base):
    """What runs again and again. kind: digest, alert, question, sync; target: its arguments; cron in the local zone."""

    __tablename__ = "schedules"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    name: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    cron: Mapped[str]
    target: Mapped[dict[str, Any]]
    enabled: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    last_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class AlertRow(Base):
    """rule: kind, MetricQuery, threshold and destination of one alert."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    name: Mapped[str]
    rule: Mapped[dict[str, Any]]
    enabled: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class AlertFiringRow(Base):
    """One crossing of one alert in one window; the window's key makes a second check of it a no-op."""

    __tablename__ = "alert_firings"
    __table_args__ = (UniqueConstraint("alert_id", "window_key"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    window_key: Mapped[str]
    value: Mapped[str | None]
    receipt_id: Mapped[str | None]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ApprovalRow(Base):
    """What a tool would do, until a person decides. state: waiting, approved, declined, expired; result: what came."""

    __tablename__ = "approvals"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    scope_key: Mapped[str]
    tool: Mapped[str]
    title: Mapped[str]
    will: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str]
    proposed_by: Mapped[str]
    decided_by: Mapped[str]
    result: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class VerifiedAnswerRow(Base):
    """calls: the blessed tool calls, each {tool, arguments}."""

    __tablename__ = "verified_answers"
    __table_args__ = (UniqueConstraint("organization_id", "question"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
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
    organization_id: Mapped[str] = _organization()
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


class SlackWorkspaceRow(Base):
    """Which organization a Slack workspace speaks for. sealed_token is null where the process's own token is used."""

    __tablename__ = "slack_workspaces"
    team_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    sealed_token: Mapped[str | None]
    default_destination: Mapped[str | None]
    created_at: Mapped[datetime]


class SlackEventRow(Base):
    """A Slack event, stored before the 200; its id makes Slack's retry a no-op. state: received, handled, failed."""

    __tablename__ = "slack_events"
    event_id: Mapped[str] = mapped_column(primary_key=True)
    team_id: Mapped[str]
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="received", index=True)
    detail: Mapped[str] = mapped_column(default="")
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]


class DeliveryRow(Base):
    """One thing sent once. dedupe_key: what it is (digest of a week, firing of an alert, answer to an event).

    state: pending, sent, failed; external_id: what the channel calls it (Slack's ts).
    """

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("organization_id", "dedupe_key"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization(index=False)
    dedupe_key: Mapped[str]
    channel: Mapped[str]
    destination: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="pending", index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    external_id: Mapped[str | None]
    detail: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class MemoryRow(Base):
    """What an organization means by words of its own, as a person has confirmed it."""

    __tablename__ = "memories"
    __table_args__ = (UniqueConstraint("organization_id", "said"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    said: Mapped[str]
    meaning: Mapped[str]
    confirmed_by: Mapped[str]
    confirmed_at: Mapped[datetime]


class ExperimentRow(Base):
    """A test of what marketing causes, as it was run. split: what `about` of the document is a value of."""

    __tablename__ = "experiments"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    name: Mapped[str]
    split: Mapped[str]
    document: Mapped[dict[str, Any]]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class ErasureRow(Base):
    """A person forgotten, without saying who. state: running, done; counts: what it changed, by place."""

    __tablename__ = "erasures"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization()
    state: Mapped[str] = mapped_column(index=True)
    requested_by: Mapped[str]
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ExecutorRow(Base):
    """A process that runs durable jobs; one whose beat is old is dead, and its unfinished runs go to another."""

    __tablename__ = "executors"
    id: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[datetime]


class AuditRow(Base):
    """Who did what to which object; written in the transaction that does it."""

    __tablename__ = "audit"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = _organization(index=False)
    actor_id: Mapped[str]
    action: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[dict[str, Any]]
    at: Mapped[datetime]


Index("ix_audit_organization_id_at", AuditRow.organization_id, AuditRow.at)
Index("ix_traces_organization_id_created_at", TraceRow.organization_id, TraceRow.created_at)
Index("ix_answers_organization_id_created_at", AnswerRow.organization_id, AnswerRow.created_at)
