"""The development questions are understood, with no more data than the names that their cases speak of."""

from collections.abc import Iterator, Mapping
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

TODAY = date(2026, 11, 2)
FLOOR_RIGHT, CEILING_WRONG = 0.90, 0.03
"""The first only rises, the second only falls."""
PLATFORMS = ("meta_ads", "google_ads", "tiktok_ads", "linkedin_ads", "klaviyo", "mailchimp")
CHANNELS = ("paid_social", "paid_search", "email", "organic_search", "direct", "referral")


def named(part: Any) -> Iterator[tuple[str, str]]:
    """Dimension and value of every condition in a case's expectations."""
    if isinstance(part, Mapping):
        if "dimension" in part and "values" in part:
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


@pytest.fixture(scope="module")
def verdicts() -> list[tuple[str, Verdict]]:
    cases = questions("dev")
    found = []
    for company in sorted({c.company for c in cases}):
        own = [c for c in cases if c.company == company]
        lexicon, ground = ground_of(company, own)
        planned = Planned(lexicon)
        for case in own:
            given = planned.thread([t.question for t in case.turns])
            found += [(t.question, judge(t, g, ground)) for t, g in zip(case.turns, given, strict=True)]
    return found


def test_most_are_right_and_hardly_one_is_confidently_wrong(verdicts: list[tuple[str, Verdict]]) -> None:
    right = sum(v.is_right for _, v in verdicts) / len(verdicts)
    wrong = [q for q, v in verdicts if v.judged == "confidently wrong"]
    assert right >= FLOOR_RIGHT, [(q, v.faults) for q, v in verdicts if not v.is_right]
    assert len(wrong) / len(verdicts) <= CEILING_WRONG, wrong


@pytest.mark.parametrize("tool", CONTRACT_TOOLS)
def test_every_tool_is_asked_for_in_two_ways(tool: str, verdicts: list[tuple[str, Verdict]]) -> None:
    right = {question for question, verdict in verdicts if verdict.is_right}
    assert len(right.intersection(by_tool()[tool])) >= 2
