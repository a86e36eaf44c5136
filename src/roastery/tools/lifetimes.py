"""Lifetime value of customers as a result: by group what they brought and will bring, CAC, payback, calibration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.tools import facts
from roastery.tools.analysis.arrays import Flags, Floats
from roastery.tools.analysis.buyers import fit_buyers
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.histories import purchases_of
from roastery.tools.analysis.ltv import BackTest, LifetimeForecast, calibration, forecast_ltv, payback_days
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.buying import Buying, groups_of
from roastery.tools.charts import sized
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.receipts import analysis_receipt, new_receipt_id
from roastery.warehouse.errors import AskerError, DataError, NoData
from roastery.warehouse.money import minor_digits
from roastery.warehouse.semantic.query import FilterSpec, MetricQuery, PeriodSpec, Provenance

LEAST_GROUP = 30
MONTH_DAYS = 30.4375
BANDS = 10
USUAL_DAYS = 365


@dataclass(frozen=True)
class Group:
    """Customers told together; an empty name is everybody."""

    name: str
    members: Flags


@dataclass
class Worth:
    """Writes the facts of groups of customers. `margin` is None where value is revenue."""

    context: ToolContext
    arguments: Any
    book: FactBook
    as_of: date
    margin: Fact | None

    @property
    def currency(self) -> str:
        return self.context.organization.currency

    @property
    def cents(self) -> Decimal:
        return Decimal(1).scaleb(-minor_digits(self.currency))

    @property
    def ahead(self) -> FactPeriod:
        first = self.as_of + timedelta(days=1)
        return FactPeriod(start=first, end=first + timedelta(days=self.arguments.horizon_days))

    def money(
        self, metric: str, value: float, where: dict[str, str], period: FactPeriod, kind: str = "measured"
    ) -> Fact:
        return self._fact(metric, value, "money", self.cents, where, period, kind)

    def number(
        self, metric: str, value: float, where: dict[str, str], period: FactPeriod, kind: str = "measured",
        places: str = "0.1",
    ) -> Fact:  # fmt: skip
        return self._fact(metric, value, "count", Decimal(places), where, period, kind)

    def ratio(
        self, metric: str, value: float, where: dict[str, str], period: FactPeriod, kind: str = "forecast"
    ) -> Fact:
        return self._fact(metric, value, "ratio", Decimal("0.0001"), where, period, kind)

    def _fact(
        self, metric: str, value: float, unit: str, quantum: Decimal, where: dict[str, str], period: FactPeriod,
        kind: str,
    ) -> Fact:  # fmt: skip
        made = self.book.measured(
            metric, Decimal(repr(float(value))).quantize(quantum), unit, period,
            currency=self.currency if unit == "money" else None, dimensions=where,
        )  # fmt: skip
        return self.book.amended(made.id, made.value, kind=kind)

    def earned(self, value: Fact) -> Fact:
        """A value as gross margin, itself where no margin is known."""
        if self.margin is None or value.value is None or self.margin.value is None:
            return value
        amount = (value.value * self.margin.value).quantize(self.cents)
        text = f"{value.id} * {self.margin.id}"
        base = value.model_copy(update={"metric": "predicted_margin"})
        return self.book.computed(facts.by_formula, base, "forecast", amount, text, [value, self.margin])

    @property
    def guesses_margin(self) -> bool:
        """Whether margins are a rate of revenue, or those of another day, rather than the lines' own."""
        return self.margin is None or self.arguments.gross_margin_rate is not None or self.arguments.as_of is not None

    def payback(self, where: dict[str, str], acquired: FactPeriod) -> Fact | None:
        """The metric `payback_days` of all customers acquired in a period, None when not yet or nobody knows."""
        query = MetricQuery(metrics=("payback_days",), period=PeriodSpec(start=acquired.start, end=acquired.end))
        try:
            value = self.context.metrics.ask(query, row_scope=self.context.actor.row_scope).totals.get("payback_days")
        except (AskerError, DataError):
            return None
        if value is None:
            return None
        return self._fact("payback_days", float(value), "days", Decimal(1), where, acquired, "measured")

    def cost(self, dimension: str | None, name: str, acquired: FactPeriod) -> Fact | None:
        """What a new customer of a group has cost (media only), None where nobody knows."""
        filters: tuple[FilterSpec, ...] = ()
        if dimension in ("channel", "campaign"):
            filters = (FilterSpec(dimension=dimension, op="in", values=(name,)),)
        elif dimension == "segment":
            return None
        query = MetricQuery(
            metrics=("cac",), filters=filters, period=PeriodSpec(start=acquired.start, end=acquired.end)
        )
        try:
            value = self.context.metrics.ask(query, row_scope=self.context.actor.row_scope).totals.get("cac")
        except (AskerError, DataError):
            return None
        where = {dimension: name} if dimension else {}
        return None if value is None else self.money("cac", float(value), where, acquired)


