"""What must have its effect once: idempotency keys of imports, ids of signed messages."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from roastery.api.errors import Conflict
from roastery.api.store.database import Database
from roastery.api.store.tables import IdempotencyRow, ReceivedEventRow
from roastery.warehouse.errors import Busy

KEPT_FOR = timedelta(days=7)
TAKEN_FOR_DEAD_AFTER = timedelta(minutes=15)


class IdempotencyKeys:
    """One effect per Idempotency-Key of an organization and operation, as in the IETF draft of that header."""

    def __init__(self, database: Database, organization_id: str, operation: str) -> None:
        self._database = database
        self._organization_id = organization_id
        self._operation = operation

    def begin(self, key: str, request_digest: str, at: datetime) -> dict[str, Any] | None:
        """The stored response of an earlier use, or None when the work is now ours to do.

        Errors: Conflict when the key came with another request; Busy while the first use still runs (a run that
        died is taken over after TAKEN_FOR_DEAD_AFTER).
        """
        try:
            with self._database.session() as session:
                session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < at - KEPT_FOR))
                row = session.get(IdempotencyRow, self._id(key), with_for_update=True)
                if row is None:
                    session.add(self._row(key, request_digest, at))
                    return None
                if row.request_digest != request_digest:
                    raise Conflict(f"The Idempotency-Key '{key}' was already used for another request. Use a new one.")
                if row.response is None:
                    if at - row.created_at < TAKEN_FOR_DEAD_AFTER:
                        raise Busy(f"The first request with the Idempotency-Key '{key}' is still running. Try again.")
                    row.created_at = at
                return row.response
        except IntegrityError:
            raise Busy(f"The first request with the Idempotency-Key '{key}' is still running. Try again.") from None

    def finish(self, key: str, response: dict[str, Any]) -> None:
        with self._database.session() as session:
            session.get_one(IdempotencyRow, self._id(key)).response = response

    def give_up(self, key: str) -> None:
        """The work failed: free the key, so that it can be tried again."""
        with self._database.session() as session:
            row = session.get(IdempotencyRow, self._id(key))
            if row is not None and row.response is None:
                session.delete(row)

    @staticmethod
    def forget_unfinished(database: Database) -> None:
        """Free the keys of requests that a dead process left behind; only for whoever owns the home alone."""
        with database.session() as session:
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.response.is_(None)))

    def _id(self, key: str) -> tuple[str, str, str]:
        return (self._organization_id, self._operation, key)

    def _row(self, key: str, request_digest: str, at: datetime) -> IdempotencyRow:
        return IdempotencyRow(
            organization_id=self._organization_id,
            operation=self._operation,
            key=key,
            request_digest=request_digest,
            created_at=at,
        )


class ReceivedEvents:
    """Ids of signed messages whose rows have landed."""

    def __init__(self, database: Database, organization_id: str) -> None:
        self._database = database
        self._organization_id = organization_id

    def answered(self, message_id: str) -> dict[str, Any] | None:
        with self._database.reading() as session:
            row = session.get(ReceivedEventRow, (self._organization_id, message_id))
            return row.response if row else None

    def keep(self, message_id: str, connection_id: str | None, response: dict[str, Any], at: datetime) -> None:
        """Note a message after its rows have landed: a crash in between lands the same rows again, to no effect."""
        with self._database.session() as session:
            if session.get(ReceivedEventRow, (self._organization_id, message_id)) is None:
                session.add(
                    ReceivedEventRow(
                        organization_id=self._organization_id,
                        message_id=message_id,
                        connection_id=connection_id,
                        response=response,
                        received_at=at,
                    )
                )
