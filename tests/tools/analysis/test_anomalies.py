"""Anomaly detection: the reference series, planted kinds, causality, laws and refusals."""

import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.anomalies import Anomalies, detect_anomalies, may_miss
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from tests.examples import examples

from .reference_data import reference_folder, scorer

WEEK_SHAPE = np.log([1.0, 0.9, 0.95, 1.0, 1.3, 1.6, 1.2])
FIRST_SCORED_DAY = 420


@pytest.mark.referee
def test_injected_anomalies_are_found_within_the_budget_of_false_episodes() -> None:
    folder = reference_folder("daily")
    series = pd.read_csv(folder / "anomaly_series_dev.csv")
    wide = series.pivot(index="ds", columns="unique_id", values="y")
    found = detect_anomalies(wide.to_numpy(), judged_from=FIRST_SCORED_DAY)
    day, column = np.nonzero(found.flags)
    flags = pd.DataFrame({"unique_id": wide.columns[column], "ds": wide.index[day]})
    scores = scorer().anomalies(flags, series, pd.read_csv(folder / "anomaly_labels_dev.csv"))
    assert scores["f1"] >= 0.52
    assert scores["false_episodes_per_series_month"] <= 0.20


def shops(series: int = 12, days: int = 400, noise: float = 0.08, seed: int = 5) -> np.ndarray:
    """Daily revenue of shops with a weekday pattern and independent noise."""
    g = np.random.default_rng(seed)
    level = g.uniform(5, 9, series)
    logs = level + WEEK_SHAPE[np.arange(days) % 7][:, None] + g.normal(0, noise, (days, series))
    return np.exp(logs)


def only(found: Anomalies, series: int) -> Any:
    """The one episode of a series."""
    (episode,) = [e for e in found.episodes if e.series == series]
    return episode


def judge(values: np.ndarray, **arguments: Any) -> Anomalies:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return detect_anomalies(values, **{"judged_from": 340, "threshold": 4.5, **arguments})


@pytest.mark.parametrize(("factor", "kind", "direction"), [(2.0, "spike", "up"), (0.4, "dip", "down")])
def test_a_single_day_is_a_spike_or_a_dip_with_its_range_and_stake(factor: float, kind: str, direction: str) -> None:
    y = shops()
    usual = y[360, 3]
    y[360, 3] *= factor
    episode = only(judge(y), 3)
    assert (episode.kind, episode.direction, episode.peak) == (kind, direction, 360)
    assert episode.start == 360
    assert not episode.low <= episode.actual <= episode.high
    assert episode.expected == pytest.approx(usual, rel=0.25)
    assert episode.severity > 1


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_a_lasting_change_is_one_level_shift_whose_stake_is_what_it_cost(factor: float) -> None:
    y = shops()
    before = y.copy()
    y[360:, 3] *= factor
    episode = only(judge(y), 3)
    assert episode.kind == "level_shift"
    assert 360 <= episode.start <= 366
    lost = (y - before)[episode.start : episode.end + 1, 3].sum()
    assert episode.at_stake == pytest.approx(lost, rel=0.35)


def test_a_slow_decline_is_a_trend_break() -> None:
    y = shops(noise=0.03)
    y[350:, 3] *= np.exp(-0.012 * np.arange(50))
    episode = only(judge(y), 3)
    assert (episode.kind, episode.direction) == ("trend_break", "down")


def test_absent_days_are_missing_data_and_told_once() -> None:
    y = shops()
    y[360:364, 3] = np.nan
    episode = only(judge(y), 3)
    assert (episode.kind, episode.start, episode.end, episode.actual) == ("missing", 360, 363, None)
    assert episode.at_stake < 0


def test_a_weekday_that_is_always_closed_is_not_missing() -> None:
    y = shops()
    y[6::7] = np.nan
    assert judge(y).episodes == ()


def test_what_all_series_do_is_told_once_as_common_and_not_by_series() -> None:
    y = shops(series=30)
    y[360] *= 0.5
    y[370, 3] *= 0.4
    found = judge(y)
    assert [e.series for e in found.episodes] == [3]
    (shock,) = found.common
    assert (shock.series, shock.kind, shock.start, shock.end) == (-1, "dip", 360, 360)
    assert shock.actual == pytest.approx(y[360].sum())
    assert shock.expected == pytest.approx(2 * y[360].sum(), rel=0.1)


def test_known_holidays_are_expected_to_do_as_last_time() -> None:
    y = shops(series=4)
    y[[100, 200, 360]] *= 0.3
    events = np.zeros(400, dtype=np.int64)
    assert {e.peak for e in judge(y).episodes} == {360}
    events[[100, 200, 360]] = 1
    assert judge(y, events=events).episodes == ()
    y[360, 2] *= 0.3
    assert {e.series for e in judge(y, events=events).episodes} == {2}


def test_a_holiday_never_seen_before_is_not_judged() -> None:
    y = shops(series=4)
    y[360] *= 0.3
    events = np.zeros(400, dtype=np.int64)
    events[360] = 7
    assert judge(y, events=events).episodes == ()


