"""What the service keeps of itself: erasures, executors, the audit."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from roastery.api.store.tables.base import Base, of_organization


class ErasureRow(Base):
    """A person forgotten, without saying who. state: running, done; counts: what it changed, by place."""

    __tablename__ = "erasures"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
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
    organization_id: Mapped[str] = of_organization(index=False)
    actor_id: Mapped[str]
    action: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[dict[str, Any]]
    at: Mapped[datetime]


Index("ix_audit_organization_id_at", AuditRow.organization_id, AuditRow.at)