def customers_result(context: ToolContext, arguments: Any, bought: Buying) -> ToolResult:
    """Errors: TooLittleData, BadPeriod."""
    said = forecast_ltv(bought.customer, bought.day, bought.amount, bought.end_day, horizon_days=arguments.horizon_days)
    _keep(context, arguments, bought, said)
    book = FactBook(new_receipt_id())
    worth = Worth(context, arguments, book, bought.as_of, None)
    worth.margin = _margin(worth)
    acquired = _acquired(context, arguments, bought)
    scope = bought.acquired(acquired.start, acquired.end)
    if not scope.any():
        raise NoData("No customer was acquired in this period.")
    groups = _groups(context, arguments, bought, scope)
    dimension = arguments.dimensions[0] if arguments.dimensions else None
    rows = [_told(worth, bought, said, group, dimension, acquired) for group in groups]
    tests = [_test(worth, bought, said, test) for test in said.back_tests]
    bands = _bands(worth, bought, said)
    caveats = _caveats(said, worth, dimension)
    shown = canonical_rows(
        {"key": row["name"] or "everybody", **{k: f.value for k, f in row.items() if isinstance(f, Fact)}}
        for row in rows
    )
    pinned = {**arguments.model_dump(mode="json", exclude_defaults=True), "as_of": bought.as_of.isoformat()}
    if arguments.period is not None:
        pinned["period"] = {"start": acquired.start.isoformat(), "end": acquired.end.isoformat()}
    receipt = analysis_receipt(
        _with_margin(worth, bought.provenance),
        "forecast_ltv",
        pinned,
        shown,
        context,
        period=worth.ahead,
        caveats=caveats,
    ).model_copy(update={"id": book.receipt_id})
    return ToolResult(
        tool=receipt.tool,
        facts=book.facts,
        labels=book.labels,
        tables=tuple(t for t in (_group_table(worth, rows, dimension), _test_table(worth, tests), bands[0]) if t),
        charts=tuple(sized(chart) for chart in _chart(rows)),
        caveats=(*caveats, *bought.provenance.caveats),
        receipt=receipt,
        data={
            "kind": "customers",
            "model": said.model,
            "dimensions": list(arguments.dimensions),
            "horizon_days": arguments.horizon_days,
            "groups": [{k: v.id if isinstance(v, Fact) else v for k, v in row.items()} for row in rows],
            "tests": [{k: v.id if isinstance(v, Fact) else v for k, v in row.items()} for row in tests],
            "bands": bands[1],
            "margin": worth.margin.id if worth.margin else None,
        },
    )


def _keep(context: ToolContext, arguments: Any, bought: Buying, said: LifetimeForecast) -> None:
    """The usual forecast (a year ahead, as known today) stays for `predicted_ltv`, where the warehouse can keep it."""
    keep = getattr(context.metrics.warehouse, "keep_predictions", None)
    if keep is None or arguments.horizon_days != USUAL_DAYS or arguments.as_of is not None:
        return
    count = len(bought.ids)
    first = np.datetime64(bought.origin) + bought.first_day.astype("timedelta64[D]")
    columns = {
        "customer_id": pa.array(bought.ids),
        "acquired_on": pa.array(first.astype("datetime64[D]")),
        "to_date": np.bincount(bought.customer, weights=bought.amount, minlength=count),
        "expected": said.expected_value,
        "currency": pa.array([context.organization.currency] * count),
        "as_of": pa.array([bought.as_of] * count),
    }
    keep(pa.table(columns))


