"""Journeys counted by hand, and what must hold of them whatever the paths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis import journeys
from roastery.tools.analysis.errors import CannotTell, TooLittleData
from roastery.tools.analysis.holdout import propose_switchback
from roastery.tools.analysis.paths import Paths, paths_of_names
from tests.examples import examples

ONE = paths_of_names([["ads", "ads", "mail"], ["ads"], ["mail", "ads", "mail", "ads"]], [3, 1, 2], [4, 5, 0])


def test_a_channel_that_follows_itself_stands_once() -> None:
    found = journeys.collapsed(paths_of_names([["a", "a", "b"], ["a", "b"], ["b"]], [1, 2, 4], [1, 0, 0]))
    told = {journeys.names_of_path(found, i): int(found.conversions[i]) for i in range(found.count)}
    assert told == {("a", "b"): 3, ("b",): 4}
    assert found.nulls.sum() == 1


def test_roles_of_three_paths_worked_by_hand() -> None:
    found = journeys.roles(ONE)
    assert ONE.names == ("ads", "mail")
    assert found.opens.tolist() == [4, 2]
    assert found.closes.tolist() == [3, 3]
    assert found.assists.tolist() == [3, 2]
    assert found.present.tolist() == [6, 5]
    assert found.alone.tolist() == [1, 0]
    assert found.lost.tolist() == [9, 4]


def test_funnel_of_three_paths_worked_by_hand() -> None:
    found = journeys.funnel(ONE, 3)
    assert found.reached.tolist() == [15, 9, 9]
    assert found.converted.tolist() == [1, 0, 3]
    assert found.lost.tolist() == [5, 0, 4]
    assert found.went_on.tolist() == [9, 9, 2]


paths = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), min_size=1, max_size=8).flatmap(
    lambda rows: st.tuples(
        st.just(rows),
        st.lists(st.integers(0, 9), min_size=len(rows), max_size=len(rows)),
        st.lists(st.integers(0, 9), min_size=len(rows), max_size=len(rows)),
    )
)


@settings(max_examples=examples(60), deadline=None)
@given(paths, st.integers(1, 7))
def test_every_journey_ends_once_and_is_counted_once(
    given_paths: tuple[list[list[str]], list[int], list[int]], steps: int
) -> None:
    made: Paths = paths_of_names(*given_paths)
    won, lost = int(made.conversions.sum()), int(made.nulls.sum())
    links = journeys.flow(made, steps)
    ends = {end: sum(c for t, c in zip(links.target, links.count, strict=True) if t == end) for end in
            (journeys.CONVERTED, journeys.LOST, "more")}  # fmt: skip
    assert sum(ends.values()) == won + lost
    begun = sum(c for s, c in zip(links.source, links.count, strict=True) if s == journeys.START)
    assert begun == won + lost
    roles = journeys.roles(made)
    assert roles.opens.sum() == roles.closes.sum() == won
    assert np.all(roles.present >= np.maximum(roles.opens, roles.closes))
    funnel = journeys.funnel(made, 6)
    assert funnel.converted.sum() == won
    assert funnel.lost.sum() == lost
    assert np.all(funnel.reached[1:] == funnel.went_on[:-1])
    sizes = journeys.lengths(made, 4)
    assert (sizes.conversions.sum(), sizes.nulls.sum()) == (won, lost)
    assert journeys.collapsed(made).conversions.sum() == won


def test_a_test_by_weeks_finds_its_effect_four_times_in_five() -> None:
    g = np.random.default_rng(3)
    plan = propose_switchback(g.poisson(100, 112), 0.1)
    found = []
    for _ in range(300):
        weekly = g.poisson(700, plan.weeks).astype(float)
        off = g.permutation(plan.weeks) < plan.weeks // 2
        weekly[off] *= 0.9
        apart = weekly[~off].mean() - weekly[off].mean()
        error = np.sqrt(weekly[~off].var(ddof=1) / (~off).sum() + weekly[off].var(ddof=1) / off.sum())
        found.append(apart / error > 2.1)
    assert np.mean(found) >= 0.75
    with pytest.raises(CannotTell, match="larger part"):
        propose_switchback(g.poisson(2, 112), 0.05)
    with pytest.raises(TooLittleData):
        propose_switchback(np.ones(20), 0.1)
