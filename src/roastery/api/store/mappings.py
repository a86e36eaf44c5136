"""What was confirmed of exported files, per organization and set of columns."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from roastery.api.store.tables import ImportMappingRow


class ImportMappings:
    """Confirmations of one organization; key: what files of the same format and columns share."""

    def __init__(self, session: Session, organization_id: str) -> None:
        self._session = session
        self._organization_id = organization_id

    def get(self, key: str) -> ImportMappingRow | None:
        return self._session.get(ImportMappingRow, (self._organization_id, digest(key)))

    def confirm(self, key: str, export: str, answers: Mapping[str, str], by: str, at: datetime) -> ImportMappingRow:
        """Remember a confirmation; a later one takes its place."""
        row = self.get(key)
        if row is None:
            row = ImportMappingRow(organization_id=self._organization_id, header_digest=digest(key), export=export)
            self._session.add(row)
        row.answers, row.confirmed_by, row.confirmed_at = dict(answers), by, at
        return row


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
