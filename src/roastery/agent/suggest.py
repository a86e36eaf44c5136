"""Useful next questions: short, about what was just shown, and such that the thread can answer them."""

from collections.abc import Mapping

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.planner.vocabulary import Vocabulary

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
    title = vocabulary.metrics[described[0]].title
    split = next((s for s in SPLITS if vocabulary.metrics[described[0]].splits_by(s)), None)
    return (f"What was {title} last month?", *((f"{title} by {split.replace('_', ' ')} last month",) if split else ()))


def _of_numbers(finding: Finding, vocabulary: Vocabulary) -> list[str]:
    arguments: Mapping[str, object] = finding.arguments
    metrics = [vocabulary.metrics[m] for m in finding.arguments.get("metrics", ()) if m in vocabulary.metrics]
    found: list[str] = []
    if not arguments.get("compare_to"):
        found.append("And compared with the period before?")
    if not arguments.get("dimensions"):
        split = next((s for s in SPLITS if metrics and all(m.splits_by(s) for m in metrics)), None)
        found += [f"And by {split.replace('_', ' ')}?"] if split else []
    if not arguments.get("grain"):
        found.append("And by week?")
    if arguments.get("dimensions") and metrics:
        found.append(f"How is {metrics[0].title} computed?")
    found.append("How fresh is the data?")
    return found
