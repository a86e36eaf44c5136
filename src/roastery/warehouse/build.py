# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""The build: raw becomes the contract tables, these become the derived ones, all in one atomic swap (law 8)."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import duckdb

from roastery.warehouse import fold, names, restating
from roastery.warehouse.arrivals import Folding, fold_arrivals, read_arrivals
from roastery.warehouse.changes import Changes
from roastery.warehouse.contracts import CONTRACTS, Fill
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.increments import make, run_step
from roastery.warehouse.instance import Instance
from roastery.warehouse.organization import Organization
from roastery.warehouse.rows_from import ROWS_FROM
from roastery.warehouse.scalar import count, scalar
from roastery.warehouse.sizes import Sizes
from roastery.warehouse.state import build_name
from roastery.warehouse.steps import DAY, FACTS, GATES, Step, digest, steps, view_statements

MOSTLY = 0.75
"""The share of records that have just arrived from which on all is made anew."""

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse


@dataclass(frozen=True)
class BuildReport:
    """What a build did. tables: rows of each table that it changed; empty when nothing had changed.

    facts_seconds: until contracts and sales were readable, which in a large company is before the rest.
    """

    build: str
    built_at: datetime
    seconds: float
    is_full: bool
    last_seq: int
    tables: dict[str, int]
    at_fault: int = 0
    facts_seconds: float = 0.0


@dataclass(frozen=True)
class _Last:
    """What the last build knew. derived: the last one whose derived tables held all of its facts."""

    number: int = 0
    last_seq: int = 0
    digest: str = ""
    built_on: date | None = None
    derived: int = 0


def _last(cursor: duckdb.DuckDBPyConnection) -> _Last:
    rows = cursor.execute(
        "SELECT build_number, last_seq, digest, built_on, coalesce(derived_build, build_number) FROM meta.builds "
        "ORDER BY build_number DESC LIMIT 1"
    ).fetchall()
    return _Last(*rows[0]) if rows else _Last()


def needs_build(warehouse: "Warehouse") -> bool:
    """Whether build() would change anything."""
    last, seq, has_rates = warehouse.once_per_commit("needs_build", _standing)
    today = warehouse.clock.today(warehouse.organization.time_zone)
    return (
        seq != last.last_seq
        or last.derived != last.number
        or last.digest != digest(warehouse.organization, warehouse.fills)
        or (last.built_on != today and has_rates)
    )


def _standing(warehouse: "Warehouse") -> tuple[_Last, int, bool]:
    """The last build, the last record that landed, and whether amounts are converted by day."""
    with warehouse.reading() as cursor:
        seq = count(cursor, "SELECT last_seq FROM meta.sequence")
        return _last(cursor), seq, bool(scalar(cursor, "SELECT EXISTS (FROM curated.fx_rates)"))


def mark(warehouse: "Warehouse") -> tuple[str, date]:
    """What a file without any records depends on, but for the organization's id in its views."""
    anybody = replace(warehouse.organization, id="", name="")
    return digest(anybody, warehouse.fills), warehouse.clock.today(warehouse.organization.time_zone)


def begin(warehouse: "Warehouse", instance: Instance, tables: dict[str, int] | None) -> dict[str, int]:
    """The first build of a new file, of which the row counts of its tables come back.

    tables: those of the file that this one is a copy of, tables and all; then the build only has to be noted.
    """
    if tables is None:
        return build(warehouse, instance, full=True).tables
    with instance.transaction() as cursor:
        cursor.execute("UPDATE meta.file SET organization_id = ?", [instance.organization_id])
        return _Build(warehouse, cursor).begun(tables).tables


def build(warehouse: "Warehouse", instance: Instance, *, full: bool = False) -> BuildReport:
    """Bring curated up to raw while the caller holds the build lock.

    In one transaction; where that would take long, facts first in one and what is derived from them in a second.
    """
    try:
        with instance.transaction() as cursor:
            first = _Build(warehouse, cursor)
            if full or first.last.digest != first.mark or first.is_mostly_new:
                return first.full()
            if not first.is_large:
                return first.small()
            report, is_whole = first.arrive()
        if is_whole:
            return report
        with instance.transaction() as cursor:
            return _Build(warehouse, cursor).derive(report)
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"The curated tables could not be built, the last good ones stay: {what}") from error


def rebuild(warehouse: "Warehouse", cursor: duckdb.DuckDBPyConnection) -> BuildReport:
    """Everything anew out of raw, inside the caller's transaction. Errors: BuildFailed."""
    try:
        return _Build(warehouse, cursor).full()
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"The curated tables could not be built, the last good ones stay: {what}") from error


