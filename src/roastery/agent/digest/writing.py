"""The weekly digest: headline, scorecard, what moved and why, data health; every number a tool's fact (law 1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roastery.agent.answer import Recommendation
from roastery.agent.digest.before import cards_before, changed
from roastery.agent.digest.card import HEADLINES, Card, capital, days_before, direction, headline, named, sentence
from roastery.agent.digest.followed import NO_PROOF, Followed, lead, outcome, told
from roastery.agent.digest.unusual import scans_of, unusual_told
from roastery.agent.evidence import Evidence, Finding
from roastery.agent.narrate import Narrator
from roastery.agent.narrate.by_tool.explain_change import drivers_told
from roastery.agent.narrate.restated import tell_restated
from roastery.agent.planner.offline import LexiconSource
from roastery.agent.recommend import recommendations
from roastery.agent.render import period_text, render
from roastery.agent.verify import Verifier
from roastery.tools.base import Fact, FactPeriod, Receipt, Table, ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.warehouse.errors import HistoryIncomplete, ImpossibleSplit, NoData, UnknownName
from roastery.warehouse.semantic.query import PeriodSpec

SCORECARD = ("revenue", "orders", "aov", "new_customers", "spend", "roas", "mer", "cac")
MOVERS = (
    ("revenue", ("customer_type", "category", "location")),
    ("attributed_revenue", ("channel", "campaign")),
    ("roas", ("platform", "campaign")),
    ("spend", ("platform", "campaign")),
)
"""What is explained, each by the first of its dimensions that the data can be split by."""

SLICES = 3
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
    recommendations: tuple[Recommendation, ...] = ()
    outcomes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def weekly_digest(context: ToolContext, followed: Sequence[Followed] = (), earlier: Sequence[Receipt] = ()) -> Digest:
    """The digest of the last complete week of the organization. Errors: NoData when there is nothing to tell.

    followed: recommendations whose horizon is over, of which it says what happened after. earlier: receipts of
    comparisons, newest first; what the digest before said and is no longer so is told.
    """
    week = context.metrics.resolve_period(PeriodSpec(name="last_week"))
    period = FactPeriod(start=week.start, end=week.end)
    writer = _Writer(context, period)
    card = writer.scorecard()
    movers = writer.movers()
    why, odd = writer.why(card.metrics), writer.unusual()
    health = writer.call("data_health", {})
    advised, withheld = recommendations(writer.evidence, LexiconSource().of(context), [*odd, *why, health])
    evidence, when = writer.evidence, f"In {period_text(period)}"
    compared = [card.finding, *(finding for finding, _ in movers)]
    check = _Check(context, evidence)
    first, *score = check.passed([headline(card, when), *(sentence(card, m) for m in card.metrics)], compared)
    voice = Narrator(evidence, check.vocabulary)
    moved = check.passed([line for mover in movers for line in _moved(evidence, when, *mover)], compared)
    driven = [f"{when}, {line[:1].lower()}{line[1:]}" for finding in why for line in drivers_told(voice, finding)]
    moved += check.passed(driven, [*compared, *why])
    unusual = check.passed(unusual_told(voice, odd), odd)
    since = [
        line
        for finding in changed(context, evidence, card, cards_before(earlier, period, SCORECARD))
        for line in check.passed([tell_restated(voice, finding)], [finding])
    ]
    became, outcomes = _became(writer, check, voice, followed)
    parts = [
        f"**{first}**",
        _section(f"Scorecard, against {days_before(card)}", score),
        _section("Said before, changed since", since),
        _section("What moved", moved),
        _section("Unusual", unusual),
        _section("What became of recommendations", became),
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
        withheld=(*check.withheld, *withheld),
        recommendations=tuple(advised),
        outcomes=outcomes,
    )


def _became(
    writer: "_Writer", check: "_Check", voice: Narrator, followed: Sequence[Followed]
) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """A line for each recommendation that was acted on, and what is kept of it."""
    lines, outcomes = [], {}
    for one in followed:
        finding = writer.followed(one)
        if finding is None:
            continue
        said = check.passed(told(voice, one, finding), [finding])
        outcomes[one.id] = outcome(finding, one.measure.metric, writer.evidence.facts)
        if said:
            lines.append(" ".join([lead(one), *said, NO_PROOF]))
    return lines, outcomes


class _Check:
    """Lets a line pass if verification finds nothing in it, read after the lines before it (law 1)."""

    def __init__(self, context: ToolContext, evidence: Evidence) -> None:
        self._lexicon = LexiconSource().of(context)
        self.vocabulary = self._lexicon.vocabulary
        self._evidence = evidence
        self.withheld: list[str] = []

    def passed(self, lines: Sequence[str], findings: Sequence[Finding]) -> list[str]:
        verifier = Verifier(self._evidence.only(findings), self._lexicon, refers=True)
        kept: list[str] = []
        for line in lines:
            if verifier.problems("\n".join([*kept, line])):
                self.withheld.append(line)
            else:
                kept.append(line)
        return kept


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

    def scorecard(self) -> Card:
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
        return Card(
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

    def followed(self, one: Followed) -> Finding | None:
        """The days after a recommendation against as many before, with what was expected of them."""
        try:
            result = run("compare_periods", one.arguments, self._context)
        except LEAVE_OUT:
            return None
        return self._add("compare_periods", one.arguments, one.with_expectation(result))

    def why(self, metrics: Sequence[str]) -> list[Finding]:
        """The drivers of the headline metrics, as far as their formula tells them."""
        asked = [{"metric": metric, "period": self.days} for metric in HEADLINES if metric in metrics]
        return [finding for arguments in asked if (finding := self._tried("explain_change", arguments)) is not None]

    def unusual(self) -> list[Finding]:
        """Days and weeks that were unlike those before, over all main metrics and their slices."""
        return [found for asked in scans_of(self.days) if (found := self._tried("detect_anomalies", asked)) is not None]

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
            self.left_out.append(f"{capital(named(metric))} is left out. {missing.message}")
            return False
        return True


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
    return [f"{when}, {named(metric)} {direction(change)} by [[{change.id}]] overall: {', '.join(told)}."]


def _contributed(part: Fact, is_ratio: bool) -> str:
    """A slice of a sum rose or fell itself; a slice of a ratio moved the whole, by its rate and by its weight."""
    if not is_ratio:
        return direction(part)
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
