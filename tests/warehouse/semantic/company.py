"""A small and nasty company, imported through the real warehouse: every trap that a metric could fall into."""

# ruff: noqa: E501  (rows and cases read best on one line)

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.organization import Organization

CLOCK = Clock.from_iso("2026-11-10T15:00:00+00:00")
ORGANIZATION = Organization(
    "org_nasty", "Nasty", currency="USD", time_zone="America/New_York", week_start="sunday", fiscal_year_start=4
)
FIRST, LAST = date(2026, 7, 14), date(2026, 11, 9)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
GAP = {date(2026, 9, 5), date(2026, 9, 6)}
CUSTOMERS = [f"p{n}" for n in range(30)]
Row = dict[str, Any]


def open_company(home: Path) -> Warehouse:
    """The company's warehouse, imported and built."""
    warehouse = Warehouses(home, b"s" * 32, (), CLOCK).open(ORGANIZATION)
    for dataset, rows in datasets().items():
        report = warehouse.upsert_rows(dataset, rows, build=False)
        assert not report.rejected, report.errors
    warehouse.build()
    return warehouse


def datasets() -> dict[str, list[Row]]:
    random = Random(7)
    sales = list(_transactions(random))
    return {
        "fx_rates": list(_rates()),
        "locations": LOCATIONS,
        "audiences": [{"audience_id": "au1", "audience_name": "Lovers"}],
        "promotions": [{"promotion_id": "pr1", "promotion_name": "Summer"}],
        "campaigns": CAMPAIGNS,
        "campaign_locations": [
            {"campaign_id": "c1", "location_id": "L1", "share": "0.3"},
            {"campaign_id": "c1", "location_id": "L2", "share": "0.7"},
            {"campaign_id": "c2", "location_id": "L2", "share": "1"},
        ],
        "assets": ASSETS,
        "ad_assets": [
            {"ad_id": "ad1", "asset_id": "as1", "share": "0.25"},
            {"ad_id": "ad1", "asset_id": "as2", "share": "0.75"},
        ],
        "asset_usage": [
            {"asset_id": "as1", "usage_date": "2026-09-01", "kind": "web", "count": 3},
            {"asset_id": "as1", "usage_date": "2026-09-01", "kind": "print", "count": 2},
            {"asset_id": "as2", "usage_date": "2026-10-03", "kind": "web", "count": 5},
        ],
        "asset_campaign_performance": list(_asset_performance(random)),
        "ad_performance": list(_ads(random)),
        "keyword_performance": list(_keywords(random)),
        "products": PRODUCTS,
        "customers": list(_customers()),
        "leads": list(_leads(random)),
        "transactions": sales,
        "transaction_lines": list(_lines(random, sales)),
        "refunds": list(_refunds(sales)),
        "touchpoints": list(_touches(random)),
        "web_events": list(_web(random)),
        "email_performance": list(_email(random)),
        "automation_events": list(_automation(random)),
        "opportunities": OPPORTUNITIES,
        "proposals": PROPOSALS,
        "subscriptions": SUBSCRIPTIONS,
        "subscription_events": SUBSCRIPTION_EVENTS,
        "appointments": list(_appointments(random)),
        "shipments": list(_shipments(random, sales)),
        "returns": list(_returns(sales)),
        "inventory_levels": list(_stock(random)),
        "tickets": list(_tickets(random)),
    }


