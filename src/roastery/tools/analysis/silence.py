"""Steps without a value on which, by the habit of a series, nothing happened; other gaps are missing data."""

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats

AROUND_SEASONS = 26
# A gap is a habit where each of its steps is empty at least this often, and chance leaves such a gap this often.
LEAST_SHARE, LIKELY = 0.05, 0.001


def habitual(values: Floats, season: int) -> Flags:
    """Which missing steps are a habit: a shop that is closed on Sundays, a firm that sells every other day.

    Shape: `values` (steps, series), NaN where there is none. The chance of a gap is the product over its steps of how
    often the same place of the season stood empty within half a year around, the gap itself left out. What was
    missing before the first value or after the last is no habit: it had not begun, or data ends.
    """
    found = np.zeros(values.shape, dtype=np.bool_)
    for s in range(values.shape[1]):
        missing = ~np.isfinite(values[:, s])
        if missing.any() and not missing.all():
            found[:, s] = _habitual(missing, season)
    return found


def _habitual(missing: Flags, season: int) -> Flags:
    steps = len(missing)
    at = np.flatnonzero(missing)
    gap = np.cumsum(np.diff(at, prepend=at[0]) > 1)
    empty, all_ = np.zeros(steps), np.zeros(steps)
    for place in range(season):
        same = missing[place::season].astype(np.float64)
        total = np.concatenate([[0.0], np.cumsum(same)])
        n = np.arange(len(same))
        low, high = np.maximum(n - AROUND_SEASONS, 0), np.minimum(n + AROUND_SEASONS + 1, len(same))
        empty[place::season], all_[place::season] = total[high] - total[low], high - low
    _, of, own = np.unique(gap * season + at % season, return_inverse=True, return_counts=True)
    others = np.maximum(empty[at] - own[of], 0.0) / np.maximum(all_[at] - own[of] + 1, 1.0)
    chance = np.bincount(gap, weights=np.log(np.where(others >= LEAST_SHARE, others, 1e-12)))
    first, last = np.flatnonzero(~missing)[[0, -1]]
    is_habit = (chance[gap] >= np.log(LIKELY)) & (at > first) & (at < last)
    found = np.zeros(steps, dtype=np.bool_)
    found[at[is_habit]] = True
    return found
