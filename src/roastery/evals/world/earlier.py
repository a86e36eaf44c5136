"""The company as it stood at an earlier instant: what had not happened is not there, nor later changes."""

from datetime import datetime

import duckdb
import pyarrow as pa

from roastery.evals.world.company import ZONE

ORDERS = """
WITH back AS (
    SELECT order_id, sum(amount) AS goods, sum(total) AS everything, max(refunded_at) AS last_at
    FROM refunds WHERE refunded_at <= $now GROUP BY 1
), known AS (
    SELECT o.*, coalesce(b.goods, 0) AS goods, coalesce(b.everything, 0) AS everything, b.last_at,
           o.cancelled_at <= $now AS is_cancelled,
           o.occurred_at + INTERVAL 2 DAY AS shipped_at, o.status = 'completed' AND o.sales_channel <> 'pos' AS ships
    FROM orders o LEFT JOIN back b USING (order_id) WHERE o.occurred_at <= $now
)
SELECT * EXCLUDE (goods, everything, last_at, is_cancelled, shipped_at, ships) REPLACE (
    CASE WHEN is_cancelled THEN cancelled_at END AS cancelled_at,
    goods::DECIMAL(18,2) AS refunded_amount,
    everything::DECIMAL(18,2) AS total_refunded,
    CASE WHEN financial_status IN ('VOIDED', 'PENDING') AND NOT coalesce(is_cancelled, false) THEN 'PENDING'
         WHEN financial_status = 'VOIDED' THEN 'VOIDED'
         WHEN everything >= total THEN 'REFUNDED' WHEN everything > 0 THEN 'PARTIALLY_REFUNDED'
         ELSE 'PAID' END AS financial_status,
    CASE WHEN is_cancelled THEN 'cancelled' WHEN financial_status IN ('VOIDED', 'PENDING') THEN 'pending'
         ELSE 'completed' END AS status,
    least($now, greatest(occurred_at + INTERVAL 90 SECOND, last_at, CASE WHEN is_cancelled THEN cancelled_at END,
          CASE WHEN ships AND shipped_at <= $now THEN shipped_at END)) AS updated_at)
FROM known ORDER BY order_id
"""

CUSTOMERS = """
SELECT c.* REPLACE (o.updated_at AS updated_at, o.orders AS source_order_count)
FROM customers c JOIN (
    SELECT customer_id, max(updated_at) AS updated_at, count(*) AS orders FROM then_orders GROUP BY 1) o
USING (customer_id)
ORDER BY customer_id
"""

TABLES = {
    "order_lines": "SELECT l.* FROM order_lines l SEMI JOIN then_orders USING (order_id) ORDER BY line_id",
    "refunds": "SELECT * FROM refunds WHERE refunded_at <= $now ORDER BY refund_id",
    "refund_lines": """SELECT l.* FROM refund_lines l SEMI JOIN (SELECT * FROM refunds WHERE refunded_at <= $now) r
                       USING (refund_id) ORDER BY refund_id, line_id""",
    "journeys": "SELECT j.* FROM journeys j SEMI JOIN then_orders USING (order_id) ORDER BY order_id, occurred_at",
    "ad_days": "SELECT * FROM ad_days WHERE report_date <= $today",
    "email_performance": "SELECT * FROM email_performance WHERE report_date <= $today",
    "web_events": "SELECT * FROM web_events WHERE occurred_at <= $now ORDER BY event_id",
}


def tables_at(tables: dict[str, pa.Table], now: datetime) -> dict[str, pa.Table]:
    """The tables that differ at an earlier instant; ad days are whole days, the running one included."""
    db = duckdb.connect(config={"threads": 1})
    db.execute("SET TimeZone = 'UTC'")
    for name in ("orders", "customers", *TABLES):
        db.register(name, tables[name])
    day = now.astimezone(ZONE).date()

    def run(sql: str) -> pa.Table:
        given = {k: v for k, v in (("now", now), ("today", day)) if f"${k}" in sql}
        return db.sql(sql, params=given or None).to_arrow_table()

    found = {"orders": run(ORDERS)}
    db.register("then_orders", found["orders"])
    found |= {"customers": run(CUSTOMERS)} | {name: run(sql) for name, sql in TABLES.items()}
    return {name: table.cast(tables[name].schema) for name, table in found.items()}
