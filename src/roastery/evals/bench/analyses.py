"""The analyses: lifetime value against `lifetimes`, the anomaly scan, the search for causes, forecasts.

`lifetimes` stands in the dependency group `bench` only; where it is not installed, its rival line is left out.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from roastery.evals.bench.measure import Measure
from roastery.tools.analysis.anomalies import detect_anomalies
from roastery.tools.analysis.buyers import fit_buyers
from roastery.tools.analysis.explain import explain_change
from roastery.tools.analysis.forecast import forecast_series
from roastery.tools.analysis.histories import histories_of
from roastery.tools.analysis.windows import alarms_of, tail_of, told, windowed

CUSTOMERS, RIVAL_CUSTOMERS = 1_000_000, 200_000
SERIES, DAYS = 1_000, 730
SLICES, WATCHED_DAYS = 25, 800
LEAVES = 1_000_000
FORECAST_SERIES, HORIZON = 40, 56
TIMES = 3


def run() -> list[Measure]:
    """Best of three runs each; rivals take turns in the same process."""
    return [*_lifetimes(), _scan(), _windows(), _causes(), _forecasts()]


def _seconds(work: Callable[[], Any], times: int = TIMES) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _bought(customers: int) -> tuple[Any, Any, Any]:
    """Frequency, recency and age in weeks of simulated BG/NBD customers with CDNOW's parameters."""
    rng = np.random.default_rng(1)
    rate, dropout = rng.gamma(0.243, 1 / 4.414, customers), rng.beta(0.793, 2.426, customers)
    age = rng.integers(27 * 7, 39 * 7 + 1, customers) / 7.0
    lives = rng.geometric(dropout)
    count, last, clock = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    active = np.ones(customers, dtype=bool)
    while active.any():
        clock[active] += rng.exponential(1 / rate[active])
        active &= (clock <= age) & (count < lives)
        count[active] += 1
        last[active] = clock[active]
    # Days, as real orders have them; a repeat on the first day is none.
    days = np.ceil(last * 7) / 7
    return count, np.minimum(days, age), age


def _lifetimes() -> list[Measure]:
    x, tx, t = _bought(CUSTOMERS)
    histories = histories_of(x, tx, t)
    whole = _seconds(lambda: fit_buyers(histories_of(x, tx, t)))
    found = [
        Measure(
            "analyses", f"BG/NBD, {CUSTOMERS:,} customers, {len(histories.age):,} distinct rows", whole, "s", aim=1.0
        )
    ]
    few = slice(0, RIVAL_CUSTOMERS)
    rival = _rival(x[few], tx[few], t[few])
    if rival is None:
        return found
    ours = _seconds(lambda: fit_buyers(histories_of(x[few], tx[few], t[few])))
    what = f"BG/NBD, {RIVAL_CUSTOMERS:,} customers"
    return [*found, Measure("analyses", what, ours, "s", rival, "lifetimes", aim=1 / 20, aim_on="ratio")]


def _rival(x: Any, tx: Any, t: Any) -> float | None:
    """Seconds of the `lifetimes` package for the same fit; None where it is not installed."""
    try:
        from lifetimes import BetaGeoFitter
    except ImportError:
        return None
    return _seconds(lambda: BetaGeoFitter().fit(x, tx, t), times=1)


def _scan() -> Measure:
    """Daily series with a week, a trend and noise; one in ten has an outlier."""
    rng = np.random.default_rng(2)
    week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(DAYS) / 7)[:, None]
    values = np.exp(rng.normal(5, 1, SERIES)) * week * np.exp(rng.normal(0, 0.15, (DAYS, SERIES)))
    values[-5, ::10] *= 4
    taken = _seconds(lambda: detect_anomalies(values))
    return Measure("analyses", f"anomaly scan, {SERIES:,} series of {DAYS} days", taken, "s", aim=3.0)


def _windows() -> Measure:
    """A digest's scan once its series are read: small daily counts in tables of 25 slices, one week judged."""
    rng = np.random.default_rng(5)
    week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(WATCHED_DAYS) / 7)[:, None]
    tables = [
        rng.poisson(rng.gamma(1, 4, SLICES) * week, (WATCHED_DAYS, SLICES)).astype(float)
        for _ in range(SERIES // SLICES)
    ]
    start = WATCHED_DAYS - 7

    def work() -> None:
        judged = [windowed(values, None, "count", start) for values in tables]
        tail = tail_of(judged)
        assert tail is not None
        for one, threshold in zip(judged, tail.scores_at(alarms_of(tail, 0.25)), strict=True):
            told(one, threshold)

    return Measure(
        "analyses", f"scan by windows, {SERIES:,} series of {WATCHED_DAYS} days", _seconds(work), "s", aim=3.0
    )


def _causes() -> Measure:
    """A million leaves of six dimensions, of which one slice of two moved."""
    rng = np.random.default_rng(3)
    sizes = {"campaign": 60, "country": 25, "device": 4, "product": 40, "segment": 8, "hour": 24}
    columns = {name: rng.integers(0, size, LEAVES).astype("U4") for name, size in sizes.items()}
    before = rng.poisson(20, LEAVES).astype(float)
    after = rng.poisson(20, LEAVES).astype(float)
    after[(columns["campaign"] == "7") & (columns["country"] == "3")] *= 0.4
    taken = _seconds(lambda: explain_change(columns, before, after, most_dimensions=3), times=2)
    return Measure("analyses", f"causes over {LEAVES:,} leaf rows, {len(sizes)} dimensions", taken, "s", aim=2.0)


def _forecasts() -> Measure:
    rng = np.random.default_rng(4)
    week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(DAYS) / 7)[:, None]
    values = 100 * week * np.exp(rng.normal(0, 0.2, (DAYS, FORECAST_SERIES)))
    taken = _seconds(lambda: forecast_series(values, HORIZON), times=2) / FORECAST_SERIES
    return Measure(
        "analyses", f"forecast of {HORIZON} days with back-test, a series of {DAYS} days", taken, "s", aim=0.25
    )
