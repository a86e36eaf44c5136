"""Metrics of a question, in the order in which they are named."""

import re
from collections.abc import Sequence

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.meanings import Meaning
from roastery.agent.planner.named import EXCLUDING, Names, beside_old, qualifies_customers, title_of
from roastery.agent.planner.paraphrases import said_widely
from roastery.agent.planner.quantities import of_asked_kind, with_rates
from roastery.agent.planner.question import Question, Symbol


def metrics_of(question: Question, lexicon: Lexicon) -> Names:
    """Metrics in the order in which they are named; one that follows "by" is what is ranked by."""
    metrics: list[str] = []
    assumptions: list[str] = []
    doubtful = missing = None
    order_metric = None
    weak = ""
    firm = bool(question.of_kind("M"))
    whole = any(s.of.first.composed for s in question.of_kind("M"))
    for symbol in question.symbols:
        if symbol.kind not in ("M", "A", "X"):
            continue
        meaning: Meaning = symbol.of.first
        if symbol.kind == "X":
            if name_of(meaning) in NET_OF and _is_taken_off(question, symbol):
                question.used.add(symbol.index)
                continue
            missing = missing or (symbol, meaning)
            continue
        name = meaning.name
        if whole and not meaning.composed and symbol.kind in "MA" and _belongs_to_whole(question, symbol, metrics):
            question.used.add(symbol.index)
            continue
        if meaning.composed and name in PERSONS and RATES & {s.of.first.name for s in question.of_kind("M")}:
            question.used.add(symbol.index)
            continue
        if meaning.composed:
            name = _of_whom(question, name, lexicon)
            if name not in metrics:
                metrics.append(name)
            continue
        if name == "online_orders" and "online" in {v.value for v in lexicon.vocabulary.values}:
            question.used.add(symbol.index)
            name = "orders"
        if name == "spend" and _customers_spend(question, symbol):
            name = "revenue"
            question.used.add(symbol.index)
            assumptions.append("what customers spend is revenue")
        if symbol.kind == "A":
            if meaning.weak and question.has(rf"{symbol.name} (?:it|that|them|those|sure)"):
                continue
            if meaning.weak and question.has(BY_PLATFORM) and _conversions_named(question):
                # "Conversions that the platforms say they made": the verb is theirs.
                question.used.add(symbol.index)
                continue
            apart = meaning.weak and question.has(rf"and (?:for )?{symbol.name}(?! M\d+)")
            if (
                firm
                and not (apart and question.words(symbol).lower().startswith(("for how much", "how much")))
                and (meaning.weak or _beside_metric(question, symbol))
            ):
                question.used.add(symbol.index)
                weak = weak or name
                continue
            if "reported_conversions" in meaning.readings and question.has(BY_PLATFORM):
                metrics.append("reported_conversions")
                continue
            if meaning.ask:
                doubtful = doubtful or (symbol, meaning)
            said = question.words(symbol)
            if said.lower().replace(" ", "_") != name and not meaning.weak:
                assumptions.append(f"“{said}” is read as {title_of(lexicon, name)}")
        elif name == "new_customers" and (qualifies_customers(question, symbol) or beside_old(question, symbol)):
            question.used.add(symbol.index)
            continue
        elif name in NET_OF and _is_taken_off(question, symbol) and "revenue" in lexicon.vocabulary.metrics:
            if "revenue" not in metrics and not any(s.of.first.name in REVENUES for s in question.of_kind("M")):
                metrics.append("revenue")
            assumptions.append(
                f"{title_of(lexicon, 'revenue')} is after refunds and discounts and without tax and shipping"
            )
            question.used.add(symbol.index)
            continue
        elif (
            (
                name in COHORT_OF
                and COHORT_OF[name] & set(metrics)
                and question.has(rf"(?:of|from|for|by|,) {symbol.name}|{symbol.name} (?:from|created|of|in)")
            )
            or (
                name in PERSONS
                and firm
                and RATES & {s.of.first.name for s in question.of_kind("M")}
                and not question.has(
                    rf"(?:and|,) {symbol.name}|{symbol.name} (?:and|,)|{symbol.name} (?:\S+ ){{0,6}}?and (?:how|M\d+)"
                )
            )
            or (name == "customers" and firm and _only_says_whose(question, symbol))
            or (
                name == "active_subscriptions"
                and SUBSCRIBED & {s.of.first.name for s in question.of_kind("M")}
                and _only_says_whose(question, symbol)
            )
            or (name == "customers" and "refunds" in metrics and question.has(rf"to (?:our |the )?{symbol.name}"))
        ):
            question.used.add(symbol.index)
            continue
        elif name == "customers" and "new_customers" in lexicon.vocabulary.metrics and _acquired(question):
            name = "new_customers"
        name = _of_whom(question, name, lexicon)
        if _is_bare_by(question, symbol):
            order_metric = order_metric or name
        if name not in metrics:
            metrics.append(name)
    if weak and not metrics:
        # "What did we invoice to enterprise clients": the clients only say whose.
        metrics = [weak]
    metrics += _by_its_head(question, metrics, lexicon)
    if "spend" not in metrics and metrics and "spend" in lexicon.vocabulary.metrics and question.has(PAID_IN_A_LIST):
        metrics.insert(0, "spend")
    if of_two_periods(question, metrics) and "retention_rate" in lexicon.vocabulary.metrics:
        question.used.update(s.index for s in question.symbols if s.kind in "MA")
        return Names(metrics=("retention_rate",), assumptions=tuple(assumptions))
    said = list(metrics)
    if any(s.of.first.composed for s in question.of_kind("M")):
        metrics = with_rates(question, _claimed(question, metrics, lexicon) or metrics, lexicon)
        return Names(metrics=tuple(metrics), assumptions=tuple(assumptions), missing=missing, order_metric=order_metric)
    metrics = _said_otherwise(question, metrics, lexicon)
    if claimed := _claimed(question, metrics, lexicon):
        metrics = claimed
    metrics = with_rates(question, of_asked_kind(question, metrics, lexicon), lexicon)
    if metrics != said:
        question.used.update(s.index for s in question.symbols if s.kind in ("M", "A"))
    if metrics == ["roas"] and question.says("(?:show|give|see|tell)(?: me| us)? both"):
        # "Did it bring in more than it cost? Show both."
        metrics = [m for m in ("roas", "attributed_revenue", "spend") if m in lexicon.vocabulary.metrics]
    if wide := said_widely(question.plain, lexicon.vocabulary.metrics):
        metrics = of_asked_kind(question, [wide[0]], lexicon)
        question.understood(wide[1])
        question.used.update(s.index for s in question.symbols if s.kind in ("M", "A"))
        doubtful = missing = None
    if order_metric in metrics:
        metrics = [order_metric, *(m for m in metrics if m != order_metric)]
    return Names(
        metrics=tuple(metrics),
        assumptions=tuple(assumptions),
        doubtful=doubtful,
        missing=missing,
        order_metric=order_metric,
    )


