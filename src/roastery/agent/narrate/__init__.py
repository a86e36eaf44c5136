"""The deterministic narration: insight first, every number a reference, in sentences that `verify` accepts."""

from collections.abc import Callable

from roastery.agent.evidence import Finding
from roastery.agent.narrate.by_tool import tellers
from roastery.agent.narrate.credit import Credit
from roastery.agent.narrate.frames import Frames
from roastery.agent.narrate.how import (
    CAVEAT_WORDS,
    HOW_WORDS,
    LONGEST,
    Narration,
    compose,
    how_found,
    lists_apart,
    told_by,
    words_in,
)
from roastery.agent.narrate.others import Others
from roastery.agent.narrate.voice import SHORT
from roastery.agent.narrate.whether import opened, yes_or_no

__all__ = ["SHORT", "Narration", "Narrator", "compose", "told_by"]


class Narrator(Frames, Credit, Others):
    """Writes the narration of one run's evidence."""

    def narrate(self) -> Narration:
        """Sentences for every finding, most telling first."""
        parts = [lists_apart(part) for finding in self.evidence.findings if (part := self._finding(finding))]
        quoted = any(f.tool == "describe_metrics" for f in self.evidence.findings)
        if self.whether and len(parts) == len(self.evidence.findings) == 1:
            word = yes_or_no(self.whether, self.evidence.findings[0], self.evidence)
            parts = [opened(word, parts[0])] if word else parts
        answer = "\n\n".join(parts)
        caveats = self.caveats()
        room = LONGEST - words_in(answer) - min(CAVEAT_WORDS, sum(words_in(c) for c in caveats)) - 3
        return Narration(answer, self.how(max(HOW_WORDS, min(room, 60))), caveats, quoted, frozenset(self.told))

    def _finding(self, finding: Finding) -> str:
        if finding.tool == "describe_metrics":
            return self.definitions(finding)
        if finding.tool == "data_health":
            return self.health(finding)
        if finding.tool == "search_dimension_values":
            return self.values(finding)
        if finding.tool in SAYS:
            return SAYS[finding.tool](self, finding)
        if finding.tool in tellers():
            return tellers()[finding.tool](self, finding)
        if finding.result.frame is None:
            return self.plain(finding)
        if finding.tool == "compare_periods" and finding.result.data.get("splits"):
            return self.contributions(finding)
        return self.frame(finding)

    def how(self, words: int = 34) -> str:
        """Period, attribution and definition, from the receipts."""
        return how_found(self.evidence, self.title, self.assumptions, words, self.told)

    def caveats(self) -> tuple[str, ...]:
        return self.evidence.caveats


SAYS: dict[str, Callable[[Narrator, Finding], str]] = {
    "run_attribution": Narrator.credit,
    "compare_attribution": Narrator.models,
    "customer_journeys": Narrator.journeys,
    "recommend_budget": Narrator.budget,
    "analyze_assets": Narrator.assets,
}
"""Tools with words of their own."""
