"""A question as a line of symbols: names, periods, numbers become M0, D1, V2, P3 …, and patterns run over the line."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from roastery.agent.planner.asides import asides, opinions
from roastery.agent.planner.calendar import Span, find_spans
from roastery.agent.planner.compositions import composed, marks_of, outside, without_words
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import common_words, is_compared, word_set
from roastery.agent.planner.meanings import Mark, Meaning
from roastery.agent.planner.necessary import needed, runs
from roastery.agent.planner.parameters import parameters
from roastery.agent.planner.paraphrases import paraphrased, said_as_kind
from roastery.agent.planner.settling import occasions, settled
from roastery.agent.planner.tokens import Token, stem, tokenize

NUMBER = re.compile(r"[$€£]?\d+(?:\.\d+)?(?:k|m|bn|%|x|×)?")


GRAND = frozenset({"grand", "thousand"})


@lru_cache(maxsize=4096)
def whole_words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^ ])(?:{pattern})(?![^ ])")


@dataclass(frozen=True)
class Symbol:
    """One element of the line: kind is the letter, index its number among all symbols, [start, end) its words."""

    kind: str
    index: int
    start: int
    end: int
    of: Any

    @property
    def name(self) -> str:
        return f"{self.kind}{self.index}"


@dataclass
class Question:
    """Everything that was recognized in one question, with the words that were not.

    used: symbols that were carried out or set aside for a reason. carried: patterns whose words were. meant: of names,
    the values (dimension, value) taken.
    """

    text: str
    tokens: tuple[Token, ...]
    symbols: list[Symbol]
    unknown: list[int]
    settings: dict[str, Any]
    typos: tuple[tuple[str, str], ...] = ()
    line: str = ""
    used: set[int] = field(default_factory=set)
    carried: list[str] = field(default_factory=list)
    meant: dict[int, frozenset[tuple[str, str]]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Symbol:
        return self.symbols[int(name[1:])]

    def of_kind(self, kind: str) -> list[Symbol]:
        return [s for s in self.symbols if s.kind == kind]

    @cached_property
    def plain(self) -> str:
        """The line with its words as they are, no symbols."""
        return " ".join(t.word for t in self.tokens)

    def find(self, pattern: str, line: str | None = None) -> Iterator[re.Match[str]]:
        """Matches of a pattern over the line, at word boundaries."""
        text = self.line if line is None else line
        need = needed(pattern)
        return whole_words(pattern).finditer(text) if need is None or not need.isdisjoint(runs(text)) else iter(())

    def says(self, pattern: str) -> bool:
        """Whether a pattern is found in the line of symbols or in the plain words."""
        return self.has(pattern) or next(self.find(pattern, self.plain), None) is not None

    def understood(self, pattern: str) -> None:
        """The words of a pattern are accounted for: they are no unknown names."""
        for found in self.find(pattern, self.plain):
            first = self.plain[: found.start()].count(" ")
            held = range(first, first + found[0].count(" ") + 1)
            self.unknown[:] = [i for i in self.unknown if i not in held or self.tokens[i].quoted]

    def has(self, pattern: str) -> bool:
        return next(self.find(pattern), None) is not None

    def words(self, symbol: Symbol) -> str:
        first, last = self.tokens[symbol.start], self.tokens[symbol.end - 1]
        return self.text[first.start : last.end]


def parse(text: str, lexicon: Lexicon) -> Question:
    """Recognize settings, periods, names and numbers, in this order; what is left over is unknown."""
    tokens, mended = lexicon.slips.mend(tokenize(text))
    beside = opinions(tokens)
    words = [t.word for t in tokens]
    settings, taken = parameters(words)
    taken_first = tuple(taken)
    first = lexicon.marks(tokens, taken)
    own = {i for m in first if _is_own_name(m) for i in range(m.start, m.end)}
    kinds = said_as_kind(tokens, lexicon.vocabulary.dimensions, own | {i for a, b in taken for i in range(a, b)})
    mailings = {m.start for m in kinds if m.first.name == "campaign"}
    kinds += _each_kind(lexicon, tokens, own | {i for m in kinds for i in range(m.start, m.end)})
    split = {i for m in kinds for i in range(m.start, m.end)}
    made = composed(tokens, lexicon.vocabulary.metrics, own | split, _concepts_named(first, kinds, mailings))
    parts = [(p.start, p.end) for c in made for p in c.parts]
    held_by = {i for a, b in parts for i in range(a, b)}
    counted = [m for m in paraphrased(tokens, lexicon.vocabulary.metrics) if held_by.isdisjoint(range(m.start, m.end))]
    counted = without_words(outside(counted, made), split)
    taken += parts
    taken += [(m.start, m.end) for m in counted]
    kinds = [m for m in kinds if held_by.isdisjoint(range(m.start, m.end))]
    counted += kinds
    taken += [(m.start, m.end) for m in kinds]
    named = [m for m in lexicon.marks(tokens, taken) if _owns_calendar_words(m)]
    held = [*taken, *((m.start, m.end) for m in named)]
    spans = [s for s in find_spans(tokens, lexicon.vocabulary.calendar) if not _overlaps(s.start, s.end, held)]
    taken += [(s.start, s.end) for s in spans]
    aside = [(c.start, c.stop) for c in beside]
    found_names = lexicon.marks(tokens, [*taken, *aside])
    marks = [*outside(settled(found_names, tokens), made, tokens), *counted]
    taken += occasions(found_names, tokens)
    held = [*((s.start, s.end) for s in spans), *((m.start, m.end) for m in marks), *taken_first]
    marks += marks_of(made, tokens, {i for a, b in held for i in range(a, b)})
    marks.sort(key=lambda m: m.start)
    covered = {i for a, b in [*taken, *((m.start, m.end) for m in marks)] for i in range(a, b)}
    unknown = [i for i, t in enumerate(tokens) if i not in covered and _unknown(t)]
    slips = lexicon.slips.typos(tokens, unknown)
    unknown = [i for i in unknown if not any(m.start <= i < m.end for m in slips)]
    typos = mended + tuple(
        (" ".join(t.text for t in tokens[m.start : m.end]), m.first.label or m.typo or "") for m in slips
    )
    found = [*taken, *((m.start, m.end) for m in (*marks, *slips))]
    beside += asides(tokens, found)
    unknown = [i for i in unknown if not any(i in c for c in beside)]
    question = Question(text, tokens, [], unknown, settings, typos)
    _write_line(question, spans, [*marks, *slips], taken_by_settings=taken_first)
    return question


def _owns_calendar_words(mark: Mark) -> bool:
    """An own name of several words beats the calendar: a campaign called "Black Friday 2025 – US" is no date."""
    long = mark.end - mark.start >= 3 and mark.first.kind == "dimension"
    return long or (mark.end - mark.start >= 2 and mark.first.kind in ("value", "metric") and not mark.partial)


MAILERS = ("klaviyo:", "mailchimp:", "constant_contact:")


MONEY = word_set("money_words")
EACH = ("each", "every")
SOLD_KINDS = frozenset({"product", "category"})
STANDS_FOR = {
    "product": ("item",),
    "asset": ("creative", "who_sold"),
    "asset_type": ("creative",),
    "ad": ("ad", "who_sold"),
    "campaign": ("who_sold",),
    "channel": ("who_sold",),
    "platform": ("who_sold",),
}
"""Concepts that a dimension's name stands for, though it is what is split by: "clicks on each creative"."""


