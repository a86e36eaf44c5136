"""Whether what came over one day to four weeks is more, or less, than chance: for slices of a few events a day too.

The log of a day's count says nothing where three are usual; a sum over a week may. So sums over windows are held
against what was usual before, as the signed root of the Poisson deviance in the unit in which the series is noisy (an
event, a purchase, what a click costs), and that against its own usual size on the days before. Rates are judged by
their numerators given their denominators, so that few clicks are little evidence.
Source: Kulldorff 1997 (scan statistic over windows); McCullagh & Nelder 1989, ch. 9 (quasi-Poisson).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers
from roastery.tools.analysis.usual import (
    GAP,
    LEAST_SIBLINGS,
    SEASON,
    SETTLED,
    JustBefore,
    Running,
    beside_siblings,
    is_settled,
    usual_days,
)

Kind = Literal["count", "amount", "rate", "cost"]
WINDOWS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28)
# Windows up to this many days are also held against the week just before them.
SHORT = 4
LEAST_AGAINST_LONG = {"amount": 1.5}
MOSTLY_AGAINST_LONG = 2.5
# What is spent is also held against the few days just before, by the day of the week on which a window ends.
DAYS_BEFORE, LEAST_IN_WEEK = 4, 1.0
TRIFLE = 0.05
MEMORY, USUAL_QUANTILE = 364, 0.9
NORMAL_AT = {0.9: 1.644854, 0.75: 1.150349}
# Fewer days with something to judge say nothing of what is usual.
SCALE_DAYS = 56
WEEKS_OF_SCALE = 20
CLEANED_ABOVE, LONGEST_CLEANED_DAYS = 5.0, 28
LEAST_PROPORTION_NOISE, LEAST_NOISE = 0.2, 0.7
TINY = 1e-12


@dataclass(frozen=True)
class Pooled:
    """Windows by the step on which they end; shape (windows, steps, series), NaN where nothing can be said.

    scores: signed departures in their usual size. came, usual: sums over the window, numerators of a rate. unit
    (steps, series): what chance comes in. sizes (windows, series): the usual size of a departure, in roots of units.
    below: sums of the denominators, of ones for what is no rate.
    """

    scores: Floats
    came: Floats
    usual: Floats
    unit: Floats
    sizes: Floats
    below: Floats


def pooled(values: Floats, weights: Floats | None, kind: Kind, start: int, known: Integers | None = None) -> Pooled:
    """Judge every window that ends on step `start` or later by the days before it; steps are days, all of them there.

    What was plainly unusual before stands as what was usual in the history of later days, so that its end is no event;
    after four weeks it is how things are. known (steps,): days other than 0 are known to be unlike others; they count
    as usual. A "cost" is what was bought (`values`) for what was spent (`weights`): chance lies in the buying.
    """
    y = np.nan_to_num(values)
    w = None if weights is None else np.nan_to_num(weights)
    if known is not None and known.any():
        apart = np.broadcast_to((known != 0)[:, None], y.shape)
        y = _asusual_days(y, w, apart)
    found = _judged(y, y, w, kind, start)
    history = _cleaned(y, w, found)
    return found if history is y else _judged(y, history, w, kind, start)


def _judged(y: Floats, history: Floats, w: Floats | None, kind: Kind, start: int) -> Pooled:
    """history: what was usual is learned from; y: what came."""
    usual = np.where(is_settled(y, w), usual_days(history, w), np.nan)
    unit, least = _noise(history, w, usual, kind)
    ways = [usual] if w is not None or y.shape[1] < LEAST_SIBLINGS else [usual, beside_siblings(history, usual)]
    came_by, usual_by = Running.of(y), [Running.of(way) for way in ways]
    running, pattern = Running.of(history), Running.of(usual if w is None else w)
    week_before, days_before = JustBefore(running, pattern, SEASON), JustBefore(came_by, pattern, DAYS_BEFORE)
    before = _scored(came_by.over(DAYS_BEFORE), usual_by[0].over(DAYS_BEFORE), unit, least, start)[0]
    scores, came, expected, sizes = [], [], [], []
    for days in WINDOWS:
        total = came_by.over(days)
        tried = [_scored(total, way.over(days), unit, least, start) for way in usual_by]
        score, mean, size = tried[0]
        for other in tried[1:]:
            better = other[2] < size
            score, mean = np.where(better, other[0], score), np.where(better, other[1], mean)
            size = np.fmin(size, other[2])
        if days <= SHORT:
            # Budgets change week by week, and then stay: the middle of the departures tells a day apart from that.
            part = 0.75 if kind == "amount" else USUAL_QUANTILE
            short, _, _ = _scored(total, week_before.expects(days), unit, least, start, part)
            score = _with_short(score, short, LEAST_AGAINST_LONG.get(kind, MOSTLY_AGAINST_LONG))
            if kind == "amount":
                # Set on a Monday, a budget is steady until Sunday: what is usual is learned for each day of the week.
                in_week = _in_week(total, days_before.expects(days), unit, start)
                score = _with_short(score, np.where(_is_return(before, in_week, days), 0.0, in_week), LEAST_IN_WEEK)
        scores.append(score)
        came.append(total)
        expected.append(mean)
        sizes.append(np.fmax(size, least[-1]))
    by = Running.of(np.ones(y.shape) if w is None else w)
    below = np.stack([by.over(days) for days in WINDOWS])
    return Pooled(np.stack(scores), np.stack(came), np.stack(expected), unit, np.stack(sizes), below)


def _with_short(score: Floats, short: Floats, least: float) -> Floats:
    """The departure from the days just before where it goes the way of that from the weeks before, and is larger."""
    agree = (np.sign(short) == np.sign(score)) & (np.abs(score) >= least)
    return np.where(agree & (np.abs(short) > np.abs(score)), short, score)


def _noise(y: Floats, w: Floats | None, usual: Floats, kind: Kind) -> tuple[Floats, Floats]:
    """The unit of chance of each series' steps, and the least usual size of a departure in it."""
    ones = np.ones(y.shape)
    if kind in ("count", "cost"):
        return ones, ones
    if w is not None and np.all(np.nansum(y, axis=0) <= np.nansum(w, axis=0)):
        rate = np.divide(usual, w, out=np.full(y.shape, np.nan), where=w > 0)
        return ones, np.sqrt(np.clip(1 - np.nan_to_num(_carried(rate)), LEAST_PROPORTION_NOISE, 1.0))
    # Variance over mean, of the days until a fortnight before: what one purchase, or one reply, is worth.
    mean = np.cumsum(np.nan_to_num(usual), axis=0)
    squares = np.cumsum(np.where(np.isfinite(usual), (y - np.nan_to_num(usual)) ** 2, 0.0), axis=0)
    known = np.cumsum(np.isfinite(usual), axis=0) >= SCALE_DAYS
    unit, late = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    np.divide(squares, mean, out=unit, where=known & (mean > 0))
    late[GAP:] = unit[:-GAP]
    return np.maximum(late, TINY), np.full(y.shape, LEAST_NOISE)


