"""Sums over one day to four weeks against chance: what is told of small slices, and what is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.episodes import Episode
from roastery.tools.analysis.pooled import WINDOWS, pooled
from roastery.tools.analysis.windows import (
    DEFAULT_THRESHOLD,
    LEAST_THRESHOLD,
    MOST_AT_ONCE,
    WEEKLY_HIGH,
    Tail,
    Windowed,
    alarms_of,
    as_costs,
    step_up,
    tail_of,
    told,
    windowed,
)

DAYS = 600
LAST_WEEK = DAYS - 7


def chance(mean: float, series: int = 1, seed: int = 1, days: int = DAYS) -> Floats:
    return np.random.default_rng(seed).poisson(mean, (days, series)).astype(float)


def beyond(judged: list[Windowed], alerts_a_month: float) -> tuple[float, ...]:
    """Thresholds by a budget of alerts; the default where the history is too short."""
    tail = tail_of(judged)
    return tail.scores_at(alarms_of(tail, alerts_a_month)) if tail else (DEFAULT_THRESHOLD,) * len(judged)


def test_a_location_of_three_orders_a_day_that_sells_nothing_for_a_week_is_told() -> None:
    y = chance(3.0, series=5)
    y[LAST_WEEK:, 2] = 0.0
    [episode] = told(windowed(y, None, "count", LAST_WEEK), DEFAULT_THRESHOLD).episodes
    assert (episode.series, episode.kind, episode.actual, episode.end) == (2, "dip", 0.0, DAYS - 1)
    assert 12 <= episode.expected <= 30
    assert episode.low > 0.0


def test_alerts_on_plain_chance_keep_to_the_budget() -> None:
    mean = np.tile([0.3, 1.0, 4.0, 30.0], 10)
    y = np.random.default_rng(2).poisson(mean, (DAYS + 91, 40)).astype(float)
    weeks = [windowed(y[: DAYS + 7 * n], None, "count", DAYS + 7 * (n - 1)) for n in range(1, 14)]
    [threshold] = beyond([weeks[0]], alerts_a_month=1.0)
    alerts = sum(len(told(week, threshold).episodes) for week in weeks)
    # Three months at one a month; a window of four weeks may alert again a week later.
    assert 4.0 <= threshold < 6.0
    assert alerts <= 6


def test_of_plain_chance_hardly_a_week_tells_anything_and_of_many_faults_one_in_twenty_is_chance() -> None:
    rng = np.random.default_rng(5)
    mean = np.tile([0.5, 2.0, 8.0, 30.0], 10)
    calm, right, wrong = 0, 0, 0
    for week in range(8):
        y = rng.poisson(mean, (DAYS, 40)).astype(float)
        if week % 2:
            y[LAST_WEEK:, 3:15:4] = 0.0
        one = windowed(y, None, "count", LAST_WEEK)
        tail = tail_of([one])
        assert tail is not None

        def episodes(false_alarms: float, one: Windowed = one, tail: Tail = tail) -> tuple[Episode, ...]:
            return told(one, *tail.scores_at(false_alarms)).episodes

        series = {e.series for e in episodes(step_up(0.05, lambda allowed, at=episodes: len(at(allowed))))}
        calm += len(series) if not week % 2 else 0
        right, wrong = (
            (right + len(series & {3, 7, 11}), wrong + len(series - {3, 7, 11})) if week % 2 else (right, wrong)
        )
    assert right == 12
    assert calm <= 1
    assert wrong <= 1


@given(highs=st.lists(st.floats(3.6, 9.0), min_size=1, max_size=30), share=st.sampled_from([0.01, 0.05, 0.2]))
def test_the_step_up_is_the_largest_number_that_its_own_threshold_tells(highs: list[float], share: float) -> None:
    tail = Tail(near=6.0, far=11.0, series=(100,), weeks=1.0)

    def count(false_alarms: float) -> int:
        return sum(high >= tail.scores_at(false_alarms)[0] for high in highs)

    holds = [k for k in range(1, MOST_AT_ONCE + 1) if count(share * k) >= k]
    assert step_up(share, count) == share * max(holds, default=1)


@given(series=st.lists(st.integers(0, 400), min_size=1, max_size=12).filter(any), allowed=st.floats(0.001, 0.5))
def test_tables_share_the_false_alarms_evenly_and_all_of_them(series: list[int], allowed: float) -> None:
    tail = Tail(near=6.0, far=11.0, series=tuple(series), weeks=1.0)
    scores = tail.scores_at(allowed)
    judged = [(n, score) for n, score in zip(series, scores, strict=True) if n]
    # The exponential tail of squared scores that the two deciles fix, written the other way round.
    passed = [n * 0.01 * np.exp(-(score**2 - 11.0) / (5.0 / np.log(10.0))) for n, score in judged]
    assert sum(passed) <= allowed * (1 + 1e-9)
    if all(score > LEAST_THRESHOLD for _, score in judged) and all(allowed / len(judged) / n < 0.01 for n, _ in judged):
        np.testing.assert_allclose(passed, allowed / len(judged))
    assert [score for _, score in sorted(judged)] == sorted(score for _, score in judged)


def test_three_platforms_are_held_to_less_than_sixty_campaigns_are() -> None:
    few, many = Tail(near=6.0, far=11.0, series=(3, 60), weeks=1.0).scores_at(0.04)
    together = Tail(near=6.0, far=11.0, series=(63,), weeks=1.0).scores_at(0.04)[0]
    assert few < together < many


def test_a_campaign_of_six_months_is_judged_as_the_wilder_of_the_older_ones_are() -> None:
    y = chance(8.0, series=6)
    y[: DAYS - 190, 2] = np.nan
    y[LAST_WEEK:, 2] = 0.0
    [episode] = told(windowed(y, None, "count", LAST_WEEK), DEFAULT_THRESHOLD).episodes
    assert episode.series == 2


def test_one_week_in_ten_of_plain_chance_lies_beyond_the_weekly_high() -> None:
    y = chance(20.0, series=30, days=900)
    scores = np.abs(pooled(y, None, "count", 899).scores[:, 200:893])
    highs = scores.reshape(len(WINDOWS), 99, 7, 30).max(axis=(0, 2))
    assert np.quantile(highs, 0.9) == pytest.approx(WEEKLY_HIGH, abs=0.25)


def test_the_end_of_an_outage_is_no_event() -> None:
    y = chance(8.0, series=4)
    y[LAST_WEEK - 10 : LAST_WEEK, 1] = 0.0
    assert told(windowed(y, None, "count", LAST_WEEK), DEFAULT_THRESHOLD).episodes == ()


def test_what_ended_is_not_told_again_by_a_longer_window() -> None:
    y = chance(8.0, series=4)
    y[LAST_WEEK - 6 : LAST_WEEK, 1] = 0.0
    week_before = windowed(y[:LAST_WEEK], None, "count", LAST_WEEK - 7)
    assert [e.series for e in told(week_before, DEFAULT_THRESHOLD).episodes] == [1]
    assert told(windowed(y, None, "count", LAST_WEEK), DEFAULT_THRESHOLD).episodes == ()


def test_a_shift_that_goes_on_is_told_as_one_window() -> None:
    y = chance(4.0, series=4)
    y[-21:, 3] = chance(1.0, days=21)[:, 0]
    [episode] = told(windowed(y, None, "count", LAST_WEEK), 4.5).episodes
    assert episode.series == 3
    assert episode.kind == "level_shift"
    assert DAYS - episode.start >= 14


def test_of_slices_that_rise_together_only_the_one_that_does_not_is_told() -> None:
    rng = np.random.default_rng(5)
    demand = 12.0 * np.repeat(rng.lognormal(0.0, 0.3, DAYS // 10), 10)[:, None] * np.ones((1, 6))
    demand[-10:] = 24.0
    y = rng.poisson(demand).astype(float)
    y[-4:, 2] = 0.0
    assert [e.series for e in told(windowed(y, None, "count", LAST_WEEK), DEFAULT_THRESHOLD).episodes] == [2]


def test_days_that_are_known_to_be_unlike_others_count_as_usual() -> None:
    y, known = chance(40.0), np.zeros(DAYS, dtype=np.int64)
    y[-4:], known[-4:] = 120.0, 1
    assert told(windowed(y, None, "count", LAST_WEEK), DEFAULT_THRESHOLD).episodes
    assert told(windowed(y, None, "count", LAST_WEEK, known), DEFAULT_THRESHOLD).episodes == ()


@pytest.mark.parametrize(("clicks", "is_told"), [(2.0, False), (60.0, True)])
def test_a_doubled_cost_per_click_needs_clicks_to_be_told(clicks: float, is_told: bool) -> None:
    bought = chance(clicks, series=3)
    spent = np.full(bought.shape, 2.0 * clicks)
    bought[-3:, 1] = np.round(clicks / 2)
    found = told(windowed(bought, spent, "cost", LAST_WEEK), DEFAULT_THRESHOLD)
    costs = as_costs(found, spent, bought).episodes
    assert bool(costs) is is_told
    for episode in costs:
        assert (episode.series, episode.kind) == (1, "spike")
        assert episode.at_stake == pytest.approx(3 * clicks, rel=0.15)
        assert episode.low < episode.expected < episode.high < (episode.actual or 0)


def test_what_was_bought_for_nothing_has_no_cost() -> None:
    bought = chance(60.0)
    spent = np.full(bought.shape, 120.0)
    bought[-5:] = 0.0
    found = told(windowed(bought, spent, "cost", LAST_WEEK), DEFAULT_THRESHOLD)
    assert found.episodes
    assert all(e.actual for e in as_costs(found, spent, bought).episodes)


def test_a_large_refund_that_comes_now_and_then_is_no_news() -> None:
    y = np.zeros((DAYS, 1))
    y[5::41] = 900.0
    y[DAYS - 3] = 900.0
    assert told(windowed(y, None, "amount", LAST_WEEK), DEFAULT_THRESHOLD).episodes == ()


def test_a_campaign_that_has_just_begun_is_not_judged() -> None:
    y = chance(9.0, series=3)
    y[: DAYS - 40, 1] = 0.0
    found = told(windowed(y, None, "count", LAST_WEEK), DEFAULT_THRESHOLD)
    assert found.too_short == (1,)
    assert found.episodes == ()


@pytest.mark.parametrize("kind", ["count", "amount"])
@pytest.mark.parametrize(
    "values", [np.zeros((DAYS, 2)), np.full((DAYS, 2), 7.0), np.zeros((30, 2)), np.full((DAYS, 1), np.nan)]
)
def test_series_without_anything_to_tell_tell_nothing(values: Floats, kind: str) -> None:
    one = windowed(values, None, kind, len(values) - 7)  # type: ignore[arg-type]
    found = told(one, *beyond([one], 1.0))
    assert found.episodes == ()
    assert np.isfinite(found.threshold)


@settings(max_examples=10, deadline=None)
@given(times=st.floats(0.01, 1000.0), seed=st.integers(0, 50))
def test_amounts_are_judged_alike_in_every_currency(times: float, seed: int) -> None:
    y = chance(5.0, series=3, seed=seed, days=300) * 20.0
    one, other = (pooled(v, None, "amount", 280).scores for v in (y, y * times))
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 50))
def test_a_later_day_never_decides_how_an_earlier_one_is_judged(seed: int) -> None:
    y = chance(4.0, series=4, seed=seed, days=300)
    changed = y.copy()
    changed[290:] += 1.0
    one, other = (windowed(v, None, "count", 286).scores[:, 286:290] for v in (y, changed))
    np.testing.assert_allclose(one, other)


def budgets(seed: int = 3, campaigns: int = 4) -> Floats:
    """Spend a day of budgets that are set anew every Monday, with a little of each day's own."""
    g = np.random.default_rng(seed)
    weekly = np.repeat(np.exp(g.normal(0, 0.4, (DAYS // 7 + 1, campaigns))), 7, axis=0)[:DAYS]
    return 100 * weekly * np.exp(g.normal(0, 0.05, (DAYS, campaigns)))


def test_a_week_end_at_three_times_the_budget_is_told_where_budgets_change_every_monday() -> None:
    y = budgets()
    last = DAYS // 7 * 7
    y, first = y[:last], last - 2
    # The week itself was drawn at what is usual.
    y[last - 7 :, 1] = 100.0
    y[first:, 1] *= 3
    told_ = told(windowed(y, None, "amount", last - 7), DEFAULT_THRESHOLD).episodes
    assert [(e.series, e.start, e.end) for e in told_] == [(1, first, last - 1)]


def test_a_budget_that_changes_on_monday_is_no_event() -> None:
    alerts = 0
    for seed in range(4):
        y = budgets(seed)[: DAYS // 7 * 7]
        alerts += len(told(windowed(y, None, "amount", len(y) - 7), DEFAULT_THRESHOLD).episodes)
    assert alerts == 0


def test_back_to_the_usual_budget_after_dear_days_is_no_event() -> None:
    y = budgets()[: DAYS // 7 * 7]
    y[-7:, 1] = 100.0
    y[-7:-2, 1] *= 2.5
    told_ = told(windowed(y, None, "amount", len(y) - 2), DEFAULT_THRESHOLD).episodes
    assert [e for e in told_ if e.kind == "dip"] == []
