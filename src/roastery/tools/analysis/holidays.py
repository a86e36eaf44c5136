"""Days on which people buy unlike other days: public holidays of a country, and the days shops live by.

By rule, not by table: fixed days, n-th weekdays, days around Easter (Meeus/Jones/Butcher).
"""

from collections.abc import Iterator
from datetime import date, timedelta

MONDAY, THURSDAY, SUNDAY = 0, 3, 6
FIXED = {(1, 1): "New Year's Day", (12, 24): "Christmas Eve", (12, 25): "Christmas Day", (12, 31): "New Year's Eve"}
VALENTINES = {(2, 14): "Valentine's Day"}
FIXED_BY_COUNTRY: dict[str, dict[tuple[int, int], str]] = {
    "US": {**VALENTINES, (6, 19): "Juneteenth", (7, 4): "Independence Day", (11, 11): "Veterans Day"},
    "CA": {**VALENTINES, (7, 1): "Canada Day", (12, 26): "Boxing Day"},
    "GB": {**VALENTINES, (12, 26): "Boxing Day"},
    "AU": {**VALENTINES, (1, 26): "Australia Day", (4, 25): "Anzac Day", (12, 26): "Boxing Day"},
    "DE": {(5, 1): "Labour Day", (10, 3): "German Unity Day", (12, 26): "Second Christmas Day"},
    "FR": {(5, 1): "Labour Day", (5, 8): "Victory Day", (7, 14): "Bastille Day", (8, 15): "Assumption",
           (11, 1): "All Saints", (11, 11): "Armistice Day"},
    "CH": {(8, 1): "National Day", (12, 26): "St Stephen's Day"},
    "AT": {(1, 6): "Epiphany", (5, 1): "Labour Day", (8, 15): "Assumption", (10, 26): "National Day",
           (12, 26): "St Stephen's Day"},
    "ES": {(1, 6): "Epiphany", (5, 1): "Labour Day", (8, 15): "Assumption", (10, 12): "National Day"},
    "IT": {(1, 6): "Epiphany", (4, 25): "Liberation Day", (5, 1): "Labour Day", (8, 15): "Assumption"},
    "NL": {(4, 27): "King's Day", (12, 5): "St Nicholas", (12, 26): "Second Christmas Day"},
}  # fmt: skip
# (month, weekday, which one; −1 the last)
WEEKDAYS_BY_COUNTRY: dict[str, dict[tuple[int, int, int], str]] = {
    "US": {(1, MONDAY, 3): "Martin Luther King Day", (2, MONDAY, 3): "Presidents' Day", (5, SUNDAY, 2): "Mother's Day",
           (5, MONDAY, -1): "Memorial Day", (6, SUNDAY, 3): "Father's Day", (9, MONDAY, 1): "Labor Day",
           (10, MONDAY, 2): "Columbus Day", (11, THURSDAY, 4): "Thanksgiving"},
    "CA": {(5, SUNDAY, 2): "Mother's Day", (6, SUNDAY, 3): "Father's Day", (9, MONDAY, 1): "Labour Day",
           (10, MONDAY, 2): "Thanksgiving"},
    "GB": {(5, MONDAY, 1): "Early May bank holiday", (5, MONDAY, -1): "Spring bank holiday",
           (8, MONDAY, -1): "Summer bank holiday", (6, SUNDAY, 3): "Father's Day"},
    "DE": {(5, SUNDAY, 2): "Mother's Day"},
}  # fmt: skip
EASTER_OFFSETS = {
    "US": {0: "Easter"}, "CA": {-2: "Good Friday", 0: "Easter"},
    "GB": {-2: "Good Friday", 0: "Easter", 1: "Easter Monday", -21: "Mothering Sunday"},
    "AU": {-2: "Good Friday", 0: "Easter", 1: "Easter Monday"},
}  # fmt: skip
EASTER_ELSEWHERE = {-2: "Good Friday", 0: "Easter", 1: "Easter Monday", 39: "Ascension", 50: "Whit Monday"}


def holidays(country: str, first: date, last: date) -> dict[date, str]:
    """Known days from first to last (both in) by date; a country that is not known has the days common to most.

    >>> [day.isoformat() for day, name in holidays("US", date(2026, 11, 1), date(2026, 12, 1)).items()]
    ['2026-11-11', '2026-11-26', '2026-11-27', '2026-11-30']
    """
    found = {day: name for year in range(first.year, last.year + 1) for day, name in _of_year(country, year)}
    return {day: found[day] for day in sorted(found) if first <= day <= last}


def _of_year(country: str, year: int) -> Iterator[tuple[date, str]]:
    for (month, day), name in {**FIXED, **FIXED_BY_COUNTRY.get(country, {})}.items():
        yield date(year, month, day), name
    for (month, weekday, which), name in WEEKDAYS_BY_COUNTRY.get(country, {}).items():
        yield _weekday(year, month, weekday, which), name
    for offset, name in EASTER_OFFSETS.get(country, EASTER_ELSEWHERE).items():
        yield easter(year) + timedelta(days=offset), name
    friday = _weekday(year, 11, THURSDAY, 4) + timedelta(days=1)
    yield friday, "Black Friday"
    yield friday + timedelta(days=3), "Cyber Monday"


def _weekday(year: int, month: int, weekday: int, which: int) -> date:
    """The which-th weekday of a month; the last for −1."""
    if which < 0:
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar.

    >>> easter(2026)
    datetime.date(2026, 4, 5)
    """
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