LOCATIONS = [
    {
        "location_id": "L1",
        "location_name": "Mitte",
        "region": "East",
        "franchise": "F1",
        "brand": "B1",
        "country": "US",
    },
    {"location_id": "L2", "location_name": "Hafen", "region": "West", "brand": "B2", "country": "DE"},
]
# Two campaigns of one name; one without ad-level rows; one that only ad_performance knows.
CAMPAIGNS = [
    {"campaign_id": "c1", "campaign_name": "Brand", "platform": "meta_ads", "channel": "paid_social", "brand": "B1",
     "objective": "sales", "target_audience_id": "au1", "attribution_window_days": 7},
    {"campaign_id": "c2", "campaign_name": "Brand", "platform": "google_ads", "channel": "paid_search", "brand": "B2",
     "objective": "sales"},
    {"campaign_id": "c3", "campaign_name": "Autumn", "platform": "meta_ads", "channel": "paid_social"},
    {"campaign_id": "c4", "campaign_name": "Newsletter", "platform": "klaviyo", "channel": "email"},
    {"campaign_id": "c6", "campaign_name": "Free", "platform": "google_ads", "channel": "paid_search", "objective": "reach"},
]  # fmt: skip
ASSETS = [
    {"asset_id": "as1", "asset_name": "Cat", "asset_type": "image", "creation_cost": "120.00", "currency": "USD",
     "created_at": "2026-08-03T10:00:00Z"},
    {"asset_id": "as2", "asset_name": "Dog", "asset_type": "video", "creation_cost": "900.00", "currency": "EUR",
     "created_at": "2026-09-10T02:00:00Z"},
    {"asset_id": "as3", "asset_name": "Bird", "asset_type": "video", "currency": "USD", "created_at": "2026-09-12T12:00:00Z"},
]  # fmt: skip
PRODUCTS = [
    {"product_id": "x1", "product_name": "Beans", "category": "coffee", "unit_cost": "3.20", "price": "9.90", "currency": "USD"},
    {"product_id": "x2", "product_name": "Mug", "category": "ware", "price": "12.00", "currency": "USD"},
    {"product_id": "x3", "product_name": "Filter", "category": "ware", "unit_cost": "0.70", "price": "4.00", "currency": "EUR"},
]  # fmt: skip


def _rates() -> Iterator[Row]:
    for n, month in enumerate((6, 7, 8, 9, 10, 11)):
        yield {
            "rate_date": f"2026-{month:02}-01",
            "base_currency": "EUR",
            "quote_currency": "USD",
            "rate": f"1.{10 + n}",
        }
    yield {"rate_date": "2026-09-17", "base_currency": "EUR", "quote_currency": "USD", "rate": "1.2345"}


