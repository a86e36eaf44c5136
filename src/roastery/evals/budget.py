"""Budget advice on worlds of many seeds: learned from the days a shop would see, judged by the planted curves.

Only what the estimator reads is drawn (spend, first and later orders by day), by the World's own parts and streams, so
that a company of 100,000 persons takes seconds and is the same company that the full World of its seed holds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from roastery.evals.world import people, spend, visits
from roastery.evals.world.company import CAMPAIGNS
from roastery.evals.world.seasons import DAYS, days_of
from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.budget import even_cut, reallocate
from roastery.tools.analysis.errors import CannotTell, TooLittleData
from roastery.tools.analysis.response import Response, fit_response
from roastery.tools.spending import LONGEST_DAYS, TODAY_DAYS

CUT = 0.15
"""The share of the budget that a cut of given size takes."""


@dataclass(frozen=True)
class Judged:
    """One company's advice: expected and true gain in first orders a day, both None where it cannot tell.

    The gain of moved money is over what it brings today, that of a cut over the same share off each campaign.
    """

    seed: int
    expected: tuple[float, float, float] | None = None
    gain: float | None = None
    chance: float | None = None

    @property
    def is_inside(self) -> bool:
        """Whether the interval holds the true gain."""
        if self.expected is None or self.gain is None:
            return False
        low, _, high = self.expected
        return low <= self.gain <= high


@dataclass(frozen=True)
class Watched:
    """Complete days of one company: spend (days, campaigns), first orders, later orders; and the planted curves."""

    spend: Floats
    first: Floats
    later: Floats
    effect: Floats
    kappa: Floats

    def brought(self, today: Floats) -> float:
        """First orders a day that a steady spend truly brings."""
        return float((self.effect * self.kappa * np.log1p(today / self.kappa)).sum())


def watched(seed: int, persons: int) -> Watched:
    """The last two years of a Larkspur without its unfinished day."""
    streams = iter(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(12))
    spent = spend.plan_spend(next(streams), persons / 20_000)
    folk = people.acquire(next(streams), spent, persons)
    _, orders = people.order_times(next(streams), folk, people.repeat_intensity(spent, visits.newsletter_days()))
    day, known = days_of(orders.placed_at), orders.person >= 0
    days = slice(DAYS - 1 - LONGEST_DAYS, DAYS - 1)
    first, later = (
        np.bincount(day[known & kind], minlength=DAYS)[days].astype(np.float64)
        for kind in (~orders.is_repeat, orders.is_repeat)
    )
    used = spent.cents[:, days].sum(axis=1) > 0
    chosen = [campaign for campaign, is_used in zip(CAMPAIGNS, used, strict=True) if is_used]
    # The company has as many persons as were asked for, so effects are as planned but for that common factor.
    brought = np.bincount(folk.cause[folk.cause >= 0], minlength=len(CAMPAIGNS)).sum() / spent.response.sum()
    return Watched(
        spent.cents[used][:, days].T / 100,
        first,
        later,
        np.array([c.effect for c in chosen]) * brought,
        np.array([2.5 * c.daily for c in chosen]) * persons / 20_000,
    )


def judged(seed: int, persons: int) -> tuple[Judged, Judged]:
    """What would be advised of today's money and of a cut, and what either would truly gain."""
    company = watched(seed, persons)
    today = company.spend[-TODAY_DAYS:].mean(axis=0)
    names = tuple(str(n) for n in range(len(today)))
    try:
        response = fit_response(company.first, company.spend, names, seed=seed, demand=company.later)
    except (CannotTell, TooLittleData):
        return Judged(seed), Judged(seed)
    whole = float(today.sum()) * (1 - CUT)
    return (
        _advised(seed, company, response, today, today),
        _advised(seed, company, response, today, even_cut(today, whole), whole),
    )


def _advised(
    seed: int, company: Watched, response: Response, today: Floats, instead: Floats, budget: float | None = None
) -> Judged:
    """The advice for a budget (today's where none is given), against what would be spent instead."""
    try:
        advice = reallocate(response, today, budget=budget)
    except CannotTell:
        return Judged(seed)
    after = np.array([float(amount) for amount in advice.after])
    return Judged(seed, advice.gain, company.brought(after) - company.brought(instead), advice.chance)


def of_seeds(seeds: Iterable[int], persons: int) -> Iterator[tuple[Judged, Judged]]:
    """Each seed's advice."""
    return (judged(seed, persons) for seed in seeds)
