# ruff: noqa: S608 (names in SQL come from contracts and fills; what a person gives is bound or quoted)
"""How long rows of a dataset are kept: what would go, and what goes, out of raw and of the curated tables.

A raw record goes when every row that it gives is older than its dataset is kept; which rows a record gives is asked of
the fills themselves, record by record (a lateral join). What a source sends again is left out when tables are built.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from roastery.warehouse import build as building
from roastery.warehouse.contracts import CONTRACTS, Contract, Fill
from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.fold import import_columns
from roastery.warehouse.organization import Organization, Retention
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import name, quoted
from roastery.warehouse.state import IMPORT

if TYPE_CHECKING:
    from roastery.warehouse.engine import Warehouse
    from roastery.warehouse.instance import Instance

LEAST_DAYS = 30
LEAST_DAYS_OF_MONEY = 730
MOST_DAYS = 36_500
MONEY = frozenset({"transactions", "refunds", "returns", "shipments", "subscription_events", "opportunities"})
"""What revenue, cohorts and first sales are made of: comparisons with the year before need two years of it."""
FOLLOWS = {"transaction_lines": "transactions"}
"""Datasets without a day of their own, which go with their parent."""

KEEPABLE = tuple(sorted(c.name for c in CONTRACTS.values() if c.day))


def checked(rules: Sequence[Retention]) -> tuple[Retention, ...]:
    """Rules that make sense. Errors: UnknownName for a dataset without a day; BadQuery for too few days, or two."""
    seen: set[str] = set()
    for rule in rules:
        if rule.dataset not in KEEPABLE:
            raise UnknownName("dataset whose rows have a day", rule.dataset, KEEPABLE)
        if rule.dataset in seen:
            raise BadQuery(f"retention says twice how long {rule.dataset} is kept.")
        seen.add(rule.dataset)
        least = LEAST_DAYS_OF_MONEY if rule.dataset in MONEY else LEAST_DAYS
        if not least <= rule.days <= MOST_DAYS:
            why = " (two years, or comparisons with the year before break)" if rule.dataset in MONEY else ""
            raise BadQuery(
                f"{rule.dataset} is kept for {least} to {MOST_DAYS} days{why}, not {rule.days}. "
                "Leave the dataset out to keep it for good."
            )
    return tuple(rules)


@dataclass(frozen=True)
class Expired:
    """What a rule takes: rows before a day, the oldest of them, and the raw records behind them."""

    dataset: str
    days: int
    before: date
    rows: int
    oldest: date | None
    consequence: str


@dataclass(frozen=True)
class Removed:
    """What was taken: raw records in all, curated rows by dataset."""

    records: int
    rows: dict[str, int]


def preview(warehouse: "Warehouse", rules: Sequence[Retention]) -> tuple[Expired, ...]:
    """What the rules would take today. Errors: as `checked`."""
    found = []
    today = warehouse.clock.today(warehouse.organization.time_zone)
    with warehouse.reading() as cursor:
        for rule in checked(rules):
            contract, before = CONTRACTS[rule.dataset], today - timedelta(days=rule.days)
            day = _day(contract, warehouse.organization.time_zone)
            ((rows, oldest),) = cursor.execute(
                f"SELECT count(*), min({day}) FROM curated.{contract.name} WHERE {day} < ?", [before]
            ).fetchall()
            found.append(Expired(rule.dataset, rule.days, before, rows, oldest, _consequence(contract, before)))
    return tuple(found)


def _consequence(contract: Contract, before: date) -> str:
    said = f"Numbers made of {contract.name} begin on {before.isoformat()}."
    if contract.name == "transactions":
        said += " Customers whose first sale was earlier count as new at their first sale after it."
    if contract.name in ("touchpoints", "web_events"):
        said += " Sales whose touches are gone become unattributed."
    return said


def enforce(warehouse: "Warehouse", instance: "Instance") -> Removed:
    """Remove what is older than it is kept, in one transaction with a full build; nothing happens where nothing is."""
    organization = warehouse.organization
    today = warehouse.clock.today(organization.time_zone)
    befores = {rule.dataset: today - timedelta(days=rule.days) for rule in checked(organization.retention)}
    expired = {found.dataset: found.rows for found in preview(warehouse, organization.retention)}
    with instance.transaction() as cursor:
        known = dict(cursor.execute("SELECT dataset, before FROM meta.retention").fetchall())
        # A rule that is loosened or taken back lets come again what sources still have.
        is_loosened = any(befores.get(dataset, date.min) < before for dataset, before in known.items())
        _note(cursor, befores, organization)
        records = sum(_remove(cursor, befores, organization, source, warehouse.fills) for source in _sources(cursor))
        if not records and not any(expired.values()) and not is_loosened:
            return Removed(0, {})
        if records:
            mark = f"retention {today.isoformat()}"
            cursor.execute("DELETE FROM meta.erasures WHERE erasure_id = ?", [mark])
            cursor.execute("DELETE FROM meta.compacted WHERE erasure_id = ?", [mark])
            cursor.execute("INSERT INTO meta.erasures VALUES (?, ?::TIMESTAMPTZ)", [mark, _text(warehouse.clock.now())])
        building.rebuild(warehouse, cursor)
    return Removed(records, {dataset: rows for dataset, rows in expired.items() if rows})


def _text(at: datetime) -> str:
    return at.isoformat()


def _note(cursor: duckdb.DuckDBPyConnection, befores: dict[str, date], organization: Organization) -> None:
    cursor.execute("DELETE FROM meta.retention")
    for dataset, before in befores.items():
        at = datetime(before.year, before.month, before.day, tzinfo=organization.zone)
        cursor.execute("INSERT INTO meta.retention VALUES (?, ?, ?::TIMESTAMPTZ)", [dataset, before, _text(at)])


def _sources(cursor: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return cursor.execute("SELECT DISTINCT source, resource FROM raw.records ORDER BY ALL").fetchall()


def _remove(
    cursor: duckdb.DuckDBPyConnection,
    befores: dict[str, date],
    organization: Organization,
    of: tuple[str, str],
    fills: Iterable[Fill],
) -> int:
    """Delete the records of one resource whose every row has expired, with all of their versions."""
    source, resource = of
    rows = _rows_of(source, resource, fills)
    gone = []
    for contract, sql in rows:
        if contract.name in FOLLOWS and any(other.name == FOLLOWS[contract.name] for other, _ in rows):
            continue
        if contract.name in FOLLOWS and FOLLOWS[contract.name] in befores:
            parent = FOLLOWS[contract.name]
            key, is_old = name(CONTRACTS[parent].key[0]), _is_old(parent, befores, organization, "p.")
            condition = f"EXISTS (FROM curated.{parent} p WHERE p.{key} = f.{key} AND {is_old})"
        elif contract.name in befores:
            condition = _is_old(contract.name, befores, organization, "f.")
        else:
            return 0  # a row of it is kept for good
        gone.append(f"SELECT r.seq, coalesce({condition}, false) AS is_gone FROM theirs r, LATERAL ({sql}) f")
    if not gone:
        return 0
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE theirs AS
        SELECT * FROM raw.records WHERE source = {quoted(source)} AND resource = {quoted(resource)} AND NOT deleted"""
    )
    unit = "connection_id, key, coalesce(partition_scope, ''), coalesce(partition_day, DATE '0001-01-01')"
    removed = count(
        cursor,
        f"""DELETE FROM raw.records
        WHERE source = {quoted(source)} AND resource = {quoted(resource)} AND ({unit}) IN (
            SELECT ({unit}) FROM theirs LEFT JOIN (
                SELECT seq, bool_and(is_gone) AS is_gone FROM ({" UNION ALL ".join(gone)}) GROUP BY seq) USING (seq)
            GROUP BY ALL HAVING bool_and(coalesce(is_gone, false)))""",
    )
    cursor.execute("DROP TABLE temp.theirs")
    if removed:
        since = max(befores[FOLLOWS.get(c.name, c.name)] for c, _ in rows if FOLLOWS.get(c.name, c.name) in befores)
        cursor.execute(
            "UPDATE meta.sources SET history_since = greatest(coalesce(history_since, $since), $since) "
            "WHERE source = $source AND resource = $resource",
            {"since": since, "source": source, "resource": resource},
        )
    return removed


