"""How much a metric usually moves between two such periods: what a change has to stand out from."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.base import ToolContext
from roastery.tools.definitions import metrics_of, parts_of_ratio, with_parts
from roastery.tools.queries import Asked
from roastery.warehouse.errors import AskerError, DataError
from roastery.warehouse.semantic.query import Period, PeriodSpec

LOOK_BACK_DAYS = 800
STEP_DAYS = 7
LEAST_PAIRS = 8
AS_OFTEN = 0.10
"""A change is noise where at least this share of earlier pairs of periods differed as much."""


@dataclass(frozen=True)
class UsualChange:
    """Earlier pairs of periods of the same lengths and distance, and how many of them differed as much."""

    pairs: int
    as_large: int

    @property
    def is_noise(self) -> bool:
        return self.as_large >= AS_OFTEN * self.pairs


def usual_change(context: ToolContext, asked: Asked, metric: str) -> UsualChange | None:
    """Compare the change with those of the time before; None where there is too little of it, or it cannot be summed.

    A pair steps back week by week, so that neighbours overlap: the count says how usual, not how significant.
    """
    made = asked.frame.provenance
    assert made.compare_period is not None
    entry = metrics_of(context)[metric]
    ratio = parts_of_ratio(context, metric)
    if ratio is None and entry.additivity != "additive":
        return None
    change = _logs(*(_pair(asked, name) for name in (ratio.names if ratio else (metric,))))
    if change is None:
        return None
    daily = _daily(context, asked, ratio.names if ratio else (metric,), made.compare_period)
    if daily is None:
        return None
    moved = _past_changes(daily, made.period, made.compare_period)
    if len(moved) < LEAST_PAIRS:
        return None
    return UsualChange(len(moved), int((np.abs(moved) >= abs(change)).sum()))


def _pair(asked: Asked, name: str) -> tuple[float, float]:
    totals = asked.frame.totals
    return float(totals.get(name) or 0), float(totals.get(f"{name}__previous") or 0)


def _logs(above: tuple[float, float], below: tuple[float, float] = (1.0, 1.0)) -> float | None:
    if min(*above, *below) <= 0:
        return None
    return float(np.log(above[0] / below[0]) - np.log(above[1] / below[1]))


def _daily(context: ToolContext, asked: Asked, names: tuple[str, ...], before: Period) -> list[Floats] | None:
    """Sums by day up to the end of the earlier period, one array a metric, oldest first."""
    start = before.end - timedelta(days=LOOK_BACK_DAYS)
    query = asked.query.model_copy(
        update={
            "metrics": names, "dimensions": (), "grain": "day", "compare_to": None, "order_by": (), "limit": None,
            "period": PeriodSpec(start=start, end=before.end),
        }
    )  # fmt: skip
    try:
        rows = with_parts(context, names).metrics.table(query, row_scope=context.actor.row_scope).rows
    except (AskerError, DataError):
        return None
    days = np.array(rows.column("date").cast("date32").to_pylist(), dtype="datetime64[D]")
    place = (days - np.datetime64(start)).astype(np.int64)
    found = []
    for name in names:
        values = np.full(LOOK_BACK_DAYS, np.nan)
        values[place] = rows.column(name).cast("double").to_numpy(zero_copy_only=False)
        seen = np.flatnonzero(np.isfinite(values))
        if not len(seen):
            return None
        found.append(np.nan_to_num(values[seen[0] :] if name == names[0] else values))
    shortest = min(len(values) for values in found)
    return [values[-shortest:] for values in found]


def _past_changes(daily: list[Floats], period: Period, before: Period) -> Floats:
    """Log changes between windows of the same lengths and distance that end before the later period begins."""
    sums = [np.concatenate([[0.0], np.cumsum(values)]) for values in daily]
    steps, lag = len(daily[0]), (period.end - before.end).days
    ends = np.arange(steps, max(period.days, lag + before.days) - 1, -STEP_DAYS)
    now = [s[ends] - s[ends - period.days] for s in sums]
    then = [s[ends - lag] - s[ends - lag - before.days] for s in sums]
    seen = np.all([(a > 0) & (b > 0) for a, b in zip(now, then, strict=True)], axis=0)
    logs = [np.log(a[seen] / b[seen]) for a, b in zip(now, then, strict=True)]
    return np.asarray(logs[0] - (logs[1] if len(logs) > 1 else 0.0), dtype=np.float64)
