"""What a short question takes over from the one before it: "and by week?", "only Meta", "same for last year"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz import fuzz, process

from roastery.agent.planner.asks import BY_INTENT, Ask
from roastery.agent.planner.dates import Calendar, Days
from roastery.agent.planner.filters import filters_of
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.named import COMPARATORS, Names
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods import COMPARED, VERSUS, compared_with, shifted, trend_grain
from roastery.agent.planner.pointing import in_thread, metric_alone
from roastery.agent.planner.question import Question, number_value
from roastery.agent.planner.ranking import LESS_IS_BETTER, LISTED, ranking
from roastery.agent.planner.reading import NO_VALUES, Filter, Intent, Reading, reading_json, reading_of
from roastery.agent.planner.tokens import stem
from roastery.agent.render import name_text

OPENING = re.compile(rf"^(?:{pattern('opening')}(?: |$|,))+")
SORTING = rf"(?:sort(?:ed)?|order(?:ed)?|rank(?:ed)?)(?: \w+)? by (?:\w+ )?M\d+|{LISTED}"
WHICH_ONE = (
    r"(?:which|what|who) (?:one|ones|of (?:them|these|those)|is|was|are|were)(?: \w+){0,2} (?:the )?"
    r"(?:highest|lowest|best|worst|most|least|largest|smallest|biggest|top|cheapest|strongest|weakest|priciest|leading)"
)
SHARE_OF_IT = pattern("share_of_it")
LIMITS = "|".join(said for _, said in COMPARATORS)
ABOUT_METRICS = frozenset({"explain", "forecast", "alert", "anomalies"})
POINTING = (
    r"(?:the N\d+|both|it|that|this|them|those|these|same|instead|too|also|as well|again|there|the rest"
    r"|the others|one|ones)"
)


def can_be_continued(reading: Reading) -> bool:
    """Whether a reading is one that a later question can take over from."""
    if reading.intent in ("query", "compare"):
        return bool(reading.metrics)
    return reading.intent in BY_INTENT


def asks_another(question: Question, heard: Reading) -> bool:
    """ "And churn rate?", after a definition: another definition."""
    only = heard.said <= {"metrics"} and bool(heard.metrics)
    return only and len(question.line.split()) <= 5 and bool(OPENING.match(question.line))


def inherit(
    question: Question, heard: Reading, before: Reading, lexicon: Lexicon, ask: Ask | None = None
) -> Reading | None:
    """The reading that continues the thread, or None when the question stands on its own.

    ask: the tool that the question's own words ask for; without one, the tool of the thread goes on.
    """
    if before.pending and (answered := _answer(question, heard, before.pending, lexicon)):
        return answered
    if not can_be_continued(before) or heard.intent in ("refuse", "clarify"):
        return None
    if ask is not None:
        return _asked_on(question, heard, before, ask, lexicon)
    heard = in_thread(question, _named_in_thread(question, heard, before, lexicon), before, lexicon)
    if not _continues(question, heard):
        return None
    if before.intent in BY_INTENT and question.says(pattern("shows_numbers")) and (before.metrics or heard.metrics):
        kept = None if before.intent == "explain" else before.compare
        before = replace(before, intent="query", details={}, models=(), compare=kept)
    return _merge(question, heard, before, lexicon)


ADDING = (
    r"(?:add|also|plus|include|as well|too|along with|together with|next to (?:it|that|them)|beside (?:it|that|them)"
    r"|alongside(?: it| that| them)?|side by side with (?:it|that))"
)
ALL_OF_THEM = (
    r"(?:all|every one|each) of (?:them|these|those)|(?:show|list|see|give)(?: me| us)? (?:them )?all"
    r"|(?:the )?(?:full|whole|complete) list"
)
SAME_AGAIN = r"(?:again|repeat|once more|same|redo|rerun|re run|refresh|update|correct|right|yes|ok|thanks|thank you)"
WHAT_IS_ASKED = (
    "intent", "metrics", "dimensions", "grain", "period", "compare", "filters", "order_by", "limit", "share", "models",
    "attribution_model", "attribution_window_days", "view_window_days", "attribution_date", "currency", "details",
)  # fmt: skip
UNANSWERED = "nothing is taken over from the question before, which was not answered"
CONTINUES = "continues from the last question that was answered, without what was asked in between"


def opens(question: Question) -> bool:
    """Whether a question is worded as the continuation of another."""
    return bool(OPENING.match(question.line)) or question.has(POINTING)


def changes_nothing(question: Question, followed: Reading, before: Reading) -> bool:
    """Whether a follow-up comes out as the question that it continues: then it has not been understood."""
    if before.pending or question.has(SAME_AGAIN) or question.of_kind("N"):
        return False
    return all(getattr(followed, name) == getattr(before, name) for name in WHAT_IS_ASKED)


def not_understood(question: Question, before: Reading) -> Reading:
    said = name_text(question.text.strip().rstrip("?.!"))
    return Reading(
        "clarify",
        message=f"I could not tell what “{said}” changes about the question before. Name the metric, the period, the "
        f"split or the name that is to change.",
        pending={"slot": "rest", "reading": reading_json(before)},
    )


def over_a_gap(followed: Reading, before: Reading, history: Sequence[Reading]) -> Reading:
    """The reading, saying so where it continues past a question that was asked back or refused."""
    if UNANSWERED in before.assumptions:
        return followed.assuming(UNANSWERED)
    if CONTINUES in before.assumptions or (history[-1].intent in ("clarify", "refuse") and history[-1] is not before):
        return followed.assuming(CONTINUES)
    return followed


def _named_in_thread(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """The names of a follow-up, chosen by what the thread's metrics can be narrowed by: "just Tax Advisory"."""
    if "metrics" in heard.said or not before.metrics or not any(not f.metric for f in heard.filters):
        return heard
    dims = tuple(d for d in heard.dimensions if d not in {f.field for f in heard.filters})
    found = filters_of(question, lexicon, Names(metrics=before.metrics, dimensions=dims))
    names = tuple(f for f in found.filters if not f.metric)
    limits = tuple(f for f in heard.filters if f.metric)
    if not names:
        return heard
    kept = tuple(a for a in heard.assumptions if " is read as the " not in a)
    said = heard.said | ({"dimensions"} if found.dimensions else set())
    return replace(
        heard,
        filters=(*names, *limits),
        dimensions=found.dimensions,
        focus=found.focus,
        said=frozenset(said),
        assumptions=tuple(dict.fromkeys((*kept, *found.assumptions))),
    )


