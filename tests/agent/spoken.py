"""Threads read by the planner alone, with the names that the language cases speak of."""

from functools import cache
from importlib import resources

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.several import readings_of
from roastery.agent.planner.understand import understand
from roastery.evals.sets.language import lexicon_of
from roastery.warehouse.declared import read_yaml


@cache
def language_lexicon() -> Lexicon:
    return lexicon_of(read_yaml((resources.files("roastery.evals.cases") / "language.yml").read_text("utf-8")))


def thread(lexicon: Lexicon, *turns: str) -> list[Reading]:
    """The reading of every question of a thread, each after those before it."""
    found: list[Reading] = []
    for turn in turns:
        found += readings_of(turn, lambda text, before: understand(text, lexicon, before), found, 3)
    return found
