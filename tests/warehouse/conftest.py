"""A warehouse to fill by hand: opened on a copy of an empty one, so that each test starts in milliseconds."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from roastery.warehouse.clock import Clock
from roastery.warehouse.contracts import Fill
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization
from roastery.warehouse.sizes import Sizes

SECRET = b"a secret key of thirty-two bytes"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CLOCK = Clock(NOW)
ACME = Organization("acme", "Acme")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("empty")
    warehouses = Warehouses(home, SECRET, (), CLOCK)
    warehouses.open(ACME)
    warehouses.close()
    return home


@pytest.fixture
def home(tmp_path: Path, empty_home: Path) -> Path:
    shutil.copytree(empty_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def open_warehouse(home: Path) -> Iterator[Callable[..., Warehouse]]:
    """Opens acme's warehouse with the given fills and settings."""
    opened: list[Warehouses] = []

    def opener(
        *fills: Fill, clock: Clock = CLOCK, timeout: float = 30, sizes: Sizes | None = None, **settings: Any
    ) -> Warehouse:
        warehouses = Warehouses(home, SECRET, fills, clock, query_timeout_seconds=timeout, sizes=sizes)
        opened.append(warehouses)
        return warehouses.open(ACME.with_settings(**settings))

    yield opener
    for warehouses in opened:
        warehouses.close()


@pytest.fixture
def warehouse(open_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return open_warehouse()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Iterator[Callable[..., Warehouse]]:
    """Opens a warehouse that the tests of a file share: for tests that only read, or whose rows do not meet."""
    opened: list[Warehouses] = []

    def opener(**settings: Any) -> Warehouse:
        home = tmp_path_factory.mktemp("lasting") / "home"
        shutil.copytree(empty_home, home)
        opened.append(Warehouses(home, SECRET, (), CLOCK))
        return opened[-1].open(ACME.with_settings(**settings))

    yield opener
    for warehouses in opened:
        warehouses.close()


@pytest.fixture(scope="module")
def shared(lasting: Callable[..., Warehouse]) -> Warehouse:
    return lasting()


def put(warehouse: Warehouse, **datasets: Sequence[Mapping[str, Any]]) -> None:
    """Rows into datasets, all accepted, and one build."""
    for dataset, rows in datasets.items():
        report = warehouse.upsert_rows(dataset, rows, build=False)
        assert not report.errors, report.errors
    warehouse.build()


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in warehouse.query(sql).to_pylist()]


def everything(warehouse: Warehouse) -> dict[str, list[str]]:
    """Every curated table as sorted text, to compare two builds."""
    names = rows(warehouse, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'curated' ORDER BY 1")
    found = {}
    for (name,) in names:
        found[name] = sorted(str(row) for row in rows(warehouse, f"SELECT * FROM curated.{name}"))
    return found
