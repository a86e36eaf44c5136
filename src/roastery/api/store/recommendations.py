"""The ledger of recommendations: who takes care of one, what state it is in, and what was measured afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from roastery.agent.answer import Measure, Recommendation
from roastery.api.errors import Conflict, NotFound
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import RecommendationRow
from roastery.warehouse.errors import UnknownName

STATES = ("proposed", "accepted", "dismissed", "done")
OPEN = ("proposed", "accepted")
ACTED = ("accepted", "done")
MADE_AGAIN_AFTER = timedelta(days=28)
"""What was recommended, or dismissed, is not recommended again before this."""


@dataclass(frozen=True)
class Kept:
    """One recommendation of the ledger. basis: its facts as they were. outcome: {} until it was followed up."""

    id: str
    state: str
    owner: str
    answer_id: str
    action: str
    expected_effect: str
    confidence: str
    kind: str
    measure: Measure | None
    basis: Sequence[Mapping[str, Any]]
    receipts: Sequence[str]
    metrics: Sequence[str]
    outcome: Mapping[str, Any]
    created_at: datetime
    acted_at: datetime | None


class Recommendations:
    """Of one organization and one scope (law 13)."""

    def __init__(self, session: Session, organization_id: str, scope_key: str) -> None:
        self._session = session
        self._organization_id = organization_id
        self._scope_key = scope_key

    def keep(
        self, made: Recommendation, facts: Sequence[Mapping[str, Any]], answer_id: str, at: datetime
    ) -> Kept | None:
        """Write one down; None where the same stands in the ledger already, open or not long ago."""
        if any(
            r.state in OPEN or at - r.created_at < MADE_AGAIN_AFTER for r in self._session.scalars(self._same(made))
        ):
            return None
        document = made.model_dump(mode="json", exclude={"basis"})
        document["basis"] = [dict(fact) for fact in facts]
        row = RecommendationRow(
            id=new_id("rec"),
            organization_id=self._organization_id,
            scope_key=self._scope_key,
            key=made.key,
            state="proposed",
            owner="",
            answer_id=answer_id,
            document=document,
            outcome={},
            created_at=at,
            changed_at=at,
            acted_at=None,
        )
        self._session.add(row)
        self._session.flush()
        return _read(row)

    def of(self, state: str | None = None) -> list[Kept]:
        """Newest first. Errors: UnknownName for a state that there is not."""
        rows = select(RecommendationRow).where(
            RecommendationRow.organization_id == self._organization_id, RecommendationRow.scope_key == self._scope_key
        )
        if state is not None:
            rows = rows.where(RecommendationRow.state == _known(state))
        ordered = rows.order_by(RecommendationRow.created_at.desc(), RecommendationRow.id)
        return [_read(row) for row in self._session.scalars(ordered)]

    def get(self, recommendation_id: str) -> Kept:
        return _read(self._row(recommendation_id))

    def change(self, recommendation_id: str, at: datetime, state: str | None = None, owner: str | None = None) -> Kept:
        """Move it on, or give it to somebody. Errors: NotFound, UnknownName; Conflict for what is closed."""
        row = self._row(recommendation_id)
        if state is not None and _known(state) != row.state:
            if row.state not in OPEN:
                raise Conflict(f"This recommendation is {row.state} already.")
            if state == "proposed":
                raise Conflict("An accepted recommendation is either done or dismissed.")
            row.state, row.changed_at = state, at
            if state in ACTED and row.acted_at is None:
                row.acted_at = at
        if owner is not None:
            row.owner, row.changed_at = owner, at
        self._session.flush()
        return _read(row)

    def due(self, now: datetime, week: str) -> list[Kept]:
        """What was acted on, has a measure, and whose horizon is over, but which no earlier week has followed up."""
        acted = [one for state in ACTED for one in self.of(state)]
        open_ones = [one for one in acted if not one.outcome or one.outcome.get("week") == week]
        return [one for one in open_ones if one.measure and one.acted_at and _over(one, now)]

    def keep_outcome(self, recommendation_id: str, outcome: Mapping[str, Any]) -> None:
        self._row(recommendation_id).outcome = dict(outcome)

    def _same(self, made: Recommendation) -> Any:
        return select(RecommendationRow).where(
            RecommendationRow.organization_id == self._organization_id,
            RecommendationRow.scope_key == self._scope_key,
            RecommendationRow.key == made.key,
        )

    def _row(self, recommendation_id: str) -> RecommendationRow:
        row = self._session.get(RecommendationRow, recommendation_id)
        if row is None or (row.organization_id, row.scope_key) != (self._organization_id, self._scope_key):
            raise NotFound("recommendation", recommendation_id)
        return row


def seen_by(found: Sequence[Kept], refused: Any) -> list[Kept]:
    """Those whose facts are all for the eyes that look. refused: raises for metrics that are not."""
    from roastery.warehouse.errors import NotAllowed

    kept = []
    for one in found:
        try:
            refused(one.metrics)
        except NotAllowed:
            continue
        kept.append(one)
    return kept


def as_json(one: Kept) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "owner": one.owner,
        "action": one.action,
        "expected_effect": one.expected_effect,
        "confidence": one.confidence,
        "kind": one.kind,
        "measure": one.measure.model_dump(mode="json") if one.measure else None,
        "basis": [dict(fact) for fact in one.basis],
        "receipts": list(one.receipts),
        "answer_id": one.answer_id,
        "outcome": dict(one.outcome),
        "created_at": one.created_at.isoformat(),
        "acted_at": one.acted_at.isoformat() if one.acted_at else None,
    }


def _known(state: str) -> str:
    if state not in STATES:
        raise UnknownName("state", state, STATES)
    return state


def _over(one: Kept, now: datetime) -> bool:
    assert one.measure is not None
    assert one.acted_at is not None
    return now - one.acted_at > timedelta(days=one.measure.horizon_days + 1)


def _read(row: RecommendationRow) -> Kept:
    document = row.document
    basis = document.get("basis", [])
    measure = Measure.model_validate(document["measure"]) if document.get("measure") else None
    metrics = {str(fact["metric"]).split("__")[0] for fact in basis} | ({measure.metric} if measure else set())
    return Kept(
        id=row.id,
        state=row.state,
        owner=row.owner,
        answer_id=row.answer_id,
        action=document["action"],
        expected_effect=document["expected_effect"],
        confidence=document["confidence"],
        kind=document.get("kind", ""),
        measure=measure,
        basis=basis,
        receipts=list(dict.fromkeys(fact["receipt_id"] for fact in basis)),
        metrics=sorted(metrics),
        outcome=row.outcome,
        created_at=row.created_at,
        acted_at=row.acted_at,
    )
