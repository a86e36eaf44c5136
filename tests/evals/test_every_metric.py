"""Every metric, split by every allowed dimension, over day, week and month, on all five companies, equals its check."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from roastery.evals.world.companies import COMPANIES, Company
from roastery.warehouse.errors import BadQuery, NoData, RoasteryError
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.load import shipped
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery, PeriodSpec
from tests.evals.conftest import Houses
from tests.warehouse.semantic.oracle import Asked, Oracle, cases, rounded

WITHIN_ONE = frozenset({"platform", "account", "campaign", "ad_group", "ad"})
LATELY = (date(2026, 9, 7), date(2026, 10, 20))
A_YEAR_AGO = (date(2025, 6, 3), date(2025, 7, 20))
GRAINS = (None, "day", "week", "month")
SAMPLE = [("saltbox", "revenue")]
CHECKED = [name for name in shipped().public if "parts" in cases()["metrics"].get(name, {})]
EVERY = [(slug, name) for slug in COMPANIES for name in CHECKED]
PROVED = [pytest.param(*case, marks=() if case in SAMPLE else pytest.mark.prove) for case in EVERY]


@pytest.fixture(scope="session")
def oracles(small_companies: dict[str, Company], houses: Houses) -> dict[str, Oracle]:
    """Made when first asked for, as a company's house takes seconds to fill."""
    return {}


def shapes(metric: str) -> Iterator[tuple[tuple[str, ...], str | None]]:
    grains = [g for g in GRAINS if g is None or g in shipped_catalogue().metrics[metric].grains]
    for dimensions in [(), *((name,) for name in shipped().allowed_dimensions(metric))]:
        for grain in grains:
            yield dimensions, grain


@pytest.mark.parametrize(("slug", "metric"), PROVED)
def test_metric_equals_its_check_on_the_company(
    slug: str, metric: str, small_companies: dict[str, Company], houses: Houses, oracles: dict[str, Oracle]
) -> None:
    company, warehouse = small_companies[slug], houses.of(slug)
    if slug not in oracles:
        oracles[slug] = Oracle(lambda sql: warehouse.query(sql).to_pylist(), company.organization)
    layer, today = SemanticLayer(warehouse, company.clock), company.clock.today(company.organization.time_zone)
    start, end = A_YEAR_AGO if metric == "ltv_12m" else LATELY
    faults: list[str] = []
    for dimensions, grain in shapes(metric):
        asked = Asked(start, end, dimensions, grain, today, company.organization)
        is_checked = set(dimensions) <= set(cases()["metrics"][metric].get("by", dimensions))
        answer = oracles[slug].answer(metric, asked) if is_checked else {}
        expected = {key: rounded(value, shipped().metrics[metric].unit) for key, value in answer.items()}
        try:
            frame = layer.ask(
                MetricQuery(
                    metrics=(metric,), dimensions=dimensions, grain=grain, period=PeriodSpec(start=start, end=end)
                )
            )
        except RoasteryError as error:
            if not is_right_to_refuse(error, metric, dimensions, expected):
                faults.append(f"{dimensions} {grain}: {type(error).__name__} {error.message}")
            continue
        found = told(frame, metric, dimensions)
        if not is_checked:
            faults += [] if adds_up(frame, metric) else [f"{dimensions} {grain}: its parts miss the total"]
        elif found != expected:
            wrong = [k for k in found.keys() | expected.keys() if found.get(k, "-") != expected.get(k, "-")]
            at = min(wrong, key=str)
            faults.append(
                f"{dimensions} {grain}: {len(wrong)} of {len(expected)} cells, as {at}: said {found.get(at, '-')}, "
                f"checked {expected.get(at, '-')}"
            )
    assert not faults, "\n".join(faults)


def told(frame: MetricFrame, metric: str, dimensions: tuple[str, ...]) -> dict[tuple[Any, ...], Any]:
    return {(row.get("date"), *(row[name] for name in dimensions)): row[metric] for row in frame.rows}


def adds_up(frame: MetricFrame, metric: str) -> bool:
    """Where the check does not know a split, parts of an additive metric still sum to its total."""
    if shipped().additivity(metric) != "additive":
        return True
    return sum(row[metric] or 0 for row in frame.rows) == (frame.totals[metric] or 0)


def is_right_to_refuse(
    error: RoasteryError, metric: str, dimensions: tuple[str, ...], expected: dict[tuple[Any, ...], Any]
) -> bool:
    """No data where the check finds none either; what platforms count in their own ways is not summed across them."""
    if isinstance(error, NoData):
        return not any(expected.values())
    refuses = shipped().sums_across_platforms(metric) == "refuse" and not WITHIN_ONE.intersection(dimensions)
    return isinstance(error, BadQuery) and refuses
