"""analyze_cohorts: who comes back, renews, turns up, becomes a customer, and what is bought together."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.base import Tool, ToolContext, ToolResult
from roastery.tools.cohorts.pairs import pairs_result
from roastery.tools.cohorts.retention import retention_result
from roastery.tools.cohorts.shares import shares_result
from roastery.warehouse.errors import BadPeriod, BadQuery
from roastery.warehouse.semantic.calendar import Calendar, step
from roastery.warehouse.semantic.query import Period, PeriodSpec

CohortKind = Literal["retention", "repeat", "renewal", "cross_sell", "lead_to_customer", "no_show"]


class AnalyzeCohortsArguments(BaseModel):
    """`period`: when the cohorts began (cross-sell and no-shows: when it was sold or due); a year by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: CohortKind = "retention"
    period: PeriodSpec | None = None
    grain: Literal["week", "month"] = "month"
    dimensions: tuple[str, ...] = Field(default=(), max_length=1, description="One split besides the cohort.")
    within: Literal["order", "customer"] = Field(default="order", description="Cross-sell: what counts as together.")
    limit: int = Field(default=12, ge=1, le=200, description="Cohorts, pairs or slices to show.")


class AnalyzeCohorts(Tool[AnalyzeCohortsArguments]):
    """Shares by cohort with Wilson intervals; unfinished periods are left out, young cohorts marked."""

    name = "analyze_cohorts"
    description = (
        "Cohorts and funnels: retention (who of each acquisition month is active again 1, 2, 3 … months later), repeat "
        "(second order), renewal of subscriptions, cross_sell (which products are bought together, with lift), "
        "lead_to_customer (with maturity), no_show; each share with an interval. Use it for 'retention curve', "
        "'cohorts', 'come back', 'bought together', 'cross-sell', 'lead conversion by cohort', 'no-shows by'."
    )
    arguments = AnalyzeCohortsArguments

    def run(self, context: ToolContext, arguments: AnalyzeCohortsArguments) -> ToolResult:
        period = cohort_period(context, arguments)
        if arguments.dimensions and arguments.kind in ("retention", "cross_sell"):
            raise BadQuery(
                f"'{arguments.kind}' is told for everybody; repeat, lead_to_customer and no_show can be split."
            )
        if arguments.kind == "retention":
            return retention_result(context, arguments, period)
        if arguments.kind == "cross_sell":
            return pairs_result(context, arguments, period)
        return shares_result(context, arguments, period)


def cohort_period(context: ToolContext, arguments: AnalyzeCohortsArguments) -> Period:
    """The asked days, else the last twelve complete months or weeks; never beyond the last complete day."""
    organization = context.organization
    today = context.clock.today(organization.time_zone)
    calendar = Calendar(today, organization.week_start, organization.fiscal_year_start)
    if arguments.period is None:
        end = calendar.bucket(today, arguments.grain)
        return Period(step(end, arguments.grain, -12), end)
    period = context.metrics.resolve_period(arguments.period)
    if period.start >= today:
        raise BadPeriod("There is no complete day in this period yet.")
    return Period(period.start, min(period.end, today))
