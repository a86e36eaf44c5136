"""Numbers, breakdowns and time series in sentences."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from roastery.agent.evidence import Finding
from roastery.agent.narrate.moves import Moves
from roastery.agent.narrate.rows import Row, is_cut, ordered_by, partial_total, rows_of, totals_of
from roastery.agent.narrate.voice import LISTED_ROWS, NAMED_ROWS, capital, listed
from roastery.agent.render import when_text
from roastery.agent.verify.ground import places
from roastery.tools.base import Fact


class Frames(Moves):
    """Single numbers, breakdowns and time series."""

    def frame(self, finding: Finding) -> str:
        rows = rows_of(finding, self.evidence)
        metrics = tuple(finding.arguments.get("metrics", ()))
        grain, dims = finding.arguments.get("grain"), finding.arguments.get("dimensions", ())
        total = totals_of(finding, self.evidence, metrics)
        if grain and not dims:
            return self._series(finding, rows, metrics, total)
        if dims:
            return self._breakdown(finding, rows, metrics, total)
        return self._scalar(finding, metrics, total or (rows[0].facts if rows else {}))

    def _scalar(self, finding: Finding, metrics: Sequence[str], facts: Mapping[str, Fact]) -> str:
        there = [m for m in metrics if m in facts]
        if not any(facts[m].value is not None for m in there):
            return self.nothing(finding)
        if any(f"{m}__previous" in facts for m in there):
            return " ".join(self.moved(finding, m, facts, first=i == 0) for i, m in enumerate(there[:4]))
        period = when_text(facts[there[0]].period)
        said = [f"{self.title(m)} {self.was(m)} [[{facts[m].id}]]" for m in there]
        return f"**{capital(listed(said[:5]))}{self.held(finding)} {period}.**"

    def _breakdown(
        self, finding: Finding, rows: Sequence["Row"], metrics: Sequence[str], total: Mapping[str, Fact]
    ) -> str:
        grain = finding.arguments.get("grain")
        if not rows:
            return self.nothing(finding)
        if grain:
            return self._split_series(finding, rows, metrics, total)
        by = ordered_by(finding, metrics)
        known = [r for r in rows if r.facts.get(by) is not None and r.facts[by].value is not None]
        if not known:
            return self.nothing(finding)
        known.sort(key=lambda r: not r.is_named)
        if any(f"{by}__previous" in r.facts for r in known):
            return self.moved_rows(finding, rows, metrics, total)
        when = when_text(known[0].facts[by].period)
        lead = self._leader(finding, known, by, when)
        shown = [r for r in known if r is not lead[1]][: LISTED_ROWS - 1]
        focus = [r for r in known if any((d, v) in self.focus for d, v in r.entity.items()) and r is not lead[1]]
        shown = list(dict.fromkeys([*focus, *shown]))[: max(LISTED_ROWS - 1, len(focus))]
        lines = [lead[0]]
        others = [m for m in metrics if m != by]
        if others or len(shown) > NAMED_ROWS:
            rest = [*([lead[1]] if others and lead[1] else []), *shown]
            lines += [
                f"- {self._row(r, [by, *others] if r is not lead[1] else others, by)}" for r in rest[:LISTED_ROWS]
            ]
        elif shown:
            lines[0] += " " + self._followers(finding, shown, by)
        if (
            by in total
            and total[by].value is not None
            and len(known) > 1
            and not partial_total(finding)
            and self.adds_up(by)
        ):
            lines.append(f"Overall{self.held(finding, whole=True)} {self.title(by)} {self.was(by)} [[{total[by].id}]].")
        return "\n".join(lines)

    def _leader(self, finding: Finding, rows: Sequence["Row"], by: str, when: str) -> tuple[str, "Row | None"]:
        """The first row, called highest or lowest only where a rank proves it."""
        held = self.held(finding)
        first = rows[0]
        if self.share:
            first = next((r for r in rows if any(x in self.focus for x in r.entity.items())), first)
        fact, title = first.facts[by], self.title(by)
        name = self.entity_of(first)
        if self.share and (share := first.share(by)) is not None:
            return f"**{name} accounted for [[{share.id}]] of {title} {when}{held}**, [[{fact.id}]].", first
        proved = places(self.evidence, fact)
        if "highest" in proved:
            return f"**{name} had the highest {title} {when}{held}, [[{fact.id}]].**", first
        if "lowest" in proved:
            return f"**{name} had the lowest {title} {when}{held}, [[{fact.id}]].**", first
        return f"**For {name}, {title} {self.was(by)} [[{fact.id}]] {when}{held}.**", first

    def _followers(self, finding: Finding, rows: Sequence["Row"], by: str) -> str:
        """The next rows; each name stands right before its own number."""
        said = []
        for row in rows[:NAMED_ROWS]:
            share = row.share(by) if self.share else None
            told = (
                f"[[{share.id}]] of {self.title(by)} ([[{row.facts[by].id}]])" if share else f"[[{row.facts[by].id}]]"
            )
            said.append(f"{self.entity_of(row)} {told}")
        return f"{capital(self.title(by))} of the others{self.held(finding)}: {'; '.join(said)}."

    def _row(self, row: "Row", metrics: Sequence[str], by: str) -> str:
        told = [f"{self.title(m)} [[{row.facts[m].id}]]" for m in metrics if m in row.facts]
        return f"{self.entity_of(row)}: {', '.join(told)}"

    def _series(
        self, finding: Finding, rows: Sequence["Row"], metrics: Sequence[str], total: Mapping[str, Fact]
    ) -> str:
        """A time series: the whole, how it moved against the compared period, its highest and lowest bucket."""
        if not rows:
            return self.nothing(finding)
        sentences = []
        superlative = bool(finding.arguments.get("order_by")) and finding.arguments["order_by"][0]["field"] != "date"
        for i, metric in enumerate(metrics[:3]):
            peak = self._extreme(rows, metric, "highest")
            if superlative and i == 0:
                sentences.append(self._first_bucket(finding, rows, metric))
                continue
            if metric in total and total[metric].value is not None:
                if f"{metric}__previous" in total:
                    sentences.append(self.moved(finding, metric, total, first=i == 0))
                else:
                    when = when_text(total[metric].period)
                    sentences.append(
                        f"**{capital(self.title(metric))}{self.held(finding)} {self.was(metric)} "
                        f"[[{total[metric].id}]] {when}.**"
                    )
            if peak is not None:
                low = self._extreme(rows, metric, "lowest")
                tail = (
                    f", the lowest [[{low.id}]] {when_text(low.period)}"
                    if low is not None and low.id != peak.id
                    else ""
                )
                sentences.append(
                    f"By {finding.arguments['grain']}, the highest {self.title(metric)} was "
                    f"[[{peak.id}]] {when_text(peak.period)}{tail}."
                )
        return " ".join(s for s in sentences if s) or self.nothing(finding)

    def _first_bucket(self, finding: Finding, rows: Sequence["Row"], metric: str) -> str:
        fact = rows[0].facts.get(metric)
        if fact is None or fact.value is None:
            return self.nothing(finding)
        proved = places(self.evidence, fact)
        when = when_text(fact.period)
        word = "highest" if "highest" in proved else "lowest" if "lowest" in proved else ""
        if word:
            return (
                f"**The {word} {self.title(metric)} of a {finding.arguments['grain']}{self.held(finding)} was "
                f"[[{fact.id}]] {when}.**"
            )
        return f"**{capital(self.title(metric))}{self.held(finding)} {self.was(metric)} [[{fact.id}]] {when}.**"

    def _extreme(self, rows: Sequence["Row"], metric: str, place: str) -> Fact | None:
        for row in rows:
            fact = row.facts.get(metric)
            if fact is None or fact.value is None or is_cut(fact, rows, metric) or self._is_open(fact):
                continue
            if place in places(self.evidence, fact):
                return fact
        return None

    def _is_open(self, fact: Fact) -> bool:
        """Whether a bucket ends after the data is complete: it may still grow (law 10)."""
        through = next((r.complete_through for r in self.evidence.receipts if r.id == fact.receipt_id), None)
        return through is not None and fact.period.end > date.fromisoformat(through[:10]) + timedelta(days=1)

    def _split_series(
        self, finding: Finding, rows: Sequence["Row"], metrics: Sequence[str], total: Mapping[str, Fact]
    ) -> str:
        """Split and by time at once: the whole in words, the rest in table and chart."""
        there = [m for m in metrics[:3] if m in total and total[m].value is not None]
        split = listed([d.replace("_", " ") for d in finding.arguments.get("dimensions", ())])
        if not there:
            return f"**{capital(self.title(metrics[0]))} by {split} and {finding.arguments['grain']} is in the table.**"
        said = " ".join(self._whole(finding, m, total, first=i == 0) for i, m in enumerate(there))
        return f"{said} The table has it by {split} and {finding.arguments['grain']}."

    def _whole(self, finding: Finding, metric: str, total: Mapping[str, Fact], *, first: bool) -> str:
        if f"{metric}__previous" in total:
            return self.moved(finding, metric, total, first=first)
        fact = total[metric]
        said = f"Overall{self.held(finding, whole=True)} {self.title(metric)} {self.was(metric)} [[{fact.id}]] "
        bold = "**" if first else ""
        return f"{bold}{said}{when_text(fact.period)}.{bold}"