def _with_margin(worth: Worth, made: Provenance) -> Provenance:
    """What the values were made of names the margin too, so that who may not see it may not read the receipt."""
    if worth.margin is None:
        return made
    told = worth.context.metrics.semantics.defined(worth.margin.metric)
    return replace(made, metric_definitions={**made.metric_definitions, worth.margin.metric: told})


def _margin(worth: Worth) -> Fact | None:
    """The asked gross margin rate, else that of the last year, where lines with a cost tell it."""
    year = FactPeriod(start=worth.as_of - timedelta(days=364), end=worth.as_of + timedelta(days=1))
    if worth.arguments.gross_margin_rate is not None:
        return worth.ratio("gross_margin_rate", float(worth.arguments.gross_margin_rate), {}, year, "measured")
    query = MetricQuery(metrics=("gross_margin_rate",), period=PeriodSpec(start=year.start, end=year.end))
    try:
        value = worth.context.metrics.ask(query).totals.get("gross_margin_rate")
    except (AskerError, DataError):
        return None
    return None if value is None else worth.ratio("gross_margin_rate", float(value), {}, year, "measured")


def _acquired(context: ToolContext, arguments: Any, bought: Buying) -> FactPeriod:
    if arguments.period is None:
        return FactPeriod(start=bought.origin, end=bought.as_of + timedelta(days=1))
    period = context.metrics.resolve_period(arguments.period)
    return FactPeriod(start=period.start, end=period.end)


def _groups(context: ToolContext, arguments: Any, bought: Buying, scope: Flags) -> list[Group]:
    """Everybody, then the values of the dimension: months in order, others by size; small ones left out."""
    groups = [Group("", scope)]
    if not arguments.dimensions:
        return groups
    dimension = arguments.dimensions[0]
    if dimension == "cohort_month":
        days = np.datetime64(bought.origin) + bought.first_day.astype("timedelta64[D]")
        names = [str(month) for month in days.astype("datetime64[M]")]
    else:
        names = groups_of(context, dimension, bought.ids)
    labels = np.array(names, dtype=object)
    sizes = {name: int((scope & (labels == name)).sum()) for name in dict.fromkeys(names)}
    kept = [name for name, size in sizes.items() if size >= LEAST_GROUP]
    kept.sort(key=(lambda n: n) if dimension == "cohort_month" else (lambda n: (-sizes[n], n)))
    kept = kept[-arguments.limit :] if dimension == "cohort_month" else kept[: arguments.limit]
    return [*groups, *(Group(name, np.asarray(scope & (labels == name))) for name in kept)]


