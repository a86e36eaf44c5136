"""Word lists of the offline model, read once from words/*.yml."""

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from roastery.agent.planner.tokens import stem


@lru_cache
def words(name: str) -> Any:
    """One word list."""
    text = (resources.files("roastery.agent.planner.words") / f"{name}.yml").read_text("utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@lru_cache
def common_words() -> frozenset[str]:
    """Words that carry no name: the grammar of questions, stemmed."""
    return frozenset(stem(w) for block in words("common").values() for w in str(block).split())


@lru_cache
def english_words() -> frozenset[str]:
    """Words that are themselves, however near they come to a name."""
    return frozenset(stem(w) for w in str(words("english")["words"]).split())


@lru_cache
def word_set(name: str) -> frozenset[str]:
    """A set of words out of sets.yml, as written."""
    return frozenset(str(words("sets")[name]).split())
