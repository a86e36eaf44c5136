"""The door of alert kinds: a rule, what it finds in one window, and how it would have fared in the past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from roastery.tools.base import Fact, ToolContext, ToolResult
from roastery.warehouse.semantic.query import Period


@dataclass(frozen=True)
class Hit:
    """One slice for which the condition holds; `slice_key` is the same for the same slice in every window.

    cause: the name of the slice behind it, out of the data, '' where none is known.
    """

    slice_key: str
    dimensions: Mapping[str, str]
    fact: Fact
    cause: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What a rule found in one window. `skipped` says why it was not judged; then there are no hits.

    result: the tool's result behind it, with its receipt; None where the window was skipped before asking.
    """

    window: Period
    hits: tuple[Hit, ...]
    result: ToolResult | None
    skipped: str = ""

    def window_key(self, hit: Hit) -> str:
        """What makes a firing one: the same slice in the same days."""
        return f"{self.window.start.isoformat()}/{self.window.end.isoformat()}|{hit.slice_key}"


@dataclass(frozen=True)
class BacktestDay:
    """One past evaluation: the day on which it would have run, its window, and which slices would have fired."""

    day: date
    evaluation: Evaluation
    fired: tuple[Hit, ...]


Rule = TypeVar("Rule", bound=BaseModel)


class AlertKind(Generic[Rule]):
    """One kind of alert. A new kind is one file in tools/alerts with a subclass."""

    name: ClassVar[str]
    rule: type[Rule]

    def evaluate(self, context: ToolContext, rule: Rule) -> Evaluation:
        """Judge the window that the rule means today. Evaluating twice finds the same."""
        raise NotImplementedError

    def fired(self, rule: Rule, evaluation: Evaluation, last_windows: Mapping[str, str]) -> tuple[Hit, ...]:
        """The hits worth telling, given the last day of each slice's latest firing (ISO)."""
        raise NotImplementedError

    def backtest(self, context: ToolContext, rule: Rule, days: Sequence[date]) -> list[BacktestDay]:
        """What would have fired on each of some past days, oldest first, on the data of now."""
        raise NotImplementedError
