"""Binds a MetricQuery: names that exist, facts that carry what is asked, days, defaults. Errors are sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from roastery.warehouse.attribution import CLOSED_FORM, FITTED
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, NotAllowed, UnknownName
from roastery.warehouse.money import CODES
from roastery.warehouse.organization import Organization
from roastery.warehouse.semantic.bound import (
    COMPARE_SUFFIXES,
    EVERYTHING,
    SHARE,
    Attribution,
    BoundFilter,
    BoundMetric,
    BoundOrder,
    BoundQuery,
    MetricFilter,
    Scope,
    Suffix,
    Top,
)
from roastery.warehouse.semantic.calendar import Calendar
from roastery.warehouse.semantic.formula import Arithmetic, Choice, Given, Name, Node, Number, Present, Total
from roastery.warehouse.semantic.model import DATE, Dimension, Fact, Measure, Metric, Semantics, Window
from roastery.warehouse.semantic.parameters import windowed
from roastery.warehouse.semantic.periods import (
    compared_period,
    refuse_part_of_period,
    refuse_young_or_early,
    resolved_period,
)
from roastery.warehouse.semantic.profile import Profiles
from roastery.warehouse.semantic.query import AccumulateSpec, FilterSpec, Grain, MetricQuery, Op

MAX_ROWS = 100_000
NUMBER_OPS: tuple[Op, ...] = ("in", "not_in", "is_null", "not_null", "eq", "ne", "gt", "gte", "lt", "lte", "between")
VALUE_COUNTS: dict[Op, tuple[int, int | None]] = {
    "in": (1, None),
    "not_in": (1, None),
    "is_null": (0, 0),
    "not_null": (0, 0),
    "between": (2, 2),
}


@dataclass(frozen=True)
class Setting:
    """What a query is bound against: one organization, on one day, with one build of its data.

    role: whose eyes the answer is for; None for the house's own.
    """

    semantics: Semantics
    organization: Organization
    today: date
    profiles: Profiles
    history_since: Mapping[str, date] = field(default_factory=dict)
    role: str | None = None


def resolve(query: MetricQuery, setting: Setting, row_scope: Scope = EVERYTHING) -> BoundQuery:
    """Bind a query. Errors: UnknownName, ImpossibleSplit, BadPeriod, BadQuery, NotAllowed, HistoryIncomplete."""
    semantics, organization = setting.semantics, setting.organization
    grain = query.grain or ("day" if DATE in query.dimensions else None)
    names = tuple(dict.fromkeys(name for name in query.dimensions if name != DATE))
    dimensions = tuple(semantics.dimension(name) for name in names)
    filters, metric_filters = _filters(query, semantics, row_scope)
    order = _order(query, semantics, names, bool(grain))
    shown = tuple(dict.fromkeys(query.metrics))
    needed = [o.name for o in order if o.kind == "metric"] + [f.metric for f in metric_filters]
    needed += [query.top.by] if query.top and query.top.by else []
    refuse_by_role(semantics, (*shown, *needed), setting.role)
    choice = Choices(query, setting, frozenset(names), filters)
    metrics = tuple(choice.bind(semantics.metric(name), name in shown) for name in dict.fromkeys((*shown, *needed)))
    refuse_odd_shares(query, semantics, names, grain)
    calendar = _calendar(setting, (measure.fact for measure in choice.measures.values()))
    grain = calendar.counted(grain)
    period, assumptions = resolved_period(query, calendar)
    compare = compared_period(query, calendar, period)
    if any(o.suffix == SHARE and o.name not in query.shares for o in order):
        raise BadQuery("Ordering by a share needs its metric among the shares.")
    if compare is None and any(o.suffix in COMPARE_SUFFIXES for o in order):
        raise BadQuery("Ordering by a change needs a compare_to.")
    refuse_young_or_early([m.metric for m in metrics], semantics, period, compare, setting.today, setting.history_since)
    periods = [period] if compare is None else [period, compare]
    facts = {measure.fact.name: measure.fact for measure in choice.measures.values()}
    refuse_part_of_period(grain, facts, periods, calendar, setting.profiles)
    time_zone = _time_zone(query.time_zone) or organization.time_zone
    bound = BoundQuery(
        asked=query,
        metrics=metrics,
        measures=choice.measures,
        dimensions=dimensions,
        filter_dimensions=tuple(semantics.dimensions[f.dimension] for f in filters if f.dimension != DATE),
        grain=grain,
        period=period,
        compare=compare,
        filters=filters,
        metric_filters=metric_filters,
        order=order,
        limit=min(query.limit or MAX_ROWS, MAX_ROWS),
        currency=_currency(query.currency) or organization.currency,
        organization_currency=organization.currency,
        time_zone=time_zone,
        organization_zone=organization.time_zone,
        is_rezoned=time_zone != organization.time_zone,
        attribution=_attribution(query, organization),
        refund_basis=query.refund_basis or organization.refund_basis,
        calendar=calendar,
        assumptions=assumptions,
        shares=tuple(dict.fromkeys(query.shares)),
        shares_within=tuple(dict.fromkeys(query.shares_within)),
        top=_top(query, dimensions, metrics),
        channel_rules_version=organization.channel_rules_version,
    )
    for window in bound.windows:
        # What counts days before the period needs data from there on.
        now, *before = [windowed(window, asked, bound, of_whole=not grain) for asked in periods]
        refuse_young_or_early(
            [m.metric for m in metrics],
            semantics,
            now,
            before[0] if before else None,
            setting.today,
            setting.history_since,
        )
    return bound


def refuse_by_role(semantics: Semantics, names: Iterable[str], role: str | None) -> None:
    """Refuse metrics that a role may not see, by name only. Errors: NotAllowed, UnknownName."""
    for name in names:
        able = semantics.roles(semantics.metric(name).name)
        if role is not None and role not in able:
            raise NotAllowed(
                f"The role '{role}' may not see '{name}'. It takes one of: {', '.join(able)}.", allowed=able
            )


class Choices:
    """Chooses for every measure the fact that carries all that the query splits, filters and limits by."""

    def __init__(
        self, query: MetricQuery, setting: Setting, split: frozenset[str], filters: tuple[BoundFilter, ...]
    ) -> None:
        self.measures: dict[str, Measure] = {}
        self._ids: dict[tuple[str, ...], str] = {}
        self._semantics = setting.semantics
        self._profiles = setting.profiles
        self._window = _window(query.accumulate)
        self._parameters = {"refund_basis": query.refund_basis or setting.organization.refund_basis}
        self._split = split
        self._asked = frozenset(f.dimension for f in filters if not f.is_scope)
        self._scope = frozenset(f.dimension for f in filters if f.is_scope)

    def bind(self, metric: Metric, shown: bool) -> BoundMetric:
        return BoundMetric(metric, self._over_measures(metric, metric), shown)

    def _over_measures(self, metric: Metric, asked: Metric) -> Node:
        if metric.formula is None:
            return Name(self._id(self._chosen(metric, asked).over(self._window)))
        # A cumulative metric's own days win over those of the query.
        outer, self._window = self._window, metric.window or self._window
        node = self._replaced(metric.formula, asked)
        self._window = outer
        return node

    def _replaced(self, node: Node, asked: Metric) -> Node:
        if isinstance(node, Name):
            return self._over_measures(self._semantics.metrics[node.name], asked)
        if isinstance(node, Arithmetic):
            return Arithmetic(node.sign, self._replaced(node.left, asked), self._replaced(node.right, asked))
        if isinstance(node, Total):
            return Total(tuple((sign, self._replaced(term, asked)) for sign, term in node.terms))
        if isinstance(node, Present):
            return Present(self._replaced(node.node, asked))
        if isinstance(node, Given):
            known = tuple(self._replaced(part, asked) for part in node.known)
            return Given(self._replaced(node.node, asked), known)
        if isinstance(node, Choice):
            return self._replaced(dict(node.options)[self._parameters[node.parameter]], asked)
        assert isinstance(node, Number)
        return node

    def _chosen(self, metric: Metric, asked: Metric) -> Measure:
        needed = self._split | self._asked | self._scope
        fitting = [measure for measure in metric.measures if measure.carries(needed)]
        if not fitting:
            self._refuse(metric, asked)
        return next((m for m in fitting if self._profiles.has_data(m.fact)), fitting[0])

    def _refuse(self, metric: Metric, asked: Metric) -> None:
        """Say what cannot be done: a scope that does not hold, a split, a filter, or a pair of them."""
        wanted = self._split | self._asked
        if self._scope and any(measure.carries(wanted) for measure in metric.measures):
            limits = ", ".join(sorted(self._scope))
            raise NotAllowed(f"You see some rows only (by {limits}), and '{asked.name}' cannot be limited to them.")
        because = next((m.fact.because for m in metric.measures if m.fact.because), "")
        allowed = self._semantics.allowed_dimensions(asked.name)
        for names, why in ((self._split, because), (self._asked, "nor filtered by it")):
            for name in sorted(names):
                if not any(measure.carries(frozenset({name})) for measure in metric.measures):
                    raise ImpossibleSplit(asked.name, name, (DATE, *allowed), why)
        together = sorted(wanted - {DATE})
        carried = next(m for m in metric.measures if m.carries(frozenset({together[0]})))
        clashing = next(name for name in together if not carried.carries(frozenset({name})))
        raise ImpossibleSplit(
            asked.name, clashing, (DATE, *carried.dimensions & frozenset(allowed)), f"together with '{together[0]}'"
        )

    def _id(self, measure: Measure) -> str:
        if measure.key not in self._ids:
            self._ids[measure.key] = f"m{len(self._ids)}"
            self.measures[self._ids[measure.key]] = measure
        return self._ids[measure.key]


def _window(spec: AccumulateSpec | None) -> Window | None:
    if spec is None:
        return None
    if (spec.over == "trailing") != (spec.days is not None):
        raise BadQuery("accumulate over 'trailing' needs its days, such as 28; nothing else takes them.")
    return Window(spec.over, spec.days or 0)


def _top(query: MetricQuery, dimensions: Sequence[Dimension], metrics: Sequence[BoundMetric]) -> Top | None:
    if query.top is None:
        return None
    if not dimensions:
        raise BadQuery("top ranks the values of a dimension: name one in dimensions.")
    name, by = query.top.dimension or dimensions[0].name, query.top.by or query.metrics[0]
    chosen = next((dimension for dimension in dimensions if dimension.name == name), None)
    if chosen is None:
        raise UnknownName("dimension of this query", name, [dimension.name for dimension in dimensions])
    ranked = next(metric for metric in metrics if metric.name == by)
    return Top(chosen, ranked, query.top.n, query.top.direction == "desc")


def refuse_odd_shares(query: MetricQuery, semantics: Semantics, names: Sequence[str], grain: Grain | None) -> None:
    """Errors: BadQuery for a share of what does not sum, UnknownName for one of a metric or a key not asked."""
    keys = (*((DATE,) if grain else ()), *names)
    for name in query.shares_within:
        if name not in keys:
            raise UnknownName("column to take shares within", name, keys)
    if query.shares and not keys:
        raise BadQuery("A share needs something to be a share of: split the query by a dimension or a grain.")
    for name in query.shares:
        if name not in query.metrics:
            raise UnknownName("metric of this query", name, query.metrics)
        additivity = semantics.additivity(name)
        over_time = additivity == "semi_additive" or query.accumulate is not None
        if additivity == "non_additive":
            raise BadQuery(f"'{name}' has no shares: its parts do not sum to a whole.")
        if over_time and grain and DATE not in query.shares_within:
            raise BadQuery(f"'{name}' does not sum over time: take its shares within 'date'.")
        if semantics.sums_across_platforms(name) == "refuse" and "platform" not in query.shares_within:
            raise BadQuery(f"'{name}' is not summed across platforms: take its shares within 'platform'.")


def _filters(
    query: MetricQuery, semantics: Semantics, row_scope: Scope
) -> tuple[tuple[BoundFilter, ...], tuple[MetricFilter, ...]]:
    dimensions: list[BoundFilter] = []
    metrics: list[MetricFilter] = []
    for spec in query.filters:
        if (spec.dimension is None) == (spec.metric is None):
            raise BadQuery("A filter names either a dimension or a metric.")
        _check_values(spec)
        if spec.dimension is not None:
            dimensions.append(_dimension_filter(spec, semantics))
        else:
            metrics.append(_metric_filter(spec, query, semantics))
    for name, values in sorted(row_scope.items()):
        semantics.dimension(name)
        dimensions.append(BoundFilter(name, "in", tuple(values), is_scope=True))
    return tuple(dimensions), tuple(metrics)


def _check_values(spec: FilterSpec) -> None:
    least, most = VALUE_COUNTS.get(spec.op, (1, 1))
    if len(spec.values) < least or (most is not None and len(spec.values) > most):
        wanted = {0: "no value", 1: "at least one value" if most is None else "one value", 2: "two values"}[least]
        raise BadQuery(f"The filter '{spec.op}' on '{spec.dimension or spec.metric}' takes {wanted}.")


def _dimension_filter(spec: FilterSpec, semantics: Semantics) -> BoundFilter:
    name = spec.dimension or ""
    if name == DATE:
        for value in spec.values:
            try:
                date.fromisoformat(value)
            except ValueError as error:
                raise BadQuery(f"'{value}' is not a date such as 2026-10-01.") from error
        if spec.op in ("contains", "starts_with"):
            raise BadQuery(f"A date cannot be filtered by '{spec.op}'.")
    else:
        semantics.dimension(name)
    return BoundFilter(name, spec.op, spec.values)


def _metric_filter(spec: FilterSpec, query: MetricQuery, semantics: Semantics) -> MetricFilter:
    name, suffix = split_suffix(spec.metric or "")
    semantics.metric(name)
    if suffix == SHARE and name not in query.shares:
        raise BadQuery(f"A filter on '{spec.metric}' needs '{name}' among the shares.")
    if suffix in COMPARE_SUFFIXES and query.compare_to is None:
        raise BadQuery(f"A filter on '{spec.metric}' needs a compare_to.")
    if spec.op not in NUMBER_OPS:
        raise BadQuery(f"'{spec.op}' is for text; a metric is filtered by {', '.join(NUMBER_OPS)}.")
    for value in spec.values:
        try:
            is_number = Decimal(value).is_finite()
        except InvalidOperation:
            is_number = False
        if not is_number:
            raise BadQuery(f"'{value}' is not a number to compare '{name}' with.")
    return MetricFilter(name, suffix, spec.op, spec.values)


def split_suffix(field_name: str) -> tuple[str, Suffix]:
    """A column's metric and what it says of it.

    >>> split_suffix("roas__change_ratio")
    ('roas', '__change_ratio')
    """
    for suffix in sorted((*COMPARE_SUFFIXES, SHARE), key=len, reverse=True):
        if field_name.endswith(suffix):
            return field_name.removesuffix(suffix), suffix
    return field_name, ""


def _order(query: MetricQuery, semantics: Semantics, names: tuple[str, ...], has_date: bool) -> tuple[BoundOrder, ...]:
    labels = {semantics.dimensions[n].label_column: n for n in names if semantics.dimensions[n].label_column}
    keys = (*((DATE,) if has_date else ()), *names)
    found: list[BoundOrder] = []
    for spec in query.order_by:
        down = spec.direction == "desc"
        metric, suffix = split_suffix(spec.field)
        if spec.field in keys:
            found.append(BoundOrder("key", spec.field, descending=down))
        elif spec.field in labels:
            found.append(BoundOrder("label", spec.field, descending=down))
        elif metric in semantics.public:
            found.append(BoundOrder("metric", metric, suffix, down))
        else:
            raise UnknownName("field to order by", spec.field, (*keys, *filter(None, labels), *query.metrics))
    if not found and not has_date:
        found.append(BoundOrder("metric", query.metrics[0], "", True))
    return tuple(found)


def _calendar(setting: Setting, facts: Iterable[Fact]) -> Calendar:
    earliest, latest = setting.profiles.bounds(facts)
    return replace(Calendar.of(setting.today, setting.organization), earliest=earliest, latest=latest)


def _time_zone(name: str | None) -> str | None:
    if not name:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        from zoneinfo import available_timezones

        raise UnknownName("time zone", name, available_timezones()) from error
    return name


def _currency(code: str | None) -> str | None:
    if not code:
        return None
    if code.upper() not in CODES:
        raise UnknownName("currency", code, CODES)
    return code.upper()


def _attribution(query: MetricQuery, organization: Organization) -> Attribution:
    defaults = organization.attribution
    model = query.attribution_model or defaults.model
    if model in FITTED:
        raise BadQuery(
            f"'{model}' is fitted on all paths of a period; run_attribution does that. A query takes one of: "
            f"{', '.join(CLOSED_FORM)}.",
            allowed=CLOSED_FORM,
        )
    if model not in CLOSED_FORM:
        raise UnknownName("attribution model", model, (*CLOSED_FORM, *FITTED))
    for what, days in (("window", query.attribution_window_days), ("view window", query.view_window_days)):
        if days is not None and not 0 <= days <= 90:
            raise BadQuery(f"An attribution {what} lies between 0 and 90 days; {days} does not.")
    return Attribution(
        model, query.attribution_window_days, query.view_window_days, query.attribution_date or defaults.date
    )
