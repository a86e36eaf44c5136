"""What was unusual: each incident with what came, what was expected, and what it is worth."""

from collections.abc import Mapping
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice, capital
from roastery.agent.render import when_text

MOST_TOLD = 5


def tell(voice: Voice, finding: Finding) -> str:
    data, facts = finding.result.data, voice.evidence.facts
    counts = data["counts"]
    if not data["incidents"]:
        when = when_text(facts[counts["incidents"]].period)
        return f"**Nothing unusual was found {when}**, [[{counts['series']}]] lines judged."
    when = when_text(facts[counts["incidents"]].period)
    lines = [f"**Unusual {when}: [[{counts['incidents']}]]**, [[{counts['series']}]] lines judged."]
    lines += [f"- {line}" for line in incidents_told(voice, finding)]
    return "\n".join(lines)


def incidents_told(voice: Voice, finding: Finding) -> list[str]:
    """One sentence for each of the most severe incidents."""
    return [incident_told(voice, incident) for incident in finding.result.data["incidents"][:MOST_TOLD]]


def incident_told(voice: Voice, incident: Mapping[str, Any]) -> str:
    """What came, what was usual with its range, and what that is worth."""
    facts = voice.evidence.facts
    actual, off = facts[incident["actual"]], facts[incident["off"]]
    name = " / ".join(f"[[{label}]]" for label in incident["labels"])
    title = capital(voice.title(incident["metric"])) + (f" of {name}" if name else " overall")
    when = when_text(actual.period)
    if actual.value is None:
        return f"{title} {when}: no data, where [[{incident['expected']}]] was usual."
    way = "above" if (off.value or 0) > 0 else "below"
    told = f"{title} {when}: [[{actual.id}]], [[{off.id}]] {way} the usual [[{incident['expected']}]]"
    told += f" (range [[{incident['low']}]] to [[{incident['high']}]])"
    stake = facts[incident["stake"]] if incident["stake"] else None
    if stake is not None and stake.value and stake.id != off.id:
        way = "more" if stake.value > 0 else "less"
        told += f"; that is [[{stake.id}]] {way} {voice.title(stake.metric)}"
    source = f" Look at [[{incident['source']}]]." if incident.get("source") else ""
    return f"{told}.{source}"
