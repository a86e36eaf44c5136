"""Organizations, who belongs to them, and how they sign in."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from roastery.api.store.tables.base import Base, of_organization


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
    organization_id: Mapped[str] = of_organization()
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
    organization_id: Mapped[str] = of_organization()
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    row_scope: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SlackWorkspaceRow(Base):
    """Which organization a Slack workspace speaks for. sealed_token is null where the process's own token is used."""

    __tablename__ = "slack_workspaces"
    team_id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
    sealed_token: Mapped[str | None]
    default_destination: Mapped[str | None]
    created_at: Mapped[datetime]
