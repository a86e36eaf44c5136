"""Why a metric moved, in sentences: the change, the slices with their parts, whether it is more than usual noise."""

from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.moves import Moves
from roastery.agent.narrate.voice import capital
from roastery.tools.base import Fact

TOLD = 3


class Why(Moves):
    """The words of explain_change."""

    def why(self, finding: Finding) -> str:
        """The change first, then the causes that were found, then how sure it is."""
        data, facts = finding.result.data, self.evidence.facts
        metric = str(data["metric"])
        total = {column: facts[i] for column, i in data["total"].items() if i in facts}
        if metric not in total:
            return self.nothing(finding)
        lines = [self.moved(finding, metric, total, first=True)]
        lines += [f"- {said}" for cause in data["causes"][:TOLD] if (said := self._cause(cause, metric, facts))]
        if data["noise"].get("within_noise"):
            lines.append("Such a move is within what is usual for it.")
        return "\n".join(lines)

    def _cause(self, cause: dict[str, Any], metric: str, facts: dict[str, Fact]) -> str:
        """ "Brooklyn / Burgers: revenue down $120"."""
        part = facts.get(str(cause.get("part", "")))
        if part is None or not part.value or not cause["labels"]:
            return ""
        name = " / ".join(f"[[{i}]]" for i in cause["labels"])
        return f"{capital(name)}: {self.title(metric)} {'up' if part.value > 0 else 'down'} [[{part.id}]]"
