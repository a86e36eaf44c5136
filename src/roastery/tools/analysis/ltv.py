"""Lifetime value: which model forecasts this organization's customers best, what it expects, and how sure that is.

Each model is tried on the past first (back-test); the one with the smallest error per customer is used, and intervals
are widened until they would have held what happened, because the models' own intervals are too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Flags, Floats, Integers, Numbers, floats, integers, same_length, summed
from roastery.tools.analysis.buyers import BUYER_MODELS, BuyerFit, fit_buyers
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.histories import Purchases, purchases_of
from roastery.tools.analysis.spend import SpendFit, fit_spend

DAYS_PER_WEEK = 7.0
WEEKS_PER_MONTH = 4.345
LEAST_SPAN_DAYS, LEAST_SPENDERS = 84, 100
# Where the past is too short for a back-test, nobody knows how wrong the model is: its interval is doubled.
UNTESTED_WIDENING = 2.0
# Three back-tests that went well do not prove the model; in simulations its own intervals are a fifth too narrow.
LEAST_WIDENING = 1.2
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A forecast with its interval (95 %)."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True)
class BackTest:
    """What each model would have said at `cut_day` about the days after it, beside what happened.

    `forecast` and `mae` (mean absolute error per customer, in orders) are by model, `naive` among them: past rate
    times horizon. `surprise` is the error of the total in its own standard deviations.
    """

    cut_day: int
    horizon_days: int
    customers: int
    actual_orders: int
    actual_value: float
    forecast: dict[str, float]
    forecast_value: dict[str, float]
    mae: dict[str, float]
    surprise: dict[str, float]
    value_surprise: dict[str, float]


@dataclass(frozen=True)
class LifetimeForecast:
    """Expected orders and value of each customer over the horizon; arrays follow `purchases.customers`."""

    model: str
    fit: BuyerFit
    spend: SpendFit
    purchases: Purchases
    horizon_days: int
    alive: Floats
    expected_orders: Floats
    order_value: Floats
    back_tests: tuple[BackTest, ...]
    widening: float
    value_widening: float
    caveats: tuple[str, ...]

    @property
    def expected_value(self) -> Floats:
        """Expected spend of each customer over the horizon, undiscounted, before costs."""
        return self.expected_orders * self.order_value

    def orders(self, members: Flags | None = None) -> Estimate:
        """Total orders of a group of customers (all without `members`)."""
        return self._estimate(members, np.ones(len(self.alive)), None, self.widening)

    def value(self, members: Flags | None = None) -> Estimate:
        """Total spend of a group of customers (all without `members`)."""
        return self._estimate(members, self.order_value, self.spend, self.value_widening)

    def clv(self, months: int, monthly_discount: float = 0.0, margin: float = 1.0) -> Floats:
        """Discounted value of each customer over the next months, each month's orders at its end, times margin."""
        if months < 1 or monthly_discount <= -1 or margin < 0:
            raise UnfitInput("Months must be at least 1, the discount above −100 % and the margin not negative.")
        return clv(self.fit, self.spend, self.purchases, months, monthly_discount) * margin

    def _estimate(self, members: Flags | None, worth: Floats, spend: SpendFit | None, widening: float) -> Estimate:
        keep = np.ones(len(worth), dtype=np.bool_) if members is None else members
        same_length(customers=worth, members=keep)
        total = float((self.expected_orders * worth)[keep].sum())
        spread = NORMAL_95 * widening * _deviation(self.fit, spend, self.purchases, self.horizon_days, worth * keep)
        return Estimate(max(total - spread, 0.0), total, total + spread)


