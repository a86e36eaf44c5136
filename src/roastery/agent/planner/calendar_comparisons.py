"""What a period is compared with: "same period last year", "the eight before", "MoM"."""

from roastery.agent.planner.calendar_grammar import UNIT, Rule, period_rule, read_before, read_says
from roastery.agent.planner.calendar_relative import (
    named,
)
from roastery.agent.planner.dates import WEEKDAY

COMPARISON_RULES: tuple[Rule, ...] = (
    period_rule(
        "same period last year",
        r"(?:the )?(?:same|corresponding|equivalent) (?:period|time|point|stage|timeframe|days|day|dates|date"
        r"|weeks|week|months"
        r"|month"
        r"|quarters|quarter|range|\d+ weeks|\d+ days|\d+ months)(?: of| in| from| a)?(?: the)?"
        r" (?:last year|previous year|prior year|year before|year ago|year earlier"
        r"|(?:last|the previous|previous|prior) (?:fy|fiscal year|financial year))",
        read_says("previous_year"),
        "compare",
    ),
    period_rule(
        "same day a unit before",
        r"(?:the )?(?:same|corresponding|equivalent) (?:period|time|point|stage|day|days|weekday|weekdays"
        r"|dates?|week|hours?)(?: of| in| from| a)?"
        r"(?: the)? (?:last|previous|prior|preceding) (?P<unit>week|month|quarter)"
        r"|(?:the )?(?:same|corresponding) (?:period|time|day|days|weekday|dates?)(?: the| a| one)?"
        r" (?P<unit2>week|month|quarter)"
        r" (?:before|earlier|ago|prior)",
        lambda c, m: f"shift:{m['unit'] or m['unit2']}",
        "compare",
    ),
    period_rule(
        "year ago",
        r"(?:a|one|the) year (?:ago|earlier|before|prior|back)|(?:the )?(?:year prior|prior year)",
        read_says("previous_year"),
        "compare",
    ),
    period_rule(
        "yoy",
        r"(?:year (?:over|on|to) year|yoy|y o y|year over year)(?: (?:change|growth))?",
        read_says("previous_year"),
        "compare",
    ),
    period_rule(
        "pop",
        r"(?:period over period|pop|(?:the )?(?:previous|prior|preceding|last|earlier) (?:period|timeframe)"
        r"|(?:the )?period (?:before|prior)|the one before(?: that)?|the same (?:length|number of days) before"
        r"|(?:what (?:it|they) (?:was|were)|(?:it|they) (?:was|were)|how (?:it|they) (?:was|were)) before)",
        read_says("previous_period"),
        "compare",
    ),
    period_rule("mom", r"month (?:over|on|to) month|mom|m o m", read_says("previous_period:month"), "compare"),
    period_rule("wow", r"week (?:over|on|to) week|wow|w o w", read_says("previous_period:week"), "compare"),
    period_rule("qoq", r"quarter (?:over|on|to) quarter|qoq|q o q", read_says("previous_period:quarter"), "compare"),
    period_rule("dod", r"day (?:over|on|to) day|dod", read_says("previous_period:day"), "compare"),
    period_rule(
        "N before",
        rf"(?:the )?(?P<n>\d+)(?: (?P<unit>{UNIT})s?)? (?:before|prior|earlier|preceding|previous)(?: (?:that|those"
        rf"|them|it|these))?",
        read_before,
        "compare",
    ),
    period_rule(
        "unit before",
        rf"(?:the )?(?P<unit>{UNIT}) (?:before|prior|earlier)(?: (?:that|it))?",
        lambda c, m: f"before:1:{m['unit']}",
        "compare",
    ),
    period_rule(
        "weekday before",
        rf"the (?:previous |prior )?(?:{WEEKDAY}|weekend) (?:before|prior)",
        read_says("shift:week"),
        "compare",
    ),
    period_rule(
        "all of last unit",
        r"last (?P<unit>week|month|quarter|year)s",
        lambda c, m: named(c, f"last_{m['unit']}", m["unit"]),
    ),
)
