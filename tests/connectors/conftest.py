"""Fixtures of the connectors' tests."""

from collections.abc import Callable, Iterator

import pytest

from roastery.connectors.http import Politeness
from roastery.evals.twins.rest import RestTwin
from roastery.evals.twins.server import Twins, serve
from roastery.evals.world import World
from tests.connectors.loopback import Heard, Provider, Say, Waits


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def politeness(waits: Waits) -> Politeness:
    """Retries without sleeping, jitter at its ceiling."""
    return Politeness(wait=waits, jitter=lambda: 1.0)


@pytest.fixture
def provider() -> Iterator[Callable[..., Provider]]:
    made: list[Provider] = []

    def start(*script: Say | Callable[[Heard], Say]) -> Provider:
        made.append(Provider(*script))
        return made[-1]

    yield start
    for server in made:
        server.close()


@pytest.fixture(scope="session")
def world() -> World:
    """A small company: 300 customers, all of its campaigns."""
    return World.make(seed=7, customers=300)


@pytest.fixture(scope="session")
def served(world: World) -> Iterator[Twins]:
    with serve(world) as twins:
        yield twins


@pytest.fixture
def twins(served: Twins, world: World) -> Iterator[Twins]:
    """The company's providers, in order and with good tokens; what a test breaks is mended after it."""
    served.control.asked.clear()
    yield served
    served.control.calm()
    if served.world is not world:
        served.control.serve(world)
    for twin in served.of.values():
        twin.tokens.reconnect()
        if isinstance(twin, RestTwin):
            twin.mend()
