"""What was asked back is answered: "the platform reported ones", "the second", a name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rapidfuzz import fuzz, process

from roastery.agent.planner.assumed import OF_BEFORE, READ_AS, READ_AS_THE
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading, reading_of
from roastery.agent.planner.tokens import stem


def answered(question: Question, heard: Reading, pending: Mapping[str, Any]) -> Reading | None:
    """The thread's last turn asked back; this question may be the answer to that."""
    kept = reading_of(pending.get("reading", {}))
    text = question.text.strip().strip("?.!").lower()
    if pending.get("slot") == "metric":
        several: tuple[str, ...] = ()
        chosen = _choice(text, pending.get("choices", {})) or next(
            (m for m in heard.metrics if m in pending.get("names", ())), None
        )
        if chosen in heard.metrics and pending.get("replaces") is None:
            several = tuple(m for m in heard.metrics if m != chosen)
        if chosen is None:
            chosen = _by_words(text, pending.get("choices", {}))
        if chosen is None and pending.get("replaces") is None and heard.metrics and not _is_whole(question, heard):
            chosen, several = heard.metrics[0], heard.metrics[1:]
        if chosen is None:
            return None
        old = pending.get("replaces")
        metrics = tuple(dict.fromkeys(chosen if m == old else m for m in kept.metrics)) or (chosen, *several)
        order = kept.order_by and (chosen if kept.order_by[0] in (old, "") else kept.order_by[0], kept.order_by[1])
        said = tuple(a for a in kept.assumptions if READ_AS not in a)
        found = replace(kept, metrics=metrics, order_by=order, said=frozenset({"metrics"}), assumptions=said)
        return _with_the_rest(found, heard)
    if pending.get("slot") == "value" and len(text.split()) <= 8 and heard.filters and "metrics" not in heard.said:
        fields = {f.field for f in heard.filters}
        others = tuple(f for f in kept.filters if f.metric or f.field not in fields)
        return replace(kept, filters=(*others, *heard.filters), focus=heard.focus, said=frozenset({"filters"}))
    return None


WHOLE = (
    r"^(?:and |so |ok |okay |fine |then |, )*"
    r"(?:how|what|which|why|who|where|when|is|are|was|were|do|does|did|has|have|can)(?: .*)?"
)


def _is_whole(question: Question, heard: Reading) -> bool:
    """Whether a question stands on its own, with its number and its time: it is no answer to the one asked back."""
    if question.has(r"(?:that|this|the same) D\d+"):
        return False  # "How many orders did that store take": the one that the question before had named.
    return {"metrics", "period"} <= heard.said and question.has(WHOLE)


PARTS = {
    "period": ("period",), "compare": ("compare",), "grain": ("grain",), "dimensions": ("dimensions",),
    "limit": ("limit", "order_by"), "attribution_model": ("attribution_model",), "currency": ("currency",),
    "attribution_window_days": ("attribution_window_days",), "view_window_days": ("view_window_days",),
}  # fmt: skip


def _with_the_rest(found: Reading, heard: Reading) -> Reading:
    """ "Attributed orders, in October, on Meta": what an answer says beside the choice holds too."""
    for part, names in PARTS.items():
        if part in heard.said:
            found = replace(found, said=found.said | {part}, **{name: getattr(heard, name) for name in names})
    names_said = tuple(f for f in heard.filters if not f.metric)
    if names_said:
        fields = {f.field for f in names_said}
        kept = tuple(f for f in found.filters if f.metric or f.field not in fields)
        found = replace(found, filters=(*kept, *names_said), focus=heard.focus, said=found.said | {"filters"})
    return found.assuming(*(a for a in heard.assumptions if READ_AS_THE in a or OF_BEFORE in a))


def _by_words(text: str, choices: Mapping[str, str]) -> str | None:
    """ "The platform reported ones": the option that alone has a word of the answer in its name."""
    said = {stem(w) for w in text.split()}
    own = {name: {stem(w) for w in (*title.lower().split(), *name.split("_"))} for title, name in choices.items()}
    fitting = [n for n, ws in own.items() if said & (ws - set().union(*(o for m, o in own.items() if m != n)))]
    return fitting[0] if len(fitting) == 1 and len(text.split()) <= 8 else None


def _choice(text: str, choices: Mapping[str, str]) -> str | None:
    ordinals = {
        "first": 0,
        "the first": 0,
        "the first one": 0,
        "1": 0,
        "second": 1,
        "the second": 1,
        "the second one": 1,
        "2": 1,
        "the latter": -1,
        "the former": 0,
    }
    names = list(choices.values())
    if text in ordinals and len(names) >= 2:
        return names[ordinals[text]]
    titles = {**{title.lower(): name for title, name in choices.items()}, **{n.replace("_", " "): n for n in names}}
    near = process.extractOne(text, list(titles), scorer=fuzz.token_sort_ratio, score_cutoff=80)
    return titles[near[0]] if near else None
