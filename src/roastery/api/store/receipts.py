"""Receipts; implements the tools' Ledger for one organization and one scope."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from roastery.api.store.database import Database
from roastery.api.store.tables import ReceiptRow
from roastery.tools.base import Receipt


class StoredLedger:
    """Receipts by id, of one organization; one kept under a scope is read back under the same scope only (law 13)."""

    def __init__(self, database: Database, organization_id: str, scope_key: str) -> None:
        self._database = database
        self._organization_id = organization_id
        self._scope_key = scope_key

    def keep(self, receipt: Receipt) -> None:
        """Store a receipt; keeping the same one twice changes nothing."""
        row = insert(ReceiptRow).values(
            id=receipt.id,
            organization_id=self._organization_id,
            scope_key=self._scope_key,
            tool=receipt.tool,
            result_hash=receipt.result_hash,
            document=receipt.model_dump(mode="json"),
            created_at=receipt.created_at,
        )
        try:
            with self._database.session() as session:
                session.execute(row)
        except IntegrityError:
            if self.receipt(receipt.id) is None:
                raise

    def receipt(self, receipt_id: str) -> Receipt | None:
        with self._database.reading() as session:
            row = session.scalars(
                select(ReceiptRow).where(
                    ReceiptRow.id == receipt_id,
                    ReceiptRow.organization_id == self._organization_id,
                    ReceiptRow.scope_key == self._scope_key,
                )
            ).one_or_none()
            return Receipt.model_validate(row.document) if row else None

    def latest(self, limit: int = 20) -> list[Receipt]:
        """The newest receipts, newest first."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(ReceiptRow)
                .where(ReceiptRow.organization_id == self._organization_id, ReceiptRow.scope_key == self._scope_key)
                .order_by(ReceiptRow.created_at.desc(), ReceiptRow.id)
                .limit(limit)
            )
            return [Receipt.model_validate(row.document) for row in rows]

    def since(self, instant: datetime, tool: str, limit: int = 100) -> list[Receipt]:
        """The newest receipts of a tool made from an instant on, newest first."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(ReceiptRow)
                .where(
                    ReceiptRow.organization_id == self._organization_id,
                    ReceiptRow.scope_key == self._scope_key,
                    ReceiptRow.tool == tool,
                    ReceiptRow.created_at >= instant,
                )
                .order_by(ReceiptRow.created_at.desc(), ReceiptRow.id)
                .limit(limit)
            )
            return [Receipt.model_validate(row.document) for row in rows]