def forecast_ltv(
    customer: Numbers,
    day: Numbers,
    amount: Sequence[Decimal] | Any,
    end_day: int,
    *,
    horizon_days: int = 365,
    models: Sequence[str] = BUYER_MODELS,
    least_repeaters: int = 200,
) -> LifetimeForecast:
    """Forecast every customer's orders and value from one row an order.

    Units: `day` counts days, `amount` is in one currency; renewals of subscriptions do not belong here (see
    subscriptions.py). Observation ends with `end_day`.
    Errors: TooLittleData under twelve weeks of history or `least_repeaters` customers who came back.
    """
    if horizon_days < 1:
        raise UnfitInput("The horizon must be at least one day.")
    purchases = purchases_of(customer, day, amount, end_day)
    span = float(purchases.histories.age.max()) * DAYS_PER_WEEK
    if span < LEAST_SPAN_DAYS:
        raise TooLittleData(f"Orders span {span:.0f} days; a lifetime forecast needs at least {LEAST_SPAN_DAYS}.")
    fits = {model: fit_buyers(purchases.histories, model, least_repeaters=least_repeaters) for model in models}
    tests = _back_tests(customer, day, amount, end_day, span, horizon_days, models, least_repeaters)
    best = _best(models, tests)
    fit = fits[best]
    spend = fit_spend(*_spenders(purchases), least_customers=min(least_repeaters, LEAST_SPENDERS))
    rows = purchases.histories.row
    return LifetimeForecast(
        model=best,
        fit=fit,
        spend=spend,
        purchases=purchases,
        horizon_days=horizon_days,
        alive=fit.alive(purchases.histories)[rows],
        expected_orders=fit.expected(purchases.histories, horizon_days / DAYS_PER_WEEK)[rows],
        order_value=spend.expected(*_spenders(purchases)),
        back_tests=tests,
        widening=_widening([test.surprise[best] for test in tests]),
        value_widening=_widening([test.value_surprise[best] for test in tests]),
        caveats=_caveats(tests, spend, span, horizon_days),
    )


def clv(fit: BuyerFit, spend: SpendFit, purchases: Purchases, months: int, monthly_discount: float) -> Floats:
    """Discounted value of each customer: Σ over months of new expected orders × order value / (1 + d)^month."""
    ends = [fit.expected(purchases.histories, month * WEEKS_PER_MONTH) for month in range(months + 1)]
    discounted = sum(
        (later - sooner) / (1 + monthly_discount) ** (month + 1) for month, (sooner, later) in enumerate(pairwise(ends))
    )
    return np.asarray(discounted, dtype=np.float64)[purchases.histories.row] * spend.expected(*_spenders(purchases))


def payback_days(margin_by_day: Numbers, acquisition_cost: float) -> int | None:
    """Days until a cohort's cumulative margin per customer reaches its acquisition cost, None when not yet.

    Shape: margin per customer earned on each day of age, from day 0.
    """
    earned = np.cumsum(floats("margin_by_day", margin_by_day))
    reached = np.flatnonzero(earned >= acquisition_cost)
    return int(reached[0]) if len(reached) else None


@dataclass(frozen=True)
class CalibrationBand:
    """Customers ranked alike by the forecast: how many, and their mean forecast beside their mean outcome."""

    customers: int
    forecast: float
    actual: float


def calibration(forecast: Numbers, actual: Numbers, bands: int = 10) -> tuple[CalibrationBand, ...]:
    """Mean forecast and outcome by band of forecast, lowest first."""
    f, y = floats("forecast", forecast), floats("actual", actual)
    if same_length(forecast=f, actual=y) < bands:
        raise TooLittleData(f"{len(f)} customers cannot be cut into {bands} bands.")
    order = np.argsort(f, kind="stable")
    return tuple(CalibrationBand(len(i), float(f[i].mean()), float(y[i].mean())) for i in np.array_split(order, bands))


def _spenders(purchases: Purchases) -> tuple[Floats, Floats]:
    """Frequency and spend; a customer whose repeat orders were worth nothing tells nothing about order value."""
    frequency = purchases.histories.frequency[purchases.histories.row]
    paid = purchases.spend > 0
    return np.where(paid, frequency, 0.0), np.where(paid, purchases.spend, 0.0)


def _back_tests(
    customer: Numbers,
    day: Numbers,
    amount: Any,
    end_day: int,
    span: float,
    horizon_days: int,
    models: Sequence[str],
    least_repeaters: int,
) -> tuple[BackTest, ...]:
    """Forecast from one half, two thirds and three quarters of the history, where enough came back by then."""
    who, when, money = integers("customer", customer), integers("day", day), floats("amount", amount)
    tests = []
    for share in (1 / 2, 2 / 3, 3 / 4):
        cut = end_day - round(span * (1 - share))
        try:
            tests.append(_back_test(who, when, money, cut, min(horizon_days, end_day - cut), models, least_repeaters))
        except TooLittleData:
            continue
    return tuple(tests)


