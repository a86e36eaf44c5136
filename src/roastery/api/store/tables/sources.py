"""Where data comes from: connections, consents, imports, events that were received."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from roastery.api.store.tables.base import Base, of_organization


class ConnectionRow(Base):
    """sealed_secrets: a Keyring's sealed form; version: counts rotations, so that a stale writer is noticed.

    health: how the last sync ended: state, since, why, resume_at, rows.
    """

    __tablename__ = "connections"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
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
    organization_id: Mapped[str] = of_organization()
    actor_id: Mapped[str]
    actor_role: Mapped[str]
    sealed: Mapped[str]
    expires_at: Mapped[datetime]


class ImportRow(Base):
    __tablename__ = "imports"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
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
