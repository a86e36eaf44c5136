"""Where a change came from: the simplest slice, over up to three dimensions, that explains it.

Every slice is scored by the likelihood ratio of "this slice has a rate of its own now" against "its rate is what it
was", at today's mix. The best one is then widened, dimension by dimension, as long as what it takes in moved too: a
cause that holds for all devices should not be told as one of a device. Likelihood-ratio scans: Kulldorff 1997.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, log, sqrt
from typing import Any, Literal

import numpy as np

from roastery.tools.analysis.arrays import Floats, Numbers
from roastery.tools.analysis.cube import Cube, Kind, Slices, all_slices, cube_of, slice_codes, slice_keys, without
from roastery.tools.analysis.errors import UnfitInput

Direction = Literal["up", "down", "both"]
# A wider slice must keep this share of the best score …
KEPT_SCORE = 0.85
# … and what it takes in must have moved at least a third as far (in log odds) as what is already in.
SHARED_EFFECT = 1 / 3
SURE = 0.01
# A further cause is told when it is sure and explains at least this share of the change.
LEAST_SHARE = 0.05
LEAST_LEAVES_FOR_NOISE = 8
# A median of so many leaves is as good as one of all.
NOISE_LEAVES = 200_000
MEDIAN_CHI_SQUARE = 0.4549


@dataclass(frozen=True)
class Cause:
    """A slice and its part in the change.

    `effect` is in the metric's unit: what the whole would have been spared had the slice kept its rate; `share` is
    effect over the whole change of rates. `p_value` counts every slice that was searched; None where there are too
    few leaves to know the noise. `low` and `high` bound the effect (95 %) where the noise is known.
    """

    where: dict[str, str]
    actual: float
    expected: float
    weight: float
    effect: float
    share: float | None
    score: float
    p_value: float | None
    low: float | None
    high: float | None

    @property
    def name(self) -> str:
        """`cdn=7&country=US`, dimensions in alphabetical order; 'everything' for the whole."""
        if not self.where:
            return "everything"
        return "&".join(f"{dimension}={self.where[dimension]}" for dimension in sorted(self.where))


@dataclass(frozen=True)
class Explanation:
    """The change, split into `mix` (weight moved between leaves) and `rate`, and its causes.

    `causes` are independent of each other, the first explains most; `alternatives` are other readings of the first.
    `within_noise` is True when no slice stands out from the noise of leaves, None where that cannot be known.
    """

    before: float
    after: float
    mix: float
    rate: float
    causes: tuple[Cause, ...]
    alternatives: tuple[Cause, ...]
    within_noise: bool | None
    searched: int

    @property
    def change(self) -> float:
        return self.after - self.before


def explain_change(
    dimensions: Mapping[str, Any],
    before: Numbers,
    after: Numbers,
    before_weight: Numbers | None = None,
    after_weight: Numbers | None = None,
    *,
    kind: Kind = "count",
    direction: Direction | None = None,
    most_dimensions: int = 3,
    most_causes: int = 3,
    top: int = 5,
    allow_whole: bool = True,
) -> Explanation:
    """Search every slice of up to three dimensions for the one that explains a change of a sum or a ratio.

    Shape: as of `cube_of`. Without a direction, slices that moved as the whole did are searched, both where it stood
    still. A change that all slices share is told as one of everything, unless `allow_whole` is off.
    Cost: sums over each set of dimensions, under two seconds for a million leaves.
    Errors: as of `cube_of`.
    """
    if not 1 <= most_dimensions <= 3:
        raise UnfitInput("The search goes over one to three dimensions.")
    cube = cube_of(dimensions, before, after, before_weight, after_weight, kind)
    rate = cube.after - cube.unmixed
    way = direction or ("down" if rate < 0 else "up" if rate > 0 else "both")
    scan = _Scan(cube, all_slices(cube, most_dimensions), way, allow_whole)
    causes: list[Cause] = []
    alternatives: tuple[Cause, ...] = ()
    rest = scan
    while rest.best_score > 0 and len(causes) < most_causes:
        at = rest.simplest()
        cause = rest.cause(at, rate)
        if causes and not (cause.p_value is not None and cause.p_value < SURE and abs(cause.share or 0) >= LEAST_SHARE):
            break
        if not causes:
            alternatives = tuple(scan.cause(other, rate) for other in scan.ranked(top) if other != at)[: top - 1]
        causes.append(cause)
        outside = ~rest.inside(at)
        left = rate - sum(found.effect for found in causes)
        if not outside.any() or abs(left) < LEAST_SHARE * abs(rate):
            break
        rest = rest.beyond(outside, most_dimensions)
    known = causes[0].p_value if causes else 1.0
    return Explanation(
        cube.before, cube.after, cube.unmixed - cube.before, rate, tuple(causes), alternatives,
        None if known is None else known >= SURE, scan.searched,
    )  # fmt: skip


Place = tuple[int, int]


class _Scan:
    """Scores of all slices of a cube; a place is (index of a set of dimensions, index of a slice in it)."""

    def __init__(self, cube: Cube, sets: tuple[Slices, ...], way: Direction, allow_whole: bool) -> None:
        self.cube, self.sets, self.way = cube, sets, way
        self.scores: list[Floats] = [_score(s, cube.kind, way) for s in self.sets]
        if not allow_whole:
            self.scores[0][:] = 0.0
        self.at_set = {s.over: i for i, s in enumerate(self.sets)}
        self.searched = sum(len(s.keys) for s in self.sets)
        self.best_score = max(float(scores.max()) for scores in self.scores)

    def beyond(self, outside: Any, most_dimensions: int) -> "_Scan":
        """The scan of the leaves outside a cause: what is inside is taken out of the sums."""
        inside = all_slices(self.cube.only(~outside), most_dimensions)
        left = tuple(without(whole, part) for whole, part in zip(self.sets, inside, strict=True))
        return _Scan(self.cube.only(outside), left, self.way, allow_whole=False)

    def best(self) -> Place:
        """The highest score; of equal ones the one over fewer dimensions, then the first in order of labels."""
        at = int(np.argmax([scores.max() for scores in self.scores]))
        return at, int(np.argmax(self.scores[at]))

    def simplest(self) -> Place:
        """The best slice, widened while what it takes in moved with it."""
        here = self.best()
        while True:
            wider = [p for p in self.parents(here) if self._belongs(here, p)]
            if not wider:
                return here
            here = max(wider, key=lambda p: (self.scores[p[0]][p[1]], -p[0]))

    def parents(self, place: Place) -> list[Place]:
        """The same slice without one of its dimensions, each."""
        slices = self.sets[place[0]]
        leaf = np.zeros((len(self.cube.dimensions), 1), dtype=np.int64)
        leaf[list(slices.over)] = slice_codes(self.cube, slices.over, slices.keys[[place[1]]])
        found = []
        for left_out in slices.over:
            over = tuple(i for i in slices.over if i != left_out)
            at = self.at_set[over]
            key = slice_keys(self.cube, over, leaf)[0]
            found.append((at, int(np.searchsorted(self.sets[at].keys, key))))
        return found

    def _belongs(self, inner: Place, outer: Place) -> bool:
        score = self.scores[outer[0]][outer[1]]
        if score <= 0 or score < KEPT_SCORE * self.best_score:
            return False
        a, e, w = self._sums(inner)
        more_a, more_e, more_w = (o - i for o, i in zip(self._sums(outer), (a, e, w), strict=True))
        if more_w <= 1e-9 * w:
            return True
        kind = self.cube.kind
        # Money has no half count: a hundredth of the slice itself steadies what is little beside it.
        floor = 0.5 if kind != "amount" else max(a, e) / 100
        moved = _lift(a, e, w, kind, floor)
        return moved != 0 and _lift(more_a, more_e, more_w, kind, floor) / moved >= SHARED_EFFECT

    def _sums(self, place: Place) -> tuple[float, float, float]:
        s, i = self.sets[place[0]], place[1]
        return float(s.actual[i]), float(s.expected[i]), float(s.weight[i])

    def ranked(self, top: int) -> list[Place]:
        """The best slices by score, ties as in `best`."""
        places = []
        for at, scores in enumerate(self.scores):
            some = np.argsort(-scores, kind="stable")[: top + 1]
            places += [(at, int(i)) for i in some if scores[i] > 0]
        return sorted(places, key=lambda p: (-self.scores[p[0]][p[1]], p))[: top + 1]

    def inside(self, place: Place) -> Any:
        """Which leaves lie in a slice."""
        slices = self.sets[place[0]]
        return slice_keys(self.cube, slices.over, self.cube.codes) == slices.keys[place[1]]

    def cause(self, place: Place, rate: float) -> Cause:
        slices = self.sets[place[0]]
        a, e, w = self._sums(place)
        cube = self.cube
        codes = slice_codes(cube, slices.over, slices.keys[[place[1]]])[:, 0]
        where = {cube.dimensions[i]: cube.labels[i][code] for i, code in zip(slices.over, codes, strict=True)}
        score = float(self.scores[place[0]][place[1]])
        effect = (a - e) / cube.whole
        noise = self._noise(place)
        return Cause(
            where, a, e, w, effect, effect / rate if rate else None, score,
            *_certainty(effect, score, noise, self.searched, float(_variance(a, e, w, cube.kind)) / cube.whole**2),
        )  # fmt: skip

    def _noise(self, place: Place) -> float | None:
        """How much wider leaves scatter than their kind would by chance, once slice and rest have their own level.

        A median, so that other causes do not count as noise; at least 1 where chance has a natural unit.
        """
        cube, slices = self.cube, self.sets[place[0]]
        some = slice(None, None, max(cube.leaves // NOISE_LEAVES, 1))
        actual, expected, weight = cube.actual[some], cube.expected[some], cube.weight[some]
        seen = (actual + expected) > 0
        if seen.sum() < LEAST_LEAVES_FOR_NOISE:
            return None
        inside = slice_keys(cube, slices.over, cube.codes[:, some]) == slices.keys[place[1]]
        own, (whole_actual, whole_expected, _) = self._sums(place), self._sums((0, 0))
        rest = whole_expected - own[1]
        within = own[0] / own[1] if own[1] > 0 else 1.0
        beside = (whole_actual - own[0]) / rest if rest > 1e-9 * whole_expected else 1.0
        a, w = actual[seen], weight[seen]
        e = (expected * np.where(inside, within, beside))[seen]
        if cube.kind == "share":
            e = np.minimum(e, w)
        found = float(np.median((a - e) ** 2 / np.maximum(_variance(a, e, w, cube.kind), 1e-12))) / MEDIAN_CHI_SQUARE
        return max(found, 1e-12 if cube.kind == "amount" else 1.0)


def _certainty(
    effect: float, score: float, noise: float | None, searched: int, variance: float
) -> tuple[float | None, float | None, float | None]:
    """P-value over all slices searched (Bonferroni, chi-square of one degree) and bounds of the effect."""
    if noise is None:
        return None, None, None
    spread = 1.96 * sqrt(noise * variance)
    return min(1.0, searched * erfc(sqrt(score / noise))), effect - spread, effect + spread


def _score(slices: Slices, kind: Kind, way: Direction) -> Floats:
    """Log-likelihood ratio of two rates against one; zero where the slice moved the other way."""
    a, e = slices.actual, slices.expected
    middle = (a + e) / 2
    score = _entropy(a, middle) + _entropy(e, middle)
    if kind == "share":
        w = slices.weight
        score = score + _entropy(w - a, w - middle) + _entropy(w - e, w - middle)
    against = (a > e) if way == "down" else (a < e) if way == "up" else np.zeros(len(a), dtype=np.bool_)
    return np.where(against, 0.0, np.maximum(score, 0.0))


def _entropy(x: Floats, middle: Floats) -> Floats:
    positive = (x > 0) & (middle > 0)
    ratio = np.divide(x, middle, out=np.ones(len(x)), where=positive)
    return np.asarray(x * np.log(ratio), dtype=np.float64)


def _variance(a: Any, e: Any, w: Any, kind: Kind) -> Any:
    """Of actual − expected, were both drawn from one rate."""
    return (a + e) * (1 - (a + e) / (2 * np.maximum(w, 1e-12))) if kind == "share" else a + e


def _lift(a: float, e: float, w: float, kind: Kind, floor: float = 0.5) -> float:
    """How far a rate moved, in logs (of odds for shares); half a count keeps small slices near zero."""
    if kind == "share":
        odds = (max(a, 0.0) + floor) / (max(w - a, 0.0) + floor) * (max(w - e, 0.0) + floor) / (max(e, 0.0) + floor)
        return log(odds)
    return log((max(a, 0.0) + floor) / (max(e, 0.0) + floor))
