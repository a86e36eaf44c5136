"""forecast_ltv: what customers will still buy, what they are worth, and when they pay back what they cost."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.buying import orders_of, subscriptions_of
from roastery.tools.lifetimes import customers_result
from roastery.tools.stays import subscribers_result
from roastery.warehouse.semantic.query import PeriodSpec


class ForecastLtvArguments(BaseModel):
    """Customers acquired in `period` (all when left out), over the next `horizon_days`, as known on `as_of`."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    horizon_days: int = Field(default=365, ge=28, le=1825)
    dimensions: tuple[Literal["cohort_month", "channel", "campaign", "segment"], ...] = Field(default=(), max_length=1)
    period: PeriodSpec | None = Field(default=None, description="When the customers were acquired.")
    kind: Literal["customers", "subscriptions"] = "customers"
    gross_margin_rate: Decimal | None = Field(default=None, gt=0, le=1, description="Measured when left out.")
    monthly_discount_rate: Decimal = Field(default=Decimal(0), ge=0, le=Decimal("0.2"))
    as_of: date | None = Field(default=None, description="The last day that counts; the last complete one by default.")
    limit: int = Field(default=20, ge=1, le=200)


class ForecastLtv(Tool[ForecastLtvArguments]):
    """The model that forecast this organization's past best, with intervals that would have held what happened."""

    name = "forecast_ltv"
    description = (
        "Forecast lifetime value: how many customers are still customers, what they will buy over the next year (or "
        "another horizon), predicted value per customer, LTV to CAC and payback, by acquisition month, channel, "
        "campaign or segment; for subscriptions how long subscribers stay; with back-tests beside what happened. Use "
        "it for 'predicted LTV', 'what are these customers worth', 'payback', 'expected value of customers'. LTV to "
        "date is query_metrics."
    )
    arguments = ForecastLtvArguments

    def run(self, context: ToolContext, arguments: ForecastLtvArguments) -> ToolResult:
        if arguments.kind == "subscriptions":
            return subscribers_result(context, arguments, subscriptions_of(context, arguments.as_of))
        return customers_result(context, arguments, orders_of(context, arguments.as_of))
