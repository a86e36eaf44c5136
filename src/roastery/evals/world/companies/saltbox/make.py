"""Saltbox made whole: every dataset of a restaurant chain and the truth behind it."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, opaque, picked, prefixed
from roastery.evals.world.companies import (
    advertising,
    analytics,
    contacts,
    creatives,
    desk,
    keywords,
    mailing,
    offers,
    tracking,
    truths,
)
from roastery.evals.world.companies.mailing import Mailing
from roastery.evals.world.companies.persons import acquire, come_again
from roastery.evals.world.companies.records import Folk, System, identity, keep, make_folk, spelled
from roastery.evals.world.companies.saltbox import orders as selling
from roastery.evals.world.companies.saltbox.orders import ONLINE, Lines, Orders, Refunds
from roastery.evals.world.companies.saltbox.plan import LIFETIME, LOCATIONS, MENU, PAIRS, PLAN, PROMOTIONS
from roastery.evals.world.companies.spending import plan_spend
from roastery.evals.world.companies.tables import at, dataset, draw, stacked, when
from roastery.evals.world.companies.tracking import Site
from roastery.evals.world.seasons import Ints, dates, instants_array

MAILING = Mailing(
    "mailchimp",
    ("New on the grill", "This week's deals", "Points are waiting", "Kids eat free"),
    (("mailchimp:flow-welcome", "Loyalty Welcome"), ("mailchimp:flow-lapsed", "We Miss You"),
     ("mailchimp:flow-birthday", "Birthday Shake")),
)  # fmt: skip
SITE = Site(("/", "/menu", "/locations", "/deals", "/order"), "purchase", "/order/thanks", logged_in=0.6)
STATES = ("completed", "cancelled", "failed")
LOCATION_IDS = [f"square:LSB{n + 1:02d}" for n in range(len(LOCATIONS))]
PRODUCT_IDS = [f"square:ITM{n + 1:03d}" for n in range(len(MENU))]

TARGETS: list[tuple[str, dict[str, str], str, str, float]] = [
    ("revenue", {}, "2026-10-01", "2026-11-01", 90_000),
    ("orders", {"region": "Northeast"}, "2026-11-01", "2026-12-01", 3_200),
    ("spend", {}, "2026-11-01", "2026-12-01", 9_500),
]


def make(seed: int, size: int) -> tuple[Mapping[str, pa.Table], Mapping[str, pa.Table]]:
    """Tables and truth. Each part has a stream of random numbers of its own."""
    streams = iter(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(16))
    plan = PLAN
    spend = plan_spend(next(streams), plan, size)
    persons = acquire(next(streams), plan, spend, size)
    lift = plan.uplift
    fates, again, came = come_again(next(streams), plan, persons.first_at, LIFETIME, lift)
    home = draw(next(streams), selling.LEVEL, size)
    who = np.concatenate([np.arange(size), again])
    times = np.concatenate([persons.first_at, came])
    first = np.concatenate([np.ones(size, bool), np.zeros(again.size, bool)])
    orders, lines = selling.take(next(streams), plan, home, who, times, first)
    refunds = selling.give_back(next(streams), plan, orders, lines)
    rng = next(streams)
    folk = make_folk(rng, size, "en", "en", ("mail.example", "inbox.example", "post.example"))
    loyal, app, readers = _systems(rng, orders, size)
    guests = np.flatnonzero(orders.person >= 0)
    moments = contacts.Moments(
        orders.person[guests], orders.placed_at[guests], orders.is_first[guests], orders.channel[guests] == ONLINE
    )
    seen = contacts.visit(next(streams), plan, spend, persons, moments, MAILING.days, strangers=1.2)
    tracked = tracking.track(
        next(streams), plan, seen, moments, SITE, app, folk.email, MAILING.platform, readers, MAILING.letters
    )
    rng = next(streams)
    sold, sale_truth = _transactions(rng, orders, refunds, loyal, app)
    reported = advertising.report(next(streams), plan, spend, seen, moments, orders.amount[guests])
    made = creatives.make(next(streams), plan, advertising.ads_of(plan), reported)
    tables = {
        "campaigns": stacked(
            advertising.campaigns_table(plan, made.audience_of, made.assets_of), mailing.campaigns_table(MAILING)
        ),
        "ad_performance": reported,
        "keyword_performance": keywords.keyword_performance(reported),
        "customers": _customers(rng, folk, persons.first_at, home, loyal, app, readers),
        "transactions": sold,
        "transaction_lines": _lines(orders, lines),
        "refunds": _refunds(orders, refunds),
        "products": _products(),
        "locations": _locations(),
        "promotions": offers.promotions_table(plan),
        "targets": offers.targets_table(plan, TARGETS),
        "touchpoints": tracked.touchpoints,
        "web_events": tracked.events,
        "web_performance": analytics.web_performance(rng, plan, seen, list(SITE.pages)),
        "campaign_locations": _campaign_locations(),
        "inventory_levels": _stock(next(streams)),
        "email_performance": mailing.report(rng, plan, MAILING, plan.days(persons.first_at)),
        "automation_events": mailing.automation(rng, MAILING, readers, persons.first_at),
        "tickets": desk.tickets(rng, plan, "square", app.of(orders.person[guests]), moments.at, share=0.012),
        **made.tables,
    }
    value = np.bincount(orders.person[guests], weights=_net(orders, refunds)[guests] / 100, minlength=size)
    truth = {
        "effects": truths.effects(plan, spend, persons, value),
        "spend_variation": spend.variation,
        "fates": truths.fates(plan, persons, value, fates),
        "anomalies": truths.anomalies(plan),
        "promotions": truths.promotions(plan),
        "identity": identity(loyal, app, readers),
        "sales": sale_truth,
        "contacts": tracking.true_contacts(plan, seen, tracked),
        "cross_sell": pa.table({n: [p[i] for p in PAIRS] for i, n in enumerate(("product", "with", "times"))}),
        "parameters": truths.parameters(plan, ("lifetime", LIFETIME)),
    }
    return tables, truth


def _systems(rng: np.random.Generator, orders: Orders, size: int) -> tuple[System, System, System]:
    """Loyalty cards at the counter, accounts of the ordering site, readers of the mail list."""
    orders_online = np.unique(orders.person[(orders.person >= 0) & (orders.channel == ONLINE)])
    extra = np.flatnonzero(rng.random(size) < 0.5)
    reads = np.flatnonzero(rng.random(size) < 0.6)
    return (
        keep("square:CUS", np.arange(size), 0xBEEF),
        keep("app:", np.union1d(orders_online, extra), 0xFACE),
        keep("mailchimp:", reads, 0xD00D),
    )


def _net(orders: Orders, refunds: Refunds) -> Ints:
    """Cents of valid orders after refunds; 0 for the others."""
    back = np.bincount(refunds.order, weights=refunds.amount, minlength=orders.count).astype(np.int64)
    return np.where((orders.state == 0) & ~orders.is_test, orders.amount - back, 0)


def _customers(
    rng: np.random.Generator, folk: Folk, first_at: Ints, home: Ints, loyal: System, app: System, readers: System
) -> pa.Table:
    """A card has the phone and for some the e-mail; an account the e-mail and for most the phone as typed."""
    parts = []
    for system, mail, phone, written in ((loyal, 0.55, 1.0, 0.0), (app, 1.0, 0.94, 1.0), (readers, 1.0, 0.0, 0.0)):
        person, rows = system.person, pa.array(system.person)
        emails, phones = spelled(rng, folk.email.take(rows)), folk.phone.take(rows)
        has_mail, has_phone = rng.random(person.size) < mail, rng.random(person.size) < phone
        parts.append(
            dataset(
                "customers",
                {
                    "customer_id": system.ids,
                    "email": when(has_mail, emails),
                    "phone": when(has_phone, folk.written_phone.take(rows) if written else phones),
                    "first_name": folk.first.take(rows),
                    "last_name": folk.last.take(rows),
                    "first_seen_at": instants_array(first_at[person]),
                    "location_id": picked(LOCATION_IDS, home[person]),
                    "country": pa.repeat("US", person.size),
                    "segment": picked(["Family", "Student", "Commuter"], person % 3),
                    "marketing_consent": pa.array(rng.random(person.size) < 0.7),
                },
            )
        )
    return stacked(*parts)


def _transactions(
    rng: np.random.Generator, orders: Orders, refunds: Refunds, loyal: System, app: System
) -> tuple[pa.Table, pa.Table]:
    """Square's orders, and Stripe's payment of each online one: most share the order's number, some do not."""
    count = orders.count
    number = opaque("", np.arange(count), 0xA11CE)
    online = orders.channel == ONLINE
    back = np.bincount(refunds.order, weights=refunds.amount, minlength=count).astype(np.int64)
    record = pc.if_else(pa.array(online), app.of(orders.person), loyal.of(orders.person))
    promotion = picked([p.promotion_id for p in PROMOTIONS], np.maximum(orders.promotion, 0), orders.promotion < 0)
    order_ids = pc.binary_join_element_wise(pa.scalar("square:ORD"), number, "")
    shop = {
        "transaction_id": order_ids,
        "customer_id": record,
        "occurred_at": instants_array(orders.placed_at),
        "amount": money(orders.amount),
        "refunded_amount": money(back),
        "currency": pa.repeat("USD", count),
        "kind": pa.repeat("order", count),
        "status": picked(STATES, orders.state),
        "is_test": pa.array(orders.is_test),
        "sales_channel": picked(selling.SALES_CHANNELS, orders.channel),
        "source_system": pa.repeat("square", count),
        "external_order_id": number,
        "promotion_id": promotion,
        "location_id": picked(LOCATION_IDS, orders.location),
        "discount_amount": money(orders.discount),
        "tax_amount": money(orders.tax),
        "fee_amount": money(orders.fee),
    }
    paid = np.flatnonzero(online & (orders.state == 0))
    rows = pa.array(paid)
    linked = rng.random(paid.size) < 0.96
    pay = {
        "transaction_id": prefixed("stripe:pi_", np.arange(paid.size) + 500_001),
        "customer_id": at(record, paid),
        "occurred_at": instants_array(orders.placed_at[paid] + rng.integers(2, 40, paid.size)),
        "amount": money(orders.amount[paid]),
        "refunded_amount": money(back[paid]),
        "currency": pa.repeat("USD", paid.size),
        "kind": pa.repeat("payment", paid.size),
        "status": pa.repeat("completed", paid.size),
        "is_test": pa.array(orders.is_test[paid]),
        "sales_channel": pa.repeat("online", paid.size),
        "source_system": pa.repeat("stripe", paid.size),
        "external_order_id": when(linked, number.take(rows)),
        "fee_amount": money(orders.fee[paid]),
    }
    table = stacked(dataset("transactions", shop), dataset("transactions", pay))
    real = (orders.state == 0) & ~orders.is_test
    sale = np.concatenate([np.arange(count), paid])
    truth = truths.sales(
        table["transaction_id"].combine_chunks(),
        sale,
        orders.person[sale],
        np.concatenate([real, np.zeros(paid.size, bool)]),
    )
    return table, truth


