"""What a file leaves open: questions with their allowed answers, and what was answered before."""

from collections.abc import Mapping
from dataclasses import dataclass

from roastery.warehouse.errors import BadQuery, UnknownName
from roastery.warehouse.money import CODES


@dataclass(frozen=True)
class Question:
    """Something that only a person knows. options: allowed answers with what each means; empty: a currency code."""

    name: str
    sentence: str
    options: Mapping[str, str]
    suggestion: str | None = None


OPTIONS: Mapping[str, Mapping[str, str]] = {
    "decimal_mark": {"point": "1,234.56: the point is the decimal mark", "comma": "1.234,56: the comma is"},
    "dates": {"day_first": "3/4 is 3 April", "month_first": "3/4 is 4 March"},
    "currency": {},
    "identical_rows": {"once": "they are one row, written twice", "each": "each counts"},
    "one_day": {"day": "all of it happened on that one day"},
    "connected": {"import": "import the file all the same"},
    "overlap": {"replace": "the file replaces those days", "add": "the file holds other campaigns; keep both"},
}
"""Every question that may be asked."""

REMEMBERED = ("decimal_mark", "dates", "currency", "connected")
"""Answers that hold for the next file of the same columns; the others are about one file."""


def checked(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers, if each is an answer to a question that exists. Errors: UnknownName, BadQuery."""
    found = {}
    for name, answer in answers.items():
        if name not in OPTIONS:
            raise UnknownName("question", name, OPTIONS)
        plain = answer.strip().upper() if name == "currency" else answer.strip().lower()
        allowed = tuple(OPTIONS[name]) or tuple(sorted(CODES))
        if plain not in allowed:
            what = "a currency code such as USD" if name == "currency" else f"one of {', '.join(allowed)}"
            raise BadQuery(f"'{answer}' does not answer '{name}': it is {what}.", allowed=allowed)
        found[name] = plain
    return found
