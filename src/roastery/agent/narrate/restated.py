"""What an earlier answer said and is no longer so: then, now, by how much, and why."""

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice, listed
from roastery.agent.render import when_text

WHY = {
    "definition": "its definition has changed",
    "setting": "a setting has changed",
    "erasure": "people were erased",
    "build": "rows came in or changed since",
}


def tell_restated(voice: Voice, finding: Finding) -> str:
    """One sentence with both numbers, the change and its cause."""
    data, facts = finding.result.data, voice.evidence.facts
    then, now, change = facts[data["then"]], facts[data["now"]], facts[data["change"]]
    names = "".join(f" for [[{label}]]" for label in data["entity"]) or voice.held(finding)
    way = "up" if (change.value or 0) > 0 else "down"
    metric = data["metric"]
    told = f"{voice.title(metric)}{names} {when_text(now.period)} {voice.was(metric)} [[{then.id}]]"
    return (
        f"When asked on [[{data['asked_on']}]], {told}; it is [[{now.id}]] now, {way} by [[{change.id}]]: {_why(data)}."
    )


def _why(data: dict[str, object]) -> str:
    kinds, sources = data["kinds"], data["sources"]
    assert isinstance(kinds, list)
    assert isinstance(sources, list)
    if sources:
        told = listed([f"[[{label}]]" for label in sources[:2]])
        return f"{told} {'have' if len(sources) > 1 else 'has'} sent newer data"
    return next((WHY[kind] for kind in kinds if kind in WHY), WHY["build"])
