"""Numbers, names, periods and charts as people see them."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from roastery.agent.charts import chart, chart_for, png
from roastery.agent.render import cell_text, markdown_table, name_text, period_text, value_name, value_text, when_text
from roastery.tools.base import FactPeriod, Table, ToolContext
from tests.agent.conftest import found

LAST_MONTH = {"name": "last_month"}


@pytest.mark.parametrize(
    ("value", "unit", "currency", "metric", "text"),
    [
        ("10234.5", "money", "USD", "spend", "$10,234.50"),
        ("-5", "money", "EUR", "revenue", "-€5.00"),
        ("1234", "money", "JPY", "revenue", "¥1,234"),
        ("3.4211", "ratio", None, "roas", "3.42×"),
        ("0.0123", "ratio", None, "ctr", "1.23 %"),
        ("0.4567", "ratio", None, "attribution_coverage", "45.7 %"),
        ("1234567", "count", None, "clicks", "1,234,567"),
        ("12.5", "count", None, "new_customers", "12.5"),
        ("2.25", "days", None, "delivery_days", "2.2 days"),
        ("2", "multiple", None, "revenue", "2.00×"),
    ],
)
def test_value_is_written_in_its_unit(value: str, unit: str, currency: str | None, metric: str, text: str) -> None:
    assert value_text(Decimal(value), unit, currency, metric) == text


@pytest.mark.parametrize(
    ("start", "end", "text", "when"),
    [
        ("2026-10-01", "2026-11-01", "October 2026", "in October 2026"),
        ("2026-07-01", "2026-10-01", "Q3 2026", "in Q3 2026"),
        ("2026-01-01", "2027-01-01", "2026", "in 2026"),
        ("2026-11-05", "2026-11-06", "5 Nov 2026", "on 5 Nov 2026"),
        ("2026-11-02", "2026-11-09", "2–8 Nov 2026", "in the week of 2 Nov 2026"),
        ("2026-09-21", "2026-11-16", "21 Sep to 15 Nov 2026", "between 21 Sep and 15 Nov 2026"),
        ("2025-12-20", "2026-01-05", "20 Dec 2025 to 4 Jan 2026", "between 20 Dec 2025 and 4 Jan 2026"),
        ("2026-06-01", "2026-09-01", "June to August 2026", "from June to August 2026"),
    ],
)
def test_period_is_written_as_people_say_it(start: str, end: str, text: str, when: str) -> None:
    period = FactPeriod(start=date.fromisoformat(start), end=date.fromisoformat(end))
    assert period_text(period) == text
    assert when_text(period) == when


def test_a_name_calls_nobody_and_formats_nothing() -> None:
    shown = name_text("Hi <!channel> *bold* [x](http://evil) \u202e`code`\n# title " + "a" * 200)
    assert "\n" not in shown
    assert "\u202e" not in shown
    assert r"\<!channel\>" in shown
    assert r"\*bold\*" in shown
    assert r"\[x\](" in shown
    assert len(shown) < 110


def test_ids_that_are_names_are_written_as_names() -> None:
    assert [value_name(v) for v in ("google_ads", "paid_social", "email", "US", "c1", "tiktok_ads", "none")] == [
        "Google Ads", "Paid Social", "Email", "US", "c1", "TikTok Ads", "none",
    ]  # fmt: skip


def test_a_table_shows_names_instead_of_ids() -> None:
    table = Table(
        title="spend by campaign",
        columns=(
            {"name": "campaign", "kind": "dimension"},
            {"name": "campaign_name", "kind": "label", "title": "Campaign"},
            {"name": "spend", "kind": "metric", "unit": "money", "currency": "USD", "title": "Spend"},
            {"name": "spend__change_ratio", "kind": "compare", "unit": "ratio", "title": "Change"},
        ),
        rows=(
            {"campaign": "c1", "campaign_name": "A | B", "spend": "12.30", "spend__change_ratio": "0.1234"},
            {"campaign": "c2", "campaign_name": "C", "spend": None, "spend__change_ratio": None},
        ),
    )
    text = markdown_table(table)
    assert "| Campaign | Spend | Change |" in text
    assert r"| A \| B | $12.30 | +12.3 % |" in text
    assert "| C | – | – |" in text
    assert "c1" not in text
    assert cell_text({"name": "spend__change", "kind": "compare", "currency": "USD"}, "5") == "+$5.00"


def spec(context: ToolContext, **arguments: Any) -> dict[str, Any] | None:
    evidence = found(context, ("query_metrics", arguments))
    return chart_for(evidence, {"roas": "ROAS", "revenue": "Revenue", "spend": "Spend"})


def test_a_single_number_has_no_chart(context: ToolContext) -> None:
    assert spec(context, metrics=["revenue"], period=LAST_MONTH) is None
    assert chart(found(context, ("data_health", {})).findings[0], {}) is None


def test_a_breakdown_is_bars_sorted_as_asked(context: ToolContext) -> None:
    made = spec(context, metrics=["spend"], dimensions=["campaign"], period=LAST_MONTH)
    assert made is not None
    values = [v["value"] for v in made["data"]["values"]]
    assert values == sorted(values, reverse=True)
    assert made["layer"][0]["mark"]["type"] == "bar"
    assert made["encoding"]["y"]["sort"] == [v["name"] for v in made["data"]["values"]]
    assert made["title"]["text"] == "Spend by campaign, October 2026"
    assert made["encoding"]["x"]["scale"]["zero"] is True


def test_a_time_series_is_a_line_with_the_compared_period_beside_it(context: ToolContext) -> None:
    period = {"start": "2026-09-21", "end": "2026-11-16"}
    made = spec(context, metrics=["revenue"], grain="week", period=period, compare_to="previous_period")
    assert made is not None
    assert made["mark"]["type"] == "line"
    assert {v["series"] for v in made["data"]["values"]} == {"21 Sep to 15 Nov 2026", "27 Jul to 20 Sep 2026"}
    assert len(made["data"]["values"]) == 16


def test_many_lines_are_cut_to_the_largest_and_it_is_said(context: ToolContext) -> None:
    made = spec(context, metrics=["spend"], dimensions=["campaign"], grain="week", period=LAST_MONTH)
    assert made is not None
    assert len({v["series"] for v in made["data"]["values"]}) == 6


@pytest.mark.parametrize("asked", [{"dimensions": ["platform"]}, {"grain": "day"}, {"dimensions": ["campaign"]}])
def test_a_chart_is_drawn_small_and_not_empty(context: ToolContext, asked: dict[str, Any]) -> None:
    made = spec(context, metrics=["spend"], period=LAST_MONTH, **asked)
    assert made is not None
    drawn = png(made)
    assert 2_000 < len(drawn) < 300_000
    image = Image.open(BytesIO(drawn)).convert("RGB")
    assert min(image.size) > 100
    assert len(image.getcolors(100_000) or []) > 3
