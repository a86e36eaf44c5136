"""Slices: where a planted anomaly moves the count of what happens, by the labels of each row."""

from collections.abc import Mapping, Sequence

import numpy as np

from roastery.evals.world.companies.plan import Plan
from roastery.evals.world.seasons import Ints, day_index

Labels = Mapping[str, tuple[Sequence[str], Ints]]
"""By dimension: the members' names, and the index of each row's member (−1 for none)."""


def inside(planted_dimension: str, member: str, labels: Labels, rows: int) -> np.ndarray:
    """Rows of a slice; dimensions and members of one across several are joined by '+'."""
    found = np.ones(rows, dtype=bool)
    for dimension, value in zip(planted_dimension.split("+"), member.split("+"), strict=True):
        names, index = labels[dimension]
        found &= index == list(names).index(value)
    return found


def kept(rng: np.random.Generator, plan: Plan, metric: str, day: Ints, labels: Labels) -> np.ndarray:
    """Rows that happen in spite of the anomalies that lower a metric's count."""
    stays = np.ones(day.size, dtype=bool)
    for planted in plan.anomalies:
        if planted.metric == metric and planted.direction == "down":
            hit = inside(planted.dimension, planted.member, labels, day.size)
            hit &= (day >= day_index(planted.start)) & (day < day_index(planted.end))
            stays &= ~hit | (rng.random(day.size) < planted.factor)
    return stays


def boosted(plan: Plan, metric: str, day: Ints, labels: Labels) -> np.ndarray:
    """What anomalies that raise a metric multiply each row's chance by."""
    factor = np.ones(day.size)
    for planted in plan.anomalies:
        if planted.metric == metric and planted.direction == "up":
            hit = inside(planted.dimension, planted.member, labels, day.size)
            hit &= (day >= day_index(planted.start)) & (day < day_index(planted.end))
            factor[hit] *= planted.factor
    return factor
