"""What a follow-up changes of the reading that it continues, part by part: metrics, split, names, period, order."""

import re
from dataclasses import replace
from datetime import timedelta

from roastery.agent.planner.asks import BY_INTENT
from roastery.agent.planner.assumed import (
    COMPARED_IS,
    LEFT_OUT,
    NO_PERIOD,
    ONLY_BEGINS,
    THIS,
    TOOK,
    usual_step,
    without,
)
from roastery.agent.planner.carrying_names import ADDED, BESIDE, filters_after, is_one_of_all, is_replaced, set_beside
from roastery.agent.planner.dates import Calendar, Days
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.named import Names
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods import compared_with, shifted, trend_grain
from roastery.agent.planner.periods_joined import COMPARED, VERSUS
from roastery.agent.planner.question import Question
from roastery.agent.planner.ranking import LESS_IS_BETTER, LISTED, most_moved, ranking
from roastery.agent.planner.reading import NO_VALUES, Intent, Reading
from roastery.agent.planner.taken_back import metrics_taken_back, splits_taken_back
from roastery.agent.planner.thread_limits import with_limits, without_limit

BY_IT = r"(?:sort(?:ed)?|order(?:ed)?|rank(?:ed)?)(?: \w+)? by (?:it|that|this)(?: (?:one|number|column))?"
SORTING = rf"(?:sort(?:ed)?|order(?:ed)?|rank(?:ed)?)(?: \w+)? by (?:\w+ )?M\d+|{BY_IT}|{LISTED}"
WHICH_ONE = (
    r"(?:which|what|who) (?:one|ones|of (?:them|these|those)|is|was|are|were)(?: \w+){0,2} (?:the )?"
    r"(?:highest|lowest|best|worst|most|least|largest|smallest|biggest|top|cheapest|strongest|weakest|priciest|leading)"
)
ADDING = (
    r"(?:add|also|plus|include|as well|too|along with|together with|next to (?:it|that|them)|beside (?:it|that|them)"
    r"|alongside(?: it| that| them)?|side by side with (?:it|that))"
)
EVERYTHING_AGAIN = (
    r"back to (?:everything|all|everyone|the (?:full|whole|complete) (?:list|picture|lot|set|company|business))"
    r"|(?:remove|drop|lift|undo|clear|without|forget) (?:the |all |any |that |those )*"
    r"(?:filters?|restrictions?|conditions?)"
)
ALL_OF_THEM = (
    r"(?:all|every one|each) of (?:them|these|those)|(?:show|list|see|give)(?: me| us)? (?:them )?all"
    r"|(?:the )?(?:full|whole|complete) list"
)


