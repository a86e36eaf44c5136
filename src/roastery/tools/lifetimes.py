"""Lifetime value of customers as a result: by group what they brought and will bring, CAC, payback, calibration."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from roastery.tools import facts
from roastery.tools.analysis.arrays import Flags
from roastery.tools.analysis.ltv import LifetimeForecast, forecast_ltv, payback_days
from roastery.tools.base import Fact, FactPeriod, ToolContext, ToolResult
from roastery.tools.buying import Buying, groups_of
from roastery.tools.charts import sized
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.lifetime_tables import (
    back_test_table,
    back_tested,
    bands_of,
    caveats_of,
    chart_of,
    group_table,
    label_of,
)
from roastery.tools.lifetime_worth import LEAST_GROUP, MONTH_DAYS, Group, Worth
from roastery.tools.receipts import analysis_receipt, new_receipt_id
from roastery.warehouse.errors import AskerError, DataError, NoData
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec, Provenance

USUAL_DAYS = 365


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
    tests = [back_tested(worth, bought, said, test) for test in said.back_tests]
    bands = bands_of(worth, bought, said)
    caveats = caveats_of(said, worth, dimension)
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
        tables=tuple(t for t in (group_table(worth, rows, dimension), back_test_table(worth, tests), bands[0]) if t),
        charts=tuple(sized(chart) for chart in chart_of(rows)),
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
    label = label_of(worth, dimension, group.name) if where else None
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
