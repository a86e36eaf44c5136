"""What happens in Juniper's practices: enquiries, bookings, sessions, packages and memberships of patients."""

from dataclasses import dataclass

import numpy as np

from roastery.evals.world.columns import ragged
from roastery.evals.world.companies.juniper.plan import (
    LOCATIONS,
    MEMBER_SHARE,
    PACKAGE_SHARE,
    PACKAGES,
    SERVICES,
    STATUS_SHARES,
    TIER_SHARES,
    TIERS,
)
from roastery.evals.world.companies.persons import Persons
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.slices import kept
from roastery.evals.world.companies.subscribing import Subscriptions, subscribe
from roastery.evals.world.companies.tables import draw
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Floats, Ints

BOOKED, COMPLETED, NO_SHOW, CANCELLED = range(4)
STATUSES = ("booked", "completed", "no_show", "cancelled")
LEAD_SHARE = 0.78
OPENING, HOURS = 8, 11


@dataclass(frozen=True)
class Patients:
    """One row per person. has_lead: enquired first; books: came to a booking. score: of the lead, 1 to 99."""

    location: Ints
    service: Ints
    has_lead: np.ndarray
    books: np.ndarray
    score: Floats
    booked_at: Ints


@dataclass(frozen=True)
class Visits:
    """One row per appointment, by booking time."""

    person: Ints
    service: Ints
    location: Ints
    booked_at: Ints
    starts_at: Ints
    status: Ints
    is_first: np.ndarray
    in_package: np.ndarray


@dataclass(frozen=True)
class Care:
    patients: Patients
    visits: Visits
    package_person: Ints
    package: Ints
    package_at: Ints
    members: Subscriptions


def happen(rng: np.random.Generator, plan: Plan, persons: Persons) -> Care:
    """Everything from the first contact of each person on."""
    patients = _patients(rng, persons)
    visits = _visits(rng, plan, patients)
    person, package, at = _packages(rng, visits)
    visits = _settled_by_packages(visits, person, package, at)
    return Care(patients, visits, person, package, at, _members(rng, plan, visits))


def _patients(rng: np.random.Generator, persons: Persons) -> Patients:
    count = persons.count
    location = draw(rng, [row[-1] for row in LOCATIONS], count)
    service = draw(rng, [row[2] for row in SERVICES], count)
    has_lead = rng.random(count) < LEAD_SHARE
    warmth = rng.normal(0, 1, count)
    score = 52 + 17 * warmth + rng.normal(0, 9, count)
    base = np.array([row[3] for row in SERVICES])[service]
    chance = 1 / (1 + np.exp(-(np.log(base / (1 - base)) + 0.9 * warmth)))
    books = ~has_lead | (rng.random(count) < chance)
    wait = (np.exp(rng.normal(np.log(0.9), 1.0, count)) * DAY_SECONDS).astype(np.int64) + 900
    booked_at = persons.first_at + np.where(has_lead, wait, 0)
    return Patients(location, service, has_lead, books & (booked_at < END - 1800), score, booked_at)


