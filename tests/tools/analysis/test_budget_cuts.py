"""A cut of given size: judged against the same share off each channel, since what is saved is settled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.budget import even_cut, reallocate, spendable
from roastery.tools.analysis.errors import CannotTell, UnfitInput
from roastery.tools.analysis.response import Response
from tests.examples import examples


def drawn(seed: int, channels: int, *, told: int | None = None, doubt: float = 0.2) -> Response:
    """Curves in doubt: draws around returns of their own, saturation by lot; the last ones may be untold."""
    g = np.random.default_rng(seed)
    mean = g.uniform(0.3, 6, channels)
    slope = mean * np.exp(g.normal(0, doubt, (80, channels)))
    halving = 100 * np.exp(g.normal(0.7, 0.5, (80, channels)))
    learnt = np.where(np.arange(channels) < (channels if told is None else told), 0.9, 0.0)
    return Response(
        tuple("abcdef"[:channels]), np.full(channels, 100.0), np.full(channels, 500.0), slope, halving,
        np.zeros((80, channels)), learnt, np.ones(channels), 1.0,
    )  # fmt: skip


def brought(response: Response, spend: np.ndarray) -> np.ndarray:
    return response.revenue(spend).sum(axis=1)


@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(0.01, 0.29), st.floats(0.05, 1.0))
@settings(max_examples=examples(40), deadline=None)
def test_an_advised_cut_is_expected_to_bring_no_less_than_the_same_share_off_each(
    seed: int, channels: int, share: float, doubt: float
) -> None:
    response = drawn(seed, channels, told=max(channels - 1, 2), doubt=doubt)
    today = np.random.default_rng(seed + 1).uniform(20, 300, channels)
    whole = float(today.sum()) * (1 - share)
    even = today * (1 - share)
    assert even_cut(today, whole) == pytest.approx(even)
    try:
        advice = reallocate(response, today, budget=whole)
    except CannotTell:
        return
    after = np.array([float(spend) for spend in advice.after])
    assert after.sum() == pytest.approx(whole, abs=0.01)
    assert np.all(after <= today + 0.011)
    assert np.all(after >= 0.7 * today - 0.011)
    cents = 0.02 * channels * float(response.slope.max())
    assert brought(response, after).mean() >= brought(response, even).mean() - cents
    # The interval is of that difference, over the same draws.
    low, high = np.quantile(brought(response, after) - brought(response, even), [0.025, 0.975])
    assert advice.gain[0] == pytest.approx(low, abs=cents)
    assert advice.gain[2] == pytest.approx(high, abs=cents)


def test_a_cut_that_loses_revenue_is_placed_where_it_loses_least() -> None:
    # Every unit brings more than it costs, so that a cut judged by its own savings would never be advised.
    response = drawn(3, 3, doubt=0.05)
    response.slope[:] = np.array([6.0, 5.0, 2.0])
    today = np.full(3, 100.0)
    advice = reallocate(response, today, budget=270.0)
    assert [float(spend) for spend in advice.after] == pytest.approx([100, 100, 70], abs=0.5)
    assert advice.even is not None
    assert [float(spend) for spend in advice.even] == pytest.approx([90, 90, 90])
    assert advice.gain[0] > 0


def test_channels_that_cannot_be_told_bear_their_share_and_no_more() -> None:
    response = drawn(3, 4, told=2, doubt=0.05)
    response.slope[:] = np.array([6.0, 1.0, 4.0, 4.0])
    advice = reallocate(response, np.full(4, 100.0), budget=360.0)
    assert [float(spend) for spend in advice.after] == pytest.approx([100, 80, 90, 90], abs=0.5)
    assert advice.held == ("c", "d")


def test_where_no_split_is_likely_to_be_better_none_is_advised() -> None:
    alike = drawn(5, 3)
    alike.slope[:], alike.halving[:] = 2.0, 200.0
    with pytest.raises(CannotTell, match="same share off each"):
        reallocate(alike, np.full(3, 100.0), budget=270.0)
    with pytest.raises(CannotTell, match="1 of 3 channels"):
        reallocate(drawn(5, 3, told=1), np.full(3, 100.0), budget=270.0)


def test_bounds_hold_for_the_cut_and_for_what_it_is_judged_against() -> None:
    today, least = np.full(3, 100.0), np.array([95.0, 0.0, 0.0])
    assert even_cut(today, 270.0, least=least) == pytest.approx([95, 87.5, 87.5])
    response = drawn(3, 3, doubt=0.05)
    response.slope[:] = np.array([1.0, 5.0, 3.0])
    advice = reallocate(response, today, budget=270.0, least=least)
    assert float(advice.after[0]) == pytest.approx(95, abs=0.01)
    with pytest.raises(UnfitInput, match=r"210\.00 to 300\.00"):
        reallocate(response, today, budget=120.0)
    assert spendable(response, today) == pytest.approx((210.0, 390.0))
