"""Verified answers of an organization."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from roastery.agent.verified import Verified
from roastery.api.errors import NotFound
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import VerifiedAnswerRow


class VerifiedAnswers:
    """They hold for everybody of the organization; each asker's query still runs under their own scope (law 13)."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def bless(self, question: str, calls: Sequence[Mapping[str, Any]], by: str, at: datetime) -> Verified:
        """Blessing the same question again replaces its query."""
        rows = select(VerifiedAnswerRow).where(
            VerifiedAnswerRow.organization_id == self._organization_id, VerifiedAnswerRow.question == question
        )
        row = self._session.scalars(rows).first()
        if row is None:
            row = VerifiedAnswerRow(id=new_id("ver"), organization_id=self._organization_id, question=question)
            self._session.add(row)
        row.calls, row.verified_by, row.created_at = [dict(call) for call in calls], by, at
        self._session.flush()
        return _read(row)

    def all(self) -> list[Verified]:
        """Newest first."""
        rows = select(VerifiedAnswerRow).where(VerifiedAnswerRow.organization_id == self._organization_id)
        ordered = rows.order_by(VerifiedAnswerRow.created_at.desc(), VerifiedAnswerRow.id)
        return [_read(row) for row in self._session.scalars(ordered)]

    def remove(self, verified_id: str) -> Verified:
        row = self._session.get(VerifiedAnswerRow, verified_id)
        if row is None or row.organization_id != self._organization_id:
            raise NotFound("verified answer", verified_id)
        self._session.delete(row)
        return _read(row)


def _read(row: VerifiedAnswerRow) -> Verified:
    return Verified(row.id, row.question, tuple(row.calls), row.verified_by)
