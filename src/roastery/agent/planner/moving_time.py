"""The time of a follow-up told from the thread's own: "the two weeks before that", "the same days a month earlier", "on
the 28th", "that same week"."""

import re
from dataclasses import replace
from datetime import date, timedelta

from roastery.agent.planner.assumed import COMPARED_IS, without
from roastery.agent.planner.dates import Calendar, Days
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

_UNIT = r"(?:days?|weeks?|months?|quarters?|years?)"
COMPARING = r"(?:vs|versus|against|compare\w*|comparison|relative to|than)"
EARLIER = (
    rf"(?:the |those |these )*same (?:N\d+ )?(?:{_UNIT}|dates?|period|time)(?:,)? (?:a |an |one |the )?(?P<c>C\d+)"
)
BEFORE = (
    r"(?:(?:and|but|or|what about|how about|in|for|over|during|the|,) )*"
    r"(?P<c>C\d+)(?: (?:that|it|this|please|then|\?))*"
)
BEFORE_THAT = r"(?:in|for|over|during) (?:the )?(?P<c>C\d+) (?:that|it|this|those|them)"
AFTER = (
    rf"(?:the )?(?:next |following )?(?P<n>N\d+) (?P<unit>{_UNIT}) (?:right |just )?"
    r"(?:after|afterwards|later)(?: (?:that|it|those))?"
)
SAME = (
    rf"(?:(?:in|for|over|during|on|of) )?(?:(?:the|that|this|those|these) )*(?:same|very) (?:N\d+ )?"
    rf"(?:{_UNIT}|period|time|stretch|dates?)"
    rf"|(?:in|for|over|during|on|of) (?:that|those|these) (?:N\d+ )?(?:{_UNIT}|period|time)"
    r"|back then|at (?:that|the) time"
)
"""The thread's own time, named again."""
ON_DAY = r"(?:on|of|for|just|only|about|and) (?:the |day )?(?P<n>N\d+)(?: of (?:that|the) (?:month|week))?"
ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th)", re.IGNORECASE)


def moved_in_time(question: Question, heard: Reading, before: Reading, calendar: Calendar) -> Reading:
    """What was heard, with the period that its words make of the thread's; as it was where they make none."""
    own = before.period
    if own is None or own.name == "all_time" or question.of_kind("P"):
        return heard
    if found := next(question.find(EARLIER), None):
        count, unit = _steps(question, found["c"])
        if count and _fits(question, own):
            moved = _shifted(own, -count, unit, calendar)
            if question.says(COMPARING):
                return replace(heard, compare=moved, said=heard.said | {"compare"})
            return _at(heard, moved)
    within = None if question.says(COMPARING) else next(question.find(BEFORE_THAT), None)
    if found := re.fullmatch(BEFORE, question.line.strip(" .!")) or within:
        count, unit = _steps(question, found["c"])
        said = question.words(question[found["c"]]).lower()
        if count > 1 or (count == 1 and unit == "day"):
            if re.search(r"earlier|ago|prior$", said):
                return _at(heard, _shifted(own, -count, unit, calendar))
            return _at(heard, Days(calendar.shift(unit, own.start, -count), own.start, unit))
    if found := next(question.find(AFTER), None):
        symbol = question[found["n"]]
        if str(symbol.of).isdigit():
            question.used.add(symbol.index)
            unit = found["unit"].rstrip("s")
            return _at(heard, Days(own.end, calendar.shift(unit, own.end, int(symbol.of)), unit))
    if day := _day_of(question, own):
        return _at(heard, Days(day, day + timedelta(days=1)))
    if (found := next(question.find(SAME), None)) and _fits(question, own) and not question.of_kind("C"):
        question.carried.append(SAME)
        return _at(heard, own) if "metrics" in heard.said else heard
    return heard


def tells_time_of_thread(question: Question) -> bool:
    """Whether a question names the thread's time again, or one told from it."""
    return any(question.has(said) for said in (EARLIER, AFTER, SAME)) and not question.of_kind("P")


def _at(heard: Reading, days: Days) -> Reading:
    intent = "query" if heard.intent == "compare" else heard.intent
    said = (heard.said | {"period"}) - {"compare"}
    left = without(heard.assumptions, COMPARED_IS)
    return replace(heard, intent=intent, period=days, compare=None, said=said, assumptions=left)


def _steps(question: Question, name: str) -> tuple[int, str]:
    """How many of which unit a comparison goes back, (0, "") for any other."""
    parts = str(question[name].of.compare).split(":")
    if len(parts) == 3 and parts[0] == "before" and parts[1].isdigit() and parts[2]:
        return int(parts[1]), parts[2]
    return (1, parts[1]) if parts[0] == "shift" and len(parts) == 2 else (0, "")


def _fits(question: Question, own: Days) -> bool:
    """Whether "the same three days" are as many as the thread's; its number is used then."""
    length = (own.end - own.start).days
    for found in question.find(rf"(?P<n>N\d+) (?P<unit>{_UNIT})"):
        symbol, unit = question[found["n"]], found["unit"].rstrip("s")
        days = {"day": 1, "week": 7}.get(unit)
        if days is not None and str(symbol.of).isdigit() and int(symbol.of) * days != length:
            return False
        question.used.add(symbol.index)
    return True


def _shifted(own: Days, count: int, unit: str, calendar: Calendar) -> Days:
    return Days(calendar.shift(unit, own.start, count), calendar.shift(unit, own.end, count), own.unit)


def _day_of(question: Question, own: Days) -> date | None:
    """ "On the 28th", of a thread about some days or a month: the one day of that number among them."""
    found = next(question.find(ON_DAY), None)
    symbol = question[found["n"]] if found else None
    if symbol is None or not ORDINAL.fullmatch(question.words(symbol)) or (own.end - own.start).days > 31:
        return None
    days = [own.start + timedelta(days=n) for n in range((own.end - own.start).days)]
    fitting = [d for d in days if d.day == int(str(symbol.of).rstrip("stndrh"))]
    if len(fitting) != 1:
        return None
    question.used.add(symbol.index)
    return fitting[0]
