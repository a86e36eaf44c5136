"""Metrics said by what they are made of: "what share of leads becomes a customer", "what do we pay for a click", "how
long until a ticket is solved". Concepts, and which of them make which metric, stand in words/compositions.yml.

Each form of asking (share, count, ratio, price, length of time) is one function; the first that finds a metric has its
words. What was asked as a share is never answered by a count, nor by the two numbers that it is made of.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from roastery.agent.planner.concepts import Composed, Said
from roastery.agent.planner.forms_of_asking import FORMS
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.meanings import Mark, Meaning
from roastery.agent.planner.tokens import Token, neighbours

KEPT = word_set("composing_kept")
"""Words within a composed metric that may still narrow it, split it or stand for a second one."""


def composed(
    tokens: Sequence[Token],
    known: Collection[str],
    blocked: Collection[int] = (),
    kinds: Mapping[range, tuple[str, ...]] | None = None,
) -> list[Composed]:
    """The metrics that are put together of what a question names; no word belongs to two."""
    whole = Said(tokens, blocked, kinds)
    asks = [_made(whole.within(a, b), known) for a, b in whole.clauses()]
    if sum(map(bool, asks)) > 1:
        return [one for made in asks for one in made]
    return _made(whole, known)


def _made(said: Said, known: Collection[str]) -> list[Composed]:
    found: list[Composed] = []
    held: set[int] = set()
    for form in FORMS:
        for one in form(said):
            parts = tuple(p for p in dict.fromkeys(one.parts) if not p.named)
            span = {i for p in parts for i in range(p.start, p.end)}
            if parts and one.metric in known and held.isdisjoint(span):
                own = Composed(one.metric, parts)
                held |= set(own.hull)
                found.append(own)
                break
    return found


ARTICLES = frozenset({"a", "an", "the", "one"})


def outside(marks: Sequence[Mark], found: Sequence[Composed], tokens: Sequence[Token] = ()) -> list[Mark]:
    """Marks without what stands within a composed one: "win" in "what do we pay to win a customer", and the thing in
    "visits to the shop that add an item to the cart"."""
    within = {i for c in found for i in c.hull}

    def belongs(mark: Mark) -> bool:
        if mark.first.kind.endswith(("metric", "ambiguous")):
            return True
        before = tokens[mark.start - 1].word if tokens and mark.start else ""
        return mark.first.kind == "dimension" and before in ARTICLES and not tokens[mark.end - 1].word.endswith("s")

    return [m for m in marks if not belongs(m) or within.isdisjoint(range(m.start, m.end))]


def marks_of(found: Sequence[Composed], tokens: Sequence[Token], held: Collection[int]) -> list[Mark]:
    """The composed metrics as marks: their words, and what lies between them and names nothing else."""
    marks: list[Mark] = []
    for one in found:
        parts = {i for p in one.parts for i in range(p.start, p.end)}
        free = {i for i in one.hull if i not in held and tokens[i].word[:1].isalpha() and tokens[i].word not in KEPT}
        meaning = Meaning("metric", one.metric, composed=True)
        marks += [Mark(a, b, (meaning,)) for a, b in _runs(sorted(parts | free))]
    return marks


def without_words(marks: Sequence[Mark], words: Collection[int]) -> list[Mark]:
    """The marks without some of their words: "how often was each creative used" is split by the creative."""
    found: list[Mark] = []
    for mark in marks:
        kept = [i for i in range(mark.start, mark.end) if i not in words]
        found += [replace(mark, start=a, end=b) for a, b in _runs(kept)]
    return found


def _runs(indexes: Sequence[int]) -> list[tuple[int, int]]:
    return [(run[0], run[-1] + 1) for run in neighbours(indexes)]
