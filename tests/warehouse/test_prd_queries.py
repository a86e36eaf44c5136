"""The PRD's example queries as they are written, what the first of them gets wrong, and the PRD's columns."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery
from tests.warehouse.conftest import put

PRD = Path(__file__).resolve().parents[3] / "shared" / "PRD.md"
NOW = Clock.from_iso("2026-11-01T12:00:00+00:00")
FIRST = """
SELECT
  c.campaign_name,
  c.platform,
  SUM(c.ad_spend) as total_spend,
  SUM(r.revenue) as attributed_revenue,
  (SUM(r.revenue) / SUM(c.ad_spend)) as roas,
  COUNT(r.customer_id) as customers_acquired
FROM campaigns c
LEFT JOIN revenue_attribution r ON c.campaign_id = r.campaign_id
GROUP BY c.campaign_name, c.platform;
"""
COLUMNS = {
    "customer_lifecycle": "id customer_id organization_id first_touch_campaign_id first_touch_date acquisition_cost "
    "acquisition_channel current_stage lifetime_value last_interaction_date created_at",
    "revenue_attribution": "id customer_id campaign_id touchpoint_type attribution_weight revenue_amount "
    "transaction_date attribution_model",
    "data_integrations": "id organization_id integration_type provider_name connection_status last_sync_date "
    "sync_frequency data_mapping",
    "campaigns": "creative_asset_ids target_audience_id attribution_window_days conversion_goals",
    "asset_campaign_performance": "asset_id campaign_id impressions clicks conversions revenue "
    "performance_date platform",
    "identities": "identity_kind identity customer_id",
    "journeys": "customer_id step_no occurred_at step_kind channel campaign_id amount",
}


@pytest.fixture(scope="module")
def three_sales(shared: Warehouse) -> Warehouse:
    """One campaign, two ad rows of 50, three sales credited to it."""
    put(
        shared,
        campaigns=[{"campaign_id": "c1", "campaign_name": "Spring", "platform": "meta_ads"}],
        ad_performance=[
            {"report_date": day, "platform": "meta_ads", "campaign_id": "c1", "ad_id": "ad1", "spend": "50.00"}
            for day in ("2026-10-01", "2026-10-02")
        ],
        touchpoints=[
            {"touchpoint_id": f"t{n}", "customer_id": f"p{n}", "occurred_at": "2026-10-02T10:00:00Z",
             "campaign_id": "c1", "kind": "click"}
            for n in range(3)
        ],
        transactions=[
            {"transaction_id": f"s{n}", "customer_id": f"p{n}", "occurred_at": "2026-10-03T10:00:00Z", "amount": "80"}
            for n in range(3)
        ],
    )  # fmt: skip
    return shared


def test_first_query_counts_spend_once_per_credit_and_the_metric_counts_it_once(three_sales: Warehouse) -> None:
    row = three_sales.user_sql(FIRST).to_pylist()[0]
    assert row["total_spend"] == Decimal("300")  # 100, three times
    assert float(row["roas"]) == pytest.approx(240 / 300)
    frame = SemanticLayer(three_sales, NOW).ask(
        MetricQuery(metrics=("spend", "paid_revenue", "roas"), dimensions=("campaign", "platform"))
    )
    sums = three_sales.query(
        "SELECT (SELECT sum(spend) FROM ad_performance) AS spend, (SELECT sum(credited_net) FROM attribution_credits "
        "WHERE model = 'last_non_direct' AND is_paid) AS revenue"
    ).to_pylist()[0]
    assert frame.rows[0]["spend"] == sums["spend"] == Decimal("100.00")
    assert (
        frame.rows[0]["roas"] == frame.totals["roas"] == (sums["revenue"] / sums["spend"]).quantize(Decimal("0.0001"))
    )
    assert frame.rows[0]["roas"] == Decimal("2.4000")


@pytest.mark.parametrize("table", COLUMNS)
def test_built_tables_have_the_columns_that_the_prd_gives_them(three_sales: Warehouse, table: str) -> None:
    assert set(COLUMNS[table].split()) <= set(three_sales.user_sql(f"SELECT * FROM {table}").column_names)


@pytest.mark.referee
@pytest.mark.skipif(not PRD.exists(), reason="the PRD does not stand beside this repository")
def test_every_query_of_the_prd_runs_as_it_is_written(three_sales: Warehouse) -> None:
    blocks = re.findall(r"```sql\n(.*?)```", PRD.read_text(encoding="utf-8"), re.DOTALL)
    queries = [block for block in blocks if "SELECT" in block]
    assert len(queries) == 3
    for text in queries:
        assert three_sales.user_sql(text).num_rows >= 0


def test_what_the_queries_sum_stands_in_the_organizations_currency(warehouse: Warehouse) -> None:
    put(
        warehouse,
        campaigns=[{"campaign_id": "c1", "campaign_name": "Spring", "platform": "meta_ads"}],
        fx_rates=[{"rate_date": "2026-10-01", "base_currency": "JPY", "quote_currency": "USD", "rate": "0.0065"}],
        touchpoints=[{"touchpoint_id": "t1", "customer_id": "ana", "occurred_at": "2026-10-02T10:00:00Z",
                      "campaign_id": "c1", "kind": "click"}],
        transactions=[
            {"transaction_id": "s1", "customer_id": "ana", "occurred_at": "2026-10-03T10:00:00Z", "amount": "80",
             "currency": "USD"},
            {"transaction_id": "s2", "customer_id": "ana", "occurred_at": "2026-10-04T10:00:00Z", "amount": "10000",
             "refunded_amount": "2000", "currency": "JPY"},
            {"transaction_id": "s3", "customer_id": "ben", "occurred_at": "2026-10-04T10:00:00Z", "amount": "5",
             "currency": "CHF"},
        ],
    )  # fmt: skip
    sales = warehouse.user_sql("SELECT transaction_id, transaction_amount FROM transactions").to_pylist()
    # 8,000 yen at 0.0065; francs have no rate, so that nothing is said of them.
    assert {row["transaction_id"]: row["transaction_amount"] for row in sales} == {
        "s1": Decimal("80"), "s2": Decimal("52"), "s3": None,
    }  # fmt: skip
    credit = warehouse.user_sql(
        "SELECT transaction_id, revenue, revenue_amount, currency FROM revenue_attribution WHERE campaign_id = 'c1'"
    ).to_pylist()
    assert {(r["transaction_id"], r["revenue"], r["revenue_amount"], r["currency"]) for r in credit} == {
        ("s1", Decimal("80"), Decimal("80"), "USD"), ("s2", Decimal("52"), Decimal("8000"), "JPY"),
    }  # fmt: skip
