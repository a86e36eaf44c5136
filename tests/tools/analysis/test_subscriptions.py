"""The shifted-beta-geometric against Fader & Hardie 2007, its laws and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.subscriptions import ChurnFit, fit_churn

# Survivors of 1,000 customers by year, and the model's published parameters, log-likelihood and years 8 and 12.
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


def fit_survivors(survivors: list[int]) -> ChurnFit:
    years = len(survivors) - 1
    return fit_churn([*range(1, years + 1), years], [True] * years + [False], [*(-np.diff(survivors)), survivors[-1]])


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(REGULAR, 0.704, 1.182, -1680.3), (HIGH_END, 0.668, 3.806, -1611.2)],
)
def test_fader_and_hardie_2007_parameters(
    survivors: list[int], alpha: float, beta: float, log_likelihood: float
) -> None:
    fit = fit_survivors(survivors)
    assert (round(fit.alpha, 3), round(fit.beta, 3)) == (alpha, beta)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=0.05)


def test_fader_and_hardie_2007_project_twelve_years() -> None:
    # Observed in year 12: 17.3 % of regular and 39.4 % of high-end customers.
    assert fit_survivors(REGULAR).survival([12])[0] == pytest.approx(0.173, abs=0.01)
    assert fit_survivors(HIGH_END).survival([12])[0] == pytest.approx(0.394, abs=0.02)


@given(st.floats(0.05, 20), st.floats(0.05, 20), st.integers(1, 40))
def test_survival_falls_renewal_rises_and_periods_fit_the_horizon(alpha: float, beta: float, horizon: int) -> None:
    fit = ChurnFit(alpha, beta, 0.0, np.eye(2) * 0.01, 1)
    n = np.arange(30)
    survival = fit.survival(n)
    assert survival[0] == pytest.approx(1)
    assert np.all(np.diff(survival) < 0)
    assert np.all(np.diff(fit.renewal_rate(n)) > 0)
    assert survival[1:] == pytest.approx(np.cumprod(fit.renewal_rate(n))[:-1])
    periods = fit.expected_periods(n, horizon)
    assert np.all((periods > 0) & (periods < horizon))
    assert np.all(fit.expected_periods(n, horizon, 0.1) < periods)
    low, middle, high = fit.total_interval(n, horizon)
    assert 0 <= low <= middle <= high <= horizon * len(n)


def test_censored_subscribers_are_not_churned() -> None:
    g = np.random.default_rng(4)
    drop = g.geometric(g.beta(0.8, 4, 20_000))
    seen = g.integers(1, 12, 20_000)
    fit = fit_churn(np.minimum(drop, seen), drop <= seen)
    assert (fit.alpha, fit.beta) == (pytest.approx(0.8, rel=0.1), pytest.approx(4, rel=0.12))


def test_too_few_ends_and_impossible_periods_are_sentences() -> None:
    with pytest.raises(TooLittleData, match="Only 3 subscriptions have ended"):
        fit_churn([1, 2, 3, 4], [True, True, True, False])
    with pytest.raises(TooLittleData, match="older than one renewal"):
        fit_churn([1, 1], [True, False], [50, 50])
    with pytest.raises(UnfitInput, match="at least 1"):
        fit_churn([0], [True], [50])
    with pytest.raises(UnfitInput, match="horizon"):
        fit_survivors(REGULAR).expected_periods([0], 0)