def _carried(x: Floats) -> Floats:
    place = np.where(np.isfinite(x), np.arange(len(x))[:, None], 0)
    return np.take_along_axis(x, np.maximum.accumulate(place, axis=0), axis=0)


def _departures(came: Floats, usual: Floats, unit: Floats) -> Floats:
    """Signed roots of the Poisson deviance in units of chance, NaN where nothing can be said."""
    with np.errstate(invalid="ignore", divide="ignore"):
        o = np.maximum(came / unit, 0.0)
        e = np.where(usual > 0, usual, np.nan) / unit
        off = o - e
        # o·ln(o/e) − (o − e) in place: these arrays are most of what a scan costs.
        inside = np.maximum(o, TINY)
        inside /= e
        np.log(inside, out=inside)
        inside *= o
        inside -= off
        np.maximum(inside, 0.0, out=inside)
        inside *= 2
        return np.asarray(np.copysign(np.sqrt(inside, out=inside), off))


def _scored(
    came: Floats, usual: Floats, unit: Floats, least: Floats, start: int, part: float = USUAL_QUANTILE
) -> tuple[Floats, Floats, Floats]:
    """Signed departures in their usual size, what was usual, and that size (series,)."""
    root = _departures(came, usual, unit)
    size = _usual_size(root, start, part)
    return root / np.maximum(size, least), usual, size


