"""A change as leaves of dimensions: what each cell had before and has now, and the sums of every slice of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

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
    for size in range(largest, 0, -1):
        for over in combinations(range(count), size):
            if size == largest:
                codes, columns = cube.codes, (cube.actual, cube.expected, cube.weight)
            else:
                wider = next(s for s in found.values() if len(s.over) == size + 1 and set(over) < set(s.over))
                codes = np.zeros((count, len(wider.keys)), dtype=np.int64)
                codes[list(wider.over)] = slice_codes(cube, wider.over, wider.keys)
                columns = (wider.actual, wider.expected, wider.weight)
            sizes = tuple(len(cube.labels[i]) for i in over)
            keys, (actual, expected, weight) = _totals(slice_keys(cube, over, codes), sizes, columns)
            found[over] = Slices(over, keys, actual, expected, weight)
    everything = (np.array([float(column.sum())]) for column in (cube.actual, cube.expected, cube.weight))
    found[()] = Slices((), np.zeros(1, dtype=np.int64), *everything)
    return tuple(sorted(found.values(), key=lambda s: (len(s.over), s.over)))


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


def _totals(key: Integers, sizes: tuple[int, ...], columns: tuple[Floats, ...]) -> tuple[Integers, tuple[Floats, ...]]:
    """Distinct keys, ascending, and each column summed by key."""
    bound = math.prod(sizes)
    if bound <= DENSE_KEYS and bound <= 16 * len(key) + 1024:
        present = np.flatnonzero(np.bincount(key, minlength=bound))
        return present, tuple(summed(key, column, bound)[present] for column in columns)
    distinct, group = np.unique(key, return_inverse=True)
    return distinct, tuple(summed(group, column, len(distinct)) for column in columns)


def _encoded(column: Any) -> tuple[Integers, tuple[str, ...]]:
    import pandas as pd

    codes, found = pd.factorize(pd.Series(column).astype(object), use_na_sentinel=True)
    names = [str(value) for value in found]
    distinct = sorted(set(names) | ({UNKNOWN} if (codes < 0).any() else set()))
    place = {name: i for i, name in enumerate(distinct)}
    lookup = np.array([place[name] for name in names] + [place.get(UNKNOWN, 0)], dtype=np.int64)
    return lookup[codes], tuple(distinct)
