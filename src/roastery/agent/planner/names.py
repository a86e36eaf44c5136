"""Metrics, splits and filters of a question, out of its line of symbols."""

import re
from dataclasses import dataclass, replace

from roastery.agent.planner.lexicon import Lexicon, Meaning
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, Symbol, number_value
from roastery.agent.planner.reading import Filter
from roastery.agent.render import name_text

EXCLUDING = pattern("excluding")
OVER = pattern("over")
AT_LEAST = pattern("at_least")
UNDER = pattern("under")
AT_MOST = pattern("at_most")
COMPARATORS = (("gt", OVER), ("gte", AT_LEAST), ("lt", UNDER), ("lte", AT_MOST))
_UNIT = r"(?: (?:dollars?|usd|bucks|euros?|eur|pounds?|gbp|percent|x|times))?"
_LIST = r"(?:(?:[VX]\d+)(?:(?: ,)?(?: and| or| nor| ,| &)? (?:the )?(?:[VX]\d+))*)"


@dataclass(frozen=True)
class Names:
    """What a question is about. doubtful: a phrase whose readings would give different answers."""

    metrics: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    focus: tuple[tuple[str, str], ...] = ()
    assumptions: tuple[str, ...] = ()
    doubtful: tuple[Symbol, Meaning] | None = None
    missing: tuple[Symbol, Meaning] | None = None
    order_metric: str | None = None
    several: tuple[Symbol, ...] = ()


def names(question: Question, lexicon: Lexicon) -> Names:
    found = _metrics(question, lexicon)
    return _filters(question, lexicon, _dimensions(question, found, lexicon))


def _metrics(question: Question, lexicon: Lexicon) -> Names:
    """Metrics in the order in which they are named; one that follows "by" is what is ranked by."""
    metrics: list[str] = []
    assumptions: list[str] = []
    doubtful = missing = None
    order_metric = None
    firm = bool(question.of_kind("M"))
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
        if symbol.kind == "A":
            if firm and (meaning.weak or _beside_metric(question, symbol)):
                question.used.add(symbol.index)
                continue
            if meaning.ask:
                doubtful = doubtful or (symbol, meaning)
            said = question.words(symbol)
            if said.lower().replace(" ", "_") != name and not meaning.weak:
                assumptions.append(f"“{said}” is read as {_title(lexicon, name)}")
        elif name == "new_customers" and _qualifies_customers(question, symbol):
            continue
        elif name in NET_OF and _is_taken_off(question, symbol):
            assumptions.append(
                f"{_title(lexicon, 'revenue')} is after refunds and discounts and without tax and shipping"
            )
            continue
        elif name == "customers" and firm and _only_says_whose(question, symbol):
            continue
        elif name == "customers" and "new_customers" in lexicon.vocabulary.metrics and _acquired(question):
            name = "new_customers"
        if (
            name == "cac"
            and "paid_cac" in lexicon.vocabulary.metrics
            and question.has(r"(?:paid only|only paid|on paid|paid(?= M\d+)|from paid)")
        ):
            name = "paid_cac"
        if _is_bare_by(question, symbol):
            order_metric = order_metric or name
        if name not in metrics:
            metrics.append(name)
    metrics = _said_otherwise(question, metrics, lexicon)
    if order_metric in metrics:
        metrics = [order_metric, *(m for m in metrics if m != order_metric)]
    return Names(
        metrics=tuple(metrics),
        assumptions=tuple(assumptions),
        doubtful=doubtful,
        missing=missing,
        order_metric=order_metric,
    )


SAID_OTHERWISE = (
    (
        "cac",
        {"new_customers", "spend", "customers"},
        r"(?:pa(?:y|id|ying)|costs?|spen[dt]|cheap\w*|expensive\w*) .*(?:acquir\w+|to get|to win) .*customers?",
    ),
    (
        "cac",
        {"new_customers", "spend", "customers"},
        r"(?:acquir\w+|getting|winning) .*customers? .*(?:cheap\w*|expensive\w*|cost\w*)",
    ),
    (
        "aov",
        {"customers", "spend", "revenue", "orders"},
        (
            r"(?:customers?|people|shoppers?|buyers?|they) .*(?:spen[dt]|pa(?:y|id)) .*per (?:order|purchase|basket"
            r"|transaction)"
        ),
    ),
)
"""Metrics asked without their name: what they are said with, and the pattern over the plain words."""


def _said_otherwise(question: Question, metrics: list[str], lexicon: Lexicon) -> list[str]:
    for name, parts, said in SAID_OTHERWISE:
        if name in lexicon.vocabulary.metrics and set(metrics) <= parts and any(question.find(said, question.plain)):
            return [name]
    both = question.has(r"attributed (?:vs|versus|and|or|against|compared (?:to|with)) M\d+")
    if both and metrics[:1] == ["unattributed_revenue"]:
        return ["attributed_revenue", *metrics]
    return metrics


def _title(lexicon: Lexicon, metric: str) -> str:
    term = lexicon.vocabulary.metrics.get(metric)
    return (term.title if term else "") or metric.replace("_", " ")


