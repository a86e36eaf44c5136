"""The semantic layer of one organization: MetricQuery in, MetricFrame out; every stage between can be looked at."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import BadQuery, MissingRate, NoData, NotAllowed
from roastery.warehouse.semantic import caveats, freshness
from roastery.warehouse.semantic.bound import EVERYTHING, BoundMetric, BoundQuery, Scope
from roastery.warehouse.semantic.calendar import Calendar
from roastery.warehouse.semantic.catalogue import Catalogue, catalogue_of
from roastery.warehouse.semantic.execute import Result, columns, refuse_missing_rates, result_hash, run
from roastery.warehouse.semantic.model import Semantics
from roastery.warehouse.semantic.own import semantics_of
from roastery.warehouse.semantic.prepare import Preparer
from roastery.warehouse.semantic.profile import SHELF, Profiles, WarehouseDoor
from roastery.warehouse.semantic.provenance import Explanation, provenance
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery, MetricTable, Period, PeriodSpec
from roastery.warehouse.semantic.resolve import Setting, refuse_by_role, resolve
from roastery.warehouse.semantic.unmet_names import names_without_rows
from roastery.warehouse.semantic.values import DimensionValue, dimension_values, names_of
from roastery.warehouse.state import DataState

MOST_TABLE_ROWS = 2_000_000


class SemanticLayer:
    """Asks one organization's warehouse. Light to make: files are read once a process, profiles once a build."""

    def __init__(
        self, warehouse: WarehouseDoor, clock: Clock, semantics: Semantics | None = None, role: str | None = None
    ) -> None:
        """role: whose eyes the answers are for; None for the house's own work, which sees every metric."""
        self.warehouse = warehouse
        self.clock = clock
        self.role = role
        self.semantics = semantics or semantics_of(warehouse.organization.metrics)
        self._preparer = _preparer_of(self.semantics)

    def with_hidden(self) -> "SemanticLayer":
        """The same, for the same eyes, with the parts that have no public name askable too."""
        return SemanticLayer(self.warehouse, self.clock, self._with_hidden, self.role)

    def refuse_unseen(self, names: Iterable[str]) -> None:
        """Errors: NotAllowed when one of the metrics is not for the role that asks; unknown names pass."""
        refuse_by_role(self._with_hidden, (name for name in names if name in self.semantics.metrics), self.role)

    @property
    def catalogue(self) -> Catalogue:
        """Every metric and dimension that can be asked."""
        return catalogue_of(self.semantics)

    def ask(self, query: MetricQuery, *, row_scope: Scope = EVERYTHING) -> MetricFrame:
        """The answer to a query, within what its asker may see.

        Errors: UnknownName, ImpossibleSplit, BadPeriod, BadQuery, NotAllowed, HistoryIncomplete, NoData, MissingRate.
        """
        state = self.warehouse.state()
        profiles = SHELF.profiles(self.warehouse, state.build)
        explained = self._explained(query, row_scope, state, profiles)
        bound = explained.bound
        self._refuse_without_data(bound, profiles)
        result = run(self.warehouse, bound, explained.prepared)
        result = self._without_sums_across_platforms(self._named(result, bound, profiles), bound, profiles)
        said = [
            *caveats.of_build(bound, state),
            *self._unmet_names(bound, result, row_scope),
            *explained.caveats,
            *caveats.after_asking(bound, result.rows),
            *self._companions(bound, row_scope, state, profiles),
        ]
        return MetricFrame(
            columns=result.columns,
            rows=result.rows,
            totals=result.totals,
            provenance=provenance(explained, self._feeding(bound, state), state.build, tuple(dict.fromkeys(said))),
            truncated=result.truncated,
            result_hash=result_hash(result.rows, result.totals),
            extras=_extras(bound),
        )

    def table(
        self, query: MetricQuery, *, row_scope: Scope = EVERYTHING, most_rows: int = MOST_TABLE_ROWS
    ) -> MetricTable:
        """All rows of a query as Arrow, without rounding, totals and names: what analyses compute on.

        Errors: as ask; BadQuery when there are more than `most_rows` rows.
        """
        state = self.warehouse.state()
        profiles = SHELF.profiles(self.warehouse, state.build)
        explained = self._explained(query, row_scope, state, profiles)
        bound = replace(explained.bound, limit=most_rows)
        self._refuse_without_data(bound, profiles)
        prepared = self._preparer.prepare(bound, profiles)
        refuse_missing_rates(self.warehouse, bound, prepared)
        found = self.warehouse.query(prepared.rows.sql, list(prepared.rows.parameters))
        if found.num_rows > most_rows:
            raise BadQuery(f"That is more than {most_rows:,} rows at once; split by fewer dimensions, or filter.")
        said = tuple(explained.caveats)
        return MetricTable(found, columns(bound), provenance(explained, self._feeding(bound, state), state.build, said))

    def explain(self, query: MetricQuery, *, row_scope: Scope = EVERYTHING) -> Explanation:
        """What a query means and the SQL that would run, without running it. Errors: as ask, before the data."""
        state = self.warehouse.state()
        return self._explained(query, row_scope, state, SHELF.profiles(self.warehouse, state.build))

    def resolve_period(self, spec: PeriodSpec) -> Period:
        """The days that a period means today. Errors: BadPeriod, UnknownName."""
        calendar = Calendar.of(self._today(), self.warehouse.organization)
        if spec.name == "all_time":
            profiles = SHELF.profiles(self.warehouse, self.warehouse.state().build)
            facts = [fact for fact in self.semantics.facts.values() if fact.is_daily]
            earliest, latest = profiles.bounds(facts)
            calendar = replace(calendar, earliest=earliest, latest=latest)
        return calendar.period(spec)

    def dimension_values(
        self, dimension: str, search: str = "", limit: int = 50, *, row_scope: Scope = EVERYTHING
    ) -> list[DimensionValue]:
        """The most used values of a dimension, with their names. Errors: UnknownName, NotAllowed."""

        def read() -> list[DimensionValue]:
            return dimension_values(self.warehouse, self.semantics, dimension, search, limit, row_scope)

        if search:
            return read()
        model = self.warehouse.organization.attribution.model
        key = (dimension, limit, model, tuple((name, tuple(values)) for name, values in sorted(row_scope.items())))
        return SHELF.profiles(self.warehouse, self.warehouse.state().build).listed(key, read)

    def _today(self) -> Any:
        return self.clock.today(self.warehouse.organization.time_zone)

    def _explained(self, query: MetricQuery, row_scope: Scope, state: DataState, profiles: Profiles) -> Explanation:
        history = freshness.history_since(state, self._fills)
        setting = Setting(self.semantics, self.warehouse.organization, self._today(), profiles, history, self.role)
        bound = resolve(query, setting, row_scope)
        self._refuse_sums_across_platforms(bound, profiles)
        through = freshness.complete_through(self._feeding(bound, state))
        prepared = self._preparer.prepare(bound, profiles)
        said = caveats.before_asking(bound, self.semantics, profiles, through)
        said += caveats.converted(prepared.currencies, bound.currency)
        definitions = {metric.name: self.semantics.defined(metric.name) for metric in bound.shown}
        return Explanation(bound, prepared, tuple(dict.fromkeys(said)), definitions)

    @property
    def _fills(self) -> tuple[Any, ...]:
        return tuple(getattr(self.warehouse, "fills", ()))

    def _feeding(self, bound: BoundQuery, state: DataState) -> Any:
        return freshness.feeding(state, self._fills, freshness.contracts_of(bound.facts))

    def _refuse_without_data(self, bound: BoundQuery, profiles: Profiles) -> None:
        """NoData when none of the asked metrics has any row to be computed from."""

        def has_data(metric: BoundMetric) -> bool:
            return any(profiles.has_data(fact) for fact in bound.facts_of(metric))

        if not any(has_data(metric) for metric in bound.shown):
            names = ", ".join(metric.metric.title for metric in bound.shown)
            advice = " ".join(dict.fromkeys(fact.advice for fact in bound.facts))
            raise NoData(f"There is no data yet for {names}. {advice}")

    def _refuse_sums_across_platforms(self, bound: BoundQuery, profiles: Profiles) -> None:
        if caveats.split_by_platform(bound):
            return
        for metric in bound.shown:
            facts = list(bound.facts_of(metric))
            is_refused = self.semantics.sums_across_platforms(metric.name) == "refuse"
            if is_refused and not caveats.within_one_platform(bound, facts, profiles):
                raise BadQuery(
                    f"'{metric.name}' is not summed across platforms, since each counts in its own way. Split it by "
                    "platform, or filter it to one."
                )

    def _without_sums_across_platforms(self, result: Result, bound: BoundQuery, profiles: Profiles) -> Result:
        hidden = [
            metric.name
            for metric in bound.shown
            if self.semantics.sums_across_platforms(metric.name) == "refuse"
            and not caveats.within_one_platform(bound, bound.facts_of(metric), profiles)
        ]
        kept = {name: None if name.split("__")[0] in hidden else value for name, value in result.totals.items()}
        return replace(result, totals=kept)

    def _named(self, result: Result, bound: BoundQuery, profiles: Profiles) -> Result:
        """Every value with a name; the value itself where there is none."""
        for dimension in bound.dimensions:
            label = dimension.label_column
            if label is None:
                continue
            nameless = {row[dimension.name] for row in result.rows if not row[label]}
            kept = profiles.names.setdefault(dimension.name, {})
            names = names_of(self.warehouse, dimension, nameless, kept) if nameless else {}
            for row in result.rows:
                row[label] = row[label] or names.get(row[dimension.name]) or row[dimension.name]
        return result

    def _unmet_names(self, bound: BoundQuery, result: Result, row_scope: Scope) -> list[str]:
        """Names asked for that no row carries: told, so that nobody takes the others for all that was asked."""
        found = []
        for dimension, value in names_without_rows(bound, result):
            try:
                known = self.dimension_values(dimension.name, value, 1, row_scope=row_scope)
            except NotAllowed:
                continue
            if not known:
                found.append(f"No {dimension.title.lower()} is called '{value}'.")
            elif result.rows:
                found.append(f"{known[0].label} has no rows in the period: no data, not zero.")
        return found

    def _companions(self, bound: BoundQuery, row_scope: Scope, state: DataState, profiles: Profiles) -> list[str]:
        """Figures that belong beside the asked ones: asked without keys, under the same conditions."""
        wanted = {
            name: text
            for metric in bound.shown
            for name, text in metric.metric.companions.items()
            if self.role is None or self.role in self.semantics.roles(name)
        }
        wanted |= caveats.beside_lines(bound, self.semantics)
        for name in [metric.name for metric in bound.shown]:
            wanted.pop(name, None)
        if not wanted:
            return []
        asked = bound.asked.model_copy(
            update={
                "metrics": tuple(wanted),
                "dimensions": (),
                "grain": None,
                "compare_to": None,
                "order_by": (),
                "limit": None,
                "shares": (),
                "shares_within": (),
                "top": None,
                "filters": tuple(f for f in bound.asked.filters if f.dimension),
            }
        )
        setting = Setting(self._with_hidden, self.warehouse.organization, self._today(), profiles)
        beside = resolve(asked, setting, row_scope)
        try:
            row = run(self.warehouse, beside, self._preparer.prepare(beside, profiles)).totals
        except MissingRate as error:
            # What stands beside the answer may need a rate that the answer does not.
            return [f"How much of the whole this is cannot be told. {error.message}"]
        found = [
            caveats.companion_sentence(text, beside.metric(name), row[name], bound.currency)
            for name, text in wanted.items()
        ]
        return [sentence for sentence in found if sentence]

    @property
    def _with_hidden(self) -> Semantics:
        return self.semantics.with_all_public()


def _extras(bound: BoundQuery) -> dict[str, Any]:
    """windows: by cumulative metric, what its values count besides the row's own days."""
    windows = {metric.name: caveats.window_of(metric, bound) for metric in bound.shown}
    return {"windows": {name: found[0] for name, found in windows.items() if found}}


@lru_cache(maxsize=256)
def _preparer_of(semantics: Semantics) -> Preparer:
    return Preparer(semantics)
