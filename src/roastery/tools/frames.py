"""Frames and rows as exact text: the form that is hashed, stored in receipts and sent over JSON."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from roastery.warehouse.semantic.query import FrameColumn, MetricFrame

Rows = Sequence[Mapping[str, Any]]


def canonical_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose every cell is exact text, an integer, a truth value or null: the form that is hashed and stored."""
    return {name: _canonical(value) for name, value in row.items()}


def canonical_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [canonical_row(row) for row in rows]


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return canonical_row(value)
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value


def result_hash(rows: Rows, totals: Mapping[str, Any]) -> str:
    """SHA-256 over canonical rows and totals, in the rows' own total order."""
    text = json.dumps([list(rows), dict(totals)], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def column_json(column: FrameColumn) -> dict[str, Any]:
    """A frame's column as CONTRACTS section 5 shows it."""
    shown: dict[str, Any] = {"name": column.name, "kind": column.kind}
    if column.kind in ("metric", "compare", "share"):
        shown |= {"unit": column.unit, "currency": column.currency}
    if column.metric:
        shown["metric"] = column.metric
    return shown


def frame_json(frame: MetricFrame, receipt_id: str) -> dict[str, Any]:
    """A frame as CONTRACTS section 5 shows it: exact decimal strings, the receipt by id."""
    return {
        "columns": [column_json(column) for column in frame.columns],
        "rows": canonical_rows(frame.rows),
        "totals": canonical_row(frame.totals),
        "truncated": frame.truncated,
        "receipt": {"id": receipt_id},
    }
