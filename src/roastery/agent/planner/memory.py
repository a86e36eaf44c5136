"""An organization's own words: statements of what they mean, and questions in which they stand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

ASKED = r"(?:please )?(?:remember|note|keep in mind)?(?: that)?[:, ]*"
SAID = r"[\"'“]?(?P<said>[\w %&/-]{2,60}?)[\"'”]?"
MEANT = r"[\"'“]?(?P<meaning>[\w %&/,.–-]{2,200}?)[\"'”]?[.!]?"
STATEMENTS = tuple(
    re.compile(ASKED + pattern, re.IGNORECASE)
    for pattern in (
        rf"by {SAID},? we mean {MEANT}",
        rf"when we say {SAID},? we mean {MEANT}",
        r"our (?P<said>[\w %&/-]{2,60}?) (?:was|is|ran|runs)(?: from)? (?P<meaning>(?=[^?]*\d)[\w %&/,.–-]{3,80}?)[.!]?",  # noqa: E501
    )
)
"""Whole sentences only: what is said by the way is no statement."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = re.compile(
    r"(?P<first>\d{1,2})\s*(?:-|–|to|until)\s*(?P<last>\d{1,2})\s+(?P<month>[a-z]{3,9})\.?(?:,?\s+(?P<year>\d{4}))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Meaning:
    """What is meant by some words, and since when a person has confirmed it."""

    said: str
    meaning: str
    confirmed_on: date


def stated(text: str, today: date) -> tuple[str, str] | None:
    """(words, meaning) where a text says what the organization means by some words; days get their year.

    >>> stated("By conversions we mean form submissions.", date(2026, 11, 20))
    ('conversions', 'form submissions')
    >>> stated("our promo week was 3-9 Nov", date(2026, 11, 20))
    ('promo week', 'from 3 Nov 2026 to 9 Nov 2026')
    >>> stated("what was our revenue in 2025?", date(2026, 11, 20))
    """
    for statement in STATEMENTS:
        if found := statement.fullmatch(" ".join(text.split())):
            return found["said"].strip().lower(), dated(found["meaning"].strip(), today)
    return None


def dated(meaning: str, today: date) -> str:
    """Days of a month with the year that they lie in: the latest one that has begun."""
    found = DAYS.fullmatch(meaning)
    if found is None or found["month"][:3].lower() not in MONTHS:
        return meaning
    month = MONTHS.index(found["month"][:3].lower()) + 1
    year = int(found["year"]) if found["year"] else today.year - (month > today.month)
    name = MONTHS[month - 1].title()
    return f"from {found['first']} {name} {year} to {found['last']} {name} {year}"


def told(question: str, meanings: Sequence[Meaning]) -> tuple[str, tuple[Meaning, ...]]:
    """The question in words that everybody knows, and the meanings that were put in.

    >>> promo = Meaning("promo week", "from 3 Nov 2026 to 9 Nov 2026", date(2026, 11, 20))
    >>> told("Revenue in our promo week?", [promo])[0]
    'Revenue from 3 Nov 2026 to 9 Nov 2026?'
    """
    used = []
    for one in sorted(meanings, key=lambda m: (-len(m.said), m.said)):
        before = r"(?:(?:in|during|for|over|of) )?(?:(?:our|the|that) )?" if one.meaning.startswith("from ") else ""
        words = re.compile(rf"{before}(?<![\w-]){re.escape(one.said)}(?![\w-])", re.IGNORECASE)
        if words.search(question):
            question = words.sub(lambda _, one=one: one.meaning, question)  # type: ignore[misc]
            used.append(one)
    return question, tuple(used)


def disclosed(used: Sequence[Meaning]) -> str:
    """The sentence that says what was understood by the organization's own words."""
    return " ".join(
        f"*“{one.said}” is {one.meaning}, as your team confirmed on {one.confirmed_on:%-d %B %Y}.*" for one in used
    )
