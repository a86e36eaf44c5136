"""The development questions are understood, with no more data than the names that their cases speak of."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from roastery.agent.planner.dates import Calendar
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.vocabulary import ValueTerm, Vocabulary, dimension_terms, metric_terms
from roastery.cli.asked import by_tool
from roastery.evals.grading.answering import CONTRACT_TOOLS, Planned
from roastery.evals.grading.asked import Ground
from roastery.evals.grading.cases import Case, questions
from roastery.evals.grading.verdicts import Verdict, judge
from roastery.evals.world.companies import COMPANIES
from roastery.warehouse.semantic.catalogue import shipped_catalogue
from tests.once import filled_once

TODAY = date(2026, 11, 2)
FLOORS = {
    "": (0.98, 0.005), "b1": (0.82, 0.01), "b2": (0.72, 0.02), "b3": (0.73, 0.005), "b4": (0.94, 0.01),
    "b5": (0.85, 0.025), "b52": (0.83, 0.02), "b61": (0.95, 0.01), "b62": (0.86, 0.02), "b72": (0.93, 0.005),
    "b71": (0.72, 0.01), "b81": (0.93, 0.005), "b82": (0.79, 0.046),
}  # fmt: skip
"""Right at least and confidently wrong at most, by batch; the first only rise, the second only fall.

That of b3 fell once, when its other half, which nothing had been learned from, joined (docs/evals.md).
"""
NEWEST = tuple(FLOORS)[-4:]
"""Asked whole by `make test`, as is every fourth case of the older batches; those are asked whole by `make prove`."""
SAMPLE = 4
MOST_SHOWN = 8
"""Of the questions that the docs show for a tool."""
OF_SAMPLE = (0.885, 0.0075)
"""Six of 833 are confidently wrong since b7's first half and b8 became the newest and b6 went into the sample."""
PLATFORMS = ("meta_ads", "google_ads", "tiktok_ads", "linkedin_ads", "klaviyo", "mailchimp")
CHANNELS = ("paid_social", "paid_search", "email", "organic_search", "direct", "referral")


def named(part: Any) -> Iterator[tuple[str, str]]:
    """Dimension and value of every condition in a case's expectations."""
    if isinstance(part, Mapping):
        if "dimension" in part and "values" in part and part.get("op") != "contains":
            yield from ((part["dimension"], value) for value in part["values"])
        for value in part.values():
            yield from named(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from named(value)


def ground_of(company: str, cases: list[Case]) -> tuple[Lexicon, Ground]:
    organization = COMPANIES[company].organization
    said = {(d, v) for c in cases for t in c.turns for way in t.right for d, v in named([way.query, way.arguments])}
    usual = {("platform", p) for p in PLATFORMS} | {("channel", c) for c in CHANNELS} | {("customer_type", "new")}
    values = tuple(ValueTerm(d, v, v) for d, v in sorted(said | usual))
    catalogue = shipped_catalogue()
    month_first = organization.currency == "USD"
    calendar = Calendar(TODAY, 0, organization.fiscal_year_start, month_first)
    metrics = {term.name: term for term in metric_terms(catalogue)}
    dimensions = {term.name: term for term in dimension_terms(catalogue)}
    vocabulary = Vocabulary(metrics, dimensions, values, calendar, organization.currency)
    return Lexicon(vocabulary), Ground(organization, TODAY, values)


Judged = list[tuple[str, str, Verdict]]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Batch, question and verdict of every turn of the newest batches, of the sample and of what the docs show."""
    return once(tmp_path_factory, "verdicts", sampled)


@pytest.fixture(scope="module")
def all_verdicts(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return once(tmp_path_factory, "all-verdicts", lambda: questions("dev"))


def once(factory: pytest.TempPathFactory, name: str, cases: Callable[[], list[Case]]) -> Judged:
    """Found by one process of the test run for all."""
    kept = filled_once(factory, name, lambda folder: (folder / "all").write_bytes(pickle.dumps(judged(cases()))))
    found: Judged = pickle.loads((kept / "all").read_bytes())
    return found


def sampled() -> list[Case]:
    cases = questions("dev")
    shown = {question for asked in by_tool().values() for question in asked[:MOST_SHOWN]}
    older = [c for c in cases if c.blind not in NEWEST]
    sample = {c.id for c in older[::SAMPLE]}
    return [c for c in cases if c.blind in NEWEST or c.id in sample or any(t.question in shown for t in c.turns)]


def judged(cases: list[Case]) -> Judged:
    """The names are those of all cases, so that a question is judged alike in a sample and in the whole."""
    found = []
    for company in sorted({c.company for c in cases}):
        own = [c for c in cases if c.company == company]
        lexicon, ground = ground_of(company, [c for c in questions("dev") if c.company == company])
        planned = Planned(lexicon)
        for case in own:
            given = planned.thread([t.question for t in case.turns])
            found += [(case.blind, t.question, judge(t, g, ground)) for t, g in zip(case.turns, given, strict=True)]
    return found


@pytest.mark.parametrize("batch", NEWEST)
def test_most_are_right_and_hardly_one_is_confidently_wrong(batch: str, verdicts: Judged) -> None:
    hold([(q, v) for b, q, v in verdicts if b == batch], FLOORS[batch])


def test_most_of_a_sample_of_the_older_are_right_and_hardly_one_is_confidently_wrong(verdicts: Judged) -> None:
    hold([(q, v) for b, q, v in verdicts if b not in NEWEST], OF_SAMPLE)


@pytest.mark.prove
@pytest.mark.parametrize("batch", FLOORS)
def test_most_of_every_batch_are_right_and_hardly_one_is_confidently_wrong(batch: str, all_verdicts: Judged) -> None:
    hold([(q, v) for b, q, v in all_verdicts if b == batch], FLOORS[batch])


def hold(own: list[tuple[str, Verdict]], floors: tuple[float, float]) -> None:
    floor, ceiling = floors
    right = sum(v.is_right for _, v in own) / len(own)
    wrong = [(q, v.faults) for q, v in own if v.judged == "confidently wrong"]
    assert right >= floor, (right, [(q, v.faults) for q, v in own if not v.is_right])
    assert len(wrong) / len(own) <= ceiling, (len(wrong) / len(own), wrong)


@pytest.fixture(scope="module")
def shown() -> Mapping[str, list[str]]:
    """Questions of docs/questions.md by tool."""
    return by_tool()


@pytest.mark.parametrize("tool", CONTRACT_TOOLS)
def test_every_tool_is_asked_for_in_two_ways(tool: str, verdicts: Judged, shown: Mapping[str, list[str]]) -> None:
    right = {question for _, question, verdict in verdicts if verdict.is_right}
    assert len(right.intersection(shown[tool])) >= 2
