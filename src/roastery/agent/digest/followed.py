"""What became of recommendations that somebody acted on: the days after against as many days before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from roastery.agent.answer import Measure
from roastery.agent.evidence import Finding
from roastery.agent.narrate.moves import Moves
from roastery.agent.narrate.voice import capital
from roastery.agent.render import day_text, when_text
from roastery.tools.base import Fact, FactPeriod, ToolResult

NO_PROOF = "Other things changed in these days too, so this is no proof of cause."


@dataclass(frozen=True)
class Followed:
    """One recommendation whose horizon is over. action: as it was told. receipt_id: of the facts behind it."""

    id: str
    action: str
    state: str
    acted_on: date
    after: FactPeriod
    before: FactPeriod
    measure: Measure
    receipt_id: str

    @property
    def arguments(self) -> dict[str, Any]:
        """What to ask of compare_periods."""
        periods = ({"start": p.start.isoformat(), "end": p.end.isoformat()} for p in (self.after, self.before))
        period, compared = periods
        asked: dict[str, Any] = {"metrics": [self.measure.metric], "period": period, "compare_to": compared}
        return asked | ({"filters": list(self.measure.filters)} if self.measure.filters else {})

    def with_expectation(self, result: ToolResult) -> ToolResult:
        """The comparison with what had been expected beside it, as facts of the receipt behind the recommendation."""
        now = next(f for f in result.facts if f.id == result.data["total"][self.measure.metric])
        made: list[Fact] = []
        for value in (self.measure.expected, self.measure.low, self.measure.high):
            if value is None or now.value is None:
                return result
            id = f"f{len(result.facts) + len(made) + 1}"
            update = {"id": id, "value": _as_wide(value, now), "kind": "forecast", "formula": f"model({now.id})",
                      "inputs": (now.id,), "receipt_id": self.receipt_id or now.receipt_id}  # fmt: skip
            made.append(now.model_copy(update=update))
        expected = [fact.id for fact in made]
        return result.model_copy(
            update={"facts": (*result.facts, *made), "data": {**result.data, "expected": expected}}
        )


def told(voice: Moves, followed: Followed, finding: Finding) -> list[str]:
    """What was measured, and what had been expected; each line with its facts."""
    facts = voice.evidence.facts
    total = {column: facts[id] for column, id in finding.result.data["total"].items()}
    metric = followed.measure.metric
    lines = [voice.moved(finding, metric, total, first=False)]
    if expected := finding.result.data.get("expected"):
        value, low, high = expected
        lines.append(
            f"{capital(voice.title(metric))}{voice.held(finding)} {when_text(followed.after)} was expected at "
            f"[[{value}]], range [[{low}]] to [[{high}]]."
        )
    return lines


def lead(followed: Followed) -> str:
    """What was recommended, and since when it holds; its own numbers stand as they were told then."""
    return f"“{followed.action.rstrip('.')}” ({followed.state} since {day_text(followed.acted_on)}):"


def outcome(finding: Finding, metric: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """What is kept with the recommendation."""
    total = finding.result.data["total"]
    now, before = facts[total[metric]], facts[total[f"{metric}__previous"]]
    receipt = finding.result.receipt
    return {
        "metric": metric,
        "after": None if now.value is None else format(now.value, "f"),
        "before": None if before.value is None else format(before.value, "f"),
        "receipt_id": receipt.id if receipt else "",
        "note": NO_PROOF,
    }


def _as_wide(value: Decimal, like: Fact) -> Decimal:
    places = Decimal("0.01") if like.unit == "money" else Decimal("0.1") if like.unit == "count" else Decimal("0.0001")
    return value.quantize(places)