def _told(
    worth: Worth, bought: Buying, said: LifetimeForecast, group: Group, dimension: str | None, acquired: FactPeriod
) -> dict[str, Any]:
    """One group's facts."""
    where = {dimension: group.name} if dimension and group.name else {}
    label = _label(worth, dimension, group.name) if where else None
    members, count = group.members, int(group.members.sum())
    history = FactPeriod(start=bought.origin, end=bought.as_of + timedelta(days=1))
    spent = np.bincount(bought.customer, weights=bought.amount, minlength=len(bought.ids))
    customers = worth.number("customers", count, where, history, places="1")
    to_date = worth.money("ltv", float(spent[members].mean()), where, history)
    orders, value = said.orders(members), said.value(members)
    row: dict[str, Any] = {
        "name": group.name,
        "labels": [label.id] if label else [],
        "customers": customers,
        "alive": worth.ratio("share_still_customers", float(said.alive[members].mean()), where, worth.ahead),
        "expected_orders": worth.number("expected_orders", orders.expected, where, worth.ahead, "forecast"),
        "to_date": to_date,
        "value": worth.money("expected_value", value.expected, where, worth.ahead, "forecast"),
        "low": worth.money("expected_value", value.low, where, worth.ahead, "forecast"),
        "high": worth.money("expected_value", value.high, where, worth.ahead, "forecast"),
    }
    assert to_date.value is not None
    assert row["value"].value is not None
    each = worth.book.computed(
        facts.by_formula, to_date.model_copy(update={"metric": "predicted_ltv", "period": worth.ahead}), "forecast",
        (to_date.value + row["value"].value / count).quantize(worth.cents),
        f"{to_date.id} + {row['value'].id} / {customers.id}", [to_date, row["value"], customers],
    )  # fmt: skip
    row["predicted_ltv"] = each
    if worth.arguments.monthly_discount_rate:
        months = max(round(worth.arguments.horizon_days / MONTH_DAYS), 1)
        discounted = said.clv(months, float(worth.arguments.monthly_discount_rate))[members].sum()
        row["discounted"] = worth.money("discounted_value", float(discounted), where, worth.ahead, "forecast")
    start, end = _cost_days(group, dimension, acquired)
    cost = worth.cost(dimension, group.name, FactPeriod(start=start, end=end)) if where or not dimension else None
    cost = cost or (worth.cost(None, "", acquired) if not group.name else None)
    if cost is not None and cost.value:
        margin = worth.earned(each)
        row["cac"] = cost
        row["ltv_to_cac"] = worth.book.computed(facts.multiple, margin, cost)
        asked = FactPeriod(start=start, end=end)
        row["payback"] = (
            _payback(worth, bought, members, cost, where, history)
            if worth.guesses_margin or (where and dimension != "cohort_month")
            else worth.payback(where, asked)
        )
    return row


def _cost_days(group: Group, dimension: str | None, acquired: FactPeriod) -> tuple[date, date]:
    """A cohort's own month; else the days in which the customers were acquired."""
    if dimension == "cohort_month" and group.name:
        first = date.fromisoformat(f"{group.name}-01")
        return first, date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return acquired.start, acquired.end


def _payback(
    worth: Worth, bought: Buying, members: Flags, cost: Fact, where: dict[str, str], history: FactPeriod
) -> Fact | None:
    """Days until the margin of customers old enough has reached their cost, None when it has not."""
    margin = float(worth.margin.value) if worth.margin and worth.margin.value else 1.0
    age = bought.day - bought.first_day[bought.customer]
    inside = members[bought.customer]
    by_day = np.bincount(age[inside], weights=bought.amount[inside] * margin)
    # Each day of age counts those customers who have reached it.
    ages = bought.end_day - bought.first_day[members]
    reached = np.array([(ages >= day).sum() for day in range(len(by_day))])
    days = payback_days(by_day / np.maximum(reached, 1), float(cost.value or 0))
    if days is None:
        return None
    made = worth.book.measured("payback_days", Decimal(days), "days", history, dimensions=where)
    return worth.book.amended(made.id, made.value)


def _label(worth: Worth, dimension: str | None, name: str) -> Any:
    assert dimension is not None
    if dimension != "campaign":
        return worth.book.label(dimension, name)
    listed = worth.context.metrics.dimension_values("campaign", limit=2_000)
    names = {v.value: v.label or v.value for v in listed if v.value}
    return worth.book.label(dimension, name, names.get(name, name))


def _test(worth: Worth, bought: Buying, said: LifetimeForecast, test: BackTest) -> dict[str, Any]:
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


def _bands(worth: Worth, bought: Buying, said: LifetimeForecast) -> tuple[Table | None, list[dict[str, Any]]]:
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


def _caveats(said: LifetimeForecast, worth: Worth, dimension: str | None) -> tuple[str, ...]:
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


def _group_table(worth: Worth, rows: Sequence[dict[str, Any]], dimension: str | None) -> Table:
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


def _test_table(worth: Worth, tests: Sequence[dict[str, Any]]) -> Table | None:
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


def _chart(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
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
