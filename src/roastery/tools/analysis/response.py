"""What more or less spend would bring: response curves with saturation and carry-over, from varied spend only.

Revenue of a day = season, trend, known days + Σ over channels β·κ·ln(1 + a/κ) + noise, with a the spend carried over
geometrically (share θ a day) and κ where returns have fallen by half. θ and κ live on a grid, and channels are alike in
them as far as the data let them; β ≥ 0 has a prior around the others', or near zero: some channels only catch those who
would have come. A Gibbs sampler over all of it makes the draws that every interval comes from.
Source: Jin et al. 2017 (media-mix models with carry-over and shape effects); Griddy Gibbs of Ritter & Tanner 1992.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from roastery.tools.analysis.arrays import Flags, Floats, Integers, floats, not_negative, same_length
from roastery.tools.analysis.confounders import calendar_columns, carried_over, demand_columns, own_variation
from roastery.tools.analysis.errors import CannotTell, TooLittleData, UnfitInput

CARRY_OVER = (0.0, 0.3, 0.5, 0.7, 0.85)
# Where returns halve, as a multiple of the mean spend; the last is as good as a straight line.
HALVING = (0.5, 1.0, 2.0, 4.0, 20.0)
SHAPES = tuple((theta, kappa) for theta in CARRY_OVER for kappa in HALVING)
LEAST_DAYS = 84
# How far channels may differ in carry-over and saturation: pseudo-counts of a Dirichlet, smaller is more alike.
SHAPE_SPREAD = 0.5
# Spread of the return of an idle channel, one that catches those who would have come, as a share of the others' mean.
IDLE = 0.2
BURN_IN, DRAWS = 100, 400
# Spend whose movement apart from season, trend and the other channels is below this share of its mean did not vary.
LEAST_VARIATION = 0.05
# A channel of which the data says less than this (share by which the prior's spread shrinks) is not moved.
LEAST_LEARNT = 0.1


@dataclass(frozen=True)
class Response:
    """Draws of each channel's curve; shape (draws, channels). `learnt` is how far the data narrowed the prior, 0 to 1,
    `variation` the movement of spend apart from everything else as a share of its mean.
    """

    names: tuple[str, ...]
    mean_spend: Floats
    most_spend: Floats
    slope: Floats
    halving: Floats
    carry_over: Floats
    learnt: Floats
    variation: Floats
    noise: float

    @property
    def told(self) -> npt.NDArray[np.bool_]:
        """Channels about which the data says enough to move money."""
        return np.asarray((self.learnt >= LEAST_LEARNT) & (self.variation >= LEAST_VARIATION))

    def revenue(self, spend: Floats) -> Floats:
        """Revenue a day that a steady daily spend brings, by draw and channel."""
        return np.asarray(self.slope * self.halving * np.log1p(spend / self.halving), dtype=np.float64)

    def marginal(self, spend: Floats) -> Floats:
        """Revenue of the next unit of a steady daily spend, by draw and channel."""
        return np.asarray(self.slope / (1 + spend / self.halving), dtype=np.float64)

    def interval(self, values: Floats, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
        """Low, mean and high over draws."""
        tail = (1 - level) / 2
        low, high = np.quantile(values, [tail, 1 - tail], axis=0)
        return low, values.mean(axis=0), high


def fit_response(
    revenue: Any,
    spend: Any,
    names: tuple[str, ...],
    *,
    seed: int,
    events: Integers | None = None,
    demand: Any = None,
) -> Response:
    """Learn the curves from daily revenue (days,) and spend (days, channels), complete days in order.

    demand: a daily series (days,) that moves with demand but not with this spend, such as orders of customers who
    bought before.

    Errors: TooLittleData under twelve weeks; CannotTell when no channel's spend varied on its own (the message says
    what would settle it: see `holdout.propose_holdout`).
    """
    y, x = floats("revenue", revenue), floats("spend", spend, ndim=2)
    same_length(revenue=y, spend=x)
    if x.shape[1] != len(names) or not names:
        raise UnfitInput(f"{x.shape[1]} columns of spend have {len(names)} names.")
    not_negative("spend", x)
    if len(y) < LEAST_DAYS:
        raise TooLittleData(
            f"Response curves need at least {LEAST_DAYS} days of spend and revenue; there are {len(y)}."
        )
    if np.ptp(y) == 0:
        raise CannotTell("Revenue never changed, so nothing can be learned from spend.")
    controls = calendar_columns(len(y), events)
    if demand is not None:
        beside = floats("demand", demand)
        same_length(revenue=y, demand=beside)
        controls = np.hstack([controls, demand_columns(beside)])
    variation = own_variation(x, controls)
    if not np.any(variation >= LEAST_VARIATION):
        raise CannotTell(
            "Spend hardly varied apart from season and trend, so its effect cannot be told from history. "
            "A holdout would settle it: pause one channel in some places for some weeks and compare."
        )
    features = np.stack([_features(x[:, c]) for c in range(x.shape[1])])
    target, columns = _without_controls(y, features, controls)
    return _sampled(target, columns, x, names, variation, np.random.default_rng(seed))


def _features(spend: Floats) -> Floats:
    """Each shape's contribution at slope one; shape (shapes, days)."""
    mean = float(active_mean(spend[:, None])[0])
    by_theta = {theta: carried_over(spend, theta) for theta in CARRY_OVER}
    return np.stack([k * mean * np.log1p(by_theta[theta] / (k * mean)) for theta, k in SHAPES])


