"""Metrics, splits and filters of a question, out of its line of symbols."""

from dataclasses import replace

from roastery.agent.planner.filters import filters_of
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.metrics import metrics_of
from roastery.agent.planner.named import Names
from roastery.agent.planner.question import Question, Symbol


def names(question: Question, lexicon: Lexicon) -> Names:
    found = metrics_of(question, lexicon)
    return filters_of(question, lexicon, _dimensions(question, found, lexicon))


def _dimensions(question: Question, found: Names, lexicon: Lexicon) -> Names:
    dims: list[str] = []
    several: list[Symbol] = []
    for symbol in question.of_kind("D"):
        name = symbol.of.first.name
        if _belongs_to_value(question, symbol) or _is_total(question, symbol) or _only_says_where(question, symbol):
            question.used.add(symbol.index)
            continue
        several.append(symbol)
        if name not in dims:
            dims.append(name)
    return replace(found, dimensions=tuple(dims), several=tuple(several))


def _belongs_to_value(question: Question, symbol: Symbol) -> bool:
    """ "The Spring Sale campaign", "campaign Spring Sale", "the email channel": the word only says what the name is."""
    name = symbol.of.first.name
    for value in question.of_kind("V"):
        kinds = {m.name for m in value.of.meanings}
        if name not in kinds and not (
            name in ("campaign", "ad", "account", "platform", "channel", "country")
            and kinds & {"platform", "channel", "country"}
        ):
            continue
        before = question.has(
            rf"(?:campaigns?|{symbol.name}) (?:called |named |like |containing |with the name )?{value.name}"
        )
        singular = not question.words(symbol).lower().endswith("s") or name in kinds
        if name in kinds and (question.has(rf"{value.name} {symbol.name}") or before):
            return True
        if name not in kinds and singular and question.has(rf"{value.name} {symbol.name}") and name != "campaign":
            return True
    return False


def _only_says_where(question: Question, symbol: Symbol) -> bool:
    """ "Spend on ads", "what our ads cost": the word says what kind of money it is, not how to split it."""
    if question.words(symbol).lower() not in ("ads", "ad"):
        return False
    asked = question.has(
        rf"(?:by|per|each|every|which|what|top|best|worst|bottom|across) (?:\w+ |N\d+ )?{symbol.name}|{symbol.name} "
        rf"(?:with|by|that|which)"
    )
    return not asked


def _is_total(question: Question, symbol: Symbol) -> bool:
    """ "Total spend across all platforms" is not split."""
    across = question.has(
        rf"(?:across|over|for|on|from|of|in) (?:all|every|the entire|all of|all the|all our|all of our|the whole) "
        rf"(?:of )?(?:the |our )?{symbol.name}"
    )
    return across and question.has(r"(?:total|overall|combined|altogether|blended|in total|sum|all together|together)")
