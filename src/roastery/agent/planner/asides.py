"""Clauses beside the question: "our investor wants it", "analyst here, no prose". They ask nothing, and it is"
" said so."""

import re
from collections.abc import Iterator, Sequence

from roastery.agent.planner.lists import word_set
from roastery.agent.planner.tokens import Token

ENDS = frozenset({".", ",", ";", ":", "!", "?", "-", "(", ")"})
OPINION = re.compile(
    r"^(?:because |since |as |cause |cos )?(?:i|we|he|she|they|my \w+|our \w+|someone|somebody|everybody|nobody)"
    r"(?: \w+){0,2}? (?:(?:do|does|did|can|could) not (?:trust|believe|like|get|understand|buy)|(?:promised|owe|owes)"
    r"|(?:have|has|had|got) (?:a|the|an|my|our) (?:call|meeting|deadline|review|board|pitch))"
)
"""What people say of themselves or of others while they ask: doubts, promises, meetings. See also context.py."""


def clauses(tokens: Sequence[Token]) -> Iterator[range]:
    """Runs of words between stops, as token ranges."""
    start = 0
    for i, token in enumerate(tokens):
        if token.word in ENDS:
            if i > start:
                yield range(start, i)
            start = i + 1
    if start < len(tokens):
        yield range(start, len(tokens))


def opinions(tokens: Sequence[Token]) -> list[range]:
    """Clauses that speak of who asks and why, whatever they name."""
    found = list(clauses(tokens))
    if len(found) < 2:
        return []
    said = {c: " ".join(tokens[i].word for i in c) for c in found}
    # "We promised 3200 orders in May": what is promised is what is asked about.
    return [c for c in found if OPINION.match(said[c]) and not (PROMISE.match(said[c]) and re.search(r"\d", said[c]))]


PROMISE = re.compile(r"(?:\w+ ){1,4}?(?:promised|owe|owes) ")


TELLING = word_set("beside_telling")
"""One of these stands in a clause that only accompanies a question; a bare list of names has none."""
NARROWING = word_set("beside_narrowing")
"""Beginnings of clauses that change a question, whether their words are known or not."""


def asides(tokens: Sequence[Token], symbols: Sequence[tuple[int, int]]) -> list[range]:
    """Clauses without any name, period or number beside one that has some: they only accompany the question.

    symbols: ranges of what was recognized.
    """
    found = list(clauses(tokens))
    held = {i for a, b in symbols for i in range(a, b)}
    if not any(held.intersection(c) for c in found):
        return []
    return [c for c in found if not held.intersection(c) and _accompanies([tokens[i] for i in c])]


def _accompanies(clause: Sequence[Token]) -> bool:
    if clause[0].word in NARROWING or any(t.quoted for t in clause):
        return False
    return any(t.word in TELLING for t in clause)
