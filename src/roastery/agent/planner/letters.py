"""What a message asks without what letters, talk and stories put around it.

A letter has an address, an occasion, somebody who wanted to know, and a name below it. The question is what a
sentence asks; what a sentence only tells is left out, unless it names what the question then does not name. Where the
question points back at a told name ("the campaign", "there"), the name is put in its place.
"""

import re
from collections.abc import Sequence

from roastery.agent.planner.calendar import find_spans
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.question import GENERAL, parse
from roastery.agent.planner.tokens import tokenize
from roastery.agent.planner.told_first import own_names

SALUTE = re.compile(
    r"^\s*(?:hello|hi|hey|hiya|dear|good (?:morning|afternoon|evening|day)|morning|greetings|moin"
    r"|servus)\b[^\n?]{0,40}?"
    r"(?:\n+|(?:[,!.:]|\s[–-])\s+(?=\S))",
    re.IGNORECASE,
)
SIGNED = re.compile(
    r"(?:(?<=[.!?\n])|\n)\s*(?:(?i:many |kind(?:est)? |best |warm(?:est)? |with (?:kind|best) )*"
    r"(?i:thanks|thank you|regards|wishes|greetings|cheers|best|sincerely|yours)"
    r"(?: (?:in advance|again|a lot|so much|truly|sincerely))?)[,.!]?\s*(?:[A-Z][\w.'-]*\s*){0,3}$",
)
SENTENCE = re.compile(r"(?<=[!?])\s+(?=\S)|(?<=[^.]\.)\s+(?=\S)|\n+")
_SOMEBODY = (
    r"(?:he|she|they|someone|somebody|everybody|everyone|i was|we were|i am being|i got"
    r"|(?:my|our|the|a|an|his|her|their|one of (?:my|our|the)) (?:[\w'’&-]+ ){0,3}?[\w'’&-]+|(?-i:[A-Z][a-z]+))"
)
_WHEN = (
    r"(?:(?:on|this|last|late|early|yesterday|today|again|just|again|at|in|over|during) ?(?:the |our )?[\w']* ?){0,2}"
)
_WANTED = (
    r"(?:(?:has |have |had |was |were |been |is |are |am |just |also |keeps? |kept |would |'d |’d )*"
    r"(?:ask(?:ed|s|ing)?|want(?:ed|s)? to know|like(?:s|d)? to know|love to know|wonder(?:ed|s|ing)?|inquir\w+"
    r"|(?:told|said|heard|understand) (?:that )?you (?:can|could|may|might|would) (?:say|tell|show|give)))"
)
REPORTED = re.compile(
    rf"^(?:(?:well|so|and|but|ok|okay|also|hm+)[, ]+)*(?:(?:in|at|during|after|before) [\w' ]{{1,30}}, ?)?"
    rf"{_SOMEBODY} {_WANTED}(?: me| us| you| for)? ?{_WHEN}"
    r"(?:(?:whether|if) you (?:can|could|may|might) (?:please )?(?:say|tell(?: me| us)?|show(?: me| us)?|find out) )?"
    r"(?=(?:why|what|how|which|who|when|where)\b(?! (?:about|else)\b))",
    re.IGNORECASE,
)
"""Who passes a question on: "our controller asked yesterday how much …"."""
ASKS = re.compile(
    r"\?\s*$|^(?:(?:so|and|but|also|then|now|ok|okay|please|pls|well|just|only)[, ]+)*(?:what|which|how|why|who"
    r"|where|when|is|are"
    r"|was|were|do|does|did|has|have|had|will|can|could|would|should|show|give|list|compare|tell me|pull|break"
    r"|split|rank|send"
    r"|alert|warn|remind|schedule|set|forecast|explain|find|get|of the|for the)\b"
    r"|\b(?:please|pls|(?:can|could|would|will) (?:you|i|we)|i(?:'d| would) (?:like|love|need)|i (?:need|want)"
    r"|we (?:need|want)"
    r"|let me (?:know|see))\b",
    re.IGNORECASE,
)
TELLS = re.compile(
    r"^(?:(?:well|so|and|but|ok|okay|also|anyway|because|since|now|however)[, ]+)*"
    r"(?:(?:(?:in|at|during|after|before|for|on|with) (?:the|our|my|this|last|a|an) [\w' ]{2,40}?,? )?"
    r"(?:(?:i|we|you|he|she|they|it|someone|somebody|everyone|everybody|nobody)(?:'\w+|’\w+)? [\w'’]+ [\w'’]+"
    r"|(?:some |many |few |the |my |our |a |an |this |that |one of )?[\w'’]+(?: [\w'’]+){0,8}? (?:is|are|was"
    r"|were|has|have|had"
    r"|keeps?|swears?|says?|said|thinks?|thought|wants?|wanted|needs?|insists?|insisted|told|tells|claims?|asked"
    r"|asks|came|went"
    r"|believes?|feels?|hopes?|worries|worried|meets?|will|would|gets?|starts?) )"
    r"|(?:hope|hoping|happy|greetings|quick one|sorry|back from|just (?:back|got)"
    r"|(?:putting|prepping|preparing|drafting|writing|working|planning|popping|getting|building|finishing|doing"
    r"|coming|running"
    r"|sitting|heading|checking in|following) )|client call|board (?:meeting|call|prep)|call (?:with|in)"
    r"|meeting (?:with|in))",
    re.IGNORECASE,
)
"""How a sentence begins that tells something."""
NARROWS = re.compile(
    r"\b(?:only|just (?!back|got|a\b|came|had|been)|without|excluding|except|leave out|ignore|don't count"
    r"|do not count|not counting"
    r"|per|split|instead|by (?:which|that)|mean|means|meant|exclude|suppose|assum\w+|imagine|say|if|unless"
    r"|credit\w*|touch|glory|target|goal)\b",
    re.IGNORECASE,
)
EMPTY = re.compile(
    r"^(?:[^,?]{0,40}, ?)?(?:can|could|would|will) (?:you|someone|anybody) (?:please |kindly |quickly )?"
    r"(?:send|tell|give|show|get|help|look|check|explain|do|find)(?: (?:me|us|out|into|with))*"
    r"(?: (?:that|it|this|these|those|them|what(?: is|'s|’s)? behind (?:it|that|this)|more|please|over|up"
    r"|for me))*\s*[?.!]*$",
    re.IGNORECASE,
)
"""A request for nothing but what was asked before it."""
REQUEST = re.compile(
    r"[,;:–-]?\s*(?:\band )?\b(?:(?:can|could|would|will) you (?:please |kindly |quickly |just )?"
    r"|(?:can|could|may) (?:i|we) (?=(?:lose|drop|add|remove|leave|split|compare)\b)|(?:can|could|may) (?:i|we) "
    r"(?:please |quickly )?(?:get|have|see)\b ?|(?:would|i'd|i’d|we'd|we’d) (?:love|like|appreciate)\b ?)",
    re.IGNORECASE,
)
EVENT = re.compile(
    r"\b(?:call|meeting|deck|qbr|review|slides?|board|presentation|pitch|prep\w*|stand-?up|workshop|agency"
    r"|report|memo|newsletter)\b",
    re.IGNORECASE,
)
"""What people prepare for; who it is with ("client call") is no number."""
HEAD = re.compile(r"^([^:?]{5,140}?):\s+(?=\S)")
OCCASION = 18
"""Words before a request at most that only say on which occasion it is asked."""
SORTS = re.compile(r"\b(?:which|what) (?:sort|kind|type|one|of (?:them|those|these|the))\b", re.IGNORECASE)
"""Asks which of what was told."""
THERE = re.compile(r"\bthere\b(?! (?:is|are|was|were|any|a)\b)", re.IGNORECASE)
POINTED = (
    (re.compile(r"\b(?:that|the|this|said) (campaigns?|ads?|mailing|promotion|promo|asset|creative|product"
     r"|plan)\b(?! \w+ed\b)",
                re.IGNORECASE), "the {} {}"),
    (THERE, "at {}"),
    (re.compile(r"\b(?:its|their|his|her)\b", re.IGNORECASE), "{}'s"),
    (re.compile(r"\b(?:for|from|of|at|with|on|in) (?:them|it|him|her|that|those)\b(?! \w)", re.IGNORECASE), "for {}"),
    (re.compile(r"\b(?:it|they)\b(?= (?:cost|bring|brought|get|got|have|had|make|made|do|did|earn|spend|spent"
     r"|perform))",
                re.IGNORECASE), "{}"),
)  # fmt: skip
"""How a question points back at a name that was told before it."""


