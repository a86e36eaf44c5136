"""Word lists of the offline model, read once from words/*.yml."""

import re
from functools import lru_cache
from importlib import resources
from typing import Any

from roastery.agent.planner.tokens import stem
from roastery.warehouse.declared import read_yaml


@lru_cache
def words(name: str) -> Any:
    """One word list."""
    text = (resources.files("roastery.agent.planner.words") / f"{name}.yml").read_text("utf-8")
    return read_yaml(text)


@lru_cache
def common_words() -> frozenset[str]:
    """Words that carry no name: the grammar of questions, stemmed."""
    said = frozenset(stem(w) for block in words("common").values() for w in str(block).split())
    verbs = frozenset(stem(form) for verb in str(words("verbs")["verbs"]).split() for form in forms(verb))
    irregular = frozenset(stem(w) for w in f"{words('verbs')['irregular']} {words('verbs')['adjectives']}".split())
    return said | verbs | irregular | (_words_of_asks() - _names_of_systems())


@lru_cache
def adjectives() -> frozenset[str]:
    """Words for how something is, as written."""
    return frozenset(str(words("verbs")["adjectives"]).split())


@lru_cache(maxsize=4096)
def is_compared(word: str) -> bool:
    """Whether a word is an adjective's comparison or a verb of outdoing, which name nothing either.

    >>> is_compared("quicker"), is_compared("steepest"), is_compared("outsell"), is_compared("baltimore")
    (True, True, True, False)
    """
    if word.startswith("out") and stem(word[3:]) in common_words() and len(word) > 5:
        return True
    bare = next((word.removesuffix(e) for e in ("est", "er") if word.endswith(e)), "")
    forms_of_it = {
        bare,
        f"{bare}e",
        f"{bare[:-1]}y" if bare.endswith("i") else bare,
        bare[:-1] if bare[-1:] == bare[-2:-1] else bare,
    }
    return len(bare) > 2 and not forms_of_it.isdisjoint(adjectives())


@lru_cache
def function_words() -> frozenset[str]:
    """Pronouns, prepositions and the like, as written: alone they never name anything."""
    return frozenset(str(words("common")["grammar"]).split())


def forms(verb: str) -> tuple[str, ...]:
    """A regular verb's forms.

    >>> forms("plan"), forms("close"), forms("carry")
    (('plan', 'plans', 'planned', 'planning'), ('close', 'closes', 'closed', 'closing'), \
('carry', 'carries', 'carried', 'carrying'))
    """
    if verb.endswith("e"):
        return verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    if re.fullmatch(r"(?:[^aeiou]*|re)[^aeiou][aeiou][^aeiouwxy]", verb):
        return verb, f"{verb}s", f"{verb}{verb[-1]}ed", f"{verb}{verb[-1]}ing"
    plural = f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{verb}s"
    return verb, plural, f"{verb}ed", f"{verb}ing"


def _words_of_asks() -> frozenset[str]:
    """Words that the patterns of the asks are made of; a word that goes on in a pattern (anomal\\w+) is not whole."""
    lists = (words("asks"), words("patterns"))
    text = " ".join(t for patterns in lists for alternatives in patterns.values() for t in alternatives)
    plain = re.sub(r"\\[a-zA-Z]|\?P<\w+>|\{\w+\}|<<\w+>>", "#", text)
    whole = re.findall(r"(?<![a-z#])[a-z]{3,}(?![a-z#])", plain)
    return frozenset(stem(w) for w in whole)


def _names_of_systems() -> frozenset[str]:
    named = " ".join(t for said in words("sources").values() for t in said)
    return frozenset(stem(w) for w in named.split())


@lru_cache
def english_words() -> frozenset[str]:
    """Words that are themselves, however near they come to a name."""
    families = re.findall(r"(?<![a-z\\])[a-z]{4,}", " ".join(t for said in words("families").values() for t in said))
    return frozenset(stem(w) for w in (*str(words("english")["words"]).split(), *families))


@lru_cache
def word_set(name: str) -> frozenset[str]:
    """A set of words out of sets.yml, as written."""
    return frozenset(str(words("sets")[name]).split())
