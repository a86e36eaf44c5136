"""Credit as tools need it: asked of the warehouse, checked against the total, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.tools.analysis.apportion import apportion
from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.markov import fit_markov, markov_intervals, transition_counts
from roastery.tools.analysis.paths import Paths
from roastery.tools.base import ToolContext
from roastery.tools.crediting import CreditArguments, JourneyArguments
from roastery.tools.definitions import dimensions_of, label_columns
from roastery.tools.queries import Asked, ask, told_apart
from roastery.warehouse.attribution import Weights
from roastery.warehouse.conversions import CONVERSIONS, NONE, SPLITS, UNATTRIBUTED, Conversion
from roastery.warehouse.credited import (
    BUCKETS,
    OTHER,
    Condition,
    CreditQuery,
    credits_by_key,
    days_to_convert,
    path_counts,
)
from roastery.warehouse.errors import BadQuery, ImpossibleSplit, MissingRate, NoData, NotAllowed, RoasteryError
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery
from roastery.warehouse.semantic.values import names_of

SEED = 20_26
DRAWS = 500
LEAST_SALES = 20
"""Conversions below which an interval would itself be noise."""

CONVERSION_PLACES = Decimal("0.0001")
TEXT_OPS = ("in", "eq", "not_in", "ne", "contains", "starts_with", "is_null", "not_null")


@dataclass(frozen=True)
class CreditRow:
    """What one key is credited with, in shown precision: money in minor units, counts in ten-thousandths.

    `exact` is the value before rounding; direct and paid are the parts through direct and through paid touches.
    """

    key: str
    value: Decimal
    exact: Decimal
    direct: Decimal
    paid: Decimal
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True)
class ModelCredit:
    """One model's rows, largest first, `none`, `other touches` and `unattributed` last; they sum to `total`."""

    model: str
    rows: tuple[CreditRow, ...]
    total: Decimal
    direct: Decimal
    note: str = ""

    def row(self, key: str) -> CreditRow | None:
        return next((row for row in self.rows if row.key == key), None)

    @property
    def unattributed(self) -> Decimal:
        return sum((row.value for row in self.rows if row.key == UNATTRIBUTED), Decimal(0))


@dataclass(frozen=True)
class Credited:
    """Credit under one or several models, with what proves it.

    asked: the semantic layer's total of the same conversions; names: keys as people know them; sql: what ran.
    """

    conversion: Conversion
    split: str
    asked: Asked
    query: CreditQuery
    models: Mapping[str, ModelCredit]
    names: Mapping[str, str]
    sql: str
    caveats: tuple[str, ...]


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


def credited(context: ToolContext, arguments: CreditArguments, models: Sequence[str]) -> Credited:
    """Credit of the period's conversions under each model.

    Errors: as credit_query; BadQuery where a model does not go with an argument; RoasteryError when the parts would not
    sum to the total (law 7).
    """
    query, asked = credit_query(context, arguments)
    fitted = "markov" in models
    if fitted and query.by_touch:
        raise BadQuery("Markov is fitted on conversions by their own day; ask it with attribution_date conversion.")
    if fitted and any(c.column != SPLITS[query.split] for c in query.touch_conditions):
        raise BadQuery(
            f"Markov is fitted on whole paths by {query.split}; filter by {query.split} itself, or split by it."
        )
    closed = [m for m in models if m != "markov"] or ["last_touch"]
    sql, values = credits_by_key(query, closed)
    table = context.metrics.warehouse.query(sql, values)
    if sum(table["unrated"].to_pylist()):
        raise MissingRate(
            f"Some sales have no exchange rate to {query.currency} on their day. Import fx_rates for them."
        )
    found = {model: _model_credit(query, asked, table, model) for model in closed}
    caveats: list[str] = []
    if fitted:
        found["markov"] = _markov(context, query, found[closed[0]], caveats)
        counts_sql, _ = path_counts(query)
        sql = f"{sql}\n-- paths\n{counts_sql}"
    found = {model: found[model] for model in models}
    keys = {row.key for credit in found.values() for row in credit.rows}
    return Credited(
        query.conversion,
        query.split,
        asked,
        query,
        found,
        names_of_keys(context, query.split, keys),
        sql,
        tuple(caveats),
    )


