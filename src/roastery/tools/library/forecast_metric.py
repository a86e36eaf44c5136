"""forecast_metric: what a metric will be, by day, week or month, and whether a target will be met."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from roastery.tools.asking import Asking, KnownDays
from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.outlook import forecast, plan_of, read
from roastery.tools.outlook_facts import forecast_result
from roastery.warehouse.semantic.query import PeriodSpec


class ForecastMetricArguments(Asking):
    """One metric, for the next `horizon` steps or to the end of `period`; one dimension splits it into parts."""

    metric: str
    grain: Literal["day", "week", "month"] = "day"
    horizon: int | None = Field(default=None, ge=1, le=366, description="Steps ahead; 28 days, 8 weeks or 3 months.")
    period: PeriodSpec | None = Field(
        default=None, description="A period that is running or to come: what is there counts, the rest is forecast."
    )
    dimensions: tuple[str, ...] = Field(default=(), max_length=1)
    target: Decimal | None = Field(default=None, description="Left out, the dataset `targets` is looked up.")
    history: PeriodSpec | None = Field(default=None, description="What to learn from; everything when left out.")
    level: float = Field(default=0.95, ge=0.5, le=0.99, description="Share of outcomes that the interval is to hold.")
    known_days: tuple[KnownDays, ...] = Field(default=(), max_length=50)


class ForecastMetric(Tool[ForecastMetricArguments]):
    """An ensemble chosen on the series' own past, with intervals from its own errors, and a target beside it."""

    name = "forecast_metric"
    description = (
        "Forecast a metric by day, week or month for the next steps or to the end of a period, with an interval whose "
        "coverage was measured on the past, the seasonal naive forecast beside it, parts by one dimension that sum to "
        "the whole, and whether a target or budget will be met. Use it for 'forecast', 'predict', 'will we', 'on "
        "track', 'pacing', 'by the end of the month' questions about the future."
    )
    arguments = ForecastMetricArguments

    def run(self, context: ToolContext, arguments: ForecastMetricArguments) -> ToolResult:
        plan = plan_of(context, arguments)
        series = read(context, arguments, plan)
        said = forecast(context, arguments, plan, series)
        return forecast_result(context, arguments, plan, series, said)
