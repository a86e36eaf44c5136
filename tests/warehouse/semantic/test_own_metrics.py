"""An organization's own metrics: every kind, checked with nearest names, versioned, seen by the right roles."""

from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery, NotAllowed, UnknownName
from roastery.warehouse.organization import OwnMetric
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.own import semantics_of, with_added, without
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.semantic.company import CLOCK
from tests.warehouse.semantic.conftest import Ask

OWN: dict[str, Any] = {
    "pos_revenue": {
        "title": "Revenue at the till", "definition": "Net revenue of valid sales at the till, on the sale's day.",
        "unit": "money", "synonyms": ["till revenue"],
        "measure": {"fact": "sales", "aggregate": "sum", "of": "net_amount", "where": "sales_channel = 'pos'"},
    },
    "pos_share": {
        "title": "Share at the till", "definition": "Revenue at the till divided by revenue, both summed first.",
        "unit": "ratio", "ratio": {"numerator": "pos_revenue", "denominator": "revenue"},
    },
    "revenue_after_ads": {
        "title": "Revenue after ads", "definition": "Revenue less spend, each on its own day.", "unit": "money",
        "formula": "total(revenue, -spend)",
    },
    "buyers_28d": {
        "title": "Buyers in 28 days", "definition": "Distinct buyers of the 28 days up to each day.", "unit": "count",
        "cumulative": {"metric": "active_customers", "over": "trailing", "days": 28},
    },
    "revenue_mtd": {
        "title": "Revenue of the month so far", "definition": "Revenue from the first of the month to each day.",
        "unit": "money", "cumulative": {"metric": "revenue", "over": "month_to_date"},
    },
    "cost_of_units": {
        "title": "Cost of units", "definition": "Sum of the cost of lines.", "unit": "money",
        "measure": {"fact": "sale_lines", "aggregate": "sum", "of": "cost"},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def own(company: Warehouse) -> Warehouse:
    metrics = with_added((), OWN)
    return Warehouse(company._owner, company.organization.with_settings(metrics=metrics))


@pytest.fixture(scope="module")
def own_layer(own: Warehouse) -> SemanticLayer:
    return SemanticLayer(own, CLOCK)


def asked(layer: SemanticLayer, *metrics: str, **fields: Any) -> Any:
    period = {"start": "2026-09-10", "end": "2026-10-20"}
    return layer.ask(MetricQuery.model_validate({"metrics": metrics, "period": period, **fields}))


def test_each_kind_is_what_the_shipped_metrics_say_it_is(own_layer: SemanticLayer, ask: Ask) -> None:
    days = {"start": "2026-09-10", "end": "2026-10-20"}
    totals = asked(own_layer, "pos_revenue", "pos_share", "revenue_after_ads", "buyers_28d", "revenue_mtd").totals
    revenue = ask("revenue", **days).totals["revenue"]
    pos = ask("revenue", **days, filters=[{"dimension": "sales_channel", "values": ["pos"]}]).totals["revenue"]
    assert totals["pos_revenue"] == pos
    assert abs(totals["pos_share"] - pos / revenue) < 0.0001
    assert totals["revenue_after_ads"] == revenue - ask("spend", **days).totals["spend"]
    buyers = ask("active_customers", start="2026-09-22", end="2026-10-20").totals["active_customers"]
    assert totals["buyers_28d"] == buyers
    assert totals["revenue_mtd"] == ask("revenue", start="2026-10-01", end="2026-10-20").totals["revenue"]
    weekly = asked(own_layer, "revenue", "buyers_28d", grain="week")
    assert sum(row["revenue"] or 0 for row in weekly.rows) == revenue  # a cumulative metric leaves the others alone


def test_catalogue_lists_them_with_kind_additivity_and_version(own_layer: SemanticLayer) -> None:
    found = own_layer.catalogue.metrics
    assert [found[name].kind for name in OWN] == ["simple", "ratio", "derived", "cumulative", "cumulative", "simple"]
    assert (found["pos_revenue"].additivity, found["revenue_mtd"].additivity) == ("additive", "semi_additive")
    assert found["buyers_28d"].additivity == "non_additive"
    assert {"country", "location"} <= set(found["pos_share"].dimensions) < set(found["revenue"].dimensions)
    assert {found[name].version for name in OWN} == {1}
    assert own_layer.catalogue is SemanticLayer(own_layer.warehouse, CLOCK).catalogue


def test_what_is_made_of_hidden_costs_stays_hidden(own: Warehouse, own_layer: SemanticLayer) -> None:
    assert own_layer.catalogue.metrics["cost_of_units"].roles == ("owner", "admin", "analyst")
    with pytest.raises(NotAllowed):
        asked(SemanticLayer(own, CLOCK, role="viewer"), "cost_of_units")
    assert "viewer" in own_layer.catalogue.metrics["pos_revenue"].roles


def changed(name: str, **fields: Any) -> dict[str, Any]:
    return {name: {**OWN[name], **fields}}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"revenue": OWN["pos_revenue"]}, "ships with the product"),
        ({"Pos Revenue": OWN["pos_revenue"]}, "is not a metric's name"),
        ({"pos": "revenue"}, "is not a definition"),
        ([], "maps names to definitions"),
        (changed("pos_share", ratio={"numerator": "revenu", "denominator": "spend"}), "Did you mean 'revenue'?"),
        (changed("pos_revenue", measure={"fact": "sale", "aggregate": "count"}), "Unknown fact 'sale'"),
        (changed("pos_revenue", measure={"fact": "sales", "aggregate": "sum", "of": "net_amont"}), "'net_amount'"),
        (changed("pos_revenue", measure={"fact": "sales", "aggregate": "sum", "of": "read_csv('x')"}), "not allowed"),
        (changed("pos_revenue", unti="money"), "Did you mean 'unit'?"),
        (changed("pos_revenue", definition="No stop"), "ends with a full stop"),
        (changed("pos_revenue", synonyms=["net sales"]), "shares the synonym 'net sales' with 'revenue'"),
        (changed("pos_revenue", roles=["chef"]), "roles"),
        (changed("revenue_after_ads", formula="revenue_after_ads - spend"), "computed from itself"),
        (changed("buyers_28d", cumulative={"metric": "orders", "over": "trailing"}), "needs days"),
    ],
)  # fmt: skip
def test_an_unsound_metric_is_refused_with_a_sentence(written: Any, said: str) -> None:
    with pytest.raises(BadQuery) as refused:
        with_added((), written)
    assert said in refused.value.message


