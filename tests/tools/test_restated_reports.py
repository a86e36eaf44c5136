"""Reported conversions of young days: their expected end, learned from how platforms restated earlier days."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from roastery.evals.sets.analyses.maturity import replayed
from roastery.tools.base import ToolContext
from roastery.tools.registry import run
from roastery.tools.triangles import Brings, triangle_of
from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse, Warehouses
from tests.tools.beans import BEANS, context_on

FIRST, TODAY = date(2026, 3, 2), date(2026, 11, 10)
CURVE = np.array([0.5, 0.15, 0.1, 0.07, 0.05, 0.04, 0.03, 0.03, 0.02, 0.01])
"""The share of a day's conversions that a platform tells on the day itself, the next day, and so on."""
CAMPAIGNS = {"c1": ("meta_ads", 40), "c2": ("google_ads", 25)}


def told() -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[date, int]]:
    """Rows of ads as they stand today, what was said on each day before, and what each day comes to in the end."""
    draw = np.random.default_rng(7)
    ads, seen, ends = [], [], {}
    for n in range((TODAY - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        for campaign, (platform, mean) in CAMPAIGNS.items():
            clicks = int(draw.poisson(mean * 10))
            final = int(draw.poisson(clicks * 0.1))
            by_lag = np.cumsum(draw.multinomial(final, CURVE))
            known = [(lag, int(c)) for lag, c in enumerate(by_lag) if day + timedelta(days=lag) <= TODAY]
            ends[day] = ends.get(day, 0) + final
            place = {"platform": platform, "account_id": "a1", "campaign_id": campaign, "report_date": day}
            ads.append({**place, "ad_id": "", "currency": "USD", "clicks": clicks, "impressions": 100 * clicks,
                        "spend": "100.00", "reported_conversions": known[-1][1]})  # fmt: skip
            seen += [
                {**place, "seen_on": day + timedelta(days=lag), "currency": "USD", "reported_conversions": Decimal(c)}
                for lag, c in known
            ]
    return ads, seen, ends


ADS, SEEN, ENDS = told()


@pytest.fixture(scope="module")
def reporting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse that has been asked every day since March."""
    warehouses = Warehouses(
        Path(tmp_path_factory.mktemp("reporting")), b"k" * 32, (), Clock.from_iso(f"{TODAY}T18:00:00+00:00")
    )
    warehouse = warehouses.open(BEANS)
    warehouse.upsert_rows("ad_performance", ADS)
    with warehouse._writing() as instance, instance.transaction() as cursor:
        cursor.execute("DELETE FROM meta.reported")
        cursor.register("seen", pa.Table.from_pylist(SEEN))
        cursor.execute(
            "INSERT INTO meta.reported SELECT platform, account_id, campaign_id, report_date, seen_on, currency, "
            "reported_conversions, NULL FROM seen"
        )
    yield warehouse
    warehouses.close()


def asked(context: ToolContext, start: date, end: date, tool: str = "query_metrics", **more: Any) -> tuple[Any, Any]:
    period = {"start": start.isoformat(), "end": end.isoformat()}
    given = {"metrics": ["reported_conversions"], "period": period,
             "filters": [{"dimension": "platform", "values": ["meta_ads"]}], **more}  # fmt: skip
    result = run(tool, given, context)
    facts = {fact.id: fact for fact in result.facts}
    found = result.data.get("maturing", {}).get("reported_conversions", {})
    return result, {name: facts[id].value for name, id in found.items()}


def final(start: date, end: date) -> int:
    """What the days come to in the end, of Meta alone: of the days that were over long ago the ads say so."""
    return sum(int(row["reported_conversions"]) for row in ADS
               if row["campaign_id"] == "c1" and start <= row["report_date"] < end)  # fmt: skip


def test_young_days_are_marked_with_what_is_expected_in_the_end(reporting: Warehouse) -> None:
    result, ends = asked(context_on(reporting), TODAY - timedelta(days=7), TODAY)
    now = result.facts[0].value
    assert now < ends["low"] <= ends["expected"] <= ends["high"]
    assert result.receipt.trust == "maturing"
    said = next(caveat for caveat in result.caveats if "is not final" in caveat)
    assert "platforms still restate those days" in said
    # Of the last week 86 % has been told: ten lags of the curve, by the age of each of its days.
    ages = range(1, 8)
    share = sum(CURVE[: age + 1].sum() for age in ages) / len(ages)
    assert abs(float(ends["expected"]) / (float(now) / share) - 1) < 0.06


def test_days_that_are_over_are_final(reporting: Warehouse) -> None:
    result, ends = asked(context_on(reporting), TODAY - timedelta(days=60), TODAY - timedelta(days=30))
    assert not ends
    assert result.facts[0].value == final(TODAY - timedelta(days=60), TODAY - timedelta(days=30))


def test_a_week_is_compared_with_the_one_before_at_the_same_age(reporting: Warehouse) -> None:
    start = TODAY - timedelta(days=7)
    _, ends = asked(context_on(reporting), start, TODAY, "compare_periods", compare_to="previous_period")
    week = timedelta(days=7)
    expected = 0
    for day in (start - week + timedelta(days=n) for n in range(7)):
        known = [row for row in SEEN if row["campaign_id"] == "c1" and row["report_date"] == day
                 and row["seen_on"] <= TODAY - week]  # fmt: skip
        expected += int(known[-1]["reported_conversions"])
    assert ends["same_age"] == expected


def test_intervals_held_about_as_often_as_they_say(reporting: Warehouse) -> None:
    dated = triangle_of(reporting, Brings("reported_conversions", "report"), (), {}, "USD", TODAY)
    assert dated is not None
    assert (dated.first, dated.end) == (FIRST, TODAY + timedelta(days=1))
    found = [replayed(dated.triangle, span) for span in (7, 28)]
    replays = sum(one.replays for one in found)
    assert replays > 20
    assert 0.65 <= sum(one.held for one in found) / replays <= 0.95
    assert all(one.error < 0.2 for one in found)


def test_history_that_was_read_at_once_teaches_nothing(tmp_path: Path) -> None:
    warehouses = Warehouses(tmp_path, b"k" * 32, (), Clock.from_iso(f"{TODAY}T18:00:00+00:00"))
    try:
        warehouse = warehouses.open(BEANS)
        warehouse.upsert_rows("ad_performance", ADS)
        result, ends = asked(context_on(warehouse), TODAY - timedelta(days=7), TODAY)
        assert not ends
        assert result.facts[0].value is not None
    finally:
        warehouses.close()
