"""The weekly digest: headline, scorecard, what moved and why, data health; every number a tool's fact (law 1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.narrate import Narrator
from roastery.agent.narrate.by_tool.detect_anomalies import incidents_told
from roastery.agent.narrate.by_tool.explain_change import drivers_told
from roastery.agent.planner.offline import LexiconSource
from roastery.agent.render import period_text, render
from roastery.agent.verify import Verifier
from roastery.tools.base import Fact, FactPeriod, Receipt, Table, ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.warehouse.errors import HistoryIncomplete, ImpossibleSplit, NoData, UnknownName
from roastery.warehouse.semantic.query import PeriodSpec

SCORECARD = ("revenue", "orders", "aov", "new_customers", "spend", "roas", "mer", "cac")
HEADLINES = ("revenue", "spend", "roas")
MOVERS = (
    ("revenue", ("customer_type", "category", "location")),
    ("attributed_revenue", ("channel", "campaign")),
    ("roas", ("platform", "campaign")),
    ("spend", ("platform", "campaign")),
)
"""What is explained, each by the first of its dimensions that the data can be split by."""

SLICES = 3
WATCHED = ("revenue", "orders", "spend", "roas", "cac")
MOST_UNUSUAL = 5
LEAVE_OUT = (ImpossibleSplit, UnknownName, NoData, HistoryIncomplete)
"""What an organization does not have (ads, products, history) is left out of its digest and named at the end."""

Call = Callable[[str, Mapping[str, Any]], ToolResult]


@dataclass(frozen=True)
class Digest:
    """One week. template: text with references; text: as it is read. receipts prove every number of it.

    withheld: lines that verification did not let pass; none, unless a name in the data reads like something else.
    """

    title: str
    period: FactPeriod
    template: str
    text: str
    evidence: Evidence
    tables: tuple[Table, ...]
    receipts: tuple[Receipt, ...]
    withheld: tuple[str, ...] = ()


def weekly_digest(context: ToolContext) -> Digest:
    """The digest of the last complete week of the organization. Errors: NoData when there is nothing to tell."""
    week = context.metrics.resolve_period(PeriodSpec(name="last_week"))
    period = FactPeriod(start=week.start, end=week.end)
    writer = _Writer(context, period)
    card = writer.scorecard()
    movers = writer.movers()
    why, odd = writer.why(card.metrics), writer.unusual(card.metrics)
    health = writer.call("data_health", {})
    evidence, when = writer.evidence, f"In {period_text(period)}"
    compared = [card.finding, *(finding for finding, _ in movers)]
    check = _Check(context, evidence)
    headline, *score = check.passed([_headline(card, when), *(_sentence(card, m) for m in card.metrics)], compared)
    voice = Narrator(evidence, check.vocabulary)
    moved = check.passed([line for mover in movers for line in _moved(evidence, when, *mover)], compared)
    driven = [f"{when}, {line[:1].lower()}{line[1:]}" for finding in why for line in drivers_told(voice, finding)]
    moved += check.passed(driven, [*compared, *why])
    unusual = check.passed([line for finding in odd for line in incidents_told(voice, finding)], odd)
    parts = [
        f"**{headline}**",
        _section(f"Scorecard, against {_days_before(card)}", score),
        _section("What moved", moved),
        _section("Unusual", unusual),
        _section("Data health", check.passed(_health(health, evidence), [health])),
        _section("Read with care", [*evidence.caveats, *writer.left_out]),
    ]
    template = "\n\n".join(part for part in parts if part)
    return Digest(
        title=f"Weekly digest, {period_text(period)}",
        period=period,
        template=template,
        text=render(template, evidence.facts, evidence.labels),
        evidence=evidence,
        # The scorecard's own table would be one row as wide as all metrics; its lines say the same.
        tables=tuple(finding.result.tables[0] for finding, _ in movers),
        receipts=evidence.receipts,
        withheld=tuple(check.withheld),
    )


class _Check:
    """Lets a line pass if verification finds nothing in it, read after the lines before it (law 1)."""

    def __init__(self, context: ToolContext, evidence: Evidence) -> None:
        self._lexicon = LexiconSource().of(context)
        self.vocabulary = self._lexicon.vocabulary
        self._evidence = evidence
        self.withheld: list[str] = []

    def passed(self, lines: Sequence[str], findings: Sequence[Finding]) -> list[str]:
        verifier = Verifier(self._evidence.only(findings), self._lexicon)
        kept: list[str] = []
        for line in lines:
            if verifier.problems("\n".join([*kept, line])):
                self.withheld.append(line)
            else:
                kept.append(line)
        return kept


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
        return self._add(tool, arguments, run(tool, arguments, self._context))

    def _add(self, tool: str, arguments: Mapping[str, Any], result: ToolResult) -> Finding:
        return self.evidence.add(f"digest-{len(self.evidence.findings) + 1}", tool, arguments, result)

    def scorecard(self) -> _Card:
        """All metrics in one comparison; where one of them cannot be had, those that can."""
        metrics = list(SCORECARD)
        try:
            finding = self.call("compare_periods", {"metrics": metrics, "period": self.days})
        except LEAVE_OUT:
            metrics = [metric for metric in SCORECARD if self._can(metric)]
            if not metrics:
                raise NoData(
                    "There is nothing to write a digest of yet: connect a source or import transactions."
                ) from None
            finding = self.call("compare_periods", {"metrics": metrics, "period": self.days})
        ids, facts = finding.result.data["total"], self.evidence.facts
        there = [m for m in metrics if any(facts[ids[m + end]].value is not None for end in ("", "__previous"))]
        if not there:
            raise NoData("There is nothing to write a digest of: the last two weeks have no data. Sync the sources.")
        return _Card(
            finding,
            tuple(there),
            {metric: facts[ids[metric]] for metric in there},
            {metric: facts[ids[f"{metric}__change"]] for metric in there},
            {metric: facts[ids[f"{metric}__change_ratio"]] for metric in there},
        )

    def movers(self) -> list[tuple[Finding, Mapping[str, Any]]]:
        """One split for each of MOVERS that the data allows and that says more than the scorecard."""
        found = []
        for metric, dimensions in MOVERS:
            for dimension in dimensions:
                arguments = {"metrics": [metric], "dimensions": [dimension], "period": self.days, "slices": SLICES}
                try:
                    result = run("compare_periods", arguments, self._context)
                except LEAVE_OUT:
                    continue
                split = result.data["splits"][0]
                changes = {fact.id: fact.value for fact in result.facts}
                if len(split["slices"]) > 1 and changes[split["change"]] and split["method"] != "overlapping":
                    finding = self._add("compare_periods", arguments, result)
                    found.append((finding, finding.result.data["splits"][0]))
                    break
        return found

    def why(self, metrics: Sequence[str]) -> list[Finding]:
        """The drivers of the headline metrics, as far as their formula tells them."""
        asked = [{"metric": metric, "period": self.days} for metric in HEADLINES if metric in metrics]
        return [finding for arguments in asked if (finding := self._tried("explain_change", arguments)) is not None]

    def unusual(self, metrics: Sequence[str]) -> list[Finding]:
        """Days of the week that were unlike the days before."""
        watched = [metric for metric in WATCHED if metric in metrics]
        if not watched:
            return []
        arguments = {"metrics": watched, "period": self.days, "limit": MOST_UNUSUAL}
        finding = self._tried("detect_anomalies", arguments)
        return [] if finding is None else [finding]

    def _tried(self, tool: str, arguments: Mapping[str, Any]) -> Finding | None:
        """What a tool found; None where the organization has too little for it. Its doubts are those of the card."""
        try:
            result = run(tool, arguments, self._context)
        except LEAVE_OUT:
            return None
        return self._add(tool, arguments, result.model_copy(update={"caveats": ()}))

    def _can(self, metric: str) -> bool:
        try:
            run("compare_periods", {"metrics": [metric], "period": self.days}, self._context, keep=False)
        except LEAVE_OUT as missing:
            self.left_out.append(f"{_capital(_named(metric))} is left out. {missing.message}")
            return False
        return True


def _headline(card: _Card, when: str) -> str:
    """The week in one sentence: what came in, what was spent, what that came to."""
    told = [_clause(card, metric) for metric in HEADLINES if metric in card.metrics and _has_moved(card, metric)]
    if not told:
        metric = card.metrics[0]
        return f"{when}, {_named(metric)} stood at [[{card.now[metric].id}]] overall."
    first, *others = told
    return f"{when}, {first} overall{', while ' if others else ''}{' and '.join(others)}."


def _sentence(card: _Card, metric: str) -> str:
    """One metric, where it stands and how it moved: the direction is that of its change."""
    now, change, name = card.now[metric], card.change[metric], _capital(_named(metric))
    if now.value is None:
        return f"{name} has no value overall ([[{now.id}]])."
    if change.value is None:
        return f"{name} stood at [[{now.id}]] overall."
    if not change.value:
        return f"{name} stayed at [[{now.id}]] overall (change [[{change.id}]])."
    return f"{_capital(_clause(card, metric))} overall."


def _clause(card: _Card, metric: str) -> str:
    """How a metric moved and to where: "revenue fell by … to …"."""
    change, ratio = card.change[metric], card.change_ratio[metric]
    by = ratio if ratio.value else change
    return f"{_named(metric)} {_direction(change)} by [[{by.id}]] to [[{card.now[metric].id}]]"


def _has_moved(card: _Card, metric: str) -> bool:
    return bool(card.change[metric].value)


def _days_before(card: _Card) -> str:
    compared = card.finding.result.data["compared"]
    return period_text(FactPeriod.model_validate(compared))


def _moved(evidence: Evidence, when: str, finding: Finding, split: Mapping[str, Any]) -> list[str]:
    """What a metric's slices added to its change, largest first."""
    facts = evidence.facts
    change = facts[split["change"]]
    metric, is_ratio = split["metric"], split["method"] == "rate_and_mix"
    told = []
    for one in split["slices"] if change.value else ():
        part = facts[one["part"] or one["change"]]
        if not part.value:
            continue
        share = facts[one["share"]] if one["share"] else None
        of_change = f" ([[{share.id}]] of the change)" if share is not None and _tells(share) else ""
        told.append(f"[[{one['labels'][0]}]] {_contributed(part, is_ratio)} by [[{part.id}]]{of_change}")
    if not told:
        return []
    rest = facts[split["rest"]] if split["rest"] else None
    if rest is not None and rest.value:
        told.append(f"the others together {_contributed(rest, is_ratio)} by [[{rest.id}]]")
    return [f"{when}, {_named(metric)} {_direction(change)} by [[{change.id}]] overall: {', '.join(told)}."]


