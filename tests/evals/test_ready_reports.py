"""Every ready report runs on its industry's company, and what the oracle knows of it is true in every cell."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from roastery.evals.world.companies import COMPANIES, Company
from roastery.evals.world.companies.oracle import Oracle
from roastery.warehouse.engine import Warehouses
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.reports import Report, reports, tile_query
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricFrame

OF_INDUSTRY = {maker.industry: slug for slug, maker in COMPANIES.items()}
PLACES = Decimal("0.0001")
NEAR = {"money": Decimal("0.011"), "ratio": Decimal("0.0002")}


def run(report: Report, company: Company, warehouses: Warehouses) -> Iterator[tuple[str, MetricFrame]]:
    layer = SemanticLayer(warehouses.open(company.organization), company.clock)
    for tile in report.tiles:
        try:
            yield tile.title, layer.ask(tile_query(report, tile))
        except RoasteryError as error:
            pytest.fail(f"{report.name} on {company.slug}, '{tile.title}': {error.message}")


def compared(oracle: Oracle, frame: MetricFrame) -> int:
    """How many cells agree with the oracle. Fails on the first that does not."""
    query = frame.provenance.query
    if query.get("filters") or query.get("attribution_model"):
        return 0
    dimensions = tuple(column.name for column in frame.columns if column.kind == "dimension" and column.name != "date")
    grain = query.get("grain")
    period, cells = frame.provenance.period, 0
    for column in frame.columns:
        if column.kind != "metric" or not oracle.can(column.name, dimensions):
            continue
        true = oracle.figures(column.name, period.start, period.end, dimensions, grain)
        for row in frame.rows:
            key = tuple(_plain(row[name]) for name in (*(("date",) if grain else ()), *dimensions))
            said, wanted = row[column.name], true.get(key)
            if wanted is None and not said:
                continue
            assert wanted is not None, f"{column.name} {key}: said {said}, the truth has none"
            near = NEAR.get(column.unit or "", Decimal("0.0051"))
            assert said is not None, f"{column.name} {key}: none, true {wanted}"
            assert abs(Decimal(said) - wanted) <= near, f"{column.name} {key}: said {said}, true {wanted}"
            cells += 1
    return cells


def _plain(value: Any) -> Any:
    return value.date() if hasattr(value, "hour") else value


@pytest.mark.parametrize("slug", sorted(OF_INDUSTRY.values()))
def test_every_report_of_an_industry_runs_and_is_true(
    slug: str, small_companies: dict[str, Company], company_home: Warehouses
) -> None:
    company, cells, empty = small_companies[slug], 0, []
    oracle = Oracle(company)
    industry = COMPANIES[slug].industry
    for report in reports().values():
        if report.industry not in (industry, "any"):
            continue
        for title, frame in run(report, company, company_home):
            if not frame.rows:
                empty.append(f"{report.name}: {title}")
            cells += compared(oracle, frame)
    assert not empty
    assert cells > 100
