"""Words that restrict or split what is counted although they name nothing: "once", "any days", "which webinars".

What can be carried out is; what cannot is refused or asked about, for the number without it would be another one.
"""

import re
from dataclasses import replace

from roastery.agent.planner.dates import WEEKDAY
from roastery.agent.planner.guard import ABLE
from roastery.agent.planner.named import Names
from roastery.agent.planner.quantities import PER_ONE, TIME_OF, TIMES
from roastery.agent.planner.question import Question
from roastery.agent.planner.ranking import ranking
from roastery.agent.planner.reading import Reading, reading_json

PEOPLE = frozenset({"customers", "active_customers", "new_customers", "leads", "active_subscriptions"})
SITES = frozenset({"location", "service_area"})
"""Kinds that are called by part of their names: "the Main Street restaurant"."""
SO_OFTEN = (
    r"(?:order|bought|buy|purchas|visit|book|came|come|return|shop|spen)\w*(?: \S+){0,2}? "
    r"(?!at least (?:once|one|1)(?![^ ]))(?:(?:exactly|only|just|at least|at most|more than|less than|fewer than) )"
    r"(?:once|twice|\d+ times?|a single time|\d+ (?:orders?|purchases?|visits?)|N\d+(?: \S+)?)"
    r"|(?:exactly|only|just) (?:1|one|a single) (?:order|purchase|visit|booking)"
)
OF_THE_WEEK = (
    r"days? of (?:the )?week|(?:by|per|each|which|what|best|worst|busiest|quietest) week ?days?(?! (?:and|in|of))"
    r"|week ?days? (?:vs|versus|against|or|compared to|compared with) week ?ends?|week ?ends? (?:vs|versus"
    r"|against|or) week ?days?"
    rf"|(?:is|are|was|were|do|does) (?:{WEEKDAY}|week ?end)s? (?:still |really |always |usually )?(?:our|the|a|your|my)"
    r" (?:\w+ )?(?:best|worst|busiest|quietest|strongest|weakest|top|biggest|slowest) (?:\w+ )?days?"
)
"""Kinds of days, where "Tuesday" is no one day: "is Tuesday our best day"."""
_CURRENCY = r"(?:usd|eur|gbp|chf|cad|aud|sek|jpy|dollars?|euros?|pounds?|francs?)"
TWO_CURRENCIES = rf"{_CURRENCY}(?: ,)? (?:and|or|vs|versus|against|compared to|as well as|plus) (?:in )?{_CURRENCY}"
CREDITED = re.compile(
    r"(?:attributed|paid|credited|unattributed|new_customer|reported|asset)\w*|roas|mer|cac|new_customers|revenue|orders|ltv\w*"
    r"|attribution_coverage|cost_per_\w+|creative_roi|repeat_rate|leads|bookings|deals_won|gross_revenue|aov|spend|opportunities"
)
"""Metrics that a model of attribution can say something about."""
DAYS_ASKED = (
    r"(?:any|which|what|how many|on which|on what|were there|are there|was there)(?: of the| other| single)? "
    r"(?P<unit>days?|weeks?|months?)(?! (?:until|till|to|before|after|from|since|did it|does it|ago|later"
    r"|earlier|old))(?: .*)?"
)
AND_BY_TIME = (
    r"by (?:\w+ )?D\d+ (?:,|and|&|then|x|by|/)(?: by| per)? ?(?:calendar )?(?P<unit>day|week|month|quarter|year)"
)
WHICH_HAS_MOST = (
    r"^(?:(?:and|so|ok|then|now|tell me|show me) )*which (?:of (?:our|the|these) )?[a-z]+ (?:\w+ )?"
    r"(?:got|get|gets|had|has|have|brought|brings?|made|makes?|did|does|drove|drives?|won|wins?|earned|earns?|was|were|is|are)"
    r"(?: \S+){0,3}? (?:most|least|best|worst|highest|lowest|fewest|biggest|smallest|top)(?: .*)?"
)
"""What is ranked is to be split by."""
OF_WHOSE = r"[MA]\d+ (?:from|of|by|among|for|through) (?:our |the |all )*V\d+ (?P<who>M\d+)"


WHO_DID = r"(?:did|do|does|have|has|had|will|would) (?:our |the |those |these )*(?P<who>M\d+) (?:[a-z]+ ){0,2}?[MA]\d+"
"""Who did something, and no number of its own: "how much did guests get refunded"."""


