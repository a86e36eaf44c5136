"""Every analysis on every nasty history: a right result or a sentence, never a library's warning or NaN."""

import json
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Any

import pytest

from roastery.tools.base import ToolContext, ToolResult
from roastery.tools.registry import run
from roastery.warehouse.engine import Warehouse
from roastery.warehouse.errors import RoasteryError
from tests.tools.beans import LAST, as_csv, context_on, opened

LENGTH = 120
Row = dict[str, object]


def _order(n: int, day: date, **rest: object) -> Row:
    return {
        "transaction_id": f"o{n}", "customer_id": f"p{n % 17}", "occurred_at": f"{day}T18:00:00+00:00",
        "amount": "40.00", "refunded_amount": "0", "currency": "USD", "kind": "order", "status": "completed",
        "is_test": "false", "source_system": "shop", **rest,
    }  # fmt: skip


def _touch(n: int, day: date, **rest: object) -> Row:
    return {
        "touchpoint_id": f"t{n}", "customer_id": f"p{n % 17}", "occurred_at": f"{day}T12:00:00+00:00",
        "channel": "paid_social", "platform": "meta_ads", "campaign_id": "c1", "kind": "click", **rest,
    }  # fmt: skip


def _spend(day: date, **rest: object) -> Row:
    return {
        "report_date": day, "platform": "meta_ads", "account_id": "a", "campaign_id": "c1", "campaign_name": "One",
        "currency": "USD", "spend": "25.00", "impressions": 1000, "clicks": 20, **rest,
    }  # fmt: skip


def _days(length: int = LENGTH) -> list[tuple[int, date]]:
    return [(n, LAST - timedelta(days=length - 1 - n)) for n in range(length)]


def _tables(
    days: list[tuple[int, date]],
    order: Callable[[int], Row] = lambda n: {},
    touch: Callable[[int], Row] = lambda n: {},
    spend: Callable[[int], Row] = lambda n: {},
) -> dict[str, list[Row]]:
    """One order, one touch and one row of spend a day, each with what is nasty about it."""
    return {
        "transactions": [_order(n, day, **order(n)) for n, day in days],
        "touchpoints": [_touch(n, day, **touch(n)) for n, day in days],
        "ad_performance": [_spend(day, **spend(n)) for n, day in days],
    }


ZERO: Row = {"spend": "0", "impressions": 0, "clicks": 0}
NASTY: dict[str, dict[str, list[Row]]] = {
    "two_days": _tables(_days(2)),
    "constant_and_one_channel": _tables(_days()),
    "all_zero": _tables(_days(), order=lambda n: {"amount": "0.00"}, spend=lambda n: ZERO),
    "more_refunded_than_sold": _tables(_days(), order=lambda n: {"refunded_amount": f"{50 + n % 7}.00"}),
    "gaps": _tables([(n, day) for n, day in _days() if n % 23 > 9]),
    "a_single_customer": _tables(_days(), order=lambda n: {"customer_id": "p1"}, touch=lambda n: {"customer_id": "p1"}),
    "ties_in_time": _tables(
        _days(),
        order=lambda n: {"occurred_at": f"{LAST - timedelta(days=n // 30)}T12:00:00+00:00"},
        touch=lambda n: {"occurred_at": f"{LAST - timedelta(days=n // 30)}T12:00:00+00:00", "campaign_id": f"c{n % 3}"},
    ),
    "touch_after_sale": _tables(
        _days(), order=lambda n: {"customer_id": f"q{n}"},
        touch=lambda n: {"customer_id": f"q{n}", "occurred_at": f"{_days()[n][1]}T20:00:00+00:00"},
    ),
    "two_currencies_without_rates": _tables(
        _days(), order=lambda n: {"currency": "EUR" if n % 2 else "USD"},
        spend=lambda n: {"currency": "EUR" if n % 2 else "USD"},
    ),
}  # fmt: skip
PERIOD = {"name": "last_28_days"}
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("run_attribution", {"period": PERIOD, "by": "campaign"}),
    ("run_attribution", {"period": PERIOD, "attribution_model": "markov"}),
    ("run_attribution", {"period": PERIOD, "attribution_model": "shapley", "conversion": "new_customers"}),
    ("compare_attribution", {"period": PERIOD}),
    ("customer_journeys", {"period": PERIOD}),
    ("recommend_budget", {"by": "campaign"}),
    ("recommend_budget", {"by": "channel", "objective": "new_customers"}),
    ("analyze_assets", {"period": PERIOD}),
    ("explain_change", {"metric": "revenue", "period": PERIOD}),
    ("explain_change", {"metric": "roas", "period": PERIOD}),
    ("detect_anomalies", {"period": PERIOD}),
    ("detect_anomalies", {"metrics": ["revenue"], "period": PERIOD, "grain": "week"}),
    ("forecast_metric", {"metric": "revenue", "horizon": 28}),
    ("forecast_metric", {"metric": "ctr", "horizon": 14}),
    ("forecast_ltv", {}),
    ("analyze_cohorts", {"kind": "retention"}),
    ("analyze_cohorts", {"kind": "repeat"}),
]


