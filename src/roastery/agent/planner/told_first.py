"""Who tells a story before the question: "the people at Mill Lane swear it is dead… anyway. Bookings there since June".

The story is cut off; what the question points back at in it ("there", "their", "for that") is put in the words that it
stands for. Where more than one name could be meant, or nothing points back at a name, the message stays as it is, so
that no name is dropped.
"""

import re

from roastery.agent.planner.calendar import find_spans
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.question import GENERAL, parse
from roastery.agent.planner.tokens import tokenize

SENTENCE = re.compile(r"(?<=[.!?:…])\s+(?=\S)")
TELLS = re.compile(
    r"\b(?:i've|i'm|i am|i was|i have|we've|we're|we have|my|our|he|she|they|guys|keeps?|kept|swears?|telling"
    r"|tells?|asks?|asking"
    r"|complain\w*|writing|putting|preparing|working)\b",
    re.IGNORECASE,
)
ASKS = re.compile(
    r"\b(?:how (?:many|much)|show me|give me|can you|could you|please|only|just|without|excluding|except|not"
    r"|per|split)\b|\?",
    re.IGNORECASE,
)
NEEDED = re.compile(r"(?:i|we) (?:only |just )?(?:need|want|care about)(?: only| just)? ", re.IGNORECASE)
SIGNED = re.compile(
    r"(?<=[.!?])\s+(?i:(?:(?:many|kind|best|warm|with kind|with best) )*(?:thanks|thank you|regards|wishes"
    r"|greetings|cheers"
    r"|best|sincerely|yours(?: \w+)?)(?: in advance| again| a lot| so much)?)[,.!]?(?:\s+[A-Z][\w.]*){1,3}\s*$"
)
"""How a letter ends: "Many thanks, W."."""
SALUTES = re.compile(r"^\s*dear (?:[\w.]+ ?){1,4}[,:!]\s+", re.IGNORECASE)
"""How one begins; "dear" alone is expensive."""
LONG = 10
"""Words that make a story of what stands before a question."""
POINTS = (
    (re.compile(r"\bthere\b(?! (?:is|are|was|were|any|a)\b)", re.IGNORECASE), "at {}"),
    (re.compile(r"\b(?:their|its|his|her)\b", re.IGNORECASE), "{}'s"),
    (re.compile(r"\b(?:for|from|of|at|with) (?:them|it|him|her)\b", re.IGNORECASE), "for {}"),
)


def asked_last(text: str, lexicon: Lexicon) -> str:
    """The question without the story that comes before it and the name below it; the text itself where there is none.

    >>> SIGNED.sub("", "Refunds in May. Kind regards, Tom"), bool(SIGNED.search("Thanks, refunds in May"))
    ('Refunds in May.', False)
    """
    text = SALUTES.sub("", SIGNED.sub("", text))
    parts = SENTENCE.split(text.strip())
    story, asked = parts[:-1], parts[-1]
    told = " ".join(story)
    if len(told.split()) < LONG or not TELLS.search(told) or not _has_number(asked, lexicon):
        return text
    kept = [s for s in story if NEEDED.match(s) and len(s.split()) <= 6 and _has_time(s, lexicon)]
    if ASKS.search(" ".join(s for s in story if s not in kept)) or any(_has_number(s, lexicon) for s in story):
        return text
    if not kept and _has_time(told, lexicon) and not _has_time(asked, lexicon):
        return text  # "The week of 21 May … what did a click cost that week?"
    names = own_names(told, lexicon)
    pointed = next(((said, put) for said, put in POINTS if said.search(asked)), None)
    if names or pointed:
        if len(names) != 1 or pointed is None or own_names(asked, lexicon):
            return text
        asked = pointed[0].sub(pointed[1].format(next(iter(names))), asked, count=1)
    time = NEEDED.sub("", kept[-1]).rstrip(" .!") if kept and not _has_time(asked, lexicon) else ""
    return f"{re.sub(r' for (?:that|it|this)(?=[ ?.!]*$)', '', asked).rstrip(' ?.!')}, {time}" if time else asked


def _has_number(text: str, lexicon: Lexicon) -> bool:
    found = parse(text, lexicon)
    return bool(found.of_kind("M") or found.of_kind("A"))


def _has_time(text: str, lexicon: Lexicon) -> bool:
    return any(s.kind == "period" for s in find_spans(tokenize(text), lexicon.vocabulary.calendar))


def own_names(text: str, lexicon: Lexicon) -> dict[str, str]:
    """Own names as typed: whole ones, and words of one where they are written as a name."""
    tokens = tokenize(text)
    found: dict[str, str] = {}
    for mark in lexicon.marks(tokens):
        said = tokens[mark.start : mark.end]
        whole = not mark.partial or len(said) > 1 or said[0].capital
        if mark.first.kind == "value" and mark.first.name not in GENERAL and whole:
            found[text[said[0].start : said[-1].end]] = mark.first.name
    return found