def _rows_of(source: str, resource: str, fills: Iterable[Fill]) -> list[tuple[Contract, str]]:
    """For each contract that a resource fills, the SELECT of the rows of one record `r`."""
    one = "(SELECT r.connection_id, r.key, r.payload, r.landed_at, r.seq)"
    if source == IMPORT:
        contract = CONTRACTS.get(resource)
        return [(contract, import_columns(contract, one))] if contract else []

    def bound(fill: Fill) -> str:
        others = (
            f"(SELECT connection_id, key, payload, landed_at, seq FROM raw.records WHERE source = {quoted(source)} "
            "AND resource = {})"
        )
        return fill.bound(lambda of: one if of == resource else others.format(quoted(of)))

    return [
        (CONTRACTS[fill.contract], bound(fill)) for fill in fills if (fill.source, fill.resource) == (source, resource)
    ]


def _day(contract: Contract, zone: str, of: str = "") -> str:
    """SQL: the day of a row as a DATE, in the organization's zone."""
    assert contract.day is not None
    column = contract.by_name[contract.day]
    if column.type == "date":
        return f"try_cast({of}{name(column.name)} AS DATE)"
    return f"CAST(try_cast({of}{name(column.name)} AS TIMESTAMPTZ) AT TIME ZONE {quoted(zone)} AS DATE)"


def _is_old(dataset: str, befores: dict[str, date], organization: Organization, of: str) -> str:
    day = _day(CONTRACTS[dataset], organization.time_zone, of)
    return f"({day} < DATE {quoted(befores[dataset].isoformat())})"
