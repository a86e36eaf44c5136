"""Fiscal periods, quarters and years of whole weeks as grains: SQL as the calendar, metrics as their checks."""

import copy
import itertools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from roastery.warehouse.engine import Warehouse, compiled
from roastery.warehouse.organization import WEEKDAYS
from roastery.warehouse.semantic.calendar import FISCAL, Calendar
from roastery.warehouse.semantic.days import bucket, bucket_end
from roastery.warehouse.semantic.layer import SemanticLayer
from roastery.warehouse.semantic.load import shipped
from roastery.warehouse.semantic.query import MetricFrame, MetricQuery
from tests.warehouse.semantic.company import CLOCK, ORGANIZATION
from tests.warehouse.semantic.oracle import Asked, Oracle, rounded

RETAIL = ORGANIZATION.with_settings(fiscal_weeks="4-4-5", fiscal_year_start=2, week_start="sunday")
CALENDARS = [
    ("4-5-4", 2, "sunday"),
    *(pytest.param(*calendar, marks=pytest.mark.prove)
      for calendar in (("4-4-5", 1, "monday"), ("5-4-4", 9, "saturday"), ("4-4-5", 12, "thursday"))),
]  # fmt: skip
SAMPLE = ("revenue", "mrr", "active_customers")
"""A sum, a stock and a distinct count."""
OTHERS = ("orders", "spend", "roas", "aov", "active_subscriptions", "churn_rate", "new_customers", "stock_on_hand",
          "sales_cycle_days", "open_rate", "leads")  # fmt: skip
METRICS = [*SAMPLE, *(pytest.param(name, marks=pytest.mark.prove) for name in OTHERS)]
Ask = Callable[..., MetricFrame]


@pytest.fixture(scope="module")
def retail(company: Warehouse) -> Ask:
    """Asks the nasty company as one whose years are of whole weeks."""
    other = copy.copy(company)
    other.organization = RETAIL
    layer = SemanticLayer(other, CLOCK)

    def ask(*metrics: str, **fields: Any) -> MetricFrame:
        return layer.ask(MetricQuery.model_validate({"metrics": metrics, **fields}))

    return ask


@pytest.mark.parametrize(("pattern", "month", "weekday"), CALENDARS)
def test_sql_puts_every_day_of_thirty_years_where_a_walk_through_the_weeks_does(
    pattern: str, month: int, weekday: str
) -> None:
    calendar = Calendar(date(2026, 11, 10), weekday, month, fiscal_weeks=pattern)
    organization = RETAIL.with_settings(fiscal_weeks=pattern, fiscal_year_start=month, week_start=weekday)
    day: Any = sa.literal_column("day")
    latest: Any = sa.literal_column("DATE '2999-01-01'")
    first = sa.select(day, *(bucket(day, grain, calendar).label(grain) for grain in FISCAL))  # type: ignore[arg-type]
    within = first.select_from(sa.text("days")).subquery("within")
    after = [bucket_end(within.c[grain], grain, latest, calendar).label(f"after_{grain}") for grain in FISCAL]  # type: ignore[arg-type]
    text, _ = compiled(sa.select(within, *after).order_by(sa.literal_column("1")))
    with duckdb.connect() as database:
        database.execute(
            "CREATE TABLE days AS SELECT unnest(range(DATE '2005-01-01', DATE '2035-01-01', INTERVAL 1 DAY))::DATE "
            "AS day"
        )
        rows = database.sql(text).fetchall()
    assert len(rows) == 10_957
    for n, grain in enumerate(FISCAL):
        walk = Asked(date(2005, 1, 1), date(2035, 1, 1), grain=grain, organization=organization)
        walked = {row[0]: walk.bucket(row[0]) for row in rows}
        assert {row[0]: row[1 + n] for row in rows} == walked, grain
        firsts = sorted({first for first in walked.values() if first})
        after = dict(itertools.pairwise(firsts))
        assert all(row[4 + n] == after[row[1 + n]] for row in rows if row[1 + n] in after), grain
        assert {first.weekday() for first in firsts} == {WEEKDAYS.index(weekday)}


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_by_fiscal_grain_equals_its_check(metric: str, retail: Ask, oracle: Oracle) -> None:
    start, end = date(2026, 7, 1), date(2026, 11, 15)
    compared = 0
    for grain in FISCAL:
        query = {"grain": grain, "period": {"start": start, "end": end}}
        if shipped().sums_across_platforms(metric) == "refuse":
            query["dimensions"] = ("platform",)
        frame = retail(metric, **query)
        names = tuple(query.get("dimensions", ()))
        found = {(row["date"], *(row[name] for name in names)): row[metric] for row in frame.rows}
        answer = oracle.answer(metric, Asked(start, end, names, grain, organization=RETAIL))
        assert found == {key: rounded(value, shipped().metrics[metric].unit) for key, value in answer.items()}, grain
        compared += sum(value is not None for value in answer.values())
    assert compared, f"{metric} was never compared with a value"


def test_periods_are_compared_by_their_place_whatever_their_length(retail: Ask, oracle: Oracle) -> None:
    """The third quarter of 2026 has periods of 4, 4 and 5 weeks from 2 August; the one before begins on 3 May."""
    frame = retail(
        "revenue", grain="fiscal_period", period={"name": "last_fiscal_quarter"}, compare_to="previous_period"
    )
    assert [row["date"] for row in frame.rows] == [date(2026, 8, 2), date(2026, 8, 30), date(2026, 9, 27)]
    now = oracle.answer(
        "revenue", Asked(date(2026, 8, 2), date(2026, 11, 1), grain="fiscal_period", organization=RETAIL)
    )
    before = oracle.answer(
        "revenue", Asked(date(2026, 5, 3), date(2026, 8, 2), grain="fiscal_period", organization=RETAIL)
    )
    assert [row["revenue"] for row in frame.rows] == [rounded(value, "money") for _, value in sorted(now.items())]
    earlier = [rounded(before[key], "money") or 0 for key in sorted(before)]
    assert [row["revenue__previous"] or 0 for row in frame.rows] == earlier
    assert any(earlier)


def test_the_receipt_says_how_fiscal_years_are_counted(retail: Ask, ask: Ask) -> None:
    told = retail("revenue", grain="fiscal_quarter", period={"name": "fiscal_year_to_date"}).provenance.caveats
    assert ("Fiscal years begin on the Sunday nearest to 1 February; their periods are of 4-4-5 weeks, and a 53rd week "
            "belongs to the last.") in told  # fmt: skip
    plain = ask("revenue", grain="month", period="last_quarter").provenance.caveats
    assert not [caveat for caveat in plain if "iscal" in caveat]


def test_without_fiscal_weeks_a_fiscal_grain_is_the_organization_s_month_quarter_or_year(ask: Ask) -> None:
    for fiscal, grain in FISCAL.items():
        asked, plain = ask("revenue", grain=fiscal), ask("revenue", grain=grain)
        assert asked.rows == plain.rows
        assert any(caveat.startswith("Fiscal years begin on 1 ") for caveat in asked.provenance.caveats)


def test_a_cut_period_is_told_by_its_name(retail: Ask) -> None:
    frame = retail("revenue", grain="fiscal_period", period={"start": date(2026, 8, 5), "end": date(2026, 10, 20)})
    assert "The first fiscal period is cut: it counts from 2026-08-05 only." in frame.provenance.caveats
    days = sum((b - a for a, b in itertools.pairwise(row["date"] for row in frame.rows)), timedelta())
    assert days == timedelta(weeks=8)
