"""Points in time: days, months, quarters, halves, years and holidays, by name or by number."""

import re
from datetime import date, timedelta

from roastery.agent.planner import dates
from roastery.agent.planner.calendar_grammar import UNIT, Rule, period_rule
from roastery.agent.planner.calendar_relative import read_ago, read_named
from roastery.agent.planner.dates import MONTH, WEEKDAY, YEAR, Calendar, Days

REL_YEAR = rf"(?:(?: of| in| ,)?(?: (?P<year>{YEAR})| (?P<relative>last year|this year|the previous year)))?"


HOLIDAY_WORDS = "|".join(sorted((re.escape(h) for h in dates.HOLIDAYS), key=len, reverse=True))


NOT_MAY = MONTH.replace("|may", "")


NO_LIMIT = "".join(
    rf"(?<!{word} )"
    for word in ("than", "over", "above", "under", "below", "least", "most", ">", "<", ">=", "<=", "exceeds")
)
"""After these words a number such as 2026 is a limit on a metric, not a year."""


def read_year(calendar: Calendar, m: re.Match[str]) -> int | None:
    groups = m.groupdict()
    if text := groups.get("year"):
        return dates.year_number(text)
    relative = groups.get("relative")
    if not relative:
        return None
    return calendar.today.year - (0 if relative.startswith("this") else 1)


def read_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    number = dates.month_number(m["month"])
    return dates.month(calendar, number, read_year(calendar, m))


