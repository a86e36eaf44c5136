"""The weekly digest: headline, scorecard, what moved and why, data health; every number a tool's fact (law 1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.render import name_text, period_text, render
from roastery.tools.base import Fact, FactPeriod, Receipt, Table, ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.warehouse.errors import HistoryIncomplete, ImpossibleSplit, NoData, UnknownName
from roastery.warehouse.semantic.query import PeriodSpec

SCORECARD = ("revenue", "orders", "aov", "new_customers", "spend", "roas", "mer", "cac")
HEADLINES = ("revenue", "spend")
MOVERS = (
    ("revenue", ("customer_type", "category", "location")),
    ("attributed_revenue", ("channel", "campaign")),
    ("roas", ("platform", "campaign")),
    ("spend", ("platform", "campaign")),
)
"""What is explained, each by the first of its dimensions that the data can be split by."""

SLICES = 5
TOLD_SLICES = 3
LEAVE_OUT = (ImpossibleSplit, UnknownName, NoData, HistoryIncomplete)
"""What an organization does not have (ads, products, history) is left out of its digest and named at the end."""

Call = Callable[[str, Mapping[str, Any]], ToolResult]


@dataclass(frozen=True)
class Digest:
    """One week. template: text with references; text: as it is read. receipts prove every number of it."""

    title: str
    period: FactPeriod
    template: str
    text: str
    evidence: Evidence
    tables: tuple[Table, ...]
    receipts: tuple[Receipt, ...]


def weekly_digest(context: ToolContext) -> Digest:
    """The digest of the last complete week of the organization. Errors: NoData when there is nothing to tell."""
    week = context.metrics.resolve_period(PeriodSpec(name="last_week"))
    period = FactPeriod(start=week.start, end=week.end)
    writer = _Writer(context, period)
    card = writer.scorecard()
    movers = writer.movers()
    health = writer.call("data_health", {})
    parts = [
        _headline(card),
        _section("Scorecard", [_score(card, metric) for metric in card.metrics]),
        _section("What moved", [line for mover in movers for line in _moved(writer.evidence, *mover)]),
        _section("Data health", _health(health, writer.evidence)),
        _section("Left out", writer.left_out),
    ]
    template = "\n\n".join(part for part in parts if part)
    evidence = writer.evidence
    return Digest(
        title=f"Weekly digest, {period_text(period)}",
        period=period,
        template=template,
        text=render(template, evidence.facts, evidence.labels),
        evidence=evidence,
        tables=(card.finding.result.tables[0], *(finding.result.tables[0] for finding, _ in movers)),
        receipts=evidence.receipts,
    )


@dataclass(frozen=True)
class _Card:
    """The scorecard's facts by metric."""

    finding: Finding
    metrics: tuple[str, ...]
    now: dict[str, Fact]
    change: dict[str, Fact]
    change_ratio: dict[str, Fact]


class _Writer:
    """Calls the tools for one week and collects what they found."""

    def __init__(self, context: ToolContext, period: FactPeriod) -> None:
        self._context = context
        self.days = {"start": period.start.isoformat(), "end": period.end.isoformat()}
        self.evidence = Evidence()
        self.left_out: list[str] = []

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Finding:
        result = run(tool, arguments, self._context)
        return self.evidence.add(f"digest-{len(self.evidence.findings) + 1}", tool, arguments, result)

    def scorecard(self) -> _Card:
        """All metrics in one comparison; where one of them cannot be had, those that can."""
        metrics = [metric for metric in SCORECARD if self._can(metric)]
        if not metrics:
            raise NoData("There is nothing to write a digest of yet: connect a source or import transactions.")
        finding = self.call("compare_periods", {"metrics": metrics, "period": self.days})
        ids, facts = finding.result.data["total"], self.evidence.facts
        return _Card(
            finding,
            tuple(metrics),
            {metric: facts[ids[metric]] for metric in metrics},
            {metric: facts[ids[f"{metric}__change"]] for metric in metrics},
            {metric: facts[ids[f"{metric}__change_ratio"]] for metric in metrics},
        )

    def movers(self) -> list[tuple[Finding, Mapping[str, Any]]]:
        """One split for each of MOVERS that the data allows."""
        found = []
        for metric, dimensions in MOVERS:
            for dimension in dimensions:
                arguments = {"metrics": [metric], "dimensions": [dimension], "period": self.days, "slices": SLICES}
                try:
                    finding = self.call("compare_periods", arguments)
                except LEAVE_OUT:
                    continue
                split = finding.result.data["splits"][0]
                # A split with one slice explains nothing that the scorecard has not said.
                if len(split["slices"]) > 1:
                    found.append((finding, split))
                    break
        return found

    def _can(self, metric: str) -> bool:
        try:
            run("compare_periods", {"metrics": [metric], "period": self.days}, self._context, keep=False)
        except LEAVE_OUT as missing:
            self.left_out.append(f"{_named(metric)}: {missing.message}")
            return False
        return True


