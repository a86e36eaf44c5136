"""The rules of the calendar grammar, in the order in which they are tried."""

from datetime import timedelta

from roastery.agent.planner import dates
from roastery.agent.planner.calendar_fiscal import FISCAL_RULES
from roastery.agent.planner.calendar_grammar import LAST, UNIT, Rule, period_rule, read_before, read_grain, read_says
from roastery.agent.planner.calendar_points import (
    OF,
    POINT,
    POINTS,
    read_half,
    read_iso_week,
    read_month,
    read_season,
    read_year,
)
from roastery.agent.planner.calendar_relative import (
    last_n,
    named,
    read_all_time,
    read_count_up_to,
    read_few,
    read_fiscal_year,
    read_half_years,
    read_last_days_without_today,
    read_last_n,
    read_named,
    read_next,
    read_next_n,
    read_past_unit,
    read_relative_fiscal_quarter,
    read_rest,
    read_short_last,
    read_so_far,
    read_weekend,
    read_yesterday_and_before,
)
from roastery.agent.planner.calendar_stretches import (
    read_beside,
    read_days_of_month,
    read_days_of_that_month,
    read_edge,
    read_ending,
    read_first_units,
    read_half_of,
    read_nth_week,
    read_nth_weekday,
    read_part_of,
    read_quarters,
    read_range,
    read_range_of_year,
    read_since,
    read_split_days,
    read_week_ending,
    read_week_of,
)
from roastery.agent.planner.dates import MONTH, WEEKDAY, YEAR, Days

NEXT = "next|coming|upcoming|following"