def test_a_rate_over_few_trials_is_not_an_anomaly_and_the_same_rate_over_many_is() -> None:
    g = np.random.default_rng(8)
    trials = g.integers(4_000, 6_000, (400, 6)).astype(float)
    trials[360, 2] = 150
    won = g.binomial(trials.astype(int), 0.05).astype(float)
    won[360, 2], won[360, 4] = 15, 0.1 * trials[360, 4]
    found = judge(won, weights=trials, kind="rate")
    assert {e.series for e in found.episodes} == {4}
    assert only(found, 4).expected == pytest.approx(0.05 * trials[360, 4], rel=0.15)


def test_alerts_keep_to_the_budget_on_the_history() -> None:
    g = np.random.default_rng(4)
    y = shops(series=40) * np.exp(0.05 * g.standard_t(3, (400, 40)))
    thresholds = []
    for budget in (0.05, 0.15, 0.5):
        found = judge(y, budget=budget, threshold=None)
        assert found.alerts_before <= budget
        thresholds.append(found.threshold)
    assert thresholds == sorted(thresholds, reverse=True)


def test_weeks_are_judged_too() -> None:
    g = np.random.default_rng(4)
    y = np.exp(8 + g.normal(0, 0.05, (120, 9)))
    y[115, 3] *= 0.6
    found = detect_anomalies(y, grain="week", judged_from=100)
    episode = only(found, 3)
    assert (episode.kind, episode.peak) == ("dip", 115)


@given(st.integers(341, 399), st.integers(0, 2**31))
@settings(max_examples=examples(10), deadline=None)
def test_later_days_do_not_change_what_is_said_of_earlier_ones(cut: int, seed: int) -> None:
    y = shops(seed=seed % 1000)
    y[350, 1] *= 0.4
    later = y.copy()
    later[cut:] *= np.random.default_rng(seed).uniform(0.1, 5, later[cut:].shape)
    assert np.array_equal(judge(y).flags[:cut], judge(later).flags[:cut])
    assert np.array_equal(judge(y[:cut]).flags, judge(y).flags[:cut])


@given(st.floats(1e-3, 1e4), st.permutations(range(12)))
@settings(max_examples=examples(10), deadline=None)
def test_money_is_read_alike_in_every_currency_and_order(unit: float, order: list[int]) -> None:
    y = shops()
    y[360, 3] *= 0.4
    y[371:, 5] *= 1.3
    assert np.array_equal(judge(y * unit).flags[:, order], judge(y[:, order]).flags)


def test_flat_zero_negative_sparse_and_young_series_neither_alert_nor_break() -> None:
    g = np.random.default_rng(3)
    y = shops(series=8)
    y[:, 0] = 100.0
    y[:, 1] = 0.0
    y[:, 2] -= 0.8 * y[:, 2].mean()
    y[:, 3] = np.nan
    y[g.random(400) < 0.3, 4] = np.nan
    y[:380, 5] = np.nan
    found = judge(y)
    assert {e.series for e in found.episodes} <= {2}
    assert set(found.too_short) == {1, 3, 5}
    assert np.isfinite([e.expected for e in found.episodes]).all()


def test_counts_of_a_few_a_day_are_too_small_to_be_judged_by_day() -> None:
    y = np.random.default_rng(3).poisson([2.0, 200.0], (400, 2)).astype(float)
    found = judge(y, kind="count")
    assert found.too_small == (0,)
    assert not found.flags[:, 0].any()


def test_a_collapse_to_zero_is_found() -> None:
    y = shops()
    y[365:368, 3] = 0.0
    episode = only(judge(y), 3)
    assert (episode.kind, episode.start) == ("dip", 365)
    assert episode.severity > 2


def test_too_little_history_and_unfit_input_are_sentences() -> None:
    with pytest.raises(TooLittleData, match="more than 84 days of history; there are 60"):
        detect_anomalies(np.ones((60, 3)))
    with pytest.raises(UnfitInput, match="denominators"):
        detect_anomalies(np.ones((100, 3)), kind="rate")
    with pytest.raises(UnfitInput, match="between 0 and 99"):
        detect_anomalies(np.ones((100, 3)), judged_from=100)
    with pytest.raises(UnfitInput, match="100 steps"):
        detect_anomalies(np.ones((100, 3)), events=np.zeros(7, dtype=np.int64))
    with pytest.raises(UnfitInput, match="budget"):
        detect_anomalies(np.ones((400, 3)), budget=0)


def test_a_thousand_series_of_two_years_take_under_three_seconds() -> None:
    y = shops(series=1_000, days=731)
    started = time.process_time()
    detect_anomalies(y)
    assert time.process_time() - started < 3


@given(first=st.integers(330, 395), days=st.integers(1, 9), series=st.integers(0, 3), closed=st.booleans())
@settings(max_examples=examples(15), deadline=None)
def test_where_nothing_may_be_missing_no_missing_data_is_told(first: int, days: int, series: int, closed: bool) -> None:
    y = shops(series=4)
    if closed:
        y[6::7] = np.nan
    y[first : first + days, series] = np.nan
    start = 340
    told = any(e.kind == "missing" for e in judge(y, judged_from=start).episodes)
    assert may_miss(y, start) or not told
    assert not may_miss(np.nan_to_num(y), start)
