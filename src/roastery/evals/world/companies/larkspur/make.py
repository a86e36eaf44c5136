"""Larkspur made whole: the World's shop, ads, mail and storefront as contract tables, beside further datasets."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world import World
from roastery.evals.world.ads import ad_index
from roastery.evals.world.columns import money
from roastery.evals.world.companies import creatives, desk, mailing, offers
from roastery.evals.world.companies.advertising import Ads
from roastery.evals.world.companies.larkspur import shop, store
from roastery.evals.world.companies.larkspur.plan import MAILING, PLAN
from roastery.evals.world.companies.plan import PLATFORM_CHANNELS
from roastery.evals.world.companies.records import System
from roastery.evals.world.companies.tables import dataset, stacked
from roastery.evals.world.company import CAMPAIGNS
from roastery.evals.world.mail import campaigns as mail_campaigns

TARGETS: list[tuple[str, dict[str, str], str, str, float]] = [
    ("revenue", {}, "2026-10-01", "2026-11-01", 150_000),
    ("revenue", {}, "2026-11-01", "2026-12-01", 240_000),
    ("spend", {"platform": "meta_ads"}, "2026-11-01", "2026-12-01", 16_000),
    ("roas", {}, "2026-10-01", "2027-01-01", 2.2),
]


def make(seed: int, size: int) -> tuple[Mapping[str, pa.Table], Mapping[str, pa.Table]]:
    """Tables and truth. What the World lacks is drawn from streams of its own, so that its bytes stay."""
    world = World.make(seed, size)
    streams = iter(np.random.default_rng(s) for s in np.random.SeedSequence([seed, 0x1A]).spawn(8))
    reported = _ad_performance(world)
    index = ad_index()
    ads = Ads(
        campaign=np.asarray(index["campaign"]), group=tuple(index["ad_group_name"].to_pylist()),
        name=tuple(index["ad_name"].to_pylist()), group_id=tuple(index["ad_group_id"].to_pylist()),
        ad_id=tuple(index["ad_id"].to_pylist()), half_life_days=np.zeros(0), appeal=np.zeros(0),
    )  # fmt: skip
    made = creatives.make(next(streams), PLAN, ads, reported)
    orders = world.orders
    placed = np.asarray(orders["occurred_at"].cast(pa.timestamp("s", "UTC")).cast(pa.int64()))
    known = np.flatnonzero(orders["customer_id"].is_valid().to_numpy())
    customer = shop.prefixed(orders["customer_id"])
    joined = np.asarray(world.fates["first_order_at"].cast(pa.timestamp("s", "UTC")).cast(pa.int64()))
    members = System(np.arange(size), shop.prefixed(world.customers["customer_id"]))
    tables = {
        "campaigns": stacked(_campaigns(made), mail_campaigns()),
        "ad_performance": reported,
        "keyword_performance": world.keyword_days,
        "email_performance": world.email_performance,
        "web_events": world.web_events,
        "web_performance": store.web_performance(next(streams), world),
        **shop.tables(next(streams), world),
        "inventory_levels": store.stock(next(streams), world),
        "promotions": offers.promotions_table(PLAN),
        "targets": offers.targets_table(PLAN, TARGETS),
        "automation_events": mailing.automation(next(streams), MAILING, members, joined),
        "tickets": desk.tickets(
            next(streams), PLAN, "gorgias", customer.take(pa.array(known)), placed[known], share=0.05
        ),
        **made.tables,
    }
    truth = {
        "effects": world.effects,
        "spend_variation": world.spend_variation,
        "fates": world.fates,
        "anomalies": world.anomalies,
        "identity": pa.table(
            {
                "customer_id": members.ids,
                "person": pc.binary_join_element_wise(pa.scalar("person"), members.ids, ":"),
            }
        ),
        "sales": _sales(world),
        "contacts": world.visits,
        "parameters": world.parameters,
    }
    return tables, truth


def _ad_performance(world: World) -> pa.Table:
    """Rows as the ad platforms' connectors fill them, with each platform's attribution setting."""
    days = world.ad_days.drop_columns(
        ["link_clicks", "clicked", "clicked_value", "viewed", "viewed_value", "onsite", "onsite_value"]
    )
    return dataset("ad_performance", {name: days[name] for name in days.column_names})


def _campaigns(made: creatives.Creatives) -> pa.Table:
    return dataset(
        "campaigns",
        {
            "campaign_id": [c.curated_id for c in CAMPAIGNS],
            "campaign_name": [c.name for c in CAMPAIGNS],
            "platform": [c.platform for c in CAMPAIGNS],
            "channel": [PLATFORM_CHANNELS[c.platform] for c in CAMPAIGNS],
            "objective": [c.objective for c in CAMPAIGNS],
            "status": [c.status for c in CAMPAIGNS],
            "start_date": pa.array([c.start for c in CAMPAIGNS]),
            "end_date": pa.array([c.end for c in CAMPAIGNS], pa.date32()),
            "budget_amount": money(np.array([round(c.daily) * 100 for c in CAMPAIGNS])),
            "budget_type": ["daily"] * len(CAMPAIGNS),
            "currency": ["USD"] * len(CAMPAIGNS),
            "creative_asset_ids": pa.array([made.assets_of.get(c.curated_id, []) for c in CAMPAIGNS]),
            "target_audience_id": [made.audience_of[c.curated_id] for c in CAMPAIGNS],
        },
    )


def _sales(world: World) -> pa.Table:
    """The shop alone records sales: each completed order that is no test is one."""
    orders = world.orders
    ids = shop.prefixed(orders["order_id"])
    real = pc.and_(pc.equal(orders["status"], "completed"), pc.invert(orders["is_test"]))
    owner = shop.prefixed(orders["customer_id"])
    return pa.table(
        {
            "transaction_id": ids,
            "sale": pc.binary_join_element_wise(pa.scalar("sale"), ids, ":"),
            "person": pc.binary_join_element_wise(pa.scalar("person"), owner, ":"),
            "is_real": real,
        }
    )
