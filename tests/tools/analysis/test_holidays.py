"""Known days against published calendars."""

from datetime import date

import pytest

from roastery.tools.analysis.holidays import easter, holidays

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("year", "day"), [(2019, "2019-04-21"), (2024, "2024-03-31"), (2025, "2025-04-20"), (2038, "2038-04-25")]
)
def test_easter_is_that_of_the_church_tables(year: int, day: str) -> None:
    assert easter(year).isoformat() == day


@pytest.mark.parametrize(
    ("country", "name", "day"),
    [
        ("US", "Thanksgiving", "2026-11-26"),
        ("US", "Memorial Day", "2026-05-25"),
        ("US", "Labor Day", "2026-09-07"),
        ("US", "Martin Luther King Day", "2026-01-19"),
        ("CA", "Thanksgiving", "2026-10-12"),
        ("GB", "Summer bank holiday", "2026-08-31"),
        ("DE", "Ascension", "2026-05-14"),
        ("CH", "Whit Monday", "2026-05-25"),
        ("", "Black Friday", "2026-11-27"),
    ],
)
def test_days_are_those_of_the_official_calendars_of_2026(country: str, name: str, day: str) -> None:
    assert {n: d.isoformat() for d, n in holidays(country, *YEAR).items()}[name] == day


def test_days_come_in_order_and_inside_the_asked_span() -> None:
    found = list(holidays("US", date(2025, 12, 24), date(2026, 1, 2)))
    assert found == sorted(found)
    assert [d.isoformat() for d in found] == ["2025-12-24", "2025-12-25", "2025-12-31", "2026-01-01"]