CAME_BACK = (
    r"(?:share|percent\w*|pct|proportion|fraction|part|how many) .*"
    r"(?:(?:c[ao]me|coming|were|was|are|is|shopped|ordered|bought|returned)(?: also)? (?:here )?(?:again|back|too|also)"
    r"|also (?:here|there|bought|ordered|came|in)|returned|stayed|still)(?: .*)?"
)
OF_TWO = frozenset({"repeat_rate", "retention_rate", "customers", "active_customers"})


HEADS = (
    ("leads", "lead_score"),
    ("cost_per_lead", "lead_score"),
    ("tickets", "satisfaction"),
    ("clicks", "quality_score"),
)
"""Which score a bare "score" is, by what stands beside it."""


def _by_its_head(question: Question, metrics: Sequence[str], lexicon: Lexicon) -> list[str]:
    """ "Leads, cost per lead, avg score": a score in a list is that of what the list is about."""
    if not metrics or not question.has(r"(?:,|and|plus)(?: the| our)? (?:average |mean )?scores?"):
        return []
    found = next((score for beside, score in HEADS if beside in metrics and score in lexicon.vocabulary.metrics), None)
    if found is None or found in metrics:
        return []
    question.understood("average score|mean score|score|scores")
    return [found]


def of_two_periods(question: Question, metrics: Sequence[str]) -> bool:
    """ "What share of September's guests came back in October": who came in one period and in the next."""
    spans = sorted((s.of.days for s in question.of_kind("P") if s.of.days is not None), key=lambda d: d.start)
    if len(spans) != 2 or not metrics or not OF_TWO.issuperset(metrics) or not question.says(CAME_BACK):
        return False
    return bool(spans[0].end == spans[1].start and spans[0].unit == spans[1].unit)


PAID_IN_A_LIST = (
    r"(?:what|how much) (?:did )?we (?:paid|pay|spent|spend)(?: out| for it)? (?:,|;|and|plus) (?:.* )?M\d+(?: .*)?"
)
"""One item of a list of numbers: "what we paid, clicks, price of a click"."""


OF_COHORTS = frozenset({"ltv", "ltv_12m", "ltv_cac_ratio", "repeat_rate", "payback_days", "predicted_ltv"})


def _belongs_to_whole(question: Question, symbol: Symbol, metrics: Sequence[str]) -> bool:
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


COST_LIKE = frozenset({"refunds", "discounts", "shipping_cost", "fees", "tax", "creation_cost"})
"""Amounts that cost something themselves: "what did postage cost us" asks for no advertising."""
ONLY_PAID = (
    r"(?:paid only|only paid|on paid|paid(?= M\d+)"
    r"|(?:from|of|to|for|counting|credited to|through|via|by) (?:only |just )?paid"
    r"(?: (?:ads?|media|channels?|only|marketing|campaigns))*)"
)


