"""Winners and fatigue of creatives: the closed form of two Betas, planted slopes, minimum volume."""

from math import lgamma

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.assets import chance_of_best, fatigue, rank_assets
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from tests.examples import examples


def closed_form(a1: int, b1: int, a2: int, b2: int) -> float:
    """P(second > first) as a sum of Beta functions (Miller 2015, formula for A/B tests with whole parameters)."""

    def log_beta(a: float, b: float) -> float:
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    return sum(
        np.exp(log_beta(a1 + i, b1 + b2) - np.log(b2 + i) - log_beta(1 + i, b2) - log_beta(a1, b1)) for i in range(a2)
    )


@given(st.tuples(*[st.integers(1, 400)] * 4))
@settings(max_examples=examples(60), deadline=None)
def test_the_chance_of_two_assets_is_millers_closed_form(p: tuple[int, int, int, int]) -> None:
    a1, b1, a2, b2 = p
    chances = chance_of_best(np.array([a1, a2], dtype=float), np.array([b1, b2], dtype=float))
    assert chances[1] == pytest.approx(closed_form(a1, b1, a2, b2), abs=2e-4)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(100, 5_000)), min_size=2, max_size=8))
@settings(max_examples=examples(40), deadline=None)
def test_chances_sum_to_one_and_forget_the_order(rows: list[tuple[int, int]]) -> None:
    hits, trials = [min(h, n) for h, n in rows], [n for _, n in rows]
    ranking, backwards = rank_assets(hits, trials), rank_assets(hits[::-1], trials[::-1])
    assert ranking.best.sum() == pytest.approx(1)
    assert ranking.best == pytest.approx(backwards.best[::-1], abs=1e-9)
    assert np.all((ranking.low <= ranking.rate) & (ranking.rate <= ranking.high))


def test_a_lucky_small_asset_does_not_win() -> None:
    ranking = rank_assets([2, 300, 200, 210], [10, 10_000, 10_000, 10_000])
    assert ranking.judged == (False, True, True, True)
    assert ranking.best[0] == 0
    assert ranking.order[0] == 1
    assert ranking.rate[0] < 0.1
    assert ranking.best[1] > 0.99


def test_equal_assets_have_equal_chances() -> None:
    assert rank_assets([50, 50, 50], [1_000] * 3).best == pytest.approx(1 / 3)


def days_of(rate: np.ndarray, seed: int) -> tuple[list[int], list[int], np.ndarray, np.ndarray]:
    g = np.random.default_rng(seed)
    shown = g.integers(2_000, 4_000, len(rate))
    return [0] * len(rate), list(range(len(rate))), g.binomial(shown, rate), shown


def test_planted_fatigue_is_found_with_its_size() -> None:
    inside = []
    for seed in range(60):
        read = fatigue(*days_of(0.02 * np.exp(-0.02 * np.arange(30)), seed))
        assert read.tired == (True,)
        inside.append(read.low[0] <= np.expm1(-0.02 * 29) <= read.high[0])
    assert np.mean(inside) >= 0.88


def test_steady_assets_are_seldom_called_tired() -> None:
    assert sum(fatigue(*days_of(np.full(30, 0.02), seed)).tired[0] for seed in range(200)) <= 11


def test_small_and_single_day_assets_are_unknown() -> None:
    read = fatigue([0, 0, 0, 0, 1], [1, 2, 3, 4, 1], [1, 0, 0, 0, 90], [50, 40, 60, 50, 9_000])
    assert read.unknown == (True, True)
    assert read.tired == (False, False)
    zeros = fatigue([0] * 5, range(5), [0] * 5, [10_000] * 5)
    assert zeros.unknown == (True,)


def test_too_little_and_impossible_counts_are_sentences() -> None:
    with pytest.raises(TooLittleData, match="Only 1 assets have 100 trials"):
        rank_assets([5, 5], [500, 50])
    with pytest.raises(UnfitInput, match="more hits"):
        rank_assets([600, 5], [500, 500])
    with pytest.raises(TooLittleData, match="no days"):
        fatigue([], [], [], [])
    with pytest.raises(UnfitInput):
        fatigue([0], [1], [5], [2])
