"""Who came to the storefront when and by which way, before systems see, lose or mislabel it."""

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from roastery.evals.world.columns import choose, ragged
from roastery.evals.world.company import CAMPAIGNS, FLOWS, RENAME_MARGIN, anomaly
from roastery.evals.world.people import People
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Ints, day_index, days_of, seconds_of_day, to_instants
from roastery.evals.world.seasons import seasons as demand_seasons
from roastery.evals.world.shop import ONLINE, Orders
from roastery.evals.world.spend import Spend, useful

DIRECT, ORGANIC_SEARCH, ORGANIC_SOCIAL, REFERRAL, AFFILIATE, SMS, NEWSLETTER, FLOW, PAID = range(9)
WAYS = ("direct", "organic_search", "organic_social", "referral", "affiliate", "sms", "newsletter", "flow", "paid")
TAGGED, NAMED, CLICK_ID_ONLY, BARE = range(4)
"""What a campaign's link carries: id and name; name only; a click id only; nothing."""

APART = 2 * 3600
"""Two visits of one household lie at least this many seconds apart."""
NEWSLETTER_HOUR = 10


@dataclass(frozen=True)
class Visits:
    """One row per visit, by time. person: customer index, from `people.count` on visitors whom nobody will know.

    campaign: index of the ad campaign, newsletter or flow by `way`, else −1. ad: index within the campaign, else −1.
    converts: index of the order placed in this visit, else −1. device: number of the browser.
    """

    person: Ints
    at: Ints
    way: Ints
    campaign: Ints
    ad: Ints
    link: Ints
    converts: Ints
    device: Ints
    is_granted: np.ndarray

    @property
    def count(self) -> int:
        return self.person.size

    def take(self, index: Ints) -> "Visits":
        return Visits(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def newsletter_days() -> Ints:
    """Tuesdays, on each of which one newsletter goes out."""
    first = day_index(date(2024, 8, 6))
    return np.arange(first, DAYS, 7)


_BASELINE = np.cumsum([0.24, 0.24, 0.07, 0.07, 0.02, 0.0, 0.02, 0.04, 0.30])
_CAUSED = np.cumsum([0.42, 0.15, 0.04, 0.03, 0.01, 0.0, 0.02, 0.06, 0.27])
_REPEAT = np.cumsum([0.33, 0.17, 0.05, 0.02, 0.02, 0.03, 0.13, 0.04, 0.21])
_STRANGER = np.cumsum([0.14, 0.24, 0.10, 0.07, 0.02, 0.0, 0.0, 0.0, 0.43])
_READER = np.cumsum([0.20, 0.04, 0.03, 0.0, 0.0, 0.05, 0.55, 0.08, 0.05])
_MIXES = np.vstack([_BASELINE, _CAUSED, _REPEAT, _STRANGER, _READER])


def visit(rng: np.random.Generator, people: People, orders: Orders, spend: Spend) -> Visits:
    """All visits: those that caused, led to or ended in orders, and those that came to nothing."""
    parts = [_causes(rng, people), *_journeys(rng, people, orders), _idle(rng, people), _strangers(rng, people.count)]
    person, at, mix, campaign, converts = (np.concatenate(column) for column in zip(*parts, strict=True))
    inside = (at > to_instants(np.array([0]), np.array([0]))[0]) & (at < END - 120)
    person, at, mix, campaign, converts = (x[inside] for x in (person, at, mix, campaign, converts))
    way = np.where(campaign >= 0, PAID, choose(rng, _MIXES, mix))
    campaign = _campaigns(rng, way, campaign, at, spend)
    way = np.where((way >= NEWSLETTER) & (campaign < 0), DIRECT, way)
    counts = np.array([sum(map(len, c.ads.values())) for c in CAMPAIGNS])
    ads = np.where(way == PAID, counts[np.where(way == PAID, campaign, 0)], 0)
    ad = np.where(ads > 0, np.floor(rng.random(at.size) * ads).astype(np.int64), -1)
    device, household, granted = _devices(rng, people.count, person)
    visits = Visits(person, at, way, campaign, ad, _links(rng, way, campaign, at), converts, device, granted)
    return _apart(visits, household)


_Part = tuple[Ints, Ints, Ints, Ints, Ints]


def _part(person: Ints, at: Ints, mix: Ints | int, campaign: Ints | int = -1, converts: Ints | int = -1) -> _Part:
    full = np.zeros(person.size, dtype=np.int64)
    return person, at, full + mix, full + campaign, full + converts


def _causes(rng: np.random.Generator, people: People) -> _Part:
    """The click that brought a customer; the rest of the caused only saw the ad."""
    clicked = np.flatnonzero((people.cause >= 0) & (rng.random(people.count) < 0.84))
    return _part(clicked, people.exposed_at[clicked], 0, people.cause[clicked])


def _journeys(rng: np.random.Generator, people: People, orders: Orders) -> list[_Part]:
    """Visits before an order, and the one in which an online order is placed."""
    order = np.flatnonzero(orders.person >= 0)
    person = orders.person[order]
    is_first = orders.placed_at[order] == people.first_order_at[person]
    mix = np.where(is_first, np.where(people.cause[person] >= 0, 1, 0), 2)
    online = orders.channel[order] == ONLINE
    before = rng.integers(300, 1500, order.size)
    same_instant = rng.random(order.size) < 0.003
    at = orders.placed_at[order] - np.where(same_instant, 0, before)
    last = _part(person[online], at[online], mix[online], -1, order[online])
    owner, _ = ragged(rng.poisson(np.where(is_first, 1.0, 0.55)))
    lag = np.exp(rng.normal(np.log(4.0), 1.35, owner.size))
    earlier = orders.placed_at[order][owner] - 10_000 - (np.minimum(lag, 80) * DAY_SECONDS).astype(np.int64)
    return [last, _part(person[owner], earlier, mix[owner])]


def _idle(rng: np.random.Generator, people: People) -> _Part:
    """Known customers who look and leave."""
    owner, _ = ragged(rng.poisson(1.3, people.count))
    since = people.first_order_at[owner]
    at = since + DAY_SECONDS + (rng.random(owner.size) * np.maximum(END - since - DAY_SECONDS, 0)).astype(np.int64)
    return _part(owner, at, 4)


def _strangers(rng: np.random.Generator, customers: int) -> _Part:
    """Visitors who never buy, one to three visits each."""
    season = demand_seasons()
    count = int(customers * 3.6)
    weight = season.demand * season.growth
    day = rng.choice(DAYS, size=count, p=weight / weight.sum())
    first = to_instants(day, seconds_of_day(rng, count))
    owner, position = ragged(rng.choice([1, 2, 3], size=count, p=[0.8, 0.14, 0.06]))
    later = position * rng.integers(APART * 2, 9 * DAY_SECONDS, owner.size)
    return _part(customers + owner, first[owner] + later, 3)


def _campaigns(rng: np.random.Generator, way: Ints, given: Ints, at: Ints, spend: Spend) -> Ints:
    """Which campaign: given, or by what is running that day; the last newsletter of five days; any flow."""
    day = days_of(at)
    intercepts = np.array([c.intercepts for c in CAMPAIGNS])[:, None]
    running = np.cumsum((useful(spend.cents) * intercepts).T, axis=1)
    campaign = given.copy()
    paid = np.flatnonzero((way == PAID) & (given < 0))
    campaign[paid] = choose(rng, running, day[paid])
    stale = (way == PAID) & ~spend.active[np.maximum(campaign, 0), day]
    campaign[stale] = -1
    sent = to_instants(newsletter_days(), np.full(newsletter_days().size, NEWSLETTER_HOUR * 3600))
    letter = np.searchsorted(sent, at) - 1
    fresh = (letter >= 0) & (at - sent[np.maximum(letter, 0)] < 5 * DAY_SECONDS)
    campaign = np.where(way == NEWSLETTER, np.where(fresh, letter, -1), campaign)
    return np.where(way == FLOW, rng.integers(0, len(FLOWS), at.size), campaign)


def _links(rng: np.random.Generator, way: Ints, campaign: Ints, at: Ints) -> Ints:
    """How much of its campaign each link carries; names alone never near a rename."""
    dice = rng.random(at.size)
    google = np.array([c.platform == "google_ads" for c in CAMPAIGNS])[np.where(way == PAID, campaign, 0)]
    meta = np.searchsorted([0.64, 0.87, 0.94], dice, side="right")
    search = np.searchsorted([0.66, 0.92, 1.0], dice, side="right")
    mail = np.where(dice < 0.8, TAGGED, NAMED)
    link = np.where(way == PAID, np.where(google, search, meta), np.where(way >= NEWSLETTER, mail, TAGGED))
    day = days_of(at)
    for index, entry in enumerate(CAMPAIGNS):
        for since, _ in entry.names[1:]:
            near = np.abs(day - day_index(since)) <= RENAME_MARGIN.days
            link[near & (way == PAID) & (campaign == index) & (link == NAMED)] = TAGGED
        edge = np.isin(day, (entry.days()[0], entry.days()[1] - 1))
        link[edge & (way == PAID) & (campaign == index) & (link == NAMED)] = TAGGED
    broken = anomaly("untagged-links")
    row = next(i for i, c in enumerate(CAMPAIGNS) if c.curated_id == broken.member)
    link[(way == PAID) & (campaign == row) & (day >= day_index(broken.start))] = CLICK_ID_ONLY
    return link


def _devices(rng: np.random.Generator, customers: int, person: Ints) -> tuple[Ints, Ints, np.ndarray]:
    """Browser, household and consent of each visit; a few couples share a browser."""
    people = int(person.max()) + 1
    home = np.arange(people)
    couples = rng.permutation(customers)[: 2 * max(int(customers * 0.015), 3)].reshape(-1, 2)
    home[couples[:, 1]] = couples[:, 0]
    granted = rng.random(people) < 0.74
    granted[couples[:, 1]] = granted[couples[:, 0]]
    second = rng.random(person.size) < 0.18
    device = np.where(second, person * 2 + 1, home[person] * 2)
    return device, home[person], granted[person]


def _apart(visits: Visits, household: Ints) -> Visits:
    """By time, without visits of a household too near to the one before."""
    order = np.lexsort((visits.converts < 0, visits.at, household))
    kept = visits.take(order)
    home = household[order]
    near = np.zeros(kept.count, dtype=bool)
    near[1:] = (home[1:] == home[:-1]) & (np.diff(kept.at) < APART)
    kept = kept.take(np.flatnonzero(~near))
    return kept.take(np.lexsort((kept.person, kept.at)))


def next_orders(visits: Visits, orders: Orders) -> Ints:
    """The order that each customer places next (at the visit's instant or later), −1 for none."""
    known = np.flatnonzero(orders.person >= 0)
    span = np.int64(END + DAY_SECONDS)
    by_person = known[np.lexsort((orders.placed_at[known], orders.person[known]))]
    keys = orders.person[by_person] * span + orders.placed_at[by_person]
    found = np.searchsorted(keys, visits.person * span + visits.at, side="left")
    inside = np.minimum(found, keys.size - 1)
    same = (found < keys.size) & (orders.person[by_person[inside]] == visits.person)
    return np.where(same, by_person[inside], -1)
