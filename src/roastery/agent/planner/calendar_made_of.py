"""Periods made of other periods: ranges, "since", "the week of", "the first days of", "the end of"."""

from datetime import timedelta

from roastery.agent.planner import dates
from roastery.agent.planner.calendar_grammar import LAST, UNIT, Rule, period_rule
from roastery.agent.planner.calendar_points import (
    OF,
    POINT,
    read_half,
    read_iso_week,
    read_year,
)
from roastery.agent.planner.calendar_relative import (
    named,
    read_count_up_to,
    read_half_years,
    read_last_days_without_today,
    read_named,
    read_so_far,
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
    read_weekend_of,
)
from roastery.agent.planner.dates import MONTH, WEEKDAY, YEAR, Days

MADE_OF_RULES: tuple[Rule, ...] = (
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
        "weekend of",
        rf"(?:on |over |in )?(?:the )?weekend (?:of|around|with)(?: the)? (?P<point>{POINT})",
        read_weekend_of,
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
)
