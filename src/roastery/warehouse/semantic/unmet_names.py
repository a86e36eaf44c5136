"""Names that were asked for and that no row of the result carries."""

from collections.abc import Mapping, Sequence
from typing import Any

from roastery.warehouse.semantic.bound import BoundQuery
from roastery.warehouse.semantic.execute import Result
from roastery.warehouse.semantic.model import DATE, Dimension
from roastery.warehouse.semantic.values import NOT_VALUES


def names_without_rows(bound: BoundQuery, result: Result) -> list[tuple[Dimension, str]]:
    """Names in filters that nothing was found for: every name where there is no value at all, else those without a row.

    The second only of a dimension that is split by, where no row was cut off and fewer members than names were found,
    since a name of the past may stand for a member under its name of today.
    """
    is_empty = not any(row[metric.name] for row in result.rows for metric in bound.shown)
    found = []
    for item in bound.filters:
        if item.is_scope or item.op not in ("in", "eq") or item.dimension == DATE:
            continue
        dimension = bound.filtered[item.dimension]
        names = [value for value in item.values if value not in NOT_VALUES]
        if not is_empty:
            names = [] if result.truncated else _not_among(names, dimension, bound, result.rows)
        found += [(dimension, name) for name in names]
    return found


def _not_among(
    names: Sequence[str], dimension: Dimension, bound: BoundQuery, rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    if dimension.name not in bound.keys or bound.metric_filters or bound.top is not None:
        return []
    members = {str(row[dimension.name]).casefold() for row in rows}
    labels = {str(row[dimension.label_column]).casefold() for row in rows} if dimension.label_column else set()
    if len(labels or members) >= len(names):
        return []
    return [name for name in names if name.casefold() not in members | labels]
