"""The names of a follow-up beside those of the reading that it continues: which replace, which join, which go."""

from dataclasses import replace

from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Filter, Reading
from roastery.agent.planner.tokens import stem


def filters_after(question: Question, heard: Reading, before: Reading) -> tuple[Filter, ...]:
    """A new condition replaces the one on the same field; "also" adds its values to it."""
    adding = question.has(r"(?:also|too|as well|plus|add|include)")
    kept = [f for f in before.filters if f.metric or not is_replaced(question, f)]
    for new in heard.filters:
        if old := next((f for f in kept if _holds_it(new, f, question)), None):
            heard_whole = question.has(r"(?:all|whole|every|any|other|entire|total) (?:\w+ )?V\d+")
            if not heard_whole:
                continue
        kept = [f for f in kept if f.metric or not (_is_wider(new, f) or _is_elsewhere(new, f, question))]
        old = next((f for f in kept if f.field == new.field and f.metric == new.metric), None)
        if old is not None:
            kept.remove(old)
        if old is not None and adding and old.op == new.op == "in" and not new.metric:
            new = replace(
                new, values=tuple(dict.fromkeys((*old.values, *new.values))), labels=(*old.labels, *new.labels)
            )
        kept.append(new)
    return tuple(kept)


def is_one_of_all(condition: Filter, question: Question, heard: Reading) -> bool:
    """After one restaurant, "every restaurant": a split of what is narrowed to one shows all of the kind."""
    if condition.metric or condition.op != "in" or "filters" in heard.said:
        return False
    return condition.field in heard.dimensions and any(
        question.has(rf"(?:every|all|each|any|the other)(?: (?:of|one|single|the|our|other))* {s.name}")
        for s in question.of_kind("D")
        if s.of.first.name == condition.field
    )


WIDER: dict[str, frozenset[str]] = {
    "product": frozenset({"category"}),
    "location": frozenset({"region", "franchise", "country", "brand", "service_area"}),
    "campaign": frozenset({"platform", "channel", "objective"}),
    "ad_group": frozenset({"campaign", "platform", "channel"}),
    "asset": frozenset({"asset_type", "campaign", "platform"}),
}
"""Kinds by those that hold them: after one product, "the whole category" is no longer that product."""


def _is_wider(new: Filter, old: Filter) -> bool:
    """Whether a new name takes the place of a narrower one; of campaigns on two platforms, one is chosen by"
    " platform."""
    if new.metric or new.op != "in" or old.op != "in" or new.field not in WIDER.get(old.field, ()):
        return False
    return not any(v.startswith(f"{platform}:") for platform in new.values for v in old.values)


def _holds_it(new: Filter, old: Filter, question: Question) -> bool:
    """Whether a wider name is but a word of the thread's narrower one: "shakes", of the Pumpkin Shake."""
    if not _is_wider(new, old) or len(old.values) != 1 or not new.labels or not question.has(COUNTED_NAME):
        return False
    own = {stem(w) for label in (old.labels or old.values) for w in label.lower().split()}
    return all(stem(w) in own for label in new.labels for w in label.lower().split())


COUNTED_NAME = r"(?:number|count|how many|units|pieces)(?: of)?(?: the| those| these)* V\d+"


def _is_elsewhere(new: Filter, old: Filter, question: Question) -> bool:
    """Whether a narrower name lies outside the wider one: a campaign of another platform than the thread's."""
    if new.metric or new.op != "in" or old.op != "in" or old.field not in WIDER.get(new.field, ()):
        return False
    if old.field == "platform" and all(":" in v for v in new.values):
        return not any(v.startswith(f"{platform}:") for platform in old.values for v in new.values)
    return old.field == "platform" and question.has(r"^(?:and |ok |so )?(?:what|how) about (?:the |our )*V\d+")


def is_replaced(question: Question, condition: Filter) -> bool:
    """ "The shops instead of the website": what stands after "instead of" goes."""
    for found in question.find(r"(?:instead of|rather than|in place of|not) (?:the |our )*(?P<v>V\d+)"):
        meanings = question[found["v"]].of.meanings
        if any((m.name, m.value) == (condition.field, v) for m in meanings for v in condition.values):
            return condition.op == "in"
    return False
