"""Channels, stages and sales channels are one word in whatever case a file writes them, so that their metrics meet."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.conftest import CLOCK, put


@pytest.fixture(scope="module")
def layer(lasting: Callable[..., Warehouse]) -> SemanticLayer:
    warehouse = lasting()
    day = "2026-10-05"
    put(
        warehouse,
        campaigns=[{"campaign_id": "k", "platform": "meta_ads", "channel": "Paid Social"}],
        ad_performance=[{"report_date": day, "platform": "meta_ads", "campaign_id": "k", "spend": "30"}],
        leads=[
            {"lead_id": f"l{n}", "created_at": f"{day}T12:00:00Z", "channel": channel, "stage": stage}
            for n, (channel, stage) in enumerate(
                [("paid social", "Qualified"), ("Paid_Social", "qualified"), ("paid_social", "Marketing Lead")]
            )
        ],
        transactions=[
            {"transaction_id": f"s{n}", "occurred_at": f"{day}T13:00:00Z", "amount": "5", "sales_channel": channel}
            for n, channel in enumerate(["Online", "online", "POS"])
        ],
        web_events=[
            {"event_id": f"e{n}", "anonymous_id": f"v{n}", "occurred_at": f"{day}T12:00:00Z", "kind": "page_view"}
            for n in range(4)
        ],
    )
    return SemanticLayer(warehouse, CLOCK)


def asked(layer: SemanticLayer, metric: str, **fields: Any) -> Any:
    period = {"start": "2026-10-01", "end": "2026-11-01"}
    return layer.ask(MetricQuery.model_validate({"metrics": [metric], "period": period, **fields}))


def test_leads_and_spend_meet_on_their_channel(layer: SemanticLayer) -> None:
    rows = asked(layer, "cost_per_lead", dimensions=["channel"]).rows
    assert [(row["channel"], row["cost_per_lead"]) for row in rows] == [("paid_social", Decimal("10.00"))]


def test_qualified_is_qualified_and_other_stages_are_told(layer: SemanticLayer) -> None:
    assert asked(layer, "qualified_leads").totals["qualified_leads"] == 2
    assert isinstance(layer.warehouse, Warehouse)
    (told,) = [check for check in layer.warehouse.checks() if check.subject == "leads" and check.name == "ranges"]
    assert (told.count, "such as 'l2'" in told.message) == (1, True)


def test_online_orders_are_those_sold_online(layer: SemanticLayer) -> None:
    assert asked(layer, "conversion_rate").totals["conversion_rate"] == Decimal("0.5000")
