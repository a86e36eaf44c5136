"""The questions of one message: what stands after a question mark, and what a joint such as ", and why" begins.

A few words after a question mark belong to the question before ("What was spend? Last week."). At a joint the message
is cut only where both sides stand on their own and ask for different things: two tools, or two periods; "what did we
spend and how many orders came of it" stays one question for two numbers.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from roastery.agent.planner.assumed import NO_PERIOD, TO_BE_HELD_AGAINST, without
from roastery.agent.planner.reading import PLAIN, Reading

MOST_JOINTS = 2
CONTROL = ("clarify", "refuse")
PERIODIC = ("query", "compare", "explain", "anomalies", "attribution", "models", "journeys", "assets", "reconcile")
Reader = Callable[[str, Sequence[Reading]], Reading]

STOP = re.compile(
    r"(?<=\?)\s+|;\s+|\n+|(?<=[.!])\s+(?=(?:and|also|plus|then|besides|second(?:ly)?|oh and)\b)", re.IGNORECASE
)
TRAILING = re.compile(
    r"(?!and\b|or\b|why\b|how\b|what\b|also\b|only\b|same\b)(?:[\w'/%-]+[ ,]*){1,4}[.!]?", re.IGNORECASE
)
SPECIFYING = re.compile(
    r"(?:(?:i(?:'m| am)? )?(?:look(?:ing)? at|go(?:ing)? by|bas(?:ed|ing) on|measured|counted|count|mean(?:ing)?|i\.e\."
    r"|namely|talking about|speaking of|thinking of|focus(?:ing)? on)"
    r"|show(?= +(?:\d|only\b|just\b|last\b|this\b))|(?:separated?|split|broken down|grouped|divided"
    r"|listed)(?= (?:by|per|for|into|up)\b)"
    r"|(?:for|in|on|by|per|over|during|since|from|between|without|excluding|not|just|full|whole|all|last|past|this)\b)"
    r"(?!.*\?)(?:[^.?!]{1,90})[.!]?",
    re.IGNORECASE,
)
"""A statement after a question that only says what of it is meant: "Looking at August to October."."""
EXPLAINING = re.compile(
    r"(?:never (?:ever )?heard(?: of)?(?: it| that)?|no idea what (?:it|that) (?:is|means?)"
    r"|(?:please |pls )?(?:explain|define)"
    r"(?: it| that| this)?)\b(?!.*\?)(?: (?:pls|please|to me|for me))*(?:[.,;!].{0,40})?",
    re.IGNORECASE,
)
"""What wants the word before it explained: "mer? Never heard."."""
POINTING_BACK = re.compile(r"(?:and )?(?:does|do|did|is|are|was|were|can|could) (?:that|this|it|they)\b", re.IGNORECASE)
"""How a question begins that is about the statement before it: "Meta says 40 orders; does that match?"."""
ASKING = r"(?:what|which|how|why|who|where|when|are|is|do|does|did|can|could|should|would|will|if|has|have)"
JOINT = re.compile(rf",?\s+(?:and|plus|also|and also|and then|then)\s+(?=(?:also |then )?{ASKING}\b)", re.IGNORECASE)


NAMED = re.compile(
    r"(?:,?\s+(?:and then|and also|and|plus)|,\s+then)\s+(?=(?:the|our|all)\b)|,\s+(?:and then|and also|and|plus)\s+",
    re.IGNORECASE,
)
"""A joint before a number that is only named: "leads per town, and then the win rate per owner"."""
NOW = re.compile(r"\b(?:(?:right )?now|today|currently|at the moment|as of (?:now|today))\b", re.IGNORECASE)
"""A time of its own, though it is none of a calendar: "members now, and the churn of October"."""
OF_THEM = re.compile(r"how (?:many|much) of (?:them|those|these|it|that)\b", re.IGNORECASE)
APART = re.compile(
    r"(?:(?:and|also|then|oh),? )*(?:separately|apart from that|unrelated|on another note)\b[:,]?\s*", re.IGNORECASE
)
"""How a question begins that leaves the names of the one before behind."""


def questions_in(text: str) -> list[str]:
    """The questions of one message: it is split after question marks and semicolons, not within a question."""
    parts = [p.strip() for p in STOP.split(text) if re.search(r"\w{2,}", p)]
    found: list[str] = []
    for part in parts:
        if found and not found[-1].endswith("?") and POINTING_BACK.match(part):
            found[-1] = f"{found[-1].rstrip('.!')}, {part}"
        elif found and found[-1].endswith("?") and EXPLAINING.fullmatch(part):
            found[-1] = f"{found[-1]} {part}"
        elif found and found[-1].endswith("?") and (TRAILING.fullmatch(part) or SPECIFYING.fullmatch(part)):
            found[-1] = f"{found[-1].rstrip('?')}, {part}"
        else:
            found.append(part)
    return found or [text]


def readings_of(text: str, read: Reader, history: Sequence[Reading], most: int) -> list[Reading]:
    """The readings of a message's questions, each continuing those before it."""
    found: list[Reading] = []
    asked = ""
    for part in questions_in(text)[:most]:
        apart = APART.match(part) if found else None
        before = [replace(r, filters=(), dimensions=()) for r in found] if apart else [*history, *found]
        more = _of_part(part[apart.end() :] if apart else part, read, before)
        if found and asked.endswith("?") and len(more) == 1 and _is_beside(found[-1], more[0], part):
            continue
        if found and asked.endswith("?") and len(more) == 1 and (one := _specified(found[-1], more[0], part)):
            found[-1] = one
        else:
            found += more
        asked = part
    return found[:most]


