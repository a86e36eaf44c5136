"""Days and times as people's screens write them: 3/4 is asked about where no cell of the file settles it."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

Order = Literal["day_first", "month_first", "mixed"]

MONTHS = {
    1: "january januar janvier enero januari janeiro jan janv ene gennaio",
    2: "february februar fevrier febrero februari fevereiro feb fevr fev febbraio",
    3: "march marz marzo mars maart marco mar mrz mrt maerz",
    4: "april avril abril apr avr abr aprile",
    5: "may mai mayo mei maio maggio",
    6: "june juni juin junio junho jun giugno",
    7: "july juli juillet julio julho jul juil luglio",
    8: "august aout agosto augustus aug ago",
    9: "september septembre septiembre setembro sep sept set settembre",
    10: "october oktober octobre octubre outubro oct okt out ottobre",
    11: "november novembre noviembre novembro nov",
    12: "december dezember decembre diciembre dezembro dec dez dic dicembre",
}
"""Names and short names of months in English, German, French, Spanish, Dutch, Portuguese and Italian, no accents."""

WORDS = "MAP {" + ", ".join(f"'{w}': {n}" for n, words in MONTHS.items() for w in words.split()) + "}"

PAIR = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})\b"
DOTTED = r"^\d{1,2}\.\s?\d{1,2}\.\s?\d{2,4}\b"
YEAR_FIRST = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b"
CLOCK = r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([ap])\.?m\.?)?"
OFFSET = r"(?:\d|\s)([+-]\d{2}):?(\d{2})$"
UTC = r"(?:Z|UTC|GMT)$"


def names_a_month(word: str) -> bool:
    """
    >>> names_a_month("März"), names_a_month("Kosten")
    (True, False)
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    return any(plain in words.split() for words in MONTHS.values())


@dataclass(frozen=True)
class OrderEvidence:
    """Cells in which the first number can only be a day, only a month, and in which both could be either."""

    day_first: int
    month_first: int
    either: int
    example: str = ""

    @property
    def order(self) -> Order | None:
        if self.day_first and self.month_first:
            return "mixed"
        if self.day_first:
            return "day_first"
        if self.month_first or not self.either:
            return "month_first"
        return None


def evidence_columns(text: str) -> str:
    """SQL: the counts of OrderEvidence and an example over one column. Dots are only written between day and month."""
    first, second = (f"try_cast(regexp_extract({text}, '{PAIR}', {n}) AS INTEGER)" for n in (1, 2))
    is_pair = f"regexp_matches({text}, '{PAIR}') AND NOT regexp_matches({text}, '{DOTTED}')"
    either = f"{is_pair} AND {first} <= 12 AND {second} <= 12 AND {first} <> {second}"
    return (
        f"count(*) FILTER (regexp_matches({text}, '{DOTTED}') OR ({is_pair} AND {first} > 12)), "
        f"count(*) FILTER ({is_pair} AND {second} > 12), count(*) FILTER ({either}), min({text}) FILTER ({either})"
    )


def day(text: str, order: Order) -> str:
    """SQL: the DATE that a text names or begins with, null where it names none."""
    part = [f"try_cast(nullif(regexp_extract({text}, '{PAIR}', {n}), '') AS INTEGER)" for n in (1, 2, 3)]
    year = f"CASE WHEN {part[2]} < 100 THEN 2000 + {part[2]} ELSE {part[2]} END"
    by_day, by_month = _date(year, part[1], part[0]), _date(year, part[0], part[1])
    pair = {
        "day_first": by_day,
        "month_first": f"CASE WHEN regexp_matches({text}, '{DOTTED}') THEN {by_day} ELSE {by_month} END",
        "mixed": f"CASE WHEN regexp_matches({text}, '{DOTTED}') OR {part[0]} > 12 OR {part[0]} = {part[1]} "
        f"THEN {by_day} WHEN {part[1]} > 12 THEN {by_month} END",
    }[order]
    iso = [f"try_cast(nullif(regexp_extract({text}, '{YEAR_FIRST}', {n}), '') AS INTEGER)" for n in (1, 2, 3)]
    month = f"list_filter(list_transform({_words(text)}, lambda w: {WORDS}[w]), lambda n: n IS NOT NULL)[1]"
    numbers = f"regexp_extract_all(regexp_replace({text}, '\\d{{1,2}}:.*$', ''), '\\d+')"
    named_day = f"try_cast(list_filter({numbers}, lambda n: len(n) <= 2)[1] AS INTEGER)"
    named_year = f"try_cast(list_filter({numbers}, lambda n: len(n) = 4)[1] AS INTEGER)"
    return (
        f"CASE WHEN regexp_matches({text}, '{YEAR_FIRST}') THEN {_date(*iso)} "
        f"WHEN regexp_matches({text}, '{PAIR}') THEN {pair} ELSE {_date(named_year, month, named_day)} END"
    )


def _words(text: str) -> str:
    return f"regexp_extract_all(lower(strip_accents({text})), '[a-z]{{3,}}')"


def _date(year: str, month: str, day_: str) -> str:
    return f"try_cast(({year})::VARCHAR || '-' || ({month})::VARCHAR || '-' || ({day_})::VARCHAR AS DATE)"


def clock(text: str) -> str:
    """SQL: hours, minutes and seconds in a text as an INTERVAL; none where it names no time of day."""
    hour, minute, second = (
        f"coalesce(try_cast(nullif(regexp_extract(lower({text}), '{CLOCK}', {n}), '') AS INTEGER), 0)"
        for n in (1, 2, 3)
    )
    half = f"regexp_extract(lower({text}), '{CLOCK}', 4)"
    hours = f"CASE {half} WHEN 'p' THEN {hour} % 12 + 12 WHEN 'a' THEN {hour} % 12 ELSE {hour} END"
    return f"to_seconds(({hours}) * 3600 + {minute} * 60 + {second})"


def instant(text: str, order: Order, zone: str) -> str:
    """SQL: the TIMESTAMPTZ that a text names; zone: an SQL expression of the zone of texts without an offset."""
    local = f"({day(text, order)} + {clock(text)})::TIMESTAMP"
    hours, minutes = (f"try_cast(regexp_extract({text}, '{OFFSET}', {n}) AS INTEGER)" for n in (1, 2))
    sign = f"CASE WHEN regexp_extract({text}, '{OFFSET}', 1) LIKE '-%' THEN -1 ELSE 1 END"
    offset = f"to_seconds({hours} * 3600 + {sign} * {minutes} * 60)"
    return (
        f"CASE WHEN regexp_matches({text}, '{UTC}') THEN {local} AT TIME ZONE 'UTC' "
        f"WHEN regexp_matches({text}, '{OFFSET}') AND regexp_matches({text}, ':') "
        f"THEN ({local} - {offset}) AT TIME ZONE 'UTC' ELSE {local} AT TIME ZONE {zone} END"
    )
