"""API keys: made once, shown once, stored as a keyed digest."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from roastery.api.errors import NotFound
from roastery.api.security.roles import checked_role
from roastery.api.security.secrets import Keyring
from roastery.api.store.identifiers import new_id
from roastery.api.store.tables import KeyRow
from roastery.tools.base import Actor

PREFIX = "rst_"
USE_NOTED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class Verified:
    """Whose key it is: the only place where an organization's id comes from (law 13)."""

    organization_id: str
    actor: Actor


class Keys:
    def __init__(self, session: Session, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    def create(
        self,
        organization_id: str,
        role: str,
        at: datetime,
        name: str = "",
        row_scope: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[KeyRow, str]:
        """Make a key; the second value is the key itself, which nobody can read again."""
        key = PREFIX + secrets.token_urlsafe(32)
        row = KeyRow(
            id=new_id("key"),
            organization_id=organization_id,
            name=name,
            role=checked_role(role),
            row_scope={d: list(v) for d, v in (row_scope or {}).items()},
            digest=self._keyring.digests(key)[0],
            hint=key[-4:],
            created_at=at,
        )
        self._session.add(row)
        self._session.flush()
        return row, key

    def verify(self, key: str) -> Verified | None:
        """Who a key stands for, or None; compared in constant time."""
        if not key.startswith(PREFIX):
            return None
        digests = self._keyring.digests(key)
        row = self._session.scalars(select(KeyRow).where(KeyRow.digest.in_(digests))).one_or_none()
        if row is None or not any(hmac.compare_digest(row.digest, digest) for digest in digests):
            return None
        if row.revoked_at is not None:
            return None
        scope = {dimension: tuple(values) for dimension, values in row.row_scope.items()}
        return Verified(row.organization_id, Actor(id=row.id, role=row.role, row_scope=scope))

    def list(self, organization_id: str) -> list[KeyRow]:
        statement = select(KeyRow).where(KeyRow.organization_id == organization_id)
        return list(self._session.scalars(statement.order_by(KeyRow.created_at, KeyRow.id)))

    def revoke(self, organization_id: str, key_id: str, at: datetime) -> KeyRow:
        """Take a key out of use at once; revoking twice changes nothing."""
        row = self._session.get(KeyRow, key_id)
        if row is None or row.organization_id != organization_id:
            raise NotFound("key", key_id)
        row.revoked_at = row.revoked_at or at
        return row
