"""A tiny company, its twins, and an empty warehouse for each scenario."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from roastery.connectors.registry import fills
from roastery.evals.twins.registry import declarations
from roastery.evals.twins.server import Twins
from roastery.evals.world import World
from roastery.warehouse.engine import Warehouses
from tests.connectors.contract.scenario import KEY, Scenario, copied

Start = Callable[[str], Scenario]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, world: World) -> Path:
    """A home with one empty organization in it."""
    home: Path = tmp_path_factory.mktemp("template")
    warehouses = Warehouses(home, KEY, fills(), world.clock)
    warehouses.open(world.organization)
    warehouses.close()
    return home


@pytest.fixture
def start(twins: Twins, template: Path, tmp_path: Path) -> Iterator[Start]:
    """Makes a scenario of a provider."""
    opened: list[Warehouses] = []

    def begin(provider: str) -> Scenario:
        warehouses = copied(template, tmp_path / provider, twins)
        opened.append(warehouses)
        warehouse = warehouses.open(twins.world.organization)
        return Scenario(declarations()[provider], twins, warehouses, warehouse)

    yield begin
    for warehouses in opened:
        warehouses.close()