def _concepts_named(
    marks: Sequence[Mark], kinds: Sequence[Mark], mailings: Collection[int]
) -> dict[range, tuple[str, ...]]:
    """Names by the concepts that they stand for: what is opened of a mailing is mail, what comes back of a product is
    an item. kinds: dimensions said by what they stand for."""
    found: dict[range, tuple[str, ...]] = {}
    for kind in kinds:
        mailing = kind.first.name == "campaign" and kind.start in mailings
        found[range(kind.start, kind.end)] = ("mail",) if mailing else STANDS_FOR.get(kind.first.name, ())
    for mark in marks:
        values = [m for m in mark.meanings if m.kind == "value"]
        mailed = [m for m in values if m.name == "campaign"]
        at = range(mark.start, mark.end)
        if mailed and all(m.value.startswith(MAILERS) for m in mailed):
            found[at] = ("mail",)
        elif mark.first.kind == "value" and any(m.name in SOLD_KINDS for m in values):
            found[at] = ("own_item",)
        elif mark.first.kind == "dimension" and at not in found:
            found[at] = STANDS_FOR.get(mark.first.name, ())
    return found


def _each_kind(lexicon: Lexicon, tokens: Sequence[Token], held: Collection[int]) -> list[Mark]:
    """ "Each creative", "every single campaign": what is split by, whatever metric stands around it."""
    found: list[Mark] = []
    for at in range(1, len(tokens)):
        before = [t.word for t in tokens[max(0, at - 2) : at]]
        if before[-1] not in EACH and not (before[-1] == "single" and before[0] in EACH):
            continue
        for end in range(min(at + 3, len(tokens)), at, -1):
            marks = lexicon.marks(tokens[at:end])
            kind = next((m.of("dimension") for m in marks if m.start == 0 and m.end == end - at), None)
            money = end < len(tokens) and tokens[end].word in MONEY
            if kind is not None and not money and held.isdisjoint(range(at, end)):
                found.append(Mark(at, end, (kind,)))
                break
    return found


