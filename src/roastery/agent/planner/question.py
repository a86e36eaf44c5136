"""A question as a line of symbols: names, periods and numbers become M0, D1, V2, P3 …, and patterns run over the line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from roastery.agent.planner.calendar import Span, find_spans
from roastery.agent.planner.lexicon import Lexicon, Mark, Meaning, common_words
from roastery.agent.planner.tokens import Token, stem, tokenize

NUMBER = re.compile(r"[$€£]?\d+(?:\.\d+)?(?:k|m|bn|%|x|×)?")

MODELS = {
    "first_touch": r"first (?:touch|click|interaction)",
    "last_non_direct": r"last non direct(?: touch| click| interaction)?",
    "last_touch": r"last (?:touch|click|interaction)",
    "linear": r"linear",
    "time_decay": r"time decay(?:ing)?",
    "position_based": r"position based|u shaped|ushaped|bathtub",
    "w_shaped": r"w shaped|wshaped",
    "markov": r"markov(?: chain)?|data driven",
    "shapley": r"shapley(?: value)?",
}
_TAIL = r"(?: (?:attribution|model|basis|attributed|attribution model))*"
_WINDOW = re.compile(
    r"(?<![^ ])(?:(?:with|on|in|using|under|and)? ?(?:a|an|the)? ?(?P<n>\d+) ?days? (?:(?:click|attribution|lookback|look back"
    r"|conversion|touch) )*(?:window|lookback|look back|click window|attribution)"
    r"|(?:attribution |lookback |click )?window of (?P<m>\d+) days?|(?P<h>\d+)d (?:click|window|lookback|attribution)(?: window)?)(?![^ ])"
)
_VIEW = re.compile(r"(?<![^ ])(?P<n>\d+) ?(?:days?|d) view(?: through)?(?: window)?(?![^ ])")
_TOUCH_DATE = re.compile(
    r"(?<![^ ])(?:(?:by|on|per|using) (?:the )?(?:touch|click|interaction) (?:date|day)|touch dated)(?![^ ])"
)
_CURRENCIES = {
    "EUR": r"eur|euros?", "USD": r"usd|us dollars?|dollars?|american dollars", "GBP": r"gbp|(?:british )?pounds?(?: sterling)?",
    "CAD": r"cad|canadian dollars?", "AUD": r"aud|australian dollars?", "CHF": r"chf|swiss francs?|francs?",
    "JPY": r"jpy|yen", "SEK": r"sek|swedish krona", "MXN": r"mxn|mexican pesos?", "NZD": r"nzd", "INR": r"inr|rupees?",
}  # fmt: skip
_CURRENCY = re.compile(
    r"(?<![^ ])(?:in|as|to|into|converted to) (?:"
    + "|".join(f"(?P<{code}>{said})" for code, said in _CURRENCIES.items())
    + r")(?![^ ])"
)


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
    """Everything that was recognized in one question, with the words that were not."""

    text: str
    tokens: tuple[Token, ...]
    symbols: list[Symbol]
    unknown: list[int]
    settings: dict[str, Any]
    typos: tuple[tuple[str, str], ...] = ()
    line: str = ""
    used: set[int] = field(default_factory=set)

    def __getitem__(self, name: str) -> Symbol:
        return self.symbols[int(name[1:])]

    def of_kind(self, kind: str) -> list[Symbol]:
        return [s for s in self.symbols if s.kind == kind]

    @property
    def plain(self) -> str:
        """The line with its words as they are, no symbols."""
        return " ".join(t.word for t in self.tokens)

    def find(self, pattern: str, line: str | None = None) -> Iterator[re.Match[str]]:
        """Matches of a pattern over the line, at word boundaries."""
        return re.finditer(rf"(?<![^ ])(?:{pattern})(?![^ ])", self.line if line is None else line)

    def has(self, pattern: str) -> bool:
        return next(self.find(pattern), None) is not None

    def words(self, symbol: Symbol) -> str:
        first, last = self.tokens[symbol.start], self.tokens[symbol.end - 1]
        return self.text[first.start : last.end]


def parse(text: str, lexicon: Lexicon) -> Question:
    """Recognize settings, periods, names and numbers, in this order; what is left over is unknown."""
    tokens, mended = lexicon.mend(tokenize(text))
    words = [t.word for t in tokens]
    settings, taken = _settings(words)
    named = [m for m in lexicon.marks(tokens, taken) if _owns_calendar_words(m)]
    held = [*taken, *((m.start, m.end) for m in named)]
    spans = [s for s in find_spans(tokens, lexicon.vocabulary.calendar) if not _overlaps(s.start, s.end, held)]
    taken += [(s.start, s.end) for s in spans]
    marks = lexicon.marks(tokens, taken)
    covered = {i for a, b in [*taken, *((m.start, m.end) for m in marks)] for i in range(a, b)}
    unknown = [i for i, t in enumerate(tokens) if i not in covered and _unknown(t)]
    slips = lexicon.typos(tokens, unknown)
    unknown = [i for i in unknown if not any(m.start <= i < m.end for m in slips)]
    typos = mended + tuple(
        (" ".join(t.text for t in tokens[m.start : m.end]), m.first.label or m.typo or "") for m in slips
    )
    question = Question(text, tokens, [], unknown, settings, typos)
    _write_line(question, spans, [*marks, *slips], taken_by_settings=_settings(words)[1])
    return question


def _owns_calendar_words(mark: Mark) -> bool:
    """An own name of several words beats the calendar: a campaign called "Black Friday 2025 – US" is no date."""
    return mark.end - mark.start >= 2 and mark.first.kind == "value" and not mark.partial


def _overlaps(start: int, end: int, held: Sequence[tuple[int, int]]) -> bool:
    return any(start < b and a < end and (b - a) >= (end - start) for a, b in held)


def _unknown(token: Token) -> bool:
    if not token.word[:1].isalpha():
        return False
    return token.quoted or stem(token.word) not in common_words()


def _settings(words: Sequence[str]) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Attribution model, windows, day of credit and currency in words, with the words that they take."""
    line = " ".join(words)
    starts = {}
    at = 0
    for i, word in enumerate(words):
        starts[at] = i
        at += len(word) + 1
    settings: dict[str, Any] = {}
    taken: list[tuple[int, int]] = []

    def take(match: re.Match[str]) -> None:
        text = match[0]
        first = match.start() + len(text) - len(text.lstrip())
        start = starts[first]
        taken.append((start, start + len(text.split())))

    for model, said in MODELS.items():
        found = re.search(rf"(?<![^ ])(?:{said}){_TAIL}(?![^ ])", line)
        if found and "attribution_model" not in settings:
            settings["attribution_model"] = model
            take(found)
            after = re.match(r" (?:, |with |and |a |an )*(?P<n>\d+) days?(?![^ ])", line[found.end() :])
            if after and not _WINDOW.search(line):
                settings["attribution_window_days"] = int(after["n"])
                start = len(line[: found.end()].split())
                taken.append((start, start + len(after[0].split())))
    if found := _WINDOW.search(line):
        settings["attribution_window_days"] = int(found["n"] or found["m"] or found["h"])
        take(found)
    if found := _VIEW.search(line):
        settings["view_window_days"] = int(found["n"])
        take(found)
    if found := _TOUCH_DATE.search(line):
        settings["attribution_date"] = "touch"
        take(found)
    if found := _CURRENCY.search(line):
        settings["currency"] = next(code for code in _CURRENCIES if found[code])
        take(found)
    return settings, taken


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
