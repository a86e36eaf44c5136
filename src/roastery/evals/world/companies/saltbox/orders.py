"""What Saltbox's restaurants sell: orders of loyal guests and of people who pay cash, with lines, in whole cents."""

from dataclasses import dataclass

import numpy as np

from roastery.evals.world.columns import ragged, rounded
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.saltbox.plan import (
    LOCATIONS,
    MENU,
    PAIRS,
    PROMOTIONS,
    PUMPKIN,
)
from roastery.evals.world.companies.slices import Labels, kept
from roastery.evals.world.companies.tables import draw
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAYS, END, Ints

POS, ONLINE, PHONE = 0, 1, 2
SALES_CHANNELS = ("pos", "online", "phone")
CASH_PER_GUEST_ORDER = 0.85
TAX = 0.07
LEVEL = np.array([weight for *_, weight in LOCATIONS]) / sum(weight for *_, weight in LOCATIONS)
WEEKDAY = (np.arange(DAYS) + FIRST_DAY.weekday()) % 7


@dataclass(frozen=True)
class Orders:
    """One row per order, by time; person −1 paid cash. Cents. promotion: index into PROMOTIONS, else −1."""

    person: Ints
    placed_at: Ints
    day: Ints
    location: Ints
    channel: Ints
    promotion: Ints
    is_first: np.ndarray
    is_test: np.ndarray
    state: Ints
    amount: Ints
    discount: Ints
    tax: Ints
    fee: Ints

    @property
    def count(self) -> int:
        return self.person.size


@dataclass(frozen=True)
class Lines:
    order: Ints
    product: Ints
    quantity: Ints
    discount: Ints


def labels(location: Ints, channel: Ints) -> Labels:
    """The slices that planted anomalies speak of."""

    def by(place: int) -> tuple[list[str], Ints]:
        names = sorted({str(row[place]) for row in LOCATIONS})
        return names, np.array([names.index(str(row[place])) for row in LOCATIONS])[location]

    return {
        "location": ([row[0] for row in LOCATIONS], location),
        "region": by(1),
        "franchise": by(2),
        "sales_channel": (SALES_CHANNELS, channel),
    }


def take(
    rng: np.random.Generator, plan: Plan, home: Ints, person: Ints, at: Ints, is_first: np.ndarray
) -> tuple[Orders, Lines]:
    """Orders of guests (person, instant) and of cash customers, less those that anomalies cost. home: by guest."""
    cash_at, cash_location = _cash(rng, plan, int(person.size * CASH_PER_GUEST_ORDER))
    who = np.concatenate([person, np.full(cash_at.size, -1)])
    when = np.concatenate([at, cash_at])
    guest = who >= 0
    strayed = rng.random(who.size) < 0.14
    own = np.where(strayed, draw(rng, LEVEL, who.size), home[np.maximum(who, 0)])
    location = np.where(guest, own, np.concatenate([np.zeros(person.size, int), cash_location]))
    channel = np.where(guest, rng.choice(3, size=who.size, p=[0.70, 0.26, 0.04]), POS)
    day = plan.days(when)
    first = np.concatenate([is_first, np.zeros(cash_at.size, bool)])
    channel = np.where(first & (rng.random(who.size) < 0.4), ONLINE, channel)
    stays = kept(rng, plan, "orders", day, labels(location, channel)) | first
    order = np.flatnonzero(stays)
    order = order[np.lexsort((who[order], when[order]))]
    who, when, day, location, channel, first = (x[order] for x in (who, when, day, location, channel, first))
    promotion = _promotions(rng, day)
    lines = _lines(rng, day, promotion)
    price = np.array([p for _, _, p, _, _ in MENU])[lines.product]
    gross = np.bincount(lines.order, weights=price * lines.quantity, minlength=who.size).astype(np.int64)
    discount = np.bincount(lines.order, weights=lines.discount, minlength=who.size).astype(np.int64)
    amount = gross - discount
    tax = rounded(amount * TAX)
    card = (who >= 0) | (rng.random(who.size) < 0.25)
    fee = np.where(card, rounded((amount + tax) * 0.026) + 10, 0)
    state = np.where(channel == ONLINE, rng.choice(3, size=who.size, p=[0.985, 0.009, 0.006]), 0)
    is_test = (rng.random(who.size) < 0.002) & (channel == ONLINE) & ~first
    state = np.where(first, 0, state)
    return Orders(
        who, when, day, location, channel, promotion, first, is_test, state, amount, discount, tax, fee
    ), lines


