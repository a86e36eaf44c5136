"""One small company for every test of this room."""

import pytest

from roastery.evals.world import World
from roastery.evals.world.truth import Truth


@pytest.fixture(scope="session")
def small_world() -> World:
    return World.make(seed=7, customers=1500)


@pytest.fixture(scope="session")
def small_truth(small_world: World) -> Truth:
    return Truth(small_world)
