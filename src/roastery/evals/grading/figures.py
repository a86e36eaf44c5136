"""Figures of an answer against the companies' own oracle: SQL over what was planted, nothing of the warehouse.

What the oracle does not know (attributed and predicted figures, rates of events) is not compared here; its share is
counted, so that nobody takes silence for agreement.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from roastery.agent.answer import Answer
from roastery.evals.world.companies.oracle import Oracle
from roastery.tools.base import Fact, Receipt
from roastery.warehouse.organization import Organization

NEAR = {"money": Decimal("0.011"), "ratio": Decimal("0.0002")}
NEAR_ELSE = Decimal("0.051")
INCLUDED, EXCLUDED = frozenset({"in", "eq"}), frozenset({"not_in", "ne"})
AS_GIVEN = frozenset({"query_metrics", "compare_periods", "detect_anomalies"})
"""Tools whose measured facts are a metric of days, narrowed by nothing but their dimensions and filters."""

Key = tuple[str, Any, Any, tuple[str, ...], tuple[Any, ...]]


@dataclass
class Compared:
    """Counts of one run: measured facts that the oracle judged, and those that it does not know."""

    judged: int = 0
    unknown: int = 0
    metrics: dict[str, int] = field(default_factory=dict)


class Figures:
    """Compares answers of one company; each figure is asked of the oracle once."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._organization: Organization = oracle.company.organization
        self._asked: dict[Key, Mapping[tuple[Any, ...], Decimal | None]] = {}
        self.compared = Compared()

    def faults(self, answer: Answer) -> list[str]:
        """What the oracle says otherwise, in sentences."""
        receipts = {receipt.id: receipt for receipt in answer.receipts}
        measured = [f for f in answer.facts if f.kind == "measured"]
        return [said for f in measured if (said := self._fault(f, receipts.get(f.receipt_id)))]

    def _fault(self, fact: Fact, receipt: Receipt | None) -> str:
        true = self._true(fact, receipt)
        if true is None:
            self.compared.unknown += 1
            return ""
        self.compared.judged += 1
        self.compared.metrics[fact.metric] = self.compared.metrics.get(fact.metric, 0) + 1
        [wanted] = true
        if fact.value is None or wanted is None:
            return "" if not fact.value and not wanted else f"{_name(fact)} is {fact.value}, the oracle has {wanted}"
        if abs(fact.value - wanted) <= NEAR.get(fact.unit, NEAR_ELSE):
            return ""
        return f"{_name(fact)} is {fact.value}, the oracle has {wanted}"

    def _true(self, fact: Fact, receipt: Receipt | None) -> tuple[Decimal | None] | None:
        """The oracle's figure (in a tuple, since it may be none); None where it does not know."""
        if receipt is None or receipt.tool not in AS_GIVEN or not self._is_plain(fact, receipt):
            return None
        filters = [f for f in receipt.filters if f.get("dimension")]
        held = {str(f["dimension"]): f for f in filters}
        split = {d: v for d, v in fact.dimensions.items() if d != "date" and d not in held}
        split |= {d: fact.dimensions[d] for d in held if _is_one(fact.dimensions.get(d), held[d])}
        narrowed = tuple(f for d, f in held.items() if d not in split)
        dimensions = (*sorted(split), *sorted({str(f["dimension"]) for f in narrowed}))
        metrics = {m for m in fact.dimensions if m in self._oracle.columns} - set(dimensions)
        if metrics or not self._oracle.can(fact.metric, tuple(dict.fromkeys(dimensions))):
            return None
        if any(f.get("op", "in") not in INCLUDED | EXCLUDED for f in narrowed):
            return None
        key = tuple(split[d] for d in sorted(split))
        found = self._figures(fact, tuple(sorted(split)), narrowed)
        return (found.get(key),)

    def _is_plain(self, fact: Fact, receipt: Receipt) -> bool:
        """Whether nothing but days, slices and filters decides the figure."""
        own = self._organization
        if receipt.currency not in (None, own.currency) or receipt.time_zone != own.time_zone:
            return False
        if receipt.tool == "detect_anomalies" and fact.metric == "refunds":
            return False
        return (receipt.refund_basis or "order_day") == "order_day"

    def _figures(
        self, fact: Fact, split: tuple[str, ...], narrowed: tuple[Mapping[str, Any], ...]
    ) -> Mapping[tuple[Any, ...], Decimal | None]:
        told = tuple((f["dimension"], f.get("op", "in") in EXCLUDED, tuple(f["values"])) for f in narrowed)
        key = (fact.metric, fact.period.start, fact.period.end, split, told)
        if key not in self._asked:
            self._asked[key] = self._oracle.figures(
                fact.metric, fact.period.start, fact.period.end, split, only=dict(_conditions(told))
            )
        return self._asked[key]


def _is_one(value: str | None, condition: Mapping[str, Any]) -> bool:
    """Whether a fact's dimension is a value of its own, rather than the text of the filter."""
    values = [str(v) for v in condition.get("values", ())]
    if value is None or value == f"{str(condition.get('op', 'in')).replace('_', ' ')} {', '.join(values)}":
        return False
    return value in values if condition.get("op", "in") in INCLUDED else True


def _conditions(told: tuple[Any, ...]) -> Iterator[tuple[str, tuple[bool, tuple[str, ...]]]]:
    for dimension, is_out, values in told:
        yield dimension, (is_out, values)


def _name(fact: Fact) -> str:
    where = " ".join(f"{d} {v}" for d, v in fact.dimensions.items())
    return f"{fact.metric} {where} {fact.period.start}/{fact.period.end}".replace("  ", " ")
