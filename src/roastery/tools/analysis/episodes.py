"""From flagged steps to episodes: one anomaly told once, with its kind, expected range and what is at stake."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats
from roastery.tools.analysis.baseline import Grain

AnomalyKind = Literal["spike", "dip", "level_shift", "trend_break", "missing"]
MISSING_SEVERITY = 2.0


@dataclass(frozen=True)
class Episode:
    """One anomaly of one series; series −1 is a shock that all series share.

    Steps are inclusive; `peak` is the step of the highest severity, of which `actual` (None where data is missing),
    `expected`, `low` and `high` speak. `severity` is score over threshold, so 1 is just told. `at_stake` sums actual
    − expected over the steps.
    """

    series: int
    kind: AnomalyKind
    start: int
    end: int
    peak: int
    actual: float | None
    expected: float
    low: float
    high: float
    severity: float
    at_stake: float

    @property
    def direction(self) -> Literal["up", "down"]:
        return "down" if self.actual is None or self.actual < self.expected else "up"


@dataclass(frozen=True)
class Evidence:
    """What episodes are told from; shape (steps, series), scores (windows, steps, series) with their sign.

    `spread` (windows, steps, series) is the half-width in logs of the expected range of a mean over each window;
    `clean`, `level` and `slow` as in the baseline.
    """

    values: Floats
    expected: Floats
    spread: Floats
    scores: Floats
    threshold: float
    clean: Floats
    level: Floats
    slow: Floats
    grain: Grain

    def episodes(self, flags: Flags, gone: Flags) -> list[Episode]:
        """Every run of flags as one episode, missing data apart, the most severe first."""
        found = [
            self._scored(int(s), run)
            for s in np.flatnonzero(flags.any(axis=0))
            for run in runs(flags[:, s], self.grain.cooldown)
        ]
        found += [self._missing(int(s), run) for s in np.flatnonzero(gone.any(axis=0)) for run in runs(gone[:, s], 1)]
        return sorted(found, key=lambda e: (-e.severity, e.series, e.start))

    def _scored(self, s: int, run: tuple[int, int]) -> Episode:
        inside = np.abs(self.scores[:, run[0] : run[1] + 1, s])
        window, offset = (int(i) for i in np.unravel_index(int(inside.argmax()), inside.shape))
        flagged = run[0] + offset
        start, end = self._departure(s, window, flagged, run)
        peak = min(max(flagged, start), end)
        steps = slice(start, end + 1)
        expected = self._before(s, window, start, steps)
        band = float(np.exp(self.spread[window, flagged, s]))
        at = peak - start
        return Episode(
            series=s,
            kind=self._kind(s, window, flagged, end - start + 1, end),
            start=start,
            end=end,
            peak=peak,
            actual=float(self.values[peak, s]),
            expected=float(expected[at]),
            low=float(expected[at]) / band,
            high=float(expected[at]) * band,
            severity=float(inside.max()) / self.threshold,
            at_stake=float(np.nansum(self.values[steps, s] - expected)),
        )

    def _departure(self, s: int, window: int, flagged: int, run: tuple[int, int]) -> tuple[int, int]:
        """The days that are off, out of those that flagged means look back on: where the sum of departures over the
        root of their number is largest (Kulldorff's scan, one dimension)."""
        length = self.grain.windows[window]
        if length == 1:
            return run
        first = max(flagged - length + 1, 0)
        off = self.clean[first : run[1] + 1, s] - self.slow[first, s]
        off = np.where(np.isfinite(off), off, 0.0) * (1.0 if self.scores[window, flagged, s] > 0 else -1.0)
        total = np.concatenate([[0.0], np.cumsum(off)])
        a, b = np.triu_indices(len(total), k=1)
        best = int(((total[b] - total[a]) / np.sqrt(b - a)).argmax())
        return first + int(a[best]), first + int(b[best]) - 1

    def _before(self, s: int, window: int, start: int, steps: slice) -> Floats:
        """What was expected: day by day for single days, from the level before the departure for longer ones."""
        if self.grain.windows[window] == 1:
            return self.expected[steps, s]
        from_level = self.expected[steps, s] * np.exp(self.slow[start, s] - self.level[steps, s])
        return np.asarray(from_level, dtype=np.float64)

    def _missing(self, s: int, run: tuple[int, int]) -> Episode:
        start, end = run
        expected, band = float(self.expected[start, s]), float(np.exp(self.spread[0, start, s]))
        return Episode(
            s, "missing", start, end, start, None, expected, expected / band, expected * band,
            MISSING_SEVERITY, -float(self.expected[start : end + 1, s].sum()),
        )  # fmt: skip

    def _kind(self, s: int, window: int, peak: int, days: int, end: int) -> AnomalyKind:
        """Short departures, and those that are over within a season, are spikes and dips; in long ones a ramp that fits
        better than a step is a trend break."""
        length = self.grain.windows[window]
        is_over = end < len(self.values) - 1 - self.grain.season and days <= self.grain.season
        if length <= max(self.grain.season // 2, 1) or is_over:
            return "spike" if self.scores[window, peak, s] > 0 else "dip"
        first = max(peak - max(length, 4 * self.grain.season) + 1, 0)
        path = np.nan_to_num(self.clean[first : peak + 1, s] - self.slow[first, s])
        ramp = np.arange(1.0, len(path) + 1)
        # What a step, or a ramp, that began at any step of the window would explain (sums of squares).
        by_step = max(path[o:].sum() ** 2 / len(path[o:]) for o in range(len(path)))
        by_ramp = max((path[o:] @ ramp[: len(path) - o]) ** 2 / (ramp[: len(path) - o] ** 2).sum()
                      for o in range(len(path) - 1))  # fmt: skip
        return "trend_break" if by_ramp > by_step else "level_shift"


def runs(flags: Flags, most_apart: int) -> list[tuple[int, int]]:
    """First and last step of each group of flags at most so many steps apart."""
    at = np.flatnonzero(flags)
    cuts = np.flatnonzero(np.diff(at) > most_apart)
    return [(int(group[0]), int(group[-1])) for group in np.split(at, cuts + 1) if len(group)]
