"""Root-cause search: the reference incidents, planted causes, noise, laws and refusals."""

import csv
import time
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roastery.tools.analysis.errors import CannotTell, TooLittleData, UnfitInput
from roastery.tools.analysis.explain import Explanation, explain_change
from tests.examples import examples

from .reference_data import reference_folder, scorer

DIMENSIONS = ("cdn", "bitrate", "p2p", "isp", "device")


@pytest.mark.referee
def test_real_incidents_are_located_as_well_as_by_the_reference_scan_in_under_three_seconds() -> None:
    cases: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (reference_folder("root_cause") / "cases_dev.csv").open() as file:
        for row in csv.DictReader(file):
            cases[row["case"]].append(row)
    started, found = time.process_time(), []
    for case, rows in cases.items():
        columns = {d: [row[d] for row in rows] for d in DIMENSIONS if rows[0][d]}
        a0, b0, a1, b1 = ([float(row[c]) for row in rows] for c in ("predict_a", "predict_b", "real_a", "real_b"))
        # The incidents are falls of a success rate, each in a slice.
        read = explain_change(columns, a0, a1, b0, b1, kind="share", direction="down", allow_whole=False)
        for rank, cause in enumerate((read.causes[0], *read.alternatives), 1):
            found.append({"case": case, "rank": rank, "slice": cause.name})
    assert time.process_time() - started < 3
    labels = pd.read_csv(reference_folder("root_cause") / "labels_dev.csv")
    scores = scorer().root_cause(pd.DataFrame(found), labels)
    assert scores["f1"] >= 0.674
    assert scores["hit_at_3"] >= 0.889


def shop(seed: int = 1) -> tuple[dict[str, list[str]], np.ndarray, np.ndarray, np.random.Generator]:
    """A full cross of four dimensions with sessions and a conversion rate each."""
    g = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(range(4), range(5), range(3), range(2), indexing="ij")).reshape(4, -1)
    columns = {
        "platform": [f"p{i}" for i in grid[0]],
        "country": [f"c{i}" for i in grid[1]],
        "device": [f"d{i}" for i in grid[2]],
        "customer_type": ["new" if i else "returning" for i in grid[3]],
    }
    sessions = g.integers(200, 4_000, grid.shape[1])
    return columns, sessions, g.uniform(0.02, 0.1, grid.shape[1]), g


PLANTED = [
    {"platform": "p2"},
    {"platform": "p1", "country": "c3"},
    {"platform": "p0", "device": "d1", "customer_type": "new"},
]


@pytest.mark.parametrize("where", PLANTED, ids=["one", "two", "three"])
@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_a_planted_cause_is_found_with_its_effect(where: dict[str, str], factor: float) -> None:
    columns, sessions, rate, g = shop()
    hit = np.all([np.array(columns[d]) == v for d, v in where.items()], axis=0)
    before, after = g.binomial(sessions, rate), g.binomial(sessions, np.where(hit, rate * factor, rate))
    read = explain_change(columns, before, after, sessions, sessions, kind="share")
    cause = read.causes[0]
    assert cause.where == where
    assert read.within_noise is False
    assert cause.low is not None
    assert cause.high is not None
    assert cause.low < (sessions * rate * (factor - 1))[hit].sum() / sessions.sum() < cause.high


def test_a_change_that_all_slices_share_is_one_of_everything() -> None:
    columns, sessions, rate, g = shop()
    read = explain_change(columns, g.binomial(sessions, rate), g.binomial(sessions, rate * 0.7), sessions, sessions,
                          kind="share")  # fmt: skip
    assert read.causes[0].name == "everything"
    assert read.causes[0].share == pytest.approx(1)


def test_two_independent_causes_are_both_told() -> None:
    columns, sessions, rate, g = shop()
    platform, country = np.array(columns["platform"]), np.array(columns["country"])
    hit = (platform == "p1") | (country == "c4")
    factor = np.where(platform == "p1", 0.5, np.where(country == "c4", 0.6, 1.0))
    assert hit.any()
    read = explain_change(columns, g.binomial(sessions, rate), g.binomial(sessions, rate * factor), sessions, sessions,
                          kind="share")  # fmt: skip
    assert {cause.name for cause in read.causes[:2]} == {"platform=p1", "country=c4"}


def test_noise_is_called_noise() -> None:
    called = []
    for seed in range(20):
        columns, sessions, rate, g = shop(seed)
        a, b = g.binomial(sessions, rate), g.binomial(sessions, rate)
        called.append(explain_change(columns, a, b, sessions, sessions, kind="share").within_noise)
    assert called.count(True) >= 19


def test_counts_that_scatter_more_than_by_chance_are_not_taken_for_causes() -> None:
    columns, sessions, _, g = shop()
    before, after = (g.poisson(sessions * g.gamma(30, 1 / 30, len(sessions))) for _ in range(2))
    assert explain_change(columns, before, after).within_noise is True


