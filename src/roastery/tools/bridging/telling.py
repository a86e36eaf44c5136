"""A bridge as facts, a table and a waterfall: both ends, every count between them, every line, the residual last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from roastery.tools import facts
from roastery.tools.base import Fact, FactPeriod, Label, Table
from roastery.tools.bridging.steps import REPORTED_NOW, RESIDUAL, VIEWS, Bridge
from roastery.tools.charts import number_axis, spec
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows

LINE_METRICS = {VIEWS: VIEWS}
"""Lines that are a metric of the catalogue; all others are called by their own name."""


@dataclass(frozen=True)
class ToldLine:
    """One line with its fact; sql: what its later count was made by."""

    name: str
    said: str
    fact: Fact
    sql: str


@dataclass(frozen=True)
class ToldBridge:
    """One bridge as facts. start: what is explained; recorded: what the screen's data says here now."""

    bridge: Bridge
    label: Label
    start: Fact
    recorded: Fact
    ours: Fact
    difference: Fact
    lines: tuple[ToldLine, ...]
    residual: Fact
    notes: Mapping[str, Fact]

    def as_json(self) -> dict[str, Any]:
        """Ids for narration; every line with its words and its SQL."""
        return {
            "kind": self.bridge.kind,
            "system": self.label.id,
            "start": self.start.id,
            "is_stated": self.bridge.stated is not None,
            "recorded": self.recorded.id,
            "ours": self.ours.id,
            "difference": self.difference.id,
            "lines": [{"name": x.name, "said": x.said, "fact": x.fact.id, "sql": x.sql} for x in self.lines],
            "residual": self.residual.id,
            "notes": {name: fact.id for name, fact in self.notes.items()},
            "unknown": list(self.bridge.unknown),
            "matches": self.bridge.matches,
        }


class Telling:
    """Turns a bridge into facts of one result."""

    def __init__(self, book: FactBook, bridge: Bridge, period: FactPeriod) -> None:
        self.book, self.bridge, self.period = book, bridge, period
        self.held = {bridge.kind: bridge.system, **bridge.filters}

    def told(self) -> ToldBridge:
        bridge, book = self.bridge, self.book
        label = book.label(bridge.kind, bridge.system, bridge.system.replace("_", " ").title())
        recorded = self._measured(bridge.theirs_metric, bridge.recorded)
        start = recorded if bridge.stated is None else self._measured("stated_number", bridge.stated)
        ours = self._measured(bridge.ours_metric, bridge.ours)
        difference = book.computed(facts.difference, ours, start)
        lines = self._lines(start, recorded)
        return ToldBridge(
            bridge, label, start, recorded, ours, difference, tuple(lines), self._residual(start, ours, lines),
            {n.metric: self._measured(n.metric, n.value, n.unit) for n in bridge.notes},
        )  # fmt: skip

    def _measured(self, metric: str, value: Decimal, unit: str | None = None, **more: str) -> Fact:
        unit = unit or self.bridge.unit
        currency = self.bridge.currency if unit == "money" else None
        about = {**self.held, **more}
        return self.book.measured(metric, value, unit, self.period, currency=currency, dimensions=about)

    def _lines(self, start: Fact, recorded: Fact) -> list[ToldLine]:
        bridge, found = self.bridge, []
        if start is not recorded:
            found.append(self._line(REPORTED_NOW, self._words()[REPORTED_NOW], recorded, start, bridge.recorded_sql))
        for taken in bridge.taken:
            fact = self._measured(LINE_METRICS.get(taken.name, taken.name), taken.value)
            value = -taken.value
            line = self.book.computed(facts.by_formula, fact, "effect", value, f"0 - {fact.id}", (fact,))
            found.append(ToldLine(taken.name, taken.said, line, taken.sql))
        before: Fact | None = None
        for level in bridge.levels:
            if level.is_first and bridge.kind == "source":
                before = recorded
                continue
            count = self._measured("count_between", level.value, line=level.name)
            if before is not None:
                found.append(self._line(level.name, level.said, count, before, level.sql))
            before = count
        return found

    def _words(self) -> dict[str, str]:
        return {name: said for name, said, _ in self.bridge.lines}

    def _line(self, name: str, said: str, after: Fact, before: Fact, sql: str) -> ToldLine:
        assert after.value is not None
        assert before.value is not None
        value, formula = after.value - before.value, f"{after.id} - {before.id}"
        made = self.book.computed(facts.by_formula, after, "effect", value, formula, (after, before))
        return ToldLine(name, said, self.book.renamed(made.id, LINE_METRICS.get(name, f"{name}_line")), sql)

    def _residual(self, start: Fact, ours: Fact, lines: Sequence[ToldLine]) -> Fact:
        """Our number less theirs less every line."""
        formula = " - ".join([f"{ours.id} - {start.id}", *(x.fact.id for x in lines)])
        inputs = (ours, start, *(x.fact for x in lines))
        made = self.book.computed(facts.by_formula, ours, "effect", self.bridge.residual, formula, inputs)
        return self.book.renamed(made.id, RESIDUAL)


def bridge_table(told: ToldBridge, title: str) -> Table:
    """Their number, each line, the residual, our number."""
    unit, currency = told.bridge.unit, told.bridge.currency
    rows = [
        ("Your number" if told.bridge.stated is not None else f"{told.label.text} shows", told.start),
        *((line.said[:1].upper() + line.said[1:], line.fact) for line in told.lines),
        ("Residual, not explained by the data", told.residual),
        ("Our number", told.ours),
    ]
    return Table(
        title=title,
        columns=(
            {"name": "line", "kind": "dimension"},
            {"name": "value", "kind": "metric", "unit": unit, "currency": currency, "metric": told.bridge.ours_metric},
        ),
        rows=tuple(canonical_rows([{"line": said, "value": fact.value} for said, fact in rows])),
        fact_ids=tuple({"value": fact.id} for _, fact in rows),
    )


def waterfall(told: ToldBridge, title: str) -> dict[str, Any]:
    """Both ends as whole bars, each line that is not zero as a step between them."""
    lines = [(x.said, x.fact) for x in told.lines] + [("residual", told.residual)]
    at = float(told.start.value or 0)
    values: list[dict[str, Any]] = [{"name": told.label.text, "from": 0.0, "to": at, "kind": "end"}]
    for said, fact in lines:
        if fact.value:
            upto = at + float(fact.value)
            values.append({"name": said, "from": at, "to": upto, "kind": "up" if fact.value > 0 else "down"})
            at = upto
    values.append({"name": "ours", "from": 0.0, "to": float(told.ours.value or 0), "kind": "end"})
    colors = {"domain": ["end", "up", "down"], "range": ["#475569", "#0d9488", "#e11d48"]}
    body = {
        "mark": {"type": "bar", "cornerRadius": 2},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": [v["name"] for v in values],
                  "axis": {"title": None, "labelLimit": 320}},
            "x": {"field": "from", "type": "quantitative",
                  "axis": number_axis(told.bridge.unit, told.bridge.currency)},
            "x2": {"field": "to"},
            "color": {"field": "kind", "type": "nominal", "scale": colors, "legend": None},
        },
    }  # fmt: skip
    return spec(title, values, body, height={"step": 26})
