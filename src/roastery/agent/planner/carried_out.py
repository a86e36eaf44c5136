"""Names, periods and exclusions of a question that its reading does not carry out: asked about, never dropped.

Words without a symbol are looked at in leftover.py; here are the symbols themselves. A symbol is carried out when what
it means stands in the reading, or when whoever set it aside for a reason has marked it as used.
"""

from collections.abc import Iterator

from roastery.agent.planner.dates import Days
from roastery.agent.planner.guard import PERSONAL
from roastery.agent.planner.named import EXCLUDING, by_verb
from roastery.agent.planner.quantities import of_another_kind
from roastery.agent.planner.question import Question, Symbol
from roastery.agent.planner.reading import PLAIN, Reading, reading_json
from roastery.agent.render import name_text

PEOPLE = frozenset({"customers", "active_customers", "new_customers", "leads", "active_subscriptions"})
NO_METRICS = frozenset({"assets", "ltv", "budget", "attribution", "models", "journeys", "reconcile", "schedule"})
"""Readings whose tool has its own measure; the metrics said only tell the question away."""
NO_NAMES = frozenset({"describe", "health", "values", "schedule", "alert"})
SMALL = r"(?:the |our |all |any |my |from |for |in |on |at |of |via |to |with |counting |including |include )*"
WITHOUT = r"(?:without|excluding|exclude|excl|except(?: for)?|minus|other than|not counting|not including|leaving out)"
EXCLUSIVE = frozenset({"not_in", "ne", "is_null"})
AFTERWARDS = (
    r"(?:D\d+ |M\d+ )?(?:is |are |was |were |being )?"
    r"(?:not (?:counted|included|in it|wanted)|excluded|left out|left aside|removed|out(?= |$)(?! of))"
)


def dropped(question: Question, reading: Reading) -> Iterator[Symbol]:
    """Metrics and names that nothing of the reading uses, in the order in which they were said."""
    metrics = {*reading.metrics, *(f.field for f in reading.filters if f.metric)}
    names = {(f.field, v) for f in reading.filters if not f.metric for v in f.values} | set(reading.focus)
    fields = {f.field for f in reading.filters if not f.metric} | set(reading.dimensions)
    for symbol in question.symbols:
        if symbol.index in question.used:
            continue
        meanings = symbol.of.meanings if symbol.kind in "MAVD" else ()
        if symbol.kind in "MA" and reading.intent not in NO_METRICS | {"values", "health"}:
            meant = {n for m in meanings for n in (m.name, *m.readings)}
            as_name = any((m.name, m.value) in names for m in meanings)
            if as_name or any(m.weak for m in meanings) or not metrics or meant & _wide(metrics):
                continue
            yield symbol
        elif symbol.kind == "V" and reading.intent not in NO_NAMES:
            meant_names = question.meant.get(symbol.index) or {(m.name, m.value) for m in meanings}
            if meant_names & names or any(field in fields for field, _ in meant_names):
                continue
            yield symbol


def _wide(metrics: set[str]) -> set[str]:
    """Metrics with what they are credited or claimed for: attributed revenue carries out a question about revenue."""
    found = set(metrics)
    for name in metrics:
        for part in ("attributed_", "paid_", "reported_", "asset_", "email_", "qualified_", "churned_", "online_"):
            found.add(name.removeprefix(part))
    return found | {w for name in metrics for w in KIN.get(name, ())}


KIN: dict[str, tuple[str, ...]] = {
    "attributed_revenue": ("revenue", "gross_revenue"),
    "attributed_orders": ("orders",),
    "roas": ("revenue", "spend", "mer"),
    "new_customers": ("customers",),
    "email_click_rate": ("ctr",),
    "reported_conversion_value": ("revenue", "attributed_revenue"),
    "reported_roas": ("roas",),
}


def unsaid_exclusion(question: Question, reading: Reading) -> Symbol | None:
    """What the question leaves out and the reading does not."""
    if any(f.op in EXCLUSIVE or (f.metric and f.values == ("0",)) for f in reading.filters):
        return None
    for said in (
        rf"{EXCLUDING} {SMALL}(?:D\d+ )?(?P<s>[VDX]\d+)",
        rf"{WITHOUT} {SMALL}(?P<s>M\d+)",
        rf"(?P<s>[VD]\d+) {AFTERWARDS}",
        rf"(?:leave|leaving|take|taking|keep|keeping|set|throw|cut) {SMALL}(?P<s>[VD]\d+) (?:D\d+ )?(?:out|off|aside)",
    ):
        for found in question.find(said):
            symbol = question[found["s"]]
            if symbol.index not in question.used:
                return symbol
    return None