def _without_controls(y: Floats, features: Floats, controls: Floats) -> tuple[Floats, Floats]:
    """Take controls out of revenue and features (Frisch–Waugh), after whitening the noise's day-to-day echo."""
    channels, shapes, days = features.shape
    flat = features.reshape(-1, days).T
    first = np.hstack([controls, flat[:, shapes - 1 :: shapes]])
    expected = first @ np.linalg.lstsq(first, y, rcond=None)[0]
    # Counts and sums of sales scatter more where they are larger: days weigh by their expected size.
    weight = 1 / np.sqrt(np.maximum(expected, 0.25 * abs(float(y.mean())) + 1e-12))
    weight /= weight.mean()
    y, flat, controls = y * weight, flat * weight[:, None], controls * weight[:, None]
    noise = (y / weight - expected) * weight
    echo = float(np.clip(noise[1:] @ noise[:-1] / max(float(noise @ noise), 1e-12), 0.0, 0.9))
    white = [column[1:] - echo * column[:-1] for column in (y, flat, controls)]
    basis, _ = np.linalg.qr(white[2])
    target = white[0] - basis @ (basis.T @ white[0])
    columns = white[1] - basis @ (basis.T @ white[1])
    return target, columns.T.reshape(channels, shapes, days - 1)


def _sampled(
    target: Floats, columns: Floats, x: Floats, names: tuple[str, ...], variation: Floats, g: np.random.Generator
) -> Response:
    channels, shapes, days = columns.shape
    flat = columns.reshape(channels * shapes, days)
    gram = (flat @ flat.T).reshape(channels, shapes, channels, shapes)
    with_target, every = (flat @ target).reshape(channels, shapes), np.arange(channels)
    pooled, error = _pooled(target, columns)
    kin = _Kin(pooled, max(pooled, error, 1e-9), 0.5 * max(pooled, error, 1e-9))
    at, slope = np.full(channels, SHAPES.index((0.5, 2.0))), np.full(channels, max(pooled, 0.0))
    idle, freedom = np.zeros(channels, dtype=np.bool_), max(days - channels - 20, 10)
    left = target - np.einsum("c,cd->d", slope, columns[every, at])
    kept_slope, kept_at, noises, kins = [], [], [], []
    for sweep in range(BURN_IN + DRAWS):
        variance = float(left @ left) / g.chisquare(freedom)
        common = _common_shapes(at, g)
        for c in range(channels):
            own = gram[c, :, c, :]
            pull = with_target[c] - gram[c][:, every, at] @ slope + own[:, at[c]] * slope[c]
            at[c], slope[c], idle[c] = _drawn(pull, own.diagonal(), variance, kin, common, g)
        kin = kin.moved(slope[~idle], g).doubted(idle, g)
        left = target - np.einsum("c,cd->d", slope, columns[every, at])
        if sweep >= BURN_IN:
            kept_slope.append(slope.copy())
            kept_at.append(at.copy())
            noises.append(variance)
            kins.append((kin.mean, kin.spread, kin.idle))
    drawn, chosen = np.stack(kept_slope), np.stack(kept_at)
    mean = active_mean(x)
    grid = np.array(SHAPES)
    halving = grid[chosen, 1] * mean
    return Response(
        names, mean, x.max(axis=0), drawn, halving, grid[chosen, 0],
        _learnt(drawn, halving, mean, np.array(kins), g), variation, float(np.sqrt(np.mean(noises))),
    )  # fmt: skip


def active_mean(x: Floats) -> Floats:
    """Mean spend of each channel over the days on which it was spent on, so that a pause does not bend its curve."""
    days = (x > 0).sum(axis=0)
    return np.asarray(np.maximum(x.sum(axis=0) / np.maximum(days, 1), 1e-9), dtype=np.float64)


def _pooled(target: Floats, columns: Floats) -> tuple[float, float]:
    """The return of all spend together, and how far noise may move it."""
    linear = columns[:, SHAPES.index((0.5, 2.0))].sum(axis=0)
    own = max(float(linear @ linear), 1e-12)
    return max(float(linear @ target) / own, 0.0), float(np.std(target)) / float(np.sqrt(own))


