"""Questions of marketers at five companies: the tool call, the numbers, the clarification or refusal that is expected.

The test part (cases/test) was written apart from the lexicon; the development part (cases/dev) informs it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

from roastery.agent.chat_model import chat_model
from roastery.agent.graph import Analyst
from roastery.evals.grading.answering import Answered
from roastery.evals.grading.asked import Ground
from roastery.evals.grading.cases import Case, questions
from roastery.evals.grading.companies import Companies
from roastery.evals.grading.numbers import Numbers
from roastery.evals.grading.verdicts import judge
from roastery.evals.sets import DEV, TEST, Grade

NAME = "questions"
FIGURES = "figures compared"


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
    hidden = part != DEV
    cases = sorted(questions(part), key=lambda case: case.company)
    for company, own in groupby(cases, key=lambda case: case.company):
        numbers = Numbers(companies, company)
        answered = Answered(analyst, companies.context(company))
        for case in own:
            yield from _case(case, answered, numbers, companies.ground(company), hidden=hidden)
        compared = companies.figures(company).compared
        whole = compared.judged + compared.unknown
        said = f"{compared.judged} of {whole} measured facts are known to the oracle"
        yield Grade(FIGURES, company, figures=f"{said}, by {len(compared.metrics)} metrics", company=company)


def _case(case: Case, answered: Answered, numbers: Numbers, ground: Ground, *, hidden: bool) -> Iterator[Grade]:
    given_answers = answered.thread([t.question for t in case.turns])
    for n, (turn, (given, answer)) in enumerate(zip(case.turns, given_answers, strict=True), 1):
        verdict = judge(turn, given, ground)
        faults, judged = list(verdict.faults), verdict.judged
        if wrong := numbers.faults(answer):
            faults, judged = [*faults, *wrong], "confidently wrong"
        name = case.id if len(case.turns) == 1 else f"{case.id} turn {n}"
        yield Grade(
            NAME,
            f"{name}: {turn.question}",
            "; ".join(faults),
            group=case.intent,
            verdict=judged,
            company=case.company,
            hidden=hidden,
        )