def _of_whom(question: Question, name: str, lexicon: Lexicon) -> str:
    """ "CAC of paid media only" is another number than CAC."""
    if name == "cac" and "paid_cac" in lexicon.vocabulary.metrics and question.says(ONLY_PAID):
        question.understood("only|counting|credited")
        return "paid_cac"
    return name


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
        ("cost_per_lead",),
        {"leads", "spend", "cost_per_lead"},
        r"(?:cheap\w*|expensive|costliest|pric\w*) (?:\w+ ){0,4}?(?:leads?|prospects?|enquir\w+)",
    ),
    (
        ("cost_per_booking",),
        {"bookings", "spend", "cost_per_booking"},
        r"(?:cheap\w*|expensive|costliest|pric(?:e|i)\w*|cost\w*) (?:.* )?(?:bookings?|appointments?|jobs?)",
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
    (("churned_subscriptions",), {"active_subscriptions"}, r"(?:lose|lost|losing|cancel\w*|left|quit|leave|leaving)"),
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


def _said_otherwise(question: Question, metrics: list[str], lexicon: Lexicon) -> list[str]:
    for meant, parts, said in SAID_OTHERWISE:
        there = lexicon.vocabulary.metrics.keys() >= set(meant)
        if metrics and there and set(metrics) <= parts and any(True for _ in question.find(said, question.plain)):
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


def _conversions_named(question: Question) -> bool:
    return any("reported_conversions" in s.of.first.readings for s in question.of_kind("A"))


def _customers_spend(question: Question, symbol: Symbol) -> bool:
    """ "How much did new guests spend": their spending is the company's revenue."""
    if question.words(symbol).lower() not in ("spend", "spent", "spending"):
        return False
    for before in question.symbols:
        if question.has(rf"{before.name} (?:have |has |did )?{symbol.name}") and before.index != symbol.index:
            return (
                any(
                    m.name in PERSONS
                    or (m.kind == "value" and m.name in ("segment", "customer_type", "customer_stage"))
                    for m in before.of.meanings
                )
                if before.kind in "MV"
                else False
            )
    return False


def _claimed(question: Question, metrics: list[str], lexicon: Lexicon) -> list[str] | None:
    """ "How much revenue does Meta say it brought": what the platform itself reports."""
    if not metrics or not question.has(BY_PLATFORM) or not set(metrics) <= CLAIMS.keys():
        return None
    found = [CLAIMS[m] for m in metrics]
    return found if lexicon.vocabulary.metrics.keys() >= set(found) else None


def _beside_metric(question: Question, symbol: Symbol) -> bool:
    """A word such as "sales" or "conversion" inside or next to another metric's name adds nothing."""
    return question.has(
        rf"{symbol.name} (?:M\d+)|M\d+ {symbol.name}|M\d+ (?:on|of|for|from|in|per) (?:our |the |my )?{symbol.name}"
    )


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


def name_of(meaning: Meaning) -> str:
    return meaning.name


def _is_taken_off(question: Question, symbol: Symbol) -> bool:
    """ "Revenue excluding refunds", "net of discounts": not a second metric."""
    others = [s for s in question.symbols if s.kind in "MA" and s.of.first.name not in NET_OF]
    revenue = any(s.of.first.name in REVENUES for s in others) or not others
    off = rf"(?:after|net of|less|minus|{EXCLUDING}) (?:all |any |the )*(?:[MX]\d+ (?:and|or|,) )*{symbol.name}"
    gone = (
        rf"{symbol.name} (?:is|are|was|were|being|have been|has been) (?:off|out|taken off|taken out|deducted|removed)"
    )
    return revenue and (question.has(off) or question.has(gone))


def _only_says_whose(question: Question, symbol: Symbol) -> bool:
    """ "LTV of customers": the word says whose number it is."""
    return question.has(
        rf"M\d+ (?:of|from|for|per|by|among) (?:our |the |all |each |every )*(?:P\d+ |new )?{symbol.name}"
        rf"|[DV]\d+ {symbol.name}"
    )


def _acquired(question: Question) -> bool:
    return question.has(r"(?:acquire[sd]?|acquiring|gain(?:ed)?|won|win|sign(?:ed)? up|bring in|brought in|add(?:ed)?)")


def _is_bare_by(question: Question, symbol: Symbol) -> bool:
    """ "By revenue", "sorted by ROAS", "in terms of spend"."""
    return question.has(
        rf"(?:by|on|ranked on|in terms of|based on|according to|measured by|sort(?:ed)? (?:by|on)|order(?:ed)? by"
        rf"|judged by)"
        rf" (?:the |their |its |total |highest |lowest |most |least |best |worst )*{symbol.name}"
    ) and not question.has(rf"(?:window|depend(?:s|ing)?|impact|effect|spend) on {symbol.name}")
