"""What a series should be today, knowing only the days before: a robust filter over many series at once.

Exponential smoothing of level and season in logs, in which a surprise moves the state by at most two of its usual
sizes (Gelper, Fried & Croux 2010), so that an anomaly does not become the new normal at once. What all series do
together on a day (a bank holiday, an outage) is taken out as the common shock.
"""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers

LEVEL_RATE, SEASON_RATE, SLOW_RATE, ECHO = 0.15, 0.12, 0.04, 0.1
CLIP = 2.0
YEAR_WEIGHT = 0.2
SCALE_FLOOR = 0.02
LEAST_SERIES_FOR_COMMON = 8
# Turns a mean of |surprise|, cut at three scales, into a standard deviation.
MEAN_TO_DEVIATION = 1.25


@dataclass(frozen=True)
class Grain:
    """How many steps make a season, a warm-up, a year and so on, and over how many steps means are judged."""

    season: int
    windows: tuple[int, ...]
    warm_up: int
    settled: int
    cooldown: int
    year: int
    month: float
    refresh: int
    memory: int


DAY = Grain(
    season=7, windows=(1, 3, 7, 14, 28), warm_up=56, settled=84, cooldown=7, year=364, month=30, refresh=28, memory=364
)
WEEK = Grain(
    season=1, windows=(1, 2, 4), warm_up=12, settled=20, cooldown=2, year=52, month=30 / 7, refresh=4, memory=104
)


@dataclass(frozen=True)
class Baseline:
    """The filter's path in logs; shape (steps, series), NaN where there was no value or no history.

    `surprise` is value less expectation less common shock, `expected` the expectation with the shock, `clean` the
    value without season and shock, `level` and `slow` the quick and the slow level before that step, `common` the
    shock of each step (steps,).
    """

    surprise: Floats
    expected: Floats
    clean: Floats
    level: Floats
    slow: Floats
    common: Floats


def filtered(x: Floats, grain: Grain, events: Integers | None = None) -> Baseline:
    """Run the filter over steps (rows) of all series (columns) at once.

    `events` names days that are known to be unlike others (steps,): 0 for none, else a code. A day of a code seen
    before is expected to do as last time; one never seen is not judged, and neither teaches the state.
    """
    state = _State(x, grain)
    surprise, expected, clean, level, slow = (np.full_like(x, np.nan) for _ in range(5))
    common = np.zeros(len(x))
    for t in range(len(x)):
        code = 0 if events is None else int(events[t])
        times = state.times(code)
        guess = state.guess(t, clean, code)
        error = x[t] - guess
        common[t] = shock = state.shock(error)
        error = error - shock
        surprise[t], expected[t], level[t], slow[t] = error, guess + shock, state.level, state.slow
        clean[t] = x[t] - shock - state.season[t % grain.season] - state.effect(code)
        state.learn(t, error, clean[t], code)
        if code and times == 0:
            surprise[t] = clean[t] = np.nan
    return Baseline(surprise, expected, clean, level, slow, common)


class _State:
    def __init__(self, x: Floats, grain: Grain) -> None:
        self.grain = grain
        self.season, self.level, self.scale = _opening(x, grain)
        self.slow = self.level.copy()
        self.echo = np.zeros(x.shape[1])
        self.effects: dict[int, tuple[int, Floats]] = {}

    def guess(self, t: int, clean: Floats, code: int) -> Floats:
        guess = self.level + self.season[t % self.grain.season] + ECHO * self.echo + self.effect(code)
        back = t - self.grain.year
        if back >= 2 * self.grain.season + 1:
            # How last year went on from here; half a season around the day against the two seasons before.
            near = clean[back - 1 : back + 2].mean(axis=0)
            before = clean[back - 2 * self.grain.season - 1 : back - 1].mean(axis=0)
            guess = guess + YEAR_WEIGHT * np.nan_to_num(near - before)
        return np.asarray(guess, dtype=np.float64)

    def shock(self, error: Floats) -> float:
        """The median surprise, drawn to zero as far as chance alone could make it."""
        seen = error[np.isfinite(error)]
        if len(seen) < LEAST_SERIES_FOR_COMMON:
            return 0.0
        middle = float(np.median(seen))
        chance = MEAN_TO_DEVIATION * float(np.median(self.scale)) / np.sqrt(len(seen))
        return middle * max(0.0, 1 - chance**2 / middle**2) if middle else 0.0

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

    def learn(self, t: int, error: Floats, clean: Floats, code: int) -> None:
        seen = np.isfinite(error)
        error = np.where(seen, error, 0.0)
        if code:
            times, total = self.effects.get(code, (0, np.zeros(len(error))))
            self.effects[code] = (times + 1, total + error + np.where(seen, self.effect(code), 0.0))
            return
        cut = np.clip(error, -CLIP * self.scale, CLIP * self.scale)
        self.level = self.level + LEVEL_RATE * cut
        self.season[t % self.grain.season] += SEASON_RATE * cut if self.grain.season > 1 else 0.0
        self.echo = cut
        off = np.where(seen, clean - self.slow, 0.0)
        self.slow = self.slow + SLOW_RATE * np.clip(off, -CLIP * self.scale, CLIP * self.scale)
        size = MEAN_TO_DEVIATION * np.minimum(np.abs(error), 3 * self.scale)
        self.scale = np.maximum(SCALE_FLOOR, np.where(seen, self.scale + 0.02 * (size - self.scale), self.scale))


def _opening(x: Floats, grain: Grain) -> tuple[Floats, Floats, Floats]:
    """Season, level and scale from each series' own first steps, by medians."""
    steps, count = x.shape
    begins = np.where(np.isfinite(x).any(axis=0), np.isfinite(x).argmax(axis=0), 0)
    rows = np.minimum(begins + np.arange(min(grain.warm_up, steps))[:, None], steps - 1)
    first = np.take_along_axis(x, rows, axis=0)
    level = _median(first)
    season = np.zeros((grain.season, count))
    if grain.season > 1:
        for place in range(grain.season):
            season[place] = _median(np.where(rows % grain.season == place, first - level, np.nan))
        season -= season.mean(axis=0)
    adjusted = first - np.take_along_axis(season, rows % grain.season, axis=0)
    level = _median(adjusted)
    return season, level, np.maximum(1.4826 * _median(np.abs(adjusted - level)), SCALE_FLOOR)


def _median(values: Floats) -> Floats:
    """Median by column over what is there; zero where nothing is."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(values).sum(axis=0)
    column = np.arange(values.shape[1])
    low, high = ordered[np.maximum(count - 1, 0) // 2, column], ordered[np.minimum(count // 2, len(values) - 1), column]
    return np.where(count > 0, (low + high) / 2, 0.0)


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
