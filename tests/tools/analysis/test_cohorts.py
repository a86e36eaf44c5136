"""Retention, repeat and cross-sell: Wilson's published intervals, hand-worked cohorts and lifts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.tools.analysis.cohorts import cross_sell, maturing_conversion, repeat_share, retention, share_of
from roastery.tools.analysis.errors import TooLittleData, UnfitInput


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_newcombe_1998_table_of_wilson_intervals(hits: int, trials: int, low: float, high: float) -> None:
    share = share_of([hits], [trials])
    assert (share.low[0], share.high[0]) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=9))
def test_shares_lie_inside_their_intervals_and_those_inside_zero_to_one(rows: list[tuple[int, int]]) -> None:
    hits, trials = [min(r) for r in rows], [max(r) for r in rows]
    share = share_of(hits, trials)
    assert np.all((share.low >= 0) & (share.low <= share.share) & (share.share <= share.high) & (share.high <= 1))


def test_retention_worked_by_hand() -> None:
    # Customers 1, 2 begin in period 0, 3 in period 1; 1 returns in 1 and 2 (twice), 3 in 2. Period 3 is unfinished.
    table = retention([1, 2, 1, 1, 1, 3, 3, 2], [0, 0, 1, 2, 2, 1, 2, 3], last_complete=2)
    assert table.cohorts.tolist() == [0, 1]
    assert table.size.tolist() == [2, 1]
    assert table.active.hits.tolist() == [[2, 1, 1], [1, 1, 0]]
    assert table.active.trials.tolist() == [[2, 2, 2], [1, 1, 0]]
    assert table.overall().share.tolist() == [1.0, pytest.approx(2 / 3), 0.5]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6)), min_size=1, max_size=60), st.randoms())
def test_retention_starts_whole_and_forgets_the_order_of_rows(rows: list[tuple[int, int]], random: object) -> None:
    who, when = zip(*rows, strict=True)
    table = retention(who, when, 6)
    assert np.array_equal(table.active.hits[:, 0], table.size)
    assert table.size.sum() == len(set(who))
    assert np.array_equal(table.active.hits, retention(who[::-1], when[::-1], 6).active.hits)


def test_repeat_share_counts_who_ordered_twice() -> None:
    cohorts, share = repeat_share([1, 2, 5, 0, 1], [7, 7, 8, 8, 8])
    assert cohorts.tolist() == [7, 8]
    assert share.share.tolist() == [0.5, 0.5]


def test_lift_worked_by_hand() -> None:
    # 100 baskets: 40 with a, 25 with b, 20 with both: lift .2/(.4·.25) = 2; Var ln = 1/20 − 1/40 − 1/25 + .04 − .01.
    baskets = [*range(40), *range(20), *range(40, 45), *range(45, 100)]
    products = [1] * 40 + [2] * 25 + [3] * 55
    pairs = cross_sell(baskets, products)
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.together.tolist()) == ([1], [2], [20])
    assert (pairs.support[0], pairs.confidence[0], pairs.lift[0]) == (0.2, 0.5, pytest.approx(2.0))
    spread = np.exp(1.959964 * np.sqrt(0.05 - 0.025 - 0.04 + 0.04 - 0.01))
    assert (pairs.low[0], pairs.high[0]) == (pytest.approx(2 / spread), pytest.approx(2 * spread))


def test_lift_intervals_hold_the_truth() -> None:
    g = np.random.default_rng(1)
    inside = []
    for _ in range(200):
        a = g.random(3_000) < 0.3
        b = g.random(3_000) < np.where(a, 0.3, 0.1)
        basket = np.concatenate([np.flatnonzero(a), np.flatnonzero(b), np.arange(3_000)])
        product = np.concatenate([np.ones(a.sum(), int), np.full(b.sum(), 2), np.full(3_000, 3)])
        pairs = cross_sell(basket, product)
        at = np.flatnonzero((pairs.first == 1) & (pairs.second == 2))[0]
        inside.append(pairs.low[at] <= 0.3 / 0.16 <= pairs.high[at])
    assert 0.91 <= np.mean(inside) <= 0.99


def test_young_cohorts_are_grown_by_how_long_conversions_take() -> None:
    lags = np.repeat([0, 1, 2, 3], 10)
    read = maturing_conversion([100, 100, 100], [20, 10, 5], [5, 1, 0], lags, settled=3)
    assert read.maturity.tolist() == [1.0, 0.5, 0.25]
    assert read.expected.tolist() == [pytest.approx(0.2), pytest.approx(0.2), pytest.approx(0.2)]


def test_too_little_is_refused() -> None:
    with pytest.raises(TooLittleData, match="Nobody was active"):
        retention([1], [5], 4)
    with pytest.raises(TooLittleData, match="Nobody has ordered"):
        repeat_share([0], [1])
    with pytest.raises(TooLittleData, match="at least 10 times"):
        cross_sell([1, 1], [1, 2])
    with pytest.raises(TooLittleData, match="no baskets"):
        cross_sell([], [])
    with pytest.raises(TooLittleData, match="Only 2 conversions"):
        maturing_conversion([1], [1], [1], [1, 2], 3)
    with pytest.raises(UnfitInput, match="more hits"):
        share_of([3], [2])
