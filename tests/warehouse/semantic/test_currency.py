"""Amounts in several currencies: converted at each row's own day, or refused."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from roastery.warehouse.engine import Warehouse, Warehouses
from roastery.warehouse.errors import MissingRate
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.query import MetricQuery, PeriodSpec
from tests.warehouse.semantic.company import CLOCK, ORGANIZATION
from tests.warehouse.semantic.conftest import Ask

OCTOBER = PeriodSpec(start=date(2026, 10, 1), end=date(2026, 11, 1))


def shop(home: Path, rates: list[dict[str, str]]) -> tuple[Warehouse, SemanticLayer]:
    warehouse = Warehouses(home, b"s" * 32, (), CLOCK).open(ORGANIZATION)
    sales = [
        ("a", "2026-10-02", "10.00", "USD"),
        ("b", "2026-10-03", "7.00", "EUR"),
        ("c", "2026-10-20", "7.00", "EUR"),
    ]
    rows = [
        {"transaction_id": id, "occurred_at": f"{day}T15:00:00Z", "amount": amount, "currency": currency}
        for id, day, amount, currency in sales
    ]
    warehouse.upsert_rows("fx_rates", rates, build=False) if rates else None
    warehouse.upsert_rows("transactions", rows)
    return warehouse, SemanticLayer(warehouse, CLOCK)


def rate(day: str, value: str, base: str = "EUR", quote: str = "USD") -> dict[str, str]:
    return {"rate_date": day, "base_currency": base, "quote_currency": quote, "rate": value}


def test_every_row_is_converted_at_the_rate_of_its_own_day(tmp_path: Path) -> None:
    _, layer = shop(tmp_path, [rate("2026-10-01", "1.10"), rate("2026-10-10", "1.333333333333")])
    frame = layer.ask(MetricQuery(metrics=("revenue", "aov"), period=OCTOBER))
    exact = Decimal("10") + Decimal("7") * Decimal("1.10") + Decimal("7") * Decimal("1.333333333333")
    assert frame.totals["revenue"] == exact.quantize(Decimal("0.01")) == Decimal("27.03")
    assert frame.column("revenue").currency == "USD"
    assert any("Amounts in EUR are converted to USD" in caveat for caveat in frame.provenance.caveats)
    daily = layer.ask(MetricQuery(metrics=("revenue",), grain="week", period=OCTOBER))
    assert sum(row["revenue"] or 0 for row in daily.rows) == Decimal("27.03")


def test_asked_currency_uses_the_inverse_rate(tmp_path: Path) -> None:
    _, layer = shop(tmp_path, [rate("2026-10-01", "1.25")])
    frame = layer.ask(MetricQuery(metrics=("revenue",), period=OCTOBER, currency="eur"))
    assert (frame.totals["revenue"], frame.column("revenue").currency) == (Decimal("22.00"), "EUR")


def test_asked_currency_uses_a_cross_rate_and_its_own_minor_unit(tmp_path: Path) -> None:
    warehouse, layer = shop(tmp_path, [rate("2026-10-01", "1.25"), rate("2026-10-01", "160", "EUR", "JPY")])
    warehouse.upsert_rows(
        "transactions",
        [{"transaction_id": "j", "occurred_at": "2026-10-05T15:00:00Z", "amount": "1000", "currency": "JPY"}],
    )
    frame = layer.ask(MetricQuery(metrics=("revenue",), period=OCTOBER, currency="JPY"))
    assert str(frame.totals["revenue"]) == "4520"


def test_sum_is_refused_when_a_rate_is_missing_and_names_currency_and_day(tmp_path: Path) -> None:
    _, layer = shop(tmp_path, [rate("2026-10-10", "1.10")])
    query = MetricQuery(metrics=("revenue",), period=OCTOBER)
    with pytest.raises(MissingRate, match="from EUR to USD on or before 2026-10-03"):
        layer.ask(query)
    # What needs no rate is still answered.
    assert layer.ask(query.model_copy(update={"metrics": ("orders",)})).totals["orders"] == 3
    later = query.model_copy(update={"period": PeriodSpec(start=date(2026, 10, 10), end=date(2026, 11, 1))})
    assert layer.ask(later).totals["revenue"] == Decimal("7.70")


def test_without_any_rate_only_one_currency_can_be_summed(tmp_path: Path) -> None:
    _, layer = shop(tmp_path, [])
    with pytest.raises(MissingRate, match="Import fx_rates"):
        layer.ask(MetricQuery(metrics=("revenue",), period=OCTOBER))
    with pytest.raises(MissingRate, match="from EUR to USD"):
        layer.ask(MetricQuery(metrics=("revenue",), period=OCTOBER, compare_to="previous_period", grain="day"))
    alone = PeriodSpec(start=date(2026, 10, 1), end=date(2026, 10, 3))
    assert layer.ask(MetricQuery(metrics=("revenue",), period=alone)).totals["revenue"] == Decimal("10.00")


def test_stocks_are_converted_at_the_last_day_of_the_period(ask: Ask, rows: Any) -> None:
    frame = ask("pipeline_value", start="2026-09-01", end="2026-09-19")
    open_then = rows(
        "SELECT sum(amount * CASE currency WHEN 'EUR' THEN 1.2345 ELSE 1 END) AS n FROM opportunities "
        "WHERE created_at < TIMESTAMPTZ '2026-09-19 04:00:00+00' AND (closed_at IS NULL OR closed_at >= "
        "TIMESTAMPTZ '2026-09-19 04:00:00+00')"
    )
    assert frame.totals["pipeline_value"] == open_then[0]["n"].quantize(Decimal("0.01"))


def test_organization_of_one_currency_needs_no_rates(tmp_path: Path) -> None:
    warehouse = Warehouses(tmp_path, b"s" * 32, (), CLOCK).open(ORGANIZATION)
    warehouse.upsert_rows(
        "transactions",
        [{"transaction_id": "t", "occurred_at": "2026-10-03T12:00:00Z", "amount": "5", "currency": "USD"}],
    )
    layer = SemanticLayer(warehouse, CLOCK)
    assert "fx_daily" not in layer.explain(MetricQuery(metrics=("revenue",), period=OCTOBER)).sql
    with pytest.raises(MissingRate, match="from USD to EUR"):
        layer.ask(MetricQuery(metrics=("revenue",), period=OCTOBER, currency="EUR"))
