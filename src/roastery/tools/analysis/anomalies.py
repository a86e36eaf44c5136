"""Which days are unlike what the days before led to expect: spikes, dips, level shifts, trend breaks, missing data.

A day is judged on itself and the days before it only. Means over one day to four weeks are measured in their own usual
size; the threshold is what keeps alerts within a budget on the history before the judged days, since telling one
anomaly once matters more than the detector.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers, floats
from roastery.tools.analysis.baseline import (
    DAY,
    SCALE_FLOOR,
    WEEK,
    Baseline,
    Grain,
    filtered,
)
from roastery.tools.analysis.episodes import Episode, Evidence, runs
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.smoothing import rolling_any, rolling_mean

Kind = Literal["count", "amount", "rate"]
GRAINS = {"day": DAY, "week": WEEK}
USUAL_QUANTILE, NORMAL_AT_QUANTILE = 0.9, 1.644854
DEFAULT_THRESHOLD, LEAST_THRESHOLD, MOST_THRESHOLD = 4.0, 3.0, 8.0
# Less history than this says too little about how often a threshold is passed.
LEAST_SERIES_MONTHS = 12.0
LEAST_EXPECTED = 5.0
MOST_BAND = 20.0
# A value of zero counts as this share of a usual one: a collapse, but not minus infinity in logs.
FLOOR_SHARE = 0.05
# Where more of the last four weeks' days came or stayed away unlike the week before, gaps are the series' habit.
MOST_IRREGULAR = 0.1


@dataclass(frozen=True)
class Anomalies:
    """What was found from step `judged_from` on; arrays have shape (steps, series).

    `common` are shocks that all series share. `too_small` are series whose steps are too small to be judged (use a
    coarser grain), `too_short` those without enough history of values above zero. `alerts_before` is how many alerts
    a series-month the threshold would have raised on the history before.
    """

    episodes: tuple[Episode, ...]
    common: tuple[Episode, ...]
    flags: Flags
    expected: Floats
    low: Floats
    high: Floats
    threshold: float
    alerts_before: float
    judged_from: int
    too_small: tuple[int, ...]
    too_short: tuple[int, ...]


def detect_anomalies(
    values: Any,
    weights: Any = None,
    *,
    judged_from: int | None = None,
    kind: Kind = "amount",
    grain: Literal["day", "week"] = "day",
    events: Integers | None = None,
    budget: float = 0.15,
    threshold: float | None = None,
) -> Anomalies:
    """Judge every step of every series from `judged_from` on, by default the last month.

    Shape: `values` (steps, series), NaN where there is no row; complete steps only, one a day or week, in order.
    Rates come as numerator `values` and denominator `weights`. `events` (steps,) codes holidays and promotions known
    beforehand, 0 for none. `budget` is how many alerts a series may have a month, counted on the history before the
    judged steps; `threshold` overrides it.
    Errors: TooLittleData when there is not more history than a series needs (84 days, 20 weeks).
    """
    steps = GRAINS[grain]
    y, w = _read(values, weights, kind, events)
    if len(y) <= steps.settled or not y.shape[1]:
        raise TooLittleData(f"Anomalies need more than {steps.settled} {grain}s of history; there are {len(y)}.")
    start = max(len(y) - round(steps.month), steps.settled) if judged_from is None else judged_from
    if not 0 <= start < len(y):
        raise UnfitInput(f"'judged_from' must lie between 0 and {len(y) - 1}.")
    x = _logs(y, w, steps)
    path = filtered(x, steps, events)
    old, large = _old_enough(x, steps), _large_enough(path, w, kind)
    scores, sizes = _scores(path, w, steps, old & large & np.isfinite(x))
    highest = np.abs(scores).max(axis=0)
    calm = highest[min(steps.settled, start) : start]
    level = float(threshold or _threshold(calm, steps, budget))
    flags, gone = highest > level, _gone(y, steps, old & large)
    flags[:start] = gone[:start] = False
    expected = np.exp(path.expected) * (1.0 if w is None else w)
    # Without a history there is no usual size: the range is as wide as can be, not without end.
    bands = np.minimum(level * sizes, MOST_BAND)
    low, high = expected * np.exp(-bands[0]), expected * np.exp(bands[0])
    evidence = Evidence(y, expected, bands, scores, level, path.clean, path.level, path.slow, steps)
    return Anomalies(
        tuple(evidence.episodes(flags, gone)), _common(path, y, expected, steps, start, budget), flags | gone, expected,
        low, high, level, _alerts(calm > level, steps), start,
        tuple(int(s) for s in np.flatnonzero(old[-1] & ~large[start:].any(axis=0))),
        tuple(int(s) for s in np.flatnonzero(~old[-1])),
    )  # fmt: skip


def may_miss(values: Floats, judged_from: int, grain: Literal["day", "week"] = "day") -> bool:
    """Whether some judged step of some series could be told as missing data, without running the filter to know.

    How large a step is expected to be is not asked, so a yes may still turn out to be none; a no never does.
    """
    steps = GRAINS[grain]
    if np.isfinite(values[judged_from:]).all() or len(values) <= steps.settled:
        return False
    old = _old_enough(_logs(values, None, steps), steps)
    return bool(_gone(values, steps, old)[judged_from:].any())


def _read(values: Any, weights: Any, kind: Kind, events: Integers | None) -> tuple[Floats, Floats | None]:
    y = floats("values", values, allow_gaps=True, ndim=2)
    w = None if weights is None else floats("weights", weights, allow_gaps=True, ndim=2)
    if (kind == "rate") != (w is not None) or (w is not None and w.shape != y.shape):
        raise UnfitInput("A rate, and only a rate, needs its denominators, in the shape of its numerators.")
    if events is not None and len(events) != len(y):
        raise UnfitInput(f"'events' must name each of the {len(y)} steps.")
    return y, w


def _logs(y: Floats, w: Floats | None, grain: Grain) -> Floats:
    """Logs of values, or of rates; NaN where there is nothing to take the log of."""
    if w is not None:
        seen = np.isfinite(y) & np.isfinite(w) & (w > 0)
        return np.log(np.maximum(np.where(seen, y, 1.0), 0.5) / np.where(seen, w, 1.0), where=seen,
                      out=np.full(y.shape, np.nan))  # fmt: skip
    positive = np.where(y > 0, y, np.nan)
    # Early values only, so that a later day does not decide how an earlier one is read.
    order = np.cumsum(np.isfinite(positive), axis=0)
    early = np.where((order <= grain.warm_up) & (order > 0), positive, np.nan)
    usual = np.exp(np.nansum(np.log(early), axis=0) / np.maximum(np.isfinite(early).sum(axis=0), 1))
    alive = np.isfinite(early).any(axis=0)
    floor = np.where(alive, FLOOR_SHARE * usual, np.nan)
    return np.log(np.where(np.isfinite(y), np.maximum(np.nan_to_num(y), floor), np.nan))


def _old_enough(x: Floats, grain: Grain) -> Flags:
    """Whether a series began long enough ago, and was there for most of the time since."""
    seen = np.isfinite(x)
    before = np.cumsum(seen, axis=0) - seen
    began = np.where(seen.any(axis=0), seen.argmax(axis=0), len(x))
    age = np.arange(len(x))[:, None] - began
    return np.asarray((age >= grain.settled) & (before >= 0.6 * grain.settled))


def _large_enough(path: Baseline, w: Floats | None, kind: Kind) -> Flags:
    """Whether enough is expected in a step for a log to mean something; money has no such unit."""
    if kind == "amount":
        return np.ones(path.slow.shape, dtype=np.bool_)
    usual = np.exp(path.slow) * (1.0 if w is None else np.nan_to_num(w))
    return np.asarray(usual >= LEAST_EXPECTED)


def _scores(path: Baseline, w: Floats | None, grain: Grain, judged: Flags) -> tuple[Floats, Floats]:
    """Departures of means over each window in their usual size, signed; and those usual sizes."""
    clean = np.where(np.isfinite(path.clean), path.clean, path.slow)
    extra = _extra_chance(path, w)
    scores, sizes = [], []
    for steps in grain.windows:
        if steps == 1:
            departure = path.surprise
        else:
            before = np.full_like(path.slow, np.nan)
            before[steps - 1 :] = path.slow[: len(path.slow) - steps + 1]
            departure = rolling_mean(clean, steps) - before
        size = np.maximum(_usual_size(departure, grain), SCALE_FLOOR)
        if extra is not None:
            size = np.sqrt(size**2 + np.nan_to_num(rolling_mean(extra, steps)) / steps)
        sizes.append(size)
        scores.append(np.where(judged & np.isfinite(departure), np.nan_to_num(departure) / size, 0.0))
    return np.stack(scores), np.stack(sizes)


def _usual_size(departure: Floats, grain: Grain) -> Floats:
    """The ninth decile of |departure| on the steps before, as a standard deviation; refreshed once a month.

    A decile from within the tail keeps series of heavy tails from alerting more than others.
    """
    ordered_by_series = np.ascontiguousarray(np.abs(departure).T, dtype=np.float32)
    size = np.ones_like(departure)
    rows = np.arange(departure.shape[1])
    for t in range(grain.settled, len(departure), grain.refresh):
        # Single precision sorts several times faster, and a usual size needs no more.
        past = np.sort(ordered_by_series[:, max(grain.warm_up // 2, t - grain.memory) : t], axis=1)
        seen = np.isfinite(past).sum(axis=1)
        place = np.maximum(((seen - 1) * USUAL_QUANTILE).astype(np.int64), 0)
        found = np.where(seen > 0, past[rows, place], np.inf)
        size[t : t + grain.refresh] = found / NORMAL_AT_QUANTILE
    return size


def _extra_chance(path: Baseline, w: Floats | None) -> Floats | None:
    """Variance of a log rate that a small denominator adds to what is usual for the series (binomial)."""
    if w is None:
        return None
    rate = np.minimum(np.exp(path.slow), 1.0)
    chance = (1 - rate) / np.maximum(np.nan_to_num(w) * rate, 0.5)
    usual = np.cumsum(chance, axis=0) / np.arange(1, len(chance) + 1)[:, None]
    return np.maximum(chance - usual, 0.0)


def _threshold(calm: Floats, grain: Grain, budget: float) -> float:
    """The lowest threshold that keeps alerts on the history within the budget."""
    if budget <= 0:
        raise UnfitInput("The alert budget must be above zero.")
    if calm.size / grain.month < LEAST_SERIES_MONTHS:
        return DEFAULT_THRESHOLD
    low, high = LEAST_THRESHOLD, MOST_THRESHOLD
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if _alerts(calm > middle, grain) <= budget else (middle, high)
    return high


def _alerts(flags: Flags, grain: Grain) -> float:
    """Episodes a series-month."""
    if not flags.size:
        return 0.0
    return float((flags & ~rolling_any(flags, grain.cooldown)).sum() / (flags.size / grain.month))


def _gone(y: Floats, grain: Grain, judged: Flags) -> Flags:
    """Steps without a row where the four seasons before all had one, and rows come and go regularly."""
    absent = ~np.isfinite(y)
    season, weeks = grain.season, 4
    irregular = np.zeros(y.shape)
    irregular[season:] = absent[season:] != absent[:-season]
    usual = judged.copy()
    usual[1:] &= rolling_mean(irregular, weeks * season)[:-1] <= MOST_IRREGULAR
    for back in range(1, weeks + 1):
        usual[back * season :] &= ~absent[: -back * season]
        usual[: back * season] = False
    return absent & (usual | _carried(absent, usual))


def _carried(absent: Flags, usual: Flags) -> Flags:
    """A gap that began unexpectedly goes on until a row comes, though the season before is missing by then."""
    begins = absent & usual
    carried = np.zeros_like(absent)
    for t in range(1, len(absent)):
        carried[t] = absent[t] & (begins[t - 1] | carried[t - 1])
    return carried


def _common(
    path: Baseline, y: Floats, expected: Floats, grain: Grain, start: int, budget: float
) -> tuple[Episode, ...]:
    """Shocks of all series together, in sums over series, against the shocks of the time before."""
    shock = path.common
    past = np.abs(shock[grain.settled : start])
    if not len(past) or not shock.any():
        return ()
    size = max(float(np.quantile(past, USUAL_QUANTILE)) / NORMAL_AT_QUANTILE, SCALE_FLOOR)
    level = _threshold((past / size)[:, None], grain, budget)
    flags = np.abs(shock) > level * size
    flags[:start] = False
    actual, whole = np.nansum(y, axis=1), np.nansum(np.where(np.isfinite(y), expected, 0.0), axis=1)
    without = whole / np.exp(shock)
    found = []
    for first, last in runs(flags, 1):
        peak = first + int(np.abs(shock[first : last + 1]).argmax())
        band = np.exp(level * size)
        found.append(
            Episode(
                -1, "spike" if shock[peak] > 0 else "dip", first, last, peak, float(actual[peak]),
                float(without[peak]), float(without[peak] / band), float(without[peak] * band),
                float(abs(shock[peak])) / (level * size), float((actual - without)[first : last + 1].sum()),
            )
        )  # fmt: skip
    return tuple(found)