def paths_of(context: ToolContext, query: CreditQuery) -> Paths:
    """The period's paths over the keys of the split, converted or not, as counts."""
    sql, values = path_counts(query)
    table = context.metrics.warehouse.query(sql, values)
    column = table["path"].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.list_(pa.string()))
    coded = column.flatten().dictionary_encode()
    names = tuple(coded.dictionary.to_pylist())
    codes = np.asarray(coded.indices, dtype=np.int64)
    sizes = np.asarray(pa.compute.list_value_length(column), dtype=np.int64)
    direct = np.array([name == "direct" for name in names], dtype=np.bool_) if query.split == "channel" else None
    return Paths(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        channels=codes,
        names=names,
        conversions=np.asarray(table["conversions"], dtype=np.int64),
        nulls=np.asarray(table["nulls"], dtype=np.int64),
        direct=np.zeros(len(codes), dtype=np.bool_) if direct is None else direct[codes],
    )


def times_to_convert(context: ToolContext, query: CreditQuery) -> dict[str, float | None]:
    """Days from the first eligible touch to the conversion: the median, and what nine in ten stay below."""
    sql, values = days_to_convert(query)
    row = context.metrics.warehouse.query(sql, values).to_pylist()[0]
    return {"median_days": row["median_days"], "most_days": row["most_days"]}


def _model_credit(query: CreditQuery, asked: Asked, table: pa.Table, model: str) -> ModelCredit:
    import pyarrow.compute as pc

    own = table.filter(pc.equal(table["model"], model))
    money = query.conversion.unit == "money"
    value = "value" if money else "conversions"
    whole = own.filter(pc.is_null(own["bucket"])).to_pylist()
    exact = {row["key"]: Decimal(row[value]) for row in whole}
    total = _total(query, asked, exact)
    places = _places(query)
    keys = sorted(exact, key=lambda key: (_last(key), -exact[key], key))
    settled = dict(zip(keys, _settled([exact[key] for key in keys], total, places), strict=True))
    low, high = _intervals(own, value, keys, whole, model)
    by_key = {row["key"]: row for row in whole}
    direct, paid = f"direct_{value}", f"paid_{value}"
    rows = tuple(
        CreditRow(
            key,
            settled[key],
            exact[key],
            Decimal(by_key[key][direct]).quantize(places),
            # A key whose touches are all paid shows one figure, not two that differ by a rounding.
            settled[key] if by_key[key][paid] == by_key[key][value] else Decimal(by_key[key][paid]).quantize(places),
            low.get(key),
            high.get(key),
        )
        for key in keys
    )
    return ModelCredit(model, rows, total, sum((row.direct for row in rows), Decimal(0)))


def _total(query: CreditQuery, asked: Asked, exact: Mapping[str, Decimal]) -> Decimal:
    """What the parts sum to, checked against the semantic layer's own total of the same conversions."""
    summed = sum(exact.values(), Decimal(0)).quantize(_places(query))
    if query.by_touch:
        return summed
    stated = asked.frame.totals.get(query.conversion.metric)
    expected = Decimal(stated or 0).quantize(_places(query))
    tolerance = Decimal(1).scaleb(-minor_digits(query.currency)) if query.conversion.unit == "money" else Decimal(0)
    if abs(summed - expected) > tolerance:
        raise RoasteryError(
            f"Credit of {query.conversion.name} sums to {summed}, and its total is {expected}: nothing is shown rather "
            "than a wrong split."
        )
    return expected


def _places(query: CreditQuery) -> Decimal:
    if query.conversion.unit == "money":
        return Decimal(1).scaleb(-minor_digits(query.currency))
    return CONVERSION_PLACES


