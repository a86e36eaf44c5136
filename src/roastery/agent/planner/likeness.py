"""What the second reader (learned.py) adds where the words name no tool: it reads like a question for one of these."""

from roastery.agent.planner.asks import ASKS, Ask
from roastery.agent.planner.choosing import COUNTS
from roastery.agent.planner.guard import ABLE
from roastery.agent.planner.intents import is_about_itself, qualified
from roastery.agent.planner.learned import REFUSED, Guess, guess
from roastery.agent.planner.question import Question
from roastery.agent.planner.reading import Reading

SURE = 0.4
"""How far ahead the likeliest tool must be: cross-validated over five parts, 96 in 100 of such guesses are right."""
CHOSEN = frozenset({"anomalies", "budget", "explain", "forecast", "journeys", "ltv", "reconcile"})
"""Asks that may be chosen by likeness: those that answer; nothing is set up because of it."""
BY_TOOL: dict[str, Ask] = {ask.tool: ask for ask in ASKS if ask.intent in CHOSEN}
NOT_ANSWERED = (
    "This reads like something that I cannot answer or may not give out, such as people's addresses, other companies "
    "or what is not in your data"
)


def likeness(question: Question) -> Guess | None:
    """The tool that a question reads like, where it is sure enough."""
    found = guess(question.text)
    return found if found.margin >= SURE else None


def like_ask(like: Guess | None, question: Question, heard: Reading) -> Ask | None:
    """The ask whose questions read like this one.

    None where the words say otherwise: with a limit on a metric, "how much do we make a month" (what is, not what is to
    come), and definitions and the data's health, but for sources that disagree.
    """
    ask = BY_TOOL.get(like.tool) if like else None
    if ask is None or any(f.metric for f in heard.filters):
        return None
    if ask.intent == "forecast" and heard.metrics and question.says(COUNTS):
        return None
    return None if ask.intent != "reconcile" and is_about_itself(question, heard) else ask


def read_as(ask: Ask) -> str:
    """The assumption that says so."""
    return f"the question is read as one for {ask.what}"


def like_definition_or_health(like: Guess | None, question: Question, heard: Reading) -> Reading | None:
    """A question about a metric's definition, or about the data itself, in words that no pattern has."""
    if like is None or heard.said & {"period", "grain", "compare"}:
        return None
    if like.tool == "describe_metrics" and heard.metrics:
        return Reading("describe", metrics=qualified(question, heard))
    if like.tool == "data_health" and not heard.metrics and not question.of_kind("X"):
        return Reading("health")
    return None


def like_refused(like: Guess | None, reading: Reading) -> Reading:
    """What would be asked "which number?" and reads like what is refused."""
    asks_for_number = reading.intent == "clarify" and reading.pending.get("slot") == "metric"
    if like is not None and like.tool == REFUSED and asks_for_number:
        return Reading("refuse", message=f"{NOT_ANSWERED}. {ABLE}")
    return reading
