"""Word lists of the offline model, read once from words/*.yml."""

import re
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
    said = frozenset(stem(w) for block in words("common").values() for w in str(block).split())
    return said | (_words_of_asks() - _names_of_systems())


def _words_of_asks() -> frozenset[str]:
    """Words that the patterns of the asks are made of; a word that goes on in a pattern (anomal\\w+) is not whole."""
    text = " ".join(t for alternatives in words("asks").values() for t in alternatives)
    plain = re.sub(r"\\[a-zA-Z]|\?P<\w+>|\{\w+\}|<<\w+>>", "#", text)
    whole = re.findall(r"(?<![a-z#])[a-z]{3,}(?![a-z#])", plain)
    return frozenset(stem(w) for w in whole)


def _names_of_systems() -> frozenset[str]:
    named = " ".join(t for said in words("sources").values() for t in said)
    return frozenset(stem(w) for w in named.split())


@lru_cache
def english_words() -> frozenset[str]:
    """Words that are themselves, however near they come to a name."""
    return frozenset(stem(w) for w in str(words("english")["words"]).split())


@lru_cache
def word_set(name: str) -> frozenset[str]:
    """A set of words out of sets.yml, as written."""
    return frozenset(str(words("sets")[name]).split())
