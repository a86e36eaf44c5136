"""Changes: from what to what, and which slices moved."""

from collections.abc import Mapping, Sequence
from typing import Any

from roastery.agent.evidence import Finding
from roastery.agent.narrate.rows import Row, ordered_by, partial_total
from roastery.agent.narrate.voice import LISTED_ROWS, Voice, capital, listed
from roastery.agent.render import when_text
from roastery.tools.base import Fact


class Moves(Voice):
    """What changed against another period, by how much, and which slices moved."""

    def moved(
        self, finding: Finding, metric: str, facts: Mapping[str, Fact], *, first: bool, named: bool = False
    ) -> str:
        """ "Revenue rose 12 % to $10 in October 2026, from $9 in September 2026."""
        now, before = facts[metric], facts.get(f"{metric}__previous")
        ratio, change = facts.get(f"{metric}__change_ratio"), facts.get(f"{metric}__change")
        title, when = self.title(metric) if named else capital(self.title(metric)), when_text(now.period)
        held = self.held(finding, whole=not named)
        bold = ("**", "**") if first else ("", "")
        if before is None or now.value is None or before.value is None or change is None or change.value is None:
            earlier = f", against [[{before.id}]] {when_text(before.period)}" if before is not None else ""
            return f"{bold[0]}{title}{held} {self.was(metric)} [[{now.id}]] {when}{earlier}.{bold[1]}"
        earlier = when_text(before.period)
        if change.value == 0:
            return (
                f"{bold[0]}{title}{held} {self.was(metric)} unchanged ([[{change.id}]]) at [[{now.id}]] {when}, "
                f"from [[{before.id}]] {earlier}.{bold[1]}"
            )
        verb = "rose" if change.value > 0 else "fell"
        by = f"[[{ratio.id}]] " if ratio is not None and ratio.value is not None else f"by [[{change.id}]] "
        return f"{bold[0]}{title}{held} {verb} {by}to [[{now.id}]] {when}{bold[1]}, from [[{before.id}]] {earlier}."

    def moved_rows(
        self, finding: Finding, rows: Sequence["Row"], metrics: Sequence[str], total: Mapping[str, Fact]
    ) -> str:
        """A split that is compared with another period: the whole first, then how each row moved."""
        by = ordered_by(finding, metrics)
        lines = []
        if (
            by in total
            and f"{by}__previous" in total
            and total[by].value is not None
            and not partial_total(finding)
            and self.adds_up(by)
        ):
            lines.append(self.moved(finding, by, total, first=True))
        for row in rows[:LISTED_ROWS]:
            if by in row.facts and row.facts[by].value is not None:
                moved = self.moved(finding, by, row.facts, first=False, named=True)
                lines.append(f"- {self.entity_of(row)}: {moved}" if lines else f"**{self.entity_of(row)}**: {moved}")
        return "\n".join(lines) if lines else self.nothing(finding)

    def entity_of(self, row: "Row") -> str:
        return " / ".join(self.label(d, v) for d, v in row.entity.items() if d != "date")

    def contributions(self, finding: Finding) -> str:
        """A change and the slices that moved most, each with its own direction."""
        data = finding.result.data
        facts = self.evidence.facts
        total = {column: facts[i] for column, i in data["total"].items()}
        sentences = []
        for n, split in enumerate(data["splits"][:3]):
            metric = split["metric"]
            sentences.append(self.moved(finding, metric, total, first=n == 0))
            moved = [s for s in split["slices"] if s.get("part") and facts[s["part"]].value][: 3 if n == 0 else 1]
            said = [self._part(s, facts[s["part"]], split["method"]) for s in moved]
            if said and split["method"] == "additive":
                sentences.append(f"By {self._split_names(finding)}, {self.title(metric)}: {'; '.join(said)}.")
            elif said:
                sentences.append(f"Effects on {self.title(metric)} by {self._split_names(finding)}: {'; '.join(said)}.")
            elif rows := self._slices_now(split, facts):
                sentences.append(f"{capital(self.title(metric))} by {self._split_names(finding)}: {'; '.join(rows)}.")
        return " ".join(sentences)

    def _slices_now(self, split: Mapping[str, Any], facts: Mapping[str, Fact]) -> list[str]:
        return [
            f"{' / '.join(f'[[{i}]]' for i in s['labels'])} [[{s['now']}]]"
            for s in split["slices"][:3]
            if facts[s["now"]].value is not None
        ]

    def _split_names(self, finding: Finding) -> str:
        return listed([d.replace("_", " ") for d in finding.arguments.get("dimensions", ())])

    def _part(self, part: Mapping[str, Any], fact: Fact, method: str) -> str:
        name = " / ".join(f"[[{i}]]" for i in part["labels"])
        return f"{name} {'up' if (fact.value or 0) > 0 else 'down'} [[{fact.id}]]"