def _beside_metric(question: Question, symbol: Symbol) -> bool:
    """A word such as "sales" or "conversion" inside or next to another metric's name adds nothing."""
    return question.has(
        rf"{symbol.name} (?:M\d+)|M\d+ {symbol.name}|M\d+ (?:on|of|for|from|in|per) (?:our |the |my )?{symbol.name}"
    )


def _qualifies_customers(question: Question, symbol: Symbol) -> bool:
    """ "Revenue from new customers" filters another metric by who bought."""
    others = [s for s in question.of_kind("M") if s.index != symbol.index and s.of.first.name != "new_customers"]
    return bool(others) and question.has(
        rf"(?:from|of|for|among|made by|generated by|spent by|M\d+ by) (?:our |the |all |only |just )*{symbol.name}"
    )


NET_OF = frozenset({"refunds", "discounts", "tax", "shipping_revenue", "shipping_cost", "fees"})
"""What revenue is already without, so that "revenue without tax" asks for revenue."""


def name_of(meaning: Meaning) -> str:
    return meaning.name


def _is_taken_off(question: Question, symbol: Symbol) -> bool:
    """ "Revenue excluding refunds", "net of discounts": not a second metric."""
    revenue = any(s.of.first.name in ("revenue", "attributed_revenue") for s in question.of_kind("M"))
    off = rf"(?:after|net of|less|minus|{EXCLUDING}) (?:all |any |the )*(?:[MX]\d+ (?:and|or|,) )*{symbol.name}"
    return revenue and question.has(off)


def _splits(lexicon: Lexicon, found: Names, dimension: str) -> bool:
    """Whether every metric of the question can be narrowed by a dimension."""
    known = lexicon.vocabulary.metrics
    return dimension in lexicon.vocabulary.dimensions and all(
        known[m].splits_by(dimension) for m in found.metrics if m in known
    )


EMAIL = word_set("email_metrics")


def _is_idle_value(meaning: Meaning, found: Names) -> bool:
    """ "Open rate of emails": the metric is about e-mail already."""
    return (
        meaning.name == "channel"
        and meaning.value == "email"
        and bool(found.metrics)
        and EMAIL.issuperset(found.metrics)
    )