REQUESTING = re.compile(
    r"(?:and|also|plus|then|please|pls|show|give|list|tell|compare|break|split|how|what|which|who|where|when|why|is|are|do|does"
    r"|did|can|could|should|will|has|have|send|alert|let|make|add|same|only|just|exclude|without)\b",
    re.IGNORECASE,
)
OF_WHOM = re.compile(
    r"(?:the |those |these |all |our )*(?:\w+ )?\w+ (?:he|she|we|they|i|you|that|who|which|from|in|of|since"
    r"|placed|created|won"
    r"|closed|acquired|signed|booked|made|opened|sent|sold|taken|joined)\b",
    re.IGNORECASE,
)
"""Whom or what a question was about: "deals he closed in Q3", "customers from the first half"."""


STATING = re.compile(
    r"(?:i|we|he|she|they|it|my \w+|our \w+|the \w+)"
    r"(?:'m|'re|'s|'ll|'d| am| are| is| was| were| will| would| have| has| had"
    r"| \w+) (?!only\b|just\b|mean)\w+.*",
    re.IGNORECASE,
)


def _is_beside(first: Reading, second: Reading, text: str) -> bool:
    """ "… in percent? I explain it to the bank tomorrow.": what is said of oneself asks for no second number."""
    stated = not text.rstrip().endswith("?") and STATING.fullmatch(text.strip(" .!")) and not REQUESTING.match(text)
    ahead = second.intent == "forecast" or second.period is None or "period" not in second.said
    return bool(stated) and first.intent not in CONTROL and second.said <= {"period"} and (ahead or not second.metrics)


