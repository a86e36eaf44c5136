"""Metrics asked by what they count: "what share of sessions added something to the cart" (words/paraphrases.yml)."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from roastery.agent.planner.lists import words
from roastery.agent.planner.meanings import Mark, Meaning
from roastery.agent.planner.necessary import may_match, needed, runs
from roastery.agent.planner.tokens import Token

PARTS = ("of", "who", "share")


@lru_cache
def _compiled(kind: str) -> tuple[tuple[str, re.Pattern[str], frozenset[str] | None], ...]:
    lists = words("paraphrases")
    found = []
    for metric, patterns in lists[kind].items():
        for text in patterns:
            for _ in range(2):
                for part in PARTS:
                    text = text.replace(f"<<{part}>>", lists[part])
            found.append((metric, re.compile(rf"(?<![^ ])(?:{text})(?![^ ])"), needed(text)))
    return tuple(found)


def paraphrased(tokens: Sequence[Token], known: Collection[str]) -> list[Mark]:
    """Marks of the metrics that are said by what they count, longest first and without overlap."""
    line = " ".join(t.word for t in tokens)
    found: list[Mark] = []
    held = runs(line)
    for metric, said, need in _compiled("tight"):
        if metric not in known or (need is not None and need.isdisjoint(held)):
            continue
        for match in said.finditer(line):
            start = line[: match.start()].count(" ")
            end = start + match[0].count(" ") + 1
            if not any(t.quoted for t in tokens[start:end]):
                found.append(Mark(start, end, (Meaning("metric", metric),)))
    return _longest(found)


MAILED = re.compile(
    r"open|click|unsubscri|bounc|deliver|landed|looked in|read|\blinks?\b"
    r"|off (?:the|our) (?:mailing |email |mail )?list|out of (?:the|our) (?:newsletter|mails)"
)


@lru_cache
def _splits() -> tuple[tuple[str, re.Pattern[str], frozenset[str] | None], ...]:
    lists = words("splits")
    found = []
    for dimension, patterns in lists["dimensions"].items():
        for text in patterns:
            for part in ("one", "of", "kind", "came"):
                text = text.replace(f"<<{part}>>", lists[part])
            found.append((dimension, re.compile(rf"(?<![^ ])(?:{text})(?![^ ])"), needed(text)))
    return tuple(found)


def said_as_kind(tokens: Sequence[Token], known: Collection[str], held: Collection[int]) -> list[Mark]:
    """Marks of the dimensions that are said by what they stand for: "kind of client", "the month they joined"."""
    line = " ".join(t.word for t in tokens)
    found: list[Mark] = []
    there = runs(line)
    for dimension, said, need in _splits():
        if dimension not in known or (need is not None and need.isdisjoint(there)):
            continue
        if dimension == "campaign" and not MAILED.search(line):
            # "Revenue by mail" is of a channel; what is opened or clicked is one mailing.
            continue
        for match in said.finditer(line):
            start = line[: match.start()].count(" ")
            span = range(start, start + match[0].count(" ") + 1)
            if not any(i in held or tokens[i].quoted for i in span):
                found.append(Mark(span.start, span.stop, (Meaning("dimension", dimension),)))
    return _longest(found)


def _longest(found: list[Mark]) -> list[Mark]:
    found.sort(key=lambda m: (m.start - m.end, m.start))
    chosen: list[Mark] = []
    for mark in found:
        if all(mark.end <= other.start or mark.start >= other.end for other in chosen):
            chosen.append(mark)
    return chosen


def said_widely(line: str, known: Collection[str]) -> tuple[str, str] | None:
    """The metric that the plain words of a question ask for as a whole, with the pattern that says so."""
    for metric, said, need in _compiled("wide"):
        if metric in known and may_match(need, line) and said.search(line):
            return metric, said.pattern
    return None
