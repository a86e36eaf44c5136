"""One Vega-Lite chart that fits a result: a line over time, sorted bars for a breakdown, none for a single number."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from roastery.agent.evidence import Evidence, Finding
from roastery.agent.render import MULTIPLES, period_text, value_name, value_text
from roastery.tools.base import FactPeriod

MOST_BARS = 12
MOST_LINES = 6
MOST_GROUPS = 6
NO_NAME = {"none": "(none)", "unattributed": "(unattributed)", "unknown": "(unknown)", "": "(none)"}
COLORS = ["#2563eb", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#64748b"]
FONT = "DejaVu Sans, Liberation Sans, Arial, sans-serif"
SLATE = {"labelColor": "#334155", "titleColor": "#334155", "gridColor": "#e2e8f0", "domainColor": "#cbd5e1"}
CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "tickColor": "#cbd5e1", **SLATE},
    "title": {"fontSize": 15, "anchor": "start", "color": "#0f172a", "subtitleColor": "#475569", "offset": 12},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "orient": "top", "title": None, "labelLimit": 260},
    "range": {"category": COLORS},
}
NAMES_AXIS = {"title": None, "labelLimit": 260, "domain": False, "ticks": False}
NUMBERS = {"type": "text", "align": "left", "dx": 6, "color": "#0f172a"}
NOW_AND_BEFORE = {"range": [COLORS[0], "#94a3b8"]}
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "CHF": "CHF ", "JPY": "¥"}


def chart_for(evidence: Evidence, titles: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """The chart of the first result that is worth one, or None."""
    for finding in evidence.findings:
        if finding.result.charts:
            return dressed(finding.result.charts[0])
        if finding.result.frame is not None:
            spec = chart(finding, titles or {})
            if spec is not None:
                return spec
    return None


def dressed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A chart that a tool drew itself, in the look of all others."""
    sized = {"padding": 14, "autosize": {"type": "pad", "contains": "padding"}}
    return {**sized, **spec, "config": {**CONFIG, **spec.get("config", {})}}


def chart(finding: Finding, titles: Mapping[str, str]) -> dict[str, Any] | None:
    """One result's chart; values stand inside the spec, so that it can be drawn offline.

    >>> chart(Finding("c1", "query_metrics", {"metrics": ["roas"]}, ToolResult(tool="query_metrics")), {}) is None
    True
    """
    frame = finding.result.frame
    if not frame or len(frame["rows"]) < 2:
        return None
    metrics = [c for c in frame["columns"] if c["kind"] == "metric"]
    dims = [c["name"] for c in frame["columns"] if c["kind"] == "dimension" and c["name"] != "date"]
    asked = list(finding.arguments.get("metrics", ()))
    metrics = [c for c in metrics if c["name"] in asked] or metrics
    if not metrics:
        return None
    if any(c["name"] == "date" for c in frame["columns"]):
        return _over_time(finding, frame, metrics[0], dims, titles)
    return _bars(finding, frame, _ranked(finding, metrics), dims, titles)


def _ranked(finding: Finding, metrics: Sequence[dict[str, Any]]) -> dict[str, Any]:
    by = [o["field"] for o in finding.arguments.get("order_by", ())]
    return next((c for c in metrics if c["name"] in by), metrics[0])


# ---------------------------------------------------------------- lines


def _over_time(
    finding: Finding, frame: Mapping[str, Any], column: dict[str, Any], dims: Sequence[str], titles: Mapping[str, str]
) -> dict[str, Any]:
    name, grain = column["name"], finding.arguments.get("grain", "day")
    compared = any(c["name"] == f"{name}__previous" for c in frame["columns"])
    rows = sorted(frame["rows"], key=lambda r: str(r["date"]))
    title = _title(finding, name, titles)
    if compared and not dims:
        return _two_periods(finding, rows, column, title)
    values, kept = _lines(rows, name, dims, frame)
    color = {"color": {"field": "series", "type": "nominal", "sort": kept, "legend": {"columns": 3}}} if dims else {}
    return _spec(
        title,
        values,
        {
            "mark": {"type": "line", "point": len(values) <= 120, "strokeWidth": 2.5, "color": COLORS[0]},
            "encoding": {
                "x": _time_axis(grain, len({v["date"] for v in values})),
                "y": _number_axis(column, values, "value", zero=True),
                **color,
            },
        },
        width=620,
        subtitle=_more(len({r[dims[0]] for r in rows}) - len(kept), dims[0]) if dims else None,
    )


