"""Runs compiled queries and turns their Arrow rows into exact values: money in minor units, ratios to four decimals."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from roastery.warehouse.errors import MissingRate
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.bound import SHARE, BoundMetric, BoundQuery
from roastery.warehouse.semantic.compile import TOTAL
from roastery.warehouse.semantic.prepare import Prepared
from roastery.warehouse.semantic.profile import WarehouseDoor
from roastery.warehouse.semantic.query import FrameColumn
from roastery.warehouse.semantic.template import Compiled

Number = Decimal | int | None
RATIO = Decimal("0.0001")


@dataclass(frozen=True)
class Result:
    """Rows and totals by column name, in display precision."""

    columns: tuple[FrameColumn, ...]
    rows: tuple[dict[str, Any], ...]
    totals: dict[str, Number]
    truncated: bool


def run(warehouse: WarehouseDoor, bound: BoundQuery, prepared: Prepared) -> Result:
    """The result of a prepared query. Errors: MissingRate; those of the warehouse's query."""
    refuse_missing_rates(warehouse, bound, prepared)
    found = _fetch(warehouse, prepared.rows)
    rows = tuple(_row(bound, record) for record in found[: bound.limit])
    if prepared.totals is not None:
        # Where a filter on a metric leaves no row, there is none to take totals of.
        of_rows = _fetch(warehouse, prepared.totals)
        totals = _values(bound, of_rows[0] if of_rows else {})
    elif not prepared.plan.keys:
        totals = {name: value for name, value in rows[0].items() if name in _metric_columns(bound)} if rows else {}
    else:
        totals = _values(bound, found[0] if found else {}, TOTAL)
    return Result(columns(bound), rows, totals, len(found) > bound.limit)


def refuse_missing_rates(warehouse: WarehouseDoor, bound: BoundQuery, prepared: Prepared) -> None:
    """Refuse a sum over currencies of which one has no rate on a row's day (law 5)."""
    for statement in prepared.rates:
        for gap in _fetch(warehouse, statement)[:1]:
            raise MissingRate(
                f"There is no exchange rate from {gap['currency']} to {bound.currency} on or before "
                f"{gap['first_day']}, so these amounts cannot be summed. Import fx_rates from that day on, or ask for "
                f"rows in one currency."
            )


def _fetch(warehouse: WarehouseDoor, statement: Compiled) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = warehouse.query(statement.sql, list(statement.parameters)).to_pylist()
    return found


def columns(bound: BoundQuery) -> tuple[FrameColumn, ...]:
    """Keys with their labels, then each metric with its comparison."""
    found: list[FrameColumn] = []
    if bound.grain:
        found.append(FrameColumn("date", "dimension"))
    for dimension in bound.dimensions:
        found.append(FrameColumn(dimension.name, "dimension"))
        if dimension.label_column:
            found.append(FrameColumn(dimension.label_column, "label"))
    for metric in bound.shown:
        unit = metric.metric.unit
        currency = bound.currency if unit == "money" else None
        found.append(FrameColumn(metric.name, "metric", unit, currency, metric.name))
        if bound.compare is not None:
            for suffix in ("__previous", "__change"):
                found.append(FrameColumn(metric.name + suffix, "compare", unit, currency, metric.name))
            found.append(FrameColumn(f"{metric.name}__change_ratio", "compare", "ratio", None, metric.name))
        if metric.name in bound.shares:
            found.append(FrameColumn(metric.name + SHARE, "share", "ratio", None, metric.name))
    return tuple(found)


def _metric_columns(bound: BoundQuery) -> frozenset[str]:
    return frozenset(column.name for column in columns(bound) if column.kind in ("metric", "compare"))


def _row(bound: BoundQuery, record: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if bound.grain:
        row["date"] = record["date"]
    for dimension in bound.dimensions:
        row[dimension.name] = record[dimension.name]
        if dimension.label_column:
            row[dimension.label_column] = record.get(dimension.label_column)
    shares = {name + SHARE: _share(record.get(name + SHARE)) for name in bound.shares}
    return row | _values(bound, record) | shares


def _values(bound: BoundQuery, record: Mapping[str, Any], prefix: str = "") -> dict[str, Number]:
    """Metrics as displayed; changes are those of the displayed values, so that a table adds up."""
    found: dict[str, Number] = {}
    for metric in bound.shown:
        now = displayed(record.get(prefix + metric.name), metric, bound)
        found[metric.name] = now
        if bound.compare is not None:
            before = displayed(record.get(f"{prefix}{metric.name}__previous"), metric, bound)
            change = None if now is None or before is None else now - before
            found[f"{metric.name}__previous"] = before
            found[f"{metric.name}__change"] = change
            found[f"{metric.name}__change_ratio"] = change_ratio(change, before)
    return found


def _share(value: Any) -> Decimal | None:
    return None if value is None or value != value else Decimal(repr(value)).quantize(RATIO, ROUND_HALF_UP)


def change_ratio(change: Number, before: Number) -> Decimal | None:
    """A change as a ratio of what was before; null where that is zero or nothing."""
    if change is None or not before:
        return None
    return (Decimal(change) / abs(Decimal(before))).quantize(RATIO, ROUND_HALF_EVEN)


def displayed(value: Any, metric: BoundMetric, bound: BoundQuery) -> Number:
    """A value in the precision of its unit.

    Of a double the 15 digits count that it holds for sure: a quotient of decimals is off by its last bits, and a true
    0.675 would round to 0.67.
    """
    if value is None or value != value:
        return None
    exact = Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)
    unit = metric.metric.unit
    if unit == "money":
        return exact.quantize(Decimal(1).scaleb(-minor_digits(bound.currency)), ROUND_HALF_UP)
    if unit == "count":
        whole = exact.to_integral_value()
        if exact != whole:
            return exact.normalize()
        return Decimal(whole) if _is_credited(metric, bound) else int(whole)
    return exact.quantize(RATIO, ROUND_HALF_UP)


def _is_credited(metric: BoundMetric, bound: BoundQuery) -> bool:
    return metric.metric.is_fractional and any(fact.is_credits for fact in bound.facts_of(metric))


def result_hash(rows: Sequence[Mapping[str, Any]], totals: Mapping[str, Any]) -> str:
    """SHA-256 over rows and totals as exact text, in the rows' own total order."""
    text = json.dumps([[_plain(row) for row in rows], _plain(totals)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int | None) else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)
