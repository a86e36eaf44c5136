"""Periods whose meaning hangs on the number: stocks at the end of a month, and rates that need two periods."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.calendar_points import read_point
from roastery.agent.planner.dates import Calendar
from roastery.agent.planner.metrics import of_two_periods
from roastery.agent.planner.periods import When
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

STOCKS = frozenset({"mrr", "arr", "active_subscriptions", "pipeline_value", "stock_on_hand"})
"""Numbers that are read at the end of their period."""
END = re.compile(r"(?:at |in |by )?(?:the )?end of (?P<point>.+)")


def of_stocks(question: Question, at: When, metrics: Sequence[str], calendar: Calendar) -> When:
    """ "MRR at the end of September" is September's: it is read on the last day, not over the last week."""
    if at.period is None or not metrics or not STOCKS.issuperset(metrics):
        return at
    for symbol in question.of_kind("P"):
        found = END.fullmatch(symbol.of.text)
        if found and symbol.of.days == at.period and (whole := read_point(found["point"], calendar)):
            kept = tuple(a for a in at.assumptions if a != at.period.assumption)
            return replace(at, period=whole, assumptions=kept)
    return at


def of_one_rate(question: Question, at: When, metrics: Sequence[str]) -> When:
    """ "What share of September's guests came back in October": one rate, of October."""
    if tuple(metrics) != ("retention_rate",) or not of_two_periods(question, metrics):
        return at
    spans = [s for s in question.of_kind("P") if s.of.days is not None]
    question.used.update(s.index for s in spans)
    last = max((s.of.days for s in spans), key=lambda d: d.start)
    return replace(at, period=last, compare=None, grain=None, said_period=True, said_compare=False)


def at_the_end_of(question: Question, heard: Reading, before: Reading, calendar: Calendar) -> Reading:
    """ "Against the end of September", in a thread about MRR: that of September, as `of_stocks` has it."""
    if heard.metrics or not before.metrics or not STOCKS.issuperset(before.metrics):
        return heard
    for symbol in question.of_kind("P"):
        found = END.fullmatch(symbol.of.text)
        whole = read_point(found["point"], calendar) if found else None
        if whole is None:
            continue
        kept = tuple(a for a in heard.assumptions if a != symbol.of.days.assumption)
        heard = replace(heard, assumptions=kept)
        if heard.period == symbol.of.days:
            heard = replace(heard, period=whole)
        if heard.compare == symbol.of.days:
            heard = replace(heard, compare=whole)
    return heard
