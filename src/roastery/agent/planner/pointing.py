"""Questions that only point at what the thread is about: "how is it calculated?", "in percent"."""

from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.another_number import ONE_OF_THEM
from roastery.agent.planner.assumed import read_as
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import function_words, word_set
from roastery.agent.planner.named import EXCLUDING, by_verb
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.quantities import AS_RATE, PER_ONE, RATE_OF
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import PLAIN, Filter, Reading
from roastery.agent.planner.tokens import phrase, stem
from roastery.agent.planner.turning import turned
from roastery.agent.render import name_text

EMAIL = word_set("email_metrics")
LEADS = frozenset({"leads", "qualified_leads", "cost_per_lead", "lead_score"})
"""Numbers of a thread in which a score is that of leads."""
IN_EMAIL = {"ctr": "email_click_rate", "clicks": "email_clicks"}
"""What a metric of ads is called where the thread is about e-mail."""


def pointed(question: Question, heard: Reading, history: Sequence[Reading], lexicon: Lexicon) -> Reading | None:
    """The reading of a question that says nothing without its thread, or None."""
    before = next((r for r in reversed(history[-4:]) if r.metrics), None)
    if before is None or before.pending:
        return None
    if not heard.metrics and question.says(pattern("asks_about_it")):
        return Reading("describe", metrics=before.metrics)
    if not question.of_kind("V") and not question.of_kind("P") and question.says(pattern("asks_what_it_holds")):
        return Reading("describe", metrics=before.metrics)
    if not heard.metrics and question.says(pattern("asks_health_of_thread")):
        return Reading("health")
    narrowed = heard.said & {"period", "filters", "dimensions", "grain"}
    described = history[-1].intent == "describe" and not heard.metrics and narrowed
    counted = any(r.intent in PLAIN and r.metrics for r in history)
    short = not counted and not question.unknown and len(question.line.split()) <= 10
    if described and (short or question.has(r"(?:.* )?(?:it|that|this|those|they|one)(?: .*)?")):
        return replace(heard, metrics=before.metrics, intent="compare" if heard.compare else "query")
    return None


def points_at_nothing(question: Question, heard: Reading) -> Reading | None:
    """ "Is that normal?" as the first question: what it points at has not been spoken of.

    Only where no name and no number's own name is said: "what does one of those cost us" has but a verb.
    """
    for name in ("points_at_a_new_one", "compares_it"):
        if not question.of_kind("M") and (found := next(question.find(pattern(name), question.plain), None)):
            return _what_is_meant(found["it"])
    named = [s for s in question.of_kind("M") if not by_verb(question, s)]
    if named or heard.filters or question.of_kind("D") or question.of_kind("X"):
        return None
    unnamed = () if question.of_kind("M") or question.of_kind("A") or question.unknown else ("counts_nothing",)
    for name in (
        *unnamed,
        "points_without_name",
        "points_at_a_thing",
        "points_at_the_same",
        "points_at_same_again",
        "changed_something",
        "changed_itself",
    ):
        found = next(question.find(pattern(name), question.plain), None)
        if found is None or (name.startswith("changed") and question.of_kind("P")):
            continue
        if name == "counts_nothing":
            return Reading("clarify", message="How many of what: orders, customers, leads, or another number?")
        return _what_is_meant(found["it"])
    return None


def _what_is_meant(it: str) -> Reading:
    said = name_text(it)
    return Reading(
        "clarify", message=f"What do you mean by “{said}”? Name the metric, the campaign or other name, and the period."
    )


