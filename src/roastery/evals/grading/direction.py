"""Direction words of a finished text against the signs of the facts beside them, apart from the agent's own check."""

import re
from collections.abc import Iterator

from roastery.agent.answer import Answer
from roastery.evals.grading.grounded import is_value, numerals
from roastery.tools.base import Fact

UP = "rose|grew|increased|climbed|up|raised|gained|added"
DOWN = "fell|dropped|decreased|declined|down|reduced|lost|shrank"
NUMBER = r"[A-Z]{0,3}[$€£]?\s?\d[\d,]*(?:\.\d+)?(?:\s?[%×])?"
BEFORE = re.compile(rf"\b(?P<word>{UP}|{DOWN})\b(?: (?:it|by|[A-Za-z ]{{1,30}} by))? (?P<number>{NUMBER})")
AFTER = re.compile(rf"(?P<number>{NUMBER}) (?P<word>above|more|higher|below|less|lower|fewer)\b(?! than \d)")
RISES = frozenset({*UP.split("|"), "above", "more", "higher"})
SIGNED = frozenset({"change", "change_ratio", "difference", "effect"})


def direction_faults(answer: Answer) -> list[str]:
    """Words of direction that no fact beside them bears out; a number that is no change at all counts as one."""
    text = re.sub(r"\(\d+ more with the receipt\.\)", "", answer.text.replace("\\", ""))
    return list(_faults(text, [f for f in answer.facts if f.kind in SIGNED]))


def _faults(text: str, moves: list[Fact]) -> Iterator[str]:
    for pattern in (BEFORE, AFTER):
        for found in pattern.finditer(text):
            said = next(numerals(found["number"]), None)
            if said is None:
                continue
            signs = {(f.value or 0) > 0 for f in moves if f.value and is_value(said, f)}
            if signs and (found["word"] in RISES) not in signs:
                yield f"“{found[0].strip()}”, which is the other way"
