"""Metrics asked without their name: told by what else is named and the words around it."""

import re
from collections.abc import Sequence

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.question import Question

COST_LIKE = frozenset({"refunds", "discounts", "shipping_cost", "fees", "tax", "creation_cost"})
"""Amounts that cost something themselves: "what did postage cost us" asks for no advertising."""
SAID_OTHERWISE: tuple[tuple[tuple[str, ...], set[str], str], ...] = (
    (
        ("ltv",),
        {"customers", "new_customers", "active_customers", "revenue"},
        r"(?:customers?|clients?|patients?|guests?|members?|buyers?|shoppers?) .*(?:each|one)(?: of them)?"
        r" (?:has |have |had )?(?:brought|spent|paid|been worth|earned)(?: \w+){0,2}?"
        r" (?:so far|to date|until now|since)(?: .*)?",
    ),
    (("units_sold",), {"revenue", "orders"}, r"how many .*(?:sell|sold|selling)(?: .*)?"),
    (
        ("units_sold",),
        {"revenue", "orders"},
        r"(?:portions?|servings?|cups?|bags?|box(?:es)?|bottles?|plates?|pieces?|packs?|jars?|slices?|bowls?|glasses|tins?"
        r"|cans?|number|quantity|amount) of (?:\S+ ){1,4}?(?:sold|sell|selling|bought|went out)(?: .*)?",
    ),
    (
        ("cost_per_lead",),
        {"leads", "spend", "cost_per_lead"},
        r"(?:cheap\w*|expensive|costliest|pric\w*) (?:\w+ ){0,4}?(?:leads?|prospects?|enquir\w+)",
    ),
    (
        ("cost_per_booking",),
        {"bookings", "spend", "cost_per_booking"},
        r"(?:cheap\w*|expensive|costliest|pric(?:e|i)\w*|cost\w*) (?:(?!and |but |than |, )\S+ )*(?:bookings?"
        r"|appointments?|jobs?)",
    ),
    (
        ("cpc",),
        {"clicks", "spend", "cpc"},
        r"(?:cheap\w*|dear|dearest|dearer|expensive|costl\w+|pric\w*) (?:\w+ ){0,4}?clicks?",
    ),
    (
        ("completed_appointments",),
        {"bookings"},
        r"(?:completed|finished|attended|held) (?:\w+ ){0,2}?(?:appointments?|jobs?|visits?|bookings?|treatments?)",
    ),
    (
        ("completed_appointments",),
        {"bookings"},
        r"(?:appointments?|jobs?|visits?|bookings?|treatments?) (?:\w+ ){0,3}?(?:completed?|attended|took place"
        r"|take place|happened"
        r"|finish(?:ed)?|carr(?:y|ied) out|(?:got|get|were|been|be) done)",
    ),
    (("churned_subscriptions",), {"active_subscriptions"}, r"(?:loses?|lost|losing|cancel\w*|left|quit|leave|leaving)"),
    (("deals_closed", "deals_won"), {"deals_won"}, r"(?:lose|lost|losing)"),
    (
        ("cac",),
        {"new_customers", "spend", "customers"},
        r"(?:pa(?:y|id|ying)|costs?|spen[dt]|cheap\w*|expensive\w*) .*(?:acquir\w+|to get|to win) .*customers?",
    ),
    (
        ("cac",),
        {"new_customers", "spend", "customers"},
        r"(?:acquir\w+|getting|winning) .*customers? .*(?:cheap\w*|expensive\w*|cost\w*)",
    ),
    (
        ("opportunities", "deals_won"),
        {"opportunities"},
        r"(?:opportunit\w+|deals?) .*how many .*(?:won|win|signed)(?: .*)?",
    ),
    (
        ("first_reply_hours",),
        {"tickets", "resolution_hours"},
        r"(?:how (?:long|fast|quickly|soon)|hours|time) .*(?:answer|reply|respond|react|get back)(?:ed|ing|s)? .*",
    ),
    (
        ("ltv",),
        {"customers", "new_customers", "active_customers"},
        r"(?:most|more|least|less) (?:valuable|lucrative|worthwhile) (?:\w+ ){0,2}?(?:customers?|clients?"
        r"|patients?|guests?|buyers?|shoppers?)",
    ),
    (
        ("repeat_rate",),
        {"customers", "new_customers", "active_customers"},
        r"(?:most|more|least|less) loyal (?:\w+ ){0,2}?(?:customers?|clients?|patients?|guests?|buyers?|shoppers?)",
    ),
    (
        ("ltv",),
        {"customers", "new_customers", "active_customers", "active_subscriptions", "revenue"},
        r"how much (?:money )?(?:does|do|did|has|is|are) (?:a|an|one|each|the average|our average|an average"
        r"|a typical|every) (?:\w+ )?(?:customers?|clients?|patients?|guests?|members?|subscribers?|buyers?) .*"
        r"(?:bring|brought|spend|spent|pay|paid|worth|lifetime|generate|leave).*(?:lifetime|total|all in all"
        r"|so far|to date|altogether|over time)(?: .*)?",
    ),
    (
        ("aov",),
        {"customers", "spend", "revenue", "orders", "aov"},
        (
            r"(?:customers?|people|shoppers?|buyers?|they) .*(?:spen[dt]|pa(?:y|id)) .*per (?:order|purchase|basket"
            r"|transaction)"
        ),
    ),
)
"""Metrics asked without their name: what they are said with, and the pattern over the plain words."""


