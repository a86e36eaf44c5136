"""What waits for a person's approval; a decision is made once, and what it led to is kept with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import false, select, update
from sqlalchemy.orm import Session

from roastery.api.errors import Conflict, NotFound
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import ApprovalRow

EXPIRES_AFTER = timedelta(days=7)
GIVEN_UP_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Approval:
    """state: waiting, approved, declined or expired. arguments: the tool's, as they will be run."""

    id: str
    tool: str
    title: str
    will: str
    arguments: Mapping[str, Any]
    state: str
    proposed_by: str
    decided_by: str
    created_at: datetime
    result: Mapping[str, Any]


class Approvals:
    """Of one organization and one scope (law 13)."""

    def __init__(self, session: Session, organization_id: str, scope_key: str) -> None:
        self._session = session
        self._organization_id = organization_id
        self._scope_key = scope_key

    def propose(
        self, tool: str, title: str, will: str, arguments: Mapping[str, Any], proposed_by: str, at: datetime
    ) -> Approval:
        row = ApprovalRow(
            id=new_id("apr"),
            organization_id=self._organization_id,
            scope_key=self._scope_key,
            tool=tool,
            title=title,
            will=will,
            arguments=dict(arguments),
            state="waiting",
            proposed_by=proposed_by,
            decided_by="",
            result={},
            created_at=at,
            decided_at=None,
        )
        self._session.add(row)
        self._session.flush()
        return _read(row)

    def get(self, approval_id: str, now: datetime) -> Approval:
        return _read(self._row(approval_id, now))

    def of(self, now: datetime) -> list[Approval]:
        """Newest first."""
        rows = select(ApprovalRow.id).where(
            ApprovalRow.organization_id == self._organization_id, ApprovalRow.scope_key == self._scope_key
        )
        ids = self._session.scalars(rows.order_by(ApprovalRow.created_at.desc(), ApprovalRow.id)).all()
        return [self.get(id, now) for id in ids]

    def decide(self, approval_id: str, approved: bool, decided_by: str, now: datetime) -> Approval:
        """Take the decision, once. Errors: NotFound, Conflict when it was decided or has expired.

        What was approved and came to nothing, because it failed or the process died, may be approved again.
        """
        row = self._row(approval_id, now)
        state = "approved" if approved else "declined"
        died = (ApprovalRow.state == "approved") & (ApprovalRow.decided_at < now - GIVEN_UP_AFTER)
        unmade = died if approved and not row.result else false()
        taken = self._session.execute(
            update(ApprovalRow)
            .where(ApprovalRow.id == row.id, (ApprovalRow.state == "waiting") | unmade)
            .values(state=state, decided_by=decided_by, decided_at=now)
        )
        if not taken.rowcount:  # type: ignore[attr-defined]
            why = "has waited too long; ask again" if row.state == "expired" else f"was {row.state} already"
            raise Conflict(f"“{row.title}” {why}.")
        self._session.refresh(row)
        return _read(row)

    def give_back(self, approval_id: str) -> None:
        """What could not be done waits again."""
        self._session.get_one(ApprovalRow, approval_id).state = "waiting"

    def keep_result(self, approval_id: str, result: Mapping[str, Any]) -> None:
        self._session.get_one(ApprovalRow, approval_id).result = dict(result)

    def _row(self, approval_id: str, now: datetime) -> ApprovalRow:
        row = self._session.get(ApprovalRow, approval_id)
        if row is None or (row.organization_id, row.scope_key) != (self._organization_id, self._scope_key):
            raise NotFound("approval", approval_id)
        if row.state == "waiting" and now - row.created_at > EXPIRES_AFTER:
            row.state = "expired"
            self._session.flush()
        return row


def _read(row: ApprovalRow) -> Approval:
    return Approval(
        id=row.id,
        tool=row.tool,
        title=row.title,
        will=row.will,
        arguments=row.arguments,
        state=row.state,
        proposed_by=row.proposed_by,
        decided_by=row.decided_by,
        created_at=row.created_at,
        result=row.result,
    )
