"""Questions that are not about numbers of a period: definitions, data health, lists of names, what other tools do."""

import re
from dataclasses import replace

from roastery.agent.planner.guard import ABLE, ABLE_TO_ACT, no_data_on
from roastery.agent.planner.leftover import accounted
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import function_words, words
from roastery.agent.planner.named import by_verb
from roastery.agent.planner.necessary import may_match, needed_by_any
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, Symbol
from roastery.agent.planner.ranking import BEST, HIGH, LOW, WORST
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.tokens import phrase, stem

HELLO = "Hello."


def intent(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """The same reading, turned into another intent where the words ask for one."""
    if refused := _not_computed(question, reading):
        return refused
    said_hello = re.fullmatch(pattern("greeting"), question.plain.strip(" !.?,"))
    if said_hello and not question.symbols and not reading.metrics:
        return Reading("clarify", message=f"{HELLO} {ABLE} What would you like to know?")
    if _asks_health(question, reading):
        return Reading("health")
    if _asks_definition(question, reading):
        credit = ("attributed_revenue",) if question.says(pattern("asks_how_credit_works")) else ()
        return Reading("describe", metrics=qualified(question, _said_by_name(question, reading)) or credit)
    if not reading.metrics and question.has(pattern("asks_meaning")) and (named := _by_title(question, lexicon)):
        return Reading("describe", metrics=named)
    if listed := _asks_list(question, reading):
        return listed
    return reading


def _said_by_name(question: Question, reading: Reading) -> Reading:
    """ "What goes into cost per booking": a verb that could be a metric beside one that is named."""
    marks = [*question.of_kind("M"), *question.of_kind("A")]
    verbs = {s.of.first.name for s in marks if by_verb(question, s)}
    named = tuple(m for m in reading.metrics if m not in verbs)
    return replace(reading, metrics=named) if named else reading


def qualified(question: Question, reading: Reading) -> tuple[str, ...]:
    """ "When does a lead count as qualified" is about qualified leads."""
    if reading.metrics == ("leads",) and question.says("qualif\\w+"):
        return ("qualified_leads",)
    return reading.metrics


COUNTED_AS = r"(?:count|treat|see|class|regard|take|consider)\w* (?:as |to be )?(?:an? |the )\w+(?: .*)?"
"""What something is counted as: "what do you count as an order"."""


def _by_title(question: Question, lexicon: Lexicon) -> tuple[str, ...]:
    """ "What counts as qualified": the metrics whose title has a word of the question that is no everyday word."""
    said = {stem(t.word) for t in question.tokens if t.word.isalpha()}
    said -= accounted("empty") | accounted("asking") | accounted("period") | accounted("averaging")
    if len(question.tokens) > 10:
        return ()
    whole = [t.name for t in lexicon.vocabulary.metrics.values() if (own := phrase(t.title)) and said >= set(own)]
    if len(whole) == 1 and question.says(COUNTED_AS):
        return tuple(whole)
    found = [
        term.name
        for term in lexicon.vocabulary.metrics.values()
        if said & {w for w in phrase(term.title) if w not in accounted("plain") and w not in accounted("carrying")}
    ]
    return tuple(found) if len(found) <= 3 else ()


OWN_OTHERS = (
    r"how (?:do|did|are|were|is|have) the others(?: do| doing| done| doing it)?"
    r"|(?:the|our|my|all|all the|all our) (?:N\d+ )?other (?:N\d+ )?D\d+"
)
"""The organization's own others, after one of them; without a thread, other people's."""


def elsewhere(question: Question, reading: Reading, *, in_thread: bool = False) -> Reading | None:
    """What no marketing data answers, refused by its name."""
    own = in_thread and question.has(OWN_OTHERS)
    if reading.metrics and (question.has(pattern("asks_meaning")) or question.has(pattern("asks_as_what"))):
        return None
    named = {w for s in question.symbols if s.kind in "MV" for w in question.words(s).lower().split()}
    for topic in words("elsewhere"):
        if topic.get("but_for") in reading.metrics or (own and "other" in topic["what"]):
            continue
        if not may_match(needed_by_any(tuple(topic["said"])), question.plain):
            continue
        for said in topic["said"]:
            found = next(question.find(said, question.plain), None)
            if found and (topic.get("whatever_is_named") or not named.intersection(found[0].split()[:2])):
                return no_data_on(topic["what"])
    return None


def is_about_itself(question: Question, reading: Reading) -> bool:
    """Whether a question is about definitions or the data's health, and so about no period."""
    return _asks_health(question, reading) or _asks_definition(question, reading)


def _not_computed(question: Question, reading: Reading) -> Reading | None:
    found = next(question.find(pattern("not_computed"), question.plain), None)
    if found is not None and found[0] == "median" and MEDIANS.intersection(reading.metrics):
        return None
    if found is None or any(found[0] in question.words(s).lower() for s in question.of_kind("M")):
        return None
    return Reading("refuse", message=f"I cannot compute “{found[0]}” yet, only sums, counts and ratios of sums. {ABLE}")


MEDIANS = frozenset({"sales_cycle_days", "delivery_days", "first_reply_hours", "resolution_hours"})
"""Metrics that are medians already."""
STATES = (
    ({"bookings"}, r"cancel\w*|rescheduled", "the state of appointments"),
    (
        {"opportunities"},
        r"(?:are|were|still|currently|remain) open",
        "how many opportunities are open (only for their value)",
    ),
    (
        {"deals_won", "deals_closed", "opportunities"},
        r"(?:value|size|amount|worth)s? of (?:the |our |a |all )*",
        "the size of deals",
    ),
)
"""Qualities that a count has no split by; taken silently for the count they would be wrong."""


def without_split(question: Question, reading: Reading) -> Reading | None:
    for metrics, said, what in STATES:
        if reading.metrics and metrics.issuperset(reading.metrics) and question.says(said):
            return Reading("refuse", message=f"There is no metric here for {what}. {ABLE}")
    return None


def not_done(question: Question) -> Reading | None:
    """ "Pause the campaign" is an order; "campaigns that stop converting" is not."""
    if question.says(ADVICE):
        return None
    said = rf"(?:{pattern('please')} )*{pattern('ask_change')}"
    one = rf"(?:^|[,.;:!] )(?:{pattern('please')} )*{pattern('changes_it')}"
    if any(re.match(rf"{said}(?![^ ])", line) for line in (question.line, question.plain)) or question.says(one):
        return Reading("refuse", message=f"I only read: I change nothing in your accounts. {ABLE} {ABLE_TO_ACT}")
    return None


ADVICE = (
    r"(?:good|bad|wise|smart|sensible|stupid|crazy) (?:idea|move)|worth (?:it|a try|trying)"
    r"|(?:what )?(?:do|would) you (?:think|say)|any thoughts|thoughts|makes? sense|yes or no"
    r"|would (?:it|that) (?:be|help|pay)"
)
"""What makes advice of an order: "shift 2k from Meta to TikTok, good idea?"."""


def only_verbs(question: Question) -> bool:
    """Whether all metrics are said by verbs alone ("came in", "goes into"), and so perhaps meant as no metric."""
    marks = [*question.of_kind("M"), *question.of_kind("A")]
    return bool(marks) and all(by_verb(question, s) for s in marks)


def _asks_health(question: Question, reading: Reading) -> bool:
    if reading.metrics and not (only_verbs(question) and question.says(pattern("names_data"))):
        return question.has(pattern("asks_freshness_of_metric"))
    of_data = question.says(
        r"(?:data|numbers?|figures?|sync\\w*|feeds?|sources?|imports?|tracking|connections?|integrations?|information|trust|rely)"
    )
    about = [s for s in question.of_kind("D") if s.of.first.name not in ("source_system", "platform", "pipeline")]
    return question.says(pattern("health")) and (of_data or not about)


def _asks_definition(question: Question, reading: Reading) -> bool:
    narrowed = reading.said & {"period", "filters", "dimensions", "grain", "compare", "limit"}
    if not reading.metrics and question.says(pattern("asks_how_credit_works")):
        return True
    if question.has(pattern("asks_how")) and not question.has(pattern("asks_how_metric_does")):
        return bool(reading.metrics)
    if question.has(pattern("asks_as_what")):
        return bool(reading.metrics) and "period" not in reading.said
    if question.has(pattern("asks_how_computed")):
        return bool(reading.metrics)
    if question.has(pattern("explains_alone")) and reading.metrics and not narrowed:
        return True
    if question.has(pattern("asks_splits")):
        return True
    if question.has(pattern("asks_catalogue")):
        return not reading.metrics
    if question.says(pattern("asks_meaning")):
        return bool(reading.metrics) and not narrowed - {"compare"}
    if (
        question.says(r"(?:what|which) (?:metrics|kpis|measures|numbers) (?:do|can|are|could)(?: .*)?")
        and not reading.metrics
    ):
        return True
    if question.has(pattern("asks_abilities")):
        return not reading.metrics and not narrowed - {"dimensions"}
    bare = question.has(pattern("asks_what_is")) and not question.has(pattern("says_ours"))
    bare = bare and not all(s.of.first.composed for s in question.of_kind("M"))
    return bare and bool(reading.metrics) and not narrowed


MEMBERS = {"category": "product", "region": "location", "platform": "campaign", "channel": "campaign"}
"""What has a name of its own inside a name: "how are our packages spelled" lists products."""


def _asks_list(question: Question, reading: Reading) -> Reading | None:
    """ "Which campaigns do we have?" lists names; it asks for no number."""
    marks = [*question.of_kind("M"), *question.of_kind("A")]
    named = [s for s in marks if not all(t.quoted for t in question.tokens[s.start : s.end])]
    in_name = question.says(IN_THE_NAME)
    if (reading.metrics and named) or not (question.of_kind("D") or question.unknown or in_name):
        return None
    finding = pattern("finding")
    v = next(iter(question.of_kind("V")), None)
    if v is not None and "period" not in reading.said:
        called = r"(?:the |a |an |any |our |all )*(?:D\d+ )?(?:called |named |like |containing )?"
        if question.has(rf"^{finding} {called}{v.name}(?: D\d+)? ?\??$"):
            return Reading("values", dimensions=(v.of.first.name,), search=question.words(v))
    dims = [s.of.first.name for s in question.of_kind("D")]
    if not dims and question.says(IN_THE_NAME) and any(_is_mail(s) for s in question.of_kind("V")):
        dims = ["campaign"]
    called = question.has(pattern("names_something")) or question.of_kind("V")
    if (
        question.unknown
        and not called
        and not any(question.tokens[i].capital or question.tokens[i].quoted for i in question.unknown)
    ):
        return None
    listing = question.has(pattern("asks_list")) or in_name
    ranked = question.has(rf"{pattern('ranks_or_rates')}|{BEST}|{WORST}|{HIGH}|{LOW}")
    if not dims and question.says(pattern("asks_spelling")):
        dims = [MEMBERS[s.of.first.name] for s in question.of_kind("V") if s.of.first.name in MEMBERS]
    if not dims or not listing or ranked or "period" in reading.said:
        return None
    meant = next(question.find(r"(?:i mean|meaning|that is) (?:the |our )*(?:\w+ )?(?P<d>D\d+)"), None)
    others = [s for s in question.of_kind("V") if not {m.name for m in s.of.meanings} & {*dims}]
    search = _search_text(question)
    noted = tuple(f"“{w}” does not narrow the list" for s in others if (w := question.words(s)) != search)
    kind = question[meant["d"]].of.first.name if meant else dims[0]
    if not meant and kind == "source_system" and others:
        kind = MEMBERS.get(others[0].of.first.name, kind)
    if (
        meant is None
        and len(set(dims)) > 1
        and question.has(r"(?:do|did|does) (?:they|people|customers|guests|we) (?!have|run|sell|offer)")
    ):
        return None
    return Reading("values", dimensions=(kind,), search="" if meant else search, assumptions=noted)


IN_NAME = re.compile(
    r"(?:with|contain(?:s|ing)?|includ(?:es?|ing)|ha(?:s|ve|ving)|called|named|like|match(?:es"
    r"|ing)?|start(?:s|ing)? with"
    r"|mention(?:s|ing)?|about) (?:the (?:word|term|name) )?[\"“'‘]?(?P<text>[^?\"”’]+?)[\"”'’]?(?:"
    r" in (?:the|its|their|it|them)"
    r"(?: names?| titles?)?)? ?[?.!]*$",
    re.IGNORECASE,
)


QUOTED = re.compile(r"(?<!\w)[\"'“‘](?P<text>[^\"'“”‘’]{1,60})[\"'”’](?!\w)")


IN_THE_NAME = r"in (?:the|its|their) (?:names?|titles?)"


def _is_mail(symbol: Symbol) -> bool:
    """ "Mailings", "newsletters": the campaigns of e-mail."""
    return any((m.name, m.value) == ("channel", "email") for m in symbol.of.meanings)


def _search_text(question: Question) -> str:
    found = IN_NAME.search(question.text)
    if (
        found
        and len(found["text"].split()) <= 4
        and not _says_how(found["text"])
        and not re.search(r"[,.;:/]| (?:i|we|they|do|are|is|did|in) ", found["text"])
    ):
        return found["text"].strip()
    if quoted := QUOTED.search(question.text):
        return quoted["text"].strip()
    kinds = {m.name for s in question.of_kind("D") for m in s.of.meanings}
    for symbol in question.of_kind("V"):
        beside = question.has(rf"(?:that|the|this|a|an) {symbol.name} D\d+ (?:called|named|again|exactly)")
        if kinds & {m.name for m in symbol.of.meanings} or not kinds or beside:
            return question.words(symbol)
    quoted = [t.text for t in question.tokens if t.quoted]
    if quoted:
        return " ".join(quoted)
    named = [question.tokens[i].text for i in question.unknown]
    return " ".join(named)


def _says_how(text: str) -> bool:
    """ "Called exactly", "named again": what follows is no name."""
    return all(w.endswith("ly") or w in function_words() for w in text.lower().split())
