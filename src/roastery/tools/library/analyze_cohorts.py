"""analyze_cohorts: who comes back, renews, turns up, becomes a customer, and what is bought together."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from roastery.warehouse.semantic.query import PeriodSpec

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
