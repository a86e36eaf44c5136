"""Who is credited with a conversion: nine models, each conserving what it splits.

Rule models, Shapley and Markov say credited, never caused: in a simulation with known truth (facts of the project's
methods) all of them credit about twice what is truly incremental.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.apportion import apportion, apportion_rows
from roastery.tools.analysis.arrays import Floats, Integers, Numbers, floats, integers, same_length, summed
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.markov import fit_markov, transition_counts
from roastery.tools.analysis.paths import Paths
from roastery.warehouse.errors import UnknownName


@dataclass(frozen=True)
class Shape:
    """Settings of the rules: half-life of time decay, outer weights of position-based, milestones of W-shaped."""

    half_life_hours: float = 168.0
    first: float = 0.4
    last: float = 0.4
    milestone: float = 0.3

    def __post_init__(self) -> None:
        if self.half_life_hours <= 0:
            raise UnfitInput("The half-life must be longer than zero hours.")
        outer = self.first + self.last
        if min(self.first, self.last, self.milestone) < 0 or not 0 < outer <= 1 or not 0 < 3 * self.milestone <= 1:
            raise UnfitInput("Weights of positions must not be negative and sum to at most 1.")


@dataclass(frozen=True)
class Credits:
    """What each channel is credited with, in whole units; credited + unattributed = the total that came in."""

    model: str
    names: tuple[str, ...]
    units: Integers
    unattributed: int


def touch_weights(model: str, paths: Paths, shape: Shape | None = None) -> Floats:
    """The share of its conversion that each touch is credited with, summing to 1 over every path that has touches.

    Models: first_touch, last_touch, last_non_direct (a path of direct only keeps direct), linear, time_decay,
    position_based, w_shaped, shapley (v(S) = conversions of paths whose channels ⊆ S, which equals equal credit to a
    path's distinct channels).
    Errors: UnknownName; UnfitInput when time_decay has no times.
    """
    if model not in _RULES:
        raise UnknownName("attribution model", model, (*_RULES, "markov"))
    weights = _RULES[model](paths, shape or Shape())
    mass = summed(paths.path, weights, paths.count)
    return np.asarray(weights / mass[paths.path], dtype=np.float64)


def attribute(model: str, paths: Paths, values: Numbers, shape: Shape | None = None) -> Credits:
    """Split each path's value over its channels.

    Units: `values` are whole units (minor units of one currency, or counts), one a path, for all its conversions
    together; negative values (net of refunds) split like their opposites. Values of paths without touches, and under
    Markov what no channel moved, stay unattributed.
    """
    units = integers("values", values)
    same_length(values=units, paths=paths.sizes)
    touched = paths.sizes > 0
    unattributed = int(units[~touched].sum())
    if model == "markov":
        split = apportion(int(units[touched].sum()), fit_markov(transition_counts(paths)).shares)
        return Credits(model, paths.names, split, unattributed)
    each = apportion_rows(np.where(touched, units, 0), paths.offsets, touch_weights(model, paths, shape))
    by_channel = np.zeros(len(paths.names), dtype=np.int64)
    np.add.at(by_channel, paths.channels, each)
    return Credits(model, paths.names, by_channel, unattributed)


def credited(model: str, paths: Paths, shape: Shape | None = None) -> Floats:
    """Conversions credited to each channel, fractions included; one entry a name."""
    if model == "markov":
        converted = float(paths.conversions[paths.sizes > 0].sum())
        return fit_markov(transition_counts(paths)).shares * converted
    weights = touch_weights(model, paths, shape) * paths.conversions[paths.path]
    return summed(paths.channels, weights, len(paths.names))


@dataclass(frozen=True)
class Disagreement:
    """Channels over which models differ so much that a decision at `threshold` would change."""

    lowest: Floats
    highest: Floats
    flips: tuple[bool, ...]


def disagreement(values_by_model: dict[str, Numbers], spend: Numbers, threshold: float) -> Disagreement:
    """Return on spend under each model, and where some models lie above the threshold and others below.

    Channels without spend have a return of zero and never flip.
    """
    if not values_by_model:
        raise TooLittleData("There is no model to compare.")
    costs = floats("spend", spend)
    rows = [floats(model, values) for model, values in values_by_model.items()]
    same_length(spend=costs, **dict(zip(values_by_model, rows, strict=True)))
    returns = np.stack(rows) / np.where(costs > 0, costs, np.inf)
    lowest, highest = returns.min(axis=0), returns.max(axis=0)
    flips = (costs > 0) & (lowest < threshold) & (highest >= threshold)
    return Disagreement(lowest, highest, tuple(bool(flip) for flip in flips))


def _first(paths: Paths, shape: Shape) -> Floats:
    return np.asarray(paths.place == 0, dtype=np.float64)


def _last(paths: Paths, shape: Shape) -> Floats:
    return np.asarray(paths.place == paths.sizes[paths.path] - 1, dtype=np.float64)


def _last_non_direct(paths: Paths, shape: Shape) -> Floats:
    last = np.full(paths.count, -1, dtype=np.int64)
    named = ~paths.direct
    np.maximum.at(last, paths.path[named], paths.place[named])
    last = np.where(last < 0, paths.sizes - 1, last)
    return np.asarray(paths.place == last[paths.path], dtype=np.float64)


def _linear(paths: Paths, shape: Shape) -> Floats:
    return np.ones(len(paths.channels))


def _time_decay(paths: Paths, shape: Shape) -> Floats:
    if paths.hours_before is None:
        raise UnfitInput("time_decay needs the time of each touch before its conversion.")
    latest = np.full(paths.count, np.inf)
    np.minimum.at(latest, paths.path, paths.hours_before)
    # Relative to the latest touch, so that very old paths do not underflow to zero weights.
    return np.asarray(np.exp2(-(paths.hours_before - latest[paths.path]) / shape.half_life_hours), dtype=np.float64)


def _position_based(paths: Paths, shape: Shape) -> Floats:
    size = paths.sizes[paths.path]
    middle = (1 - shape.first - shape.last) / np.maximum(size - 2, 1)
    first, last = paths.place == 0, paths.place == size - 1
    weights = np.where(first, shape.first, 0.0) + np.where(last, shape.last, 0.0)
    return np.asarray(np.where(first | last, weights, middle), dtype=np.float64)


def _w_shaped(paths: Paths, shape: Shape) -> Floats:
    fallback = _position_based(paths, shape)
    if paths.lead_touch is None or paths.opportunity_touch is None:
        return fallback
    milestones = (np.zeros(paths.count, np.int64), paths.lead_touch, paths.opportunity_touch)
    weights = np.zeros(len(paths.channels))
    for touch in milestones:
        weights += shape.milestone * (paths.place == touch[paths.path])
    rest = weights == 0
    others = np.bincount(paths.path[rest], minlength=paths.count)[paths.path]
    weights = np.where(rest, (1 - 3 * shape.milestone) / np.maximum(others, 1), weights)
    whole = (paths.lead_touch >= 0) & (paths.opportunity_touch >= 0)
    return np.asarray(np.where(whole[paths.path], weights, fallback), dtype=np.float64)


def _shapley(paths: Paths, shape: Shape) -> Floats:
    pair = paths.path * max(len(paths.names), 1) + paths.channels
    _, inverse, repeats = np.unique(pair, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / repeats[inverse], dtype=np.float64)


_RULES: dict[str, Callable[[Paths, Shape], Floats]] = {
    "first_touch": _first,
    "last_touch": _last,
    "last_non_direct": _last_non_direct,
    "linear": _linear,
    "time_decay": _time_decay,
    "position_based": _position_based,
    "w_shaped": _w_shaped,
    "shapley": _shapley,
}
MODELS = (*_RULES, "markov")
