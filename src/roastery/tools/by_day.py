"""A metric by day and by the values of one dimension, all rows of it: a cut frame would end in days of nothing."""

from datetime import date

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.base import ToolContext
from roastery.warehouse.semantic.query import MetricQuery

NO_NAME = frozenset({"none", "unknown", ""})


def by_day(context: ToolContext, query: MetricQuery, first: date, days: int) -> tuple[tuple[str, ...], Floats]:
    """The values of the query's one dimension in alphabetical order, and the query's one metric.

    Shape: (days, values), counted from `first`; what has no row is zero. Rows without a value are left out.
    Errors: as of a query; BadQuery beyond two million rows.
    """
    (metric,), (dimension,) = query.metrics, query.dimensions
    rows = context.metrics.table(query, row_scope=context.actor.row_scope).rows
    coded = rows.column(dimension).combine_chunks().dictionary_encode(null_encoding="encode")
    told = [str(value or "") for value in coded.dictionary.to_pylist()]
    names = tuple(sorted({name for name in told if name not in NO_NAME}))
    place = {name: n for n, name in enumerate(names)}
    columns = np.array([place.get(name, -1) for name in told], dtype=np.int64)
    column = columns[coded.indices.to_numpy(zero_copy_only=False)] if len(told) else np.zeros(0, dtype=np.int64)
    dates = rows.column("date").cast("date32").cast("int32").to_numpy(zero_copy_only=False).astype(np.int64)
    day = dates - (first - date(1970, 1, 1)).days
    value = np.nan_to_num(rows.column(metric).cast("double").to_numpy(zero_copy_only=False))
    found = np.zeros((days, len(names)))
    inside = (column >= 0) & (day >= 0) & (day < days)
    np.add.at(found, (day[inside], column[inside]), value[inside])
    return names, found
