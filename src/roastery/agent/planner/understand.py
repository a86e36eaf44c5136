"""From a question to a Reading: guard, recognize, settle periods and names, then intent, defaults and doubts."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner import follow_up
from roastery.agent.planner.asking import ask_reading
from roastery.agent.planner.asks import ASKS, BY_INTENT, Ask
from roastery.agent.planner.carried_out import not_carried_out
from roastery.agent.planner.carrying_on import ADDING
from roastery.agent.planner.context import asked_part
from roastery.agent.planner.corrected import corrected
from roastery.agent.planner.defaults import (
    credited,
    in_email,
    named_rows_only,
    of_all,
    of_assets,
    of_kin,
    with_metrics,
    with_period,
    with_trend,
    with_whole,
)
from roastery.agent.planner.doubts import (
    ask_metric,
    missing_metric,
    missing_name,
    nothing_understood,
    set_aside_goal,
    unused_number,
)
from roastery.agent.planner.guard import refusal
from roastery.agent.planner.impossible import impossible
from roastery.agent.planner.intents import elsewhere, intent, is_about_itself, not_done, without_split
from roastery.agent.planner.leftover import left_out
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.likeness import like_ask, like_definition_or_health, like_refused, likeness, read_as
from roastery.agent.planner.limits import of_a_whole
from roastery.agent.planner.moving_time import moved_in_time, tells_time_of_thread
from roastery.agent.planner.named import EXCLUDING, Names
from roastery.agent.planner.names import names
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods import AGAINST_BEFORE, When, when
from roastery.agent.planner.periods_of_metrics import of_one_rate, of_stocks
from roastery.agent.planner.pointing import pointed, points_at_nothing
from roastery.agent.planner.question import Question, parse
from roastery.agent.planner.ranking import Ranking, most_moved, ranking
from roastery.agent.planner.reading import Filter, Reading, reading_json
from roastery.agent.planner.referring import OF_THE_QUESTION_BEFORE, PERSON, PLACE, referred
from roastery.agent.planner.restating import restated
from roastery.agent.planner.restrictions import beyond, carried
from roastery.agent.planner.together import together
from roastery.agent.planner.unknown import unknown_name
from roastery.agent.planner.whether import asked_whether

WORTHS = frozenset({"ltv", "ltv_12m", "predicted_ltv"})
"""What customers are worth is forecast by a tool of its own."""
SHARING = pattern("sharing")
DEFINED_FIRST = frozenset({"explain", "forecast", "alert", "schedule"})
"""Asks that come before "how is it computed" and "is the data fresh" where the words could be either."""
PLAIN = ("query", "compare")
NO_NUMBERS = frozenset({"reconcile", "budget", "anomalies", "attribution", "models"})
"""Tools whose words a metric may be made of."""
BACK_TO_NAMES = (
    rf"(?:of|from|for|with|by|in|via|is|was|are|were) (?:that|them|those|these|it)|{PLACE}|{PERSON}|its|their"
)
"""Words that keep the thread's names: what cannot be narrowed to them is refused rather than asked of everything."""
TIMELESS = ("budget", "schedule", "alert")
"""Asks whose tool takes no period."""


def understand(
    text: str, lexicon: Lexicon, history: Sequence[Reading] = (), tools: frozenset[str] = frozenset()
) -> Reading:
    """Read one question. history: earlier readings of the thread, oldest first. tools: those there are; all if empty.

    The reading is always complete: a call that can be made, a question back, or a refusal, each with its sentence.
    """
    if refused := refusal(text):
        return refused
    question = parse(asked_part(corrected(text, lexicon), lexicon), lexicon)
    if refused := not_done(question):
        return refused
    if history and follow_up.only_thanks(question):
        return Reading("clarify", message=f"{follow_up.WELCOME} What else would you like to know?")
    if re.search(pattern("changes_subject"), text.lower()) and not _points_back(question):
        history = ()
    heard, doubt = _heard(question, lexicon)
    return _having_named(_read(question, heard, doubt, lexicon, history, tools), heard, question)


def _points_back(question: Question) -> bool:
    return question.has(r"(?:it|that|this|them|those|these)") or tells_time_of_thread(question)


