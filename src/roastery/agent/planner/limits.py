"""Limits on metrics: "CAC over $80", "did we reach 90k", "under 120 pounds a lead", "that leave less than 60%"."""

import re
from collections.abc import Mapping
from dataclasses import replace

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.named import COMPARATORS, EXCLUDING, Names
from roastery.agent.planner.quantities import ONE, PER_ONE, RATE_OF
from roastery.agent.planner.question import Question, Symbol, number_value
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.planner.reading import Filter
from roastery.agent.planner.vocabulary import MetricTerm

UNIT = r"(?: (?:dollars?|usd|bucks|euros?|eur|pounds?|gbp|quid|francs?|percent|x|times))?"
REACHED = (
    r"(?:A\d+ it (?:up |all the way )?to|(?:g[eo]t|gets|made|make|makes|c[oa]me|comes)(?: it| up| all the way)* to"
    r"|(?:hit|reach|meet|met|manage|achieve)\w*|arrived? at) (?:the |our |that |those |these |its |their |magic )*"
)
"""Verbs of getting to a number: at least that is what is asked."""
_LINK = (
    r"(?: (?:is|are|was|were|of|at|to|that is|that was|being|has been|had been|went|came in|comes in|stays|stayed"
    r"|ran|hits?|reach(?:ed)?|value|a))*"
)


INVERSE = {"gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt"}
_ROWS = r"(?:everything|anything|everyone|all|ones?|those|stuff|whatever|rows|D\d+)"
_WHOSE = (
    r"(?: (?:that|which|who|with|where|whose|having|has|have|had|is|are|was|were|got|made|brought|costs?"
    r"|costing|spent|get"
    r"|gets|sold|running|at|of|in|their|the|[MA]\d+))*"
)


def left_out_below(question: Question, op: str, number: str) -> str:
    """The sign of what stays: "drop everything with fewer than 10 leads" keeps those with 10 and more."""
    said = dict(COMPARATORS).get(op)
    if said is None or op not in INVERSE:
        return op
    out = (
        rf"{EXCLUDING} (?:(?:the|all|any|our|those|every|single|other) )*(?P<rows>{_ROWS}){_WHOSE} (?:{said}) {number}"
    )
    found = next(question.find(out), None)
    if found is None:
        return op
    if found["rows"][0] == "D":
        question.used.add(question[found["rows"]].index)
    question.carried.append(out)
    return INVERSE[op]


def limits_of(question: Question, found: Names, lexicon: Lexicon) -> list[Filter]:
    """The limits that stand beside a metric's name, or on the only metric that is asked."""
    limits = _Limits(question, lexicon.vocabulary.metrics)
    limits.per_one(found)
    limits.beside_metrics()
    limits.on_the_only(found)
    return [_of_ratio(f, found) for f in limits.filters]


