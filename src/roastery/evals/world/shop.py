"""What the shop holds: orders with lines, discounts, tax and shipping, in whole cents."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from roastery.evals.world.columns import choose, ragged, rounded
from roastery.evals.world.company import GIFT_CARD, PRICE_RISE, PRODUCTS
from roastery.evals.world.people import People, Timeline
from roastery.evals.world.seasons import DAYS, Floats, Ints, day_index, days_of, seasons

ONLINE, POS, PHONE = 0, 1, 2
PAID, PENDING, CANCELLED_UNPAID, CANCELLED_REFUNDED = 0, 1, 2, 3
CODES = ("WELCOME10", "BREW15", "FRIENDS20", "BFCM20")
RATES = np.array([10, 15, 20, 20])
FREE_SHIPPING = 6000
SHIPPING = 595
GIFT = len(PRODUCTS)
"""Index of the gift card, which is money changed and not revenue."""


@dataclass(frozen=True)
class Lines:
    """One row per order line. net: after the order's discount; tax on the net."""

    order: Ints
    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints
    net: Ints
    tax: Ints


@dataclass(frozen=True)
class Orders:
    """One row per order, by time. Cents: subtotal (net of discount, gift cards included) and amount (without them)."""

    person: Ints
    placed_at: Ints
    channel: Ints
    state: Ints
    is_test: np.ndarray
    code: Ints
    location: Ints
    is_cash: np.ndarray
    foreign: Ints
    subtotal: Ints
    amount: Ints
    discount: Ints
    tax: Ints
    shipping: Ints
    fee: Ints

    @property
    def count(self) -> int:
        return self.person.size

    @property
    def total(self) -> Ints:
        return self.subtotal + self.tax + self.shipping


def take_orders(rng: np.random.Generator, people: People, timeline: Timeline) -> tuple[Orders, Lines]:
    """Fill every order of the timeline with a basket and its money."""
    person, placed, count = timeline.person, timeline.placed_at, timeline.person.size
    day = days_of(placed)
    known = person >= 0
    channel = np.where(known, rng.choice(3, size=count, p=[0.925, 0.06, 0.015]), POS)
    channel = np.where((day < 45) & known, ONLINE, channel)
    abroad = np.where(known, people.abroad[np.maximum(person, 0)], 0)
    channel = np.where(abroad > 0, ONLINE, channel)
    foreign = np.where((day >= day_index(date(2025, 2, 1))) & (rng.random(count) < 0.6), abroad, 0)
    state = rng.choice(4, size=count, p=[0.979, 0.009, 0.006, 0.006])
    state = np.where(channel == ONLINE, state, PAID)
    is_test = (rng.random(count) < 0.003) & (channel == ONLINE)
    code = _codes(rng, day, timeline.is_repeat, channel)
    order, product, quantity = _baskets(rng, people, person, day, channel)
    lines = _price(order, product, quantity, day, code, _tax_rates(rng, person, channel, abroad))
    summed = [np.bincount(lines.order, weights=w, minlength=count).astype(np.int64) for w in
              (lines.net, np.where(lines.product == GIFT, 0, lines.net), lines.discount, lines.tax)]  # fmt: skip
    subtotal, amount, discount, tax = summed
    shipping = np.where((channel == POS) | (subtotal >= FREE_SHIPPING), 0, SHIPPING)
    is_cash = (channel == POS) & ~known & (rng.random(count) < 0.7)
    total = subtotal + tax + shipping
    fee = np.where(
        is_cash | (state != PAID), 0, np.where(channel == POS, rounded(total * 0.026) + 10, rounded(total * 0.029) + 30)
    )
    location = np.where(channel == POS, (rng.random(count) < 0.35).astype(np.int64), -1)
    orders = Orders(
        person, placed, channel, state, is_test, code, location, is_cash, foreign, subtotal, amount, discount, tax,
        shipping, fee,
    )  # fmt: skip
    return orders, lines


