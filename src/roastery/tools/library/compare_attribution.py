"""compare_attribution: what platforms report, each model and what was caused, side by side."""

from decimal import Decimal

from pydantic import Field

from roastery.tools.crediting import CreditArguments, Holdout
from roastery.warehouse.attribution import MODELS


class CompareAttributionArguments(CreditArguments):
    """Which models, and where a decision turns."""

    attribution_models: tuple[str, ...] = Field(
        default=(),
        description="All nine when left out.",
        json_schema_extra={"items": {"type": "string", "enum": list(MODELS)}},
    )
    break_even: Decimal = Field(
        default=Decimal(1), gt=0, description="Revenue per unit of spend (or spend per conversion) where it pays."
    )
    holdout: Holdout | None = Field(default=None, description="A geo holdout to read out beside the models.")
    limit: int = Field(default=12, ge=1, le=100)
