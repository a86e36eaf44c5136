"""Puts a synthetic company straight into a warehouse as imports, in seconds: for evaluations of analyses.

The demo and the truth set go through twins and connectors; what is evaluated here is not how data arrives.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from roastery.evals.world import World
from roastery.evals.world.companies import COMPANIES, Company
from roastery.evals.world.mail import campaigns as mail_campaigns
from roastery.tools.base import Actor, Receipt, ToolContext
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.layer import SemanticLayer

LARKSPUR, LARKSPUR_CUSTOMERS = "larkspur", 8_000
FILLED = "filled"

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
    """Larkspur in a warehouse under a home, filled at the first time, with an analyst asking."""
    with asking(home, world.organization, world.clock, lambda warehouse: fill(warehouse, world)) as context:
        yield context


@contextmanager
def asking(
    home: Path, organization: Organization, clock: Clock, load: Callable[[Warehouse], None]
) -> Iterator[ToolContext]:
    """A company in a warehouse under a home, loaded at the first time, with an analyst asking."""
    home.mkdir(parents=True, exist_ok=True)
    warehouses = Warehouses(home, b"e" * 32, (), clock, query_timeout_seconds=300)
    try:
        warehouse = warehouses.open(organization)
        if not (home / FILLED).exists():
            load(warehouse)
            (home / FILLED).touch()
        yield ToolContext(
            organization=warehouse.organization,
            actor=Actor(id="evaluation"),
            clock=clock,
            metrics=SemanticLayer(warehouse, clock),
            ledger=Receipts(),
        )
    finally:
        warehouses.close()


@dataclass(frozen=True)
class Studied:
    """One company in a warehouse, and what is true of it.

    anomalies: rows of the planted table. expected_orders: each curated customer's orders to come in a year, None where
    the company has no buying process.
    """

    name: str
    context: ToolContext
    anomalies: tuple[dict[str, Any], ...]
    expected_orders: Mapping[str, float] | None
    effects: tuple[dict[str, Any], ...] = ()

    @property
    def today(self) -> date:
        return self.context.clock.today(self.context.organization.time_zone)

    def value_of(self, dimension: str, member: str) -> str | None:
        """The value of a dimension by its id or its name; None where nothing is called so, or it is no dimension."""
        if dimension not in self.context.metrics.catalogue.dimensions:
            return None
        listed = self.context.metrics.dimension_values(dimension, limit=5_000)
        return next((v.value for v in listed if member in (v.value, v.label)), None)


def studied(home: Path, names: Sequence[str] = ()) -> Iterator[Studied]:
    """Every synthetic company, one after the other, filled and open while it is looked at."""
    if not names or LARKSPUR in names:
        world = World.make(customers=LARKSPUR_CUSTOMERS)
        with opened(home / LARKSPUR, world) as context:
            ids, orders = (world.fates[c].to_pylist() for c in ("customer_id", "expected_orders_12m"))
            yield Studied(
                world.organization.name, context, tuple(world.anomalies.to_pylist()),
                dict(zip(ids, orders, strict=True)), tuple(world.effects.to_pylist()),
            )  # fmt: skip
    for slug, maker in COMPANIES.items():
        if slug == LARKSPUR or (names and slug not in names):
            continue
        company = maker.make()
        with asking(home / slug, company.organization, company.clock, company.load_into) as context:
            truth = {name: company.truth[name].to_pylist() for name in ("anomalies", "effects")}
            yield Studied(
                company.organization.name, context, tuple(truth["anomalies"]), _expected(company),
                tuple(truth["effects"]),
            )  # fmt: skip


def _expected(company: Company) -> dict[str, float] | None:
    """Each customer record's orders to come, by who the person behind it truly is."""
    fates = company.truth["fates"]
    if "expected_orders_12m" not in fates.column_names:
        return None
    names, orders = (fates[c].to_pylist() for c in ("person", "expected_orders_12m"))
    of = dict(zip(names, orders, strict=True))
    records, persons = (company.truth["identity"][c].to_pylist() for c in ("customer_id", "person"))
    return {record: of.get(person, 0.0) for record, person in zip(records, persons, strict=True)}