def _usual_size(root: Floats, start: int, part: float) -> Floats:
    """A quantile of departures before `start` as a standard deviation (series,), NaN where too few were seen."""
    past = np.sort(np.abs(root[max(SETTLED, start - MEMORY) : start]), axis=0)
    seen = np.isfinite(past).sum(axis=0)
    place = np.maximum(((seen - 1) * part).astype(np.int64), 0)
    size = np.take_along_axis(past, place[None], axis=0)[0] if len(past) else np.full(root.shape[1], np.nan)
    return np.asarray(np.where(seen >= SCALE_DAYS, size / NORMAL_AT[part], np.nan))


def _is_return(before: Floats, in_week: Floats, days: int) -> Flags:
    """Where the days that a window is held against were themselves off the other way: back to usual is no event."""
    was = np.full(before.shape, np.nan)
    was[days:] = before[:-days]
    return np.asarray((np.sign(was) != np.sign(in_week)) & (np.abs(was) >= NORMAL_AT[USUAL_QUANTILE]))


def _in_week(came: Floats, expected: Floats, unit: Floats, start: int) -> Floats:
    """Departures in what is usual for windows that end on the same day of the week, at least a trifle of the whole."""
    root = _departures(came, expected, unit)
    trifle = TRIFLE * np.sqrt(np.maximum(expected, 0.0) / unit)
    return np.asarray(root / np.maximum(_sizes_by_weekday(root, start), np.maximum(trifle, TINY)))


def _sizes_by_weekday(root: Floats, start: int) -> Floats:
    """As `_usual_size`, of the windows that end on the same day of the week; shape of `root`."""
    first = max(SETTLED, start - MEMORY)
    if start <= first:
        return np.full(root.shape, np.nan)
    past = np.full((SEASON, -(-(start - first) // SEASON), root.shape[1]), np.nan)
    for day in range(SEASON):
        of_day = np.abs(root[first + day : start : SEASON])
        past[day, : len(of_day)] = of_day
    past.sort(axis=1)
    seen = np.isfinite(past).sum(axis=1)
    place = np.maximum(((seen - 1) * USUAL_QUANTILE).astype(np.int64), 0)
    size = np.take_along_axis(past, place[:, None], axis=1)[:, 0] / NORMAL_AT[USUAL_QUANTILE]
    size = np.where(seen >= WEEKS_OF_SCALE, size, np.nan)
    return np.asarray(size[(np.arange(len(root)) - first) % SEASON])


def _cleaned(y: Floats, w: Floats | None, found: Pooled) -> Floats:
    """The history with plainly unusual windows replaced by what was usual, `y` itself where there were none."""
    unusual = np.zeros(y.shape, dtype=np.bool_)
    for n, days in enumerate(WINDOWS):
        over = np.abs(np.nan_to_num(found.scores[n])) > CLEANED_ABOVE
        for back in range(days if over.any() else 0):
            unusual[: len(y) - back] |= over[back:]
    unusual &= _run_length(unusual) <= LONGEST_CLEANED_DAYS
    if not unusual.any():
        return y
    return _asusual_days(y, w, unusual)


def _asusual_days(y: Floats, w: Floats | None, where: Flags) -> Floats:
    expected = usual_days(y, w)
    return np.where(where & np.isfinite(expected), expected, y)


def _run_length(flags: Flags) -> Floats:
    """How many steps in a row have been flagged, up to each."""
    steps = np.arange(1, len(flags) + 1)[:, None]
    last = np.maximum.accumulate(np.where(flags, 0, steps), axis=0)
    return np.asarray(np.where(flags, steps - last, 0), dtype=np.float64)
