"""From a question to a Reading: guard, recognize, settle periods and names, then intent, defaults and doubts."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner import follow_up
from roastery.agent.planner.another_number import with_money
from roastery.agent.planner.asking import ask_reading
from roastery.agent.planner.asks import BY_INTENT, Ask
from roastery.agent.planner.assumed import OF_BEFORE
from roastery.agent.planner.carried_out import not_carried_out
from roastery.agent.planner.carrying_on import ADDING
from roastery.agent.planner.choosing import chosen
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
    missing_name,
    nothing_understood,
    set_aside_goal,
    unused_number,
)
from roastery.agent.planner.guard import refusal
from roastery.agent.planner.hearing import hearing, noted
from roastery.agent.planner.impossible import impossible
from roastery.agent.planner.intents import elsewhere, intent, is_about_itself, not_done, without_split
from roastery.agent.planner.leftover import left_out
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.likeness import like_ask, like_definition_or_health, like_refused, likeness, read_as
from roastery.agent.planner.moving_time import moved_in_time, tells_time_of_thread
from roastery.agent.planner.named import EXCLUDING
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.periods import AGAINST_BEFORE
from roastery.agent.planner.pointing import pointed, points_at_nothing
from roastery.agent.planner.question import Question, parse
from roastery.agent.planner.reading import PLAIN, Reading, reading_json
from roastery.agent.planner.referring import PERSON, PLACE, referred
from roastery.agent.planner.restating import restated
from roastery.agent.planner.restrictions import beyond, carried
from roastery.agent.planner.together import together
from roastery.agent.planner.unknown import unknown_name
from roastery.agent.planner.whether import asked_whether

WORTHS = frozenset({"ltv", "ltv_12m", "predicted_ltv"})
"""What customers are worth is forecast by a tool of its own."""
BACK_TO_NAMES = (
    rf"(?:of|from|for|with|by|in|via|is|was|are|were) (?:that|them|those|these|it)|{PLACE}|{PERSON}|its|their"
)
"""Words that keep the thread's names: what cannot be narrowed to them is refused rather than asked of everything."""
TIMELESS = ("budget", "schedule", "alert")
"""Asks whose tool takes no period."""


def understand(
    text: str,
    lexicon: Lexicon,
    history: Sequence[Reading] = (),
    tools: frozenset[str] = frozenset(),
    metric: str | None = None,
) -> Reading:
    """Read one question. history: earlier readings of the thread, oldest first. tools: those there are; all if empty.

    metric: the number that it is a question for, whatever its words name.

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
    heard, doubt = hearing(question, lexicon, metric)
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
    heard = carried(question, noted(question, heard, lexicon))
    if not any(r.metrics for r in history) and (unclear := points_at_nothing(question, heard)):
        return unclear
    ask = chosen(question, heard, lexicon)
    like = likeness(question) if ask is None and not history else None
    if own := like_definition_or_health(like, question, heard):
        return own
    if alike := like_ask(like, question, heard):
        ask, heard = alike, heard.assuming(read_as(alike))
    heard = referred(question, with_money(question, heard, history[-1] if history else None), history, lexicon)
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
    if any(a.endswith(f", {OF_BEFORE}") for a in heard.assumptions):
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
    return last is not None and WORTHS.issuperset(last.metrics)


def _models_of(history: Sequence[Reading]) -> tuple[str, ...]:
    """The attribution models that a thread has used last: "put the two side by side"."""
    used = [r.attribution_model or "last_non_direct" for r in history[-3:] if follow_up.can_be_continued(r)]
    found = tuple(dict.fromkeys(used))
    return found if len(found) > 1 else ()


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
    if settled.intent not in PLAIN:
        return settled
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
