"""Contacts: who came by which way and when, before systems see, lose or mislabel it."""

from dataclasses import dataclass, fields

import numpy as np

from roastery.evals.world.columns import choose, ragged
from roastery.evals.world.companies.persons import Persons
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.spending import Spend
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Ints, day_index

DIRECT, ORGANIC_SEARCH, ORGANIC_SOCIAL, REFERRAL, EMAIL, CALL, PAID = range(7)
WAYS = ("direct", "organic_search", "organic_social", "referral", "email", "call", "paid")
TAGGED, NAMED, CLICK_ID_ONLY, BARE = range(4)
LINKS = ("tagged", "named", "click_id_only", "bare")
"""What a campaign's link carries: id and name; name only; a click id only; nothing."""
APART = 2 * 3600

FIRST, CAUSED, REPEAT, STRANGER = range(4)
MIXES = np.cumsum(
    [
        [0.23, 0.27, 0.07, 0.10, 0.00, 0.06, 0.27],
        [0.40, 0.16, 0.04, 0.04, 0.00, 0.08, 0.28],
        [0.36, 0.15, 0.04, 0.02, 0.24, 0.06, 0.13],
        [0.16, 0.28, 0.10, 0.08, 0.00, 0.00, 0.38],
    ],
    axis=1,
)
"""Ways by what a visit leads to, in the order of WAYS."""


@dataclass(frozen=True)
class Moments:
    """What persons did that a contact may lead to: first conversions and later ones. online: in a visit of its own."""

    person: Ints
    at: Ints
    is_first: np.ndarray
    is_online: np.ndarray


@dataclass(frozen=True)
class Contacts:
    """One row per contact, by time. person: from `persons` on, visitors whom nobody will ever know.

    campaign: index of the ad campaign (paid, call) or letter (email), else −1. moment: the conversion made in this
    visit, else −1. device: number of the browser; couples share one.
    """

    person: Ints
    at: Ints
    way: Ints
    campaign: Ints
    link: Ints
    moment: Ints
    device: Ints
    is_granted: np.ndarray
    persons: int

    @property
    def count(self) -> int:
        return self.person.size

    @property
    def is_known(self) -> np.ndarray:
        return self.person < self.persons

    def take(self, index: Ints) -> "Contacts":
        rows = {f.name: getattr(self, f.name)[index] for f in fields(self) if f.name != "persons"}
        return Contacts(**rows, persons=self.persons)


def visit(
    rng: np.random.Generator,
    plan: Plan,
    spend: Spend,
    persons: Persons,
    moments: Moments,
    letters: Ints,
    strangers: float = 1.6,
    consent: float = 0.74,
) -> Contacts:
    """All contacts: those that caused, led to or ended in conversions, and those that came to nothing.

    letters: days on which a newsletter went out. strangers: per person. consent: share of visitors who grant it.
    """
    parts = [
        _causes(rng, persons),
        *_journeys(rng, persons, moments),
        _strangers(rng, plan, persons.count, int(persons.count * strangers)),
    ]
    person, at, mix, campaign, moment = (np.concatenate(column) for column in zip(*parts, strict=True))
    inside = (at > plan.instants(np.array([0]), np.array([0]))[0]) & (at < END - 120)
    person, at, mix, campaign, moment = (x[inside] for x in (person, at, mix, campaign, moment))
    way = np.where(campaign >= 0, PAID, choose(rng, MIXES, mix))
    way = np.where((way == CALL) & (moment >= 0), DIRECT, way)
    campaign = _campaigns(rng, plan, spend, way, campaign, at, letters)
    way = np.where(np.isin(way, (EMAIL, PAID)) & (campaign < 0), DIRECT, way)
    device, home, granted = _devices(rng, persons.count, person, consent)
    link = _links(rng, plan, way, campaign, at)
    found = Contacts(person, at, way, campaign, link, moment, device, granted, persons.count)
    return _apart(found, home)


_Part = tuple[Ints, Ints, Ints, Ints, Ints]


def _part(person: Ints, at: Ints, mix: Ints | int, campaign: Ints | int = -1, moment: Ints | int = -1) -> _Part:
    full = np.zeros(person.size, dtype=np.int64)
    return person, at, full + mix, full + campaign, full + moment


def _causes(rng: np.random.Generator, persons: Persons) -> _Part:
    """The click that brought a person; the rest of the caused only saw the ad."""
    clicked = np.flatnonzero((persons.cause >= 0) & (rng.random(persons.count) < 0.84))
    return _part(clicked, persons.exposed_at[clicked], CAUSED, persons.cause[clicked])


def _journeys(rng: np.random.Generator, persons: Persons, moments: Moments) -> list[_Part]:
    """Visits before a conversion, and the one in which an online conversion is made."""
    person = moments.person
    mix = np.where(moments.is_first, np.where(persons.cause[person] >= 0, CAUSED, FIRST), REPEAT)
    online = np.flatnonzero(moments.is_online)
    same_instant = rng.random(online.size) < 0.003
    before = np.where(same_instant, 0, rng.integers(300, 1500, online.size))
    last = _part(person[online], moments.at[online] - before, mix[online], -1, online)
    owner, _ = ragged(rng.poisson(np.where(moments.is_first, 0.9, np.where(moments.is_online, 0.4, 0.08))))
    lag = np.minimum(np.exp(rng.normal(np.log(4.0), 1.3, owner.size)), 80)
    earlier = moments.at[owner] - 10_000 - (lag * DAY_SECONDS).astype(np.int64)
    return [last, _part(person[owner], earlier, mix[owner])]


