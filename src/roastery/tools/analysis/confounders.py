"""What else moves sales while spend moves: weekdays, trend, season, known days, and demand that sells by itself."""

import numpy as np

from roastery.tools.analysis.arrays import Floats, Integers, same_length

KNOT_DAYS = 56
# Shares of demand felt today that are felt tomorrow too: days, and weeks.
DEMAND_CARRY_OVER = (0.5, 0.8)


def calendar_columns(days: int, events: Integers | None) -> Floats:
    """Weekdays, a trend that may bend every eight weeks, the year where one is behind, and known days."""
    t = np.arange(days, dtype=np.float64)
    columns = [np.eye(7)[np.arange(days) % 7], _hats(days)[:, 1:]]
    if events is not None:
        same_length(revenue=t, events=events)
        columns += [(events == code).astype(np.float64)[:, None] for code in np.unique(events[events > 0])]
    return np.hstack(columns)


def demand_columns(demand: Floats) -> Floats:
    """Demand of the day, of which more may come in later weeks, and what is left of earlier days' demand.

    Who buys for the first time decides for days; those who bought before do not. Without the earlier days, spend that
    follows the season seems to sell what the season sells.
    """
    index = _index(demand)
    later = [carried_over(index, theta)[:, None] for theta in DEMAND_CARRY_OVER]
    return np.hstack([index[:, None] * _hats(len(index)), *later])


def own_variation(x: Floats, controls: Floats) -> Floats:
    """Movement of each channel's spend apart from controls and the other channels, over its mean."""
    found = np.zeros(x.shape[1])
    for c in range(x.shape[1]):
        others = np.hstack([controls, np.delete(x, c, axis=1)])
        left = x[:, c] - others @ np.linalg.lstsq(others, x[:, c], rcond=None)[0]
        found[c] = left.std() / x[:, c].mean() if x[:, c].mean() > 0 else 0.0
    return found


def _hats(days: int) -> Floats:
    """Straight lines between a knot every eight weeks: column i is 1 at knot i and 0 at the others."""
    t = np.arange(days, dtype=np.float64)
    knots = np.linspace(0, days - 1, max(days // KNOT_DAYS, 1) + 1)
    return np.stack([np.interp(t, knots, row) for row in np.eye(len(knots))], axis=1)


def _index(demand: Floats) -> Floats:
    """Each day against the eight weeks around it, so that what grows for other reasons does not count as demand."""
    near = np.ones(KNOT_DAYS + 1)
    around = np.convolve(demand, near, "same") / np.convolve(np.ones(len(demand)), near, "same")
    return np.asarray(demand / np.maximum(around, 1e-9), dtype=np.float64)


def carried_over(spend: Floats, theta: float) -> Floats:
    """Spend as it is felt: each day's falls by θ a day, scaled so that a steady spend is felt as itself.

    The days before the first are taken to have been like the mean of the first four weeks.
    """
    from scipy.signal import lfilter

    start = spend[:28].mean()
    felt, _ = lfilter([1 - theta], [1.0, -theta], spend, zi=np.array([theta * start]))
    return np.asarray(felt, dtype=np.float64)
