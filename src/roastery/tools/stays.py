"""How long subscribers stay and what they still pay, as a result: shifted-beta-geometric, tested on the past."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from roastery.tools import facts
from roastery.tools.analysis.arrays import Flags, Floats
from roastery.tools.analysis.errors import TooLittleData
from roastery.tools.analysis.subscriptions import ChurnFit, fit_churn
from roastery.tools.base import Fact, FactPeriod, Table, ToolContext, ToolResult
from roastery.tools.buying import Subscribed, groups_of
from roastery.tools.facts import FactBook
from roastery.tools.frames import canonical_rows
from roastery.tools.lifetime_worth import LEAST_GROUP, MONTH_DAYS, Worth
from roastery.tools.receipts import analysis_receipt, new_receipt_id
from roastery.warehouse.errors import NoData

LEAST_WIDENING, UNTESTED_WIDENING = 1.2, 2.0
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Tested:
    """A forecast of paid months made in the past beside what came; None of it where the past is too short."""

    days: int
    forecast: float
    actual: float
    widening: float


def months(days: Any) -> Floats:
    """Whole months in a number of days."""
    return np.floor(np.asarray(days, dtype=np.float64) / MONTH_DAYS)


def fitted(held: Subscribed, end_day: int) -> tuple[ChurnFit, Flags, Floats]:
    """The fit on what was known on a day, who was subscribed then, and the months that each had stayed."""
    begun = held.paid_day <= end_day
    gone = begun & held.has_ended & (held.ended_day <= end_day)
    last = np.where(gone, held.ended_day, end_day)
    stayed = months(last - held.paid_day)
    periods = np.where(gone, stayed + 1, stayed)
    fit = fit_churn(periods[begun], gone[begun])
    return fit, np.asarray(begun & ~gone), stayed


def tested(held: Subscribed, horizon_days: int) -> Tested | None:
    """The same forecast from two thirds of the history."""
    cut = held.end_day - min(horizon_days, held.end_day // 3)
    ahead = int(months(held.end_day - cut))
    if ahead < 1:
        return None
    try:
        fit, active, stayed = fitted(held, cut)
    except TooLittleData:
        return None
    low, expected, high = fit.total_interval(stayed[active], ahead)
    until = np.where(held.has_ended, np.minimum(held.ended_day, held.end_day), held.end_day)
    actual = float(np.minimum(months(until - held.paid_day) - stayed, ahead)[active].sum())
    spread = max(high - expected, expected - low, 1e-9)
    return Tested(held.end_day - cut, expected, actual, max(LEAST_WIDENING, abs(actual - expected) / spread))


def subscribers_result(context: ToolContext, arguments: Any, held: Subscribed) -> ToolResult:
    """Errors: TooLittleData."""
    fit, active, stayed = fitted(held, held.end_day)
    test = tested(held, arguments.horizon_days)
    book = FactBook(new_receipt_id())
    worth = Worth(context, arguments, book, held.as_of, None)
    ahead = max(int(months(arguments.horizon_days)), 1)
    widening = test.widening if test else UNTESTED_WIDENING
    scope = active & _begun_in(context, arguments, held)
    if not scope.any():
        raise NoData("No subscription of this period is active.")
    rows = [
        _told(worth, held, fit, name, members, stayed, ahead, widening)
        for name, members in _groups(context, arguments, held, scope)
    ]
    shown = canonical_rows(
        {"key": row["name"] or "everybody", **{k: f.value for k, f in row.items() if isinstance(f, Fact)}}
        for row in rows
    )
    caveats = [
        "Churn is forecast by month: what slows it down is that those who stay are those who like to.",
        "Value is recurring revenue at today's price, before discounting and costs.",
    ]
    if test is None:
        caveats.insert(0, "The history is too short to test the forecast on the past; its interval is doubled.")
    pinned = {**arguments.model_dump(mode="json", exclude_defaults=True), "as_of": held.as_of.isoformat()}
    receipt = analysis_receipt(
        held.provenance, "forecast_ltv", pinned, shown, context, period=worth.ahead, caveats=caveats
    ).model_copy(update={"id": book.receipt_id})
    checks = _test_facts(worth, held, test) if test else {}
    return ToolResult(
        tool=receipt.tool,
        facts=book.facts,
        labels=book.labels,
        tables=(_table(worth, rows, arguments.dimensions[0] if arguments.dimensions else None),),
        caveats=(*caveats, *held.provenance.caveats),
        receipt=receipt,
        data={
            "kind": "subscriptions",
            "model": "shifted_beta_geometric",
            "dimensions": list(arguments.dimensions),
            "horizon_days": arguments.horizon_days,
            "groups": [{k: v.id if isinstance(v, Fact) else v for k, v in row.items()} for row in rows],
            "tests": [{k: v.id for k, v in checks.items()}] if checks else [],
        },
    )


def _begun_in(context: ToolContext, arguments: Any, held: Subscribed) -> Flags:
    if arguments.period is None:
        return np.ones(len(held.ids), dtype=np.bool_)
    period = context.metrics.resolve_period(arguments.period)
    first, last = (period.start - held.origin).days, (period.end - held.origin).days
    return np.asarray((held.paid_day >= first) & (held.paid_day < last))


def _groups(context: ToolContext, arguments: Any, held: Subscribed, scope: Flags) -> list[tuple[str, Flags]]:
    if not arguments.dimensions:
        return [("", scope)]
    dimension = arguments.dimensions[0]
    if dimension == "cohort_month":
        days = np.datetime64(held.origin) + held.paid_day.astype("timedelta64[D]")
        names = [str(month) for month in days.astype("datetime64[M]")]
    else:
        names = groups_of(context, dimension, held.customers)
    labels = np.array(names, dtype=object)
    sizes = {name: int((scope & (labels == name)).sum()) for name in sorted(set(names))}
    kept = [name for name, size in sizes.items() if size >= LEAST_GROUP][: arguments.limit]
    return [("", scope), *((name, np.asarray(scope & (labels == name))) for name in kept)]


def _told(
    worth: Worth, held: Subscribed, fit: ChurnFit, name: str, members: Flags, stayed: Floats, ahead: int,
    widening: float,
) -> dict[str, Any]:  # fmt: skip
    dimension = worth.arguments.dimensions[0] if worth.arguments.dimensions else None
    where = {dimension: name} if dimension and name else {}
    label = worth.book.label(dimension, name) if dimension and name else None
    history = FactPeriod(start=held.origin, end=held.as_of + timedelta(days=1))
    n, mrr = stayed[members], np.nan_to_num(held.mrr[members])
    rate = float(worth.arguments.monthly_discount_rate)
    each = fit.expected_periods(n, ahead, rate)
    low, expected, high = fit.total_interval(n, ahead, widening=widening)
    value = float(each @ mrr)
    scale = value / expected if expected else 0.0
    survivors = float((fit.survival(n + ahead) / fit.survival(n)).mean())
    count = worth.number("active_subscriptions", len(n), where, history, places="1")
    row: dict[str, Any] = {
        "name": name,
        "labels": [label.id] if label else [],
        "customers": count,
        "alive": worth.ratio("share_still_subscribed", survivors, where, worth.ahead),
        "expected_orders": worth.number("expected_paid_months", expected, where, worth.ahead, "forecast"),
        "value": worth.money("expected_value", value, where, worth.ahead, "forecast"),
        "low": worth.money("expected_value", low * scale, where, worth.ahead, "forecast"),
        "high": worth.money("expected_value", high * scale, where, worth.ahead, "forecast"),
    }
    total: Fact = row["value"]
    assert total.value is not None
    row["predicted_ltv"] = worth.book.computed(
        facts.by_formula, total.model_copy(update={"metric": "predicted_ltv"}), "forecast",
        (total.value / len(n)).quantize(worth.cents), f"{total.id} / {count.id}", [total, count],
    )  # fmt: skip
    return row


def _test_facts(worth: Worth, held: Subscribed, test: Tested) -> dict[str, Fact]:
    cut = held.as_of - timedelta(days=test.days)
    period = FactPeriod(start=cut + timedelta(days=1), end=held.as_of + timedelta(days=1))
    return {
        "forecast": worth.number("forecast_paid_months", test.forecast, {}, period, "forecast"),
        "actual": worth.number("paid_months_that_came", test.actual, {}, period, places="1"),
    }


SHOWN = {
    "customers": "count", "alive": "ratio", "expected_orders": "count", "value": "money", "low": "money",
    "high": "money", "predicted_ltv": "money",
}  # fmt: skip


def _table(worth: Worth, rows: list[dict[str, Any]], dimension: str | None) -> Table:
    texts = {label.id: label.text for label in worth.book.labels}
    return Table(
        title="Expected recurring revenue" + (f" by {dimension.replace('_', ' ')}" if dimension else ""),
        columns=(
            {"name": dimension or "subscribers_of", "kind": "dimension"},
            *({"name": k, "kind": "compare", "unit": u, "currency": worth.currency if u == "money" else None}
              for k, u in SHOWN.items()),
        ),
        rows=tuple(
            {(dimension or "subscribers_of"): texts[row["labels"][0]] if row["labels"] else "everybody",
             **{k: format(row[k].value or Decimal(0), "f") for k in SHOWN}}
            for row in rows
        ),
        fact_ids=tuple({k: row[k].id for k in SHOWN} for row in rows),
    )  # fmt: skip
