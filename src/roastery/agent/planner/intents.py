"""Questions that are not about numbers of a period: definitions, data health, lists of names, what other tools do."""

import re
from dataclasses import replace

from roastery.agent.planner.guard import ABLE
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

HELLO = "Hello."
LATER: tuple[tuple[str, str], ...] = (
    ("ask_forecast_metric", "forecasts"),
    ("ask_detect_anomalies", "looking for anomalies"),
    ("ask_customer_journeys", "customer journeys"),
    ("ask_recommend_budget", "budget recommendations"),
    ("ask_reconcile_sources", "reconciling sources"),
    ("ask_create_alert", "creating alerts"),
    ("ask_create_schedule", "creating schedules"),
    ("ask_change", "changing anything in your accounts"),
)
"""What the contract's further tools are for: pattern and name. Until such a tool is there, it is refused by name."""


def intent(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """The same reading, turned into another intent where the words ask for one."""
    if later := _later(question):
        return later
    if refused := _not_computed(question):
        return refused
    if re.fullmatch(pattern("greeting"), question.plain.strip(" !.?,")) and not reading.metrics:
        return Reading("clarify", message=f"{HELLO} {ABLE} What would you like to know?")
    if _asks_health(question, reading):
        return Reading("health")
    if _asks_definition(question, reading):
        return Reading("describe", metrics=reading.metrics)
    if listed := _asks_list(question, reading):
        return listed
    if question.has(pattern("why")) and reading.metrics:
        return _why(reading, lexicon)
    return reading


def _not_computed(question: Question) -> Reading | None:
    found = next(question.find(pattern("not_computed"), question.plain), None)
    if found is None:
        return None
    return Reading("refuse", message=f"I cannot compute “{found[0]}” yet, only sums, counts and ratios of sums. {ABLE}")


def _later(question: Question) -> Reading | None:
    for name, what in LATER:
        said = pattern(name)
        lines = [line for line in (question.line, question.plain) if any(True for _ in question.find(said, line))]
        if name == "ask_change":
            # "Pause the campaign" is an order; "campaigns that stop converting" is not.
            lines = [line for line in lines if re.match(rf"(?:{pattern('please')} )*{said}", line)]
        if lines:
            return Reading("refuse", message=f"I cannot help with {what} yet. {ABLE}")
    return None


def _asks_health(question: Question, reading: Reading) -> bool:
    if reading.metrics:
        return question.has(pattern("asks_freshness_of_metric"))
    return any(True for _ in question.find(pattern("health"), question.plain))


def _asks_definition(question: Question, reading: Reading) -> bool:
    narrowed = reading.said & {"period", "filters", "dimensions", "grain", "compare", "limit"}
    if question.has(pattern("asks_how")) and not question.has(pattern("asks_how_metric_does")):
        return bool(reading.metrics)
    if question.has(pattern("asks_how_computed")):
        return bool(reading.metrics)
    if question.has(pattern("asks_splits")):
        return True
    if question.has(pattern("asks_catalogue")):
        return not reading.metrics
    if question.has(pattern("asks_meaning")):
        return bool(reading.metrics) and not narrowed - {"compare"}
    if question.has(pattern("asks_abilities")):
        return not reading.metrics and not narrowed - {"dimensions"}
    bare = question.has(pattern("asks_what_is")) and not question.has(pattern("says_ours"))
    return bare and bool(reading.metrics) and not narrowed


def _asks_list(question: Question, reading: Reading) -> Reading | None:
    """ "Which campaigns do we have?" lists names; it asks for no number."""
    if reading.metrics or not (question.of_kind("D") or question.unknown):
        return None
    finding = pattern("finding")
    v = next(iter(question.of_kind("V")), None)
    if v is not None and "period" not in reading.said:
        called = r"(?:the |a |an |any |our |all )*(?:D\d+ )?(?:called |named |like |containing )?"
        if question.has(rf"^{finding} {called}{v.name}(?: D\d+)? ?\??$"):
            return Reading("values", dimensions=(v.of.first.name,), search=question.words(v))
    dims = [s.of.first.name for s in question.of_kind("D")]
    named = question.has(pattern("names_something")) or question.of_kind("V")
    if (
        question.unknown
        and not named
        and not any(question.tokens[i].capital or question.tokens[i].quoted for i in question.unknown)
    ):
        return None
    listing = question.has(pattern("asks_list"))
    ranked = question.has(pattern("ranks_or_rates"))
    if not dims or not listing or ranked or "period" in reading.said:
        return None
    return Reading("values", dimensions=(dims[0],), search=_search_text(question))


def _search_text(question: Question) -> str:
    for symbol in question.of_kind("V"):
        return question.words(symbol)
    quoted = [t.text for t in question.tokens if t.quoted]
    if quoted:
        return " ".join(quoted)
    named = [question.tokens[i].text for i in question.unknown]
    return " ".join(named)


def _why(reading: Reading, lexicon: Lexicon) -> Reading:
    """Why needs explain_change; until that is there, where it moved is shown and said to be no cause."""
    metric = lexicon.vocabulary.metrics.get(reading.metrics[0])
    dims = (
        reading.dimensions
        or tuple(
            d for d in ("channel", "platform", "customer_type", "sales_channel") if metric and metric.splits_by(d)
        )[:1]
    )
    found = replace(
        reading,
        intent="compare",
        dimensions=dims,
        compare=reading.compare or "previous_period",
        order_by=None,
        limit=None,
    )
    return found.assuming("this shows where it changed, which is not yet why")
