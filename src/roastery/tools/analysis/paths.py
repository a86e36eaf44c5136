"""Journeys as columns: which channels a person touched, in order, and how often that journey converted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers, Numbers, floats, integers, not_negative, same_length
from roastery.tools.analysis.errors import UnfitInput


@dataclass(frozen=True)
class Paths:
    """Ordered touches of many paths, in one flat column.

    Shape: path i owns touches offsets[i]:offsets[i + 1], earliest first; `channels` are codes into `names`.
    `conversions` and `nulls` count how often the path was seen to convert and not to. `hours_before` is time before
    the conversion; `lead_touch` and `opportunity_touch` are places inside the path of the last touch before that
    milestone, −1 where the milestone is missing.
    """

    offsets: Integers
    channels: Integers
    names: tuple[str, ...]
    conversions: Integers
    nulls: Integers
    direct: Flags
    hours_before: Floats | None = None
    lead_touch: Integers | None = None
    opportunity_touch: Integers | None = None

    def __post_init__(self) -> None:
        same_length(conversions=self.conversions, nulls=self.nulls, paths=self.offsets[1:])
        same_length(channels=self.channels, direct=self.direct)
        not_negative("conversions", self.conversions)
        not_negative("nulls", self.nulls)
        if self.hours_before is not None:
            same_length(channels=self.channels, hours_before=self.hours_before)
            later = np.diff(self.hours_before) > 0
            if np.any(later & (np.diff(self.path) == 0)):
                raise UnfitInput("Touches must stand in order of time within their path, the earliest first.")

    @property
    def count(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def sizes(self) -> Integers:
        """Touches of each path."""
        return np.diff(self.offsets)

    @cached_property
    def path(self) -> Integers:
        """The path of each touch."""
        return np.repeat(np.arange(self.count), self.sizes)

    @cached_property
    def place(self) -> Integers:
        """The place of each touch inside its path, from 0."""
        return np.arange(len(self.channels)) - self.offsets[self.path]


def paths_of_names(
    sequences: Sequence[Sequence[str]],
    conversions: Numbers | None = None,
    nulls: Numbers | None = None,
    direct: str = "direct",
) -> Paths:
    """Paths from lists of channel names; without counts, each path converted once.

    >>> paths_of_names([["search", "email"], ["email"]]).names
    ('email', 'search')
    """
    sizes = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    flat = np.array([name for sequence in sequences for name in sequence], dtype=object)
    names, codes = np.unique(flat.astype(str), return_inverse=True) if len(flat) else (flat, np.zeros(0, np.int64))
    return Paths(
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        channels=codes.astype(np.int64),
        names=tuple(str(name) for name in names),
        conversions=np.ones(len(sizes), np.int64) if conversions is None else integers("conversions", conversions),
        nulls=np.zeros(len(sizes), np.int64) if nulls is None else integers("nulls", nulls),
        direct=flat == direct,
    )


def paths_of_touches(
    path: Numbers,
    channel: Numbers,
    hours_before: Numbers,
    names: Sequence[str],
    *,
    count: int,
    direct: Flags | None = None,
    conversions: Numbers | None = None,
) -> Paths:
    """Paths from one row a touch, in any order; touches at or after the conversion are left out.

    Shape: `path` in 0…count−1, `channel` codes into `names`. Touches at one instant keep the order in which they came.
    """
    of, codes, hours = integers("path", path), integers("channel", channel), floats("hours_before", hours_before)
    same_length(path=of, channel=codes, hours_before=hours)
    if of.size and (of.min() < 0 or of.max() >= count):
        raise UnfitInput(f"'path' must lie between 0 and {count - 1}.")
    if codes.size and (codes.min() < 0 or codes.max() >= len(names)):
        raise UnfitInput(f"'channel' must lie between 0 and {len(names) - 1}.")
    flags = np.zeros(len(of), dtype=np.bool_) if direct is None else direct
    keep = np.flatnonzero(hours > 0)
    order = keep[np.lexsort((-hours[keep], of[keep]))]
    return Paths(
        offsets=np.concatenate([[0], np.cumsum(np.bincount(of[keep], minlength=count))]).astype(np.int64),
        channels=codes[order],
        names=tuple(names),
        conversions=np.ones(count, np.int64) if conversions is None else integers("conversions", conversions),
        nulls=np.zeros(count, np.int64),
        direct=flags[order],
        hours_before=hours[order],
    )
