"""Ready reports over REST, on three sales imported by hand."""

import shutil
from collections.abc import Iterator

import pytest

from tests.api.conftest import Desk, Prepared, client_of, open_roastery
from tests.api.routes.test_numbers import SALES, sell


@pytest.fixture(scope="module")
def shop(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = tmp_path_factory.mktemp("reported") / "home"
    shutil.copytree(prepared.home, home)
    with open_roastery(home) as roastery:
        desk = Desk(client_of(roastery), roastery, prepared.organization, prepared.keys)
        sell(desk, SALES)
        yield desk


def test_reports_are_listed_by_industry_beside_those_for_any(shop: Desk) -> None:
    everything = shop.call("GET", "/v1/reports", role="viewer").json()["items"]
    found = shop.call("GET", "/v1/reports?industry=restaurant", role="viewer").json()["items"]
    assert len(everything) == 28
    assert {item["industry"] for item in found} == {"restaurant", "any"}


def test_a_report_shows_the_queries_of_its_tiles(shop: Desk) -> None:
    found = shop.call("GET", "/v1/reports/commerce_overview", role="viewer").json()
    assert found["tiles"][0]["query"]["period"] == {"name": "last_month"}
    assert shop.call("GET", "/v1/reports/comerce_overview", role="viewer").json()["did_you_mean"] == "commerce_overview"


def test_a_run_gives_a_frame_with_a_receipt_or_the_reason_for_each_tile(shop: Desk) -> None:
    asked = {
        "period": {"start": "2026-10-01", "end": "2026-11-01"},
        "filters": [{"dimension": "sales_channel", "op": "in", "values": ["online"]}],
    }
    ran = shop.call("POST", "/v1/reports/order_value/run", role="viewer", json=asked).json()
    tiles = {tile["title"]: tile for tile in ran["tiles"]}
    frame = tiles["By sales channel"]["frame"]
    assert [(row["sales_channel"], row["orders"], row["aov"]) for row in frame["rows"]] == [("online", 1, "49.90")]
    receipt = shop.call("GET", f"/v1/receipts/{frame['receipt']['id']}", role="viewer").json()
    assert receipt["period"] == asked["period"]
    leads = shop.call("POST", "/v1/reports/lead_quality/run", role="viewer", json=asked).json()["tiles"][0]
    assert leads["frame"] is None
    assert "cannot be split by" in leads["problem"]


def test_a_run_without_a_body_takes_the_reports_own_period(shop: Desk) -> None:
    tiles = shop.call("POST", "/v1/reports/order_value/run", role="viewer").json()["tiles"]
    assert tiles[0]["frame"]["receipt"]["id"]
