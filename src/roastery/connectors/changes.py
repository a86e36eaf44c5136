"""Reading records by when they last changed: history newest first, then what has changed since."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from roastery.connectors.base import Cursor, Record

OVERLAP = timedelta(minutes=10)
"""Read again before the last change seen: search indexes run behind. What is the same is not landed twice."""


@dataclass(frozen=True)
class Reading:
    """How far a resource has been read. newest and oldest: changes seen; oldest is kept until history is whole."""

    newest: datetime | None = None
    oldest: datetime | None = None
    is_whole: bool = False

    @classmethod
    def parse(cls, cursor: Cursor) -> "Reading":
        state = cursor.state
        return cls(_time(state.get("newest")), _time(state.get("oldest")), bool(state.get("is_whole")))

    def state(self) -> dict[str, Any]:
        times = {name: at.isoformat() for name, at in (("newest", self.newest), ("oldest", self.oldest)) if at}
        return {**times, "is_whole": self.is_whole}


@dataclass(frozen=True)
class Ask:
    """Records to ask for: changed since (oldest change first), or changed up to (newest change first)."""

    since: datetime | None = None
    up_to: datetime | None = None

    @property
    def newest_first(self) -> bool:
        return self.since is None


Fetch = Callable[[Ask], Iterable[list[Record]]]


def changed_records(
    cursor: Cursor, fetch: Fetch, changed_at: Callable[[Record], datetime]
) -> Iterator[tuple[list[Record], Reading]]:
    """Records page by page, each with the reading to keep once it has landed.

    What changed since the last sync comes first, then history that a broken-off sync has left. A record that changes
    while history is read moves in front of `newest`, so the next sync finds it.
    """
    reading = Reading.parse(cursor)
    if reading.newest is not None:
        for records in fetch(Ask(since=reading.newest - OVERLAP)):
            latest = max(_times(records, changed_at), default=reading.newest)
            reading = replace(reading, newest=max(reading.newest or latest, latest))
            yield records, reading
    if reading.is_whole:
        return
    for records in fetch(Ask(up_to=reading.oldest)):
        times = _times(records, changed_at)
        if times:
            reading = replace(reading, newest=reading.newest or max(times), oldest=min(times))
        yield records, reading
    # An account without any record has no newest change to go on from: it is read as new next time.
    yield [], replace(reading, is_whole=reading.newest is not None, oldest=None)


def _times(records: Iterable[Record], changed_at: Callable[[Record], datetime]) -> list[datetime]:
    """When records changed. One whose time cannot be read lands all the same; it only tells nothing of the cursor."""
    found = []
    for record in records:
        with suppress(ValueError, TypeError, AttributeError):
            found.append(changed_at(record))
    return found


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
