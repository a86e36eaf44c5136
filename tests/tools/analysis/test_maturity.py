"""How days mature: censoring is counted as such, and intervals hold as often as they say on days made by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.tools.analysis.errors import CannotTell
from roastery.tools.analysis.maturity import (
    COVERAGE,
    Triangle,
    at_same_age,
    completeness,
    mature_age,
    outlook,
    rates,
    to_come,
)

CURVE = np.array([0.03, 0.02, 0.01, 0.01, 0.005, 0.005, 0.002, 0.001, 0.001, 0.001])


def made(seed: int, days: int = 420, touches: float = 60.0) -> tuple[Triangle, np.ndarray]:
    """What is seen at the end of a history, and everything that its days bring in the end."""
    rng = np.random.default_rng(seed)
    exposure = rng.poisson(touches * np.exp(rng.normal(0, 0.2, days))).astype(float)
    whole = rng.poisson(exposure[:, None] * CURVE[None, :]).astype(float)
    return Triangle(exposure, whole).until(days), whole


def test_young_days_do_not_pull_the_curve_down() -> None:
    exposure = np.full(70, 100.0)
    whole = np.tile(np.array([3.0, 2.0, 1.0]), (70, 1))
    seen = Triangle(exposure, whole).until(70)
    assert seen.arrived[-1].tolist() == [3.0, 0.0, 0.0]
    assert rates(seen) == pytest.approx([0.03, 0.02, 0.01])
    assert seen.arrived.sum() / exposure.sum() < 0.06


def test_what_is_to_come_is_the_tail_of_each_days_age() -> None:
    assert to_come(np.array([0.5, 0.3, 0.2]), np.array([10.0, 10.0, 10.0]), np.array([2, 1, 0])) == pytest.approx(7.0)
    assert completeness(np.array([0.5, 0.3, 0.2])) == pytest.approx([0.5, 0.8, 1.0])
    assert mature_age(np.array([0.5, 0.3, 0.2])) == 2
    assert completeness(np.zeros(3)).tolist() == [1.0, 1.0, 1.0]


def test_the_span_before_is_shown_as_it_stood_at_the_same_age() -> None:
    whole = np.tile(np.array([3.0, 2.0, 1.0]), (70, 1))
    triangle = Triangle(np.full(70, 100.0), whole).until(70)
    assert at_same_age(triangle, 67, 70, 3) == pytest.approx(3 + 5 + 6)


def test_intervals_hold_as_often_as_they_say() -> None:
    held = []
    for seed in range(160):
        seen, whole = made(seed)
        found = outlook(seen, 413, 420)
        came = whole[413:].sum() - found.arrived
        held.append(found.low <= came <= found.high)
    assert np.mean(held) == pytest.approx(COVERAGE, abs=0.08)


def test_a_short_history_tells_nothing() -> None:
    seen, _ = made(1, days=40)
    with pytest.raises(CannotTell, match="56 days"):
        rates(seen)
    with pytest.raises(CannotTell, match="too few"):
        outlook(made(1, days=70)[0], 63, 70)


@given(st.integers(0, 10_000), st.integers(1, 28))
def test_a_mature_span_brings_nothing_more_and_no_end_is_negative(seed: int, length: int) -> None:
    seen, _ = made(seed, days=200, touches=5.0)
    found = outlook(seen, 200 - length, 200)
    assert 0 <= found.low <= found.high
    assert to_come(rates(seen), seen.exposure[:150], seen.ages[:150]) == 0
