"""One deal of millions: no metric by any split overflows the width of its decimals."""

from decimal import Decimal

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import RoasteryError
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.load import shipped
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.warehouse.conftest import CLOCK, put

LARGE = "87654321.25"
PERIOD = PeriodSpec(name="all_time")


@pytest.fixture(scope="module")
def layer(shared: Warehouse) -> SemanticLayer:
    """Two customers of one large order each, with lines, a refund, touches, spend and a subscription."""
    day = "2026-10-0"
    put(
        shared,
        assets=[{"asset_id": "i", "asset_name": "Mill at work", "asset_type": "image"}],
        inventory_levels=[{"snapshot_date": f"{day}1", "product_id": "p", "on_hand": "20000", "unit_cost": "50000"}],
        products=[{"product_id": "p", "product_name": "Mill", "category": "plant", "unit_cost": "50000000"}],
        campaigns=[{"campaign_id": "k", "campaign_name": "Spring", "platform": "meta_ads"}],
        customers=[{"customer_id": f"c{n}", "segment": "large"} for n in (1, 2)],
        ad_performance=[
            {"report_date": f"{day}1", "platform": "meta_ads", "campaign_id": "k", "ad_id": "a", "asset_id": "i",
             "spend": "43210987.5",
             "impressions": 900_000_000, "clicks": 80_000_000, "reported_conversions": "70000000",
             "reported_conversion_value": LARGE}
        ],
        touchpoints=[
            {"touchpoint_id": f"t{n}{m}", "customer_id": f"c{n}", "occurred_at": f"{day}{m}T10:00:00Z",
             "campaign_id": "k", "ad_id": "a", "kind": "click"}
            for n in (1, 2) for m in (1, 2)
        ],
        transactions=[
            {"transaction_id": f"s{n}", "customer_id": f"c{n}", "occurred_at": f"{day}{2 + n}T10:00:00Z",
             "amount": LARGE, "discount_amount": "7000000"}
            for n in (1, 2)
        ],
        transaction_lines=[
            {"transaction_id": f"s{n}", "line_no": line, "product_id": "p", "quantity": "1000",
             "unit_price": "43827.16"}
            for n in (1, 2) for line in ("1", "2")
        ],
        refunds=[{"refund_id": "r", "transaction_id": "s1", "refunded_at": f"{day}5T10:00:00Z", "amount": "7654321.5"}],
        subscriptions=[{"subscription_id": "u", "customer_id": "c1", "plan": "p", "started_at": f"{day}1T00:00:00Z",
                        "mrr": "45678901.5", "status": "active"}],
        opportunities=[{"opportunity_id": "o", "created_at": f"{day}1T00:00:00Z", "amount": LARGE}],
    )  # fmt: skip
    return SemanticLayer(shared, CLOCK)


@pytest.mark.parametrize("dimension", ["", "channel", "campaign", "product", "asset", "segment", "customer_type"])
def test_no_metric_overflows(layer: SemanticLayer, dimension: str) -> None:
    faults, answered = [], 0
    for metric in shipped().public:
        dimensions = (dimension,) if dimension else ()
        if dimension and dimension not in shipped().allowed_dimensions(metric):
            continue
        try:
            layer.ask(MetricQuery(metrics=(metric,), dimensions=dimensions, period=PERIOD))
            answered += 1
        except RoasteryError as error:
            if "ange Error" in error.message or "verflow" in error.message:
                faults.append(f"{metric}: {error.message}")
    assert not faults, "\n".join(faults)
    assert answered >= 5


def test_large_amounts_are_exact_where_they_are_split(layer: SemanticLayer) -> None:
    def by(dimension: str, *metrics: str) -> list[dict[str, object]]:
        frame = layer.ask(MetricQuery(metrics=metrics, dimensions=(dimension,), period=PERIOD))
        return [dict(row) for row in frame.rows]

    net = 2 * Decimal(LARGE) - Decimal("7654321.5")
    assert [row["ltv"] for row in by("campaign", "ltv")] == [(net / 2).quantize(Decimal("0.01"))]
    assert sum(Decimal(str(row["refunds"])) for row in by("product", "refunds")) == Decimal("7654321.50")
    (image,) = by("asset", "asset_revenue", "spend")
    assert (image["asset_revenue"], image["spend"]) == (net, Decimal("43210987.50"))