# What `make test` looks at; the others take as long each and are looked at by `make prove`.
SAMPLE = ("two_days", "touch_after_sale")
EVERY = [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.prove) for name in NASTY]
Opener = Callable[[str], Warehouse]


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    """Opens a nasty organization, filled when it is first asked for."""
    made: dict[str, Warehouse] = {}
    with ExitStack() as stack:

        def filled(name: str) -> Warehouse:
            if name not in made:
                warehouse = stack.enter_context(opened(tmp_path_factory.mktemp(name)))
                for dataset, rows in NASTY[name].items():
                    report = warehouse.import_rows(dataset, as_csv(rows), "text/csv", build=False)
                    assert not report.rejected, report.errors
                warehouse.build()
                made[name] = warehouse
            return made[name]

        yield filled


@pytest.mark.parametrize("nasty", EVERY)
def test_every_analysis_gives_a_sound_result_or_a_sentence(nasty: str, history: Opener) -> None:
    context = context_on(history(nasty))
    for tool, arguments in ASKED:
        said = _asked(tool, arguments, context)
        if isinstance(said, ToolResult):
            _sound(said)
        else:
            assert said.endswith((".", "?", "!")), f"{tool} of {arguments}: {said}"


def _asked(tool: str, arguments: dict[str, Any], context: ToolContext) -> ToolResult | str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return run(tool, arguments, context)
        except RoasteryError as error:
            return error.message


def _sound(result: ToolResult) -> None:
    """Every number is one, and every chart and table can be written as strict JSON."""
    for fact in result.facts:
        assert fact.value is None or fact.value.is_finite(), fact
    json.dumps(result.model_dump(mode="json"), allow_nan=False)
    for cell in (value for table in result.tables for row in table.rows for value in row.values()):
        assert not isinstance(cell, float) or math.isfinite(cell)


def test_a_touch_after_the_sale_earns_nothing(history: Opener) -> None:
    result = run("run_attribution", {"period": PERIOD, "by": "campaign"}, context_on(history("touch_after_sale")))
    credited = {row["campaign"]: row for row in result.tables[0].rows}
    assert set(credited) == {"unattributed"}


@pytest.mark.prove
def test_one_channel_gets_all_credit_under_every_model(history: Opener) -> None:
    result = run("compare_attribution", {"period": PERIOD}, context_on(history("constant_and_one_channel")))
    rows = {row["channel"]: row for row in result.tables[0].rows}
    total = sum(float(row["linear"]) for row in rows.values())
    for model in ("first_touch", "last_touch", "linear", "markov", "shapley"):
        assert float(rows["paid_social"][model]) == pytest.approx(total, abs=0.01)
