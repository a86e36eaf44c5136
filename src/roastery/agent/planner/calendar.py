"""The calendar grammar: every way a marketer names a period, in the words of a tokenized question.

Rules are tried everywhere; of overlapping readings the longest wins, then the earlier rule. Settled readings are those
of CONTRACTS section 8: "last N days" ends yesterday, "last week" is the last complete one, a month without a year is
the latest complete one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from roastery.agent.planner import dates
from roastery.agent.planner.dates import MONTH, WEEKDAY, YEAR, Calendar, Days
from roastery.agent.planner.tokens import Token

NAMED_DAYS = frozenset({7, 28, 30, 90})
UNIT = r"(?:day|week|month|quarter|year)"
LAST = r"(?:last|past|previous|prior|trailing|preceding|recent|most recent|latest|rolling)"

Kind = Literal["period", "compare", "grain"]


@dataclass(frozen=True)
class Span:
    """Words [start, end) of the question that name a period, something to compare it with, or a grain.

    compare: previous_period, previous_year, or before:N:unit for "the eight (weeks) before". back: words such as
    "previous month" that mean a comparison when another period stands beside them.
    """

    start: int
    end: int
    kind: Kind
    days: Days | None = None
    compare: str | None = None
    grain: str | None = None
    back: str | None = None
    text: str = ""
    parts: tuple[Days, Days] | None = None


Made = Days | str | None
Rule = tuple[str, re.Pattern[str], Callable[[Calendar, re.Match[str]], Made], Kind]


def find_spans(tokens: Sequence[Token], calendar: Calendar) -> list[Span]:
    """All period words of a question, left to right and without overlap."""
    words = [t.word for t in tokens]
    line = " ".join(words)
    starts, ends = {}, {}
    at = 0
    for index, word in enumerate(words):
        starts[at] = index
        at += len(word)
        ends[at] = index + 1
        at += 1
    found = [
        span
        for order, rule in enumerate(RULES)
        for span in _apply(rule, order, line, starts, ends, calendar)
        if not any(t.quoted for t in tokens[span[2].start : span[2].end])
    ]
    found.sort(key=lambda s: (-s[0], s[1], s[2].start))
    chosen: list[Span] = []
    for _, _, span in found:
        if all(span.end <= other.start or span.start >= other.end for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda s: s.start)


def _apply(
    rule: Rule, order: int, line: str, starts: dict[int, int], ends: dict[int, int], calendar: Calendar
) -> Iterator[tuple[int, int, Span]]:
    _, pattern, make, kind = rule
    at = 0
    while match := pattern.search(line, at):
        at = match.start() + 1
        if match.start() not in starts or match.end() not in ends:
            continue
        made = make(calendar, match)
        if made is None:
            continue
        start, end = starts[match.start()], ends[match.end()]
        length = match.end() - match.start()
        if isinstance(made, str):
            compare, grain = (made, None) if kind == "compare" else (None, made)
            span = Span(start, end, kind, compare=compare, grain=grain, text=match[0])
        else:
            back = match[0] if re.match(r"(?:the )?(?:previous|prior|preceding|last)\b", match[0]) else None
            span = Span(start, end, kind, days=made, back=back, text=match[0])
        yield length, order, span


# ------------------------------------------------------------------ what the rules make


def _named(name: str, unit: str) -> Callable[[Calendar, re.Match[str]], Days]:
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
    if name.startswith("last_"):
        return Days(calendar.shift(unit, begin, -1), begin, unit, name)
    if name.endswith("_to_date"):
        return Days(begin, today + timedelta(days=1), unit, name)
    return Days(begin, calendar.shift(unit, begin, 1), unit, name)


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


def _last_n(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return last_n(calendar, int(m["n"]), m["unit"])


def _short_last(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return last_n(calendar, int(m["n"]), {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}[m["u"]])


def _few(calendar: Calendar, m: re.Match[str]) -> Days | None:
    count = 2 if "couple" in m[0] else 4
    found = last_n(calendar, count, m["unit"])
    if found is None or count == 2:
        return found
    return Days(found.start, found.end, found.unit, None, f"took '{m[0]}' as the last {count} {m['unit']}s")


def _past_unit(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The past month" runs to yesterday, unlike "last month"."""
    count = {"week": 7, "month": 30, "quarter": 90, "year": 365}[m["unit"]]
    found = last_n(calendar, count, "day")
    if found is None:
        return None
    return Days(found.start, found.end, "day", found.name, f"took '{m[0]}' as the last {count} days")


