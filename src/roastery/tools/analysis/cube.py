"""A change as leaves of dimensions: what each cell had before and has now, and the sums of every slice of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from roastery.tools.analysis.arrays import Floats, Integers, Numbers, floats, not_negative, same_length, summed
from roastery.tools.analysis.errors import CannotTell, TooLittleData, UnfitInput

Kind = Literal["share", "count", "amount"]
UNKNOWN = "unknown"
# Below this many keys, sums by key need no sort.
DENSE_KEYS = 8_000_000


@dataclass(frozen=True)
class Cube:
    """Distinct leaves. `expected` is what the leaf would have now at its rate of before, so `actual − expected` is
    the change of rates alone; `weight` is the denominator now (ones where the metric is no ratio), `whole` its sum
    over all leaves (one where it is no ratio). `unmixed` is the metric now, had every leaf kept its rate.
    """

    dimensions: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    codes: Integers
    actual: Floats
    expected: Floats
    weight: Floats
    kind: Kind
    before: float
    after: float
    unmixed: float
    whole: float

    @property
    def leaves(self) -> int:
        return len(self.actual)

    @property
    def kind_of_one(self) -> bool:
        """Whether every leaf weighs one, so that weights sum to numbers of leaves."""
        return bool(np.all(self.weight == 1.0))

    def only(self, keep: Any) -> "Cube":
        """The same change without some leaves."""
        return Cube(
            self.dimensions, self.labels, self.codes[:, keep], self.actual[keep], self.expected[keep],
            self.weight[keep], self.kind, self.before, self.after, self.unmixed, self.whole,
        )  # fmt: skip


@dataclass(frozen=True)
class Slices:
    """All slices over one set of dimensions: their sums, and the key by which each is found, ascending."""

    over: tuple[int, ...]
    keys: Integers
    actual: Floats
    expected: Floats
    weight: Floats


def cube_of(
    dimensions: Mapping[str, Any],
    before: Numbers,
    after: Numbers,
    before_weight: Numbers | None = None,
    after_weight: Numbers | None = None,
    kind: Kind = "count",
) -> Cube:
    """Read one row a leaf into distinct leaves.

    Shape: one label a row and dimension (missing ones are 'unknown'); `before` and `after` are the metric, or its
    numerator when weights (its denominator) are given. Kinds: 'share' is a numerator out of a denominator of trials,
    'count' counts things, 'amount' is money or another scale without a natural unit.
    Errors: TooLittleData without rows; UnfitInput for negative values; CannotTell when a denominator sums to zero.
    """
    n0, n1 = floats("before", before), floats("after", after)
    ratio = before_weight is not None and after_weight is not None
    if not ratio and (before_weight is not None or after_weight is not None or kind == "share"):
        raise UnfitInput("A ratio needs its denominator in both periods.")
    d0 = floats("before_weight", before_weight) if ratio else np.ones(len(n0))
    d1 = floats("after_weight", after_weight) if ratio else np.ones(len(n1))
    rows = same_length(before=n0, after=n1, before_weight=d0, after_weight=d1, **dict(dimensions.items()))
    for name, column in (("before", n0), ("after", n1), ("before_weight", d0), ("after_weight", d1)):
        not_negative(name, column)
    if not rows or not dimensions:
        raise TooLittleData("There are no rows to search for the cause of a change.")
    if d0.sum() <= 0 or d1.sum() <= 0:
        raise CannotTell("The denominator of a period is zero, so the ratio does not exist there.")
    codes, labels = zip(*(_encoded(dimensions[name]) for name in dimensions), strict=True)
    sizes = tuple(len(names) for names in labels)
    if np.prod(np.array(sizes, dtype=float)) > 2**62:
        raise UnfitInput("These dimensions have too many values together; search fewer of them at once.")
    keys, (n0, n1, d0, d1) = _totals(_key(codes, sizes), sizes, (n0, n1, d0, d1))
    if kind == "share":
        n0, n1 = np.minimum(n0, d0), np.minimum(n1, d1)
    expected, weight = (_expected(n0, d0, d1, kind), d1) if ratio else (n0, np.ones(len(keys)))
    whole = float(d1.sum()) if ratio else 1.0
    before_metric = float(n0.sum() / d0.sum()) if ratio else float(n0.sum())
    return Cube(
        tuple(dimensions), tuple(labels), _unpacked(keys, sizes), n1, expected, weight, kind,
        before_metric, float(n1.sum()) / whole, float(expected.sum()) / whole, whole,
    )  # fmt: skip


def all_slices(cube: Cube, most_dimensions: int) -> tuple[Slices, ...]:
    """Sums of every slice of up to so many dimensions, fewer dimensions first: the whole stands at the head.

    Leaves are summed over the largest sets only; smaller sets are sums of those.
    """
    count = len(cube.dimensions)
    largest = min(most_dimensions, count)
    found: dict[tuple[int, ...], Slices] = {}
    begun: dict[tuple[int, ...], Integers] = {}
    for size in range(largest, 0, -1):
        for over in combinations(range(count), size):
            sizes = tuple(len(cube.labels[i]) for i in over)
            if size == largest:
                # Sets that begin alike share the key of their beginning.
                if over[:-1] not in begun:
                    begun = {over[:-1]: slice_keys(cube, over[:-1], cube.codes)}
                key = begun[over[:-1]] * sizes[-1] + cube.codes[over[-1]]
                columns = (cube.actual, cube.expected, cube.weight)
            else:
                wider = next(s for s in found.values() if len(s.over) == size + 1 and set(over) < set(s.over))
                codes = np.zeros((count, len(wider.keys)), dtype=np.int64)
                codes[list(wider.over)] = slice_codes(cube, wider.over, wider.keys)
                key, columns = slice_keys(cube, over, codes), (wider.actual, wider.expected, wider.weight)
            keys, (actual, expected, weight) = _totals(key, sizes, columns, units=size == largest and cube.kind_of_one)
            found[over] = Slices(over, keys, actual, expected, weight)
    everything = (np.array([float(column.sum())]) for column in (cube.actual, cube.expected, cube.weight))
    found[()] = Slices((), np.zeros(1, dtype=np.int64), *everything)
    return tuple(sorted(found.values(), key=lambda s: (len(s.over), s.over)))


def without(slices: Slices, part: Slices) -> Slices:
    """The sums that are left when a part of the leaves is taken out; slices that end up empty keep their key."""
    at = np.searchsorted(slices.keys, part.keys)
    left = []
    for name in ("actual", "expected", "weight"):
        whole = getattr(slices, name).copy()
        rest = whole[at] - getattr(part, name)
        # What rounding leaves of a slice that is empty now is nothing.
        whole[at] = np.where(rest > 1e-9 * whole[at], rest, 0.0)
        left.append(whole)
    return Slices(slices.over, slices.keys, *left)


def slice_keys(cube: Cube, over: tuple[int, ...], codes: Integers) -> Integers:
    """One number for each combination of the labels of some dimensions; `codes` has one row a dimension."""
    if not over:
        return np.zeros(codes.shape[1], dtype=np.int64)
    return _key([codes[i] for i in over], [len(cube.labels[i]) for i in over])


def slice_codes(cube: Cube, over: tuple[int, ...], keys: Integers) -> Integers:
    """The labels' codes behind keys, one row a dimension of `over`."""
    if not over:
        return np.zeros((0, len(keys)), dtype=np.int64)
    return _unpacked(keys, tuple(len(cube.labels[i]) for i in over))


