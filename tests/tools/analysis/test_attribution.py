"""Nine attribution models: PathData's exact credits, hand-worked rules, conservation to the cent."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roastery.tools.analysis.attribution import MODELS, Shape, attribute, credited, disagreement, touch_weights
from roastery.tools.analysis.errors import TooLittleData, UnfitInput
from roastery.tools.analysis.markov import fit_markov, markov_intervals, transition_counts
from roastery.tools.analysis.paths import Paths, paths_of_names, paths_of_touches
from roastery.warehouse.errors import UnknownName

from .reference_data import reference_folder

PATHDATA_COLUMNS = {
    "first_touch": "first",
    "last_touch": "last",
    "linear": "linear",
    "position_based": "u_40_20_40",
    "shapley": "shapley_set",
    "markov": "markov1",
}


def pathdata() -> tuple[Paths, dict[str, dict[str, float]]]:
    folder = reference_folder("attribution")
    with (folder / "PathData.csv").open() as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    with (folder / "pathdata_expected_results.csv").open() as file:
        expected = {row.pop(""): {k: float(v) for k, v in row.items()} for row in csv.DictReader(file)}
    names = [row["path"].split(" > ") for row in rows]
    won, lost = ([int(row[c]) for row in rows] for c in ("total_conversions", "total_null"))
    return paths_of_names(names, won, lost), expected


@pytest.mark.referee
@pytest.mark.parametrize("model", PATHDATA_COLUMNS)
def test_pathdata_credits_of_every_channel_are_reproduced(model: str) -> None:
    paths, expected = pathdata()
    assert paths.conversions.sum() == 19_785
    credits = dict(zip(paths.names, credited(model, paths), strict=True))
    for channel, row in expected.items():
        assert credits[channel] == pytest.approx(row[PATHDATA_COLUMNS[model]], abs=1e-4)


@pytest.mark.referee
def test_pathdata_removal_effects_are_reproduced() -> None:
    paths, expected = pathdata()
    fit = fit_markov(transition_counts(paths))
    for channel, effect in zip(fit.names, fit.removal_effects, strict=True):
        assert effect == pytest.approx(expected[channel]["removal_effect"], abs=1e-6)


@pytest.mark.referee
def test_markov_intervals_hold_the_exact_shares_of_pathdata() -> None:
    paths, _ = pathdata()
    shares = fit_markov(transition_counts(paths)).shares
    interval = markov_intervals(paths, seed=7)
    inside = (interval.lower <= shares) & (shares <= interval.upper)
    assert inside.mean() >= 0.75
    assert markov_intervals(paths, seed=7).lower.tolist() == interval.lower.tolist()


def weights_of(model: str, names: list[str], hours: list[float] | None = None, **milestones: int) -> list[float]:
    paths = paths_of_names([names])
    extra = {name: np.array([place]) for name, place in milestones.items()}
    times = None if hours is None else np.array(hours)
    return touch_weights(model, Paths(**{**vars(paths), "hours_before": times, **extra})).round(6).tolist()


def test_rules_worked_by_hand() -> None:
    four = ["search", "social", "email", "direct"]
    assert weights_of("first_touch", four) == [1, 0, 0, 0]
    assert weights_of("last_touch", four) == [0, 0, 0, 1]
    assert weights_of("last_non_direct", four) == [0, 0, 1, 0]
    assert weights_of("last_non_direct", ["direct", "direct"]) == [0, 1]
    assert weights_of("linear", four) == [0.25] * 4
    assert weights_of("position_based", four) == [0.4, 0.1, 0.1, 0.4]
    assert weights_of("position_based", ["search"]) == [1]
    assert weights_of("position_based", ["search", "email"]) == [0.5, 0.5]
    assert weights_of("shapley", ["search", "email", "search", "direct"]) == [0.166667, 0.333333, 0.166667, 0.333333]


def test_time_decay_halves_every_seven_days() -> None:
    assert weights_of("time_decay", ["a", "b", "c"], [336, 168, 0.001]) == [0.142857, 0.285715, 0.571428]
    assert weights_of("time_decay", ["a", "b"], [1e6, 1e6 - 168]) == [0.333333, 0.666667]


def test_w_shaped_gives_milestones_thirty_and_degrades_without_them() -> None:
    five = ["a", "b", "c", "d", "e"]
    assert weights_of("w_shaped", five, lead_touch=1, opportunity_touch=3) == [0.3, 0.3, 0.05, 0.3, 0.05]
    assert weights_of("w_shaped", five, lead_touch=0, opportunity_touch=3) == [0.6, 0.033333, 0.033333, 0.3, 0.033333]
    assert weights_of("w_shaped", ["a", "b"], lead_touch=0, opportunity_touch=1) == [0.666667, 0.333333]
    assert weights_of("w_shaped", five, lead_touch=1, opportunity_touch=-1) == weights_of("position_based", five)


names = st.lists(st.lists(st.sampled_from(["search", "email", "social", "direct"]), max_size=7), min_size=1, max_size=8)


@given(names, st.data())
def test_every_model_conserves_the_total_to_the_cent(sequences: list[list[str]], data: st.DataObject) -> None:
    cents = data.draw(st.lists(st.integers(-(10**8), 10**8), min_size=len(sequences), max_size=len(sequences)))
    hours = [float(h) for sequence in sequences for h in range(len(sequence), 0, -1)]
    paths = Paths(**{**vars(paths_of_names(sequences)), "hours_before": np.array(hours)})
    for model in MODELS:
        if model == "markov" and not any(sequences):
            continue
        credits = attribute(model, paths, cents)
        assert credits.units.sum() + credits.unattributed == sum(cents)
        empty = sum(cent for cent, sequence in zip(cents, sequences, strict=True) if not sequence)
        assert credits.unattributed == empty


@given(names.filter(any))
def test_weights_sum_to_one_over_every_path(sequences: list[list[str]]) -> None:
    paths = paths_of_names(sequences)
    for model in set(MODELS) - {"markov", "time_decay"}:
        mass = np.bincount(paths.path, weights=touch_weights(model, paths), minlength=paths.count)
        assert mass[paths.sizes > 0] == pytest.approx(1)


@given(names.filter(any), st.permutations(["search", "email", "social", "direct"]), st.integers(2, 50))
def test_markov_and_shapley_know_neither_names_nor_scale(
    sequences: list[list[str]], renamed: list[str], factor: int
) -> None:
    mapping = dict(zip(["search", "email", "social", "direct"], renamed, strict=True))
    plain = paths_of_names(sequences, direct="")
    other = paths_of_names([[mapping[n] for n in s] for s in sequences], [factor] * len(sequences), direct="")
    for model in ("markov", "shapley"):
        a = dict(zip(plain.names, credited(model, plain) * factor, strict=True))
        b = dict(zip(other.names, credited(model, other), strict=True))
        assert {mapping[n]: pytest.approx(v) for n, v in a.items()} == b


@given(names.filter(any))
def test_removal_effects_equal_removing_the_channel_and_solving_again(sequences: list[list[str]]) -> None:
    paths = paths_of_names(sequences, [1] * len(sequences), [2] * len(sequences))
    counts = transition_counts(paths)
    fit = fit_markov(counts)
    out = counts.between.sum(axis=1) + counts.converted + counts.ended
    for j in range(len(paths.names)):
        keep = [i for i in range(len(paths.names)) if i != j]
        step = counts.between[np.ix_(keep, keep)] / out[keep, None]
        wins = np.linalg.solve(np.eye(len(keep)) - step, counts.converted[keep] / out[keep]) if keep else np.zeros(0)
        without = counts.start[keep] @ wins / counts.start.sum()
        assert fit.removal_effects[j] == pytest.approx(1 - without / fit.conversion_rate, abs=1e-9)


def test_one_channel_gets_everything() -> None:
    paths = paths_of_names([["search", "search"], ["search"]], [3, 2], [1, 9])
    for model in set(MODELS) - {"time_decay"}:
        assert credited(model, paths).tolist() == [pytest.approx(5)]


def test_touches_come_in_any_order_and_those_at_the_conversion_are_left_out() -> None:
    paths = paths_of_touches([1, 0, 1, 0, 0], [0, 1, 2, 0, 2], [5, 2, 9, 7, 0], ["a", "b", "c"], count=3)
    assert paths.sizes.tolist() == [2, 2, 0]
    assert [paths.names[c] for c in paths.channels] == ["a", "b", "c", "a"]


def test_touches_at_one_instant_keep_the_order_in_which_they_came() -> None:
    paths = paths_of_touches([0, 0, 0], [2, 0, 1], [4, 4, 4], ["a", "b", "c"], count=1)
    assert [paths.names[c] for c in paths.channels] == ["c", "a", "b"]


def test_nothing_converted_and_unknown_models_are_sentences() -> None:
    paths = paths_of_names([["a"], ["b"]], [0, 0], [1, 1])
    with pytest.raises(TooLittleData, match="No path with a touch converted"):
        credited("markov", paths)
    with pytest.raises(TooLittleData):
        markov_intervals(paths, seed=1)
    with pytest.raises(UnknownName, match="Did you mean 'linear'"):
        touch_weights("linea", paths)
    with pytest.raises(UnfitInput, match="time of each touch"):
        touch_weights("time_decay", paths)
    with pytest.raises(UnfitInput):
        Shape(first=0.7, last=0.7)


def test_models_that_straddle_the_threshold_flip_a_decision() -> None:
    models = {"first_touch": [300.0, 90.0, 5.0], "last_touch": [280.0, 220.0, 5.0]}
    read = disagreement(models, [100, 100, 0], threshold=1.5)
    assert read.flips == (False, True, False)
    assert read.lowest.tolist() == [2.8, 0.9, 0]
