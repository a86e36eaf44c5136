"""The leaves of a change: what a metric was and is in every cell of the dimensions that are searched for its cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.cube import Kind
from roastery.tools.base import ToolContext
from roastery.tools.definitions import dimensions_of, metrics_of, parts_of_ratio, with_parts
from roastery.tools.queries import Asked
from roastery.warehouse.errors import ImpossibleSplit, UnknownName
from roastery.warehouse.semantic.query import MetricQuery

OF_TIME = frozenset({"cohort_month"})
"""Dimensions that move with the calendar: a new month's cohort explains every change, and none."""
MOST_LEAVES, MOST_SUMS = 1_000_000, 30_000_000
NO_NAMES, MOST_NAMELESS = ("unknown", "none", ""), 0.5
# Slices that do not sum to the whole within this share are those of a part of it (lines without sales …).
LEAST_COVERED = 0.995


@dataclass(frozen=True)
class Leaves:
    """One entry a leaf; `before_weight` and `after_weight` are denominators of a ratio, None of a sum."""

    dimensions: dict[str, list[str]]
    before: Floats
    after: Floats
    before_weight: Floats | None
    after_weight: Floats | None
    kind: Kind

    @property
    def has_negatives(self) -> bool:
        return bool(min(self.before.min(initial=0.0), self.after.min(initial=0.0)) < 0)


def searched_dimensions(context: ToolContext, metric: str, asked: Sequence[str]) -> tuple[str, ...]:
    """The dimensions to search: the asked ones, else all of the metric that mean the same in both periods.

    Errors: UnknownName and ImpossibleSplit for an asked dimension.
    """
    allowed = metrics_of(context)[metric].dimensions
    for name in asked:
        if name not in dimensions_of(context):
            raise UnknownName("dimension", name, dimensions_of(context))
        if name not in allowed:
            raise ImpossibleSplit(metric, name, allowed)
    if asked:
        return tuple(dict.fromkeys(asked))
    known = context.metrics.semantics.dimensions
    return together(context, metric, [d for d in allowed if d not in OF_TIME and not known[d].note])


def together(context: ToolContext, metric: str, dimensions: Sequence[str]) -> tuple[str, ...]:
    """Those of some dimensions that can be split by at once, each kept that goes with those before it."""
    semantics = context.metrics.semantics
    leaves = list(semantics.leaves(metric))
    kept: list[str] = []
    for name in dimensions:
        wanted = frozenset((*kept, name))
        if all(any(measure.carries(wanted) for measure in leaf.measures) for leaf in leaves):
            kept.append(name)
    return tuple(kept)


def leaves_of(context: ToolContext, asked: Asked, metric: str, dimensions: Sequence[str]) -> Leaves | None:
    """The leaves over the dimensions that vary; None where their sums are not those of the whole.

    asked: the metric's totals in both periods, as they were asked.
    """
    ratio = parts_of_ratio(context, metric)
    names = ratio.names if ratio else (metric,)
    query = asked.query.model_copy(
        update={"metrics": names, "dimensions": tuple(dimensions), "order_by": (), "limit": None}
    )
    rows = _varied(with_parts(context, names), query)
    columns = {c: rows[c] for c in rows if c not in names and not c.endswith("__previous")}
    figures = {c: np.nan_to_num(np.asarray(rows[c], dtype=np.float64)) for c in rows if c not in columns}
    if any(not _covers(asked, name, figures[name], figures[f"{name}__previous"]) for name in names):
        return None
    unit = metrics_of(context)[metric].unit if not ratio else None
    if ratio is None:
        return Leaves(columns, figures[f"{metric}__previous"], figures[metric], None, None,
                      "count" if unit == "count" else "amount")  # fmt: skip
    above, below = ratio.names
    kind: Kind = "share" if _is_share(context, names, figures) else _kind(context, above)
    return Leaves(columns, figures[f"{above}__previous"], figures[above], figures[f"{below}__previous"],
                  figures[below], kind)  # fmt: skip


def _varied(context: ToolContext, query: MetricQuery) -> dict[str, Any]:
    """Columns of the rows over the dimensions that have more than one value, fewer where they are too many."""
    found = context.metrics.table(query, row_scope=context.actor.row_scope).rows
    metrics = [c for c in found.column_names if c.removesuffix("__previous") in query.metrics]
    distinct = {d: len(found.column(d).unique()) for d in query.dimensions}
    kept = [d for d in query.dimensions if distinct[d] > 1 and _is_told(found, d, metrics)]
    kept = kept or list(query.dimensions[:1])
    while len(kept) > 1 and found.num_rows * _sets(len(kept)) > MOST_SUMS:
        kept.remove(max(kept, key=lambda d: distinct[d]))
    return {
        **{d: ["unknown" if v is None else v for v in found.column(d).to_pylist()] for d in kept},
        **{c: found.column(c).cast("double").to_numpy(zero_copy_only=False) for c in metrics},
    }


def _is_told(found: Any, dimension: str, metrics: Sequence[str]) -> bool:
    """Whether the values of a dimension are known for most of every metric; else it only tells facts apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nameless = pc.fill_null(pc.is_in(found.column(dimension), pa.array(NO_NAMES)), True)
    for name in metrics:
        sizes = pc.abs(pc.fill_null(found.column(name).cast("double"), 0.0))
        whole = pc.sum(sizes).as_py() or 0.0
        if whole and (pc.sum(pc.filter(sizes, nameless)).as_py() or 0.0) > MOST_NAMELESS * whole:
            return False
    return True


def _sets(count: int) -> int:
    """Sets of up to three dimensions."""
    return count + count * (count - 1) // 2 + count * (count - 1) * (count - 2) // 6


def _covers(asked: Asked, name: str, after: Floats, before: Floats) -> bool:
    totals = asked.frame.totals
    for total, column in ((totals.get(name), after), (totals.get(f"{name}__previous"), before)):
        whole = float(total or 0)
        if abs(float(column.sum()) - whole) > (1 - LEAST_COVERED) * max(abs(whole), 1e-9):
            return False
    return True


def _kind(context: ToolContext, name: str) -> Kind:
    return "count" if context.metrics.semantics.metrics[name].unit == "count" else "amount"


def _is_share(context: ToolContext, names: Sequence[str], figures: dict[str, Floats]) -> bool:
    """Whether the numerator counts some of what the denominator counts."""
    above, below = names
    if any(_kind(context, name) != "count" for name in names):
        return False
    return all(bool((figures[above + s] <= figures[below + s]).all()) for s in ("", "__previous"))
