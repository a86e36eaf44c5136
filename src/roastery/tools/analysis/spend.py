"""What an order of a customer is worth: the Gamma-Gamma model of mean spend.

Source: Fader, Hardie & Lee 2005, RFM and CLV; spend of an order ~ Gamma(p, ν), ν ~ Gamma(q, v) across customers.
"""

from dataclasses import dataclass

import numpy as np

from roastery.tools.analysis.arrays import Floats, Numbers, floats, same_length
from roastery.tools.analysis.errors import TooLittleData


@dataclass(frozen=True)
class SpendFit:
    """A fitted Gamma-Gamma. `correlation` of frequency with spend must be small for the model to hold."""

    p: float
    q: float
    v: float
    log_likelihood: float
    customers: int
    correlation: float

    @property
    def population_mean(self) -> float:
        """Mean order value over all customers, of those without a repeat order too."""
        return self.p * self.v / (self.q - 1)

    def expected(self, frequency: Numbers, spend: Numbers) -> Floats:
        """Expected order value of each customer: their own mean, drawn towards everyone's where orders are few."""
        x, m = floats("frequency", frequency), floats("spend", spend)
        return np.asarray(self.p * (self.v + x * m) / (self.p * x + self.q - 1), dtype=np.float64)

    def squared_variation(self, frequency: Numbers) -> Floats:
        """Squared coefficient of variation of one future order of each customer, their unknown mean included."""
        shape = self.p * floats("frequency", frequency) + self.q
        # Heavy tails have no variance at all; half a unit above the pole keeps the interval wide and finite.
        second = (shape - 1) / np.maximum(shape - 2, 0.5)
        return np.asarray(second * (1 + 1 / self.p) - 1, dtype=np.float64)


def fit_spend(frequency: Numbers, spend: Numbers, *, least_customers: int = 100) -> SpendFit:
    """Fit to customers with repeat orders of a value above zero; others are left out.

    Shape: one entry a customer; `spend` is the mean value of repeat orders.
    Where all spent the same, that value is everybody's. Errors: TooLittleData below `least_customers` such customers.
    """
    from scipy import special
    from scipy.optimize import minimize

    x, m = floats("frequency", frequency), floats("spend", spend)
    same_length(frequency=x, spend=m)
    keep = (x > 0) & (m > 0)
    x, m = x[keep], m[keep]
    if len(x) < max(least_customers, 2):
        raise TooLittleData(f"Only {len(x)} customers have repeat orders of a value; {least_customers} are needed.")
    unit = float(np.median(m))
    if np.ptp(m) <= 1e-9 * unit:
        return _equal_spend(unit, len(x))
    money = m / unit
    counts, row, customers = np.unique(x, return_inverse=True, return_counts=True)
    bought, log_spend = x * money, float(np.log(money).sum())
    x_log = float((x * (np.log(money) + np.log(x))).sum())

    def loss(logs: Floats) -> tuple[float, Floats]:
        p, q, v = np.exp(logs)
        shape = p * counts + q
        log_whole = np.log(v + bought)
        total = customers @ (special.gammaln(shape) - special.gammaln(p * counts))
        total += len(x) * (q * np.log(v) - special.gammaln(q)) + p * x_log - log_spend - shape[row] @ log_whole
        whole = 1 / (v + bought)
        by_p = customers @ (counts * (special.digamma(shape) - special.digamma(p * counts))) + x_log - x @ log_whole
        by_q = customers @ special.digamma(shape) + len(x) * (np.log(v) - special.digamma(q)) - log_whole.sum()
        by_v = len(x) * q / v - shape[row] @ whole
        slopes = np.array([by_p * p, by_q * q, by_v * v])
        return -float(total) / len(x), -slopes / len(x)

    bounds = [(-6.0, 9.0), (np.log(1.05), 9.0), (-6.0, 12.0)]
    found = minimize(loss, np.log([2.0, 3.0, 1.0]), jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"ftol": 1e-14, "gtol": 1e-9})  # fmt: skip
    p, q, v = (float(value) for value in np.exp(found.x))
    # The density is of spend in the caller's unit of money: rescaling adds the Jacobian.
    log_likelihood = -float(found.fun) * len(x) - len(x) * float(np.log(unit))
    return SpendFit(p, q, v * unit, log_likelihood, len(x), _correlation(x, m))


def _equal_spend(value: float, customers: int) -> SpendFit:
    """The limit of no spread: shapes so large that every expectation is the value."""
    large = 1e6
    return SpendFit(large, large, value * (large - 1) / large, 0.0, customers, 0.0)


def _correlation(x: Floats, m: Floats) -> float:
    if np.ptp(x) == 0 or np.ptp(m) == 0:
        return 0.0
    return float(np.corrcoef(x, m)[0, 1])
