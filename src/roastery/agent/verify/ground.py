"""What the evidence allows to be said: whose number each fact is, which periods and which echoed numbers stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.tools.base import Fact, FactPeriod

MOVES = frozenset({"change", "change_ratio", "difference", "effect"})


@dataclass(frozen=True)
class About:
    """Whose number a fact is: `entity` are the values of the dimensions that the result is split by."""

    fact: Fact
    entity: Mapping[str, str]
    held: Mapping[str, str]
    is_previous: bool
    bucket: bool


@dataclass
class Ground:
    """The evidence of a run, arranged for checking sentences."""

    evidence: Evidence
    abouts: dict[str, About] = field(default_factory=dict)
    periods: set[tuple[date, date]] = field(default_factory=set)
    mains: set[tuple[date, date]] = field(default_factory=set)
    limits: set[str] = field(default_factory=set)
    windows: set[str] = field(default_factory=set)
    thresholds: dict[str, set[str]] = field(default_factory=dict)
    orders: list[tuple[str, str, int | None]] = field(default_factory=list)

    @classmethod
    def of(cls, evidence: Evidence) -> "Ground":
        ground = cls(evidence)
        for finding in evidence.findings:
            ground._add(finding)
        return ground

    def _add(self, finding: Finding) -> None:
        arguments = finding.arguments
        split = {*arguments.get("dimensions", ()), *(("date",) if arguments.get("grain") else ())}
        if not arguments.get("metrics"):
            split |= {"source"}
        before = {f.inputs[1] for f in finding.result.facts if f.kind in ("change", "change_ratio") and len(f.inputs) > 1}
        for fact in finding.result.facts:
            entity = {d: v for d, v in fact.dimensions.items() if d in split}
            held = {d: v for d, v in fact.dimensions.items() if d not in split}
            self.abouts[fact.id] = About(fact, entity, held, fact.id in before, "date" in entity)
            self.periods.add(_days(fact.period))
        receipt = finding.result.receipt
        if receipt is not None and receipt.period is not None:
            self.periods.add(_days(receipt.period))
            self.mains.add(_days(receipt.period))
        if compared := _compared(finding):
            self.periods.add(compared)
        self._echo(arguments)

    def _echo(self, arguments: Mapping[str, Any]) -> None:
        if arguments.get("limit"):
            self.limits.add(str(arguments["limit"]))
        for name in ("attribution_window_days", "view_window_days"):
            if arguments.get(name) is not None:
                self.windows.add(str(arguments[name]))
        for condition in arguments.get("filters", ()):
            if condition.get("metric"):
                values = self.thresholds.setdefault(condition["metric"], set())
                values.update(_plain(str(v)) for v in condition.get("values", ()))
        for order in arguments.get("order_by", ()):
            self.orders.append((order["field"], order.get("direction", "asc"), arguments.get("limit")))

    def lengths(self) -> Iterator[tuple[int, str]]:
        """How long the periods are, in every unit that fits: (56, day), (8, week)."""
        for start, end in self.periods:
            days = (end - start).days
            yield days, "day"
            if days % 7 == 0:
                yield days // 7, "week"
            if start.day == end.day:
                months = (end.year - start.year) * 12 + end.month - start.month
                yield months, "month"
                if months % 3 == 0:
                    yield months // 3, "quarter"
                if months % 12 == 0:
                    yield months // 12, "year"

    def place(self, metric: str, entity: Mapping[str, str], period: tuple[date, date] | None = None) -> list[str]:
        """What ranks prove of a slice: highest, lowest; both where it stands alone."""
        found: list[str] = []
        for about in self.abouts.values():
            fact = about.fact
            if fact.kind != "rank" or fact.metric != metric or fact.value is None:
                continue
            same = dict(about.entity) == dict(entity) or (about.bucket and period == _days(fact.period))
            if not same:
                continue
            count = len(fact.inputs)
            ascending = bool(fact.formula and fact.formula.startswith("rank_ascending"))
            if fact.value == 1:
                found.append("lowest" if ascending else "highest")
            if fact.value == count and not ascending:
                found.append("lowest")
        return found

    def is_best(self, metric: str, places: list[str], best: bool) -> bool:
        less = metric in LESS_IS_BETTER
        return ("lowest" if less == best else "highest") in places


def _plain(value: str) -> str:
    try:
        return format(Decimal(value).normalize(), "f")
    except ArithmeticError:
        return value


def _days(period: FactPeriod) -> tuple[date, date]:
    return period.start, period.end


def _compared(finding: Finding) -> tuple[date, date] | None:
    receipt = finding.result.receipt
    for spec in (finding.result.data.get("compared"), receipt.arguments.get("compare_to") if receipt else None):
        if isinstance(spec, Mapping) and spec.get("start") and spec.get("end"):
            return date.fromisoformat(str(spec["start"])), date.fromisoformat(str(spec["end"]))
    return None
