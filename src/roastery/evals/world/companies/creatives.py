"""Creatives: an asset per ad of a campaign, what it cost, brought and was used for; audiences that campaigns aim at."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money
from roastery.evals.world.companies.advertising import Ads
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAYS, dates, instants_array

KINDS = (("video", 180_000), ("clip", 90_000), ("carousel", 70_000), ("document", 60_000), ("image", 35_000),
         ("creator", 120_000))  # fmt: skip
"""A word of an ad's name, the type of its asset and about what it cost, in cents; the rest is text."""
AIMS = ("Prospecting", "Lookalike", "Customers", "Site visitors")
AIM_KINDS = ("interest", "lookalike", "list", "retargeting")


@dataclass(frozen=True)
class Creatives:
    """tables: assets, ad_assets, asset_usage, audiences, asset_campaign_performance; the rest by campaign id."""

    tables: dict[str, pa.Table]
    audience_of: dict[str, str]
    assets_of: dict[str, list[str]]


def make(rng: np.random.Generator, plan: Plan, ads: Ads, ad_performance: pa.Table) -> Creatives:
    """Assets of the plan's ads; ads of one name in a campaign share an asset."""
    owner = [(int(c), n) for c, n in zip(ads.campaign, ads.name, strict=True)]
    assets = list(dict.fromkeys(owner))
    ids = [f"dam:{n + 1:04d}" for n in range(len(assets))]
    kinds = [next(((k, c) for k, c in KINDS if k in name.lower()), ("text", 4_000)) for _, name in assets]
    made_on = [max((plan.campaigns[c].start - timedelta(days=10) - FIRST_DAY).days, 0) for c, _ in assets]
    cost = np.array([cost for _, cost in kinds]) + rng.integers(0, 20, len(assets)) * 500
    own = [ids[assets.index(key)] for key in owner]
    ad_ids = [f"{plan.campaigns[c].platform}:{a}" for c, a in zip(ads.campaign, ads.ad_id, strict=True)]
    assets_of: dict[str, list[str]] = {}
    for (c, _), asset in zip(assets, ids, strict=True):
        assets_of.setdefault(plan.campaigns[c].curated_id, []).append(asset)
    slugs = [f"aud-{plan.organization.id}-{n + 1}" for n in range(len(AIMS))]
    tables = {
        "assets": dataset(
            "assets",
            {
                "asset_id": ids,
                "asset_name": [f"{plan.campaigns[c].name} – {name}" for c, name in assets],
                "asset_type": [kind for kind, _ in kinds],
                "creation_cost": money(cost),
                "currency": [plan.organization.currency] * len(ids),
                "created_at": instants_array(plan.instants(np.array(made_on), np.full(len(ids), 36_000))),
                "tags": pa.array([name.lower().split()[:2] for _, name in assets], pa.list_(pa.string())),
            },
        ),
        "ad_assets": dataset("ad_assets", {"ad_id": ad_ids, "asset_id": own, "share": pa.array([1.0] * len(own))}),
        "asset_usage": _usage(rng, ids, made_on),
        "asset_campaign_performance": _performance(ad_performance, ad_ids, own),
        "audiences": dataset("audiences", {"audience_id": slugs, "audience_name": list(AIMS), "kind": list(AIM_KINDS)}),
    }
    aim = {"retargeting": 3, "retention": 2, "seasonal": 1}
    return Creatives(tables, {c.curated_id: slugs[aim.get(c.role, 0)] for c in plan.campaigns}, assets_of)


def _performance(ad_performance: pa.Table, ad_ids: list[str], assets: list[str]) -> pa.Table:
    """What each asset's ads were reported to bring, by campaign and day."""
    shown = pc.index_in(ad_performance["ad_id"].combine_chunks(), pa.array(ad_ids))
    rows = ad_performance.append_column("asset", pa.array(assets).take(shown)).filter(pc.is_valid(shown))
    keys = ["asset", "campaign_id", "platform", "report_date", "currency"]
    sums = ("impressions", "clicks", "reported_conversions", "reported_conversion_value")
    whole = rows.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in sums])
    return dataset(
        "asset_campaign_performance",
        {
            "asset_id": whole["asset"],
            "campaign_id": whole["campaign_id"],
            "platform": whole["platform"],
            "performance_date": whole["report_date"],
            "impressions": whole["impressions_sum"],
            "clicks": whole["clicks_sum"],
            "conversions": whole["reported_conversions_sum"],
            "revenue": whole["reported_conversion_value_sum"],
            "currency": whole["currency"],
        },
    ).combine_chunks()


def _usage(rng: np.random.Generator, ids: list[str], made_on: list[int]) -> pa.Table:
    """Downloads and shares of assets, rarer as they age."""
    age = np.arange(DAYS)[None, :] - np.array(made_on)[:, None]
    rate = np.where(age >= 0, 0.5 * np.exp(-np.maximum(age, 0) / 120) + 0.01, 0.0)
    parts = []
    for kind, count in (("download", rng.poisson(rate)), ("share", rng.poisson(rate * 0.4))):
        asset, day = np.nonzero(count)
        columns = {
            "asset_id": pa.array(ids).take(pa.array(asset)),
            "usage_date": dates(day),
            "kind": pa.repeat(kind, asset.size),
            "count": pa.array(count[asset, day]),
        }
        parts.append(dataset("asset_usage", columns))
    return pa.concat_tables(parts).combine_chunks()
