"""A message as the questions in it: plainly written, nicknames resolved, without letter and story, one to a line."""

import itertools
import re
from collections.abc import Sequence

from roastery.agent.planner.letters import question_of
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.nicknames import called
from roastery.agent.planner.plainly import plainly
from roastery.agent.planner.transcribed import transcribed

NUMBERED = re.compile(r"(?:^|(?<=[\s.:;,]))(?:\(?(?P<n>[1-9]|[a-e])[.)]|\((?P<m>[1-9]|[a-e])\))\s+(?=[A-Za-z])")
"""How one of several questions begins: "1) …", "b. …"."""
HEAD = re.compile(
    r"^(?:(?:hi|hey|hello|ok|so|just|i have|i've got|got)[, ]+)*(?:\d|two|three|four|five|a (?:couple|few)"
    r"(?: of)?|some|several)"
    r"(?: quick| short| little)? (?:things?|questions?|points?|asks?|requests?)(?: (?:please|for you|today"
    r"|pls))*\s*[.:!,-]\s*",
    re.IGNORECASE,
)
LISTED = "1a"


def as_asked(said: Sequence[str], lexicon: Lexicon) -> str:
    """The last message of a thread. said: what was asked so far, oldest first."""
    text = called(said, lexicon)
    text = transcribed(text, lexicon)
    return one_to_a_line(plainly(question_of(text, lexicon)))


def one_to_a_line(text: str) -> str:
    """ "1) Refunds in May 2) leads in June" as two lines.

    >>> one_to_a_line("2 things. 1) refunds in May 2) leads in June")
    'refunds in May?\\nleads in June?'
    """
    text = HEAD.sub("", text) if len(HEAD.sub("", text).split()) > 2 else text
    marks = list(NUMBERED.finditer(text))
    numbers = [m["n"] or m["m"] for m in marks]
    first = numbers[:1] and numbers[0] in LISTED
    in_order = all(ord(b) == ord(a) + 1 for a, b in itertools.pairwise(numbers))
    if len(marks) < 2 or not first or not in_order or text[: marks[0].start()].strip(" .:,-"):
        return text
    ends = [*(m.start() for m in marks[1:]), len(text)]
    parts = [text[m.end() : end].strip(" ,;.") for m, end in zip(marks, ends, strict=True)]
    return "\n".join(p if p.endswith("?") else f"{p}?" for p in parts)
