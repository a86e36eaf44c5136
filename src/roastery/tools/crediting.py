"""What every analysis of journeys is asked with: which conversions, split by what, over which touches."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roastery.warehouse.attribution import MODELS, Weights
from roastery.warehouse.conversions import CONVERSIONS, SPLITS
from roastery.warehouse.errors import UnknownName
from roastery.warehouse.semantic.query import FilterSpec, PeriodSpec


def one_of(names: Iterable[str]) -> dict[str, Any]:
    """For a schema: the names that an argument takes. Checked when the tool runs, so that the nearest is told."""
    return {"enum": list(names)}


def known(kind: str, name: str, allowed: Iterable[str]) -> str:
    """The name itself. Errors: UnknownName with the nearest."""
    names = tuple(allowed)
    if name not in names:
        raise UnknownName(kind, name, names)
    return name


class JourneyArguments(BaseModel):
    """Which conversions, and which touches before them count."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    conversion: str = Field(
        default="revenue",
        description="Revenue (net of refunds), orders, new_customers, leads, deals (won) or bookings.",
        json_schema_extra=one_of(CONVERSIONS),
    )
    by: str = Field(default="channel", description="Who is credited.", json_schema_extra=one_of(SPLITS))
    period: PeriodSpec | None = None
    filters: tuple[FilterSpec, ...] = ()
    attribution_window_days: int | None = Field(
        default=None, description="Clicks count this many days; else each campaign's own window."
    )
    view_window_days: int | None = Field(
        default=None, description="Views count this many days; they earn nothing where a click is eligible."
    )
    currency: str | None = None

    def checked(self) -> None:
        """Errors: UnknownName."""
        known("conversion", self.conversion, CONVERSIONS)
        known("dimension to credit", self.by, SPLITS)


class CreditArguments(JourneyArguments):
    """With the settings of the rules."""

    attribution_date: Literal["conversion", "touch"] | None = None
    half_life_days: float = Field(default=7, description="Time decay: credit halves for every so many days.")
    first_weight: float = Field(default=0.4, description="Position-based: the first touch's part.")
    last_weight: float = Field(default=0.4, description="Position-based: the last touch's part.")
    milestone_weight: float = Field(default=0.3, description="W-shaped: the part of first, lead and opportunity each.")

    def weights(self) -> Weights:
        """Errors: BadQuery."""
        return Weights(self.half_life_days, self.first_weight, self.last_weight, self.milestone_weight)


def checked_models(names: Iterable[str]) -> tuple[str, ...]:
    """Errors: UnknownName with the nearest model."""
    return tuple(dict.fromkeys(known("attribution model", name, MODELS) for name in names))


class Holdout(BaseModel):
    """A test to read out: where the treatment ran (or was paused), and from when to when.

    Where it ran everywhere there are no other places to compare with, so the same weeks a year before are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    places: Literal["region", "location", "everywhere"] = "region"
    treated: tuple[str, ...] = Field(
        default=(), description="Values of `places` that were treated otherwise; none where it was everywhere."
    )
    start: date = Field(description="First day of the treatment.")
    end: date = Field(description="First day after it.")
    before_days: int = Field(default=56, ge=7, le=400, description="Days before it that are compared.")
    kind: Literal["paused", "added"] = Field(
        default="paused", description="Whether the treated places went without the marketing, or had more of it."
    )
    about: str | None = Field(default=None, description="The value of `by` that was tested: a campaign, a channel …")

    @model_validator(mode="after")
    def _says_where(self) -> "Holdout":
        if bool(self.treated) == (self.places == "everywhere"):
            raise ValueError("Name the treated places, or say that it was everywhere.")
        return self


class SpendLimit(BaseModel):
    """The least and most that may be spent on one campaign or channel a day."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    value: str
    least: Decimal | None = Field(default=None, ge=0)
    most: Decimal | None = Field(default=None, ge=0)