def question_of(text: str, lexicon: Lexicon) -> str:
    """The message without letter and story; the text itself where it has neither.

    >>> SIGNED.sub("", "Refunds in May?\\nKind regards, Tom"), bool(SIGNED.search("Thanks, refunds in May"))
    ('Refunds in May?', False)
    """
    body = _without_frame(text)
    parts = [p.strip() for p in SENTENCE.split(body) if re.search(r"\w", p)]
    reported = [_passed_on(p, lexicon) for p in parts]
    asked = [n for n, p in enumerate(reported) if p != parts[n] or (ASKS.search(p) and not EMPTY.match(p))]
    if len(parts) < 2:
        return _after_occasion(reported[0], lexicon) if parts else text
    if not any(_counts(reported[n], lexicon) for n in asked):
        return _after_occasion(body, lexicon)
    first = next(n for n in asked if _counts(reported[n], lexicon))
    told = [n for n in range(first) if n not in asked and _is_told(parts[n])]
    empty = [n for n in range(len(parts)) if n not in asked and EMPTY.match(parts[n])]
    if not told and not empty and reported == parts:
        return _after_occasion(body, lexicon)
    kept = [reported[n] for n in range(len(parts)) if n not in told and n not in empty]
    kept[0] = _after_occasion(kept[0], lexicon)
    question = " ".join(kept)
    if told and SORTS.search(question):
        return body
    if told and not _has_time(question, lexicon) and any(_has_time(parts[n], lexicon) for n in told):
        return _after_occasion(body, lexicon)
    names = _names_in([parts[n] for n in told], lexicon)
    if not names or own_names(question, lexicon):
        return _put_in(question, names) if names else question
    pointed = _put_in(question, names)
    return pointed if pointed != question else body


