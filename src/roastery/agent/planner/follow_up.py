"""What a short question takes over from the one before it: "and by week?", "only Meta", "same for last year"."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.another_number import as_another_number, by_who_sold
from roastery.agent.planner.answering_back import answered
from roastery.agent.planner.asks import BY_INTENT, Ask
from roastery.agent.planner.asks.schedules import at_another_time
from roastery.agent.planner.assumed import OF_BEFORE, READ_AS_THE, read_as
from roastery.agent.planner.carrying_on import (
    SORTING,
    days_before,
    merged_with,
)
from roastery.agent.planner.continuing import AS_SHOWN, OPENING, continues, lies_within
from roastery.agent.planner.filters import filters_of
from roastery.agent.planner.judging import judged
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.moving_time import tells_time_of_thread
from roastery.agent.planner.named import Names
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods_of_metrics import at_the_end_of
from roastery.agent.planner.pointing import in_thread
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import NO_VALUES, PLAIN, Filter, Reading, reading_json, reading_of
from roastery.agent.planner.referring import as_another_kind
from roastery.agent.planner.tokens import phrase
from roastery.agent.planner.turning import turned
from roastery.agent.render import name_text, value_name

ABOUT_METRICS = frozenset({"explain", "forecast", "alert", "anomalies"})
POINTING = (
    r"(?:the N\d+|both|it|that|this|them|those|these|same|instead|too|also|as well|again|there|the rest"
    r"|the others|one|ones)"
)
EVENT = (
    r"(?:the|that|this) (?:\w+ )?(?:jump|spike|drop|dip|rise|fall|surge|increase|decrease|decline|peak|slump|bump|crash"
    r"|anomal(?:y|ies)|outliers?|outage|dent|gap|change)s?"
)
"""Something that happened, spoken of as known: it is the thread's, where its days are."""
PEOPLE = r"(?:they|them|their|those (?:people|customers|clients|patients|guests))"
"""Who the thread is about, where a question is about what people are worth."""


def can_be_continued(reading: Reading) -> bool:
    """Whether a reading is one that a later question can take over from."""
    if reading.intent in PLAIN:
        return bool(reading.metrics)
    return reading.intent in BY_INTENT


def asks_another(question: Question, heard: Reading) -> bool:
    """ "And churn rate?", after a definition: another definition."""
    only = heard.said <= {"metrics"} and bool(heard.metrics)
    return only and len(question.line.split()) <= 5 and bool(OPENING.match(question.line))


def goes_on(question: Question, heard: Reading) -> bool:
    """ "And TikTok?", after a question about the data's health: the same of another source."""
    named = heard.said <= {"filters", "dimensions"} and not heard.metrics
    return (
        named
        and len(question.line.split()) <= 5
        and (bool(OPENING.match(question.line)) or question.text.endswith("?"))
    )


def inherit(
    question: Question, heard: Reading, before: Reading, lexicon: Lexicon, ask: Ask | None = None
) -> Reading | None:
    """The reading that continues the thread, or None when the question stands on its own.

    ask: the tool that the question's own words ask for; without one, the tool of the thread goes on.
    """
    if before.pending and (reply := answered(question, heard, before.pending)):
        return reply
    if kept := _doubted(before):
        again = inherit(question, heard, kept, lexicon, ask)
        return again.assuming(RETRIED) if again is not None else None
    if not can_be_continued(before) or heard.intent in ("refuse", "clarify"):
        return None
    if ask is not None:
        return _asked_on(question, heard, before, ask, lexicon)
    if before.intent == "schedule" and (told := at_another_time(question, heard)):
        return replace(before, details={**before.details, **told}, said=heard.said, assumptions=())
    if question.says(AGAINST_PLAN) and len(question.line.split()) <= 5:
        return Reading("refuse", message="There are no budgets, plans or targets here to compare with.")
    heard = at_the_end_of(question, heard, before, lexicon.vocabulary.calendar)
    named = _named_as_before(question, heard, before, lexicon)
    heard = judged(question, in_thread(question, named, before, lexicon), before)
    heard = by_who_sold(question, heard, before, lexicon)
    again = as_another_number(question, heard, before, lexicon)
    if again is not heard:
        return merged_with(question, again, before, lexicon)
    if renamed := as_another_kind(question, heard, before, lexicon):
        heard = replace(heard, filters=(renamed,), dimensions=(), said=(heard.said | {"filters"}) - {"dimensions"})
        before = replace(before, filters=tuple(f for f in before.filters if not _same_name(f, renamed)))
    elif not continues(question, heard, before) and turned(question, named, before, lexicon) is named:
        return None
    told_in_full = before.intent == "explain" and {"period", "compare"} <= heard.said
    ranks = told_in_full or (
        before.intent in ("explain", "anomalies") and {"order", "limit"} & heard.said and question.of_kind("D")
    )
    shows = ranks or question.says(pattern("shows_numbers"))
    if before.intent in BY_INTENT and shows and (before.metrics or heard.metrics):
        kept = None if before.intent == "explain" else before.compare
        before = replace(before, intent="query", details={}, models=(), compare=kept)
    return merged_with(question, heard, before, lexicon)


