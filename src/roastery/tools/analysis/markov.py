"""Markov attribution of order 1, exact: removal effects by linear algebra on transition counts.

Source: Anderl et al. 2016, eq. 4. Simulated versions are far off on small channels; one matrix inverse is exact.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers, summed
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.paths import Paths


@dataclass(frozen=True)
class TransitionCounts:
    """How often a journey went from one state to the next.

    Shape: `start` (k,), `between` (k, k) from row to column, `converted` (k,) and `ended` (k,) from channel to the end.
    """

    names: tuple[str, ...]
    start: Floats
    between: Floats
    converted: Floats
    ended: Floats


@dataclass(frozen=True)
class MarkovFit:
    """`removal_effects` is the share of conversions that would be lost without a channel; `shares` sum to 1."""

    names: tuple[str, ...]
    conversion_rate: float
    removal_effects: Floats
    shares: Floats


@dataclass(frozen=True)
class Interval:
    """Bounds of each channel's share, by bootstrap over paths."""

    level: float
    draws: int
    lower: Floats
    upper: Floats


def transition_counts(paths: Paths) -> TransitionCounts:
    """Count transitions over paths, converted or not; paths without touches say nothing."""
    weights = (paths.conversions + paths.nulls).astype(np.float64)
    k = len(paths.names)
    codes, rows = _transitions(paths)
    flat = summed(codes, weights[rows], (k + 1) * k)
    touched = np.flatnonzero(paths.sizes > 0)
    last = paths.channels[paths.offsets[1:][touched] - 1]
    return TransitionCounts(
        paths.names,
        flat[:k],
        flat[k:].reshape(k, k),
        summed(last, paths.conversions[touched], k),
        summed(last, paths.nulls[touched], k),
    )


def fit_markov(counts: TransitionCounts) -> MarkovFit:
    """Removal effect of each channel and the share of credit in proportion to it.

    A journey that converts through channel j visits j and converts from there, so the removal effect is
    P(visit j)·P(convert | at j) / P(convert); with the fundamental matrix N, P(visit j) = (start·N)ⱼ / Nⱼⱼ.
    Errors: TooLittleData when no path with a touch converted.
    """
    if not counts.converted.sum() > 0:
        raise TooLittleData("No path with a touch converted in this period, so removal effects do not exist.")
    removal, rate = _removal_effects(counts.start, counts.between, counts.converted, counts.ended)
    return MarkovFit(counts.names, rate, removal, removal / removal.sum())


def markov_intervals(paths: Paths, *, seed: int, draws: int = 100, level: float = 0.95) -> Interval:
    """Intervals of Markov shares by Poisson bootstrap: every path is drawn Poisson(its count) times, independently.

    Draws without any conversion are left out; fewer than half of them left raise TooLittleData.
    """
    from scipy import sparse

    k = len(paths.names)
    codes, rows = _transitions(paths)
    steps: Any = sparse.csr_matrix((np.ones(len(codes)), (codes, rows)), shape=((k + 1) * k, paths.count))
    touched = np.flatnonzero(paths.sizes > 0)
    last = paths.channels[paths.offsets[1:][touched] - 1]
    ends: Any = sparse.csr_matrix((np.ones(len(touched)), (last, touched)), shape=(k, paths.count))
    generator = np.random.default_rng(seed)
    shares = []
    for _ in range(draws):
        converted = generator.poisson(paths.conversions).astype(np.float64)
        lost = generator.poisson(paths.nulls).astype(np.float64)
        won = ends @ converted
        if won.sum() > 0:
            flat = steps @ (converted + lost)
            removal, _rate = _removal_effects(flat[:k], flat[k:].reshape(k, k), won, ends @ lost)
            shares.append(removal / removal.sum())
    if len(shares) * 2 < draws or not shares:
        raise TooLittleData("Too few paths converted to say how sure the Markov shares are.")
    tail = (1 - level) / 2
    lower, upper = np.quantile(np.stack(shares), [tail, 1 - tail], axis=0)
    return Interval(level, len(shares), lower, upper)


def _transitions(paths: Paths) -> tuple[Integers, Integers]:
    """Code and path of every step: start→c is c, a→b is k + a·k + b."""
    k = len(paths.names)
    first = paths.place == 0
    inner = ~first
    before = paths.channels[np.flatnonzero(inner) - 1]
    codes = np.concatenate([paths.channels[first], k + before * k + paths.channels[inner]])
    return codes, np.concatenate([paths.path[first], paths.path[inner]])


def _removal_effects(start: Floats, between: Floats, converted: Floats, ended: Floats) -> tuple[Floats, float]:
    k = len(start)
    out = between.sum(axis=1) + converted + ended
    safe = np.where(out > 0, out, 1.0)
    fundamental = np.linalg.inv(np.eye(k) - between / safe[:, None])
    wins_from = fundamental @ (converted / safe)
    begin = start / start.sum()
    visited = (begin @ fundamental) / np.diag(fundamental)
    rate = float(begin @ wins_from)
    return np.asarray(visited * wins_from / rate, dtype=np.float64), rate