def _ago(calendar: Calendar, m: re.Match[str]) -> Days | None:
    count = 1 if m["n"] in ("a", "one", "an") else int(m["n"])
    unit = m["unit"]
    start = calendar.shift(unit, calendar.begin(unit, calendar.today), -count)
    return Days(start, calendar.shift(unit, start, 1), unit)


def _month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    number = dates.month_number(m["month"])
    return dates.month(calendar, number, _year(calendar, m))


def _this_month_name(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.month(calendar, dates.month_number(m["month"]), calendar.today.year)


def _year(calendar: Calendar, m: re.Match[str]) -> int | None:
    groups = m.groupdict()
    if text := groups.get("year"):
        return dates.year_number(text)
    relative = groups.get("relative")
    if not relative:
        return None
    return calendar.today.year - (0 if relative.startswith("this") else 1)


def _quarter(calendar: Calendar, m: re.Match[str]) -> Days | None:
    words = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1": 1, "2": 2, "3": 3, "4": 4}
    groups = m.groupdict()
    number = int(groups["q"]) if groups.get("q") else words[m["nth"]]
    if not 1 <= number <= 4:
        return None
    fiscal = bool(groups.get("fiscal"))
    return dates.quarter(calendar, number, _year(calendar, m), fiscal=fiscal)


def _half(calendar: Calendar, m: re.Match[str]) -> Days | None:
    groups = m.groupdict()
    first = (groups.get("h") or groups.get("nth")) in ("1", "first")

    def of(year: int) -> Days:
        return dates.months(date(year, 1 if first else 7, 1), 6, "month")

    year = _year(calendar, m)
    return of(year) if year is not None else dates.latest_complete(calendar, of)


def _calendar_year(calendar: Calendar, m: re.Match[str]) -> Days:
    return dates.months(date(int(m["year"]), 1, 1), 12, "year")


def _fiscal_year(calendar: Calendar, m: re.Match[str]) -> Days:
    groups = m.groupdict()
    if groups.get("year"):
        return dates.fiscal_year(calendar, dates.year_number(m["year"]))
    year = calendar.today.year + (
        1 if calendar.fiscal_start > 1 and calendar.today.month >= calendar.fiscal_start else 0
    )
    return dates.fiscal_year(calendar, year - (1 if groups.get("relative", "").startswith("last") else 0))


def _relative_fiscal_quarter(calendar: Calendar, m: re.Match[str]) -> Days:
    begin = dates.add_months(date(calendar.today.year - 1, calendar.fiscal_start, 1), 0)
    while dates.add_months(begin, 3) <= calendar.today:
        begin = dates.add_months(begin, 3)
    if m["relative"] in ("last", "previous"):
        begin = dates.add_months(begin, -3)
    return dates.months(begin, 3, "quarter")


def _day(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.day(calendar, int(m["day"]), m["month"], _year(calendar, m))


def _weekday(calendar: Calendar, m: re.Match[str]) -> Days:
    back = (calendar.today.weekday() - dates.weekday_number(m["weekday"])) % 7 or 7
    return dates.one_day(calendar.today - timedelta(days=back))


def _weekend(calendar: Calendar, m: re.Match[str]) -> Days:
    monday = calendar.today - timedelta(days=calendar.today.weekday())
    saturday = monday + timedelta(days=5)
    if m["relative"] != "this" and saturday + timedelta(days=2) > calendar.today:
        saturday -= timedelta(days=7)
    return Days(saturday, saturday + timedelta(days=2), "day")


def _week_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    point = read_point(m["point"], calendar)
    if point is None:
        return None
    start = calendar.week_of(point.start)
    return Days(start, start + timedelta(days=7), "week")


def _iso_week(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """An ISO week by its number; without a year the latest one that is complete."""

    def of(year: int) -> Days | None:
        try:
            monday = date.fromisocalendar(year, int(m["w"]), 1)
        except ValueError:
            return None
        return Days(monday, monday + timedelta(days=7), "week")

    return of(int(m["year"])) if m["year"] else dates.latest_complete(calendar, of)


def _edge(calendar: Calendar, m: re.Match[str]) -> Days | None:
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


def _part_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """The first or last days or week of a month, quarter or year."""
    whole = read_point(m["point"], calendar)
    if whole is None:
        return None
    length = int(m["n"] or 1) * (7 if m["unit"] == "week" else 1)
    if m["which"] in ("first", "opening"):
        return Days(whole.start, min(whole.end, whole.start + timedelta(days=length)))
    return Days(max(whole.start, whole.end - timedelta(days=length)), whole.end)


def _half_of(calendar: Calendar, m: re.Match[str]) -> Days | None:
    whole = read_point(m["point"], calendar)
    if whole is None or whole.unit != "month":
        return None
    middle = whole.start + timedelta(days=15)
    return Days(whole.start, middle) if m["which"] == "first" else Days(middle, whole.end)


def _iso(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.iso(calendar, m[0])


def _slashed(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.slashed(calendar, m[0])


def _holiday(calendar: Calendar, m: re.Match[str]) -> Days | None:
    return dates.holiday(calendar, m["holiday"], _year(calendar, m))


def _season(calendar: Calendar, m: re.Match[str]) -> Days | None:
    relative = m.groupdict().get("relative")
    year = dates.year_number(m["year"]) if m.groupdict().get("year") else None
    if relative == "this":
        year = calendar.today.year
    return dates.season(calendar, m["season"], year)


def _range(calendar: Calendar, m: re.Match[str]) -> Days | None:
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


def _days_of_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    year = _year(calendar, m)
    first = dates.day(calendar, int(m["a"]), m["month"], year)
    last = dates.day(calendar, int(m["b"]), m["month"], year)
    if first is None or last is None:
        return None
    if first.start > last.start and year is None:
        first = dates.one_day(dates.add_months(first.start, -12))
    return Days(first.start, last.end)


def _days_of_that_month(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The 1st to the 15th of last month"."""
    first = dates.add_months(calendar.today.replace(day=1), 0 if m["which"] == "this" else -1)
    a, b = int(m["a"]), int(m["b"])
    length = (dates.add_months(first, 1) - first).days
    if not 1 <= a <= b <= length:
        return None
    return Days(first + timedelta(days=a - 1), first + timedelta(days=b))


def _beside(calendar: Calendar, m: re.Match[str]) -> Days | None:
    """ "The week before Black Friday", "three days after Christmas"."""
    point = read_point(m["point"], calendar)
    if point is None or (point.unit in ("week", "month", "quarter", "year") and point.name):
        return None
    count = int(m["n"] or 1)
    if m["side"] in ("after", "following"):
        return Days(point.end, calendar.shift(m["unit"], point.end, count))
    return Days(calendar.shift(m["unit"], point.start, -count), point.start)


def _since(calendar: Calendar, m: re.Match[str]) -> Days | None:
    point = read_point(m["point"], calendar)
    if point is None or point.start > calendar.today:
        return None
    return Days(point.start, max(calendar.today, point.start + timedelta(days=1)), "day", None, point.assumption)


def _all_time(calendar: Calendar, _: re.Match[str]) -> Days:
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


def _before(_: Calendar, m: re.Match[str]) -> str:
    return f"before:{m['n']}:{m.groupdict().get('unit') or ''}"


def _says(value: str) -> Callable[[Calendar, re.Match[str]], str]:
    return lambda calendar, match: value


def _grain(_: Calendar, m: re.Match[str]) -> str:
    word = m["unit"]
    return {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}.get(
        word, "year" if word in ("annual", "annually") else word
    )


# ------------------------------------------------------------------ the rules


def _rule(name: str, pattern: str, make: Callable[[Calendar, re.Match[str]], Made], kind: Kind = "period") -> Rule:
    return name, re.compile(rf"(?<![^ ])(?:{pattern})(?![^ ])"), make, kind


_REL_YEAR = rf"(?:(?: of| in| ,)?(?: (?P<year>{YEAR})| (?P<relative>last year|this year|the previous year)))?"
_HOLIDAY_WORDS = "|".join(sorted((re.escape(h) for h in dates.HOLIDAYS), key=len, reverse=True))
_NOT_MAY = MONTH.replace("|may", "")

_NO_LIMIT = "".join(
    rf"(?<!{word} )"
    for word in ("than", "over", "above", "under", "below", "least", "most", ">", "<", ">=", "<=", "exceeds")
)
"""After these words a number such as 2026 is a limit on a metric, not a year."""

POINTS: tuple[Rule, ...] = (
    _rule("iso", r"\d{4}-\d{1,2}(?:-\d{1,2})?", _iso),
    _rule("slashed", r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}", _slashed),
    _rule("day month", rf"(?:{WEEKDAY} )?(?:the )?(?P<day>\d{{1,2}})(?: of)? (?P<month>{MONTH})" + _REL_YEAR, _day),
    _rule("month day", rf"(?:{WEEKDAY} )?(?P<month>{MONTH}) (?P<day>\d{{1,2}})(?! ?(?:days|weeks))" + _REL_YEAR, _day),
    _rule("month", rf"(?P<month>{_NOT_MAY})" + _REL_YEAR, _month),
    _rule("may", r"(?P<month>may)(?:(?: of| in| ,)?(?: (?P<year>20\d\d)| (?P<relative>last year|this year)))", _month),
    _rule("bare may", r"(?P<month>may)", _month),
    _rule("quarter", r"(?:(?P<fiscal>fiscal|fy) )?q(?P<q>[1-4])" + _REL_YEAR, _quarter),
    _rule(
        "nth quarter", r"(?:(?P<fiscal>fiscal) )?(?P<nth>first|second|third|fourth|[1-4]) quarter" + _REL_YEAR, _quarter
    ),
    _rule("half", r"h(?P<h>[12])" + _REL_YEAR, _half),
    _rule("year", rf"{_NO_LIMIT}(?:the year )?(?P<year>{YEAR})", _calendar_year),
    _rule("today", "today", _named("today", "day")),
    _rule("yesterday", "yesterday", _named("yesterday", "day")),
    *(
        rule
        for unit in ("week", "month", "quarter", "year")
        for rule in (
            _rule(f"this {unit}", f"(?:this|the current|current) {unit}", _named(f"this_{unit}", unit)),
            _rule(
                f"last {unit}",
                f"(?:last|previous|prior|preceding|latest|most recent) {unit}",
                _named(f"last_{unit}", unit),
            ),
            _rule(
                f"start of {unit}", f"(?:the )?(?:start|beginning) of (?:the|this) {unit}", _named(f"this_{unit}", unit)
            ),
        )
    ),
    _rule("ago", rf"(?P<n>\d+|a|an|one) (?P<unit>{UNIT})s? ago", _ago),
    _rule("weekday", rf"(?:last |this past |past )?(?P<weekday>{WEEKDAY})", _weekday),
    _rule("last month name", rf"last (?P<month>{MONTH})", _month),
    _rule("this month name", rf"this (?P<month>{MONTH})", _this_month_name),
    _rule("holiday", rf"(?:the |last |this )?(?P<holiday>{_HOLIDAY_WORDS})" + _REL_YEAR, _holiday),
)
_POINT = (
    rf"(?:(?:the |on )?(?:\d{{4}}-\d{{1,2}}(?:-\d{{1,2}})?|\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}"
    rf"|(?:{WEEKDAY} )?(?:the )?\d{{1,2}}(?: of)? {MONTH}(?:(?: ,)? {YEAR}| last year)?"
    rf"|(?:last |this )?{MONTH}(?: \d{{1,2}})?(?:(?: ,)? {YEAR}| last year| this year)?"
    rf"|q[1-4](?: {YEAR}| last year)?|{YEAR}"
    rf"|(?:last|this|the previous|previous) (?:week|month|quarter|year)|yesterday|today"
    rf"|(?:the )?(?:start|beginning) of (?:the|this) (?:week|month|quarter|year)|(?:\d+|a|one) {UNIT}s? ago"
    rf"|(?:last |past )?{WEEKDAY}|(?:the |last |this )?(?:{_HOLIDAY_WORDS})(?: {YEAR}| last year)?))"
)
_OF = rf"(?: (?P<relative>last year|this year)|(?: ,)? (?P<year>{YEAR}))?"

RULES: tuple[Rule, ...] = (
    # Comparisons first: "same period last year" must not be read as "last year".
    _rule(
        "same period last year",
        r"(?:the )?(?:same|corresponding|equivalent) (?:period|time|timeframe|days|day|dates|date|weeks|week|months"
        r"|month"
        r"|quarters|quarter|range|\d+ weeks|\d+ days|\d+ months)(?: of| in| from| a)?(?: the)?"
        r" (?:last year|previous year|prior year|year before|year ago|year earlier)",
        _says("previous_year"),
        "compare",
    ),
    _rule(
        "year ago",
        r"(?:a|one|the) year (?:ago|earlier|before|prior)|(?:the )?(?:year prior|prior year)",
        _says("previous_year"),
        "compare",
    ),
    _rule(
        "yoy",
        r"(?:year (?:over|on|to) year|yoy|y o y|year over year)(?: (?:change|growth))?",
        _says("previous_year"),
        "compare",
    ),
    _rule(
        "pop",
        r"(?:period over period|pop|(?:the )?(?:previous|prior|preceding|last|earlier) (?:period|timeframe)"
        r"|(?:the )?period (?:before|prior)|the one before(?: that)?|the same (?:length|number of days) before"
        r"|(?:what (?:it|they) (?:was|were)|(?:it|they) (?:was|were)|how (?:it|they) (?:was|were)) before)",
        _says("previous_period"),
        "compare",
    ),
    _rule("mom", r"month (?:over|on|to) month|mom|m o m", _says("previous_period:month"), "compare"),
    _rule("wow", r"week (?:over|on|to) week|wow|w o w", _says("previous_period:week"), "compare"),
    _rule("qoq", r"quarter (?:over|on|to) quarter|qoq|q o q", _says("previous_period:quarter"), "compare"),
    _rule("dod", r"day (?:over|on|to) day|dod", _says("previous_period:day"), "compare"),
    _rule(
        "N before",
        rf"(?:the )?(?P<n>\d+)(?: (?P<unit>{UNIT})s?)? (?:before|prior|earlier|preceding|previous)(?: (?:that|those"
        rf"|them|it|these))?",
        _before,
        "compare",
    ),
    _rule(
        "unit before",
        rf"the (?P<unit>{UNIT}) (?:before|prior|earlier)(?: (?:that|it))?",
        lambda c, m: f"before:1:{m['unit']}",
        "compare",
    ),
    # Then periods made of other periods.
    _rule(
        "week before last",
        rf"(?:the )?(?P<unit>{UNIT}) before last",
        lambda c, m: Days(
            c.shift(m["unit"], c.begin(m["unit"], c.today), -2),
            c.shift(m["unit"], c.begin(m["unit"], c.today), -1),
            m["unit"],
        ),
    ),
    _rule(
        "day before yesterday",
        "(?:the )?day before yesterday",
        lambda c, m: Days(c.today - timedelta(days=2), c.today - timedelta(days=1)),
    ),
    _rule("between", rf"(?:from |between )(?P<first>{_POINT}) and (?P<last>{_POINT})", _range),
    _rule(
        "range",
        rf"(?:from |between )?(?P<first>{_POINT}) (?:to|until|till|through|thru|-|up to) (?P<last>{_POINT})",
        _range,
    ),
    _rule(
        "days of month",
        rf"(?:from |between )?(?:the )?(?P<a>\d{{1,2}}) (?:to|and|through|-|until) (?:the )?(?P<b>\d{{1,2}})(?: of)?"
        rf" (?P<month>{MONTH})" + _OF,
        _days_of_month,
    ),
    _rule(
        "days of that month",
        r"(?:from |between )?(?:the )?(?P<a>\d{1,2}) (?:to|and|through|-|until) (?:the )?(?P<b>\d{1,2}) of"
        r" (?P<which>last|this|the previous) month",
        _days_of_that_month,
    ),
    _rule(
        "before point",
        rf"(?:the )?(?:(?P<n>\d+) )?(?P<unit>day|week|month)s? (?P<side>before|prior to|leading up to|after|following)"
        rf" (?P<point>{_POINT})",
        _beside,
    ),
    _rule(
        "month days",
        rf"(?:from |between )?(?P<month>{MONTH}) (?P<a>\d{{1,2}}) (?:to|and|through|-|until) (?P<b>\d{{1,2}})(?! "
        rf"?{MONTH})" + _OF,
        _days_of_month,
    ),
    _rule(
        "since",
        rf"(?:ever )?(?:since|starting(?: from| on)?|from) (?P<point>{_POINT})(?: (?:onwards?|on|until now|to now|to "
        rf"today|till now|to date))?",
        _since,
    ),
    _rule(
        "iso week",
        rf"(?:calendar |iso )?(?:week|wk|kw|cw) (?P<w>[1-9]|[1-4]\d|5[0-3])(?:(?: of)? (?P<year>{YEAR}))?",
        _iso_week,
    ),
    _rule("since start", rf"since (?:the )?(?:start|beginning|first day) of (?P<point>{_POINT})", _since),
    _rule(
        "edge of",
        rf"(?:at |in |by |around )?(?:the )?(?P<edge>end|start|beginning|middle) of "
        rf"(?P<point>{MONTH}(?: {YEAR})?|last month|this month)",
        _edge,
    ),
    _rule("early month", rf"(?P<edge>early|late|mid) (?P<point>{MONTH}(?: {YEAR})?)", _edge),
    _rule(
        "week of",
        rf"(?:the )?(?:week (?:of|commencing|beginning|starting|from)|w/?c)(?: on)? (?P<point>{_POINT})",
        _week_of,
    ),
    _rule(
        "part of",
        rf"(?:the )?(?P<which>first|opening|last|final) (?:(?P<n>\d+) )?(?P<unit>day|week)s? (?:of|in) "
        rf"(?P<point>{_POINT})",
        _part_of,
    ),
    _rule("half of month", rf"(?:the )?(?P<which>first|second) half of (?P<point>{_POINT})", _half_of),
    _rule(
        "half of year",
        rf"(?:the )?(?P<nth>first|second) half(?: of(?: the year)?)?(?: (?P<year>{YEAR})| (?P<relative>last year"
        rf"|this year))?",
        _half,
    ),
    # Then plain periods.
    _rule(
        "last n", rf"(?:the )?(?:{LAST}) (?P<n>\d+)(?: (?:full|complete|calendar|whole))? (?P<unit>{UNIT})s?", _last_n
    ),
    _rule("n last", rf"(?:the )?(?P<n>\d+) (?:last|past|most recent) (?P<unit>{UNIT})s?", _last_n),
    _rule("few", rf"(?:the )?(?:{LAST}) (?:few|couple(?: of)?|several) (?P<unit>{UNIT})s?", _few),
    _rule("short last", r"[lpt](?P<n>\d{1,3})(?P<u>[dwmqy])", _short_last),
    _rule("n days", rf"(?:over|in|during|for|within)(?: the)? (?P<n>[2-9]\d*|1\d+) (?P<unit>{UNIT})s?", _last_n),
    _rule(
        "the unit",
        r"(?:(?<=for )|(?<=during )|(?<=over ))the (?P<unit>month|quarter|year)",
        lambda c, m: named(c, f"this_{m['unit']}", m["unit"]),
    ),
    _rule("past unit", r"(?:the )?past (?P<unit>week|month|quarter|year)", _past_unit),
    _rule("24 hours", r"(?:the )?(?:last|past) (?:24|24h) hours", _named("yesterday", "day")),
    *(
        _rule(f"{unit} to date", pattern, _named(f"{unit}_to_date", unit))
        for unit, pattern in (
            (
                "month",
                r"(?:this )?month to date|mtd|(?:so far )?this month so far|so far this month|(?:the )?month so far",
            ),
            (
                "quarter",
                r"(?:this )?quarter to date|qtd|this quarter so far|so far this quarter|(?:the )?quarter so far",
            ),
            ("year", r"(?:this )?year to date|ytd|this year so far|so far this year|(?:the )?year so far"),
        )
    ),
    _rule(
        "week to date",
        r"(?:this )?week to date|wtd|this week so far|so far this week",
        lambda c, m: Days(c.week_of(c.today), max(c.today, c.week_of(c.today) + timedelta(days=1)), "week"),
    ),
    _rule(
        "all time",
        r"all time|of all time|ever|since (?:the )?(?:beginning|start|day one|launch|we started)|to date overall",
        _all_time,
    ),
    _rule(
        "fiscal year",
        rf"(?:fy|fiscal year|financial year) ?(?P<year>{YEAR}|\d\d)|fy(?P<short>\d\d)(?!\d)",
        lambda c, m: dates.fiscal_year(c, dates.year_number(m["year"] or m["short"])),
    ),
    _rule(
        "relative fiscal year",
        r"(?P<relative>this|last|the current|current|the last|the previous) (?:fiscal|financial) year",
        lambda c, m: _fiscal_year(c, m),
    ),
    _rule(
        "relative fiscal quarter",
        r"(?:the )?(?P<relative>this|last|current|previous) fiscal quarter",
        _relative_fiscal_quarter,
    ),
    _rule(
        "weekend",
        r"(?:over |on )?(?:the )?(?P<relative>last|past|this|previous|this past)? ?weekend",
        lambda c, m: _weekend(c, m),
    ),
    _rule(
        "season",
        rf"(?:(?P<relative>last|this|the|over the|in the|during the|in|during) )(?P<season>spring|summer|autumn|fall"
        rf"|winter)(?: (?P<year>{YEAR}))?(?! (?:sale|campaign|promo|collection|launch|deal|offer))",
        _season,
    ),
    *(r for r in POINTS if r[0] != "bare may"),
    _rule(
        "in may",
        r"(?:(?<=in )|(?<=for )|(?<=during )|(?<=of )|(?<=since )|(?<=vs )|(?<=versus )|(?<=with )|(?<=to )"
        r"|(?<=against )|(?<=than )|(?<=from )|(?<=and )|(?<=last )|(?<=this ))(?P<month>may)",
        _month,
    ),
    # Grains.
    _rule(
        "by unit",
        rf"(?:by|per|each|every|split by|broken down by|grouped by|on a|at a)(?: the)? (?:calendar )?(?P<unit>{UNIT}"
        rf"|daily|weekly|monthly|quarterly|yearly|annual)(?: (?:basis|level))?",
        _grain,
        "grain",
    ),
    _rule(
        "unit by unit",
        r"(?P<unit>day|week|month|quarter|year) (?:by|after|per) (?P=unit)",
        _grain,
        "grain",
    ),
    _rule(
        "unitly",
        r"(?P<unit>daily|weekly|monthly|quarterly|yearly|annual|annually)(?: (?:basis|trend|breakdown|view))?",
        _grain,
        "grain",
    ),
)
