"""Names of metrics that ask for no number of their own: they say whose another number is, or what it is without."""

from collections.abc import Sequence

from roastery.agent.planner.named import EXCLUDING, OF_COHORTS
from roastery.agent.planner.question import Question, Symbol

PERSONS = frozenset({"customers", "new_customers", "active_customers", "tickets"})
RATES = frozenset(
    {
        "resolution_hours",
        "repeat_rate",
        "retention_rate",
        "ltv",
        "ltv_12m",
        "predicted_ltv",
        "payback_days",
        "satisfaction",
        "first_reply_hours",
    }
)
"""Numbers about persons: naming the persons as well asks for no second number."""
SUBSCRIBED = frozenset(
    ["churn_rate", "mrr_churn_rate", "nrr", "renewal_rate", "mrr", "arr", "churned_subscriptions", "renewals"]
)
"""Numbers of subscriptions, whatever these are called."""
COHORT_OF = {"leads": {"booking_conversion_rate", "lead_to_customer_rate", "cost_per_lead", "lead_score"}}
"""A count that says whose rate is meant: "lead to booking rate, leads from Q2"."""
NET_OF = frozenset({"refunds", "discounts", "tax", "shipping_revenue", "shipping_cost", "fees"})
"""What revenue is already without, so that "revenue without tax" asks for revenue."""


REVENUES = frozenset({"revenue", "attributed_revenue", "gross_revenue"})


def belongs_to_whole(question: Question, symbol: Symbol, metrics: Sequence[str]) -> bool:
    """ "Dollars back for each dollar we spend": beside a metric made of several words, one that nothing joins to it."""
    if OF_COHORTS.intersection(metrics) and symbol.of.first.name in PERSONS:
        # "How many bought twice, customers acquired this year": whose number it is.
        return True
    joined = r"(?:and|,(?! (?:(?:in|for|on|during|over) )?P\d+)|plus|also|vs|versus|:|&|or)"
    return not question.has(
        rf"{symbol.name} (?:\S+ ){{0,7}}?and (?:M\d+|how|what)"
        rf"|{joined} (?:(?:the|our|total|how many|how much|what|share|percent|rate|were|was|did|we) )*{symbol.name}"
        rf"|{symbol.name} (?:\S+ ){{0,3}}?{joined}(?! ?$)|^{symbol.name}(?: \S+)? (?:of|by|for|in) .*{joined}"
    )


def beside_metric(question: Question, symbol: Symbol) -> bool:
    """A word such as "sales" or "conversion" inside or next to another metric's name adds nothing."""
    return question.has(
        rf"{symbol.name} (?:M\d+)|M\d+ {symbol.name}|M\d+ (?:on|of|for|from|in|per) (?:our |the |my )?{symbol.name}"
    )


def is_taken_off(question: Question, symbol: Symbol) -> bool:
    """ "Revenue excluding refunds", "net of discounts": not a second metric."""
    others = [s for s in question.symbols if s.kind in "MA" and s.of.first.name not in NET_OF]
    revenue = any(s.of.first.name in REVENUES for s in others) or not others
    off = rf"(?:after|net of|less|minus|{EXCLUDING}) (?:all |any |the )*(?:[MX]\d+ (?:and|or|,) )*{symbol.name}"
    gone = (
        rf"{symbol.name} (?:is|are|was|were|being|have been|has been) (?:off|out|taken off|taken out|deducted|removed)"
    )
    return revenue and (question.has(off) or question.has(gone))


def only_says_whose(question: Question, symbol: Symbol) -> bool:
    """ "LTV of customers": the word says whose number it is."""
    return question.has(
        rf"M\d+ (?:of|from|for|per|by|among) (?:our |the |all |each |every )*(?:P\d+ |new )?{symbol.name}"
        rf"|[DV]\d+ {symbol.name}"
    )


def says_whose(question: Question, symbol: Symbol, metrics: Sequence[str]) -> bool:
    """Whether a count beside another number only says whose that number is: "booking rate of leads from Q2"."""
    name, at = symbol.of.first.name, symbol.name
    named = {s.of.first.name for s in question.of_kind("M")}
    return (
        (
            bool(COHORT_OF.get(name, set()) & set(metrics))
            and question.has(rf"(?:of|from|for|by|,) {at}|{at} (?:from|created|of|in)")
        )
        or (
            name in PERSONS
            and bool(RATES & named)
            and not question.has(rf"(?:and|,) {at}|{at} (?:and|,)|{at} (?:\S+ ){{0,6}}?and (?:how|M\d+)")
        )
        or (name == "customers" and bool(named) and only_says_whose(question, symbol))
        or (name == "active_subscriptions" and bool(SUBSCRIBED & named) and only_says_whose(question, symbol))
        or (name == "customers" and "refunds" in metrics and question.has(rf"to (?:our |the )?{at}"))
    )
