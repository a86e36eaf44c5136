"""The second reader is fitted to the development questions that there are, and to nothing else."""

from pathlib import Path

import numpy as np
import pytest

from roastery.agent.planner import learned
from roastery.evals.learning import examples, fingerprint, fit, metric_examples, write

TOY = [
    *((f"is the spend of week {n} normal or strange", ("detect_anomalies",)) for n in range(8)),
    *((f"where should the next {n} thousand go", ("recommend_budget",)) for n in range(8)),
    *((f"how many orders came in on day {n}", ("query_metrics",)) for n in range(8)),
]


def test_what_is_kept_was_learned_from_the_questions_of_today() -> None:
    """Run `roastery learn` after cases were added or changed."""
    assert learned.model().cases == fingerprint(examples())
    assert learned.read(learned.METRICS_PATH).cases == fingerprint(metric_examples())


def test_wordings_of_one_kind_are_told_apart_whatever_their_numbers() -> None:
    model = fit(TOY)
    assert model.guess("were orders of day 99 strange, or normal").tool == "detect_anomalies"
    assert model.guess("where should 12 thousand more go").tool == "recommend_budget"
    assert model.guess("how many orders on 3 March").margin > model.guess("quite other words").margin


def test_eight_bits_keep_every_choice(tmp_path: Path) -> None:
    model = fit(TOY)
    write(model, tmp_path / "tools.npz")
    kept = learned.read(tmp_path / "tools.npz")
    for text, (tool,) in TOY:
        assert kept.guess(text).tool == tool
        assert kept.guess(text).margin == pytest.approx(model.guess(text).margin, abs=0.1)


def test_order_of_the_examples_does_not_matter() -> None:
    one, other = fit(TOY), fit(TOY[::-1])
    assert fingerprint(TOY) == fingerprint(TOY[::-1])
    assert np.allclose(one.weights, other.weights)


def test_what_asks_for_two_numbers_is_like_both() -> None:
    many = [(f"spend and orders in week {n}", ("spend", "orders")) for n in range(6)]
    many += [(f"refunds of week {n}", ("refunds",)) for n in range(6)]
    like = fit(many).likeness("orders and spend in week 80")
    assert list(like)[-1] == "refunds"
    assert like["spend"] > 0.6
    assert like["orders"] > 0.6
