"""From scores of windows to episodes: a threshold for everything scanned together, what is told, and its range."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from roastery.tools.analysis.anomalies import Anomalies
from roastery.tools.analysis.arrays import Flags, Floats, Integers
from roastery.tools.analysis.episodes import AnomalyKind, Episode
from roastery.tools.analysis.pooled import WINDOWS, Kind, Pooled, pooled
from roastery.tools.analysis.usual import SETTLED

WEEK_DAYS, MONTH_DAYS = 7, 30
WEEKLY_HIGH_QUANTILE, WEEKLY_HIGH = 0.9, 2.9
"""Of plain chance, one week in ten has a window beyond WEEKLY_HIGH; wilder series are measured in their own."""
YEARLY_HIGH = 4.4
TAIL = (0.9, 0.99)
LEAST_DENOMINATOR = 5.0
LEAST_WEEKS, ENOUGH_WEEKS, MOST_WEEKS = 8, 20, 52
YOUNG_AS_WILD_AS = 0.75
"""A series of fewer than ENOUGH_WEEKS is taken to be at least as wild as this part of those that are older."""
LEAST_SERIES_WEEKS = 400
LEAST_THRESHOLD, DEFAULT_THRESHOLD = 4.0, 5.0
MOST_AT_ONCE = 20
LEAST_EVENTS, LEAST_DIFFERENCE = 8.0, 5.0
"""In units of chance: what came or should have come, and what it was off by."""
LEAST_EFFECT = 0.25
LEAST_A_MONTH = 1.0
"""Of what does not even come once in four weeks nobody knows what is usual."""
STILL = 0.5
"""A window is told while its last week is off by this part of what the window is off by, day for day."""
SHIFT_DAYS = 14
OTHER_WAY: dict[str, AnomalyKind] = {"spike": "dip", "dip": "spike"}


@dataclass(frozen=True)
class Windowed:
    """Series judged by windows. scores: in the size of each series' own wildest weeks; start: first judged step.

    highs_before: the highest score of each week before the judged steps, over all series that could be judged, each in
    the size of weeks that it is not one of.
    """

    found: Pooled
    scores: Floats
    start: int
    highs_before: Floats


def windowed(values: Floats, weights: Floats | None, kind: Kind, start: int, known: Integers | None = None) -> Windowed:
    """Judge every window that ends on step `start` or later. known (steps,): not 0 on days that are known to be unlike
    others, which count as usual."""
    found = pooled(values, weights, kind, start, known)
    thin = np.zeros(found.scores.shape, dtype=np.bool_)
    if weights is not None and kind == "rate":
        thin = found.below < LEAST_DENOMINATOR
    scores = np.where(_is_evidence(found) & ~thin, found.scores, np.where(np.isfinite(found.scores), 0.0, np.nan))
    highs = _weekly_highs(scores, start)
    return Windowed(found, scores / _wildness(highs), start, _in_others_size(highs))


def _in_others_size(highs: Floats) -> Floats:
    """Highs of every other week in the wildness of those between, so that no week is measured by itself.

    A series' wildest week, measured by itself, is never wild; then the next one would be told as news too often.
    """
    made = np.full(highs.shape, np.nan)
    for half in (0, 1):
        made[half::2] = highs[half::2] / _wildness(highs[1 - half :: 2])
    finite: Floats = made[np.isfinite(made)]
    return finite


def _wildness(highs: Floats) -> Floats:
    """How much wilder than chance the weeks of each series are (series,), NaN where too few of them are known."""
    known = np.isfinite(highs).sum(axis=0)
    wild = np.full(highs.shape[1], np.nan)
    for s in np.flatnonzero(known >= LEAST_WEEKS):
        usual = float(np.nanquantile(highs[:, s], WEEKLY_HIGH_QUANTILE)) / WEEKLY_HIGH
        # What comes once a year, a large refund or a rush, is no news when it comes again.
        wild[s] = max(usual, float(np.nanmax(highs[:, s])) / YEARLY_HIGH, 1.0)
    old = wild[known >= ENOUGH_WEEKS]
    if old.size:
        wild = np.where(known < ENOUGH_WEEKS, np.maximum(wild, np.quantile(old, YOUNG_AS_WILD_AS)), wild)
    return wild


def _weekly_highs(scores: Floats, start: int) -> Floats:
    """Shape (weeks, series), NaN where nothing could be judged."""
    weeks = min(max((start - SETTLED) // WEEK_DAYS, 0), MOST_WEEKS)
    part = np.abs(scores[:, start - weeks * WEEK_DAYS : start])
    part = part.reshape(part.shape[0], weeks, WEEK_DAYS, part.shape[2])
    there = np.isfinite(part).any(axis=(0, 2))
    return np.where(there, np.where(np.isfinite(part), part, -1.0).max(axis=(0, 2)) if weeks else np.nan, np.nan)


@dataclass(frozen=True)
class Tail:
    """How often, by its own history, everything scanned together passes a score: the upper tail of its weeks' highs.

    Squares of scores fall off as an exponential beyond their ninth decile, which a few true events in the history do
    not move. near, far: their ninth decile and hundredth; series: how many are judged of each table of a metric's
    slices; weeks: over how many weeks.
    """

    near: float
    far: float
    series: tuple[int, ...]
    weeks: float

    def scores_at(self, false_alarms: float) -> tuple[float, ...]:
        """For each table the score beyond which all of them together alert this often by chance.

        Each table has an equal part of the alarms, whatever its size: three platforms are not held to what
        sixty campaigns need. Source: Genovese, Roeder & Wasserman 2006 (weights that do not look at the data keep what
        the step-up promises).
        """
        tables = sum(count > 0 for count in self.series)
        return tuple(
            self.score_at(false_alarms / tables / count) if count else DEFAULT_THRESHOLD for count in self.series
        )

    def score_at(self, share: float) -> float:
        """The score that this share of series pass in the judged weeks, by chance alone."""
        rate = (self.far - self.near) / np.log((1 - TAIL[0]) / (1 - TAIL[1]))
        weekly = min(share / self.weeks, 1 - TAIL[1])
        return max(float(np.sqrt(self.far + rate * np.log((1 - TAIL[1]) / weekly))), LEAST_THRESHOLD)


def tail_of(judged: Sequence[Windowed]) -> Tail | None:
    """None where the history is too short to tell, or nothing can be judged."""
    highs = np.concatenate([one.highs_before for one in judged]) if judged else np.empty(0)
    series = tuple(int(np.isfinite(one.scores[:, one.start :]).any(axis=(0, 1)).sum()) for one in judged)
    if len(highs) < LEAST_SERIES_WEEKS or not any(series):
        return None
    near, far = (float(q) for q in np.quantile(highs, TAIL) ** 2)
    weeks = max(one.scores.shape[1] - one.start for one in judged) / WEEK_DAYS
    return Tail(near, far, series, max(weeks, 1.0))


def alarms_of(tail: Tail, alerts_a_month: float) -> float:
    """How many alerts the judged days may bring by chance where a month may bring so many."""
    return alerts_a_month * tail.weeks * WEEK_DAYS / MONTH_DAYS


def step_up(false_share: float, told_at: Callable[[float], int]) -> float:
    """The number of false alarms at which they are at most this share of what is told.

    told_at: how many incidents are told where so many may be false. An incident is one discovery, however many slices
    show it: to count each of them would let in others on the back of one that is wide.
    Source: Benjamini & Hochberg 1995 (step-up); Benjamini & Heller 2007 (clusters, not the places that they cover).
    """
    told = MOST_AT_ONCE
    # Fewer are told where fewer may be false, so that this comes down to the largest number that holds.
    while told > 1 and (found := told_at(false_share * told)) < told:
        told = max(found, 1)
    return false_share * told


def told(one: Windowed, threshold: float) -> Anomalies:
    """Episodes of each series, the strongest window first and none that shares a day with another."""
    steps, series = one.scores.shape[1:]
    with np.errstate(invalid="ignore"):
        beyond = (np.abs(one.scores[:, one.start :]) >= threshold).any(axis=(0, 1))
    episodes = [e for s in np.flatnonzero(beyond).tolist() for e in _of_series(one, s, threshold)]
    flags: Flags = np.zeros((steps, series), dtype=np.bool_)
    for e in episodes:
        flags[e.start : e.end + 1, e.series] = True
    daily, low, high = one.found.usual[0], *_range(one, 0, threshold)
    highs = one.highs_before
    often = float((highs > threshold).mean() * MONTH_DAYS / WEEK_DAYS) if len(highs) else 0.0
    judged = np.isfinite(one.scores[:, one.start :]).any(axis=(0, 1))
    return Anomalies(
        tuple(sorted(episodes, key=lambda e: (-e.severity, e.series, e.start))), (), flags, daily, low, high, threshold,
        often, one.start, (), tuple(int(s) for s in np.flatnonzero(~judged)),
    )  # fmt: skip


def _of_series(one: Windowed, s: int, threshold: float) -> list[Episode]:
    scores = np.nan_to_num(one.scores[:, :, s].copy())
    scores[:, : one.start] = 0.0
    made: list[Episode] = []
    for window, end in sorted(np.argwhere(np.abs(scores) >= threshold).tolist(), key=lambda at: -abs(scores[*at])):
        first = end - WINDOWS[window] + 1
        if any(first <= e.end and e.start <= end for e in made) or not _goes_on(one, window, end, s):
            continue
        came, usual = one.found.came[window, end, s], one.found.usual[window, end, s]
        severity = abs(float(scores[window, end])) / threshold
        unit = one.found.unit[end, s]
        root, far = np.sqrt(np.maximum((usual, came), 0.0) / unit)
        half = abs(far - root) / severity
        low, high = unit * max(root - half, 0.0) ** 2, unit * (root + half) ** 2
        kind: AnomalyKind = "level_shift" if WINDOWS[window] >= SHIFT_DAYS else "spike" if came > usual else "dip"
        made.append(
            Episode(s, kind, first, end, end, float(came), float(usual), float(low), float(high), severity,
                    float(came - usual))
        )  # fmt: skip
    return _joined(made)


def _joined(made: list[Episode]) -> list[Episode]:
    """Windows of one series that touch and go the same way, as one episode: a week-end is not two days."""
    whole: list[Episode] = []
    for e in sorted(made, key=lambda e: e.start):
        last = whole[-1] if whole else None
        if last is None or e.start > last.end + 1 or e.direction != last.direction:
            whole.append(e)
            continue
        strong = max(last, e, key=lambda one: one.severity)
        came, usual, low, high, stake = (
            float(getattr(last, name) or 0.0) + float(getattr(e, name) or 0.0)
            for name in ("actual", "expected", "low", "high", "at_stake")
        )
        whole[-1] = replace(
            strong, start=last.start, end=e.end, actual=came, expected=usual, low=low, high=high, at_stake=stake
        )
    return whole


def _is_evidence(found: Pooled) -> Flags:
    """Where enough happened, or stayed away, and by enough to be worth a word."""
    with np.errstate(invalid="ignore"):
        off = np.abs(found.came - found.usual)
        enough = (np.fmax(found.came, found.usual) >= LEAST_EVENTS * found.unit) & (
            off >= LEAST_DIFFERENCE * found.unit
        )
        rare = found.usual[-1] < LEAST_A_MONTH * found.unit
        return np.asarray(enough & ~rare & (off >= LEAST_EFFECT * found.usual))


def _goes_on(one: Windowed, window: int, end: int, s: int) -> bool:
    """Whether what a long window tells of is still so in its last week."""
    found, week = one.found, WINDOWS.index(WEEK_DAYS)
    off = found.came[window, end, s] - found.usual[window, end, s]
    if window <= week:
        return True
    late = found.came[week, end, s] - found.usual[week, end, s]
    return bool(late * np.sign(off) >= STILL * abs(off) * WEEK_DAYS / WINDOWS[window])


def _range(one: Windowed, window: int, threshold: float) -> tuple[Floats, Floats]:
    """What a window may bring before it is told: a root of a Poisson count is about twice as wide as its chance."""
    usual, unit = one.found.usual[window], one.found.unit
    root = np.sqrt(np.maximum(usual, 0) / unit)
    half = threshold * one.found.sizes[window] / 2
    return unit * np.maximum(root - half, 0.0) ** 2, unit * (root + half) ** 2


def as_costs(found: Anomalies, spent: Floats, bought: Floats) -> Anomalies:
    """Episodes of what was bought for what was spent, told as what was spent on what was bought.

    Where nothing was bought nothing has a cost.
    """

    def spent_if(usually: Floats) -> Floats:
        """What the bought would have cost, had this much been bought for what was spent."""
        return np.asarray(np.divide(spent * bought, usually, out=np.full(spent.shape, np.nan), where=usually > 0))

    made = []
    for e in (e for e in found.episodes if e.actual):
        paid = float(spent[e.start : e.end + 1, e.series].sum())
        assert e.actual is not None
        usual, low, high = (paid * e.actual / max(n, 0.5) for n in (e.expected, e.high, e.low))
        kind = OTHER_WAY.get(e.kind, e.kind)
        made.append(replace(e, kind=kind, actual=paid, expected=usual, low=low, high=high, at_stake=paid - usual))
    return replace(
        found,
        episodes=tuple(made),
        expected=spent_if(found.expected),
        low=spent_if(found.high),
        high=spent_if(found.low),
    )
