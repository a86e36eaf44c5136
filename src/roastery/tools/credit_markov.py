"""Credit by removal effect: paths as counts, and what any touch was credited with split anew."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

from roastery.tools.analysis.apportion import apportion
from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.markov import fit_markov, markov_intervals, transition_counts
from roastery.tools.analysis.paths import Paths
from roastery.tools.base import ToolContext
from roastery.tools.credit_rows import LEAST_SALES, SEED, CreditRow, ModelCredit, bound, place_of, places_of
from roastery.warehouse.conversions import NONE, UNATTRIBUTED
from roastery.warehouse.credited import (
    OTHER,
    Condition,
    CreditQuery,
    path_counts,
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


def markov_credit(context: ToolContext, query: CreditQuery, other: ModelCredit, caveats: list[str]) -> ModelCredit:
    """Credit in proportion to removal effects: all that any touch was credited with, split anew.

    Values come from `other`, any rule's credit: what has a touch and what has none is the same under every model.
    """
    places = places_of(query)
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
    rows.sort(key=lambda row: (place_of(row.key), -row.value, row.key))
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
        return {n: bound(float(share) * float(whole)) for n, share in enumerate(shares)}

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
