"""Definitions, data health and lists of names in sentences."""

from collections.abc import Mapping
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.voice import LISTED_ROWS, Voice, capital, listed, plural
from roastery.tools.base import Fact

MOST_SOURCES, MOST_CHECKS = 10, 4


class Others(Voice):
    """Definitions, data health, names found, and results of tools that have no words of their own."""

    def definitions(self, finding: Finding) -> str:
        described = finding.result.data.get("metrics", [])
        if len(described) > 3:
            names = ", ".join(self.title(m["name"]) for m in described)
            return (
                f"**I know these metrics:** {names}. Ask what any of them means, or for its numbers by time, "
                f"platform, channel or campaign."
            )
        lines = []
        for m in described:
            splits = ", ".join(d.replace("_", " ") for d in m.get("dimensions", ())[:8])
            split = f" It can be split by {splits}." if splits and len(described) == 1 else ""
            lines.append(f"**{capital(self.title(m['name']))}**: {m['definition'].strip().rstrip('.')}.{split}")
        return "\n\n".join(lines)

    def health(self, finding: Finding) -> str:
        data, facts = finding.result.data, self.evidence.facts
        sources = data.get("sources", [])
        stale = [s for s in sources if s.get("stale")]
        lines = []
        if stale:
            late = [f"[[{s['source']}]]" for s in stale]
            lines.append(f"**Not up to date: {listed(late)}{self._failed(data)}.**")
        elif sources:
            lines.append(f"**The data of your sources is up to date{self._failed(data)}.**")
        for s in sources[:MOST_SOURCES]:
            told = (
                [f"read [[{s['age']}]] ago"] if s.get("age") and facts[s["age"]].value is not None else ["not read yet"]
            )
            if s.get("complete_through"):
                told.append(f"complete through [[{s['complete_through']}]]")
            if s.get("history_since"):
                told.append(f"history since [[{s['history_since']}]]")
            lines.append(f"- [[{s['source']}]]: {', '.join(told)}")
        if len(sources) > MOST_SOURCES:
            lines.append("- the others in the table")
        for unmapped in data["figures"].get("unmapped_touches", ())[:1]:
            if facts[unmapped].value:
                lines.append(f"Unmapped touches, whose campaign is unknown: [[{unmapped}]].")
        return "\n".join(lines) or "Nothing is known of the data yet."

    def _failed(self, data: Mapping[str, Any]) -> str:
        """How many checks failed and of what they are, as the end of a sentence; "" where none did."""
        failed, names = data.get("failed_checks"), data.get("failed", [])
        if not failed or not self.evidence.facts[failed].value:
            return ""
        said = [*names[:MOST_CHECKS], *(["others"] if len(names) > MOST_CHECKS else [])]
        return f"; failed checks: [[{failed}]]" + (f", of {listed(said)}" if said else "")

    def values(self, finding: Finding) -> str:
        values = finding.result.data.get("values", [])
        if not values:
            return finding.result.caveats[0] if finding.result.caveats else "Nothing of that name was found."
        kind = values[0]["dimension"].replace("_", " ")
        labels = {self.evidence.labels[v["label"]].text: v["label"] for v in reversed(values)}
        listed = ", ".join(f"[[{label}]]" for label in list(reversed(labels.values()))[:10])
        more = ", the rest in the table" if len(labels) > 10 else ""
        same = all(v["dimension"] == values[0]["dimension"] for v in values)
        return f"**Found among your {plural(kind) if same else 'names'}:** {listed}{more}."

    def plain(self, finding: Finding) -> str:
        """A result without a frame, from a tool that this narration does not know: its facts, plainly."""
        measured = [f for f in finding.result.facts if f.kind == "measured"][:LISTED_ROWS]
        lines = [f"- {self.title(f.metric)}{self._fact_entity(f)}: [[{f.id}]]" for f in measured]
        return "\n".join(lines) or "Nothing was found."

    def _fact_entity(self, fact: Fact) -> str:
        names = [self.label(d, v) for d, v in fact.dimensions.items() if d != "date"]
        return f" of {' / '.join(names)}" if names else ""
