"""The names of a follow-up beside those of the reading that it continues: which replace, which join, which go."""

from dataclasses import replace

from roastery.agent.planner.meanings import PLACES
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Filter, Reading
from roastery.agent.planner.tokens import stem

OTHERS = (
    r"(?:(?:the|all|our|my|his|her|their|every|each|any|of|single) )*(?:other|remaining|rest of(?: the| our| my| all)*)"
    r" (?:N\d+ )?(?P<d>D\d+)"
    r"|(?:his|her|their) (?:other )?(?:N\d+ )?(?P<own>D\d+)"
    r"|(?P<team>(?:the )?(?:others|remaining ones|other ones)"
    r"|(?:the )?rest of (?:the |our )*(?:team|crew|bunch|lot|them|list|group)"
    r"|(?:the )?rest(?= \?|$| please)|every(?:body|one) else(?: .*)?|all (?:the )?others"
    r"|(?:his|her|their) (?:other )?(?:N\d+ )?(?:colleagues|peers|team ?mates|co ?workers|fellow \w+))"
    r"|(?P<else>every(?:thing|where) else|anything else|all (?:of )?the rest|(?:everything"
    r"|all) other than (?:it|that|this|them))"
)
"""All of the kind of which the thread is narrowed to one."""
BESIDE = (
    r"(?:next to|besides?|alongside|side by side with|compare[ds]? (?:(?:it|that|them|this|those) )?(?:to|with|against)"
    r"|in comparison (?:to|with)|vs|versus|against"
    r"|(?:stacks?|stacked|measures?|measured|holds?|held) up (?:to|against|with))"
    r" (?:the |our |that of |those of )*V\d+"
    r"|V\d+ (?:beside|next to|alongside) (?:it|that|them|this)|(?:for|in|as a|by) comparison"
)
"""A name that is to stand beside the thread's own."""
ADDED = r"(?:also|too|as well|plus|add|include|in the same (?:e ?mail|mail|message|report|one|go|breath))"
SUMMED = r"together(?! (?:with|in))|combined|total|in total|altogether|summed|added up"


def set_beside(question: Question, heard: Reading, before: Reading) -> str:
    """The kind of which a name joins the thread's own, so that both are shown; '' where none does."""
    if not question.has(f"{BESIDE}|{ADDED}") or question.says(SUMMED):
        return ""
    for new in heard.filters:
        old = next((f for f in before.filters if (f.field, f.op, f.metric) == (new.field, "in", False)), None)
        if old is not None and new.op == "in" and not set(new.values) & set(old.values):
            return new.field
    return ""


def filters_after(question: Question, heard: Reading, before: Reading) -> tuple[Filter, ...]:
    """A new condition replaces the one on the same field; "also" adds its values to it."""
    adding = question.has(f"{ADDED}|{BESIDE}")
    kept = [f for f in before.filters if f.metric or not is_replaced(question, f)]
    for new in heard.filters:
        if old := next((f for f in kept if _holds_it(new, f, question)), None):
            heard_whole = question.has(r"(?:all|whole|every|any|other|entire|total) (?:\w+ )?V\d+")
            if not heard_whole:
                continue
        of_them = question.has(ONE_OF_THEM)
        kept = [
            f for f in kept if f.metric or not ((_is_wider(new, f) and not of_them) or _is_elsewhere(new, f, question))
        ]
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
    # One place may be called by another kind: "the other areas", after a depot.
    places = condition.field in PLACES and not PLACES.isdisjoint(heard.dimensions)
    if (places or condition.field in heard.dimensions) and question.has(OTHERS):
        return True
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


ONE_OF_THEM = r"the V\d+ ones?"
"""One of those that the thread speaks of: "the google one", of a campaign that runs on two platforms."""
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
