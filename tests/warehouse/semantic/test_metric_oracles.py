"""Every metric equals its independent check (tests/cases/metrics.yml), in total, split, and over time."""

import itertools
from datetime import date
from typing import Any

import pytest

from roastery.warehouse.errors import BadQuery
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.load import shipped
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.warehouse.semantic.oracle import Asked, Oracle, cases, rounded

START, END = date(2026, 8, 5), date(2026, 10, 20)
WITHIN_ONE = frozenset({"platform", "account", "campaign", "ad_group", "ad"})
CHECKED = [name for name in shipped().public if "unless" not in cases()["metrics"].get(name, {})]


def test_every_metric_has_a_check_or_says_why_not() -> None:
    assert set(cases()["metrics"]) == set(shipped().public)


@pytest.mark.parametrize("metric", CHECKED)
def test_metric_equals_its_check(metric: str, layer: SemanticLayer, oracle: Oracle) -> None:
    allowed = _allowed(metric)
    shapes: list[tuple[tuple[str, ...], str | None]] = [((), None), ((), "week")]
    shapes += [(tuple(allowed[:2]), None), (tuple(allowed[-1:]), "month")] if allowed else [((), "month")]
    turned = CHECKED.index(metric) % len(shapes)
    shapes = [*shapes[turned:], *shapes[:turned]]
    _check(metric, _possible(metric, shapes), layer, oracle, *_days(metric, START, END), enough=2)


@pytest.mark.prove
@pytest.mark.parametrize("metric", CHECKED)
def test_metric_equals_its_check_by_every_dimension_and_grain(
    metric: str, layer: SemanticLayer, oracle: Oracle
) -> None:
    allowed = _allowed(metric)
    grains = ("day", "week", "month", "quarter", "year")
    shapes: list[tuple[tuple[str, ...], str | None]] = [((), grain) for grain in (None, *grains)]
    shapes += [((name,), grain) for name in allowed for grain in (None, "month")]
    shapes += [(pair, None) for pair in itertools.pairwise(allowed) if _of_one_table(metric, pair)]
    _check(metric, _possible(metric, shapes), layer, oracle, *_days(metric, date(2026, 7, 1), date(2026, 11, 15)))


def _of_one_table(metric: str, pair: tuple[str, ...]) -> bool:
    """Whether the check reads both splits of one table: what it looks up instead for one it does not for the other."""
    instead = cases()["metrics"][metric].get("instead", {})
    return instead.get(pair[0]) == instead.get(pair[1])


def _allowed(metric: str) -> tuple[str, ...]:
    return tuple(cases()["metrics"][metric].get("by", shipped().allowed_dimensions(metric)))


def _days(metric: str, start: date, end: date) -> tuple[date, date]:
    first, last = cases()["metrics"][metric].get("of_period", (start, end))
    return first, last


def _possible(metric: str, shapes: list[Any]) -> list[Any]:
    """Metrics of a whole period are not split by date."""
    grains = shipped_catalogue().metrics[metric].grains
    return [(dimensions, grain) for dimensions, grain in shapes if grain is None or grain in grains]


def _check(
    metric: str, shapes: list[Any], layer: SemanticLayer, oracle: Oracle, start: date, end: date, enough: int = 10**6
) -> None:
    """Compare shape by shape, until `enough` of them had a value to compare."""
    compared = 0
    for dimensions, grain in shapes:
        query = MetricQuery(
            metrics=(metric,), dimensions=dimensions, grain=grain, period=PeriodSpec(start=start, end=end)
        )
        if shipped().sums_across_platforms(metric) == "refuse" and not WITHIN_ONE.intersection(dimensions):
            with pytest.raises(BadQuery, match="not summed across platforms"):
                layer.ask(query)
            continue
        frame = layer.ask(query)
        found = {(row.get("date"), *(row[name] for name in dimensions)): row[metric] for row in frame.rows}
        unit = shipped().metrics[metric].unit
        answer = oracle.answer(metric, Asked(start, end, dimensions, grain))
        assert found == {key: rounded(value, unit) for key, value in answer.items()}, (metric, dimensions, grain)
        compared += any(value is not None for value in answer.values())
        if compared >= enough:
            break
    assert compared, f"{metric} was never compared with a value"
