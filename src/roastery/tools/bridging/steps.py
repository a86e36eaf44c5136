# ruff: noqa: S608 (names in SQL come from code)
"""A bridge: the screen's number, then the same count under one definition after another, until it is ours.

Each step changes one definition, so a line is the difference of two counts and the lines sum to the whole difference;
what no step explains is the residual, the last line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from roastery.warehouse.money import minor_digits

VIEWS = "reported_view_conversions"
REPORTED_NOW = "reported_now"
RESIDUAL = "residual"


@dataclass(frozen=True)
class Level:
    """One count under one definition. name: the line that leads to it; said: what differs from the level before.

    is_first: the chain begins here, with no line of its own.
    """

    name: str
    said: str
    value: Decimal
    sql: str
    is_first: bool = False


@dataclass(frozen=True)
class Taken:
    """A line that is a number of its own: what the screen counts and we do not."""

    name: str
    said: str
    value: Decimal
    sql: str


@dataclass(frozen=True)
class Note:
    """A figure that explains but is no line. metric: what it is called among facts."""

    metric: str
    value: Decimal
    unit: str = "count"


@dataclass(frozen=True)
class Bridge:
    """All that is known between one screen and our number.

    kind: platform or source; system: its name. theirs, ours: the metrics of both ends. stated: what the asker read off
    the screen; recorded: what the screen's own data says here. unknown: sentences on what the data cannot tell.
    matches: the level that the stated number equals, if any.
    """

    kind: str
    system: str
    theirs_metric: str
    ours_metric: str
    recorded: Decimal
    ours: Decimal
    unit: str
    currency: str | None
    levels: tuple[Level, ...]
    taken: tuple[Taken, ...] = ()
    stated: Decimal | None = None
    notes: tuple[Note, ...] = ()
    unknown: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    recorded_sql: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def start(self) -> Decimal:
        return self.recorded if self.stated is None else self.stated

    @property
    def lines(self) -> list[tuple[str, str, Decimal]]:
        """(name, said, value) of every line but the residual."""
        found = []
        if self.stated is not None:
            found.append((REPORTED_NOW, "what it holds here now, beside your number", self.recorded - self.stated))
        found += [(t.name, t.said, -t.value) for t in self.taken]
        before: Level | None = None
        for level in self.levels:
            if before is not None:
                found.append((level.name, level.said, level.value - before.value))
            before = level
        return found

    def rows(self) -> list[dict[str, Any]]:
        """What a rerun compares: both ends, every line, the residual."""
        found = [{"key": f"{self.system}: their number", "value": self.start}]
        found += [{"key": f"{self.system}: {name}", "value": value} for name, _, value in self.lines]
        found.append({"key": f"{self.system}: {RESIDUAL}", "value": self.residual})
        return [*found, {"key": f"{self.system}: our number", "value": self.ours}]

    def statements(self) -> list[str]:
        """Each count's own SQL, named."""
        parts = [(part.name, part.sql) for part in self.taken] + [(part.name, part.sql) for part in self.levels]
        return [f"-- {self.system}: {name}\n{sql}" for name, sql in parts]

    @property
    def residual(self) -> Decimal:
        """What is left of the difference."""
        return self.ours - self.start - sum((value for _, _, value in self.lines), Decimal(0))

    @property
    def matches(self) -> str | None:
        """What the stated number is exactly, in words; None where it is none of the counts."""
        if self.stated is None or self.stated == self.recorded:
            return None
        taken = self.recorded - sum((t.value for t in self.taken), Decimal(0))
        counts = [("without view-through", taken)] if self.taken else []
        counts += [(f"up to “{level.said}”", level.value) for level in self.levels if not level.is_first]
        return next((said for said, value in counts if value == self.stated), None)


def rounded(value: Decimal | int | None, unit: str, currency: str | None) -> Decimal:
    """A sum in the precision of its unit: minor units of money, counts as they are; nothing is zero."""
    exact = Decimal(value or 0)
    if unit == "money" and currency:
        return exact.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP)
    whole = exact.to_integral_value()
    return whole if exact == whole else exact.normalize()


@dataclass(frozen=True)
class Part:
    """One level before it is counted: a column of values of a named query, under a condition."""

    name: str
    said: str
    source: str
    condition: str
    value: str = "value"


def counted(prelude: str, parts: Sequence[Part]) -> tuple[str, list[str]]:
    """One statement that counts every part at once, and each part's own statement. Rows: level, value."""
    own = [f"SELECT sum({p.value}) AS value FROM {p.source} WHERE {p.condition}" for p in parts]
    both = "\nUNION ALL\n".join(
        f"SELECT '{p.name}' AS level, CAST(sum({p.value}) AS DECIMAL(38,9)) AS value FROM {p.source} "
        f"WHERE {p.condition}"
        for p in parts
    )
    return f"{prelude}\n{both}", [f"{prelude}\n{sql}" for sql in own]


def converted(amount: str, table: str, day: str, currency: str) -> tuple[str, str]:
    """(the amount in a currency, the join that it needs): the rate of the row's own day (law 5)."""
    value = (
        f"CASE WHEN {table}.currency = '{currency}' THEN CAST({amount} AS DECIMAL(38,18)) "
        f"ELSE CAST({amount} AS DECIMAL(26,6)) * fx.rate END"
    )
    join = (
        f"LEFT JOIN fx_daily fx ON fx.rate_date = {day} AND fx.base_currency = {table}.currency "
        f"AND fx.quote_currency = '{currency}'"
    )
    return value, join