def in_thread(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """What was heard, as the thread means it."""
    if whose := _whose(question, heard, before, lexicon):
        return whose
    if (
        not heard.metrics
        and question.says(rf"{AS_RATE}|(?:as|in) (?:a )?(?:percent|percentage|rate)|percent of")
        and len(before.metrics) == 1
        and before.metrics[0] in RATE_OF
    ):
        heard = replace(heard, metrics=(RATE_OF[before.metrics[0]],), said=heard.said | {"metrics"}, share=False)
    if (relative := turned(question, heard, before, lexicon)) is not heard:
        return relative
    counted = before.metrics[0] if len(before.metrics) == 1 else ""
    if (
        heard.metrics == ("spend",)
        and ("spend", counted) in PER_ONE
        and question.has(r"(?:.* )?(?:each|one)(?: of (?:them|these|those))?(?: .*)?")
    ):
        if not before.dimensions or question.has(ONE_OF_THEM):
            heard = replace(heard, metrics=(PER_ONE["spend", counted],))
        else:
            heard = heard.assuming(read_as("each", f"each {before.dimensions[0].replace('_', ' ')}"))
    heard = _of_the_same(question, heard, before)
    if out := _left_out(question, heard, before, lexicon):
        heard = out
    elif one := _the_one(question, heard, before, lexicon) or _by_a_word(question, heard, before, lexicon):
        heard = one
    if before.metrics and EMAIL.issuperset(before.metrics):
        metrics = tuple(IN_EMAIL.get(m, m) for m in heard.metrics)
        heard = replace(heard, metrics=metrics)
    if heard.metrics == ("new_customers",) and question.has(
        r"(?:\w+ )?(?:for|from|of|among|only|just) (?:our |the |only )*M\d+ ?\??"
    ):
        metrics = lexicon.vocabulary.metrics
        narrows = all(m in metrics and metrics[m].splits_by("customer_type") for m in before.metrics)
        if before.intent == "journeys" or (narrows and before.metrics):
            new = Filter("customer_type", "in", ("new",), False, ("new customers",))
            said = (heard.said | {"filters"}) - {"metrics"}
            return replace(heard, metrics=(), filters=(*heard.filters, new), said=said)
    if heard.metrics == ("satisfaction",) and LEADS.issuperset(before.metrics) and question.says("scores?"):
        question.used.update(s.index for s in question.of_kind("M"))
        return replace(heard, metrics=("lead_score",))
    qualified = next((f for f in heard.filters if f.field == "stage" and f.values == ("qualified",)), None)
    if (
        before.metrics == ("leads",)
        and not heard.metrics
        and qualified
        and "qualified_leads" in lexicon.vocabulary.metrics
    ):
        filters = tuple(f for f in heard.filters if f is not qualified)
        said = (heard.said | {"metrics"}) - ({"filters"} if not filters else set())
        return replace(heard, metrics=("qualified_leads",), filters=filters, said=frozenset(said))
    return heard


def _of_the_same(question: Question, heard: Reading, before: Reading) -> Reading:
    """ "That store a year ago": of the one that the thread is narrowed to, and no split by stores."""
    one = {f.field for f in before.filters if not f.metric and f.op == "in"}
    again = {
        m.name
        for found in question.find(r"(?:same|that|this|said) (?P<d>D\d+)")
        for m in question[found["d"]].of.meanings
        if not question.words(question[found["d"]]).lower().rstrip("?.!,").endswith("s")
    }
    if not (gone := one & again & set(heard.dimensions)):
        return heard
    dims = tuple(d for d in heard.dimensions if d not in gone)
    return replace(heard, dimensions=dims, said=heard.said if dims else heard.said - {"dimensions"})


def _left_out(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading | None:
    """ "Drop brand", of campaigns: a kind that is left out stands for the thread's own names that begin with it."""
    fields = list(before.dimensions) or [f.field for f in before.filters if not f.metric]
    if heard.filters or "metrics" in heard.said:
        return None
    for found in question.find(rf"{EXCLUDING} (?:the |all |any )*(?P<d>D\d+)(?! (?:N\d+|is|by))"):
        symbol = question[found["d"]]
        if symbol.of.first.name in before.dimensions:
            continue
        said = question.words(symbol).lower().split()
        for field in fields:
            within = [m for m in lexicon.containing(said, field) if phrase(m.label)[:1] == (stem(said[0]),)]
            if not within:
                continue
            question.used.add(symbol.index)
            values = tuple(dict.fromkeys(m.value for m in within))
            labels = tuple(dict.fromkeys(m.label for m in within))
            dims = tuple(d for d in heard.dimensions if d != symbol.of.first.name)
            said_parts = heard.said | {"filters"} if dims else (heard.said | {"filters"}) - {"dimensions"}
            note = read_as(" ".join(said), ", ".join(name_text(label) for label in labels[:3]))
            new = Filter(field, "not_in", values, False, labels)
            return replace(heard, filters=(new,), dimensions=dims, said=frozenset(said_parts)).assuming(note)
    return None


def _the_one(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading | None:
    """ "Drop the brand one", "only the spring ones": names of the thread's own kind that hold the word."""
    found = next(
        question.find(rf"(?P<out>{EXCLUDING} )?(?:the |that |those |our |only |just )*(?P<w>[DMAV]\d+|[a-z]+) ones?"),
        None,
    )
    fields = [*before.dimensions, *(f.field for f in before.filters if not f.metric)]
    if found is None or not fields or heard.filters:
        return None
    word = found["w"]
    if word in function_words():
        return None
    said = question.words(question[word]).lower().split() if word[0].isupper() else [word]
    for field in fields:
        if within := lexicon.containing(said, field):
            question.used.update({question[word].index} if word[0].isupper() else ())
            if found[0].endswith("one") and len({m.label for m in within}) > 1:
                # Of several that hold the word, the one that begins with it: "Brand – Search", not "Non-Brand …".
                within = [m for m in within if phrase(m.label)[:1] == (stem(said[0]),)]
                if len({m.label for m in within}) != 1:
                    return None
            values = tuple(dict.fromkeys(m.value for m in within))
            labels = tuple(dict.fromkeys(m.label for m in within))
            new = Filter(field, "not_in" if found["out"] else "in", values, False, labels)
            kept = (heard.said | {"filters"}) - {"dimensions"}
            note = read_as(f"the {' '.join(said)} one", ", ".join(name_text(label) for label in labels[:3]))
            return replace(heard, filters=(new,), dimensions=(), said=kept).assuming(note)
    return None


A_WORD = (
    r"^(?:(?:and|what about|how about|or|only|just|now|no|then|same for|same|for|of|i meant|i mean|ok|so"
    r"|,) )*(?:the|our|that) "
    r"(?P<w>[a-z]{4,})(?: (?:one|ad|please|then))*(?: \?)?$"
)


def _by_a_word(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading | None:
    """ "And the guide", of campaigns: the one name of the thread's own kind that holds the word."""
    found = next(question.find(A_WORD), None)
    if found is None or heard.said or found["w"] in function_words():
        return None
    for field in (*before.dimensions, *(f.field for f in before.filters if not f.metric)):
        within = lexicon.containing([found["w"]], field)
        if len({m.label for m in within}) != 1:
            continue
        values = tuple(dict.fromkeys(m.value for m in within))
        label = within[0].label
        question.carried.append(A_WORD)
        question.understood(found["w"])
        new = Filter(field, "in", values, False, (label,) * len(values))
        said = frozenset(heard.said | {"filters"})
        note = read_as(found["w"], f"the {field.replace('_', ' ')} {name_text(label)}")
        return replace(heard, filters=(*heard.filters, new), said=said).assuming(note)
    return None


def metric_alone(question: Question, heard: Reading) -> bool:
    """ "What was the CAC?" in a thread: only the metric is new, the rest goes on."""
    return heard.said == {"metrics"} and len(question.line.split()) <= 7


WHOSE = (
    r"(?:only|just|solely|of|from|for) (?:the |those |our )*(?:M\d+|D\d+|V\d+|people|those|ones) (?:who|that|which) "
    r"(?:were|are|was|is|have been|had been) (?:\w+ly )?(?P<which>new|first time|returning|existing|old|known)"
)
KINDS_OF_CUSTOMERS = {"new": "new", "first time": "new"}


def _whose(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading | None:
    """ "Only patients who were new": whose orders and money count, where the thread's number knows it."""
    found = next(question.find(WHOSE), None) or next(question.find(WHOSE, question.plain), None)
    people = {"customers", "active_customers", "new_customers", "leads"}
    if found is None or not people.issuperset(heard.metrics) or heard.filters:
        return None
    metrics = lexicon.vocabulary.metrics
    if not before.metrics or not all(m in metrics and metrics[m].splits_by("customer_type") for m in before.metrics):
        return None
    kind = KINDS_OF_CUSTOMERS.get(found["which"], "returning")
    question.used.update(s.index for s in question.of_kind("M"))
    question.carried.append(WHOSE)
    new = Filter("customer_type", "in", (kind,), False, (f"{kind} customers",))
    return replace(heard, metrics=(), filters=(new,), said=(heard.said | {"filters"}) - {"metrics"})
