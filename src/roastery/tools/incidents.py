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
    """What is told once: its head, the cause, and the episodes of other slices and metrics that say the same.

    source: of those, a part of the head too young to be judged by itself that accounts for most of it, where known.
    """

    head: Oddity
    same: tuple[Oddity, ...]
    source: Oddity | None = None

    @property
    def spread(self) -> Spread:
        if self.head.is_common:
            return "common"
        return "whole" if self.head.dimension is None else "local"

    @property
    def severity(self) -> float:
        """That of the strongest evidence for it, whichever slice shows it."""
        return max(o.severity for o in (self.head, *self.same))


def incidents(found: Sequence[Oddity], related: Callable[[str, str], bool]) -> tuple[Incident, ...]:
    """Merge episodes, the most severe first: each is part of one incident, in whatever order they were found.

    related: whether two metrics are computed from the same records, so that one thing moves both.
    """
    ordered = sorted(found, key=_order)
    made = [incident for group in _linked(ordered, related) for incident in _told(group, related)]
    return tuple(sorted(made, key=lambda i: (-i.severity, _order(i.head))))


def _linked(found: Sequence[Oddity], related: Callable[[str, str], bool]) -> list[list[Oddity]]:
    """Groups of episodes that say the same, directly or by way of others."""
    groups: list[list[Oddity]] = []
    for oddity in found:
        mine = [g for g in groups if any(_is_same(oddity, other, related) for other in g)]
        groups = [g for g in groups if all(g is not m for m in mine)]
        groups.append([o for g in mine for o in g] + [oddity])
    return [sorted(group, key=_order) for group in groups]


def _order(oddity: Oddity) -> tuple[float, date, str, str, str, date, str]:
    own = (oddity.metric, oddity.dimension or "", oddity.value)
    return (-oddity.severity, oddity.start, *own, oddity.end, repr(oddity))


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
    """Whether two episodes share days, and are the same days' work: they begin near each other, or are off by as much.

    A long shift is not every spike inside it; but what a window of two weeks is off by because of its last three days
    is what those are off by.
    """
    if min(one.end, other.end) <= max(one.start, other.start):
        return False
    if abs(one.start - other.start) <= timedelta(days=max(min(one.days, other.days), 2)):
        return True
    small, large = sorted((abs(one.off), abs(other.off)))
    return one.metric == other.metric and small >= LOCAL_SHARE * large


def _told(group: Sequence[Oddity], related: Callable[[str, str], bool]) -> list[Incident]:
    """The cause of a group: of the strongest episode's metric, the narrowest slice that accounts for most of the rest.

    Where no part of it does, that is the widest. Other slices of the cause's own dimension are not explained by it, so
    they are told by themselves.
    """
    first = group[0]
    own = [o for o in group if o.metric == first.metric and o.direction == first.direction]
    most = max(abs(o.off) for o in own)
    head = min((o for o in own if abs(o.off) >= LOCAL_SHARE * most), key=lambda o: (_reach(o), _order(o)))
    apart = [o for o in group if _is_beside(o, head)]
    rest = tuple(o for o in group if o is not head and not _is_beside(o, head))
    return [Incident(head, rest), *(one for others in _linked(apart, related) for one in _told(others, related))]


def _is_beside(one: Oddity, head: Oddity) -> bool:
    """Whether it is another slice of the head's dimension."""
    if head.dimension is None or head.is_common or one.is_common:
        return False
    return one.dimension == head.dimension and one.value != head.value


def _reach(oddity: Oddity) -> tuple[bool, float]:
    """How much a slice holds: everything, else what was expected of it."""
    held = oddity.expected if oddity.expected_above is None else oddity.expected_above
    return oddity.dimension is None or oddity.is_common, abs(held)