def _asked_on(question: Question, heard: Reading, before: Reading, ask: Ask, lexicon: Lexicon) -> Reading | None:
    """ "Why?", "and the forecast?", "alert me when it falls under 2": another tool about what the thread is about."""
    points = question.has(POINTING) or bool(OPENING.match(question.line)) or len(question.line.split()) <= 4
    if "metrics" in heard.said and not (len(question.line.split()) <= 6 or question.has(POINTING)):
        return None
    if not points and ("metrics" in heard.said or ask.intent not in ABOUT_METRICS or "period" in heard.said):
        return None
    merged = _merge(question, heard, replace(before, compare=None, share=False), lexicon)
    details = before.details if before.intent == ask.intent else {}
    return replace(merged, intent=ask.intent, details=details, compare=heard.compare, models=heard.models)


def _continues(question: Question, heard: Reading) -> bool:
    line = question.line
    if OPENING.match(question.plain) and re.match(r"(?:make|set|change) (?:it|that|them) ", question.plain):
        return True
    if re.fullmatch(pattern("greeting"), question.plain.strip(" !.?,")) and not question.symbols:
        return False
    if "metrics" not in heard.said:
        if question.has(WHICH_ONE) or question.has(r"(?:in )?totals?|overall"):
            return True
        if re.match(rf"(?:only |just |and )*(?:the |those |ones )*(?:{LIMITS}) N\d+", line):
            return True
        if question.has(SHARE_OF_IT) or question.says(pattern("back_to_usual")):
            return True
        if re.search(r"(?<![^ ])(?:perform\w*|overview|overall)(?![^ ])", line) and heard.said - {"period"} == set():
            return bool(OPENING.match(line)) and len(line.split()) <= 6
        return bool(heard.said) or bool(OPENING.match(line))
    if (
        question.has(
            r"(?:of |for |in |with |from |by |did |do |are |were |is |was )?(?:them|those|these|that|it|there)"
            r"|the (?:[VD]\d+ |\w+ )?ones?"
        )
        and "period" not in heard.said
    ):
        return True
    # A metric is named: it continues only where the words point back, and then the metric is what changes.
    if question.has(r"(?:same|instead|too|also|as well|add|plus|include)") or re.match(
        r"(?:and|what about|how about|now|or) ", line
    ):
        return not ({"period"} <= heard.said and ("dimensions" in heard.said or "filters" in heard.said))
    if question.has(SORTING) and not {"period", "filters"} & heard.said:
        return True
    if metric_alone(question, heard):
        return True
    return len(line.split()) <= 6 and not {"period", "dimensions", "filters"} & heard.said and bool(OPENING.match(line))


