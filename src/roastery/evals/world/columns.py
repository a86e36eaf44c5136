"""Small steps from numpy to Arrow that every table of the world shares: money, ids, choices, ragged ranges."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from roastery.evals.world.seasons import Floats, Ints

MONEY = pa.decimal128(18, 2)


def money(cents: Ints, mask: Any = None) -> pa.Array:
    """Cents as DECIMAL(18,2) in major units; null where mask is true."""
    hundredth = pa.scalar(Decimal("0.01"))
    return pc.multiply(pa.array(cents, mask=mask).cast(pa.decimal128(19, 0)), hundredth).cast(MONEY)


def prefixed(prefix: str, numbers: Any, mask: Any = None) -> pa.Array:
    """Text ids; null where mask is true."""
    text = pa.array(np.asarray(numbers), mask=mask).cast(pa.string())
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "") if prefix else text


def opaque(prefix: str, numbers: Ints, salt: int) -> pa.Array:
    """Opaque but unique text ids: a bijective scramble of the numbers, as digits."""
    scrambled = (numbers.astype(np.uint64) * np.uint64(0x9E3779B1) + np.uint64(salt)) & np.uint64(0xFFFFFFFFFF)
    return prefixed(prefix, scrambled.astype(np.int64))


def picked(values: Sequence[Any], index: Ints, mask: Any = None) -> pa.Array:
    """values[index] as a plain array; null where mask is true."""
    return pa.array(values).take(pa.array(index, mask=mask))


def choose(rng: np.random.Generator, cumulative: Floats, rows: Ints) -> Ints:
    """One draw per row from the cumulative weights of that row's line in `cumulative` (lines × options)."""
    lines = cumulative[rows]
    return (rng.random((rows.size, 1)) * lines[:, -1:] >= lines[:, :-1]).sum(axis=1).astype(np.int64)


def ragged(counts: Ints) -> tuple[Ints, Ints]:
    """For counts [2, 0, 1]: owner [0, 0, 2] and position [0, 1, 0]."""
    owner = np.repeat(np.arange(counts.size), counts)
    return owner, np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)


def split_cents(totals: Ints, weights: Floats) -> Ints:
    """Split each total over the weights of its line (lines × parts) so that parts sum to it exactly."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    parts = np.floor(totals[:, None] * shares).astype(np.int64)
    parts[:, 0] += totals - parts.sum(axis=1)
    return parts


def rounded(values: Floats) -> Ints:
    return np.floor(values + 0.5).astype(np.int64)
