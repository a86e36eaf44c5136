"""Puts a synthetic company straight into a warehouse as imports, in seconds: for evaluations of analyses.

The demo and the truth set go through twins and connectors; what is evaluated here is not how data arrives.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from roastery.evals.world import World
from roastery.evals.world.mail import campaigns as mail_campaigns
from roastery.tools.base import Actor, Receipt, ToolContext
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.semantic.layer import SemanticLayer

DATASETS = {
    "products": """SELECT product_id, any_value(product_name) AS product_name, any_value(category) AS category,
            any_value(unit_cost) AS unit_cost, any_value(price) AS price, 'USD' AS currency
        FROM products GROUP BY product_id""",
    "customers": """SELECT 'shopify:' || customer_id AS customer_id, created_at AS first_seen_at, country FROM customers
        QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY created_at) = 1""",
    "transactions": """SELECT order_id AS transaction_id, 'shopify:' || customer_id AS customer_id, occurred_at, amount,
            refunded_amount, currency, 'order' AS kind, status, is_test, sales_channel, 'shopify' AS source_system,
            location_id, coupon_code, discount_amount, tax_amount, shipping_amount, fee_amount FROM orders""",
    "transaction_lines": """SELECT order_id AS transaction_id, line_no, product_id, quantity, unit_price,
            discount_amount FROM order_lines""",
    "refunds": """SELECT refund_id, order_id AS transaction_id, refunded_at, amount, 'USD' AS currency, reason
        FROM refunds WHERE amount > 0""",
    "locations": "SELECT location_id, location_name, 'US' AS country FROM locations",
    "campaigns": """SELECT campaign_id, campaign_name, platform, 'USD' AS currency, status, start_date, end_date,
            CASE WHEN platform = 'meta_ads' THEN 'paid_social' ELSE 'paid_search' END AS channel FROM campaigns""",
    "ad_performance": """SELECT report_date, platform, account_id, campaign_id, ad_group_id, ad_id, campaign_name,
            ad_group_name, ad_name, currency, time_zone, spend, impressions, reach, clicks, reported_conversions,
            reported_conversion_value, reported_view_conversions, video_views, social_actions FROM ad_days""",
    "email_performance": "SELECT * FROM email_performance",
    "web_events": """SELECT event_id, anonymous_id, customer_id, session_id, occurred_at, kind, page, form_id, referrer,
            utm_source, utm_medium, utm_campaign, utm_content, utm_id, click_id FROM web_events""",
}
"""Each dataset as a SELECT over the world's own tables; one whose tables a world does not have is left out."""


class Receipts:
    """A Ledger that keeps receipts in this process."""

    def __init__(self) -> None:
        self.kept: dict[str, Receipt] = {}

    def keep(self, receipt: Receipt) -> None:
        self.kept[receipt.id] = receipt

    def receipt(self, receipt_id: str) -> Receipt | None:
        return self.kept.get(receipt_id)


def fill(warehouse: Warehouse, world: World) -> None:
    """Import the company and build once. Rows that are rejected are an error: the world is sound."""
    with duckdb.connect(config={"threads": 1}) as db:
        db.execute("SET TimeZone = 'UTC'")
        for name, table in world.tables.items():
            db.register(name, table)
        for dataset, select in DATASETS.items():
            _import(warehouse, dataset, db.sql(select).to_arrow_table())
    _import(warehouse, "campaigns", mail_campaigns())
    warehouse.build()


def _import(warehouse: Warehouse, dataset: str, rows: pa.Table) -> None:
    report = warehouse.import_rows(dataset, rows, build=False)
    if report.rejected:
        raise ValueError(f"{report.rejected} rows of {dataset} were rejected: {report.errors[0]}")


@contextmanager
def opened(home: Path, world: World) -> Iterator[ToolContext]:
    """The company in a warehouse under a home, filled at the first time, with an analyst asking."""
    warehouses = Warehouses(home, b"e" * 32, (), world.clock, query_timeout_seconds=300)
    try:
        is_new = not (home / "filled").exists()
        warehouse = warehouses.open(world.organization)
        if is_new:
            fill(warehouse, world)
            (home / "filled").touch()
        yield ToolContext(
            organization=warehouse.organization,
            actor=Actor(id="evaluation"),
            clock=world.clock,
            metrics=SemanticLayer(warehouse, world.clock),
            ledger=Receipts(),
        )
    finally:
        warehouses.close()
