"""The semantic layer against hand-written DuckDB SQL for the same result, on ten million rows of ad reports."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from roastery.evals.bench.measure import Measure, paired
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery

ROWS = 10_000_000
AIM_RATIO = 1.2
TIMES = 7
NOW = "2026-11-02T15:00:00+00:00"

# 1,000 campaigns of ten ads each on two platforms over 500 days; amounts are exact decimals of a cent.
FILL = f"""
    INSERT INTO curated.ad_performance BY NAME
    SELECT DATE '2025-06-20' + (i // 20000)::INTEGER AS report_date,
           CASE WHEN i % 2 = 0 THEN 'meta_ads' ELSE 'google_ads' END AS platform,
           'acct_' || (i % 4) AS account_id, 'c' || (i % 1000) AS campaign_id, 'g' || (i % 5000) AS ad_group_id,
           'a' || (i % 20000) AS ad_id, 'USD' AS currency, 'America/Chicago' AS time_zone,
           ((hash(i) % 5000)::DECIMAL(18,6) / 100)::DECIMAL(18,6) AS spend, hash(i + 1) % 9000 AS impressions,
           hash(i + 2) % 90 AS clicks, hash(i + 3) % 5 AS reported_conversions
    FROM range({ROWS}) t(i)"""

PERIOD = {"start": "2025-07-01", "end": "2026-07-01"}
IN_PERIOD = "report_date >= DATE '2025-07-01' AND report_date < DATE '2026-07-01'"
RIVALS: dict[str, tuple[dict[str, Any], str]] = {
    "spend and ctr by platform": (
        {"metrics": ["spend", "ctr"], "dimensions": ["platform"], "period": PERIOD},
        f"""SELECT platform, sum(spend), sum(clicks) / nullif(sum(impressions), 0) FROM ad_performance
            WHERE {IN_PERIOD} GROUP BY platform ORDER BY platform""",
    ),
    "spend by week": (
        {"metrics": ["spend"], "grain": "week", "period": PERIOD},
        f"""SELECT date_trunc('week', report_date), sum(spend) FROM ad_performance
            WHERE {IN_PERIOD} GROUP BY 1 ORDER BY 1""",
    ),
    "top ten campaigns by clicks, with cpc": (
        {
            "metrics": ["clicks", "cpc"],
            "dimensions": ["campaign"],
            "period": PERIOD,
            "order_by": [{"field": "clicks", "direction": "desc"}],
            "limit": 10,
        },
        f"""SELECT campaign_id, sum(clicks) AS clicks, sum(spend) / nullif(sum(clicks), 0) FROM ad_performance
            WHERE {IN_PERIOD} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10""",
    ),
}


def run() -> list[Measure]:
    """Median seconds of each query both ways, taking turns; both give Arrow from the same file."""
    with tempfile.TemporaryDirectory() as folder:
        warehouses = Warehouses(Path(folder), b"0" * 32, (), Clock.from_iso(NOW))
        organization = Organization("org_bench", "Bench")
        warehouse = warehouses.open(organization)
        with warehouses.pool.lease(organization.id) as instance, instance.transaction() as cursor:
            cursor.execute(FILL)
        layer = SemanticLayer(warehouse, Clock.from_iso(NOW))
        measures = [_against(warehouse, layer, what, asked, sql) for what, (asked, sql) in RIVALS.items()]
        warehouses.close()
    return measures


def _against(warehouse: Warehouse, layer: SemanticLayer, what: str, asked: dict[str, Any], sql: str) -> Measure:
    query = MetricQuery.model_validate(asked)
    ours: Callable[[], object] = lambda: layer.ask(query)  # noqa: E731
    by_hand: Callable[[], object] = lambda: warehouse.query(sql)  # noqa: E731
    taken, baseline = paired(ours, by_hand, TIMES)
    return Measure(
        "semantic", f"{what}, {ROWS:,} rows", taken * 1e3, "ms", baseline * 1e3, "hand-written SQL", AIM_RATIO, "ratio"
    )
