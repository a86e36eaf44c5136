"""Models of buying that ends unseen: BG/NBD, MBG/NBD and Pareto/NBD, by maximum likelihood with analytic gradients.

Notation of the literature: x = frequency, tx = recency, T = age; rate λ ~ Gamma(r, α); drop-out p ~ Beta(a, b) after
each purchase (BG, MBG), or at rate μ ~ Gamma(s, β) at any time (Pareto).
Source: Fader, Hardie & Lee 2005 (BG/NBD); Batislam et al. 2007 (MBG/NBD); Schmittlein et al. 1987 (Pareto/NBD).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.histories import Histories, coarsened
from roastery.warehouse.errors import UnknownName

# Parameters beyond e^±BOUND say that the data has no spread there; the likelihood is flat beyond.
BOUND = 9.0
QUADRATURE_NODES, FALL = 16, 20.0
# Above this many distinct rows a fit costs more than it tells; neighbours in time are merged (see `coarsened`).
MOST_ROWS = 20_000
FEW_ROWS = 3_000


class Likelihood(Protocol):
    """Log-likelihood of each history and its gradient by the four parameters: shapes (rows,) and (4, rows)."""

    def __call__(self, parameters: Floats, histories: Histories) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True)
class BuyerFit:
    """A fitted model. `covariance` is of the logarithms of the parameters; `log_likelihood` is the sample's."""

    model: str
    names: tuple[str, str, str, str]
    parameters: Floats
    covariance: Floats
    log_likelihood: float
    customers: int

    def alive(self, histories: Histories) -> Floats:
        """P(still a customer) of each history row."""
        return _MODELS[self.model].alive(self.parameters, histories)

    def expected(self, histories: Histories, horizon: float) -> Floats:
        """Expected purchases of each history row in the next `horizon` units of time."""
        return _MODELS[self.model].expected(self.parameters, histories, horizon)

    def expected_at(self, parameters: Floats, histories: Histories, horizon: float) -> Floats:
        """Expected purchases under other parameters, for intervals."""
        return _MODELS[self.model].expected(parameters, histories, horizon)


@dataclass(frozen=True)
class _Model:
    names: tuple[str, str, str, str]
    likelihood: Likelihood
    alive: Callable[[Floats, Histories], Floats]
    expected: Callable[[Floats, Histories, float], Floats]


def fit_buyers(histories: Histories, model: str = "bg_nbd", *, least_repeaters: int = 200) -> BuyerFit:
    """Fit one model to histories grouped by distinct row.

    Models: bg_nbd, mbg_nbd, pareto_nbd.
    Errors: TooLittleData below `least_repeaters` customers who came back; UnknownName.
    """
    from scipy.optimize import minimize

    if model not in _MODELS:
        raise UnknownName("customer model", model, _MODELS)
    if histories.repeaters < max(least_repeaters, 1):
        raise TooLittleData(
            f"Only {histories.repeaters} customers came back in this period; "
            f"a lifetime forecast needs at least {max(least_repeaters, 1)} of them."
        )
    many = coarsened(histories, MOST_ROWS)
    few = coarsened(many, FEW_ROWS)
    scale = float(np.average(few.age, weights=few.customers))
    logs = np.log([0.5, scale / 2, 0.8, 2.0 if model != "pareto_nbd" else scale / 2])
    total, loss = int(histories.customers.sum()), _loss(model, few)
    # What few rows say is nearly what all say: the many are only for the last steps.
    for rows in (few,) if few is many else (few, many):
        loss = _loss(model, rows)
        found = minimize(
            loss, logs, jac=True, method="L-BFGS-B", bounds=[(-BOUND, BOUND)] * 4,
            options={"ftol": 1e-14, "gtol": 1e-8 if rows is few else 1e-6},
        )  # fmt: skip
        logs = np.asarray(found.x, dtype=np.float64)
    spread = _loss(model, few)
    return BuyerFit(
        model,
        _MODELS[model].names,
        np.exp(logs),
        _covariance(lambda at: spread(at)[1] * total, logs),
        -float(found.fun) * total,
        total,
    )


def _loss(model: str, histories: Histories) -> Callable[[Floats], tuple[float, Floats]]:
    """Mean negative log-likelihood and its gradient by the logarithms of the parameters."""
    weights = histories.customers / histories.customers.sum()

    def loss(logs: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logs)
        rows, slopes = _MODELS[model].likelihood(parameters, histories)
        return -float((weights * rows).sum()), -(slopes * weights).sum(axis=1) * parameters

    return loss


