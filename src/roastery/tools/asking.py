"""What every analysis can be asked within: filters, currency, zone and attribution, as a MetricQuery has them."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roastery.warehouse.semantic.query import FilterSpec

Comparison = Literal["previous_period", "previous_year"]


class Asking(BaseModel):
    """The part of an analysis's arguments that narrows and converts its data."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    filters: tuple[FilterSpec, ...] = ()
    attribution_model: str | None = None
    attribution_window_days: int | None = None
    view_window_days: int | None = None
    attribution_date: Literal["conversion", "touch"] | None = None
    currency: str | None = None
    time_zone: str | None = None

    def as_asked(self) -> dict[str, Any]:
        """The fields that go into each query of the analysis."""
        return {name: getattr(self, name) for name in Asking.model_fields}

    def as_json(self) -> dict[str, Any]:
        """The arguments with what was not asked left out."""
        return self.model_dump(mode="json", exclude_defaults=True)


class KnownDays(BaseModel):
    """Days that somebody knows to be unlike others, e.g. a launch or a closure; half-open [start, end)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    start: date
    end: date

    @model_validator(mode="after")
    def _is_a_span(self) -> "KnownDays":
        if self.end <= self.start:
            raise ValueError("known days end after they start")
        return self
