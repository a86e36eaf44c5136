"""What data_health reads: each fault is found where it was planted, and nothing where there is none."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from roastery.warehouse.checks import Check
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.raw import RawBatch, SourceProgress
from tests.warehouse.conftest import put


def found(warehouse: Warehouse, name: str) -> list[Check]:
    return [check for check in warehouse.checks() if check.name == name]


def test_an_empty_warehouse_has_nothing_to_report(warehouse: Warehouse) -> None:
    assert warehouse.checks() == ()


def test_a_sound_one_reports_counts_coverage_and_freshness_only(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse()
    as_of = SourceProgress(datetime(2026, 11, 1, 10, tzinfo=UTC))
    warehouse.land(RawBatch("con", "shop", "orders", [], progress=as_of))
    put(
        warehouse,
        transactions=[
            {"transaction_id": "1", "customer_id": "a", "amount": "10", "occurred_at": "2026-10-05T12:00:00Z"}
        ],
        touchpoints=[
            {"touchpoint_id": "t", "customer_id": "a", "channel": "email", "occurred_at": "2026-10-05T11:00:00Z"}
        ],
    )
    assert {(c.name, c.subject, c.severity) for c in warehouse.checks()} == {
        ("rows", "transactions", "ok"),
        ("rows", "touchpoints", "ok"),
        ("attribution_coverage", "USD", "ok"),
        ("freshness", "shop", "ok"),
    }
    assert found(warehouse, "rows")[1].message == "Sales: 1 rows from 2026-10-05 to 2026-10-05."


def test_planted_faults_are_found_with_their_size(open_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = open_warehouse()
    stale = SourceProgress(datetime(2026, 10, 30, 12, tzinfo=UTC))
    warehouse.land(RawBatch("con", "meta_ads", "insights", [], progress=stale))
    warehouse.upsert_rows("products", [{"product_id": "p", "unit_cost": "cheap"}], build=False)
    at = "2026-10-05T12:00:00Z"
    put(
        warehouse,
        customers=[{"customer_id": "a"}],
        transactions=[
            {"transaction_id": "1", "customer_id": "a", "amount": "75", "occurred_at": at},
            {"transaction_id": "2", "customer_id": "ghost", "amount": "25", "occurred_at": at, "refunded_amount": "30"},
            {"transaction_id": "3", "amount": "5", "occurred_at": at, "currency": "EUR"},
            {"transaction_id": "4", "amount": "75", "occurred_at": at, "external_order_id": "1", "kind": "payment"},
        ],
        touchpoints=[
            {"touchpoint_id": "t", "customer_id": "a", "occurred_at": "2026-10-05T11:00:00Z", "utm_source": "facebook",
             "utm_medium": "cpc", "utm_campaign": "Typo"},
            {"touchpoint_id": "u", "occurred_at": "2026-10-05T11:00:00Z", "campaign_id": "lost"},
        ],
    )  # fmt: skip
    by_name = {(c.name, c.subject): c for c in warehouse.checks()}
    assert by_name["orphans", "transactions.customer_id"].count == 1
    assert by_name["quarantined", "products from import"].count == 1
    assert by_name["unmapped_touches", "touches"].count == 1
    assert by_name["unmapped_revenue", "USD"].amount == Decimal(75)
    assert by_name["attribution_coverage", "USD"].amount == Decimal("1.0714"), "75 of 75 - 5"
    assert by_name["attribution_coverage", "EUR"].severity == "warning"
    assert by_name["unknown_campaigns", "touches"].count == 1
    assert by_name["refunds_above_sale", "sales"].count == 1
    assert by_name["repeated_sales", "transactions"].count == 1
    assert by_name["missing_rates", "sales in EUR"].severity == "error"
    assert by_name["freshness", "meta_ads"].severity == "warning"
    assert by_name["freshness", "meta_ads"].count == 48
    assert [c.severity for c in warehouse.checks()] == sorted(
        (c.severity for c in warehouse.checks()), key=["error", "warning", "ok"].index
    )
