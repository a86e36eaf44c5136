"""Sources that disagree: reconcile_sources."""

from dataclasses import replace
from typing import Any

from roastery.agent.planner.asks.base import Ask, period_json
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import words
from roastery.agent.planner.necessary import may_match, needed_by_any
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, number_value
from roastery.agent.planner.reading import Reading


class Reconcile(Ask):
    """ "Does Shopify agree with Stripe?", "why does Meta claim more sales than we had"."""

    intent = "reconcile"
    tool = "reconcile_sources"
    said = "ask_reconcile_sources"
    what = "reconciling sources"
    patterns = ("own_records", "claimed", "held_against")

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        sources = sources_in(question)
        if (reading.models or question.says("(?:attribution )?models?|attribution|credit")) and not sources:
            return False
        if len(reading.metrics) > 1 and reading.dimensions:
            return False  # Several numbers side by side are a table.
        between = sources or any(f.field == "platform" for f in reading.filters) or question.says(BETWEEN)
        if super().is_meant(question, reading, lexicon) and between:
            return True
        own = question.says(pattern("own_records"))
        others = {v for f in reading.filters if f.field == "platform" for v in f.values} - {*sources}
        claimed = question.says(pattern("claimed")) or bool(others)
        systems = [s for s in sources if not s.endswith("_ads")]
        several = (own and claimed) or (systems and (own or claimed)) or len(systems) > 1
        return bool(several) and question.says(pattern("held_against"))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        details = dict(reading.details)
        if sources := sources_in(question):
            details["sources"] = sources
        if stated := stated_number(question):
            details["stated"] = stated
        metric = _metric(question, reading)
        return replace(
            reading,
            intent="reconcile",
            metrics=(metric,) if metric else (),
            dimensions=(),
            compare=None,
            order_by=None,
            limit=None,
            grain=None,
            share=False,
            filters=tuple(f for f in reading.filters if not f.metric),
            details=details,
        )

    def arguments(self, reading: Reading) -> dict[str, Any]:
        platforms = [v for f in reading.filters if f.field == "platform" and f.op == "in" for v in f.values]
        return {
            **({"metric": reading.metrics[0]} if reading.metrics else {}),
            **({"platform": platforms[0]} if len(platforms) == 1 else {}),
            **({"sources": list(reading.details["sources"])} if reading.details.get("sources") else {}),
            **({"stated": reading.details["stated"]} if reading.details.get("stated") else {}),
            **period_json(reading.period),
        }


BETWEEN = (
    r"(?:reconcil\w*|discrepanc\w*|mismatch\w*|over ?\w*claim\w*|over ?report\w*|over ?stat\w*|over ?count\w*"
    r"|double ?count\w*|inflat\w+"
    r"|exaggerat\w+|under ?report\w*|numbers?|figures?|totals?|data|sources?|systems?|platforms?|claim\w*"
    r"|report\w*|books|records?"
    r"|actuals?|crm|shop|analytics|bank|invoices?|V\d+|S\d+|say|says|tally|match\w*|agree\w*|line up)"
)
"""Sources that could disagree, or words for their disagreeing."""
OURS = frozenset({"we", "you", "our", "us", "your", "ours"})


def stated_number(question: Question) -> str | None:
    """The number that somebody read off the source's screen: the first that is not said to be ours."""
    for symbol in question.of_kind("N"):
        said = question.words(symbol)
        if said.endswith(("%", "x", "×")) or not any(c.isdigit() for c in said):  # "these two" are no figure
            continue
        before = {token.word for token in question.tokens[max(0, symbol.start - 3) : symbol.start]}
        question.used.add(symbol.index)
        if not before & OURS:
            return format(number_value(symbol.of), "f")
    return None


def _metric(question: Question, reading: Reading) -> str | None:
    if reading.metrics:
        return reading.metrics[0]
    ambiguous = question.of_kind("A")
    return ambiguous[0].of.first.readings[0] if ambiguous else None


def sources_in(question: Question) -> list[str]:
    """Systems that the question names, by the names of their connectors."""
    found = []
    for source, said in words("sources").items():
        if not may_match(needed_by_any(tuple(said)), question.plain):
            continue
        if any(next(question.find(text, question.plain), None) for text in said):
            found.append(source)
    return found
