"""Clauses of a message that ask nothing: who wants to know, for which occasion, how long the answer may be.

Such a clause is cut off before the question is read, so that none of its words is taken for a restriction. What could
restrict is never cut off: a clause stays as soon as it holds a metric, a name, a split, a number that is no count of
questions, or a time that has begun (what is wanted "by tomorrow" is the answer; what is asked "for October" is the
number).
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from roastery.agent.planner.calendar import find_spans
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.meanings import Mark
from roastery.agent.planner.patterns import pattern
from roastery.agent.planner.rewording import reworded
from roastery.agent.planner.tokens import Token, tokenize
from roastery.agent.planner.told_first import asked_last

CUT = re.compile(r"\s+(?=because\b)|(?<=[.!?])\s+|(?<=[,;:)])\s+|\s+(?=\()|\s+[-–—]+\s+|\.{2,}\s*")
"""Where one clause ends and the next begins."""
LONGEST_HEAD = 14


def asked_part(text: str, lexicon: Lexicon) -> str:
    """The message without the clauses that only accompany what it asks; the message itself where none is left.

    >>> from roastery.agent.planner.context import clauses
    >>> [clause for clause, _ in clauses("Hi, spend last week (finance needs it)")]
    ['Hi,', 'spend last week', '(finance needs it)']
    """
    kept: list[str] = []
    text = reworded(asked_last(text, lexicon))
    parts = clauses(text)
    if len(parts) < 2:
        return text
    for clause, gap in parts:
        head = "".join((*kept, clause)) if clause.rstrip().endswith(":") else ""
        if head and _is_head(head, lexicon):
            kept.clear()
        elif not _accompanies(clause, lexicon) and not (kept and _gives_a_reason(clause, kept[-1])):
            kept.append(clause + gap)
    if len(kept) in (0, len(parts)):
        return text
    left = re.sub(r"[,;:\s]+$", "", "".join(kept)).strip()
    return left if re.search(r"\w{2,}", left) else text


def clauses(text: str) -> list[tuple[str, str]]:
    """Clauses with the white space or dash after each."""
    found, at = [], 0
    for gap in CUT.finditer(text):
        if text[at : gap.start()].strip():
            found.append((text[at : gap.start()], gap[0]))
        at = gap.end()
    if text[at:].strip():
        found.append((text[at:], ""))
    return found


def _accompanies(clause: str, lexicon: Lexicon) -> bool:
    tokens = _words(clause)
    line = " ".join(t.word for t in tokens)
    if not tokens or any(t.quoted for t in tokens):
        return False
    if re.fullmatch(rf"{pattern('says_nothing')}|{pattern('says_how_to_answer')}", line):
        return True
    if _whole("needs_it_for").fullmatch(line):
        # "Need it for the winter promo review": what "it" is, the question has said.
        return True
    if found := _whole("says_who_asks").fullmatch(line):
        return not _restricts(tokens[len(tokens) - len(found["rest"].split()) :], lexicon)
    return False


INSTRUCTED = re.compile(
    r"\b(?:only|just|without|exclud\w+|except|drop|skip|ignore|leave|leaving|minus|not|no|instead|rather|remove|forget"
    r"|less|stick to|focus on|limit)\b",
    re.IGNORECASE,
)
REASON = re.compile(
    r"(?:(?:because|since|as|cause|cos|for) )?"
    r"(?:it|they|he|she|that|this|those|these|we|i|(?:the |our |that |this |those )?[\w'-]+(?: [\w'-]+)?)"
    r"(?:'s|'re| is| are| was| were| has been| have been| isn't| aren't| has| have| had| do| does| did| will| would"
    r"| distorts?| blurs?| skews?| confuses?| spoils?| muddies| dominates?| inflates?| drowns?| hides?| makes?| only"
    r"| never| always| belongs?| goes| went| comes?| came| runs?| ran| gets?| got| looks?| seems?| behaves?) .*",
    re.IGNORECASE,
)
STILL_ASKS = re.compile(
    r"\b(?:only|just|exclud\w+|includ\w+|count\w*|without|left out|remov\w+|want|need|mean|meant|care|interested"
    r"|compare|how|what|which|why|who|when|where|show|by|per|split|from|since|until|last|week|month|quarter|year|day|days|\d+)\b"
    r"|\?",
    re.IGNORECASE,
)


def _gives_a_reason(clause: str, before: str) -> bool:
    """ "Leave out gear, it is a different buyer": why something is narrowed changes no number."""
    said = clause.strip(" .!,;")
    return bool(INSTRUCTED.search(before) and REASON.fullmatch(said)) and not STILL_ASKS.search(said)


def _is_head(clause: str, lexicon: Lexicon) -> bool:
    """Whether what stands before a colon only opens the question: "two things before the 4 o'clock:"."""
    tokens = _words(clause)
    line = " ".join(t.word for t in tokens)
    if not tokens or len(tokens) > LONGEST_HEAD or any(t.quoted for t in tokens):
        return False
    named = [t for t in tokens if not t.word.isdigit()]
    return bool(_whole("heads_a_question").fullmatch(line)) and not _restricts(named, lexicon)


def _words(clause: str) -> list[Token]:
    return [t for t in tokenize(clause) if t.word not in ",.;:!?()-"]


@lru_cache
def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"{pattern(name)}(?P<rest>(?: .*)?)")


def _restricts(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether words could change a number: they name something, count something or say a time that has begun."""
    if not tokens:
        return False
    calendar = lexicon.vocabulary.calendar
    spans = find_spans(tokens, calendar)
    taken = [(s.start, s.end) for s in spans]
    if any(s.kind != "period" or s.days is None or s.days.start < calendar.today for s in spans):
        return True
    if any(t.word[:1].isdigit() or t.word[:1] in "$€£" for i, t in enumerate(tokens) if not _is_clock(tokens, i)):
        return True
    return any(_is_telling(m, tokens) for m in lexicon.marks(tokens, taken))


def _is_telling(mark: Mark, tokens: Sequence[Token]) -> bool:
    """A name that is there; a word out of the middle of one ("audit" of "Annual audit") only where written as one,
    and no kind of meeting ("the partner meeting")."""
    after = tokens[mark.end].word if mark.end < len(tokens) else ""
    if mark.first.kind.startswith("missing") or _whole("an_occasion").fullmatch(after):
        return False
    return not mark.partial or any(t.capital for t in tokens[mark.start : mark.end])


def _is_clock(tokens: Sequence[Token], at: int) -> bool:
    """ "In five minutes", "at 4", "by 3 pm"."""
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    before = tokens[at - 1].word if at else ""
    return bool(re.fullmatch(r"minutes?|min|mins|hours?|hrs?|am|pm|oclock|o", after)) or before in (
        "at",
        "by",
        "before",
    )