def _order_ids(order: Ints) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar("square:ORD"), opaque("", order, 0xA11CE), "")


def _lines(orders: Orders, lines: Lines) -> pa.Table:
    under = orders.promotion[lines.order]
    promoted = (under >= 0) & (lines.discount > 0)
    return dataset(
        "transaction_lines",
        {
            "transaction_id": _order_ids(lines.order),
            "line_no": pa.array(selling.line_numbers(lines.order, orders.count)).cast(pa.string()),
            "product_id": picked(PRODUCT_IDS, lines.product),
            "quantity": pa.array(lines.quantity),
            "unit_price": money(np.array([p for _, _, p, _, _ in MENU])[lines.product]),
            "discount_amount": money(lines.discount),
            "unit_cost": money(np.array([c for _, _, _, c, _ in MENU])[lines.product]),
            "promotion_id": picked([p.promotion_id for p in PROMOTIONS], np.maximum(under, 0), ~promoted),
        },
    )


def _refunds(orders: Orders, refunds: Refunds) -> pa.Table:
    return dataset(
        "refunds",
        {
            "refund_id": prefixed("square:RF", np.arange(refunds.order.size) + 1),
            "transaction_id": _order_ids(refunds.order),
            "refunded_at": instants_array(refunds.at),
            "amount": money(refunds.amount),
            "currency": pa.repeat("USD", refunds.order.size),
            "reason": picked(["quality", "wrong item"], refunds.product % 2),
        },
    )


