"""What was unusual in the week, told as one list of incidents.

One scan over windows of one day to four weeks that end in it, so that slices with a few events a day are judged too.
A marketer who is told of chance twice does not read the third, so that of what digests tell one in ten may be at most.
A scan holds its share week by week: where nothing happened, FALSE_SHARE is the chance of a false alarm. Companies have
something true to tell every second or third week, so that less is asked of a week than is wanted of them all.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.by_tool.detect_anomalies import incident_told
from roastery.agent.narrate.voice import Voice

MOST_UNUSUAL = 5
FALSE_SHARE = 0.025
LOOKED_AT = 60

BY_CAMPAIGN = frozenset({"cpc", "ctr"})
"""Rates of delivery: over several campaigns they move with the mix of spend alone, so each is judged by itself."""
SAME_EVENTS = {"refund_count": "refunds"}
"""How often something happened beside what it came to: one event, told once."""
TOLD_ELSEWHERE = frozenset({"attribution_coverage"})
"""Data health tells it."""


def scans_of(days: Mapping[str, str]) -> list[dict[str, Any]]:
    """The scan of a week: arguments of detect_anomalies, over all watched metrics and their slices."""
    return [{"period": dict(days), "judge": "windows", "false_share": FALSE_SHARE, "limit": LOOKED_AT}]


def incidents_of(findings: Sequence[Finding]) -> list[tuple[Finding, Mapping[str, Any]]]:
    """The incidents to tell, the most severe first, each once: what says the same as one before is merged into it.

    A scan has merged the slices of one cause already; what is left here overlaps in days without being off by as much.
    """
    found = [(f, i) for f in findings for i in f.result.data["incidents"] if _is_worth_telling(f, i)]
    found.sort(key=lambda one: -float(one[1]["severity"]))
    groups: list[list[tuple[Finding, Mapping[str, Any]]]] = []
    for one in found:
        same = next((g for g in groups if any(_says_the_same(one[1], other) for _, other in g)), None)
        if same is None:
            groups.append([one])
        else:
            same.append(one)
    return [_merged(group) for group in groups[:MOST_UNUSUAL]]


def _merged(group: Sequence[tuple[Finding, Mapping[str, Any]]]) -> tuple[Finding, Mapping[str, Any]]:
    """The most severe, with what the others speak of as `also`."""
    (finding, head), *others = group
    also = [
        {"metric": metric, "dimension": dimension or None, "value": value, "is_common": False}
        for _, other in others
        for metric, dimension, value in _slices(other)
    ]
    return finding, {**head, "also": [*head["also"], *also]}


def _is_worth_telling(finding: Finding, incident: Mapping[str, Any]) -> bool:
    """Of this week, and not told elsewhere."""
    receipt = finding.result.receipt
    if receipt is not None and receipt.period is not None and incident["end"] <= receipt.period.start.isoformat():
        return False
    if incident["metric"] in TOLD_ELSEWHERE:
        return False
    return incident["metric"] not in BY_CAMPAIGN or "campaign" in incident["where"]


def _says_the_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two incidents go the same way in one metric, and in one slice or one of which may hold the other."""
    if one["direction"] != other["direction"]:
        return False
    return any(
        SAME_EVENTS.get(a[0], a[0]) == SAME_EVENTS.get(b[0], b[0]) and (a[1:] == b[1:] or a[1] != b[1])
        for a in _slices(one)
        for b in _slices(other)
    )


def _slices(incident: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """(metric, dimension, value) of everything that moved in an incident."""
    for dimension, value in incident["where"].items() or (("", ""),):
        yield incident["metric"], dimension, value
    for also in incident["also"]:
        yield also["metric"], also["dimension"] or "", "" if also["is_common"] else also["value"]


def unusual_told(voice: Voice, findings: Sequence[Finding]) -> list[str]:
    return [incident_told(voice, incident) for _, incident in incidents_of(findings)]
