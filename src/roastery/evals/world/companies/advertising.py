"""What ad platforms report: campaigns, rows by day and ad, conversions that each platform claims, keywords."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, rounded, split_cents
from roastery.evals.world.companies.contacts import PAID, Contacts, Moments, next_moment
from roastery.evals.world.companies.plan import PLATFORM_CHANNELS, Plan
from roastery.evals.world.companies.spending import Spend
from roastery.evals.world.companies.tables import dataset
from roastery.evals.world.company import Campaign
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, Floats, Ints, dates

CLAIM_DAYS = {"meta_ads": 7, "google_ads": 30, "tiktok_ads": 7, "linkedin_ads": 30}
"""Days after a click within which a platform claims a conversion."""
SETTINGS = {
    "meta_ads": "7d_click,1d_view",
    "google_ads": "30d_click",
    "tiktok_ads": "7d_click,1d_view",
    "linkedin_ads": "30d_click,7d_view",
}
RESIDUAL_SHARE = 0.05
"""Spend of a campaign with a deleted ad that stands at campaign grain only."""


@dataclass(frozen=True)
class Ads:
    """Every ad of the plan: campaign index, ad group, names and ids; fatigue is the half-life of its click rate."""

    campaign: Ints
    group: tuple[str, ...]
    name: tuple[str, ...]
    group_id: tuple[str, ...]
    ad_id: tuple[str, ...]
    half_life_days: Floats
    appeal: Floats


def ads_of(plan: Plan) -> Ads:
    """The ads in the plan's order; how they appeal and wear out follows from their place, not from chance."""
    rows = [(i, g, a) for i, c in enumerate(plan.campaigns) for g, names in c.ads.items() for a in names]
    groups: dict[tuple[int, str], int] = {}
    for index, group, _ in rows:
        groups.setdefault((index, group), len(groups) + 1)
    number = np.arange(len(rows))
    ids = [plan.campaigns[i].id for i, _, _ in rows]
    return Ads(
        campaign=np.array([i for i, _, _ in rows], dtype=np.int64),
        group=tuple(g for _, g, _ in rows),
        name=tuple(a for _, _, a in rows),
        group_id=tuple(f"{ids[n]}{groups[(i, g)]:02d}" for n, (i, g, _) in enumerate(rows)),
        ad_id=tuple(f"{ids[n]}9{n:03d}" for n in number),
        half_life_days=np.where(number % 3 == 0, 70.0, 400.0),
        appeal=0.8 + 0.1 * (number * 7 % 5),
    )


def campaigns_table(plan: Plan, audiences: dict[str, str], assets: dict[str, list[str]]) -> pa.Table:
    """Ad campaigns as they stand today. audiences, assets: by campaign id."""
    entries = plan.campaigns
    return dataset(
        "campaigns",
        {
            "campaign_id": [c.curated_id for c in entries],
            "campaign_name": [c.name for c in entries],
            "platform": [c.platform for c in entries],
            "channel": [PLATFORM_CHANNELS[c.platform] for c in entries],
            "objective": [c.objective for c in entries],
            "status": [c.status for c in entries],
            "start_date": pa.array([c.start for c in entries]),
            "end_date": pa.array([c.end for c in entries], pa.date32()),
            "budget_amount": money(np.array([round(c.daily * 100) for c in entries])),
            "budget_type": ["daily"] * len(entries),
            "currency": [plan.organization.currency] * len(entries),
            "creative_asset_ids": pa.array([assets.get(c.curated_id, []) for c in entries], pa.list_(pa.string())),
            "target_audience_id": [audiences.get(c.curated_id) for c in entries],
        },
    )


