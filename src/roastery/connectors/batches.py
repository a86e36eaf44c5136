"""Pages as the warehouse lands them: some together, in one transaction with the last of their cursors.

Reads of several slices may lie in one batch: each record and each completed read names its own.
"""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from roastery.connectors.base import Connection, Page, Resource
from roastery.connectors.errors import UnknownShape
from roastery.connectors.throttle import Stopwatch
from roastery.warehouse.raw import CompletedRead, RawBatch, RawRecord, SourceProgress

MISSHAPEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What reading a record or an answer of another shape raises."""

BATCH_ROWS = 10_000
BATCH_SECONDS = 5.0
"""A landing costs much the same for a page or for many; more than this is not left at risk."""


@dataclass
class Waiting:
    """Pages that will land together."""

    stopwatch: Stopwatch
    pages: list[Page] = field(default_factory=list)
    batches: list[RawBatch] = field(default_factory=list)
    since: float = 0.0

    def add(self, page: Page, batch: RawBatch) -> None:
        if not self.pages:
            self.since = self.stopwatch()
        self.pages.append(page)
        self.batches.append(batch)

    def is_full(self, rows: int) -> bool:
        held = sum(len(batch.records) for batch in self.batches)
        return held >= rows or self.stopwatch() - self.since >= BATCH_SECONDS

    def merged(self, data_as_of: datetime | None) -> RawBatch:
        """One batch of all records with the last cursor; of what pages say of the source, the last word holds."""
        last = self.batches[-1]
        told = [batch.progress for batch in self.batches]
        return replace(
            last,
            records=[record for batch in self.batches for record in batch.records],
            completes=[read for batch in self.batches for read in batch.completed],
            progress=SourceProgress(
                data_as_of,
                next((p.complete_through for p in reversed(told) if p.complete_through), None),
                next((p.history_since for p in reversed(told) if p.history_since), None),
            ),
        )

    def clear(self) -> None:
        self.pages, self.batches = [], []


def batch_of(page: Page, resource: Resource, connection: Connection, provider: str, title: str = "") -> RawBatch:
    """A page as the warehouse lands it. Errors: UnknownShape where a record lacks what the resource expects."""
    for path in resource.expects:
        if not _have(page.records, path.split(".")):
            raise UnknownShape(
                f"{title} no longer gives '{path}' for {resource.name}. What was read before stays; nothing new is "
                "taken until this version knows the new form."
            )
    return RawBatch(
        connection_id=connection.id,
        source=provider,
        resource=resource.name,
        records=[*_raw(page, resource), *(RawRecord(key, {}, deleted=True) for key in page.deleted)],
        # A copy to the bottom: the source goes on while this waits, and what it then changes has not landed yet.
        cursor=deepcopy(dict(page.cursor.state)),
        read_id=page.read_id,
        completes=CompletedRead(page.replaces.scope, page.replaces.days, page.read_id) if page.replaces else None,
        personal=resource.personal,
        progress=SourceProgress(None, page.complete_through, page.history_since),
    )


def _have(records: Sequence[Any], steps: Sequence[str]) -> bool:
    """Whether each of the records has what the steps lead to."""
    first, *rest = steps
    if not all(isinstance(record, dict | Mapping) and first in record for record in records):
        return False
    return not rest or _have([record[first] for record in records], rest)


def _raw(page: Page, resource: Resource) -> list[RawRecord]:
    if resource.partition is None:
        return [RawRecord(resource.key(record), record) for record in page.records]
    place, read_id, unread_at = resource.partition, page.read_id, page.unread_at
    if unread_at is None:
        return [RawRecord(resource.key(record), record, *place(record), False, read_id) for record in page.records]
    found = []
    for record in page.records:
        try:
            found.append(RawRecord(resource.key(record), record, *place(record), False, read_id))
        except MISSHAPEN:
            # Without a day or a key it would stop its whole report. It lands where the build meets it once.
            own = hashlib.sha256(repr(record).encode(errors="replace")).hexdigest()
            found.append(RawRecord(f"unread:{own}", record, *unread_at, False, read_id))
    return found
