"""A forecast as a result: every step and the whole with its interval, target, accuracy, parts, a chart, a receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools import facts
from roastery.tools.analysis.apportion import settle
from roastery.tools.analysis.arrays import Floats
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.charts import sized
from roastery.tools.definitions import dimensions_of, metrics_of, parts_of_ratio
from roastery.tools.facts import FactBook, rounded
from roastery.tools.frame_facts import held_by_filters
from roastery.tools.frames import canonical_rows
from roastery.tools.outlook import OTHERS, Outlook, Read, Said
from roastery.tools.receipts import analysis_receipt, new_receipt_id
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.calendar import step

SHOWN_STEPS, CHART_STEPS = 92, 120
OFF_COVERAGE = 0.03


@dataclass
class _Writer:
    """Facts in the unit of the metric."""

    context: ToolContext
    arguments: Any
    plan: Outlook
    read: Read
    said: Said
    book: FactBook

    def __post_init__(self) -> None:
        entry = metrics_of(self.context)[self.plan.metric]
        self.title, self.unit = entry.title, entry.unit
        made = self.read.whole.provenance
        self.currency = (made.currency or self.context.organization.currency) if self.unit == "money" else None
        self.quantum = Decimal("0.0001")
        if self.unit == "money":
            self.quantum = Decimal(1).scaleb(-minor_digits(self.currency or ""))
        elif self.unit == "count":
            self.quantum = Decimal("0.1")
        self.held = held_by_filters(self.arguments.filters)
        ratio = parts_of_ratio(self.context, self.plan.metric)
        self.is_sum = entry.additivity == "additive" and ratio is None

    def period(self, first: date, last: date | None = None) -> FactPeriod:
        return FactPeriod(start=first, end=step(last or first, self.plan.grain, 1))

    @property
    def whole_period(self) -> FactPeriod:
        return self.period(self.read.steps_ahead[0], self.read.steps_ahead[-1])

    def forecast(self, value: float | Decimal, period: FactPeriod, where: dict[str, str] | None = None) -> Fact:
        return self.book.add(
            Fact(
                id=self.book.next_id, metric=self.plan.metric, value=self.rounded(value), unit=self.unit,
                currency=self.currency, dimensions=self.held | (where or {}), period=period,
                receipt_id=self.book.receipt_id, kind="forecast",
            )
        )  # fmt: skip

    def measured(self, value: float | Decimal, period: FactPeriod) -> Fact:
        return self.book.measured(
            self.plan.metric, self.rounded(value), self.unit, period, currency=self.currency, dimensions=self.held
        )

    def rated(self, metric: str, value: float, period: FactPeriod, kind: str = "measured") -> Fact:
        """A share that says how good the forecast is."""
        made = self.book.measured(metric, rounded(value), "ratio", period)
        return self.book.amended(made.id, made.value, kind=kind)

    def rounded(self, value: float | Decimal) -> Decimal:
        return value.quantize(self.quantum) if isinstance(value, Decimal) else rounded(value, self.quantum)


def forecast_result(context: ToolContext, arguments: Any, plan: Outlook, read: Read, said: Said) -> ToolResult:
    book = FactBook(new_receipt_id())
    writer = _Writer(context, arguments, plan, read, said, book)
    steps = _steps(writer)
    total = _total(writer, steps)
    recent = _recent(writer, total)
    parts = _parts(writer, total["expected"]) if read.parts else ()
    pace = _pace(writer, total)
    quality = _quality(writer)
    caveats = tuple(dict.fromkeys((*_caveats(writer, quality, pace), *read.whole.provenance.caveats)))
    keys = ("low", "expected", "high")
    rows = canonical_rows(
        [
            *({"key": day.isoformat(), **{k: facts_[k].value for k in keys}} for day, facts_ in steps),
            {"key": "total", **{k: total[k].value for k in keys}},
            *({"key": f"part {name}", "expected": fact.value} for name, fact, _ in parts),
        ]
    )
    pinned = {
        **arguments.as_json(),
        "history": {"start": plan.history.start.isoformat(), "end": read.whole.ends[-1].isoformat()},
        "horizon": len(read.steps_ahead), "grain": plan.grain,
    }  # fmt: skip
    if plan.period is not None:
        pinned["period"] = {"start": plan.period.start.isoformat(), "end": plan.period.end.isoformat()}
    receipt = analysis_receipt(
        read.whole.provenance, "forecast_metric", pinned, rows, context, period=writer.whole_period, caveats=caveats
    ).model_copy(update={"id": book.receipt_id})
    tables = [_step_table(writer, steps)] if len(steps) > 1 else []
    if parts:
        tables.insert(0, _part_table(writer, parts))
    return ToolResult(
        tool=receipt.tool,
        facts=book.facts,
        labels=book.labels,
        tables=tuple(tables),
        charts=(sized(_chart(writer)),),
        caveats=caveats,
        receipt=receipt,
        data={
            "metric": plan.metric,
            "grain": plan.grain,
            "steps": len(read.steps_ahead),
            "dimensions": list(arguments.dimensions),
            "is_sum": writer.is_sum,
            "total": {name: fact.id for name, fact in total.items()},
            "recent": {name: fact.id for name, fact in recent.items()},
            "pace": {name: fact.id for name, fact in pace.items()},
            "quality": {name: fact.id for name, fact in quality.items()},
            "parts": [
                {"name": name, "labels": labels, "expected": fact.id} for name, fact, labels in parts
            ],
            "known": list(said.known),
            "models": _weights(said),
        },
    )  # fmt: skip


def _steps(w: _Writer) -> list[tuple[date, dict[str, Fact]]]:
    """Facts of each step, as far as they are shown; a long forecast shows its whole and its chart."""
    if len(w.read.steps_ahead) > SHOWN_STEPS:
        return []
    made, shift = w.said.forecast, w.said.whole - w.said.forecast.expected[:, 0]
    found = []
    for n, day in enumerate(w.read.steps_ahead):
        period = w.period(day)
        low, high = made.low[n, 0] + shift[n], made.high[n, 0] + shift[n]
        expected = float(w.said.whole[n])
        values = (min(float(low), expected), expected, max(float(high), expected))
        found.append(
            (day, {k: w.forecast(v, period) for k, v in zip(("low", "expected", "high"), values, strict=True)})
        )
    return found


def _total(w: _Writer, steps: Sequence[tuple[date, dict[str, Fact]]]) -> dict[str, Fact]:
    """The whole of what is to come: a sum; for a rate its mean level; for a stock where it ends."""
    made, period = w.said.forecast, w.whole_period
    low, middle, high = (float(v[0]) for v in made.total())
    naive = float(made.naive[:, 0].sum())
    count = len(w.read.steps_ahead)
    if w.is_sum:
        expected = float(w.said.whole.sum())
        scale = expected / middle if middle else 1.0
        values = (low * scale, expected, high * scale, naive)
    elif metrics_of(w.context)[w.plan.metric].additivity == "semi_additive":
        values = (float(made.low[-1, 0]), float(w.said.whole[-1]), float(made.high[-1, 0]), float(made.naive[-1, 0]))
        period = w.period(w.read.steps_ahead[-1])
    else:
        values = (low / count, float(w.said.whole.mean()), high / count, naive / count)
    if steps and w.is_sum:
        inside = [facts_["expected"] for _, facts_ in steps]
        expected_fact = w.book.computed(facts.total, inside)
        expected_fact = w.book.add(
            expected_fact.model_copy(update={"id": w.book.next_id, "kind": "forecast", "dimensions": w.held,
                                             "period": period, "formula": f"forecast({expected_fact.id})",
                                             "inputs": (expected_fact.id,)})
        )  # fmt: skip
    else:
        expected_fact = w.forecast(values[1], period)
    return {
        "expected": expected_fact,
        "low": w.forecast(min(values[0], values[1]), period),
        "high": w.forecast(max(values[2], values[1]), period),
        "naive": w.forecast(values[3], period),
    }


def _recent(w: _Writer, total: dict[str, Fact]) -> dict[str, Fact]:
    """As many steps just before, and how far the forecast lies from them."""
    count = len(w.read.steps_ahead)
    values = w.read.values[-count:, 0]
    if len(values) < count or not np.isfinite(values).any():
        return {}
    period = w.period(w.read.whole.steps[-count], w.read.whole.steps[-1])
    if w.is_sum:
        level = float(np.nansum(values))
    elif metrics_of(w.context)[w.plan.metric].additivity == "semi_additive":
        level, period = float(values[-1]), w.period(w.read.whole.steps[-1])
    elif w.read.whole.weights is not None:
        above, below = (np.nansum(v[-count:, 0]) for v in (w.read.whole.values, w.read.whole.weights))
        level = float(above / below) if below else 0.0
    else:
        level = float(np.nanmean(values))
    before = w.measured(level, period)
    return {
        "before": before,
        "change": w.book.computed(facts.difference, total["expected"], before),
        "change_ratio": w.book.computed(facts.relative_difference, total["expected"], before),
    }


def _parts(w: _Writer, total: Fact) -> tuple[tuple[str, Fact, list[str]], ...]:
    """Each part's sum over the steps, together the whole to the last digit."""
    dimension = w.arguments.dimensions[0]
    sums = [float(v) for v in w.said.parts.sum(axis=0)]
    settled = settle(sums, total.value or Decimal(0), w.quantum)
    listed = w.context.metrics.dimension_values(dimension, limit=2_000, row_scope=w.context.actor.row_scope)
    names = {v.value: v.label or v.value for v in listed if v.value}
    found = []
    for name, value in sorted(zip(w.read.parts, settled, strict=True), key=lambda p: (p[0] == OTHERS, -p[1], p[0])):
        label = w.book.label(dimension, name, names.get(name, name))
        found.append((name, w.forecast(value, w.whole_period, {dimension: name}), [label.id]))
    return tuple(found)


