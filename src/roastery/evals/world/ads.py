"""What the ad platforms report: rows by day and ad, with conversions that each platform claims for itself."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.columns import money, picked, rounded, split_cents
from roastery.evals.world.company import (
    CAMPAIGNS,
    GOOGLE_ACCOUNT,
    GOOGLE_ZONE,
    META_ACCOUNT,
    META_ZONE,
    Campaign,
    anomaly,
)
from roastery.evals.world.seasons import DAY_SECONDS, Ints, dates, day_index, days_of
from roastery.evals.world.shop import Orders
from roastery.evals.world.spend import Spend, useful
from roastery.evals.world.visits import PAID, Visits

CLAIM_DAYS = {"meta_ads": 7, "google_ads": 30}
"""Days after a click within which a platform claims a sale."""
MEAN_BASKET = 6450
"""Cents that a platform books for a sale it claims by a view."""


@dataclass(frozen=True)
class AdDays:
    """One row per day, campaign and ad (ad −1: spend without an ad). Conversions are hundredths, values cents."""

    day: Ints
    campaign: Ints
    ad: Ints
    cents: Ints
    impressions: Ints
    clicks: Ints
    link_clicks: Ints
    reach: Ints
    clicked: Ints
    clicked_value: Ints
    viewed: Ints
    viewed_value: Ints
    onsite: Ints
    onsite_value: Ints
    plays: Ints
    reactions: Ints


def report(rng: np.random.Generator, spend: Spend, visits: Visits, orders: Orders, next_order: Ints) -> AdDays:
    """Rows of all campaigns, by day, campaign and ad."""
    claims = _claims(visits, orders, next_order)
    bought = useful(spend.cents)
    parts = [_campaign_days(rng, i, c, spend.cents[i], bought[i], claims) for i, c in enumerate(CAMPAIGNS)]
    columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in AdDays.__dataclass_fields__}
    order = np.lexsort((columns["ad"], columns["campaign"], columns["day"]))
    return AdDays(**{name: values[order] for name, values in columns.items()})


@dataclass(frozen=True)
class _Claims:
    """Clicks that a platform saw (day, campaign, ad), and the sale each claims: value in cents, 0 for none."""

    day: Ints
    campaign: Ints
    ad: Ints
    value: Ints


def _claims(visits: Visits, orders: Orders, next_order: Ints) -> _Claims:
    """A sale is claimed by every platform that saw a click before it, for its own last click, tracked by us or not."""
    paid = np.flatnonzero(visits.way == PAID)
    campaign = visits.campaign[paid]
    google = np.array([c.platform == "google_ads" for c in CAMPAIGNS])[campaign]
    within = np.where(google, CLAIM_DAYS["google_ads"], CLAIM_DAYS["meta_ads"]) * DAY_SECONDS
    order = next_order[paid]
    near = (order >= 0) & (orders.placed_at[np.maximum(order, 0)] - visits.at[paid] <= within)
    key = np.where(near, order * 2 + google, -1 - np.arange(paid.size))
    _, last = np.unique(key[::-1], return_index=True)
    is_last = np.zeros(paid.size, dtype=bool)
    is_last[paid.size - 1 - last] = True
    value = np.where(near & is_last, orders.total[np.maximum(order, 0)], 0)
    return _Claims(days_of(visits.at[paid]), campaign, visits.ad[paid], value)


def _campaign_days(
    rng: np.random.Generator, index: int, campaign: Campaign, cents: Ints, bought: Ints, claims: _Claims
) -> AdDays:
    """A campaign's days with what its ads delivered and claimed."""
    day = np.flatnonzero(cents)
    spent, ad = _over_ads(rng, campaign, cents[day])
    reaching = spent * (bought[day] / cents[day])[:, None]
    arrived, sold, sold_value = _arrivals(claims, index, cents, spent.shape)
    link_clicks = np.maximum(rng.poisson(reaching / 100 / campaign.cpc), arrived)
    clicks = link_clicks if campaign.platform == "google_ads" else link_clicks + rng.poisson(link_clicks * 0.22)
    impressions = np.maximum(clicks + rng.poisson(clicks / campaign.ctr), (spent > 0).astype(np.int64))
    is_meta = campaign.platform == "meta_ads"
    rows = _conversions(rng, campaign, day, impressions, sold, sold_value)
    rows |= {"cents": spent, "impressions": impressions, "clicks": clicks, "link_clicks": link_clicks}
    rows |= {
        "reach": rounded(impressions * 0.83) * is_meta,
        "plays": rng.poisson(impressions * 0.21) * is_meta,
        "reactions": rng.poisson(impressions * 0.004) * is_meta,
        "day": np.repeat(day, ad.size).reshape(spent.shape),
        "campaign": np.full(spent.shape, index),
        "ad": np.tile(ad, (day.size, 1)),
    }
    seen = (impressions > 0) | (spent > 0)
    return AdDays(**{name: values[seen] for name, values in rows.items()})


