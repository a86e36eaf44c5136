"""Steps of time: "by week", "monthly", "day by day", "at the end of each month"."""

from roastery.agent.planner.calendar_grammar import UNIT, Rule, period_rule, read_grain

GRAIN_RULES: tuple[Rule, ...] = (
    period_rule(
        "by unit",
        rf"(?:by|per|each|every|split by|broken down by|grouped by|on a|at a)(?: the)? (?:calendar |single "
        rf"|individual )?(?P<unit>{UNIT}"
        rf"|daily|weekly|monthly|quarterly|yearly|annual)(?: (?:basis|level))?",
        read_grain,
        "grain",
    ),
    period_rule(
        "at the end of each unit",
        rf"(?:at |by |on |to )?(?:the )?(?:(?:each|every) (?P<unit>{UNIT}) end|(?:end|close) of (?:each|every)"
        rf" (?P<unit2>{UNIT})|(?P<unit3>{UNIT}) ends)",
        lambda c, m: m["unit"] or m["unit2"] or m["unit3"],
        "grain",
    ),
    period_rule(
        "by unit of something",
        r"by (?:lead|booking|order|creation|calendar) (?P<unit>day|week|month|quarter"
        r"|year)",
        read_grain,
        "grain",
    ),
    period_rule(
        "unit by unit",
        r"(?P<unit>day|week|month|quarter|year) (?:by|after|per|for) (?P=unit)",
        read_grain,
        "grain",
    ),
    period_rule(
        "unitly",
        r"(?P<unit>daily|weekly|monthly|quarterly|yearly|annual|annually)(?: (?:basis|trend|breakdown|view|steps"
        r"|figures|values|series|intervals|buckets))?",
        read_grain,
        "grain",
    ),
    period_rule(
        "unit wise",
        r"(?:for |of |over )?(?:the )?individual (?P<unit>day|week|month|quarter)s|into (?P<unit2>day|week|month"
        r"|quarter)s"
        r"|(?P<unit3>day|week|month|quarter) wise",
        lambda c, m: m["unit"] or m["unit2"] or m["unit3"],
        "grain",
    ),
    period_rule(
        "a unit",
        r"(?<!in )(?<!once )(?<!twice )(?<!times )(?<!for )(?<!of )(?<!half )(?<!within )(?<!quite )(?<!over"
        r" )(?<!after )"
        r"a (?P<unit>day|week|month)(?= (?:since|in|from|over|last|this|between|during|,|\?|for)|$)",
        read_grain,
        "grain",
    ),
)
