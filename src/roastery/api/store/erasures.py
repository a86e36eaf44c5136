"""Erasures of an organization, and people taken out of what the service itself keeps."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Table, select, update
from sqlalchemy.orm import Session

from roastery.api.store.database import Database
from roastery.api.store.tables import Base, ErasureRow, Instant, OrganizationRow, UserRow, VerifiedAnswerRow
from roastery.warehouse.forgetting import Forgetter

RUNNING, DONE = "running", "done"
ERASED_CAVEAT = "Somebody that this was asked of has been erased."

OWN = frozenset({OrganizationRow.__tablename__, UserRow.__tablename__})
"""What says who works here and how: nobody's customers."""


class Erasures:
    """That people were forgotten; never who."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def begin(self, erasure_id: str, requested_by: str, at: datetime) -> None:
        self._session.add(
            ErasureRow(
                id=erasure_id,
                organization_id=self._organization_id,
                state=RUNNING,
                requested_by=requested_by,
                counts={},
                created_at=at,
            )
        )

    def finish(self, erasure_id: str, counts: Mapping[str, Any], at: datetime) -> ErasureRow:
        row = self._session.get_one(ErasureRow, erasure_id)
        row.state, row.counts, row.finished_at = DONE, {**row.counts, **counts}, at
        return row

    def all(self) -> list[ErasureRow]:
        """Newest first."""
        rows = select(ErasureRow).where(ErasureRow.organization_id == self._organization_id)
        return list(self._session.scalars(rows.order_by(ErasureRow.created_at.desc(), ErasureRow.id)))

    @staticmethod
    def unfinished(session: Session, begun_before: datetime) -> list[ErasureRow]:
        """Of every organization, for the jobs."""
        rows = select(ErasureRow).where(ErasureRow.state == RUNNING, ErasureRow.created_at < begun_before)
        return list(session.scalars(rows))


def sweep(database: Database, organization_id: str, forgetter: Forgetter) -> dict[str, int]:
    """Take forgotten people out of questions, answers, traces, receipts, messages and all else; gives rows by table.

    Swept again, nothing changes. A receipt says that it was; a blessed question that speaks of somebody goes whole.
    """
    changed: dict[str, int] = {}
    with database.session() as session:
        for table, key, row in _rows(session, organization_id):
            new = {name: cleaned(forgetter, value) for name, value in row.items()}
            if new == row:
                continue
            changed[table.name] = changed.get(table.name, 0) + 1
            where = [column == value for column, value in zip(table.primary_key.columns, key, strict=True)]
            if table.name == VerifiedAnswerRow.__tablename__:
                session.execute(table.delete().where(*where))
                continue
            if table.name == "receipts":
                document = new["document"]
                document["caveats"] = [*dict.fromkeys([*document.get("caveats", ()), ERASED_CAVEAT])]
            session.execute(update(table).where(*where).values(**new))
    return changed


def mentions(database: Database, organization_id: str, forgetter: Forgetter) -> dict[str, int]:
    """Rows by table that a sweep would change."""
    found: dict[str, int] = {}
    with database.reading() as session:
        for table, _, row in _rows(session, organization_id):
            if any(cleaned(forgetter, value) != value for value in row.values()):
                found[table.name] = found.get(table.name, 0) + 1
    return found


def mentioning(database: Database, organization_id: str, forgetter: Forgetter) -> list[dict[str, Any]]:
    """The stored rows that speak of somebody, for an export."""
    with database.reading() as session:
        return [
            {"kept_as": table.name, **json.loads(json.dumps(row, default=str))}
            for table, _, row in _rows(session, organization_id)
            if any(cleaned(forgetter, value) != value for value in row.values())
        ]


def cleaned(forgetter: Forgetter, value: Any) -> Any:
    """Plain JSON whose texts and names hold nothing of forgotten people."""
    if isinstance(value, str):
        return forgetter.cleaned(value)
    if isinstance(value, Mapping):
        return {cleaned(forgetter, key): cleaned(forgetter, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [cleaned(forgetter, inner) for inner in value]
    return value


def _rows(session: Session, organization_id: str) -> Iterator[tuple[Table, tuple[Any, ...], dict[str, Any]]]:
    """(table, primary key, texts and documents) of every row of an organization that may speak of a person."""
    for table in Base.metadata.sorted_tables:
        if "organization_id" not in table.columns or table.name in OWN:
            continue
        texts = [c for c in table.columns if not c.primary_key and not c.foreign_keys and _is_text(c.type)]
        if not texts:
            continue
        keys = list(table.primary_key.columns)
        rows = session.execute(select(*keys, *texts).where(table.columns["organization_id"] == organization_id))
        for row in rows.all():
            yield table, tuple(row[: len(keys)]), dict(zip([c.name for c in texts], row[len(keys) :], strict=True))


def _is_text(kind: Any) -> bool:
    return not isinstance(kind, Instant) and isinstance(kind, String | JSON)
