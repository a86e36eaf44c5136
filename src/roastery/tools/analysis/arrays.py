"""The arrays that analyses take, and what must hold of them before a method runs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from roastery.tools.analysis.errors import UnfitInput

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.ArrayLike | Sequence[Decimal]


def floats(name: str, values: Any, *, allow_gaps: bool = False, ndim: int = 1) -> Floats:
    """Read a column of numbers (Decimals included) as float64.

    Errors: UnfitInput when a value is no number, infinite, or missing where gaps are not allowed.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UnfitInput(f"'{name}' must hold numbers only.") from error
    if array.ndim != ndim:
        raise UnfitInput(f"'{name}' must have {ndim} dimension(s), not {array.ndim}.")
    if np.isinf(array).any():
        raise UnfitInput(f"'{name}' holds an infinite value.")
    if not allow_gaps and np.isnan(array).any():
        raise UnfitInput(f"'{name}' has {int(np.isnan(array).sum())} missing values; fill or leave out those rows.")
    return array


def integers(name: str, values: Any) -> Integers:
    """Read a column of whole numbers as int64."""
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    as_integers = floats(name, array).astype(np.int64) if array.dtype.kind not in "iub" else array.astype(np.int64)
    if array.dtype.kind not in "iub" and not np.array_equal(as_integers, floats(name, array)):
        raise UnfitInput(f"'{name}' must hold whole numbers.")
    return as_integers


def same_length(**columns: Sequence[Any] | npt.NDArray[Any]) -> int:
    """The common length of columns.

    Errors: UnfitInput naming the lengths when they differ.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UnfitInput(f"These columns must be of one length: {shown}.")
    return next(iter(lengths.values()), 0)


def not_negative(name: str, values: npt.NDArray[Any]) -> None:
    """Errors: UnfitInput when a value lies below zero."""
    if values.size and values.min() < 0:
        raise UnfitInput(f"'{name}' must not be negative; the smallest is {values.min():g}.")


def summed(codes: Integers, weights: npt.NDArray[Any], count: int) -> Floats:
    """Weights summed by code, 0…count−1, as float64."""
    return np.bincount(codes, weights=weights, minlength=count).astype(np.float64)