def _lines(
    rows: Sequence[Mapping[str, Any]], metric: str, dims: Sequence[str], frame: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Points of at most six lines: those with the largest sums."""
    sums: dict[str, float] = {}
    for row in rows:
        series = _name(row, dims, frame)
        sums[series] = sums.get(series, 0.0) + abs(float(row[metric] or 0))
    kept = sorted(sums, key=lambda s: (-sums[s], s))[:MOST_LINES]
    values = [
        {"date": str(row["date"]), "value": _float(row[metric]), "series": _name(row, dims, frame)}
        for row in rows
        if _name(row, dims, frame) in kept
    ]
    return values, kept


def _two_periods(
    finding: Finding, rows: Sequence[Mapping[str, Any]], column: dict[str, Any], title: str
) -> dict[str, Any]:
    """The period and the one before, bucket beside bucket."""
    name, grain = column["name"], finding.arguments.get("grain", "day")
    receipt = finding.result.receipt
    now = period_text(receipt.period) if receipt and receipt.period else "This period"
    compare = receipt.arguments.get("compare_to") if receipt else None
    before = _spec_text(compare) or "Compared period"
    series = {"field": "series", "type": "nominal", "sort": [now, before]}
    values = []
    for row in rows:
        for line, key in ((now, name), (before, f"{name}__previous")):
            values.append({"date": str(row["date"]), "value": _float(row[key]), "series": line})
    return _spec(
        title,
        values,
        {
            "mark": {"type": "line", "point": True, "strokeWidth": 2.5},
            "encoding": {
                "x": _time_axis(grain, len(rows)),
                "y": _number_axis(column, values, "value", zero=True),
                "color": {**series, "scale": NOW_AND_BEFORE},
                "strokeDash": {**series, "scale": {"range": [[1, 0], [5, 4]]}, "legend": None},
            },
        },
        width=620,
    )


def _spec_text(spec: Any) -> str | None:
    if not isinstance(spec, Mapping) or not spec.get("start"):
        return None
    return period_text(
        FactPeriod(start=date.fromisoformat(str(spec["start"])), end=date.fromisoformat(str(spec["end"])))
    )


def _time_axis(grain: str, buckets: int) -> dict[str, Any]:
    formats = {"day": "%-d %b", "week": "%-d %b", "month": "%b %Y", "quarter": "Q%q %Y", "year": "%Y"}
    axis: dict[str, Any] = {
        "format": formats.get(grain, "%-d %b"),
        "title": "week of" if grain == "week" else None,
        "labelOverlap": True,
        "grid": False,
    }
    if buckets <= 16 and grain != "day":
        # One label per bucket, at its own first day.
        return {"field": "date", "type": "ordinal", "timeUnit": "utcyearmonthdate", "axis": {**axis, "labelAngle": 0}}
    axis |= {"tickCount": 8, "labelSeparation": 14}
    return {"field": "date", "type": "temporal", "timeUnit": "utcyearmonthdate", "axis": axis}


# ---------------------------------------------------------------- bars


def _bars(
    finding: Finding, frame: Mapping[str, Any], column: dict[str, Any], dims: Sequence[str], titles: Mapping[str, str]
) -> dict[str, Any] | None:
    if not dims:
        return None
    name = column["name"]
    rows = [r for r in frame["rows"] if r.get(name) is not None]
    if len(rows) < 2:
        return None
    compared = any(c["name"] == f"{name}__previous" for c in frame["columns"])
    if not finding.arguments.get("order_by"):
        rows = sorted(rows, key=lambda r: -abs(float(r[name])))
    shown = rows[:MOST_BARS]
    names = _unique([_name(r, dims, frame) for r in shown], shown, dims)
    title = _title(finding, name, titles)
    subtitle = _more(len(rows) - len(shown), dims[0])
    if compared:
        return _grouped(finding, shown, names, column, title, subtitle)
    values = [
        {"name": n, "value": _float(r[name]), "text": _text(r[name], column)} for n, r in zip(names, shown, strict=True)
    ]
    return _spec(
        title,
        values,
        {
            "encoding": {
                "y": {"field": "name", "type": "nominal", "sort": names, "axis": NAMES_AXIS},
                "x": _number_axis(column, values, "value", zero=True, grid=False),
            },
            "layer": [
                {"mark": {"type": "bar", "color": COLORS[0], "cornerRadiusEnd": 3, "height": {"band": 0.7}}},
                {"mark": {**NUMBERS, "fontSize": 12}, "encoding": {"text": {"field": "text"}}},
            ],
        },
        width=460,
        height={"step": 30},
        subtitle=subtitle,
    )


def _grouped(
    finding: Finding,
    rows: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    column: dict[str, Any],
    title: str,
    subtitle: str | None,
) -> dict[str, Any]:
    """Two bars per name: the period and the one it is compared with."""
    metric = column["name"]
    receipt = finding.result.receipt
    now = period_text(receipt.period) if receipt and receipt.period else "This period"
    before = _spec_text(receipt.arguments.get("compare_to") if receipt else None) or "Compared period"
    series = {"field": "series", "type": "nominal", "sort": [now, before]}
    rows, names = rows[: MOST_GROUPS * 2], names[: MOST_GROUPS * 2]
    values = [
        {"name": n, "value": _float(r.get(key)), "series": s, "text": _text(r.get(key), column)}
        for n, r in zip(names, rows, strict=True)
        for s, key in ((now, metric), (before, f"{metric}__previous"))
        if r.get(key) is not None
    ]
    return _spec(
        title,
        values,
        {
            "encoding": {
                "y": {"field": "name", "type": "nominal", "sort": list(names), "axis": NAMES_AXIS},
                "x": _number_axis(column, values, "value", zero=True, grid=False),
                "yOffset": series,
            },
            "layer": [
                {
                    "mark": {"type": "bar", "cornerRadiusEnd": 3},
                    "encoding": {"color": {**series, "scale": NOW_AND_BEFORE}},
                },
                {"mark": {**NUMBERS, "fontSize": 11}, "encoding": {"text": {"field": "text"}}},
            ],
        },
        width=460,
        height={"step": 22},
        subtitle=subtitle,
    )


# ---------------------------------------------------------------- parts


def _spec(
    title: str,
    values: Sequence[Mapping[str, Any]],
    body: Mapping[str, Any],
    *,
    width: int,
    height: Any = 280,
    subtitle: str | None = None,
) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": title, **({"subtitle": subtitle} if subtitle else {})},
        "width": width,
        "height": height,
        "padding": 14,
        "autosize": {"type": "pad", "contains": "padding"},
        "data": {"values": list(values)},
        **body,
        "config": CONFIG,
    }


def _title(finding: Finding, metric: str, titles: Mapping[str, str]) -> str:
    said = titles.get(metric) or metric.replace("_", " ")
    said = said[:1].upper() + said[1:]
    splits = [d.replace("_", " ") for d in finding.arguments.get("dimensions", ())]
    if finding.arguments.get("grain"):
        splits.append(finding.arguments["grain"])
    by = f" by {' and '.join(splits)}" if splits else ""
    receipt = finding.result.receipt
    when = f", {period_text(receipt.period)}" if receipt and receipt.period else ""
    return f"{said}{by}{when}"


def _more(left: int, dimension: str) -> str | None:
    if left <= 0:
        return None
    word = dimension.replace("_", " ")
    plural = word if left == 1 else word[:-1] + "ies" if word.endswith("y") else word + "s"
    return f"and {left} more {plural}"


def _name(row: Mapping[str, Any], dims: Sequence[str], frame: Mapping[str, Any]) -> str:
    labels = {c["name"] for c in frame["columns"] if c["kind"] == "label"}
    parts = []
    for dimension in dims:
        value = row.get(dimension)
        text = row.get(f"{dimension}_name") if f"{dimension}_name" in labels else None
        shown = str(text or ("" if value is None else value))
        parts.append(NO_NAME.get(shown, value_name(shown) if not text else shown))
    joined = " / ".join(parts)
    return joined if len(joined) <= 48 else joined[:47].rstrip() + "…"


def _unique(names: Sequence[str], rows: Sequence[Mapping[str, Any]], dims: Sequence[str]) -> list[str]:
    """Two campaigns of one name stay two bars."""
    return [
        f"{n} ({'/'.join(str(r[d]) for d in dims)})" if names.count(n) > 1 else n
        for n, r in zip(names, rows, strict=True)
    ]


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _number_axis(
    column: Mapping[str, Any], values: Sequence[Mapping[str, Any]], field: str, *, zero: bool, grid: bool = True
) -> dict[str, Any]:
    largest = max((abs(v[field]) for v in values if v[field] is not None), default=0.0)
    axis = {"title": None, "format": _axis_format(column, largest), "tickCount": 5, "grid": grid}
    if suffix := _suffix(column):
        axis["labelExpr"] = f"format(datum.value, '{axis.pop('format')}') + '{suffix}'"
    elif symbol := _symbol(column):
        axis["labelExpr"] = f"'{symbol}' + format(datum.value, '{axis.pop('format')}')"
    return {"field": field, "type": "quantitative", "scale": {"zero": zero, "nice": True}, "axis": axis}


def _suffix(column: Mapping[str, Any]) -> str:
    return "×" if column.get("unit") == "ratio" and column["name"] in MULTIPLES else ""


def _symbol(column: Mapping[str, Any]) -> str:
    currency = column.get("currency")
    return SYMBOLS.get(currency, f"{currency} ") if currency else ""


def _axis_format(column: Mapping[str, Any], largest: float) -> str:
    if column.get("unit") == "ratio" and not _suffix(column):
        return ".0%" if largest >= 0.05 else ".1%"
    if _suffix(column) or largest < 10:
        return ".1f" if _suffix(column) or largest < 10 else ",.0f"
    return "~s" if largest >= 10_000 else ",.0f"


def _text(value: Any, column: Mapping[str, Any]) -> str:
    """A bar's own number, short: money without cents from a hundred on."""
    if value is None:
        return ""
    number = Decimal(str(value))
    if column.get("currency") and abs(number) >= 100:
        return value_text(number.quantize(Decimal(1)), "money", column["currency"]).removesuffix(".00")
    return value_text(number, column.get("unit"), column.get("currency"), column["name"])


def png(spec: Mapping[str, Any], *, scale: float = 2.0, most_bytes: int = 300_000) -> bytes:
    """The chart as a PNG of at most about 300 kB: drawn by vl-convert, then reduced to a palette."""
    import vl_convert
    from PIL import Image

    drawn = vl_convert.vegalite_to_png(dict(spec), scale=scale)
    image = Image.open(BytesIO(drawn)).convert("RGB")
    out = BytesIO()
    image.quantize(colors=128, dither=Image.Dither.NONE).save(out, format="PNG", optimize=True)
    small = out.getvalue()
    if len(small) > most_bytes and scale > 1:
        return png(spec, scale=scale / 1.5, most_bytes=most_bytes)
    return small if len(small) < len(drawn) else drawn
