"""What a scan found, as a result: facts of each incident, what it is worth, a table, a chart, a receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools import facts
from roastery.tools.base import Fact, FactPeriod, Label, Table, ToolContext, ToolResult
from roastery.tools.charts import sized
from roastery.tools.definitions import metrics_of, parts_of_ratio
from roastery.tools.facts import FactBook, rounded
from roastery.tools.frame_facts import held_by_filters
from roastery.tools.frames import canonical_rows
from roastery.tools.incidents import Incident, Oddity
from roastery.tools.queries import ask
from roastery.tools.receipts import analysis_receipt, new_receipt_id
from roastery.tools.scan import Scan, Scanned
from roastery.tools.series import merged_provenance
from roastery.warehouse.errors import AskerError, DataError
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec

WORTH = {"orders": "aov", "online_orders": "aov", "conversion_rate": "aov", "attributed_orders": "aov"}
"""What one of them is worth, where the metric is not money itself."""
CLEAR, STRONG = 1.5, 3.0
CHART_DAYS = 90
WORDS = {"spike": "spike", "dip": "dip", "level_shift": "level shift", "trend_break": "trend break",
         "missing": "missing data"}  # fmt: skip


@dataclass(frozen=True)
class ToldIncident:
    """One incident with its facts. `stake` is what it is worth in money, None where nobody knows."""

    incident: Incident
    labels: tuple[Label, ...]
    actual: Fact
    expected: Fact
    low: Fact
    high: Fact
    off: Fact
    off_ratio: Fact
    stake: Fact | None
    source: Label | None = None

    @property
    def strength(self) -> str:
        severity = self.incident.severity
        return "strong" if severity >= STRONG else "clear" if severity >= CLEAR else "slight"


def oddities_result(context: ToolContext, arguments: Any, asked: Scan, scanned: Scanned) -> ToolResult:
    """The most severe incidents as a result; the rest are counted."""
    made = merged_provenance([series.provenance for series, _ in scanned.read.values()])
    book = FactBook(new_receipt_id())
    writer = _Writer(context, book, asked, scanned, made.currency)
    shown = scanned.incidents[: arguments.limit]
    told = [writer.told(incident) for incident in shown]
    period = FactPeriod(start=asked.start, end=asked.end)
    counts = {
        "incidents": book.counted("incidents", len(scanned.incidents), period),
        "series": book.counted("series_scanned", scanned.series, period),
    }
    caveats = tuple(dict.fromkeys((*_caveats(context, asked, scanned), *made.caveats)))
    rows = canonical_rows(
        {
            "key": f"{t.incident.head.metric} {t.actual.dimensions} {t.incident.head.start}",
            "kind": t.incident.head.kind, "until": t.incident.head.end,
            "actual": t.actual.value, "expected": t.expected.value, "low": t.low.value, "high": t.high.value,
        }
        for t in told
    )  # fmt: skip
    pinned = {**arguments.as_json(), "period": {"start": asked.start.isoformat(), "end": asked.end.isoformat()}}
    receipt = analysis_receipt(
        made, "detect_anomalies", pinned, rows, context, period=period, caveats=caveats
    ).model_copy(update={"id": book.receipt_id})
    dimensions = sorted({t.incident.head.dimension for t in told if t.incident.head.dimension})
    return ToolResult(
        tool=receipt.tool,
        facts=book.facts,
        labels=book.labels,
        tables=(_table(context, told),) if told else (),
        charts=(sized(_chart(context, told[0], scanned)),) if told else (),
        caveats=caveats,
        receipt=receipt,
        data={
            "dimensions": dimensions,
            "incidents": [_as_json(t) for t in told],
            "counts": {name: fact.id for name, fact in counts.items()},
            "metrics": list(dict.fromkeys(metric for metric, _ in scanned.read)),
            "grain": asked.grain,
            "judged": _last_judged(scanned),
        },
    )


def _last_judged(scanned: Scanned) -> dict[str, str]:
    """The last step that every series reaches."""
    series = min((s for s, _ in scanned.read.values()), key=lambda s: s.ends[-1])
    return {"last_start": series.steps[-1].isoformat(), "last_end": series.ends[-1].isoformat()}


@dataclass
class _Writer:
    """Writes the facts of incidents in the units of their metrics."""

    context: ToolContext
    book: FactBook
    asked: Scan
    scanned: Scanned
    currency: str | None

    def told(self, incident: Incident) -> ToldIncident:
        head = incident.head
        entry = metrics_of(self.context)[head.metric]
        period = FactPeriod(start=head.start, end=head.end)
        where = {} if head.dimension is None or head.is_common else {head.dimension: head.value}
        dimensions = held_by_filters(self.asked.asking.filters) | where
        currency = self._currency if entry.unit == "money" else None
        quantum = self._quantum(entry.unit)
        about: dict[str, Any] = {"currency": currency, "dimensions": dimensions}
        value = None if head.actual is None else rounded(head.actual, quantum)
        actual = self.book.measured(head.metric, value, entry.unit, period, **about)
        expected, low, high = (
            self.book.add(
                actual.model_copy(update={"id": self.book.next_id, "kind": "forecast", "value": rounded(v, quantum)})
            )
            for v in (head.expected, head.low, head.high)
        )
        off = self.book.computed(facts.difference, actual, expected)
        ratio = self.book.computed(facts.relative_difference, actual, expected)
        labels = tuple(self.book.label(d, v, self._name(d, v)) for d, v in where.items())
        return ToldIncident(
            incident,
            labels,
            actual,
            expected,
            low,
            high,
            off,
            ratio,
            self._stake(head, actual, expected, off),
            self._source(incident.source),
        )

    def _source(self, source: Oddity | None) -> Label | None:
        if source is None or source.dimension is None:
            return None
        return self.book.label(source.dimension, source.value, self._name(source.dimension, source.value))

    @property
    def _currency(self) -> str:
        found: str = self.currency or self.context.organization.currency
        return found

    def _quantum(self, unit: str) -> Decimal:
        if unit == "money":
            return Decimal(1).scaleb(-minor_digits(self._currency))
        return Decimal("0.1") if unit == "count" else Decimal("0.0001")

    def _stake(self, head: Oddity, actual: Fact, expected: Fact, off: Fact) -> Fact | None:
        """What came or was lost beyond what was expected, in money."""
        if actual.value is None:
            return None
        ratio = parts_of_ratio(self.context, head.metric)
        if ratio is None and actual.unit == "money":
            return off
        if ratio is not None and head.actual_above is not None and head.expected_above is not None:
            above = self.context.metrics.semantics.metrics[ratio.numerator]
            if above.unit == "money":
                quantum, scale = self._quantum("money"), float(ratio.scale)
                now = self.book.add(
                    actual.model_copy(
                        update={"id": self.book.next_id, "metric": ratio.numerator, "unit": "money",
                                "currency": self._currency, "value": rounded(head.actual_above / scale, quantum)}
                    )
                )  # fmt: skip
                usual = self.book.add(
                    now.model_copy(
                        update={"id": self.book.next_id, "kind": "forecast",
                                "value": rounded(head.expected_above / scale, quantum)}
                    )
                )  # fmt: skip
                return self.book.computed(facts.difference, now, usual)
        if head.metric not in WORTH:
            return None
        return self._worth(head, actual, expected)

    def _worth(self, head: Oddity, actual: Fact, expected: Fact) -> Fact | None:
        """Orders lost or won times what an order was worth in the judged days."""
        worth = self._worth_of(WORTH[head.metric])
        if worth is None or worth.value is None or actual.value is None or expected.value is None:
            return None
        value, text, inputs = actual.value - expected.value, f"({actual.id} - {expected.id})", [actual, expected]
        if head.below is not None:
            sessions = {"metric": "sessions", "unit": "count", "value": Decimal(int(head.below))}
            visits = self.book.add(actual.model_copy(update={"id": self.book.next_id, **sessions}))
            value, text, inputs = value * (visits.value or 0), f"{text} * {visits.id}", [*inputs, visits]
        money = (value * worth.value).quantize(self._quantum("money"))
        base = worth.model_copy(update={"metric": "revenue", "period": actual.period, "dimensions": actual.dimensions})
        return self.book.computed(facts.by_formula, base, "effect", money, f"{text} * {worth.id}", [*inputs, worth])

    def _worth_of(self, metric: str) -> Fact | None:
        if not hasattr(self, "_worths"):
            self._worths: dict[str, Fact | None] = {}
        if metric not in self._worths:
            query = MetricQuery.model_validate(
                {**self.asked.asking.as_asked(), "metrics": [metric],
                 "period": PeriodSpec(start=self.asked.start, end=self.asked.end)}
            )  # fmt: skip
            try:
                found = ask(self.context, query).frame.totals.get(metric)
            except (AskerError, DataError):
                found = None
            period = FactPeriod(start=self.asked.start, end=self.asked.end)
            self._worths[metric] = (
                None if found is None else
                self.book.measured(metric, Decimal(found), "money", period, currency=self._currency,
                                   dimensions=held_by_filters(self.asked.asking.filters))
            )  # fmt: skip
        return self._worths[metric]

    def _name(self, dimension: str, value: str) -> str:
        if not hasattr(self, "_names"):
            self._names: dict[str, dict[str, str]] = {}
        if dimension not in self._names:
            scope = self.context.actor.row_scope
            listed = self.context.metrics.dimension_values(dimension, limit=2_000, row_scope=scope)
            self._names[dimension] = {v.value: v.label or v.value for v in listed if v.value}
        return self._names[dimension].get(value, value)


def _as_json(told: ToldIncident) -> dict[str, Any]:
    head = told.incident.head
    return {
        "metric": head.metric,
        "where": {} if head.dimension is None or head.is_common else {head.dimension: head.value},
        "labels": [label.id for label in told.labels],
        "kind": head.kind,
        "spread": told.incident.spread,
        "dimension": head.dimension,
        "direction": head.direction,
        "start": head.start.isoformat(),
        "end": head.end.isoformat(),
        "strength": told.strength,
        "severity": f"{told.incident.severity:.2f}",
        "actual": told.actual.id,
        "expected": told.expected.id,
        "low": told.low.id,
        "high": told.high.id,
        "off": told.off.id,
        "off_ratio": told.off_ratio.id,
        "stake": told.stake.id if told.stake else None,
        "source": told.source.id if told.source else None,
        "also": [
            {"metric": o.metric, "dimension": o.dimension, "value": o.value, "is_common": o.is_common}
            for o in told.incident.same
        ],
    }


def _table(context: ToolContext, told: Sequence[ToldIncident]) -> Table:
    rows, ids = [], []
    for t in told:
        head = t.incident.head
        where = " / ".join(label.text for label in t.labels) or ("all slices" if head.is_common else "everything")
        last = head.end - timedelta(days=1)
        shown = {"actual": t.actual, "expected": t.expected, "low": t.low, "high": t.high, "off": t.off}
        shown |= {"stake": t.stake} if t.stake else {}
        rows.append(
            {
                "metric": metrics_of(context)[head.metric].title,
                "where": where,
                "days": head.start.isoformat() if last == head.start else f"{head.start} to {last}",
                "what": WORDS[head.kind],
                "strength": t.strength,
                **{name: None if fact.value is None else format(fact.value, "f") for name, fact in shown.items()},
            }
        )
        ids.append({name: fact.id for name, fact in shown.items()})
    names = ("metric", "where", "days", "what", "strength")
    return Table(
        title="What was unusual",
        columns=(
            *({"name": name, "kind": "dimension"} for name in names),
            *({"name": name, "kind": "compare", "unit": "mixed", "currency": None} for name in SHOWN),
        ),
        rows=tuple(rows),
        fact_ids=tuple(ids),
    )


SHOWN = ("actual", "expected", "low", "high", "off", "stake")


def _chart(context: ToolContext, told: ToldIncident, scanned: Scanned) -> dict[str, Any]:
    """The most severe incident's series: what came, what was expected and its range, the unusual days marked."""
    head = told.incident.head
    series, found = scanned.read[head.metric, head.dimension]
    last = series.place(head.end)
    first = max(last - CHART_DAYS, 0)
    last = min(last + 14, len(series.steps))
    column = None if head.is_common else series.slices.index(head.value)

    def line(values: Any) -> Any:
        part = np.nansum(values[first:last], axis=1) if column is None else values[first:last, column]
        if series.weights is None:
            return part
        below = series.weights[first:last, column or 0]
        return np.divide(part, below, out=np.full(len(part), np.nan), where=below > 0)

    actual, expected, low, high = (line(v) for v in (series.values, found.expected, found.low, found.high))
    values = [
        {
            "date": day.isoformat(), "actual": _plain(actual[n]), "expected": _plain(expected[n]),
            "low": _plain(low[n]), "high": _plain(high[n]), "unusual": head.start <= day < head.end,
        }
        for n, day in enumerate(series.steps[first:last])
    ]  # fmt: skip
    where = " / ".join(label.text for label in told.labels)
    title = metrics_of(context)[head.metric].title + (f" of {where}" if where else "")
    x = {"field": "date", "type": "temporal", "title": None}
    return {
        "title": f"{title}: expected and actual",
        "data": {"values": values},
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.15, "color": "#64748b"},
                "encoding": {"y": {"field": "low", "type": "quantitative", "title": title}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "strokeDash": [5, 4], "color": "#64748b"},
                "encoding": {"y": {"field": "expected", "type": "quantitative"}},
            },
            {
                "mark": {"type": "line", "color": "#2563eb", "strokeWidth": 2},
                "encoding": {"y": {"field": "actual", "type": "quantitative"}},
            },
            {
                "transform": [{"filter": "datum.unusual"}],
                "mark": {"type": "point", "filled": True, "size": 70, "color": "#ef4444"},
                "encoding": {"y": {"field": "actual", "type": "quantitative"}},
            },
        ],
    }


def _plain(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _caveats(context: ToolContext, asked: Scan, scanned: Scanned) -> list[str]:
    said = []
    ends = [series.ends[-1] for series, _ in scanned.read.values()]
    if min(ends) < asked.end:
        said.append(f"Days after {min(ends) - timedelta(days=1)} are not complete everywhere, so they are not judged.")
    small, young = (sum(pair[n] for pair in scanned.left_out.values()) for n in (0, 1))
    if small:
        said.append(f"{small} slices are too small to be judged by the {asked.grain}; {scanned.series} series were.")
    if young:
        said.append(f"{young} slices have too little history to be judged.")
    named = list(dict.fromkeys(metric for metric, _ in scanned.not_read if (metric, None) not in scanned.read))
    for metric in named[:3]:
        reason = next(text for (m, _), text in scanned.not_read.items() if m == metric)
        said.append(f"{metrics_of(context)[metric].title} was not judged: {reason}")
    if scanned.expected_alerts > 2 * asked.alerts_a_month:
        said.append("So many series alert more often than asked for, even where only the strongest days are told.")
    return said
