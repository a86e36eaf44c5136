"""Gaps that are a habit are nothing; others are missing data."""

import numpy as np
import pytest

from roastery.tools.analysis.forecast import forecast_series
from roastery.tools.analysis.silence import habitual


def sold(days: int = 364, seed: int = 1, rate: float = 100.0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, (days, 1)).astype(float)


def test_a_shop_that_is_closed_on_one_weekday_sells_nothing_there() -> None:
    y = sold()
    y[6::7] = np.nan
    empty = habitual(y, 7)
    assert empty[6:-7:7].all()
    assert empty.sum() == np.isnan(y[:-1]).sum()


def test_a_firm_that_sells_every_other_day_sells_nothing_between() -> None:
    y = sold(rate=0.7)
    y[y == 0] = np.nan
    # Half of the days are empty, so gaps of a few days are usual.
    assert habitual(y, 7).sum() >= 0.9 * np.isnan(y).sum()


def test_days_that_were_not_delivered_are_missing_however_few() -> None:
    y = sold()
    y[200:206] = y[100] = np.nan
    assert not habitual(y, 7).any()
    # Also where some days are empty by habit, a gap much longer than chance makes is none.
    sparse = sold(rate=2.0, seed=3)
    sparse[sparse == 0] = np.nan
    sparse[150:180] = np.nan
    empty = habitual(sparse, 7)
    assert not empty[150:180].any()
    assert empty.sum() > 20


def test_before_the_first_value_and_after_the_last_nothing_is_known() -> None:
    y = sold()
    y[::2] = np.nan
    y[:30] = y[-30:] = np.nan
    empty = habitual(y, 7)
    assert empty[40:-40:2].all()
    assert not empty[:30].any()
    assert not empty[-30:].any()
    assert not habitual(np.full((50, 1), np.nan), 7).any()
    assert habitual(np.empty((0, 0)), 7).shape == (0, 0)


def test_intervals_of_a_firm_that_sells_every_other_day_hold_what_they_state() -> None:
    g = np.random.default_rng(5)
    busy = np.where(np.arange(448) % 7 == 0, 0.9, 0.5)[:, None]
    y = np.where(g.random((448, 30)) < busy, g.gamma(1.5, 10_000, (448, 30)), 0.0)
    said = forecast_series(y[:-28], 28)
    inside = (said.low <= y[-28:]) & (y[-28:] <= said.high)
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)
    low, _, high = said.total()
    assert np.mean((low <= y[-28:].sum(axis=0)) & (y[-28:].sum(axis=0) <= high)) >= 0.85


def test_a_closed_day_does_not_bring_the_low_end_of_others_down() -> None:
    y = sold(days=392)
    y[6::7] = 0.0
    said = forecast_series(y, 28)
    sundays = (392 + np.arange(28)) % 7 == 6
    assert np.all(said.low[~sundays] > 50)
    assert said.expected[sundays] == pytest.approx(0.0, abs=2.0)
