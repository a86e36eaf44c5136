"""What Larkspur's imports bring beside its connectors: weekly stock, and a web analytics property's counts."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world import World
from roastery.evals.world.columns import picked
from roastery.evals.world.companies.larkspur.shop import prefixed
from roastery.evals.world.companies.tables import at, dataset
from roastery.evals.world.seasons import DAYS, dates, days_of

WEEKS_AHEAD, DELIVERY_EVERY = 6, 4
"""Stock is filled up every fourth week to what sells in six."""

ORIGINS = {
    "direct": ("(direct)", "(none)"),
    "organic_search": ("google", "organic"),
    "organic_social": ("instagram.com", "referral"),
    "referral": ("coffeeblog.example", "referral"),
    "affiliate": ("partners", "affiliate"),
    "sms": ("sms", "sms"),
    "newsletter": ("klaviyo", "email"),
    "flow": ("klaviyo", "email"),
    "paid": ("google", "cpc"),
}
PAGES = ("/", "/collections/coffee", "/collections/gear", "/products")


def stock(rng: np.random.Generator, world: World) -> pa.Table:
    """Rows of `inventory_levels`: every product at the first location each Sunday, goods sold taken from stock."""
    goods = world.products.filter(pc.invert(world.products["is_gift_card"])).combine_chunks()
    lines = world.order_lines
    order = pc.index_in(lines["order_id"], world.orders["order_id"].combine_chunks()).combine_chunks()
    placed = world.orders["occurred_at"].combine_chunks().take(order)
    week = days_of(np.asarray(placed.cast(pa.timestamp("s", "UTC")).cast(pa.int64()))) // 7
    product = pc.index_in(lines["product_id"], goods["product_id"].combine_chunks()).combine_chunks()
    mine = product.is_valid().to_numpy(zero_copy_only=False)
    sold = np.zeros((goods.num_rows, DAYS // 7 + 1), dtype=np.int64)
    np.add.at(sold, (product.drop_null().to_numpy(), week[mine]), np.asarray(lines["quantity"])[mine])
    level = np.maximum(_rolling(sold) * WEEKS_AHEAD, 6)
    start = np.arange(sold.shape[1]) // DELIVERY_EVERY * DELIVERY_EVERY
    total = np.cumsum(sold, axis=1)
    since = total - np.where(start > 0, total[:, np.maximum(start - 1, 0)], 0)
    on_hand = np.maximum(level[:, start] + rng.poisson(2, sold.shape) - since, 0)
    day = np.arange(sold.shape[1]) * 7 + 3
    row, column = np.nonzero(np.broadcast_to(day < DAYS - 1, sold.shape))
    return dataset(
        "inventory_levels",
        {
            "snapshot_date": dates(day[column]),
            "product_id": at(prefixed(goods["product_id"]), row),
            "location_id": pa.repeat(prefixed(world.locations["location_id"])[0], row.size),
            "on_hand": pa.array(on_hand[row, column].astype(np.int64)),
            "unit_cost": at(goods["unit_cost"], row),
            "currency": pa.repeat("USD", row.size),
        },
    )


def _rolling(sold: np.ndarray) -> np.ndarray:
    """Mean units a week over the eight weeks before each, of the first weeks over what there is."""
    total = np.cumsum(np.hstack([np.zeros((sold.shape[0], 1), dtype=np.int64), sold]), axis=1)
    end = np.arange(1, sold.shape[1] + 1)
    begin = np.maximum(end - 8, 0)
    return np.ceil((total[:, end] - total[:, begin]) / (end - begin)).astype(np.int64)


def web_performance(rng: np.random.Generator, world: World) -> pa.Table:
    """Rows of `web_performance`: visits with consent and a part of the others, small cells withheld."""
    visits = world.visits
    granted = np.asarray(visits["is_granted"].to_numpy())
    counted = np.flatnonzero(granted | (rng.random(visits.num_rows) < 0.6))
    day = days_of(np.asarray(visits["occurred_at"].cast(pa.timestamp("s", "UTC")).cast(pa.int64())))[counted]
    way = pc.index_in(visits["way"].combine_chunks(), pa.array(list(ORIGINS))).to_numpy()[counted]
    page = counted * 7919 % len(PAGES)
    cells, sessions = np.unique((day * len(ORIGINS) + way) * len(PAGES) + page, return_counts=True)
    shown = sessions >= 2
    cells, sessions = cells[shown], sessions[shown]
    where = cells // len(PAGES) % len(ORIGINS)
    return dataset(
        "web_performance",
        {
            "report_date": dates(cells // (len(PAGES) * len(ORIGINS))),
            "property_id": pa.repeat("ga4:larkspur", cells.size),
            "source": picked([source for source, _ in ORIGINS.values()], where),
            "medium": picked([medium for _, medium in ORIGINS.values()], where),
            "campaign": picked([f"(not set) {way}" for way in ORIGINS], where),
            "landing_page": picked(PAGES, cells % len(PAGES)),
            "sessions": pa.array(sessions),
            "users": pa.array(np.maximum((sessions * 0.93).astype(np.int64), 1)),
            "time_zone": pa.repeat("America/Chicago", cells.size),
            "is_sampled": pa.repeat(pa.scalar(False), cells.size),
            "is_thresholded": pa.repeat(pa.scalar(True), cells.size),
        },
    )
