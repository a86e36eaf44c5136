"""kill -9 in mid-sync, then a sync: every row once, in the real warehouse."""

import json
import signal
from dataclasses import asdict
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from roastery.connectors.http import Politeness
from roastery.evals.twins.control import Provider
from roastery.evals.twins.server import Twins
from roastery.evals.world import World
from tests import processes
from tests.connectors.company import ad_rows, connect, rows, sync
from tests.connectors.killed_sync import open_warehouse
from tests.connectors.test_shopify import expected_sales, sales

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[Provider, dict[str, Any]] = {
    "meta_ads": {"history_months": 3, "slice_days": 7, "page_limit": 40},
    "google_ads": {"history_months": 3, "slice_days": 7},
    "shopify": {"order_page": 20, "customer_page": 40},
}
POINTS: list[tuple[Provider, int, str]] = [
    ("shopify", 14, "during"),
]
MORE = [
    ("meta_ads", 6, "after"),
    ("google_ads", 9, "during"),
    *product(SETTINGS, (1, 2, 5, 12, 20), ("before", "during", "after")),
]
"""Proved by `make prove`: each costs two processes and two builds."""


@pytest.mark.parametrize(
    ("provider", "at", "when"),
    [*POINTS, *(pytest.param(*point, marks=pytest.mark.prove) for point in MORE)],
    ids=lambda value: str(value),
)
def test_every_row_is_there_once_after_a_kill_and_a_sync(
    twins: Twins, politeness: Politeness, world: World, tmp_path: Path, provider: Provider, at: int, when: str
) -> None:
    connected = connect(twins, provider, **SETTINGS[provider])
    given = {
        "home": str(tmp_path),
        "clock": world.clock.now().isoformat(),
        "connection": asdict(connected[0]),
        "secrets": connected[1].held,
        "at": at,
        "when": when,
    }
    died = processes.run("-m", "tests.connectors.killed_sync", json.dumps(given))
    assert died.returncode == -signal.SIGKILL, died.stderr
    warehouses, warehouse = open_warehouse(tmp_path, world.clock)
    try:
        before = warehouse.query("SELECT count(*) FROM raw.records").column(0)[0].as_py()
        assert (before > 0) == (at > 1 or when == "after") or (at, when) == (1, "during")
        assert sync(twins, connected, warehouse, politeness).outcome == "complete"
        warehouse.build()
        if provider == "shopify":
            assert sales(warehouse.query("SELECT * FROM curated.transactions")) == expected_sales(world)
            once = rows("SELECT count(*), count(DISTINCT refund_id) FROM t", t=warehouse.query(REFUNDS))
            assert once == [(world.refunds.num_rows, world.refunds.num_rows)]
        else:
            days = world.ad_days.filter(pc.equal(world.ad_days["platform"], provider))
            days = days.filter(pc.greater_equal(days["report_date"], FIRST_DAYS[provider]))
            assert ad_rows(warehouse.query("SELECT * FROM curated.ad_performance")) == ad_rows(days)
    finally:
        warehouses.close()


FIRST_DAYS = {"meta_ads": date(2026, 8, 3), "google_ads": date(2026, 8, 2)}
REFUNDS = "SELECT refund_id FROM curated.refunds"