def _having_named(reading: Reading, heard: Reading, question: Question) -> Reading:
    """A question that is refused or asked back with what it named, for a later "there" or "his" to stand for."""
    if reading.intent not in ("refuse", "clarify") or reading.filters:
        return reading
    names = tuple(f for f in heard.filters if not f.metric)
    if len(names) > 1:
        within = [question[m["v"]] for m in question.find(r"(?:in|at|on|from|near) (?:the |our )*(?P<v>V\d+)")]
        places = {(m.name, m.value) for s in within for m in s.of.meanings}
        names = tuple(f for f in names if any((f.field, v) in places for v in f.values)) or names
    return replace(reading, filters=names)


def _read(
    question: Question,
    heard: Reading,
    doubt: Reading | None,
    lexicon: Lexicon,
    history: Sequence[Reading],
    tools: frozenset[str],
) -> Reading:
    if refused := elsewhere(question, heard, in_thread=bool(history)):
        return refused
    heard = carried(question, _noted(question, heard, lexicon))
    if not any(r.metrics for r in history) and (unclear := points_at_nothing(question, heard)):
        return unclear
    ask = _asked(question, heard, lexicon)
    like = likeness(question) if ask is None and not history else None
    if like is not None and (own := like_definition_or_health(like, question, heard)):
        return own
    limited = any(f.metric for f in heard.filters)
    if like is not None and like.tool == "forecast_metric" and heard.metrics and question.says(COUNTS):
        like = None  # "How much do we make a month" asks what is; what is to come is told by its words.
    if (
        (alike := like_ask(like))
        and not limited
        and not (is_about_itself(question, heard) and alike.intent != "reconcile")
    ):
        ask, heard = alike, heard.assuming(read_as(alike))
    heard = referred(question, heard, history, lexicon)
    if heard.intent == "clarify":
        return heard
    if doubt is not None and (ask is None or ask.keeps_doubt):
        ask = None
        heard = doubt
    if ask is None and history and history[-1].intent == "describe" and follow_up.asks_another(question, heard):
        return Reading("describe", metrics=heard.metrics)
    if ask is None and history and history[-1].intent == "health" and follow_up.goes_on(question, heard):
        return Reading("health")
    if history and doubt is None and (both := together(question, heard, history, lexicon)):
        return both if both.intent not in PLAIN else _finish(question, both, lexicon, replace(both, filters=()))
    if ask is None and history and (about := pointed(question, heard, history, lexicon)):
        return about if about.intent in ("describe", "health") else _finish(question, about, lexicon)
    if ask is not None and ask.intent == "forecast" and not heard.metrics and _is_of_worth(history):
        ask = BY_INTENT["ltv"]
    heard, ask, continued = _continued(question, heard, history, lexicon, ask)
    if ask is not None and ask.intent == "forecast" and heard.metrics and WORTHS.issuperset(heard.metrics):
        ask = BY_INTENT["ltv"]
    if ask is not None:
        return ask_reading(ask, question, heard, lexicon, tools, continued)
    if continued is None and history and follow_up.says_nothing_new(question, heard, history):
        return follow_up.not_understood(question, history[-1])
    return like_refused(like, _finish(question, heard, lexicon, continued))


def _continued(
    question: Question, heard: Reading, history: Sequence[Reading], lexicon: Lexicon, ask: Ask | None
) -> tuple[Reading, Ask | None, Reading | None]:
    """The reading with what it takes over from the thread, the tool that goes on, and the reading that it continues."""
    heard, ask = _one_more_model(question, heard, history, ask)
    if _only_credits_otherwise(heard, history, ask):
        ask = None
    for before in _before(history, heard):
        timed = moved_in_time(question, heard, before, lexicon.vocabulary.calendar)
        followed = follow_up.inherit(question, timed, before, lexicon, ask)
        if followed is None:
            heard = timed
            continue
        carried = credited(in_email(followed, lexicon), lexicon)
        alone = bool(set(heard.metrics) & set(followed.metrics)) and ask is None
        alone = alone and impossible(question, carried, lexicon) is not None and not question.has(BACK_TO_NAMES)
        if alone and impossible(question, heard, lexicon) is None:
            return follow_up.without_names(heard, before), ask, before
        own = ask is not None or is_about_itself(question, heard)
        if not own and follow_up.changes_nothing(question, followed, before):
            return follow_up.not_understood(question, before), None, before
        if ask is not None and ask.intent == "models" and not followed.models:
            followed = replace(followed, models=_models_of(history), attribution_model=None)
        ask = ask or BY_INTENT.get(followed.intent)
        return follow_up.over_a_gap(followed, before, history), ask, before
    if any(a.endswith(OF_THE_QUESTION_BEFORE) for a in heard.assumptions):
        return heard, ask, None
    open_end = bool(history) and history[-1].intent in ("clarify", "refuse") and follow_up.opens(question)
    return heard.assuming(follow_up.UNANSWERED) if open_end else heard, ask, None


