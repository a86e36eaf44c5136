"""The company goes through the real connectors into a real warehouse: what comes out is the truth, to the cent."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from roastery.connectors.base import Connection
from roastery.connectors.registry import fills, open_source
from roastery.connectors.sync import sync_connection
from roastery.evals.twins import Twins, serve
from roastery.evals.world import World
from roastery.evals.world.truth import MODELS, Truth
from roastery.warehouse.engine import Warehouse, Warehouses
from tests.connectors.loopback import Secrets

CUSTOMERS = 500
WANTED = {
    "meta_ads": ("accounts", "campaigns", "insights"),
    "google_ads": ("customers", "campaigns", "performance"),
    "shopify": (),
}
"""The sources that are read here, and of each the resources that the answers need; all where none is named."""
FEW_PAGES = {"slice_days": 400, "page_limit": 5000}
ALL_TIME = (date(2024, 8, 1), date(2026, 11, 3))


class House:
    """One organization's warehouse beside running twins, kept up by syncs and imports."""

    def __init__(self, home: Path, twins: Twins, **settings: Any) -> None:
        self.twins = twins
        self.settings = settings
        self.secrets = {twin.provider: Secrets(**twin.secrets) for twin in twins}
        organization = twins.world.organization
        self._owner = Warehouses(home, b"k" * 32, fills(), twins.world.clock)
        self.warehouse: Warehouse = self._owner.open(organization)

    def sync(self) -> None:
        clock, organization = self.twins.world.clock, self.twins.world.organization
        for twin in self.twins:
            if twin.provider not in WANTED:
                continue
            settings = {**twin.settings, **FEW_PAGES, **self.settings}
            connection = Connection(twin.provider, organization.id, twin.provider, settings, twin.base_url)
            source = open_source(connection, self.secrets[twin.provider], clock)
            report = sync_connection(source, connection, self.warehouse, clock, only=WANTED[twin.provider])
            assert report.outcome == "complete", report.message

    def feed(self) -> None:
        """What no connector brings: e-mail, its campaigns, storefront events."""
        world, body = self.twins.world, io.BytesIO()
        pq.write_table(world.web_events, body)
        self._import("email_performance", world.email_csv(), "text/csv")
        self._import("campaigns", world.email_campaigns_csv(), "text/csv")
        self._import("web_events", body.getvalue(), "application/vnd.apache.parquet")

    def _import(self, dataset: str, data: bytes, content_type: str) -> None:
        report = self.warehouse.import_rows(dataset, data, content_type, build=False)
        assert report.rejected == 0, report.errors

    def rows(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.warehouse.query(sql).to_pylist()
        return found

    def close(self) -> None:
        self._owner.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serve(World.make(seed=11, customers=CUSTOMERS)) as twins:
        made = House(tmp_path_factory.mktemp("home"), twins)
        made.sync()
        made.feed()
        made.warehouse.build()
        yield made
        made.close()


@pytest.fixture(scope="module")
def truth(house: House) -> Truth:
    return Truth(house.twins.world)


def test_every_record_arrives_once(house: House, truth: Truth) -> None:
    expected = truth.counts()
    for table in ("transactions", "sales", "refunds", "customers", "products", "ad_performance", "web_events"):
        assert house.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": expected[table]}], table
    assert house.rows("SELECT sum(spend) AS spend FROM ad_performance") == [{"spend": expected["spend"]}]


def test_money_of_every_sale_is_right(house: House, truth: Truth) -> None:
    sql = """SELECT {id} AS id, sale_date, amount, refunded_amount AS refunded, {first} AS is_first
             FROM sales ORDER BY 1"""
    found = house.rows(sql.format(id="sale_id", first="is_first_sale"))
    assert found == truth.rows(sql.format(id="'shopify:' || order_id", first="is_first"))


@pytest.mark.parametrize("platform", ["meta_ads", "google_ads"])
def test_delivery_is_right_by_day_and_campaign(house: House, truth: Truth, platform: str) -> None:
    sql = f"""SELECT report_date, campaign_id, sum(spend)::DECIMAL(18,2) AS spend,
                  sum(impressions)::BIGINT AS impressions,
                  sum(clicks)::BIGINT AS clicks, sum(reported_conversions)::DECIMAL(18,2) AS conversions,
                  sum(reported_conversion_value)::DECIMAL(18,2) AS value
              FROM {{table}} WHERE platform = '{platform}' GROUP BY 1, 2 ORDER BY 1, 2"""
    assert house.rows(sql.format(table="ad_performance")) == truth.rows(sql.format(table="ad_days"))


@pytest.mark.parametrize("model", MODELS)
def test_credit_of_every_campaign_is_right(house: House, truth: Truth, model: str) -> None:
    found = house.rows(
        f"""SELECT campaign_id, sum(credited_net)::DECIMAL(18,2) AS net, sum(new_customer_weight)::INT AS new_customers,
                sum(order_weight)::INT AS orders
            FROM attribution_credits WHERE model = '{model}' AND is_paid GROUP BY 1 ORDER BY 1"""
    )
    expected = [
        {"campaign_id": c.key, "net": c.paid_revenue, "new_customers": c.new_customers, "orders": c.attributed_orders}
        for c in truth.attribution(*ALL_TIME, by="campaign", model=model).values()
        if c.attributed_orders and c.key.split(":")[0] in ("meta_ads", "google_ads")
    ]
    assert found == expected
    assert len(expected) > 10


@pytest.mark.parametrize("model", MODELS)
def test_credit_and_the_unattributed_make_up_all_revenue(house: House, truth: Truth, model: str) -> None:
    [row] = house.rows(f"SELECT sum(credited_net) AS net FROM attribution_credits WHERE model = '{model}'")
    assert row["net"] == truth.sales(*ALL_TIME).revenue


def test_what_happened_since_the_last_sync_arrives_once_and_restated_days_replace(tmp_path: Path) -> None:
    whole = World.make(seed=12, customers=200)
    with serve(whole.as_of(datetime(2026, 10, 25, 15, tzinfo=UTC))) as twins:
        house = House(tmp_path, twins, history_months=3)
        house.sync()
        twins.control.serve(whole.restated(days=9))
        house.sync()
        house.warehouse.build()
        expected = Truth(twins.world)
        for table in ("transactions", "refunds"):
            assert house.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": expected.counts()[table]}], table
        recent = (
            "SELECT count(*) AS n, sum(spend)::DECIMAL(18,2) AS spend FROM {} WHERE report_date >= DATE '2026-08-10'"
        )
        assert house.rows(recent.format("ad_performance")) == expected.rows(recent.format("ad_days"))
        [money] = house.rows("SELECT sum(amount) AS amount, sum(refunded_amount) AS refunded FROM sales")
        sales = expected.sales(*ALL_TIME)
        assert (money["amount"], money["refunded"]) == (sales.gross_revenue, sales.refunds)
        assert sales.refunds > Decimal(0)
        house.close()
