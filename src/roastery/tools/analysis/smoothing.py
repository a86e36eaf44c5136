"""Robust exponential smoothing of level and season over many series at once, with effects of known days.

A surprise moves the state by at most a few of its usual sizes (Gelper, Fried & Croux 2010), so that one odd day does
not become the new normal.
"""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers

# Turns a mean of |surprise|, cut at three scales, into a standard deviation.
MEAN_TO_DEVIATION = 1.25
SCALE_RATE = 0.02


@dataclass(frozen=True)
class Rates:
    """How fast the state learns; `clip` is in usual sizes, `echo` the share of a surprise that lasts a step more."""

    level: float
    season: float
    clip: float
    echo: float = 0.0
    floor: float = 1e-9


class Smoother:
    """The state of all series after the steps so far; season has shape (steps of a season, series)."""

    def __init__(self, x: Floats, season: int, warm_up: int, rates: Rates) -> None:
        self.rates = rates
        self.season, self.level, self.scale = opening(x, season, warm_up, rates.floor)
        self.echo = np.zeros(x.shape[1])
        self.effects: dict[int, tuple[int, Floats]] = {}

    def guess(self, t: int, code: int = 0) -> Floats:
        """What step t should be, the next one after those learnt."""
        base = self.level + self.season[t % len(self.season)] + self.rates.echo * self.echo
        return np.asarray(base + self.effect(code), dtype=np.float64)

    def ahead(self, t: int, codes: Integers) -> Floats:
        """What the steps from t on should be, one row a step."""
        places = (t + np.arange(len(codes))) % len(self.season)
        path = self.level + self.season[places]
        for row in np.flatnonzero(codes):
            path[row] = path[row] + self.effect(int(codes[row]))
        return path

    def times(self, code: int) -> int:
        """How often a code has been seen."""
        return self.effects[code][0] if code in self.effects else 0

    def effect(self, code: int) -> Floats | float:
        """The mean effect of earlier days of this code, drawn to zero as far as chance alone could make it."""
        if code not in self.effects:
            return 0.0
        times, total = self.effects[code]
        mean = total / times
        chance = np.divide(self.scale**2 / times, mean**2, out=np.ones(len(mean)), where=mean != 0)
        return np.asarray(mean * np.maximum(0.0, 1 - chance), dtype=np.float64)

    def learn(self, t: int, error: Floats, code: int = 0) -> None:
        """Take in the surprise of step t (NaN: no value); a day of a code teaches that code's effect only."""
        seen = np.isfinite(error)
        error = np.where(seen, error, 0.0)
        if code:
            times, total = self.effects.get(code, (0, np.zeros(len(error))))
            self.effects[code] = (times + 1, total + np.where(seen, error + self.effect(code), 0.0))
            return
        cut = np.clip(error, -self.rates.clip * self.scale, self.rates.clip * self.scale)
        self.level = self.level + self.rates.level * cut
        if len(self.season) > 1:
            self.season[t % len(self.season)] += self.rates.season * cut
        self.echo = cut
        size = MEAN_TO_DEVIATION * np.minimum(np.abs(error), 3 * self.scale)
        learnt = self.scale + SCALE_RATE * (size - self.scale)
        self.scale = np.maximum(self.rates.floor, np.where(seen, learnt, self.scale))


def opening(x: Floats, season: int, warm_up: int, floor: float) -> tuple[Floats, Floats, Floats]:
    """Season, level and scale from each series' own first steps, by medians."""
    steps, count = x.shape
    begins = np.where(np.isfinite(x).any(axis=0), np.isfinite(x).argmax(axis=0), 0)
    rows = np.minimum(begins + np.arange(min(warm_up, steps))[:, None], steps - 1)
    first = np.take_along_axis(x, rows, axis=0)
    level = column_median(first)
    pattern = np.zeros((season, count))
    if season > 1:
        for place in range(season):
            pattern[place] = column_median(np.where(rows % season == place, first - level, np.nan))
        pattern -= pattern.mean(axis=0)
    adjusted = first - np.take_along_axis(pattern, rows % season, axis=0)
    level = column_median(adjusted)
    return pattern, level, np.maximum(1.4826 * column_median(np.abs(adjusted - level)), floor)


def column_median(values: Floats) -> Floats:
    """Median by column over what is there; zero where nothing is."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(values).sum(axis=0)
    column = np.arange(values.shape[1])
    low, high = ordered[np.maximum(count - 1, 0) // 2, column], ordered[np.minimum(count // 2, len(values) - 1), column]
    return np.where(count > 0, (low + high) / 2, 0.0)


def column_quantile(values: Floats, quantile: float) -> Floats:
    """Quantile by column over what is there, linear between neighbours; zero where nothing is."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(values).sum(axis=0)
    place = np.maximum(count - 1, 0) * quantile
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    column = np.arange(values.shape[1])
    between = ordered[low, column] + (place - low) * (ordered[high, column] - ordered[low, column])
    return np.where(count > 0, between, 0.0)


def rolling_mean(values: Floats, steps: int) -> Floats:
    """Mean of the last so many rows, NaN before there are as many."""
    total = np.cumsum(values, axis=0)
    mean = np.full_like(values, np.nan)
    mean[steps - 1 :] = total[steps - 1 :]
    mean[steps:] -= total[:-steps]
    return mean / steps


def rolling_any(flags: Flags, steps: int) -> Flags:
    """Whether a flag stands among the last so many rows before each row, itself left out."""
    total = np.cumsum(flags, axis=0, dtype=np.int64)
    before = np.zeros_like(total)
    before[1:] = total[:-1]
    before[steps + 1 :] -= total[: -steps - 1]
    return np.asarray(before > 0)
