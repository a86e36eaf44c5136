"""Causes of a change as facts: each slice's exact part, what the others add, rate and mix, and how usual it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from roastery.tools import facts
from roastery.tools.analysis.contribution import mix_rate_split
from roastery.tools.analysis.errors import CannotTell
from roastery.tools.analysis.explain import Cause, Explanation
from roastery.tools.base import Fact, Table, ToolContext, ToolResult
from roastery.tools.charts import sized
from roastery.tools.contributions import contribution_table, contributions, quantum_of, ratio_part
from roastery.tools.definitions import metrics_of, parts_of_ratio, with_parts
from roastery.tools.drivers import Driver
from roastery.tools.facts import FactBook
from roastery.tools.frame_facts import Cells, frame_facts
from roastery.tools.frames import canonical_rows
from roastery.tools.queries import Asked, ask
from roastery.tools.receipts import analysis_receipt
from roastery.tools.usual_change import UsualChange
from roastery.warehouse.semantic.query import FilterSpec, PeriodSpec

SHOWN_SLICES = 10
CLEAR, LIKELY = 0.001, 0.05


@dataclass(frozen=True)
class ToldCause:
    """One cause: its slice with its values, its part of the change, and how sure it is."""

    cause: Cause
    cells: Cells
    part: Fact
    share: Fact | None
    evidence: str


@dataclass(frozen=True)
class Telling:
    """Turns the findings about one metric's change into one result. `total` are the facts of the whole."""

    context: ToolContext
    book: FactBook
    asked: Asked
    metric: str
    total: Cells

    def causes(self, found: Explanation) -> tuple[ToldCause, ...]:
        """Facts of each cause; one that overlaps with a cause before it is left out, so that parts can be summed."""
        told: list[ToldCause] = []
        for cause in found.causes:
            if not cause.where or any(not _disjoint(cause.where, other.cause.where) for other in told):
                continue
            cells = self._cells(cause.where)
            if cells is None:
                continue
            part = self._part(cells)
            change = self.total.change[self.metric]
            share = self.book.computed(facts.share, part, change) if change.value else None
            told.append(ToldCause(cause, cells, part, share, _evidence(cause.p_value)))
        return tuple(told)

    def _cells(self, where: dict[str, str]) -> Cells | None:
        """The slice's own values in both periods, asked as anybody would ask them."""
        ratio = parts_of_ratio(self.context, self.metric)
        names = tuple(dict.fromkeys((self.metric, *(ratio.names if ratio else ()))))
        filters = [FilterSpec(dimension=d, op="in", values=(v,)) for d, v in sorted(where.items())]
        query = self.asked.query.model_copy(
            update={"metrics": names, "dimensions": tuple(sorted(where)), "order_by": (), "limit": 2,
                    "filters": (*self.asked.query.filters, *filters)}
        )  # fmt: skip
        slice_ = ask(with_parts(self.context, names), query)
        if not slice_.frame.rows:
            return None
        frame = replace(slice_.frame, rows=slice_.frame.rows[:1], totals={})
        return frame_facts(self.book, replace(slice_, frame=frame)).rows[0]

    def _part(self, cells: Cells) -> Fact:
        """What the slice added to the change: its own change, or for a ratio its rate and its weight together."""
        ratio = parts_of_ratio(self.context, self.metric)
        change = self.total.change[self.metric]
        if ratio is None:
            now, before = cells.now[self.metric], cells.before[self.metric]
            if now.value is not None and before.value is not None:
                return cells.change[self.metric]
            known = now if now.value is not None else before
            text = now.id if known is now else f"0 - {before.id}"
            value = known.value if known is now else -(before.value or Decimal(0))
            return self.book.computed(facts.by_formula, now, "effect", value, text, (known,))
        written = self.book.computed(ratio_part, self.metric, cells, self.total, ratio, Decimal(0))
        exact = facts.recompute(
            written.model_copy(update={"unit": "exact"}), {f.id: f for f in self.book.facts}
        ) or Decimal(0)  # fmt: skip
        return self.book.amended(written.id, exact.quantize(quantum_of(change.value or Decimal("0.0001"))))

    def noise(self, usual: UsualChange | None, found: Explanation | None) -> dict[str, Any]:
        """How many earlier pairs of periods differed as much, as counts, and what follows."""
        if usual is None:
            return {"within_noise": found.within_noise if found else None}
        period = self.total.now[self.metric].period
        pairs = self.book.counted("earlier_comparisons", usual.pairs, period)
        large = self.book.counted("changes_as_large", usual.as_large, period)
        return {"within_noise": usual.is_noise, "pairs": pairs.id, "as_large": large.id}

    def rest(self, told: Sequence[ToldCause]) -> Fact | None:
        """What all other slices added: the parts and this sum to the change exactly."""
        change = self.total.change[self.metric]
        if not told or change.value is None:
            return None
        value = change.value - sum((t.part.value or Decimal(0) for t in told), Decimal(0))
        formula = " - ".join([change.id, *(t.part.id for t in told)])
        return self.book.computed(
            facts.by_formula, change, "difference", value, formula, [change, *(t.part for t in told)]
        )

    def result(
        self, told: tuple[ToldCause, ...], parts: tuple[Driver, ...], noise: dict[str, Any],
        searched: tuple[str, ...], caveats: tuple[str, ...],
    ) -> ToolResult:  # fmt: skip
        rest = self.rest(told)
        main = next((d for t in told for d in t.cause.where), searched[0] if searched else None)
        shown = self._breakdown(main) if main and self.total.change[self.metric].value else None
        tables = [t for t in (_causes_table(self, told, rest), _drivers_table(self, parts)) if t]
        split = None
        if shown is not None:
            tables.append(shown[0])
            split = self._rate_and_mix(shown[1])
            caveats = (*caveats, *shown[2])
        rows = canonical_rows(
            [
                {"key": "total", **self._row(self.total)},
                *({"key": t.cause.name, **self._row(t.cells), "part": t.part.value} for t in told),
                *({"key": f"driver {d.name}", "effect": d.effect.value} for d in parts),
            ]
        )
        said = tuple(dict.fromkeys((*self.asked.receipt.caveats, *caveats)))
        receipt = analysis_receipt(
            self.asked.frame.provenance, self.asked.receipt.tool, self.asked.receipt.arguments, rows, self.context,
            caveats=said,
        ).model_copy(update={"id": self.book.receipt_id})  # fmt: skip
        compared = self.asked.query.compare_to
        assert isinstance(compared, PeriodSpec)
        return ToolResult(
            tool=receipt.tool,
            facts=self.book.facts,
            labels=self.book.labels,
            tables=tuple(tables),
            charts=tuple(sized(chart) for chart in _charts(self, told, parts, rest)),
            caveats=said,
            receipt=receipt,
            data={
                "metric": self.metric,
                "dimensions": sorted({*searched, *(d for t in told for d in t.cause.where)}),
                "total": self.total.ids,
                "causes": [_cause_json(t) for t in told],
                "rest": rest.id if rest else None,
                "drivers": [
                    {"name": d.name, "title": d.title, "now": d.now.id, "before": d.before.id, "effect": d.effect.id}
                    for d in parts
                ],
                "rate_and_mix": split,
                "main_dimension": main,
                "noise": noise,
                "compared": compared.model_dump(mode="json", exclude_none=True),
            },
        )

    def _row(self, cells: Cells) -> dict[str, Any]:
        return {"now": cells.now[self.metric].value, "before": cells.before[self.metric].value}

    def _breakdown(self, dimension: str) -> tuple[Table, Asked, tuple[str, ...]]:
        """All slices of one dimension with their exact parts, the largest first, the rest summed."""
        ratio = parts_of_ratio(self.context, self.metric)
        names = tuple(dict.fromkeys((self.metric, *(ratio.names if ratio else ()))))
        query = self.asked.query.model_copy(
            update={"metrics": names, "dimensions": (dimension,), "order_by": (), "limit": None}
        )
        asked = ask(with_parts(self.context, names), query)
        shown = contributions(self.context, self.book, asked, (self.metric,), SHOWN_SLICES)
        return contribution_table(self.context, asked, shown.splits[0]), asked, shown.caveats

    def _rate_and_mix(self, asked: Asked) -> dict[str, str] | None:
        """A ratio's change over one dimension: slices that got better, and weight that moved between slices."""
        ratio = parts_of_ratio(self.context, self.metric)
        change = self.total.change[self.metric]
        if ratio is None or asked.frame.truncated or change.value is None or len(asked.frame.rows) < 2:
            return None
        columns = [
            [Decimal(row.get(name + suffix) or 0) for row in asked.frame.rows]
            for suffix in ("__previous", "")
            for name in ratio.names
        ]
        if min(min(column) for column in (columns[1], columns[3])) < 0:
            return None
        quantum = quantum_of(change.value)
        try:
            split = mix_rate_split(columns[0], columns[1], columns[2], columns[3], quantum / 1000)
        except CannotTell:
            return None
        mix = (split.mix_total * ratio.scale).quantize(quantum)
        whole = [self.total.now[self.metric], self.total.before[self.metric]]
        by_mix = self.book.computed(facts.by_method, change, "effect", mix, "mix_and_rate", whole)
        text = f"{change.id} - {by_mix.id}"
        by_rate = self.book.computed(facts.by_formula, change, "effect", change.value - mix, text, [change, by_mix])
        return {"rate": by_rate.id, "mix": by_mix.id}


