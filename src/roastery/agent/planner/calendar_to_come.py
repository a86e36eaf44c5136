"""Periods that are still to come: "next month", "the rest of the quarter"."""

from datetime import timedelta

from roastery.agent.planner.calendar_grammar import LAST, UNIT, Rule, period_rule
from roastery.agent.planner.calendar_relative import (
    last_n,
    named,
    read_next,
    read_next_n,
    read_rest,
)
from roastery.agent.planner.dates import Days

NEXT = "next|coming|upcoming|following"

TO_COME_RULES: tuple[Rule, ...] = (
    period_rule(
        "next n",
        rf"(?:over |in |for |during |within )?(?:the )?(?:{NEXT}) (?P<n>\d+)(?: full| whole)? (?P<unit>{UNIT})s?",
        read_next_n,
    ),
    period_rule(
        "tomorrow",
        "tomorrow",
        lambda c, m: Days(c.today + timedelta(days=1), c.today + timedelta(days=2)),
    ),
    period_rule("next", rf"(?:{NEXT}) (?P<unit>week|month|quarter|year)", read_next),
    period_rule(
        "rest of",
        r"(?:over |for |in )?(?:the )?(?:rest|remainder|remaining days?) of (?:the |this"
        r" )?(?P<unit>week|month|quarter|year)",
        read_rest,
    ),
    period_rule(
        "until the end of",
        r"(?:by|until|till|through|to|before|at) (?:the )?(?:end|close) of (?:the |this"
        r" )?(?P<unit>week|month|quarter|year)"
        r"|(?:by |at |through |until |to )?(?:the )?(?P<unit2>year|month|quarter) end",
        lambda c, m: named(c, f"this_{m['unit'] or m['unit2']}", m["unit"] or m["unit2"]),
    ),
    period_rule("fortnight", rf"(?:the )?(?:{LAST}) fortnight", lambda c, m: last_n(c, 14, "day")),
)
