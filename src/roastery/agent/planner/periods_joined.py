"""Periods of one question as one: listed, corrected, within a year, from one to another, given by date."""

import re
from dataclasses import replace

from roastery.agent.planner.dates import Days, add_months
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question, Symbol

VERSUS = pattern("versus")
MOVED = pattern("moved")
COMPARED = rf"(?:{MOVED}|compar(?:e[sd]?|ing|ison)|difference|between)"
BESIDE = r"(?:side by side|next to each other|beside each other|head to head)"


def joined(question: Question, periods: list[Symbol]) -> list[Symbol]:
    """ "In August and September" is one period of two months, unless they are compared."""
    periods = _in_a_year(question, _corrected(question, _exact(question, periods)))
    runs = _runs(question, periods)
    if len(runs) < len(periods) and (
        len(runs) > 1
        or not question.has(
            rf"(?:{COMPARED}|{VERSUS}|{BESIDE}|better"
            rf"|worse)"
        )
    ):
        return runs
    if len(periods) != 2 or question.has(rf"(?:{COMPARED}|{VERSUS}|{BESIDE}|better|worse|more|less|higher|lower)"):
        return periods
    periods = _same_year(periods)
    if whole := _from_to(question, *periods):
        return [whole]
    first, last = sorted(periods, key=lambda s: s.of.days.start)
    beside = question.has(rf"{periods[0].name} (?:and|plus|through|to)(?: in)? {periods[1].name}")
    if not beside or first.of.days.end != last.of.days.start:
        return periods
    days = Days(first.of.days.start, last.of.days.end, first.of.days.unit)
    return [replace(first, of=replace(first.of, days=days, back=None))]


def _exact(question: Question, periods: list[Symbol]) -> list[Symbol]:
    """ "Halloween weekend, 31 Oct to 1 Nov": days given by their dates hold, the event within them explains."""
    for dated in periods:
        if not re.search(r"\d", dated.of.text):
            continue
        a, b = dated.of.days.start, dated.of.days.end
        within = [
            s
            for s in periods
            if s is not dated
            and not re.search(r"\d", s.of.text)
            and not s.of.days.name
            and s.of.days.unit == "day"
            and a <= s.of.days.start
            and s.of.days.end <= b
        ]
        question.used.update(s.index for s in within)
        periods = [s for s in periods if s not in within]
    return periods


def _corrected(question: Question, periods: list[Symbol]) -> list[Symbol]:
    """ "This quarter … sorry, the previous one": what is said last holds. "Until today" says nothing."""
    said = r"(?:sorry|i mean|i meant|make that|correction|no wait|wait no|or rather)"
    kept = []
    for n, symbol in enumerate(periods):
        after = question.line.split(symbol.name, 1)[1]
        nxt = periods[n + 1].name if n + 1 < len(periods) else None
        taken_back = nxt and re.search(rf"(?<![^ ]){said}(?![^ ])", after.split(nxt, 1)[0])
        now = symbol.of.days.name == "today" and question.has(rf"(?:until|till|to|by|as of|up to) {symbol.name}")
        if taken_back or (now and len(periods) == 2):
            question.used.add(symbol.index)
        else:
            kept.append(symbol)
    return kept


def _in_a_year(question: Question, periods: list[Symbol]) -> list[Symbol]:
    """ "Last year in October", "in 2025, Q3": a month or quarter of the year that is said beside it."""
    if len(periods) != 2:
        return periods
    for year, part in (periods, reversed(periods)):
        whole, days = year.of.days, part.of.days
        if whole.unit != "year" or days.unit not in ("month", "quarter") or days.name:
            continue
        beside = rf"(?:{year.name} (?:, )?(?:(?:in|for) )?{part.name}|{part.name} (?:, )?(?:(?:in|of) )?{year.name})"
        held = rf"(?:than|vs|versus|against|compared (?:to|with)) (?:in )?{year.name}"
        if re.search(r"20\d\d", part.of.text) or not question.has(beside) or whole.start.month != 1:
            continue
        if question.has(held) and not question.has(rf"{held} in {part.name}"):
            continue
        months = 12 * (whole.start.year - days.start.year)
        moved = Days(add_months(days.start, months), add_months(days.end, months), days.unit)
        question.used.add(year.index)
        return [replace(part, of=replace(part.of, days=moved, back=None))]
    return periods


def _runs(question: Question, periods: list[Symbol]) -> list[Symbol]:
    """ "Sep+Oct", "March, April and May": months, days or quarters that are listed and follow each other, as one."""
    found: list[Symbol] = []
    last = ""
    for symbol in periods:
        before = found[-1].of.days if found else None
        listed = last and question.has(rf"{last} (?:(?:,|and|plus|, and) )?(?:in |on )?{symbol.name}")
        days = symbol.of.days
        if before and listed and not days.name and before.unit == days.unit and before.end == days.start:
            whole = Days(before.start, days.end, days.unit)
            found[-1] = replace(found[-1], of=replace(found[-1].of, days=whole, back=None))
            question.used.add(symbol.index)
        else:
            found.append(symbol)
        last = symbol.name
    return found


def _from_to(question: Question, first: Symbol, last: Symbol) -> Symbol | None:
    """ "From the start of August to the end of October", "1 September until the end of October": one period."""
    linked = question.has(rf"{first.name} (?:to|until|till|through|thru|up to|-)(?: and including)? {last.name}")
    a, b = first.of.days, last.of.days
    if not linked or a.start >= b.end or a.name or (b.end - a.start).days > 1100:
        return None
    return replace(first, of=replace(first.of, days=Days(a.start, b.end, "day"), back=None))


def _same_year(periods: list[Symbol]) -> list[Symbol]:
    """ "July and August 2025": the year said last holds for both."""
    a, b = periods
    said = re.search(r"20\d\d$", b.of.text)
    if not said or re.search(r"20\d\d", a.of.text) or a.of.days.unit not in ("month", "quarter"):
        return periods
    years = int(said[0]) - a.of.days.start.year
    moved = Days(add_months(a.of.days.start, 12 * years), add_months(a.of.days.end, 12 * years), a.of.days.unit)
    return [replace(a, of=replace(a.of, days=moved)), b]