class _Build:
    """One transaction of a build: full, by whole tables for a small company, or by affected keys for a large one."""

    def __init__(self, warehouse: "Warehouse", cursor: duckdb.DuckDBPyConnection) -> None:
        self.started = time.perf_counter()
        self.cursor = cursor
        self.organization, self.fills = warehouse.organization, warehouse.fills
        self.sizes: Sizes = warehouse.sizes
        self.now = warehouse.clock.now()
        self.today = warehouse.clock.today(self.organization.time_zone)
        self.steps = steps(self.organization, self.today)
        self.mark = digest(self.organization, self.fills)
        self.last = _last(cursor)
        self.seq = count(cursor, "SELECT last_seq FROM meta.sequence")

    @cached_property
    def _records(self) -> int:
        return count(self.cursor, "SELECT count(*) FROM raw.records")

    @property
    def is_large(self) -> bool:
        """Whether tables are so large that making one anew takes longer than finding what is affected."""
        return self._records >= self.sizes.large_from

    @property
    def is_mostly_new(self) -> bool:
        """Whether three in four records have just arrived in a large file: to follow each takes twice as long."""
        records, new = self._records, self.seq - self.last.last_seq
        return self.is_large and records <= self.sizes.anew_until and new >= MOSTLY * records

    @property
    def is_huge(self) -> bool:
        """Whether deriving takes so long that facts should not wait for it."""
        return count(self.cursor, "SELECT count(*) FROM curated.touches") >= self.sizes.huge_from

    def full(self) -> BuildReport:
        """Everything from all of raw."""
        Changes(self.cursor).clear()
        affected = _affected(self.cursor, self.fills, 0, True)
        at_fault = _fold(self.cursor, affected, self.fills, self.organization, self.now)
        names.remember(self.cursor, self.fills, 0)
        self.cursor.execute("DELETE FROM meta.signatures")
        made = {f"curated.{name}" for name in affected}
        for step in self.steps:
            _run(self.cursor, step)
            made.update(step.makes)
        for statement in view_statements(self.organization, self.today):
            self.cursor.execute(statement)
        restating.note(self.cursor, self.today)
        return self._report(made, sum(at_fault.values()), is_full=True)

    def small(self) -> BuildReport:
        """Whole tables, each only when one of those that it is made of came out otherwise than before."""
        changed: set[str] = set(Changes.pending(self.cursor).how)
        Changes(self.cursor).clear()
        if self.last.built_on != self.today:
            changed.add(DAY)
        affected = _affected(self.cursor, self.fills, self.last.last_seq, False)
        at_fault = _fold(self.cursor, affected, self.fills, self.organization, self.now)
        changed |= {f"curated.{name}" for name in at_fault if _moved(self.cursor, f"curated.{name}")}
        if affected.keys() & set(names.NAMING) and names.remember(self.cursor, self.fills, self.last.last_seq):
            changed.add("meta.campaign_names")
        for step in self.steps:
            if changed.intersection(step.reads) and not _stays_empty(self.cursor, step):
                _run(self.cursor, step)
                changed.update(table for table in step.makes if _moved(self.cursor, table))
        if "ad_performance" in affected:
            restating.note(self.cursor, self.today)
        return self._report(changed, sum(at_fault.values()))

    def arrive(self) -> tuple[BuildReport, bool]:
        """Fold what has arrived and derive the facts; all the rest too, unless that takes long (False then)."""
        changes = Changes.pending(self.cursor)
        since = self.last.last_seq
        affected = _affected(self.cursor, self.fills, since, False)
        at_fault = 0
        whole = read_arrivals(self.cursor, since, self.sizes) if affected else frozenset()
        for name, resources in affected.items():
            own = [fill for fill in self.fills if fill.contract == name]
            folding = Folding(
                CONTRACTS[name], resources, own, self.organization.currency, self.now, since, self.sizes, whole
            )
            at_fault += fold_arrivals(self.cursor, folding, changes)
        if affected.keys() & set(names.NAMING) and names.remember(self.cursor, self.fills, since):
            changes.part("meta.campaign_names", "FROM named")
        if self.last.built_on != self.today:
            changes.whole(DAY)
        if "ad_performance" in affected:
            restating.note(self.cursor, self.today)
        is_whole = not (self.is_huge and affected)
        for step in self.steps:
            if is_whole or step.makes[0] in FACTS:
                _part(self.cursor, step, changes, self.sizes)
        if is_whole:
            changes.clear()
        else:
            changes.keep()
        derived = self.last.number + 1 if is_whole else self.last.derived
        return self._report(set(changes.how), at_fault, derived=derived), is_whole

    def derive(self, arrived: BuildReport) -> BuildReport:
        """What earlier transactions of builds have left to derive."""
        self.seq = self.last.last_seq  # what has landed meanwhile is not folded yet
        changes = Changes.pending(self.cursor)
        for step in self.steps:
            _part(self.cursor, step, changes, self.sizes)
        changes.clear()
        report = self._report(set(changes.how), arrived.at_fault)
        return replace(report, seconds=arrived.seconds + report.seconds, facts_seconds=arrived.seconds)

    def _report(
        self, changed: set[str], at_fault: int, *, is_full: bool = False, derived: int | None = None
    ) -> BuildReport:
        """Note the build, where anything came of it."""
        made = sorted(t for t in changed if t.startswith("curated."))
        return self._noted(
            {t: count(self.cursor, f"SELECT count(*) FROM {t}") for t in made}, at_fault, is_full, derived
        )

    def begun(self, tables: dict[str, int]) -> BuildReport:
        """Note the first build of a file that came with its tables; views name the organization, tables have no row."""
        for statement in view_statements(self.organization, self.today):
            self.cursor.execute(statement)
        return self._noted(tables, 0, True, None)

    def _noted(self, tables: dict[str, int], at_fault: int, is_full: bool, derived: int | None) -> BuildReport:
        number, seconds = self.last.number, time.perf_counter() - self.started
        is_other = self.seq != self.last.last_seq or self.last.built_on != self.today
        if is_full or tables or is_other or self.last.derived != self.last.number:
            number += 1
            self.cursor.execute(
                "INSERT INTO meta.builds VALUES (?, ?::TIMESTAMPTZ, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    number,
                    self.now.isoformat(),
                    round(seconds, 3),
                    is_full,
                    self.seq,
                    self.mark,
                    _settings(self.organization),
                    self.today,
                    json.dumps(tables),
                    number if derived is None else derived,
                ],
            )
        return BuildReport(build_name(number), self.now, seconds, is_full, self.seq, tables, at_fault, seconds)


