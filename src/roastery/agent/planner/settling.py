"""Marks whose words could be of two kinds, read as the one that fits: "we offer" names no offers."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from roastery.agent.planner.lists import word_set
from roastery.agent.planner.meanings import Mark, Meaning
from roastery.agent.planner.tokens import Token, stem

SPLITTING = frozenset({"by", "per", "each", "every", "which"})
SENDS = frozenset({"email", "mail", "text", "message"})
RECEIVERS = frozenset({"me", "us", "it", "this", "that", "them", "everyone"})
"""After these, "email" is what to do, not a channel."""
GUESSED = frozenset({"best", "your", "rough", "a", "an", "current", "latest"})
"""Before "estimate" these ask for a guess, not for the estimates sent."""
PEOPLE_DO = frozenset({"we", "i", "you", "they", "to", "us", "it"})
NAMED_BY_METRIC = frozenset({"category", "product", "service", "plan"})
BEING = frozenset({"is", "are", "was", "were"})
SHARED = frozenset({"percent", "percentage", "share", "part", "portion", "proportion", "fraction", "slice", "much"})
"""Words of shares: what such a part "is" or "was" is a value: "how many percent of revenue were memberships"."""
BESIDE = frozenset({"side", "head", "back"})
COMMANDS = frozenset({"check", "book", "order", "return"})
"""Words for numbers that are orders at the beginning of a sentence: "please check bookings"."""
POLITE = frozenset({"please", "pls", "plz", "kindly", "just", "can", "could", "you"})
ENDS = frozenset({".", ",", ";", ":", "!", "?", "-"})
MODALS = frozenset({"should", "must", "can", "could", "shall", "may", "might"})
LISTING = frozenset({",", "and", "or", "vs", "versus", "&", "the", "our", "single", "all", "against"})
FROM = frozenset(
    {"from", "for", "of", "on", "in", "without", "except", "excluding", "exclude", "but", "minus", "only", "just"}
)
"""After these, words that name both a kind and a value of it mean the value: "revenue from memberships"."""


def settled(marks: Sequence[Mark], tokens: Sequence[Token]) -> list[Mark]:
    """The marks, each with the meaning that fits first; those that mean nothing here are left out."""
    firm = [m for m in marks if m.first.kind == "metric" and not any(x.kind == "value" for x in m.meanings)]
    listed = _of_one_list(marks, tokens)
    found: list[Mark] = []
    idle: set[int] = set()
    for n, mark in enumerate(marks):
        if n in idle or _is_a_verb(mark, tokens) or _tells_the_occasion(mark, marks, tokens):
            continue
        kinds = {m.kind for m in mark.meanings}
        before = tokens[mark.start - 1].word if mark.start else ""
        if value := _named_by_next(mark, marks[n + 1 : n + 2], tokens):
            idle.add(n + 1)
            found.append(Mark(mark.start, marks[n + 1].end, (value,)))
        elif n in listed:
            found.append(_chosen(mark, lambda m, d=listed[n]: m.kind == "value" and m.name == d))
        elif kinds >= {"value", "dimension"} and not _written_as_name(tokens[mark.start], mark.start):
            modifies = any(m.start == mark.end and m.first.kind == "metric" for m in marks[n + 1 : n + 2])
            as_value = (
                _means_value(mark, before, tokens)
                or _is_left_out(mark, tokens)
                or (modifies and before not in SPLITTING)
            )
            found.append(_of_kind(mark, "value" if as_value else "dimension"))
        elif kinds >= {"metric", "value"} and before == "no":
            found.append(_of_kind(mark, "value"))
        elif kinds >= {"metric", "dimension"} and (before in SPLITTING or _asked_for(mark, before, tokens)):
            found.append(_of_kind(mark, "dimension"))
        elif mark.first.kind == "metric" and firm and any(m.name in NAMED_BY_METRIC for m in mark.meanings):
            found.append(_of_kind(mark, "value"))
        else:
            found.append(mark)
    return found


def _is_a_verb(mark: Mark, tokens: Sequence[Token]) -> bool:
    """ "We offer", "email me", "reach 200k": words for what is done."""
    before = tokens[mark.start - 1].word if mark.start else ""
    after = tokens[mark.end].word if mark.end < len(tokens) else ""
    single = mark.end - mark.start == 1
    if single and tokens[mark.start].word in BESIDE and (before in ("by", "to") or after in ("by", "to")):
        return True  # "Side by side", "head to head".
    number = mark.first.kind in ("metric", "ambiguous")
    if (
        single
        and number
        and tokens[mark.start].word in COMMANDS
        and (before == "" or before in POLITE or before in ENDS)
    ):
        return True
    modal = {t.word for t in tokens[max(0, mark.start - 4) : mark.start]} & MODALS
    if (
        single
        and mark.first.kind == "dimension"
        and tokens[mark.start].word == "plan"
        and modal
        and after in ("for", "with")
    ):
        return True
    many = tokens[mark.start].word.endswith("s")
    if mark.first.kind == "dimension" and single and before in PEOPLE_DO and not (before == "to" and many):
        return True
    if tokens[mark.start].word in SENDS and after in RECEIVERS:
        return True
    if mark.first.name == "objective" and tokens[mark.start].word.startswith("goal") and before not in SPLITTING:
        # "The sales goal" is a target, not what a campaign is for.
        return before != "campaign"
    if mark.first.kind == "missing_metric" and tokens[mark.start].word == "estimate" and before in GUESSED:
        return True
    return mark.first.name == "reach" and (after[:1].isdigit() or after[:1] in "$€£" or before in PEOPLE_DO)


OCCASIONS = word_set("occasions")


def _tells_the_occasion(mark: Mark, marks: Sequence[Mark], tokens: Sequence[Token]) -> bool:
    """ "For the winter promo review", "the phone team": names before a meeting or a team say who asks, and for what."""
    if mark.first.kind in ("metric", "ambiguous"):
        return False
    end = mark.end
    while (following := next((m for m in marks if m.start == end), None)) is not None:
        end = following.end
    before = {t.word for t in tokens[max(0, mark.start - 4) : mark.start]}
    return end < len(tokens) and tokens[end].word in OCCASIONS and bool(before & {"the", "my", "our", "for", "a"})


def occasions(marks: Sequence[Mark], tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Names that only tell for which meeting or whom the number is."""
    return [(m.start, m.end) for m in marks if _tells_the_occasion(m, marks, tokens)]


