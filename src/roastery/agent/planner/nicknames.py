"""What people agree to call a thing: "by Brew I mean the Cold Brew Summer campaign"; later "back to Brew" is that.

The agreement holds for the thread: the name is put where the nickname stands.
"""

import re
from collections.abc import Sequence

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.told_first import own_names

_KIND = r"(?:campaigns?|ads?|products?|locations?|stores?|plans?|platforms?|promotions?|mailings?|flows?)"
_NICK = r"[\"“'‘]?(?P<nick>(?:the |my |our )?[\w&-]+(?: [\w&-]+){0,3}?)[\"”'’]?"
_MEANT = rf"(?:the |our )?(?:{_KIND} )?[\"“]?(?P<meant>[^.:;,!?\n\"”]{{2,60}}?)[\"”]?(?: {_KIND})?"
AGREED = tuple(
    re.compile(rf"(?:^|(?<=[\s:,.;!?])){said}\s*(?:[.:;,!?\n]|$)\s*", re.IGNORECASE)
    for said in (
        rf"(?:when(?:ever)?|if) (?:i|we) (?:say|write|talk about|speak of),? {_NICK},? (?:i|we|it) "
        rf"(?:always )?means? {_MEANT}",
        rf"(?:by|with) {_NICK},? (?:i|we) (?:always )?mean {_MEANT}",
        rf"{_NICK} (?:stands for|is short for|is what we call) {_MEANT}",
        r"(?:let us|let's|i(?:'ll| will)|we) (?:just )?call (?:the |our )?(?P<meant>[^.:;,!?\n]{2,60}?)"
        rf"(?: {_KIND})?,? [\"“](?P<nick>[^\"”]{{2,30}})[\"”](?: from now on| from here on)?",
    )
)


def called(said: Sequence[str], lexicon: Lexicon) -> str:
    """The last of the messages with every nickname agreed on so far as the name that it stands for."""
    agreed: dict[str, str] = {}
    text = ""
    for message in said:
        text = message
        for pattern in AGREED:
            if (found := pattern.search(text)) and own_names(found["meant"], lexicon):
                agreed[re.sub(r"^(?:the|my|our) ", "", found["nick"], flags=re.IGNORECASE)] = found["meant"].strip()
                rest = text[found.end() :]
                text = rest if re.search(r"\w{2,}", rest) else text
    longer = [n.lower() for n in own_names(text, lexicon)] if agreed else []
    for nick, meant in agreed.items():
        if any(nick.lower() in n and len(n.split()) > len(nick.split()) for n in longer):
            continue
        if not re.search(rf"\b{re.escape(meant)}\b", text, re.IGNORECASE):
            text = re.sub(rf"\b(?:(?:the|my|our) )?{re.escape(nick)}\b", meant, text, flags=re.IGNORECASE)
    return text
