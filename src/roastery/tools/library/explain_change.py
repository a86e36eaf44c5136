"""explain_change: why a metric moved between two periods."""

from pydantic import Field

from roastery.tools.asking import Asking, Comparison
from roastery.warehouse.semantic.query import PeriodSpec


class ExplainChangeArguments(Asking):
    """One metric, two periods; `dimensions` are searched for the cause, by default all that the metric has."""

    metric: str
    period: PeriodSpec | None = None
    compare_to: Comparison | PeriodSpec = "previous_period"
    dimensions: tuple[str, ...] = Field(default=(), max_length=12, description="Where to look; all when left out.")
    most_dimensions: int = Field(default=3, ge=1, le=3, description="How many of them one cause may combine.")
    causes: int = Field(default=3, ge=1, le=5, description="How many causes to tell at most.")
    like_for_like: bool = Field(
        default=True, description="Cut both periods to the same number of days where the later one is not complete yet."
    )
