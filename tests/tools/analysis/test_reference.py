"""Every figure of the reference sets, by the evaluator that `roastery eval` prints."""

from pathlib import Path

import pytest

from roastery.evals.reference import reference_figures

from .reference_data import DATA, reference_folder


@pytest.mark.referee
@pytest.mark.prove
def test_every_figure_that_has_something_to_reach_reaches_it() -> None:
    reference_folder(".")
    figures = reference_figures(DATA)
    assert len(figures) >= 20
    assert [f"{f.method}: {f.figure} {f.reached:.4f}, wanted {f.wanted}" for f in figures if f.good is False] == []


def test_without_reference_sets_there_are_no_figures(tmp_path: Path) -> None:
    assert reference_figures(tmp_path) == ()
