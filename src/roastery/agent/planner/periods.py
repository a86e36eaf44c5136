"""Which period a question is about, and which one it is compared with."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from roastery.agent.planner.assumed import COMPARED_IS, THIS, took, usual_period
from roastery.agent.planner.calendar import Span
from roastery.agent.planner.calendar_points import read_point
from roastery.agent.planner.calendar_relative import last_n, named
from roastery.agent.planner.dates import Calendar, Days, add_months
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods_joined import BESIDE, COMPARED, MOVED, VERSUS, joined
from roastery.agent.planner.question import Question, Symbol

AGAINST_BEFORE = "nothing was named to be compared with, so it is the period before"
TREND = pattern("trend")


@dataclass(frozen=True)
class When:
    """A period, what it is compared with, the grain, and what was assumed about them."""

    period: Days | None = None
    compare: Days | str | None = None
    grain: str | None = None
    assumptions: tuple[str, ...] = ()
    said_period: bool = False
    said_compare: bool = False


def when(question: Question, calendar: Calendar) -> When:
    """Read the periods of a question; nothing is assumed yet where none is named."""
    periods = joined(question, [s for s in question.of_kind("P") if s.of.days is not None])
    grains = [s.of.grain for s in question.of_kind("G")]
    grain = grains[-1] if grains else _grain_of_each(question, periods) or _grain_of_superlative(question)
    found = _pair(question, periods, calendar)
    if found is None:
        found = _relative(question, periods, calendar)
    found = replace(found, grain=grain or found.grain)
    said = tuple(s.of.days.assumption for s in periods if s.of.days.assumption)
    return replace(found, assumptions=(*found.assumptions, *said))


def _grain_of_each(question: Question, periods: list[Symbol]) -> str | None:
    """ "In each of the last six months": the steps of the period, one by one."""
    for symbol in periods:
        if question.has(rf"(?:each|every one|every single one) of (?:the |our )?{symbol.name}"):
            return str(symbol.of.days.unit)
    return None


def _grain_of_superlative(question: Question) -> str | None:
    """ "Which week", "best day", "days with spend over 2k": the time unit is what is ranked or listed."""
    units = r"(?P<unit>day|week|month|quarter)s (?:in|with|where|when|of|during|on which|that|P\d+|had).*N\d+.*"
    listed = next(question.find(units), None)
    if listed and (question.of_kind("M") or question.of_kind("A")):
        return listed["unit"]
    if question.has(
        r"^(?:and |so |ok )?when (?:did|was|were|had|have|do|does) .*(?:most|least|fewest|highest|lowest|best"
        r"|worst|peak\w*|biggest)(?: .*)?"
    ):
        return "day"
    found = next(
        question.find(
            r"(?:which|what|best|worst|top|busiest|biggest|best ever|strongest|weakest|highest|lowest|peak"
            r"|on which|each|per"
            r"|every)"
            r"(?: N\d+)?(?: \w+ing)? (?P<unit>day|week|month|quarter)s?"
        ),
        None,
    )
    return found["unit"] if found else None


HELD_FIRST = re.compile(r"(?<![^ ])(?:than|vs|versus|against|compared (?:to|with))(?: in| the)*\s*$")


def _pair(question: Question, periods: list[Symbol], calendar: Calendar) -> When | None:
    """Two named periods that are compared with each other."""
    if len(periods) == 1 and (halves := _split_range(question, periods[0], calendar)):
        first, last = halves
        return _compare_days(last, first, calendar)
    if len(periods) < 2:
        return None
    a, b = periods[0], periods[1]
    between = question.line.split(a.name, 1)[1].split(b.name, 1)[0]
    head = question.line.split(a.name, 1)[0]
    linked = re.search(rf"(?<![^ ]){VERSUS}(?![^ ])", between)
    if not linked and HELD_FIRST.search(head) and re.fullmatch(r"\s*[?,.:;-]*\s*(?:in |for )?", between):
        # "Is it up on last year? September": what it is held against was said first.
        return _compare_spans(b.of, a.of, calendar)
    both = re.fullmatch(r" (?:and|with|to|or|vs|versus|against|,) (?:the |in |for |of )*", between)
    moved = re.search(rf"(?<![^ ]){COMPARED}(?![^ ])", head)
    linked = linked or re.fullmatch(
        r" (?:over|(?:beat|top|outperform|outdo|surpass|exceed)\w*) (?:the |in "
        r"|that of )*",
        between,
    )
    moved = moved or question.has(BESIDE)
    if not linked and not (both and moved):
        return None
    base, other = a.of, _of_other_year(a.of, b.of, calendar)
    if re.match(r"\s*(?:from|between)\s*$", head[-8:]) or (not linked and both):
        base, other = sorted((a.of, b.of), key=lambda s: s.days.start, reverse=True)
    return _compare_spans(base, other, calendar)


def _of_other_year(base: Span, other: Span, calendar: Calendar) -> Span:
    """ "Thanksgiving 2025 vs 2024", "October 2026 vs 2025": the same days of the other year."""
    said = re.search(r"20\d\d", base.text)
    if said is None or not re.fullmatch(r"20\d\d", other.text) or base.text == said[0]:
        return other
    days = read_point(base.text.replace(said[0], other.text), calendar)
    return other if days is None else replace(other, days=days)


def _split_range(question: Question, symbol: Symbol, calendar: Calendar) -> tuple[Days, Days] | None:
    """ "How did it change from September to October" names two periods, not one long one."""
    found = re.fullmatch(r"(?:from |between )?(?P<a>.+?) (?:to|and) (?P<b>.+)", symbol.of.text)
    if not found or not re.search(rf"(?<![^ ])(?:{MOVED}|compar(?:e[sd]?|ing|ison))(?![^ ])", question.line):
        return None
    first, last = read_point(found["a"], calendar), read_point(found["b"], calendar)
    if first is None or last is None or first.unit != last.unit or first.unit == "day":
        return None
    if question.has(rf"compar(?:e[sd]?|ing)(?: \S+){{0,6}}? {symbol.name}") and " to " in symbol.of.text:
        # "Compare October to September": the first is what is looked at, the second what it is held against.
        return last, first
    if first.start > last.start and (first.name or last.name):
        return last, first
    if first.start > last.start:
        first = Days(add_months(first.start, -12), add_months(first.end, -12), first.unit)
    return first, last


def _compare_spans(base: Span, other: Span, calendar: Calendar) -> When:
    assert base.days is not None
    assert other.days is not None
    if other.back and re.match(r"(?:the )?(?:previous|prior|preceding)\b", other.back):
        return When(base.days, _count_back(base.days, other.days, calendar), None, (), True, True)
    if other.days.name == "last_year" and base.days.unit != "year":
        return When(base.days, "previous_year", None, (), True, True)
    if other.days.name == "last_year" and (base.days.name or "").endswith("_to_date"):
        return When(base.days, "previous_year", None, (), True, True)
    return _compare_days(base.days, other.days, calendar)


def _compare_days(base: Days, other: Days, calendar: Calendar) -> When:
    if base.name and base.name.startswith("this_") and other.name == base.name.replace("this_", "last_"):
        unit = base.unit
        if unit in ("month", "quarter", "year"):
            return When(named(calendar, f"{unit}_to_date", unit), "previous_period", None, (), True, True)
        return When(base, "previous_period", None, (), True, True)
    if base.unit == "month" and base.start < other.start and not base.name and base.start.month == calendar.today.month:
        # "November vs October", asked in November: this November, as far as it has come.
        note = took(f"{base.start:%B}", "this month so far")
        return When(named(calendar, "month_to_date", "month"), "previous_period", None, (note,), True, True)
    if (base.start, base.end) == (other.start, other.end) and base.unit in ("month", "quarter", "week"):
        return When(base, "previous_period" if base.unit == "week" else "previous_year", None, (), True, True)
    if (
        other.unit == "month"
        and not other.name
        and other.start.month == calendar.today.month
        and other.end <= base.start
    ):
        note = took(f"{other.start:%B}", "this month so far")
        if other.start < add_months(base.start, -1):
            return When(named(calendar, "month_to_date", "month"), "previous_period", None, (note,), True, True)
    running = base.start <= calendar.today < base.end - timedelta(days=1) and not base.name
    if running and other.end == base.start and (base.unit, base.start.month) != ("year", 1):
        return _so_far(base, other, calendar)
    if (other.start, other.end) == _before(base):
        return When(base, "previous_period", None, (), True, True)
    if (other.start, other.end) == (add_months(base.start, -12), add_months(base.end, -12)):
        return When(base, "previous_year", None, (), True, True)
    return When(base, replace(other, name=None), None, (), True, True)


def _so_far(base: Days, other: Days, calendar: Calendar) -> When:
    """This fiscal year against the last: as far as this one has come, against the same stretch of the other."""
    if base.unit == "year":
        return When(base, "previous_year", None, (), True, True)
    now = Days(base.start, calendar.today + timedelta(days=1), base.unit)
    return When(
        now, Days(other.start, min(other.start + (now.end - now.start), other.end), "day"), None, (), True, True
    )


def _before(days: Days) -> tuple[object, object]:
    """What `previous_period` means for these days (as the semantic layer has it)."""
    if days.start.day == days.end.day == 1 and not (days.name or "").endswith("_days"):
        months = (days.end.year - days.start.year) * 12 + days.end.month - days.start.month
        return add_months(days.start, -months), days.start
    return days.start - (days.end - days.start), days.start


def _count_back(base: Days, other: Days, calendar: Calendar) -> Days | str:
    """ "the previous four weeks" beside another period: the four weeks before that one."""
    if other.unit == base.unit and other.end - other.start == base.end - base.start:
        return "previous_period"
    if other.unit == base.unit and _count(other) == _count(base):
        return "previous_period"
    return _units_before(base, _count(other), other.unit, calendar)


def _count(days: Days) -> int:
    length = (days.end - days.start).days
    months = (days.end.year - days.start.year) * 12 + days.end.month - days.start.month
    return {"week": length // 7, "month": months, "quarter": months // 3, "year": months // 12}.get(days.unit, length)


def _units_before(base: Days, count: int, unit: str, calendar: Calendar) -> Days | str:
    start = calendar.shift(unit, base.start, -count)
    if (start, base.start) == _before(base):
        return "previous_period"
    return Days(start, base.start, unit)


STEPS = ("week", "month", "quarter")
GOING = (
    r"(?:is|are) (?:\S+ ){1,8}?(?:going|growing|rising|falling|dropping|shrinking|climbing|declining|sliding|slipping"
    r"|moving|trending|developing)(?: (?:up|down))?(?: .*)?"
)
"""How something goes on, over several steps of time."""
LENGTHS = {"day": 1, "week": 7, "month": 30.5, "quarter": 91.5, "year": 365}


def _moved(question: Question) -> bool:
    """ "Did revenue rise?" compares; "which category moved the most units" ranks."""
    line = re.sub(
        r"(?<![^ ])(?:moved?|moves|gained?|gains) (?:the |in )*(?:most|fewest|least|more) [MA]\d+", "_", question.line
    )
    return any(True for _ in question.find(MOVED, line))


def _relative(question: Question, periods: list[Symbol], calendar: Calendar) -> When:
    """One period or none, perhaps with words such as "the eight before", "same period last year", "MoM"."""
    base = periods[0].of.days if periods else None
    if len(periods) == 1 and base and _is_only_comparison(question, periods[0]):
        return _against(base, calendar, back=periods[0].of.back or "")
    compares = question.of_kind("C")
    if (
        not compares
        and base is not None
        and question.has(rf"{VERSUS} (?:the )?(?:last|previous|prior)(?: one)?(?: \?)?")
    ):
        # "This quarter vs last".
        return When(_to_date(base, calendar), "previous_period", None, (), True, True)
    if not compares and base is None and _moved(question) and not question.has(TREND) and not question.of_kind("G"):
        return When(None, "previous_period", None, (AGAINST_BEFORE,), False, False)
    if not compares:
        if base is not None and _count(base) > 2 and base.unit in STEPS and question.says(GOING):
            # "Are visits going up or down? Last 6 months": one month after the other.
            return When(base, None, base.unit, (), True)
        if base is not None and _moved(question) and not question.has(TREND) and not question.of_kind("G"):
            return When(_to_date(base, calendar), "previous_period", None, (AGAINST_BEFORE,), True, False)
        return When(base, None, None, (), base is not None)
    how = str(compares[0].of.compare)
    if how.startswith("before:"):
        _, count, unit = how.split(":")
        unit = unit or (base.unit if base else "week")
        if base is None:
            base = last_n(calendar, int(count), unit)
            return When(base, "previous_period", None, (), False, True)
        if base.name and base.name.startswith("this_") and count == "1" and unit == base.unit:
            return When(_to_date(base, calendar), "previous_period", None, (), True, True)
        return When(base, _units_before(base, int(count), unit, calendar), None, (), True, True)
    if how.startswith("shift:"):
        days = _to_date(base, calendar) if base else None
        return When(days, shifted(days, how, calendar) if days else how, None, (), base is not None, True)
    kind, _, unit = how.partition(":")
    if base is None and unit:
        base = last_n(calendar, 1, unit)
        return When(base, kind, None, (), False, True)
    if base is not None and unit and (base.end - base.start).days > 2.5 * LENGTHS[unit]:
        # "Month over month, this year": the months of it, one after the other.
        return When(base, None, unit, (), True, False)
    return When(_to_date(base, calendar) if base else None, kind, None, (), base is not None, True)


def shifted(base: Days, how: str, calendar: Calendar) -> Days:
    """ "The same day last week": the base moved back by the unit that `how` names."""
    unit = how.split(":")[1]
    return Days(calendar.shift(unit, base.start, -1), calendar.shift(unit, base.end, -1), base.unit)


def _against(other: Days, calendar: Calendar, *, back: str) -> When:
    """ "… compared to last month", with no period of its own: this month so far, against the same days of it."""
    unit = other.unit if other.unit in ("week", "month", "quarter", "year") and other.name else ""
    if not back:
        base = named(calendar, "last_month", "month") if other.unit == "month" else None
        note = f"{COMPARED_IS}the last complete month"
        return When(base, replace(other, name=None), None, (note,) if base else (), False, True)
    if not unit:
        return When(None, "previous_period", None, (), False, True)
    if back.startswith(("previous", "prior", "preceding", "the previous", "the prior")):
        note = f"{THIS}is the last complete {unit} against the one before"
        return When(named(calendar, f"last_{unit}", unit), "previous_period", None, (note,), False, True)
    base = named(calendar, "this_week", "week") if unit == "week" else named(calendar, f"{unit}_to_date", unit)
    compare = "previous_year" if unit == "year" else "previous_period"
    return When(
        base, compare, None, (f"this {unit} so far is compared with the same days of the last one",), False, True
    )


def _to_date(base: Days, calendar: Calendar) -> Days:
    """An unfinished month, quarter or year is compared as far as it has come."""
    if base.name in ("this_month", "this_quarter", "this_year"):
        return named(calendar, f"{base.unit}_to_date", base.unit)
    return base


def _is_only_comparison(question: Question, symbol: Symbol) -> bool:
    """ "… compared to last year", with no period of its own beside it."""
    before = question.line.split(symbol.name, 1)[0]
    return bool(
        re.search(
            r"(?<![^ ])(?:vs|versus|against|compared? (?:to|with|against)|than|relative to|next to|alongside)"
            r" (?:the |in |it was )*$",
            before,
        )
    )


def compared_with(base: Days, other: Days, calendar: Calendar) -> Days | str:
    """How another period is compared with a base that is known already."""
    found = _compare_days(base, other, calendar)
    return found.compare or replace(other, name=None)


def default_period(
    calendar: Calendar, grain: str | None, compare: Days | str | None, *, cohorts: bool = False
) -> tuple[Days, str]:
    """The period of a question that names none, with the sentence that says so. cohorts: of when customers came."""
    if cohorts and grain is None and compare is None:
        year = last_n(calendar, 12, "month")
        assert year is not None
        return year, usual_period("these are customers acquired in the last 12 complete months")
    if compare == "previous_year" and grain is None:
        return named(calendar, "last_month", "month"), usual_period("this is the last complete month")
    if grain == "week":
        weeks = last_n(calendar, 8, "week")
        assert weeks is not None
        return weeks, usual_period("these are the last 8 complete weeks")
    if grain in ("month", "quarter", "year"):
        months = last_n(calendar, 12, "month")
        assert months is not None
        return months, usual_period("these are the last 12 complete months")
    days = last_n(calendar, 30, "day")
    assert days is not None
    return days, usual_period("these are the last 30 days")


def trend_grain(days: Days | None, calendar: Calendar) -> str:
    """A grain that shows between about eight and forty points."""
    if days is None:
        return "week"
    length = (min(days.end, calendar.today + timedelta(days=1)) - days.start).days
    return "day" if length <= 45 else "week" if length <= 210 else "month"
