"""A small organization with real tables, filled once for all tests that only read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from roastery.tools.base import ToolContext
from roastery.warehouse.engine import Warehouse, Warehouses
from tests.tools.beans import BEANS, NOON, context_on, fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Read by all tests, changed by none."""
    warehouses = Warehouses(tmp_path_factory.mktemp("home"), b"k" * 32, [], NOON)
    warehouse = warehouses.open(BEANS)
    fill(warehouse)
    yield warehouse
    warehouses.close()


@pytest.fixture
def context(filled: Warehouse) -> ToolContext:
    return context_on(filled)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Warehouse]:
    """The same organization in a file of its own, for tests that change data."""
    warehouses = Warehouses(tmp_path, b"k" * 32, [], NOON)
    warehouse = warehouses.open(BEANS)
    fill(warehouse)
    yield warehouse
    warehouses.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Warehouse]:
    warehouses = Warehouses(tmp_path, b"k" * 32, [], NOON)
    yield warehouses.open(BEANS)
    warehouses.close()
