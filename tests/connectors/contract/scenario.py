"""One provider's twin, a warehouse of its own and what should stand in it: the steps that every scenario is made of."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx2
import pyarrow as pa

from roastery.connectors.base import Connection
from roastery.connectors.egress import Egress
from roastery.connectors.http import Politeness
from roastery.connectors.registry import fills, open_source
from roastery.connectors.sync import SyncReport, sync_connection
from roastery.evals.twins.declaration import Declaration, Truth
from roastery.evals.twins.server import Twins
from roastery.evals.world import World
from roastery.warehouse.contracts import Contract, contract
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.privacy import Sealer, hash_of
from roastery.warehouse.raw import LandReport, RawBatch
from tests.connectors.loopback import Secrets, Waits

KEY = b"a key of the tests' own, 32 long"
LOOPBACK = Egress.parse("loopback")
IMPATIENT = 0.6
"""Seconds of patience with which a slow body is given up on at once."""

Rows = list[tuple[Any, ...]]


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, nothing is tidied up."""


@dataclass
class Dying:
    """A warehouse whose process ends at its n-th landing, before it is written or after."""

    warehouse: Warehouse
    at: int
    is_after: bool = False
    landings: int = 0

    def cursor(self, connection_id: str, resource: str) -> Mapping[str, Any] | None:
        return self.warehouse.cursor(connection_id, resource)

    def land(self, batch: RawBatch) -> LandReport:
        self.landings += 1
        if self.landings == self.at and not self.is_after:
            raise Killed
        report = self.warehouse.land(batch)
        if self.landings == self.at:
            raise Killed
        return report


@dataclass
class Scenario:
    """A connection to one twin, synced into one warehouse as often as a test likes."""

    declared: Declaration
    twins: Twins
    warehouses: Warehouses
    warehouse: Warehouse
    settings: Mapping[str, Any] = field(default_factory=dict)
    waits: Waits = field(default_factory=Waits)
    patience_seconds: float = 60.0

    def __post_init__(self) -> None:
        twin = self.twins[self.declared.provider]
        given = {**twin.settings, **self.declared.quick, **self.settings}
        self.secrets = Secrets(**twin.secrets)
        self.connection = Connection(f"con_{twin.provider}", "larkspur", twin.provider, given, twin.base_url)

    # What is done.

    def sync(self, landing: Any = None, **more: Any) -> SyncReport:
        """One sync at the company's own time, without waiting."""
        clock = self.twins.world.clock
        polite = Politeness(wait=self.waits, jitter=lambda: 1.0, timeout=httpx2.Timeout(self.patience_seconds))
        source = open_source(self.connection, self.secrets, clock, politeness=polite, egress=LOOPBACK)
        return sync_connection(source, self.connection, landing or self.warehouse, clock, **more)

    def synced(self, **more: Any) -> SyncReport:
        """A sync that comes to its end."""
        report = self.sync(**more)
        assert report.outcome == "complete", report.message
        return report

    def reconnect(self) -> None:
        """A person gives consent again; what the twin then shows is what the connection holds."""
        self.twins.tokens[self.declared.provider].reconnect()
        self.secrets.held.update(self.twins[self.declared.provider].secrets)

    def build(self) -> None:
        self.warehouses.clock = self.twins.world.clock
        self.warehouse.build()

    # What should be there.

    def expected(self, truth: Truth, world: World | None = None) -> tuple[tuple[str, ...], Rows]:
        """Columns and rows of one contract as the company's own tables have them."""
        company = world or self.twins.world
        tables = {**company.tables, **self.declared.tables(company)}
        target = contract(truth.contract)
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            for name, table in tables.items():
                database.register(name, table)
            columns = tuple(row[0] for row in database.execute(f"DESCRIBE {truth.sql}").fetchall())
            since = self._since(truth)
            found = database.sql(f"SELECT {_typed(target, columns)} FROM ({truth.sql}) {since}").to_arrow_table()
        return columns, self._rows(target, found)

    def found(self, truth: Truth, columns: tuple[str, ...]) -> Rows:
        """The same columns as the warehouse has them."""
        target = contract(truth.contract)
        since = self._since(truth)
        table = self.warehouse.query(f"SELECT {_typed(target, columns)} FROM curated.{truth.contract} {since}")
        return self._rows(target, table)

    def check(self, world: World | None = None, without: tuple[str, ...] = ()) -> None:
        """Every contract that the provider fills equals the truth, every row once.

        without: columns or contracts that are left out.
        """
        self.build()
        for truth in (truth for truth in self.declared.truth if truth.contract not in without):
            columns, expected = self.expected(truth, world)
            kept = [place for place, column in enumerate(columns) if column not in without]
            found = sorted((tuple(row[n] for n in kept) for row in self.found(truth, columns)), key=str)
            expected = sorted((tuple(row[n] for n in kept) for row in expected), key=str)
            columns = tuple(columns[n] for n in kept)
            assert found == expected, first_difference(truth.contract, columns, found, expected)

    def _since(self, truth: Truth) -> str:
        if truth.day is None or self.declared.quick_since is None:
            return ""
        return f"WHERE {truth.day} >= DATE '{self.declared.quick_since}'"

    def _rows(self, target: Contract, table: pa.Table) -> Rows:
        sealer = Sealer(KEY, "larkspur")

        def plain(name: str) -> list[Any]:
            values: list[Any] = table[name].to_pylist()
            kind = target.personal.get(name)
            if kind is None:
                return values
            return [v and (hash_of(v) or sealer.hash(kind, v)) for v in values]

        return sorted(zip(*(plain(name) for name in table.column_names), strict=True), key=str)


def _typed(target: Contract, columns: tuple[str, ...]) -> str:
    return ", ".join(f'CAST("{c}" AS {target.column(c).sql_type}) AS "{c}"' for c in columns)


def first_difference(what: str, columns: tuple[str, ...], found: Rows, expected: Rows) -> str:
    """What to look at: how many rows differ, and the first of them on each side."""
    missing = sorted(set(expected) - set(found), key=str)
    surplus = sorted(set(found) - set(expected), key=str)
    told = [f"{what}: {len(found)} rows, {len(expected)} expected; {len(missing)} missing, {len(surplus)} surplus"]
    told += [f"expected {dict(zip(columns, row, strict=True))}" for row in missing[:2]]
    told += [f"found    {dict(zip(columns, row, strict=True))}" for row in surplus[:2]]
    return "\n".join(told)


def copied(template: Path, home: Path, twins: Twins) -> Warehouses:
    """Warehouses at a copy of an empty home, which is quicker than building one."""
    shutil.copytree(template, home, dirs_exist_ok=True)
    return Warehouses(home, KEY, fills(), twins.world.clock)
