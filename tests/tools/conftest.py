"""A small organization with real tables, filled once; tests that change it get a copy of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from roastery.tools.base import ToolContext
from roastery.warehouse.engine import Warehouse
from tests.tools.beans import context_on, filled_home, opened


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose organization is filled; nobody opens it, so that it can be copied."""
    return filled_home(tmp_path_factory)


@pytest.fixture(scope="session")
def filled(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Read by all tests, changed by none."""
    copy = shutil.copytree(home, tmp_path_factory.mktemp("read") / "home")
    with opened(copy) as warehouse:
        yield warehouse


@pytest.fixture
def context(filled: Warehouse) -> ToolContext:
    return context_on(filled)


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Iterator[Warehouse]:
    """The same organization in a file of its own, for tests that change data."""
    with opened(shutil.copytree(home, tmp_path / "home")) as warehouse:
        yield warehouse


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Warehouse]:
    with opened(tmp_path) as warehouse:
        yield warehouse