class _Limits:
    """The limits of one question; no number is used by two."""

    def __init__(self, question: Question, known: Mapping[str, MetricTerm]) -> None:
        self.question = question
        self.known = known
        self.filters: list[Filter] = []
        self._taken: set[str] = set()

    def add(self, metric: str, op: str, *numbers: str) -> None:
        names_used = {n for n in numbers if n[0] == "N"}
        rate = metric.endswith(("_rate", "_coverage")) or metric in ("ctr", "nrr")
        whole = not rate and any(_shares_a_whole(self.question, self.question[n]) for n in names_used)
        if self._taken & names_used or whole:
            return
        self._taken.update(names_used)
        question = self.question
        question.used.update(question[n].index for n in numbers)
        values = tuple(format(number_value(question[n].of), "f") for n in numbers)
        sign = left_out_below(question, op, numbers[0]) if len(numbers) == 1 else op
        self.filters.append(Filter(metric, sign, values, True))

    def _name(self, symbol: str) -> str:
        return str(self.question[symbol].of.first.name)

    def per_one(self, found: Names) -> None:
        """ "Over 500 pounds a lead": the limit is on what one of them costs."""
        question = self.question
        for op, said in (*COMPARATORS, ("gte", REACHED)):
            pattern = rf"{said} ?(?P<n>N\d+){UNIT} (?:per|for|a|an|each)(?: {ONE})? (?:\w+ )?(?P<m>[MA]\d+)"
            for m in question.find(pattern):
                ratio = PER_ONE.get(("spend", self._name(m["m"])))
                if ratio is not None and ratio in (*found.metrics, *_costs(question, found)):
                    question.used.add(question[m["m"]].index)
                    self.add(ratio, op, m["n"])

    def beside_metrics(self) -> None:
        question = self.question
        for m in question.find(rf"(?P<m>[MA]\d+){_LINK} between (?P<a>N\d+){UNIT} and (?P<b>N\d+)"):
            self.add(self._name(m["m"]), "between", m["a"], m["b"])
        for op, said in COMPARATORS:
            for m in question.find(rf"(?P<m>[MA]\d+){_LINK} {said} (?:of )?(?P<n>N\d+){UNIT}"):
                counted = question.has(rf"{m['n']} (?:of |our |the |ad )*[M]\d+")
                if question[m["m"]].of.first.weak and counted:
                    # "Sold less than 20 pieces": the limit is on the pieces.
                    continue
                self.add(self._name(m["m"]), self._compared(self._name(m["m"]), op, m[0]), m["n"])
            for m in question.find(
                rf"{said} (?P<n>N\d+)(?P<unit>{UNIT})(?: (?:in|of|on|worth of|for|as))?(?: (?:total|our|the|ad|a))* "
                r"(?P<m>[MA]\d+)"
            ):
                term = self.known.get(self._name(m["m"]))
                if term is None or term.unit == "money" or not is_money("", m["unit"]):
                    self.add(self._name(m["m"]), self._compared(self._name(m["m"]), op, m[0]), m["n"])
        for m in question.find(rf"{REACHED}(?P<n>N\d+){UNIT}(?: (?:in|of|on))? (?P<m>[MA]\d+)"):
            self.add(self._name(m["m"]), "gte", m["n"])
        more, less = "more|above|higher|over", "less|below|lower|fewer|under"
        for m in question.find(rf"(?P<m>[MA]\d+) (?:of )?(?P<n>N\d+) (?:or|and) (?P<way>{more}|{less})"):
            self.add(self._name(m["m"]), "gte" if m["way"] in more.split("|") else "lte", m["n"])
        for m in question.find(r"(?P<n>N\d+) (?:or|and) (?P<way>more|less|fewer) (?P<m>[MA]\d+)"):
            self.add(self._name(m["m"]), "gte" if m["way"] == "more" else "lte", m["n"])
        for m in question.find(r"(?P<m>[MA]\d+) (?:of |was |is )*(?P<n>N\d+) or (?P<way>better|worse)"):
            self.add(self._name(m["m"]), self._judged(self._name(m["m"]), m["way"], "e"), m["n"])
        for m in question.find(r"(?:with )?(?:no|zero|without(?: any)?) (?P<m>M\d+)"):
            if question.of_kind("D"):
                self.filters.append(Filter(self._name(m["m"]), "eq", ("0",), True))

    def _compared(self, metric: str, op: str, said: str) -> str:
        """The sign of a comparison; "better than 80" is less where less is better."""
        way = next((w for w in ("better", "worse") if f"{w} than" in said), "")
        return self._judged(metric, way) if way else op

    def _judged(self, metric: str, way: str, ending: str = "") -> str:
        less = metric in LESS_IS_BETTER
        return ("lt" if (way == "worse") != less else "gt") + ending

    def on_the_only(self, found: Names) -> None:
        """ "Was ROAS at LinkedIn better than 3", "does a lead cost us over 60": the limit of the one number asked."""
        question = self.question
        made = any(s.of.first.composed for s in question.of_kind("M"))
        if len(found.metrics) != 1 or not (made or YES_OR_NO.search(question.plain)):
            return
        for op, said in (("better", "better than"), ("worse", "worse than"), *COMPARATORS, ("gte", REACHED)):
            for m in question.find(rf"{said} ?(?:of )?(?P<n>N\d+)(?P<unit>{UNIT})(?! {OTHER})"):
                symbol, metric = question[m["n"]], found.metrics[0]
                if is_money(str(symbol.of), m["unit"]):
                    # "Enquiries that cost over 40 euro": money limits what one costs.
                    metric = PER_ONE.get(("spend", metric), metric)
                    term = self.known.get(metric)
                    if term is None or term.unit != "money":
                        continue
                if symbol.index not in question.used:
                    self.add(metric, op if len(op) < 4 else self._judged(metric, op), m["n"])


YES_OR_NO = re.compile(
    r"(?:^|[,.;:?!-] )(?:(?:and|so|but|ok|hey|hi) )*(?:is|are|was|were|did|does|do|has|have|had|will|can)(?![^ ])"
)
OTHER = r"(?:D\d+|M\d+|A\d+|days?(?![^ ])|weeks?|months?|hours?|years?)"
"""After a number, what it counts instead."""


