"""Filters by name: small and capital letters of any script, and "not" beside names that nothing carries an id for."""

from collections.abc import Callable

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec
from tests.warehouse.conftest import CLOCK, put

NAMES = ("ΟΔΟΣ", "İstanbul", "STRASSE Ä", "Été ☕")
OCTOBER = PeriodSpec.model_validate({"start": "2026-10-01", "end": "2026-11-01"})


@pytest.fixture(scope="module")
def layer(lasting: Callable[..., Warehouse]) -> SemanticLayer:
    warehouse = lasting()
    at = "2026-10-05T12:00:00Z"
    put(
        warehouse,
        campaigns=[{"campaign_id": f"k{n}", "campaign_name": name} for n, name in enumerate(NAMES)],
        ad_performance=[
            {"report_date": "2026-10-05", "platform": "meta_ads", "campaign_id": f"k{n}", "spend": 10 ** n}
            for n in range(len(NAMES))
        ],
        automation_events=[
            {"event_id": f"e{n}", "workflow_id": id_, "workflow_name": name, "kind": "completed", "occurred_at": at}
            for n, (id_, name) in enumerate([("w1", "Welcome"), ("w2", "Goodbye"), (None, "Welcome")])
        ],
    )  # fmt: skip
    return SemanticLayer(warehouse, CLOCK)


@pytest.mark.parametrize(("place", "name"), list(enumerate(NAMES)))
def test_a_campaign_is_found_by_its_name_as_it_is_written(layer: SemanticLayer, place: int, name: str) -> None:
    chosen = (FilterSpec(dimension="campaign", op="in", values=(name,)),)
    totals = layer.ask(MetricQuery(metrics=("spend",), period=OCTOBER, filters=chosen)).totals
    assert totals["spend"] == 10**place


def test_not_keeps_the_others_where_a_name_has_no_id(layer: SemanticLayer) -> None:
    others = (FilterSpec(dimension="workflow", op="not_in", values=("welcome",)),)
    query = MetricQuery(metrics=("workflow_completions",), dimensions=("workflow",), period=OCTOBER, filters=others)
    rows = {row["workflow"]: row["workflow_completions"] for row in layer.ask(query).rows}
    assert rows == {"w2": 1, "unknown": 1}
