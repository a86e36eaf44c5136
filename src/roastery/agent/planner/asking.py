"""A question for a tool of its own (asks/), completed: names checked, usual metrics and periods filled in."""

from dataclasses import replace

from roastery.agent.planner.asks import Ask
from roastery.agent.planner.assumed import said_left_out
from roastery.agent.planner.carried_out import not_carried_out
from roastery.agent.planner.defaults import credited
from roastery.agent.planner.doubts import missing_name
from roastery.agent.planner.guard import ABLE
from roastery.agent.planner.leftover import family_words, left_out
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.patterns import vocabulary
from roastery.agent.planner.periods import AGAINST_BEFORE, default_period
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading
from roastery.agent.planner.restating import restated
from roastery.agent.planner.unknown import unknown_name

NAMES_DO_NOT_MATTER = frozenset({"alert", "schedule", "reconcile"})
NEEDS_PERIOD = frozenset({"explain", "attribution", "models", "journeys", "assets", "reconcile"})
CREDITED = frozenset({"explain", "forecast", "alert"})


def ask_reading(
    ask: Ask,
    question: Question,
    reading: Reading,
    lexicon: Lexicon,
    tools: frozenset[str],
    before: Reading | None = None,
) -> Reading:
    """The reading that the ask makes, or the question back or refusal that comes before it."""
    if tools and ask.tool not in tools:
        return Reading("refuse", message=f"I cannot help with {ask.what} yet. {ABLE}")
    _know_own_words(ask, question)
    settled = ask.read(question, reading, lexicon)
    if settled.intent in ("clarify", "refuse"):
        return settled
    if ask.intent not in NAMES_DO_NOT_MATTER:
        if doubt := unknown_name(question, settled, lexicon, strict=False):
            return doubt
        if doubt := missing_name(question, settled, lexicon):
            return doubt
    if ask.intent in CREDITED:
        settled = credited(settled, lexicon)
    if ask.intent in NEEDS_PERIOD and settled.period is None:
        days, note = default_period(lexicon.vocabulary.calendar, None, settled.compare)
        settled = replace(settled, period=days).assuming(note)
    if beyond := [
        f for f in settled.filters if not f.metric and ask.narrowed_by is not None and f.field not in ask.narrowed_by
    ]:
        said = " and ".join(beyond[0].labels or beyond[0].values)
        ways = ", ".join(sorted(d.replace("_", " ") for d in ask.narrowed_by or ()))
        return Reading(
            "clarify",
            message=f"I cannot narrow {ask.what} to “{said}”, only split them by {ways}. Which of these do you want?",
        )
    if doubt := not_carried_out(question, settled):
        return doubt
    if settled.compare is None:
        settled = replace(settled, assumptions=tuple(a for a in settled.assumptions if a != AGAINST_BEFORE))
    settled = _said_what_is_dropped(reading, restated(question, settled, lexicon, before))
    return left_out(question, settled, own=(ask.said, *ask.patterns), before=before)


def _know_own_words(ask: Ask, question: Question) -> None:
    """What a tool's questions are made of names nothing: "the first door" of a journey, a "stale" picture."""
    own, family = vocabulary(ask.said, *ask.patterns), family_words(question, (ask.said, *ask.patterns))
    known = {i for i, t in enumerate(question.tokens) if i in family or own.fullmatch(t.word)}
    question.unknown[:] = [i for i in question.unknown if question.tokens[i].quoted or i not in known]
    for symbol in question.of_kind("X"):
        if known.issuperset(range(symbol.start, symbol.end)):
            question.used.add(symbol.index)


def _said_what_is_dropped(before: Reading, settled: Reading) -> Reading:
    """Parts of a question that its tool does not take are said to be left out."""
    parts = (("limit", "how many to show"), ("grain", "the step of time"), ("order_by", "the ranking"))
    left = [what for name, what in parts if getattr(before, name) and not getattr(settled, name)]
    left += ["what it is compared with"] if before.compare and not settled.compare and "compare" in before.said else []
    if not left or settled.intent in ACTING:
        return settled
    return settled.assuming(said_left_out(left))


ACTING = ("alert", "schedule", "explain")