AGAINST_PLAN = (
    r"(?:vs|versus|against|compared (?:to|with)|compare (?:it|that|them) (?:to|with)|relative to) (?:the |our |my )*"
    r"(?:budget|plan|planned|targets?|goals?|benchmarks?|industry)"
)


def _doubted(before: Reading) -> Reading | None:
    """What a question that was asked back or refused had been understood to ask, if that can be continued."""
    if before.intent not in ("clarify", "refuse") or before.pending.get("slot") != "rest":
        return None
    kept = reading_of(before.pending["reading"])
    return kept if can_be_continued(kept) else None


RETRIED = "continues the question before, without what could not be answered of it"


def _named_as_before(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """What was heard, with names before numbers where the thread is narrowed to such names."""
    heard = _in_parallel(question, days_before(question, heard, before), before)
    heard = _as_a_name(question, heard, before, lexicon)
    return _named_in_thread(question, heard, before, lexicon)


def _same_name(old: Filter, new: Filter) -> bool:
    own = [phrase(label) for label in (old.labels or old.values)]
    return old.op == "in" and not old.metric and own == [phrase(label) for label in new.labels]


def _in_parallel(question: Question, heard: Reading, before: Reading) -> Reading:
    """ "And renewals?", after the New Business pipeline: a word that is both a name and a number is the name, where the
    thread is narrowed to such names and nothing else is said."""
    fields = {f.field for f in before.filters if not f.metric}
    if heard.said != {"metrics"} or len(question.line.split()) > 4 or not fields:
        return heard
    found = []
    for symbol in question.of_kind("M"):
        own = [m for m in symbol.of.meanings if m.kind == "value" and m.name in fields]
        if not own:
            return heard
        found.append(Filter(own[0].name, "in", (own[0].value,), False, (own[0].label,)))
        question.used.add(symbol.index)
    if len(found) != 1:
        return heard
    note = read_as(name_text(found[0].labels[0]), f"the {found[0].field.replace('_', ' ')}, as before")
    return replace(heard, metrics=(), filters=tuple(found), said=frozenset({"filters"})).assuming(note)


NARROWED_TO = (
    r"(?:(?P<out>without|excluding|except|leave out|leaving out|drop|minus|ignore|not counting)|only|just)"
    r" (?:the |our |those )*(?P<m>M\d+)|(?P<n>M\d+) only"
)


def _as_a_name(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """ "Just renewals then", of a win rate: what can be narrowed to is the name, not the number of that name."""
    found = next(question.find(NARROWED_TO), None)
    if found is None or heard.filters or heard.said - {"metrics"} or not before.metrics or len(heard.metrics) != 1:
        return heard
    symbol, metrics = question[found["m"] or found["n"]], lexicon.vocabulary.metrics
    fits = [
        m for m in symbol.of.meanings
        if m.kind == "value" and all(n in metrics and metrics[n].splits_by(m.name) for n in before.metrics)
    ]  # fmt: skip
    if not fits or symbol.of.first.name in before.metrics:
        return heard
    question.used.add(symbol.index)
    own = Filter(fits[0].name, "not_in" if found["out"] else "in", (fits[0].value,), False, (fits[0].label,))
    note = read_as(name_text(fits[0].label), f"the {fits[0].name.replace('_', ' ')}")
    return replace(heard, metrics=(), filters=(own,), said=frozenset({"filters"})).assuming(note)


SAME_AGAIN = (
    r"(?:double check|recheck|sure|correct|again|repeat|once more|same|redo|rerun|re run|refresh|update|right|yes|ok"
    r"|thanks|thank you)"
)
WHAT_IS_ASKED = (
    "intent", "metrics", "dimensions", "grain", "period", "compare", "filters", "order_by", "limit", "share", "models",
    "attribution_model", "attribution_window_days", "view_window_days", "attribution_date", "currency", "details",
)  # fmt: skip
WELCOME = "You are welcome."


def only_thanks(question: Question) -> bool:
    """ "Ok cheers, that's all": whoever says no more asks for nothing."""
    said = " ".join(w for w in question.plain.split() if w not in ",.?!;:-()")
    return bool(re.fullmatch(pattern("only_thanks"), said)) and not question.symbols


UNANSWERED = "nothing is taken over from the question before, which was not answered"
CONTINUES = "continues from the last question that was answered, without what was asked in between"


def opens(question: Question) -> bool:
    """Whether a question is worded as the continuation of another."""
    return bool(OPENING.match(question.line)) or question.has(POINTING) or question.has("(?:they|them|their)")


def changes_nothing(question: Question, followed: Reading, before: Reading) -> bool:
    """Whether a follow-up comes out as the question that it continues: then it has not been understood."""
    if before.pending or question.has(SAME_AGAIN) or question.has(AS_SHOWN) or question.of_kind("N"):
        return False
    if question.has(SORTING) and before.order_by is not None:
        return False
    before = replace(before, filters=tuple(f for f in before.filters if f.values != NO_VALUES))
    return all(getattr(followed, name) == getattr(before, name) for name in WHAT_IS_ASKED)


def says_nothing_new(question: Question, heard: Reading, history: Sequence[Reading]) -> bool:
    """Whether a turn names nothing at all, in a thread that it does not go on with: never a question of its own."""
    named = heard.said or question.symbols or question.unknown or heard.intent in ("refuse", "clarify")
    whole = question.says(
        r"overview|performance|perform\w*|summary|(?:big|whole) picture|how (?:are|is) (?:we|it|things|business)"
    )
    talk = re.fullmatch(pattern("greeting"), question.plain.strip(" !.?,"))
    return not (named or whole or talk) and can_be_continued(history[-1]) and not is_about_data(question)


def is_about_data(question: Question) -> bool:
    return question.says(pattern("health")) or question.says(pattern("asks_catalogue")) or question.says(ASKS_ABILITIES)


ASKS_ABILITIES = pattern("asks_abilities")


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
    if RETRIED in before.assumptions and RETRIED not in followed.assumptions:
        return followed.assuming(RETRIED)
    if CONTINUES in before.assumptions or (history[-1].intent in ("clarify", "refuse") and history[-1] is not before):
        return followed.assuming(CONTINUES)
    return followed


def without_names(heard: Reading, before: Reading) -> Reading:
    """A number that the thread's names cannot narrow: for the thread's period as a whole, and that is said."""
    names = [n for f in before.filters if not f.metric and f.values != NO_VALUES for n in (f.labels or f.values)]
    if names:
        left = " and ".join(value_name(n) for n in names[:3])
        heard = heard.assuming(f"this is not narrowed to {left}, which this number cannot be")
    if "period" in heard.said or before.period is None:
        return heard
    return replace(heard, period=before.period).assuming(f"the period is that {OF_BEFORE}")


def _named_in_thread(question: Question, heard: Reading, before: Reading, lexicon: Lexicon) -> Reading:
    """The names of a follow-up, chosen by what the thread's metrics can be narrowed by: "just Tax Advisory"."""
    if "metrics" in heard.said or not before.metrics or not any(not f.metric for f in heard.filters):
        return heard
    dims = tuple(d for d in heard.dimensions if d not in {f.field for f in heard.filters})
    found = filters_of(question, lexicon, Names(metrics=before.metrics, dimensions=dims))
    names = tuple(f for f in found.filters if not f.metric)
    limits = tuple(f for f in heard.filters if f.metric)
    said_names = question.of_kind("V")
    if not names and said_names and all(s.index in question.used for s in said_names):
        # "Which mails", of an open rate: the name says nothing of its own.
        return replace(heard, filters=limits, focus=(), said=heard.said if limits else heard.said - {"filters"})
    if not names:
        return heard
    kept = tuple(a for a in heard.assumptions if READ_AS_THE not in a)
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
    people = ask.intent == "ltv" and question.has(PEOPLE) and not heard.said & {"filters", "dimensions"}
    points = people or question.has(POINTING) or bool(OPENING.match(question.line)) or len(question.line.split()) <= 4
    event = question.says(EVENT) and bool(before.filters) and lies_within(heard, before)
    points = (
        points or event or (tells_time_of_thread(question) and "metrics" not in heard.said) or _on_a_day(heard, before)
    )
    short = people or event or len(question.line.split()) <= 6 or question.has(POINTING)
    if "metrics" in heard.said and not short:
        return None
    if not points and ("metrics" in heard.said or ask.intent not in ABOUT_METRICS or "period" in heard.said):
        return None
    details = before.details if before.intent == ask.intent else {}
    ahead = next(question.find(pattern("horizon"), question.plain), None) if people else None
    if ahead and heard.period is not None and len(question.of_kind("P")) == 1:
        # "Worth in two years": how far to look; who is meant stays.
        heard = replace(heard, period=None, said=heard.said - {"period"})
    if question.of_kind("N") or ask.intent == "budget":
        # A limit of the thread's list is neither the one to be told at nor an amount to place.
        before = replace(before, filters=tuple(f for f in before.filters if not f.metric))
    merged = merged_with(question, heard, replace(before, compare=None, share=False), lexicon)
    # "Why?", after two periods were compared, is about that change.
    against = before.compare if ask.intent == "explain" and before.intent == "compare" and not heard.period else None
    return replace(merged, intent=ask.intent, details=details, compare=heard.compare or against, models=heard.models)


def _on_a_day(heard: Reading, before: Reading) -> bool:
    """ "Why so few on the 28th": one day of the thread's."""
    days = heard.period
    one = days is not None and (days.end - days.start).days == 1 and "metrics" not in heard.said
    return one and before.period != days and lies_within(heard, before)