def _key(codes: Sequence[Integers], sizes: Sequence[int]) -> Integers:
    key = np.zeros(len(codes[0]), dtype=np.int64)
    for column, size in zip(codes, sizes, strict=True):
        key = key * size + column
    return key


def _unpacked(keys: Integers, sizes: tuple[int, ...]) -> Integers:
    return np.stack(np.unravel_index(keys, sizes)).astype(np.int64)


def _expected(n0: Floats, d0: Floats, d1: Floats, kind: Kind) -> Floats:
    """Now, at the rate of before; a little of the overall rate steadies leaves that were small or absent.

    A little is half a unit, or a thousandth of a usual leaf where the denominator is money and has no unit.
    """
    overall = n0.sum() / d0.sum()
    little = 0.5 if kind != "amount" else float(d0.mean()) / 1000
    return np.asarray(d1 * (n0 + little * overall) / (d0 + little), dtype=np.float64)


def _totals(
    key: Integers, sizes: tuple[int, ...], columns: tuple[Floats, ...], *, units: bool = False
) -> tuple[Integers, tuple[Floats, ...]]:
    """Distinct keys, ascending, and each column summed by key; units: the last column is ones."""
    bound = math.prod(sizes)
    if bound <= DENSE_KEYS and bound <= 16 * len(key) + 1024:
        counts = np.bincount(key, minlength=bound)
        present = np.flatnonzero(counts)
        weighed = columns[:-1] if units else columns
        sums = [summed(key, column, bound)[present] for column in weighed]
        return present, (*sums, *([counts[present].astype(np.float64)] if units else []))
    distinct, group = np.unique(key, return_inverse=True)
    return distinct, tuple(summed(group, column, len(distinct)) for column in columns)


def _encoded(column: Any) -> tuple[Integers, tuple[str, ...]]:
    """Codes in the order of labels, and the labels; missing ones are 'unknown'."""
    found = _arrow(column).dictionary_encode()
    codes = found.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = _names(column, found.dictionary)
    distinct = sorted(set(names) | ({UNKNOWN} if found.null_count else set()))
    place = {name: i for i, name in enumerate(distinct)}
    lookup = np.array([place[name] for name in names] + [place.get(UNKNOWN, 0)], dtype=np.int64)
    return lookup[codes], tuple(distinct)


def _names(column: Any, dictionary: pa.Array) -> list[str]:
    values = dictionary.to_pylist()
    if pa.types.is_fixed_size_binary(dictionary.type):
        return [str(np.frombuffer(value, column.dtype)[0]) for value in values]
    return [str(value) for value in values]


def _arrow(column: Any) -> pa.Array:
    """A column as Arrow, numpy's text as its bytes, without a copy; one of mixed types as text."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "U" and column.dtype.itemsize and len(column):
        held = pa.py_buffer(np.ascontiguousarray(column))
        return pa.Array.from_buffers(pa.binary(column.dtype.itemsize), len(column), [None, held])
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        missing = [value is None or value != value for value in column]
        return pa.array([None if gone else str(value) for gone, value in zip(missing, column, strict=True)])
