"""Where the second reader (learned.py) would have chosen otherwise than the words: it is said, nothing is changed."""

from roastery.agent.planner.asks import ASKS
from roastery.agent.planner.assumed import READ_AS
from roastery.agent.planner.doubts import metric_title
from roastery.agent.planner.learned import guess, metrics_like
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.reading import Reading

AHEAD = 0.2
"""How far ahead another number must be: of blind questions three in a hundred, two in five of them wrong."""
TOOL_AHEAD = 0.4
"""How far ahead another tool must be."""
OF_NUMBERS = frozenset({"query", "compare", "explain", "anomalies", "forecast"})
TOOLS = {"query": "query_metrics", "compare": "compare_periods"} | {ask.intent: ask.tool for ask in ASKS}
NUMBERS = frozenset({"query_metrics", "compare_periods"})
CALLED = {ask.tool: ask.what for ask in ASKS} | dict.fromkeys(NUMBERS, "the numbers themselves")
ACTING = frozenset({"alert", "schedule"})
SHOW_NUMBERS = frozenset({"attribution", "models", "assets"})
"""Asks whose tools show the numbers as well: which of the two is meant makes no difference."""


def with_misgivings(text: str, reading: Reading, lexicon: Lexicon) -> Reading:
    """The reading of a thread's first question, with what it could have meant instead."""
    if reading.intent not in TOOLS or reading.intent in ACTING:
        return reading
    return _about_number(text, _about_tool(text, reading), lexicon)


def _about_number(text: str, reading: Reading, lexicon: Lexicon) -> Reading:
    if reading.intent not in OF_NUMBERS or not reading.metrics or any(READ_AS in a for a in reading.assumptions):
        return reading
    like = metrics_like(text)
    other = next(iter(like))
    if other not in lexicon.vocabulary.metrics or like[other] - max(like.get(m, 0) for m in reading.metrics) < AHEAD:
        return reading
    taken = " and ".join(metric_title(m, lexicon) for m in reading.metrics[:3])
    return reading.assuming(f"it is read as a question for {taken}; {metric_title(other, lexicon)} could be meant too")


def _about_tool(text: str, reading: Reading) -> Reading:
    tool = TOOLS[reading.intent]
    if tool in NUMBERS or reading.intent in SHOW_NUMBERS:
        return reading
    like = guess(text)
    if like.tool == tool or like.tool not in CALLED or like.margin < TOOL_AHEAD:
        return reading
    return reading.assuming(f"it is read as one for {CALLED[tool]}; {CALLED[like.tool]} could be meant too")