def _over_ads(rng: np.random.Generator, campaign: Campaign, cents: Ints) -> tuple[Ints, Ints]:
    """Each day's spend over the ads, and their indexes; −1 for ads since deleted, or where there is no ad grain."""
    ads = max(sum(map(len, campaign.ads.values())), 1)
    weight = np.linspace(1.6, 0.7, ads) * np.exp(rng.normal(0, 0.18, (cents.size, ads)))
    if campaign.deleted_ad_share:
        lost = campaign.deleted_ad_share / (1 - campaign.deleted_ad_share) * weight.sum(axis=1, keepdims=True)
        weight = np.hstack([weight, lost])
    ad = np.arange(weight.shape[1])
    return split_cents(cents, weight), np.where((ad >= ads) | (not campaign.ads), -1, ad)


def _arrivals(claims: _Claims, index: int, cents: Ints, shape: tuple[int, ...]) -> tuple[Ints, Ints, Ints]:
    """By the campaign's days and ads: visits that came, sales among them, and what these were worth."""
    days = np.cumsum(cents > 0) - 1
    mine = (claims.campaign == index) & (cents[claims.day] > 0)
    place = (days[claims.day[mine]], np.maximum(claims.ad[mine], 0))
    value = claims.value[mine]
    arrived, sold, sold_value = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    np.add.at(arrived, place, 1)
    np.add.at(sold, place, (value > 0).astype(np.int64))
    np.add.at(sold_value, place, value)
    return arrived, sold, sold_value


def _conversions(
    rng: np.random.Generator, campaign: Campaign, day: Ints, impressions: Ints, sold: Ints, value: Ints
) -> dict[str, Ints]:
    """Claims by click, by view and on the platform's own shop; Google models fractions, Meta counts whole sales."""
    viewed = rng.poisson(impressions * campaign.view_rate)
    viewed_value = viewed * MEAN_BASKET + np.where(viewed > 0, rng.integers(-900, 900, viewed.shape), 0)
    onsite = rng.poisson(sold * 0.04) if campaign.platform == "meta_ads" else np.zeros_like(sold)
    if campaign.platform == "google_ads":
        modelled = rng.poisson(0.35 * sold + 0.01)
        hundredths = sold * rng.integers(80, 101, sold.shape) + modelled * rng.integers(40, 101, sold.shape)
        value = value + modelled * MEAN_BASKET * 7 // 10
    else:
        hundredths = sold * 100
    broken = anomaly("pixel-break")
    if campaign.platform == broken.member:
        works = ~((day >= day_index(broken.start)) & (day < day_index(broken.end)))[:, None]
        hundredths, value, viewed, viewed_value, onsite = (
            x * works for x in (hundredths, value, viewed, viewed_value, onsite)
        )
    return {
        "clicked": hundredths,
        "clicked_value": value,
        "viewed": viewed * 100,
        "viewed_value": viewed_value,
        "onsite": onsite * 100,
        "onsite_value": onsite * MEAN_BASKET,
    }


