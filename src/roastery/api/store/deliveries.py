"""What goes out to people, each thing once: an outbox keyed by what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from roastery.api.store.database import Database
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import DeliveryRow


@dataclass(frozen=True)
class Delivery:
    """One thing to send. attempts counts those begun before: above zero, an earlier one may have got through."""

    id: str
    organization_id: str
    dedupe_key: str
    channel: str
    destination: str
    payload: dict[str, Any]
    state: str
    attempts: int
    external_id: str | None


class Deliveries:
    """The outbox. states: pending, sent, failed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
        self,
        organization_id: str,
        dedupe_key: str,
        channel: str,
        destination: str,
        payload: Mapping[str, Any],
        at: datetime,
    ) -> Delivery:
        """The delivery of this key, made if it is not there yet; an existing one keeps its own payload."""
        try:
            with self._database.session() as session:
                return _read(add(session, organization_id, dedupe_key, channel, destination, payload, at))
        except IntegrityError:
            with self._database.reading() as session:
                return _read(session.scalars(_of_key(organization_id, dedupe_key)).one())

    def find(self, organization_id: str, dedupe_key: str) -> Delivery | None:
        with self._database.reading() as session:
            row = session.scalars(_of_key(organization_id, dedupe_key)).one_or_none()
            return _read(row) if row else None

    def begin(self, delivery_id: str) -> Delivery | None:
        """Note that an attempt begins; None when nothing is left to do. `attempts` is that of before."""
        with self._database.session() as session:
            row = session.get(DeliveryRow, delivery_id, with_for_update=True)
            if row is None or row.state != "pending":
                return None
            before = _read(row)
            row.attempts += 1
            return before

    def sent(self, delivery_id: str, external_id: str | None, at: datetime) -> None:
        with self._database.session() as session:
            row = session.get_one(DeliveryRow, delivery_id)
            row.state, row.external_id, row.sent_at, row.detail = "sent", external_id, at, ""

    def not_sent(self, delivery_id: str, why: str, *, for_good: bool) -> None:
        """Note a failed attempt; for_good when trying again cannot help."""
        with self._database.session() as session:
            row = session.get_one(DeliveryRow, delivery_id)
            row.detail = why
            row.state = "failed" if for_good else row.state

    def pending(self, limit: int = 100) -> list[Delivery]:
        """What is still to be sent, oldest first."""
        with self._database.reading() as session:
            rows = select(DeliveryRow).where(DeliveryRow.state == "pending")
            ordered = rows.order_by(DeliveryRow.created_at, DeliveryRow.id).limit(limit)
            return [_read(row) for row in session.scalars(ordered)]


def add(
    session: Session,
    organization_id: str,
    dedupe_key: str,
    channel: str,
    destination: str,
    payload: Mapping[str, Any],
    at: datetime,
) -> DeliveryRow:
    """Put a delivery into the outbox in somebody's transaction; one of the same key is left as it is."""
    row = session.scalars(_of_key(organization_id, dedupe_key)).one_or_none()
    if row is None:
        row = DeliveryRow(
            id=new_id("dlv"),
            organization_id=organization_id,
            dedupe_key=dedupe_key,
            channel=channel,
            destination=destination,
            payload=dict(payload),
            state="pending",
            attempts=0,
            created_at=at,
        )
        session.add(row)
        session.flush()
    return row


def _of_key(organization_id: str, dedupe_key: str) -> Any:
    return select(DeliveryRow).where(
        DeliveryRow.organization_id == organization_id, DeliveryRow.dedupe_key == dedupe_key
    )


def _read(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        organization_id=row.organization_id,
        dedupe_key=row.dedupe_key,
        channel=row.channel,
        destination=row.destination,
        payload=row.payload,
        state=row.state,
        attempts=row.attempts,
        external_id=row.external_id,
    )