def _merge(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    calendar = lexicon.vocabulary.calendar
    heard = _moved_back(question, heard, before, calendar)
    before = replace(before, filters=tuple(f for f in before.filters if f.values != NO_VALUES))
    merged = replace(
        before,
        said=heard.said,
        assumptions=(
            *(a for a in before.assumptions if _still_holds(a, heard)),
            *(a for a in heard.assumptions if not a.startswith(("this ", "compared is "))),
        ),
        message="",
        options=(),
        pending={},
        focus=heard.focus,
        search="",
    )
    limits = {f.field for f in heard.filters if f.metric}
    if heard.metrics and limits.issuperset(heard.metrics):
        # "Only those above 20 leads": a condition, no new number.
        heard = replace(heard, said=heard.said - {"metrics"})
    if "metrics" in heard.said:
        adding = question.has(ADDING + "|" + SORTING)
        metrics = tuple(dict.fromkeys((*before.metrics, *heard.metrics))) if adding else heard.metrics
        order = before.order_by
        if order and order[0] not in metrics:
            if before.limit and (order[0] in LESS_IS_BETTER) != (metrics[0] in LESS_IS_BETTER):
                merged = merged.assuming(f"ranked from the {'highest' if order[1] == 'desc' else 'lowest'}, as before")
            order = (metrics[0], order[1]) if before.limit else None
        merged = replace(
            merged, metrics=metrics, order_by=order, filters=tuple(f for f in merged.filters if not f.metric or adding)
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
    if "filters" in heard.said or any(_is_replaced(question, f) for f in before.filters):
        merged = replace(merged, filters=_filters(question, heard, before))
    if "period" in heard.said:
        merged = replace(merged, period=heard.period)
        if isinstance(before.compare, str) or "compare" in heard.said or before.compare is None:
            merged = replace(merged, compare=heard.compare if "compare" in heard.said else before.compare)
        else:
            merged = replace(merged, compare="previous_period")
    elif "compare" in heard.said:
        merged = replace(merged, compare=_against(heard.compare, before.period, lexicon))
    if question.has(ALL_OF_THEM):
        merged = replace(merged, limit=None)
    merged = _ranked(question, heard, before, merged)
    merged = _condition(question, merged)
    for name in ("attribution_model", "attribution_window_days", "view_window_days", "attribution_date", "currency"):
        if name in heard.said:
            merged = replace(merged, **{name: getattr(heard, name)})
    if question.says(pattern("back_to_usual")):
        merged = replace(merged, attribution_model=None, attribution_window_days=None, view_window_days=None, models=())
    if question.has(r"(?:in total|overall|totals?|altogether|combined|not split|without (?:the )?(?:split|breakdown))"):
        merged = replace(merged, dimensions=(), grain=None, order_by=None, limit=None)
    if question.has(r"(?:trend|over time)") and merged.grain is None:
        grain = trend_grain(merged.period, calendar)
        merged = replace(merged, grain=grain, order_by=None, limit=None)
        merged = merged.assuming(f"no step of the period was named, so it is shown by {grain}")
    intent: Intent = "compare" if merged.compare is not None else "query"
    if before.intent in BY_INTENT:
        intent = before.intent
    if "models" in heard.said:
        merged = replace(merged, models=heard.models)
    return replace(merged, intent=intent, share=heard.share or (before.share and not heard.said & {"metrics", "grain"}))


ORDER_OF_UNITS = ("day", "week", "month", "quarter", "year")


def _still_holds(assumption: str, heard: Reading) -> bool:
    """What the answer before left out or took for granted holds for what continues it, until it is said anew."""
    if "period" not in heard.said and assumption.startswith(("took ", "no period was named")):
        return True
    return assumption.endswith(("of how this was computed", "where the time begins"))


def _moved_back(question: Question, heard: Reading, before: Reading, calendar: Calendar) -> Reading:
    """ "Same for the quarter before": the thread's period moves, nothing is compared."""
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
    added = question.has(ADDING) and not question.has(r"by (?:\w+ )?M\d+")
    by = (
        heard.metrics[0]
        if heard.metrics and not added
        else (before.order_by[0] if before.order_by else merged.metrics[0])
    )
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


def _condition(question: Question, merged: Reading) -> Reading:
    """ "Only those over $100": a limit without a metric is on the metric that the thread is about."""
    if not merged.metrics:
        return merged
    by = merged.order_by[0] if merged.order_by else merged.metrics[0]
    for op, said in COMPARATORS:
        for found in question.find(rf"{said} (?P<n>N\d+)"):
            symbol = question[found["n"]]
            if symbol.index not in question.used:
                question.used.add(symbol.index)
                value = format(number_value(symbol.of), "f")
                merged = replace(merged, filters=(*merged.filters, Filter(by, op, (value,), True)))
    return merged


def _filters(question: Question, heard: Reading, before: Reading) -> tuple[Filter, ...]:
    """A new condition replaces the one on the same field; "also" adds its values to it."""
    adding = question.has(r"(?:also|too|as well|plus|add|include)")
    kept = [f for f in before.filters if f.metric or not _is_replaced(question, f)]
    for new in heard.filters:
        kept = [f for f in kept if f.metric or not _is_wider(new, f)]
        old = next((f for f in kept if f.field == new.field and f.metric == new.metric), None)
        if old is not None:
            kept.remove(old)
        if old is not None and adding and old.op == new.op == "in" and not new.metric:
            new = replace(
                new, values=tuple(dict.fromkeys((*old.values, *new.values))), labels=(*old.labels, *new.labels)
            )
        kept.append(new)
    return tuple(kept)


WIDER: dict[str, frozenset[str]] = {
    "product": frozenset({"category"}),
    "location": frozenset({"region", "franchise", "country", "brand", "service_area"}),
    "campaign": frozenset({"platform", "channel", "objective"}),
    "ad_group": frozenset({"campaign", "platform", "channel"}),
    "asset": frozenset({"asset_type", "campaign", "platform"}),
}
"""Kinds by those that hold them: after one product, "the whole category" is no longer that product."""


def _is_wider(new: Filter, old: Filter) -> bool:
    """Whether a new name takes the place of a narrower one; of campaigns on two platforms, one is chosen by"
    " platform."""
    if new.metric or new.op != "in" or old.op != "in" or new.field not in WIDER.get(old.field, ()):
        return False
    return not any(v.startswith(f"{platform}:") for platform in new.values for v in old.values)


def _is_replaced(question: Question, condition: Filter) -> bool:
    """ "The shops instead of the website": what stands after "instead of" goes."""
    for found in question.find(r"(?:instead of|rather than|in place of|not) (?:the |our )*(?P<v>V\d+)"):
        meanings = question[found["v"]].of.meanings
        if any((m.name, m.value) == (condition.field, v) for m in meanings for v in condition.values):
            return condition.op == "in"
    return False


def _answer(question: Question, heard: Reading, pending: Mapping[str, Any], lexicon: Lexicon) -> Reading | None:
    """The thread's last turn asked back; this question may be the answer to that."""
    kept = reading_of(pending.get("reading", {}))
    text = question.text.strip().strip("?.!").lower()
    if pending.get("slot") == "metric":
        chosen = _choice(text, pending.get("choices", {})) or next(
            (m for m in heard.metrics if m in pending.get("names", ())), None
        )
        if chosen is None:
            chosen = _by_words(text, pending.get("choices", {}))
        if chosen is None and pending.get("replaces") is None and heard.metrics:
            chosen = heard.metrics[0]
        if chosen is None:
            return None
        old = pending.get("replaces")
        metrics = tuple(dict.fromkeys(chosen if m == old else m for m in kept.metrics)) or (chosen,)
        order = kept.order_by and (chosen if kept.order_by[0] in (old, "") else kept.order_by[0], kept.order_by[1])
        said = tuple(a for a in kept.assumptions if " is read as " not in a)
        return replace(kept, metrics=metrics, order_by=order, said=frozenset({"metrics"}), assumptions=said)
    if pending.get("slot") == "value" and len(text.split()) <= 8 and heard.filters and "metrics" not in heard.said:
        return replace(kept, filters=(*kept.filters, *heard.filters), focus=heard.focus, said=frozenset({"filters"}))
    return None


def _by_words(text: str, choices: Mapping[str, str]) -> str | None:
    """ "The platform reported ones": the option that alone has a word of the answer in its name."""
    said = {stem(w) for w in text.split()}
    own = {name: {stem(w) for w in (*title.lower().split(), *name.split("_"))} for title, name in choices.items()}
    fitting = [n for n, ws in own.items() if said & (ws - set().union(*(o for m, o in own.items() if m != n)))]
    return fitting[0] if len(fitting) == 1 and len(text.split()) <= 8 else None


def _choice(text: str, choices: Mapping[str, str]) -> str | None:
    ordinals = {
        "first": 0,
        "the first": 0,
        "the first one": 0,
        "1": 0,
        "second": 1,
        "the second": 1,
        "the second one": 1,
        "2": 1,
        "the latter": -1,
        "the former": 0,
    }
    names = list(choices.values())
    if text in ordinals and len(names) >= 2:
        return names[ordinals[text]]
    titles = {**{title.lower(): name for title, name in choices.items()}, **{n.replace("_", " "): n for n in names}}
    near = process.extractOne(text, list(titles), scorer=fuzz.token_sort_ratio, score_cutoff=80)
    return titles[near[0]] if near else None
