"""One nasty company for all tests of the semantic layer, built once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery
from tests.warehouse.semantic.company import CLOCK, open_company
from tests.warehouse.semantic.oracle import Oracle

Ask = Callable[..., MetricFrame]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = open_company(tmp_path_factory.mktemp("nasty"))
    yield warehouse
    warehouse._owner.close()


@pytest.fixture(scope="session")
def layer(company: Warehouse) -> SemanticLayer:
    return SemanticLayer(company, CLOCK)


@pytest.fixture(scope="session")
def rows(company: Warehouse) -> Callable[[str], list[dict[str, Any]]]:
    """Rows of a hand-written SELECT."""

    def fetch(sql: str) -> list[dict[str, Any]]:
        with company.reading() as cursor:
            return cursor.sql(sql).to_arrow_table().to_pylist()

    return fetch


@pytest.fixture(scope="session")
def oracle(rows: Callable[[str], list[dict[str, Any]]]) -> Oracle:
    return Oracle(rows)


@pytest.fixture(scope="session")
def ask(layer: SemanticLayer) -> Ask:
    """Ask a query by its fields; a period is given by its two days or by a name."""

    def asked(
        *metrics: str, start: str = "", end: str = "", period: str = "", row_scope: Any = None, **fields: Any
    ) -> Any:
        spec = {"name": period} if period else {"start": start or "2026-08-05", "end": end or "2026-10-20"}
        query = MetricQuery.model_validate({"metrics": metrics, "period": spec, **fields})
        return layer.ask(query, row_scope=row_scope or {})

    return asked
