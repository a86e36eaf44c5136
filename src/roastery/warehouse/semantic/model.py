"""The semantic model: facts, dimensions and metrics as frozen values, read once from the files of warehouse/metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from roastery.warehouse.errors import UnknownName
from roastery.warehouse.semantic.expression import Expression
from roastery.warehouse.semantic.formula import Choice, Node, is_linear, names_in
from roastery.warehouse.semantic.query import Accumulation, Grain
from roastery.warehouse.semantic.spec import (
    MATURITIES,
    ROLES,
    AcrossPlatforms,
    Aggregate,
    Direction,
    Format,
    Maturity,
    Role,
    Unit,
)

Additivity = Literal["additive", "semi_additive", "non_additive"]
DATE = "date"


@dataclass(frozen=True)
class Day:
    """How a row is placed in time. `at` wins where a query asks another zone; platform days are never re-zoned."""

    date: Expression | None
    at: Expression | None
    is_platform: bool


@dataclass(frozen=True)
class Join:
    name: str
    table: str
    key: str
    by: Expression


@dataclass(frozen=True)
class Fact:
    """A table at its own grain. base: the stored table and its time column, for the profile of the data.

    rate_on: the day of the exchange rate where it is not the row's day. stock: rows are changes that are summed from
    the beginning. none: dimensions that a row may have none of. is_daily: a day without rows is a gap in the data.
    of_period: rows are made for one whole period by a SELECT that names its days (:start, :end, :as_of, :prior_start,
    :prior_end) and the query's :zone, :currency, :organization_currency; the data has to reach back to the named one.
    """

    name: str
    title: str
    table: str | None
    sql: str | None
    base_table: str
    base_day: Day
    is_credits: bool
    contracts: tuple[str, ...]
    day: Day
    touch_day: Day | None
    rate_on: Expression | None
    currency: str | None
    none: frozenset[str]
    is_stock: bool
    is_daily: bool
    of_period: Literal["start", "prior_start", "any"] | None
    advice: str
    because: str
    joins: Mapping[str, Join]
    dimensions: Mapping[str, Expression]
    maturity: Maturity = "stays"

    def empty(self, dimension: str) -> str:
        """What a missing value is called."""
        return "none" if dimension in self.none else "unknown"


@dataclass(frozen=True)
class LabelSource:
    table: str
    key: str
    text: str
    latest: str | None


@dataclass(frozen=True)
class Dimension:
    name: str
    title: str
    definition: str
    synonyms: tuple[str, ...]
    label_column: str | None = None
    label_sources: tuple[LabelSource, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Window:
    """The days that a cumulative value counts, up to the end of its bucket. days: of a trailing one."""

    over: Accumulation
    days: int = 0

    @property
    def tag(self) -> str:
        """Names the places of its days in the SQL."""
        return f"_{self.over}{self.days or ''}"

    @property
    def unit(self) -> Grain | None:
        """The unit from whose start it counts."""
        found: dict[str, Grain] = {"month_to_date": "month", "quarter_to_date": "quarter", "year_to_date": "year"}
        return found.get(self.over)

    @property
    def said(self) -> str:
        if self.over == "trailing":
            return f"the {self.days} days up to"
        unit = self.unit
        return f"the days from the start of {f'the {unit}' if unit else 'the period'} up to"


@dataclass(frozen=True)
class Measure:
    """One aggregate over one fact; `where` are conditions that must all hold. window: of a cumulative metric."""

    fact: Fact
    aggregate: Aggregate
    of: Expression | None
    where: tuple[Expression, ...]
    is_money: bool
    without: tuple[str, ...] = ()
    at: Literal["end", "start"] = "end"
    window: Window | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells one measure from another."""
        where = " and ".join(sorted(part.text for part in self.where))
        of, window = self.of.text if self.of else "", self.window.tag if self.window else ""
        return (self.fact.name, self.aggregate, of, where, str(self.is_money), self.at, window)

    def over(self, window: Window | None) -> "Measure":
        """The same over other days; a value at the end of a period is the same over any days that end there."""
        if window is None or self.window is not None or (self.fact.is_stock and self.at == "end"):
            return self
        return replace(self, window=window)

    @property
    def is_sum(self) -> bool:
        """Whether parts by any dimension sum to the whole."""
        return self.aggregate in ("sum", "count")

    def carries(self, dimensions: frozenset[str]) -> bool:
        return all(d == DATE or (d in self.fact.dimensions and d not in self.without) for d in dimensions)

    @property
    def dimensions(self) -> frozenset[str]:
        return frozenset(self.fact.dimensions) - frozenset(self.without)


@dataclass(frozen=True)
class Metric:
    """One metric: `measures` are alternatives, best first (the first that carries the asked dimensions and has data);
    or `formula` over other metrics. window: of a cumulative metric, over whose days its formula is computed. written:
    the formula as text. drivers: the metric over what moves it."""

    name: str
    family: str
    title: str
    definition: str
    unit: Unit
    synonyms: tuple[str, ...]
    format: Format
    direction: Direction
    hidden: bool
    kind: Literal["simple", "ratio", "derived", "cumulative"]
    measures: tuple[Measure, ...] = ()
    formula: Node | None = None
    window: Window | None = None
    is_fractional: bool = False
    history: str | None = None
    across_platforms: AcrossPlatforms | None = None
    minimum_age_days: int = 0
    companions: Mapping[str, str] = field(default_factory=dict)
    caveat: str = ""
    written: str = ""
    roles: tuple[Role, ...] = ()
    maturity: Maturity | None = None
    drivers: Node | None = None
    version: int = 0


