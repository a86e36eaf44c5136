"""What is asked back or refused: two readings, names without data, numbers without a use."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.assumed import TO_BE_HELD_AGAINST
from roastery.agent.planner.guard import ABLE
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import word_set
from roastery.agent.planner.named import COMPARATORS, Names, plural
from roastery.agent.planner.question import Question, Symbol
from roastery.agent.planner.reading import Reading, reading_json
from roastery.agent.render import name_text, value_name

EMAIL = word_set("email_metrics")
ONLINE = frozenset({"conversion_rate", "add_to_cart_rate", "form_conversion_rate", "sessions", "page_views"})
"""Numbers of the website, which need not be told so."""
TIMES = frozenset({"sales_cycle_days", "delivery_days", "first_reply_hours", "resolution_hours"})


def missing_metric(question: Question, reading: Reading, found: Names, lexicon: Lexicon) -> Reading:
    assert found.missing is not None
    symbol, meaning = found.missing
    said = question.words(symbol)
    if meaning.kind == "missing_metric":
        return replace(
            reading, intent="refuse", message=f"There is no data here that could answer about {said}. {ABLE}"
        )
    return reading


def ask_metric(reading: Reading, said: str, readings: Sequence[str], lexicon: Lexicon) -> Reading:
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


def missing_name(question: Question, reading: Reading, lexicon: Lexicon) -> Reading | None:
    """A well-known platform, split or metric that this organization has no data of."""
    for symbol in question.of_kind("X"):
        if symbol.index in question.used:
            continue
        meaning = symbol.of.first
        said = question.words(symbol)
        if meaning.kind == "missing_value" and meaning.value == "email" and EMAIL.issuperset(reading.metrics):
            continue
        if meaning.name == "sales_channel" and meaning.value == "online" and ONLINE.issuperset(reading.metrics):
            continue
        if meaning.name == "proposals" and "proposal_win_rate" in reading.metrics:
            continue
        if meaning.name == "hour" and TIMES.intersection(reading.metrics):
            # "How many hours until …": what it is measured in, no split.
            continue
        if meaning.kind == "missing_value":
            values = [v for v in lexicon.vocabulary.values if v.dimension == meaning.name]
            there = sorted({name_text(value_name(v.label)) for v in values})
            known = f" The {plural(meaning.name)} here are: {', '.join(there[:8])}." if there else ""
            return Reading("refuse", message=f"There is no data on {said} here.{known}")
        if meaning.kind == "missing_dimension":
            return Reading("refuse", message=f"There is no split by {said} here. {_splits(reading, lexicon)}")
        if meaning.kind == "missing_metric":
            others = " and ".join(metric_title(m, lexicon) for m in reading.metrics)
            return Reading(
                "refuse", message=f"There is no data here that could answer about {said}; I can answer about {others}."
            )
    return None


LIMITS = "|".join(said for _, said in COMPARATORS)
AIMS = (
    r"(?:goals?|targets?|plan(?:ned)?|promised?|budgeted|aim(?:ed|ing)?|hop(?:ed|ing)|quota|objective|forecast(?:ed)?"
    r"|pledged|committed)"
)


def set_aside_goal(question: Question, reading: Reading) -> Reading:
    """ "The goal for this quarter is 2.2": a number to be held against the answer, and no limit on it."""
    if not question.says(AIMS) or any(f.metric for f in reading.filters):
        return reading
    for symbol in question.of_kind("N"):
        near = {t.word for t in question.tokens[max(0, symbol.start - 7) : symbol.end + 7]}
        limit = question.has(rf"(?:{LIMITS})(?: \S+){{0,3}}? {symbol.name}")
        if symbol.index in question.used or limit or not any(re.fullmatch(AIMS, word) for word in near):
            continue
        question.used.add(symbol.index)
        said = question.words(symbol)
        reading = reading.assuming(f"“{said}” is your aim; the number itself is shown, {TO_BE_HELD_AGAINST}")
        is_money = str(symbol.of)[:1] in "$€£" or str(symbol.of).endswith(("k", "m"))
        if not reading.metrics and is_money:
            reading = replace(reading, metrics=("revenue",), said=reading.said | {"metrics"})
        goals = {s.index for s in question.of_kind("D") if re.fullmatch(AIMS, question.words(s).lower())}
        if goals and reading.dimensions == ("objective",):
            # The word "goal" is that of the number here, no kind of campaign.
            question.used |= goals
            reading = replace(reading, dimensions=(), said=reading.said - {"dimensions"})
    return reading


def _is_clock(question: Question, symbol: Symbol) -> bool:
    """ "Google's rep is calling me at 4": a time of day, where nothing that is counted follows."""
    before = question.tokens[symbol.start - 1].word if symbol.start else ""
    hour = str(symbol.of).isdigit() and 1 <= int(symbol.of) <= 12
    last = symbol.end >= len(question.tokens) or question.tokens[symbol.end].word in (".", ",", "?", "!", "so", "and")
    return before == "at" and hour and last


def _is_its_length(question: Question, symbol: Symbol, reading: Reading) -> bool:
    """ "Against the same six months a year before": as many as the period has, and nothing to ask about."""
    found = next(question.find(rf"same {symbol.name} (?P<unit>day|week|month|quarter|year)s?"), None)
    if found is None or reading.period is None or not str(symbol.of).isdigit():
        return False
    days = {"day": 1, "week": 7, "month": 30.4, "quarter": 91.3, "year": 365}[found["unit"]] * int(symbol.of)
    return abs((reading.period.end - reading.period.start).days - days) <= 0.04 * days


def unused_number(question: Question, reading: Reading) -> Reading | None:
    """A number that no part of the reading uses could change it, so it is asked about."""
    for symbol in question.of_kind("N"):
        if symbol.index in question.used or _is_clock(question, symbol) or _is_its_length(question, symbol, reading):
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


GOALS = frozenset({"goal", "goals", "aim", "target"})


def _splits(reading: Reading, lexicon: Lexicon) -> str:
    for name in reading.metrics:
        term = lexicon.vocabulary.metrics.get(name)
        if term and term.dimensions:
            return f"{metric_title(name, lexicon)} can be split by {', '.join(sorted(term.dimensions))}."
    return ""


def metric_title(metric: str, lexicon: Lexicon) -> str:
    term = lexicon.vocabulary.metrics.get(metric)
    return (term.title if term else "") or metric.replace("_", " ")


def nothing_understood(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """Asked back where only the number is missing or nothing was said at all; refused where other things were."""
    if doubt := missing_name(question, reading, lexicon):
        return doubt
    if which := _which_one(question, lexicon):
        return which
    if reading.dimensions or reading.filters or reading.period or reading.grain or is_vague(question):
        what = f" by {', '.join(d.replace('_', ' ') for d in reading.dimensions)}" if reading.dimensions else ""
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


def is_vague(question: Question) -> bool:
    """ "How did it go?", "what is our best?": nothing is named, and nothing else is asked about."""
    return not question.unknown and not question.of_kind("X") and len(question.tokens) <= 12


def _which_one(question: Question, lexicon: Lexicon) -> Reading | None:
    """ "How is the campaign doing?", where there are several."""
    for symbol in question.of_kind("D"):
        name = symbol.of.first.name
        labels = sorted({v.label for v in lexicon.vocabulary.values if v.dimension == name})
        if len(labels) > 1 and question.has(rf"(?:the|this|that|our|my) {symbol.name}") and not question.of_kind("V"):
            if question.words(symbol).lower().rstrip("?").endswith("s"):
                continue
            kind = name.replace("_", " ")
            some = ", ".join(name_text(label) for label in labels[:5])
            return Reading(
                "clarify", message=f"Which {kind} do you mean, and which number of it? There are {some} and others."
            )
    return None
