"""Which roles may see a metric: said in the catalogue, refused by name, never leaking the figure."""

from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import NotAllowed
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.semantic.company import CLOCK

PERIOD = {"start": "2026-08-05", "end": "2026-10-20"}
MARGINS = ("gross_margin", "gross_margin_rate", "contribution_margin", "cost_of_goods")


@pytest.fixture(scope="module")
def viewer(company: Warehouse) -> SemanticLayer:
    return SemanticLayer(company, CLOCK, role="viewer")


def asked(layer: SemanticLayer, **fields: Any) -> Any:
    return layer.ask(MetricQuery.model_validate({"period": PERIOD, **fields}))


def test_catalogue_names_the_roles_that_may_see_a_metric() -> None:
    metrics = shipped_catalogue().metrics
    assert metrics["revenue"].roles == ("owner", "admin", "analyst", "viewer")
    assert all(metrics[name].roles == ("owner", "admin", "analyst") for name in MARGINS)
    # Of a ratio of hidden costs the ratio itself was opened on purpose.
    assert "viewer" in metrics["inventory_turns"].roles


@pytest.mark.parametrize(
    "fields",
    [
        {"metrics": ["gross_margin"]},
        {"metrics": ["revenue", "contribution_margin"]},
        {"metrics": ["revenue"], "filters": [{"metric": "gross_margin", "op": "gt", "values": ["1"]}]},
        {"metrics": ["revenue"], "dimensions": ["product"], "order_by": [{"field": "gross_margin_rate"}]},
    ],
)
def test_a_role_is_refused_what_it_may_not_see_also_behind_a_filter_or_an_order(
    fields: dict[str, Any], viewer: SemanticLayer, layer: SemanticLayer
) -> None:
    seen = asked(layer, **{**fields, "metrics": ["gross_margin"], "filters": [], "order_by": []})
    with pytest.raises(NotAllowed, match="The role 'viewer' may not see") as refused:
        asked(viewer, **fields)
    assert str(seen.totals["gross_margin"]) not in refused.value.message
    assert refused.value.allowed == ("owner", "admin", "analyst")
    with pytest.raises(NotAllowed):
        viewer.explain(MetricQuery.model_validate({"period": PERIOD, **fields}))


def test_what_a_role_may_see_is_the_same_for_all(viewer: SemanticLayer, layer: SemanticLayer) -> None:
    fields: dict[str, Any] = {"metrics": ["revenue", "roas"], "grain": "month"}
    assert asked(viewer, **fields).rows == asked(layer, **fields).rows


def test_parts_without_a_public_name_are_asked_with_the_same_eyes(viewer: SemanticLayer) -> None:
    with pytest.raises(NotAllowed):
        asked(viewer.with_hidden(), metrics=["gross_margin"])
    assert asked(viewer.with_hidden(), metrics=["net_of_orders"]).totals["net_of_orders"]


@pytest.mark.parametrize(
    ("metric", "maturity"),
    [
        ("page_views", "stays"),
        ("gross_revenue", "stays"),
        ("spend", "restated"),
        ("revenue", "moves"),
        ("roas", "moves"),
        ("ltv", "grows"),
        ("lead_to_customer_rate", "grows"),
    ],
)
def test_catalogue_says_how_the_number_of_a_past_day_behaves(metric: str, maturity: str) -> None:
    assert shipped_catalogue().metrics[metric].maturity == maturity
    assert shipped_catalogue().metrics["ltv_12m"].minimum_age_days == 365
