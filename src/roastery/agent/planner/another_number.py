"""The thread's number asked as one of another kind: "what did one cost us?", "how many were that?", "how
many left?". What is counted stays; the kind of number changes, and the answer says which it took.
"""

from dataclasses import replace

from roastery.agent.planner.assumed import RESTATED
from roastery.agent.planner.doubts import metric_title
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.quantities import PER_ONE
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import PLAIN, Reading

COUNTED_AS = {
    "revenue": "orders", "gross_revenue": "orders", "attributed_revenue": "attributed_orders",
    "asset_revenue": "asset_conversions", "refunds": "",
}  # fmt: skip
"""Sums of money by the count of what they are made of; what is counted of goods are the units sold."""
GOODS = frozenset({"product", "category"})
LOST_AS = {"active_subscriptions": "churned_subscriptions"}
EACH = (
    r"(?:.* )?(?:each|apiece|per head|per piece|(?:for |of |per )?(?:each )?one)(?: of (?:them|these|those))?(?: .*)?"
)
ONE_OF_THEM = r"(?:a single |just |each )?one of (?:them|these|those)|apiece|a ?piece|per head|a single one"
PAYING = r"(?:costs?|pay|paid|spend|spent|set us back|price)"
HOW_MANY = (
    r"(?:and |so |ok )*(?:how many|what number)(?: (?:of (?:them|those|it)))?(?: (?:was|were|is|are|did|does|do|would))"
    r"(?: (?:that|those|it|they|this|these))(?: (?:be|been|sold|make|come to|in (?:units|pieces|numbers)))?(?: \?)?"
)
GONE = (
    r"(?:how many|how much|what share|which share)(?: of \w+)?(?: (?:have|has|had|did|then))? (?:we |people )?"
    r"(?:left(?! over)|leave|quit|cancel\w*|churn\w*|lost|lose|gone|went|dropped out|said goodbye)(?: us)?(?= |$)"
)


ONES = (
    r"^(?:and |so |ok |only |just |what about |how about |how many |were |are |of |them |those |the )*"
    r"(?P<which>qualified|new|won|completed|unsubscribed)(?: ones?| only)?"
    r"(?: (?:in|for|over) (?:that|the same) \w+)?(?:(?: (?:in|for|over|by|per|at|on|,|the))* [PVDGC]\d+)*(?: \?)?$"
)
SOME_OF = {
    ("leads", "qualified"): "qualified_leads", ("customers", "new"): "new_customers",
    ("deals_closed", "won"): "deals_won",
    ("opportunities", "won"): "deals_won", ("bookings", "completed"): "completed_appointments",
}  # fmt: skip
"""What is counted by the word that says which of it: "and the qualified ones"."""
_UNTIL = (
    r"(?:until|till|til|to|before|for)(?: (?:it|they|that|those|these|the \w+|being|is|are|was|were"
    r"|has been|gets?|got))*"
)
STAGES = (
    ("first_reply_hours", rf"{_UNTIL} (?:solved|resolved|fixed|closed|done|settled|sorted)", "resolution_hours"),
    ("resolution_hours", rf"{_UNTIL} (?:answered|replied to)|first (?:answer|reply|response)", "first_reply_hours"),
    ("orders", rf"{_UNTIL} (?:delivered|arrived?|there)", "delivery_days"),
    ("opportunities", rf"{_UNTIL} (?:closed|signed|won)", "sales_cycle_days"),
)  # fmt: skip
"""Lengths of time to the next stage of what the thread is about: "and until it is solved"."""
SOLD_THEM = (
    r"^(?:and |so |ok |now )*who (?:has |have |had )?(?:closed|won|signed|sold|landed|got|brought in|made|handled|did)"
    r" (?:them|those|these|that|it|most of (?:them|those))(?: then)?(?: \?)?$"
)


def as_another_number(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """What was heard, with the metric that the words make of the thread's."""
    if len(before.metrics) != 1 or before.intent not in PLAIN:
        return heard
    metric = before.metrics[0]
    meant = ""
    spent = [s for s in question.of_kind("M") if s.of.first.name in ("spend", "creation_cost")]
    if ("spend", metric) in PER_ONE and len(question.of_kind("M")) == len(spent) and question.has(EACH):
        if not spent and not question.says(PAYING):
            return heard
        meant = "" if before.dimensions and not question.has(ONE_OF_THEM) else PER_ONE["spend", metric]
    elif heard.metrics:
        return heard
    elif question.has(rf"^{HOW_MANY}$"):
        fields = {*before.dimensions, *(f.field for f in before.filters)}
        sold = metric in ("revenue", "gross_revenue") and fields & GOODS
        meant = "units_sold" if sold else COUNTED_AS.get(metric, "")
    elif until := _next_stage(question, metric):
        meant = until
    elif question.says(GONE):
        meant = LOST_AS.get(metric, "")
    elif ones := next(question.find(ONES, question.plain), None) or next(question.find(ONES), None):
        meant = SOME_OF.get((metric, ones["which"]), "")
    if not meant or meant not in lexicon.vocabulary.metrics or meant == metric:
        return heard
    question.used.update(s.index for s in spent)
    question.carried += [GONE, EACH, HOW_MANY, ONES, *(said for _, said, _ in STAGES)]
    found = replace(heard, metrics=(meant,), said=heard.said | {"metrics"})
    return found.assuming(f"{RESTATED}{metric_title(meant, lexicon)}")


def _next_stage(question: Question, metric: str) -> str:
    """The time to the next stage of what the thread's number is of, '' where none is said."""
    found = next((then for of, said, then in STAGES if of == metric and question.says(said)), "")
    if found:
        question.understood("solved|resolved|fixed|closed|settled|sorted|delivered|arrived?|signed|answered|replied")
    return found


def by_who_sold(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """ "Who closed those?", of deals: by whoever sold them."""
    known = lexicon.vocabulary.metrics
    splits = bool(before.metrics) and all(m in known and known[m].splits_by("owner") for m in before.metrics)
    if heard.metrics or heard.dimensions or not splits or not question.says(SOLD_THEM):
        return heard
    question.carried.append(SOLD_THEM)
    question.understood(SOLD_THEM)
    return replace(heard, dimensions=("owner",), said=heard.said | {"dimensions"})


MONEY_TOO = (
    r"(?:with|and|plus|add|also|include)(?: also)? the (?:money|cash|dollars|euros|takings)"
    r"(?: (?:too|as well|also|in it|from it|(?:it|they|that|those|we) (?:made|brought(?: in)?|took)))*"
)
SOLD = frozenset(
    ["units_sold", "orders", "attributed_orders", "bookings", "customers", "new_customers", "completed_appointments"]
)
"""What money comes in for."""


def with_money(question: Question, heard: Reading, before: Reading | None) -> Reading:
    """ "With the money too", of units sold: revenue beside them."""
    if before is None or heard.metrics or not SOLD.intersection(before.metrics) or not question.says(MONEY_TOO):
        return heard
    question.carried.append(MONEY_TOO)
    said = heard.said | {"metrics"}
    both = tuple(dict.fromkeys((*before.metrics, "revenue")))
    return replace(heard, metrics=both, said=said).assuming("“the money” is read as Revenue")
