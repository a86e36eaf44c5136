"""Lifetime value: CDNOW's published and measured figures, Fader & Hardie's subscribers, laws and refusals."""

import csv
import time
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.buyers import BUYER_MODELS, BuyerFit, fit_buyers
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.histories import coarsened, histories_of, purchases_of
from roastery.tools.analysis.ltv import calibration, clv, forecast_ltv, payback_days
from roastery.tools.analysis.spend import fit_spend
from roastery.warehouse.errors import UnknownName
from tests.examples import examples

from .reference_data import reference_folder

Column = npt.NDArray[np.float64]
CALIBRATION_END = (date(1997, 9, 30) - date(1997, 1, 1)).days


@dataclass
class Cdnow:
    customer: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    spend: Column


def cdnow() -> Cdnow:
    with (reference_folder("cdnow") / "cdnow_sample_transactions.csv").open() as file:
        rows = list(csv.DictReader(file))
    days = [(date.fromisoformat(row["date"]) - date(1997, 1, 1)).days for row in rows]
    customers = [int(row["customer_id"]) for row in rows]
    return Cdnow(np.array(customers), np.array(days), np.array([float(row["spend"]) for row in rows]))


def cdnow_table() -> dict[str, Column]:
    with (reference_folder("cdnow") / "cdnow_calibration_holdout.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "customer_id"}


@pytest.mark.referee
def test_cdnow_orders_make_the_published_histories() -> None:
    orders, table = cdnow(), cdnow_table()
    found = purchases_of(orders.customer, orders.day, orders.spend, CALIBRATION_END)
    h = found.histories
    assert h.frequency[h.row].tolist() == table["x"].tolist()
    assert h.recency[h.row] == pytest.approx(table["tx"])
    assert h.age[h.row] == pytest.approx(table["T"])
    assert h.repeaters == 946


CDNOW_FITS = {
    # model: parameters, holdout total, MAE, RMSE, correlation, top-decile capture (methods of the project)
    "bg_nbd": ((0.2426, 4.4135, 0.7929, 2.4258), 1653.4, 0.7855, 1.608, 0.6256, 0.467),
    "pareto_nbd": ((0.5533, 10.5775, 0.6063, 11.6688), 1665.5, 0.7545, 1.603, 0.6302, 0.470),
    "mbg_nbd": (None, 1576.7, 0.7648, 1.607, 0.627, 0.475),
}


@pytest.mark.referee
@pytest.mark.parametrize("model", CDNOW_FITS)
def test_cdnow_fits_and_holdout_figures_are_reproduced(model: str) -> None:
    table = cdnow_table()
    parameters, total, mae, rmse, correlation, captured = CDNOW_FITS[model]
    h = histories_of(table["x"], table["tx"], table["T"])
    fit = fit_buyers(h, model)
    if parameters:
        assert fit.parameters == pytest.approx(parameters, rel=5e-4)
    expected, actual = fit.expected(h, 39)[h.row], table["hold"]
    assert expected.sum() == pytest.approx(total, abs=0.1)
    assert np.abs(expected - actual).mean() == pytest.approx(mae, abs=1e-4)
    assert np.sqrt(((expected - actual) ** 2).mean()) == pytest.approx(rmse, abs=1e-3)
    assert np.corrcoef(expected, actual)[0, 1] == pytest.approx(correlation, abs=1e-3)
    top = np.argsort(-expected, kind="stable")[: len(expected) // 10]
    assert actual[top].sum() / actual.sum() == pytest.approx(captured, abs=5e-3)


@pytest.mark.referee
def test_fader_hardie_and_lee_2005_bg_nbd_of_cdnow() -> None:
    table = cdnow_table()
    fit = fit_buyers(histories_of(table["x"], table["tx"], table["T"]))
    assert fit.parameters.round(3).tolist() == [0.243, 4.414, 0.793, 2.426]
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    one = histories_of([2], [30.43], [38.86])
    assert fit.expected(one, 39)[0] == pytest.approx(1.22591, abs=1e-4)
    assert fit.alive(one)[0] == pytest.approx(0.72661, abs=1e-4)


@pytest.mark.referee
def test_fader_hardie_and_lee_2005_gamma_gamma_and_value_of_cdnow() -> None:
    orders = cdnow()
    found = purchases_of(orders.customer, orders.day, orders.spend, CALIBRATION_END)
    frequency = found.histories.frequency[found.histories.row]
    spend = fit_spend(frequency, found.spend)
    assert (spend.customers, round(spend.correlation, 3)) == (946, 0.114)
    assert (round(spend.p, 2), round(spend.q, 2), round(spend.v, 2)) == (6.25, 3.74, 15.44)
    fit = fit_buyers(found.histories)
    orders_39 = fit.expected(found.histories, 39)[found.histories.row]
    assert (orders_39 * spend.expected(frequency, found.spend)).sum() == pytest.approx(59_932, rel=1e-4)
    assert clv(fit, spend, found, 12, 0.01).sum() == pytest.approx(71_509.90, rel=1e-4)


@pytest.mark.referee
def test_the_back_test_chooses_a_model_as_good_as_pareto_and_its_interval_holds_cdnows_future() -> None:
    orders, table = cdnow(), cdnow_table()
    forecast = forecast_ltv(orders.customer, orders.day, orders.spend, CALIBRATION_END, horizon_days=273)
    assert np.abs(forecast.expected_orders - table["hold"]).mean() <= 0.7545 + 5e-5
    assert forecast.orders().low < 1882 < forecast.orders().high
    assert forecast.value().low < 70_976 < forecast.value().high
    assert forecast.widening > 1
    assert len(forecast.back_tests) == 3
    assert all(test.mae[forecast.model] < test.mae["naive"] for test in forecast.back_tests)


@pytest.mark.referee
def test_parts_of_cdnow_sum_to_the_whole() -> None:
    orders = cdnow()
    forecast = forecast_ltv(orders.customer, orders.day, orders.spend, CALIBRATION_END, models=["bg_nbd"])
    early = forecast.purchases.customers % 2 == 0
    parts = forecast.orders(early).expected + forecast.orders(~early).expected
    assert parts == pytest.approx(forecast.orders().expected)
    assert forecast.value().expected == pytest.approx(forecast.expected_value.sum())


def simulated(customers: int, seed: int = 3) -> tuple[Column, Column, Column]:
    """Histories drawn from BG/NBD's own story (r .8, α 12 weeks, a .9, b 3) over two years of cohorts, in days."""
    g = np.random.default_rng(seed)
    age = g.integers(14, 730, customers) / 7
    rate, quit = g.gamma(0.8, 1 / 12, customers), g.beta(0.9, 3, customers)
    x, tx = np.zeros(customers), np.zeros(customers)
    alive, now = np.ones(customers, bool), np.zeros(customers)
    for _ in range(60):
        now = now + g.exponential(1, customers) / rate
        alive &= now < age
        x, tx = x + alive, np.where(alive, now, tx)
        alive &= g.random(customers) > quit
    tx = np.minimum(np.ceil(tx * 7) / 7, age)
    return x, tx, age


def test_parameters_of_a_simulated_company_come_back() -> None:
    fit = fit_buyers(histories_of(*simulated(30_000)))
    deviations = np.abs(np.log(fit.parameters / np.array([0.8, 12, 0.9, 3]))) / np.sqrt(np.diag(fit.covariance))
    assert deviations.max() < 3.5


def test_merging_rows_in_time_hardly_moves_the_fit() -> None:
    h = histories_of(*simulated(30_000))
    merged = coarsened(h, 2_000)
    assert len(merged.age) <= 2_000 < len(h.age)
    assert merged.customers.sum() == h.customers.sum()
    assert (merged.age * merged.customers).sum() == pytest.approx((h.age * h.customers).sum())
    assert fit_buyers(merged).parameters == pytest.approx(fit_buyers(h).parameters, rel=0.05)


def test_a_million_customers_are_fitted_in_under_a_second() -> None:
    x, tx, age = (np.tile(column, 20) for column in simulated(50_000))
    h = histories_of(x, tx, age)
    started = time.process_time()
    fit_buyers(h)
    assert time.process_time() - started < 1.0
    assert h.customers.sum() == 1_000_000


@pytest.fixture(scope="module")
def fits() -> list[BuyerFit]:
    h = histories_of(*simulated(5_000))
    return [fit_buyers(h, model) for model in BUYER_MODELS]


@given(st.integers(0, 200), st.floats(0.02, 1), st.floats(1, 500), st.floats(0, 1000), st.floats(0, 1000))
@settings(max_examples=examples(50))
def test_alive_is_a_probability_and_expected_orders_grow_with_the_horizon(
    fits: list[BuyerFit], x: int, seen: float, age: float, a: float, b: float
) -> None:
    one = histories_of([x], [age * seen if x else 0.0], [age])
    for fit in fits:
        assert 0 <= fit.alive(one)[0] <= 1
        short, long = (fit.expected(one, t)[0] for t in sorted((a, b)))
        assert 0 <= short <= long + 1e-9
        assert fit.expected(one, 0.0)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("model", BUYER_MODELS)
def test_gradients_agree_with_differences(model: str) -> None:
    from scipy.optimize import approx_fprime

    from roastery.tools.analysis.buyers import _MODELS

    h = histories_of(*simulated(400))
    at = np.array([0.7, 9.0, 1.3, 4.0])
    slope = approx_fprime(at, lambda p: float(_MODELS[model].likelihood(p, h)[0] @ h.customers), 1e-7)
    assert _MODELS[model].likelihood(at, h)[1] @ h.customers == pytest.approx(slope, rel=1e-4, abs=1e-3)


def test_very_frequent_buyers_are_forecast_where_the_textbook_formula_overflows() -> None:
    from roastery.tools.analysis.buyers import _while_staying

    g = np.random.default_rng(1)
    p = g.beta(0.8, 205.0, 400_000)
    drawn = ((1 - (1 + p * 3.0) ** -200.5) / p).mean()
    assert _while_staying(np.array([200.5]), 0.8, np.array([205.0]), np.array([3.0]))[0] == pytest.approx(
        drawn, rel=0.01
    )


def test_the_order_of_customers_does_not_matter() -> None:
    x, tx, age = simulated(4_000)
    shuffle = np.random.default_rng(1).permutation(len(x))
    a, b = fit_buyers(histories_of(x, tx, age)), fit_buyers(histories_of(x[shuffle], tx[shuffle], age[shuffle]))
    assert a.parameters == pytest.approx(b.parameters, rel=1e-6)


def test_spend_scales_with_the_currency() -> None:
    g = np.random.default_rng(5)
    x = g.integers(1, 9, 3_000)
    m = g.gamma(6 * x, 1 / x) / g.gamma(4, 1 / 15, 3_000)
    yen, dollars = fit_spend(x, m * 150), fit_spend(x, m)
    assert yen.v == pytest.approx(dollars.v * 150, rel=1e-5)
    assert (yen.p, yen.q) == pytest.approx((dollars.p, dollars.q), rel=1e-5)
    assert yen.expected([0, 3], [0, 3000]) == pytest.approx(dollars.expected([0, 3], [0, 20]) * 150, rel=1e-5)
    assert dollars.population_mean == pytest.approx(6 * 15 / 3, rel=0.03)
    assert dollars.q == pytest.approx(4, rel=0.25)


def test_where_everybody_spends_the_same_that_is_the_order_value() -> None:
    spend = fit_spend(np.ones(500), np.full(500, 9.9))
    assert spend.expected([0, 1, 9], [0, 9.9, 9.9]) == pytest.approx(9.9)
    assert spend.population_mean == pytest.approx(9.9)


def test_a_company_of_one_price_is_forecast_and_its_parts_fit_its_intervals() -> None:
    g = np.random.default_rng(9)
    rate = g.gamma(1.0, 1 / 40, 1_500)
    first, gaps = g.integers(0, 200, 1_500), g.exponential(1.0, (1_500, 250)) / rate[:, None]
    days = np.concatenate([first[:, None], first[:, None] + np.ceil(np.cumsum(gaps, axis=1))], axis=1)
    leaves = g.exponential(400.0, 1_500)[:, None] + first[:, None]
    inside = (days <= 700) & (days <= leaves)
    visits = np.stack([np.broadcast_to(np.arange(1_500)[:, None], days.shape)[inside], days[inside]]).astype(int)
    who, when = np.unique(visits, axis=1)
    past = when <= 500
    forecast = forecast_ltv(who[past], when[past], np.full(past.sum(), 20.0), 500, horizon_days=200)
    came = np.isin(who[~past], forecast.purchases.customers).sum()
    assert forecast.orders().low <= came <= forecast.orders().high
    assert forecast.value().expected == pytest.approx(20 * forecast.orders().expected)


def test_orders_of_one_day_are_one_and_later_days_are_not_seen() -> None:
    found = purchases_of([7, 7, 7, 7, 9], [0, 14, 14, 30, 3], [10, 5, 20, 99, 8], 21)
    h = found.histories
    assert found.customers.tolist() == [7, 9]
    assert h.frequency[h.row].tolist() == [1, 0]
    assert h.recency[h.row].tolist() == [2, 0]
    assert found.spend.tolist() == [25, 0]
    assert found.first_spend.tolist() == [10, 8]


def test_too_little_data_is_refused_with_a_sentence() -> None:
    with pytest.raises(TooLittleData, match="no orders"):
        purchases_of([1], [50], [1], 10)
    with pytest.raises(TooLittleData, match="Orders span 0 days"):
        forecast_ltv([1], [10], [5], 10)
    with pytest.raises(TooLittleData, match="Only 1 customers came back"):
        forecast_ltv([1, 1], [0, 30], [5, 5], 100)
    with pytest.raises(TooLittleData, match="Only 3 customers have repeat orders"):
        fit_spend([1, 2, 3, 0], [4, 5, 6, 0])
    with pytest.raises(TooLittleData, match="no customers"):
        histories_of([], [], [])
    with pytest.raises(TooLittleData, match="bands"):
        calibration([1, 2], [1, 2])


def test_impossible_histories_and_unknown_models_are_refused() -> None:
    with pytest.raises(UnfitInput, match="recency"):
        histories_of([1], [5], [4])
    with pytest.raises(UnfitInput, match="zero exactly"):
        histories_of([0], [2], [4])
    with pytest.raises(UnknownName, match="Did you mean 'bg_nbd'"):
        fit_buyers(histories_of([1], [2], [4]), "bgnbd")


def test_a_cohort_pays_back_on_the_first_day_that_covers_its_cost() -> None:
    assert payback_days([10, 0, 5, 5], 15) == 2
    assert payback_days([10, 0, 5, 5], 21) is None


def test_calibration_bands_keep_everybody_and_stand_in_order() -> None:
    g = np.random.default_rng(2)
    forecast = g.gamma(1, 1, 1_003)
    bands = calibration(forecast, g.poisson(forecast))
    assert sum(band.customers for band in bands) == 1_003
    assert [band.forecast for band in bands] == sorted(band.forecast for band in bands)
    assert bands[-1].actual > bands[0].actual


@pytest.mark.parametrize("at", [(0.55, 10.6, 0.6, 11.7), (1.0, 5.7, 100.0, 5700.0), (0.2, 40.0, 2.0, 1.0)])
def test_paretos_integral_is_right_to_nine_digits_however_steep(at: tuple[float, float, float, float]) -> None:
    from scipy.integrate import quad

    r, alpha, s, beta = at
    for x, tx, age in ((0, 0.0, 30.0), (3, 20.0, 90.0), (150, 60.0, 61.0)):
        from_a, from_b = alpha + tx, beta + tx

        def falling(t: float, a: float = from_a, b: float = from_b, power: float = r + x) -> float:
            return float((1 + t / a) ** -power * (1 + t / b) ** -(s + 1))

        left = quad(falling, 0, age - tx, epsabs=0, epsrel=1e-12, limit=500)[0]
        stayed = ((alpha + age) / from_a) ** -(r + x) * ((beta + age) / from_b) ** -s
        gone_per_stayed = s * left / from_b / stayed
        fit = BuyerFit("pareto_nbd", ("r", "alpha", "s", "beta"), np.array(at), np.eye(4), 0.0, 1)
        assert fit.alive(histories_of([x], [tx], [age]))[0] == pytest.approx(1 / (1 + gone_per_stayed), rel=1e-8)
