"""Fixtures of the agent's tests: one real small company, and analysts over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roastery.agent.evidence import Evidence
from roastery.agent.graph import Analyst
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.offline import LexiconSource
from roastery.tools import registry
from roastery.tools.base import ToolContext
from roastery.warehouse.engine import Warehouses
from tests.agent import company
from tests.once import filled_once


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolContext]:
    """The company, open for reading."""

    def opened(home: Path) -> Warehouses:
        return Warehouses(home, b"0" * 32, (), company.NOON)

    def fill(home: Path) -> None:
        warehouses = opened(home)
        company.fill(warehouses.open(company.ROASTER))
        warehouses.close()

    warehouses = opened(filled_once(tmp_path_factory, "roaster", fill))
    yield company.context_on(warehouses.open(company.ROASTER))
    warehouses.close()


@pytest.fixture(scope="session")
def lexicon(context: ToolContext) -> Lexicon:
    return LexiconSource().of(context)


@pytest.fixture(scope="session")
def analyst(context: ToolContext) -> Analyst:
    """The offline analyst."""
    return Analyst()


def found(context: ToolContext, *asked: tuple[str, dict[str, Any]]) -> Evidence:
    """The evidence of some tool calls."""
    evidence = Evidence()
    for n, (tool, arguments) in enumerate(asked):
        evidence.add(f"c{n}", tool, arguments, registry.run(tool, arguments, context))
    return evidence
