"""run_attribution: who is credited with revenue, orders, new customers, leads, deals or bookings, under one model."""

from pydantic import Field

from roastery.tools.crediting import CreditArguments, one_of
from roastery.warehouse.attribution import MODELS


class RunAttributionArguments(CreditArguments):
    """One model; the organization's own where none is named."""

    attribution_model: str | None = Field(default=None, json_schema_extra=one_of(MODELS))
    limit: int = Field(default=20, ge=1, le=200, description="How many to show; the rest are summed.")
