"""What may stand in the files of metrics, facts and dimensions: their shape, before names are checked."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from roastery.warehouse.semantic.query import Accumulation

Unit = Literal["money", "ratio", "count", "days", "hours", "score"]
Aggregate = Literal["sum", "count", "count_distinct", "median"]
Format = Literal["money", "number", "percent", "multiple", "days", "hours", "score"]
Direction = Literal["higher", "lower", "neutral"]
AcrossPlatforms = Literal["caveat", "refuse"]
Role = Literal["owner", "admin", "analyst", "viewer"]
ROLES: tuple[Role, ...] = ("owner", "admin", "analyst", "viewer")
"""Who may ask, most trusted first; a metric that names none may be seen by all."""

Maturity = Literal["stays", "restated", "moves", "grows"]
MATURITIES: tuple[Maturity, ...] = ("stays", "restated", "moves", "grows")
"""How the number of a past day behaves: it stays; its source restates recent days; it moves with what happens later
(refunds, touches that turn up); it grows as the cohort ages. Of several parts the last of these holds."""

DEFAULT_FORMATS: dict[Unit, Format] = {
    "money": "money",
    "ratio": "percent",
    "count": "number",
    "days": "days",
    "hours": "hours",
    "score": "score",
}


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DaySpec(_Spec):
    """date: a day column or expression. at: an instant. zone `platform`: the account's own day, never re-zoned."""

    date: str | None = None
    at: str | None = None
    zone: Literal["organization", "platform"] = "organization"

    @model_validator(mode="after")
    def _has_one(self) -> "DaySpec":
        if not self.date and not self.at:
            raise ValueError("a day needs a date or an at")
        return self


class JoinSpec(_Spec):
    """A table joined on its own key, so that it never multiplies the fact's rows."""

    table: str
    key: str
    by: str


class BaseSpec(_Spec):
    """The stored table behind a fact that is a SELECT, and the column that places its rows in time."""

    table: str
    date: str | None = None
    at: str | None = None


class FactSpec(_Spec):
    title: str
    table: str | None = None
    sql: str | None = None
    base: BaseSpec | None = None
    credits: bool = False
    contracts: tuple[str, ...]
    day: DaySpec
    touch_day: DaySpec | None = None
    rate_on: str | None = None
    currency: str | None = None
    none: frozenset[str] = frozenset()
    stock: Literal["end"] | None = None
    daily: bool = False
    of_period: Literal["start", "prior_start", "any"] | None = None
    maturity: Maturity = "stays"
    advice: str
    because: str = ""
    joins: dict[str, JoinSpec] = Field(default_factory=dict)
    dimensions: dict[str, str]

    @model_validator(mode="after")
    def _has_one_source(self) -> "FactSpec":
        if bool(self.table) == bool(self.sql):
            raise ValueError("a fact is either a table or a sql")
        if self.sql and not self.base:
            raise ValueError("a fact that is a sql names its base")
        return self


class LabelSource(_Spec):
    table: str
    key: str
    text: str
    latest: str | None = None


class LabelSpec(_Spec):
    column: str
    sources: tuple[LabelSource, ...] = Field(alias="from", min_length=1)


class DimensionSpec(_Spec):
    title: str
    definition: str
    synonyms: tuple[str, ...] = ()
    label: LabelSpec | None = None
    note: str = ""


class MeasureSpec(_Spec):
    """One aggregate over one fact. without: dimensions that this reading must not be split by. at: for stocks."""

    fact: str
    aggregate: Aggregate
    of: str | None = None
    where: str | None = None
    without: tuple[str, ...] = ()
    at: Literal["end", "start"] = "end"

    @model_validator(mode="after")
    def _counts_something(self) -> "MeasureSpec":
        if (self.aggregate == "count") == bool(self.of):
            raise ValueError("count takes no `of`, every other aggregate needs one")
        return self


class RatioSpec(_Spec):
    """strict: null, not zero, where the numerator has no rows at all: what nobody paid for has no cost per anything."""

    numerator: str
    denominator: str
    scale: int | None = None
    strict: bool = False


class ChooseSpec(_Spec):
    parameter: Literal["refund_basis"]
    order_day: str
    refund_day: str


class CumulativeSpec(_Spec):
    """Another metric over the days up to the end of each bucket. days: of `trailing`."""

    metric: str
    over: Accumulation
    days: int | None = Field(default=None, ge=1, le=3660)

    @model_validator(mode="after")
    def _has_days_when_trailing(self) -> "CumulativeSpec":
        if (self.over == "trailing") != (self.days is not None):
            raise ValueError("`trailing` needs days, and nothing else takes them")
        return self


class MetricSpec(_Spec):
    """One metric; exactly one of measure, ratio, formula, choose and cumulative says how it is computed.

    drivers: the same metric as a formula over what moves it, e.g. ROAS as order rate × order value / cost per click.
    """

    title: str
    definition: str
    unit: Unit
    synonyms: tuple[str, ...] = ()
    format: Format | None = None
    direction: Direction = "higher"
    hidden: bool = False
    measure: tuple[MeasureSpec, ...] = ()
    ratio: RatioSpec | None = None
    formula: str | None = None
    choose: ChooseSpec | None = None
    drivers: str | None = None
    cumulative: CumulativeSpec | None = None
    is_fractional: bool = False
    history: Literal["sales"] | None = None
    across_platforms: AcrossPlatforms | None = None
    minimum_age_days: int = 0
    companions: dict[str, str] = Field(default_factory=dict)
    caveat: str = ""
    roles: tuple[Role, ...] = ()
    maturity: Maturity | None = None

    @field_validator("measure", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value

    @field_validator("definition")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if "\n" in value.strip() or not value.strip().endswith("."):
            raise ValueError("a definition is one line that ends with a full stop")
        return value.strip()

    @model_validator(mode="after")
    def _has_one_computation(self) -> "MetricSpec":
        ways = (self.measure, self.ratio, self.formula, self.choose, self.cumulative)
        if sum(bool(way) for way in ways) != 1:
            raise ValueError("a metric has exactly one of measure, ratio, formula, choose and cumulative")
        return self