def _pace(w: _Writer, total: dict[str, Fact]) -> dict[str, Fact]:
    """What a running period comes to, and how that stands to its target."""
    plan, made = w.plan, w.said.forecast
    if not w.is_sum or (plan.period is None and plan.target is None):
        return {}
    start = plan.period.start if plan.period else w.read.steps_ahead[0]
    inside = [n for n, day in enumerate(w.read.whole.steps) if day >= start]
    value = float(np.nansum(w.read.values[inside, 0])) if inside else 0.0
    end = w.whole_period.end
    there: dict[str, Fact] = {}
    projected = total["expected"]
    if inside:
        there["so_far"] = w.measured(value, FactPeriod(start=start, end=w.read.whole.ends[-1]))
        whole = FactPeriod(start=start, end=end)
        for name in ("expected", "low", "high"):
            text = f"{there['so_far'].id} + {total[name].id}"
            amount = (there["so_far"].value or Decimal(0)) + (total[name].value or Decimal(0))
            base = total[name].model_copy(update={"period": whole})
            made_fact = w.book.computed(
                facts.by_formula, base, "forecast", amount, text, [there["so_far"], total[name]]
            )
            there["projected" if name == "expected" else f"projected_{name}"] = made_fact
        projected = there["projected"]
    if plan.target is not None:
        there["target"] = w.book.measured(
            "target", w.rounded(plan.target.value), w.unit, FactPeriod(start=start, end=end), currency=w.currency,
            dimensions=w.held,
        )  # fmt: skip
        target = there["target"].model_copy(update={"metric": plan.metric})
        there["gap"] = w.book.computed(facts.difference, projected, target)
        there["reached"] = w.book.computed(facts.share, projected, target)
        chance = made.chance_of(float(plan.target.value), value)
        there["chance"] = w.rated("chance_of_target", chance, FactPeriod(start=start, end=end), "forecast")
    return there


