"""Who corrects himself in a sentence: "spend on, no wait, leads in May", "in Berlin, sorry, in Hamburg".

What stands before the correction is taken back: all of it where a whole question follows, else the parts of the same
kind as what follows (a number, a time, a split, a name of the same dimension), so that the rest stays asked.
"""

import re
from collections.abc import Sequence

from roastery.agent.planner.calendar import find_spans
from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.tokens import Token, tokenize

_OPENS = r"(?:(?:oh|ah|hm+|no|actually|well|ok|wait|um+|uh|argh|oops|nah|and|but)[,\s]+)*"
_TAKEN_BACK = (
    r"(?:(?:no|nope)[,\s]+(?:wait|sorry|i mean(?:t)?|rather|make (?:that|it))|wait[,\s]+no"
    r"|(?:scratch|strike|forget) (?:that|it|this)|never ?mind(?: that)?|(?:sorry|oops|pardon)[,\s]+(?:i mean(?:t)?|no"
    r"|make that|rather)|i meant(?: to (?:ask|say))?|let me (?:rephrase|start over|ask differently))"
)
_THEN = r"(?:[,:;.\s]+(?:i mean(?:t)?|simpler|rather|make that|actually|better|instead|i want|just))*"
_STOP, _END = r"(?:\.{2,}|…|[,;:.?!–—-]|\s-+)", r"(?:[,:;.!–—-]+|\.{2,}|…)"
MARK = re.compile(
    rf"{_STOP}\s*{_OPENS}{_TAKEN_BACK}{_THEN}\s*(?:{_END}|\s)\s*"
    rf"|{_STOP}\s*{_OPENS}(?:wait|sorry|correction|or rather){_THEN}\s*{_END}\s+"
    rf"|(?:\.{{2,}}|…|[,;–—]|\s-+)\s*{_OPENS}no\s*[,:]\s+|(?:\.{{2,}}|…)\s*{_OPENS}no\s*\.\s+",
    re.IGNORECASE,
)
WHOLE = re.compile(
    r"(?:how|what|which|who|where|when|why|is|are|was|were|did|do|does|has|have|had|will|can|show|give|list|compare|tell)\b",
    re.IGNORECASE,
)
"""How a question begins."""
LEADING = frozenset({"in", "on", "for", "at", "by", "from", "per", "of", "the", "our", "during", "since"})


def corrected(text: str, lexicon: Lexicon) -> str:
    """The text as it is meant after its last correction; the text itself where nothing is taken back.

    >>> bool(MARK.search("leads... no wait, orders in May")), bool(MARK.search("sorry for asking: orders in May"))
    (True, False)
    """
    marks = [
        m for m in MARK.finditer(text) if re.search(r"\w{2,}", text[: m.start()]) and not _is_quoted(text, m.start())
    ]
    if not marks:
        return text
    before, after = text[: marks[-1].start()], text[marks[-1].end() :]
    if not re.search(r"\w{2,}", after):
        return text
    old, new = tokenize(before), tokenize(after)
    there, meant = _parts(old, lexicon), _parts(new, lexicon)
    kinds = {kind for kind, _, _ in meant}
    if not there or ((WHOLE.match(after) or "metric" in kinds) and len(new) > 2):
        time = next((before[old[a].start : old[b - 1].end] for kind, a, b in there if kind == "time"), "")
        return (
            f"{after.rstrip('.!')}, {time}"
            if time and "time" not in kinds and not after.rstrip().endswith("?")
            else after
        )
    gone = {i for kind, a, b in there if kind in kinds for i in _with_small(old, a, b)}
    if not kinds or not gone:
        return text
    kept = {t.start: t.text for i, t in enumerate(old) if i not in gone}
    if len(kept) <= 2 and all(set(range(a, b)) <= gone for _, a, b in there):
        return after  # "Nur München, sorry: only Munich": nothing is left of what was begun.
    return f"{' '.join(kept.values())} {after}"


def _parts(tokens: Sequence[Token], lexicon: Lexicon) -> list[tuple[str, int, int]]:
    """Kind and words [start, end) of everything that is named."""
    spans = [s for s in find_spans(tokens, lexicon.vocabulary.calendar) if s.kind == "period"]
    found = [("time", s.start, s.end) for s in spans]
    for mark in lexicon.marks(tokens, [(s.start, s.end) for s in spans]):
        kind = mark.first.kind.replace("ambiguous", "metric")
        found.append((mark.first.name if kind == "value" else kind, mark.start, mark.end))
    return found


def _with_small(tokens: Sequence[Token], start: int, end: int) -> range:
    """The words with the preposition before them."""
    while start and tokens[start - 1].word in LEADING:
        start -= 1
    return range(start, end)


def _is_quoted(text: str, at: int) -> bool:
    return text[:at].count('"') % 2 == 1
