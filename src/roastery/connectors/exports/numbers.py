"""Numbers as people's screens write them: which mark is the decimal one, told by the file's own cells where it can be.

Everything is SQL over text. `bare` takes currency signs, percent signs, spaces and brackets for negatives off first.
"""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["point", "comma", "mixed"]
"""mixed: cells of both styles, each read in its only meaning, the others refused."""

SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "zł": "PLN", "R$": "BRL", "US$": "USD", "CA$": "CAD",
         "A$": "AUD", "AU$": "AUD", "C$": "CAD", "NZ$": "NZD", "MX$": "MXN", "₺": "TRY", "₪": "ILS"}  # fmt: skip
"""Signs that stand for one currency; $, kr and ¥ stand for several and are asked about."""

POINT = r"^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?$"
COMMA = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?$"
# What can be read in one way only.
ONLY_POINT = r"^[+-]?(\d+\.(\d{1,2}|\d{4,})|\d{4,}\.\d{3}|0\.\d+|\.\d+|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,})$"
ONLY_COMMA = r"^[+-]?(\d+,(\d{1,2}|\d{4,})|\d{4,},\d{3}|0,\d+|,\d+|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,})$"
GROUPED_BY_COMMA = r"^[+-]?\d{1,3}(,\d{3})+$"
GROUPED_BY_POINT = r"^[+-]?\d{1,3}(\.\d{3})+$"
EITHER = r"^[+-]?\d{1,3}[.,]\d{3}$"

NOTHING = ("", "--", "-", "–", "—", "n/a", "na", "null", "none", "(none)", "#n/a")
"""How screens write that there is nothing, in lower case."""


def nothing(cell: str) -> str:
    """SQL: the trimmed text of a cell, null where the screen wrote that there is nothing."""
    listed = ", ".join(f"'{word}'" for word in NOTHING)
    # No-break spaces and the text marks that spreadsheets write around cells are spaces too.
    trimmed = f"trim(translate({cell}, chr(160) || chr(8239) || chr(8206) || chr(8207) || chr(9), '     '))"
    return f"CASE WHEN lower({trimmed}) IN ({listed}) THEN NULL ELSE {trimmed} END"


def bare(text: str) -> str:
    """SQL: digits, marks and sign of a number's text; brackets around an amount make it negative."""
    is_negative = f"(regexp_matches({text}, '^\\s*\\(.*\\)\\s*$') OR regexp_matches({text}, '^[^0-9]*[-−]|[-−]\\s*$'))"
    # Letters only where they can be a currency code or sign before or after: '12 pieces' stays unreadable.
    kept = (
        f"regexp_replace(regexp_replace({text}, '^[^0-9.,]{{0,6}}|[^0-9.,]{{0,6}}$', '', 'g'), "
        "'(\\d)[\\s''’](\\d{3})', '\\1\\2', 'g')"
    )
    again = f"regexp_replace({kept}, '(\\d)[\\s''’](\\d{{3}})', '\\1\\2', 'g')"
    return f"CASE WHEN {is_negative} THEN '-' ELSE '' END || {again}"


def value(plain: str, mark: Mark) -> str:
    """SQL: the exact number of a bare text under a decimal mark, null where it cannot be one."""
    point = f"try_cast(replace({plain}, ',', '') AS DECIMAL(24,6))"
    comma = f"try_cast(replace(replace({plain}, '.', ''), ',', '.') AS DECIMAL(24,6))"
    if mark == "point":
        return f"CASE WHEN regexp_matches({plain}, '{POINT}') THEN {point} END"
    if mark == "comma":
        return f"CASE WHEN regexp_matches({plain}, '{COMMA}') THEN {comma} END"
    whole = f"regexp_matches({plain}, '^[+-]?\\d+$')"
    return (
        f"CASE WHEN {whole} OR regexp_matches({plain}, '{ONLY_POINT}') THEN {point} "
        f"WHEN regexp_matches({plain}, '{ONLY_COMMA}') THEN {comma} END"
    )


@dataclass(frozen=True)
class MarkEvidence:
    """How many cells of a file can only be read with a point, only with a comma, and in both ways."""

    point: int
    comma: int
    either: int
    example: str = ""

    @property
    def mark(self) -> Mark | None:
        """What the cells say; None where they do not settle it."""
        if self.point and self.comma:
            return "mixed"
        if self.comma:
            return "comma"
        if self.point or not self.either:
            return "point"
        return None


def evidence_columns(plain: str, is_count: bool) -> str:
    """SQL: three counts and an example over one column's bare texts. A whole number's separators only group."""
    point, comma = f"regexp_matches({plain}, '{ONLY_POINT}')", f"regexp_matches({plain}, '{ONLY_COMMA}')"
    if is_count:
        point = f"({point} OR regexp_matches({plain}, '{GROUPED_BY_COMMA}'))"
        comma = f"({comma} OR regexp_matches({plain}, '{GROUPED_BY_POINT}'))"
    either = f"regexp_matches({plain}, '{EITHER}') AND NOT {point} AND NOT {comma}"
    return (
        f"count(*) FILTER ({point}), count(*) FILTER ({comma}), count(*) FILTER ({either}), "
        f"min({plain}) FILTER ({either})"
    )
