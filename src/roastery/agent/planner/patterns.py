"""Patterns of the grammar, kept as data: words/patterns.yml and asks.yml hold each as a list of alternatives."""

import re
from functools import lru_cache

from roastery.agent.planner.dates import WEEKDAY
from roastery.agent.planner.lists import words


@lru_cache
def pattern(name: str) -> str:
    """A pattern's text as one group, with the patterns that it refers to written in."""
    known = words("asks").get(name) or words("patterns")[name]
    filled = [text.replace("{weekday}", WEEKDAY) for text in known]
    alternatives = [re.sub(r"<<(\w+)>>", lambda m: pattern(m[1]), text) for text in filled]
    return f"(?:{'|'.join(alternatives)})"


@lru_cache
def words_of(name: str) -> re.Pattern[str]:
    """A pattern that matches whole words of a line."""
    return re.compile(rf"(?<![^ ])(?:{pattern(name)})(?![^ ])")
