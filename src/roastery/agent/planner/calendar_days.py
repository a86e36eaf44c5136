"""What period words mean in days, and the rules of single points in time."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from roastery.agent.planner import dates
from roastery.agent.planner.dates import MONTH, WEEKDAY, YEAR, Calendar, Days

Kind = Literal["period", "compare", "grain"]

NAMED_DAYS = frozenset({7, 28, 30, 90})


UNIT = r"(?:day|week|month|quarter|year)"


LAST = r"(?:last|past|previous|prior|trailing|preceding|recent|most recent|latest|rolling)"


Made = Days | str | None


Rule = tuple[str, re.Pattern[str], Callable[[Calendar, re.Match[str]], Made], Kind]


def read_named(name: str, unit: str) -> Callable[[Calendar, re.Match[str]], Days]:
    def make(calendar: Calendar, _: re.Match[str]) -> Days:
        return named(calendar, name, unit)

    return make


def named(calendar: Calendar, name: str, unit: str) -> Days:
    """A period that CONTRACTS section 5 names, with its days."""
    today = calendar.today
    if name == "today":
        return Days(today, today + timedelta(days=1), "day", name)
    if name == "yesterday":
        return Days(today - timedelta(days=1), today, "day", name)
    begin = calendar.begin(unit, today)
    note = None
    if calendar.fiscal_start != 1 and unit == "year":
        note = f"a year is the organization's fiscal year, from {dates.MONTHS[calendar.fiscal_start - 1].capitalize()}"
    if name.startswith("last_"):
        return Days(calendar.shift(unit, begin, -1), begin, unit, name, note)
    if name.endswith("_to_date"):
        return Days(begin, today + timedelta(days=1), unit, name, note)
    return Days(begin, calendar.shift(unit, begin, 1), unit, name, note)


def last_n(calendar: Calendar, count: int, unit: str) -> Days | None:
    """The last N complete days, weeks, months …"""
    if not 1 <= count <= 5000:
        return None
    end = calendar.begin(unit, calendar.today)
    start = calendar.shift(unit, end, -count)
    if count == 1 and unit != "day":
        return Days(start, end, unit, f"last_{unit}")
    name = f"last_{count}_days" if unit == "day" and count in NAMED_DAYS else None
    if unit == "day" and count == 1:
        name = "yesterday"
    return Days(start, end, unit, name)


def read_last_n(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return last_n(calendar, int(m["n"]), m["unit"])


def read_short_last(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return last_n(calendar, int(m["n"]), {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}[m["u"]])


def read_few(calendar: Calendar, m: re.Match[str]) -> Days | None:
    count = 2 if "couple" in m[0] else 4
    found = last_n(calendar, count, m["unit"])
    if found is None or count == 2:
        return found
    return Days(found.start, found.end, found.unit, None, f"took '{m[0]}' as the last {count} {m['unit']}s")


def read_past_unit(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The past month" runs to yesterday, unlike "last month"."""
    count = {"week": 7, "month": 30, "quarter": 90, "year": 365}[m["unit"]]
    found = last_n(calendar, count, "day")
    if found is None:
        return None
    return Days(found.start, found.end, "day", found.name, f"took '{m[0]}' as the last {count} days")


def read_ago(calendar: Calendar, m: re.Match[str]) -> Days | None:
    count = 1 if m["n"] in ("a", "one", "an") else int(m["n"])
    unit = m["unit"]
    start = calendar.shift(unit, calendar.begin(unit, calendar.today), -count)
    return Days(start, calendar.shift(unit, start, 1), unit)


def read_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    number = dates.month_number(m["month"])
    return dates.month(calendar, number, read_year(calendar, m))