def _ads(random: Random) -> Iterator[Row]:
    for day in DAYS:
        if day in GAP:
            continue
        for campaign, platform, account, ad, currency, zone in (
            ("c1", "meta_ads", "m1", "ad1", "USD", "America/New_York"),
            ("c1", "meta_ads", "m1", "ad2", "USD", "America/New_York"),
            ("c2", "google_ads", "g1", "ad3", "EUR", "Europe/Berlin"),
            ("c3", "meta_ads", "m1", "", "USD", "America/New_York"),
            ("c5", "meta_ads", "m2", "ad5", "USD", "America/New_York"),
            ("c6", "google_ads", "g1", "ad6", "EUR", "Europe/Berlin"),
        ):
            if campaign in ("c3", "c5") and random.random() < 0.6:
                continue
            impressions = random.randrange(0, 4000)
            free = campaign == "c6"
            meta = platform == "meta_ads"
            yield {
                "report_date": day.isoformat(), "platform": platform, "account_id": account, "campaign_id": campaign,
                "ad_group_id": f"g_{ad}" if ad else "", "ad_id": ad, "campaign_name": f"Name of {campaign}",
                "ad_name": f"Ad {ad} {day.month}" if ad else None, "asset_id": "as1" if ad == "ad2" else None,
                "currency": currency, "time_zone": zone, "spend": "0" if free else _money(random, 5, 90),
                "impressions": impressions, "reach": impressions // 2 if meta and ad else None,
                "clicks": random.randrange(0, impressions // 20 + 1),
                "reported_conversions": None if free else f"{random.randrange(0, 60) / 10}",
                "reported_view_conversions": random.randrange(0, 3),
                "reported_conversion_value": None if free else _money(random, 0, 300),
                "video_views": impressions // 3 if meta else None, "social_actions": random.randrange(0, 9),
            }  # fmt: skip


def _keywords(random: Random) -> Iterator[Row]:
    for day in DAYS[::3]:
        for keyword, score in (("k1", "7"), ("k2", None), ("k3", "3.5")):
            yield {
                "report_date": day.isoformat(), "platform": "google_ads", "account_id": "g1", "campaign_id": "c2",
                "ad_group_id": "g_ad3", "keyword_id": keyword, "keyword_text": f"word {keyword}", "quality_score": score,
                "impressions": random.randrange(0, 500), "clicks": 1, "spend": "1.00", "currency": "EUR",
            }  # fmt: skip


def _customers() -> Iterator[Row]:
    for n, customer in enumerate(CUSTOMERS):
        yield {
            "customer_id": customer, "email": f"{customer}@example.com", "segment": ("vip", "new", None)[n % 3],
            "stage": ("customer", "lead")[n % 2], "country": ("US", "DE", "")[n % 3], "location_id": "L1" if n % 4 == 0 else None,
        }  # fmt: skip


def _transactions(random: Random) -> Iterator[Row]:
    for n in range(260):
        day = random.choice(DAYS)
        if day in GAP:
            continue
        amount = Decimal(_money(random, 5, 240))
        refunded = amount if n % 17 == 0 else (amount / 3).quantize(Decimal("0.01")) if n % 11 == 0 else Decimal(0)
        yield {
            "transaction_id": f"t{n}", "customer_id": None if n % 9 == 0 else random.choice(CUSTOMERS),
            "occurred_at": _at(random, day), "amount": str(amount), "refunded_amount": str(refunded),
            "currency": "EUR" if n % 4 == 0 else "USD", "kind": ("order", "order", "order", "payment", "invoice", "deal")[n % 6],
            "status": {3: "cancelled", 4: "pending"}.get(n % 23, "completed"), "is_test": n % 29 == 0,
            "is_renewal": n % 13 == 0, "sales_channel": ("online", "online", "pos", None)[n % 4],
            "source_system": ("shop", "till")[n % 2], "external_order_id": f"e{n - 1 if n % 19 == 1 else n}",
            "promotion_id": "pr1" if n % 5 == 0 else None, "location_id": (None, "L1", "L2")[n % 3],
            "service_area": "North" if n % 7 == 0 else None, "discount_amount": "5.00" if n % 5 == 0 else "0",
            "fee_amount": "0.35", "lead_id": f"l{n}" if n % 31 == 0 else None,
        }  # fmt: skip
    # A sale in the last minutes of a New York month, already the next month in UTC and in Berlin.
    yield {"transaction_id": "edge", "customer_id": "p1", "occurred_at": "2026-10-01T03:30:00Z", "amount": "77.77",
           "currency": "USD", "kind": "order", "status": "completed", "sales_channel": "online"}  # fmt: skip


def _lines(random: Random, sales: list[Row]) -> Iterator[Row]:
    for n, sale in enumerate(sales):
        if n % 8 == 0:
            continue
        for line in range(1 + n % 3):
            yield {
                "transaction_id": sale["transaction_id"], "line_no": str(line + 1), "product_id": f"x{1 + (n + line) % 3}",
                "quantity": str(1 + line), "unit_price": _money(random, 2, 40),
                "unit_cost": "2.10" if (n + line) % 5 == 0 else None,
            }  # fmt: skip


def _refunds(sales: list[Row]) -> Iterator[Row]:
    for sale in sales:
        refunded = Decimal(sale.get("refunded_amount") or 0)
        if refunded:
            at = datetime.fromisoformat(sale["occurred_at"]) + timedelta(days=20, hours=3)
            at = min(at, datetime(2026, 11, 10, 4, tzinfo=UTC))
            yield {"refund_id": f"r_{sale['transaction_id']}", "transaction_id": sale["transaction_id"],
                   "refunded_at": at.isoformat(), "amount": str(refunded), "currency": sale["currency"]}  # fmt: skip


def _touches(random: Random) -> Iterator[Row]:
    kinds = (
        ("paid_social", "meta_ads", "c1", "ad1", "click"), ("paid_search", "google_ads", "c2", "ad3", "click"),
        ("paid_social", "meta_ads", "c3", None, "click"), ("email", "klaviyo", "c4", None, "email_click"),
        ("direct", None, None, None, "visit"), ("organic_search", None, None, None, "visit"),
        ("paid_social", "meta_ads", "c1", "ad2", "view"),
    )  # fmt: skip
    for n in range(420):
        channel, platform, campaign, ad, kind = random.choice(kinds)
        yield {
            "touchpoint_id": f"tp{n}", "customer_id": random.choice(CUSTOMERS), "occurred_at": _at(random, random.choice(DAYS)),
            "channel": channel, "platform": platform, "campaign_id": campaign, "ad_id": ad,
            "asset_id": "as1" if ad and n % 3 == 0 else None, "kind": kind,
        }  # fmt: skip


def _web(random: Random) -> Iterator[Row]:
    kinds = ("page_view", "page_view", "page_view", "form_submission", "add_to_cart", "purchase")
    for n in range(300):
        started = datetime.fromisoformat(_at(random, random.choice(DAYS)))
        for step in range(random.randrange(1, 5)):
            at = started + timedelta(minutes=step * random.choice((1, 10, 29, 31)))
            yield {
                "event_id": f"w{n}_{step}", "anonymous_id": f"v{n % 70}", "occurred_at": at.isoformat(),
                "kind": "page_view" if step == 0 else random.choice(kinds), "page": random.choice(("/", "/a", "/b")),
                "utm_source": "google" if n % 3 == 0 else None, "utm_medium": "cpc" if n % 3 == 0 else None,
                "campaign_id": "c2" if n % 3 == 0 else None,
            }  # fmt: skip


def _email(random: Random) -> Iterator[Row]:
    for n, day in enumerate(DAYS[::2]):
        sent = random.randrange(100, 900)
        flow = n % 3 == 0
        yield {
            "report_date": day.isoformat(), "platform": "klaviyo" if n % 2 else "mailchimp",
            "campaign_id": "flow1" if flow else f"m{n}", "campaign_name": "Welcome" if flow else f"Mail {n}",
            "kind": "flow" if flow else "campaign", "sends": sent, "deliveries": sent - 9, "opens": sent // 2,
            "unique_opens": sent // 3, "proxy_opens": sent // 20 if n % 5 == 0 else 0, "clicks": sent // 9,
            "unique_clicks": sent // 12, "bounces": 9, "unsubscribes": n % 4,
        }  # fmt: skip


def _automation(random: Random) -> Iterator[Row]:
    for n in range(90):
        yield {
            "event_id": f"a{n}", "customer_id": random.choice(CUSTOMERS), "workflow_id": f"wf{n % 2}",
            "workflow_name": f"Flow {n % 2}", "kind": ("entered", "step", "completed", "exited")[n % 4],
            "occurred_at": _at(random, random.choice(DAYS)),
        }  # fmt: skip


def _leads(random: Random) -> Iterator[Row]:
    for n in range(80):
        yield {
            "lead_id": f"l{n}", "customer_id": random.choice(CUSTOMERS) if n % 2 else None,
            "created_at": _at(random, random.choice(DAYS)), "channel": ("paid_search", "referral")[n % 2],
            "campaign_id": ("c1", "c2", None)[n % 3], "score": None if n % 7 == 0 else str(n % 100),
            "stage": ("new", "contacted", "qualified", "customer", "lost")[n % 5], "location_id": ("L1", "L2", None)[n % 3],
            "service_area": "North" if n % 4 else None,
        }  # fmt: skip


OPPORTUNITIES = [
    {"opportunity_id": f"o{n}", "customer_id": f"p{n % 30}", "campaign_id": ("c1", "c2", None)[n % 3],
     "pipeline": ("main", "side")[n % 2], "stage": ("open", "won", "lost")[n % 3], "amount": f"{100 + 37 * n}.50",
     "currency": "EUR" if n % 5 == 0 else "USD", "created_at": f"2026-{7 + n % 3:02}-{14 + n % 14:02}T0{n % 9}:15:00Z",
     "closed_at": None if n % 3 == 0 else f"2026-{9 + n % 2:02}-{3 + n % 25:02}T22:00:00Z", "is_closed": n % 3 != 0,
     "is_won": n % 3 == 1, "owner": ("ann", "bob")[n % 2]}
    for n in range(40)
]  # fmt: skip
PROPOSALS = [
    {"proposal_id": f"q{n}", "opportunity_id": f"o{n}", "sent_at": f"2026-09-{3 + n:02}T10:00:00Z",
     "decided_at": None if n % 3 == 0 else f"2026-10-{3 + n:02}T10:00:00Z",
     "status": ("sent", "accepted", "declined")[n % 3], "amount": "10.00", "currency": "USD"}
    for n in range(20)
]  # fmt: skip
SUBSCRIPTIONS = [
    {"subscription_id": f"s{n}", "customer_id": f"p{n % 30}", "plan": ("basic", "pro")[n % 2], "status": "active",
     "started_at": f"2026-{7 + n % 4:02}-{15 + n % 13:02}T03:00:00Z",
     "trial_end": f"2026-{7 + n % 4:02}-{17 + n % 13:02}T03:00:00Z" if n % 3 == 0 else None,
     # Some end within their trial, some are known to end after today.
     "canceled_at": {
         1: f"2026-10-1{n % 9}T12:00:00Z",
         2: "2026-12-20T12:00:00Z",
         3: f"2026-{7 + n % 4:02}-{16 + n % 13:02}T03:00:00Z",
         5: f"2026-09-0{1 + n % 8}T02:00:00Z",
     }.get(n % 6),
     "mrr": f"{20 + n}.00", "currency": "EUR" if n % 7 == 0 else "USD"}
    for n in range(36)
]  # fmt: skip
SUBSCRIPTION_EVENTS = [
    {"event_id": "e1", "subscription_id": "s2", "occurred_at": "2026-10-05T03:00:00Z", "kind": "expansion", "mrr_delta": "7.00",
     "currency": "USD"},
    {"event_id": "e2", "subscription_id": "s4", "occurred_at": "2026-09-25T12:00:00Z", "kind": "contraction", "mrr_delta": "-4.00",
     "currency": "USD"},
    {"event_id": "e3", "subscription_id": "s4", "occurred_at": "2026-09-26T02:00:00Z", "kind": "payment_failed"},
    {"event_id": "e5", "subscription_id": "s6", "occurred_at": "2026-10-02T02:00:00Z", "kind": "renewal"},
    {"event_id": "e6", "subscription_id": "s7", "occurred_at": "2026-09-12T02:00:00Z", "kind": "renewal"},
    {"event_id": "e7", "subscription_id": "s12", "occurred_at": "2026-10-12T02:00:00Z", "kind": "expansion", "mrr_delta": "3.00",
     "currency": "USD"},
    {"event_id": "e4", "subscription_id": "s8", "occurred_at": "2026-10-26T02:00:00Z", "kind": "payment_failed"},
]  # fmt: skip


def _appointments(random: Random) -> Iterator[Row]:
    for n in range(70):
        booked = datetime.fromisoformat(_at(random, random.choice(DAYS)))
        yield {
            "appointment_id": f"ap{n}", "customer_id": random.choice(CUSTOMERS), "lead_id": f"l{n}" if n % 3 == 0 else None,
            "service": ("cut", "wash", None)[n % 3], "product_id": "x1" if n % 2 else None, "location_id": ("L1", "L2")[n % 2],
            "booked_at": booked.isoformat(), "starts_at": (booked + timedelta(days=n % 9)).isoformat(),
            "status": ("booked", "completed", "no_show", "cancelled")[n % 4], "amount": "10.00", "currency": "USD",
        }  # fmt: skip


def _shipments(random: Random, sales: list[Row]) -> Iterator[Row]:
    for n, sale in enumerate(sales[::3]):
        shipped = datetime.fromisoformat(sale["occurred_at"]) + timedelta(hours=12)
        if shipped > datetime(2026, 11, 10, tzinfo=UTC):
            continue
        late = timedelta(hours=random.randrange(20, 200))
        yield {
            "shipment_id": f"sh{n}", "transaction_id": sale["transaction_id"], "shipped_at": shipped.isoformat(),
            "delivered_at": (shipped + late).isoformat() if n % 5 else None, "shipping_cost": _money(random, 2, 9),
            "currency": sale["currency"],
        }  # fmt: skip


def _returns(sales: list[Row]) -> Iterator[Row]:
    for n, sale in enumerate(sales[1::7]):
        yield {"return_id": f"rt{n}", "transaction_id": sale["transaction_id"], "product_id": f"x{1 + n % 3}",
               "returned_at": "2026-11-09T10:00:00Z", "quantity": str(1 + n % 2), "currency": sale["currency"]}  # fmt: skip


def _stock(random: Random) -> Iterator[Row]:
    for n, day in enumerate(DAYS):
        for product in ("x1", "x2"):
            for location in ("L1", "L2"):
                if random.random() < 0.3 and n:
                    yield {"snapshot_date": day.isoformat(), "product_id": product, "location_id": location,
                           "on_hand": str(random.randrange(0, 50)), "unit_cost": "2.00", "currency": "USD"}  # fmt: skip


def _asset_performance(random: Random) -> Iterator[Row]:
    for day in DAYS[::4]:
        for asset, campaign, platform, currency in (
            ("as1", "c1", "meta_ads", "USD"),
            ("as2", "c2", "google_ads", "EUR"),
            # Of a platform whose ads nobody reports.
            ("as2", "c9", "pinterest_ads", "EUR"),
            ("as3", "c9", "pinterest_ads", "USD"),
        ):
            yield {
                "asset_id": asset, "campaign_id": campaign, "platform": platform, "performance_date": day.isoformat(),
                "impressions": random.randrange(0, 900), "clicks": random.randrange(0, 40), "conversions": "1.5",
                "revenue": _money(random, 0, 70), "currency": currency,
            }  # fmt: skip


def _tickets(random: Random) -> Iterator[Row]:
    for n in range(60):
        opened = datetime.fromisoformat(_at(random, random.choice(DAYS)))
        yield {
            "ticket_id": f"k{n}", "customer_id": random.choice(CUSTOMERS) if n % 4 else None, "opened_at": opened.isoformat(),
            "first_reply_at": (opened + timedelta(minutes=random.randrange(5, 900))).isoformat() if n % 5 else None,
            "resolved_at": (opened + timedelta(minutes=random.randrange(900, 2000))).isoformat()
            if n % 3 and opened < datetime(2026, 11, 8, tzinfo=UTC) else None,
            "satisfaction_score": str(1 + n % 5) if n % 2 else None,
        }  # fmt: skip


def _money(random: Random, low: int, high: int) -> str:
    return f"{random.randrange(low * 100, high * 100) / 100:.2f}"


def _at(random: Random, day: date) -> str:
    """An instant of a day, often in the hours that are another day in UTC, never after the last whole day."""
    hour = random.choice((0, 1, 3, 4, 9, 15, 20, 23))
    at = datetime(day.year, day.month, day.day, hour, random.randrange(60), tzinfo=UTC)
    return min(at, datetime(2026, 11, 9, 23, 0, tzinfo=UTC)).isoformat()
