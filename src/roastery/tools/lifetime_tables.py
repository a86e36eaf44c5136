"""Lifetime value shown: groups, how earlier forecasts held, bands of calibration, a chart, and what to know."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools.analysis.arrays import Floats
from roastery.tools.analysis.buyers import fit_buyers
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.histories import purchases_of
from roastery.tools.analysis.ltv import BackTest, LifetimeForecast, calibration
from roastery.tools.base import Fact, FactPeriod, Table
from roastery.tools.buying import Buying
from roastery.tools.lifetime_worth import Worth

BANDS = 10


def label_of(worth: Worth, dimension: str | None, name: str) -> Any:
    assert dimension is not None
    if dimension != "campaign":
        return worth.book.label(dimension, name)
    listed = worth.context.metrics.dimension_values("campaign", limit=2_000)
    names = {v.value: v.label or v.value for v in listed if v.value}
    return worth.book.label(dimension, name, names.get(name, name))


def back_tested(worth: Worth, bought: Buying, said: LifetimeForecast, test: BackTest) -> dict[str, Any]:
    """A forecast of the past beside what happened."""
    cut = bought.origin + timedelta(days=test.cut_day)
    period = FactPeriod(start=cut + timedelta(days=1), end=cut + timedelta(days=1 + test.horizon_days))
    return {
        "from": (cut + timedelta(days=1)).isoformat(),
        "days": test.horizon_days,
        "forecast": worth.number("forecast_orders", test.forecast[said.model], {}, period, "forecast"),
        "naive": worth.number("naive_forecast_orders", test.forecast["naive"], {}, period, "forecast"),
        "actual": worth.number("orders_that_came", test.actual_orders, {}, period, places="1"),
        "forecast_value": worth.money("forecast_value", test.forecast_value[said.model], {}, period, "forecast"),
        "actual_value": worth.money("value_that_came", test.actual_value, {}, period),
    }


def bands_of(worth: Worth, bought: Buying, said: LifetimeForecast) -> tuple[Table | None, list[dict[str, Any]]]:
    """Customers in bands of what was forecast of them at the last back-test, with what came."""
    if not said.back_tests:
        return None, []
    test = said.back_tests[-1]
    known = purchases_of(bought.customer, bought.day, bought.amount, test.cut_day)
    try:
        fit = fit_buyers(known.histories, said.model)
        forecast = fit.expected(known.histories, test.horizon_days / 7.0)[known.histories.row]
        later = (bought.day > test.cut_day) & (bought.day <= test.cut_day + test.horizon_days)
        visits = np.unique(bought.customer[later] * (bought.end_day + 2) + bought.day[later]) // (bought.end_day + 2)
        actual: Floats = np.bincount(visits, minlength=len(bought.ids)).astype(np.float64)[known.customers]
        found = calibration(forecast, actual, BANDS)
    except TooLittleData:
        return None, []
    cut = bought.origin + timedelta(days=test.cut_day + 1)
    period = FactPeriod(start=cut, end=cut + timedelta(days=test.horizon_days))
    rows, ids = [], []
    for n, band in enumerate(found, 1):
        shown = {
            "customers": worth.number("customers_in_band", band.customers, {}, period, places="1"),
            "forecast": worth.number("forecast_orders_per_customer", band.forecast, {}, period, "forecast", "0.001"),
            "actual": worth.number("orders_per_customer_that_came", band.actual, {}, period, places="0.001"),
        }
        rows.append({"band": str(n), **{k: format(f.value or Decimal(0), "f") for k, f in shown.items()}})
        ids.append({k: f.id for k, f in shown.items()})
    columns = (
        {"name": "band", "kind": "dimension"},
        *(
            {"name": k, "kind": "compare", "unit": "count", "currency": None}
            for k in ("customers", "forecast", "actual")
        ),
    )
    title = f"Orders per customer, forecast and actual, {test.horizon_days} days from {cut}, by band of forecast"
    return Table(title=title, columns=columns, rows=tuple(rows), fact_ids=tuple(ids)), [dict(i) for i in ids]


def caveats_of(said: LifetimeForecast, worth: Worth, dimension: str | None) -> tuple[str, ...]:
    found = list(said.caveats)
    if worth.margin is None:
        found.append("No gross margin is known, so LTV to CAC and payback are of revenue, not of margin.")
    if dimension in ("channel", "campaign"):
        found.append("Customers are grouped by the touch that their first sale is credited to: credited, not caused.")
    found.append("Values are before discounting, costs and taxes; cost of acquisition is media only.")
    return tuple(found)


GROUP_COLUMNS = {
    "customers": "count", "alive": "ratio", "expected_orders": "count", "to_date": "money", "value": "money",
    "low": "money", "high": "money", "predicted_ltv": "money", "cac": "money", "ltv_to_cac": "multiple",
    "payback": "days",
}  # fmt: skip


def group_table(worth: Worth, rows: Sequence[dict[str, Any]], dimension: str | None) -> Table:
    shown = [name for name in GROUP_COLUMNS if any(isinstance(row.get(name), Fact) for row in rows)]
    texts = {label.id: label.text for label in worth.book.labels}
    title = "Predicted lifetime value" + (f" by {dimension.replace('_', ' ')}" if dimension else "")
    return Table(
        title=title,
        columns=(
            {"name": dimension or "customers_of", "kind": "dimension"},
            *(
                {"name": name, "kind": "compare", "unit": GROUP_COLUMNS[name],
                 "currency": worth.currency if GROUP_COLUMNS[name] == "money" else None}
                for name in shown
            ),
        ),
        rows=tuple(
            {
                (dimension or "customers_of"): texts[row["labels"][0]] if row["labels"] else "everybody",
                **{k: _text(row.get(k)) for k in shown},
            }
            for row in rows
        ),
        fact_ids=tuple({k: row[k].id for k in shown if isinstance(row.get(k), Fact)} for row in rows),
    )  # fmt: skip


def back_test_table(worth: Worth, tests: Sequence[dict[str, Any]]) -> Table | None:
    if not tests:
        return None
    shown = {
        "forecast": "count",
        "naive": "count",
        "actual": "count",
        "forecast_value": "money",
        "actual_value": "money",
    }
    return Table(
        title="Earlier forecasts beside what happened",
        columns=(
            {"name": "from", "kind": "dimension"},
            {"name": "days", "kind": "dimension"},
            *({"name": k, "kind": "compare", "unit": u, "currency": worth.currency if u == "money" else None}
              for k, u in shown.items()),
        ),
        rows=tuple({"from": t["from"], "days": str(t["days"]), **{k: _text(t[k]) for k in shown}} for t in tests),
        fact_ids=tuple({k: t[k].id for k in shown} for t in tests),
    )  # fmt: skip


def chart_of(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    named = [row for row in rows if row["name"]]
    if len(named) < 2:
        return ()
    shown = {"predicted": "predicted_ltv", "to_date": "to_date"}
    values = [{"name": row["name"], **{k: float(row[column].value) for k, column in shown.items()}} for row in named]
    return (
        {
            "title": "Predicted lifetime value per customer",
            "data": {"values": values},
            "encoding": {"y": {"field": "name", "type": "nominal", "sort": None, "title": None}},
            "layer": [
                {"mark": {"type": "bar", "color": "#93c5fd"},
                 "encoding": {"x": {"field": "predicted", "type": "quantitative", "title": "Value per customer"}}},
                {"mark": {"type": "bar", "color": "#2563eb"},
                 "encoding": {"x": {"field": "to_date", "type": "quantitative"}}},
            ],
        },
    )  # fmt: skip


def _text(fact: Any) -> str | None:
    return format(fact.value, "f") if isinstance(fact, Fact) and fact.value is not None else None
