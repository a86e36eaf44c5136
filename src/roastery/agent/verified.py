"""Verified answers: a question whose query an analyst has blessed; later ones of the same meaning use that query."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from roastery.agent.planner.calls import tool_calls
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.several import questions_in
from roastery.agent.planner.understand import understand

WORD = re.compile(r"[\w%€$£]+", re.UNICODE)


@dataclass(frozen=True)
class Verified:
    """calls: the blessed tool calls, each {tool, arguments}; by: who blessed them."""

    id: str
    question: str
    calls: tuple[Mapping[str, Any], ...]
    by: str = ""

    @property
    def said(self) -> str:
        """What an answer says that uses it."""
        who = f" by {self.by}" if self.by else ""
        return f"This uses the query that was verified{who} for “{self.question}”."


def matching(question: str, verified: Iterable[Verified], lexicon: Lexicon, tools: frozenset[str]) -> Verified | None:
    """The verified answer whose question means the same: the same words, or the same tool calls once understood.

    A question that cannot be understood by itself, such as a follow-up, has no meaning to compare.
    """
    candidates = tuple(verified)
    if not candidates:
        return None
    words = _words(question)
    for one in candidates:
        if _words(one.question) == words:
            return one
    meant = _meaning(question, lexicon, tools)
    if meant is None:
        return None
    return next((one for one in candidates if _meaning(one.question, lexicon, tools) == meant), None)


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _meaning(text: str, lexicon: Lexicon, tools: frozenset[str]) -> list[tuple[str, dict[str, Any]]] | None:
    found = []
    for part in questions_in(text):
        reading = understand(part, lexicon, (), tools)
        if reading.intent in ("clarify", "refuse"):
            return None
        found += tool_calls(reading)
    return found