def read_this_month_name(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.month(calendar, dates.month_number(m["month"]), calendar.today.year)


def read_year(calendar: Calendar, m: re.Match[str]) -> int | None:
    groups = m.groupdict()
    if text := groups.get("year"):
        return dates.year_number(text)
    relative = groups.get("relative")
    if not relative:
        return None
    return calendar.today.year - (0 if relative.startswith("this") else 1)


def read_quarter(calendar: Calendar, m: re.Match[str]) -> Days | None:
    words = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1": 1, "2": 2, "3": 3, "4": 4}
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


def read_fiscal_year(calendar: Calendar, m: re.Match[str]) -> Days:
    groups = m.groupdict()
    if groups.get("year"):
        return dates.fiscal_year(calendar, dates.year_number(m["year"]))
    year = calendar.today.year + (
        1 if calendar.fiscal_start > 1 and calendar.today.month >= calendar.fiscal_start else 0
    )
    return dates.fiscal_year(calendar, year - (1 if groups.get("relative", "").startswith("last") else 0))


def read_relative_fiscal_quarter(calendar: Calendar, m: re.Match[str]) -> Days:
    begin = dates.add_months(date(calendar.today.year - 1, calendar.fiscal_start, 1), 0)
    while dates.add_months(begin, 3) <= calendar.today:
        begin = dates.add_months(begin, 3)
    if m["relative"] in ("last", "previous"):
        begin = dates.add_months(begin, -3)
    return dates.months(begin, 3, "quarter")


def read_day(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.day(calendar, int(m["day"]), m["month"], read_year(calendar, m))


def read_weekday(calendar: Calendar, m: re.Match[str]) -> Days:
    back = (calendar.today.weekday() - dates.weekday_number(m["weekday"])) % 7 or 7
    return dates.one_day(calendar.today - timedelta(days=back))


def read_weekend(calendar: Calendar, m: re.Match[str]) -> Days:
    monday = calendar.today - timedelta(days=calendar.today.weekday())
    saturday = monday + timedelta(days=5)
    if m["relative"] != "this" and saturday + timedelta(days=2) > calendar.today:
        saturday -= timedelta(days=7)
    return Days(saturday, saturday + timedelta(days=2), "day")


def read_week_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    point = read_point(m["point"], calendar)
    if point is None:
        return None
    start = calendar.week_of(point.start)
    return Days(start, start + timedelta(days=7), "week")


def read_iso_week(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """An ISO week by its number; without a year the latest one that is complete."""

    def of(year: int) -> Days | None:
        try:
            monday = date.fromisocalendar(year, int(m["w"]), 1)
        except ValueError:
            return None
        return Days(monday, monday + timedelta(days=7), "week")

    return of(int(m["year"])) if m["year"] else dates.latest_complete(calendar, of)


def read_edge(calendar: Calendar, m: re.Match[str]) -> Days | None:
    whole = read_point(m["point"], calendar)
    if whole is None or whole.unit != "month":
        return None
    a, b = {
        "end": (-7, 0),
        "start": (0, 7),
        "beginning": (0, 7),
        "middle": (10, 20),
        "early": (0, 10),
        "mid": (10, 20),
        "late": (-10, 0),
    }[m["edge"]]
    start = (whole.start if a >= 0 else whole.end) + timedelta(days=a)
    end = (whole.start if b > 0 else whole.end) + timedelta(days=b)
    said = f"took '{m[0]}' as {start.day} to {(end - timedelta(days=1)).day} {start:%B %Y}"
    return Days(start, end, "day", None, said)


def read_part_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """The first or last days or week of a month, quarter or year."""
    whole = read_point(m["point"], calendar)
    if whole is None:
        return None
    length = int(m["n"] or 1) * (7 if m["unit"] == "week" else 1)
    if m["which"] in ("first", "opening"):
        return Days(whole.start, min(whole.end, whole.start + timedelta(days=length)))
    return Days(max(whole.start, whole.end - timedelta(days=length)), whole.end)


def read_half_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    whole = read_point(m["point"], calendar)
    if whole is None or whole.unit != "month":
        return None
    middle = whole.start + timedelta(days=15)
    return Days(whole.start, middle) if m["which"] == "first" else Days(middle, whole.end)


def read_iso(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.iso(calendar, m[0])


def read_slashed(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.slashed(calendar, m[0])


def read_holiday(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.holiday(calendar, m["holiday"], read_year(calendar, m))


def read_season(calendar: Calendar, m: re.Match[str]) -> Days | None:
    relative = m.groupdict().get("relative")
    year = dates.year_number(m["year"]) if m.groupdict().get("year") else None
    if relative == "this":
        year = calendar.today.year
    return dates.season(calendar, m["season"], year)


def read_range(calendar: Calendar, m: re.Match[str]) -> Days | None:
    last = read_point(m["last"], calendar)
    first = read_point(m["first"], calendar)
    if first is None or last is None:
        return None
    dated = re.search(r"20\d\d|\d-\d", m["first"])
    start = first.start
    if start > last.start and not dated:
        start = dates.add_months(start, -12)
    if re.search(r"20\d\d", m["last"]) and not dated and start.year < last.start.year - 1:
        start = start.replace(year=last.start.year if start.month <= last.start.month else last.start.year - 1)
    while not dated and last.start >= dates.add_months(start, 12):
        start = dates.add_months(start, 12)
    # A reversed range is kept as asked: the semantic layer refuses it with a sentence.
    return Days(start, last.end, "month" if first.unit == last.unit == "month" else "day", None, last.assumption)


def read_days_of_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    year = read_year(calendar, m)
    first = dates.day(calendar, int(m["a"]), m["month"], year)
    last = dates.day(calendar, int(m["b"]), m["month"], year)
    if first is None or last is None:
        return None
    if first.start > last.start and year is None:
        first = dates.one_day(dates.add_months(first.start, -12))
    return Days(first.start, last.end)


def read_days_of_that_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The 1st to the 15th of last month"."""
    first = dates.add_months(calendar.today.replace(day=1), 0 if m["which"] == "this" else -1)
    a, b = int(m["a"]), int(m["b"])
    length = (dates.add_months(first, 1) - first).days
    if not 1 <= a <= b <= length:
        return None
    return Days(first + timedelta(days=a - 1), first + timedelta(days=b))


def read_beside(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The week before Black Friday", "three days after Christmas"."""
    point = read_point(m["point"], calendar)
    if point is None or (point.unit in ("week", "month", "quarter", "year") and point.name):
        return None
    count = int(m["n"] or 1)
    if m["side"] in ("after", "following"):
        return Days(point.end, calendar.shift(m["unit"], point.end, count))
    return Days(calendar.shift(m["unit"], point.start, -count), point.start)


def read_since(calendar: Calendar, m: re.Match[str]) -> Days | None:
    point = read_point(m["point"], calendar)
    if point is None or point.start > calendar.today:
        return None
    if re.fullmatch(r"from \S+(?: \S+)?", m[0]) and m[0].endswith(m["point"]) and point.unit in ("quarter", "year"):
        return Days(point.start, point.end, point.unit, point.name, f"took '{m[0]}' as within it")
    if re.fullmatch(rf"from {re.escape(m['point'])}", m[0]):
        return Days(
            point.start,
            max(calendar.today, point.start + timedelta(days=1)),
            "day",
            None,
            point.assumption or f"took '{m[0]}' as since then",
        )
    event = m[0].removesuffix(m["point"]).strip()
    note = f"“{event}” only says where the time begins" if len(event.split()) > 2 else point.assumption
    return Days(point.start, max(calendar.today, point.start + timedelta(days=1)), "day", None, note)


def read_ending(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The three months ending September"."""
    point, unit = read_point(m["point"], calendar), m["unit"]
    if point is None:
        return None
    return Days(calendar.shift(unit, point.end, -int(m["n"])), point.end, unit)


def read_next_n(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The next 14 days" begins today; weeks, months and quarters ahead are whole ones."""
    count, unit = int(m["n"]), m["unit"]
    if not 1 <= count <= 400:
        return None
    if unit == "day":
        return Days(calendar.today, calendar.today + timedelta(days=count), "day")
    if unit == "week":
        return Days(calendar.today, calendar.today + timedelta(days=7 * count), "week")
    return Days(calendar.today, dates.add_months(calendar.today, count * UNIT_MONTHS[unit]), unit)


UNIT_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def read_next(calendar: Calendar, m: re.Match[str]) -> Days:
    start = calendar.shift(m["unit"], calendar.begin(m["unit"], calendar.today), 1)
    return Days(start, calendar.shift(m["unit"], start, 1), m["unit"])


def read_rest(calendar: Calendar, m: re.Match[str]) -> Days:
    begin = calendar.begin(m["unit"], calendar.today)
    return Days(calendar.today, calendar.shift(m["unit"], begin, 1), m["unit"])


def read_nth_weekday(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The first Saturday of October", "last Friday in September"."""
    point = read_point(m["point"], calendar)
    if point is None:
        return None
    wanted = dates.weekday_number(m["weekday"])
    found = [
        day
        for n in range((point.end - point.start).days)
        if (day := point.start + timedelta(days=n)).weekday() == wanted
    ]
    nth = {"first": 0, "1": 0, "second": 1, "2": 1, "third": 2, "3": 2, "fourth": 3, "4": 3, "last": -1}[m["nth"]]
    if not found or nth >= len(found):
        return None
    return Days(found[nth], found[nth] + timedelta(days=1))


def read_nth_week(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The third week of October": its days 15 to 21, said to be read so."""
    point = read_point(m["point"], calendar)
    if point is None:
        return None
    nth = {"first": 0, "1": 0, "second": 1, "2": 1, "third": 2, "3": 2, "fourth": 3, "4": 3}[m["nth"]]
    start = point.start + timedelta(days=7 * nth)
    end = start + timedelta(days=7)
    return Days(
        start, end, "week", None, f"took the {m['nth']} week as days {start.day} to {(end - timedelta(days=1)).day}"
    )


def read_all_time(calendar: Calendar, _: re.Match[str]) -> Days:
    return Days(date(2000, 1, 1), calendar.today, "year", "all_time")


def read_point(text: str, calendar: Calendar) -> Days | None:
    """A period that stands inside a longer expression, such as the ends of a range."""
    text = re.sub(r"^(?:the|on|in) ", "", text)
    for _, pattern, make, kind in POINTS:
        if kind == "period" and (match := pattern.fullmatch(text)):
            made = make(calendar, match)
            if isinstance(made, Days):
                return made
    return None


def read_before(_: Calendar, m: re.Match[str]) -> str:
    return f"before:{m['n']}:{m.groupdict().get('unit') or ''}"


def read_says(value: str) -> Callable[[Calendar, re.Match[str]], str]:
    return lambda calendar, match: value


def read_grain(_: Calendar, m: re.Match[str]) -> str:
    word = m["unit"]
    return {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}.get(
        word, "year" if word in ("annual", "annually") else word
    )


def period_rule(
    name: str, pattern: str, make: Callable[[Calendar, re.Match[str]], Made], kind: Kind = "period"
) -> Rule:
    return name, re.compile(rf"(?<![^ ])(?:{pattern})(?![^ ])"), make, kind


REL_YEAR = rf"(?:(?: of| in| ,)?(?: (?P<year>{YEAR})| (?P<relative>last year|this year|the previous year)))?"


HOLIDAY_WORDS = "|".join(sorted((re.escape(h) for h in dates.HOLIDAYS), key=len, reverse=True))


NOT_MAY = MONTH.replace("|may", "")


NO_LIMIT = "".join(
    rf"(?<!{word} )"
    for word in ("than", "over", "above", "under", "below", "least", "most", ">", "<", ">=", "<=", "exceeds")
)
"""After these words a number such as 2026 is a limit on a metric, not a year."""


POINTS: tuple[Rule, ...] = (
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
        r"(?:(?P<fiscal>fiscal) )?(?P<nth>first|second|third|fourth|[1-4]) quarter" + REL_YEAR,
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
    period_rule("holiday", rf"(?:the |last |this )?(?P<holiday>{HOLIDAY_WORDS})" + REL_YEAR, read_holiday),
)


POINT = (
    rf"(?:(?:the |on )?(?:fy ?(?:{YEAR}|\d\d)|\d{{4}}-\d{{1,2}}(?:-\d{{1,2}})?|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}"
    rf"|(?:{WEEKDAY} )?(?:the )?\d{{1,2}}(?: of)? {MONTH}(?:(?: ,)? {YEAR}| last year)?"
    rf"|(?:last |this )?{MONTH}(?: \d{{1,2}})?(?:(?: ,)? {YEAR}| last year| this year)?"
    rf"|q[1-4](?: {YEAR}| last year)?|{YEAR}"
    rf"|(?:last|this|the previous|previous) (?:week|month|quarter|year)|yesterday|today"
    rf"|(?:the )?(?:start|beginning) of (?:the|this) (?:week|month|quarter|year)|(?:\d+|a|one) {UNIT}s? ago"
    rf"|(?:last |past )?{WEEKDAY}|(?:the |last |this )?(?:{HOLIDAY_WORDS})(?: {YEAR}| last year)?))"
)


OF = rf"(?: (?P<relative>last year|this year)|(?: ,)? (?P<year>{YEAR}))?"