def _strangers(rng: np.random.Generator, plan: Plan, persons: int, count: int) -> _Part:
    """Visitors who never convert, one to three visits each."""
    weight = plan.season.demand * plan.season.trend
    day = rng.choice(DAYS, size=count, p=weight / weight.sum())
    first = plan.instants(day, plan.seconds(rng, count))
    owner, position = ragged(rng.choice([1, 2, 3], size=count, p=[0.8, 0.14, 0.06]))
    later = position * rng.integers(APART * 2, 9 * DAY_SECONDS, owner.size)
    return _part(persons + owner, first[owner] + later, STRANGER)


def _campaigns(
    rng: np.random.Generator, plan: Plan, spend: Spend, way: Ints, given: Ints, at: Ints, letters: Ints
) -> Ints:
    """Which campaign: given, or by what is running that day; a letter of the last six days; calls by search ads."""
    day = np.clip(plan.days(at), 0, DAYS - 1)
    weight = np.array([c.intercepts for c in plan.campaigns])[:, None]
    search = np.array([c.platform == "google_ads" for c in plan.campaigns])[:, None]
    running = spend.bought * weight + 1e-9
    campaign = given.copy()
    for wanted, pool in ((PAID, running), (CALL, running * search)):
        rows = np.flatnonzero((way == wanted) & (given < 0))
        if rows.size:
            campaign[rows] = choose(rng, np.cumsum(pool.T, axis=1), day[rows])
    ads = np.isin(way, (PAID, CALL))
    idle = ads & (spend.cents[np.maximum(campaign, 0), day] == 0)
    unknown_call = (way == CALL) & (rng.random(at.size) < 0.45)
    campaign = np.where(idle | unknown_call, -1, campaign)
    sent = plan.instants(letters, np.full(letters.size, 9 * 3600))
    letter = np.searchsorted(sent, at) - 1
    fresh = (letter >= 0) & (at - sent[np.maximum(letter, 0)] < 6 * DAY_SECONDS)
    return np.where(way == EMAIL, np.where(fresh, letter, -1), campaign)


def _links(rng: np.random.Generator, plan: Plan, way: Ints, campaign: Ints, at: Ints) -> Ints:
    """How much of its campaign each link carries; an anomaly of coverage strips a campaign's links of their tags."""
    dice = rng.random(at.size)
    search = np.array([c.platform == "google_ads" for c in plan.campaigns])[np.where(way == PAID, campaign, 0)]
    social_link = np.searchsorted([0.68, 0.88, 0.94], dice, side="right")
    search_link = np.searchsorted([0.68, 0.92, 1.0], dice, side="right")
    link = np.where(way == PAID, np.where(search, search_link, social_link), TAGGED)
    day = plan.days(at)
    for index, entry in enumerate(plan.campaigns):
        own = (way == PAID) & (campaign == index)
        edge = np.isin(day, (entry.days()[0], entry.days()[1] - 1))
        link[own & edge & (link == NAMED)] = TAGGED
        for planted in plan.anomalies:
            if planted.metric == "attribution_coverage" and planted.member == entry.curated_id:
                broken = (day >= day_index(planted.start)) & (day < day_index(planted.end))
                link[own & broken] = CLICK_ID_ONLY
    return link


def _devices(rng: np.random.Generator, persons: int, person: Ints, consent: float) -> tuple[Ints, Ints, np.ndarray]:
    """Browser, household and consent of each contact; a few couples share a browser."""
    everybody = int(person.max()) + 1
    home = np.arange(everybody)
    couples = rng.permutation(persons)[: 2 * max(int(persons * 0.012), 2)].reshape(-1, 2)
    home[couples[:, 1]] = couples[:, 0]
    granted = rng.random(everybody) < consent
    granted[couples[:, 1]] = granted[couples[:, 0]]
    second = rng.random(person.size) < 0.16
    return np.where(second, person * 2 + 1, home[person] * 2), home[person], granted[person]


def _apart(contacts: Contacts, home: Ints) -> Contacts:
    """By time, without contacts of a household too near to the one before."""
    order = np.lexsort((contacts.moment < 0, contacts.at, home))
    kept, home = contacts.take(order), home[order]
    near = np.zeros(kept.count, dtype=bool)
    near[1:] = (home[1:] == home[:-1]) & (np.diff(kept.at) < APART)
    kept = kept.take(np.flatnonzero(~near))
    return kept.take(np.lexsort((kept.person, kept.at)))


def next_moment(person: Ints, at: Ints, moments: Moments) -> Ints:
    """The conversion that each person makes next (at that instant or later), −1 for none."""
    span = np.int64(END + DAY_SECONDS)
    order = np.lexsort((moments.at, moments.person))
    keys = moments.person[order] * span + moments.at[order]
    found = np.searchsorted(keys, person * span + at, side="left")
    inside = np.minimum(found, keys.size - 1)
    same = (found < keys.size) & (moments.person[order[inside]] == person)
    return np.where(same, order[inside], -1)
