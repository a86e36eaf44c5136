"""One thing that happened, told once: episodes of related series on the same days become one incident."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from roastery.tools.analysis.episodes import AnomalyKind

Spread = Literal["whole", "local", "common"]
# A slice that accounts for this share of what the whole was off by is where it happened.
LOCAL_SHARE = 0.6


@dataclass(frozen=True)
class Oddity:
    """One episode of one series over the days [start, end), in the metric's unit over all of them.

    dimension is None for the whole. `actual` is None where data is missing. `is_common`: all slices moved together.
    `stake` is actual less expected in money where that is known, `severity` 1 where it is just told.
    """

    metric: str
    dimension: str | None
    value: str
    kind: AnomalyKind
    start: date
    end: date
    peak: date
    actual: float | None
    expected: float
    low: float
    high: float
    severity: float
    off: float
    is_common: bool = False
    actual_above: float | None = None
    expected_above: float | None = None
    below: float | None = None
    stake: Decimal | None = None

    @property
    def direction(self) -> Literal["up", "down"]:
        return "down" if self.actual is None or self.actual < self.expected else "up"

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True)
class Incident:
    """What is told once: its head, and the episodes of other slices and metrics that say the same."""

    head: Oddity
    same: tuple[Oddity, ...]

    @property
    def spread(self) -> Spread:
        if self.head.is_common:
            return "common"
        return "whole" if self.head.dimension is None else "local"


def incidents(found: Sequence[Oddity], related: Callable[[str, str], bool]) -> tuple[Incident, ...]:
    """Merge episodes, the most severe first.

    related: whether two metrics are computed from the same records, so that one thing moves both.
    """
    groups: list[list[Oddity]] = []
    for oddity in sorted(found, key=_order):
        group = next((g for g in groups if any(_is_same(oddity, other, related) for other in g)), None)
        if group is None:
            groups.append([oddity])
        else:
            group.append(oddity)
    made = [_told(group) for group in groups]
    return tuple(sorted(made, key=lambda i: _order(i.head)))


def _order(oddity: Oddity) -> tuple[float, date, str, str, str]:
    return (-oddity.severity, oddity.start, oddity.metric, oddity.dimension or "", oddity.value)


def _is_same(one: Oddity, other: Oddity, related: Callable[[str, str], bool]) -> bool:
    if not _meet(one, other):
        return False
    if one.metric == other.metric:
        same_way = one.direction == other.direction
        nested = one.dimension != other.dimension or one.is_common or other.is_common
        return (same_way and nested) or (one.dimension, one.value) == (other.dimension, other.value)
    same_slice = (one.dimension, one.value) == (other.dimension, other.value)
    return same_slice and related(one.metric, other.metric)


def _meet(one: Oddity, other: Oddity) -> bool:
    """Whether two episodes share days, and begin near each other: a long shift is not every spike inside it."""
    overlap = (min(one.end, other.end) - max(one.start, other.start)).days
    near = abs(one.start - other.start) <= timedelta(days=max(min(one.days, other.days), 2))
    return overlap >= 1 and near


def _told(group: Sequence[Oddity]) -> Incident:
    """The head: the slice where most of it happened, else the whole or what all slices share, else the most severe."""
    first = group[0]
    wholes = [o for o in group if o.metric == first.metric and (o.dimension is None or o.is_common)]
    slices = [o for o in group if o.metric == first.metric and o.dimension is not None and not o.is_common]
    head = first
    if wholes and slices:
        whole = wholes[0]
        main = max(slices, key=lambda o: (abs(o.off), o.severity))
        head = main if abs(main.off) >= LOCAL_SHARE * abs(whole.off) else whole
    return Incident(head, tuple(o for o in group if o is not head))
