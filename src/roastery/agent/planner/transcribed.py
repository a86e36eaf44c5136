"""What fingers and dictation make of words: spoken signs, sounds of thinking, letters swapped or left out."""

import itertools
import re
from functools import lru_cache

from roastery.agent.planner.lexicon import Lexicon
from roastery.agent.planner.lists import words

SPOKEN = {"comma": ",", "question mark": "?", "full stop": ".", "exclamation mark": "!", "semicolon": ";"}
SIGNS = re.compile(rf"\s+(?P<said>{'|'.join(SPOKEN)})(?=\s|$)", re.IGNORECASE)
SOUNDS = re.compile(r"(?:(?<=\s)|^),?(?:u+m+|u+h+|e+rm+|e+hm*|h+m+|m+h+m+)\b[,.]*\s*", re.IGNORECASE)
SHORTHAND = tuple(
    (re.compile(said, re.IGNORECASE), meant)
    for said, meant in (
        (r"(?<=\bwhat is )r\b|(?<=\bwhats )r\b|(?<=\bin )r\b|(?<=\bof )r\b", "our"),
        (r"(?<=\bhow )r\b|(?<=\bwhat )r\b|(?<=\bwhere )r\b|(?<=\bwhy )r\b", "are"),
        (r"(?<=\w )4 (?=(?:the|a|an|my|our|me|us|all|each|every)\b)", "for "),
        (r"(?<=\w )2 (?=(?:see|know|get|have|show|find|be)\b)", "to "),
    )
)
WORD = re.compile(r"(?<![\w'’@/.-])[A-Za-z]{2,12}(?![\w'’@/-])")
VOWELS = frozenset("aeiou")


def transcribed(text: str, lexicon: Lexicon) -> str:
    """The text as it was meant to be written.

    >>> SIGNS.sub(lambda m: SPOKEN[m["said"].lower()], "leads in may comma by week question mark")
    'leads in may, by week?'
    """
    if not re.search(r"[,;?!]|\.(?:\s|$)", text):
        text = SIGNS.sub(lambda m: SPOKEN[m["said"].lower()], text)
    text = SOUNDS.sub("", text) or text
    for said, meant in SHORTHAND:
        text = said.sub(meant, text)
    return WORD.sub(lambda m: _mended(m, lexicon), text)


def _mended(found: re.Match[str], lexicon: Lexicon) -> str:
    """A word that nobody knows as the everyday word that it has the letters of.

    A capital inside a sentence is a name, and a name is asked about.
    """
    word = found[0].lower()
    if (found[0][0].isupper() and found.start()) or found[0][1:] != word[1:] or lexicon.slips.knows(word):
        return found[0]
    near = _swapped().get("".join(sorted(word)), "")
    if near[:1] and near[0] not in word[:2]:
        near = ""
    return near or _without_vowels().get(_bones(word), "") or _apart(word, lexicon) or found[0]


def _apart(word: str, lexicon: Lexicon) -> str:
    """ "Popup" where a name says "Pop-up": two neighbouring words of a name, written as one."""
    if len(word) < 5:
        return ""
    for value in lexicon.vocabulary.values:
        parts = re.findall(r"[^\W_]+", value.label.lower())
        for a, b in itertools.pairwise(parts):
            if a + b == word:
                return f"{a} {b}"
    return ""


def _bones(word: str) -> str:
    """Consonants, doubled ones once; "" where too few vowels are missing to tell that they were left out."""
    if len(VOWELS.intersection(word[1:])) > 0:
        return ""
    return re.sub(r"(.)\1", r"\1", word)


@lru_cache
def _swapped() -> dict[str, str]:
    """Everyday words by their letters, the commonest where several have the same."""
    return {"".join(sorted(w)): w for w in reversed(_everyday()) if len(w) > 2}


@lru_cache
def _without_vowels() -> dict[str, str]:
    found: dict[str, str] = {}
    for word in _everyday():
        bones = word[0] + "".join(c for c in word[1:] if c not in VOWELS)
        bones = re.sub(r"(.)\1", r"\1", bones)
        if len(bones) > 2 and bones != word:
            found.setdefault(bones, word)
    return {**found, "nd": "and", "wk": "week", "wks": "weeks", "yr": "year", "dy": "day", "frm": "from", "fr": "for"}


def _everyday() -> tuple[str, ...]:
    """The commonest first."""
    return tuple(str(words("sets")["everyday"]).split())
