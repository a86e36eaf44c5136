"""What the evidence allows to be said: whose number each fact is, which periods and which echoed numbers stand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.tools.base import Fact, FactPeriod
from roastery.tools.frame_facts import held_by_filters
from roastery.warehouse.semantic.query import FilterSpec

MOVES = frozenset({"change", "change_ratio", "difference", "effect"})


@dataclass(frozen=True)
class About:
    """Whose number a fact is: `entity` are the values of the dimensions that the result is split by."""

    fact: Fact
    entity: Mapping[str, str]
    held: Mapping[str, str]
    is_previous: bool
    bucket: bool
    model: str = ""


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
        # An analysis finds the slices that it speaks of by itself.
        split |= set(finding.result.data.get("dimensions", ()))
        if not arguments.get("metrics"):
            split |= {"source"}
        conditions = [FilterSpec.model_validate(c) for c in arguments.get("filters", ())]
        several = {d: t for d, t in held_by_filters(conditions).items() if t.startswith("not ") or ", " in t}
        before = {
            f.inputs[1] for f in finding.result.facts if f.kind in ("change", "change_ratio") and len(f.inputs) > 1
        }
        for fact in finding.result.facts:
            entity = {d: v for d, v in fact.dimensions.items() if d in split and several.get(d) != v}
            held = {d: v for d, v in fact.dimensions.items() if d not in entity}
            model = str(arguments.get("attribution_model") or "")
            self.abouts[fact.id] = About(fact, entity, held, fact.id in before, "date" in entity, model)
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

    @property
    def models(self) -> set[str]:
        """The attribution models of the results; more than one where models are compared."""
        return {about.model for about in self.abouts.values()}

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

    def place(self, metric: str, entity: Mapping[str, str]) -> list[str]:
        """What ranks prove of a slice: highest, lowest; nothing where it shares its place with others."""
        about = next(
            (
                a
                for a in self.abouts.values()
                if a.fact.metric == metric and dict(a.entity) == dict(entity) and not a.is_previous
            ),
            None,
        )
        return places(self.evidence, about.fact) if about is not None else []

    def is_best(self, metric: str, places: list[str], best: bool) -> bool:
        less = metric in LESS_IS_BETTER
        return ("lowest" if less == best else "highest") in places


def places(evidence: Evidence, fact: Fact) -> list[str]:
    """ "highest" or "lowest" where a rank over this very fact, or the order of its result, proves it of it alone."""
    found = []
    ranks = [f for f in evidence.facts.values() if f.kind == "rank" and f.value is not None and f.formula]
    for rank in ranks:
        assert rank.formula is not None
        if f"({fact.id};" not in rank.formula or _is_shared(rank, ranks):
            continue
        ascending = rank.formula.startswith("rank_ascending")
        if rank.value == 1:
            found.append("lowest" if ascending else "highest")
        elif rank.value == len(rank.inputs) and not ascending:
            found.append("lowest")
    return found or _first_in_order(evidence, fact)


def _is_shared(rank: Fact, ranks: list[Fact]) -> bool:
    return any(
        r is not rank and r.inputs and set(r.inputs) == set(rank.inputs) and r.value == rank.value for r in ranks
    )


def _first_in_order(evidence: Evidence, fact: Fact) -> list[str]:
    """The first row of a result that is ordered by the metric, where the next row (if any) differs."""
    for finding in evidence.findings:
        order = next(iter(finding.arguments.get("order_by", ())), None)
        rows = finding.result.tables[0].fact_ids if finding.result.tables else ()
        if (
            not order
            or order["field"] != fact.metric
            or not rows
            or rows[0].get(fact.metric) != fact.id
            or fact.value is None
        ):
            continue
        if finding.arguments.get("limit") and (
            len(rows) < 2 or evidence.facts[rows[1][fact.metric]].value != fact.value
        ):
            return ["highest" if order.get("direction", "asc") == "desc" else "lowest"]
    return []


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
