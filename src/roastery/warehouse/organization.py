"""What an organization has settled for itself: every default that changes a number."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from roastery.warehouse.channel_rules import OwnRule, checked
from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import BadQuery, UnknownName

FISCAL_WEEKS = ("", "4-4-5", "4-5-4", "5-4-4")
RefundBasis = Literal["order_day", "refund_day"]
AttributionDate = Literal["conversion", "touch"]

SOURCE_OF_TRUTH = ("order", "payment", "invoice", "deal")
"""Which record of one sale counts, best first (CONTRACTS section 8)."""


@dataclass(frozen=True)
class OwnMetric:
    """A metric that the organization defined for itself. written: its definition as JSON, as in a metric file.

    version: counts its definitions, so that a receipt can say that the metric was redefined since.
    """

    name: str
    written: str
    version: int = 1


@dataclass(frozen=True)
class Retention:
    """How many days rows of a dataset are kept, counted from their own day."""

    dataset: str
    days: int


@dataclass(frozen=True)
class AttributionDefaults:
    """Used where a query does not say otherwise (CONTRACTS section 4)."""

    model: str = "last_non_direct"
    window_days: int = 30
    view_window_days: int = 0
    date: AttributionDate = "conversion"


@dataclass(frozen=True)
class Organization:
    """One organization's settings; the id comes from the credential only (law 13).

    gmail_is_one_mailbox: dots and +tags of Gmail addresses do not tell people apart. sale_match_days and
    sale_match_minor_units: how far two systems' records of one sale may lie apart where no id joins them, in days
    and in cents (of a currency that has them); negative days match none.
    """

    id: str
    name: str
    currency: str = "USD"
    time_zone: str = "UTC"
    week_start: str = "monday"
    fiscal_year_start: int = 1
    fiscal_weeks: str = ""
    clock: str | None = None
    attribution: AttributionDefaults = field(default_factory=AttributionDefaults)
    refund_basis: RefundBasis = "order_day"
    revenue_includes: tuple[str, ...] = ()
    source_of_truth: tuple[str, ...] = SOURCE_OF_TRUTH
    gmail_is_one_mailbox: bool = True
    sale_match_days: int = 3
    sale_match_minor_units: int = 1
    channel_rules: tuple[OwnRule, ...] = ()
    channel_rules_version: int = 0
    metrics: tuple[OwnMetric, ...] = ()
    retention: tuple[Retention, ...] = ()

    def __post_init__(self) -> None:
        _check_zone(self.time_zone)
        if len(self.currency) != 3 or not self.currency.isupper():
            raise BadQuery(f"'{self.currency}' is not an ISO 4217 currency code such as USD.")
        if self.week_start not in WEEKDAYS:
            raise UnknownName("week start", self.week_start, WEEKDAYS)
        checked(self.channel_rules)
        if not 1 <= self.fiscal_year_start <= 12:
            raise BadQuery("fiscal_year_start is a month from 1 to 12.")
        if self.fiscal_weeks not in FISCAL_WEEKS:
            raise UnknownName("fiscal calendar", self.fiscal_weeks, [name for name in FISCAL_WEEKS if name])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def clock_or(self, fallback: Clock) -> Clock:
        """The process's fixed clock wins, then the organization's own, then real time."""
        return fallback if fallback.fixed_at else Clock.from_iso(self.clock)

    def with_settings(self, **changes: Any) -> Self:
        """A copy with some settings changed, checked like a new one."""
        return replace(self, **changes)


def _check_zone(name: str) -> None:
    """Errors: UnknownName. (Listing every zone takes 30 ms, so only an unknown one makes it.)"""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownName("time zone", name, available_timezones()) from None


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
