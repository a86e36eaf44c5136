# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""The build: raw becomes the contract tables, these become the derived ones, all in one atomic swap (law 8)."""

import json
import time
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import duckdb

from roastery.warehouse import fold, names
from roastery.warehouse.contracts import CONTRACTS, Fill
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.instance import Instance
from roastery.warehouse.organization import Organization
from roastery.warehouse.scalar import count, scalar
from roastery.warehouse.state import build_name
from roastery.warehouse.steps import DAY, GATES, Step, digest, steps, view_statements

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse


@dataclass(frozen=True)
class BuildReport:
    """What a build did. tables: rows of each table that it made anew; empty when nothing had changed."""

    build: str
    built_at: datetime
    seconds: float
    is_full: bool
    last_seq: int
    tables: dict[str, int]
    at_fault: int = 0


@dataclass(frozen=True)
class _Last:
    """What the last build knew."""

    number: int = 0
    last_seq: int = 0
    digest: str = ""
    built_on: date | None = None


def _last(cursor: duckdb.DuckDBPyConnection) -> _Last:
    rows = cursor.execute(
        "SELECT build_number, last_seq, digest, built_on FROM meta.builds ORDER BY build_number DESC LIMIT 1"
    ).fetchall()
    return _Last(*rows[0]) if rows else _Last()


def needs_build(warehouse: "Warehouse") -> bool:
    """Whether build() would change anything."""
    with warehouse.reading() as cursor:
        last = _last(cursor)
        seq = count(cursor, "SELECT last_seq FROM meta.sequence")
        has_rates = bool(scalar(cursor, "SELECT EXISTS (FROM curated.fx_rates)"))
    today = warehouse.clock.today(warehouse.organization.time_zone)
    return (
        seq != last.last_seq
        or last.digest != digest(warehouse.organization, warehouse.fills)
        or (last.built_on != today and has_rates)
    )


def build(warehouse: "Warehouse", instance: Instance, *, full: bool = False) -> BuildReport:
    """Bring curated up to raw in one transaction, while the caller holds the build lock."""
    started = time.perf_counter()
    try:
        with instance.transaction() as cursor:
            return _build(warehouse, cursor, full, started)
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"The curated tables could not be built, the last good ones stay: {what}") from error


def _build(warehouse: "Warehouse", cursor: duckdb.DuckDBPyConnection, full: bool, started: float) -> BuildReport:
    organization, fills, now = warehouse.organization, warehouse.fills, warehouse.clock.now()
    today = warehouse.clock.today(organization.time_zone)
    last = _last(cursor)
    mark = digest(organization, fills)
    full = full or last.digest != mark
    seq = count(cursor, "SELECT last_seq FROM meta.sequence")
    changed: set[str] = set() if last.built_on == today else {DAY}
    since = 0 if full else last.last_seq
    affected = _affected(cursor, fills, since, full)
    at_fault = _fold(cursor, affected, fills, organization, now)
    changed |= {f"curated.{name}" for name in at_fault if _moved(cursor, f"curated.{name}")}
    if affected.keys() & set(names.NAMING) and names.remember(cursor, fills, since):
        changed.add("meta.campaign_names")
    for step in steps(organization, today):
        if full or changed.intersection(step.reads):
            _run(cursor, step)
            changed.update(table for table in step.makes if _moved(cursor, table))
    if full:
        for statement in view_statements(organization, today):
            cursor.execute(statement)
    tables = {t: count(cursor, f"SELECT count(*) FROM {t}") for t in sorted(changed) if t.startswith("curated.")}
    number, seconds = last.number, time.perf_counter() - started
    if full or tables or seq != last.last_seq or last.built_on != today:
        number += 1
        cursor.execute(
            "INSERT INTO meta.builds VALUES (?, ?::TIMESTAMPTZ, ?, ?, ?, ?, ?, ?, ?)",
            [
                number,
                now.isoformat(),
                round(seconds, 3),
                full,
                seq,
                mark,
                _settings(organization),
                today,
                json.dumps(tables),
            ],
        )
    return BuildReport(build_name(number), now, seconds, full, seq, tables, sum(at_fault.values()))


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
    try:
        if step.run is not None:
            step.run(cursor)
        else:
            cursor.execute(f"CREATE OR REPLACE TABLE {step.makes[0]} AS {step.sql}")
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"{step.makes[0]} could not be built, the last good tables stay: {what}") from error


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
