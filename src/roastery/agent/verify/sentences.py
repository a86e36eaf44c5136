"""A draft as sentences of words, in which references, names, metrics and periods are found."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roastery.agent.planner.calendar import Span, find_spans
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import common_words
from roastery.agent.planner.phrases import INNER
from roastery.agent.planner.tokens import Token, phrase, stem, tokenize
from roastery.agent.render import REFERENCE

_REF = re.compile(r"^xref([fd]\d+)x$")
_ABBREVIATIONS = re.compile(r"\b(?:vs|e\.g|i\.e|etc|approx|no|incl|excl|avg|dept|inc|ltd|co|st)\.$", re.IGNORECASE)
COMMA = frozenset({",", "and", "or", "&", "(", ")", ":", "plus"})
BREAK = frozenset({";", "while", "whereas", "but", "although", "though", "however", "yet", "-"})


@dataclass(frozen=True)
class Reference:
    """[[f3]] or [[d2]] at a word of its sentence."""

    at: int
    id: str


@dataclass(frozen=True)
class Mention:
    """A name, metric or period that a sentence speaks of, at words [at, end)."""

    at: int
    end: int
    kind: str
    name: str
    value: str = ""


@dataclass(frozen=True)
class Sentence:
    """One sentence of a draft; `text` as written, references still in it."""

    text: str
    tokens: tuple[Token, ...]
    facts: tuple[Reference, ...]
    labels: tuple[Reference, ...]
    names: tuple[Mention, ...]
    metrics: tuple[Mention, ...]
    dimensions: tuple[Mention, ...]
    spans: tuple[Span, ...]
    unknown: tuple[int, ...]

    @property
    def line(self) -> str:
        return " ".join(t.word for t in self.tokens)

    @property
    def words(self) -> list[str]:
        return [t.word for t in self.tokens]

    def distance(self, a: int, b: int) -> int:
        """Words between two places; a comma or "and" between them counts as three more, a new clause as thirty."""
        low, high = min(a, b), max(a, b)
        between = [t.word for t in self.tokens[low + 1 : high]]
        return high - low + sum(3 for w in between if w in COMMA) + sum(30 for w in between if w in BREAK)


def split(draft: str) -> Iterator[str]:
    """The sentences of a draft, each line on its own; bullets and emphasis marks stripped."""
    for line in draft.splitlines():
        line = re.sub(r"^\s*(?:[-*•]\s+|#{1,6}\s+|\d{1,2}[.)]\s+)", "", line).strip()
        if not line:
            continue
        start = 0
        for found in re.finditer(r"[.!?]+[*_\"”)]*\s+(?=[A-Z\[\"“*_(])", line):
            if _ABBREVIATIONS.search(line[start : found.start() + 1]):
                continue
            yield line[start : found.end()].strip()
            start = found.end()
        if line[start:].strip():
            yield line[start:].strip()


def read_sentence(text: str, lexicon: Lexicon) -> Sentence:
    """Find everything that a sentence speaks of."""
    bare = REFERENCE.sub(lambda m: f" xref{m[1]}x ", text.replace("*", " ").replace("_", " "))
    tokens = tokenize(bare)
    facts: list[Reference] = []
    labels: list[Reference] = []
    for i, token in enumerate(tokens):
        if found := _REF.match(token.word):
            (facts if found[1].startswith("f") else labels).append(Reference(i, found[1]))
    held = [(r.at, r.at + 1) for r in (*facts, *labels)]
    spans = [s for s in find_spans(tokens, lexicon.vocabulary.calendar) if not _touches(s.start, s.end, held)]
    held += [(s.start, s.end) for s in spans]
    names, metrics, by_verb, dimensions = [], [], [], []
    for mark in lexicon.marks(tokens, held):
        held.append((mark.start, mark.end))
        meaning = mark.first
        if meaning.kind in ("metric", "missing_metric", "ambiguous"):
            said = tuple(stem(t.word) for t in tokens[mark.start : mark.end])
            # A part of a metric, whose name people say for the whole, is named by it as well.
            wanted = (*(meaning.readings or (meaning.name,)), *(name for name in sorted(INNER) if phrase(name) == said))
            mention = Mention(mark.start, mark.end, "metric", "|".join(wanted))
            (by_verb if meaning.weak else metrics).append(mention)
        elif meaning.kind in ("value", "missing_value"):
            names += [
                Mention(mark.start, mark.end, "partial" if mark.partial else "name", m.name, m.value)
                for m in mark.meanings
                if m.kind in ("value", "missing_value")
            ]
        else:
            dimensions.append(Mention(mark.start, mark.end, "dimension", meaning.name))
    covered = {i for a, b in held for i in range(a, b)}
    unknown = tuple(
        i for i, t in enumerate(tokens) if i not in covered and t.word.isalpha() and stem(t.word) not in common_words()
    )
    return Sentence(
        text,
        tokens,
        tuple(facts),
        tuple(labels),
        tuple(names),
        # Beside a metric's own name a verb ("rows came in") speaks of it or of nothing.
        tuple(metrics or by_verb),
        tuple(dimensions),
        tuple(spans),
        unknown,
    )


def _touches(start: int, end: int, held: Sequence[tuple[int, int]]) -> bool:
    return any(start < b and a < end for a, b in held)
