"""A person's own SQL sees curated tables and nothing else, and its now is the clock's."""

from datetime import UTC, date, datetime

import pytest

from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import BadQuery, UnknownName
from tests.warehouse.conftest import put


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM sales",
        "FROM sales",
        "SELECT s.sale_id FROM curated.sales AS s LEFT JOIN touches USING (customer_id);",
        "WITH raw AS (SELECT 1 AS a) SELECT * FROM raw",
        "SELECT * FROM (VALUES (1), (2)) v(a), unnest([a])",
        "SELECT date_trunc('month', sale_date) AS month, sum(net_amount) FROM sales GROUP BY ALL ORDER BY 1",
        "SELECT * FROM campaigns UNION ALL SELECT * FROM campaigns",
        "DESCRIBE sales",
        "SELECT 'now() and raw.records' AS words",
        "SELECT i FROM generate_series(1, 3) g(i)",
    ],
)
def test_a_select_over_curated_names_runs(shared: Warehouse, sql: str) -> None:
    assert shared.user_sql(sql) is not None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM raw.records",
        "SELECT (SELECT count(*) FROM raw.records)",
        "SELECT * FROM sales WHERE EXISTS (FROM meta.cursors)",
        "WITH x AS (SELECT * FROM raw.records) SELECT * FROM x",
        "WITH records AS (SELECT 1) SELECT * FROM raw.records",
        "SELECT * FROM acme.raw.records",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM duckdb_tables",
        "SELECT * FROM pg_catalog.pg_tables",
        "SELECT * FROM 'secret.parquet'",
        'SELECT * FROM "../other.duckdb"',
        "SELECT * FROM sale",
    ],
)
def test_a_name_beyond_the_curated_tables_is_unknown(shared: Warehouse, sql: str) -> None:
    with pytest.raises(UnknownName, match="Unknown table"):
        shared.user_sql(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE sales",
        "INSERT INTO sales SELECT * FROM sales",
        "SELECT 1; SELECT 2",
        "ATTACH 'x.duckdb'",
        "SET threads = 1",
        "SHOW TABLES",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM query('SELECT * FROM raw.records')",
        "SELECT * FROM query_table('raw.records')",
        "SELECT getvariable('x'), current_setting('threads')",
        "SELECT random()",
        "SELECT * FROM pragma_database_list()",
        "SELECT unknown FROM sales",
        "SELEC 1",
        "",
    ],
)
def test_anything_but_one_plain_select_is_refused_with_a_sentence(shared: Warehouse, sql: str) -> None:
    with pytest.raises(BadQuery) as refused:
        shared.user_sql(sql)
    assert len(refused.value.message) > 20


def test_now_is_the_clock_wherever_it_stands(shared: Warehouse) -> None:
    found = shared.user_sql(
        "SELECT now() AS a, current_date AS b, today() AS c, current_timestamp AS d, 'ü now()' AS e, "
        "(SELECT max(now ( ))) AS f"
    ).to_pylist()[0]
    noon, day = datetime(2026, 11, 1, 12, tzinfo=UTC), date(2026, 11, 1)
    assert found == {"a": noon, "b": day, "c": day, "d": noon, "e": "ü now()", "f": noon}


def test_today_is_the_organizations(open_warehouse) -> None:  # type: ignore[no-untyped-def]
    warehouse = open_warehouse(time_zone="Pacific/Kiritimati")
    assert warehouse.user_sql("SELECT current_date").column(0).to_pylist() == [date(2026, 11, 2)]


def test_the_prds_three_queries_run_as_they_are_written(warehouse: Warehouse) -> None:
    put(
        warehouse,
        campaigns=[{"campaign_id": "c1", "campaign_name": "Spring", "platform": "meta_ads"}],
        ad_performance=[{"report_date": "2026-10-01", "platform": "meta_ads", "campaign_id": "c1", "ad_id": "ad1",
                         "asset_id": "img", "spend": "50.00", "impressions": "1000"}],
        assets=[{"asset_id": "img", "asset_type": "image", "creation_cost": "20.00"}],
        touchpoints=[{"touchpoint_id": "t1", "customer_id": "ana", "occurred_at": "2026-10-02T10:00:00Z",
                      "campaign_id": "c1", "asset_id": "img", "kind": "click"}],
        transactions=[{"transaction_id": "s1", "customer_id": "ana", "occurred_at": "2026-10-03T10:00:00Z",
                       "amount": "80.00"}],
    )  # fmt: skip
    roas = warehouse.user_sql(
        """SELECT c.campaign_name, c.platform, SUM(c.ad_spend) as total_spend, SUM(r.revenue) as attributed_revenue,
           (SUM(r.revenue) / SUM(c.ad_spend)) as roas, COUNT(r.customer_id) as customers_acquired
           FROM campaigns c LEFT JOIN revenue_attribution r ON c.campaign_id = r.campaign_id
           GROUP BY c.campaign_name, c.platform;"""
    ).to_pylist()
    assert [(r["campaign_name"], float(r["total_spend"]), float(r["roas"])) for r in roas] == [("Spring", 50.0, 1.6)]
    ltv = warehouse.user_sql(
        """SELECT cl.customer_id, cl.first_touch_campaign, cl.acquisition_cost,
           SUM(t.transaction_amount) as lifetime_value,
           (SUM(t.transaction_amount) / cl.acquisition_cost) as ltv_cac_ratio
           FROM customer_lifecycle cl LEFT JOIN transactions t ON cl.customer_id = t.customer_id
           GROUP BY cl.customer_id, cl.first_touch_campaign, cl.acquisition_cost;"""
    ).to_pylist()
    assert [(r["customer_id"], r["first_touch_campaign"], float(r["ltv_cac_ratio"])) for r in ltv] == [
        ("ana", "Spring", 1.6)
    ]
    roi = warehouse.user_sql(
        """SELECT a.asset_id, a.asset_type, a.creation_cost, SUM(cp.impressions) as total_impressions,
           SUM(cp.conversions) as total_conversions, (SUM(cp.revenue) / a.creation_cost) as creative_roi
           FROM dam_assets a LEFT JOIN campaign_performance cp ON a.asset_id = cp.creative_asset_id
           GROUP BY a.asset_id, a.asset_type, a.creation_cost;"""
    ).to_pylist()
    assert [(int(r["total_impressions"]), float(r["total_conversions"]), float(r["creative_roi"])) for r in roi] == [
        (1000, 1.0, 4.0)
    ]
