"""All sources into the real warehouse: what is curated is the company's own, sealed where it is personal."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pytest

from roastery.connectors.http import Politeness
from roastery.evals.twins.server import Twins
from roastery.evals.world import World
from roastery.warehouse.engine import Warehouse
from tests.connectors.company import ad_rows, connect, rows, sync
from tests.connectors.killed_sync import open_warehouse
from tests.connectors.loopback import Waits
from tests.connectors.test_shopify import expected_sales, sales

ADS = {"meta_ads": {"history_months": 3}, "google_ads": {"history_months": 3, "slice_days": 31}}
FIRST_DAYS = {"meta_ads": date(2026, 8, 3), "google_ads": date(2026, 8, 2)}


@pytest.fixture(scope="module")
def filled(served: Twins, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Everything synced twice and built: once before the ad platforms restated their last days, once after."""
    home: Path = tmp_path_factory.mktemp("home")
    warehouses, warehouse = open_warehouse(home, served.world.clock)
    polite = Politeness(wait=Waits())
    company = served.world
    connected = {name: connect(served, name, **ADS.get(name, {})) for name in ("meta_ads", "google_ads", "shopify")}
    for made in connected.values():
        assert sync(served, made, warehouse, polite).outcome == "complete"
    served.control.restate(days=28)
    for made in connected.values():
        assert sync(served, made, warehouse, polite).outcome == "complete"
    warehouse.build()
    yield warehouse
    served.control.serve(company)
    warehouses.close()


@pytest.mark.parametrize("provider", ["meta_ads", "google_ads"])
def test_restated_days_are_replaced_and_every_row_is_there_once(
    filled: Warehouse, served: Twins, provider: str
) -> None:
    restated = served.world.ad_days
    days = restated.filter(pc.equal(restated["platform"], provider))
    days = days.filter(pc.greater_equal(days["report_date"], FIRST_DAYS[provider]))
    found = filled.query(f"SELECT * FROM curated.ad_performance WHERE platform = '{provider}'")
    assert ad_rows(found) == ad_rows(days)


def test_sales_are_the_company_s_own(filled: Warehouse, world: World) -> None:
    assert sales(filled.query("SELECT * FROM curated.transactions")) == expected_sales(world)


def test_personal_values_are_nowhere_in_the_open(filled: Warehouse, world: World) -> None:
    raw = filled.query("SELECT payload::VARCHAR AS payload FROM raw.records WHERE source = 'shopify'")
    text = "\n".join(raw["payload"].to_pylist())
    known = world.customers.to_pylist()[7]
    assert str(known["customer_id"]) in text  # the search finds what is there
    assert "@mail.example" not in text
    assert known["email"] not in text
    kept = rows("SELECT DISTINCT left(email, 10), left(first_name, 10) FROM t",
                t=filled.query("SELECT * FROM curated.customers"))  # fmt: skip
    assert kept == [("sealed:v1:", "sealed:v1:")]


def test_every_source_says_how_fresh_and_how_complete_it_is(filled: Warehouse, world: World) -> None:
    state = filled.state()
    assert set(state.data_as_of) == {"meta_ads", "google_ads", "shopify"}
    assert set(state.data_as_of.values()) == {world.clock.now()}
    assert state.complete_through == date(2026, 11, 1)
    assert state.history_since == date(2026, 8, 3)


def test_nothing_that_sources_fill_is_at_fault(filled: Warehouse) -> None:
    faults = filled.query("SELECT * FROM meta.quarantine").to_pylist()
    assert faults == []


def test_names_of_the_past_stay_with_their_days(filled: Warehouse, served: Twins) -> None:
    """A link tagged with an old campaign name is resolved by the name that ads bore on their day."""
    found = rows(
        "SELECT DISTINCT campaign_id, campaign_name FROM t",
        t=filled.query("SELECT * FROM curated.ad_performance WHERE platform = 'meta_ads'"),
    )
    days = served.world.ad_days
    expected = rows(
        "SELECT DISTINCT campaign_id, campaign_name FROM t WHERE platform = 'meta_ads' AND report_date >= '2026-08-03'",
        t=days,
    )
    assert found == expected
