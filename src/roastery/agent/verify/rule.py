"""What a check is: one kind of claim, looked for in one sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.verify.ground import Ground
from roastery.agent.verify.sentences import Mention, Sentence

DAYS_OF_DATA = frozenset({"complete_through", "history_since", "asked_on"})
"""Labels that are days, not names."""


@dataclass(frozen=True)
class Problem:
    """One thing that a sentence says and the facts do not, in words that a model can act on."""

    kind: str
    sentence: str
    detail: str

    def __str__(self) -> str:
        return f"“{self.sentence}”: {self.detail}"


@dataclass
class Carried:
    """What the sentences before have spoken of."""

    names: dict[str, str]
    metrics: tuple[str, ...] = ()
    periods: frozenset[tuple[object, object]] = frozenset()


class Rule:
    """One kind of check over the evidence of a run."""

    def __init__(self, ground: Ground, lexicon: Lexicon) -> None:
        self.ground = ground
        self.evidence = ground.evidence
        self.lexicon = lexicon

    def check(self, sentence: Sentence, names: Sequence[Mention], carried: Carried) -> Iterator[tuple[str, str]]:
        """Kind and detail of every problem of one sentence."""
        raise NotImplementedError

    def _name(self, dimension: str, value: str) -> str:
        label = self.evidence.label_of(dimension, value)
        return f"“{label.text}”" if label else f"“{value}”"

    def _label(self, dimension: str, value: str) -> str:
        label = self.evidence.label_of(dimension, value)
        return f"[[{label.id}]]" if label else value


def spoken(metric: str) -> str:
    return metric.replace("_", " ")


def is_metric(metric: str, said: str) -> bool:
    """Whether a metric is one of those that a mention can stand for."""
    return metric in said.split("|")