SPLITTING = r"(?:by|per|each|every|for each|for every|which|what|across all|between)"


def _unsplit(question: Question, reading: Reading) -> Symbol | None:
    """A kind that the question splits by and the reading does not: "return rate for every product"."""
    fields = {f.field for f in reading.filters} | set(reading.dimensions)
    for found in question.find(rf"{SPLITTING} (?:single |of |the |our |all |\w+ed )*(?P<s>D\d+)"):
        symbol = question[found["s"]]
        meant = {m.name for m in symbol.of.meanings}
        if symbol.index not in question.used and not meant & fields and meant & SPLIT_BY:
            return symbol
    return None


def _points_at_no(question: Question, reading: Reading) -> Symbol | None:
    """ "That campaign", where the reading is narrowed to none."""
    fields = {f.field for f in reading.filters if not f.metric}
    for found in question.find(r"(?:that|this|the same|said) (?P<s>D\d+)"):
        symbol = question[found["s"]]
        one = not question.words(symbol).lower().rstrip("?.!,").endswith("s")
        if one and symbol.of.first.name in POINTED_AT and not {m.name for m in symbol.of.meanings} & fields:
            return symbol
    return None


STILL = (
    r"(?:still|remain\w*|stayed) (?:with us|here|there|around|active|subscribed|on board|members?|customers?|clients?"
    r"|paying|buying|with you)|(?:have |has )?(?:stayed|stuck) (?:with us|around)"
)


def _asks_who_stayed(question: Question, reading: Reading) -> bool:
    """ "How many of the January members are still with us": no count of January."""
    people = bool(reading.metrics) and PEOPLE.issuperset(reading.metrics)
    return people and reading.intent in PLAIN and "period" in reading.said and question.says(STILL)


def _is_said_again(question: Question, symbol: Symbol) -> bool:
    """Whether the metric of this symbol stands elsewhere in the question too, so that this word is but a part of it."""
    return any(s.index != symbol.index and s.of.first.name == symbol.of.first.name for s in question.of_kind("M"))


POINTED_AT = frozenset(["campaign", "ad_group", "ad", "product", "location", "keyword", "asset", "page", "platform"])


SPLIT_BY = frozenset(
    ["campaign", "product", "category", "page", "keyword", "location", "region", "country", "plan", "platform"]
)
"""Kinds that stand for nothing else; a word such as "customers", "owner" or "service" often does."""


def further_periods(question: Question, reading: Reading) -> list[Symbol]:
    """Periods beyond the one that is read and the one that it is compared with."""
    if reading.period is None:
        return []
    read = [s for s in question.of_kind("P") if s.of.days is not None and s.index not in question.used]
    spans = {(s.of.days.start, s.of.days.end): s for s in read}
    if len(spans) <= 1 + (reading.compare is not None):
        return []
    first, last = min(a for a, _ in spans), max(b for _, b in spans)
    if (first, last) == (reading.period.start, reading.period.end):
        return []
    return list(spans.values())


NUMBERS_ASKED = r"how (?:many|much)|what (?:did|do|does) (?:it|they|we|these|those) (?!think|say|do|know|mean)"