def _contributed(part: Fact, is_ratio: bool) -> str:
    """A slice of a sum rose or fell itself; a slice of a ratio moved the whole, by its rate and by its weight."""
    if not is_ratio:
        return _direction(part)
    return "raised it" if part.value is not None and part.value > 0 else "reduced it"


def _tells(share: Fact) -> bool:
    """A share of the change is plain only between none and all of it; beyond, slices worked against each other."""
    return share.value is not None and 0 < share.value <= 1


def _health(finding: Finding, evidence: Evidence) -> list[str]:
    """Freshness by source, then how many checks found something; what they found stands among the caveats."""
    data, facts = finding.result.data, evidence.facts
    lines = []
    for source in data["sources"]:
        complete = f", complete through [[{source['complete_through']}]]" if source["complete_through"] else ""
        age = facts[source["age"]]
        read = f"last read [[{age.id}]] ago" if age.value is not None else "not read yet"
        lines.append(f"[[{source['source']}]]: {read}{complete}.")
    failed = facts[data["failed_checks"]]
    lines.append(f"Failed checks: [[{failed.id}]]." if failed.value else f"Failed checks: none ([[{failed.id}]]).")
    return lines


def _section(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _named(metric: str) -> str:
    short = {"roas": "ROAS", "mer": "MER", "aov": "AOV", "cac": "CAC"}
    return short.get(metric, metric.replace("_", " "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _direction(change: Fact) -> str:
    return "rose" if change.value is not None and change.value > 0 else "fell"
