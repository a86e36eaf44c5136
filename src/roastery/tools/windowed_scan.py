"""Scans by windows of one day to four weeks, so that slices with a few events a day are judged too."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np

from roastery.tools.analysis.anomalies import Anomalies, may_miss
from roastery.tools.analysis.anomalies import detect_anomalies as detect
from roastery.tools.analysis.arrays import Floats, Integers
from roastery.tools.analysis.episodes import Episode
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.usual import LEAST_SIBLINGS
from roastery.tools.analysis.windows import (
    DEFAULT_THRESHOLD,
    Windowed,
    alarms_of,
    as_costs,
    step_up,
    tail_of,
    told,
    windowed,
)
from roastery.tools.base import ToolContext
from roastery.tools.incident_sources import with_sources
from roastery.tools.incidents import Oddity, incidents
from roastery.tools.known_days import PROMOTION, Known, known_days
from roastery.tools.scan import (
    HISTORY_DAYS,
    TELLS_EVERY_DAY,
    Pair,
    Scan,
    Scanned,
    matters,
    oddities_of,
    read_series,
    related,
)
from roastery.tools.series import Series
from roastery.tools.watched import COSTS, GIVEN, GIVEN_BY

TOO_YOUNG = "Its series are too young to be judged."


def scan_windows(context: ToolContext, asked: Scan) -> Scanned:
    """Read every pair, judge all windows together, merge what says the same."""
    not_read: dict[Pair, str] = {}
    given = [(GIVEN[m], d) for m, d in asked.pairs if m in GIVEN and d in GIVEN_BY]
    pairs = tuple(dict.fromkeys((*asked.pairs, *given)))
    read = read_series(context, replace(asked, pairs=pairs), not_read)
    known = known_days(context, asked.start - timedelta(days=HISTORY_DAYS), asked.end, asked.told)
    windows: dict[Pair, tuple[Series, Windowed]] = {}
    for pair in (pair for pair in asked.pairs if pair in read):
        series = _with_denominators(read[pair], read)
        start = series.place(asked.start)
        if start >= len(series.steps) or not series.slices:
            not_read[pair] = TOO_YOUNG
            continue
        windows[pair] = (series, _judged(series, read, start, known, asked))
    tail = tail_of([found for _, found in windows.values()])

    def told_where(false_alarms: float) -> Scanned:
        scores = tail.scores_at(false_alarms) if tail else (DEFAULT_THRESHOLD,) * len(windows)
        return _told(context, asked, windows, read, dict(not_read), dict(zip(windows, scores, strict=True)))

    if tail is None or asked.false_share is None:
        return _with_sources(context, asked, told_where(alarms_of(tail, asked.alerts_a_month) if tail else 0.0))

    def discoveries(false_alarms: float) -> int:
        return sum(one.head.kind != "missing" for one in told_where(false_alarms).incidents)

    return _with_sources(context, asked, told_where(step_up(asked.false_share, discoveries)))


def _told(
    context: ToolContext, asked: Scan, windows: Mapping[Pair, tuple[Series, Windowed]], read: dict[Pair, Series],
    not_read: dict[Pair, str], thresholds: Mapping[Pair, float],
) -> Scanned:  # fmt: skip
    """Everything beyond the threshold of its table, merged into incidents."""
    judged: dict[Pair, tuple[Series, Anomalies]] = {}
    oddities: list[Oddity] = []
    left_out: dict[Pair, tuple[int, int]] = {}
    for pair, (series, one) in windows.items():
        found = told(one, thresholds[pair])
        if series.metric in COSTS and series.weights is not None:
            found = as_costs(found, np.nan_to_num(series.values), np.nan_to_num(series.weights))
        left_out[pair] = (0, len(found.too_short))
        if len(found.too_short) == len(series.slices):
            not_read[pair] = TOO_YOUNG
            continue
        found = replace(found, episodes=(*found.episodes, *_missing(series, one.start)))
        judged[pair] = (series, found)
        oddities += oddities_of(series, found, asked, None)
    kept = [o for o in oddities if matters(o, read)]
    return Scanned(incidents(kept, lambda a, b: _is_related(context, a, b)), judged, not_read, left_out)


def _is_related(context: ToolContext, one: str, other: str) -> bool:
    """Read off the same records, or judged by what is: fewer visits for a click, on the days on which spend doubled."""
    return related(context, one, other) or related(context, GIVEN.get(one, one), GIVEN.get(other, other))


def _with_sources(context: ToolContext, asked: Scan, scanned: Scanned) -> Scanned:
    return replace(scanned, incidents=with_sources(context, asked.asking, scanned.incidents))


def _with_denominators(series: Series, read: Mapping[Pair, Series]) -> Series:
    """Of what is judged by clicks, the slices that had any."""
    clicks = _given(series, read)
    if clicks is None:
        return series
    keep = np.flatnonzero(clicks.sum(axis=0) > 0)
    return replace(series, slices=tuple(series.slices[n] for n in keep), values=series.values[:, keep])


def _given(series: Series, read: Mapping[Pair, Series]) -> Floats | None:
    """What a count is judged by, in the shape of its values; None where it is judged by itself."""
    other = read.get((GIVEN.get(series.metric, ""), series.dimension))
    if other is None or series.dimension not in GIVEN_BY:
        return None
    found = np.zeros(series.values.shape)
    rows = {day: n for n, day in enumerate(other.steps)}
    columns = {name: n for n, name in enumerate(other.slices)}
    to = [(n, rows[day]) for n, day in enumerate(series.steps) if day in rows]
    across = [(n, columns[name]) for n, name in enumerate(series.slices) if name in columns]
    if to and across:
        mine, theirs = (np.ix_([t[end] for t in to], [a[end] for a in across]) for end in (0, 1))
        found[mine] = np.nan_to_num(other.values[theirs])
    return found


def _judged(series: Series, read: Mapping[Pair, Series], start: int, known: Known, asked: Scan) -> Windowed:
    values, weights = series.values, series.weights
    codes = _codes(series, known, asked)
    if series.metric in COSTS and weights is not None:
        return windowed(weights, values, "cost", start, codes)
    clicks = _given(series, read)
    if clicks is not None:
        return windowed(values, clicks, "count", start, codes)
    return windowed(values, weights, series.kind, start, codes)


def _codes(series: Series, known: Known, asked: Scan) -> Integers:
    """Days known to be unlike others: what the asker told, and holidays and promotions where they show.

    What slices do beside each other during a promotion is still judged, and what they do of their own denominators.
    """
    beside = series.dimension is not None and len(series.slices) >= LEAST_SIBLINGS
    own = series.dimension is not None and series.weights is not None
    named = {day: name for day, name in known.names.items() if not (own or (beside and name.startswith(PROMOTION)))}
    for span in asked.told:
        named |= {span.start + timedelta(days=n): span.name for n in range((span.end - span.start).days)}
    return Known(named).codes(series.steps, series.days_of_step)


def _missing(series: Series, start: int) -> list[Episode]:
    """Days on which a source that tells every day told nothing."""
    if series.dimension not in TELLS_EVERY_DAY or series.weights is not None or not may_miss(series.values, start):
        return []
    try:
        found = detect(series.values, judged_from=start, kind=series.kind)
    except TooLittleData:
        return []
    return [episode for episode in found.episodes if episode.kind == "missing"]