def is_money(said: str, unit: str) -> bool:
    """ "$500", "40 euro"."""
    return said.startswith(("$", "€", "£")) or unit.strip() not in ("", "percent", "x", "times")


def reached_money(question: Question) -> Filter | None:
    """ "Did we get to the 90k", without a number's name: money that a company reaches is its revenue."""
    for m in question.find(rf"{REACHED}(?P<n>N\d+)(?P<unit>{UNIT})(?! [MADV]\d+)"):
        symbol = question[m["n"]]
        said = str(symbol.of)
        money = is_money(said, m["unit"]) or said[-1:] in "km" or said.endswith("bn")
        if money and symbol.index not in question.used:
            question.used.add(symbol.index)
            question.used.update(s.index for s in question.of_kind("A") if s.of.first.weak)
            return Filter("revenue", "gte", (format(number_value(symbol.of), "f"),), True)
    return None


def _shares_a_whole(question: Question, symbol: Symbol) -> bool:
    """ "More than 3% of orders" is a share of them, no limit on their number."""
    return str(symbol.of).endswith("%") and question.has(rf"{symbol.name} of")


def of_a_whole(question: Question) -> bool:
    """Whether it is asked if something makes up so many percent of something: a share with its limit."""
    whole = r"of (?:our |the |all |total |P\d+ )*(?:P\d+ )?[MA]\d+"
    found = [s for s in question.of_kind("N") if str(s.of).endswith("%") and question.has(rf"{s.name} {whole}")]
    found = [s for s in found if s.index not in question.used]
    question.used.update(s.index for s in found)
    return bool(found)


def _costs(question: Question, found: Names) -> list[str]:
    """What one of the things asked costs, where an amount of money stands before "a lead"."""
    return [PER_ONE["spend", m] for m in found.metrics if ("spend", m) in PER_ONE]


def with_costs(found: Names, limits: list[Filter]) -> Names:
    """The names with the cost of one in the place of a count that is limited by money: "over 500 pounds a lead"."""
    fields = {f.field for f in limits}
    swaps = {m: PER_ONE["spend", m] for m in found.metrics if PER_ONE.get(("spend", m), "") in fields}
    metrics = tuple(dict.fromkeys(swaps.get(m, m) for m in found.metrics))
    if swaps and "spend" in metrics and len(metrics) > 1:
        metrics = tuple(m for m in metrics if m != "spend")
    return replace(found, metrics=metrics)


def _of_ratio(limit: Filter, found: Names) -> Filter:
    """ "Pay over $90 for an enquiry": the limit is on what one costs, not on the sum."""
    if RATE_OF.get(limit.field) in found.metrics and limit.field not in found.metrics:
        return replace(limit, field=RATE_OF[limit.field])
    for (above, below), ratio in PER_ONE.items():
        if ratio in found.metrics and limit.field in (above, below) and limit.field not in found.metrics:
            return replace(limit, field=ratio)
    return limit


MEDIA = frozenset({"campaign", "ad_group", "ad", "keyword", "platform", "account", "audience", "asset", "objective"})


def money_limits(question: Question, found: Names) -> list[Filter]:
    """ "Keywords over 200 bucks", "stores under $3,000": money alone is spend where ads are listed, else revenue."""
    if not question.of_kind("D"):
        return []
    kinds = {m.name for s in question.of_kind("D") for m in s.of.meanings}
    metric = "spend" if kinds & MEDIA else "revenue"
    filters: list[Filter] = []
    for op, said in COMPARATORS:
        for m in question.find(rf"D\d+ (?:\S+ ){{0,4}}?{said} (?P<n>N\d+)(?P<unit>{UNIT})"):
            symbol = question[m["n"]]
            money = (
                str(symbol.of)[:1] in "$€£"
                or str(symbol.of)[-1:] in "km"
                or re.search(r"dollar|usd|buck|eur|pound|gbp|quid|franc", m["unit"])
            )
            if money and symbol.index not in question.used:
                question.used.add(symbol.index)
                one = next(question.find(rf"{symbol.name}{UNIT} (?:for|per|on) (?:{ONE} )?(?P<of>[MA]\d+)"), None)
                if one and (ratio := PER_ONE.get(("spend", question[one["of"]].of.first.name))):
                    metric = ratio
                filters.append(Filter(metric, op, (format(number_value(symbol.of), "f"),), True))
    return filters
