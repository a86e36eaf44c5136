"""A small organization with tangled journeys: many touches, ties in time, touches after the sale, two currencies."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization
from tests.tools.beans import NOON, as_csv

CROWD = Organization(id="org_crowd", name="Crowd", currency="USD", time_zone="America/Chicago")
PLACES = ("north", "south", "east", "west", "inner", "outer")
CHANNELS = {
    "": ("direct", "", "visit"),
    "m1": ("paid_social", "meta_ads", "click"),
    "m2": ("paid_social", "meta_ads", "click"),
    "g1": ("paid_search", "google_ads", "click"),
    "e1": ("email", "klaviyo", "email_click"),
}
Row = dict[str, object]


def journeys(seed: int = 5, people: int = 160) -> tuple[list[Row], list[Row]]:
    """Touches and sales. A sale in seven has no touch; one in nine is in euros; some touches follow the sale."""
    dice = random.Random(seed)
    touches: list[Row] = []
    sales: list[Row] = []
    for n in range(people):
        at = datetime(2026, 9, 20, 15, tzinfo=UTC) + timedelta(hours=dice.randrange(40 * 24))
        buys = dice.random() < 0.7
        for k in range(0 if n % 7 == 3 else dice.randrange(1, 6)):
            campaign = dice.choice(list(CHANNELS))
            channel, platform, kind = CHANNELS[campaign]
            back = dice.choice((0, 5, 5, 26, 80, 200, 500, -4))
            touches.append(
                {
                    "touchpoint_id": f"t{n}-{k}",
                    "customer_id": f"p{n}",
                    "occurred_at": (at - timedelta(hours=back)).isoformat(),
                    "channel": channel,
                    "platform": platform,
                    "campaign_id": campaign,
                    "kind": kind,
                }
            )
        if buys:
            sales.append(
                {
                    "transaction_id": f"o{n}",
                    "customer_id": "" if n % 31 == 30 else f"p{n}",
                    "occurred_at": at.isoformat(),
                    "amount": f"{dice.randrange(500, 20000) / 100:.2f}",
                    "refunded_amount": "3.33" if n % 5 == 0 else "0",
                    "currency": "EUR" if n % 9 == 4 else "USD",
                    "kind": "order",
                    "status": "completed",
                    "is_test": "false",
                    "source_system": "shop",
                    "location_id": PLACES[n % len(PLACES)],
                }
            )
    return touches, sales


def ad_rows() -> list[Row]:
    return [
        {
            "report_date": date(2026, 9, 1) + timedelta(days=n),
            "platform": CHANNELS[campaign][1],
            "account_id": "a1",
            "campaign_id": campaign,
            "campaign_name": campaign.upper(),
            "currency": "USD",
            "spend": f"{20 + 5 * n % 17}.00",
            "impressions": 1000,
            "clicks": 40,
            "reported_conversions": "2",
            "reported_conversion_value": "150.00",
        }
        for n in range(70)
        for campaign in ("m1", "m2", "g1")
    ]


def pipeline() -> dict[str, list[Row]]:
    """A lead, a won deal and a booking for every tenth person; the deal is closed long after its opportunity began."""
    day = "2026-10-{:02d}T15:00:00+00:00"
    leads, deals, bookings = [], [], []
    for n in range(0, 160, 10):
        k = 5 + n // 10
        lead = {"lead_id": f"l{n}", "customer_id": f"p{n}", "created_at": day.format(k), "stage": "new"}
        leads.append({**lead, "location_id": PLACES[n % len(PLACES)]})
        deals.append(
            {
                "opportunity_id": f"d{n}", "customer_id": f"p{n}", "lead_id": f"l{n}", "stage": "won",
                "amount": "900.00", "currency": "USD", "created_at": day.format(k + 1), "closed_at": day.format(k + 9),
                "is_closed": "true", "is_won": "true" if n % 20 == 0 else "false",
            }
        )  # fmt: skip
        bookings.append(
            {
                "appointment_id": f"b{n}", "customer_id": f"p{n}", "lead_id": f"l{n}", "service": "check",
                "booked_at": day.format(k + 2), "starts_at": day.format(k + 4), "status": "completed",
            }
        )  # fmt: skip
    return {"leads": leads, "opportunities": deals, "appointments": bookings}


def fill(warehouse: Warehouse) -> None:
    touches, sales = journeys()
    people = {str(t["customer_id"]) for t in touches} | {str(s["customer_id"]) for s in sales if s["customer_id"]}
    customers: list[Row] = [{"customer_id": p, "first_seen_at": "2026-01-01T00:00:00+00:00"} for p in sorted(people)]
    campaigns: list[Row] = [
        {"campaign_id": id, "campaign_name": id.upper(), "platform": platform, "channel": channel, "currency": "USD"}
        for id, (channel, platform, _) in CHANNELS.items()
        if id
    ]
    rates: list[Row] = [{"rate_date": "2026-08-01", "base_currency": "EUR", "quote_currency": "USD", "rate": "1.10"}]
    places: list[Row] = [{"location_id": p, "location_name": p.title(), "region": p} for p in PLACES]
    everything = {
        "campaigns": campaigns, "customers": customers, "locations": places, "fx_rates": rates,
        "ad_performance": ad_rows(), "touchpoints": touches, "transactions": sales, **pipeline(),
    }  # fmt: skip
    for dataset, rows in everything.items():
        report = warehouse.import_rows(dataset, as_csv(rows), "text/csv", build=False)
        assert not report.rejected, (dataset, report.errors)
    warehouse.build()


@contextmanager
def crowd(home: Path, clock: Clock = NOON) -> Iterator[Warehouse]:
    """The organization, filled, in a home of its own."""
    warehouses = Warehouses(home, b"k" * 32, [], clock)
    warehouse = warehouses.open(CROWD)
    fill(warehouse)
    yield warehouse
    warehouses.close()
