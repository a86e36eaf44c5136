"""Splitting whole units so that the parts sum to the whole: the largest-remainder rule (Hamilton, 1792)."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers, not_negative, same_length
from roastery.tools.analysis.errors import UnfitInput


def apportion(total: int, weights: Floats) -> Integers:
    """Split whole units in proportion to weights; the first of equal remainders is served first.

    >>> apportion(100, np.array([1.0, 1.0, 1.0]))
    array([34, 33, 33])
    """
    if len(weights) == 0:
        if total:
            raise UnfitInput(f"{total} units cannot be split over nothing.")
        return np.zeros(0, dtype=np.int64)
    return apportion_rows(np.array([total], dtype=np.int64), np.array([0, len(weights)], dtype=np.int64), weights)


def apportion_rows(totals: Integers, offsets: Integers, weights: Floats) -> Integers:
    """Split each row's whole units over its own segment of weights.

    Shape: row i owns weights[offsets[i]:offsets[i + 1]]; one integer a weight comes back. Rows without weights must
    total zero. Negative totals split like their opposites, so a refund mirrors its sale.
    Errors: UnfitInput when a row with units has no weight above zero.
    """
    sizes = np.diff(offsets)
    same_length(totals=totals, rows=sizes)
    not_negative("weights", weights)
    row = np.repeat(np.arange(len(totals)), sizes)
    mass = np.bincount(row, weights=weights, minlength=len(totals))
    if np.any((mass <= 0) & (totals != 0)):
        raise UnfitInput("Units cannot be split where every weight is zero.")
    sign = np.sign(totals)
    share = weights / np.where(mass > 0, mass, 1.0)[row]
    exact = np.abs(totals)[row] * share
    units = np.floor(exact).astype(np.int64)
    short = np.abs(totals) - np.bincount(row, weights=units, minlength=len(totals)).astype(np.int64)
    units += _one_more(exact - units, short, row, offsets)
    return np.asarray(units * sign[row], dtype=np.int64)


def _one_more(remainder: Floats, short: Integers, row: Integers, offsets: Integers) -> Integers:
    """One unit for the `short` largest remainders of each row; minus one for the smallest where floats overshot."""
    # Remainders are compared after rounding, so that equal shares stay equal whatever the order of summation.
    order = np.lexsort((np.arange(len(row)), -np.round(remainder, 9), row))
    rank = np.empty(len(row), dtype=np.int64)
    rank[order] = np.arange(len(row)) - offsets[row[order]]
    behind = np.diff(offsets)[row] - 1 - rank
    return (rank < short[row]).astype(np.int64) - (behind < -short[row]).astype(np.int64)


def settle(parts: Sequence[float] | Floats, total: Decimal, quantum: Decimal) -> tuple[Decimal, ...]:
    """Round parts to multiples of `quantum` so that they sum to `total` (itself rounded) exactly.

    No part moves by more than one quantum unless the parts did not sum to the total in the first place.

    >>> settle([0.333, 0.333, 0.334], Decimal("1"), Decimal("0.1"))
    (Decimal('0.3'), Decimal('0.3'), Decimal('0.4'))
    """
    units = int((total / quantum).to_integral_value(ROUND_HALF_EVEN))
    if not len(parts):
        if units:
            raise UnfitInput(f"{total} cannot be split over nothing.")
        return ()
    exact = [Decimal(float(part)) / quantum for part in parts]
    whole = [int(value.to_integral_value("ROUND_FLOOR")) for value in exact]
    everyone, short = divmod(units - sum(whole), len(whole))
    by_remainder = sorted(range(len(whole)), key=lambda i: (whole[i] - exact[i], i))
    for place, i in enumerate(by_remainder):
        whole[i] += everyone + (place < short)
    return tuple(quantum * unit for unit in whole)
