"""recommend_budget: what more or less spend would bring, and which reallocation is worth making."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.crediting import SpendLimit, one_of
from roastery.warehouse.semantic.query import PeriodSpec

BUDGET_SPLITS = ("campaign", "channel", "platform")
OBJECTIVES = ("revenue", "new_customers")


class RecommendBudgetArguments(BaseModel):
    """Between what to reallocate, for what, and within which bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    by: str = Field(
        default="campaign", description="Between what money is moved.", json_schema_extra=one_of(BUDGET_SPLITS)
    )
    objective: str = Field(
        default="revenue",
        description="What it shall bring more of: revenue, or new_customers (which lowers CAC).",
        json_schema_extra=one_of(OBJECTIVES),
    )
    period: PeriodSpec | None = Field(default=None, description="The history to learn from; two years when left out.")
    budget: Decimal | None = Field(
        default=None, gt=0, description="Money a day to spend in all; today's when left out."
    )
    most_change: float = Field(
        default=0.3, gt=0, le=1, description="How far each may move, as a share of what is spent on it today."
    )
    limits: tuple[SpendLimit, ...] = Field(default=(), max_length=50)
    margin_rate: float = Field(
        default=1, gt=0, le=1, description="Margin of a unit of revenue; a changed budget must earn its cost in margin."
    )
    currency: str | None = None
