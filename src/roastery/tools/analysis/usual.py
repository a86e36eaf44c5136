"""What the days of many series usually bring, learned from the days before them alone.

A day is held against the level of eight weeks that ended a fortnight before, by the day of the week; what has siblings
also against how those did over the last days.
"""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats

SEASON, GAP, WEEKS, WEEKDAY_WEEKS, PRIOR_WEEKS = 7, 14, 8, 13, 2
SETTLED = GAP + SEASON * (WEEKS + 1)
LEAST_SIBLINGS, SIBLING_DAYS, MOST_SIBLING = 3, 3, 3.0


def is_settled(y: Floats, w: Floats | None) -> Flags:
    """Steps whose eight weeks all lie after the series began; a campaign's first weeks are no surprise."""
    alive = y > 0 if w is None else (y > 0) | (w > 0)
    began = np.where(alive.any(axis=0), alive.argmax(axis=0), len(y))
    return np.asarray(np.arange(len(y))[:, None] >= began + SETTLED)


def usual_days(y: Floats, w: Floats | None) -> Floats:
    """What each day should bring: the level of eight weeks that ended a fortnight before, by the day of the week.

    The weeks of the highest and of the lowest level are left out.
    """
    above = _blocks(y)
    if w is None:
        ordered = np.sort(above, axis=0)
        level = np.where(np.isfinite(above).all(axis=0), ordered[1:-1].mean(axis=0), np.nan) / SEASON
        return level * weekday_shape(y)
    below = _blocks(w)
    rate = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    keep = np.ones(rate.shape, dtype=np.bool_)
    enough = np.isfinite(rate).sum(axis=0) >= WEEKS - 2
    for extreme in (
        np.where(np.isfinite(rate), rate, -np.inf).argmax(0),
        np.where(np.isfinite(rate), rate, np.inf).argmin(0),
    ):
        np.put_along_axis(keep, extreme[None], False, axis=0)
    keep |= ~enough[None]
    whole = np.where(keep, below, 0.0).sum(axis=0)
    of_all = np.divide(np.where(keep, above, 0.0).sum(axis=0), whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return np.asarray(of_all * w)


def _blocks(y: Floats) -> Floats:
    """Sums of the eight weeks before the gap; shape (weeks, steps, series)."""
    sums, found = _sums(y, SEASON), np.full((WEEKS, *y.shape), np.nan)
    for n in range(WEEKS):
        back = GAP + 1 + n * SEASON
        found[n, back:] = sums[: max(len(y) - back, 0)]
    return found


def weekday_shape(y: Floats) -> Floats:
    """How a day of the week does against the others, drawn to how all series do on it."""
    own, around = np.zeros(y.shape), np.zeros(y.shape)
    sums = _sums(y, SEASON)
    for back in range(GAP, min(GAP + WEEKDAY_WEEKS * SEASON, len(y)), SEASON):
        own[back:] += y[:-back]
        # The week around that day.
        around[back - 3 :] += np.nan_to_num(sums[: len(y) - back + 3])
    mean = around / SEASON
    all_own, all_mean = own.sum(axis=1, keepdims=True), mean.sum(axis=1, keepdims=True)
    of_all = np.divide(all_own, all_mean, out=np.ones_like(all_own), where=all_mean > 0)
    prior = mean * (PRIOR_WEEKS / WEEKDAY_WEEKS)
    return np.asarray(np.divide(own + prior * of_all, mean + prior, out=np.ones(y.shape), where=mean > 0))


def beside_siblings(y: Floats, usual: Floats) -> Floats:
    """What each day should bring, given how the other slices did over the last days: seasons and promotions of all."""
    rest = _sums(y.sum(axis=1, keepdims=True) - y, SIBLING_DAYS)
    known = np.nan_to_num(usual)
    expected = _sums(known.sum(axis=1, keepdims=True) - known, SIBLING_DAYS)
    days = np.maximum(np.cumsum(np.isfinite(expected), axis=0), 1)
    prior = np.cumsum(np.nan_to_num(expected), axis=0) / days / SIBLING_DAYS
    told = np.isfinite(rest) & np.isfinite(expected) & (expected + prior > 0)
    times = np.divide(rest + prior, expected + prior, out=np.ones(y.shape), where=told)
    return np.asarray(usual * np.clip(times, 1 / MOST_SIBLING, MOST_SIBLING))


class JustBefore:
    """What a window should bring if all went on as in the days just before it, along a pattern of what is usual."""

    def __init__(self, history: "Running", pattern: "Running", base_days: int) -> None:
        self._pattern = pattern
        self._base, self._was = history.over(base_days), pattern.over(base_days)

    def expects(self, days: int) -> Floats:
        base, was = (np.full(self._base.shape, np.nan) for _ in range(2))
        base[days:], was[days:] = self._base[:-days], self._was[:-days]
        ahead = self._pattern.over(days)
        return np.asarray(np.divide(base * ahead, was, out=np.full(base.shape, np.nan), where=was > 0))


@dataclass(frozen=True)
class Running:
    """Sums since the beginning, of which every window is a difference. unknown: how many were, None where none was."""

    sums: Floats
    unknown: Floats | None

    @staticmethod
    def of(x: Floats) -> "Running":
        gaps = ~np.isfinite(x)
        if not gaps.any():
            return Running(_since_first(x), None)
        return Running(_since_first(np.where(gaps, 0.0, x)), _since_first(gaps.astype(np.float64)))

    def over(self, days: int) -> Floats:
        """Sums over the last `days` steps, NaN where one of them is unknown."""
        found = np.full((len(self.sums) - 1, self.sums.shape[1]), np.nan)
        whole = max(len(self.sums) - days, 0)
        np.subtract(self.sums[days:], self.sums[:whole], out=found[days - 1 :])
        if self.unknown is not None:
            found[days - 1 :][self.unknown[days:] - self.unknown[:whole] > 0.5] = np.nan
        return found


def _since_first(x: Floats) -> Floats:
    made = np.zeros((len(x) + 1, x.shape[1]))
    np.cumsum(x, axis=0, out=made[1:])
    return made


def _sums(x: Floats, days: int) -> Floats:
    return Running.of(x).over(days)
