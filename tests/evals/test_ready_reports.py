"""Every ready report runs on its industry's company, and what the oracle knows of it is true in every cell."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from roastery.evals.world.companies import COMPANIES, Company
from roastery.evals.world.companies.oracle import Oracle
from roastery.evals.world.company import FIRST_DAY
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.reports import Report, reports, tile_query, validate
from roastery.warehouse.reports.registry import read_files
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery, PeriodSpec
from tests.evals.conftest import Houses

OF_INDUSTRY = {maker.industry: slug for slug, maker in COMPANIES.items()}
NEAR = {"money": Decimal("0.011"), "ratio": Decimal("0.0002")}


def run(report: Report, company: Company, houses: Houses) -> Iterator[tuple[str, MetricFrame]]:
    layer = SemanticLayer(houses.of(company.slug), company.clock)
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


def check(company: Company, houses: Houses) -> int:
    """Run every report of the company's industry; how many cells the oracle confirmed."""
    oracle, cells, empty = Oracle(company), 0, []
    for report in reports().values():
        if report.industry not in (COMPANIES[company.slug].industry, "any"):
            continue
        for title, frame in run(report, company, houses):
            if not frame.rows:
                empty.append(f"{report.name}: {title}")
            cells += compared(oracle, frame)
    assert not empty
    return cells


@pytest.mark.parametrize("slug", ["saltbox", pytest.param("alder-finch", marks=pytest.mark.prove)])
def test_reports_run_and_are_true_across_overlapping_systems_and_currencies(
    slug: str, small_companies: dict[str, Company], houses: Houses
) -> None:
    assert check(small_companies[slug], houses) > 100


@pytest.mark.prove
@pytest.mark.parametrize("slug", sorted(set(COMPANIES) - {"saltbox", "alder-finch"}))
def test_reports_of_the_other_industries_run_and_are_true(
    slug: str, small_companies: dict[str, Company], houses: Houses
) -> None:
    assert check(small_companies[slug], houses) > 100


@pytest.mark.parametrize("slug", ["saltbox", pytest.param("alder-finch", marks=pytest.mark.prove)])
def test_one_sale_in_three_systems_counts_once_to_the_cent(
    slug: str, small_companies: dict[str, Company], houses: Houses
) -> None:
    company = small_companies[slug]
    layer = SemanticLayer(houses.of(slug), company.clock)
    asked = MetricQuery(metrics=("revenue", "gross_revenue"), period=PeriodSpec(start=FIRST_DAY, end=date(2026, 11, 3)))
    said = layer.ask(asked).totals
    oracle = Oracle(company)
    for metric, value in said.items():
        true = oracle.figure(metric, FIRST_DAY, date(2026, 11, 3))
        assert value is not None
        assert true is not None
        assert abs(Decimal(value) - true) < Decimal("0.006"), metric


def test_every_bullet_of_the_five_industries_has_its_report() -> None:
    found = Counter(r.industry for r in reports().values())
    assert found == {"any": 3, **dict.fromkeys(OF_INDUSTRY, 5)}
    assert Counter(r.kind for r in reports().values())["dashboard"] == 5


def test_the_shipped_reports_are_sound_and_a_faulty_one_is_told() -> None:
    assert list(validate()) == []
    body = read_files()["creative_roi"]
    tile = {"title": "Odd", "chart": "line", "query": {"metrics": ["roass", "spend"], "dimensions": ["product"]}}
    said = " ".join(validate({"odd": {**body, "period": "last_moth", "tiles": [tile]}}))
    for part in (
        "Did you mean 'roas'?",
        "Did you mean 'last_month'?",
        "'spend' cannot be split by 'product'",
        "a grain",
    ):
        assert part in said
