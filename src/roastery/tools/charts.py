"""Vega-Lite charts of analyses: what is drawn and from which values; the room above gives them the house's look."""

from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
MOST_BARS = 15
NAMES = {"field": "name", "type": "nominal", "axis": {"title": None, "labelLimit": 260}}


def spec(title: str, values: Sequence[Mapping[str, Any]], body: Mapping[str, Any], **size: Any) -> dict[str, Any]:
    """A whole spec; its values stand inside, so that it can be drawn offline."""
    return {
        "$schema": SCHEMA,
        "title": {"text": title},
        "data": {"values": list(values)},
        "width": 520,
        "height": 280,
        **size,
        **body,
    }


def sized(chart: Mapping[str, Any], **size: Any) -> dict[str, Any]:
    """A chart that has its title, values and layers already, with schema and size."""
    return {"$schema": SCHEMA, "width": 560, "height": 280, **size, **chart, "title": {"text": chart["title"]}}


def number_axis(unit: str, currency: str | None = None, title: str | None = None) -> dict[str, Any]:
    """The axis of a quantity."""
    percent = unit == "ratio"
    return {"title": title or currency, "format": ".0%" if percent else "~s", "tickCount": 5}


def bars(title: str, values: Sequence[Mapping[str, Any]], unit: str, currency: str | None = None) -> dict[str, Any]:
    """Sorted bars with their intervals. values: name, value, low, high (null where there is none)."""
    shown = list(values)[:MOST_BARS]
    names = [v["name"] for v in shown]
    y = {**NAMES, "sort": names}
    told = [v for v in shown if v.get("low") is not None]
    axis = number_axis(unit, currency)
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 3},
            "encoding": {"x": {"field": "value", "type": "quantitative", "axis": axis}},
        }
    ]
    if told:
        layers.append(
            {
                "transform": [{"filter": "datum.low != null"}],
                "mark": {"type": "rule", "strokeWidth": 2, "color": "#0f172a"},
                "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
            }
        )
    return spec(title, shown, {"encoding": {"y": y}, "layer": layers}, height={"step": 26})


def grouped_bars(title: str, values: Sequence[Mapping[str, Any]], axis: Mapping[str, Any]) -> dict[str, Any]:
    """Bars side by side. values: name, series, value."""
    names = list(dict.fromkeys(v["name"] for v in values))
    series = list(dict.fromkeys(v["series"] for v in values))
    body = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "y": {**NAMES, "sort": names},
            "yOffset": {"field": "series", "sort": series},
            "x": {"field": "value", "type": "quantitative", "axis": dict(axis)},
            "color": {"field": "series", "type": "nominal", "sort": series, "legend": {"title": None, "orient": "top"}},
        },
    }
    return spec(title, values, body, height={"step": 12})


def lines(
    title: str,
    values: Sequence[Mapping[str, Any]],
    x: Mapping[str, Any],
    y_axis: Mapping[str, Any],
    *,
    points: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Curves with bands. values: series, x, value, low, high; points: series, x, value, drawn on the curves."""
    color = {"field": "series", "type": "nominal", "legend": {"title": None, "orient": "top"}}
    y = {"field": "value", "type": "quantitative", "axis": dict(y_axis)}
    across = {"field": "x", "type": "quantitative", **x}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "opacity": 0.15},
            "encoding": {"x": across, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": color},
        },
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": across, "y": y, "color": color}},
    ]
    if points:
        layers.append(
            {
                "data": {"values": list(points)},
                "mark": {"type": "point", "filled": True, "size": 70},
                "encoding": {"x": across, "y": y, "color": color},
            }
        )
    return spec(title, values, {"layer": layers}, width=560)


def flows(title: str, values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where journeys stand at each step, as stacked bars. values: step, name, value."""
    steps = sorted({v["step"] for v in values})
    body = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "step", "type": "ordinal", "sort": steps, "axis": {"title": "touch", "labelAngle": 0}},
            "y": {"field": "value", "type": "quantitative", "stack": "zero", "axis": number_axis("count")},
            "color": {"field": "name", "type": "nominal", "legend": {"title": None, "orient": "right"}},
        },
    }
    return spec(title, values, body)