def _affected(
    cursor: duckdb.DuckDBPyConnection, fills: tuple[Fill, ...], since: int, full: bool
) -> dict[str, tuple[str, ...]]:
    """The contracts to fold, each with the raw resources that fill it."""
    sources: dict[str, set[str]] = {name: {name} for name in CONTRACTS}
    for fill in fills:
        sources[fill.contract].update(fill.reads)
    if full:
        return {name: tuple(resources) for name, resources in sources.items()}
    rows = cursor.execute(
        "SELECT resource FROM raw.records WHERE seq > $since UNION SELECT resource FROM raw.reads WHERE seq > $since",
        {"since": since},
    ).fetchall()
    touched = {row[0] for row in rows}
    return {name: tuple(resources) for name, resources in sources.items() if resources & touched}


def _fold(
    cursor: duckdb.DuckDBPyConnection,
    contracts: dict[str, tuple[str, ...]],
    fills: tuple[Fill, ...],
    organization: Organization,
    now: datetime,
) -> dict[str, int]:
    """Fold contracts; gives for each how many of its rows are at fault."""
    fold.read_current(cursor, {resource for resources in contracts.values() for resource in resources})
    at_fault: dict[str, int] = {}
    for name in contracts:
        own = [fill for fill in fills if fill.contract == name]
        found = fold.layers(cursor, CONTRACTS[name], own)
        at_fault[name] = fold.fold(cursor, CONTRACTS[name], found, organization.currency, now)
    return at_fault


def _run(cursor: duckdb.DuckDBPyConnection, step: Step) -> None:
    with _told(step):
        make(cursor, step)


def _part(cursor: duckdb.DuckDBPyConnection, step: Step, changes: Changes, sizes: Sizes) -> None:
    with _told(step):
        run_step(cursor, step, changes, sizes)


@contextmanager
def _told(step: Step) -> Iterator[None]:
    """Errors: BuildFailed with the step's table."""
    try:
        yield
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"{step.makes[0]} could not be built, the last good tables stay: {what}") from error


def _stays_empty(cursor: duckdb.DuckDBPyConnection, step: Step) -> bool:
    """Whether a table is empty and has nothing to get a row from."""
    table = step.makes[0]
    if table not in ROWS_FROM:
        return False
    has_none = " AND ".join(f"NOT EXISTS (FROM {name})" for name in (table, *ROWS_FROM[table]))
    return bool(scalar(cursor, f"SELECT {has_none}"))


def _moved(cursor: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table that was made anew differs from before; those that few others are made of count as moved."""
    if table not in GATES:
        return True
    now = scalar(cursor, f"SELECT count(*) || ':' || coalesce(sum(hash(t)::HUGEINT), 0) FROM {table} t")
    before = scalar(cursor, "DELETE FROM meta.signatures WHERE table_name = ? RETURNING signature", [table])
    cursor.execute("INSERT INTO meta.signatures VALUES (?, ?)", [table, now])
    return bool(now != before)


def _settings(organization: Organization) -> str:
    return json.dumps(asdict(organization), sort_keys=True, default=str)