def _specified(first: Reading, second: Reading, text: str) -> Reading | None:
    """The first question with what a statement after it specifies, or None where that is a question of its own.

    "Which products sit longest? Stock turns by product, slowest first": the number is named afterwards. "How long does
    a deal take Lee? Deals he closed in Q3": whose time it is, is said afterwards.
    """
    if text.rstrip().endswith("?") or REQUESTING.match(text) or second.intent not in PLAIN or first.intent not in PLAIN:
        return None
    aims = [a for a in second.assumptions if a.endswith(TO_BE_HELD_AGAINST)]
    if aims and "period" not in second.said:
        return first.assuming(*aims)
    if all(
        getattr(first, name) == getattr(second, name)
        for name in ("metrics", "dimensions", "grain", "period", "filters")
    ):
        return first.assuming(*second.assumptions)
    if {"metrics", "dimensions"} <= second.said and set(second.dimensions) == set(first.dimensions) != set():
        return second
    if OF_WHOM.match(text) and "period" in second.said and "period" not in first.said and not second.dimensions:
        own = tuple(f for f in second.filters if f.field not in {g.field for g in first.filters})
        left = without(first.assumptions, NO_PERIOD)
        grain = second.grain if "grain" in second.said else first.grain
        return replace(first, period=second.period, grain=grain, filters=(*first.filters, *own), assumptions=left)
    return None


def _of_part(text: str, read: Reader, history: Sequence[Reading]) -> list[Reading]:
    joints = list(JOINT.finditer(text))[:MOST_JOINTS]
    if not joints:
        return _each_split(text, read, history)
    whole = read(text, history)
    for joint in joints:
        first = read(text[: joint.start()], history)
        if first.intent in CONTROL:
            continue
        second = read(text[joint.end() :], [*history, first])
        if second.intent in CONTROL:
            continue
        if OF_THEM.match(text[joint.end() :]) and (both := _part_beside(first, second, whole)):
            return [both]
        if _differ(first, second, whole):
            few = second.limit is not None and _split_apart(first, second)
            return [_in_period_of(first, second), _in_period_of(second, first) if few else second]
    return [whole]


def _part_beside(first: Reading, second: Reading, whole: Reading) -> Reading | None:
    """ "Leads and how many of them were qualified": two numbers, where the whole was read as the second alone."""
    if first.intent not in PLAIN or second.intent not in PLAIN or set(first.metrics) <= set(whole.metrics):
        return None
    return replace(second, metrics=tuple(dict.fromkeys((*first.metrics, *second.metrics))))


def _each_split(text: str, read: Reader, history: Sequence[Reading]) -> list[Reading]:
    """ "Leads per town, and then the win rate per owner": two numbers, each with a split of its own."""
    joint = next(reversed(list(NAMED.finditer(text))), None)
    if joint is None:
        return [read(text, history)]
    first = read(text[: joint.start()], history)
    if first.intent not in PLAIN or not {"metrics"} <= first.said:
        return [read(text, history)]
    second = read(text[joint.end() :], [*history, first])
    if second.intent not in PLAIN or "metrics" not in second.said:
        return [read(text, history)]
    now = bool(NOW.search(text[: joint.start()])) and "period" not in first.said and "period" in second.said
    if now and set(first.metrics).isdisjoint(second.metrics):
        return [first, second]
    if not _split_apart(first, second):
        return [read(text, history)]
    return [_in_period_of(first, second), _in_period_of(second, first)]


def _in_period_of(first: Reading, second: Reading) -> Reading:
    """A period said on one side of the joint holds for the other too."""
    if "period" in first.said or "period" not in second.said or first.intent not in PERIODIC:
        return first
    left = without(first.assumptions, NO_PERIOD)
    return replace(first, period=second.period, assumptions=left)


def _differ(first: Reading, second: Reading, whole: Reading) -> bool:
    """Whether two sides of a joint ask for different things, each answerable."""
    if first.intent in PLAIN and second.intent in PLAIN:
        own_period = "period" in first.said and "period" in second.said and first.period != second.period
        own_metric = "metrics" in first.said and "metrics" in second.said
        few = _split_apart(first, second) and second.limit is not None
        return own_metric and (own_period or few or whole.intent in CONTROL)
    return first.intent != second.intent


def _split_apart(first: Reading, second: Reading) -> bool:
    """Whether each is split by something of its own, or only the second lists a few: no two numbers side by side."""
    if "dimensions" not in second.said:
        return False
    if "dimensions" in first.said:
        return first.dimensions != second.dimensions
    return "limit" in second.said
