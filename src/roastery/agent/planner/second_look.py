"""Where the words name no number: the number that the question reads like (learned.py), said to be assumed.

Only the first question of a thread, only a number that it would be asked about or that would be the usual one, and only
what answers: a guess that turns out wrong has been said, and a right one saves a question back.
"""

from collections.abc import Callable
from dataclasses import replace

from roastery.agent.planner.assumed import NO_METRIC, RESTATED, begins, leaves_out, without
from roastery.agent.planner.doubts import metric_title
from roastery.agent.planner.learned import REFUSED, guess, metrics_like
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading

LIKE = 0.26
"""How like a question for the number it must read; of blind questions that would be asked back, two in three such
guesses are right."""
LIKER = 0.4
"""How like it must read where a usual number would be given otherwise."""
ANSWERED = frozenset({"query", "compare", "explain", "anomalies", "forecast"})
NOT_NUMBERS = frozenset({REFUSED, "clarify"})
PARTS = ("period", "grain", "dimensions", "filters")
Again = Callable[[str], Reading]


def second_look(text: str, reading: Reading, lexicon: Lexicon, again: Again) -> Reading:
    """The reading, or the one with the number that the question is most like. again: reads it as one for a metric."""
    least = _least(reading)
    if least is None or guess(text).tool in NOT_NUMBERS or leaves_out(reading.assumptions):
        return reading
    metric, like = next(iter(metrics_like(text).items()))
    if like < least or metric in reading.metrics or metric not in lexicon.vocabulary.metrics:
        return reading
    found = again(metric)
    if found.intent not in ANSWERED or metric not in found.metrics:
        return reading
    known = f"no number was named in words that I know, so it is read as a question for {metric_title(metric, lexicon)}"
    said = without(found.assumptions, RESTATED)
    return replace(found, assumptions=said).assuming(known)


def _least(reading: Reading) -> float | None:
    """How sure a guess must be; None where the question's number is known, or where nothing else of it is."""
    if reading.intent in ANSWERED:
        return LIKER if begins(reading.assumptions, NO_METRIC) else None
    kept = reading.pending.get("reading", {})
    nameless = bool(reading.pending.get("choices")) and not reading.pending.get("replaces")
    open_to_guess = reading.intent == "clarify" and nameless and not kept.get("metrics")
    return LIKE if open_to_guess and any(kept.get(part) for part in PARTS) else None
