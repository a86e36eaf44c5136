"""What happens at Alder & Finch: contacts of companies ask, are heard, get proposals, sign, come back each year."""

from dataclasses import dataclass

import numpy as np

from roastery.evals.world.companies.alder_finch.plan import (
    CAMPAIGN_SERVICE,
    CFO,
    CONSULTATION_CHANCE,
    COUNTRIES,
    OWNER_SHARES,
    OWNERS,
    PACKAGES,
    QUALIFIED_CHANCE,
    SEGMENT_SHARES,
    SEGMENT_TIMES,
    SERVICES,
    STARTER_CHANCE,
    TIER_SHARES,
    TIERS,
    YEAR_END_CHANCE,
)
from roastery.evals.world.companies.dealing import Deals, deal
from roastery.evals.world.companies.persons import Persons
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.slices import kept
from roastery.evals.world.companies.subscribing import Subscriptions, subscribe
from roastery.evals.world.companies.tables import draw
from roastery.evals.world.company import FIRST_DAY
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Floats, Ints

COMPLETED, NO_SHOW, CANCELLED, BOOKED = range(4)
STATUSES = ("completed", "no_show", "cancelled", "booked")
SERVICE_NAMES = tuple(row[0] for row in SERVICES)


@dataclass(frozen=True)
class Contacts:
    """One row per person: a contact of a company."""

    company: Ints
    segment: Ints
    country: Ints
    service: Ints
    warmth: Floats
    score: Floats
    qualifies: np.ndarray


@dataclass(frozen=True)
class Consultations:
    person: Ints
    booked_at: Ints
    starts_at: Ints
    status: Ints


@dataclass(frozen=True)
class Engagements:
    """One row per engagement sold once (no retainers). deal: row of Deals, −1 for a package bought again.

    price: pence; package: index of PACKAGES, −1 for a fee.
    """

    person: Ints
    deal: Ints
    service: Ints
    package: Ints
    agreed_at: Ints
    price: Ints


@dataclass(frozen=True)
class Practice:
    contacts: Contacts
    consultations: Consultations
    deals: Deals
    fee: Ints
    engagements: Engagements
    retainers: Subscriptions
    retainer_deal: Ints


def happen(rng: np.random.Generator, plan: Plan, persons: Persons) -> Practice:
    """Everything from each lead on."""
    contacts = _contacts(rng, plan, persons)
    consultations = _consultations(rng, plan, persons, contacts)
    asked = np.flatnonzero(contacts.qualifies)
    service = contacts.service[asked]
    deals = deal(
        rng, plan, asked, persons.first_at[asked], contacts.warmth[asked], np.array([r[3] for r in SERVICES])[service],
        np.array([r[4] for r in SERVICES])[service], OWNERS, OWNER_SHARES,
    )  # fmt: skip
    tier = draw(rng, TIER_SHARES, deals.count)
    fee = _fees(rng, contacts, deals, tier)
    engagements = _engagements(rng, plan, contacts, deals, fee)
    signed = deals.sold[contacts.service[deals.person[deals.sold]] == CFO]
    starts = deals.closed_at[signed] + 5 * DAY_SECONDS
    signed, starts = signed[starts < END - 7200], starts[starts < END - 7200]
    order = np.argsort(starts, kind="stable")
    retainers = subscribe(
        rng, plan, TIERS, deals.person[signed[order]], starts[order], tier[signed[order]], upgrade_cents=80_000
    )
    return Practice(contacts, consultations, deals, fee, engagements, retainers, signed[order])


def _contacts(rng: np.random.Generator, plan: Plan, persons: Persons) -> Contacts:
    count, day = persons.count, plan.days(persons.first_at)
    company = rng.integers(0, max(int(count * 0.8), 2), count)
    fixed = np.random.default_rng(int(company.sum()))
    firms = int(company.max()) + 1
    segment = draw(fixed, SEGMENT_SHARES, firms)[company]
    country = draw(fixed, [row[2] for row in COUNTRIES], firms)[company]
    service = draw(rng, [row[1] for row in SERVICES], count)
    wanted = np.array([CAMPAIGN_SERVICE.get(c.name, -1) for c in plan.campaigns] + [-1])[persons.cause]
    service = np.where((wanted >= 0) & (rng.random(count) < 0.88), wanted, service)
    warmth = rng.normal(0, 1, count)
    spoiled = np.vstack(
        [plan.factor("lead_score", "campaign", c.curated_id) for c in plan.campaigns] + [np.ones(DAYS)]
    )[persons.cause, day]
    warmth = np.where(spoiled < 1, warmth - 1.0, warmth)
    score = np.clip((50 + 17 * warmth + rng.normal(0, 8, count)) * np.where(spoiled < 1, spoiled + 0.2, 1), 1, 99)
    odds = np.exp(np.log(QUALIFIED_CHANCE / (1 - QUALIFIED_CHANCE)) + 1.2 * warmth)
    return Contacts(company, segment, country, service, warmth, score, rng.random(count) < odds / (1 + odds))