def beyond(question: Question, reading: Reading) -> Reading | None:
    """The refusal of, or the question back about, a restriction that no metric carries, or None."""
    if reading.metrics and PEOPLE.issuperset(reading.metrics) and question.says(SO_OFTEN):
        return Reading("refuse", message=f"I count people, not how often each of them bought in the period. {ABLE}")
    if question.says(OF_THE_WEEK):
        return Reading(
            "refuse", message=f"There is no split by day of the week here, only by day, week, month and longer. {ABLE}"
        )
    kept = {"slot": "rest", "reading": reading_json(reading)}
    single = reading.intent == "query" and not reading.dimensions and reading.grain is None and not reading.limit
    if single and len(reading.metrics) == 1 and question.says(WHICH_HAS_MOST):
        return Reading(
            "clarify", message="Which of what: campaigns, products, places, or something else?", pending=kept
        )
    if several := _one_of_several(question, reading):
        said, names = several
        return Reading(
            "clarify", message=f"There are several called “{said}”: {' and '.join(names)}. Which one?", pending=kept
        )
    if question.says(TWO_CURRENCIES):
        return Reading("clarify", message="In which of the two currencies do you want it? One at a time.", pending=kept)
    if reading.attribution_model and reading.metrics and not any(CREDITED.fullmatch(m) for m in reading.metrics):
        model, what = reading.attribution_model.replace("_", " "), reading.metrics[0].replace("_", " ")
        return Reading(
            "clarify",
            message=f"{what.capitalize()} has no credit to share out under {model}. Do you mean the number without a "
            f"model, "
            f"or credit for revenue, orders or new customers?",
            pending=kept,
        )
    return None


def _one_of_several(question: Question, reading: Reading) -> tuple[str, tuple[str, ...]] | None:
    """ "The Main Street restaurant", where two restaurants have it in their name: one was meant."""
    for found in question.find(r"(?:the|our) (?P<v>V\d+) (?P<d>D\d+)"):
        value, kind = question[found["v"]], question[found["d"]]
        one = not question.words(kind).lower().rstrip("?.!,").endswith("s")
        if not (one and value.of.partial and kind.of.first.name in SITES) or kind.of.first.name in reading.dimensions:
            continue
        for condition in reading.filters:
            meant = {v for d, v in question.meant.get(value.index, ()) if d == condition.field}
            if condition.op == "in" and len(meant) > 1 and meant == set(condition.values):
                return question.words(value), condition.labels[:5]
    return None


def carried(question: Question, reading: Reading) -> Reading:
    """The reading with what such words say of its split: by day, by each of several names."""
    if reading.grain is None and (found := next(question.find(AND_BY_TIME), None)):
        reading = replace(reading, grain=found["unit"], said=reading.said | {"grain"})
    if not reading.dimensions and question.has(r"(?:which|what)(?: of)?(?: our| the)? V\d+") and _is_mail(question):
        reading = _ranked_mails(question, reading)
    days = next(question.find(DAYS_ASKED, question.plain), None) if reading.grain is None else None
    if days is not None and reading.metrics and not TIMES.intersection(reading.metrics):
        reading = replace(reading, grain=days["unit"].rstrip("s"), limit=None, said=reading.said | {"grain"})
    for found in question.find(OF_WHOSE):
        who = question[found["who"]]
        rest = tuple(m for m in reading.metrics if m != who.of.first.name)
        if who.of.first.name in PEOPLE and rest:
            question.used.add(who.index)
            reading = replace(reading, metrics=rest)
    for found in question.find(WHO_DID):
        who = question[found["who"]]
        rest = tuple(m for m in reading.metrics if m != who.of.first.name)
        if who.of.first.name in PEOPLE and rest and not who.of.first.composed:
            question.used.add(who.index)
            reading = replace(reading, metrics=rest)
    return _each_of_several(question, _of_what_kind(question, _only_whose(question, reading)))


def _only_whose(question: Question, reading: Reading) -> Reading:
    """ "Peachtree's restaurants", "our Northeast stores": whose numbers, and no split, unless they are listed."""
    if reading.limit or reading.order_by or reading.share or any(f.metric for f in reading.filters):
        return reading
    for found in question.find(r"(?P<v>V\d+) (?P<d>D\d+)"):
        value, kind = question[found["v"]], question[found["d"]]
        own, name = value.of.first.name, kind.of.first.name
        several = question.words(kind).lower().rstrip("?.!,").endswith("s")
        listed = question.has(
            rf"(?:which|what|by|per|each|every|list|compare) (?:of )?(?:the |our )*{value.name} {kind.name}"
        )
        if several and not listed and own in HOLDS and name in HOLDS[own] and reading.dimensions == (name,):
            question.used.add(kind.index)
            return replace(reading, dimensions=(), said=reading.said - {"dimensions"})
    return reading


