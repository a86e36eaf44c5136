"""Finding what a provider has deleted without a word: what it still lists is held against what has landed.

A key that is no longer listed is asked for by itself before it is taken out, since a list may run behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from roastery.connectors.base import Connection, Cursor, Page, Resource, Source
from roastery.connectors.batches import batch_of
from roastery.warehouse.raw import RawBatch

MOST_AT_ONCE = 500
"""Keys asked for one by one in one sync; the next sync goes on with the others."""


@dataclass(frozen=True)
class Listed:
    """The keys of a resource's records made since an instant, as the provider lists them now.

    made: the path of a record's time of making. state: what the cursor says once this has been seen to.
    """

    keys: Sequence[str]
    made: str
    since: datetime
    state: Mapping[str, Any]


@runtime_checkable
class Sweeping(Protocol):
    """A source whose provider does not tell every deletion."""

    def still_listed(self, resource: Resource, cursor: Cursor, until: datetime) -> Listed | None:
        """What is listed now; None where nothing is to be looked for, or not yet again."""
        ...

    def gone(self, resource: Resource, keys: Sequence[str]) -> Sequence[str]:
        """Those of some keys that the provider no longer has, each asked for by itself."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """What this needs of a warehouse; `warehouse.engine.Warehouse` is it."""

    def unlisted(self, connection_id: str, resource: str, keys: Sequence[str], made: str, since: datetime,
                 before: datetime) -> list[str]: ...  # fmt: skip


def swept(
    source: Source, landing: object, connection: Connection, resource: Resource, state: Mapping[str, Any],
    until: datetime,
) -> tuple[RawBatch, str] | None:  # fmt: skip
    """What takes deleted records out, with a sentence for people ('' where none is gone); None where nothing is due."""
    if not isinstance(source, Sweeping) or not isinstance(landing, Remembering):
        return None
    listed = source.still_listed(resource, Cursor(state), until)
    if listed is None:
        return None
    missing = landing.unlisted(connection.id, resource.name, listed.keys, listed.made, listed.since, until)
    gone = source.gone(resource, missing[:MOST_AT_ONCE])
    is_done = len(missing) <= MOST_AT_ONCE
    page = Page((), Cursor(listed.state if is_done else state), deleted=gone)
    told = (
        f"One of the {resource.name} was deleted at {source.title}; it is taken out of every figure."
        if len(gone) == 1
        else f"{len(gone):,} {resource.name} were deleted at {source.title}; they are taken out of every figure."
    )
    return batch_of(page, resource, connection, source.provider), told if gone else ""