def not_carried_out(question: Question, reading: Reading) -> Reading | None:
    """The question back about what was named and is not used, or None."""
    if reading.intent in ("clarify", "refuse", "describe", "health", "values", "schedule"):
        return None
    kept = {"slot": "rest", "reading": reading_json(reading)}
    if symbol := unsaid_exclusion(question, reading):
        said = name_text(question.words(symbol))
        return Reading(
            "clarify",
            message=f"Should “{said}” be left out? I could not tell what of it; say for example “without {said}” with "
            f"its full name.",
            pending=kept,
        )
    if reading.intent in PLAIN and (symbol := _points_at_no(question, reading)):
        kind = symbol.of.first.name.replace("_", " ")
        return Reading("clarify", message=f"Which {kind} do you mean? Give its name.", pending=kept)
    for found in question.find(r"V\d+ (?:or|vs|versus|against|and) (?:the |our )*(?P<m>M\d+)"):
        symbol = question[found["m"]]
        if symbol.of.first.composed and _is_said_again(question, symbol):
            said = name_text(question.words(symbol))
            return Reading("clarify", message=f"What do you mean by “{said}” beside the other name?", pending=kept)
    if _asks_who_stayed(question, reading):
        return Reading(
            "clarify",
            message="You ask who is still there of those who came at a time. I count who there was in a period; do you "
            "mean that, or how many stayed (retention by the month in which they came)?",
            pending=kept,
        )
    own_name = next(question.find(r"(?:our|your|its|their|the) own (?:brand )?name", question.plain), None)
    if own_name and not {"campaign", "keyword", "ad_group", "brand"} & {f.field for f in reading.filters}:
        return Reading(
            "clarify",
            message=f"Which campaigns run on “{own_name[0]}”? Name them, or say for example “brand search”.",
            pending=kept,
        )
    if reading.intent in PLAIN and (symbol := _unsplit(question, reading)):
        said = name_text(question.words(symbol))
        return Reading("clarify", message=f"Should it be split by “{said}”, or narrowed to one?", pending=kept)
    periods = [] if reading.intent in ("ltv", "forecast", "alert") else further_periods(question, reading)
    if periods:
        said = " and ".join(f"“{name_text(question.words(s))}”" for s in periods[:3])
        return Reading(
            "clarify",
            message=f"Which period do you mean: {said}? I can answer for one, or compare two (“… compared with …”).",
            pending=kept,
        )
    if isinstance(reading.compare, Days) and reading.period is not None and question.says("average|avg|mean|typical"):
        long, short = reading.compare.end - reading.compare.start, reading.period.end - reading.period.start
        if long > 1.4 * short or short > 1.4 * long:
            return Reading(
                "clarify",
                message="I compare sums and rates of two periods, not with the average of several. Shall I show the "
                "months side by side, or compare with one of them?",
                pending=kept,
            )
    if (
        reading.intent in PLAIN
        and not reading.grain
        and question.has(r"^(?:and |so |ok )?when (?:was|were|did|do|does|is|have|had)(?: .*)?")
    ):
        return Reading(
            "clarify",
            message="You ask when. I can show it by day, week or month, so that the day stands out; which one?",
            options=("By day", "By week", "By month"),
            pending=kept,
        )
    if reading.limit and reading.intent == "query" and not reading.dimensions and not reading.grain:
        if PEOPLE.intersection(s.of.first.name for s in question.of_kind("M")):
            return Reading("refuse", message=PERSONAL)
        return Reading(
            "clarify",
            message=f"The first {reading.limit} of what: campaigns, products, days, or something else?",
            pending=kept,
        )
    if reading.intent in ("query", "compare", "explain") and (asked := of_another_kind(question, reading.metrics)):
        return Reading(
            "clarify",
            message=f"You ask “{asked}”, and none of the numbers that I understood is a length of time. Which one"
            f" do you "
            f"mean: how long deals take to close, orders to arrive, tickets to be answered?",
            pending=kept,
        )
    listed = question.has(r"M\d+ M\d+ (?:and|&|\+) M\d+")
    for found in () if listed else question.find(r"(?P<a>M\d+) (?P<b>M\d+)"):
        both = {question[found[x]].of.first.name for x in "ab"}
        if (
            len(both) == 2
            and both <= set(reading.metrics)
            and not {question[found[x]].index for x in "ab"} & question.used
            and not any(by_verb(question, question[found[x]]) for x in "ab")
        ):
            said = f"{question.words(question[found['a']])} {question.words(question[found['b']])}"
            return Reading(
                "clarify",
                message=f"I know no number called “{said}”. Do you mean one of the two, or both?",
                pending=kept,
            )
    asked = len(list(question.find(NUMBERS_ASKED, question.plain)))
    several = reading.dimensions or any(len(f.values) > 1 for f in reading.filters if not f.metric)
    if reading.intent in PLAIN and asked > max(1, len(reading.metrics)) and not several:
        titles = " and ".join(m.replace("_", " ") for m in reading.metrics)
        return Reading(
            "clarify",
            message=f"You ask for {asked} numbers, and I understood only {titles}. What is the other one?",
            pending=kept,
        )
    if symbol := next(iter(dropped(question, reading)), None):
        said = name_text(question.words(symbol))
        return Reading(
            "clarify",
            message=f"I could not tell what “{said}” has to do with the rest of the question. Is it to be narrowed to, "
            f"split by, or a number of its own?",
            pending=kept,
        )
    return None
