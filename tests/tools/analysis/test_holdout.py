"""Difference in differences against Card & Krueger 1994, coverage in simulation, and the power of proposals."""

import numpy as np
import pytest

from roastery.tools.analysis.errors import CannotTell, TooLittleData, UnfitInput
from roastery.tools.analysis.holdout import change_of_years, difference_in_differences, per_own_mean, propose_holdout


def test_card_and_krueger_1994_new_jersey_and_pennsylvania() -> None:
    # Full-time employment a restaurant: New Jersey 20.44 → 21.03, Pennsylvania 23.33 → 21.17; published 2.76.
    lift = difference_in_differences([[20.44, 23.33], [21.03, 21.17]], np.array([True, False]), 1)
    assert lift.effect == pytest.approx(2.76, abs=0.015)
    assert lift.low is None
    assert lift.p_value is None
    assert "One place on a side" in lift.caveats[0]


def places(seed: int, lift: float, treated: int = 6, others: int = 14) -> tuple[np.ndarray, np.ndarray]:
    g = np.random.default_rng(seed)
    n = treated + others
    drift = g.normal(0, 0.03, n)
    y = g.uniform(50, 300, n) * (1 + 0.2 * np.sin(np.arange(84) * 2 * np.pi / 7))[:, None]
    y = y * np.exp(g.normal(0, 0.1, (84, n)))
    y[56:] *= 1 + drift
    flags = np.arange(n) < treated
    y[56:, flags] *= 1 + lift
    return y, flags


def test_intervals_hold_the_planted_lift_as_often_as_they_say() -> None:
    inside, found = [], []
    for seed in range(200):
        y, flags = places(seed, 0.1)
        read = difference_in_differences(per_own_mean(y, 56), flags, 56)
        assert read.low is not None
        assert read.high is not None
        inside.append(read.low <= 0.1 <= read.high)
        found.append(read.effect)
    assert 0.9 <= np.mean(inside) <= 0.99
    assert np.mean(found) == pytest.approx(0.1, abs=0.01)


def test_no_lift_is_seldom_called_one() -> None:
    p_values = []
    for seed in range(200):
        y, flags = places(seed, 0.0)
        p_values.append(difference_in_differences(per_own_mean(y, 56), flags, 56).p_value)
    assert np.mean(np.array(p_values) < 0.05) <= 0.09


def test_total_is_effect_times_treated_place_days() -> None:
    y, flags = places(1, 0.2)
    read = difference_in_differences(y, flags, 56)
    assert read.total == pytest.approx(read.effect * 6 * 28)
    assert read.ratio == pytest.approx(0.2, abs=0.1)


def test_groups_that_moved_apart_before_are_a_caveat() -> None:
    y, flags = places(3, 0.0)
    y[:, flags] *= (1 + 0.01 * np.arange(84))[:, None]
    read = difference_in_differences(y, flags, 56)
    assert read.before_trend_p is not None
    assert read.before_trend_p < 0.05
    assert any("moved apart" in caveat for caveat in read.caveats)


def test_identical_places_have_no_effect_and_no_noise() -> None:
    read = difference_in_differences(np.ones((20, 4)), np.array([True, True, False, False]), 10)
    assert (read.effect, read.low, read.high, read.p_value) == (0, 0, 0, 1)


def test_a_proposed_holdout_finds_its_effect_four_times_in_five() -> None:
    history, _ = places(11, 0.0, treated=0, others=30)
    plan = propose_holdout(history, 0.08)
    assert plan.detectable <= plan.expected_ratio
    assert plan.cost > 0
    g = np.random.default_rng(5)
    found = []
    days = plan.weeks * 7
    for seed in range(150):
        y, _ = places(1_000 + seed, 0.0, treated=0, others=30)
        y = y[56 - days : 56 + days] if days <= 28 else y
        flags = np.zeros(30, dtype=np.bool_)
        flags[g.choice(30, plan.places_held_out, replace=False)] = True
        y[days:, flags] *= 1 - 0.08
        p = difference_in_differences(per_own_mean(y, days), flags, days).p_value
        found.append(p is not None and p < 0.05)
    assert np.mean(found) >= 0.7


def test_smaller_effects_need_larger_holdouts() -> None:
    history, _ = places(11, 0.0, treated=0, others=30)
    sizes = [p.places_held_out * p.weeks for p in (propose_holdout(history, e) for e in (0.3, 0.1, 0.06))]
    assert sizes == sorted(sizes)
    with pytest.raises(CannotTell, match="larger change"):
        propose_holdout(history, 0.002)


def test_too_little_is_refused() -> None:
    with pytest.raises(TooLittleData, match="days before"):
        difference_in_differences([[1, 2]], np.array([True, False]), 1)
    with pytest.raises(TooLittleData, match="others beside"):
        difference_in_differences([[1, 2], [1, 2]], np.array([True, True]), 1)
    with pytest.raises(TooLittleData, match="56 days"):
        propose_holdout(np.ones((20, 9)), 0.1)
    with pytest.raises(TooLittleData, match="any outcome"):
        propose_holdout(np.zeros((70, 9)), 0.1)
    with pytest.raises(UnfitInput, match="between 0 and 1"):
        propose_holdout(np.ones((70, 9)), 1.4)
    with pytest.raises(CannotTell, match="no outcome before"):
        per_own_mean([[0, 1], [1, 1]], 1)


def test_a_pause_everywhere_is_read_against_the_year_before() -> None:
    g = np.random.default_rng(4)
    season = 1 + 0.3 * np.sin(np.arange(20) / 3)
    then = 100 * season * g.normal(1, 0.03, 20)
    now = 120 * season * g.normal(1, 0.03, 20)
    now[14:] *= 0.8
    read = change_of_years(now, then, 14)
    expected = -0.2 * float((season[14:] / season[:14].mean()).mean())
    assert read.low < read.effect < read.high < 0
    assert read.low < expected < read.high
    assert read.ratio == pytest.approx(-0.2, abs=0.06)


def test_a_season_that_comes_every_year_is_no_effect_of_a_pause() -> None:
    season = np.concatenate([np.ones(8), np.full(6, 2.0)])
    read = change_of_years(70 * season, 50 * season, 8)
    assert (read.effect, read.p_value) == (0, 1)


def test_a_change_of_years_covers_nothing_nineteen_times_in_twenty() -> None:
    g = np.random.default_rng(6)
    held = [
        read.low <= 0 <= read.high
        for read in (change_of_years(g.normal(100, 8, 16), g.normal(90, 8, 16), 10) for _ in range(300))
    ]
    assert 0.9 <= np.mean(held) <= 0.99


def test_years_without_weeks_on_both_sides_are_refused() -> None:
    with pytest.raises(TooLittleData, match="two weeks"):
        change_of_years(np.ones(5), np.ones(5), 4)
    with pytest.raises(TooLittleData, match="nothing in the weeks before"):
        change_of_years(np.ones(6), [0, 0, 0, 1, 1, 1], 3)
