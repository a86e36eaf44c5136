"""The deterministic narration: insight first, every number a reference, in sentences that `verify` accepts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.vocabulary import Vocabulary
from roastery.agent.render import NO_NAMES, name_text, period_text, value_name, when_text
from roastery.agent.verify.ground import places
from roastery.tools.base import Fact, FactPeriod, Label

SHORT = {
    "roas": "ROAS",
    "mer": "MER",
    "cac": "CAC",
    "paid_cac": "paid CAC",
    "reported_roas": "reported ROAS",
    "asset_roas": "asset ROAS",
    "new_customer_roas": "new customer ROAS",
    "ctr": "CTR",
    "cpc": "cost per click",
    "cpm": "CPM",
    "aov": "average order value",
    "ltv": "LTV",
    "ltv_12m": "12 month LTV",
    "ltv_cac_ratio": "LTV to CAC",
    "mrr": "MRR",
    "arr": "ARR",
    "nrr": "NRR",
}
PLURALS = word_set("plural_metrics")
NAMED_ROWS = 3
LISTED_ROWS = 5
HOW_WORDS = 24
CAVEAT_WORDS = 36
LONGEST = 118


@dataclass(frozen=True)
class Narration:
    """What is said of a run: `answer` with references, then how it was found, then caveats (plain text, no model)."""

    answer: str
    how: str = ""
    caveats: tuple[str, ...] = ()
    quoted: bool = False


@dataclass
class Narrator:
    """Writes the narration of one run's evidence. focus: names that the question asked about."""

    evidence: Evidence
    vocabulary: Vocabulary
    focus: tuple[tuple[str, str], ...] = ()
    share: bool = False
    assumptions: tuple[str, ...] = ()
    _seen: set[str] = field(default_factory=set)

    def narrate(self) -> Narration:
        """Sentences for every finding, most telling first."""
        parts = [part for finding in self.evidence.findings if (part := self._finding(finding))]
        quoted = any(f.tool == "describe_metrics" for f in self.evidence.findings)
        answer = "\n\n".join(parts)
        caveats = self.caveats()
        room = LONGEST - words_in(answer) - min(CAVEAT_WORDS, sum(words_in(c) for c in caveats)) - 3
        return Narration(answer, self.how(max(HOW_WORDS, min(room, 60))), caveats, quoted)

    def _finding(self, finding: Finding) -> str:
        if finding.tool == "describe_metrics":
            return self._definitions(finding)
        if finding.tool == "data_health":
            return self._health(finding)
        if finding.tool == "search_dimension_values":
            return self._values(finding)
        if finding.result.frame is None:
            return self._any(finding)
        if finding.tool == "compare_periods" and finding.result.data.get("splits"):
            return self._contributions(finding)
        return self._frame(finding)

    # ---------------------------------------------------------------- names of things

    def title(self, metric: str) -> str:
        """A metric as prose says it, lower case but for abbreviations."""
        if metric in SHORT:
            return SHORT[metric]
        term = self.vocabulary.metrics.get(metric)
        title = (term.title if term else "") or metric.replace("_", " ")
        return title if title[1:2].isupper() else title[:1].lower() + title[1:]

    def _was(self, metric: str) -> str:
        plural = metric in PLURALS or (metric.endswith("s") and metric not in SHORT)
        return "were" if plural else "was"

    def _label(self, dimension: str, value: str) -> str:
        label = self.evidence.label_of(dimension, value)
        return f"[[{label.id}]]" if label else name_text(value_name(value))

    def _held(self, finding: Finding) -> str:
        """What the filters narrow the numbers to: " for Meta Ads", " without Google Ads"."""
        model = finding.arguments.get("attribution_model")
        compared = {f.arguments.get("attribution_model") for f in self.evidence.findings}
        said = [f" under {model.replace('_', ' ')}"] if model and len(compared) > 1 else []
        for condition in finding.arguments.get("filters", ()):
            dimension = condition.get("dimension")
            values = [v for v in condition.get("values", ()) if v not in NO_NAMES]
            if not dimension or not values or dimension in finding.arguments.get("dimensions", ()):
                continue
            names = _and([self._value_name(dimension, str(v)) for v in values])
            if condition.get("op", "in") in ("in", "eq"):
                said.append(f" for {names}")
            elif condition["op"] in ("not_in", "ne"):
                said.append(f" without {names}")
        return "".join(said)

    def _value_name(self, dimension: str, value: str) -> str:
        if label := self.evidence.label_of(dimension, value):
            return f"[[{label.id}]]"
        known = next((v.label for v in self.vocabulary.values if (v.dimension, v.value) == (dimension, value)), value)
        return name_text(value_name(known) if known == value else known)

    # ---------------------------------------------------------------- frames

    def _frame(self, finding: Finding) -> str:
        rows = _rows(finding, self.evidence)
        metrics = tuple(finding.arguments.get("metrics", ()))
        grain, dims = finding.arguments.get("grain"), finding.arguments.get("dimensions", ())
        total = _totals(finding, self.evidence, metrics)
        if grain and not dims:
            return self._series(finding, rows, metrics, total)
        if dims:
            return self._breakdown(finding, rows, metrics, total)
        return self._scalar(finding, metrics, total or (rows[0].facts if rows else {}))

    def _scalar(self, finding: Finding, metrics: Sequence[str], facts: Mapping[str, Fact]) -> str:
        there = [m for m in metrics if m in facts]
        if not any(facts[m].value is not None for m in there):
            return self._nothing(finding)
        if any(f"{m}__previous" in facts for m in there):
            return " ".join(self._moved(finding, m, facts, first=i == 0) for i, m in enumerate(there[:4]))
        period = when_text(facts[there[0]].period)
        said = [f"{self.title(m)} {self._was(m)} [[{facts[m].id}]]" for m in there]
        return f"**{_capital(_and(said[:5]))}{self._held(finding)} {period}.**"

    def _moved(
        self, finding: Finding, metric: str, facts: Mapping[str, Fact], *, first: bool, named: bool = False
    ) -> str:
        """ "Revenue rose 12 % to $10 in October 2026, from $9 in September 2026."""
        now, before = facts[metric], facts.get(f"{metric}__previous")
        ratio, change = facts.get(f"{metric}__change_ratio"), facts.get(f"{metric}__change")
        title, when = self.title(metric) if named else _capital(self.title(metric)), when_text(now.period)
        held = self._held(finding)
        bold = ("**", "**") if first else ("", "")
        if before is None or now.value is None or before.value is None or change is None or change.value is None:
            earlier = f", against [[{before.id}]] {when_text(before.period)}" if before is not None else ""
            return f"{bold[0]}{title}{held} {self._was(metric)} [[{now.id}]] {when}{earlier}.{bold[1]}"
        earlier = when_text(before.period)
        if change.value == 0:
            return (
                f"{bold[0]}{title}{held} {self._was(metric)} unchanged ([[{change.id}]]) at [[{now.id}]] {when}, "
                f"from [[{before.id}]] {earlier}.{bold[1]}"
            )
        verb = "rose" if change.value > 0 else "fell"
        by = f"[[{ratio.id}]] " if ratio is not None and ratio.value is not None else f"by [[{change.id}]] "
        return f"{bold[0]}{title}{held} {verb} {by}to [[{now.id}]] {when}{bold[1]}, from [[{before.id}]] {earlier}."

    def _breakdown(
        self, finding: Finding, rows: Sequence["Row"], metrics: Sequence[str], total: Mapping[str, Fact]
    ) -> str:
        grain = finding.arguments.get("grain")
        if not rows:
            return self._nothing(finding)
        if grain:
            return self._split_series(finding, rows, metrics, total)
        by = _ordered_by(finding, metrics)
        known = [r for r in rows if r.facts.get(by) is not None and r.facts[by].value is not None]
        if not known:
            return self._nothing(finding)
        known.sort(key=lambda r: not r.is_named)
        if any(f"{by}__previous" in r.facts for r in known):
            return self._moved_rows(finding, rows, metrics, total)
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
            and not _partial_total(finding)
            and self._adds_up(by)
        ):
            lines.append(f"Overall{self._held(finding)} {self.title(by)} {self._was(by)} [[{total[by].id}]].")
        return "\n".join(lines)

    def _moved_rows(
        self, finding: Finding, rows: Sequence["Row"], metrics: Sequence[str], total: Mapping[str, Fact]
    ) -> str:
        """A split that is compared with another period: the whole first, then how each row moved."""
        by = _ordered_by(finding, metrics)
        lines = []
        if (
            by in total
            and f"{by}__previous" in total
            and total[by].value is not None
            and not _partial_total(finding)
            and self._adds_up(by)
        ):
            lines.append(self._moved(finding, by, total, first=True))
        for row in rows[:LISTED_ROWS]:
            if by in row.facts and row.facts[by].value is not None:
                moved = self._moved(finding, by, row.facts, first=False, named=True)
                lines.append(f"- {self._entity(row)}: {moved}" if lines else f"**{self._entity(row)}**: {moved}")
        return "\n".join(lines) if lines else self._nothing(finding)

    def _adds_up(self, metric: str) -> bool:
        """Platforms each claim a sale for themselves, so their claims are not added up in a sentence (law 6)."""
        term = self.vocabulary.metrics.get(metric)
        return term is None or not term.across_platforms

    def _leader(self, finding: Finding, rows: Sequence["Row"], by: str, when: str) -> tuple[str, "Row | None"]:
        """The first row, called highest or lowest only where a rank proves it."""
        held = self._held(finding)
        first = rows[0]
        if self.share:
            first = next((r for r in rows if any(x in self.focus for x in r.entity.items())), first)
        fact, title = first.facts[by], self.title(by)
        name = self._entity(first)
        if self.share and (share := first.share(by)) is not None:
            return f"**{name} accounted for [[{share.id}]] of {title} {when}{held}**, [[{fact.id}]].", first
        proved = places(self.evidence, fact)
        if "highest" in proved:
            return f"**{name} had the highest {title} {when}{held}, [[{fact.id}]].**", first
        if "lowest" in proved:
            return f"**{name} had the lowest {title} {when}{held}, [[{fact.id}]].**", first
        return f"**For {name}, {title} {self._was(by)} [[{fact.id}]] {when}{held}.**", first

    def _followers(self, finding: Finding, rows: Sequence["Row"], by: str) -> str:
        """The next rows; each name stands right before its own number."""
        said = []
        for row in rows[:NAMED_ROWS]:
            share = row.share(by) if self.share else None
            told = (
                f"[[{share.id}]] of {self.title(by)} ([[{row.facts[by].id}]])" if share else f"[[{row.facts[by].id}]]"
            )
            said.append(f"{self._entity(row)} {told}")
        return f"{_capital(self.title(by))} of the others{self._held(finding)}: {'; '.join(said)}."

    def _row(self, row: "Row", metrics: Sequence[str], by: str) -> str:
        told = [f"{self.title(m)} [[{row.facts[m].id}]]" for m in metrics if m in row.facts]
        return f"{self._entity(row)}: {', '.join(told)}"

    def _entity(self, row: "Row") -> str:
        return " / ".join(self._label(d, v) for d, v in row.entity.items() if d != "date")

    def _series(
        self, finding: Finding, rows: Sequence["Row"], metrics: Sequence[str], total: Mapping[str, Fact]
    ) -> str:
        """A time series: the whole, how it moved against the compared period, its highest and lowest bucket."""
        if not rows:
            return self._nothing(finding)
        sentences = []
        superlative = bool(finding.arguments.get("order_by")) and finding.arguments["order_by"][0]["field"] != "date"
        for i, metric in enumerate(metrics[:3]):
            peak = self._extreme(rows, metric, "highest")
            if superlative and i == 0:
                sentences.append(self._first_bucket(finding, rows, metric))
                continue
            if metric in total and total[metric].value is not None:
                if f"{metric}__previous" in total:
                    sentences.append(self._moved(finding, metric, total, first=i == 0))
                else:
                    when = when_text(total[metric].period)
                    sentences.append(
                        f"**{_capital(self.title(metric))}{self._held(finding)} {self._was(metric)} "
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
        return " ".join(s for s in sentences if s) or self._nothing(finding)

    def _first_bucket(self, finding: Finding, rows: Sequence["Row"], metric: str) -> str:
        fact = rows[0].facts.get(metric)
        if fact is None or fact.value is None:
            return self._nothing(finding)
        proved = places(self.evidence, fact)
        when = when_text(fact.period)
        word = "highest" if "highest" in proved else "lowest" if "lowest" in proved else ""
        if word:
            return (
                f"**The {word} {self.title(metric)} of a {finding.arguments['grain']}{self._held(finding)} was "
                f"[[{fact.id}]] {when}.**"
            )
        return f"**{_capital(self.title(metric))}{self._held(finding)} {self._was(metric)} [[{fact.id}]] {when}.**"

    def _extreme(self, rows: Sequence["Row"], metric: str, place: str) -> Fact | None:
        for row in rows:
            fact = row.facts.get(metric)
            if fact is None or fact.value is None or _is_cut(fact, rows, metric) or self._is_open(fact):
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
        split = _and([d.replace("_", " ") for d in finding.arguments.get("dimensions", ())])
        if not there:
            return (
                f"**{_capital(self.title(metrics[0]))} by {split} and {finding.arguments['grain']} is in the table.**"
            )
        said = " ".join(self._whole(finding, m, total, first=i == 0) for i, m in enumerate(there))
        return f"{said} The table has it by {split} and {finding.arguments['grain']}."

    def _whole(self, finding: Finding, metric: str, total: Mapping[str, Fact], *, first: bool) -> str:
        if f"{metric}__previous" in total:
            return self._moved(finding, metric, total, first=first)
        fact = total[metric]
        said = f"Overall{self._held(finding)} {self.title(metric)} {self._was(metric)} [[{fact.id}]] "
        bold = "**" if first else ""
        return f"{bold}{said}{when_text(fact.period)}.{bold}"

    def _contributions(self, finding: Finding) -> str:
        """A change and the slices that moved most, each with its own direction."""
        data = finding.result.data
        facts = self.evidence.facts
        total = {column: facts[i] for column, i in data["total"].items()}
        sentences = []
        for n, split in enumerate(data["splits"][:3]):
            metric = split["metric"]
            sentences.append(self._moved(finding, metric, total, first=n == 0))
            moved = [s for s in split["slices"] if s.get("part") and facts[s["part"]].value][: 3 if n == 0 else 1]
            said = [self._part(s, facts[s["part"]], split["method"]) for s in moved]
            if said and split["method"] == "additive":
                sentences.append(f"By {self._split_names(finding)}, {self.title(metric)}: {'; '.join(said)}.")
            elif said:
                sentences.append(f"Effects on {self.title(metric)} by {self._split_names(finding)}: {'; '.join(said)}.")
            elif rows := self._slices_now(split, facts):
                sentences.append(f"{_capital(self.title(metric))} by {self._split_names(finding)}: {'; '.join(rows)}.")
        return " ".join(sentences)

    def _slices_now(self, split: Mapping[str, Any], facts: Mapping[str, Fact]) -> list[str]:
        return [
            f"{' / '.join(f'[[{i}]]' for i in s['labels'])} [[{s['now']}]]"
            for s in split["slices"][:3]
            if facts[s["now"]].value is not None
        ]

    def _split_names(self, finding: Finding) -> str:
        return _and([d.replace("_", " ") for d in finding.arguments.get("dimensions", ())])

    def _part(self, part: Mapping[str, Any], fact: Fact, method: str) -> str:
        name = " / ".join(f"[[{i}]]" for i in part["labels"])
        return f"{name} {'up' if (fact.value or 0) > 0 else 'down'} [[{fact.id}]]"

    def _nothing(self, finding: Finding) -> str:
        metrics = _and([self.title(m) for m in finding.arguments.get("metrics", ())[:4]])
        period = finding.result.receipt.period if finding.result.receipt else None
        when = f" {when_text(period)}" if period else ""
        return f"There is no data on {metrics}{self._held(finding)}{when}."

    # ---------------------------------------------------------------- other tools

    def _definitions(self, finding: Finding) -> str:
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
            lines.append(f"**{_capital(self.title(m['name']))}**: {m['definition'].strip().rstrip('.')}.{split}")
        return "\n\n".join(lines)

    def _health(self, finding: Finding) -> str:
        data, facts = finding.result.data, self.evidence.facts
        sources = data.get("sources", [])
        stale = [s for s in sources if s.get("stale")]
        lines = []
        if stale:
            late = [f"[[{s['source']}]]" for s in stale]
            lines.append(f"**Not up to date: {_and(late)}.**")
        elif sources:
            lines.append("**The data of your sources is up to date.**")
        for s in sources[:6]:
            told = (
                [f"read [[{s['age']}]] ago"] if s.get("age") and facts[s["age"]].value is not None else ["not read yet"]
            )
            if s.get("complete_through"):
                told.append(f"complete through [[{s['complete_through']}]]")
            if s.get("history_since"):
                told.append(f"history since [[{s['history_since']}]]")
            lines.append(f"- [[{s['source']}]]: {', '.join(told)}")
        failed = data.get("failed_checks")
        if failed and facts[failed].value:
            lines.append(f"Failed checks: [[{failed}]].")
        unmapped = data.get("unmapped")
        if unmapped and facts[unmapped["touches"]].value:
            lines.append(
                f"Clicks whose campaign is unknown: [[{unmapped['touches']}]], [[{unmapped['share']}]] of tagged ones."
            )
        return "\n".join(lines) or "Nothing is known of the data yet."

    def _values(self, finding: Finding) -> str:
        values = finding.result.data.get("values", [])
        if not values:
            return finding.result.caveats[0] if finding.result.caveats else "Nothing of that name was found."
        kind = values[0]["dimension"].replace("_", " ")
        labels = {self.evidence.labels[v["label"]].text: v["label"] for v in reversed(values)}
        listed = ", ".join(f"[[{label}]]" for label in list(reversed(labels.values()))[:10])
        more = ", the rest in the table" if len(labels) > 10 else ""
        same = all(v["dimension"] == values[0]["dimension"] for v in values)
        return f"**Found among your {_plural(kind) if same else 'names'}:** {listed}{more}."

    def _any(self, finding: Finding) -> str:
        """A result without a frame, from a tool that this narration does not know: its facts, plainly."""
        measured = [f for f in finding.result.facts if f.kind == "measured"][:LISTED_ROWS]
        lines = [f"- {self.title(f.metric)}{self._fact_entity(f)}: [[{f.id}]]" for f in measured]
        return "\n".join(lines) or "Nothing was found."

    def _fact_entity(self, fact: Fact) -> str:
        names = [self._label(d, v) for d, v in fact.dimensions.items() if d != "date"]
        return f" of {' / '.join(names)}" if names else ""

    # ---------------------------------------------------------------- how it was found, caveats

    def how(self, words: int = 34) -> str:
        """Period, attribution and definition, from the receipts."""
        return how_found(self.evidence, self.title, self.assumptions, words)

    def caveats(self) -> tuple[str, ...]:
        return self.evidence.caveats


@dataclass(frozen=True)
class Row:
    """One row of a frame: its entity, and its facts by column name."""

    entity: dict[str, str]
    facts: dict[str, Fact]
    shares: dict[str, Fact] = field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether it is a value, and not what is left over without one."""
        return not any(v in NO_NAMES for v in self.entity.values())

    def share(self, metric: str) -> Fact | None:
        return self.shares.get(metric)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def _rows(finding: Finding, evidence: Evidence) -> list[Row]:
    split = {*finding.arguments.get("dimensions", ()), *(("date",) if finding.arguments.get("grain") else ())}
    shares = {f.inputs[0]: f for f in finding.result.facts if f.kind == "share" and f.inputs}
    rows = []
    for table in finding.result.tables[:1]:
        for ids in table.fact_ids:
            facts = {column: evidence.facts[i] for column, i in ids.items()}
            entity = next(({d: v for d, v in f.dimensions.items() if d in split} for f in facts.values()), {})
            own = {c: shares[f.id] for c, f in facts.items() if f.id in shares}
            rows.append(Row(entity, facts, own))
    return rows


def _totals(finding: Finding, evidence: Evidence, metrics: Sequence[str]) -> dict[str, Fact]:
    ids = finding.result.data.get("totals") or finding.result.data.get("total") or {}
    return {column: evidence.facts[i] for column, i in ids.items() if i in evidence.facts}


def _is_cut(fact: Fact, rows: Sequence[Row], metric: str) -> bool:
    """Whether a bucket is cut by the period's edge: it is no fair lowest or highest."""
    lengths = [(r.facts[metric].period.end - r.facts[metric].period.start).days for r in rows if metric in r.facts]
    return (fact.period.end - fact.period.start).days < 0.9 * max(lengths)


def _partial_total(finding: Finding) -> bool:
    """Whether totals leave something out that the sentence would not say."""
    split = finding.arguments.get("dimensions", ())
    return any(f.get("metric") or f.get("dimension") in split for f in finding.arguments.get("filters", ()))


def _ordered_by(finding: Finding, metrics: Sequence[str]) -> str:
    for order in finding.arguments.get("order_by", ()):
        if order["field"].split("__")[0] in metrics:
            return str(order["field"].split("__")[0])
    return metrics[0]


def how_found(evidence: Evidence, title: Any, assumptions: Sequence[str] = (), words: int = 34) -> str:
    """One or two sentences from the receipts: what was assumed, how it is attributed, what the metric means."""
    parts = []
    if assumptions:
        parts.append(f"Assumed: {'; '.join(assumptions)}.")
    receipt = next((r for r in evidence.receipts if r.metric_definitions), None)
    if receipt is None:
        return " ".join(parts)
    period = f"{period_text(receipt.period)}" if receipt.period else ""
    if attributed := _attribution(receipt.attribution, receipt.metric_definitions):
        period = f"{period}, {attributed}" if period else attributed
    if receipt.data_as_of:
        period += f"; data as of {_as_of(receipt.data_as_of)}"
    if period:
        parts.append(f"{_capital(period)}.")
    budget = words - sum(len(p.split()) for p in parts)
    for metric, definition in receipt.metric_definitions.items():
        first = _clause(definition)
        if len(first.split()) + 3 <= budget:
            parts.append(f"{_capital(title(metric))}: {first[:1].lower() + first[1:]}.")
            budget -= len(first.split()) + 3
    return " ".join(parts)


CREDITED_WORDS = ("credit", "paid touch", "eligible touch")


def _attribution(attribution: Mapping[str, Any], definitions: Mapping[str, str]) -> str:
    if not attribution or not any(w in d.lower() for d in definitions.values() for w in CREDITED_WORDS):
        return ""
    model = str(attribution.get("model", "")).replace("_", " ").replace("non direct", "non-direct")
    window = attribution.get("window_days")
    days = f", {window}-day window" if window else ", campaigns' own windows"
    return f"credited by {model}{days}"


def _as_of(data_as_of: Mapping[str, str]) -> str:
    """The oldest of the sources' times, as a day."""
    oldest = min(data_as_of.values())
    day = date.fromisoformat(oldest[:10])
    return period_text(FactPeriod(start=day, end=date.fromordinal(day.toordinal() + 1)))


def _clause(definition: str) -> str:
    return definition.strip().split(";")[0].split(". ")[0].rstrip(".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _and(items: Sequence[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word if word.endswith("s") else word + "s"


def words_in(text: str) -> int:
    return len(text.split())


def compose(narration: Narration) -> str:
    """The Markdown of an answer: the answer, how it was found, caveats; caveats are shortened before the answer is."""
    parts = [narration.answer]
    if narration.how:
        parts.append(f"How: {narration.how}")
    budget = LONGEST - sum(words_in(p) for p in parts)
    shown: list[str] = []
    for caveat in narration.caveats:
        if shown and words_in(caveat) > budget:
            break
        shown.append(caveat)
        budget -= words_in(caveat)
    if shown:
        left = len(narration.caveats) - len(shown)
        more = f" ({left} more with the receipt.)" if left else ""
        parts.append(f"Caveats: {' '.join(shown)}{more}")
    return "\n\n".join(parts)


def labels_of(evidence: Evidence) -> Iterator[Label]:
    yield from evidence.labels.values()