def merged_with(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    calendar = lexicon.vocabulary.calendar
    heard = _moved_back(question, heard, before, calendar)
    before = replace(before, filters=tuple(f for f in before.filters if f.values != NO_VALUES))
    heard, before = splits_taken_back(question, heard, without_limit(question, before))
    merged = replace(
        before,
        said=heard.said,
        assumptions=(
            *(a for a in before.assumptions if _still_holds(a, heard)),
            *without(heard.assumptions, THIS, COMPARED_IS),
        ),
        message="",
        options=(),
        pending={},
        focus=heard.focus,
        rows=(),
        search="",
    )
    heard = metrics_taken_back(question, heard, before)
    heard = _another_limit(question, heard, before)
    limits = {f.field for f in heard.filters if f.metric}
    if heard.metrics and limits.issuperset(heard.metrics):
        # "Only those above 20 leads": a condition, no new number.
        heard = replace(heard, said=heard.said - {"metrics"})
    if "metrics" in heard.said:
        adding = question.has(ADDING + "|" + SORTING) and before.intent not in OF_ONE_METRIC
        metrics = tuple(dict.fromkeys((*before.metrics, *heard.metrics))) if adding else heard.metrics
        order = before.order_by
        if order and order[0] not in metrics:
            if before.limit and (order[0] in LESS_IS_BETTER) != (metrics[0] in LESS_IS_BETTER):
                merged = merged.assuming(f"ranked from the {'highest' if order[1] == 'desc' else 'lowest'}, as before")
            order = (metrics[0], order[1]) if before.limit else None
        among = adding or question.has(r"(?:which|what|how many|all|any|most|some|best|worst) of (?:them|these|those)")
        merged = replace(
            merged, metrics=metrics, order_by=order, filters=tuple(f for f in merged.filters if not f.metric or among)
        )
    if "dimensions" in heard.said:
        extra = question.has(
            r"(?:also|as well|too|and then|within each|within|further|additionally)"
        ) and not question.has("instead")
        dims = tuple(dict.fromkeys((*before.dimensions, *heard.dimensions))) if extra else heard.dimensions
        merged = replace(
            merged, dimensions=dims, grain=None if not extra and "grain" not in heard.said else merged.grain
        )
        if "limit" not in heard.said:
            merged = replace(merged, limit=None)
    if "grain" in heard.said:
        merged = replace(merged, grain=heard.grain, limit=None, order_by=None)
    if "filters" in heard.said or any(is_replaced(question, f) for f in before.filters):
        merged = replace(merged, filters=filters_after(question, heard, before))
        if (field := set_beside(question, heard, before)) and field not in merged.dimensions:
            both = tuple((field, v) for f in merged.filters if f.field == field for v in f.values)
            merged = replace(merged, dimensions=(*merged.dimensions, field), focus=both)
            question.carried += [BESIDE, ADDED]
    if "period" in heard.said:
        merged = replace(merged, period=heard.period)
        if isinstance(before.compare, str) or "compare" in heard.said or before.compare is None:
            merged = replace(merged, compare=heard.compare if "compare" in heard.said else before.compare)
        else:
            merged = replace(merged, compare="previous_period")
    elif "compare" in heard.said:
        merged = replace(merged, compare=_against(heard.compare, before.period, lexicon))
    if one_of := [f for f in merged.filters if is_one_of_all(f, question, heard)]:
        merged = replace(merged, filters=tuple(f for f in merged.filters if f not in one_of), limit=heard.limit)
    if question.has(ALL_OF_THEM):
        merged = replace(merged, limit=None)
    if question.has(EVERYTHING_AGAIN):
        merged = replace(merged, filters=(), limit=None)
    merged = _ranked(question, heard, before, merged)
    merged = _in_its_order(with_limits(question, merged, lexicon), before)
    for name in ("attribution_model", "attribution_window_days", "view_window_days", "attribution_date", "currency"):
        if name in heard.said:
            merged = replace(merged, **{name: getattr(heard, name)})
    if question.says(pattern("back_to_usual")):
        merged = replace(merged, attribution_model=None, attribution_window_days=None, view_window_days=None, models=())
    whole = r"(?:in total|overall|totals?|altogether|combined|not split|without (?:the )?(?:split|breakdown))"
    if question.has(whole) and not question.says(rf"{pattern('share_of_it')}|{pattern('sharing')}"):
        merged = replace(merged, dimensions=(), grain=None, order_by=None, limit=None)
    if question.has(r"(?:trend|over time)") and merged.grain is None:
        grain = trend_grain(merged.period, calendar)
        merged = replace(merged, grain=grain, order_by=None, limit=None)
        merged = merged.assuming(usual_step(grain))
    intent: Intent = "compare" if merged.compare is not None else "query"
    if before.intent in BY_INTENT:
        intent = before.intent
    if "models" in heard.said:
        merged = replace(merged, models=heard.models)
    share = heard.share or (before.share and not heard.said & {"metrics", "grain"})
    return replace(merged, intent=intent, share=share and not _is_rate(merged, lexicon))


def _is_rate(reading: Reading, lexicon: Lexicon) -> bool:
    """A rate has no part in a whole: "split by channel" asks no share of it."""
    terms = [lexicon.vocabulary.metrics[m] for m in reading.metrics if m in lexicon.vocabulary.metrics]
    return bool(terms) and all(t.unit in ("ratio", "rate", "percent") for t in terms)


def _another_limit(question: Question, heard: Reading, before: Reading) -> Reading:
    """ "Make it five", of a list of three."""
    found = next(
        question.find(
            r"(?:A\d+|make|do|give|show|extend|cut|and|now|of|to)(?: \w+){0,3}? (?P<n>N\d+)(?: instead| then)?$"
        ),
        None,
    )
    if found is None or before.limit is None or "limit" in heard.said:
        return heard
    symbol = question[found["n"]]
    if symbol.index in question.used or not str(symbol.of).isdigit() or not 0 < int(symbol.of) <= MOST_ROWS:
        return heard
    question.used.add(symbol.index)
    return replace(heard, limit=int(symbol.of), said=heard.said | {"limit"})


OF_ONE_METRIC = frozenset({"forecast", "explain", "alert"})
"""Tools of one metric: another one that is asked "too" is asked by itself."""
MOST_ROWS = 50
ORDER_OF_UNITS = ("day", "week", "month", "quarter", "year")


def _still_holds(assumption: str, heard: Reading) -> bool:
    """What the answer before left out or took for granted holds for what continues it, until it is said anew."""
    if "period" not in heard.said and assumption.startswith((TOOK, NO_PERIOD)):
        return True
    return assumption.endswith((LEFT_OUT, ONLY_BEGINS))


def _moved_back(question: Question, heard: Reading, before: Reading, calendar: Calendar) -> Reading:
    """ "Same for the quarter before": the thread's period moves, nothing is compared."""
    if "period" in heard.said and not question.of_kind("P"):
        return heard
    after = next(
        question.find(
            r"(?:the )?(?:next|following) (?P<a>day|week|month|quarter|year)|the (?P<b>day|week|month|quarter"
            r"|year) after"
        ),
        None,
    )
    if after and before.period is not None and not question.of_kind("P"):
        unit = after["a"] or after["b"]
        start = calendar.begin(unit, before.period.start)
        first = calendar.shift(unit, start, 1)
        moved = Days(first, calendar.shift(unit, first, 1), unit)
        return replace(heard, period=moved, compare=None, said=(heard.said | {"period"}) - {"compare"})
    if moved := _widened(question, before, calendar):
        return replace(heard, period=moved, said=heard.said | {"period"})
    one_before = (
        r"(?:and |what about |how about |now |or |for )*(?:the )?one (?:before|prior to|preceding)(?: that| it)? ?\??"
    )
    if before.period is not None and re.fullmatch(one_before, question.plain):
        unit = before.period.unit
        first = calendar.shift(unit, before.period.start, -1)
        if unit == "day" or calendar.shift(unit, first, 1) != before.period.start:
            length = before.period.end - before.period.start
            moved = Days(before.period.start - length, before.period.start, unit)
        else:
            moved = Days(first, before.period.start, unit)
        return replace(heard, period=moved, compare=None, said=(heard.said | {"period"}) - {"compare"})
    units = [s.of.compare for s in question.of_kind("C") if str(s.of.compare).startswith("before:1:")]
    compares = question.has(rf"(?:{VERSUS}|{COMPARED}|with|to|than)")
    if not units or before.period is None or compares or question.of_kind("P"):
        return heard
    unit = str(units[0]).split(":")[2] or before.period.unit
    one_day = (before.period.end - before.period.start).days == 1
    if ORDER_OF_UNITS.index(before.period.unit) < ORDER_OF_UNITS.index(unit) and (
        one_day or "earlier" in question.line
    ):
        # "A week earlier", of a day: the same day of the week before.
        first, last = calendar.shift(unit, before.period.start, -1), calendar.shift(unit, before.period.end, -1)
        moved = Days(first, last, before.period.unit)
        return replace(heard, period=moved, compare=None, said=(heard.said | {"period"}) - {"compare"})
    start = calendar.begin(unit, before.period.start)
    days = Days(calendar.shift(unit, start, -1), start, unit)
    return replace(heard, period=days, compare=None, said=(heard.said | {"period"}) - {"compare"})


DAYS_BEFORE = (
    r"(?:the |those )?(?:same (?:number of )?)?(?:N\d+ )?(?:days|time|stretch|span) (?:right |just |immediately )?"
    r"(?:before|earlier|preceding)(?: (?:that|it|those|them))?"
)


def days_before(question: Question, heard: Reading, before: Reading) -> Reading:
    """ "Compared with the days before": with as many days before the thread's own."""
    if before.period is None or question.of_kind("P") or question.of_kind("C") or not question.has(DAYS_BEFORE):
        return heard
    if any(str(s.of) != str((before.period.end - before.period.start).days) for s in question.of_kind("N")):
        return heard
    question.used.update(s.index for s in question.of_kind("N"))
    if question.has(rf"(?:{VERSUS}|{COMPARED}|with|to|than)"):
        return replace(heard, compare="previous_period", said=heard.said | {"compare"})
    if before.period.name:
        return heard
    length = before.period.end - before.period.start
    moved = Days(before.period.start - length, before.period.start, before.period.unit)
    return replace(heard, period=moved, said=heard.said | {"period"})


WIDENED = r"(?:that|the (?:whole|full|entire|complete)) (?P<unit>week|month|quarter|year)"


def _widened(question: Question, before: Reading, calendar: Calendar) -> Days | None:
    """ "That month", of some days: the month that they lie in."""
    found = next(question.find(WIDENED), None)
    if found is None or before.period is None or before.period.name == "all_time" or question.of_kind("P"):
        return None
    unit = found["unit"]
    start = calendar.begin(unit, before.period.start)
    end = calendar.shift(unit, start, 1)
    last = before.period.end - timedelta(days=1)
    if not start <= last < end or (start, end) == (before.period.start, before.period.end):
        return None
    return Days(start, end, unit)


def _against(compare: Days | str | None, base: Days | None, lexicon: Lexicon) -> Days | str | None:
    if isinstance(compare, str) and compare.startswith("shift:"):
        return shifted(base, compare, lexicon.vocabulary.calendar) if base is not None else "previous_period"
    if isinstance(compare, Days) and base is not None:
        return compared_with(base, compare, lexicon.vocabulary.calendar)
    return compare


def _ranked(question: Question, heard: Reading, before: Reading, merged: Reading) -> Reading:
    """ "Top 3", "worst ones", "sort by CAC": read again, now that it is known of what."""
    if not {"order", "limit"} & heard.said and not question.has(SORTING) and not question.has(WHICH_ONE):
        return merged
    if not merged.metrics:
        return replace(merged, limit=heard.limit or merged.limit)
    if moved := most_moved(question):
        against = merged.compare or "previous_period"
        ranked = replace(merged, order_by=(f"{merged.metrics[0]}__change", moved), limit=heard.limit, compare=against)
        return replace(ranked, said=ranked.said | {"compare", "order"})
    added = question.has(ADDING) and not question.has(r"by (?:\w+ )?M\d+")
    by = (
        heard.metrics[0]
        if heard.metrics and not added
        else (before.order_by[0] if before.order_by else merged.metrics[0])
    )
    if question.has(BY_IT):
        by = merged.metrics[-1]  # The number named last.
        question.carried.append(BY_IT)
    by = by if by in merged.metrics else merged.metrics[0]
    about = Names(metrics=(by,), dimensions=merged.dimensions, order_metric=by)
    again = ranking(question, about, merged.grain, assumed=True)
    limit = heard.limit or again.limit
    if question.has(SORTING) and heard.limit is None:
        limit = before.limit
    if question.has(WHICH_ONE):
        limit = 1
    return replace(
        merged, order_by=(by, again.direction or "desc"), limit=limit, compare=None if limit else merged.compare
    )


def _in_its_order(merged: Reading, before: Reading) -> Reading:
    """A limit on another number than the list's own leaves the list in its order."""
    new = [f for f in merged.filters if f.metric and f not in before.filters]
    others = new and all(f.field != merged.metrics[0] for f in new)
    if not others or merged.order_by or merged.grain or not merged.dimensions:
        return merged
    return replace(merged, order_by=(merged.metrics[0], "desc"))
