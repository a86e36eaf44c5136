"""People of an organization: who asks in Slack, with which role and what they may see."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from roastery.api.errors import Conflict, NotFound
from roastery.api.security.roles import checked_role
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import UserRow


class Users:
    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def create(
        self,
        email: str,
        role: str,
        at: datetime,
        *,
        name: str = "",
        slack_user_id: str | None = None,
        row_scope: Mapping[str, tuple[str, ...]] | None = None,
    ) -> UserRow:
        """A new person. Errors: UnknownName for the role, Conflict when the address is taken."""
        row = UserRow(
            id=new_id("usr"),
            organization_id=self._organization_id,
            email=email.strip().lower(),
            name=name,
            role=checked_role(role),
            row_scope={dimension: list(values) for dimension, values in (row_scope or {}).items()},
            slack_user_id=slack_user_id,
            created_at=at,
        )
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            raise Conflict(f"There is a person with the address '{row.email}' already.") from None
        return row

    def list(self) -> list[UserRow]:
        rows = select(UserRow).where(UserRow.organization_id == self._organization_id)
        return list(self._session.scalars(rows.order_by(UserRow.created_at, UserRow.id)))

    def remove(self, user_id: str) -> UserRow:
        row = self._session.get(UserRow, user_id)
        if row is None or row.organization_id != self._organization_id:
            raise NotFound("user", user_id)
        self._session.delete(row)
        return row
