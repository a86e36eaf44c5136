"""The members of the forecast ensemble: what each would have said at past origins, and says now.

Every member is causal: what it says at an origin uses the steps before it only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers
from roastery.tools.analysis.smoothing import Rates, Smoother, column_median

YEAR_WEIGHT = 0.6
LOG_FLOOR_SHARE = 0.05
RECENT_SEASONS = 8
LEVEL_RATES, LOG_RATES = Rates(0.06, 0.10, 1.0), Rates(0.06, 0.10, 1.5)
HUBER = 1.345


@dataclass(frozen=True)
class Rhythm:
    """What a step is: steps of a season and of a year (0: no year beyond the season), shortest history, and so on.

    `harmonics` of the year and `half_life` (steps) belong to the regression; `spacing` is between back-test origins.
    """

    season: int
    year: int
    warm_up: int
    least: int
    spacing: int
    around: int
    reference: int
    harmonics: int
    half_life: float

    def settled_year(self, steps: int) -> bool:
        """Whether a year and a bit lies behind, so that a yearly course can be read."""
        return bool(self.year) and steps >= self.year + self.reference


DAYS = Rhythm(7, 364, 56, 56, 28, 6, 28, 8, 300.0)
WEEKS = Rhythm(1, 52, 12, 16, 4, 1, 4, 3, 43.0)
MONTHS = Rhythm(1, 0, 6, 12, 1, 0, 0, 0, 18.0)
MONTHS_OF_YEARS = Rhythm(12, 0, 24, 24, 1, 0, 0, 0, 36.0)


@dataclass(frozen=True)
class Paths:
    """Forecasts of every member at every origin; shape of each (origins, horizon, series)."""

    origins: tuple[int, ...]
    by_member: dict[str, Floats]


def member_paths(y: Floats, origins: Sequence[int], horizon: int, rhythm: Rhythm, events: Integers) -> Paths:
    """Forecast `horizon` steps from each origin (a number of steps known) with every member.

    `events` codes steps known to be unlike others, over history and horizon; 0 for none.
    """
    typical = column_median(np.where(y > 0, y, np.nan)[: rhythm.warm_up * 2])
    floor = np.where(typical > 0, LOG_FLOOR_SHARE * typical, 1.0)
    logs = np.log(np.where(np.isfinite(y), np.maximum(np.nan_to_num(y), floor), np.nan))
    plain, steady = _smoothed(y, origins, horizon, rhythm, LEVEL_RATES, events)
    log, steady_logs = _smoothed(logs, origins, horizon, rhythm, LOG_RATES, events)
    year = np.exp(np.stack([_year_ahead(steady_logs, o, horizon, rhythm) for o in origins]))
    return Paths(
        tuple(origins),
        {
            "level": plain * year,
            "log_level": np.exp(np.minimum(log, 700.0)) * year,
            "regression": np.stack([_regression(steady, y, o, horizon, rhythm, events) for o in origins]),
            "recent": np.stack([_recent(y, o, horizon, rhythm, RECENT_SEASONS) for o in origins]),
            "seasonal_naive": np.stack([_recent(y, o, horizon, rhythm, 1) for o in origins]),
        },
    )


def _smoothed(
    x: Floats, origins: Sequence[int], horizon: int, rhythm: Rhythm, rates: Rates, events: Integers
) -> tuple[Floats, Floats]:
    """Smoothing's forecasts at the origins, and the series with its surprises cut at three usual sizes."""
    smoother = Smoother(x, rhythm.season, min(rhythm.warm_up, max(len(x) // 2, 1)), rates)
    steady, at = np.empty_like(x), {origin: i for i, origin in enumerate(origins)}
    said = np.empty((len(origins), horizon, x.shape[1]))
    for t in range(len(x) + 1):
        if t in at:
            said[at[t]] = smoother.ahead(t, events[t : t + horizon])
        if t < len(x):
            guess = smoother.guess(t, int(events[t]))
            error = x[t] - guess
            steady[t] = guess + np.clip(np.nan_to_num(error), -3 * smoother.scale, 3 * smoother.scale)
            smoother.learn(t, error, int(events[t]))
    return said, steady


def _year_ahead(logs: Floats, origin: int, horizon: int, rhythm: Rhythm) -> Floats:
    """How far earlier years went on from here, in logs, drawn to zero; their mean where there are two."""
    total = np.cumsum(np.vstack([np.zeros(logs.shape[1]), logs[:origin]]), axis=0)
    ahead, courses = np.arange(horizon), []
    for years in (1, 2):
        start = origin - years * rhythm.year
        if not rhythm.year or start < rhythm.reference:
            break
        # A forecast of more than a year repeats the course of the first.
        step = start + (ahead % rhythm.year)
        first, end = np.maximum(step - rhythm.around, 0), np.minimum(step + rhythm.around + 1, origin)
        near = (total[end] - total[first]) / (end - first)[:, None]
        before = (total[start] - total[start - rhythm.reference]) / rhythm.reference
        courses.append(near - before)
    if not courses:
        return np.zeros((horizon, logs.shape[1]))
    return np.asarray(YEAR_WEIGHT * np.mean(courses, axis=0), dtype=np.float64)


def _regression(steady: Floats, y: Floats, origin: int, horizon: int, rhythm: Rhythm, events: Integers) -> Floats:
    """Ridge regression on season, damped trend, the year's harmonics and known days; recent steps count more."""
    t = np.arange(origin + horizon)
    harmonics = rhythm.harmonics if rhythm.settled_year(origin) else 0
    columns, ridge = [np.eye(rhythm.season)[t % rhythm.season]], [np.full(rhythm.season, 0.1)]
    unit = rhythm.year or 12
    columns.append((t / unit)[:, None])
    ridge.append(np.full(1, 50.0 * unit / 364))
    for k in range(1, harmonics + 1):
        angle = 2 * np.pi * k * t / (rhythm.year * 365.25 / 364)
        columns.append(np.stack([np.sin(angle), np.cos(angle)], axis=1))
        ridge.append(np.full(2, 5.0 * k**2 * rhythm.year / 364))
    for code in np.unique(events[:origin][events[:origin] > 0]):
        columns.append((events[: len(t)] == code).astype(np.float64)[:, None])
        ridge.append(np.full(1, 0.1))
    design, penalty = np.hstack(columns), np.diag(np.concatenate(ridge))
    past, age = design[:origin], origin - 1 - t[:origin]
    fading = 0.5 ** (age / rhythm.half_life)
    said = np.empty((horizon, y.shape[1]))
    for s in range(y.shape[1]):
        # Known days count as they were, others with their surprises cut.
        values = np.where((events[:origin] > 0) & np.isfinite(y[:origin, s]), y[:origin, s], steady[:origin, s])
        weights = base = fading * np.isfinite(y[:origin, s])
        for _ in range(3):
            weighted = past * weights[:, None]
            fit = np.linalg.solve(past.T @ weighted + penalty, weighted.T @ values)
            off = np.abs(values - past @ fit)
            size = 1.4826 * float(np.median(off)) + 1e-9
            weights = base * np.minimum(1.0, HUBER * size / np.maximum(off, 1e-12))
        said[:, s] = design[origin:] @ fit
    return said


def _recent(y: Floats, origin: int, horizon: int, rhythm: Rhythm, seasons: int) -> Floats:
    """The median of the same place of the last seasons; of all recent steps where a place has no value."""
    length = rhythm.season
    steps = min(seasons * length, origin // length * length) or min(origin, length)
    last = y[origin - steps : origin]
    everything = column_median(last)
    places = (origin - steps + np.arange(steps)) % length
    pattern = np.empty((length, y.shape[1]))
    for place in range(length):
        values = last[places == place]
        found = column_median(values) if len(values) else everything
        pattern[place] = np.where(np.isfinite(values).any(axis=0), found, everything)
    return pattern[(origin + np.arange(horizon)) % length]