def _headline(card: _Card) -> str:
    metric = next((m for m in HEADLINES if m in card.metrics), card.metrics[0])
    return f"**{_sentence(card, metric)}**"


def _score(card: _Card, metric: str) -> str:
    return _sentence(card, metric)


def _sentence(card: _Card, metric: str) -> str:
    """One metric, where it stands and how it moved: the direction is that of its change."""
    now, change, ratio = card.now[metric], card.change[metric], card.change_ratio[metric]
    if now.value is None:
        return f"{_named(metric)} has no data for the week."
    if change.value is None:
        return f"{_named(metric)} was [[{now.id}]]; the week before has no data to compare with."
    if not change.value:
        return f"{_named(metric)} was [[{now.id}]], unchanged from the week before."
    by = f"[[{ratio.id}]]" if ratio.value is not None else f"[[{change.id}]]"
    return f"{_named(metric)} {_direction(change)} by {by} to [[{now.id}]] against the week before."


def _moved(evidence: Evidence, finding: Finding, split: Mapping[str, Any]) -> list[str]:
    """What a metric's slices added to its change, largest first."""
    facts = evidence.facts
    change = facts[split["change"]]
    if not change.value:
        return []
    metric, dimension = split["metric"], finding.arguments["dimensions"][0]
    told = []
    for one in split["slices"][:TOLD_SLICES]:
        part = facts[one["part"] or one["change"]]
        if not part.value:
            continue
        share = facts[one["share"]] if one["share"] else None
        of_change = f" ([[{share.id}]] of the change)" if share is not None and _tells(share) else ""
        sign = "+" if part.value > 0 else "−"
        told.append(f"[[{one['labels'][0]}]] {sign}[[{part.id}]]{of_change}")
    if not told:
        return []
    moved = f"{_named(metric)} {_direction(change)} by [[{change.id}]]"
    by = f"{moved}; by {dimension.replace('_', ' ')}: {', '.join(told)}"
    rest = facts[split["rest"]] if split["rest"] else None
    if rest is not None and rest.value:
        by += f", all others {'+' if rest.value > 0 else '−'}[[{rest.id}]]"
    return [f"{by}."]


def _tells(share: Fact) -> bool:
    """A share of the change is plain only between none and all of it; beyond, slices worked against each other."""
    return share.value is not None and 0 < share.value <= 1


def _health(finding: Finding, evidence: Evidence) -> list[str]:
    """Freshness by source, then what the checks found; a caveat is a tool's own sentence."""
    data, facts = finding.result.data, evidence.facts
    lines = []
    for source in data["sources"]:
        complete = f", complete through [[{source['complete_through']}]]" if source["complete_through"] else ""
        age = facts[source["age"]]
        read = f"last read [[{age.id}]] ago" if age.value is not None else "not read yet"
        lines.append(f"[[{source['source']}]]: {read}{complete}.")
    failed = facts[data["failed_checks"]]
    lines.append(f"Failed checks: [[{failed.id}]]." if failed.value else "The checks found nothing wrong.")
    return lines + list(evidence.caveats)


def _section(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _named(metric: str) -> str:
    words = metric.replace("_", " ")
    short = {"roas": "ROAS", "mer": "MER", "aov": "AOV", "cac": "CAC"}
    return short.get(metric, name_text(words[:1].upper() + words[1:]))


def _direction(change: Fact) -> str:
    return "rose" if change.value is not None and change.value > 0 else "fell"
