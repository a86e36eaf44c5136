"""Persons: whom campaigns or nothing brought, when, and how often they come again."""

from dataclasses import dataclass

import numpy as np

from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.spending import Spend
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Floats, Ints

BASELINE = -1
MOST_REPEATS = 60


@dataclass(frozen=True)
class Persons:
    """One row per person, by their first conversion (instants: seconds since the epoch).

    cause: index of the campaign that brought them, −1 for none; exposed_at: the contact that did it.
    """

    cause: Ints
    exposed_at: Ints
    first_at: Ints

    @property
    def count(self) -> int:
        return self.cause.size


def acquire(rng: np.random.Generator, plan: Plan, spend: Spend, count: int, surge: Floats | None = None) -> Persons:
    """Exactly `count` persons whose first conversion lies before the end of history.

    surge: what events beyond season and promotions multiply baseline demand by, day by day.
    """
    prospects = int(count * 1.08) + 60
    baseline = plan.season.demand * plan.season.trend * plan.uplift * (1.0 if surge is None else surge)
    baseline *= max(prospects - spend.response.sum(), 0.3 * prospects) / baseline.sum()
    cells = np.vstack([spend.response, baseline])
    drawn = rng.multinomial(prospects, (cells / cells.sum()).ravel())
    cell = np.repeat(np.arange(cells.size), drawn)
    cause, day = cell // DAYS, cell % DAYS
    cause = np.where(cause == len(plan.campaigns), BASELINE, cause)
    exposed = plan.instants(day, plan.seconds(rng, prospects))
    median, sigma = plan.lag
    lag = np.exp(rng.normal(np.log(median), sigma, prospects))
    at = exposed + 900 + (lag * DAY_SECONDS).astype(np.int64)
    kept = rng.permutation(np.flatnonzero(at < END - 5400))[:count]
    if kept.size < count:
        raise ValueError(f"Only {kept.size} of {prospects} prospects came in time; {count} were asked for.")
    kept = kept[np.argsort(at[kept], kind="stable")]
    return Persons(cause[kept], exposed[kept], at[kept])


@dataclass(frozen=True)
class Lifetimes:
    """BG/NBD fates: orders a week ~ Gamma(r, 1/α), dropout after each repeat ~ Beta(a, b)."""

    rate: Floats
    dropout: Floats
    is_alive: np.ndarray


def come_again(
    rng: np.random.Generator, plan: Plan, first_at: Ints, parameters: dict[str, float], lift: Floats | None = None
) -> tuple[Lifetimes, Ints, Ints]:
    """Fates, and (person, instant) of every later coming: Poisson in season time until they drop out."""
    count = first_at.size
    rate = rng.gamma(parameters["r"], 1 / parameters["alpha"], count)
    dropout = rng.beta(parameters["a"], parameters["b"], count)
    intensity = plan.season.demand * (1.0 if lift is None else lift)
    clock = np.concatenate([[0.0], np.cumsum(intensity / intensity.mean())]) / 7
    start = clock[plan.days(first_at)] + 0.07
    at = start[:, None] + np.cumsum(rng.exponential(1.0, (count, MOST_REPEATS)) / rate[:, None], axis=1)
    survives = rng.random(at.shape) >= dropout[:, None]
    survives[:, 1:] = np.logical_and.accumulate(survives, axis=1)[:, :-1]
    survives[:, 0] = True
    person, position = np.nonzero(survives & (at < clock[-1]))
    day = np.clip(np.searchsorted(clock, at[person, position], side="right") - 1, 0, DAYS - 1)
    came = plan.instants(day, plan.seconds(rng, day.size))
    kept = (came < END - 1800) & (came > first_at[person] + 7200)
    is_alive = (survives & (at >= clock[-1])).any(axis=1)
    return Lifetimes(rate, dropout, is_alive), person[kept], came[kept]


def expected_12m(fates: Lifetimes) -> Floats:
    """Expected comings in the 52 weeks after the end, of those still alive."""
    weeks = 365.25 / 7 * fates.rate
    return np.where(fates.is_alive, -np.expm1(-weeks * fates.dropout) / fates.dropout, 0.0)
