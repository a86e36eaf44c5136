"""A question as words: one normal form for questions, catalogue names and the organization's own names."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_NUMBER_WORDS = {
    **{
        w: str(n)
        for n, w in enumerate(
            ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 2
        )
    },
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "fourteen": "14",
    "hundred": "100",
    "twentyfive": "25",
}
_TOKEN = re.compile(
    r"""(?P<date>\d{4}-\d{1,2}(?:-\d{1,2})?(?!\d)|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}
        |(?<![\d/])\d{1,2}/\d{1,2}(?![\d/]))
    |(?P<money>[$€£]\s?\d[\d,]*(?:\.\d+)?\s?(?:k|m|bn)?(?![^\W_]))
    |(?P<number>\d[\d,]*(?:\.\d+)?(?:k|m|bn|%|x|×)?(?![^\W_]))
    |(?P<path>(?<![\w/.])/[a-z][\w/-]*)
    |(?P<mail>(?<![\w-])e-mail(?:s|ed|ing)?\b)
    |(?P<short>(?<!\w)(?:w/o\b|w/(?!c\b)|b/w\b)|%)
    |(?P<word>[^\W_]+(?:'[^\W_]+)?)
    |(?P<op>>=|<=|=>|=<|[<>≥≤])
    |(?P<dash>[-–—])
    |(?P<stop>[?!.;,:&+()])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CONTRACTIONS = {
    "what's": "what is",
    "whats": "what is",
    "how's": "how is",
    "hows": "how is",
    "where's": "where is",
    "who's": "who is",
    "that's": "that is",
    "who'd": "who had",
    "who've": "who have",
    "they've": "they have",
    "hadn't": "had not",
    "weren't": "were not",
    "won't": "will not",
    "who're": "who are",
    "they're": "they are",
    "it's": "it is",
    "let's": "let us",
    "didn't": "did not",
    "doesn't": "does not",
    "don't": "do not",
    "isn't": "is not",
    "aren't": "are not",
    "wasn't": "was not",
    "i'd": "i would",
    "i'm": "i am",
    "we're": "we are",
    "we've": "we have",
    "i've": "i have",
    "can't": "can not",
    "wasnt": "was not",
    "couldn't": "could not",
    "haven't": "have not",
    "hasn't": "has not",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "have to",
    "pmax": "performance max",
    "lw": "last week",
    "lm": "last month",
    "lq": "last quarter",
    "ly": "last year",
    "eom": "the end of the month",
    "eoq": "the end of the quarter",
    "eoy": "the end of the year",
    "lmk": "let me know",
    "atm": "right now",
    "rn": "right now",
}
_INVARIANT = frozenset(
    [
        "sales",
        "ads",
        "this",
        "is",
        "was",
        "has",
        "vs",
        "does",
        "us",
        "as",
        "news",
        "gross",
        "less",
        "previous",
        "across",
        "likes",
        "orders",
        "sends",
        "opens",
        "analytics",
        "series",
        "business",
        "process",
        "status",
        "always",
        "tiktok",
        "address",
        "roas",
        "cos",
        "plus",
        "bonus",
        "campus",
        "focus",
        "versus",
        "loss",
        "access",
    ]
)


@dataclass(frozen=True)
class Token:
    """One word of the question; `word` is its normal form, `start` and `end` are offsets into the question as typed."""

    text: str
    word: str
    start: int
    end: int
    quoted: bool = False

    @property
    def capital(self) -> bool:
        return self.text[:1].isupper()


@lru_cache(maxsize=4096)
def tokenize(question: str) -> tuple[Token, ...]:
    """Words, numbers and the few signs that carry meaning.

    >>> [t.word for t in tokenize("What's Meta's ROAS, last eight weeks?")]
    ['what', 'is', 'meta', 'roas', ',', 'last', '8', 'weeks', '?']
    """
    text = unicodedata.normalize("NFKC", question).translate(_QUOTES)
    quoted = [m.span(m.lastindex or 0) for m in _QUOTED.finditer(text)]
    tokens: list[Token] = []
    for found in _TOKEN.finditer(text):
        inside = any(a <= found.start() and found.end() <= b for a, b in quoted)
        if found.lastgroup == "dash" and not _is_range_dash(text, found.start()):
            continue
        for word in _words(found[0], found.lastgroup or ""):
            tokens.append(Token(found[0], word, found.start(), found.end(), inside))
    return tuple(tokens)


_QUOTED = re.compile(r"\"([^\"]{1,120})\"|(?<![\w'])'([^']{1,60})'(?![\w'])")
"""Between double quotes, or between single ones that are no apostrophes."""
_SHORT = {"w/o": "without", "w/": "with", "b/w": "between", "%": "percent"}
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "`": "'"})


