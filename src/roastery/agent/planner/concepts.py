"""Concepts in the words of a question: what a metric can be said by, such as a lead, a click, a price, a share."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from roastery.agent.planner.lists import word_set, words
from roastery.agent.planner.necessary import needed, runs
from roastery.agent.planner.tokens import Token

STOPS = frozenset({"?", ".", ";", "!"})
JOINING = frozenset({"and", "or", "vs", "versus", "&", "nor"})
LISTING = frozenset({"and", "or", ",", "vs", "versus", "&", "nor"})
OVER = (
    r"(?:(?:per|relative to|divided by|over|out of|in relation to|in proportion to|measured against"
    r"|for (?:each|every|one)"
    r"|(?:as|in) (?:a |an |the )?(?:share|percentage|percent|fraction|proportion|ratio|rate|part|multiple)s?"
    r" (?:of|to))"
    r"|(?:compared|relative) (?:to|with)(?=.* (?:as a ratio|in percent|percent|ratio)))"
)

ASKS_AGAIN = re.compile(r"(?<=[^ ] )(?<!^and )(?:and|,|;|\?|\.|-) (?:and )?(?=(?:how|what|which) (?!of )[^ ]+)")
"""Where one question ends and another begins in the same sentence."""
ASKING = word_set("asks_a_number")


@dataclass(frozen=True)
class Part:
    """Words [start, end) that name a concept; `named`: an own name, which still narrows."""

    concept: str
    start: int
    end: int
    named: bool = False


@dataclass(frozen=True)
class Composed:
    """A metric with the parts that say it."""

    metric: str
    parts: tuple[Part, ...]

    @property
    def hull(self) -> range:
        return range(min(p.start for p in self.parts), max(p.end for p in self.parts))


@lru_cache
def _concepts() -> tuple[tuple[str, re.Pattern[str], frozenset[str] | None], ...]:
    return tuple(
        (name, re.compile(rf"(?<![^ ])(?:{text.strip()})(?![^ ])"), needed(text.strip()))
        for name, text in words("compositions")["concepts"].items()
    )


Entry = tuple[Mapping[str, Any], tuple[frozenset[str], ...], frozenset[str], frozenset[str]]


@lru_cache
def _entries(form: str) -> tuple[Entry, ...]:
    """The entries of a form of asking, each with sets of concepts of which one must be said, those of which one must
    stand anywhere beside them, and those not to be."""
    found = []
    for entry in words("compositions")[form]:
        sets = [entry.get("of"), entry.get("did"), *entry.get("all", ()), *([c] for c in entry.get("over", ()))]
        own = tuple(frozenset(s) for s in sets if s)
        found.append((entry, own, frozenset(entry.get("with", ())), frozenset(entry.get("unless", ()))))
    return tuple(found)


@lru_cache
def _over() -> re.Pattern[str]:
    return re.compile(rf"(?<![^ ]){OVER}(?![^ ])")


WHATEVER_IS_NAMED = frozenset({"new_cust", "sold"})
"""Concepts said with words that name a value as well: "went over the counter" is sold, "new clients" are won."""


class Said:
    """The concepts of a question's words, by name.

    blocked: words of own names. kinds: concepts that own names stand for, by their first word: a mailing is mail.
    """

    def __init__(
        self, tokens: Sequence[Token], blocked: Collection[int], kinds: Mapping[range, tuple[str, ...]] | None = None
    ) -> None:
        self.words = [t.word for t in tokens]
        self.line = " ".join(self.words)
        self._at, at = {}, 0
        for index, word in enumerate(self.words):
            self._at[at] = index
            at += len(word) + 1
        self.parts: dict[str, list[Part]] = defaultdict(list)
        there = runs(self.line)
        for name, pattern, need in _concepts():
            if need is not None and need.isdisjoint(there):
                continue
            held = () if name in WHATEVER_IS_NAMED else blocked
            for part in self.found(name, pattern):
                if not any(i in held or tokens[i].quoted for i in range(part.start, part.end)):
                    self.parts[name].append(part)
        for span, names in (kinds or {}).items():
            for name in names:
                self.parts[name].append(Part(name, span.start, span.stop, named=True))
        self.beside: Mapping[str, list[Part]] = self.parts

    def within(self, start: int, end: int) -> "Said":
        """The same with the parts of one clause only; what must stand beside them may stand anywhere."""
        found = copy(self)
        inside = {n: [p for p in ps if start <= p.start and p.end <= end] for n, ps in self.parts.items()}
        found.parts = defaultdict(list, {n: ps for n, ps in inside.items() if ps})
        return found

    def clauses(self) -> list[tuple[int, int]]:
        """The asks that stand beside each other: "how many mails landed", "what % bounced"; none where there is one."""
        cuts = [m.start() for m in ASKS_AGAIN.finditer(self.line)]
        starts = [0, *(self.line[:c].count(" ") + 1 for c in cuts)]
        found = list(zip(starts, [*starts[1:], len(self.words)], strict=True))
        return [(a, b) for a, b in found if not ASKING.isdisjoint(self.words[a:b])] if cuts else []

    def found(self, name: str, pattern: re.Pattern[str]) -> Iterator[Part]:
        for match in pattern.finditer(self.line):
            start = self._at[match.start() + len(match[0]) - len(match[0].lstrip())]
            yield Part(name, start, start + match[0].strip().count(" ") + 1)

    def of(self, names: Sequence[str]) -> list[Part]:
        parts = self.parts
        return [p for name in names if name in parts for p in parts[name]]

    def over(self) -> list[Part]:
        return list(self.found("over", _over()))

    def near(self, a: Part, b: Part, most: int) -> bool:
        """Whether b begins after a within so many words of the same sentence, and the two are no mere list."""
        between = self.words[a.end : b.start]
        joined = not JOINING.isdisjoint(between) and (len(between) < 4 or between[-1] in JOINING)
        listed = joined or (bool(between) and LISTING.issuperset(between))
        return a.end <= b.start <= a.end + most and STOPS.isdisjoint(between) and not listed

    def before(self, part: Part, back: int = 1) -> str:
        return self.words[part.start - back] if part.start >= back else ""

    def fitting(self, form: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The entries of a form of asking, numbered, whose concepts are said, with what must stand beside them and
        without what must not."""
        said, beside = self.parts.keys(), self.beside.keys()
        for n, (entry, own, further, unless) in enumerate(_entries(form)):
            if (
                unless.isdisjoint(said)
                and not any(names.isdisjoint(said) for names in own)
                and (not further or not further.isdisjoint(beside))
            ):
                yield n, entry
