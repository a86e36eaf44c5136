"""What creative assets brought comes from credit, once: in the built table, in the metrics, in analyze_assets."""

from datetime import date
from decimal import Decimal

import pytest

from roastery.warehouse.clock import Clock
from roastery.warehouse.creatives import assets_by_day
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery
from tests.warehouse.conftest import put

NOW = Clock.from_iso("2026-11-01T12:00:00+00:00")
METRICS = ("asset_impressions", "asset_clicks", "asset_conversions", "asset_revenue", "asset_spend", "asset_roas")


@pytest.fixture
def shown(warehouse: Warehouse) -> Warehouse:
    """An ad of two assets (1 : 3), an ad whose report names its asset, and rows imported per asset for both worlds."""
    day = "2026-10-01"
    put(
        warehouse,
        assets=[{"asset_id": a, "asset_type": "image", "creation_cost": "50", "created_at": "2026-09-01T10:00:00Z"}
                for a in ("cat", "dog", "bird")],
        ad_assets=[
            {"ad_id": "ad1", "asset_id": "cat", "share": "0.25"},
            {"ad_id": "ad1", "asset_id": "dog", "share": "0.75"},
        ],
        ad_performance=[
            {"report_date": day, "platform": "meta_ads", "campaign_id": "c1", "ad_id": "ad1", "spend": "40.00",
             "impressions": 1000, "clicks": 40},
            {"report_date": day, "platform": "meta_ads", "campaign_id": "c1", "ad_id": "ad2", "asset_id": "cat",
             "spend": "10.00", "impressions": 100, "clicks": 4},
        ],
        touchpoints=[
            {"touchpoint_id": f"t{n}", "customer_id": f"p{n}", "occurred_at": "2026-10-02T10:00:00Z",
             "campaign_id": "c1", "platform": "meta_ads", "ad_id": ad, "kind": "click"}
            for n, ad in enumerate(("ad1", "ad2"))
        ],
        transactions=[
            {"transaction_id": f"s{n}", "customer_id": f"p{n}", "occurred_at": "2026-10-03T10:00:00Z", "amount": "100"}
            for n in range(2)
        ],
        asset_campaign_performance=[
            {"asset_id": asset, "campaign_id": "c1", "platform": platform, "performance_date": day, "impressions": 7,
             "clicks": 1, "conversions": "2", "revenue": "500"}
            for asset, platform in (("cat", "meta_ads"), ("bird", "pinterest_ads"))
        ],
    )  # fmt: skip
    return warehouse


def asked(warehouse: Warehouse, *metrics: str, **fields: object) -> MetricFrame:
    return SemanticLayer(warehouse, NOW).ask(
        MetricQuery.model_validate({"metrics": metrics, "dimensions": ["asset"], **fields})
    )


def test_credit_of_an_ad_is_split_over_its_assets_and_claims_count_only_where_no_ad_is_reported(
    shown: Warehouse,
) -> None:
    frame = asked(shown, *METRICS)
    rows = {row["asset"]: [row[m] for m in METRICS] for row in frame.rows}
    assert rows == {
        "cat": [350, 14, Decimal("1.25"), Decimal("125.00"), Decimal("20.00"), Decimal("6.2500")],
        "dog": [750, 30, Decimal("0.75"), Decimal("75.00"), Decimal("30.00"), Decimal("2.5000")],
        "bird": [7, 1, 2, Decimal("500.00"), Decimal("0.00"), None],
    }
    assert frame.totals["asset_revenue"] == Decimal("700.00")
    roi = {row["asset"]: row["creative_roi"] for row in asked(shown, "creative_roi").rows}
    assert roi == {"cat": Decimal("2.5000"), "dog": Decimal("1.5000"), "bird": Decimal("10.0000")}


def test_the_built_table_the_views_and_analyze_assets_say_what_the_metrics_say(shown: Warehouse) -> None:
    said = {row["asset"]: row["asset_revenue"] for row in asked(shown, "asset_revenue").rows}
    built = "SELECT {} AS asset, sum(revenue) AS revenue FROM {} GROUP BY 1"
    for key, table in (("asset_id", "asset_campaign_performance"), ("creative_asset_id", "campaign_performance")):
        rows = shown.user_sql(built.format(key, table)).to_pylist()
        assert {row["asset"]: row["revenue"] for row in rows} == said
    sql, values = assets_by_day("asset", date(2026, 9, 1), date(2026, 11, 1), "USD", "USD")
    lines = shown.query(sql, values).to_pylist()
    assert {a: sum(line["revenue"] for line in lines if line["key"] == a) for a in said} == said


def test_attributed_revenue_by_asset_knows_the_asset_of_an_ad_that_shows_one(shown: Warehouse) -> None:
    rows = asked(shown, "attributed_revenue", "spend").rows
    assert {row["asset"]: row["attributed_revenue"] for row in rows if row["asset"] == "cat"} == {
        "cat": Decimal("100.00")
    }
    assert sum(row["attributed_revenue"] or 0 for row in rows) == 200


def test_a_window_that_is_asked_holds_for_assets_too(shown: Warehouse) -> None:
    rows = asked(shown, "asset_revenue", attribution_model="linear", attribution_window_days=0).rows
    assert {row["asset"]: row["asset_revenue"] for row in rows} == {"bird": Decimal("500.00")}
