"""Alerts and their firings; a firing and the messages that carry it are stored in one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from roastery.api.errors import Conflict, NotFound
from roastery.api.store import deliveries
from roastery.api.store.database import Database
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import AlertFiringRow, AlertRow


@dataclass(frozen=True)
class Alert:
    """rule: a rule of tools/alerts as JSON; destinations: where firings go, each {channel, destination}."""

    id: str
    organization_id: str
    name: str
    rule: dict[str, Any]
    destinations: tuple[dict[str, str], ...]
    created_by: str = ""


@dataclass(frozen=True)
class Outgoing:
    """A message that carries a firing."""

    channel: str
    destination: str
    payload: Mapping[str, Any]


class Alerts:
    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        organization_id: str,
        name: str,
        rule: Mapping[str, Any],
        destinations: Iterable[Mapping[str, str]],
        at: datetime,
        *,
        created_by: str = "",
    ) -> Alert:
        """Store an alert. Errors: Conflict when the organization has one of that name."""
        row = AlertRow(
            id=new_id("alr"),
            organization_id=organization_id,
            name=name,
            rule={"rule": dict(rule), "destinations": [dict(d) for d in destinations]},
            created_by=created_by,
            created_at=at,
        )
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError:
            raise Conflict(f"There is an alert called '{name}' already. Choose another name.") from None
        return _read(row)

    def get(self, organization_id: str, alert_id: str) -> Alert:
        """By id or name."""
        rows = select(AlertRow).where(AlertRow.organization_id == organization_id)
        row = self._session.scalars(rows.where((AlertRow.id == alert_id) | (AlertRow.name == alert_id))).first()
        if row is None:
            raise NotFound("alert", alert_id, self._session.scalars(rows.with_only_columns(AlertRow.name)))
        return _read(row)

    def of(self, organization_id: str) -> list[Alert]:
        rows = select(AlertRow).where(AlertRow.organization_id == organization_id)
        return [_read(row) for row in self._session.scalars(rows.order_by(AlertRow.name))]

    def remove(self, organization_id: str, alert_id: str) -> None:
        self._session.delete(self._session.get_one(AlertRow, self.get(organization_id, alert_id).id))

    def last_windows(self, alert_id: str) -> dict[str, str]:
        """For each slice that has fired, the last day of the window of its latest firing (ISO)."""
        rows = self._session.scalars(select(AlertFiringRow).where(AlertFiringRow.alert_id == alert_id))
        found: dict[str, str] = {}
        for row in rows:
            slice_key, end = str(row.document["slice"]), str(row.document["end"])
            found[slice_key] = max(end, found.get(slice_key, ""))
        return found


def keep_firing(
    database: Database,
    alert: Alert,
    window_key: str,
    *,
    value: str | None,
    receipt_id: str | None,
    document: Mapping[str, Any],
    outgoing: Iterable[Outgoing],
    at: datetime,
) -> list[str]:
    """Store a firing and its messages together; gives the messages' ids, also when they were stored before."""
    outgoing = list(outgoing)
    keys = [f"alert:{alert.id}:{window_key}:{o.channel}:{o.destination}" for o in outgoing]
    try:
        with database.session() as session:
            fired = select(AlertFiringRow).where(
                AlertFiringRow.alert_id == alert.id, AlertFiringRow.window_key == window_key
            )
            if session.scalars(fired).first() is None:
                session.add(
                    AlertFiringRow(
                        id=new_id("fir"),
                        organization_id=alert.organization_id,
                        alert_id=alert.id,
                        window_key=window_key,
                        value=value,
                        receipt_id=receipt_id,
                        document=dict(document),
                        created_at=at,
                    )
                )
                session.flush()
                for key, out in zip(keys, outgoing, strict=True):
                    deliveries.add(session, alert.organization_id, key, out.channel, out.destination, out.payload, at)
    except IntegrityError:
        pass  # another process stored the same firing in this moment
    outbox = deliveries.Deliveries(database)
    found = (outbox.find(alert.organization_id, key) for key in keys)
    return [delivery.id for delivery in found if delivery is not None]


def _read(row: AlertRow) -> Alert:
    return Alert(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        rule=row.rule["rule"],
        destinations=tuple(row.rule["destinations"]),
        created_by=row.created_by,
    )