def _quality(w: _Writer) -> dict[str, Fact]:
    """How the same forecast did on the past: coverage of its interval, error, and the error of the seasonal naive."""
    test = w.said.forecast.back_test
    whole = w.read.whole
    period = w.period(whole.steps[min(test.origins)], whole.steps[-1])
    usual = float(np.nanmean(np.abs(test.actual[:, :, 0]))) if np.isfinite(test.actual[:, :, 0]).any() else 0.0
    off = float(np.nanmean(np.abs(test.forecast[:, :, 0] - test.actual[:, :, 0]))) if usual else 0.0
    found = {"coverage": w.rated("interval_coverage", float(test.coverage[0]), period)}
    if usual:
        found["error"] = w.rated("forecast_error", off / usual, period)
        ensemble, naive = float(test.mase["ensemble"][0]), float(test.mase["seasonal_naive"][0])
        if ensemble > 0:
            found["naive_error"] = w.rated("naive_forecast_error", off / usual * naive / ensemble, period)
    return found


def _caveats(w: _Writer, quality: dict[str, Fact], pace: dict[str, Fact]) -> list[str]:
    said = list(w.said.forecast.caveats)
    if w.said.quiet:
        said.append(
            f"{w.said.quiet} of {len(w.read.whole.steps)} {w.plan.grain}s have no rows; such gaps are usual here, so "
            "they are learned from as nothing."
        )
    measured = quality["coverage"].value or Decimal(0)
    if measured < Decimal(repr(w.arguments.level)) - Decimal(repr(OFF_COVERAGE)):
        said.append("On the past the interval held less often than it says, so read it as too narrow.")
    error, naive = quality.get("error"), quality.get("naive_error")
    if error and naive and error.value is not None and naive.value is not None and error.value > naive.value:
        said.append("On the past, repeating the last season was no worse than this forecast.")
    if not w.is_sum and w.arguments.target is not None and not pace:
        said.append(f"A target of {w.title} is not paced, since its days do not sum.")
    if w.said.known:
        said.append(f"Known days ahead: {', '.join(w.said.known[:6])}.")
    return said