def test_a_definition_that_changes_counts_its_versions_and_receipts_say_so(own: Warehouse) -> None:
    first = with_added((), OWN)
    assert with_added(first, OWN) == first
    narrower = changed("pos_revenue", measure={**OWN["pos_revenue"]["measure"], "where": "sales_channel = 'online'"})
    second = with_added(first, narrower)
    assert {metric.name: metric.version for metric in second} == {**dict.fromkeys(OWN, 1), "pos_revenue": 2}
    # What is computed from it is redefined too.
    before, after = semantics_of(first), semantics_of(second)
    assert before.defined("pos_share") != after.defined("pos_share")
    assert after.defined("pos_share").endswith("(pos_revenue version 2, pos_share version 1)")
    assert before.defined("revenue") == after.defined("revenue")


def test_one_that_others_are_computed_from_cannot_be_removed() -> None:
    metrics = with_added((), OWN)
    with pytest.raises(BadQuery, match="Unknown metric 'pos_revenue'"):
        without(metrics, "pos_revenue")
    assert "pos_share" not in {metric.name for metric in without(metrics, "pos_share")}
    with pytest.raises(UnknownName):
        without(metrics, "pos_shar")


def test_without_own_metrics_the_model_is_the_shipped_one(layer: SemanticLayer) -> None:
    assert semantics_of(()) is layer.semantics
    assert semantics_of((OwnMetric("x", '{"a": 1}'),)[:0]) is layer.semantics
