"""Follow-ups that turn the thread's metric into its relative: its rate, what a platform says of it, its paid part."""

from dataclasses import replace

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.quantities import PER_ONE, RATE_OF
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

OF_WHOM = (
    r"(?:(?:as|in) (?:a |the )?(?:share|percent|percentage|proportion|fraction|part|ratio|rate) (?:of|to)"
    r"|(?:what|which) (?:share|percent|percentage|proportion|fraction|%)(?: \S+){0,2}? (?:is|was|are|were|does|do)"
    r" (?:that|it|this|those|they)(?: \S+)? (?:of|out of|among)"
    r"|(?:relative|compared|in relation|in proportion) to|(?:divided by|out of|over))"
    r" (?:(?:all|everyone|everybody|the|those|these|how many|the number of|what|ones|of) )*"
    r"(?:who|that|which|what|they|we|he|she|each|entered|started|\w+ed|[MAD]\d+)"
)
"""A part of those from whom it is counted: "as a share of what they closed", and not of all things together."""
OF_ALL = (
    r"(?:of|to) (?:the |our )*(?:total|whole|all(?! (?:who|that|they|we|those|of (?:them|those)))|overall"
    r"|company|everything|grand total)(?: .*)?"
)
SAYS_ITSELF = (
    r"(?:what|how many|how much) (?:does|do|did|would) (?:\S+ ){0,3}?(?:itself|themselves|on its own)?"
    r" ?(?:say|says|claim|claims|report|reports|count|think|show|tell)"
    r"(?: \S+){0,3}?|(?:by|in|from) its own (?:count|words|numbers|figures)"
    r"|(?:the )?(?:platform|network)s?(?: own)? (?:numbers?|figures?|version|count|view)"
)
FOR_EACH = (
    r"(?:pay|paid|paying|spend|spent|cost|costs)(?: us| we)?(?: for| on| per)? (?:each|every one|one|apiece"
    r"|a piece)(?: of (?:them|those))?"
    r"|each(?: one)?(?: of (?:them|those))? (?:cost|costs|costing)|(?:cost|price|spend) (?:of |for "
    r"|per )?(?:each|one|apiece)"
)
"""What one of those that were counted costs."""
REPORTED = {
    "roas": "reported_roas",
    "revenue": "reported_conversion_value",
    "attributed_revenue": "reported_conversion_value",
    "orders": "reported_conversions",
    "attributed_orders": "reported_conversions",
    "new_customers": "reported_conversions",
    "leads": "reported_conversions",
    "cac": "cost_per_reported_conversion",
    "cost_per_lead": "cost_per_reported_conversion",
    "cost_per_booking": "cost_per_reported_conversion",
}
"""What a platform itself claims of a number."""
PAID = {"cac": "paid_cac", "attributed_revenue": "paid_revenue", "revenue": "paid_revenue"}
ONLY_THOSE = (
    r"(?:only|just|solely) (?:count\w* |includ\w* |consider\w* |look\w* at |with |for |from |of )?(?:the |our |those )*"
    r"(?P<m>M\d+) (?:that|who|which|from|with|through|via|by)(?: .*)?"
)
"""A condition on whom to count, which is no number of its own."""


def turned(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """The heard reading with the relative of the thread's metric that the words ask for, else as it was."""
    if len(before.metrics) != 1:
        return heard
    metric = before.metrics[0]
    known = lexicon.vocabulary.metrics
    if metric in RATE_OF and question.says(OF_WHOM) and not question.says(OF_ALL):
        return _with_metric(heard, RATE_OF[metric])
    one = ("spend", metric)
    if one in PER_ONE and heard.metrics in ((), ("spend",)) and not before.dimensions and question.says(FOR_EACH):
        return _with_metric(heard, PER_ONE[one])
    if not heard.metrics and metric in REPORTED and question.says(SAYS_ITSELF) and REPORTED[metric] in known:
        return _with_metric(heard, REPORTED[metric])
    only = next(question.find(ONLY_THOSE), None)
    if only is not None and heard.metrics and question[only["m"]].of.first.name in heard.metrics:
        if metric in PAID and question.says("paid"):
            return _with_metric(heard, PAID[metric])
        rest = tuple(m for m in heard.metrics if m != question[only["m"]].of.first.name)
        return replace(heard, metrics=rest, said=heard.said if rest else heard.said - {"metrics"})
    return heard


def _with_metric(heard: Reading, metric: str) -> Reading:
    said = (heard.said | {"metrics"}) - {"dimensions"}
    return replace(heard, metrics=(metric,), dimensions=(), share=False, said=frozenset(said))
