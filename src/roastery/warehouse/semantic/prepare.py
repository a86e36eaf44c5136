"""Prepares bound queries: planned and compiled, or taken from the SQL kept for their shape, with their values."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from threading import Lock

from roastery.warehouse.semantic.bound import BoundQuery
from roastery.warehouse.semantic.compile import Compiler
from roastery.warehouse.semantic.model import Semantics
from roastery.warehouse.semantic.parameters import shape_of, values_of
from roastery.warehouse.semantic.plan import Plan, plan
from roastery.warehouse.semantic.profile import Profiles
from roastery.warehouse.semantic.sources import Catalog
from roastery.warehouse.semantic.stacking import Branches
from roastery.warehouse.semantic.template import Compiled, Template, template


@dataclass(frozen=True)
class Prepared:
    """A query ready to run: its rows, its totals where they need a query of their own, and what to check before.

    currencies: those that are converted. rates: queries for amounts without a rate, where there can be any.
    """

    plan: Plan
    rows: Compiled
    totals: Compiled | None
    rates: tuple[Compiled, ...]
    currencies: frozenset[str]


@dataclass(frozen=True)
class _Templates:
    rows: Template
    totals: Template | None
    rates: tuple[Template, ...]


class Preparer:
    """Plans and compiles queries of one semantic model; SQL is kept by shape."""

    def __init__(self, semantics: Semantics, kept: int = 1_000) -> None:
        self._catalog = Catalog(semantics)
        self._branches = Branches()
        self._templates: OrderedDict[Hashable, _Templates] = OrderedDict()
        self._kept = kept
        self._lock = Lock()

    def prepare(self, bound: BoundQuery, profiles: Profiles) -> Prepared:
        """Only facts that hold other currencies than the asked one are joined with rates."""
        money = {measure.fact.name: measure.fact for measure in bound.measures.values() if measure.is_money}
        foreign = {name: profiles.foreign(fact, bound.currency) for name, fact in money.items() if fact.currency}
        gaps = any(profiles.may_lack_rates(money[name], bound.currency) for name, found in foreign.items() if found)
        conversions = {name: bool(found) for name, found in foreign.items()}
        planned = plan(bound)
        templates = self._of_shape((shape_of(bound, conversions), gaps), planned, conversions, gaps)
        values = values_of(bound, profiles.last_rate_day if any(conversions.values()) else None)
        return Prepared(
            planned,
            templates.rows.filled(values),
            templates.totals.filled(values) if templates.totals else None,
            tuple(template.filled(values) for template in templates.rates),
            frozenset().union(*foreign.values()),
        )

    def _of_shape(self, shape: Hashable, planned: Plan, conversions: Mapping[str, bool], gaps: bool) -> _Templates:
        with self._lock:
            if shape in self._templates:
                self._templates.move_to_end(shape)
                return self._templates[shape]
        made = self._compiled(planned, conversions, gaps)
        with self._lock:
            self._templates[shape] = made
            while len(self._templates) > self._kept:
                self._templates.popitem(last=False)
        return made

    def _compiled(self, planned: Plan, conversions: Mapping[str, bool], gaps: bool) -> _Templates:
        compiler = Compiler(planned, self._catalog, self._branches, conversions)
        totals = None
        if planned.totals == "query":
            chosen = compiler.chosen_keys() if planned.bound.metric_filters else None
            without_keys = plan(planned.bound, without_keys=True)
            totals = template(Compiler(without_keys, self._catalog, self._branches, conversions, chosen).select())
        rates = tuple(template(select) for select in compiler.missing_rates()) if gaps else ()
        return _Templates(template(compiler.select()), totals, rates)
