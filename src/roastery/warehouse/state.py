"""What the warehouse knows of its own data: how fresh, how complete, since when, and which build is being read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse

IMPORT = "import"


@dataclass(frozen=True)
class SourceState:
    """One resource of one connection; imported datasets stand here too, as source `import`."""

    connection_id: str
    source: str
    resource: str
    last_success_at: datetime | None
    data_as_of: datetime | None
    complete_through: date | None
    history_since: date | None


@dataclass(frozen=True)
class DataState:
    """Travels into every receipt.

    complete_through: the last day that every connected source holds whole; None when no source says so (imports do
    not). history_since: the first day from which all sources that say so have everything. build: the mark of what is
    read; where identity, attribution and lifecycle are still those of an earlier build, it names that one too.
    """

    build: str
    built_at: datetime | None
    sources: tuple[SourceState, ...]
    last_seq: int
    built_seq: int
    is_derived: bool = True

    @cached_property
    def data_as_of(self) -> Mapping[str, datetime]:
        """Per source the oldest of its resources' times: what is newer than it may be missing."""
        times: dict[str, datetime] = {}
        for s in self.sources:
            if s.data_as_of is not None:
                times[s.source] = min(times.get(s.source, s.data_as_of), s.data_as_of)
        return dict(sorted(times.items()))

    @cached_property
    def complete_through(self) -> date | None:
        return min((s.complete_through for s in self.sources if s.complete_through), default=None)

    @cached_property
    def history_since(self) -> date | None:
        return max((s.history_since for s in self.sources if s.history_since), default=None)

    @property
    def is_current(self) -> bool:
        """Whether the build holds everything that has landed."""
        return self.last_seq == self.built_seq


def build_name(number: int, derived: int | None = None) -> str:
    """
    >>> build_name(12), build_name(12, 12), build_name(12, 11)
    ('build_12', 'build_12', 'build_12 (attribution of build_11)')
    """
    of = "" if derived is None or derived == number else f" (attribution of build_{derived})"
    return f"build_{number}{of}"


def read(warehouse: "Warehouse") -> DataState:
    """The state of one committed moment."""
    with warehouse.reading() as cursor:
        sources = cursor.sql(
            "SELECT connection_id, source, resource, last_success_at, data_as_of, complete_through, history_since "
            "FROM meta.sources ORDER BY source, connection_id, resource"
        ).to_arrow_table()
        builds = cursor.sql(
            "SELECT build_number, built_at, last_seq, coalesce(derived_build, build_number) AS derived_build "
            "FROM meta.builds ORDER BY build_number DESC LIMIT 1"
        ).to_arrow_table()
        last_seq = cursor.sql("SELECT last_seq FROM meta.sequence").to_arrow_table().column(0)[0].as_py()
    number, built_at, built_seq, derived = (0, None, 0, 0)
    if builds.num_rows:
        number, built_at, built_seq, derived = builds.to_pylist()[0].values()
    found = tuple(SourceState(**row) for row in sources.to_pylist())
    return DataState(build_name(number, derived), built_at, found, last_seq, built_seq, derived == number)


def cursor_state(warehouse: "Warehouse", connection_id: str, resource: str) -> dict[str, Any] | None:
    found = warehouse.query(
        "SELECT state FROM meta.cursors WHERE connection_id = ? AND resource = ?", [connection_id, resource]
    )
    state: dict[str, Any] | None = json.loads(found.column(0)[0].as_py()) if found.num_rows else None
    return state