def on_a_plan(question: Question, metrics: list[str], lexicon: Lexicon) -> list[str]:
    """Who is active on a plan holds a subscription to it."""
    named = any(m.name == "plan" for s in question.of_kind("V") for m in s.of.meanings)
    if not named or "active_subscriptions" not in lexicon.vocabulary.metrics:
        return metrics
    return ["active_subscriptions" if m == "active_customers" else m for m in metrics]


MONEY_SAID = (
    r"(?:how much|what|money|revenue|sales|turnover|worth|value|income|takings|gross|net|dollars?|euros?|pounds?)"
)
SOLD_KINDS = frozenset({"product", "category"})


def _things_sold(question: Question) -> bool:
    """ "Kids boxes sold in Q3": things in the plural, counted by what was sold of them."""
    if question.says(MONEY_SAID):
        return False
    for found in question.find(r"(?P<v>V\d+) (?P<a>A\d+)"):
        thing, verb = question[found["v"]], question[found["a"]]
        named = any(m.name in SOLD_KINDS for m in thing.of.meanings)
        if named and question.words(verb).lower() == "sold" and question.words(thing).lower().endswith("s"):
            return True
    return False


def said_otherwise(question: Question, metrics: list[str], lexicon: Lexicon) -> list[str]:
    if metrics == ["revenue"] and "units_sold" in lexicon.vocabulary.metrics and _things_sold(question):
        return ["units_sold"]
    for meant, parts, said in SAID_OTHERWISE:
        there = lexicon.vocabulary.metrics.keys() >= set(meant)
        if metrics and there and set(metrics) <= parts and any(True for _ in question.find(said, question.plain)):
            if ".*" not in said:
                question.carried.append(said)
            return list(meant)
    others = [m for m in metrics if m != "spend"]
    if "spend" in metrics and len(others) == 1 and others[0] in COST_LIKE:
        verbs = [s for s in question.symbols if s.kind in "MA" and s.of.first.name == "spend"]
        if all(re.match(r"(?:cost|spen|set|charge|pa(?:y|id))", question.words(s).lower()) for s in verbs) and not (
            question.has(r"[MA]\d+ (?:and|,|plus|vs|versus) (?:the |our )?[MA]\d+")
        ):
            return others
    kinds = {m.name for s in question.of_kind("V") for m in s.of.meanings}
    if not set(metrics) - {"revenue"} and kinds & {"platform", "campaign"} and question.has(PAID_TO):
        question.understood("flow|flows|flowed|went|goes|go|into")
        return ["spend"]
    plans = "plan" in kinds and "churned_subscriptions" in lexicon.vocabulary.metrics
    if plans and metrics in ([], ["active_subscriptions"]):
        if question.says(rf"how many (?:\S+ ){{0,3}}?(?:{QUIT})(?: .*)?"):
            question.understood(QUIT)
            return ["churned_subscriptions"]
        if question.says(r"(?:renewed|renew|prolonged|extended) (?:.* )?(?:rate|percent|percentage|share)"):
            question.understood("renewed|renew|prolonged|extended|term|up|rate|percent|percentage|share")
            return ["renewal_rate"]
    listed = {m.name for s in question.of_kind("D") for m in s.of.meanings}
    if (
        not metrics
        and "page" in listed | kinds
        and question.says(r"(?:look(?:ed)?(?: at)?|view(?:ed)?|open(?:ed)?|visit(?:ed)?|read)")
    ):
        question.understood("look|looked|view|viewed|open|opened|read|at")
        return ["page_views"]
    if not metrics and kinds & {"product", "category"} and question.has(r"how many (?:\w+ |N\d+ )?V\d+"):
        return ["units_sold"]
    if not metrics and "active_subscriptions" in lexicon.vocabulary.metrics:
        plans = any(m.name == "plan" for s in question.of_kind("V") for m in s.of.meanings)
        if plans and question.has(r"how many (?:\w+ )?V\d+"):
            return ["active_subscriptions"]
    if "workflow_completions" in lexicon.vocabulary.metrics and not metrics:
        flows = any(m.name == "workflow" for s in question.symbols if s.kind in "DV" for m in s.of.meanings)
        if flows and question.has(r"complet\w+|finish\w+|got through|went through|reached the end"):
            return ["workflow_completions"]
    whose = r"(?:from|on|of|for|counting|only) (?:only |just |our |the )*M\d+|M\d+ M\d+"
    if sorted(metrics) == ["new_customers", "roas"] and question.has(whose):
        # "ROAS on first-time buyers only" is one number; "ROAS and new customers" are two.
        return ["new_customer_roas"] if "new_customer_roas" in lexicon.vocabulary.metrics else metrics
    both = question.has(r"attributed (?:vs|versus|and|or|against|compared (?:to|with)) M\d+")
    if both and metrics[:1] == ["unattributed_revenue"]:
        return ["attributed_revenue", *metrics]
    return metrics


