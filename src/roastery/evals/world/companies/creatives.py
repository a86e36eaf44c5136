"""Creatives: one asset per ad, what it cost, how it was used; audiences that campaigns aim at."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import money, prefixed
from roastery.evals.world.companies.advertising import ads_of
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAYS, dates, instants_array

KINDS = (("video", 180_000), ("clip", 90_000), ("carousel", 70_000), ("document", 60_000), ("image", 35_000))
"""A word of an ad's name, the type of its asset and about what it cost, in cents; the rest is text."""


@dataclass(frozen=True)
class Creatives:
    tables: dict[str, pa.Table]
    audience_of: dict[str, str]
    assets_of: dict[str, list[str]]


def make(rng: np.random.Generator, plan: Plan, tracked: Any) -> Creatives:
    """Assets named after the plan's ads (ads of one name share an asset), their use by day, and audiences."""
    ads = ads_of(plan)
    names = list(dict.fromkeys(ads.name))
    kinds = [next(((k, c) for k, c in KINDS if k in name.lower()), ("text", 4_000)) for name in names]
    ids = [f"dam:{n + 1:04d}" for n in range(len(names))]
    first = [
        min(plan.campaigns[c].start for c, n in zip(ads.campaign, ads.name, strict=True) if n == name) for name in names
    ]
    made_on = [max((day - timedelta(days=10) - FIRST_DAY).days, 0) for day in first]
    cost = np.array([cost for _, cost in kinds]) + rng.integers(0, 20, len(names)) * 500
    own = [ids[names.index(name)] for name in ads.name]
    platform = [plan.campaigns[c].platform for c in ads.campaign]
    assets_of: dict[str, list[str]] = {}
    for c, asset in zip(ads.campaign, own, strict=True):
        assets_of.setdefault(plan.campaigns[c].curated_id, []).append(asset)
    aims = ("Prospecting", "Lookalike", "Customers", "Site visitors")
    slugs = [f"aud-{plan.organization.id}-{n + 1}" for n in range(len(aims))]
    audience_of = {c.curated_id: slugs[_aim(c.role)] for c in plan.campaigns}
    tables = {
        "assets": dataset(
            "assets",
            {
                "asset_id": ids,
                "asset_name": names,
                "asset_type": [kind for kind, _ in kinds],
                "creation_cost": money(cost),
                "currency": [plan.organization.currency] * len(ids),
                "created_at": instants_array(plan.instants(np.array(made_on), np.full(len(ids), 36_000))),
                "tags": pa.array([name.lower().split()[:2] for name in names], pa.list_(pa.string())),
            },
        ),
        "ad_assets": dataset(
            "ad_assets",
            {
                "ad_id": [f"{p}:{a}" for p, a in zip(platform, ads.ad_id, strict=True)],
                "asset_id": own,
                "share": pa.array([1.0] * len(own)),
            },
        ),
        "asset_usage": _usage(rng, plan, ids, made_on),
        "audiences": dataset(
            "audiences",
            {
                "audience_id": slugs,
                "audience_name": list(aims),
                "kind": ["interest", "lookalike", "list", "retargeting"],
            },
        ),
    }
    return Creatives(tables, audience_of, {k: list(dict.fromkeys(v)) for k, v in assets_of.items()})


def _aim(role: str) -> int:
    return {"retargeting": 3, "retention": 2, "seasonal": 1}.get(role, 0)


def _usage(rng: np.random.Generator, plan: Plan, ids: list[str], made_on: list[int]) -> pa.Table:
    """Downloads and shares of assets, rarer as they age."""
    age = np.arange(DAYS)[None, :] - np.array(made_on)[:, None]
    rate = np.where(age >= 0, 0.5 * np.exp(-np.maximum(age, 0) / 120) + 0.01, 0.0)
    counts = [rng.poisson(rate), rng.poisson(rate * 0.4)]
    parts = []
    for kind, count in zip(("download", "share"), counts, strict=True):
        asset, day = np.nonzero(count)
        parts.append(
            dataset(
                "asset_usage",
                {
                    "asset_id": pa.array(ids).take(pa.array(asset)),
                    "usage_date": dates(day),
                    "kind": pa.repeat(kind, asset.size),
                    "count": pa.array(count[asset, day]),
                },
            )
        )
    return pa.concat_tables(parts).combine_chunks()


__all__ = ["Creatives", "make", "prefixed"]
