"""Why a source shows another number: both ends, the lines that matter most, and what nobody can explain."""

from collections.abc import Mapping
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice, capital
from roastery.agent.render import when_text
from roastery.tools.base import Fact

MOST_LINES = 4


def tell(voice: Voice, finding: Finding) -> str:
    bridges = finding.result.data["bridges"]
    lines = MOST_LINES if len(bridges) == 1 else 2
    lines -= any(bridge["is_stated"] for bridge in bridges)
    return "\n\n".join(_bridge(voice, bridge, lines) for bridge in bridges)


def _bridge(voice: Voice, bridge: Mapping[str, Any], most: int) -> str:
    facts = voice.evidence.facts
    told = [(line["said"], facts[line["fact"]]) for line in bridge["lines"] if facts[line["fact"]].value]
    told.sort(key=lambda line: -abs(line[1].value or 0))
    sentences = _ends(voice, bridge)
    lines = [f"- {capital(said.replace('_', ' '))}: {_way(fact)} [[{fact.id}]]." for said, fact in told[:most]]
    residual = facts[bridge["residual"]]
    if residual.value:
        lines.append(f"- Residual, for which the data has no line: {_way(residual)} [[{residual.id}]].")
    elif told:
        lines.append(f"- Residual: [[{residual.id}]], so the lines make up the whole difference.")
    return "\n".join([*sentences, *lines, *_clicks(bridge, facts, residual)])


def _ends(voice: Voice, bridge: Mapping[str, Any]) -> list[str]:
    """What stands on the screen and what we show, with how far apart they are."""
    facts = voice.evidence.facts
    start, ours, apart, theirs = (facts[bridge[name]] for name in ("start", "ours", "difference", "recorded"))
    when, system = capital(when_text(ours.period)), f"[[{bridge['system']}]]"
    shown = f"{system} shows [[{theirs.id}]] {voice.title(theirs.metric)}"
    said = f"[[{ours.id}]] {voice.title(ours.metric)} here"
    if bridge["kind"] == "source":
        shown = f"{system} recorded [[{theirs.id}]]"
        said = f"{voice.title(ours.metric)} here {voice.was(ours.metric)} [[{ours.id}]]"
    less = "less" if ours.unit == "money" else "fewer"
    gap = f"[[{apart.id}]] {less if _is_down(apart) else 'more'}" if apart.value else "the same"
    if not bridge["is_stated"]:
        return [f"**{when}, {shown}; {said}, {gap}.**"]
    stated = f"beside your number of [[{start.id}]] for {system}"
    held = f"{shown}, as last read."
    if bridge["matches"]:
        held += f" Your number is exactly its count {bridge['matches']}."
    return [f"**{when}, {stated}: {said}, {gap}.**", held]


def _clicks(bridge: Mapping[str, Any], facts: Mapping[str, Fact], residual: Fact) -> list[str]:
    notes = bridge["notes"]
    found = []
    if residual.value and not bridge["is_stated"] and {"clicks", "clicks_seen", "clicks_of_known"} <= notes.keys():
        counted, seen, known = (notes[n] for n in ("clicks", "clicks_seen", "clicks_of_known"))
        found.append(
            f"Of [[{counted}]] clicks that it counts, [[{seen}]] clicks were seen here, [[{known}]] of known people."
        )
    if "open_days" in notes:
        found.append(f"[[{notes['open_days']}]] are still open: its claims for them are not complete.")
    return found


def _is_down(fact: Fact) -> bool:
    return fact.value is not None and fact.value < 0


def _way(fact: Fact) -> str:
    return "down" if _is_down(fact) else "up"
