"""What a cell must be, as SQL: read as the contract's type, or refused with a sentence that says how to write it.

Every rule works on text, for CSV, JSONL and Parquet alike, so that one value is read the same from each.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from roastery.warehouse.contracts import Column
from roastery.warehouse.fold import EARLIEST
from roastery.warehouse.money import CODES
from roastery.warehouse.sql import name, quoted

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
# 1,234.56 and 1,234,567 can be read in one way only; so can 1.234,56 and 1.234.567, and 12,5 (no group of three).
COMMA_GROUPS = r"^[+-]?\d{1,3}(,\d{3})+\.\d+$|^[+-]?\d{1,3}(,\d{3}){2,}$"
DOT_GROUPS = r"^[+-]?\d{1,3}(\.\d{3})+,\d+$|^[+-]?\d{1,3}(\.\d{3}){2,}$"
DECIMAL_COMMA = r"^[+-]?(\d+,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d{3})$"
DOT_OF_THREE = r"^[+-]?[1-9]\d{0,2}\.\d{3}$"
DOT_OF_CENTS = r"^[+-]?0?\.\d|^[+-]?\d+\.(\d{1,2}|\d{4,})$"
AMBIGUOUS = r"^[+-]?\d{1,3},\d{3}$"

# What a spreadsheet makes of a long id, and what a column of numbers with gaps makes of every id.
SHORTENED = r"^\d[.,]\d+[eE]\+?\d{1,3}$|^\d[eE]\+\d{1,3}$"
WITH_POINT = r"^\d+\.0+$"
EXACT_DIGITS = 15
"""A number of more digits may have lost the last of them on its way."""

DAY = r"^\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?(Z|[+-]00(:?00)?)?)?$"
WITH_OFFSET = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)? ?(Z|[+-](0\d|1[0-4])(:?\d{2})?)$"
WITHOUT_OFFSET = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"

FUTURE_DAYS = 1
"""How far past now a row may lie: accounts have zones of their own, and clocks drift."""


@dataclass(frozen=True)
class Rule:
    """SQL expressions of one column, each over the names of those before it.

    Over the trimmed text: plain (a number without separators, else null). Over both: value. Over all three: error and
    remark (sentences or null) and json (the value as it is stored). names_of says how each is called.
    """

    plain: str
    value: str
    error: str
    json: str
    remark: str = "NULL"


@dataclass(frozen=True)
class Now:
    """The moment and zone against which rows are judged."""

    at: datetime
    today: date
    time_zone: str


@dataclass(frozen=True)
class Names:
    """How a column's text, its plain form and its value are called in SQL."""

    text: str
    plain: str
    value: str

    @property
    def shown(self) -> str:
        """SQL: the text in quotes, and a space."""
        return f"chr(39) || left({self.text}, 60) || chr(39) || ' '"


def names_of(column: str) -> Names:
    return Names(name(column), name("plain_" + column), name("value_" + column))


def rule(column: Column, now: Now) -> Rule:
    """The rule of a column by its type."""
    n = names_of(column.name)
    if column.is_number:
        return _number(column, n)
    if column.type == "date":
        return _day(column, n, now)
    if column.type == "timestamp":
        return _time(column, n, now)
    if column.type == "boolean":
        known = f"lower({n.text}) IN ('true', '1', 'false', '0')"
        value = f"CASE WHEN {known} THEN lower({n.text}) IN ('true', '1') END"
        return Rule("NULL", value, _unless(n, "is not true or false"), f"{n.value}::VARCHAR")
    if column.type in ("list", "json"):
        return _json(column, n)
    if column.type == "currency":
        codes = ", ".join(quoted(code) for code in sorted(CODES))
        value = f"CASE WHEN upper({n.text}) IN ({codes}) THEN upper({n.text}) END"
        return Rule("NULL", value, _unless(n, "is not an ISO 4217 currency code such as USD"), _json_text(n))
    return _words(column, n)


def _json_text(n: Names) -> str:
    return f"to_json({n.value})::VARCHAR"


