"""How long subscribers stay: the shifted-beta-geometric model of contractual churn.

Source: Fader & Hardie 2007, "How to project customer retention": each subscriber drops out with an own constant
probability at every renewal, Beta(α, β) across subscribers, so that a cohort's retention rises as the weak leave.
"""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Floats, Numbers, floats, integers, not_negative, same_length
from roastery.tools.analysis.errors import TooLittleData, UnfitInput


@dataclass(frozen=True)
class ChurnFit:
    """A fitted shifted-beta-geometric. `covariance` is of (ln α, ln β)."""

    alpha: float
    beta: float
    log_likelihood: float
    covariance: Floats
    subscribers: int

    def survival(self, periods: Numbers) -> Floats:
        """P(still subscribed after so many renewals), 1 at zero."""
        return _survival(np.array([self.alpha, self.beta]), floats("periods", periods))

    def renewal_rate(self, periods: Numbers) -> Floats:
        """P(renews the next time | has stayed so many renewals): (β + n) / (α + β + n)."""
        n = floats("periods", periods)
        return np.asarray((self.beta + n) / (self.alpha + self.beta + n), dtype=np.float64)

    def expected_periods(self, stayed: Numbers, horizon: int, discount_rate: float = 0.0) -> Floats:
        """Expected paid periods among the next `horizon`, for those who have stayed so long, discounted per period."""
        return _remaining(np.array([self.alpha, self.beta]), floats("stayed", stayed), horizon, discount_rate)

    def total_interval(
        self, stayed: Numbers, horizon: int, *, level: float = 0.95, widening: float = 1.0
    ) -> tuple[float, float, float]:
        """Low, expected and high sum of `expected_periods` over subscribers: parameters and chance, then widened."""
        n = floats("stayed", stayed)
        logs = np.log([self.alpha, self.beta])
        each = self.expected_periods(n, horizon)
        step = 1e-4
        slope = np.array(
            [
                (_remaining(np.exp(logs + step * e), n, horizon, 0.0).sum()
                 - _remaining(np.exp(logs - step * e), n, horizon, 0.0).sum()) / (2 * step)
                for e in np.eye(2)
            ]
        )  # fmt: skip
        # A sum of survivals within 0…horizon varies at most as if each subscriber stayed for all of it or for none.
        chance = float((each * (horizon - each)).sum())
        spread = float(np.sqrt(slope @ self.covariance @ slope + chance)) * _quantile(level) * widening
        total = float(each.sum())
        return max(total - spread, 0.0), total, min(total + spread, float(horizon * len(n)))


def fit_churn(periods: Numbers, ended: Numbers, count: Numbers | None = None, *, least_ended: int = 30) -> ChurnFit:
    """Fit to subscribers by full periods observed; who has not ended is right-censored.

    Shape: one entry a subscriber, or a group of `count`. `periods` is the period in which an ended one dropped out
    (1 = at the first renewal), else the renewals survived so far.
    Errors: TooLittleData below `least_ended` ends, or when nobody's outcome is known beyond the first renewal.
    """
    from scipy import special
    from scipy.optimize import minimize

    t, gone = floats("periods", periods), np.asarray(ended, dtype=np.bool_)
    n = np.ones(len(t)) if count is None else integers("count", count).astype(np.float64)
    same_length(periods=t, ended=gone, count=n)
    not_negative("count", n)
    if np.any(t < gone) or np.any(t < 0):
        raise UnfitInput("'periods' must be at least 1 where a subscription ended and never negative.")
    if float(n[gone].sum()) < max(least_ended, 1):
        raise TooLittleData(
            f"Only {int(n[gone].sum())} subscriptions have ended; a churn forecast needs at least {least_ended}."
        )
    if not np.any((n > 0) & (t > 1)):
        raise TooLittleData("No subscriber is older than one renewal, so how churn slows down cannot be seen yet.")

    def loss(logs: Floats) -> tuple[float, Floats]:
        a, b = np.exp(logs)
        up_a, up_b = a + gone, b + t - gone
        rows = special.betaln(up_a, up_b) - special.betaln(a, b)
        both = special.digamma(a + b) - special.digamma(up_a + up_b)
        by_a = special.digamma(up_a) - special.digamma(a) + both
        by_b = special.digamma(up_b) - special.digamma(b) + both
        return -float(n @ rows), -np.array([n @ by_a * a, n @ by_b * b])

    found = minimize(loss, np.log([1.0, 3.0]), jac=True, method="L-BFGS-B", bounds=[(-7.0, 9.0)] * 2,
                     options={"ftol": 1e-14, "gtol": 1e-7})  # fmt: skip
    step = 1e-4
    hessian = np.stack([(loss(found.x + step * e)[1] - loss(found.x - step * e)[1]) / (2 * step) for e in np.eye(2)])
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    covariance = (vectors / np.maximum(values, 0.25)) @ vectors.T
    a, b = (float(value) for value in np.exp(found.x))
    return ChurnFit(a, b, -float(found.fun), np.asarray(covariance, dtype=np.float64), int(n.sum()))


def _survival(parameters: Floats, periods: Floats) -> Floats:
    from scipy import special

    a, b = parameters
    return np.asarray(np.exp(special.betaln(a, b + periods) - special.betaln(a, b)), dtype=np.float64)


def _remaining(parameters: Floats, stayed: Floats, horizon: int, discount_rate: float) -> Floats:
    if horizon < 1 or discount_rate <= -1:
        raise UnfitInput("The horizon must be at least one period, and the discount rate above −100 %.")
    distinct, row = np.unique(stayed, return_inverse=True)
    ahead = np.arange(1, horizon + 1, dtype=np.float64)
    paid = _survival(parameters, distinct[:, None] + ahead) / _survival(parameters, distinct)[:, None]
    return np.asarray((paid / (1 + discount_rate) ** ahead).sum(axis=1)[row], dtype=np.float64)


def _quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))
