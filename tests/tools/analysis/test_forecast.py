"""Forecasts: the reference series, coverage, laws, reconciliation and refusals."""

import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.forecast import Forecast, forecast_series, reconcile

from .reference_data import reference_folder, scorer

HORIZON = 56
WEEK_SHAPE = np.array([1.0, 0.9, 0.95, 1.0, 1.3, 1.6, 1.2])


def nn5() -> tuple[pd.DataFrame, pd.DataFrame]:
    long = pd.read_csv(reference_folder("daily") / "nn5_daily_dev.csv")
    return long, long.pivot(index="ds", columns="unique_id", values="y")


@pytest.mark.referee
def test_nn5_is_forecast_better_than_by_ets_and_weekday_mean_with_the_stated_coverage() -> None:
    long, wide = nn5()
    started = time.process_time()
    said = forecast_series(wide.to_numpy()[:-HORIZON], HORIZON)
    assert (time.process_time() - started) / wide.shape[1] < 0.25
    days, names = np.meshgrid(wide.index[-HORIZON:], wide.columns, indexing="ij")
    rows = pd.DataFrame({"unique_id": names.ravel(), "ds": days.ravel(), "yhat": said.expected.ravel(),
                         "lo95": said.low.ravel(), "hi95": said.high.ravel()})  # fmt: skip
    scores = scorer().forecasts(rows, long)
    assert scores["mase"] <= 0.815
    assert abs(scores["coverage95"] - 0.95) <= 0.03
    naive = scorer().forecasts(rows.assign(yhat=said.naive.ravel()), long)
    assert naive["mase"] == pytest.approx(1.057, abs=1e-3)


@pytest.mark.referee
def test_median_nn5_series_is_within_fourteen_seventeen_and_eighteen_per_cent() -> None:
    _, wide = nn5()
    said = forecast_series(wide.to_numpy()[:-HORIZON], HORIZON)
    came = wide.to_numpy()[-HORIZON:]
    for steps, most in ((7, 14), (28, 17), (56, 18)):
        off = np.abs(came - said.expected)[:steps].sum(axis=0) / came[:steps].sum(axis=0)
        assert 100 * np.median(off) <= most
    low, _, high = said.total()
    assert 0.88 <= np.mean((low <= came.sum(axis=0)) & (came.sum(axis=0) <= high)) <= 1


@pytest.mark.referee
@pytest.mark.prove
def test_the_ensemble_beats_statsmodels_ets_averaged_with_the_weekday_mean() -> None:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    _, wide = nn5()
    y = wide.to_numpy()[:, :12]
    past, came = y[:-HORIZON], y[-HORIZON:]
    scale = np.abs(past[7:] - past[:-7]).mean(axis=0)
    floor = np.empty_like(came)
    for s in range(past.shape[1]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ets = ExponentialSmoothing(past[:, s], trend="add", damped_trend=True, seasonal="add", seasonal_periods=7)
            floor[:, s] = ets.fit().forecast(HORIZON)
    weekday = np.tile(past[-56:].reshape(8, 7, -1).mean(axis=0), (8, 1))
    by_floor = (np.abs(came - (floor + weekday) / 2).mean(axis=0) / scale).mean()
    ours = (np.abs(came - forecast_series(past, HORIZON).expected).mean(axis=0) / scale).mean()
    assert ours < by_floor


def shops(days: int = 400, series: int = 3, noise: float = 0.1, seed: int = 2) -> np.ndarray:
    g = np.random.default_rng(seed)
    shape = WEEK_SHAPE[np.arange(days) % 7][:, None]
    return g.uniform(200, 900, series) * shape * np.exp(g.normal(0, noise, (days, series)))


def say(values: np.ndarray, horizon: int = 28, **arguments: Any) -> Forecast:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return forecast_series(values, horizon, **arguments)


def test_a_weekday_pattern_is_carried_on_with_honest_intervals() -> None:
    y = shops(days=428, series=40)
    said = say(y[:-28])
    off = np.abs(said.expected / y[-28:] - 1).mean()
    assert off < 0.1
    assert 0.9 <= np.mean((said.low <= y[-28:]) & (y[-28:] <= said.high)) <= 0.99
    assert said.back_test.coverage.mean() == pytest.approx(0.95, abs=0.03)
    assert np.all(said.back_test.mase["ensemble"] < said.back_test.mase["seasonal_naive"])


def test_wider_levels_have_wider_intervals_and_the_path_lies_inside() -> None:
    y = shops()
    narrow, wide = say(y, level=0.8), say(y, level=0.95)
    assert np.all(wide.low <= narrow.low)
    assert np.all(narrow.low <= narrow.expected)
    assert np.all(narrow.expected <= narrow.high)
    assert np.all(narrow.high <= wide.high)


def test_a_yearly_course_is_followed() -> None:
    t = np.arange(364 * 2 + 28)
    y = shops(days=len(t), noise=0.03) * (1 + 0.4 * np.sin(2 * np.pi * t / 364))[:, None]
    said = say(y[:-28])
    assert np.abs(said.expected / y[-28:] - 1).mean() < 0.08


def test_known_days_do_as_they_did_before() -> None:
    y = shops(noise=0.03)
    events = np.zeros(428, dtype=np.int64)
    events[[100, 200, 300, 410]] = 1
    y[[100, 200, 300]] *= 0.3
    said = say(y, events=events)
    usual = say(y).expected[10]
    assert np.all(said.expected[10] < 0.75 * usual)


@given(st.floats(1e-3, 1e5))
@settings(max_examples=4, deadline=None)
def test_money_is_forecast_alike_in_every_currency(unit: float) -> None:
    y = shops()
    plain, scaled = say(y), say(y * unit)
    assert scaled.expected == pytest.approx(plain.expected * unit, rel=1e-6)
    assert scaled.high == pytest.approx(plain.high * unit, rel=1e-6)


def test_series_do_not_disturb_each_other() -> None:
    y = shops()
    assert say(y).expected[:, [1]] == pytest.approx(say(y[:, [1]]).expected)


def test_constant_zero_gappy_and_negative_series_are_right_results() -> None:
    g = np.random.default_rng(1)
    y = shops(series=4)
    y[:, 0], y[:, 1] = 50.0, 0.0
    y[g.random(400) < 0.3, 2] = np.nan
    y[::9, 3] *= -1
    said = say(y)
    assert said.expected[:, 0] == pytest.approx(50)
    assert said.expected[:, 1] == pytest.approx(0)
    assert np.isfinite([said.expected, said.low, said.high]).all()
    assert said.low.min() >= 0
    assert say(y - 5000, floor=None).expected.max() < 0


def test_weeks_and_months_are_forecast_too() -> None:
    t = np.arange(160)
    weekly = np.exp(7 + 0.3 * np.sin(2 * np.pi * t / 52) + np.random.default_rng(3).normal(0, 0.05, 160))[:, None]
    said = say(weekly[:-8], 8, grain="week")
    assert np.abs(said.expected / weekly[-8:] - 1).mean() < 0.1
    monthly = (1000 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(60) / 12)))[:, None]
    assert np.abs(say(monthly[:-6], 6, grain="month").expected / monthly[-6:] - 1).mean() < 0.12
    assert say(monthly[:14], 3, grain="month").expected.shape == (3, 1)