def read_this_month_name(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.month(calendar, dates.month_number(m["month"]), calendar.today.year)


def read_quarter(calendar: Calendar, m: re.Match[str]) -> Days | None:
    words = {"last": 4, "final": 4, "first": 1, "second": 2, "third": 3, "fourth": 4, "1": 1, "2": 2, "3": 3, "4": 4}
    groups = m.groupdict()
    number = int(groups["q"]) if groups.get("q") else words[m["nth"]]
    if not 1 <= number <= 4:
        return None
    fiscal = bool(groups.get("fiscal"))
    found = dates.quarter(calendar, number, read_year(calendar, m), fiscal=fiscal)
    if found is None or fiscal or calendar.fiscal_start == 1:
        return found
    note = "a quarter is the calendar year's here, not the fiscal year's"
    return Days(found.start, found.end, found.unit, found.name, note)


def read_half(calendar: Calendar, m: re.Match[str]) -> Days | None:
    groups = m.groupdict()
    first = (groups.get("h") or groups.get("nth")) in ("1", "first")

    def of(year: int) -> Days:
        return dates.months(date(year, 1 if first else 7, 1), 6, "month")

    year = read_year(calendar, m)
    return of(year) if year is not None else dates.latest_complete(calendar, of)


def read_calendar_year(calendar: Calendar, m: re.Match[str]) -> Days:
    return dates.months(date(int(m["year"]), 1, 1), 12, "year")


def read_day(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.day(calendar, int(m["day"]), m["month"], read_year(calendar, m))


def read_weekday(calendar: Calendar, m: re.Match[str]) -> Days:
    back = (calendar.today.weekday() - dates.weekday_number(m["weekday"])) % 7 or 7
    return dates.one_day(calendar.today - timedelta(days=back))


def read_iso(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.iso(calendar, m[0])


def read_slashed(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.slashed(calendar, m[0])


def read_holiday(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.holiday(calendar, m["holiday"], read_year(calendar, m))


def read_holiday_weekend(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "Halloween weekend", "Labor Day weekend": the Saturday and Sunday nearest to the day, and the day itself."""
    day = read_holiday(calendar, m)
    if day is None or (day.end - day.start).days > 1:
        return day
    ahead = (5 - day.start.weekday()) % 7
    saturday = day.start + timedelta(days=ahead if ahead <= 3 else ahead - 7)
    first, last = min(saturday, day.start), max(saturday + timedelta(days=2), day.end)
    return Days(first, last) if (last - first).days <= 4 else Days(saturday, saturday + timedelta(days=2))


def read_season(calendar: Calendar, m: re.Match[str]) -> Days | None:
    relative = m.groupdict().get("relative")
    year = dates.year_number(m["year"]) if m.groupdict().get("year") else None
    if relative == "this":
        year = calendar.today.year
    return dates.season(calendar, m["season"], year)


def read_iso_week(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """An ISO week by its number; without a year the latest one that is complete."""

    def of(year: int) -> Days | None:
        try:
            monday = date.fromisocalendar(year, int(m["w"]), 1)
        except ValueError:
            return None
        return Days(monday, monday + timedelta(days=7), "week")

    return of(int(m["year"])) if m["year"] else dates.latest_complete(calendar, of)


def read_month_slash_day(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "9/28": month and day in the order of the organization's country, the latest that is not in the future."""
    a, b = int(m["m"]), int(m["d"])
    month, number = (a, b) if calendar.month_first else (b, a)
    if month > 12:
        month, number = number, month
    if not 1 <= month <= 12:
        return None
    return dates.day(calendar, number, dates.MONTHS[month - 1])


POINTS: tuple[Rule, ...] = (
    period_rule(
        "month slash day",
        r"(?:(?<=on )|(?<=since )|(?<=from )|(?<=to )|(?<=until )|(?<=till )|(?<=live )|(?<=- )|(?<=of )|(?<=and )|^)"
        r"(?P<m>\d{1,2})/(?P<d>\d{1,2})",
        read_month_slash_day,
    ),
    period_rule("iso", r"\d{4}-\d{1,2}(?:-\d{1,2})?", read_iso),
    period_rule("slashed", r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}", read_slashed),
    period_rule(
        "day month", rf"(?:{WEEKDAY} )?(?:the )?(?P<day>\d{{1,2}})(?: of)? (?P<month>{MONTH})" + REL_YEAR, read_day
    ),
    period_rule(
        "month day", rf"(?:{WEEKDAY} )?(?P<month>{MONTH}) (?P<day>\d{{1,2}})(?! ?(?:days|weeks))" + REL_YEAR, read_day
    ),
    period_rule("month", rf"(?P<month>{NOT_MAY})" + REL_YEAR, read_month),
    period_rule(
        "may", r"(?P<month>may)(?:(?: of| in| ,)?(?: (?P<year>20\d\d)| (?P<relative>last year|this year)))", read_month
    ),
    period_rule("bare may", r"(?P<month>may)", read_month),
    period_rule("quarter", r"(?:(?P<fiscal>fiscal|fy) )?q(?P<q>[1-4])" + REL_YEAR, read_quarter),
    period_rule(
        "nth quarter",
        r"(?:(?P<fiscal>fiscal) )?(?P<nth>first|second|third|fourth|[1-4]|last(?= quarter of \d)"
        r"|final(?= quarter of)) quarter" + REL_YEAR,
        read_quarter,
    ),
    period_rule("half", r"h(?P<h>[12])" + REL_YEAR, read_half),
    period_rule("year", rf"{NO_LIMIT}(?:the year )?(?P<year>{YEAR})", read_calendar_year),
    period_rule("today", "today", read_named("today", "day")),
    period_rule("yesterday", "yesterday", read_named("yesterday", "day")),
    *(
        rule
        for unit in ("week", "month", "quarter", "year")
        for rule in (
            period_rule(f"this {unit}", f"(?:this|the current|current) {unit}", read_named(f"this_{unit}", unit)),
            period_rule(
                f"last {unit}",
                f"(?:last|previous|prior|preceding|latest|most recent) {unit}",
                read_named(f"last_{unit}", unit),
            ),
            period_rule(
                f"start of {unit}",
                f"(?:the )?(?:start|beginning) of (?:the|this) {unit}",
                read_named(f"this_{unit}", unit),
            ),
        )
    ),
    period_rule("ago", rf"(?P<n>\d+|a|an|one) (?P<unit>{UNIT})s? ago", read_ago),
    period_rule("weekday", rf"(?:last |this past |past )?(?P<weekday>{WEEKDAY})", read_weekday),
    period_rule("last month name", rf"last (?P<month>{MONTH})", read_month),
    period_rule("this month name", rf"this (?P<month>{MONTH})", read_this_month_name),
    period_rule(
        "holiday weekend",
        rf"(?:the |over |last |this )*(?P<holiday>{HOLIDAY_WORDS}) weekend" + REL_YEAR,
        read_holiday_weekend,
    ),
    period_rule("holiday", rf"(?:the |last |this )?(?P<holiday>{HOLIDAY_WORDS})" + REL_YEAR, read_holiday),
)


POINT = (
    rf"(?:(?:the |on )?(?:\d{{1,2}}/\d{{1,2}}|fy ?(?:{YEAR}|\d\d)|\d{{4}}-\d{{1,2}}(?:-\d{{1,2}})?"
    rf"|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}"
    rf"|(?:{WEEKDAY} )?(?:the )?\d{{1,2}}(?: of)? {MONTH}(?:(?: ,)? {YEAR}| last year)?"
    rf"|(?:last |this )?{MONTH}(?: \d{{1,2}})?(?:(?: ,)? {YEAR}| last year| this year)?"
    rf"|q[1-4](?: {YEAR}| last year)?|{YEAR}"
    rf"|(?:last|this|the previous|previous) (?:week|month|quarter|year)|yesterday|today"
    rf"|(?:the )?(?:start|beginning) of (?:the|this) (?:week|month|quarter|year)|(?:\d+|a|one) {UNIT}s? ago"
    rf"|(?:last |past )?{WEEKDAY}|(?:the |last |this )?(?:{HOLIDAY_WORDS})(?: {YEAR}| last year)?))"
)


OF = rf"(?: (?P<relative>last year|this year)|(?: ,)? (?P<year>{YEAR}))?"


def read_point(text: str, calendar: Calendar) -> Days | None:
    """A period that stands inside a longer expression, such as the ends of a range."""
    text = re.sub(r"^(?:the|on|in) ", "", text)
    for _, pattern, make, kind in POINTS:
        if kind == "period" and (match := pattern.fullmatch(text)):
            made = make(calendar, match)
            if isinstance(made, Days):
                return made
    return None