def _disjoint(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two slices can have no leaf in common."""
    return any(d in other and other[d] != v for d, v in one.items())


def _evidence(p_value: float | None) -> str:
    if p_value is None:
        return "too few slices to tell"
    return "clear" if p_value < CLEAR else "likely" if p_value < LIKELY else "may be chance"


def _cause_json(told: ToldCause) -> dict[str, Any]:
    metric = told.part.metric
    return {
        "where": dict(told.cause.where),
        "name": told.cause.name,
        "labels": [label.id for label in told.cells.labels],
        "now": told.cells.now[metric].id,
        "before": told.cells.before[metric].id,
        "change": told.cells.change[metric].id,
        "part": told.part.id,
        "share": told.share.id if told.share else None,
        "evidence": told.evidence,
        "p_value": None if told.cause.p_value is None else f"{told.cause.p_value:.2g}",
    }


def _causes_table(telling: Telling, told: Sequence[ToldCause], rest: Fact | None) -> Table | None:
    if not told:
        return None
    metric = telling.metric
    column = telling.asked.frame.column(metric)
    about = {"kind": "compare", "unit": column.unit, "currency": column.currency, "metric": metric}
    rows, ids = [], []
    for t in told:
        shown = {
            metric: t.cells.now[metric],
            f"{metric}__previous": t.cells.before[metric],
            f"{metric}__contribution": t.part,
            f"{metric}__share_of_change": t.share,
        }
        rows.append({"slice": " / ".join(label.text for label in t.cells.labels), "evidence": t.evidence,
                     **{name: _text(fact) for name, fact in shown.items()}})  # fmt: skip
        ids.append({name: fact.id for name, fact in shown.items() if fact})
    if rest is not None:
        rows.append({"slice": "everything else", f"{metric}__contribution": _text(rest)})
        ids.append({f"{metric}__contribution": rest.id})
    return Table(
        title=f"Causes of the change of {metrics_of(telling.context)[metric].title}",
        columns=(
            {"name": "slice", "kind": "dimension"},
            {"name": metric, "kind": "metric", "unit": column.unit, "currency": column.currency},
            {"name": f"{metric}__previous", **about},
            {"name": f"{metric}__contribution", **about},
            {"name": f"{metric}__share_of_change", **about, "unit": "percent_ratio", "currency": None},
            {"name": "evidence", "kind": "dimension"},
        ),
        rows=tuple(rows),
        fact_ids=tuple(ids),
    )


def _drivers_table(telling: Telling, parts: Sequence[Driver]) -> Table | None:
    if not parts:
        return None
    metric = telling.metric
    column = telling.asked.frame.column(metric)
    return Table(
        title=f"What drove {metrics_of(telling.context)[metric].title}",
        columns=(
            {"name": "driver", "kind": "dimension"},
            {"name": "effect", "kind": "compare", "unit": column.unit, "currency": column.currency, "metric": metric},
        ),
        rows=tuple({"driver": d.title, "effect": _text(d.effect)} for d in parts),
        fact_ids=tuple({"effect": d.effect.id} for d in parts),
    )


def _charts(
    telling: Telling, told: Sequence[ToldCause], parts: Sequence[Driver], rest: Fact | None
) -> tuple[dict[str, Any], ...]:
    """Bars of what each cause (else each driver) added to the change."""
    bars = [(" / ".join(label.text for label in t.cells.labels), t.part) for t in told]
    if bars and rest is not None:
        bars.append(("everything else", rest))
    bars = bars or [(d.title, d.effect) for d in parts]
    if len(bars) < 2:
        return ()
    values = [{"name": name, "value": float(fact.value or 0)} for name, fact in bars]
    title = metrics_of(telling.context)[telling.metric].title
    return (
        {
            "title": f"What changed {title}",
            "data": {"values": values},
            "mark": {"type": "bar"},
            "encoding": {
                "y": {"field": "name", "type": "nominal", "sort": None, "title": None},
                "x": {"field": "value", "type": "quantitative", "title": f"Part of the change of {title}"},
                "color": {"condition": {"test": "datum.value < 0", "value": "#ef4444"}, "value": "#10b981"},
            },
        },
    )


def _text(fact: Fact | None) -> str | None:
    return None if fact is None or fact.value is None else format(fact.value, "f")
