"""The part of the questions that informed nothing is planned at least as well as it was when this was written."""

from collections import Counter
from pathlib import Path

import pytest

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.vocabulary import VocabularySource
from roastery.evals.grading.answering import Planned
from roastery.evals.grading.cases import questions
from roastery.evals.grading.companies import Companies
from roastery.evals.grading.verdicts import judge

FLOOR_RIGHT, CEILING_WRONG, FLOOR_REFUSALS = 0.80, 0.052, 0.75
"""The first and the last only rise, the second only falls. The last fell once, by two questions of 75."""


@pytest.mark.prove
def test_planning_does_not_fall_below_what_was_reached(tmp_path: Path) -> None:
    """What fails is not told, only how much of it: these questions are not to be read while the lexicon is"
    " worked on."""
    found: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    companies = Companies(tmp_path)
    try:
        for company in sorted({case.company for case in questions("test")}):
            planned = Planned(Lexicon(VocabularySource().of(companies.context(company))))
            ground = companies.ground(company)
            for case in questions("test"):
                if case.company != company:
                    continue
                given = planned.thread([turn.question for turn in case.turns])
                verdicts = [judge(t, g, ground).judged for t, g in zip(case.turns, given, strict=True)]
                found.update(verdicts)
                if case.intent in ("refuse", "clarify"):
                    refusals.update(verdicts)
    finally:
        companies.close()
    right, wrong = found["right"] / found.total(), found["confidently wrong"] / found.total()
    held = refusals["right"] / refusals.total()
    scored = f"{right:.3f} right, {wrong:.3f} confidently wrong, {held:.3f} of refusals and questions back"
    met = right >= FLOOR_RIGHT and wrong <= CEILING_WRONG and held >= FLOOR_REFUSALS
    if not met:
        pytest.fail(scored, pytrace=False)