def _consultations(rng: np.random.Generator, plan: Plan, persons: Persons, contacts: Contacts) -> Consultations:
    """Whoever qualifies mostly books a first talk, some of the others too."""
    chance = np.where(contacts.qualifies, 0.88, CONSULTATION_CHANCE * 0.5)
    row = np.flatnonzero(rng.random(persons.count) < chance)
    booked = persons.first_at[row] + (rng.exponential(0.7, row.size) * DAY_SECONDS).astype(np.int64) + 600
    row, booked = row[booked < END - 3600], booked[booked < END - 3600]
    stays = kept(rng, plan, "bookings", plan.days(booked), {"service": (SERVICE_NAMES, contacts.service[row])})
    row, booked = row[stays], booked[stays]
    day = plan.days(booked) + rng.integers(2, 10, row.size)
    weekday = (day + FIRST_DAY.weekday()) % 7
    day += np.where(weekday == 5, 2, np.where(weekday == 6, 1, 0))
    starts = plan.instants(day, (9 * 60 + 30 * rng.integers(0, 15, row.size)) * 60)
    dice = rng.random(row.size)
    status = np.where(dice < 0.06, NO_SHOW, np.where(dice < 0.13, CANCELLED, COMPLETED))
    status = np.where((starts > END - 3600) & (status != CANCELLED), BOOKED, status)
    order = np.lexsort((row, booked))
    return Consultations(row[order], booked[order], starts[order], status[order])


def _fees(rng: np.random.Generator, contacts: Contacts, deals: Deals, tier: Ints) -> Ints:
    """Pence of each opportunity: the fee, the package, or a year of the retainer."""
    service = contacts.service[deals.person]
    times = np.array(SEGMENT_TIMES)[contacts.segment[deals.person]]
    median = np.array([row[2] for row in SERVICES])[service]
    fee = np.exp(rng.normal(0, 0.4, deals.count)) * median * times * 100
    fee = (fee // 5_000).astype(np.int64) * 5_000 + rng.integers(0, 5_000, deals.count)
    starter = (service == 1) & (rng.random(deals.count) < STARTER_CHANCE)
    fee = np.where(starter, PACKAGES[1][1], fee)
    return np.where(service == CFO, np.array([t.mrr for t in TIERS])[tier] * 12, fee)


def _engagements(rng: np.random.Generator, plan: Plan, contacts: Contacts, deals: Deals, fee: Ints) -> Engagements:
    """Won work but retainers, and the Year-End Package that clients take in later Januaries."""
    sold = deals.sold
    service = contacts.service[deals.person[sold]]
    once = sold[service != CFO]
    package = np.where(fee[once] == PACKAGES[1][1], 1, -1)
    clients, first = np.unique(deals.person[sold], return_index=True)
    since = deals.closed_at[sold][first]
    parts = [
        (deals.person[once], once, contacts.service[deals.person[once]], package, deals.closed_at[once], fee[once])
    ]
    for year in (2025, 2026):
        opening = int((np.datetime64(f"{year}-01-06") - np.datetime64(FIRST_DAY)).astype(int))
        day = opening + rng.integers(0, 24, clients.size)
        at = plan.instants(day, 9 * 3600 + rng.integers(0, 8 * 3600, clients.size))
        takes = np.flatnonzero((since < at - 20 * DAY_SECONDS) & (rng.random(clients.size) < YEAR_END_CHANCE))
        none, zero = np.full(takes.size, -1), np.zeros(takes.size, dtype=np.int64)
        parts.append((clients[takes], none, zero, zero, at[takes], np.full(takes.size, PACKAGES[0][1])))
    person, deal_row, service, package, at, price = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((person, at))
    return Engagements(person[order], deal_row[order], service[order], package[order], at[order], price[order])