def _means_value(mark: Mark, before: str, tokens: Sequence[Token]) -> bool:
    """ "Revenue from memberships" means the category so called, "revenue by membership" the kind."""
    part = before in BEING and not SHARED.isdisjoint(t.word for t in tokens[: mark.start])
    return (before in FROM or part) and tokens[mark.end - 1].word.endswith("s")


LEAVING = frozenset(
    {
        "without",
        "except",
        "excluding",
        "exclude",
        "not",
        "ignore",
        "ignoring",
        "minus",
        "but",
        "leaving",
        "leave",
        "ex",
        "net",
        "apart",
    }
)
LEFT = frozenset({"aside", "excluded", "out", "not", "left", "stripped", "removed", "ignored", "omitted"})


def _is_left_out(mark: Mark, tokens: Sequence[Token]) -> bool:
    """ "But not memberships", "leaving out memberships", "memberships aside": what is left out is a value."""
    before = {t.word for t in tokens[max(0, mark.start - 3) : mark.start]}
    after = {t.word for t in tokens[mark.end : mark.end + 2]}
    return tokens[mark.end - 1].word.endswith("s") and bool(before & LEAVING or after & LEFT)


def _asked_for(mark: Mark, before: str, tokens: Sequence[Token]) -> bool:
    """ "What pipelines do we have": things in the plural, not the number."""
    word = tokens[mark.start].word
    return before in ("what", "our", "all", "the") and word.endswith("s") and word in PLURAL_KINDS


PLURAL_KINDS = word_set("plural_kinds")


def _named_by_next(mark: Mark, following: Sequence[Mark], tokens: Sequence[Token]) -> Meaning | None:
    """ "The Renewals pipeline": the word after says what the name is of."""
    if not following or following[0].start != mark.end or following[0].end != mark.end + 1:
        return None
    kind = stem(tokens[mark.end].word)
    return next((m for m in mark.meanings if m.kind == "value" and m.name == kind and mark.first.kind != "value"), None)


def _of_one_list(marks: Sequence[Mark], tokens: Sequence[Token]) -> dict[int, str]:
    """ "Services, packages and memberships": words in one list are values of one dimension, where all can be."""
    found: dict[int, str] = {}
    run: list[int] = []
    for n in range(len(marks) + 1):
        linked = bool(run) and n < len(marks) and _is_linked(tokens[marks[run[-1]].end : marks[n].start])
        if linked:
            run.append(n)
            continue
        while run and not any(m.kind == "value" for m in marks[run[0]].meanings):
            # "Revenue, regulars vs first timers": what comes before a list is none of it.
            run = run[1:]
        shared = (
            set.intersection(*({m.name for m in marks[i].meanings if m.kind == "value"} for i in run)) if run else set()
        )
        if len(run) > 1 and shared and any(marks[i].first.kind != "value" for i in run):
            found |= dict.fromkeys(run, sorted(shared)[0])
        run = [n]
    return found


def _is_linked(between: Sequence[Token]) -> bool:
    return 0 < len(between) <= 3 and all(t.word in LISTING for t in between)


def _written_as_name(token: Token, at: int) -> bool:
    return token.quoted or (token.capital and at > 0)


def _of_kind(mark: Mark, kind: str) -> Mark:
    return _chosen(mark, lambda m: m.kind == kind)


def _chosen(mark: Mark, fits: Callable[[Meaning], bool]) -> Mark:
    return replace(mark, meanings=tuple(sorted(mark.meanings, key=lambda m: not fits(m))))
