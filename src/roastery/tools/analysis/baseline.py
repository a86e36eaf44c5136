"""What a series should be today, knowing only the days before: a robust filter over many series at once.

Robust smoothing in logs, so that an anomaly does not become the new normal at once. What all series do together on a
day (a bank holiday, an outage) is taken out as the common shock.
"""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers
from roastery.tools.analysis.smoothing import MEAN_TO_DEVIATION, Rates, Smoother

SCALE_FLOOR = 0.02
RATES = Rates(level=0.15, season=0.12, clip=2.0, echo=0.1, floor=SCALE_FLOOR)
SLOW_RATE = 0.04
YEAR_WEIGHT = 0.2
LEAST_SERIES_FOR_COMMON = 8


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
        guess = state.guess_from(t, clean, code)
        error = x[t] - guess
        common[t] = shock = state.shock(error)
        error = error - shock
        surprise[t], expected[t], level[t], slow[t] = error, guess + shock, state.level, state.slow
        clean[t] = x[t] - shock - state.season[t % grain.season] - state.effect(code)
        if not code:
            state.learn_slowly(clean[t])
        state.learn(t, error, code)
        if code and times == 0:
            surprise[t] = clean[t] = np.nan
    return Baseline(surprise, expected, clean, level, slow, common)


class _State(Smoother):
    """The smoother, with a slow level beside it, last year's course and the common shock."""

    def __init__(self, x: Floats, grain: Grain) -> None:
        super().__init__(x, grain.season, grain.warm_up, RATES)
        self.grain = grain
        self.slow = self.level.copy()

    def guess_from(self, t: int, clean: Floats, code: int) -> Floats:
        guess = self.guess(t, code)
        back = t - self.grain.year
        if back >= 2 * self.grain.season + 1:
            # How last year went on from here: three days around the day against the two seasons before.
            near = clean[back - 1 : back + 2].mean(axis=0)
            before = clean[back - 2 * self.grain.season - 1 : back - 1].mean(axis=0)
            guess = guess + YEAR_WEIGHT * np.nan_to_num(near - before)
        return guess

    def shock(self, error: Floats) -> float:
        """The median surprise, drawn to zero as far as chance alone could make it."""
        seen = error[np.isfinite(error)]
        if len(seen) < LEAST_SERIES_FOR_COMMON:
            return 0.0
        middle = float(np.median(seen))
        chance = MEAN_TO_DEVIATION * float(np.median(self.scale)) / np.sqrt(len(seen))
        return middle * max(0.0, 1 - chance**2 / middle**2) if middle else 0.0

    def learn_slowly(self, clean: Floats) -> None:
        off = np.where(np.isfinite(clean), clean - self.slow, 0.0)
        self.slow = self.slow + SLOW_RATE * np.clip(off, -RATES.clip * self.scale, RATES.clip * self.scale)
