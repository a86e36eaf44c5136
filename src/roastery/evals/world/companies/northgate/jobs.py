"""What happens at Northgate: who asks for which service where, what is offered, won, done, paid, and asked again."""

from dataclasses import dataclass

import numpy as np

from roastery.evals.world.columns import choose, ragged
from roastery.evals.world.companies.dealing import Deals, deal
from roastery.evals.world.companies.northgate.plan import (
    AREAS,
    CAMPAIGN_SERVICE,
    INSTALL_SHARE,
    INSTALL_TIMES,
    OWNER_SHARES,
    OWNERS,
    QUALIFIED_CHANCE,
    SERVICES,
    SWINGS,
    YEARLY_REPEATS,
)
from roastery.evals.world.companies.persons import Persons
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.slices import boosted, kept
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Floats, Ints

AREA_NAMES = tuple(name for name, _ in AREAS)
COMPLETED, NO_SHOW, CANCELLED, BOOKED = range(4)
STATUSES = ("completed", "no_show", "cancelled", "booked")


@dataclass(frozen=True)
class Households:
    """One row per person. asks: whether the enquiry reached the company. score: of the lead, 1 to 99."""

    area: Ints
    service: Ints
    asks: np.ndarray
    qualifies: np.ndarray
    warmth: Floats
    score: Floats


@dataclass(frozen=True)
class Jobs:
    """One row per job done or agreed. deal: row of Deals, −1 for a customer who came again. Cents; done_at: end."""

    person: Ints
    deal: Ints
    service: Ints
    agreed_at: Ints
    done_at: Ints
    amount: Ints


@dataclass(frozen=True)
class Inspections:
    """One row per visit to look at the work, by opportunity."""

    deal: Ints
    booked_at: Ints
    starts_at: Ints
    status: Ints


@dataclass(frozen=True)
class Work:
    households: Households
    deals: Deals
    price: Ints
    jobs: Jobs
    inspections: Inspections


def surge(plan: Plan) -> Floats:
    """What local events multiply all enquiries by, day by day."""
    lift = np.ones(DAYS)
    for name, share in AREAS:
        factor = plan.factor("leads", "service_area", name)
        lift += share * np.maximum(factor - 1, 0)
    return lift


def happen(rng: np.random.Generator, plan: Plan, persons: Persons) -> Work:
    """Everything from each enquiry on."""
    households = _households(rng, plan, persons)
    asked = np.flatnonzero(households.asks & households.qualifies)
    service = households.service[asked]
    cycle = np.array([row[4] for row in SERVICES])[service]
    chance = np.array([row[5] for row in SERVICES])[service]
    deals = deal(
        rng, plan, asked, persons.first_at[asked], households.warmth[asked], cycle, chance, OWNERS, OWNER_SHARES
    )
    price = _prices(rng, households.service[deals.person], first=True)
    return Work(households, deals, price, _jobs(rng, plan, households, deals, price), _inspections(rng, deals))