def _in_quotes(n: Names) -> str:
    return f"'\"' || {n.value}::VARCHAR || '\"'"


def _unless(n: Names, complaint: str) -> str:
    return f"CASE WHEN {n.text} IS NOT NULL AND {n.value} IS NULL THEN {n.shown} || {quoted(complaint + '.')} END"


def _id(n: Names) -> Rule:
    """An id that was kept as a number on its way: 123.0 is 123, and 1.2021E+17 is any of a thousand ids."""
    # The cheap look comes first: of a million ids hardly any has a point or a plus.
    odd = f"contains({n.text}, '.') OR contains({n.text}, '+')"
    pointed = f"CASE WHEN contains({n.text}, '.') THEN regexp_matches({n.text}, '{WITH_POINT}') ELSE false END"
    cut = f"CASE WHEN {odd} THEN regexp_matches({n.text}, '{SHORTENED}') ELSE false END"
    lost = f"({cut}) OR (({pointed}) AND strpos({n.text}, '.') > {EXACT_DIGITS + 1})"
    value = f"CASE WHEN {pointed} THEN left({n.text}, strpos({n.text}, '.') - 1) ELSE {n.text} END"
    complaint = "is an id that was kept as a number and has lost digits; export it as text."
    error = f"CASE WHEN {lost} THEN {n.shown} || {quoted(complaint)} END"
    told = "Ids that were kept as numbers were read as whole ones, such as "
    remark = f"CASE WHEN {pointed} THEN {quoted(told)} || {n.shown} || 'as ' || {n.value} || '.' END"
    return Rule("NULL", value, error, _json_text(n), remark)


def _words(column: Column, n: Names) -> Rule:
    if column.name.endswith("_id"):
        return _id(n)
    if not column.allowed:
        return Rule("NULL", n.text, "NULL", _json_text(n))
    value = f"CASE WHEN lower({n.text}) IN ({', '.join(map(quoted, column.allowed))}) THEN lower({n.text}) END"
    return Rule("NULL", value, _unless(n, f"is not one of {', '.join(column.allowed)}"), _json_text(n))


def _number(column: Column, n: Names) -> Rule:
    plain = f"""CASE WHEN regexp_matches({n.text}, '{PLAIN}') THEN {n.text}
        WHEN regexp_matches({n.text}, '{COMMA_GROUPS}') THEN replace({n.text}, ',', '')
        WHEN regexp_matches({n.text}, '{DOT_GROUPS}') THEN replace(replace({n.text}, '.', ''), ',', '.')
        WHEN regexp_matches({n.text}, '{DECIMAL_COMMA}') THEN replace({n.text}, ',', '.') END"""
    whole = column.type == "integer"
    exact = f"try_cast({n.plain} AS {'DECIMAL(38,6)' if whole else column.sql_type})"
    value = f"CASE WHEN {exact} = trunc({exact}) THEN try_cast({exact} AS BIGINT) END" if whole else exact
    example = "1234" if whole else "1234.56"
    fractional = f"WHEN {exact} IS NOT NULL THEN {n.shown} || 'is not a whole number.'" if whole else ""
    low = column.minimum
    below = "" if low is None else f"WHEN {n.value} < {low} THEN {n.shown} || 'is below {low}.'"
    error = f"""CASE WHEN {n.text} IS NULL THEN NULL {below} WHEN {n.value} IS NOT NULL THEN NULL
        WHEN regexp_matches({n.text}, '{AMBIGUOUS}') THEN {n.shown} || 'can be read as ' || replace({n.text}, ',', '')
            || ' or as ' || replace({n.text}, ',', '.') || '; write one of them, without a comma.'
        {fractional}
        WHEN {n.plain} IS NOT NULL THEN {n.shown} || 'is too large.'
        ELSE {n.shown} || 'is not a number; write it as {example}, without signs or separators.' END"""
    remark = f"""CASE WHEN {n.value} IS NOT NULL AND {n.plain} <> {n.text} THEN 'Numbers with separators were read by '
        || 'their only meaning, such as ' || {n.shown} || 'as ' || {n.plain} || '.' END"""
    return Rule(plain, value, error, _in_quotes(n), remark)