OF_CREDIT = frozenset({"revenue", "orders", "attributed_revenue", "attributed_orders", "paid_revenue", "new_customers"})


def _only_credits_otherwise(heard: Reading, history: Sequence[Reading], ask: Ask | None) -> bool:
    """ "Same, but the first touch gets the credit", of ROAS: the thread's number under another model."""
    last = history[-1] if history else None
    if ask is None or ask.intent != "attribution" or last is None or last.intent not in PLAIN:
        return False
    fitted = heard.attribution_model in (None, "markov", "shapley")
    return not fitted and not heard.metrics and not OF_CREDIT.intersection(last.metrics)


def _is_of_worth(history: Sequence[Reading]) -> bool:
    """Whether the thread is about what customers are worth: what of it is still to come, forecast_ltv knows."""
    last = next((r for r in reversed(history) if r.metrics), None)
    return last is not None and set(last.metrics) <= {"ltv", "ltv_12m", "predicted_ltv"}


def _models_of(history: Sequence[Reading]) -> tuple[str, ...]:
    """The attribution models that a thread has used last: "put the two side by side"."""
    used = [r.attribution_model or "last_non_direct" for r in history[-3:] if follow_up.can_be_continued(r)]
    found = tuple(dict.fromkeys(used))
    return found if len(found) > 1 else ()


COUNTS = (
    r"^(?:and |so |ok )?(?:how (?:well|good|many|much|often|long) (?!should|could|would|more)"
    r"|(?:what|which) (?:share|percent\w*|proportion|part|fraction) )(?: ?.*)"
)
"""Questions for a number, by how they begin."""
ACTS = (
    r"(?:send|sent me|email|mail|post|remind|tell|should|shall|could|would|can|need|take|touch\w*|contacts|clicks"
    r"|steps?|visits|days|before)"
)
"""Words of what a tool does, or of a way to an order: "how many touches before a deal"."""


def _firmly(reading: Reading) -> bool:
    """Whether another number than spend was asked for."""
    return bool(reading.metrics) and reading.metrics != ("spend",) and "metrics" in reading.said


def found_money(question: Question) -> bool:
    """Whether an amount stands in the question that no limit has used."""
    return any(s.index not in question.used for s in question.of_kind("N"))


def _asked(question: Question, heard: Reading, lexicon: Lexicon) -> Ask | None:
    """The tool that the words ask for, or None for numbers, definitions, data health and lists of names."""
    found = next((ask for ask in ASKS if ask.is_meant(question, heard, lexicon)), None)
    made = any(s.of.first.composed for s in question.of_kind("M"))
    if (
        found is not None
        and (made or _firmly(heard))
        and found.intent in ("reconcile", "budget", "journeys", "schedule", "anomalies", "attribution", "models")
        and question.says(COUNTS)
        and not found_money(question)
        and not _beside_metrics(question).says(ACTS)
    ):
        # "How much did each new customer leave with us": a number, whatever else its words may mean.
        return None
    own_words = found is not None and made and found.intent in NO_NUMBERS
    own_words = own_words or (found is not None and found.intent == "journeys" and "gross_revenue" in heard.metrics)
    if own_words and found and not found.is_meant(_beside_metrics(question), heard, lexicon):
        # "What did we sell before refunds" is no way to a sale: the ask's words are the metric's own.
        return None
    if found is not None and found.intent == "reconcile" and "period" in heard.said and _names_a_number(question):
        return found
    if found is not None and found.intent not in DEFINED_FIRST and is_about_itself(question, heard):
        return None
    return found


def _beside_metrics(question: Question) -> Question:
    """The question without the words that metrics are made of."""
    metrics = {i for s in question.of_kind("M") if s.of.first.composed for i in range(s.start, s.end)}
    tokens = tuple(replace(t, word="_") if i in metrics else t for i, t in enumerate(question.tokens))
    return replace(question, tokens=tokens, used=set(question.used), unknown=list(question.unknown))


def _names_a_number(question: Question) -> bool:
    """Whether a number of a time is named: what is held against it is no question about the data's health."""
    return bool(question.of_kind("M") or question.of_kind("A"))


