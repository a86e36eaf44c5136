"""Useful next questions: short, about what was just shown, and such that the thread can answer them."""

from collections.abc import Mapping

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.narrate import SHORT
from roastery.agent.planner.vocabulary import MetricTerm, Vocabulary

SPLITS = (
    "platform",
    "channel",
    "campaign",
    "customer_type",
    "product",
    "category",
    "country",
    "sales_channel",
    "location",
)
MOST = 3


def suggestions(evidence: Evidence, vocabulary: Vocabulary) -> tuple[str, ...]:
    """At most three follow-up questions to the last result."""
    if not evidence.findings:
        return ()
    finding = evidence.findings[-1]
    if finding.tool == "describe_metrics":
        return _of_definitions(finding, vocabulary)
    if finding.tool not in ("query_metrics", "compare_periods"):
        return ()
    return tuple(dict.fromkeys(_of_numbers(finding, vocabulary)))[:MOST]


def _of_definitions(finding: Finding, vocabulary: Vocabulary) -> tuple[str, ...]:
    described = [m["name"] for m in finding.result.data.get("metrics", [])]
    if len(described) != 1 or described[0] not in vocabulary.metrics:
        return ("How fresh is the data?",)
    title = _said(vocabulary.metrics[described[0]])
    split = next((s for s in SPLITS if vocabulary.metrics[described[0]].splits_by(s)), None)
    return (f"What was {title} last month?", *((f"{title} by {split.replace('_', ' ')} last month",) if split else ()))


def _said(metric: MetricTerm) -> str:
    return SHORT.get(metric.name, metric.title)


def _finer(finding: Finding) -> str | None:
    """A time unit of which the period holds at least three."""
    period = finding.result.receipt.period if finding.result.receipt else None
    days = (period.end - period.start).days if period else 0
    return "month" if days > 200 else "week" if days >= 21 else "day" if days >= 3 else None


def _of_numbers(finding: Finding, vocabulary: Vocabulary) -> list[str]:
    arguments: Mapping[str, object] = finding.arguments
    metrics = [vocabulary.metrics[m] for m in finding.arguments.get("metrics", ()) if m in vocabulary.metrics]
    found: list[str] = []
    if not arguments.get("compare_to"):
        found.append("And compared with the period before?")
    if not arguments.get("dimensions"):
        narrowed = {f.get("dimension") for f in finding.arguments.get("filters", ())}
        fitting = (s for s in SPLITS if metrics and s not in narrowed and all(m.splits_by(s) for m in metrics))
        split = next(fitting, None)
        found += [f"And by {split.replace('_', ' ')}?"] if split else []
    if not arguments.get("grain") and (grain := _finer(finding)):
        found.append(f"And by {grain}?")
    if arguments.get("dimensions") and metrics:
        found.append(f"How is {_said(metrics[0])} computed?")
    found.append("How fresh is the data?")
    return found