RULES: tuple[Rule, ...] = (
    # Comparisons first: "same period last year" must not be read as "last year".
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
    # Then periods made of other periods.
    period_rule("yesterday and before", "yesterday and the day before(?: yesterday)?", read_yesterday_and_before),
    period_rule(
        "split days",
        rf"(?:on |over |in )?(?:the )?(?:weekend (?:of |from )?)?(?:the )?(?P<a>\d{{1,2}})(?:/| - | and | & | to )"
        rf"(?P<b>\d{{1,2}})(?: of)? (?P<month>{MONTH})" + OF,
        read_split_days,
    ),
    period_rule(
        "so far in a year",
        rf"(?:so far (?:in |of |during )(?P<year>{YEAR}))|(?:in |of )?(?P<year2>{YEAR}) (?:so far|until now|to date"
        rf"|up to now"
        r"|till now|until today)",
        read_so_far,
    ),
    *(
        period_rule(
            f"{unit} until now",
            rf"(?:the )?(?:full |whole |entire )?(?:(?:this|current) )?{unit} (?:so far|to date|until (?:now|today)"
            rf"|up to (?:now|today)|till (?:now|today))|(?:up to|until|till) (?:now|today) this {unit}",
            read_named(f"{unit}_to_date", unit),
        )
        for unit in ("year", "quarter", "month")
    ),
    period_rule(
        "units just over",
        r"(?:the )?(?P<unit>week|month|quarter|year) (?:just gone|(?:that |which )?(?:has |have )?(?:just )?ended"
        r"|just (?:past|finished|over)|gone by)",
        lambda c, m: named(c, f"last_{m['unit']}", m["unit"]),
    ),
    period_rule(
        "week that began",
        rf"(?:the )?week (?:that |which )?(?:began|begins|started|starts|starting|beginning|commencing)(?: on| with)?"
        rf" (?P<point>{POINT})",
        read_week_of,
    ),
    period_rule(
        "week ending",
        rf"(?:the )?week (?:that |which )?(?:ending|ended|ends|to|up to)(?: on| with)? (?P<point>{POINT})",
        read_week_ending,
    ),
    period_rule(
        "first units of a year",
        rf"(?:the )?(?:first|opening) (?P<n>\d+) (?P<unit>month|quarter)s (?:of|in) (?P<point>the year|this year"
        rf"|last year"
        rf"|{YEAR})",
        read_first_units,
    ),
    period_rule(
        "months of a year",
        rf"(?:from |between )?(?P<a>{MONTH}) (?:to|until|till|through|thru|-|up to|and) (?P<b>{MONTH})"
        rf"(?: of| in| ,)? (?P<relative>this year|last year)",
        read_range_of_year,
    ),
    period_rule(
        "through the end",
        rf"(?:from |between )?(?P<first>{POINT}) (?:to|until|till|through|thru|-|up to)(?: to| and(?: including"
        rf"| incl \.| incl)?)?(?: the)? end of (?P<last>{POINT})",
        read_range,
    ),
    period_rule(
        "up to and including",
        rf"(?:from |between )?(?P<first>{POINT}) (?:up )?(?:to|until|till|through) and (?:including|incl \.|incl|with)"
        rf" (?P<last>{POINT})",
        read_range,
    ),
    period_rule(
        "quarters", r"(?:from |between )?q(?P<a>[1-4]) (?:to|through|-|until) q(?P<b>[1-4])" + OF, read_quarters
    ),
    period_rule(
        "n units up to yesterday",
        rf"(?:the )?(?:last )?(?P<n>\d+) (?P<unit>{UNIT})s? (?:up to|until|till|to|through|ending|ended) yesterday",
        read_count_up_to,
    ),
    period_rule(
        "half years",
        rf"(?:the )?(?:{LAST}) (?:half year|half a year|year and a half)",
        read_half_years,
    ),
    period_rule(
        "last unit without today",
        r"(?:the )?(?:last|past) (?:(?P<n>\d+) )?(?P<unit>day|week|month)s? ?,? (?:(?:not counting|excluding|without"
        r"|except(?: for)?|but not|not including|minus) today|today (?:excluded|not included|left out|aside"
        r"|not counted))",
        read_last_days_without_today,
    ),
    period_rule(
        "since the first of",
        rf"(?:since|from|starting(?: on)?) the (?:first|1) (?:day )?of (?P<point>{MONTH}(?: {YEAR})?)"
        rf"(?: (?:onwards?|on|until now|to now|to today|till now|to date))?",
        read_since,
    ),
    period_rule(
        "first of the month",
        rf"(?:on )?the first of (?P<month>{MONTH})" + OF,
        lambda c, m: dates.day(c, 1, m["month"], read_year(c, m)),
    ),
    period_rule(
        "week before last",
        rf"(?:the )?(?P<unit>{UNIT}) before last",
        lambda c, m: Days(
            c.shift(m["unit"], c.begin(m["unit"], c.today), -2),
            c.shift(m["unit"], c.begin(m["unit"], c.today), -1),
            m["unit"],
        ),
    ),
    period_rule(
        "day before yesterday",
        "(?:the )?day before yesterday",
        lambda c, m: Days(c.today - timedelta(days=2), c.today - timedelta(days=1)),
    ),
    period_rule("between", rf"(?:from |between )(?P<first>{POINT}) and (?P<last>{POINT})", read_range),
    period_rule(
        "range",
        rf"(?:from |between )?(?P<first>{POINT}) (?:to|until|till|through|thru|-|up to) (?P<last>{POINT})",
        read_range,
    ),
    period_rule(
        "days of month",
        rf"(?:from |between )?(?:the )?(?P<a>\d{{1,2}}) (?:to|and|through|-|until) (?:the )?(?P<b>\d{{1,2}})(?: of)?"
        rf" (?P<month>{MONTH})" + OF,
        read_days_of_month,
    ),
    period_rule(
        "days of that month",
        r"(?:from |between )?(?:the )?(?P<a>\d{1,2}) (?:to|and|through|-|until) (?:the )?(?P<b>\d{1,2}) of"
        r" (?P<which>last|this|the previous) month",
        read_days_of_that_month,
    ),
    period_rule(
        "before point",
        rf"(?:the )?(?:(?P<n>\d+) )?(?P<unit>day|week|month)s? (?P<side>before|prior to|leading up to|after|following)"
        rf" (?P<point>{POINT})",
        read_beside,
    ),
    period_rule(
        "month days",
        rf"(?:from |between )?(?P<month>{MONTH}) (?P<a>\d{{1,2}}) (?:to|and|through|-|until) (?P<b>\d{{1,2}})(?! "
        rf"?{MONTH})" + OF,
        read_days_of_month,
    ),
    period_rule(
        "since",
        rf"(?:ever )?(?:since|starting(?: from| on)?|from) (?P<point>{POINT})(?: (?:onwards?|on|until now|to now|to "
        rf"today|till now|to date))?",
        read_since,
    ),
    period_rule(
        "until now",
        rf"(?:from |between )?(?:the )?(?:start of |beginning of )?(?P<point>{POINT}) (?:to|until|till|through"
        rf"|up to|up until|and|-) "
        rf"(?:now|today|date|the present|this day)",
        read_since,
    ),
    period_rule(
        "since an event",
        rf"(?:ever )?since (?:\S+ ){{1,8}}?(?:began|begun|started|launched|went live|opened|kicked off|came out|go live"
        rf"|start|launch)(?: (?:on|in|at))? (?P<point>{POINT})",
        read_since,
    ),
    period_rule(
        "iso week",
        rf"(?:calendar |iso )?(?:week|wk|kw|cw) (?P<w>[1-9]|[1-4]\d|5[0-3])(?:(?: of)? (?P<year>{YEAR}))?",
        read_iso_week,
    ),
    period_rule("since start", rf"since (?:the )?(?:start|beginning|first day) of (?P<point>{POINT})", read_since),
    period_rule(
        "edge of",
        rf"(?:at |in |by |around )?(?:the )?(?P<edge>end|start|beginning|middle) of "
        rf"(?P<point>{MONTH}(?: {YEAR})?|last month|this month)",
        read_edge,
    ),
    period_rule("early month", rf"(?P<edge>early|late|mid) (?P<point>{MONTH}(?: {YEAR})?)", read_edge),
    period_rule(
        "week of",
        rf"(?:the )?(?:week (?:of|commencing|beginning|starting|from)|w/?c|w c|wc)(?: on)? (?P<point>{POINT})",
        read_week_of,
    ),
    period_rule(
        "part of",
        rf"(?:the )?(?P<which>first|opening|last|final) (?:(?P<n>\d+) )?(?P<unit>day|week)s? (?:of|in) "
        rf"(?P<point>{POINT})",
        read_part_of,
    ),
    period_rule(
        "units ending",
        rf"(?:the )?(?P<n>\d+) (?P<unit>week|month|quarter)s? (?:ending|ended|to|through|up to|until) (?:with |in "
        rf"|on )?"
        rf"(?:the end of )?(?P<point>{POINT})",
        read_ending,
    ),
    period_rule("half of month", rf"(?:the )?(?P<which>first|second) half of (?P<point>{POINT})", read_half_of),
    period_rule(
        "half of year",
        rf"(?:the )?(?P<nth>first|second) half(?: of(?: the year)?)?(?: (?P<year>{YEAR})| (?P<relative>last year"
        rf"|this year))?",
        read_half,
    ),
    period_rule(
        "nth weekday",
        rf"(?:the |on the )?(?P<nth>first|second|third|fourth|last|[1-4]) (?P<weekday>{WEEKDAY})"
        rf" (?:of|in) (?P<point>{POINT})",
        read_nth_weekday,
    ),
    period_rule(
        "nth week",
        rf"(?:the |in the )?(?P<nth>second|third|fourth|[2-4]) week (?:of|in) (?P<point>{MONTH}(?:"
        rf" {YEAR})?|last month|this month)",
        read_nth_week,
    ),
    period_rule(
        "last whole unit",
        r"(?:the )?(?:last|previous|latest|most recent) (?:full|complete|completed|whole|calendar"
        r"|finished|entire) (?P<unit>week|month|quarter|year)",
        lambda c, m: named(c, f"last_{m['unit']}", m["unit"]),
    ),
    # Fiscal periods: a fiscal year is named by the calendar year in which it ends.
    *FISCAL_RULES,
    # What is to come.
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
    # Then plain periods.
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
    # Grains.
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
