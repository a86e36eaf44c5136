"""What is asked and what comes back: MetricQuery and MetricFrame (CONTRACTS section 5)."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import pyarrow

Op = Literal[
    "in", "not_in", "contains", "starts_with", "is_null", "not_null", "eq", "ne", "gt", "gte", "lt", "lte", "between"
]
Grain = Literal["day", "week", "month", "quarter", "year", "fiscal_period", "fiscal_quarter", "fiscal_year"]
"""Fiscal ones are those of whole weeks (fiscal.py) where an organization has such years, else month, quarter, year."""
Accumulation = Literal["running", "month_to_date", "quarter_to_date", "year_to_date", "trailing"]


class _Asked(BaseModel):
    # Models write filter values as numbers as often as text.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class PeriodSpec(_Asked):
    """Half-open [start, end), or a name such as last_month; exactly one of the two."""

    start: date | None = None
    end: date | None = None
    name: str | None = None


class FilterSpec(_Asked):
    """A condition on a dimension (before aggregation) or on a metric (after it)."""

    dimension: str | None = None
    metric: str | None = None
    op: Op = "in"
    values: tuple[str, ...] = ()


class OrderSpec(_Asked):
    """Order by a metric, a dimension, `date` or a compare column such as `roas__change`."""

    field: str
    direction: Literal["asc", "desc"] = "asc"


class AccumulateSpec(_Asked):
    """Every value counts the days up to the end of its bucket (of the period, without a grain): from the period's start
    (running), from the start of the month, quarter or fiscal year, or the last `days` (trailing)."""

    over: Accumulation
    days: int | None = Field(default=None, ge=1, le=3660, description="How many days, for `trailing` only.")


class TopSpec(_Asked):
    """The first `n` values of a dimension over the whole period; all others together are the row `other`."""

    n: int = Field(ge=1, le=1000)
    dimension: str | None = Field(default=None, description="The first of the query's dimensions when left out.")
    by: str | None = Field(default=None, description="The metric that ranks; the first of the query when left out.")
    direction: Literal["asc", "desc"] = "desc"


class MetricQuery(_Asked):
    """One question to the semantic layer, as asked: names are not yet known to exist."""

    metrics: tuple[str, ...] = Field(min_length=1, max_length=20)
    dimensions: tuple[str, ...] = ()
    grain: Grain | None = None
    period: PeriodSpec | None = None
    compare_to: Literal["previous_period", "previous_year"] | PeriodSpec | None = None
    filters: tuple[FilterSpec, ...] = ()
    attribution_model: str | None = None
    attribution_window_days: int | None = None
    view_window_days: int | None = None
    attribution_date: Literal["conversion", "touch"] | None = None
    refund_basis: Literal["order_day", "refund_day"] | None = None
    order_by: tuple[OrderSpec, ...] = ()
    limit: int | None = Field(default=None, ge=1, le=100_000)
    currency: str | None = None
    time_zone: str | None = None
    accumulate: AccumulateSpec | None = None
    shares: tuple[str, ...] = Field(default=(), description="Metrics whose share of the total is shown beside them.")
    shares_within: tuple[str, ...] = Field(
        default=(), description="Dimensions, or `date`, within which shares sum to 1; of the whole when left out."
    )
    top: TopSpec | None = None


@dataclass(frozen=True)
class Period:
    """Half-open days [start, end) in the organization's zone, with the name that it was asked by."""

    start: date
    end: date
    name: str | None = None

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True)
class FrameColumn:
    """One column of a frame. kind: dimension, label (a dimension's display name), metric, compare, share."""

    name: str
    kind: Literal["dimension", "label", "metric", "compare", "share"]
    unit: str | None = None
    currency: str | None = None
    metric: str | None = None


@dataclass(frozen=True)
class Provenance:
    """All that a receipt says of one query (CONTRACTS section 6), besides who asked through which tool."""

    query: dict[str, Any]
    sql: str
    metric_definitions: dict[str, str]
    filters: list[dict[str, Any]]
    period: Period
    compare_period: Period | None
    currency: str | None
    fx: dict[str, Any]
    time_zone: str
    week_start: str
    attribution: dict[str, Any]
    refund_basis: str
    data_as_of: dict[str, str]
    complete_through: str | None
    trust: Literal["complete", "maturing", "unreconciled", "disputed"]
    build: str
    caveats: tuple[str, ...]


@dataclass(frozen=True)
class MetricFrame:
    """Rows keyed by column name; metric values are Decimal, int or None, dimensions str or date."""

    columns: tuple[FrameColumn, ...]
    rows: tuple[dict[str, Any], ...]
    totals: dict[str, Decimal | int | None]
    provenance: Provenance
    truncated: bool = False
    result_hash: str = ""
    extras: dict[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> FrameColumn:
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True)
class MetricTable:
    """All rows of a query as Arrow, for analyses: keys and metrics as they come out of the query, before rounding."""

    rows: "pyarrow.Table"
    columns: tuple[FrameColumn, ...]
    provenance: Provenance
