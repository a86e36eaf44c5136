"""What the graph carries: ids and plain arguments in its state, rows and numbers in the run beside it (law 3)."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypedDict

from roastery.agent.answer import Answer
from roastery.agent.evidence import Evidence
from roastery.agent.trace import Trace
from roastery.tools.base import Receipt, ToolContext

KEPT_TURNS = 10


@dataclass(frozen=True)
class Budget:
    """What one question may cost. Seconds are wall time, of which a share, `reserve`, is kept for the offline model.

    tokens: of the language model, asked and said together. money: what they may cost, at `prices` a million tokens
    (asked, said), in whatever currency these are given in.
    """

    steps: int = 8
    tokens: float = 80_000
    money: float = inf
    prices: tuple[float, float] = (0.0, 0.0)
    seconds: float = 45.0
    reserve: float = 0.3
    reply_seconds: float = 20.0
    retries: int = 2
    backoff_seconds: float = 0.3

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens * self.prices[0] + output_tokens * self.prices[1]) / 1e6


@dataclass(frozen=True)
class Allowance:
    """What is left of an organization's day as a question begins: tokens, and money at the budget's prices."""

    tokens: float = inf
    money: float = inf


@dataclass(frozen=True)
class Turn:
    """One earlier question of a thread: what was asked of which tools, never what came back.

    told: marks of the caveats and definitions that its answer gave, so that the next one need not repeat them.
    """

    question: str
    status: str = "answered"
    calls: tuple[dict[str, Any], ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @classmethod
    def of(cls, answer: Answer) -> "Turn":
        """The turn that an answer was."""
        notes = answer.notes
        told = tuple(notes.get("told", ()))
        return cls(answer.question, answer.status, tuple(notes.get("calls", ())), notes.get("reading", {}), told)

    def as_json(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "status": self.status,
            "calls": list(self.calls),
            "reading": dict(self.reading),
            "told": list(self.told),
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Turn":
        return cls(
            kept["question"],
            kept.get("status", "answered"),
            tuple(kept.get("calls", ())),
            kept.get("reading", {}),
            tuple(kept.get("told", ())),
        )


class AnalystState(TypedDict, total=False):
    """The graph's state: small, plain and safe to keep in a checkpoint.

    calls: each {id, name, arguments, state: planned | done | failed | repeated | proposed, error?}.
    draft: prose with references.
    """

    question: str
    conversation_id: str
    answer_id: str
    turns: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    draft: str
    status: str
    reading: dict[str, Any]
    options: list[str]
    model: str
    steps: int
    rewrites: int
    problems: list[str]
    fallback: str
    narrated: bool
    verified: str


@dataclass
class Run:
    """What one question needs beside the state: who asks, what was found, until when, and where steps are told."""

    context: ToolContext
    deadline: float
    model_deadline: float
    evidence: Evidence = field(default_factory=Evidence)
    lexicon: Any = None
    tell: Callable[[str, Any], None] = lambda kind, value: None
    answer: Answer | None = None
    started: float = field(default_factory=time.monotonic)
    failures: list[str] = field(default_factory=list)
    trace: Trace = field(default_factory=Trace)
    allowance: Allowance = field(default_factory=Allowance)
    verified: tuple[Any, ...] = ()
    earlier: tuple[Receipt, ...] = ()
    """Receipts of the thread's earlier answers, newest first."""

    @property
    def model_seconds(self) -> float:
        return self.model_deadline - time.monotonic()

    @property
    def seconds(self) -> float:
        return self.deadline - time.monotonic()


def turns_of(history: Sequence[Turn]) -> list[dict[str, Any]]:
    return [turn.as_json() for turn in history][-KEPT_TURNS:]
