"""Rows of a dataset from columns, checked against its contract; and small steps that every company shares."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.seasons import Floats, Ints
from roastery.warehouse.contracts import contract


def dataset(name: str, columns: Mapping[str, Any]) -> pa.Table:
    """A table with these columns. Errors: UnknownName for a column that the contract does not have."""
    target = contract(name)
    for column in columns:
        target.column(column)
    return pa.table(dict(columns))


def stacked(*tables: pa.Table) -> pa.Table:
    """Tables of one dataset under each other; absent columns are null."""
    return pa.concat_tables(tables, promote_options="default").combine_chunks()


def when(mask: Any, values: pa.Array) -> pa.Array:
    """Values where mask is true, else null."""
    return pc.if_else(pa.array(np.asarray(mask)), values, pa.scalar(None, values.type))


def at(values: pa.Array | pa.ChunkedArray, index: Ints, mask: Any = None) -> pa.Array:
    """values[index]; null where mask is true."""
    flat = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    safe = np.where(mask, 0, index) if mask is not None else index
    return flat.take(pa.array(safe, mask=mask))


def draw(rng: np.random.Generator, weights: Sequence[float] | Floats, count: int) -> Ints:
    """`count` indexes drawn by weights."""
    weight = np.asarray(weights, dtype=float)
    return rng.choice(weight.size, size=count, p=weight / weight.sum())