def _weights(said: Said) -> dict[str, str]:
    return {name: f"{float(share[0]):.2f}" for name, share in said.forecast.weights.items() if share[0] > 0}


def _step_table(w: _Writer, steps: Sequence[tuple[date, dict[str, Fact]]]) -> Table:
    about = {"kind": "metric", "unit": w.unit, "currency": w.currency, "metric": w.plan.metric}
    return Table(
        title=f"{w.title} forecast by {w.plan.grain}",
        columns=({"name": "date", "kind": "dimension"}, *({"name": k, **about} for k in ("expected", "low", "high"))),
        rows=tuple(
            {"date": day.isoformat(), **{k: format(fact.value or Decimal(0), "f") for k, fact in facts_.items()}}
            for day, facts_ in steps
        ),
        fact_ids=tuple({k: fact.id for k, fact in facts_.items()} for _, facts_ in steps),
    )


def _part_table(w: _Writer, parts: Sequence[tuple[str, Fact, list[str]]]) -> Table:
    dimension = w.arguments.dimensions[0]
    title = dimensions_of(w.context)[dimension].title.lower()
    labels = {label.id: label.text for label in w.book.labels}
    return Table(
        title=f"{w.title} forecast by {title}",
        columns=(
            {"name": dimension, "kind": "dimension"},
            {"name": f"{dimension}_name", "kind": "label"},
            {"name": "expected", "kind": "metric", "unit": w.unit, "currency": w.currency, "metric": w.plan.metric},
        ),
        rows=tuple(
            {dimension: name, f"{dimension}_name": labels[ids[0]], "expected": format(fact.value or Decimal(0), "f")}
            for name, fact, ids in parts
        ),
        fact_ids=tuple({"expected": fact.id} for _, fact, _ in parts),
    )


def _chart(w: _Writer) -> dict[str, Any]:
    """The recent past, the forecast, its interval."""
    made, whole = w.said.forecast, w.read.whole
    first = max(len(whole.steps) - CHART_STEPS, 0)
    values: list[dict[str, Any]] = [
        {"date": day.isoformat(), "actual": _plain(w.read.values, n)} for n, day in enumerate(whole.steps) if n >= first
    ]
    values += [
        {"date": day.isoformat(), "forecast": round(float(w.said.whole[n]), 6), "low": _plain(made.low, n),
         "high": _plain(made.high, n)}
        for n, day in enumerate(w.read.steps_ahead)
    ]  # fmt: skip
    return {
        "title": f"{w.title}: forecast with its interval",
        "data": {"values": values},
        "encoding": {"x": {"field": "date", "type": "temporal", "title": None}},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.18, "color": "#2563eb"},
                "encoding": {"y": {"field": "low", "type": "quantitative", "title": w.title}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "color": "#0f172a", "strokeWidth": 1.5},
                "encoding": {"y": {"field": "actual", "type": "quantitative"}},
            },
            {
                "mark": {"type": "line", "color": "#2563eb", "strokeWidth": 2.5},
                "encoding": {"y": {"field": "forecast", "type": "quantitative"}},
            },
        ],
    }


def _plain(values: Floats, row: int) -> float | None:
    value = float(values[row, 0])
    return round(value, 6) if np.isfinite(value) else None
