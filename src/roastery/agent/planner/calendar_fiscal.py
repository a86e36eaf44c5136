"""Fiscal years, halves and quarters: "Q2 of FY27", "fiscal year to date", "H1 of last financial year"."""

import re
from datetime import timedelta

from roastery.agent.planner import dates
from roastery.agent.planner.calendar_grammar import Rule, period_rule
from roastery.agent.planner.dates import YEAR, Calendar, Days, add_months

_FISCAL = r"(?:fiscal|financial)"
_YEAR = (
    rf"(?:(?P<rel>this|the current|current|last|the last|the previous|previous|our|the|prior|the"
    rf" prior) (?:fy|{_FISCAL} year)"
    rf"|(?:fy|{_FISCAL} year) ?(?P<fy>{YEAR}|\d\d)(?:[ /-]+(?P<fy2>\d\d(?!\d)|{YEAR}))?"
    rf"|(?P<glued>fy\d\d(?:\d\d)?)(?!\d))"
)
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1": 1, "2": 2, "3": 3, "4": 4}


def fiscal_year_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """The fiscal year that a match names; the current one where it names none."""
    groups = m.groupdict()
    if groups.get("glued"):
        return dates.fiscal_year(calendar, dates.year_number(m["glued"].removeprefix("fy")))
    if groups.get("fy"):
        # "2025/26" is named by both years; it ends in the second.
        return dates.fiscal_year(calendar, dates.year_number(groups.get("fy2") or m["fy"]))
    current = current_year(calendar)
    if re.search(r"last|previous|prior", groups.get("rel") or ""):
        return Days(add_months(current.start, -12), current.start, "year")
    return current


def current_year(calendar: Calendar) -> Days:
    for year in (calendar.today.year, calendar.today.year + 1):
        found = dates.fiscal_year(calendar, year)
        if found.start <= calendar.today < found.end:
            return found
    return dates.fiscal_year(calendar, calendar.today.year)


def _part(calendar: Calendar, m: re.Match[str], months: int, nth: int, unit: str, *, said_year: bool) -> Days | None:
    year = fiscal_year_of(calendar, m)
    if year is None:
        return None
    start = add_months(year.start, months * (nth - 1))
    if not said_year and start > calendar.today:
        start = add_months(start, -12)
    return Days(start, add_months(start, months), unit)


def read_quarter(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return _part(calendar, m, 3, int(m["q"] or _NTH[m["nth"]]), "quarter", said_year=True)


def read_bare_quarter(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """Without a year the latest complete one."""
    found = _part(calendar, m, 3, int(m["q"] or _NTH[m["nth"]]), "quarter", said_year=False)
    if found is not None and found.end > calendar.today + timedelta(days=0):
        return Days(add_months(found.start, -12), add_months(found.end, -12), "quarter")
    return found


def read_half(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return _part(calendar, m, 6, int(m["h"] or _NTH[m["nth"]]), "month", said_year=True)


def read_to_date(calendar: Calendar, m: re.Match[str]) -> Days | None:
    year = current_year(calendar)
    return Days(year.start, calendar.today + timedelta(days=1), "year")


FISCAL_RULES: tuple[Rule, ...] = (
    period_rule(
        "fiscal year to date",
        rf"fytd|(?:this |the |our )?(?:fy|{_FISCAL} year)(?: \d\d(?:\d\d)?)? (?:to date|so far)"
        rf"|(?:so far )?(?:in )?this {_FISCAL} year so far"
        rf"|so far (?:in )?(?:this|the|our) (?:fy|{_FISCAL} year)|(?:fy)\d\d(?:\d\d)? (?:to date|so far)"
        rf"|since the (?:start|beginning) of (?:the|this|our) (?:fy|{_FISCAL} year)",
        read_to_date,
    ),
    period_rule(
        "quarter of a fiscal year",
        rf"(?:the )?(?:{_FISCAL} )?(?:q(?P<q>[1-4])|(?P<nth>first|second|third|fourth|[1-4]) (?:{_FISCAL} )?quarter)"
        rf"(?: of| in| ,)?(?: the)? {_YEAR}",
        read_quarter,
    ),
    period_rule(
        "half of a fiscal year",
        rf"(?:the )?(?:h(?P<h>[12])|(?P<nth>first|second) half)(?: of| in| ,)?(?: the)? {_YEAR}",
        read_half,
    ),
    period_rule(
        "fiscal quarter",
        rf"(?:the )?(?:{_FISCAL} q(?P<q>[1-4])|(?:(?P<nth>first|second|third|fourth|[1-4]) {_FISCAL}"
        rf" quarter))(?! {YEAR})",
        read_bare_quarter,
    ),
    period_rule("a fiscal year", _YEAR, fiscal_year_of),
    period_rule(
        "by fiscal unit", rf"(?:by|per|each|every) {_FISCAL} (?P<unit>quarter|year)", lambda c, m: m["unit"], "grain"
    ),
)
