"""What platforms said of a day, kept by the day on which they said it: once where it changed, the last of a day."""

from datetime import date

from roastery.warehouse.clock import Clock
from roastery.warehouse.engine import Warehouse
from tests.warehouse.conftest import rows

ROW = "report_date,platform,campaign_id,ad_id,clicks,reported_conversions,currency\n"


def said(warehouse: Warehouse, day: str, *conversions: int) -> None:
    """The platform's answers of a day, for the days from 1 October on."""
    warehouse.clock = Clock.from_iso(f"2026-10-{day}T18:00:00+00:00")
    lines = [f"2026-10-0{n + 1},meta_ads,c1,a{ad},10,{c},USD\n" for n, c in enumerate(conversions) for ad in (1, 2)]
    warehouse.import_rows("ad_performance", (ROW + "".join(lines)).encode(), "text/csv")


def test_each_change_is_kept_with_the_day_on_which_it_was_told(warehouse: Warehouse) -> None:
    said(warehouse, "02", 3, 1)
    said(warehouse, "03", 5, 1)
    said(warehouse, "03", 4, 1)
    said(warehouse, "05", 4, 2)
    kept = rows(warehouse, "SELECT report_date, seen_on, reported_conversions::INTEGER FROM meta.reported ORDER BY ALL")
    first, second = date(2026, 10, 1), date(2026, 10, 2)
    assert kept == [
        (first, date(2026, 10, 2), 6),
        (first, date(2026, 10, 3), 8),
        (second, date(2026, 10, 2), 2),
        (second, date(2026, 10, 5), 4),
    ]