def _only_says_whose(question: Question, symbol: Symbol) -> bool:
    """ "LTV of customers": the word says whose number it is."""
    return question.has(
        rf"M\d+ (?:of|from|for|per|by|among) (?:our |the |all |each |every )*{symbol.name}|[DV]\d+ {symbol.name}"
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


def _dimensions(question: Question, found: Names, lexicon: Lexicon) -> Names:
    dims: list[str] = []
    several: list[Symbol] = []
    for symbol in question.of_kind("D"):
        name = symbol.of.first.name
        if _belongs_to_value(question, symbol) or _is_total(question, symbol) or _only_says_where(question, symbol):
            question.used.add(symbol.index)
            continue
        several.append(symbol)
        if name not in dims:
            dims.append(name)
    return replace(found, dimensions=tuple(dims), several=tuple(several))


def _belongs_to_value(question: Question, symbol: Symbol) -> bool:
    """ "The Spring Sale campaign", "campaign Spring Sale", "the email channel": the word only says what the name is."""
    name = symbol.of.first.name
    for value in question.of_kind("V"):
        kinds = {m.name for m in value.of.meanings}
        if name not in kinds and not (
            name in ("campaign", "ad", "account", "platform", "channel", "country")
            and kinds & {"platform", "channel", "country"}
        ):
            continue
        before = question.has(
            rf"(?:campaigns?|{symbol.name}) (?:called |named |like |containing |with the name )?{value.name}"
        )
        singular = not question.words(symbol).lower().endswith("s") or name in kinds
        if name in kinds and (question.has(rf"{value.name} {symbol.name}") or before):
            return True
        if name not in kinds and singular and question.has(rf"{value.name} {symbol.name}") and name != "campaign":
            return True
    return False


def _only_says_where(question: Question, symbol: Symbol) -> bool:
    """ "Spend on ads", "what our ads cost": the word says what kind of money it is, not how to split it."""
    if question.words(symbol).lower() not in ("ads", "ad"):
        return False
    asked = question.has(
        rf"(?:by|per|each|every|which|what|top|best|worst|bottom|across) (?:\w+ |N\d+ )?{symbol.name}|{symbol.name} "
        rf"(?:with|by|that|which)"
    )
    return not asked


def _is_total(question: Question, symbol: Symbol) -> bool:
    """ "Total spend across all platforms" is not split."""
    across = question.has(
        rf"(?:across|over|for|on|from|of|in) (?:all|every|the entire|all of|all the|all our|all of our|the whole) "
        rf"(?:of )?(?:the |our )?{symbol.name}"
    )
    return across and question.has(r"(?:total|overall|combined|altogether|blended|in total|sum|all together|together)")


# ------------------------------------------------------------------ filters


def _filters(question: Question, lexicon: Lexicon, found: Names) -> Names:
    thresholds = _thresholds(question, found)
    excluded = {
        n
        for m in question.find(rf"{EXCLUDING} (?:for )?(?:the |all |our |any )*(?:D\d+ )?(?P<list>{_LIST})")
        for n in re.findall(r"V\d+", m["list"])
    }
    values: dict[tuple[str, str], list[Meaning]] = {}
    assumptions = list(found.assumptions)
    focus: list[tuple[str, str]] = []
    for symbol in question.of_kind("V"):
        meanings, note = _which(question, symbol, found)
        if note:
            assumptions.append(note)
        op = "not_in" if symbol.name in excluded else "in"
        for meaning in meanings:
            if _is_idle_value(meaning, found):
                continue
            values.setdefault((meaning.name, op), []).append(meaning)
            if op == "in":
                focus.append((meaning.name, meaning.value))
    for symbol in question.of_kind("M"):
        if (
            symbol.of.first.name == "new_customers"
            and _qualifies_customers(question, symbol)
            and _splits(lexicon, found, "customer_type")
        ):
            values.setdefault(("customer_type", "in"), []).append(
                Meaning("value", "customer_type", "new", "new customers")
            )
    dims = list(found.dimensions)
    filters: list[Filter] = []
    for (dimension, op), named in values.items():
        unique = {m.value: m for m in named}
        filters.append(Filter(dimension, op, tuple(unique), False, tuple(m.label for m in unique.values())))
        side_by_side = op == "in" and len(unique) > 1 and _side_by_side(question)
        if side_by_side and dimension not in dims:
            dims.append(dimension)
    return replace(
        found,
        dimensions=tuple(dims),
        filters=(*filters, *thresholds),
        focus=tuple(focus),
        assumptions=tuple(assumptions),
    )


def _which(question: Question, symbol: Symbol, found: Names) -> tuple[tuple[Meaning, ...], str | None]:
    """The values that a name stands for, with a sentence where it could stand for others too."""
    meanings = [m for m in symbol.of.meanings if m.kind == "value"]
    kinds = {d.of.first.name for d in question.of_kind("D") if d.index in question.used}
    meant = [m for m in meanings if m.name in kinds] or meanings
    if symbol.of.partial:
        first = meant[0].name
        same = tuple(m for m in meant if m.name == first)
        said = name_text(question.words(symbol))
        if len(same) == 1:
            return same, f"“{said}” is read as the {first.replace('_', ' ')} {name_text(same[0].label)}"
        return same, f"“{said}” is read as the {len(same)} {plural(first)} whose name contains it"
    return (meant[0],), None


def plural(dimension: str) -> str:
    word = dimension.replace("_", " ")
    if word.endswith("y"):
        return word[:-1] + "ies"
    return word if word.endswith("s") else word + "s"


def _side_by_side(question: Question) -> bool:
    """Several names of one kind stand beside each other unless they are to be added up."""
    return not question.has(r"(?:combined|together|in total|altogether|sum|summed|added up|overall|total)")


def _thresholds(question: Question, found: Names) -> list[Filter]:
    """ "CAC over $80", "more than 500 orders", "ROAS between 2 and 3", "no spend"."""
    filters: list[Filter] = []
    taken: set[str] = set()

    def add(metric: str, op: str, *numbers: str) -> None:
        names_used = {n for n in numbers if n[0] == "N"}
        if taken & names_used:
            return
        taken.update(names_used)
        symbol = question[metric]
        question.used.update(question[n].index for n in numbers)
        values = tuple(format(number_value(question[n].of), "f") for n in numbers)
        filters.append(Filter(symbol.of.first.name, op, values, True))

    link = (
        r"(?: (?:is|are|was|were|of|at|that is|that was|being|has been|had been|went|came in|comes in|stays|stayed"
        r"|ran|hits?|reach(?:ed)?|value|a))*"
    )
    for m in question.find(rf"(?P<m>[MA]\d+){link} between (?P<a>N\d+){_UNIT} and (?P<b>N\d+)"):
        add(m["m"], "between", m["a"], m["b"])
    for op, said in COMPARATORS:
        for m in question.find(rf"(?P<m>[MA]\d+){link} {said} (?:of )?(?P<n>N\d+){_UNIT}"):
            add(m["m"], op, m["n"])
        for m in question.find(
            rf"{said} (?P<n>N\d+){_UNIT}(?: (?:in|of|on|worth of|for|as))?(?: (?:total|our|the|ad|a))* (?P<m>[MA]\d+)"
        ):
            add(m["m"], op, m["n"])
    for m in question.find(
        r"(?P<m>[MA]\d+) (?:of )?(?P<n>N\d+) (?:or|and) (?P<way>more|above|higher|over|less|below|lower|fewer|under)"
    ):
        add(m["m"], "gte" if m["way"] in ("more", "above", "higher", "over") else "lte", m["n"])
    for m in question.find(r"(?P<n>N\d+) (?:or|and) (?P<way>more|less|fewer) (?P<m>[MA]\d+)"):
        add(m["m"], "gte" if m["way"] == "more" else "lte", m["n"])
    for m in question.find(r"(?:with )?(?:no|zero|without(?: any)?) (?P<m>M\d+)"):
        if question.of_kind("D"):
            filters.append(Filter(question[m["m"]].of.first.name, "eq", ("0",), True))
    return filters
