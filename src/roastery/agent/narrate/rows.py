"""Rows, totals and buckets of a result, by their facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.render import NO_NAMES
from roastery.tools.base import Fact


@dataclass(frozen=True)
class Row:
    """One row of a frame: its entity, and its facts by column name."""

    entity: dict[str, str]
    facts: dict[str, Fact]
    shares: dict[str, Fact] = field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether it is a value, and not what is left over without one."""
        return not any(v in NO_NAMES for v in self.entity.values())

    def share(self, metric: str) -> Fact | None:
        return self.shares.get(metric)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def rows_of(finding: Finding, evidence: Evidence) -> list[Row]:
    split = {*finding.arguments.get("dimensions", ()), *(("date",) if finding.arguments.get("grain") else ())}
    shares = {f.inputs[0]: f for f in finding.result.facts if f.kind == "share" and f.inputs}
    rows = []
    for table in finding.result.tables[:1]:
        for ids in table.fact_ids:
            facts = {column: evidence.facts[i] for column, i in ids.items()}
            entity = next(({d: v for d, v in f.dimensions.items() if d in split} for f in facts.values()), {})
            own = {c: shares[f.id] for c, f in facts.items() if f.id in shares}
            rows.append(Row(entity, facts, own))
    return rows


def totals_of(finding: Finding, evidence: Evidence, metrics: Sequence[str]) -> dict[str, Fact]:
    ids = finding.result.data.get("totals") or finding.result.data.get("total") or {}
    return {column: evidence.facts[i] for column, i in ids.items() if i in evidence.facts}


def is_cut(fact: Fact, rows: Sequence[Row], metric: str) -> bool:
    """Whether a bucket is cut by the period's edge: it is no fair lowest or highest."""
    lengths = [(r.facts[metric].period.end - r.facts[metric].period.start).days for r in rows if metric in r.facts]
    return (fact.period.end - fact.period.start).days < 0.9 * max(lengths)


def partial_total(finding: Finding) -> bool:
    """Whether totals leave something out that the sentence would not say."""
    split = finding.arguments.get("dimensions", ())
    return any(f.get("metric") or f.get("dimension") in split for f in finding.arguments.get("filters", ()))


def ordered_by(finding: Finding, metrics: Sequence[str]) -> str:
    for order in finding.arguments.get("order_by", ()):
        if order["field"].split("__")[0] in metrics:
            return str(order["field"].split("__")[0])
    return metrics[0]
