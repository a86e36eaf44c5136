"""Look first where a fall came from, when the slice is more than chance."""

from collections.abc import Iterator

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.recommend.advice import Advice


def advise(voice: Voice, finding: Finding) -> Iterator[Advice]:
    data, facts = finding.result.data, voice.evidence.facts
    metric = data["metric"]
    if data["noise"].get("within_noise") or not data["causes"]:
        return
    change = facts[data["total"][f"{metric}__change"]]
    is_worse = (change.value or 0) > 0 if metric in LESS_IS_BETTER else (change.value or 0) < 0
    cause = data["causes"][0]
    part = facts[cause["part"]]
    if not is_worse or cause["evidence"] == "may be chance" or not part.value or not change.value:
        return
    if (part.value > 0) != (change.value > 0):
        return
    name = " / ".join(f"[[{label}]]" for label in cause["labels"])
    where = " ".join(f"{d}={v}" for d, v in sorted(cause["where"].items()))
    word = "up" if part.value > 0 else "down"
    yield Advice(
        "cause",
        f"{metric} {where} {change.period.start}",
        f"Look at {name} first: what changed there when {voice.title(metric)} did.",
        f"At most its own part of the change comes back; for {name}, {voice.title(metric)} {word} [[{part.id}]].",
        tuple(id for id in (part.id, cause["share"], change.id) if id),
        "medium",
    )