def _codes(rng: np.random.Generator, day: Ints, is_repeat: np.ndarray, channel: Ints) -> Ints:
    """Index of the discount code of each order, −1 for none."""
    dice = rng.random(day.size)
    sale = np.zeros(DAYS, dtype=bool)
    for first in (date(2024, 11, 29), date(2025, 11, 28)):
        sale[day_index(first) : day_index(first) + 4] = True
    code = np.where(~is_repeat & (dice < 0.20), 0, -1)
    code = np.where((dice >= 0.20) & (dice < 0.26), 1, code)
    code = np.where((dice >= 0.26) & (dice < 0.29), 2, code)
    code = np.where(sale[day] & (dice < 0.8), 3, code)
    return np.where(channel == ONLINE, code, -1)


def _popularity() -> Floats:
    """Cumulative weights of products by month (13 × products; line 0 unused)."""
    weight = np.tile(np.array([p.weight for p in PRODUCTS]), (13, 1))
    months = {"summer": (5, 6, 7, 8), "fall": (9, 10, 11), "winter": (12, 1, 2), "gift": (11, 12)}
    for index, product in enumerate(PRODUCTS):
        if product.season:
            inside = np.isin(np.arange(13), months[product.season])
            weight[:, index] *= np.where(inside, 2.6, 0.3)
    return np.cumsum(weight, axis=1)


def _baskets(
    rng: np.random.Generator, people: People, person: Ints, day: Ints, channel: Ints
) -> tuple[Ints, Ints, Ints]:
    """Which products in what number: one to five distinct ones, more for customers of big baskets."""
    appetite = np.where(person >= 0, people.basket[np.maximum(person, 0)], 0.5) * np.where(channel == POS, 0.5, 1.0)
    counts = 1 + np.minimum(rng.poisson(0.75 * appetite), 4)
    order, _ = ragged(counts)
    product = choose(rng, _popularity(), seasons().month[day[order]])
    gift = np.flatnonzero((rng.random(person.size) < 0.004) & (channel == ONLINE))
    order = np.concatenate([order, gift])
    product = np.concatenate([product, np.full(gift.size, GIFT)])
    distinct = np.unique(order * 1000 + product)
    order, product = distinct // 1000, distinct % 1000
    quantity = 1 + (rng.random(order.size) < 0.16) + (rng.random(order.size) < 0.04)
    return order, product, np.where(product == GIFT, 1, quantity).astype(np.int64)


def list_prices() -> tuple[Ints, Ints]:
    """Prices in cents before and since the rise; the gift card keeps its value."""
    before = np.array([p.price for p in PRODUCTS] + [GIFT_CARD.price], dtype=np.int64)
    after = (before * PRICE_RISE[1] + 5000) // 10000 * 100
    after[GIFT] = before[GIFT]
    return before, after


def _price(order: Ints, product: Ints, quantity: Ints, day: Ints, code: Ints, tax_rate: Floats) -> Lines:
    before, after = list_prices()
    unit = np.where(day[order] >= day_index(PRICE_RISE[0]), after[product], before[product])
    gross = unit * quantity
    percent = np.where(code[order] >= 0, RATES[np.maximum(code[order], 0)], 0)
    discount = np.where(product == GIFT, 0, (gross * percent + 50) // 100)
    net = gross - discount
    tax = np.where(product == GIFT, 0, rounded(net * tax_rate[order]))
    return Lines(order, product, quantity, unit, discount, net, tax)


STATES = ("IL", "WI", "TX", "CA", "NY", "OR", "MN", "FL", "MI", "CO")
STATE_RATES = np.array([0.0625, 0.05, 0.0625, 0.0725, 0.04, 0.0, 0.06875, 0.06, 0.06, 0.029])
STATE_SHARES = np.array([0.27, 0.09, 0.11, 0.14, 0.10, 0.05, 0.07, 0.07, 0.06, 0.04])


def home_states(count: int) -> Ints:
    """Each customer's state, fixed by their number."""
    spread = np.arange(count) * 0.6180339887498949 % 1.0
    return np.searchsorted(np.cumsum(STATE_SHARES)[:-1], spread, side="right")


def _tax_rates(rng: np.random.Generator, person: Ints, channel: Ints, abroad: Ints) -> Floats:
    homes = home_states(int(person.max()) + 1)
    rate = STATE_RATES[np.where(person >= 0, homes[np.maximum(person, 0)], 0)]
    return np.where(abroad > 0, 0.0, np.where(channel == POS, 0.1025, rate))
