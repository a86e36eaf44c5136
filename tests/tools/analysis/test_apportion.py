"""The largest-remainder rule keeps totals."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.tools.analysis.apportion import apportion, apportion_rows, settle
from roastery.tools.analysis.errors import UnfitInput

weights = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda w: sum(w) > 0)


def test_hamiltons_seats_go_to_the_largest_remainders() -> None:
    # Balinski & Young's example of 1000 seats' rule at 10 seats: quotas 4.7, 1.6, 1.58, 1.2, .6, .32 of 10 seats.
    votes = np.array([47_000, 16_000, 15_800, 12_000, 6_100, 3_100], dtype=float)
    assert apportion(10, votes).tolist() == [5, 2, 1, 1, 1, 0]


@given(st.integers(-(10**12), 10**12), weights)
def test_units_sum_to_the_total_and_stay_within_one_of_the_quota(total: int, parts: list[float]) -> None:
    shares = np.array(parts)
    units = apportion(total, shares)
    assert units.sum() == total
    assert np.all(np.abs(units - total * shares / shares.sum()) < 1.001)


@given(st.integers(0, 10**9), weights)
def test_a_refund_mirrors_its_sale(total: int, parts: list[float]) -> None:
    assert np.array_equal(apportion(-total, np.array(parts)), -apportion(total, np.array(parts)))


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), weights), min_size=1, max_size=8))
def test_rows_split_as_if_each_stood_alone(rows: list[tuple[int, list[float]]]) -> None:
    offsets = np.concatenate([[0], np.cumsum([len(w) for _, w in rows])])
    units = apportion_rows(np.array([t for t, _ in rows]), offsets, np.concatenate([w for _, w in rows]))
    assert units.tolist() == [u for t, w in rows for u in apportion(t, np.array(w)).tolist()]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.sampled_from(["0.01", "0.000001", "5"]))
def test_settled_parts_sum_to_the_rounded_total(parts: list[float], quantum: str) -> None:
    total = sum((Decimal(p) for p in parts), Decimal(0))
    settled = settle(parts, total, Decimal(quantum))
    assert abs(sum(settled, Decimal(0)) - total) <= Decimal(quantum) / 2
    assert all(abs(Decimal(p) - s) <= Decimal(quantum) for p, s in zip(parts, settled, strict=True))


def test_units_over_nothing_are_refused() -> None:
    with pytest.raises(UnfitInput):
        apportion(5, np.zeros(0))
    with pytest.raises(UnfitInput):
        apportion(5, np.zeros(3))
    assert apportion(0, np.zeros(3)).tolist() == [0, 0, 0]