HOLDS = {
    "franchise": ("location",),
    "region": ("location",),
    "country": ("location",),
    "brand": ("location",),
    "category": ("product",),
}
"""Kinds that hold others: a franchise's restaurants."""


GOOD = r"(?:better|worse|best|worst|good|bad|weak|weaker|weakest|strong|stronger|strongest|poor|poorer|poorest)"
FAST = r"(?:fastest|quickest|shortest|faster|quicker)(?! (?:growing|rising|falling|declining|shrinking|moving))"
SLOW = r"(?:slowest|longest|slower)(?! (?:growing|rising|falling|declining|shrinking|moving))"


CHEAPLY = (
    r"for (?:the )?(?:least|lowest|smallest|fewest) (?:amount of )?(?:money|costs?|spend|price|cash|dollars?|euros?)"
    r"|(?:most |more )cheaply|at the (?:lowest|smallest) (?:costs?|price)|(?:cheapest|least expensive) (?:way|source)"
)


def _of_what_kind(question: Question, reading: Reading) -> Reading:
    """ "Better leads" asks how good they are, "the slowest deals" how long they take: no counts of them."""
    if len(reading.metrics) != 1:
        return reading
    metric = reading.metrics[0]
    own = {s.index for s in question.symbols if s.kind in "MA" and s.of.first.name == metric}
    if metric == "leads" and any(question.has(rf"{GOOD} {s.name}") for s in question.of_kind("M")):
        question.used |= own
        return _instead(reading, "lead_score", None)
    if metric == "leads" and question.says(r"(?:their|its|the|average|avg|mean) scores?"):
        question.used |= own
        question.carried.append("scores?")
        if question.has(r"M\d+ (?:and|with|plus) (?:their|its|the) scores?"):
            return replace(reading, metrics=("leads", "lead_score"))
        return _instead(reading, "lead_score", None)
    cost = PER_ONE.get(("spend", metric))
    if cost and question.says(CHEAPLY):
        question.used |= own
        return _instead(reading, cost, "asc")
    if metric in TIME_OF and question.says(rf"{FAST}|{SLOW}"):
        question.used |= own
        return _instead(reading, TIME_OF[metric], "asc" if question.says(FAST) else "desc")
    return reading


def _instead(reading: Reading, metric: str, direction: str | None) -> Reading:
    order = reading.order_by and (metric, direction or reading.order_by[1])
    if order is None and direction and reading.dimensions:
        order = (metric, direction)
    return replace(reading, metrics=(metric,), order_by=order)


def _ranked_mails(question: Question, reading: Reading) -> Reading:
    """ "Which mails were the worst": split by mailing, in the order that is asked."""
    reading = replace(reading, dimensions=("campaign",), said=reading.said | {"dimensions"})
    found = ranking(question, Names(metrics=reading.metrics, dimensions=("campaign",)), reading.grain)
    if reading.order_by or found.direction is None:
        return reading
    said = reading.said | {"order"} | ({"limit"} if found.limit else set())
    return replace(reading, order_by=(found.by, found.direction), limit=found.limit, said=frozenset(said))


def _is_mail(question: Question) -> bool:
    """ "Which e-mail got the most clicks": the mailings themselves."""
    return any(
        question.has(rf"(?:which|what)(?: of)?(?: our| the)? {s.name}")
        and (s.of.first.name, s.of.first.value) == ("channel", "email")
        for s in question.of_kind("V")
    )


def _each_of_several(question: Question, reading: Reading) -> Reading:
    """ "Which webinars brought deals": a name that several have, asked by "which", is split by them."""
    for condition in reading.filters:
        if (
            condition.metric
            or condition.op != "in"
            or len(condition.values) < 2
            or condition.field in reading.dimensions
        ):
            continue
        for symbol in question.of_kind("V"):
            own = question.meant.get(symbol.index) or {(m.name, m.value) for m in symbol.of.meanings}
            said = question.has(rf"(?:which|what)(?: of)?(?: the| our| these)* {symbol.name}(?! D\d+)")
            if said and all((condition.field, v) in own for v in condition.values):
                dims = (*reading.dimensions, condition.field)
                reading = replace(reading, dimensions=dims, said=reading.said | {"dimensions"})
    return reading
