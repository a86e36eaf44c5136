"""One piece of advice before it is written out, and how its effect will be measured."""

from dataclasses import dataclass
from typing import Literal

from roastery.agent.answer import Measure
from roastery.agent.render import REFERENCE

Confidence = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class Advice:
    """action, effect: text with references. basis: the facts behind it. subject: what it is about, as a key."""

    kind: str
    subject: str
    action: str
    effect: str
    basis: tuple[str, ...]
    confidence: Confidence
    measure: Measure | None = None

    @property
    def checked(self) -> list[str]:
        """The parts that speak of numbers, which have to be verified."""
        return [text for text in (self.action, self.effect) if any(i[0] == "f" for i in REFERENCE.findall(text))]
