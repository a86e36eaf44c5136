"""What the stored data looks like: days with rows, currencies, zones and platforms of a table, read once per build."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import pyarrow as pa
import sqlalchemy as sa

from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.model import Fact
from roastery.warehouse.state import DataState

LISTS_KEPT = 256
T = TypeVar("T")


class WarehouseDoor(Protocol):
    """What the semantic layer needs of a warehouse; `warehouse.engine.Warehouse` is it."""

    @property
    def organization(self) -> Organization: ...

    def query(self, statement: Any, parameters: Any = None, *, max_rows: int | None = None) -> pa.Table: ...

    def state(self) -> DataState: ...


@dataclass(frozen=True)
class Profile:
    """One stored table: the days that have rows; currencies, zones and platforms without nulls and ''.

    sampled, thresholded: hold True where some rows are a sample's, or left out where few people stand behind them.
    """

    days: frozenset[date]
    currency_days: Mapping[str, date]
    has_blank_currency: bool
    time_zones: frozenset[str]
    platforms: frozenset[str]
    sampled: frozenset[bool] = frozenset()
    thresholded: frozenset[bool] = frozenset()

    @property
    def currencies(self) -> frozenset[str]:
        return frozenset(self.currency_days)

    @cached_property
    def first(self) -> date | None:
        return min(self.days, default=None)

    @cached_property
    def last(self) -> date | None:
        return max(self.days, default=None)

    @property
    def is_empty(self) -> bool:
        return not self.days


# Columns that a table may have and whose distinct values change what can be summed.
SPREADS = {"time_zone": "time_zones", "platform": "platforms", "is_sampled": "sampled", "is_thresholded": "thresholded"}
DERIVED_WITH_CURRENCY = ("sales", "sale_refunds", "sale_lines", "attribution_credits", "predicted_values")

FITS = ("predicted_values",)
"""Tables that change between builds."""


class Profiles:
    """The profiles of one organization's tables in one build; read when first needed."""

    def __init__(self, warehouse: WarehouseDoor) -> None:
        self._warehouse = warehouse
        self._found: dict[tuple[str, str], Profile] = {}
        self.names: dict[str, dict[str, str | None]] = {}
        """By dimension the names of keys that were looked up in this build; None for those without one."""
        self._lists: OrderedDict[Hashable, list[Any]] = OrderedDict()

    def listed(self, key: Hashable, read: Callable[[], list[T]]) -> list[T]:
        """A list that only a build can change, kept under a key; the last used ones stay."""
        if key not in self._lists:
            self._lists[key] = read()
            while len(self._lists) > LISTS_KEPT:
                self._lists.popitem(last=False)
        return list(self._lists[key])

    def of(self, fact: Fact) -> Profile:
        day = fact.base_day.date or fact.base_day.at
        key = (fact.base_table, day.text if day else "")
        if fact.base_table in FITS:
            return self._read(fact)
        if key not in self._found:
            self._found[key] = self._read(fact)
        return self._found[key]

    def has_data(self, fact: Fact) -> bool:
        return not self.of(fact).is_empty

    def bounds(self, facts: Iterable[Fact]) -> tuple[date | None, date | None]:
        """The first and the last day with data of any of the facts."""
        profiles = [self.of(fact) for fact in facts]
        firsts = [p.first for p in profiles if p.first is not None]
        lasts = [p.last for p in profiles if p.last is not None]
        return min(firsts, default=None), max(lasts, default=None)

    def foreign(self, fact: Fact, currency: str) -> frozenset[str]:
        """The currencies of a fact's amounts besides the asked one; rows without one are in the organization's."""
        known = self.of(fact).currencies
        own = self._warehouse.organization.currency
        return (known | {own} if self.of(fact).has_blank_currency else known) - {currency}

    def may_lack_rates(self, fact: Fact, currency: str) -> bool:
        """Whether some amount may have no rate: rates are dense from their first day on."""
        first_days = self.of(fact).currency_days
        for other in self.foreign(fact, currency):
            since = self._rates.get((other, currency))
            if since is None or since > first_days.get(other, since):
                return True
        return False

    @property
    def last_rate_day(self) -> date | None:
        return self._rates_and_last[1]

    @property
    def _rates(self) -> Mapping[tuple[str, str], date]:
        return self._rates_and_last[0]

    @cached_property
    def _rates_and_last(self) -> tuple[Mapping[tuple[str, str], date], date | None]:
        """The first day of each pair of currencies, and the last day of all."""
        table = sa.table("fx_daily", *map(sa.column, ("rate_date", "base_currency", "quote_currency")))
        pair = (table.c.base_currency, table.c.quote_currency)
        made = sa.select(
            *pair, sa.func.min(table.c.rate_date).label("first"), sa.func.max(table.c.rate_date).label("last")
        )
        rows = self._warehouse.query(made.group_by(*pair)).to_pylist()
        since = {(row["base_currency"], row["quote_currency"]): row["first"] for row in rows}
        return since, max((row["last"] for row in rows), default=None)

    def _read(self, fact: Fact) -> Profile:
        day = fact.base_day.date or fact.base_day.at
        assert day is not None
        table = sa.table(fact.base_table)
        placed: sa.ColumnElement[Any] = sa.literal_column(day.text)
        if fact.base_day.date is None:
            placed = sa.func.timezone(self._warehouse.organization.time_zone, placed)
        placed = sa.cast(placed, sa.Date)
        spreads = [column for column in SPREADS if _has_column(fact.base_table, column)]
        columns = [sa.func.list(sa.distinct(placed)).label("days")]
        columns += [sa.func.list(sa.distinct(sa.column(c))).label(SPREADS[c]) for c in spreads]
        row = self._warehouse.query(sa.select(*columns).select_from(table)).to_pylist()[0]
        sets = {name: frozenset(value for value in row.get(name) or () if value) for name in SPREADS.values()}
        firsts = self._currency_days(table, placed) if _has_column(fact.base_table, "currency") else {}
        named = {currency: day for currency, day in firsts.items() if currency}
        return Profile(frozenset(day for day in row["days"] or () if day), named, len(named) < len(firsts), **sets)

    def _currency_days(self, table: Any, placed: sa.ColumnElement[Any]) -> dict[str, date]:
        currency: sa.ColumnElement[Any] = sa.func.coalesce(sa.column("currency"), "")
        made = sa.select(currency.label("currency"), sa.func.min(placed).label("first")).select_from(table)
        rows = self._warehouse.query(made.group_by(sa.literal_column("1"))).to_pylist()
        return {row["currency"]: row["first"] for row in rows if row["first"]}


def _has_column(table: str, column: str) -> bool:
    if table in CONTRACTS:
        return column in CONTRACTS[table].by_name
    return column == "currency" and table in DERIVED_WITH_CURRENCY


class ProfileShelf:
    """Profiles by organization and build, kept as long as the warehouses that they describe are open."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Any, dict[str, tuple[str, Profiles]]] = WeakKeyDictionary()

    def profiles(self, warehouse: WarehouseDoor, build: str) -> Profiles:
        # A Warehouse is made anew for every request; what lives as long as the data is the pool behind it.
        kept = self._kept.setdefault(getattr(warehouse, "_owner", warehouse), {})
        name = warehouse.organization.id + "|" + warehouse.organization.time_zone
        if name not in kept or kept[name][0] != build:
            kept[name] = (build, Profiles(warehouse))
        return kept[name][1]


SHELF = ProfileShelf()