def doubtful(column: Column, other: Rule) -> Rule:
    """The rule of a column of a file that writes 1.234 and nowhere a dot that must part cents (doubts)."""
    n = names_of(column.name)
    message = f"{n.shown} || 'can be read as ' || replace({n.text}, '.', '') || ' or as ' || {n.text} || '0; write '"
    message += " || 'one of them.'"
    error = f"CASE WHEN regexp_matches({n.text}, '{DOT_OF_THREE}') THEN {message} ELSE {other.error} END"
    return replace(other, error=error)


def doubts(column: Column) -> str:
    """SQL: whether rows have amounts such as 1.234 in a column, and no dot that must part cents."""
    text = name(column.name)
    return (
        f"coalesce(bool_or(regexp_matches({text}, '{DOT_OF_THREE}')), false) AND NOT coalesce(bool_or("
        f"regexp_matches({text}, '{DOT_OF_CENTS}')), false)"
    )


def _future(column: Column, n: Names, limit: str) -> str:
    return f"WHEN {n.value} > {limit} THEN {n.shown} || 'lies in the future.'" if column.past else ""


def _too_early(n: Names, sql_type: str) -> str:
    told = f"lies before {EARLIEST[:4]}; leave it empty where it is not known."
    return f"WHEN {n.value} < {quoted(EARLIEST)}::{sql_type} THEN {n.shown} || {quoted(told)}"


def _day(column: Column, n: Names, now: Now) -> Rule:
    value = f"CASE WHEN regexp_matches({n.text}, '{DAY}') THEN try_cast(left({n.text}, 10) AS DATE) END"
    limit = f"DATE '{(now.today + timedelta(days=FUTURE_DAYS)).isoformat()}'"
    error = f"""CASE WHEN {n.text} IS NULL THEN NULL {_future(column, n, limit)} {_too_early(n, "DATE")}
        WHEN {n.value} IS NULL THEN {n.shown} || 'is not a day; write it as 2026-10-05.' END"""
    return Rule("NULL", value, error, _in_quotes(n))


def _time(column: Column, n: Names, now: Now) -> Rule:
    with_offset = f"regexp_matches({n.text}, '{WITH_OFFSET}')"
    value = f"""CASE WHEN {with_offset} THEN try_cast({n.text} AS TIMESTAMPTZ)
        WHEN regexp_matches({n.text}, '{WITHOUT_OFFSET}')
        THEN try_cast({n.text} AS TIMESTAMP) AT TIME ZONE {quoted(now.time_zone)} END"""
    limit = f"TIMESTAMPTZ '{(now.at + timedelta(days=FUTURE_DAYS)).isoformat()}'"
    error = f"""CASE WHEN {n.text} IS NULL THEN NULL {_future(column, n, limit)} {_too_early(n, "TIMESTAMPTZ")}
        WHEN {n.value} IS NULL THEN {n.shown} || 'is not a time; write it as 2026-10-05T14:30:00+02:00.' END"""
    remark = f"""CASE WHEN {n.value} IS NOT NULL AND NOT {with_offset} THEN
        'Times without an offset were read in the zone {now.time_zone}.' END"""
    return Rule("NULL", value, error, _in_quotes(n), remark)


def _json(column: Column, n: Names) -> Rule:
    is_list = column.type == "list"
    condition = f"json_valid({n.text})"
    if is_list:
        condition = f"CASE WHEN json_valid({n.text}) THEN json_type({n.text}) = 'ARRAY' ELSE false END"
    complaint = 'is not a JSON list such as ["a", "b"]' if is_list else "is not JSON"
    return Rule("NULL", f"CASE WHEN {condition} THEN json({n.text})::VARCHAR END", _unless(n, complaint), n.value)
