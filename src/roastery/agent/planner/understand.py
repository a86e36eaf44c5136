"""From a question to a Reading: guard, recognize, settle periods and names, then intent, defaults and doubts."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner import follow_up
from roastery.agent.planner.guard import ABLE, refusal
from roastery.agent.planner.intents import intent
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.names import Names, names, plural
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods import TREND, When, default_period, trend_grain, when
from roastery.agent.planner.question import Question, parse
from roastery.agent.planner.ranking import LESS_IS_BETTER, LONG_LISTS, Ranking, most_moved, ranking
from roastery.agent.planner.reading import Filter, Reading, reading_json
from roastery.agent.planner.unknown import unknown_name
from roastery.agent.render import name_text, value_name

CREDITED = {
    "revenue": "attributed_revenue",
    "gross_revenue": "attributed_revenue",
    "orders": "attributed_orders",
    "mer": "roas",
    "customers": "new_customers",
}
"""What a total becomes when it is asked by platform or campaign: the part credited to it."""

OVERVIEWS = (
    (
        ("campaign", "platform", "channel", "ad_group", "ad", "account", "objective", "audience"),
        ("attributed_revenue", "spend", "roas", "cac"),
    ),
    (("product", "category"), ("revenue", "units_sold")),
    ((), ("revenue", "orders", "spend", "mer", "new_customers")),
)  # fmt: skip
SHARING = pattern("sharing")


def understand(
    text: str, lexicon: Lexicon, history: Sequence[Reading] = (), tools: frozenset[str] = frozenset()
) -> Reading:
    """Read one question. history: earlier readings of the thread, oldest first.

    The reading is always complete: a call that can be made, a question back, or a refusal, each with its sentence.
    """
    if refused := refusal(text):
        return refused
    question = parse(text, lexicon)
    heard = _noted(question, _heard(question, lexicon), lexicon)
    before = _before(history)
    if before is not None and (followed := follow_up.inherit(question, heard, before, lexicon)):
        return _finish(question, followed, lexicon, tools)
    return _finish(question, heard, lexicon, tools)


def _before(history: Sequence[Reading]) -> Reading | None:
    """What a question may continue: the last one that asked for numbers, or the question back that stands open."""
    if history and history[-1].pending:
        return history[-1]
    return next((r for r in reversed(history[-4:]) if r.intent in ("query", "compare", "explain") and r.metrics), None)


def _heard(question: Question, lexicon: Lexicon) -> Reading:
    """Only what the words say; defaults come after follow-ups have been looked at."""
    calendar = lexicon.vocabulary.calendar
    at: When = when(question, calendar)
    found: Names = names(question, lexicon)
    ranked: Ranking = ranking(question, found, at.grain)
    if moved := most_moved(question):
        by = f"{found.metrics[0]}__change" if found.metrics else "__change"
        ranked = Ranking(moved, ranked.limit, by)
        at = replace(at, compare=at.compare or "previous_period")
    said = {
        name
        for name, there in (
            ("period", at.said_period),
            ("compare", at.said_compare),
            ("grain", at.grain),
            ("metrics", found.metrics or found.doubtful or found.missing),
            ("dimensions", found.dimensions),
            ("filters", found.filters),
            ("limit", ranked.limit),
            ("order", ranked.direction),
            *((name, True) for name in question.settings if name != "models"),
        )
        if there
    }
    reading = Reading(
        intent="compare" if at.compare is not None else "query",
        metrics=found.metrics,
        dimensions=found.dimensions,
        grain=at.grain,
        period=at.period,
        compare=at.compare,
        filters=found.filters,
        order_by=(ranked.by, ranked.direction) if ranked.direction else None,
        limit=ranked.limit,
        share=question.has(SHARING),
        focus=found.focus,
        said=frozenset(said),
        assumptions=tuple(
            a for a in (*at.assumptions, *found.assumptions, ranked.assumption or "", *_typos(question)) if a
        ),
        models=question.settings.get("models", ()),
        **{
            k: v
            for k, v in question.settings.items()
            if k != "models" and (k != "currency" or v != lexicon.vocabulary.currency)
        },
    )
    if found.missing and not found.metrics:
        return _missing(question, reading, found, lexicon)
    if found.doubtful:
        symbol, meaning = found.doubtful
        return _ask_metric(reading, question.words(symbol), meaning.readings, lexicon)
    return reading


LOSING = pattern("losing")


def _noted(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """Things asked that are answered in part only, each said."""
    if question.has(pattern("targets")) and question.has(pattern("against_targets")):
        reading = reading.assuming("there are no targets or benchmarks here to compare with")
    per = question.has(r"(?:per|a|each) (?:day|week|month)|G\d+")
    if question.has(r"(?:average|avg|mean|on average)") and per and reading.metrics and "aov" not in reading.metrics:
        reading = reading.assuming("the numbers themselves are shown, not their average")
    if question.has(LOSING) and reading.dimensions and "roas" in lexicon.vocabulary.metrics and not reading.metrics:
        condition = Filter("roas", "lt", ("1",), True)
        said = reading.said | {"metrics", "filters"}
        question.unknown.clear()
        reading = replace(reading, metrics=("roas", "spend"), said=frozenset(said), order_by=None, limit=None)
        reading = replace(reading, filters=(*reading.filters, condition))
        reading = reading.assuming("“losing money” is read as ROAS below 1×, media cost only")
    return reading


def _typos(question: Question) -> list[str]:
    return [f"“{said}” is read as {meant}" for said, meant in question.typos]


def _missing(question: Question, reading: Reading, found: Names, lexicon: Lexicon) -> Reading:
    assert found.missing is not None
    symbol, meaning = found.missing
    said = question.words(symbol)
    if meaning.kind == "missing_metric":
        return replace(
            reading, intent="refuse", message=f"There is no data here that could answer about {said}. {ABLE}"
        )
    return reading


def _ask_metric(reading: Reading, said: str, readings: Sequence[str], lexicon: Lexicon) -> Reading:
    metrics = lexicon.vocabulary.metrics
    options = tuple((metrics[r].title or r.replace("_", " ")) for r in readings)
    means = " or ".join(
        f"{title} ({_short(metrics[r].definition)})" if metrics[r].definition else title
        for r, title in zip(readings, options, strict=True)
    )
    kept = reading_json(replace(reading, intent="query"))
    pending = {
        "slot": "metric",
        "choices": dict(zip(options, readings, strict=True)),
        "names": list(readings),
        "replaces": readings[0],
        "reading": kept,
    }
    return replace(
        reading,
        intent="clarify",
        message=f"By “{said}”, do you mean {means}?",
        options=options,
        pending=pending,
    )


def _short(definition: str) -> str:
    first = re.split(r"(?<=[.;])\s", definition.strip())[0].rstrip(".;")
    return first if len(first) <= 90 else first[:87].rsplit(" ", 1)[0] + " …"


# ------------------------------------------------------------------ after follow-ups


def _finish(question: Question, reading: Reading, lexicon: Lexicon, tools: frozenset[str]) -> Reading:
    if reading.intent == "refuse":
        return reading
    settled = intent(question, reading, lexicon)
    if settled.intent == "clarify":
        return settled
    if settled.intent not in ("query", "compare", "explain"):
        return settled
    settled = _with_metrics(question, settled, lexicon)
    if doubt := unknown_name(question, settled, lexicon):
        return doubt
    if not settled.metrics:
        return _nothing_understood(question, settled, lexicon)
    if doubt := _unused_number(question, settled):
        return doubt
    if doubt := _missing_name(question, settled, lexicon):
        return doubt
    settled = _share(question, settled, lexicon)
    settled = _credited(settled, lexicon)
    settled = _with_trend(question, settled, lexicon)
    return _named_rows_only(_with_period(settled, lexicon))


def _named_rows_only(reading: Reading) -> Reading:
    """ "The top five campaigns" are campaigns: the row of sales without one is no contender."""
    ranked = reading.limit is not None or any(f.metric for f in reading.filters)
    kept = reading.filters
    for dimension in reading.dimensions:
        if ranked and dimension in LONG_LISTS and not any(f.field == dimension for f in kept):
            kept = (*kept, Filter(dimension, "not_in", follow_up.NO_VALUES))
    return replace(reading, filters=kept)


def _missing_name(question: Question, reading: Reading, lexicon: Lexicon) -> Reading | None:
    """A well-known platform, split or metric that this organization has no data of."""
    for symbol in question.of_kind("X"):
        if symbol.index in question.used:
            continue
        meaning = symbol.of.first
        said = question.words(symbol)
        if meaning.kind == "missing_value":
            values = [v for v in lexicon.vocabulary.values if v.dimension == meaning.name]
            there = sorted({name_text(value_name(v.label)) for v in values})
            known = f" The {plural(meaning.name)} here are: {', '.join(there[:8])}." if there else ""
            return Reading("refuse", message=f"There is no data on {said} here.{known}")
        if meaning.kind == "missing_dimension":
            return Reading("refuse", message=f"There is no split by {said} here. {_splits(reading, lexicon)}")
        if meaning.kind == "missing_metric":
            others = " and ".join(_title(m, lexicon) for m in reading.metrics)
            return Reading(
                "refuse", message=f"There is no data here that could answer about {said}; I can answer about {others}."
            )
    return None


def _unused_number(question: Question, reading: Reading) -> Reading | None:
    """A number that no part of the reading uses could change it, so it is asked about."""
    for symbol in question.of_kind("N"):
        if symbol.index in question.used:
            continue
        said = question.words(symbol)
        return Reading(
            "clarify",
            message=(
                f"What does “{said}” stand for: a limit on a metric (as in “spend over {said}”), how many to show, "
                f"or a date?"
            ),
            pending={"slot": "rest", "reading": reading_json(replace(reading, intent="query"))},
        )
    return None


def _splits(reading: Reading, lexicon: Lexicon) -> str:
    for name in reading.metrics:
        term = lexicon.vocabulary.metrics.get(name)
        if term and term.dimensions:
            return f"{_title(name, lexicon)} can be split by {', '.join(sorted(term.dimensions))}."
    return ""


def _title(metric: str, lexicon: Lexicon) -> str:
    term = lexicon.vocabulary.metrics.get(metric)
    return (term.title if term else "") or metric.replace("_", " ")


def _with_metrics(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """The usual metrics for a question such as "how did Meta do?", said to be assumed."""
    if reading.metrics:
        return reading
    named = reading.dimensions or reading.filters
    doing = question.has(pattern("doing"))
    doing = doing or most_moved(question) is not None
    if not doing or not (
        named
        or reading.period
        or reading.grain
        or reading.compare
        or question.has(r"(?:we|things|business|company|our|everything|store|shop|brand)")
    ):
        return reading
    fields = {*reading.dimensions, *(f.field for f in reading.filters if not f.metric)}
    known = lexicon.vocabulary.metrics
    for about, metrics in OVERVIEWS:
        if about and not fields.intersection(about):
            continue
        usable = tuple(m for m in metrics if m in known and all(known[m].splits_by(f) for f in fields))
        if usable:
            by = usable[0]
            ending = "__change" if reading.order_by and reading.order_by[0].endswith("__change") else ""
            order = reading.order_by and (f"{by}{ending}", reading.order_by[1])
            said = ", ".join(_title(m, lexicon) for m in usable)
            filled = replace(reading, metrics=usable, order_by=order)
            if order is not None:
                return filled.assuming(f"ranked by {_title(by, lexicon)}")
            return filled.assuming(f"no metric was named, so these are {said}")
    return reading


def _nothing_understood(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    if doubt := _missing_name(question, reading, lexicon):
        return doubt
    if reading.dimensions or reading.filters or reading.period or reading.grain:
        what = f" by {', '.join(reading.dimensions)}" if reading.dimensions else ""
        return Reading(
            "clarify",
            message=f"Which number do you want to see{what}: for example revenue, spend or ROAS?",
            options=("Revenue", "Spend", "ROAS"),
            pending={
                "slot": "metric",
                "choices": {"Revenue": "revenue", "Spend": "spend", "ROAS": "roas"},
                "names": ["revenue", "spend", "roas"],
                "replaces": None,
                "reading": reading_json(replace(reading, intent="query")),
            },
        )
    return Reading("refuse", message=f"I could not find anything in your marketing data that this asks about. {ABLE}")


def _share(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """A share needs the whole beside the part: the named value becomes a row instead of a filter."""
    if not reading.share or reading.grain:
        return reading
    parts = [f for f in reading.filters if not f.metric and f.op == "in"]
    if not parts or reading.dimensions:
        return reading if reading.dimensions or parts else replace(reading, share=False)
    kept = tuple(f for f in reading.filters if f is not parts[0])
    return replace(
        reading, dimensions=(parts[0].field,), filters=kept, focus=tuple((parts[0].field, v) for v in parts[0].values)
    )


def _credited(reading: Reading, lexicon: Lexicon) -> Reading:
    """Revenue "by platform" is the revenue credited to it; the answer says so."""
    fields = {*reading.dimensions, *(f.field for f in reading.filters if not f.metric)}
    known = lexicon.vocabulary.metrics
    swaps: dict[str, str] = {}
    for metric in reading.metrics:
        term, other = known.get(metric), CREDITED.get(metric, "")
        if (
            term
            and other in known
            and not all(term.splits_by(f) for f in fields)
            and all(known[other].splits_by(f) for f in fields)
        ):
            swaps[metric] = other
    if not swaps:
        return reading
    metrics = tuple(dict.fromkeys(swaps.get(m, m) for m in reading.metrics))
    by, _, ending = reading.order_by[0].partition("__") if reading.order_by else ("", "", "")
    by = swaps.get(by, by) + (f"__{ending}" if ending else "")
    order = reading.order_by and (by, reading.order_by[1])
    filters = tuple(replace(f, field=swaps.get(f.field, f.field)) if f.metric else f for f in reading.filters)
    notes = [
        f"{_title(m, lexicon)} split this way is {_title(o, lexicon)}"
        for m, o in swaps.items()
        if m not in reading.metrics or o not in reading.metrics
    ]
    return replace(reading, metrics=metrics, order_by=order, filters=filters).assuming(*notes)


def _with_trend(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    if reading.grain is None and question.has(TREND) and reading.intent == "query" and not reading.order_by:
        return replace(reading, grain=trend_grain(reading.period, lexicon.vocabulary.calendar))
    return reading


def _with_period(reading: Reading, lexicon: Lexicon) -> Reading:
    thresholds = [f for f in reading.filters if f.metric]
    if thresholds and not reading.dimensions and not reading.grain:
        # "Was CAC over $80?" wants the value, not an empty table.
        reading = replace(reading, filters=tuple(f for f in reading.filters if not f.metric))
    for threshold in thresholds:
        if threshold.field not in reading.metrics:
            reading = replace(reading, metrics=(*reading.metrics, threshold.field))
    reading = _ordered(reading)
    if reading.period is not None:
        return reading
    days, note = default_period(lexicon.vocabulary.calendar, reading.grain, reading.compare)
    return replace(reading, period=days).assuming(note)


def _ordered(reading: Reading) -> Reading:
    """Thresholds list the most telling row first."""
    thresholds = [f for f in reading.filters if f.metric]
    if reading.order_by or not thresholds or reading.grain:
        return reading
    first = thresholds[0]
    descending = first.op in ("gt", "gte") or (first.op not in ("lt", "lte") and first.field not in LESS_IS_BETTER)
    return replace(reading, order_by=(first.field, "desc" if descending else "asc"))


def questions_in(text: str) -> list[str]:
    """The questions of one message: it is split after question marks and semicolons, not within a question."""
    parts = [p.strip() for p in re.split(r"(?<=\?)\s+|;\s+|\n+", text) if re.search(r"\w{2,}", p)]
    return parts or [text]