def _is_own_name(mark: Mark) -> bool:
    """A name of several words, in which a word such as "quote" or "mail" means nothing else."""
    return mark.end - mark.start >= 2 and mark.first.kind == "value" and mark.first.name not in GENERAL


GENERAL = frozenset({"sales_channel", "customer_type"})
"""Kinds whose names are everybody's words: "over the counter"."""


def _overlaps(start: int, end: int, held: Sequence[tuple[int, int]]) -> bool:
    return any(start < b and a < end and (b - a) >= (end - start) for a, b in held)


def _unknown(token: Token) -> bool:
    if not token.word[:1].isalpha():
        return False
    if token.quoted:
        return True
    is_adverb = token.word.endswith("ly") and len(token.word) > 4 and not token.capital
    return not is_adverb and stem(token.word) not in common_words() and not is_compared(token.word)


def _kind(meaning: Meaning) -> str:
    return {"metric": "M", "ambiguous": "A", "dimension": "D", "value": "V"}.get(meaning.kind, "X")


def _write_line(
    question: Question, spans: Sequence[Span], marks: Sequence[Mark], taken_by_settings: Sequence[tuple[int, int]]
) -> None:
    begins: dict[int, tuple[int, str, Any]] = {}
    for span in spans:
        begins[span.start] = (span.end, {"period": "P", "compare": "C", "grain": "G"}[span.kind], span)
    for mark in marks:
        begins[mark.start] = (mark.end, _kind(mark.first), mark)
    for start, end in taken_by_settings:
        begins[start] = (end, "S", None)
    line, at = [], 0
    while at < len(question.tokens):
        token = question.tokens[at]
        end, kind, of = begins.get(at, (at + 1, "", None))
        if not kind and NUMBER.fullmatch(token.word):
            kind, of = "N", token.word
            if at + 1 < len(question.tokens) and question.tokens[at + 1].word in ("percent", "pct"):
                end, of = at + 2, f"{token.word}%"
            elif at + 1 < len(question.tokens) and token.word[-1].isdigit() and question.tokens[at + 1].word in GRAND:
                end, of = at + 2, f"{token.word}k"
        if kind:
            symbol = Symbol(kind, len(question.symbols), at, end, of)
            question.symbols.append(symbol)
            line.append(symbol.name)
        else:
            line.append(token.word)
        at = end
    question.line = " ".join(line)


def number_value(text: str) -> Decimal:
    """A number as typed: "$1.5k" is 1500, "10%" is 0.1, "2x" is 2."""
    found = text.strip("$€£")
    scale = Decimal(1)
    for ending, factor in (
        ("bn", "1000000000"),
        ("k", "1000"),
        ("m", "1000000"),
        ("%", "0.01"),
        ("x", "1"),
        ("×", "1"),
    ):
        if found.endswith(ending):
            found, scale = found.removesuffix(ending), Decimal(factor)
            break
    value = Decimal(found) * scale
    return value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))