def _products() -> pa.Table:
    return dataset(
        "products",
        {
            "product_id": PRODUCT_IDS,
            "product_name": [m[0] for m in MENU],
            "category": [m[1] for m in MENU],
            "unit_cost": money(np.array([m[3] for m in MENU])),
            "price": money(np.array([m[2] for m in MENU])),
            "currency": ["USD"] * len(MENU),
        },
    )


def _locations() -> pa.Table:
    return dataset(
        "locations",
        {
            "location_id": LOCATION_IDS,
            "location_name": [row[0] for row in LOCATIONS],
            "region": [row[1] for row in LOCATIONS],
            "franchise": [row[2] for row in LOCATIONS],
            "brand": ["Saltbox"] * len(LOCATIONS),
            "country": ["US"] * len(LOCATIONS),
            "time_zone": ["America/New_York"] * len(LOCATIONS),
        },
    )


def _campaign_locations() -> pa.Table:
    """Campaigns work for every restaurant by its trade; TikTok for the Northeast only."""
    rows = []
    for entry in PLAN.campaigns:
        own = [n for n, row in enumerate(LOCATIONS) if entry.platform != "tiktok_ads" or row[1] == "Northeast"]
        total = sum(LOCATIONS[n][3] for n in own)
        parts = [int(LOCATIONS[n][3] / total * 1_000_000) for n in own]
        parts[0] += 1_000_000 - sum(parts)
        rows += [(entry.curated_id, LOCATION_IDS[n], part) for n, part in zip(own, parts, strict=True)]
    return dataset(
        "campaign_locations",
        {
            "campaign_id": [c for c, _, _ in rows],
            "location_id": [place for _, place, _ in rows],
            "share": pa.array([part / 1_000_000 for *_, part in rows]),
        },
    )


def _stock(rng: np.random.Generator) -> pa.Table:
    day, location, product, on_hand = selling.weekly_stock(rng)
    return dataset(
        "inventory_levels",
        {
            "snapshot_date": dates(day),
            "product_id": picked(PRODUCT_IDS, product),
            "location_id": picked(LOCATION_IDS, location),
            "on_hand": pa.array(on_hand),
            "unit_cost": money(np.array([m[3] for m in MENU])[product]),
            "currency": pa.repeat("USD", day.size),
        },
    )
