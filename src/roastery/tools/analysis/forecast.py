"""What a metric will be: a small ensemble chosen by back-test on the series itself, with intervals from its errors.

Members: robust smoothing in plain and in log units, each with the course of earlier years; ridge regression on season,
trend, the year's harmonics and known days; the median of recent seasons. The seasonal naive stands beside it.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers, floats
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.members import DAYS, MONTHS, MONTHS_OF_YEARS, WEEKS, Rhythm, member_paths
from roastery.tools.analysis.smoothing import column_median, column_quantile

MEMBERS = ("level", "log_level", "regression", "recent")
NAIVE = "seasonal_naive"
MOST_ORIGINS = 12
ORIGINS_FOR_CHOICE = 6
# Members within this multiple of the best one's back-test error share the forecast.
KEPT_ERROR = 1.2
SMALLEST_UNIT = 0.01


@dataclass(frozen=True)
class BackTest:
    """Past forecasts beside what happened; shape of arrays (origins, steps, series).

    `mase` is by model (ensemble, members, seasonal_naive) and series: mean absolute error over that of repeating the
    last season, NaN-free: 0 where the series never moved. `coverage` is the share of outcomes inside intervals that
    were made from the other origins, by series.
    """

    origins: tuple[int, ...]
    forecast: Floats
    actual: Floats
    mase: dict[str, Floats]
    coverage: Floats


@dataclass(frozen=True)
class Forecast:
    """Expected path and interval of every series; shape (horizon, series).

    `weights` are each member's share by series. `tested_steps` is how far ahead the back-test reaches; beyond, the
    interval grows with the square root of time.
    """

    expected: Floats
    low: Floats
    high: Floats
    naive: Floats
    level: float
    weights: dict[str, Floats]
    back_test: BackTest
    tested_steps: int
    caveats: tuple[str, ...]

    def total(self, steps: int | None = None) -> tuple[Floats, Floats, Floats]:
        """Low, expected and high sum over the first steps (all without `steps`), by series.

        Errors of a sum come from the sums of the back-test, since errors of neighbouring days go together.
        """
        count = len(self.expected) if steps is None else steps
        if not 1 <= count <= len(self.expected):
            raise UnfitInput(f"The forecast has {len(self.expected)} steps; {count} were asked for.")
        expected = self.expected[:count].sum(axis=0)
        spread = _student(self.level, len(self.back_test.origins)) * self._deviation_of_sum(count)
        return expected * np.exp(-spread), expected, expected * np.exp(spread)

    def chance_of(self, target: float, so_far: float = 0.0, steps: int | None = None, series: int = 0) -> float:
        """P(so far + what comes over the steps ≥ target)."""
        from scipy.special import stdtr

        count = len(self.expected) if steps is None else steps
        expected, missing = float(self.expected[:count, series].sum()), target - so_far
        if missing <= 0:
            return 1.0
        if expected <= 0:
            return 0.0
        deviation = max(float(self._deviation_of_sum(count)[series]), 1e-9)
        return float(stdtr(max(len(self.back_test.origins) - 1, 1), np.log(expected / missing) / deviation))

    def _deviation_of_sum(self, count: int) -> Floats:
        tested = min(count, self.tested_steps)
        past = self.back_test.forecast[:, :tested].sum(axis=1)
        came = np.nansum(np.where(np.isfinite(self.back_test.actual), self.back_test.actual, self.back_test.forecast)
                         [:, :tested], axis=1)  # fmt: skip
        tiny = 1e-12 + 1e-3 * np.abs(past)
        ratio = np.log(np.maximum(came, tiny) / np.maximum(past, tiny))
        grown = np.sqrt(count / tested)
        return np.asarray(np.sqrt((ratio**2).mean(axis=0) * (1 + 1 / len(ratio))) * grown, dtype=np.float64)


def forecast_series(
    values: Any,
    horizon: int,
    *,
    grain: Literal["day", "week", "month"] = "day",
    events: Integers | None = None,
    level: float = 0.95,
    floor: float | None = 0.0,
) -> Forecast:
    """Forecast every series (column) over the next steps.

    Shape: `values` (steps, series), NaN where there is no row, complete steps only. `events` codes known days over
    history and horizon (steps + horizon,), 0 for none. `floor` clips the forecast, None leaves it free.
    Errors: TooLittleData under eight weeks of days, sixteen weeks, or twelve months of values in some series.
    """
    y = floats("values", values, allow_gaps=True, ndim=2)
    if horizon < 1 or not 0 < level < 1:
        raise UnfitInput("The horizon must be at least one step, and the level of the interval between 0 and 1.")
    rhythm = _rhythm(grain, len(y))
    _enough(y, rhythm, grain)
    codes = np.zeros(len(y) + horizon, dtype=np.int64) if events is None else np.asarray(events, dtype=np.int64)
    if len(codes) != len(y) + horizon:
        raise UnfitInput(f"'events' must name {len(y)} steps of history and {horizon} to come.")
    tested = min(horizon, max(len(y) // 4, 1))
    origins = _origins(len(y), tested, rhythm)
    past = member_paths(y, origins, tested, rhythm, codes)
    now = member_paths(y, [len(y)], horizon, rhythm, codes)
    actual = np.stack([y[o : o + tested] for o in origins])
    errors = {name: np.abs(path - actual) for name, path in past.by_member.items()}
    weights = _weights(errors)
    combined = _clipped(sum(weights[m] * past.by_member[m] for m in MEMBERS), floor)
    expected = _clipped(sum(weights[m] * now.by_member[m][0] for m in MEMBERS), floor)
    unit = _unit(y)
    residuals = (actual - combined) / unit(combined)
    grown = np.sqrt(np.maximum(np.arange(1, horizon + 1) / tested, 1.0))[:, None]
    below, above = _bounds(residuals, level)
    low = _clipped(expected + np.minimum(below, 0.0) * unit(expected) * grown, floor)
    scale = _season_scale(y, rhythm)
    errors["ensemble"] = np.abs(combined - actual)
    return Forecast(
        expected=expected,
        low=low if floor is None else np.where(_often_at(floor, y, codes, horizon, rhythm, level), floor, low),
        high=_clipped(expected + np.maximum(above, 0.0) * unit(expected) * grown, floor),
        naive=_clipped(now.by_member[NAIVE][0], floor),
        level=level,
        weights=weights,
        back_test=BackTest(
            tuple(origins), combined, actual,
            {name: _by_series(error) / scale for name, error in errors.items()}, _coverage(residuals, level),
        ),
        tested_steps=tested,
        caveats=_caveats(rhythm, len(y), horizon, tested),
    )  # fmt: skip


@dataclass(frozen=True)
class Reconciled:
    """A whole and its parts that sum to it, by step."""

    whole: Floats
    parts: Floats


def reconcile(whole: Floats, parts: Floats, whole_error: float, part_errors: Floats) -> Reconciled:
    """Let forecasts of a whole and of its parts agree: the gap falls on each in proportion to its squared error.

    Shape: `whole` (steps,), `parts` (steps, parts); errors are root mean squares of back-tests.
    Source: generalized least squares with diagonal errors (Wickramasinghe et al. 2019, one level).
    """
    if parts.shape[0] != whole.shape[0] or parts.shape[1] != len(part_errors):
        raise UnfitInput("A whole and its parts must cover the same steps, and each part needs its error.")
    squares = np.maximum(np.asarray(part_errors, dtype=np.float64) ** 2, 1e-12)
    share = squares / (max(whole_error, 1e-6) ** 2 + squares.sum())
    agreed = np.maximum(parts + share * (whole - parts.sum(axis=1))[:, None], 0.0)
    return Reconciled(agreed.sum(axis=1), agreed)


def _rhythm(grain: str, steps: int) -> Rhythm:
    if grain == "month":
        return MONTHS_OF_YEARS if steps >= MONTHS_OF_YEARS.least + 6 else MONTHS
    return DAYS if grain == "day" else WEEKS


def _enough(y: Floats, rhythm: Rhythm, grain: str) -> None:
    fewest = int(np.isfinite(y).sum(axis=0).min(initial=len(y))) if y.size else 0
    began = np.where(np.isfinite(y).any(axis=0), np.isfinite(y).argmax(axis=0), len(y)) if y.size else np.zeros(1)
    if not y.size or len(y) - int(began.max()) < rhythm.least or fewest < rhythm.least // 2:
        raise TooLittleData(
            f"A forecast by {grain} needs at least {rhythm.least} {grain}s of history; "
            f"the shortest series has {fewest} values in {len(y)} {grain}s."
        )


def _origins(steps: int, tested: int, rhythm: Rhythm) -> list[int]:
    spacing = rhythm.spacing if steps >= 8 * rhythm.spacing else max(rhythm.spacing // 4, 1)
    earliest = max(min(rhythm.warm_up, steps // 2), 2)
    return list(range(steps - tested, earliest - 1, -spacing))[:MOST_ORIGINS]


def _by_series(errors: Floats) -> Floats:
    """Mean over origins and steps that have an outcome."""
    seen = np.isfinite(errors)
    return np.asarray(np.where(seen, errors, 0.0).sum(axis=(0, 1)) / np.maximum(seen.sum(axis=(0, 1)), 1))


def _weights(errors: dict[str, Floats]) -> dict[str, Floats]:
    recent = np.stack([_by_series(errors[name][:ORIGINS_FOR_CHOICE]) for name in MEMBERS])
    kept = (recent <= KEPT_ERROR * recent.min(axis=0) + 1e-12).astype(np.float64)
    return dict(zip(MEMBERS, kept / kept.sum(axis=0), strict=True))


def _unit(y: Floats) -> Any:
    """Errors grow with the square root of the forecast: between the same in money and the same in per cent."""
    usual = np.maximum(column_median(np.abs(y)), 1e-9)

    def unit(path: Floats) -> Floats:
        return np.sqrt(np.maximum(path, SMALLEST_UNIT * usual))

    return unit


def _bounds(residuals: Floats, level: float) -> tuple[Floats, Floats]:
    """Quantiles of past errors by series, a little further out because the origins are few."""
    tail = (1 - level) / 2 * len(residuals) / (len(residuals) + 1)
    flat = residuals.reshape(-1, residuals.shape[-1])
    return column_quantile(flat, tail), column_quantile(flat, 1 - tail)


def _often_at(floor: float, y: Floats, codes: Integers, horizon: int, rhythm: Rhythm, level: float) -> Flags:
    """Which steps to come stand at the floor too often for an interval that leaves it out, by place of the season.

    Errors scaled with the forecast would put the low end of the best days above nothing, however often nothing comes.
    Twice the tail is asked for, so that a few odd days of the past do not count.
    """
    first = max(len(y) - MOST_ORIGINS * rhythm.spacing, 0)
    steps = np.arange(first, len(y))
    usual = np.isfinite(y[first:]) & (codes[first : len(y)] == 0)[:, None]
    often = np.zeros((rhythm.season, y.shape[1]), dtype=np.bool_)
    for place in range(rhythm.season):
        here = usual & (steps % rhythm.season == place)[:, None]
        at_floor = (here & (np.nan_to_num(y[first:], nan=np.inf) <= floor)).sum(axis=0)
        often[place] = at_floor >= np.maximum((1 - level) * here.sum(axis=0), 1)
    return often[(len(y) + np.arange(horizon)) % rhythm.season]


def _coverage(residuals: Floats, level: float) -> Floats:
    """Share inside, each origin judged by the bounds of the others; the nominal level where there is only one."""
    if len(residuals) < 2:
        return np.full(residuals.shape[-1], level)
    inside = []
    for i in range(len(residuals)):
        below, above = _bounds(np.delete(residuals, i, axis=0), level)
        inside.append(np.where(np.isfinite(residuals[i]), (residuals[i] >= below) & (residuals[i] <= above), np.nan))
    held = np.stack(inside)
    seen = np.isfinite(held)
    return np.asarray(np.where(seen, held, 0).sum(axis=(0, 1)) / np.maximum(seen.sum(axis=(0, 1)), 1))


def _season_scale(y: Floats, rhythm: Rhythm) -> Floats:
    steps = np.abs(y[rhythm.season :] - y[: -rhythm.season])
    seen = np.isfinite(steps)
    scale = np.where(seen, steps, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.where(scale > 0, scale, np.inf)


def _clipped(path: Any, floor: float | None) -> Floats:
    return np.asarray(path if floor is None else np.maximum(path, floor), dtype=np.float64)


def _student(level: float, origins: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(max(origins - 1, 1), (1 + level) / 2))


def _caveats(rhythm: Rhythm, steps: int, horizon: int, tested: int) -> tuple[str, ...]:
    said = []
    if rhythm.year and steps < 2 * rhythm.year:
        said.append("Under two years of history: a yearly pattern is read from one year at most.")
    if horizon > tested:
        said.append(f"Only {tested} steps ahead could be tested on the past; the interval beyond is widened.")
    return tuple(said)