def _is_range_dash(text: str, at: int) -> bool:
    """A dash that stands between numbers or between spaced words is a range; one inside a word is nothing."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    months = _MONTH_BEFORE.search(text[:at]) and _MONTH_AFTER.match(text[at + 1 :])
    return bool(months) or (before.isdigit() and after.isdigit()) or (before == " " and after == " ")


_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_MONTH_BEFORE = re.compile(rf"\b(?:{_MONTHS}|q[1-4])$", re.IGNORECASE)
_MONTH_AFTER = re.compile(rf"(?:{_MONTHS}|q[1-4])\b", re.IGNORECASE)


@lru_cache(maxsize=65536)
def _without_accents(word: str) -> str:
    """People leave accents out, or write ue for ü: both sides of a match are brought to the plain letter."""
    if word.isascii():
        return word
    plain = unicodedata.normalize("NFD", word.replace("ß", "ss"))
    return "".join(c for c in plain if not unicodedata.combining(c))


_NEGATED = re.compile(r"(have|has|had|do|does|did|is|are|was|were|could|should|would|must)n'?t")
_ASKED = re.compile(r"(why|what|how|where|who|when)'d")


def _words(text: str, kind: str) -> list[str]:
    lower = text.lower()
    if kind == "word":
        lower = _without_accents(lower)
        if lower in _CONTRACTIONS:
            return _CONTRACTIONS[lower].split()
        if negated := _NEGATED.fullmatch(lower):
            return [negated[1], "not"]
        if asked := _ASKED.fullmatch(lower):
            return [asked[1], "did"]
        lower = re.sub(r"'s$|'$", "", lower).replace("'", "")
        if ordinal := re.fullmatch(r"(\d+)(st|nd|rd|th)", lower):
            return [ordinal[1]]
        return [_NUMBER_WORDS.get(lower, lower)]
    if kind == "path":
        return [lower.rstrip("/-")]
    if kind == "mail":
        return [lower.replace("-", "")]
    if kind == "short":
        return [_SHORT[lower]]
    if kind == "number":
        return [lower.replace(",", "")]
    if kind == "money":
        return [lower.replace(",", "").replace(" ", "")]
    if kind == "dash":
        return ["-"]
    if kind == "stop":
        return ["and"] if lower in "&+" else [lower]
    return [{"≥": ">=", "≤": "<=", "=>": ">=", "=<": "<="}.get(lower, lower)]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word without its plural ending, enough to match names.

    >>> stem("campaigns"), stem("categories"), stem("roas"), stem("sales"), stem("businesses")
    ('campaign', 'category', 'roas', 'sales', 'business')
    """
    if word in _INVARIANT or len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=65536)
def phrase(text: str) -> tuple[str, ...]:
    """The normal form of a name: stemmed words without signs.

    >>> phrase("Meta_Ads – Spring-Sale (US)")
    ('meta', 'ads', 'spring', 'sale', 'us')
    """
    return tuple(stem(t.word) for t in tokenize(text) if t.word[:1].isalnum() or t.word[:1] in "$€£")


def neighbours(indexes: Iterable[int]) -> list[list[int]]:
    """Ascending places, those that follow each other together.

    >>> neighbours([1, 2, 5])
    [[1, 2], [5]]
    """
    found: list[list[int]] = []
    for i in indexes:
        if found and found[-1][-1] == i - 1:
            found[-1].append(i)
        else:
            found.append([i])
    return found
