"""What the words of a question say, before anything is taken over from a thread or filled in."""

from dataclasses import replace

from roastery.agent.planner.assumed import AVERAGED
from roastery.agent.planner.doubts import ask_metric, missing_metric
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.limits import of_a_whole
from roastery.agent.planner.named import Names
from roastery.agent.planner.names import names
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods import When, when
from roastery.agent.planner.periods_of_metrics import of_one_rate, of_stocks
from roastery.agent.planner.question import Question
from roastery.agent.planner.ranking import Ranking, most_moved, ranking
from roastery.agent.planner.reading import Filter, Reading

SHARING = pattern("sharing")
LOSSES = frozenset({"churned_subscriptions", "refunds"})
"""Numbers of what was lost: "lost the most" ranks by them, not by how they moved."""


def hearing(question: Question, lexicon: Lexicon, metric: str | None = None) -> tuple[Reading, Reading | None]:
    """Only what the words say, and what would be asked back; defaults come after follow-ups have been looked at.

    metric: the number that is asked for, where it is known otherwise than by the words.
    """
    calendar = lexicon.vocabulary.calendar
    at: When = when(question, calendar)
    found: Names = names(question, lexicon, metric)
    at = of_one_rate(question, of_stocks(question, at, found.metrics, calendar), found.metrics)
    ranked: Ranking = ranking(question, found, at.grain)
    if not LOSSES.intersection(found.metrics) and (moved := most_moved(question)):
        by = f"{found.metrics[0]}__change" if found.metrics else "__change"
        ranked = Ranking(moved, ranked.limit, by)
        at = replace(at, compare=at.compare or "previous_period")
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
        share=(question.has(SHARING) or of_a_whole(question)) and not _has_rate(found, lexicon),
        focus=found.focus,
        said=_said(question, at, found, ranked),
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
    return reading, _doubt(question, reading, found, lexicon)


def _has_rate(found: Names, lexicon: Lexicon) -> bool:
    """A rate is a share already; it has no part in a whole."""
    terms = [lexicon.vocabulary.metrics[m] for m in found.metrics if m in lexicon.vocabulary.metrics]
    return any(t.unit in ("ratio", "rate", "percent") for t in terms)


def _said(question: Question, at: When, found: Names, ranked: Ranking) -> frozenset[str]:
    return frozenset(
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
            *((name, True) for name in question.settings),
        )
        if there
    )


def _doubt(question: Question, reading: Reading, found: Names, lexicon: Lexicon) -> Reading | None:
    if found.missing and not found.metrics:
        doubt = missing_metric(question, reading, found, lexicon)
        return doubt if doubt.intent == "refuse" else None
    if found.doubtful:
        symbol, meaning = found.doubtful
        return ask_metric(reading, question.words(symbol), meaning.readings, lexicon)
    return None


LOSING = pattern("losing")


def noted(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
    """Things asked that are answered in part only, each said."""
    if question.has(pattern("targets")) and question.has(pattern("against_targets")):
        reading = reading.assuming("there are no targets or benchmarks here to compare with")
    if question.says(pattern("goal_named")):
        for symbol in question.of_kind("N"):
            if symbol.index not in question.used and not any(f.metric for f in reading.filters):
                question.used.add(symbol.index)
                said = question.words(symbol)
                reading = reading.assuming(f"“{said}” is your goal: no goal is kept here, so only the number is shown")
    per = question.has(r"(?:per|a|each) (?:day|week|month)|G\d+")
    if question.has(r"(?:average|avg|mean|on average)") and per and reading.metrics and "aov" not in reading.metrics:
        reading = reading.assuming(AVERAGED)
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
