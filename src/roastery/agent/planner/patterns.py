"""Patterns of the grammar, kept as data: each name is a list of alternatives, gathered from all files of words/."""

import re
from functools import lru_cache

from roastery.agent.planner.dates import WEEKDAY
from roastery.agent.planner.lists import words

FILES = ("asks", "families", "context", "patterns")


@lru_cache
def pattern(name: str) -> str:
    """A pattern's text as one group, with the patterns that it refers to written in."""
    known = [text for file in FILES for text in words(file).get(name, ())]
    if not known:
        raise KeyError(name)
    filled = [text.replace("{weekday}", WEEKDAY) for text in known]
    alternatives = [re.sub(r"<<(\w+)>>", lambda m: pattern(m[1]), text) for text in filled]
    return f"(?:{'|'.join(alternatives)})"


_ATOM = re.compile(r"(?<![\w\\])[a-z]{2,}(?:\(\?:[a-z|]+\)\??|\?|\\w[*+]|[a-z]+)*")


@lru_cache
def vocabulary(*names: str) -> re.Pattern[str]:
    """A pattern that matches every single word that these patterns are made of, whatever stands between them."""
    text = " ".join(re.sub(r"\\[a-vx-zA-Z]|\(\?P<\w+>", " ", pattern(name)) for name in names)
    atoms = sorted(set(_ATOM.findall(text)))
    return re.compile("|".join(atoms) or r"(?!)")


@lru_cache
def words_of(name: str) -> re.Pattern[str]:
    """A pattern that matches whole words of a line."""
    return re.compile(rf"(?<![^ ])(?:{pattern(name)})(?![^ ])")
