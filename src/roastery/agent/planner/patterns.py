"""Patterns of the grammar, kept as data: each name is a list of alternatives, gathered from all files of words/."""

import re
from functools import lru_cache

from roastery.agent.planner.dates import WEEKDAY
from roastery.agent.planner.lists import words
from roastery.agent.planner.necessary import may_match, needed

FILES = ("asks", "families", "context", "patterns")


@lru_cache
def pattern(name: str) -> str:
    """A pattern's text as one group, with the patterns that it refers to written in."""
    return _as_group([text for file in FILES for text in words(file).get(name, ())])


def _as_group(known: list[str]) -> str:
    filled = [text.replace("{weekday}", WEEKDAY) for text in known]
    alternatives = [re.sub(r"<<(\w+)>>", lambda m: pattern(m[1]), text) for text in filled]
    return f"(?:{'|'.join(alternatives)})"


_ATOM = re.compile(r"(?<![\w\\])[a-z]{2,}(?:\(\?:[a-z|]+\)\??|\?|\\w[*+]|[a-z]+)*")


@lru_cache
def vocabulary(*names: str) -> re.Pattern[str]:
    """A pattern that matches every single word that these patterns are made of, whatever stands between them.

    The words of families.yml are not among them: they count only where a family is found (said_by_family).
    """
    return _single_words([_as_group(own) for name in names if (own := _own(name))])


def _own(name: str) -> list[str]:
    return [text for file in FILES if file != "families" for text in words(file).get(name, ())]


@lru_cache
def said_by_family(*names: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds the families of these names in a line, each without its open end, and what matches their words."""
    known = [text for name in names for text in words("families").get(name, ())]
    closed = [text.removesuffix("(?: .*)?") for text in known]
    found = re.compile(rf"(?<![^ ])(?:{'|'.join(closed)})(?![^ ])" if closed else r"(?!)")
    return found, _single_words([_as_group(known)] if known else [])


def _single_words(texts: list[str]) -> re.Pattern[str]:
    text = " ".join(re.sub(r"\\[a-vx-zA-Z]|\(\?P<\w+>", " ", t) for t in texts)
    atoms = sorted(set(_ATOM.findall(text)))
    return re.compile("|".join(atoms) or r"(?!)")


@lru_cache
def _alternatives(name: str) -> tuple[tuple[re.Pattern[str], frozenset[str] | None], ...]:
    own = [_as_group([text]) for file in FILES for text in words(file).get(name, ())]
    return tuple((re.compile(rf"(?<![^ ])(?:{text})(?![^ ])"), needed(text)) for text in own)


def is_said(name: str, line: str) -> bool:
    """Whether one of the alternatives of a pattern is found in whole words of a line."""
    return any(may_match(need, line) and said.search(line) for said, need in _alternatives(name))


@lru_cache
def words_of(name: str) -> re.Pattern[str]:
    """A pattern that matches whole words of a line."""
    return re.compile(rf"(?<![^ ])(?:{pattern(name)})(?![^ ])")
