"""What happens by itself or after a yes: schedules, alerts, approvals, deliveries."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from roastery.api.store.tables.base import Base, of_organization


class ScheduleRow(Base):
    """What runs again and again. kind: digest, alert, question, sync; target: its arguments; cron in the local zone."""

    __tablename__ = "schedules"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = of_organization()
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
    organization_id: Mapped[str] = of_organization()
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
    organization_id: Mapped[str] = of_organization()
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
    organization_id: Mapped[str] = of_organization()
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
    organization_id: Mapped[str] = of_organization(index=False)
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