def test_money_is_read_alike_in_every_currency() -> None:
    columns, sessions, _, g = shop()
    country = np.array(columns["country"])
    revenue = sessions * g.gamma(40, 1.0, len(sessions))
    after = revenue * g.gamma(400, 1 / 400, len(revenue)) * np.where(country == "c1", 0.6, 1)
    for unit in (1.0, 0.01, 150.0):
        read = explain_change(columns, revenue * unit, after * unit, kind="amount")
        assert read.causes[0].where == {"country": "c1"}
        assert read.within_noise is False
        assert read.change == pytest.approx((after - revenue).sum() * unit)


def test_return_on_spend_is_explained_alike_in_every_currency() -> None:
    columns, spend, rate, g = shop()
    platform = np.array(columns["platform"])
    before = spend * rate * 40 * g.gamma(200, 1 / 200, len(spend))
    after = spend * rate * 40 * g.gamma(200, 1 / 200, len(spend)) * np.where(platform == "p3", 0.6, 1)
    for unit in (1e-4, 1.0, 1e4):
        read = explain_change(columns, before * unit, after * unit, spend * unit, spend * unit, kind="amount")
        assert read.causes[0].where == {"platform": "p3"}
        assert read.causes[0].share == pytest.approx(0.97, abs=0.12)
        assert read.within_noise is False


def test_weight_that_moves_is_mix_and_not_a_cause() -> None:
    columns = {"device": ["phone", "desktop"]}
    read = explain_change(columns, [20, 80], [40, 40], [1000, 1000], [2000, 500], kind="share")
    assert read.change == pytest.approx(80 / 2500 - 100 / 2000)
    assert read.mix == pytest.approx(read.change, abs=1e-4)
    assert read.mix + read.rate == pytest.approx(read.change)


counts = st.integers(0, 500)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), counts, counts), min_size=1, max_size=25))
@settings(max_examples=examples(60))
def test_effects_add_up_and_the_order_of_rows_does_not_matter(rows: list[tuple[str, str, int, int]]) -> None:
    def read(of: list[tuple[str, str, int, int]]) -> Explanation:
        a, b, n0, n1 = zip(*of, strict=True)
        return explain_change({"one": list(a), "two": list(b)}, n0, n1)

    forward, backward = read(rows), read(rows[::-1])
    assert [c.name for c in forward.causes] == [c.name for c in backward.causes]
    assert forward.change == forward.mix + forward.rate == sum(r[3] - r[2] for r in rows)
    for cause in forward.causes:
        assert cause.effect == cause.actual - cause.expected
        assert cause.p_value is None or 0 <= cause.p_value <= 1


def test_missing_labels_are_a_row_of_their_own() -> None:
    read = explain_change({"region": ["north", None, None, "south"]}, [50, 50, 50, 50], [50, 5, 5, 50])
    assert read.causes[0].where == {"region": "unknown"}


def test_nothing_moved_and_new_slices_are_right_results() -> None:
    still = explain_change({"region": ["a", "b"]}, [5, 5], [5, 5])
    assert (still.causes, still.within_noise, still.change) == ((), True, 0)
    new = explain_change({"region": ["a", "b"]}, [50, 0], [50, 80])
    assert new.causes[0].where == {"region": "b"}
    zeros = explain_change({"region": ["a"]}, [0], [0])
    assert zeros.causes == ()


def test_unfit_input_is_a_sentence() -> None:
    with pytest.raises(TooLittleData, match="no rows"):
        explain_change({"region": []}, [], [])
    with pytest.raises(CannotTell, match="denominator"):
        explain_change({"region": ["a"]}, [1], [1], [0], [1], kind="share")
    with pytest.raises(UnfitInput, match="negative"):
        explain_change({"region": ["a"]}, [-1], [1])
    with pytest.raises(UnfitInput, match="denominator in both"):
        explain_change({"region": ["a"]}, [1], [1], kind="share")
    with pytest.raises(UnfitInput, match="one length"):
        explain_change({"region": ["a", "b"]}, [1], [1])
    with pytest.raises(UnfitInput, match="one to three"):
        explain_change({"region": ["a"]}, [1], [1], most_dimensions=4)


@pytest.mark.prove
def test_a_million_leaf_rows_are_searched_in_under_two_seconds() -> None:
    g = np.random.default_rng(0)
    n = 1_000_000
    columns = {f"d{i}": g.integers(0, size, n) for i, size in enumerate([5, 20, 50, 100, 9])}
    sessions = g.poisson(50, n) + 1
    after = g.binomial(sessions, np.where(columns["d1"] == 3, 0.2, 0.3))
    started = time.process_time()
    read = explain_change(columns, g.binomial(sessions, 0.3), after, sessions, sessions, kind="share")
    assert time.process_time() - started < 2
    assert read.causes[0].where == {"d1": "3"}