def _without_frame(text: str) -> str:
    """The letter without its address and its end."""
    bare = SIGNED.sub("", text).rstrip()
    if found := SALUTE.match(bare):
        rest = bare[found.end() :].strip()
        if len(rest.split()) > 1:
            bare = rest
    if bare != text and "\n" in bare:
        return re.sub(r"(?<![.!?:;,])\n+", ". ", bare)
    return bare


def _passed_on(sentence: str, lexicon: Lexicon) -> str:
    """ "Our board asked on Friday why …": the question that somebody else had, as it was asked."""
    found = REPORTED.match(sentence)
    if found is None or _counts(found[0], lexicon):
        return sentence
    rest = sentence[found.end() :]
    return rest if rest.rstrip().endswith("?") else f"{rest.rstrip(' .!')}?"


def _is_told(sentence: str) -> bool:
    return bool(TELLS.match(sentence)) and not NARROWS.search(sentence) and not ASKS.search(sentence)


def _after_occasion(text: str, lexicon: Lexicon) -> str:
    """ "Client call in ten, can I get spend of May": what stands before a request and names nothing."""
    if (head := HEAD.match(text)) and (EVENT.search(head[1]) or TELLS.match(head[1])) and not NARROWS.search(head[1]):
        asked = text[head.end() :]
        names = _names_in([head[1]], lexicon)
        told = _has_time(head[1], lexicon) or (_counts(head[1], lexicon) and not EVENT.search(head[1]))
        if not told and _counts(asked, lexicon) and (not names or own_names(asked, lexicon)):
            return asked
    found = REQUEST.search(text)
    if found is None or not found.start():
        return text
    head, rest = text[: found.start()], text[found.end() :]
    if len(head.split()) > OCCASION or len(rest.split()) < 2 or not re.search(r"\w{2,}", head):
        return text
    plain = (
        NARROWS.search(head)
        or (_counts(head, lexicon) and not EVENT.search(head))
        or _names_more(head, lexicon)
        or _has_time(head, lexicon)
    )
    return text if plain or not _counts(rest, lexicon) else text[found.start() :].lstrip(" ,;:–-")


HOUSE = frozenset({"franchise", "brand"})


def _names_more(head: str, lexicon: Lexicon) -> bool:
    """Whether an occasion names more than the house that it is for: "the Northgate review"."""
    return not set(own_names(head, lexicon).values()) <= (HOUSE if EVENT.search(head) else frozenset())


def _counts(text: str, lexicon: Lexicon) -> bool:
    found = parse(text, lexicon)
    return bool(found.of_kind("M") or found.of_kind("A"))


def _has_time(text: str, lexicon: Lexicon) -> bool:
    return any(s.kind == "period" for s in find_spans(tokenize(text), lexicon.vocabulary.calendar))


def _names_in(told: Sequence[str], lexicon: Lexicon) -> dict[str, str]:
    found: dict[str, str] = {}
    for sentence in told:
        own = own_names(sentence, lexicon).items()
        found.update((n, kind) for n, kind in own if kind not in GENERAL and (n != n.lower() or " " in n))
    return found


def _put_in(question: str, names: dict[str, str]) -> str:
    """The question with the one name that was told where it points back at it; of several, the one of the kind said."""
    for said, put in POINTED:
        found = said.search(question)
        if found is None:
            continue
        kind = found[1].lower().rstrip("s") if said.groups else ""
        fits = [n for n, k in names.items() if k == kind] if kind and len(names) > 1 else list(names)
        if len(fits) == 1:
            meant = put.format(fits[0], found[1]) if kind else put.format(fits[0])
            return question[: found.start()] + meant + question[found.end() :]
    return question
