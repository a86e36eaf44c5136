"""Who did what: appended in the transaction that does it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import AuditRow


def note(
    session: Session, organization_id: str, actor_id: str, action: str, object_id: str, at: datetime, **detail: Any
) -> None:
    """Append one line. action: verb and noun, such as `key.create`."""
    session.add(
        AuditRow(
            id=new_id("aud"),
            organization_id=organization_id,
            actor_id=actor_id,
            action=action,
            object_id=object_id,
            detail=detail,
            at=at,
        )
    )


def trail(session: Session, organization_id: str, limit: int = 100) -> list[AuditRow]:
    """The newest lines, newest first."""
    statement = select(AuditRow).where(AuditRow.organization_id == organization_id)
    return list(session.scalars(statement.order_by(AuditRow.at.desc(), AuditRow.id).limit(limit)))
