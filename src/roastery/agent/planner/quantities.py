"""What kind of number is asked: a count, a rate, a cost of one, a length of time. A metric of another kind is exchanged
for its sibling of that kind, or the question is asked back; it never stands in for it.
"""

from collections.abc import Sequence

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.named import COMPARATORS
from roastery.agent.planner.question import Question

RATE_OF = {
    "gross_margin": "gross_margin_rate",
    "discounts": "discount_rate",
    "refunds": "refund_rate",
    "churned_subscriptions": "churn_rate",
    "deals_won": "win_rate",
    "opens": "open_rate",
    "email_clicks": "email_click_rate",
    "unsubscribes": "unsubscribe_rate",
    "bounces": "bounce_rate",
    "renewals": "renewal_rate",
    "workflow_completions": "workflow_completion_rate",
    "form_submissions": "form_conversion_rate",
    "attributed_revenue": "attribution_coverage",
    "clicks": "ctr",
}
"""Counts and sums by the rate that has them above the line."""
COUNT_OF = {rate: count for count, rate in RATE_OF.items() if rate not in ("gross_margin_rate", "attribution_coverage")}
TIME_OF = {
    "deals_won": "sales_cycle_days",
    "deals_closed": "sales_cycle_days",
    "opportunities": "sales_cycle_days",
    "win_rate": "sales_cycle_days",
    "orders": "delivery_days",
    "deliveries": "delivery_days",
    "tickets": "resolution_hours",
}
"""What is counted by how long it takes."""
TIMES = frozenset({"sales_cycle_days", "delivery_days", "first_reply_hours", "resolution_hours", "payback_days"})
PER_ONE = {
    ("spend", "leads"): "cost_per_lead",
    ("spend", "clicks"): "cpc",
    ("spend", "customers"): "cac",
    ("spend", "new_customers"): "cac",
    ("spend", "bookings"): "cost_per_booking",
    ("spend", "reported_conversions"): "cost_per_reported_conversion",
    ("shipping_cost", "orders"): "shipping_cost_per_order",
    ("revenue", "orders"): "aov",
    ("units_sold", "orders"): "units_per_order",
    ("revenue", "spend"): "roas",
    ("attributed_revenue", "spend"): "roas",
}
"""A metric over another: "cost for one enquiry", "what a click costs us"."""
BELOW = frozenset(below for _, below in PER_ONE)
ONE = r"(?:one|a|an|each|every|1|single|individual)"
BECAME = (
    r"(?:turn|turned|turning|convert|converted|converting) (?:in)?to|became|become|becoming"
    r"|ended (?:up )?(?:in|as)|led to|lead to"
    r"|resulted in|result in|got to|made it to"
)
BECOMING = {
    ("leads", "bookings"): "booking_conversion_rate",
    ("leads", "customers"): "lead_to_customer_rate",
    ("leads", "new_customers"): "lead_to_customer_rate",
    ("leads", "deals_won"): "lead_to_customer_rate",
    ("sessions", "orders"): "conversion_rate",
    ("sessions", "form_submissions"): "form_conversion_rate",
    ("opportunities", "deals_won"): "win_rate",
}
PRICED = r"cheap\w*|expensive|pric(?:y|ey|ier|iest)|costliest|dear(?:est|er)?"
AS_RATE = (
    r"M\d+ (?:percent|percentage|pct|quota)(?! (?:of|points?))|"
    r"(?:as|in) (?:a |an )?(?:percent|percentage|percents|rate|pct)(?: of M\d+)?(?! of)"
    r"|percent(?:age)? wise|rate not (?:a |the )?count"
)
_LIMIT = f"(?:{'|'.join(said for _, said in COMPARATORS)})"
BY_PERCENT = rf"[MA]\d+ (?:\w+ ){{0,3}}?{_LIMIT} N\d+|{_LIMIT} N\d+ (?:in|as|of)? ?(?:the |our )?[MA]\d+"
COUNTED = r"(?:how many|number of|count of|nr of) (?!of)(?:\w+ ){0,2}?(?P<m>M\d+)"
LONG = (
    r"(?:how (?:long|many (?:days|hours|weeks)|quickly|fast)|time it (?:takes|took)|number of (?:days|hours)"
    r"|(?:clos|win|sign|solv|resolv|answer|deliver|arriv|ship)\w* (?:\S+ ){0,4}?(?:the )?(?:fastest|quickest|slowest"
    r"|soonest)"
    r"|(?:fastest|quickest|slowest|soonest) (?:to )?(?:clos|win|sign|solv|resolv|answer|deliver|arriv|ship)\w*)(?! ago)"
)


