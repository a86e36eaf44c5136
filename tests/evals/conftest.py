"""One small company for every test of this room, and its twins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from roastery.evals.twins import Twins, serve
from roastery.evals.world import World
from roastery.evals.world.companies import COMPANIES, Company
from roastery.evals.world.truth import Truth
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from tests.once import filled_once


@pytest.fixture(scope="session")
def small_world() -> World:
    return World.make(seed=7, customers=1500)


@pytest.fixture(scope="session")
def small_truth(small_world: World) -> Truth:
    return Truth(small_world)


@pytest.fixture(scope="session")
def small_companies() -> dict[str, Company]:
    """All five companies at their small size."""
    return {slug: maker.make(seed=7, size=maker.small) for slug, maker in COMPANIES.items()}


@pytest.fixture
def twins(small_world: World) -> Iterator[Twins]:
    with serve(small_world) as running:
        yield running


@pytest.fixture(scope="session")
def shared_material() -> Path:
    """Reference material beside the repository; tests that need it are referees."""
    folder = Path(__file__).resolve().parents[2].parent / "shared"
    if not folder.is_dir():
        pytest.skip("there is no reference material beside the repository")
    return folder


class Houses:
    """Small companies in warehouses of their own, each imported when it is first asked for; changed by no test."""

    def __init__(self, factory: pytest.TempPathFactory, companies: dict[str, Company]) -> None:
        self._factory, self._companies = factory, companies
        self._open: dict[str, tuple[Warehouses, Warehouse]] = {}

    def of(self, slug: str) -> Warehouse:
        if slug not in self._open:
            company = self._companies[slug]

            def fill(home: Path) -> None:
                warehouses = _warehouses(home)
                company.load_into(warehouses.open(company.organization))
                warehouses.close()

            warehouses = _warehouses(filled_once(self._factory, slug, fill))
            self._open[slug] = warehouses, warehouses.open(company.organization)
        return self._open[slug][1]

    def close(self) -> None:
        for warehouses, _ in self._open.values():
            warehouses.close()


def _warehouses(home: Path) -> Warehouses:
    return Warehouses(home, b"k" * 32, [], Clock())


@pytest.fixture(scope="session")
def houses(small_companies: dict[str, Company], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    found = Houses(tmp_path_factory, small_companies)
    yield found
    found.close()
