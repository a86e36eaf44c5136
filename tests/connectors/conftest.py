"""Fixtures of the connectors' tests."""

from collections.abc import Callable, Iterator

import pytest

from roastery.connectors.http import Politeness
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