def report(
    rng: np.random.Generator, plan: Plan, spend: Spend, contacts: Contacts, moments: Moments, value: Ints
) -> pa.Table:
    """Rows of `ad_performance`. value: cents that a platform books for each moment that it claims."""
    ads = ads_of(plan)
    claimed, worth = _claims(plan, contacts, moments, value)
    mean = int(value.mean()) if value.size else 0
    parts = [_rows(rng, plan, i, c, spend, ads, claimed[i], worth[i], mean) for i, c in enumerate(plan.campaigns)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((columns["ad"], columns["campaign"], columns["day"]))
    return _table(plan, ads, {name: values[order] for name, values in columns.items()})


def _claims(plan: Plan, contacts: Contacts, moments: Moments, value: Ints) -> tuple[Ints, Ints]:
    """Conversions and cents, campaigns × click days: each platform claims for the last of its clicks."""
    rows = np.flatnonzero((contacts.way == PAID) & contacts.is_known & contacts.is_granted)
    campaign = contacts.campaign[rows]
    moment = next_moment(contacts.person[rows], contacts.at[rows], moments)
    window = np.array([CLAIM_DAYS[c.platform] for c in plan.campaigns])[campaign] * DAY_SECONDS
    inside = (moment >= 0) & (moments.at[np.maximum(moment, 0)] - contacts.at[rows] < window)
    rows, campaign, moment = rows[inside], campaign[inside], moment[inside]
    platforms = sorted({c.platform for c in plan.campaigns})
    platform = np.array([platforms.index(c.platform) for c in plan.campaigns])[campaign]
    order = np.lexsort((contacts.at[rows], platform, moment))
    key = moment[order] * len(platforms) + platform[order]
    last = order[np.append(key[1:] != key[:-1], True)] if key.size else order
    day = np.clip(plan.days(contacts.at[rows[last]]), 0, DAYS - 1)
    claimed, worth = np.zeros((2, len(plan.campaigns), DAYS), dtype=np.int64)
    np.add.at(claimed, (campaign[last], day), 1)
    np.add.at(worth, (campaign[last], day), value[moment[last]])
    return claimed, worth


def _rows(
    rng: np.random.Generator,
    plan: Plan,
    index: int,
    entry: Campaign,
    spend: Spend,
    ads: Ads,
    claimed: Ints,
    worth: Ints,
    mean: int,
) -> dict[str, Ints]:
    """One campaign's rows: its days split over its ads, and a residual row where an ad was deleted."""
    day = np.flatnonzero(spend.cents[index])
    own = np.flatnonzero(ads.campaign == index)
    slots = np.concatenate([own, [-1]]) if entry.deleted_ad_share or not own.size else own
    weight = np.exp(rng.normal(0, 0.35, (day.size, slots.size))) * np.where(slots < 0, RESIDUAL_SHARE, 1.0)
    age = (day - day[0])[:, None] if day.size else np.zeros((0, 1))
    tired = np.where(slots < 0, 1.0, 0.5 ** (age / np.where(slots < 0, 1.0, ads.half_life_days[slots])))
    appeal = np.where(slots < 0, 1.0, ads.appeal[slots]) * (0.35 + 0.65 * tired)
    cents = split_cents(spend.cents[index][day], weight)
    bought = cents * (spend.bought[index][day] / np.maximum(spend.cents[index][day], 1))[:, None]
    ctr = entry.ctr * appeal * plan.factor("ctr", "campaign", entry.curated_id)[day][:, None]
    impressions = rng.poisson(bought / 100 / entry.cpc / entry.ctr)
    clicks = rng.binomial(impressions, np.minimum(ctr, 0.9))
    broken = plan.factor("reported_conversions", "platform", entry.platform)[day]
    share = clicks + 1e-6
    seen = rng.multinomial(rounded(claimed[day] * broken), share / share.sum(axis=1, keepdims=True))
    viewed = rng.poisson(impressions * entry.view_rate * broken[:, None])
    where, slot = np.nonzero(np.ones_like(cents))
    flat = (where, slot)
    return {
        "day": day[where],
        "campaign": np.full(where.size, index),
        "ad": slots[slot],
        "cents": cents[flat],
        "impressions": impressions[flat],
        "clicks": clicks[flat],
        "conversions": (seen + viewed)[flat],
        "viewed": viewed[flat],
        "worth": (split_cents(rounded(worth[day] * broken), seen + 1e-6) + viewed * mean)[flat],
        "reach": rounded(impressions[flat] / (1.25 + 0.5 * (1 - np.broadcast_to(tired, cents.shape)[flat]))),
        "views": np.where(entry.platform == "google_ads", 0, rounded(impressions[flat] * 0.22)),
        "social": np.where(entry.platform == "google_ads", 0, rounded(clicks[flat] * 0.15)),
    }


def _table(plan: Plan, ads: Ads, rows: dict[str, Ints]) -> pa.Table:
    campaign, ad = rows["campaign"], rows["ad"]
    entries, none = plan.campaigns, rows["ad"] < 0
    social = np.array([c.platform != "google_ads" for c in entries])[campaign]

    def of_ad(values: tuple[str, ...]) -> Any:
        return picked([*values, ""], np.where(none, len(values), ad))

    def of_campaign(values: list[str]) -> Any:
        return picked(values, campaign)

    prefix = [f"{c.platform}:" for c in entries]
    ids = pc.binary_join_element_wise(of_campaign(prefix), of_ad(ads.ad_id), "")
    groups = pc.binary_join_element_wise(of_campaign(prefix), of_ad(ads.group_id), "")
    empty = pa.array(none)
    return dataset(
        "ad_performance",
        {
            "report_date": dates(rows["day"]),
            "platform": of_campaign([c.platform for c in entries]),
            "account_id": of_campaign([plan.accounts[c.platform] for c in entries]),
            "campaign_id": of_campaign([c.curated_id for c in entries]),
            "ad_group_id": pc.if_else(empty, "", groups),
            "ad_id": pc.if_else(empty, "", ids),
            "campaign_name": of_campaign([c.name for c in entries]),
            "ad_group_name": of_ad(ads.group),
            "ad_name": of_ad(ads.name),
            "currency": of_campaign([plan.organization.currency] * len(entries)),
            "time_zone": of_campaign([str(plan.zone)] * len(entries)),
            "spend": money(rows["cents"]),
            "impressions": pa.array(rows["impressions"]),
            "reach": pa.array(rows["reach"], mask=~social),
            "clicks": pa.array(rows["clicks"]),
            "reported_conversions": pa.array(rows["conversions"]),
            "reported_conversion_value": money(rows["worth"]),
            "reported_view_conversions": pa.array(rows["viewed"]),
            "video_views": pa.array(rows["views"], mask=~social),
            "social_actions": pa.array(rows["social"], mask=~social),
            "attribution_setting": of_campaign([SETTINGS[c.platform] for c in entries]),
        },
    )
