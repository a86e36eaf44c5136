"""Plain periods: "last 30 days", "MTD", "this fiscal year", weekends, seasons and named points."""

from datetime import timedelta

from roastery.agent.planner import dates
from roastery.agent.planner.calendar_grammar import LAST, UNIT, Rule, period_rule
from roastery.agent.planner.calendar_points import (
    POINTS,
    read_month,
    read_season,
)
from roastery.agent.planner.calendar_relative import (
    named,
    read_all_time,
    read_few,
    read_fiscal_year,
    read_last_n,
    read_named,
    read_past_unit,
    read_relative_fiscal_quarter,
    read_short_last,
    read_weekend,
)
from roastery.agent.planner.dates import YEAR, Days

PLAIN_RULES: tuple[Rule, ...] = (
    period_rule(
        "last n",
        rf"(?:the )?(?:{LAST}) (?P<n>\d+)(?: (?:full|complete|calendar|whole))? (?P<unit>{UNIT})s?",
        read_last_n,
    ),
    period_rule("n last", rf"(?:the )?(?P<n>\d+) (?:last|past|most recent) (?P<unit>{UNIT})s", read_last_n),
    period_rule("few", rf"(?:the )?(?:{LAST}) (?:few|couple(?: of)?|several) (?P<unit>{UNIT})s?", read_few),
    period_rule("short last", r"[lpt](?P<n>\d{1,3})(?P<u>[dwmqy])", read_short_last),
    period_rule(
        "n days", rf"(?:over|in|during|for|within)(?: the)? (?P<n>[2-9]\d*|1\d+) (?P<unit>{UNIT})s?", read_last_n
    ),
    period_rule(
        "the unit",
        r"(?:(?<=for )|(?<=during )|(?<=over )|(?<=look at ))the (?P<unit>month|quarter|year)",
        lambda c, m: named(c, f"this_{m['unit']}", m["unit"]),
    ),
    period_rule("past unit", r"(?:the )?past (?P<unit>week|month|quarter|year)", read_past_unit),
    period_rule("24 hours", r"(?:the )?(?:last|past) (?:24|24h) hours", read_named("yesterday", "day")),
    *(
        period_rule(f"{unit} to date", pattern, read_named(f"{unit}_to_date", unit))
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
    period_rule(
        "week to date",
        r"(?:this )?week to date|wtd|this week so far|so far this week",
        lambda c, m: Days(c.week_of(c.today), max(c.today, c.week_of(c.today) + timedelta(days=1)), "week"),
    ),
    period_rule(
        "all time",
        r"all time|of all time|ever|since (?:the )?(?:beginning|start|day one|launch|we started)|to date overall",
        read_all_time,
    ),
    period_rule(
        "fiscal year",
        rf"(?:fy|fiscal year|financial year) ?(?P<year>{YEAR}|\d\d)|fy(?P<short>\d\d)(?!\d)",
        lambda c, m: dates.fiscal_year(c, dates.year_number(m["year"] or m["short"])),
    ),
    period_rule(
        "relative fiscal year",
        r"(?P<relative>this|last|the current|current|the last|the previous) (?:fiscal|financial) year",
        lambda c, m: read_fiscal_year(c, m),
    ),
    period_rule(
        "relative fiscal quarter",
        r"(?:the )?(?P<relative>this|last|current|previous) fiscal quarter",
        read_relative_fiscal_quarter,
    ),
    period_rule(
        "weekend",
        r"(?:over |on )?(?:the )?(?P<relative>last|past|this|previous|this past)? ?weekend",
        lambda c, m: read_weekend(c, m),
    ),
    period_rule(
        "season",
        rf"(?:(?P<relative>last|this|the|over the|in the|during the|in|during) )(?P<season>spring|summer|autumn|fall"
        rf"|winter)(?: (?P<year>{YEAR}))?(?! (?:sale|campaign|promo|collection|launch|deal|offer))",
        read_season,
    ),
    *(r for r in POINTS if r[0] != "bare may"),
    period_rule(
        "in may",
        r"(?:(?<=in )|(?<=for )|(?<=during )|(?<=of )|(?<=since )|(?<=vs )|(?<=versus )|(?<=with )|(?<=to )"
        r"|(?<=against )|(?<=than )|(?<=from )|(?<=and )|(?<=, )|(?<=last )|(?<=this ))(?P<month>may)",
        read_month,
    ),
)
