"""What lands: batches of provider records, with the cursor and the read marker that belong to them (law 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple


class RawRecord(NamedTuple):
    """One record as its provider sent it. scope and day are given for records that are replaced by partition day.

    read_id: of which read it is, where that is not its batch's. A tuple, since many are made.
    """

    key: str
    payload: Mapping[str, Any]
    scope: str | None = None
    day: date | None = None
    deleted: bool = False
    read_id: str | None = None


@dataclass(frozen=True)
class CompletedRead:
    """Days of one scope that are whole with this batch: every earlier read of them stops counting (law 9).

    read_id: the read that holds them, where that is not the batch's.
    """

    scope: str
    days: tuple[date, ...]
    read_id: str | None = None


@dataclass(frozen=True)
class SourceProgress:
    """What a source says of itself with a batch; None leaves what is stored."""

    data_as_of: datetime | None = None
    complete_through: date | None = None
    history_since: date | None = None


@dataclass(frozen=True)
class RawBatch:
    """Records of one resource of one connection, landed in one transaction with cursor and read markers.

    personal: dotted paths of personal values and their kind (email, phone, name; anything else is sealed as other);
    `[]` walks a list. Values are sealed before anything is stored (law 15). cursor None leaves the stored one.
    completes: one read or several; of two that complete the same day the later counts. unasked: how many of the records
    are of days or accounts that their read had not asked for, which no read completes.
    """

    connection_id: str
    source: str
    resource: str
    records: Sequence[RawRecord]
    cursor: Mapping[str, Any] | None = None
    read_id: str = ""
    completes: CompletedRead | Sequence[CompletedRead] | None = None
    personal: Mapping[str, str] = field(default_factory=dict)
    progress: SourceProgress = field(default_factory=SourceProgress)
    unasked: int = 0

    @property
    def completed(self) -> tuple[CompletedRead, ...]:
        """The reads that are whole with this batch, in the order in which they ended."""
        if self.completes is None:
            return ()
        return (self.completes,) if isinstance(self.completes, CompletedRead) else tuple(self.completes)


@dataclass(frozen=True)
class LandReport:
    """What became of a batch. unchanged: keyed records whose latest version is already the same, not landed again."""

    batch_id: str
    landed: int
    unchanged: int = 0
    suppressed: int = 0
    last_seq: int = 0