PAID_TO = (
    r"(?:pay|paid|paying|pays) (?:to )?V\d+|(?:A\d+|how much)(?: money| cash| budget)? "
    r"(?:flow(?:s|ed)?|went|goes|has gone|is going|did we (?:put|send|give|hand|pay|feed|pass))(?: over)?"
    r" (?:in)?to (?:the )?V\d+"
)
"""Money on its way to a platform or campaign is what it cost."""
QUIT = r"quit|left|leave|cancell?(?:ed)?|dropped|ended|stopped|terminated|gave up|said goodbye to"
MONEY_TOO = (
    r"[MA]\d+ (?:and|,|plus|, and) (?:the )?(?:money|cash)(?! (?:back|off))|(?:money|cash) (?:and|,|plus) [MA]\d+"
)
MONEY_NUMBERS = frozenset({"revenue", "gross_revenue", "spend", "refunds", "mrr", "attributed_revenue", "discounts"})
HEADS = (
    ("leads", "lead_score"),
    ("cost_per_lead", "lead_score"),
    ("tickets", "satisfaction"),
    ("clicks", "quality_score"),
)
"""Which score a bare "score" is, by what stands beside it."""


def by_its_head(question: Question, metrics: Sequence[str], lexicon: Lexicon) -> list[str]:
    """ "Leads, cost per lead, avg score": a score in a list is that of what the list is about."""
    if "revenue" in lexicon.vocabulary.metrics and not MONEY_NUMBERS.intersection(metrics) and question.has(MONEY_TOO):
        # "Units and money": in a list of numbers money is what came in.
        question.understood("money|cash")
        return ["revenue"]
    if not metrics or not question.has(r"(?:,|and|plus)(?: the| our)? (?:average |mean )?scores?"):
        return []
    found = next((score for beside, score in HEADS if beside in metrics and score in lexicon.vocabulary.metrics), None)
    if found is None or found in metrics:
        return []
    question.understood("average score|mean score|score|scores")
    return [found]
