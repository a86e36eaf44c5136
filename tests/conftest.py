"""What every test runs under."""

import gc
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpcore2
import pytest
from hypothesis import HealthCheck, settings

from roastery.evals import direct
from roastery.evals.world import World
from roastery.tools.base import ToolContext
from roastery.warehouse import instance
from roastery.warehouse.garbage import keep_what_is_there
from tests.once import filled_once

# What is imported and collected stays: the collector runs from the first test on.
gc.disable()

# The same examples each time, however slow the machine: a red run means a change, not luck or load.
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

# Workers share the cores: the threads of each one's instances would wait for one another, at a sixth more of the time
# of tests of the warehouse. Proofs, processes that tests start, and what asks for `all_threads` have them.
THREADS, instance.THREADS = instance.THREADS, instance.THREADS if os.environ.get("ROASTERY_TESTS_EXAMPLES") else 1

# Tests make hundreds of HTTP clients; to read this machine's certificates for each takes longer than their requests.
httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)


def pytest_collection_finish() -> None:
    """Thousands of tests and their modules stay until the end: the collector need not go over them again and again."""
    gc.enable()
    keep_what_is_there()


@pytest.fixture
def all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances that are opened from now on have as many threads as the product's."""
    monkeypatch.setattr(instance, "THREADS", THREADS)


@pytest.fixture(scope="session")
def larkspur_world() -> World:
    """A company of two years with repeat customers, campaigns, visits, and planted anomalies."""
    return World.make(seed=7, customers=1_500)


@pytest.fixture(scope="session")
def larkspur(larkspur_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolContext]:
    """Asks about that company; read by all tests, changed by none."""

    def fill(home: Path) -> None:
        with direct.opened(home, larkspur_world):
            pass

    with direct.opened(filled_once(tmp_path_factory, "larkspur", fill), larkspur_world) as context:
        yield context
