"""Customers and when they order: first orders caused by a campaign or by nothing, then a dropout process."""

from dataclasses import dataclass, replace

import numpy as np

from roastery.evals.world.company import CAMPAIGNS, CONVERSION_LAG, LIFETIME
from roastery.evals.world.seasons import (
    DAY_SECONDS,
    DAYS,
    END,
    Floats,
    Ints,
    days_of,
    outage_days,
    seasons,
    seconds_of_day,
    to_instants,
)
from roastery.evals.world.spend import Spend

BASELINE = -1
"""The cause of a customer whom no campaign brought."""
MOST_REPEATS = 45


@dataclass(frozen=True)
class People:
    """One row per customer, in order of their first order (instants are seconds since the epoch)."""

    cause: Ints
    exposed_at: Ints
    first_order_at: Ints
    rate: Floats
    dropout: Floats
    basket: Floats
    abroad: Ints
    is_alive: np.ndarray

    @property
    def count(self) -> int:
        return self.cause.size


@dataclass(frozen=True)
class Timeline:
    """One row per order that somebody placed, by time; person −1 is a walk-in whom nobody knows."""

    person: Ints
    placed_at: Ints
    is_repeat: np.ndarray


def acquire(rng: np.random.Generator, spend: Spend, count: int) -> People:
    """Exactly `count` customers whose first order lies before the end of history."""
    season = seasons()
    caused = spend.response.copy()
    prospects = int(count * 1.10) + 50
    baseline = season.demand * season.growth
    baseline *= max(prospects - caused.sum(), 0.35 * prospects) / baseline.sum()
    cells = np.vstack([caused, baseline])
    drawn = rng.multinomial(prospects, (cells / cells.sum()).ravel())
    cell = np.repeat(np.arange(cells.size), drawn)
    cause, day = cell // DAYS, cell % DAYS
    cause = np.where(cause == len(CAMPAIGNS), BASELINE, cause)
    exposed = to_instants(day, seconds_of_day(rng, prospects))
    lag = np.exp(rng.normal(np.log(CONVERSION_LAG["median_days"]), CONVERSION_LAG["sigma"], prospects))
    ordered = exposed + 900 + (lag * DAY_SECONDS).astype(np.int64)
    kept = np.flatnonzero((ordered < END - 3600) & ~_lost_to_outage(rng, ordered))
    if kept.size < count:
        raise ValueError(
            f"Only {kept.size} of {prospects} prospects ordered in time; {count} customers were asked for."
        )
    kept = rng.permutation(kept)[:count]
    kept = kept[np.argsort(ordered[kept], kind="stable")]
    rate = rng.gamma(LIFETIME["r"], 1 / LIFETIME["alpha"], count)
    dropout = rng.beta(LIFETIME["a"], LIFETIME["b"], count)
    basket = rng.gamma(6.0, 1 / 6.0, count)
    abroad = rng.choice(3, size=count, p=[0.93, 0.05, 0.02])
    return People(cause[kept], exposed[kept], ordered[kept], rate, dropout, basket, abroad, np.ones(count, dtype=bool))


def _lost_to_outage(rng: np.random.Generator, instants: Ints) -> np.ndarray:
    first, last = outage_days()
    day = days_of(instants)
    return (day >= first) & (day < last) & (rng.random(instants.size) < 0.72)


def repeat_intensity(spend: Spend, newsletter_days: Ints) -> Floats:
    """Relative order rate of existing customers by day: season, newsletters, and campaigns to past buyers."""
    lift = np.ones(DAYS)
    for index, campaign in enumerate(CAMPAIGNS):
        if campaign.repeat_effect:
            mean = spend.cents[index][spend.cents[index] > 0].mean()
            lift += campaign.repeat_effect * np.log1p(spend.cents[index] / mean) / np.log(2)
    newsletter = np.ones(DAYS)
    newsletter[newsletter_days] *= 1.22
    newsletter[np.minimum(newsletter_days + 1, DAYS - 1)] *= 1.08
    intensity = seasons().demand * lift * newsletter
    return intensity / intensity.mean()


def order_times(rng: np.random.Generator, people: People, intensity: Floats) -> tuple[People, Timeline]:
    """Every order of every customer: Poisson at the customer's rate in season time until they drop out."""
    clock = np.concatenate([[0.0], np.cumsum(intensity)]) / 7
    first_day = days_of(people.first_order_at)
    start = clock[first_day] + (clock[first_day + 1] - clock[first_day]) * 0.5
    gaps = rng.exponential(1.0, (people.count, MOST_REPEATS)) / people.rate[:, None]
    at = start[:, None] + np.cumsum(gaps, axis=1)
    survives = rng.random(at.shape) >= people.dropout[:, None]
    survives[:, 1:] = np.logical_and.accumulate(survives, axis=1)[:, :-1]
    survives[:, 0] = True
    person, position = np.nonzero(survives & (at < clock[-1]))
    day = np.clip(np.searchsorted(clock, at[person, position], side="right") - 1, 0, DAYS - 1)
    placed = to_instants(day, seconds_of_day(rng, day.size))
    kept = (placed < END - 1800) & (placed > people.first_order_at[person] + 7200) & ~_lost_to_outage(rng, placed)
    person, placed = person[kept], placed[kept]
    walk_in = _walk_ins(rng, people.count)
    who = np.concatenate([np.arange(people.count), person, np.full(walk_in.size, -1)])
    when = np.concatenate([people.first_order_at, placed, walk_in])
    again = np.concatenate([np.zeros(people.count, bool), np.ones(person.size, bool), np.zeros(walk_in.size, bool)])
    order = np.lexsort((who, when))
    is_alive = (survives & (at >= clock[-1])).any(axis=1)
    return replace(people, is_alive=is_alive), Timeline(who[order], when[order], again[order])


def _walk_ins(rng: np.random.Generator, customers: int) -> Ints:
    """Cash orders at the bar, since it opened; nobody's customers."""
    opened = 45
    weight = seasons().demand[opened:] * seasons().growth[opened:]
    day = opened + rng.choice(DAYS - opened, size=int(customers * 0.13), p=weight / weight.sum())
    at = to_instants(day, 8 * 3600 + rng.integers(0, 10 * 3600, day.size))
    return at[at < END - 1800]