@dataclass(frozen=True)
class _Kin:
    """Slopes are kin: normal around a common mean, cut at zero; mean and spread are learned with them.

    Otherwise a channel of which the data says little would keep what the prior says, and look better (or worse) than
    those of which it says much.
    """

    mean: float
    spread: float
    scale: float
    idle: float = 0.2

    def doubted(self, idle: Flags, g: np.random.Generator) -> "_Kin":
        """The share of idle channels, given which are."""
        own = float(g.beta(1 + idle.sum(), 3 + (~idle).sum()))
        return replace(self, idle=min(max(own, 1e-6), 1 - 1e-6))

    def moved(self, slope: Floats, g: np.random.Generator, steps: int = 4) -> "_Kin":
        """Metropolis steps on both, given the slopes."""
        here, now = self, self._log(slope)
        for _ in range(steps):
            there = replace(
                here,
                mean=here.mean + 0.9 * here.spread * g.normal() / np.sqrt(max(len(slope), 1)),
                spread=here.spread * float(np.exp(0.4 * g.normal())),
            )
            then = there._log(slope)
            if np.log(g.random()) < then - now:
                here, now = there, then
        return here

    def _log(self, slope: Floats) -> float:
        """Slopes' likelihood, the mean's normal and the spread's half-normal prior (in log spread)."""
        from scipy.special import log_ndtr

        if self.mean < 0 or not 1e-6 * self.scale < self.spread < 1e3 * self.scale:
            return -np.inf
        apart = (slope - self.mean) / self.spread
        likelihood = -0.5 * float(apart @ apart) - len(slope) * (
            float(np.log(self.spread)) + float(log_ndtr(self.mean / self.spread))
        )
        prior = -0.5 * (self.spread / self.scale) ** 2 + float(np.log(self.spread))
        return likelihood + prior - 0.5 * (self.mean / (4 * self.scale)) ** 2


def _common_shapes(at: Integers, g: np.random.Generator) -> Floats:
    """Log weight of each shape: channels carry over and saturate alike as far as the data let them (Dirichlet)."""
    thetas, kappas = np.divmod(at, len(HALVING))
    by_theta = g.dirichlet(SHAPE_SPREAD + np.bincount(thetas, minlength=len(CARRY_OVER)))
    by_kappa = g.dirichlet(SHAPE_SPREAD + np.bincount(kappas, minlength=len(HALVING)))
    return np.asarray(np.log(np.maximum(np.outer(by_theta, by_kappa), 1e-12)).ravel(), dtype=np.float64)


def _drawn(
    pull: Floats, own: Floats, variance: float, kin: "_Kin", common: Floats, g: np.random.Generator
) -> tuple[int, float, bool]:
    """Idle or not, and a shape, by its marginal likelihood over slopes ≥ 0, then a slope from its truncated normal."""
    from scipy.special import log_ndtr, ndtr, ndtri

    found = []
    for centre, spread, share in ((kin.mean, kin.spread, 1 - kin.idle), (0.0, IDLE * kin.mean + 1e-12, kin.idle)):
        precision = own / variance + 1 / spread**2
        mean = (pull / variance + centre / spread**2) / precision
        deviation = 1 / np.sqrt(precision)
        prior = np.log(share) - np.log(spread) - log_ndtr(centre / spread) - 0.5 * (centre / spread) ** 2
        log_mass = 0.5 * mean**2 * precision + np.log(deviation) + log_ndtr(mean / deviation) + common + prior
        found.append((mean, deviation, log_mass))
    means, deviations, masses = (np.concatenate(column) for column in zip(*found, strict=True))
    weight = np.exp(masses - masses.max())
    chosen = min(int(np.searchsorted(np.cumsum(weight) / weight.sum(), g.random())), len(weight) - 1)
    m, d = float(means[chosen]), float(deviations[chosen])
    below = float(ndtr(-m / d))
    quantile = below + g.random() * (1 - below)
    drawn = max(m + d * float(ndtri(min(quantile, 1 - 1e-12))), 0.0)
    return chosen % len(own), drawn, chosen >= len(own)


def _learnt(slope: Floats, halving: Floats, mean: Floats, kins: Floats, g: np.random.Generator) -> Floats:
    """How far the spread of the return at today's spend has shrunk from what the others' slopes alone would say."""
    from scipy.special import ndtr, ndtri

    centre, spread = (np.repeat(kins[:, n], 10) for n in (0, 1))
    below = ndtr(-centre / spread)
    idle = g.random(len(centre)) < np.repeat(kins[:, 2], 10)
    blind_slope = np.maximum(centre + spread * ndtri(below + g.random(len(centre)) * (1 - below) * (1 - 1e-9)), 0.0)
    blind_slope = np.where(idle, IDLE * centre * np.abs(g.normal(size=len(centre))), blind_slope)
    blind_halving = np.array(HALVING)[g.integers(0, len(HALVING), len(centre))]
    blind = blind_slope * blind_halving * np.log1p(1 / blind_halving)
    now = slope * halving * np.log1p(mean / halving) / mean
    return np.asarray(np.clip(1 - now.std(axis=0) / max(float(blind.std()), 1e-12), 0.0, 1.0), dtype=np.float64)
