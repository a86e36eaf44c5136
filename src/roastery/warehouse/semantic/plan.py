"""Plans a bound query: which aggregate of which fact over which days, and how they come together.

Every fact is aggregated at its own grain by the query's keys; only these aggregates meet, stacked and grouped again by
key (law 4). A branch is one such aggregate.
"""

from dataclasses import dataclass
from typing import Literal

from roastery.warehouse.semantic.bound import BoundFilter, BoundQuery
from roastery.warehouse.semantic.model import DATE, Fact, Measure, Window
from roastery.warehouse.semantic.query import Grain

When = Literal["now", "before"]
WHOLE = "_whole"
"""Ends the places of a window's days for a whole period; without it they are those of all its buckets."""
Measures = tuple[tuple[str, Measure], ...]


@dataclass(frozen=True)
class Branch:
    """One fact's aggregates over one period.

    number: of the fact among the facts of the plan (stocks at the start and at the end of a period count as two, and so
    do windows). measures: by id. filters: each with its number in the query. presence: counts rows by date alone, with
    filters left out, to tell "none" from "no data". window: of cumulative values; of_whole: of the whole period rather
    than of each bucket.
    """

    number: int
    when: When
    fact: Fact
    at: Literal["end", "start"]
    measures: Measures
    filters: tuple[tuple[int, BoundFilter], ...] = ()
    presence: bool = False
    window: Window | None = None
    of_whole: bool = True

    @property
    def days(self) -> str:
        """What the places of its days in the SQL are called by."""
        return self.when + (self.window.tag + (WHOLE if self.of_whole else "") if self.window else "")


@dataclass(frozen=True)
class Plan:
    """All branches of a query. keys: the columns that rows are grouped by. spine: every bucket has a row.

    totals: `rows` when the parts sum to them, `query` when they need a query of their own, `none` without keys.
    """

    bound: BoundQuery
    keys: tuple[str, ...]
    grain: Grain | None
    branches: tuple[Branch, ...]
    spine: bool
    totals: Literal["rows", "query", "none"]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(sorted({branch.number for branch in self.branches}))

    @property
    def has_before(self) -> bool:
        return self.bound.compare is not None


def plan(bound: BoundQuery, *, without_keys: bool = False) -> Plan:
    """The plan of a query, or of its totals (without keys)."""
    grain = None if without_keys else bound.grain
    keys = () if without_keys else bound.keys
    groups = _groups(bound)
    branches: list[Branch] = []
    # Whether there is data at all is asked within what may be seen and within the asked days only.
    filters = tuple(enumerate(bound.filters))
    kept = tuple((n, f) for n, f in filters if f.is_scope or f.dimension == DATE)
    periods: tuple[When, ...] = ("now",) if bound.compare is None else ("now", "before")
    for number, (fact, at, window, measures) in enumerate(groups):
        for when in periods:
            branches.append(Branch(number, when, fact, at, measures, filters, window=window, of_whole=not grain))
            if (len(kept) < len(filters) or common_conditions(measures)) and not fact.is_stock:
                branches.append(
                    Branch(number, when, fact, at, (), kept, presence=True, window=window, of_whole=not grain)
                )
    spine = bool(grain) and len(keys) == 1 and not any(f.dimension == DATE for f in bound.filters)
    return Plan(bound, keys, grain, tuple(branches), spine, _totals(bound, keys))


def common_conditions(measures: Measures) -> frozenset[str]:
    """Conditions that every measure of a branch has: they limit the rows that are read."""
    wheres = [frozenset(part.text for part in measure.where if not part.parameters) for _, measure in measures]
    return frozenset.intersection(*wheres) if wheres else frozenset()


def is_filtered(measure: Measure, common: frozenset[str]) -> bool:
    """Whether a measure counts some of the rows only that its branch reads."""
    return any(part.text not in common for part in measure.where)


def _groups(bound: BoundQuery) -> list[tuple[Fact, Literal["end", "start"], Window | None, Measures]]:
    found: dict[tuple[str, str, Window | None], list[tuple[str, Measure]]] = {}
    for name, measure in bound.measures.items():
        found.setdefault((measure.fact.name, measure.at, measure.window), []).append((name, measure))
    firsts = [(group[0][1], tuple(group)) for group in found.values()]
    return [(first.fact, first.at, first.window, group) for first, group in firsts]


def _totals(bound: BoundQuery, keys: tuple[str, ...]) -> Literal["rows", "query", "none"]:
    if not keys:
        return "none"
    over_time = bound.grain is not None
    summable = all(
        m.is_sum and not ((m.fact.is_stock or m.window) and over_time) and not _is_of_bucket(m)
        for m in bound.measures.values()
    )
    return "rows" if summable else "query"


def _is_of_bucket(measure: Measure) -> bool:
    """Whether its condition looks at the start of the row's bucket, so that buckets do not sum to the period."""
    return any(part.parameters for part in measure.where)