def name_on(day: Ints, campaign: Ints) -> pa.Array:
    """The name that each campaign bore on each day."""
    names, starts = [], []
    for index, entry in enumerate(CAMPAIGNS):
        for since, name in entry.names:
            names.append(name)
            starts.append(index * 10_000 + max((since - entry.start).days, 0) + entry.days()[0])
    found = np.searchsorted(np.array(starts), campaign * 10_000 + day, side="right") - 1
    return picked(names, found)


def ad_index() -> pa.Table:
    """Every ad of every campaign: its index within the campaign, its group, and the ids that platforms give them."""
    rows = []
    for number, campaign in enumerate(CAMPAIGNS):
        position = 0
        for group_number, (group, ads) in enumerate(campaign.ads.items()):
            group_id = f"{campaign.id[:-3]}{group_number + 4}11"
            for ad in ads:
                ad_id = f"{campaign.id[:-3]}{group_number + 4}{position + 20}"
                rows.append((number, position, campaign.platform, campaign.curated_id, group_id, group, ad_id, ad))
                position += 1
    names = ("campaign", "ad", "platform", "campaign_id", "ad_group_id", "ad_group_name", "ad_id", "ad_name")
    return pa.table({name: pa.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})


def ad_table(ads: AdDays) -> pa.Table:
    """The rows in the columns of `ad_performance`, and the parts by which a platform tells them apart."""
    index = ad_index()
    key = np.asarray(index["campaign"]) * 100 + np.asarray(index["ad"])
    has_ad = ads.ad >= 0
    row = np.where(has_ad, np.searchsorted(key, ads.campaign * 100 + np.maximum(ads.ad, 0)), 0)
    text = {name: index[name].combine_chunks().take(pa.array(row)) for name in index.column_names[4:]}
    blank = pa.array(["" for _ in range(1)]).take(pa.array(np.zeros(row.size, dtype=np.int64)))
    mask = pa.array(has_ad)
    text = {name: pc.if_else(mask, values, blank) for name, values in text.items()}
    platform = [c.platform for c in CAMPAIGNS]
    google = np.array([p == "google_ads" for p in platform])[ads.campaign].astype(np.int64)
    owner = picked(["meta_ads:", "google_ads:"], google)
    prefixed = {
        name: pc.if_else(mask, pc.binary_join_element_wise(owner, text[name], ""), blank)
        for name in ("ad_group_id", "ad_id")
    }
    claimed = ads.clicked + np.where(google == 1, 0, ads.viewed + ads.onsite)
    claimed_value = ads.clicked_value + np.where(google == 1, 0, ads.viewed_value + ads.onsite_value)
    return pa.table(
        {
            "report_date": dates(ads.day),
            "platform": picked(platform, ads.campaign),
            "account_id": picked([f"meta_ads:{META_ACCOUNT}", f"google_ads:{GOOGLE_ACCOUNT}"], google),
            "campaign_id": picked([c.curated_id for c in CAMPAIGNS], ads.campaign),
            **prefixed,
            "campaign_name": name_on(ads.day, ads.campaign),
            "ad_group_name": text["ad_group_name"],
            "ad_name": text["ad_name"],
            "currency": picked(["USD"], np.zeros(ads.day.size, dtype=np.int64)),
            "time_zone": picked([META_ZONE, GOOGLE_ZONE], google),
            "spend": money(ads.cents),
            "impressions": pa.array(ads.impressions),
            "reach": pa.array(ads.reach),
            "clicks": pa.array(ads.clicks),
            "link_clicks": pa.array(ads.link_clicks),
            "reported_conversions": money(claimed),
            "reported_conversion_value": money(claimed_value),
            "reported_view_conversions": money(ads.viewed),
            "video_views": pa.array(ads.plays),
            "social_actions": pa.array(ads.reactions),
            "clicked": money(ads.clicked),
            "clicked_value": money(ads.clicked_value),
            "viewed": money(ads.viewed),
            "viewed_value": money(ads.viewed_value),
            "onsite": money(ads.onsite),
            "onsite_value": money(ads.onsite_value),
        }
    )
