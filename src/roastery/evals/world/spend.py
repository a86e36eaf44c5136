"""What each campaign spent each day, with the exogenous variation that makes its effect learnable."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import picked, rounded
from roastery.evals.world.company import ANOMALIES, CAMPAIGNS
from roastery.evals.world.seasons import DAYS, Floats, Ints, dates, day_index, seasons

LAST_DAY_SHARE = 0.35
"""How much of the unfinished last day platforms show."""


@dataclass(frozen=True)
class Spend:
    """cents: campaigns × days. response: expected first orders that the spend causes, campaigns × days."""

    cents: Ints
    response: Floats
    variation: pa.Table

    @property
    def active(self) -> np.ndarray:
        return self.cents > 0


def plan_spend(rng: np.random.Generator, scale: float) -> Spend:
    """Spend = plan × season^½ × growth × a weekly multiplier drawn without looking at demand × daily noise.

    scale: size of the company against 20,000 customers.
    """
    count = len(CAMPAIGNS)
    season = seasons()
    week = (np.arange(DAYS) + 3) // 7
    weekly = np.exp(rng.normal(0, 0.22, (count, week.max() + 1)))
    pulse = rng.random(weekly.shape)
    weekly = np.where(pulse < 0.08, weekly * 0.35, np.where(pulse > 0.92, weekly * 1.7, weekly))
    active = np.zeros((count, DAYS), dtype=bool)
    for index, campaign in enumerate(CAMPAIGNS):
        active[index, slice(*campaign.days())] = True
    daily = np.array([c.daily for c in CAMPAIGNS])[:, None] * scale
    dollars = (
        daily * np.sqrt(season.demand * season.growth) * weekly[:, week] * np.exp(rng.normal(0, 0.06, active.shape))
    )
    for planted in ANOMALIES:
        if planted.metric in ("spend", "cpc"):
            row = next(i for i, c in enumerate(CAMPAIGNS) if c.curated_id == planted.member)
            dollars[row, day_index(planted.start) : day_index(planted.end)] *= planted.factor
    dollars[:, -1] *= LAST_DAY_SHARE
    cents = np.where(active, np.maximum(rounded(dollars * 100), 100), 0)
    return Spend(cents, _response(cents, daily), _variation(active, weekly, week))


def useful(cents: Ints) -> Ints:
    """Spend that buys contacts: while clicks cost more, the surplus buys nothing."""
    spent = cents.copy()
    for planted in ANOMALIES:
        if planted.metric == "cpc":
            row = next(i for i, c in enumerate(CAMPAIGNS) if c.curated_id == planted.member)
            days = slice(day_index(planted.start), day_index(planted.end))
            spent[row, days] = rounded(spent[row, days] / planted.factor)
    return spent


def _response(cents: Ints, daily: Floats) -> Floats:
    kappa = 2.5 * daily
    effect = np.array([c.effect for c in CAMPAIGNS])[:, None]
    return effect * kappa * np.log1p(useful(cents) / 100 / kappa)


def _variation(active: np.ndarray, weekly: Floats, week: Ints) -> pa.Table:
    starts = np.maximum(np.arange(weekly.shape[1]) * 7 - 3, 0)
    campaign, number = np.nonzero(np.add.reduceat(active, np.searchsorted(week, np.arange(weekly.shape[1])), axis=1))
    return pa.table(
        {
            "campaign_id": picked([c.curated_id for c in CAMPAIGNS], campaign),
            "week_start": dates(starts[number]),
            "multiplier": pa.array(np.round(weekly[campaign, number], 6)),
        }
    )
