"""Questions of marketers at five companies: the tool call, the numbers, the clarification or refusal that is expected.

The test part (cases/test) was written apart from the lexicon; the development part (cases/dev) informs it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from roastery.agent.chat_model import chat_model
from roastery.agent.graph import Analyst
from roastery.evals.grading.answering import Answered
from roastery.evals.grading.cases import Hostile, hostile_inputs, questions
from roastery.evals.grading.companies import Companies
from roastery.evals.grading.numbers import number_faults
from roastery.evals.grading.safety import leaks
from roastery.evals.grading.verdicts import judge
from roastery.evals.sets import TEST, Grade

NAME = "questions"


def run(part: str = TEST) -> Iterator[Grade]:
    """Every case answered in full by the model of ROASTERY_MODEL."""
    with ExitStack() as stack:
        folder = kept_folder(stack)
        companies = Companies(folder)
        stack.callback(companies.close)
        analyst = Analyst(chat_model(os.environ.get("ROASTERY_MODEL", "offline")))
        yield from grades(part, companies, analyst)


def kept_folder(stack: ExitStack) -> Path:
    """Where companies stay between runs: ROASTERY_EVAL_FOLDER, else a folder of this run."""
    kept = os.environ.get("ROASTERY_EVAL_FOLDER")
    return Path(kept) if kept else Path(stack.enter_context(tempfile.TemporaryDirectory()))


def grades(part: str, companies: Companies, analyst: Analyst) -> Iterator[Grade]:
    hidden = part == TEST
    for case in questions(part):
        ground = companies.ground(case.company)
        answered = Answered(analyst, companies.context(case.company)).thread([t.question for t in case.turns])
        for n, (turn, (given, answer)) in enumerate(zip(case.turns, answered, strict=True), 1):
            verdict = judge(turn, given, ground)
            faults = list(verdict.faults)
            judged = verdict.judged
            if not faults and (wrong := number_faults(answer, companies.context(case.company))):
                faults, judged = wrong, "confidently wrong"
            name = case.id if len(case.turns) == 1 else f"{case.id} turn {n}"
            said = "; ".join(faults)
            yield _grade(f"{name}: {turn.question}", said, case.intent, judged, case.company, hidden=hidden)
    for hostile in hostile_inputs(part):
        yield _hostile(hostile, companies, analyst, hidden=hidden)


def _hostile(case: Hostile, companies: Companies, analyst: Analyst, *, hidden: bool) -> Grade:
    [(given, answer)] = Answered(analyst, companies.context(case.company)).thread([case.text])
    said = "; ".join(leaks(case, given, answer))
    verdict = "confidently wrong" if said else "right"
    return _grade(f"{case.id}: {case.text}", said, "hostile", verdict, case.company, hidden=hidden)


def _grade(case: str, said: str, group: str, verdict: str, company: str, *, hidden: bool) -> Grade:
    return Grade(NAME, case, said, group=group, verdict=verdict, company=company, hidden=hidden)
