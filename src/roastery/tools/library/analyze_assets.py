"""analyze_assets: which creatives win, which tire, and what they bring for what they cost."""

from pydantic import BaseModel, ConfigDict, Field

from roastery.tools.crediting import one_of
from roastery.warehouse.semantic.query import FilterSpec, PeriodSpec

ASSET_SPLITS = ("asset", "asset_type", "tag", "age")
RATES = ("click_rate", "conversion_rate")


class AnalyzeAssetsArguments(BaseModel):
    """Assets by themselves, or by type, tag or age; compared by click rate or conversion rate."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    by: str = Field(default="asset", description="How assets are grouped.", json_schema_extra=one_of(ASSET_SPLITS))
    rate: str = Field(
        default="click_rate",
        description="What winners are told by: clicks of impressions, or conversions of clicks.",
        json_schema_extra=one_of(RATES),
    )
    period: PeriodSpec | None = None
    filters: tuple[FilterSpec, ...] = ()
    least_volume: int | None = Field(
        default=None,
        ge=1,
        description="Impressions (or clicks) below which an asset is not judged; 1,000 (100) if none.",
    )
    limit: int = Field(default=20, ge=1, le=200)
    currency: str | None = None
