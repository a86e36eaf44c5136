"""Pages as the warehouse lands them: some together, in one transaction with the last of their cursors.

Reads of several slices may lie in one batch: each record and each completed read names its own.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from roastery.connectors.base import Connection, Page, Partition, Record, Resource
from roastery.connectors.errors import UnknownShape
from roastery.connectors.read_ahead import AHEAD
from roastery.connectors.throttle import Stopwatch
from roastery.connectors.unparsed import UnparsedRecords
from roastery.warehouse.raw import CompletedRead, RawBatch, RawRecord, SourceProgress
from roastery.warehouse.written_records import WrittenRecords

Place = tuple[str, date]
"""Scope and day."""

MISSHAPEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What reading a record or an answer of another shape raises."""

BATCH_ROWS = 10_000
WRITTEN_ROWS = 32_768
"""Records that are columns already take less memory, and whole row groups are stored without going through the log."""
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

    def is_full(self, rows: int | None) -> bool:
        """Whether to land them now. rows: how many are enough, None for what their kind takes."""
        held = sum(len(batch.records) for batch in self.batches)
        enough = rows or (WRITTEN_ROWS if all(map(is_written, self.batches)) else BATCH_ROWS)
        return held >= enough or self.stopwatch() - self.since >= BATCH_SECONDS

    def merged(self, data_as_of: datetime | None) -> RawBatch:
        """One batch of all records with the last cursor; of what pages say of the source, the last word holds."""
        last = self.batches[-1]
        told = [batch.progress for batch in self.batches]
        return replace(
            last,
            records=_together([batch.records for batch in self.batches if batch.records]),
            completes=[read for batch in self.batches for read in batch.completed],
            unasked=sum(batch.unasked for batch in self.batches),
            progress=SourceProgress(
                data_as_of,
                next((p.complete_through for p in reversed(told) if p.complete_through), None),
                next((p.history_since for p in reversed(told) if p.history_since), None),
            ),
        )

    def clear(self) -> None:
        self.pages, self.batches = [], []


def is_written(batch: RawBatch) -> bool:
    return isinstance(batch.records, WrittenRecords)


def weight(batch: RawBatch) -> float:
    """What a batch that waits takes of the room for two pages; of what is written already a whole landing fits in."""
    return AHEAD * len(batch.records) / WRITTEN_ROWS if is_written(batch) else 1.0


def _together(parts: Sequence[Sequence[RawRecord]]) -> Sequence[RawRecord]:
    written = [part for part in parts if isinstance(part, WrittenRecords)]
    if written and len(written) == len(parts):
        return WrittenRecords.joined(written)
    return [record for part in parts for record in part]


def batch_of(page: Page, resource: Resource, connection: Connection, provider: str, title: str = "") -> RawBatch:
    """A page as the warehouse lands it. Errors: UnknownShape where a record lacks what the resource expects."""
    records, unasked = _as_text(page, resource) or _raw(_with_objects(page), resource, title)
    return RawBatch(
        connection_id=connection.id,
        source=provider,
        resource=resource.name,
        records=records,
        # A copy to the bottom: the source goes on while this waits, and what it then changes has not landed yet.
        cursor=deepcopy(dict(page.cursor.state)),
        read_id=page.read_id,
        completes=CompletedRead(page.replaces.scope, page.replaces.days, page.read_id) if page.replaces else None,
        personal=resource.personal,
        progress=SourceProgress(None, page.complete_through, page.history_since),
        unasked=unasked,
    )


def _have(records: Sequence[Any], steps: Sequence[str]) -> bool:
    """Whether each of the records has what the steps lead to."""
    for step in steps:
        if not all(issubclass(kind, Mapping) for kind in set(map(type, records))):
            return False
        try:
            records = list(map(itemgetter(step), records))
        except KeyError:
            return False
    return True


def _as_text(page: Page, resource: Resource) -> tuple[Sequence[RawRecord], int] | None:
    """What `_raw` gives, without making objects of the records; None where they have to be looked at whole.

    Those are records that came parsed, that hold something personal, or of which one is not as it should be.
    """
    if not isinstance(page.records, UnparsedRecords) or not page.records or page.deleted:
        return None
    if resource.partition is None or resource.personal or not resource.looks_at:
        return None
    seen = page.records.narrowed(*(_steps(paths) for paths in (resource.looks_at, resource.expects)))
    if seen is None or not all(seen):
        return None
    try:
        keys, places = [resource.key(r) for r in seen], [resource.partition(r) for r in seen]
    except MISSHAPEN:
        return None
    unasked = _outside(places, page.asked) if page.asked else 0
    return WrittenRecords.of_texts(keys, places, page.records.texts(), page.read_id), unasked


def _steps(paths: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split(".")) for path in paths)


def _with_objects(page: Page) -> Page:
    """The page with its records made, once."""
    return replace(page, records=list(page.records)) if isinstance(page.records, UnparsedRecords) else page


def _raw(page: Page, resource: Resource, title: str) -> tuple[Sequence[RawRecord], int]:
    """The records, and how many are of days or accounts that were not asked for.

    Records of days that hold nothing personal become columns at once; in others landing has something to seal.
    Errors: UnknownShape where a record lacks what the resource expects.
    """
    for path in resource.expects:
        if not _have(page.records, path.split(".")):
            raise UnknownShape(
                f"{title} no longer gives '{path}' for {resource.name}. What was read before stays; nothing new is "
                "taken until this version knows the new form."
            )
    gone = [RawRecord(key, {}, deleted=True) for key in page.deleted]
    if resource.partition is None:
        return [*(RawRecord(resource.key(record), record) for record in page.records), *gone], 0
    keys, places = _placed(page, resource.key, resource.partition)
    unasked = _outside(places, page.asked) if page.asked else 0
    if keys and not gone and not resource.personal:
        return WrittenRecords.of(keys, places, page.records, page.read_id), unasked
    found = [
        RawRecord(key, record, *place, False, page.read_id)
        for key, record, place in zip(keys, page.records, places, strict=True)
    ]
    return found + gone, unasked


def _outside(places: Sequence[Place], asked: Partition) -> int:
    """How many of some places are not among those asked for."""
    strange = {(scope, day) for scope, day in set(places) if scope != asked.scope or day not in asked.days}
    return sum(place in strange for place in places) if strange else 0


def _placed(
    page: Page, key: Callable[[Record], str], place: Callable[[Record], Place]
) -> tuple[list[str], list[Place]]:
    """The key, and scope and day, of each record."""
    try:
        return [key(record) for record in page.records], [place(record) for record in page.records]
    except MISSHAPEN:
        if page.unread_at is None:
            raise
    keys, places = [], []
    for record in page.records:
        try:
            at = key(record), place(record)
        except MISSHAPEN:
            # Without a day or a key it would stop its whole report. It lands where the build meets it once.
            at = f"unread:{hashlib.sha256(repr(record).encode(errors='replace')).hexdigest()}", page.unread_at
        keys.append(at[0])
        places.append(at[1])
    return keys, places
