"""How what a day brings arrives over the days after it: learned with censoring, with an interval tested on the past.

A day is a cohort (of touches, of sales); what it brings (credited orders, refunds) arrives at lags of 0, 1, 2 … days.
Days not old enough have not shown their later lags yet: they count for a lag only when it lies behind them whole, as in
the Kaplan-Meier estimator a subject counts at a time only while it is watched.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers
from roastery.tools.analysis.errors import CannotTell

MEMORY_DAYS = 365
FEWEST_DAYS = 56
REPLAYS = 52
FEWEST_REPLAYS = 12
COVERAGE = 0.8
COMPLETE = 0.97
"""A day is mature when this share of what it will bring has arrived."""


@dataclass(frozen=True)
class Triangle:
    """By day, oldest first: exposure, and what arrived at each lag (days × lags).

    The last day is the last whole one, so a day i of n has been watched for n − 1 − i lags besides its own.
    """

    exposure: Floats
    arrived: Floats

    @property
    def days(self) -> int:
        return int(self.exposure.size)

    @property
    def ages(self) -> Integers:
        """How many lags of each day have been seen whole, less one."""
        return np.arange(self.days - 1, -1, -1)

    def until(self, days: int) -> "Triangle":
        """What was known when only the first `days` had passed: later arrivals are hidden."""
        arrived = self.arrived[:days].copy()
        arrived[np.arange(arrived.shape[1])[None, :] > np.arange(days - 1, -1, -1)[:, None]] = 0.0
        return Triangle(self.exposure[:days], arrived)


@dataclass(frozen=True)
class Outlook:
    """What the days of a span still bring. expected: in the arrivals' unit; low, high: with COVERAGE.

    arrived: what the span brought so far. replays: how many earlier spans the interval was tested on. spread: the
    variance of what is to come over its mean.
    """

    arrived: float
    expected: float
    low: float
    high: float
    replays: int
    spread: float


def rates(triangle: Triangle) -> Floats:
    """What one unit of exposure brings at each lag; each lag from the days that are old enough for it.

    Shape: (lags,). Errors: CannotTell where there are too few days. Source: the Nelson-Aalen form of Kaplan & Meier
    1958, by lag; in loss reserving the additive method.
    """
    if triangle.days < FEWEST_DAYS:
        raise CannotTell(f"How numbers mature is learned from at least {FEWEST_DAYS} days; there are {triangle.days}.")
    lags = np.arange(triangle.arrived.shape[1])
    watched = triangle.ages[:, None] >= lags[None, :]
    recent = (triangle.ages < MEMORY_DAYS + lags.size)[:, None] & watched
    exposed = (triangle.exposure[:, None] * recent).sum(axis=0)
    came = (triangle.arrived * recent).sum(axis=0)
    found: Floats = np.divide(came, exposed, out=np.zeros(lags.size), where=exposed > 0)
    return found


def completeness(curve: Floats) -> Floats:
    """Share of what a day will bring that has arrived at each lag; ones where it brings nothing."""
    total = curve.sum()
    return np.cumsum(curve) / total if total > 0 else np.ones(curve.size)


def mature_age(curve: Floats) -> int:
    """The first lag at which a day counts as mature."""
    return int(np.argmax(completeness(curve) >= COMPLETE))


def to_come(curve: Floats, exposure: Floats, ages: Integers) -> float:
    """What days of given exposures and ages are still expected to bring."""
    tail = np.append(np.cumsum(curve[::-1])[::-1], 0.0)
    return float((exposure * tail[np.minimum(ages + 1, curve.size)]).sum())


def outlook(triangle: Triangle, start: int, end: int) -> Outlook:
    """What days [start, end) of a triangle still bring, with an interval from replays of the past.

    The same span is looked at as many weeks earlier as history allows, with the curve of that time; how far it then
    missed what came, in square roots of what was expected (arrivals are counts of a spread of their own), gives the
    interval. Errors: CannotTell for too short a history.
    """
    curve = rates(triangle)
    ages = triangle.ages[start:end]
    expected = to_come(curve, triangle.exposure[start:end], ages)
    misses, predicted = _replays(triangle, start, end)
    arrived = _seen(triangle.arrived[start:end], ages)
    if misses.size < FEWEST_REPLAYS:
        raise CannotTell("There are too few whole histories to test how numbers mature.")
    unit = float((misses**2).mean() / max(predicted.mean(), 1e-12))
    scaled = misses / np.sqrt(np.maximum(np.maximum(predicted, unit / 4) * unit, 1e-12))
    low, high = _quantiles(scaled)
    width = np.sqrt(max(expected, unit / 4) * unit)
    return Outlook(arrived, expected, max(expected + low * width, 0.0), max(expected + high * width, 0.0),
                   int(misses.size), unit)  # fmt: skip


def at_same_age(triangle: Triangle, start: int, end: int, days_before: int) -> float:
    """What the span that lies `days_before` earlier had brought when it was as old as this one is."""
    ages = triangle.ages[start:end]
    return _seen(triangle.arrived[start - days_before : end - days_before], ages)


def _replays(triangle: Triangle, start: int, end: int) -> tuple[Floats, Floats]:
    """By replay: how much more came than was expected, and what was expected."""
    lags = triangle.arrived.shape[1]
    misses, predicted = [], []
    for weeks in range(1, REPLAYS + lags // 7 + 1):
        back = 7 * weeks
        if start - back < 0 or triangle.days - back < FEWEST_DAYS:
            break
        if triangle.ages[end - 1] + back < lags - 1:
            continue
        then = triangle.until(triangle.days - back)
        ages = triangle.ages[start:end]
        expected = to_come(rates(then), then.exposure[start - back : end - back], ages)
        whole = float(triangle.arrived[start - back : end - back].sum())
        misses.append(whole - _seen(triangle.arrived[start - back : end - back], ages) - expected)
        predicted.append(expected)
    return np.array(misses), np.array(predicted)


def _seen(arrived: Floats, ages: Integers) -> float:
    """What had arrived by each day's age."""
    return float((arrived * (np.arange(arrived.shape[1])[None, :] <= ages[:, None])).sum())


def _quantiles(scaled: Floats) -> tuple[float, float]:
    """Both ends of the interval: half way between the sample's own, as far out as conformal prediction asks for its
    size, and a normal error's, since earlier spans overlap and their extremes are few."""
    tail = (1 - COVERAGE) / 2
    high = min(np.ceil((scaled.size + 1) * (1 - tail)) / scaled.size, 1.0)
    normal = NormalDist().inv_cdf(1 - tail)
    ends = np.quantile(scaled, 1 - high, method="lower"), np.quantile(scaled, high, method="higher")
    return (float(ends[0]) - normal) / 2, (float(ends[1]) + normal) / 2
