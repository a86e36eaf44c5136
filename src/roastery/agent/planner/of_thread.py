"""Turns that are about a thread's last answer as a whole: its other end, everybody else in it, its first question."""

import re
from collections.abc import Sequence
from dataclasses import replace

from roastery.agent.planner.dates import MONTHS, Days
from roastery.agent.planner.doubts import metric_title
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.ranking import LESS_IS_BETTER
from roastery.agent.planner.reading import PLAIN, Reading

_LEAD = (
    r"(?:(?:and|so|ok|okay|now|then|but|well|oh|just|only|please|show|me|give|what about|how about|which is"
    r"|what is|who is)[, ]+)*"
)
_END = r"(?:[, ]+(?:too|also|as well|please|pls|then|now|again))*\s*[?.!]*"
LOW = r"(?:worst|lowest|weakest|smallest|least|fewest|poorest|slowest|cheapest|bottom)"
HIGH = r"(?:best|highest|strongest|biggest|largest|most|top|fastest|dearest|priciest)"
OTHER_END = re.compile(
    rf"{_LEAD}(?:the )?(?P<which>{LOW}|{HIGH})(?: (?:one|ones|performer|performers))?{_END}", re.IGNORECASE
)
OTHERS = re.compile(
    rf"{_LEAD}(?:(?:all |for |of |by )*(?:the )?(?:others?|other ones|rest(?: of them)?)|(?:all |and )*"
    rf"(?:everyone|everybody|everything|all"
    r"|anyone|the ones) (?:else|(?:but|except|besides|other than|apart from|without) (?:those|these|them|that"
    r"|this|it|him|her)"
    rf"(?: (?:two|three|four|one|\d))?)){_END}",
    re.IGNORECASE,
)
ALL_ASKED = re.compile(r"\b(?:too|also|as well|two|three|four|those|these|them)\b", re.IGNORECASE)
TOO = re.compile(r"\b(?:too|also|as well)\b", re.IGNORECASE)
"""Who wants the others too wants each of them."""
BOTH_NUMBERS = re.compile(r"\bboth (?:of (?:the|those|these) )?(?:numbers|metrics|figures|kpis)\b", re.IGNORECASE)
_M = r"(?:jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sept?\w*|oct\w*|nov\w*|dec\w*)"
MONTH_BEFORE = re.compile(rf"\bthe (?P<month>{_M}) before(?: that| it)?\b", re.IGNORECASE)
FIRST = re.compile(
    r"^(?:(?:ok|and|now|so|then|please|let us|let's|scratch that|forget that|no|wait|can we|could we)[, ]+)*"
    r"(?:go )?back to (?:the|my|our)"
    r" (?:very )?(?:first|original|initial) (?:question|one|thing|query|numbers?)\b[,.:]?\s*(?:but |this time "
    r"|only |and )*",
    re.IGNORECASE,
)


def from_the_first(text: str, history: Sequence[Reading]) -> tuple[str, Sequence[Reading]]:
    """ "Back to the first question, but for May": what is left of the text, and the thread as far as that question."""
    found = FIRST.match(text)
    first = next((n for n, r in enumerate(history) if r.intent in PLAIN and r.metrics), None)
    if found is None or first is None or not re.search(r"\w{2,}", text[found.end() :]):
        return text, history
    return text[found.end() :], history[: first + 1]


def with_its_words(text: str, history: Sequence[Reading], lexicon: Lexicon) -> str:
    """The text with "both numbers" and "the January before" as what the thread makes of them."""
    plain = [r for r in history if r.intent in PLAIN and r.metrics]
    metrics = tuple(dict.fromkeys(m for r in plain[-2:] for m in r.metrics))
    if len(metrics) == 2 and BOTH_NUMBERS.search(text):
        return BOTH_NUMBERS.sub(" and ".join(metric_title(m, lexicon) for m in metrics), text)
    at = plain[-1].period if plain else None
    if isinstance(at, Days) and (found := MONTH_BEFORE.search(text)):
        month = next(n for n, name in enumerate(MONTHS, 1) if name.startswith(found["month"][:3].lower()))
        year = at.start.year - (month >= at.start.month)
        return MONTH_BEFORE.sub(f"{MONTHS[month - 1]} {year}", text, count=1)
    return text


def of_thread(text: str, history: Sequence[Reading]) -> Reading | None:
    """The last answer's reading with its order turned over or its names left out; None for any other turn."""
    last = history[-1] if history else None
    if last is None or last.intent not in PLAIN or not last.metrics:
        return None
    if OTHERS.fullmatch(text.strip()):
        return _without_its_names(last, history if ALL_ASKED.search(text) else (), listed=bool(TOO.search(text)))
    found = OTHER_END.fullmatch(text.strip())
    return _turned_over(last, found["which"].lower()) if found else None


def _turned_over(last: Reading, which: str) -> Reading | None:
    if last.order_by is None or not last.dimensions:
        return None
    field, direction = last.order_by
    opposite = "asc" if direction == "desc" else "desc"
    said_low = bool(re.fullmatch(LOW, which))
    now_low = direction == "asc"
    if field in LESS_IS_BETTER and which in ("worst", "poorest", "best", "weakest", "strongest"):
        said_low = not said_low
    if said_low == now_low:
        return None
    return replace(last, order_by=(field, opposite), said=frozenset({"order"}), assumptions=(), rows=())


def _without_its_names(last: Reading, history: Sequence[Reading], *, listed: bool) -> Reading | None:
    """Without the name of the last answer, or ("the others too", "those two") without all that were asked."""
    named = [f for f in last.filters if not f.metric and f.op == "in" and f.labels]
    if not named:
        return None
    own = named[-1]
    asked = [f for r in history for f in r.filters if (f.field, f.op, f.metric) == (own.field, "in", False)] or [own]
    values = dict(pair for f in asked for pair in zip(f.values, f.labels or f.values, strict=True))
    others = replace(own, op="not_in", values=tuple(values), labels=tuple(values.values()))
    dims = (own.field,) if listed and not last.dimensions else last.dimensions
    filters = tuple(others if f is own else f for f in last.filters)
    return replace(
        last, filters=filters, dimensions=dims, focus=(), said=frozenset({"filters"}), assumptions=(), rows=()
    )
