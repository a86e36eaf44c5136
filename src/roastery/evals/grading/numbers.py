"""Numbers of an answer: each stands on a fact, directions are right, receipts run to the same, the oracle agrees."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from roastery.agent.answer import Answer
from roastery.agent.render import REFERENCE
from roastery.evals.grading.companies import Companies
from roastery.evals.grading.direction import direction_faults
from roastery.evals.grading.grounded import Grounds
from roastery.tools import registry
from roastery.tools.base import Receipt, ToolContext
from roastery.tools.definitions import metrics_of
from roastery.warehouse.errors import RoasteryError


@dataclass
class Numbers:
    """Judges the numbers of answers about one company. The same receipt is run again once."""

    companies: Companies
    slug: str
    _again: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _context(self) -> ToolContext:
        return self.companies.context(self.slug)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        known = self.companies.ground(self.slug).values
        return tuple(dict.fromkeys(text for v in known for text in (v.label, v.value) if text))

    @cached_property
    def _definitions(self) -> tuple[str, ...]:
        return tuple(
            part for m in metrics_of(self._context).values() for part in (m.definition.strip(), *_clauses(m.definition))
        )

    def faults(self, answer: Answer) -> list[str]:
        """What is wrong with an answer's numbers, in sentences."""
        return list(self._faults(answer))

    def _faults(self, answer: Answer) -> Iterator[str]:
        if left := REFERENCE.search(answer.text):
            yield f"an unwritten reference {left[0]}"
        if unproven := [f for f in answer.notes.get("failures", ()) if f.startswith("narration")]:
            yield f"unproven narration: {unproven[0]}"
        if answer.status == "answered":
            yield from (f"ungrounded: {said}" for said in Grounds(answer, self._names, self._definitions).faults())
        yield from (f"direction: {said}" for said in direction_faults(answer))
        yield from (f"figure: {said}" for said in self.companies.figures(self.slug).faults(answer)[:3])
        yield from (said for receipt in answer.receipts if (said := self._rerun(receipt)))

    def _rerun(self, receipt: Receipt) -> str:
        """Why a receipt does not run again to the same result; '' when it does."""
        key = f"{receipt.tool} {receipt.arguments} {receipt.result_hash}"
        if key not in self._again:
            self._again[key] = rerun_fault(receipt, self._context)
        return self._again[key]


def rerun_fault(receipt: Receipt, context: ToolContext) -> str:
    try:
        again = registry.run(receipt.tool, receipt.arguments, context, keep=False).receipt
    except RoasteryError as error:
        return f"receipt of {receipt.tool} does not run again: {error.message}"
    if again is None or again.result_hash != receipt.result_hash:
        return f"receipt of {receipt.tool} gives another result"
    return ""


def _clauses(definition: str) -> Iterator[str]:
    """Parts of a definition as narration quotes them: up to a semicolon or the first full stop."""
    first = definition.strip().split(";")[0].split(". ")[0]
    yield first
    yield first[:1].lower() + first[1:]
