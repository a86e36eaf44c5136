"""detect_anomalies: which days of which metrics and slices are unlike what the days before led to expect."""

from typing import Literal

from pydantic import Field

from roastery.tools.asking import Asking, KnownDays
from roastery.warehouse.semantic.query import PeriodSpec


class DetectAnomaliesArguments(Asking):
    """`metrics` × the values of each of `dimensions` and the whole; `period` are the days that are judged."""

    metrics: tuple[str, ...] = Field(default=(), max_length=10, description="The main ones when left out.")
    dimensions: tuple[str, ...] = Field(default=(), max_length=3, description="Each is scanned by itself.")
    period: PeriodSpec | None = Field(default=None, description="Days to judge; the last 28 complete ones by default.")
    grain: Literal["day", "week"] = "day"
    direction: Literal["up", "down", "both"] = "both"
    alerts_a_month: float = Field(
        default=4.0, gt=0, le=1000, description="How many false alerts a month are bearable, over everything scanned."
    )
    known_days: tuple[KnownDays, ...] = Field(default=(), max_length=50)
    limit: int = Field(default=20, ge=1, le=200, description="How many episodes to show, the most severe first.")
