"""What the offline model understands, case by case (evals/cases/language.yml), graded as `roastery eval` does."""

from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading, reading_json, reading_of
from roastery.agent.planner.understand import understand
from roastery.evals.grading.answering import CONTRACT_TOOLS
from roastery.evals.sets.language import fault, lexicon_of
from roastery.warehouse.declared import read_yaml

CASES = read_yaml((resources.files("roastery.evals.cases") / "language.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return lexicon_of(CASES)


def threads() -> Iterator[Any]:
    for case in CASES["cases"]:
        steps = [s for s in case.get("thread", [case]) if "skip" not in s]
        if steps:
            yield pytest.param(steps, id=" / ".join(s["ask"] for s in steps)[:100])


@pytest.mark.parametrize("steps", list(threads()))
def test_question_is_understood(lexicon: Lexicon, steps: list[dict[str, Any]]) -> None:
    history: list[Reading] = []
    for step in steps:
        reading = understand(step["ask"], lexicon, history, frozenset(CONTRACT_TOOLS))
        assert fault(step, reading) == ""
        history.append(reading_of(reading_json(reading)))


def test_a_wrong_reading_is_a_fault(lexicon: Lexicon) -> None:
    reading = understand("Spend by platform last month", lexicon, [], frozenset(CONTRACT_TOOLS))
    wrong = {"tool": "query_metrics", "metrics": ["clicks"], "dimensions": ["platform"], "period": "last_month"}
    assert fault({**wrong, "metrics": ["spend"]}, reading) == ""
    assert fault(wrong, reading)
    assert fault({"status": "refused"}, reading)
    assert fault({**wrong, "metrics": ["spend"], "assumes": "nothing of the kind"}, reading) == "assumption not said"


def test_there_are_enough_cases() -> None:
    asked = [s for t in threads() for s in t.values[0]]  # type: ignore[attr-defined]
    assert len(asked) >= 150
