"""An ask: how a question for one tool is recognized, read, and put into the tool's arguments."""

from dataclasses import replace
from typing import Any, ClassVar

from roastery.agent.planner.assumed import usual_metric
from roastery.agent.planner.dates import Days
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Filter, Intent, Reading, days_json


class Ask:
    """One tool's questions. said: the name of the pattern (words/patterns.yml) that gives the question away.

    what: the tool in words, for the sentence that refuses it where it is not there. fills: the parts that a question
    of this kind always gives itself, so that they are not taken over from the thread. narrowed_by: kinds of names that
    the tool can be narrowed to, all when None. patterns: further patterns that it reads by; their words and those of
    `said` are what its questions are made of (leftover.py).
    """

    intent: ClassVar[Intent]
    tool: ClassVar[str]
    said: ClassVar[str]
    what: ClassVar[str]
    keeps_doubt: ClassVar[bool] = False
    narrowed_by: ClassVar[frozenset[str] | None] = None
    patterns: ClassVar[tuple[str, ...]] = ()

    def is_meant(self, question: Question, reading: Reading, lexicon: Lexicon) -> bool:
        return question.says(pattern(self.said))

    def read(self, question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
        """The reading, completed: metrics, periods and details that this tool needs."""
        raise NotImplementedError

    def arguments(self, reading: Reading) -> dict[str, Any]:
        """The tool's arguments; what was not asked is left out."""
        raise NotImplementedError


def first_metric(reading: Reading, usual: str, lexicon: Lexicon, *others: str) -> Reading:
    """A reading with one metric; the usual one where none is named, said to be assumed."""
    if reading.metrics:
        return reading
    there = [m for m in (usual, *others) if m in lexicon.vocabulary.metrics]
    if not there:
        return reading
    title = lexicon.vocabulary.metrics[there[0]].title or there[0].replace("_", " ")
    return replace(reading, metrics=(there[0],)).assuming(usual_metric(title))


def period_json(period: Days | None) -> dict[str, Any]:
    return {} if period is None else {"period": days_json(period)}


def filters_json(filters: tuple[Filter, ...]) -> dict[str, Any]:
    """Conditions on dimensions; an analysis has no thresholds on metrics."""
    kept = [f.as_json() for f in filters if not f.metric]
    return {"filters": kept} if kept else {}


def settings_json(reading: Reading, *names: str) -> dict[str, Any]:
    """Attribution, window and currency where they were asked."""
    return {name: getattr(reading, name) for name in names if getattr(reading, name) is not None}
