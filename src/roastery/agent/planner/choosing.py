"""Which tool the words ask for: the first ask that is meant, unless its words are a metric's own."""

from dataclasses import replace

from roastery.agent.planner.asks import ASKS, Ask
from roastery.agent.planner.intents import is_about_itself
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

DEFINED_FIRST = frozenset({"explain", "forecast", "alert", "schedule"})
"""Asks that come before "how is it computed" and "is the data fresh" where the words could be either."""
NO_NUMBERS = frozenset({"reconcile", "budget", "anomalies", "attribution", "models"})
"""Tools whose words a metric may be made of."""
COUNTS = (
    r"^(?:and |so |ok )?(?:how (?:well|good|many|much|often|long) (?!should|could|would|more)"
    r"|(?:what|which) (?:share|percent\w*|proportion|part|fraction) )(?: ?.*)"
)
"""Questions for a number, by how they begin."""
ACTS = (
    r"(?:send|sent me|email|mail|post|remind|tell|should|shall|could|would|can|need|take|touch\w*|contacts|clicks"
    r"|steps?|visits|days|before)"
)
"""Words of what a tool does, or of a way to an order: "how many touches before a deal"."""


def _firmly(reading: Reading) -> bool:
    """Whether another number than spend was asked for."""
    return bool(reading.metrics) and reading.metrics != ("spend",) and "metrics" in reading.said


def found_money(question: Question) -> bool:
    """Whether an amount stands in the question that no limit has used."""
    return any(s.index not in question.used for s in question.of_kind("N"))


def chosen(question: Question, heard: Reading, lexicon: Lexicon) -> Ask | None:
    """The tool that the words ask for, or None for numbers, definitions, data health and lists of names."""
    found = next((ask for ask in ASKS if ask.is_meant(question, heard, lexicon)), None)
    made = any(s.of.first.composed for s in question.of_kind("M"))
    if (
        found is not None
        and (made or _firmly(heard))
        and found.intent in ("reconcile", "budget", "journeys", "schedule", "anomalies", "attribution", "models")
        and question.says(COUNTS)
        and not found_money(question)
        and not _beside_metrics(question).says(ACTS)
    ):
        # "How much did each new customer leave with us": a number, whatever else its words may mean.
        return None
    own_words = found is not None and made and found.intent in NO_NUMBERS
    own_words = own_words or (found is not None and found.intent == "journeys" and "gross_revenue" in heard.metrics)
    if own_words and found and not found.is_meant(_beside_metrics(question), heard, lexicon):
        # "What did we sell before refunds" is no way to a sale: the ask's words are the metric's own.
        return None
    if found is not None and found.intent == "reconcile" and "period" in heard.said and _names_a_number(question):
        return found
    if found is not None and found.intent not in DEFINED_FIRST and is_about_itself(question, heard):
        return None
    return found


def _beside_metrics(question: Question) -> Question:
    """The question without the words that metrics are made of."""
    metrics = {i for s in question.of_kind("M") if s.of.first.composed for i in range(s.start, s.end)}
    tokens = tuple(replace(t, word="_") if i in metrics else t for i, t in enumerate(question.tokens))
    return replace(question, tokens=tokens, used=set(question.used), unknown=list(question.unknown))


def _names_a_number(question: Question) -> bool:
    """Whether a number of a time is named: what is held against it is no question about the data's health."""
    return bool(question.of_kind("M") or question.of_kind("A"))
