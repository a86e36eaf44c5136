"""Scans metrics over their slices for days that are unlike what the days before led to expect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from roastery.tools.analysis.anomalies import LEAST_EXPECTED, Anomalies
from roastery.tools.analysis.anomalies import detect_anomalies as detect
from roastery.tools.analysis.baseline import DAY, WEEK
from roastery.tools.analysis.episodes import Episode
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.asking import Asking, KnownDays
from roastery.tools.base import ToolContext
from roastery.tools.definitions import metrics_of
from roastery.tools.incidents import Incident, Oddity, incidents
from roastery.tools.known_days import known_days
from roastery.tools.series import EVERYTHING, Series, series_of
from roastery.warehouse.errors import AskerError, DataError

Pair = tuple[str, str | None]

HISTORY_DAYS = 800
# A sum that is zero on most days is no series of sizes, but one of events.
LEAST_ACTIVE = 0.8
# What is off by less than this part of the metric's last months is a trifle.
LEAST_PART, MONTHS_STEPS = 0.0005, 84
LEAST_BUDGET, MOST_BUDGET = 0.002, 1.0
# Only these have to send rows every day; a campaign that ended, or a product that did not sell, is no gap.
TELLS_EVERY_DAY = (None, "platform", "account")
# Refunds are told on the day on which they are made, since that is when something is wrong.
BASIS = {"refunds": "refund_day", "refund_count": "refund_day"}
LEAST_MOVE = 0.02


@dataclass(frozen=True)
class Scan:
    """What to scan: pairs of metric and dimension (None for the whole), the days to judge, how many alerts to bear.

    false_share: of windows, how much of what is told may be chance, in place of alerts_a_month.
    """

    asking: Asking
    pairs: tuple[tuple[str, str | None], ...]
    start: date
    end: date
    grain: Literal["day", "week"]
    direction: Literal["up", "down", "both"]
    alerts_a_month: float
    told: tuple[KnownDays, ...] = ()
    false_share: float | None = None


@dataclass(frozen=True)
class Scanned:
    """Incidents, and what was scanned: series by pair, with the judged history of each, and what could not be.

    left_out: how many slices of a pair are too small, and how many too young.
    """

    incidents: tuple[Incident, ...]
    read: dict[Pair, tuple[Series, Anomalies]]
    not_read: dict[Pair, str]
    left_out: dict[Pair, tuple[int, int]]

    @property
    def series(self) -> int:
        return sum(len(series.slices) for series, _ in self.read.values())

    @property
    def expected_alerts(self) -> float:
        """Alerts a month that these thresholds would have raised on the history before."""
        return sum(found.alerts_before * len(series.slices) for series, found in self.read.values())


def scan(context: ToolContext, asked: Scan) -> Scanned:
    """Read every pair, judge its series in one pass, merge what says the same."""
    not_read: dict[Pair, str] = {}
    read = read_series(context, asked, not_read)
    fit = {pair: fit_to_judge(series, asked) for pair, series in read.items()}
    fit = {pair: found for pair, found in fit.items() if found.series is not None}
    budget = asked.alerts_a_month / max(sum(len(found.told.slices) for found in fit.values()), 1)
    known = None
    judged: dict[Pair, tuple[Series, Anomalies]] = {}
    oddities: list[Oddity] = []
    for pair, series in ((pair, found.told) for pair, found in fit.items()):
        known = known or known_days(context, asked.start - timedelta(days=HISTORY_DAYS), asked.end, asked.told)
        try:
            found = detect(
                series.values, series.weights, judged_from=series.place(asked.start), kind=series.kind,
                grain=asked.grain, events=known.codes(series.steps, series.days_of_step),
                budget=min(max(budget, LEAST_BUDGET), MOST_BUDGET),
            )  # fmt: skip
        except TooLittleData as error:
            not_read[pair] = error.message
            continue
        judged[pair] = (series, found)
        oddities += oddities_of(series, found, asked, read.get((series.metric, None)))
    for pair in read.keys() - judged.keys():
        not_read.setdefault(pair, "Its series are too small, or too young, to be judged.")
    told = [o for o in oddities if matters(o, read)]
    merged = incidents(told, lambda a, b: related(context, a, b))
    left_out = {pair: (found.small, found.young) for pair, found in fit.items()}
    return Scanned(merged, judged, not_read, left_out)


def read_series(context: ToolContext, asked: Scan, not_read: dict[Pair, str]) -> dict[Pair, Series]:
    since = asked.start - timedelta(days=HISTORY_DAYS)
    read: dict[Pair, Series] = {}
    for metric, dimension in asked.pairs:
        if dimension is not None and (metric, None) in not_read:
            continue
        try:
            series = series_of(
                context, asked.asking, metric, dimension, asked.grain, since, asked.end, refund_basis=BASIS.get(metric)
            )
        except (AskerError, DataError) as error:
            not_read[metric, dimension] = error.message
            continue
        # One slice alone is the whole once more.
        if len(series.slices) > (1 if dimension and (metric, None) in asked.pairs else 0):
            read[metric, dimension] = series
    return read


@dataclass(frozen=True)
class Fit:
    """The slices of a series that can be judged, None where none can, and how many are too small or too young."""

    series: Series | None
    small: int
    young: int

    @property
    def told(self) -> Series:
        assert self.series is not None
        return self.series


def fit_to_judge(series: Series, asked: Scan) -> Fit:
    """Slices with enough history and volume before the judged days; nothing can be said of the others."""
    settled = (DAY if asked.grain == "day" else WEEK).settled
    start = series.place(asked.start)
    if start >= len(series.steps) or start <= settled:
        return Fit(None, 0, len(series.slices))
    seen = np.isfinite(series.values[:start])
    began = np.where(seen.any(axis=0), seen.argmax(axis=0), start)
    old = (start - began >= settled) & seen[start - settled :].any(axis=0)
    recent = np.nan_to_num(series.values[start - settled : start])
    large = (recent > 0).mean(axis=0) >= LEAST_ACTIVE
    if series.kind != "amount":
        large &= recent.mean(axis=0) >= LEAST_EXPECTED
    keep = np.flatnonzero(old & large)
    small, young = int((old & ~large).sum()), int((~old).sum())
    if not len(keep):
        return Fit(None, small, young)
    kept = replace(
        series, slices=tuple(series.slices[n] for n in keep), values=series.values[:, keep],
        weights=None if series.weights is None else series.weights[:, keep],
    )  # fmt: skip
    return Fit(kept, small, young)


def matters(oddity: Oddity, read: dict[Pair, Series]) -> bool:
    """Whether what is off is more than a trifle of the whole metric over its last months."""
    whole = read.get((oddity.metric, None)) or read.get((oddity.metric, oddity.dimension))
    if whole is None or oddity.actual is None:
        return True
    usual = float(np.nansum(np.abs(whole.values[-MONTHS_STEPS:])))
    return abs(oddity.off) >= LEAST_PART * usual


def oddities_of(series: Series, found: Anomalies, asked: Scan, whole: Series | None) -> list[Oddity]:
    """whole: the metric over everything, None where it is not summed over its slices."""
    made = []
    for episode in found.episodes:
        if episode.kind == "missing" and series.dimension not in TELLS_EVERY_DAY:
            continue
        made.append(_oddity(series, found, episode))
    if series.dimension is not None and series.weights is None and whole is not None:
        made += [_common(series, episode, whole) for episode in found.common]
    kept = [o for o in made if asked.direction in ("both", o.direction)]
    return [o for o in kept if o.actual is None or abs(o.actual - o.expected) > LEAST_MOVE * abs(o.expected)]


def _oddity(series: Series, found: Anomalies, episode: Episode) -> Oddity:
    steps = slice(episode.start, episode.end + 1)
    values = series.values[steps, episode.series]
    low, high = (bound / episode.expected if episode.expected else 1.0 for bound in (episode.low, episode.high))
    about: dict[str, Any] = {
        "metric": series.metric,
        "dimension": series.dimension,
        "value": series.slices[episode.series],
        "kind": episode.kind,
        "start": series.steps[episode.start],
        "end": series.ends[episode.end],
        "peak": series.steps[episode.peak],
        "severity": episode.severity,
    }
    if series.weights is not None:
        return _rate(series, found, episode, steps, about, low, high)
    actual = None if episode.kind == "missing" else float(np.nansum(values))
    expected = (actual or 0.0) - episode.at_stake
    return Oddity(**about, actual=actual, expected=expected, low=expected * low, high=expected * high,
                  off=episode.at_stake)  # fmt: skip


def _rate(
    series: Series, found: Anomalies, episode: Episode, steps: slice, about: dict[str, Any], low: float, high: float
) -> Oddity:
    """A rate over its days: numerators over denominators; `off` is in units of the numerator."""
    assert series.weights is not None
    above, below = series.values[steps, episode.series], series.weights[steps, episode.series]
    whole = float(np.nansum(below))
    if episode.kind == "missing" or whole <= 0:
        rate = float(np.nansum(found.expected[steps, episode.series]) / whole) if whole > 0 else 0.0
        return Oddity(**about, actual=None, expected=rate, low=rate * low, high=rate * high, off=episode.at_stake)
    actual = float(np.nansum(above))
    expected = actual - episode.at_stake
    return Oddity(
        **about, actual=actual / whole, expected=expected / whole, low=expected / whole * low,
        high=expected / whole * high, off=episode.at_stake, actual_above=actual, expected_above=expected, below=whole,
    )  # fmt: skip


def _common(series: Series, episode: Episode, whole: Series) -> Oddity:
    """A shock that the judged slices share, told of the whole: its own value, off by what they were off by."""
    judged = float(np.nansum(series.values[episode.start : episode.end + 1]))
    first, end = series.steps[episode.start], series.ends[episode.end]
    inside = [n for n, day in enumerate(whole.steps) if first <= day < end]
    actual = float(np.nansum(whole.values[inside]))
    expected, of_judged = actual - episode.at_stake, judged - episode.at_stake
    low, high = (of_judged * (bound / episode.expected if episode.expected else 1.0) + expected - of_judged
                 for bound in (episode.low, episode.high))  # fmt: skip
    return Oddity(
        series.metric, series.dimension, EVERYTHING, episode.kind, series.steps[episode.start],
        series.ends[episode.end], series.steps[episode.peak], actual, expected, low, high,
        episode.severity, episode.at_stake, is_common=True,
    )  # fmt: skip


def related(context: ToolContext, one: str, other: str) -> bool:
    """Whether two metrics are read off the same records."""
    semantics = context.metrics.semantics

    def facts(name: str) -> set[str]:
        return {measure.fact.base_table for leaf in semantics.leaves(name) for measure in leaf.measures}

    return not facts(one).isdisjoint(facts(other))


def is_scannable(context: ToolContext, metric: str, *, by_windows: bool = False) -> bool:
    """Whether a metric has a value for each day: not one of a whole period, nor of a cohort that still grows.

    A mean score has one over each window, by those who were scored.
    """
    entry = metrics_of(context)[metric]
    units = ("money", "count", "ratio", "score") if by_windows else ("money", "count", "ratio")
    return bool(entry.grains) and entry.unit in units


def pairs_of(
    context: ToolContext, metrics: Sequence[str], dimensions: Sequence[str]
) -> tuple[tuple[str, str | None], ...]:
    """Each metric as a whole, and over each of the dimensions that it can be split by."""
    known = metrics_of(context)
    found: list[tuple[str, str | None]] = []
    for metric in metrics:
        if known[metric].across_platforms != "refuse":
            found.append((metric, None))
        found += [(metric, d) for d in dimensions if d in known[metric].dimensions]
    return tuple(found)
