"""Slack's events as they were received, and which organization a workspace speaks for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from roastery.api.errors import Conflict, NotFound
from roastery.api.store.database import Database
from roastery.api.store.tables import SlackEventRow, SlackWorkspaceRow, UserRow


class Workspaces:
    """Slack workspaces by team id."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def link(self, team_id: str, organization_id: str, at: datetime, *, default_destination: str | None = None) -> None:
        """Let a workspace speak for an organization; linking again changes its default destination only.

        Errors: Conflict when it speaks for another organization.
        """
        row = self._session.get(SlackWorkspaceRow, team_id)
        if row is None:
            self._session.add(
                SlackWorkspaceRow(
                    team_id=team_id,
                    organization_id=organization_id,
                    default_destination=default_destination,
                    created_at=at,
                )
            )
        elif row.organization_id != organization_id:
            raise Conflict(f"The Slack workspace '{team_id}' already belongs to another organization. Unlink it there.")
        else:
            row.default_destination = default_destination or row.default_destination

    def unlink(self, team_id: str, organization_id: str) -> None:
        """Errors: NotFound for a workspace that is not the organization's."""
        row = self._session.get(SlackWorkspaceRow, team_id)
        if row is None or row.organization_id != organization_id:
            raise NotFound("Slack workspace", team_id, [known.team_id for known in self.of(organization_id)])
        self._session.delete(row)

    def get(self, team_id: str) -> SlackWorkspaceRow | None:
        return self._session.get(SlackWorkspaceRow, team_id)

    def of(self, organization_id: str) -> list[SlackWorkspaceRow]:
        rows = select(SlackWorkspaceRow).where(SlackWorkspaceRow.organization_id == organization_id)
        return list(self._session.scalars(rows.order_by(SlackWorkspaceRow.team_id)))

    def user(self, organization_id: str, slack_user_id: str) -> UserRow | None:
        """The person of the organization who is this Slack user, if one is known."""
        rows = select(UserRow).where(UserRow.organization_id == organization_id, UserRow.slack_user_id == slack_user_id)
        return self._session.scalars(rows.order_by(UserRow.id)).first()


class SlackEvents:
    """Events by Slack's event_id; each in a transaction of its own, because the 200 promises that it is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self, event_id: str, team_id: str, organization_id: str | None, payload: Mapping[str, Any], at: datetime
    ) -> bool:
        """Store an event; False when Slack had sent it before."""
        try:
            with self._database.session() as session:
                if session.get(SlackEventRow, event_id) is not None:
                    return False
                session.add(
                    SlackEventRow(
                        event_id=event_id,
                        team_id=team_id,
                        organization_id=organization_id,
                        payload=dict(payload),
                        received_at=at,
                    )
                )
        except IntegrityError:
            return False
        return True

    def get(self, event_id: str) -> SlackEventRow | None:
        with self._database.reading() as session:
            return session.get(SlackEventRow, event_id)

    def waiting(self) -> list[str]:
        """Ids of events that were received and not handled, oldest first."""
        with self._database.reading() as session:
            rows = select(SlackEventRow.event_id).where(SlackEventRow.state == "received")
            return list(session.scalars(rows.order_by(SlackEventRow.received_at, SlackEventRow.event_id)))

    def finish(self, event_id: str, at: datetime, *, failed: str = "") -> None:
        """Note that an event needs nothing more; `failed` says why it could not be answered."""
        with self._database.session() as session:
            row = session.get_one(SlackEventRow, event_id)
            row.state, row.detail, row.handled_at = ("failed" if failed else "handled"), failed, at
