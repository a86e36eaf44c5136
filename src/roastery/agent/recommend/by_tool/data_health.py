"""Mend what the numbers stand on: sources that are not read, clicks whose campaign is unknown."""

from collections.abc import Iterator

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import Voice
from roastery.agent.recommend.advice import Advice


def advise(voice: Voice, finding: Finding) -> Iterator[Advice]:
    data, facts = finding.result.data, voice.evidence.facts
    for source in data["sources"]:
        if not source["stale"]:
            continue
        name = f"[[{source['source']}]]"
        age = facts[source["age"]]
        since = f"it was last read [[{age.id}]] ago" if age.value is not None else "it was not read yet"
        yield Advice(
            "source",
            voice.evidence.labels[source["source"]].value,
            f"Sync {name}, or connect it again.",
            f"Figures that need {name} are complete again; {since}.",
            (age.id,),
            "high",
        )
    for id in data["figures"].get("unmapped_touches", ())[:1]:
        if not facts[id].value:
            continue
        names = ", ".join(f"[[{label}]]" for label in data["names"][:3])
        like = f", such as {names}" if names else ""
        yield Advice(
            "tracking",
            "unmapped touches",
            f"Put campaign ids into the links of ads whose names match no campaign{like}.",
            f"Up to [[{id}]] unmapped touches can then be credited to their campaigns.",
            (id, *data["figures"].get("unmapped_revenue", ())[:1]),
            "high",
        )