def _households(rng: np.random.Generator, plan: Plan, persons: Persons) -> Households:
    count, day = persons.count, plan.days(persons.first_at)
    areas = np.tile(np.array([share for _, share in AREAS]), (count, 1))
    for index in range(len(AREAS)):
        label = {"service_area": (AREA_NAMES, np.full(count, index))}
        areas[:, index] *= np.where(persons.cause < 0, boosted(plan, "leads", day, label), 1.0)
    area = choose(rng, np.cumsum(areas, axis=1), np.arange(count))
    of_year = (day + FIRST_DAY.timetuple().tm_yday) % 365.25
    share = np.vstack(
        [
            row[1] * (1 + swing * np.cos(2 * np.pi * (of_year - row[6]) / 365.25))
            for row, swing in zip(SERVICES, SWINGS, strict=True)
        ]
    ).T
    service = choose(rng, np.cumsum(share, axis=1), np.arange(count))
    wanted = np.array([CAMPAIGN_SERVICE.get(c.name, -1) for c in plan.campaigns] + [-1])[persons.cause]
    service = np.where((wanted >= 0) & (rng.random(count) < 0.9), wanted, service)
    hail = (day >= 0) & (boosted(plan, "leads", day, {"service_area": (AREA_NAMES, area)}) > 1)
    service = np.where(hail & (rng.random(count) < 0.75), 3, service)
    asks = kept(rng, plan, "leads", day, {"service_area": (AREA_NAMES, area)})
    warmth = rng.normal(0, 1, count)
    spoiled = np.vstack(
        [plan.factor("lead_score", "campaign", c.curated_id) for c in plan.campaigns] + [np.ones(DAYS)]
    )[persons.cause, day]
    warmth = np.where(spoiled < 1, warmth - 0.9, warmth)
    score = np.clip((54 + 16 * warmth + rng.normal(0, 8, count)) * np.where(spoiled < 1, spoiled + 0.2, 1), 1, 99)
    odds = np.exp(np.log(QUALIFIED_CHANCE / (1 - QUALIFIED_CHANCE)) + 1.1 * warmth)
    return Households(area, service, asks, rng.random(count) < odds / (1 + odds), warmth, score)


def _prices(rng: np.random.Generator, service: Ints, *, first: bool) -> Ints:
    median, spread = (np.array([row[i] for row in SERVICES])[service] for i in (2, 3))
    dollars = np.exp(rng.normal(np.log(median), spread))
    install = (service == 0) & (rng.random(service.size) < (INSTALL_SHARE if first else 0.03))
    small = (service == 3) & (rng.random(service.size) < 0.35)
    dollars *= np.where(install, INSTALL_TIMES, np.where(small, 0.12, 1.0))
    return np.maximum((dollars * 100).astype(np.int64), 7_900)


def _jobs(rng: np.random.Generator, plan: Plan, households: Households, deals: Deals, price: Ints) -> Jobs:
    """Jobs of won deals, and what their customers ask for again in the years after, most often the yearly check."""
    sold = deals.sold
    done = deals.closed_at[sold] + rng.integers(5, 9 * 24, sold.size) * 3600
    owner, number = ragged(rng.poisson(YEARLY_REPEATS * (END - deals.closed_at[sold]) / (365.25 * DAY_SECONDS)))
    since = deals.closed_at[sold][owner]
    again = (
        since
        + 20 * DAY_SECONDS
        + (rng.random(owner.size) * np.maximum(END - since - 21 * DAY_SECONDS, 1)).astype(np.int64)
    )
    inside = (again < END - 7200) & (number < 6)
    owner, again = owner[inside], again[inside]
    person = deals.person[sold][owner]
    service = np.where(rng.random(owner.size) < 0.7, households.service[person], rng.integers(0, 3, owner.size))
    service = np.where(service == 3, 0, service)
    repeat_price = (_prices(rng, service, first=False) * 0.6).astype(np.int64)
    jobs = Jobs(
        np.concatenate([deals.person[sold], person]),
        np.concatenate([sold, np.full(owner.size, -1)]),
        np.concatenate([households.service[deals.person[sold]], service]),
        np.concatenate([deals.closed_at[sold], again]),
        np.concatenate([done, again + 3600]),
        np.concatenate([price[sold], repeat_price]),
    )
    order = np.lexsort((jobs.person, jobs.agreed_at))
    return Jobs(**{name: values[order] for name, values in jobs.__dict__.items()})


def _inspections(rng: np.random.Generator, deals: Deals) -> Inspections:
    row = np.flatnonzero(rng.random(deals.count) < 0.82)
    booked = deals.created_at[row] + 900
    starts = booked + rng.integers(10, 72, row.size) * 3600
    status = rng.choice(3, size=row.size, p=[0.875, 0.045, 0.08])
    return Inspections(row, booked, starts, np.where((starts > END - 3600) & (status != CANCELLED), BOOKED, status))