def _back_test(
    who: Integers, when: Integers, money: Floats, cut: int, horizon: int, models: Sequence[str], least_repeaters: int
) -> BackTest:
    known = purchases_of(who, when, money, cut)
    actual, value = _outcome(known.customers, who, when, money, cut, cut + horizon)
    h, weeks = known.histories, horizon / DAYS_PER_WEEK
    spend = fit_spend(*_spenders(known), least_customers=min(least_repeaters, LEAST_SPENDERS))
    worth = spend.expected(*_spenders(known))
    naive = (h.frequency / np.maximum(h.age, 1 / DAYS_PER_WEEK) * weeks)[h.row]
    forecast, mae = {"naive": float(naive.sum())}, {"naive": float(np.abs(naive - actual).mean())}
    forecast_value, surprise, value_surprise = {"naive": float((naive * worth).sum())}, {}, {}
    for model in models:
        fit = fit_buyers(h, model, least_repeaters=least_repeaters)
        each = fit.expected(h, weeks)[h.row]
        forecast[model], mae[model] = float(each.sum()), float(np.abs(each - actual).mean())
        forecast_value[model] = float((each * worth).sum())
        spread = _deviation(fit, None, known, horizon, np.ones(len(each)))
        value_spread = _deviation(fit, spend, known, horizon, worth)
        surprise[model] = abs(forecast[model] - float(actual.sum())) / spread
        value_surprise[model] = abs(forecast_value[model] - float(value.sum())) / value_spread
    return BackTest(
        cut, horizon, len(known.customers), int(actual.sum()), float(value.sum()),
        forecast, forecast_value, mae, surprise, value_surprise,
    )  # fmt: skip


def _outcome(
    codes: Integers, who: Integers, when: Integers, money: Floats, after: int, until: int
) -> tuple[Floats, Floats]:
    """Purchase days and spend of known customers in (after, until]."""
    inside = (when > after) & (when <= until) & np.isin(who, codes)
    at = np.searchsorted(codes, who[inside])
    visits = np.unique(at * (until - after + 1) + (when[inside] - after))
    orders = np.bincount(visits // (until - after + 1), minlength=len(codes))
    return orders.astype(np.float64), summed(at, money[inside], len(codes))


def _deviation(fit: BuyerFit, spend: SpendFit | None, purchases: Purchases, days: int, worth: Floats) -> float:
    """Standard deviation of Σ orders × worth: the parameters' (delta method) and chance's, spend's where given."""
    h, weeks = purchases.histories, days / DAYS_PER_WEEK
    by_row = summed(h.row, worth, len(h.age))
    logs, step = np.log(fit.parameters), 1e-3
    slope = np.array(
        [
            (fit.expected_at(np.exp(logs + step * e), h, weeks) - fit.expected_at(np.exp(logs - step * e), h, weeks))
            @ by_row / (2 * step)
            for e in np.eye(4)
        ]
    )  # fmt: skip
    alive = np.maximum(fit.alive(h), 1e-12)
    mean = fit.expected(h, weeks)
    here = mean / alive
    # Alive or not, then negative binomial around a Gamma-distributed rate of shape r + x.
    variance = mean + alive * here**2 * (1 + 1 / (fit.parameters[0] + h.frequency)) - mean**2
    chance = float(variance @ summed(h.row, worth**2, len(h.age)))
    if spend is not None:
        chance += float((mean[h.row] * worth**2) @ spend.squared_variation(_spenders(purchases)[0]))
    return float(np.sqrt(max(slope @ fit.covariance @ slope, 0.0) + chance) + 1e-12)


def _best(models: Sequence[str], tests: Sequence[BackTest]) -> str:
    """The model with the smallest error per customer, each back-test counting alike; the first where none ran."""
    if not tests:
        return models[0]
    return min(models, key=lambda model: sum(test.mae[model] / max(test.mae["naive"], 1e-12) for test in tests))


def _widening(surprises: Sequence[float]) -> float:
    return max(LEAST_WIDENING, max(surprises) / NORMAL_95) if surprises else UNTESTED_WIDENING


def _caveats(tests: Sequence[BackTest], spend: SpendFit, span: float, horizon_days: int) -> tuple[str, ...]:
    said = []
    if not tests:
        said.append("The history is too short to test the forecast on the past; its interval is doubled.")
    if abs(spend.correlation) > 0.3:
        said.append(
            f"Frequent buyers spend differently (correlation {spend.correlation:.2f}); "
            "value per customer is less sure than orders."
        )
    if horizon_days > span:
        said.append("The horizon is longer than the history.")
    return tuple(said)
