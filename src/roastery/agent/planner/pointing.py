"""Questions that only point at what the thread is about: "how is it calculated?", "compare them"."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import function_words, word_set
from roastery.agent.planner.named import EXCLUDING, by_verb
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.quantities import AS_RATE, PER_ONE, RATE_OF
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Filter, Reading
from roastery.agent.planner.tokens import phrase, stem
from roastery.agent.planner.turning import turned
from roastery.agent.render import name_text

EMAIL = word_set("email_metrics")
IN_EMAIL = {"ctr": "email_click_rate", "clicks": "email_clicks"}
"""What a metric of ads is called where the thread is about e-mail."""


def pointed(question: Question, heard: Reading, history: Sequence[Reading], lexicon: Lexicon) -> Reading | None:
    """The reading of a question that says nothing without its thread, or None."""
    before = next((r for r in reversed(history[-4:]) if r.metrics), None)
    if before is None or before.pending:
        return None
    if not heard.metrics and question.says(pattern("asks_about_it")):
        return Reading("describe", metrics=before.metrics)
    narrowed = heard.said & {"period", "filters", "dimensions", "grain"}
    described = history[-1].intent == "describe" and not heard.metrics and narrowed
    if described and question.has(r"(?:.* )?(?:it|that|this|those|they|one)(?: .*)?"):
        return replace(heard, metrics=before.metrics, intent="compare" if heard.compare else "query")
    return _together(question, heard, history) if question.says(pattern("both_of_them")) else None


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
        if not before.dimensions:
            heard = replace(heard, metrics=(PER_ONE["spend", counted],))
        else:
            heard = heard.assuming(f"“each” is read as each {before.dimensions[0].replace('_', ' ')}")
    if one := _the_one(question, heard, before, lexicon):
        heard = one
    if before.metrics and EMAIL.issuperset(before.metrics):
        metrics = tuple(IN_EMAIL.get(m, m) for m in heard.metrics)
        heard = replace(heard, metrics=metrics)
    if heard.metrics == ("new_customers",) and question.has(
        r"(?:\w+ )?(?:for|from|of|among|only|just) (?:our |the |only )*M\d+ ?\??"
    ):
        metrics = lexicon.vocabulary.metrics
        if before.metrics and all(m in metrics and metrics[m].splits_by("customer_type") for m in before.metrics):
            new = Filter("customer_type", "in", ("new",), False, ("new customers",))
            said = (heard.said | {"filters"}) - {"metrics"}
            return replace(heard, metrics=(), filters=(*heard.filters, new), said=said)
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
            note = f"“the {' '.join(said)} one” is read as {', '.join(name_text(label) for label in labels[:3])}"
            return replace(heard, filters=(new,), dimensions=(), said=kept).assuming(note)
    return None


def _together(question: Question, heard: Reading, history: Sequence[Reading]) -> Reading | None:
    """ "Compare them": the names of the last two readings of the thread, side by side or added up."""
    if heard.said & {"filters", "dimensions"} or len(history) < 2:
        return None
    last, first = history[-1], history[-2]
    for condition in last.filters:
        other = next((f for f in first.filters if (f.field, f.op, f.metric) == (condition.field, "in", False)), None)
        if other is None or condition.op != "in" or set(other.values) == set(condition.values):
            continue
        values = tuple(dict.fromkeys((*other.values, *condition.values)))
        labels = tuple(dict.fromkeys((*other.labels, *condition.labels)))
        joined = replace(condition, values=values, labels=labels)
        filters = tuple(joined if f is condition else f for f in last.filters)
        dims = last.dimensions
        if not question.says("together|combined|total|in total|altogether|summed|added up"):
            dims = tuple(dict.fromkeys((*dims, condition.field)))
        focus = tuple((condition.field, v) for v in values)
        both = replace(
            last, filters=filters, dimensions=dims, focus=focus, assumptions=(), intent="query", compare=None
        )
        if "metrics" in heard.said:
            both = replace(both, metrics=heard.metrics, order_by=None, limit=None)
        return replace(both, period=heard.period) if "period" in heard.said else both
    return None


def metric_alone(question: Question, heard: Reading) -> bool:
    """ "What was the CAC?" in a thread: only the metric is new, the rest goes on."""
    return heard.said == {"metrics"} and len(question.line.split()) <= 7


STARTING_OVER = re.compile(r"\b(?:overall|in general|company wide|altogether|new question|start over)\b")
