"""The calendar grammar: every way a marketer names a period, in the words of a tokenized question.

Rules are tried everywhere; of overlapping readings the longest wins, then the earlier rule. Settled readings are those
of CONTRACTS section 8: "last N days" ends yesterday, "last week" is the last complete one, a month without a year is
the latest complete one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from roastery.agent.planner.calendar_grammar import Kind, Rule
from roastery.agent.planner.calendar_rules import RULES
from roastery.agent.planner.dates import Calendar, Days
from roastery.agent.planner.necessary import needed, runs
from roastery.agent.planner.tokens import Token


@dataclass(frozen=True)
class Span:
    """Words [start, end) of the question that name a period, something to compare it with, or a grain.

    compare: previous_period, previous_year, or before:N:unit for "the eight (weeks) before". back: words such as
    "previous month" that mean a comparison when another period stands beside them.
    """

    start: int
    end: int
    kind: Kind
    days: Days | None = None
    compare: str | None = None
    grain: str | None = None
    back: str | None = None
    text: str = ""
    parts: tuple[Days, Days] | None = None


def find_spans(tokens: Sequence[Token], calendar: Calendar) -> list[Span]:
    """All period words of a question, left to right and without overlap."""
    words = [t.word for t in tokens]
    line = " ".join(words)
    starts, ends = {}, {}
    at = 0
    for index, word in enumerate(words):
        starts[at] = index
        at += len(word)
        ends[at] = index + 1
        at += 1
    held = runs(line)
    found = [
        span
        for order, rule, need in _rules()
        if need is None or not need.isdisjoint(held)
        for span in _apply(rule, order, line, starts, ends, calendar)
        if not any(t.quoted for t in tokens[span[2].start : span[2].end])
    ]
    found.sort(key=lambda s: (-s[0], s[1], s[2].start))
    chosen: list[Span] = []
    for _, _, span in found:
        if all(span.end <= other.start or span.start >= other.end for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda s: s.start)


@lru_cache
def _rules() -> tuple[tuple[int, Rule, frozenset[str] | None], ...]:
    """The rules in their order, each with what a line must hold for it."""
    return tuple((order, rule, needed(rule[1].pattern)) for order, rule in enumerate(RULES))


def _apply(
    rule: Rule, order: int, line: str, starts: dict[int, int], ends: dict[int, int], calendar: Calendar
) -> Iterator[tuple[int, int, Span]]:
    _, pattern, make, kind = rule
    at = 0
    while match := pattern.search(line, at):
        at = match.start() + 1
        if match.start() not in starts or match.end() not in ends:
            continue
        made = make(calendar, match)
        if made is None:
            continue
        start, end = starts[match.start()], ends[match.end()]
        length = match.end() - match.start()
        if isinstance(made, str):
            compare, grain = (made, None) if kind == "compare" else (None, made)
            span = Span(start, end, kind, compare=compare, grain=grain, text=match[0])
        else:
            back = match[0] if re.match(r"(?:the )?(?:previous|prior|preceding|last)\b", match[0]) else None
            span = Span(start, end, kind, days=made, back=back, text=match[0])
        yield length, order, span
