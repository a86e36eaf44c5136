"""What an ad platform says of itself: "how much revenue does Meta say it brought"."""

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.question import Question

CLAIMS = {
    "revenue": "reported_conversion_value",
    "attributed_revenue": "reported_conversion_value",
    "roas": "reported_roas",
    "orders": "reported_conversions",
    "attributed_orders": "reported_conversions",
}
"""A metric as the platform itself counts it."""
BY_PLATFORM = (
    r"(?:V\d+|platforms?|D\d+) (?:itself |themselves |ads )?(?:says?|said|claims?|claimed|claiming|reports?|reported"
    r"|reporting|counting"
    r"|takes? credit for"
    r"|took credit for|(?:gives?|gave) (?:itself|themselves) credit for|credits? (?:itself|themselves) with)(?: .*)?"
    r"|(?:according to|reported by|claimed by|in the eyes of) (?:the )?(?:V\d+|D\d+)"
)


def conversions_named(question: Question) -> bool:
    return any("reported_conversions" in s.of.first.readings for s in question.of_kind("A"))


def claimed(question: Question, metrics: list[str], lexicon: Lexicon) -> list[str] | None:
    """ "How much revenue does Meta say it brought": what the platform itself reports."""
    if not metrics or not question.has(BY_PLATFORM) or not set(metrics) <= CLAIMS.keys():
        return None
    found = [CLAIMS[m] for m in metrics]
    return found if lexicon.vocabulary.metrics.keys() >= set(found) else None