def _visits(rng: np.random.Generator, plan: Plan, patients: Patients) -> Visits:
    """Each patient's sessions, about a week apart; bookings that anomalies cost never come."""
    person = np.flatnonzero(patients.books)
    mean = np.array([row[4] for row in SERVICES])[patients.service[person]]
    owner, number = ragged(rng.geometric(1 / mean, person.size))
    who = person[owner]
    gap = rng.integers(6, 15, owner.size) * (number > 0)
    order = np.cumsum(gap) - np.repeat(np.cumsum(gap)[np.flatnonzero(number == 0)], np.bincount(owner))
    first_day = plan.days(patients.booked_at[person]) + rng.integers(2, 13, person.size)
    day = first_day[owner] + order
    day += np.array([0, 0, 0, 0, 0, 0, 1])[(day + 3) % 7]
    second = (OPENING * 60 + 15 * rng.integers(0, HOURS * 4, owner.size)) * 60
    starts = plan.instants(day, second)
    booked = np.where(
        number == 0, patients.booked_at[who], starts - rng.integers(3, 7, owner.size) * DAY_SECONDS - 7200
    )
    booked = np.maximum(booked, patients.booked_at[who] + number * 60)
    keep = booked < END - 1800
    who, number, starts, booked = who[keep], number[keep], starts[keep], booked[keep]
    labels = {
        "location": ([row[0] for row in LOCATIONS], patients.location[who]),
        "service": ([row[0] for row in SERVICES], patients.service[who]),
    }
    stays = kept(rng, plan, "bookings", plan.days(booked), labels)
    who, number, starts, booked = who[stays], number[stays], starts[stays], booked[stays]
    status = _statuses(rng, plan, patients.location[who], starts)
    by_time = np.lexsort((who, booked))
    who, number, starts, booked, status = (x[by_time] for x in (who, number, starts, booked, status))
    return Visits(
        who,
        patients.service[who],
        patients.location[who],
        booked,
        starts,
        status,
        number == 0,
        np.zeros(who.size, bool),
    )


def _statuses(rng: np.random.Generator, plan: Plan, location: Ints, starts: Ints) -> Ints:
    day = np.clip(plan.days(starts), 0, DAYS - 1)
    factor = np.vstack([plan.factor("no_show_rate", "location", row[0]) for row in LOCATIONS])[location, day]
    dice = rng.random(starts.size)
    missed = STATUS_SHARES["no_show"] * factor
    status = np.where(
        dice < missed, NO_SHOW, np.where(dice < missed + STATUS_SHARES["cancelled"], CANCELLED, COMPLETED)
    )
    future = starts > END - 3600
    return np.where(future & (status != CANCELLED), BOOKED, status)


def _packages(rng: np.random.Generator, visits: Visits) -> tuple[Ints, Ints, Ints]:
    """(person, package, when) of those who buy one after their first session."""
    done = np.flatnonzero((visits.status == COMPLETED) & visits.is_first)
    buyers = done[rng.random(done.size) < PACKAGE_SHARE]
    at = visits.starts_at[buyers] + 3900
    buyers, at = buyers[at < END - 3600], at[at < END - 3600]
    return visits.person[buyers], draw(rng, [row[3] for row in PACKAGES], buyers.size), at


def _settled_by_packages(visits: Visits, person: Ints, package: Ints, at: Ints) -> Visits:
    """Sessions after a purchase are part of the package until it is used up."""
    top = int(visits.person.max(initial=0)) + 1
    since, left = np.full(top, np.iinfo(np.int64).max), np.zeros(top, dtype=np.int64)
    since[person] = at
    left[person] = np.array([row[2] for row in PACKAGES])[package]
    order = np.lexsort((visits.starts_at, visits.person))
    later = (visits.starts_at > since[visits.person])[order] & (visits.status == COMPLETED)[order]
    own = visits.person[order]
    running = np.cumsum(later)
    begin = np.searchsorted(own, own, side="left")
    used = running - np.where(begin > 0, running[np.maximum(begin - 1, 0)], 0)
    inside = np.zeros(visits.person.size, dtype=bool)
    inside[order] = later & (used <= left[own])
    return Visits(**{**visits.__dict__, "in_package": inside})


def _members(rng: np.random.Generator, plan: Plan, visits: Visits) -> Subscriptions:
    """Some patients become members a while after their first session."""
    done = np.flatnonzero((visits.status == COMPLETED) & visits.is_first)
    joins = done[rng.random(done.size) < MEMBER_SHARE]
    at = visits.starts_at[joins] + (rng.exponential(12, joins.size) * DAY_SECONDS).astype(np.int64) + 7200
    joins, at = joins[at < END - 7200], at[at < END - 7200]
    order = np.argsort(at, kind="stable")
    tier = draw(rng, TIER_SHARES, joins.size)
    return subscribe(rng, plan, TIERS, visits.person[joins[order]], at[order], tier, trial_share=0.3)