def _cash(rng: np.random.Generator, plan: Plan, count: int) -> tuple[Ints, Ints]:
    """Instants and places of orders paid in cash."""
    by_day = plan.season.demand * plan.season.trend * plan.uplift
    cells = by_day[:, None] * LEVEL[None, :]
    for index, (name, *_) in enumerate(LOCATIONS):
        factor = plan.factor("orders", "location", name)
        cells[:, index] *= np.where(factor > 1, factor, 1.0)
    drawn = rng.multinomial(count, (cells / cells.sum()).ravel())
    cell = np.repeat(np.arange(cells.size), drawn)
    at = plan.instants(cell // len(LOCATIONS), plan.seconds(rng, cell.size))
    inside = at < END - 1800
    return at[inside], (cell % len(LOCATIONS))[inside]


def _promotions(rng: np.random.Generator, day: Ints) -> Ints:
    """Which promotion an order was sold under: about a third of the orders while it holds."""
    found = np.full(day.size, -1)
    for index, promotion in enumerate(PROMOTIONS):
        holds = promotion.holds[day] & (rng.random(day.size) < 0.36)
        found = np.where(holds, index, found)
    return found


def _lines(rng: np.random.Generator, day: Ints, promotion: Ints) -> Lines:
    """Each order's products; what a promotion sells is in the orders under it, at its price."""
    names = [name for name, *_ in MENU]
    share = np.array([weight for *_, weight in MENU])
    chance = np.tile(share, (day.size, 1))
    month = (np.datetime64(FIRST_DAY, "D") + day).astype("datetime64[M]").view("int64") % 12 + 1
    chance[:, PUMPKIN] *= np.where((month >= 9) & (month <= 11), 3.5, 0.0)
    kinds = [p.promotion_id for p in PROMOTIONS]
    for product, wanted in ((0, "smash-tuesday"), (12, "kids-eat-free"), (PUMPKIN, "fall-shake-launch")):
        chance[promotion == kinds.index(wanted), product] = 1.0
    shake = np.isin(promotion, [kinds.index("bogo-shake-2025"), kinds.index("bogo-shake-2026")])
    chance[shake, 9:11] = np.array([0.7, 0.7])
    dice = rng.random(chance.shape)
    for first, second, times in PAIRS:
        takes = dice[:, names.index(first)] < chance[:, names.index(first)]
        chance[takes, names.index(second)] = np.minimum(chance[takes, names.index(second)] * times, 0.9)
    taken = dice < chance
    taken[np.arange(day.size), (dice / np.maximum(chance, 1e-9)).argmin(axis=1)] = True
    order, product = np.nonzero(taken)
    quantity = 1 + (rng.random(order.size) < 0.22) + (rng.random(order.size) < 0.06)
    price = np.array([p for _, _, p, _, _ in MENU])[product]
    under = promotion[order]
    off = np.zeros(order.size, dtype=np.int64)
    off = np.where((under == kinds.index("smash-tuesday")) & (product == 0), price * quantity // 4, off)
    off = np.where((under == kinds.index("kids-eat-free")) & (product == 12), price, off)
    category = np.array([c == "Shakes" for _, c, *_ in MENU])[product]
    off = np.where(shake[order] & category, price * quantity // 2, off)
    return Lines(order, product, quantity.astype(np.int64), off)


@dataclass(frozen=True)
class Refunds:
    """order: what was refunded; product: the line's; cents."""

    order: Ints
    product: Ints
    at: Ints
    amount: Ints


def give_back(rng: np.random.Generator, plan: Plan, orders: Orders, lines: Lines) -> Refunds:
    """A few lines are refunded within an hour; an anomaly multiplies a category's share."""
    category = [c for _, c, *_ in MENU]
    chance = np.full(lines.order.size, 0.004)
    for name in sorted(set(category)):
        own = np.array([c == name for c in category])[lines.product]
        chance[own] *= plan.factor("refunds", "category", name)[orders.day[lines.order[own]]]
    valid = (orders.state[lines.order] == 0) & ~orders.is_test[lines.order]
    row = np.flatnonzero((rng.random(chance.size) < chance) & valid)
    price = np.array([p for _, _, p, _, _ in MENU])[lines.product[row]]
    amount = price * lines.quantity[row] - lines.discount[row]
    at = orders.placed_at[lines.order[row]] + rng.integers(600, 3600, row.size)
    good = (amount > 0) & (at < END - 60)
    return Refunds(lines.order[row][good], lines.product[row][good], at[good], amount[good])


def weekly_stock(rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints]:
    """(day, location, product, on hand) in portions, every fourth Sunday, of the last quarter every Sunday."""
    sundays = np.flatnonzero(WEEKDAY == 6)
    sundays = sundays[(np.arange(sundays.size) % 4 == 0) | (sundays > DAYS - 92)]
    day, location, product = (
        a.ravel() for a in np.meshgrid(sundays, np.arange(len(LOCATIONS)), np.arange(len(MENU)), indexing="ij")
    )
    usual = 900 * LEVEL[location] * len(LOCATIONS) * np.array([w for *_, w in MENU])[product]
    return day, location, product, rng.poisson(np.maximum(usual, 4)).astype(np.int64)


def line_numbers(order: Ints, count: int) -> Ints:
    """1, 2, … within each order; lines stand by order."""
    return ragged(np.bincount(order, minlength=count))[1] + 1
