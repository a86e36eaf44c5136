"""Connections with their sealed secrets; implements the connectors' TokenStore."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from roastery.api.errors import NotFound
from roastery.api.security.secrets import Keyring
from roastery.api.store.database import Database
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import ConnectionRow
from roastery.connectors.base import Connection


class Connections:
    """Connections of one organization; a removed one is kept, for its rows still name it."""

    def __init__(self, session: Session, keyring: Keyring, organization_id: str) -> None:
        self._session = session
        self._keyring = keyring
        self._organization_id = organization_id

    def create(
        self,
        provider: str,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        at: datetime,
        *,
        base_url: str | None = None,
        name: str = "",
    ) -> ConnectionRow:
        connection_id = new_id("con")
        row = ConnectionRow(
            id=connection_id,
            organization_id=self._organization_id,
            provider=provider,
            name=name or provider,
            settings=dict(settings),
            base_url=base_url,
            sealed_secrets=self._keyring.seal(secrets, connection_id),
            secret_key_id=self._keyring.sealing_id,
            progress={},
            created_at=at,
        )
        self._session.add(row)
        self._session.flush()
        return row

    def get(self, connection_id: str) -> ConnectionRow:
        row = self._session.get(ConnectionRow, connection_id)
        if row is None or row.organization_id != self._organization_id or row.removed_at is not None:
            raise NotFound("connection", connection_id, [r.id for r in self.list()])
        return row

    def list(self, provider: str | None = None) -> list[ConnectionRow]:
        statement = select(ConnectionRow).where(
            ConnectionRow.organization_id == self._organization_id, ConnectionRow.removed_at.is_(None)
        )
        if provider:
            statement = statement.where(ConnectionRow.provider == provider)
        return list(self._session.scalars(statement.order_by(ConnectionRow.created_at, ConnectionRow.id)))

    @staticmethod
    def of_provider(session: Session, provider: str, connection_id: str | None = None) -> Sequence[ConnectionRow]:
        """Connections of every organization: only to find whose secret has signed what came."""
        statement = select(ConnectionRow).where(ConnectionRow.provider == provider, ConnectionRow.removed_at.is_(None))
        if connection_id is not None:
            statement = statement.where(ConnectionRow.id == connection_id)
        return session.scalars(statement.order_by(ConnectionRow.created_at, ConnectionRow.id)).all()

    def change(self, connection_id: str, **changes: Any) -> ConnectionRow:
        """Change settings, base_url, name, status …; `secrets` is sealed."""
        row = self.get(connection_id)
        secrets = changes.pop("secrets", None)
        if secrets is not None:
            _seal(row, secrets, self._keyring)
        for field, value in changes.items():
            setattr(row, field, value)
        return row

    def secrets(self, connection_id: str) -> dict[str, str]:
        return self._keyring.open(self.get(connection_id).sealed_secrets, connection_id)

    def remove(self, connection_id: str, at: datetime) -> None:
        """Take a connection out of use and forget its secrets; its data stays."""
        row = self.get(connection_id)
        row.removed_at = at
        _seal(row, {}, self._keyring)


class SealedTokens:
    """TokenStore over the database: each read and each rotation is one transaction; `lock` serialises a refresh."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._locks: dict[str, threading.RLock] = defaultdict(threading.RLock)

    def secrets(self, connection_id: str) -> dict[str, str]:
        with self._database.reading() as session:
            row = session.get(ConnectionRow, connection_id)
            if row is None or row.removed_at is not None:
                raise NotFound("connection", connection_id)
            return self._keyring.open(row.sealed_secrets, connection_id)

    def rotate(self, connection_id: str, secrets: Mapping[str, str]) -> None:
        """Store new secrets durably before they are used; the ones not named stay."""
        with self._database.session() as session:
            row = session.get(ConnectionRow, connection_id, with_for_update=True)
            if row is None or row.removed_at is not None:
                raise NotFound("connection", connection_id)
            _seal(row, {**self._keyring.open(row.sealed_secrets, row.id), **secrets}, self._keyring)

    @contextmanager
    def lock(self, connection_id: str) -> Iterator[None]:
        """One refresher of a connection's secrets at a time: within this process, and on PostgreSQL across processes.

        SQLite needs no more: one process owns a home.
        """
        with self._locks[connection_id]:
            if self._database.engine.dialect.name != "postgresql":
                yield
                return
            with self._database.engine.begin() as connection:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(hashtextextended(:id, 7))"), {"id": connection_id}
                )
                yield


def reseal(session: Session, keyring: Keyring) -> int:
    """Seal again with the current key what older keys sealed; returns how many connections changed."""
    rows = session.scalars(select(ConnectionRow).where(ConnectionRow.secret_key_id != keyring.sealing_id)).all()
    for row in rows:
        _seal(row, keyring.open(row.sealed_secrets, row.id), keyring)
    return len(rows)


def as_connection(row: ConnectionRow) -> Connection:
    """What the connectors see of a connection: no secrets."""
    return Connection(
        id=row.id,
        organization_id=row.organization_id,
        provider=row.provider,
        settings=row.settings,
        base_url=row.base_url,
    )


def _seal(row: ConnectionRow, secrets: Mapping[str, str], keyring: Keyring) -> None:
    row.sealed_secrets = keyring.seal(secrets, row.id)
    row.secret_key_id = keyring.sealing_id
    row.version += 1
