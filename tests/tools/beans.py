"""A small organization with real tables: two platforms, three campaigns, ten weeks of orders, some touched."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from roastery.tools.base import Actor, Receipt, ToolContext
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.layer import SemanticLayer
from tests.once import filled_once

BEANS = Organization(id="org_beans", name="Beans", currency="USD", time_zone="America/Chicago")
NOON = Clock.from_iso("2026-11-10T18:00:00+00:00")
FIRST, LAST = date(2026, 9, 1), date(2026, 11, 9)
CAMPAIGNS = {
    "c1": ("Spring <roast>", "meta_ads", "paid_social"),
    "c2": ("Brand", "google_ads", "paid_search"),
    "c3": ("Autumn sale", "google_ads", "paid_search"),
}


def days() -> list[date]:
    return [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def ad_rows() -> list[dict[str, object]]:
    """Campaign c3 starts in October, so that a slice is there in one period only."""
    rows: list[dict[str, object]] = []
    for n, day in enumerate(days()):
        for campaign, (name, platform, _) in CAMPAIGNS.items():
            if campaign == "c3" and day < date(2026, 10, 1):
                continue
            spend = {"c1": 10 + n % 7, "c2": 20 + n % 3, "c3": 5 + n % 5}[campaign]
            rows.append(
                {
                    "report_date": day,
                    "platform": platform,
                    "account_id": "a1",
                    "campaign_id": campaign,
                    "campaign_name": name,
                    "currency": "USD",
                    "spend": f"{spend}.{n % 10}7",
                    "impressions": 1000 + 10 * n,
                    "clicks": 20 + n % 11,
                }
            )
    return rows


def order_rows() -> list[dict[str, object]]:
    """Three orders a day; every customer orders once."""
    rows: list[dict[str, object]] = []
    for n, day in enumerate(days()):
        for k in range(3):
            rows.append(
                {
                    "transaction_id": f"o{n}-{k}",
                    "customer_id": f"p{n}-{k}",
                    "occurred_at": f"{day}T18:00:00+00:00",
                    "amount": f"{40 + n % 13 + 7 * k}.{(n + k) % 10}0",
                    "refunded_amount": "5.00" if (n + k) % 9 == 0 else "0",
                    "currency": "USD",
                    "kind": "order",
                    "status": "completed",
                    "is_test": "false",
                    "sales_channel": "online" if k else "pos",
                    "source_system": "shop",
                    "country": "",
                }
            )
    for row in rows:
        del row["country"]
    return rows


def touch_rows() -> list[dict[str, object]]:
    """The first order of a day was touched by c1, the second by c2 or c3, the third by nobody."""
    rows: list[dict[str, object]] = []
    for n, day in enumerate(days()):
        for k in range(2):
            campaign = "c1" if k == 0 else ("c3" if day >= date(2026, 10, 1) and n % 2 else "c2")
            _, platform, channel = CAMPAIGNS[campaign]
            rows.append(
                {
                    "touchpoint_id": f"t{n}-{k}",
                    "customer_id": f"p{n}-{k}",
                    "occurred_at": f"{day}T12:00:00+00:00",
                    "channel": channel,
                    "platform": platform,
                    "campaign_id": campaign,
                    "kind": "click",
                }
            )
    return rows


def campaign_rows() -> list[dict[str, object]]:
    return [
        {"campaign_id": id, "campaign_name": name, "platform": platform, "channel": channel, "currency": "USD"}
        for id, (name, platform, channel) in CAMPAIGNS.items()
    ]


def asset_rows() -> list[dict[str, object]]:
    """Two films, one of which tires, and a picture hardly shown."""
    kinds = {"film": "video", "short": "video", "picture": "image"}
    return [
        {
            "asset_id": id,
            "asset_name": id.title(),
            "asset_type": kind,
            "creation_cost": "120.00",
            "currency": "USD",
            "created_at": "2026-08-25T12:00:00+00:00",
            "tags": '["autumn", "people"]' if kind == "video" else '["autumn"]',
        }
        for id, kind in kinds.items()
    ]


def shown_rows() -> list[dict[str, object]]:
    """Each asset's days in campaign c1: impressions, clicks, and revenue kept with it."""
    clicks = {"film": lambda n: 30, "short": lambda n: round(60 * 0.97**n), "picture": lambda n: 0}
    return [
        {
            "asset_id": id,
            "campaign_id": "c1",
            "platform": "meta_ads",
            "performance_date": day,
            "impressions": 1500 if id != "picture" else 2,
            "clicks": clicks[id](n),
            "conversions": "1" if id == "film" and n % 7 == 0 else "0",
            "revenue": "40.00" if id == "film" and n % 7 == 0 else "0",
            "currency": "USD",
        }
        for n, day in enumerate(days())
        for id in clicks
    ]


def as_csv(rows: list[dict[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def fill(warehouse: Warehouse) -> None:
    """Import everything above and build once."""
    customers = [
        {"customer_id": row["customer_id"], "first_seen_at": row["occurred_at"], "country": "US"}
        for row in order_rows()
    ]
    for dataset, rows in (
        ("campaigns", campaign_rows()),
        ("ad_performance", ad_rows()),
        ("customers", customers),
        ("transactions", order_rows()),
        ("touchpoints", touch_rows()),
        ("assets", asset_rows()),
        ("asset_campaign_performance", shown_rows()),
    ):
        report = warehouse.import_rows(dataset, as_csv(rows), "text/csv", build=False)
        assert not report.rejected, report.errors
    warehouse.build()


@contextmanager
def opened(home: Path) -> Iterator[Warehouse]:
    """The organization's warehouse under a home."""
    warehouses = Warehouses(home, b"k" * 32, [], NOON)
    yield warehouses.open(BEANS)
    warehouses.close()


def filled_home(factory: pytest.TempPathFactory) -> Path:
    """A home whose organization is filled; nobody opens it, so that it can be copied."""

    def make(home: Path) -> None:
        with opened(home) as warehouse:
            fill(warehouse)

    return filled_once(factory, "beans", make)


class MemoryLedger:
    """A Ledger that keeps receipts in this process."""

    def __init__(self) -> None:
        self.receipts: dict[str, Receipt] = {}

    def keep(self, receipt: Receipt) -> None:
        self.receipts[receipt.id] = receipt

    def receipt(self, receipt_id: str) -> Receipt | None:
        return self.receipts.get(receipt_id)


def context_on(warehouse: Warehouse, clock: Clock = NOON, actor: Actor | None = None) -> ToolContext:
    return ToolContext(
        organization=warehouse.organization,
        actor=actor or Actor(id="tester"),
        clock=clock,
        metrics=SemanticLayer(warehouse, clock),
        ledger=MemoryLedger(),
    )
