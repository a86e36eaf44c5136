"""Dealing: qualified leads become opportunities, get a proposal, and are won or lost by somebody."""

from dataclasses import dataclass

import numpy as np

from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.companies.tables import draw
from roastery.evals.world.seasons import DAY_SECONDS, DAYS, END, Floats, Ints


@dataclass(frozen=True)
class Deals:
    """One row per opportunity, by creation. proposed: whether a proposal was sent before it closed."""

    person: Ints
    created_at: Ints
    sent_at: Ints
    closed_at: Ints
    won: np.ndarray
    proposed: np.ndarray
    owner: Ints

    @property
    def count(self) -> int:
        return self.person.size

    @property
    def is_closed(self) -> np.ndarray:
        return self.closed_at < END - 60

    @property
    def sold(self) -> Ints:
        """Rows won by now."""
        return np.flatnonzero(self.won & self.is_closed)


def deal(
    rng: np.random.Generator, plan: Plan, person: Ints, lead_at: Ints, warmth: Floats, cycle_days: Floats,
    chance: Floats, owners: tuple[str, ...], owner_shares: tuple[float, ...],
) -> Deals:  # fmt: skip
    """Opportunities of these persons. cycle_days: median from creation to close; chance: of winning, at warmth 0."""
    count = person.size
    created = lead_at + _wait(rng, np.full(count, 0.5), 0.8)
    sent = created + _wait(rng, cycle_days * 0.35, 0.7)
    closed = sent + _wait(rng, cycle_days * 0.65, 0.8)
    owner = draw(rng, owner_shares, count)
    day = np.clip(plan.days(closed), 0, DAYS - 1)
    luck = np.vstack([plan.factor("win_rate", "owner", name) for name in owners])[owner, day]
    odds = np.exp(np.log(chance / (1 - chance)) + 0.6 * warmth)
    won = rng.random(count) < odds / (1 + odds) * luck
    proposed = won | (rng.random(count) < 0.8)
    inside = np.flatnonzero(created < END - 3600)
    order = inside[np.lexsort((person[inside], created[inside]))]
    return Deals(person[order], created[order], sent[order], closed[order], won[order], proposed[order], owner[order])


def _wait(rng: np.random.Generator, median_days: Floats, sigma: float) -> Ints:
    return (np.exp(rng.normal(np.log(median_days), sigma)) * DAY_SECONDS).astype(np.int64) + 1200