def test_eight_weeks_are_enough_and_less_is_refused() -> None:
    said = say(shops(days=56), 28)
    assert said.tested_steps == 14
    assert len(said.caveats) == 2
    assert np.all(said.high[-1] - said.low[-1] > said.high[6] - said.low[6])
    with pytest.raises(TooLittleData, match="at least 56 days"):
        forecast_series(shops(days=55), 28)
    with pytest.raises(TooLittleData):
        forecast_series(np.full((100, 1), np.nan), 28)
    with pytest.raises(TooLittleData):
        forecast_series(np.empty((0, 0)), 28)
    with pytest.raises(UnfitInput, match="56 steps of history and 28 to come"):
        forecast_series(shops(days=56), 28, events=np.zeros(5, dtype=np.int64))
    with pytest.raises(UnfitInput, match="horizon"):
        forecast_series(shops(days=56), 0)


def test_pacing_to_a_target_is_a_chance_between_sure_and_hopeless() -> None:
    said = say(shops(series=1))
    low, expected, high = (float(bound[0]) for bound in said.total())
    assert low < expected < high
    assert said.chance_of(expected) == pytest.approx(0.5)
    assert said.chance_of(low) == pytest.approx(0.975, abs=1e-6)
    assert said.chance_of(high) == pytest.approx(0.025, abs=1e-6)
    assert said.chance_of(100, so_far=100) == 1
    assert said.chance_of(expected + 500, so_far=500) == pytest.approx(0.5)
    with pytest.raises(UnfitInput, match="28 steps; 29"):
        said.total(29)


parts = st.lists(st.floats(0, 1e6), min_size=2, max_size=5)


@given(parts, st.floats(0, 5e6), st.floats(0.01, 1e3), st.data())
def test_reconciled_parts_sum_to_the_whole(
    values: list[float], whole: float, error: float, data: st.DataObject
) -> None:
    errors = np.array(data.draw(st.lists(st.floats(0.01, 1e3), min_size=len(values), max_size=len(values))))
    agreed = reconcile(np.array([whole]), np.array([values]), error, errors)
    assert agreed.parts.sum(axis=1) == pytest.approx(agreed.whole)
    assert agreed.parts.min() >= 0


def test_the_gap_falls_on_the_part_that_is_least_sure() -> None:
    # Whole 120 ± 1, parts 50 ± 1 and 50 ± 3: gap 20 over squares 1 + 1 + 9 gives 20/11 and 180/11.
    agreed = reconcile(np.array([120.0]), np.array([[50.0, 50.0]]), 1.0, np.array([1.0, 3.0]))
    assert agreed.parts[0] == pytest.approx([50 + 20 / 11, 50 + 180 / 11])
    with pytest.raises(UnfitInput):
        reconcile(np.array([120.0]), np.array([[50.0, 50.0]]), 1.0, np.array([1.0]))