def _covariance(gradient: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Inverse Hessian by central differences of the gradient; flat directions are held to a spread of ±2 in logs."""
    step = 1e-4
    hessian = np.stack([(gradient(at + step * e) - gradient(at - step * e)) / (2 * step) for e in np.eye(len(at))])
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    spread = 1 / np.maximum(values, 0.25)
    return np.asarray((vectors * spread) @ vectors.T, dtype=np.float64)


def _special() -> Any:
    from scipy import special

    return special


@cache
def _legendre(nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights; making them takes an eigenvalue problem."""
    return np.polynomial.legendre.leggauss(nodes)


def _while_staying(power: Floats, a: float, b: Floats, ahead: Floats) -> Floats:
    """E[(1 − (1 + p·ahead)^−power) / p] over p ~ Beta(a, b): purchases to come of who is still a customer.

    For frequent buyers, where the hypergeometric function overflows: Gauss-Legendre over ln p, and below that the
    first two terms of the series at p = 0.
    """
    nodes, weights = _legendre(96)
    low = -np.log(power * (1 + ahead) + b) - 7.0
    p = np.exp(low[:, None] * (1 - nodes) / 2)
    gained = -np.expm1(-power[:, None] * np.log1p(p * ahead[:, None])) / p
    log_beta = _special().betaln(a, b)
    mass = np.exp(a * np.log(p) + (b[:, None] - 1) * np.log1p(-p) - log_beta[:, None])
    inner = -low / 2 * (gained * mass * weights).sum(axis=1)
    slope = power * ahead
    outer = np.exp(a * low - log_beta) * slope * (1 / a - ((power + 1) * ahead / 2 + b - 1) * np.exp(low) / (a + 1))
    return np.asarray(inner + outer, dtype=np.float64)


def _geometric(shift: int) -> _Model:
    """BG/NBD (shift 0: nobody leaves before a first repeat) or MBG/NBD (shift 1: one may leave right away)."""

    def terms(p: Floats, h: Histories) -> tuple[Floats, Floats, Floats]:
        r, alpha, a, b = p
        y = h.frequency + shift
        alive = -(r + h.frequency) * np.log(alpha + h.age)
        gone = np.log(a) - np.log(np.maximum(b + y - 1, 1e-300)) - (r + h.frequency) * np.log(alpha + h.recency)
        return y, alive, np.where(y > 0, gone, -np.inf)

    def likelihood(parameters: Floats, histories: Histories) -> tuple[Floats, Floats]:
        special = _special()
        r, alpha, a, b = parameters
        x, tx, t = histories.frequency, histories.recency, histories.age
        y, alive, gone = terms(parameters, histories)
        # What depends on the frequency alone is the same in many rows.
        few, at = histories.by_frequency
        many = few + shift
        counted = special.gammaln(r + few) - special.gammaln(r) + r * np.log(alpha)
        counted += special.gammaln(a + b) - special.gammaln(b) + special.gammaln(b + many)
        rows = (counted - special.gammaln(a + b + many))[at] + np.logaddexp(alive, gone)
        dead = special.expit(gone - alive)
        bought = (special.digamma(r + few) - special.digamma(r) + np.log(alpha))[at]
        both = (special.digamma(a + b) - special.digamma(a + b + many))[at]
        stayed = (special.digamma(b + many) - special.digamma(b))[at]
        leaving = np.divide(dead, b + y - 1, out=np.zeros(len(x)), where=y > 0)
        slopes = np.stack(
            [
                bought - (1 - dead) * np.log(alpha + t) - dead * np.log(alpha + tx),
                r / alpha - (r + x) * ((1 - dead) / (alpha + t) + dead / (alpha + tx)),
                both + dead / a,
                both + stayed - leaving,
            ]
        )  # fmt: skip
        return rows, slopes

    def alive(parameters: Floats, histories: Histories) -> Floats:
        _, here, gone = terms(parameters, histories)
        return np.asarray(_special().expit(here - gone), dtype=np.float64)

    def expected(parameters: Floats, histories: Histories, horizon: float) -> Floats:
        r, alpha, a, b = parameters
        # The formula divides by a − 1 and converges to the same limit from both sides.
        a = a if abs(a - 1) > 1e-5 else 1 + 1e-5
        x, t = histories.frequency, histories.age
        y = x + shift
        z = horizon / (alpha + t + horizon)
        with np.errstate(all="ignore"):
            series = _special().hyp2f1(r + x, b + y, a + b + y - 1, z) * np.exp((r + x) * np.log1p(-z))
        stay = (a + b + y - 1) / (a - 1) * (1 - series)
        lost = ~np.isfinite(stay)
        if lost.any():
            stay[lost] = _while_staying(r + x[lost], a, b + y[lost], horizon / (alpha + t[lost]))
        return np.asarray(np.maximum(stay, 0.0) * alive(parameters, histories), dtype=np.float64)

    return _Model(("r", "alpha", "a", "b"), likelihood, alive, expected)


def _pareto() -> _Model:
    nodes, node_weights = np.polynomial.legendre.leggauss(QUADRATURE_NODES)

    def unseen(p: Floats, h: Histories) -> tuple[Floats, Floats, Floats]:
        """Log of s·∫(α+τ)^−(r+x) (β+τ)^−(s+1) dτ over [tx, T], nodes τ and their shares of the integral.

        Gauss-Legendre over ln(c + τ), c the smaller of α and β, where the integrand is smooth; and only as far as it
        has not fallen by e^−FALL of its start in α or β alone, so that steep rows keep their digits.
        """
        r, alpha, s, beta = p
        rx, c = r + h.frequency, min(alpha, beta)
        from_a, from_b, from_c = alpha + h.recency, beta + h.recency, c + h.recency
        far = np.minimum(from_a * np.expm1(np.minimum(FALL / rx, 50.0)), from_b * np.expm1(min(FALL / (s + 1), 50.0)))
        span = np.log1p(np.minimum(h.age - h.recency, far) / from_c)
        on = from_c[:, None] * np.expm1(span[:, None] * (nodes + 1) / 2)
        logs = -rx[:, None] * np.log1p(on / from_a[:, None]) - (s + 1) * np.log1p(on / from_b[:, None])
        mass = np.exp(logs) * (from_c[:, None] + on) * node_weights / 2
        inside = mass.sum(axis=1)
        # Where no time passed since the last purchase, the integral is zero.
        log = np.log(np.maximum(s * inside * span, 1e-300)) - rx * np.log(from_a) - (s + 1) * np.log(from_b)
        return log, h.recency[:, None] + on, mass / inside[:, None]

    def likelihood(parameters: Floats, histories: Histories) -> tuple[Floats, Floats]:
        special = _special()
        r, alpha, s, beta = parameters
        x, t = histories.frequency, histories.age
        gone, tau, share = unseen(parameters, histories)
        here = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
        dead = special.expit(gone - here)
        stay = 1 - dead
        few, at = histories.by_frequency
        rows = (special.gammaln(r + few) - special.gammaln(r))[at] + r * np.log(alpha) + s * np.log(beta)
        rows += np.logaddexp(here, gone)
        near_a, near_b = alpha + tau, beta + tau
        slopes = np.stack(
            [
                (special.digamma(r + few) - special.digamma(r))[at] + np.log(alpha)
                - stay * np.log(alpha + t) - dead * (share * np.log(near_a)).sum(axis=1),
                r / alpha - (r + x) * (stay / (alpha + t) + dead * (share / near_a).sum(axis=1)),
                np.log(beta) - stay * np.log(beta + t) + dead * (1 / s - (share * np.log(near_b)).sum(axis=1)),
                s / beta - stay * s / (beta + t) - dead * (s + 1) * (share / near_b).sum(axis=1),
            ]
        )  # fmt: skip
        return rows, slopes

    def alive(parameters: Floats, histories: Histories) -> Floats:
        r, alpha, s, beta = parameters
        here = -(r + histories.frequency) * np.log(alpha + histories.age) - s * np.log(beta + histories.age)
        return np.asarray(_special().expit(here - unseen(parameters, histories)[0]), dtype=np.float64)

    def expected(parameters: Floats, histories: Histories, horizon: float) -> Floats:
        r, alpha, s, beta = parameters
        s = s if abs(s - 1) > 1e-5 else 1 + 1e-5
        rate = (r + histories.frequency) / (alpha + histories.age)
        spell = beta + histories.age
        # −expm1 keeps the digits of 1 − (spell / (spell + t))^(s−1) where the horizon is short.
        lasting = spell / (s - 1) * -np.expm1((s - 1) * np.log(spell / (spell + horizon)))
        return np.asarray(rate * lasting * alive(parameters, histories), dtype=np.float64)

    return _Model(("r", "alpha", "s", "beta"), likelihood, alive, expected)


_MODELS: dict[str, _Model] = {"bg_nbd": _geometric(0), "mbg_nbd": _geometric(1), "pareto_nbd": _pareto()}
BUYER_MODELS = tuple(_MODELS)