def of_asked_kind(question: Question, metrics: Sequence[str], lexicon: Lexicon) -> list[str]:
    """The metrics, each exchanged for its sibling of the kind that is asked."""
    known = lexicon.vocabulary.metrics
    found = list(metrics)
    if pair := _per_one(question, found):
        apart = rf"{ONE} of (?:them|these|those)|(?:and|,|plus) (?:what |how much )?{ONE} one"
        both = question.has(rf"(?:{apart})(?: .*)?")
        counted = [m for m in found if m in BELOW and m != "spend"] if both else []
        found = [*counted, pair] if pair in known else found
    if into := _into(question):
        found = [into] if into in known and len(found) == 2 else found
    if len(found) == 1 and ("spend", found[0]) in PER_ONE and question.says(PRICED):
        found = [PER_ONE["spend", found[0]]]
    found = [RATE_OF[m] if m in RATE_OF and _in_percent(question, m) else m for m in found]
    limited = any(str(s.of).endswith("%") for s in question.of_kind("N")) and question.has(BY_PERCENT)
    if len(found) == 1 and (limited or question.says(AS_RATE)):
        found = [RATE_OF.get(found[0], found[0])]
    elif len(found) == 1 and (question.has(COUNTED) or (question.says(r"(?:^|, )how many") and not question.has("of"))):
        found = [COUNT_OF.get(found[0], found[0])]
        found = ["refund_count"] if found == ["refunds"] else found
    if "refund_count" in found and "refunds" not in found:
        # How often money went back says little without how much of it did.
        found.insert(found.index("refund_count") + 1, "refunds")
    arriving = question.says(r"(?:arriv|ship|deliver|reach|parcel|package|way)\w*")
    if len(found) == 1 and question.has(LONG) and found[0] in TIME_OF and (arriving or found[0] != "orders"):
        found = [TIME_OF[found[0]]]
    return found if all(m in known for m in found) else list(metrics)


def _in_percent(question: Question, metric: str) -> bool:
    """ "Opens % and clicks %": each with its own sign."""
    return any(
        question.has(rf"{s.name} (?:percent|pct|percentage)(?! (?:of|points?))")
        for s in question.symbols
        if s.kind in "MA" and s.of.first.name == metric
    )


AND_AS_RATE = (
    r"(?:and|,) (?:what (?:is|are|was|were) )?(?:that|this|it|those|they|the same)(?: is| are| was| were)?"
    r"(?: as| in) (?:a )?(?:percent|percentage|share|rate)(?: of(?: .*)?)?"
    r"|(?:both )?(?:in|as) (?:dollars |euros |money |pounds |absolute |absolutes |cash |numbers |absolute numbers )?"
    r"and (?:in |as )?(?:a )?(?:percent|percentage)(?: of (?:sales|revenue))?"
)
"""The same number a second time, as the rate that it is a part of."""


def with_rates(question: Question, metrics: Sequence[str], lexicon: Lexicon) -> list[str]:
    """The metrics, each followed by its rate where both are asked: "both in money and in percent"."""
    if not question.says(AND_AS_RATE):
        return list(metrics)
    found: list[str] = []
    for metric in metrics:
        count = COUNT_BEFORE.get(metric, metric)
        found += [m for m in (count, RATE_OF.get(count)) if m in lexicon.vocabulary.metrics and m not in found]
    question.understood(AND_AS_RATE)
    return found


COUNT_BEFORE = {rate: count for count, rate in RATE_OF.items()}


def _into(question: Question) -> str | None:
    """The rate of what became what: "how many leads turned into jobs"."""
    for m in question.find(rf"(?P<a>[MA]\d+) (?:\w+ ){{0,2}}?(?:{BECAME}) (?:an? |our |the )?(?P<b>[MA]\d+)"):
        return BECOMING.get((question[m["a"]].of.first.name, question[m["b"]].of.first.name))
    return None


def _per_one(question: Question, metrics: Sequence[str]) -> str | None:
    """The metric of one thing for another, where two were named and the words put them over each other."""
    named = {s.of.first.name for s in question.symbols if s.kind in "MA"}
    for (above, below), ratio in PER_ONE.items():
        if not metrics or not {above, below} >= set(metrics) or not named >= {above, below}:
            continue
        a = next((s.name for s in question.symbols if s.kind in "MA" and s.of.first.name == above), "")
        b = next((s.name for s in question.symbols if s.kind in "MA" and s.of.first.name == below), "")
        over = (
            rf"{b}(?: \S+){{0,9}}? {ONE} (?:of (?:them|these|those)|one)(?: \w+){{0,2}} {a}"
            rf"|{a}(?: \S+){{0,4}}? for {ONE} {b}|"
            rf"{a} (?:\w+ ){{0,3}}?(?:per|for|of) (?:the |our )?{ONE}? ?{b}|{a} (?:\w+ ){{0,2}}?(?:per) (?:\w+ )?{b}"
            rf"|{ONE} {b} (?:\w+ ){{0,3}}?{a}|{b} (?:\w+ ){{0,3}}?{a}(?: \S+){{0,5}}? (?:each|apiece|per head|a piece)"
            rf"|{a} {ONE} {b}|per {b}(?: \w+){{0,3}} {a}"
        )
        if a and b and question.has(over):
            return ratio
    return None


def of_another_kind(question: Question, metrics: Sequence[str]) -> str | None:
    """What was asked where no metric of the reading is of that kind: "how long", or None."""
    if question.has(LONG) and metrics and not TIMES.intersection(metrics):
        return next(question.find(LONG))[0]
    return None