@dataclass(frozen=True, eq=False)
class Semantics:
    """Everything that can be asked."""

    facts: Mapping[str, Fact]
    dimensions: Mapping[str, Dimension]
    metrics: Mapping[str, Metric]

    def with_all_public(self) -> "Semantics":
        """The same with hidden metrics askable, for what the layer itself says beside an answer."""
        return self._all_public

    @cached_property
    def _all_public(self) -> "Semantics":
        shown = {name: replace(metric, hidden=False) for name, metric in self.metrics.items()}
        return Semantics(self.facts, self.dimensions, shown)

    def metric(self, name: str) -> Metric:
        """A metric that may be asked by name. Errors: UnknownName with the nearest one."""
        found = self.metrics.get(name)
        if found is None or found.hidden:
            raise UnknownName("metric", name, self.public)
        return found

    def dimension(self, name: str) -> Dimension:
        if name not in self.dimensions:
            raise UnknownName("dimension", name, self.dimensions)
        return self.dimensions[name]

    @cached_property
    def public(self) -> tuple[str, ...]:
        return tuple(name for name, metric in self.metrics.items() if not metric.hidden)

    def ingredients(self, name: str) -> Iterator[Metric]:
        """A metric and every metric that it is computed from."""
        metric = self.metrics[name]
        yield metric
        if metric.formula is not None:
            for part in names_in(metric.formula):
                yield from self.ingredients(part)

    def leaves(self, name: str) -> Iterator[Metric]:
        return (metric for metric in self.ingredients(name) if metric.measures)

    def allowed_dimensions(self, name: str) -> tuple[str, ...]:
        """The dimensions that every fact of a metric can carry, alone."""
        return self._allowed[name]

    @cached_property
    def _allowed(self) -> Mapping[str, tuple[str, ...]]:
        return {name: self._carried(name) for name in self.metrics}

    def _carried(self, name: str) -> tuple[str, ...]:
        metric = self.metrics[name]
        if metric.measures:
            carried = frozenset().union(*(m.dimensions for m in metric.measures))
        else:
            carried = frozenset(self.dimensions)
            formula = metric.formula
            # Of alternatives by parameter the first, the product's default, says what is allowed.
            parts = (
                [next(names_in(formula))] if isinstance(formula, Choice) else list(names_in(formula)) if formula else []
            )
            for part in parts:
                carried &= frozenset(self._carried(part))
        return tuple(d for d in self.dimensions if d in carried)

    def additivity(self, name: str) -> Additivity:
        """additive over every dimension; semi_additive over all but time; non_additive."""
        if not self._is_linear(name):
            return "non_additive"
        is_stock = any(m.fact.is_stock for leaf in self.leaves(name) for m in leaf.measures)
        is_stock = is_stock or any(part.window for part in self.ingredients(name))
        return "semi_additive" if is_stock else "additive"

    def _is_linear(self, name: str) -> bool:
        metric = self.metrics[name]
        if metric.measures:
            return all(m.is_sum for m in metric.measures)
        return metric.formula is not None and is_linear(metric.formula, self._is_linear)

    def roles(self, name: str) -> tuple[Role, ...]:
        """Who may see a metric: those that it names, else those who may see everything that it is computed from."""
        return self._roles[name]

    @cached_property
    def _roles(self) -> Mapping[str, tuple[Role, ...]]:
        return {name: self._seen_by(name) for name in self.metrics}

    def _seen_by(self, name: str) -> tuple[Role, ...]:
        metric = self.metrics[name]
        if metric.roles or metric.formula is None:
            return tuple(role for role in ROLES if role in (metric.roles or ROLES))
        limits = [self._seen_by(part) for part in names_in(metric.formula)]
        return tuple(role for role in ROLES if all(role in limit for limit in limits))

    def maturity(self, name: str) -> Maturity:
        """How the numbers of past days behave, by the least settled of what the metric is computed from."""
        found = [part.maturity or m.fact.maturity for part in self.ingredients(name) for m in part.measures] + [
            part.maturity for part in self.ingredients(name) if part.maturity
        ]
        return max((m for m in found if m), key=MATURITIES.index, default="stays")

    def defined(self, name: str) -> str:
        """A metric's definition as receipts keep it, with the versions of the organization's own ones in it."""
        own = {part.name: part.version for part in self.ingredients(name) if part.version}
        versions = ", ".join(f"{part} version {version}" for part, version in sorted(own.items()))
        return self.metrics[name].definition + (f" ({versions})" if versions else "")

    def sums_across_platforms(self, name: str) -> AcrossPlatforms | None:
        """`refuse` or `caveat` where platforms count in their own ways, taken from what the metric is computed from."""
        found = {metric.across_platforms for metric in self.ingredients(name)}
        return "refuse" if "refuse" in found else "caveat" if "caveat" in found else None