def _settled(exact: Sequence[Decimal], total: Decimal, places: Decimal) -> tuple[Decimal, ...]:
    """Each rounded as metrics are; where that misses the total, those nearest to the other side give way."""
    rounded = [value.quantize(places, ROUND_HALF_UP) for value in exact]
    missing = total - sum(rounded, Decimal(0))
    if not missing or not exact:
        return tuple(rounded)
    step = places if missing > 0 else -places
    nearest = sorted(range(len(exact)), key=lambda n: ((rounded[n] - exact[n]) * (1 if step > 0 else -1), n))
    for turn in range(int(abs(missing / places))):
        rounded[nearest[turn % len(nearest)]] += step
    return tuple(rounded)


def _last(key: str) -> int:
    return {NONE: 1, OTHER: 2, UNATTRIBUTED: 3}.get(key, 0)


def _intervals(
    own: pa.Table, value: str, keys: Sequence[str], whole: Sequence[Mapping[str, Any]], model: str
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """95 % bounds of each key's credit: customers' groups are drawn anew, Poisson(1) times each, with a kept seed."""
    import pyarrow.compute as pc

    parts = own.filter(pc.is_valid(own["bucket"]))
    if sum(row["sales"] for row in whole) < LEAST_SALES or not parts.num_rows:
        return {}, {}
    place = {key: n for n, key in enumerate(keys)}
    matrix = np.zeros((BUCKETS, len(keys)))
    columns = np.array([place[key] for key in parts["key"].to_pylist()])
    matrix[np.asarray(parts["bucket"], dtype=np.int64), columns] = np.asarray(parts[value].cast(pa.float64()))
    drawn = np.random.default_rng(SEED).poisson(1.0, (DRAWS, BUCKETS)).astype(np.float64) @ matrix
    bounds = np.quantile(drawn, [0.025, 0.975], axis=0)
    sold = {row["key"]: row["sales"] for row in whole}
    told = [key for key in keys if sold[key] >= LEAST_SALES]
    return tuple({key: _bound(edge[place[key]]) for key in told} for edge in bounds)  # type: ignore[return-value]


def _bound(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal("0.01"))


def _markov(context: ToolContext, query: CreditQuery, other: ModelCredit, caveats: list[str]) -> ModelCredit:
    """Credit in proportion to removal effects: all that any touch was credited with, split anew.

    Values come from `other`, any rule's credit: what has a touch and what has none is the same under every model.
    """
    places = _places(query)
    untouched = other.row(UNATTRIBUTED)
    left = untouched.value if untouched else Decimal(0)
    whole = other.total - left
    paths = paths_of(context, query)
    rest = (untouched,) if untouched else ()
    try:
        fit = fit_markov(transition_counts(paths))
    except TooLittleData as error:
        if whole:
            raise
        caveats.append(error.message)
        return ModelCredit("markov", tuple(replace(r, direct=Decimal(0)) for r in rest), other.total, Decimal(0))
    units = apportion(int(whole / places), fit.shares)
    low, high = _markov_bounds(paths, whole, caveats)
    paid = {row.key: row.paid / row.value for row in other.rows if row.value}
    rows = []
    for n, key in enumerate(fit.names):
        value = places * int(units[n])
        direct = value if key == "direct" and query.split == "channel" else Decimal(0)
        own = (value * paid.get(key, Decimal(0))).quantize(places)
        rows.append(CreditRow(key, value, value, direct, own, low.get(n), high.get(n)))
    rows.sort(key=lambda row: (_last(row.key), -row.value, row.key))
    return ModelCredit("markov", (*_shown(query, rows), *rest), other.total, sum((r.direct for r in rows), Decimal(0)))


def _markov_bounds(paths: Paths, whole: Decimal, caveats: list[str]) -> tuple[dict[int, Decimal], dict[int, Decimal]]:
    try:
        bounds = markov_intervals(paths, seed=SEED)
    except TooLittleData as error:
        caveats.append(error.message)
        return {}, {}
    if int(paths.conversions.sum()) < LEAST_SALES:
        return {}, {}

    def scaled(shares: Floats) -> dict[int, Decimal]:
        return {n: _bound(float(share) * float(whole)) for n, share in enumerate(shares)}

    low, high = scaled(bounds.lower), scaled(bounds.upper)
    # A refund period can be negative in all; then the bounds change places.
    return (low, high) if whole >= 0 else (high, low)


def _shown(query: CreditQuery, rows: Sequence[CreditRow]) -> tuple[CreditRow, ...]:
    """Rows within the filter; those outside summed in one."""
    if not query.touch_conditions:
        return tuple(rows)
    kept = [row for row in rows if all(_meets(c, row.key) for c in query.touch_conditions)]
    rest = [row for row in rows if row not in kept]
    if not rest:
        return tuple(kept)
    value, direct, paid = (sum((getattr(r, n) for r in rest), Decimal(0)) for n in ("value", "direct", "paid"))
    return (*kept, CreditRow(OTHER, value, value, direct, paid))


def _meets(condition: Condition, key: str) -> bool:
    text, values = ("" if key == NONE else key).lower(), [v.lower() for v in condition.values]
    return {
        "in": text in values, "eq": text in values, "not_in": text not in values, "ne": text not in values,
        "contains": any(v in text for v in values), "starts_with": any(text.startswith(v) for v in values),
        "is_null": not text, "not_null": bool(text),
    }[condition.op]  # fmt: skip


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


def names_of_keys(context: ToolContext, split: str, keys: set[str]) -> dict[str, str]:
    """Keys as people know them; two of one name carry where they come from."""
    label = label_columns(context, (split,)).get(split)
    real = sorted(keys - {NONE, OTHER, UNATTRIBUTED})
    if label is None:
        return {key: key for key in keys}
    dimension = context.metrics.semantics.dimension(split)
    known = names_of(context.metrics.warehouse, dimension, real, {})
    rows = [{split: key, label: known.get(key) or key} for key in real]
    named = {row[split]: row[label] for row in told_apart(rows, {split: label})}
    return {key: named.get(key, key) for key in keys}


def beside(
    context: ToolContext, found: Credited, metrics: Sequence[str], filters: Sequence[FilterSpec]
) -> dict[str, dict[str, Decimal]]:
    """Platform figures of the same period by the same keys: metric → key → value; {} where there are none.

    Only filters that platforms' reports carry are kept; with any other nothing stands beside, since it would not fit.
    """
    carried = set(SPLITS) | {"objective", "brand"}
    if any(f.dimension not in carried for f in filters):
        return {}
    period = {"start": found.query.start, "end": found.query.end}
    asked: dict[str, Any] = {
        "metrics": list(metrics), "dimensions": [found.split], "period": period, "filters": list(filters),
        "currency": found.query.currency,
    }  # fmt: skip
    try:
        frame = ask(context, MetricQuery.model_validate(asked)).frame
    except (NoData, ImpossibleSplit, NotAllowed):
        return {}
    return {
        metric: {_key(row[found.split]): Decimal(row[metric]) for row in frame.rows if row[metric] is not None}
        for metric in metrics
    }


def _key(value: Any) -> str:
    return NONE if value in (None, "", "unknown") else str(value)


def immature_from(context: ToolContext, found: Credited) -> date | None:
    """The first day of the period whose credit will still change by itself, if there is one.

    By conversion day: days that are not over or that a source does not hold whole. By touch day: also those from which
    the window reaches beyond today.
    """
    from datetime import timedelta

    query, made = found.query, found.asked.frame.provenance
    today = context.clock.today(context.organization.time_zone)
    first = today
    if made.complete_through:
        first = min(first, date.fromisoformat(made.complete_through[:10]) + timedelta(days=1))
    if query.by_touch:
        window = query.window_days if query.window_days is not None else query.own_window_days
        first = min(first, today - timedelta(days=window))
    return max(first, query.start) if first < query.end else None
