"""Which creative is best, and which is wearing out: posterior probabilities and fatigue, with minimum volume."""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers, Numbers, floats, integers, same_length, summed
from roastery.tools.analysis.errors import TooLittleData, UnfitInput

GRID = 4_000
LEAST_TRIALS = 100
NORMAL_95 = 1.959964
# Fatigue is told when the rate falls for sure and by at least a tenth over the span.
LEAST_FALL = 0.1


@dataclass(frozen=True)
class Ranking:
    """Each asset's rate as the data and its kind say, the surest winner first in `order`.

    `rate`, `low` and `high` are posterior mean and 95 % bounds: assets with little volume are drawn to the mean of
    all. `best` is P(this one is best) and sums to 1; `judged` are those with the minimum volume, others have best 0.
    """

    rate: Floats
    low: Floats
    high: Floats
    best: Floats
    judged: tuple[bool, ...]
    order: tuple[int, ...]


def rank_assets(hits: Numbers, trials: Numbers, *, least_trials: int = LEAST_TRIALS) -> Ranking:
    """Posterior of each asset's rate (clicks of impressions, conversions of clicks), and the chance that it is best.

    Beta-binomial with a prior fitted to all assets (method of moments, worth at most as much as the median asset).
    Chances are integrals over the posteriors, not simulations: they have no seed.
    Errors: TooLittleData when fewer than two assets have the minimum volume; UnfitInput for more hits than trials.
    """
    from scipy.special import betaincinv

    h, n = integers("hits", hits), integers("trials", trials)
    same_length(hits=h, trials=n)
    if np.any(h < 0) or np.any(h > n):
        raise UnfitInput("There cannot be more hits than trials, or fewer than none.")
    judged = n >= max(least_trials, 1)
    if judged.sum() < 2:
        raise TooLittleData(f"Only {int(judged.sum())} assets have {least_trials} trials; two are needed to compare.")
    prior_a, prior_b = _prior(h[judged], n[judged])
    a, b = floats("hits", h + prior_a), floats("misses", n - h + prior_b)
    best = np.zeros(len(h))
    best[judged] = chance_of_best(a[judged], b[judged])
    rate = np.asarray(a / (a + b), dtype=np.float64)
    order = np.lexsort((np.arange(len(h)), -rate, -best))
    low, high = (floats("bound", betaincinv(a, b, tail)) for tail in (0.025, 0.975))
    return Ranking(rate, low, high, best, tuple(bool(j) for j in judged), tuple(int(i) for i in order))


def chance_of_best(a: Floats, b: Floats) -> Floats:
    """P(rate i is the largest) for independent Beta(a, b) rates: ∫ fᵢ Π_{j≠i} Fⱼ, by quadrature; sums to 1."""
    from scipy.special import betainc, betaincinv

    low, high = float(betaincinv(a, b, 1e-9).min()), float(betaincinv(a, b, 1 - 1e-9).max())
    edges = np.linspace(low, high, GRID + 1)
    below = betainc(a[:, None], b[:, None], edges)
    mass = np.diff(below, axis=1)
    middle = np.maximum((below[:, 1:] + below[:, :-1]) / 2, 1e-300)
    logs = np.log(middle)
    others = np.exp(logs.sum(axis=0) - logs)
    chances = (mass * others).sum(axis=1)
    return np.asarray(chances / chances.sum(), dtype=np.float64)


@dataclass(frozen=True)
class Fatigue:
    """How an asset's rate moves with age or frequency; arrays by asset.

    `change` is the share by which the rate changes over the asset's span, with 95 % bounds; `tired` where it falls
    for sure and by at least a tenth. Assets with too little volume are `unknown` and not tired.
    """

    change: Floats
    low: Floats
    high: Floats
    tired: tuple[bool, ...]
    unknown: tuple[bool, ...]


def fatigue(asset: Numbers, exposure: Numbers, hits: Numbers, trials: Numbers, *, least_trials: int = 1_000) -> Fatigue:
    """Slope of each asset's log rate over exposure (age in days, or frequency): Poisson regression, one step from
    weighted least squares on cells, with the scatter of cells taken into the interval.

    Shape: one row an asset and day (or week); `asset` codes 0…k−1.
    """
    code, at = integers("asset", asset), floats("exposure", exposure)
    h, n = floats("hits", hits), floats("trials", trials)
    same_length(asset=code, exposure=at, hits=h, trials=n)
    if not len(code):
        raise TooLittleData("There are no days of any asset.")
    if np.any(h < 0) or np.any(h > n) or code.min() < 0:
        raise UnfitInput("There cannot be more hits than trials, or fewer than none, and codes start at 0.")
    count = int(code.max()) + 1

    def total(values: Floats) -> Floats:
        return summed(code, values, count)

    shown = n > 0
    rate = total(h) / np.maximum(total(n), 1e-12)
    slope, middle = np.zeros(count), total(n * at) / np.maximum(total(n), 1e-12)
    off = at - middle[code]
    for _ in range(25):
        # Newton on slope with the level profiled out: Σ off·(h − fitted) = 0.
        fitted = n * np.exp(np.clip(slope[code] * off, -30, 30))
        fitted *= (total(h) / np.maximum(total(fitted), 1e-12))[code]
        centre = total(fitted * off) / np.maximum(total(fitted), 1e-12)
        information = total(fitted * (off - centre[code]) ** 2)
        step = total((h - fitted) * off) / np.maximum(information, 1e-9)
        slope += np.clip(step, -1.0, 1.0)
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    cells = total(shown.astype(np.float64))
    scatter = total(np.where(shown, (h - fitted) ** 2 / np.maximum(fitted, 1e-9), 0.0)) / np.maximum(cells - 2, 1)
    error = np.sqrt(np.maximum(scatter, 1.0) / np.maximum(information, 1e-9))
    span = _span(code, at, shown, count)
    unknown = (total(n) < least_trials) | (total(h) < 5) | (cells < 4) | (span <= 0) | (rate <= 0)
    change, low, high = (
        np.where(unknown, 0.0, np.expm1(np.clip((slope + k * error) * span, -50, 50)))
        for k in (0.0, -NORMAL_95, NORMAL_95)
    )
    tired = ~unknown & (high < 0) & (change <= -LEAST_FALL)
    return Fatigue(change, low, high, tuple(bool(t) for t in tired), tuple(bool(u) for u in unknown))


def _span(code: Integers, at: Floats, shown: Flags, count: int) -> Floats:
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, code[shown], at[shown])
    np.maximum.at(last, code[shown], at[shown])
    return np.where(np.isfinite(first), last - np.where(np.isfinite(first), first, 0.0), 0.0)


def _prior(hits: Integers, trials: Integers) -> tuple[float, float]:
    """A Beta of the assets' own mean and spread beyond chance, worth at most the median asset's trials."""
    h, n = hits.astype(np.float64), trials.astype(np.float64)
    mean = float((h.sum() + 0.5) / (n.sum() + 1))
    chance = float((mean * (1 - mean) / n).mean())
    beyond = float(((h / n - mean) ** 2).mean()) - chance
    most = float(np.median(n))
    worth = most if beyond <= 0 else float(np.clip(mean * (1 - mean) / beyond - 1, 1.0, most))
    return mean * worth, (1 - mean) * worth
