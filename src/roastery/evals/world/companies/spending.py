"""What each campaign spent each day, with exogenous variation, and how many first conversions that truly causes."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from roastery.evals.world.columns import picked, rounded
from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.seasons import DAYS, Floats, Ints, dates

LAST_DAY_SHARE = 0.3
"""How much of the unfinished last day platforms show."""
SATURATION = 2.5
"""κ over the planned daily spend in effect·κ·ln(1 + spend/κ)."""


@dataclass(frozen=True)
class Spend:
    """cents: campaigns × days. bought: the part that buys contacts. response: expected first conversions caused.

    effect: first conversions per marginal unit of money at low spend, by campaign; kappa: its saturation, per day.
    """

    cents: Ints
    bought: Ints
    response: Floats
    effect: Floats
    kappa: Floats
    variation: pa.Table


def plan_spend(rng: np.random.Generator, plan: Plan, count: int) -> Spend:
    """Spend = plan × season^½ × growth × a weekly multiplier drawn without looking at demand × daily noise.

    Effects are scaled so that campaigns bring caused_share of `count` persons.
    """
    campaigns, season = plan.campaigns, plan.season
    week = (np.arange(DAYS) + 3) // 7
    weekly = np.exp(rng.normal(0, 0.22, (len(campaigns), week.max() + 1)))
    pulse = rng.random(weekly.shape)
    weekly = np.where(pulse < 0.08, weekly * 0.35, np.where(pulse > 0.92, weekly * 1.7, weekly))
    active = np.zeros((len(campaigns), DAYS), dtype=bool)
    for index, entry in enumerate(campaigns):
        active[index, slice(*entry.days())] = True
    daily = np.array([c.daily for c in campaigns])[:, None] * count / plan.size
    noise = np.exp(rng.normal(0, 0.06, active.shape))
    money = daily * np.sqrt(season.demand * season.trend) * weekly[:, week] * noise
    surplus = np.vstack([plan.factor("cpc", "campaign", c.curated_id) for c in campaigns])
    money *= np.vstack([plan.factor("spend", "campaign", c.curated_id) for c in campaigns]) * surplus
    money[:, -1] *= LAST_DAY_SHARE
    cents = np.where(active, np.maximum(rounded(money * 100), 20), 0)
    bought = rounded(cents / surplus)
    kappa = SATURATION * daily
    shape = kappa * np.log1p(bought / 100 / kappa)
    weight = np.array([c.effect for c in campaigns])[:, None]
    effect = weight * plan.caused_share * count / (weight * shape).sum()
    variation = _variation(plan, active, weekly, week)
    return Spend(cents, bought, effect * shape, effect[:, 0], kappa[:, 0], variation)


def _variation(plan: Plan, active: np.ndarray, weekly: Floats, week: Ints) -> pa.Table:
    first_of_week = np.searchsorted(week, np.arange(weekly.shape[1]))
    index, number = np.nonzero(np.add.reduceat(active, first_of_week, axis=1))
    return pa.table(
        {
            "campaign_id": picked([c.curated_id for c in plan.campaigns], index),
            "week_start": dates(np.maximum(np.arange(weekly.shape[1]) * 7 - 3, 0)[number]),
            "multiplier": pa.array(np.round(weekly[index, number], 6)),
        }
    )