def _one_more_model(
    question: Question, heard: Reading, history: Sequence[Reading], ask: Ask | None
) -> tuple[Reading, Ask | None]:
    """ "Add Markov", where models stand side by side."""
    last = history[-1] if history else None
    model = heard.attribution_model
    if last is None or last.intent not in ("models", "attribution") or not model or not question.has(ADDING):
        return heard, ask
    there = last.models or (last.attribution_model or "last_non_direct",)
    models = tuple(dict.fromkeys((*there, model)))
    said = frozenset((heard.said | {"models"}) - {"attribution_model"})
    return replace(heard, models=models, attribution_model=None, said=said), BY_INTENT["models"]


def _before(history: Sequence[Reading], heard: Reading) -> list[Reading]:
    """What a question may continue: the question back that stands open, then the last one that asked for numbers.

    What changes only a period goes on with the last question that had one; who leaves out what has been explained goes
    back to the numbers.
    """
    earlier = [r for r in reversed(history[-4:]) if follow_up.can_be_continued(r)]
    if heard.said and heard.said <= {"period", "grain", "compare"}:
        earlier = [r for r in earlier if r.intent not in TIMELESS] or earlier
    explained = bool(earlier) and earlier[0].intent == "explain"
    if explained and heard.filters and all(f.op == "not_in" for f in heard.filters) and "metrics" not in heard.said:
        earlier = [r for r in earlier if r.intent in PLAIN] or earlier
    earlier = earlier[:1]
    return [*history[-1:], *earlier] if history and _stands_open(history[-1], earlier) else earlier


def _stands_open(last: Reading, earlier: Sequence[Reading]) -> bool:
    """Whether the last turn was asked back and holds something; "which number?" of nothing leaves the thread's."""
    kept = last.pending.get("reading", {})
    holds = any(kept.get(name) for name in ("metrics", "dimensions", "filters", "period", "grain"))
    return bool(last.pending) and (holds or not earlier)


def _heard(question: Question, lexicon: Lexicon) -> tuple[Reading, Reading | None]:
    """Only what the words say, and what would be asked back; defaults come after follow-ups have been looked at."""
    calendar = lexicon.vocabulary.calendar
    at: When = when(question, calendar)
    found: Names = names(question, lexicon)
    at = of_one_rate(question, of_stocks(question, at, found.metrics, calendar), found.metrics)
    ranked: Ranking = ranking(question, found, at.grain)
    if moved := most_moved(question):
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


def _noted(question: Question, reading: Reading, lexicon: Lexicon) -> Reading:
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


CARRIED_OUT = (
    r"(?:V\d+|platforms?|D\d+) (?:itself |themselves |ads )?(?:says?|claims?|claiming|reports?|shows?)",
    r"in the eyes of",
    pattern("back_to_usual"),
    pattern("losing"),
    r"(?:day|week|month|quarter|year) after ?[.?!]*$",
    rf"(?:after|net of|less|minus|{EXCLUDING}) (?:all |any |the )*(?:[MX]\d+ (?:and|or|,) )*[MX]\d+",
)
"""Words that were acted on wherever they stand: of a setting taken back, of money lost, of what revenue is without."""


def _finish(question: Question, reading: Reading, lexicon: Lexicon, before: Reading | None = None) -> Reading:
    if reading.intent in ("refuse", "clarify"):
        return reading
    settled = intent(question, set_aside_goal(question, reading), lexicon)
    if settled.intent not in PLAIN:
        return settled
    if settled.compare is None:
        settled = replace(settled, assumptions=tuple(a for a in settled.assumptions if a != AGAINST_BEFORE))
    settled = with_metrics(question, settled, lexicon)
    if doubt := unknown_name(question, settled, lexicon):
        return doubt
    if not settled.metrics:
        return nothing_understood(question, settled, lexicon)
    if doubt := unused_number(question, settled):
        return doubt
    if doubt := missing_name(question, settled, lexicon) or without_split(question, settled):
        return doubt
    settled = with_whole(question, settled, lexicon)
    settled = of_assets(question, in_email(of_kin(settled, lexicon), lexicon), lexicon)
    settled = of_all(credited(settled, lexicon), lexicon)
    settled = with_trend(question, settled, lexicon)
    if refused := impossible(question, settled, lexicon):
        return replace(refused, pending={"slot": "rest", "reading": reading_json(settled)})
    if doubt := not_carried_out(question, settled) or beyond(question, settled):
        return doubt
    limited = settled
    settled = restated(question, named_rows_only(with_period(settled, lexicon)), lexicon, before)
    settled = replace(settled, whether=asked_whether(question, limited, settled))
    return left_out(question, settled, CARRIED_OUT, before=before)
