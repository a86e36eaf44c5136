"""Patterns of the grammar, kept as data: words/patterns.yml holds each as a list of alternatives."""

import re
from functools import lru_cache

from roastery.agent.planner.lists import words


@lru_cache
def pattern(name: str) -> str:
    """A pattern's text as one group, with the patterns that it refers to written in."""
    alternatives = [re.sub(r"<<(\w+)>>", lambda m: pattern(m[1]), text) for text in words("patterns")[name]]
    return f"(?:{'|'.join(alternatives)})"


@lru_cache
def words_of(name: str) -> re.Pattern[str]:
    """A pattern that matches whole words of a line."""
    return re.compile(rf"(?<![^ ])(?:{pattern(name)})(?![^ ])")
