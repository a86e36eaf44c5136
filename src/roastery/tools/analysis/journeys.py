"""What paths look like: how long they are, where they go on, where they are lost, and who opens and closes them.

All of it is counted over `Paths` as they stand, converted or not; nothing here is credit.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers, summed
from roastery.tools.analysis.paths import Paths


def collapsed(paths: Paths) -> Paths:
    """Paths in which a channel that follows itself stands once; equal paths are then one.

    >>> from roastery.tools.analysis.paths import paths_of_names
    >>> collapsed(paths_of_names([["a", "a", "b"], ["a", "b"]])).conversions
    array([2])
    """
    previous = np.concatenate([[-1], paths.channels[:-1]])
    kept = (paths.place == 0) | (paths.channels != previous)
    sizes = np.bincount(paths.path[kept], minlength=paths.count)
    channels = paths.channels[kept]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    keys = np.array([channels[a:b].tobytes() for a, b in pairwise(offsets)], dtype=object)
    _, first, group = np.unique(keys.astype("O"), return_index=True, return_inverse=True)
    take = (
        np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in first]) if len(first) else np.zeros(0, np.int64)
    )
    direct = paths.direct[kept]
    return Paths(
        offsets=np.concatenate([[0], np.cumsum(sizes[first])]).astype(np.int64),
        channels=channels[take],
        names=paths.names,
        conversions=summed(group, paths.conversions, len(first)).astype(np.int64),
        nulls=summed(group, paths.nulls, len(first)).astype(np.int64),
        direct=direct[take],
    )


def most_frequent(paths: Paths, count: int) -> Integers:
    """The paths with most conversions; ties by fewer that did not convert, then by the shorter, then as they stand."""
    order = np.lexsort((np.arange(paths.count), paths.sizes, paths.nulls, -paths.conversions))
    return np.asarray(order[:count], dtype=np.int64)


def names_of_path(paths: Paths, index: int) -> tuple[str, ...]:
    return tuple(paths.names[code] for code in paths.channels[paths.offsets[index] : paths.offsets[index + 1]])


@dataclass(frozen=True)
class Lengths:
    """By number of touches (1 … most, the last holding all longer ones): journeys that converted and that did not."""

    touches: Integers
    conversions: Integers
    nulls: Integers


def lengths(paths: Paths, most: int) -> Lengths:
    """Count journeys by length; journeys without touches are left out."""
    size = np.minimum(paths.sizes, most)
    bins = [summed(size, weights, most + 1)[1:].astype(np.int64) for weights in (paths.conversions, paths.nulls)]
    return Lengths(np.arange(1, most + 1), bins[0], bins[1])


@dataclass(frozen=True)
class Funnel:
    """By step: journeys that had so many touches, and what became of them after it; reached = the other three."""

    reached: Integers
    converted: Integers
    lost: Integers
    went_on: Integers


def funnel(paths: Paths, steps: int) -> Funnel:
    """What became of journeys touch by touch, for the first `steps` touches."""
    place = np.arange(1, steps + 1)
    touched = paths.sizes > 0
    at_least = paths.sizes[None, :] >= place[:, None]
    ends = paths.sizes[None, :] == place[:, None]
    every = (paths.conversions + paths.nulls) * touched
    reached = at_least @ every
    converted, lost = ends @ paths.conversions, ends @ paths.nulls
    a, b, c = (np.asarray(x, dtype=np.int64) for x in (reached, converted, lost))
    return Funnel(a, b, c, a - b - c)


@dataclass(frozen=True)
class Roles:
    """By channel, over journeys that converted: in how many it opens, closes, assists (is there but does not close), is
    there at all, and is there alone; `lost` counts journeys with it that did not convert.
    """

    opens: Integers
    closes: Integers
    assists: Integers
    present: Integers
    alone: Integers
    lost: Integers


def roles(paths: Paths) -> Roles:
    """A journey counts once for each channel, however often it was touched."""
    k = len(paths.names)
    touched = np.flatnonzero(paths.sizes > 0)
    first, last = (paths.channels[at[touched]] for at in (paths.offsets[:-1], paths.offsets[1:] - 1))
    won = paths.conversions[touched]
    pair = np.unique(paths.path * max(k, 1) + paths.channels)
    path, channel = pair // max(k, 1), pair % max(k, 1)
    kinds = np.bincount(path, minlength=paths.count)
    present = summed(channel, paths.conversions[path], k)
    closes = summed(last, won, k)
    return Roles(
        opens=summed(first, won, k).astype(np.int64),
        closes=closes.astype(np.int64),
        assists=(present - closes).astype(np.int64),
        present=present.astype(np.int64),
        alone=summed(channel, paths.conversions[path] * (kinds[path] == 1), k).astype(np.int64),
        lost=summed(channel, paths.nulls[path], k).astype(np.int64),
    )


START, CONVERTED, LOST = "start", "converted", "lost"


@dataclass(frozen=True)
class Flow:
    """Links of a flow: `count` journeys went from `source` at `step` to `target` at the next; step 0 is the start.

    Names are channels, `start`, `converted` and `lost`; journeys longer than the steps shown go on into `more`.
    """

    step: Integers
    source: tuple[str, ...]
    target: tuple[str, ...]
    count: Integers


def flow(paths: Paths, steps: int) -> Flow:
    """Where journeys go from touch to touch, for the first `steps` touches; every journey ends in one of the ends."""
    k = len(paths.names)
    names = (*paths.names, START, CONVERTED, LOST, "more")
    start, won, gone, more = range(k, k + 4)
    every = paths.conversions + paths.nulls
    parts: list[tuple[Integers, Integers, Integers, Floats]] = []
    inside = paths.place < steps
    before = np.where(paths.place == 0, start, np.concatenate([[start], paths.channels[:-1]]))
    parts.append((paths.place[inside], before[inside], paths.channels[inside], every[paths.path[inside]].astype(float)))
    size = paths.sizes
    ended = _ends(paths, (size > 0) & (size <= steps))
    for end, weights in ((won, paths.conversions), (gone, paths.nulls)):
        parts.append((size[ended[0]], ended[1], np.full(len(ended[0]), end), weights[ended[0]].astype(float)))
    longer = np.flatnonzero(size > steps)
    at = paths.channels[paths.offsets[:-1][longer] + steps - 1]
    parts.append((np.full(len(longer), steps), at, np.full(len(longer), more), every[longer].astype(float)))
    step, source, target, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    code = (step * (k + 4) + source) * (k + 4) + target
    links, group = np.unique(code.astype(np.int64), return_inverse=True)
    count = summed(group, weight, len(links)).astype(np.int64)
    shown = count > 0
    links, count = links[shown], count[shown]
    return Flow(
        step=links // (k + 4) ** 2,
        source=tuple(names[i] for i in links // (k + 4) % (k + 4)),
        target=tuple(names[i] for i in links % (k + 4)),
        count=count,
    )


def _ends(paths: Paths, chosen: Flags) -> tuple[Integers, Integers]:
    """Chosen paths and the channel that each ends in."""
    index = np.flatnonzero(chosen)
    return index, paths.channels[paths.offsets[1:][index] - 1]
