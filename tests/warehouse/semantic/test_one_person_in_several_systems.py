"""A person whom the CRM, the shop and the payment provider each know by an id of their own is one in every metric."""

from collections.abc import Callable
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.conftest import CLOCK, put


@pytest.fixture(scope="module")
def layer(lasting: Callable[..., Warehouse]) -> SemanticLayer:
    """Ada and Ben are leads of the CRM; Ada bought in the shop a week on, Ben had bought before. Ada's e-mail joins her
    three records, and only the CRM says that she is a big one."""
    warehouse = lasting()
    put(
        warehouse,
        customers=[
            {"customer_id": "shop:1", "email": "ada@example.org", "first_seen_at": "2026-08-01T12:00:00Z"},
            {"customer_id": "crm:7", "email": "Ada@example.org", "first_seen_at": "2026-09-02T12:00:00Z",
             "segment": "big", "stage": "champion", "country": "DE"},
            {"customer_id": "pay:9", "email": "ada@example.org", "first_seen_at": "2026-09-03T12:00:00Z"},
            {"customer_id": "shop:2", "email": "ben@example.org", "first_seen_at": "2026-08-01T12:00:00Z"},
            {"customer_id": "crm:8", "email": "ben@example.org", "first_seen_at": "2026-09-02T12:00:00Z"},
        ],
        leads=[
            {"lead_id": "a", "customer_id": "crm:7", "created_at": "2026-09-02T12:00:00Z", "stage": "contacted"},
            {"lead_id": "b", "customer_id": "crm:8", "created_at": "2026-09-02T12:00:00Z", "stage": "contacted"},
        ],
        transactions=[
            {"transaction_id": "s1", "customer_id": "shop:1", "occurred_at": "2026-09-09T12:00:00Z", "amount": "50"},
            {"transaction_id": "s2", "customer_id": "shop:2", "occurred_at": "2026-08-09T12:00:00Z", "amount": "50"},
        ],
        subscriptions=[{"subscription_id": "u", "customer_id": "pay:9", "started_at": "2026-09-10T12:00:00Z",
                        "mrr": "20"}],
        tickets=[{"ticket_id": "k", "customer_id": "shop:1", "opened_at": "2026-09-10T12:00:00Z"}],
    )  # fmt: skip
    return SemanticLayer(warehouse, CLOCK)


def asked(layer: SemanticLayer, *metrics: str, **fields: Any) -> Any:
    period = {"start": "2026-09-01", "end": "2026-10-01"}
    return layer.ask(MetricQuery.model_validate({"metrics": metrics, "period": period, **fields}))


def test_a_lead_becomes_a_customer_under_whatever_id_it_buys(layer: SemanticLayer) -> None:
    """Of two leads one bought since; that the other had bought before does not count."""
    assert str(asked(layer, "lead_to_customer_rate").totals["lead_to_customer_rate"]) == "0.5000"


@pytest.mark.parametrize("metric", ["mrr", "tickets", "revenue"])
def test_what_one_system_knows_of_a_person_holds_for_the_records_of_all(layer: SemanticLayer, metric: str) -> None:
    rows = asked(layer, metric, dimensions=["segment"]).rows
    assert [row["segment"] for row in rows] == ["big"]
