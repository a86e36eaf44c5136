"""What credit is asked for: defaults written out, filters on conversions and on touches, what the asker may see."""

from collections.abc import Sequence

from roastery.tools.base import ToolContext
from roastery.tools.crediting import CreditArguments, JourneyArguments
from roastery.tools.definitions import dimensions_of
from roastery.tools.queries import Asked, ask
from roastery.warehouse.attribution import Weights
from roastery.warehouse.conversions import CONVERSIONS, NONE, SPLITS, Conversion
from roastery.warehouse.credited import (
    Condition,
    CreditQuery,
)
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, NotAllowed
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery

TEXT_OPS = ("in", "eq", "not_in", "ne", "contains", "starts_with", "is_null", "not_null")


def credit_query(context: ToolContext, arguments: JourneyArguments) -> tuple[CreditQuery, Asked]:
    """The question with all defaults written out, and the total that its parts must sum to.

    Errors: UnknownName, BadQuery, BadPeriod, NotAllowed, NoData, MissingRate, HistoryIncomplete.
    """
    arguments.checked()
    conversion, organization = CONVERSIONS[arguments.conversion], context.organization
    own, touch = _filters(context, conversion, arguments.filters)
    total = MetricQuery(
        metrics=(conversion.metric,),
        period=arguments.period,
        filters=tuple(f for f, _ in own),
        currency=arguments.currency,
        refund_basis="order_day" if conversion.name == "revenue" else None,
    )
    found = ask(context, total, "query_metrics")
    made = found.frame.provenance
    scope = _scope(context, conversion)
    by_touch, weights = False, Weights()
    if isinstance(arguments, CreditArguments):
        by_touch = (arguments.attribution_date or organization.attribution.date) == "touch"
        weights = arguments.weights()
    return CreditQuery(
        conversion=conversion,
        split=arguments.by,
        start=made.period.start,
        end=made.period.end,
        zone=organization.time_zone,
        currency=arguments.currency.upper() if arguments.currency else organization.currency,
        own_currency=organization.currency,
        own_window_days=organization.attribution.window_days,
        own_view_window_days=organization.attribution.view_window_days,
        window_days=arguments.attribution_window_days,
        view_window_days=arguments.view_window_days,
        by_touch=by_touch,
        weights=weights,
        conditions=(*(c for _, c in own), *scope),
        touch_conditions=touch,
    ), found


def _filters(
    context: ToolContext, conversion: Conversion, filters: Sequence[FilterSpec]
) -> tuple[list[tuple[FilterSpec, Condition]], tuple[Condition, ...]]:
    """Filters on conversions, and filters on touches. Errors: BadQuery, UnknownName, ImpossibleSplit."""
    own: list[tuple[FilterSpec, Condition]] = []
    touch: list[Condition] = []
    for spec in filters:
        name = spec.dimension
        if name is None:
            raise BadQuery("Credit is narrowed by dimensions; order or cut by a metric after it.")
        context.metrics.semantics.dimension(name)
        if spec.op not in TEXT_OPS:
            raise BadQuery(f"A filter on '{name}' takes one of: {', '.join(TEXT_OPS)}.", allowed=TEXT_OPS)
        if name in conversion.filters:
            own.append((spec, Condition(conversion.filters[name], spec.op, stored_values(context, name, spec))))
        elif name in SPLITS:
            touch.append(Condition(SPLITS[name], spec.op, stored_values(context, name, spec)))
        else:
            raise ImpossibleSplit(conversion.name, name, (*conversion.filters, *SPLITS), "nor filtered by it")
    return own, tuple(touch)


def stored_values(context: ToolContext, dimension: str, spec: FilterSpec) -> tuple[str, ...]:
    """Values as stored: a name that people use becomes its id; `none` and `unknown` are the absence of a value."""
    label = dimensions_of(context)[dimension].label_column
    found: list[str] = []
    for value in spec.values:
        if spec.op in ("in", "eq", "not_in", "ne"):
            if value in (NONE, "unknown"):
                found.append("")
                continue
            if label:
                scope = context.actor.row_scope
                known = context.metrics.dimension_values(dimension, value, 50, row_scope=scope)
                named = [v.value for v in known if v.label.lower() == value.lower() and v.value != value]
                found += named
        found.append(value)
    return tuple(dict.fromkeys(found))


def _scope(context: ToolContext, conversion: Conversion) -> tuple[Condition, ...]:
    """What the asker may see, as conditions on conversions. Errors: NotAllowed where it cannot be kept."""
    found = []
    for name, values in sorted(context.actor.row_scope.items()):
        if name not in conversion.filters:
            raise NotAllowed(
                f"You see some rows only (by {name}), and credit of {conversion.name} cannot be limited to them."
            )
        found.append(Condition(conversion.filters[name], "in", tuple(values)))
    return tuple(found)
