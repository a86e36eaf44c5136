"""Why a metric moved: the change, its causes with their exact parts, its drivers, and how usual it is."""

from collections.abc import Mapping
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.moves import Moves
from roastery.tools.base import Fact

MOST_CAUSES, MOST_DRIVERS = 3, 3


def tell(voice: Moves, finding: Finding) -> str:
    data, facts = finding.result.data, voice.evidence.facts
    metric = data["metric"]
    total = {column: facts[id] for column, id in data["total"].items()}
    sentences = [voice.moved(finding, metric, total, first=True)]
    sentences += _causes(voice, metric, data, facts)
    sentences += _drivers(voice, metric, data, facts)
    if data["noise"].get("pairs"):
        pairs, large = data["noise"]["pairs"], data["noise"]["as_large"]
        usual = ", so it is within the usual noise" if data["noise"]["within_noise"] else ""
        sentences.append(f"Of [[{pairs}]] earlier comparisons like this, [[{large}]] differed as much{usual}.")
    return " ".join(sentences)


def _causes(voice: Moves, metric: str, data: Mapping[str, Any], facts: Mapping[str, Fact]) -> list[str]:
    told = []
    for cause in data["causes"][:MOST_CAUSES]:
        part = facts[cause["part"]]
        if not part.value:
            continue
        name = " / ".join(f"[[{label}]]" for label in cause["labels"])
        share = facts[cause["share"]] if cause["share"] else None
        of_change = (
            f" ([[{share.id}]] of the change)" if share and share.value is not None and 0 < share.value <= 1 else ""
        )
        doubt = ", which may be chance" if cause["evidence"] == "may be chance" else ""
        told.append(f"{name} {_way(part)} [[{part.id}]]{of_change}{doubt}")
    if not told:
        return []
    split = " and ".join(d.replace("_", " ") for d in data["causes"][0]["where"])
    lead = f"Effects on {voice.title(metric)}" if data["rate_and_mix"] else f"By {split}, {voice.title(metric)}"
    rest = facts[data["rest"]] if data["rest"] else None
    if rest is not None and rest.value:
        told.append(f"the rest together {_way(rest)} [[{rest.id}]]")
    return [f"{lead}: {'; '.join(told)}."]


def _drivers(voice: Moves, metric: str, data: Mapping[str, Any], facts: Mapping[str, Fact]) -> list[str]:
    drivers = [d for d in data["drivers"] if facts[d["effect"]].value]
    drivers.sort(key=lambda d: -abs(facts[d["effect"]].value or 0))
    told = [
        f"{_lower(d['title'])} {_moved(facts[d['effect']])} {voice.title(metric)} by [[{d['effect']}]]"
        for d in drivers[:MOST_DRIVERS]
    ]
    return [f"By driver: {'; '.join(told)}."] if len(told) > 1 else []


def drivers_told(voice: Moves, finding: Finding) -> list[str]:
    """The drivers of the metric in one sentence; none where its formula has none."""
    data = finding.result.data
    return _drivers(voice, data["metric"], data, voice.evidence.facts)


def _moved(fact: Fact) -> str:
    return "raised" if fact.value is not None and fact.value > 0 else "reduced"


def _way(fact: Fact) -> str:
    return "up" if fact.value is not None and fact.value > 0 else "down"


def _lower(title: str) -> str:
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
