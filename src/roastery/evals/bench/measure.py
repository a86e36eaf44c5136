"""What a benchmark reports: a figure beside its baseline or its aim, both taken in the same run."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Measure:
    """One line of the table: `value` against `baseline` (same unit and run) gives the ratio, `aim` the most allowed.

    ok is None where nothing is promised.
    """

    bench: str
    what: str
    value: float
    unit: str
    baseline: float | None = None
    baseline_what: str = ""
    aim: float | None = None
    aim_on: str = "value"

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def ok(self) -> bool | None:
        if self.aim is None:
            return None
        measured = self.ratio if self.aim_on == "ratio" else self.value
        return measured is not None and measured <= self.aim


def durations(run: Callable[[], object], times: int, warm: int = 3) -> list[float]:
    """Seconds of each of `times` calls after `warm` calls that do not count, garbage collection kept out."""
    for _ in range(warm):
        run()
    gc.collect()
    gc.disable()
    try:
        taken = []
        for _ in range(times):
            begun = time.perf_counter()
            run()
            taken.append(time.perf_counter() - begun)
    finally:
        gc.enable()
    return taken


def paired(first: Callable[[], object], second: Callable[[], object], times: int) -> tuple[float, float]:
    """Median seconds of two rivals that take turns, so that a slow minute of the machine hits both."""
    firsts, seconds = [], []
    first(), second()
    for _ in range(times):
        firsts += durations(first, 1, warm=0)
        seconds += durations(second, 1, warm=0)
    return median(firsts), median(seconds)


def percentile(taken: list[float], percent: int) -> float:
    return quantiles(taken, n=100, method="inclusive")[percent - 1]
