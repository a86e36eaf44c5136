"""What a cell must be, as SQL: read as the contract's type, or refused with a sentence that says how to write it.

Every rule works on text, for CSV, JSONL and Parquet alike, so that one value is read the same from each.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from roastery.warehouse.contracts import Column
from roastery.warehouse.fold import name, quoted
from roastery.warehouse.money import CODES

PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
# 1,234.56 and 1,234,567 can be read in one way only; so can 1.234,56 and 1.234.567, and 12,5 (no group of three).
COMMA_GROUPS = r"^[+-]?\d{1,3}(,\d{3})+\.\d+$|^[+-]?\d{1,3}(,\d{3}){2,}$"
DOT_GROUPS = r"^[+-]?\d{1,3}(\.\d{3})+,\d+$|^[+-]?\d{1,3}(\.\d{3}){2,}$"
DECIMAL_COMMA = r"^[+-]?(\d+,(\d{1,2}|\d{4,})|0,\d+|\d{4,},\d{3})$"
AMBIGUOUS = r"^[+-]?\d{1,3},\d{3}$"

DAY = r"^\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?(Z|[+-]00(:?00)?)?)?$"
TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?$"
OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)$"
HAS_CLOCK = r"[T ]\d{2}:\d{2}"

FUTURE_DAYS = 1
"""How far past now a row may lie: accounts have zones of their own, and clocks drift."""


@dataclass(frozen=True)
class Rule:
    """SQL expressions over a column's trimmed text `t`: its value, what is wrong with it, a remark, and its JSON."""

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


def rule(column: Column, now: Now) -> Rule:
    """The rule of a column by its type."""
    t = name(column.name)
    if column.is_number:
        return _number(column, t)
    if column.type == "date":
        return _day(column, t, now)
    if column.type == "timestamp":
        return _time(column, t, now)
    if column.type == "boolean":
        value = f"CASE WHEN lower({t}) IN ('true', '1') THEN true WHEN lower({t}) IN ('false', '0') THEN false END"
        return Rule(value, _unless(value, t, "is not true or false"), f"to_json({value})::VARCHAR")
    if column.type in ("list", "json"):
        return _json(column, t)
    if column.type == "currency":
        codes = ", ".join(quoted(code) for code in sorted(CODES))
        value = f"CASE WHEN upper({t}) IN ({codes}) THEN upper({t}) END"
        return Rule(value, _unless(value, t, "is not an ISO 4217 currency code such as USD"), _text(value))
    return _words(column, t)


def _text(value: str) -> str:
    return f"to_json({value})::VARCHAR"


def _shown(t: str) -> str:
    return f"'''' || left({t}, 60) || ''' '"


def _unless(value: str, t: str, complaint: str) -> str:
    return f"CASE WHEN {t} IS NOT NULL AND {value} IS NULL THEN {_shown(t)} || {quoted(complaint + '.')} END"


def _words(column: Column, t: str) -> Rule:
    if not column.allowed:
        return Rule(t, "NULL", _text(t))
    value = f"CASE WHEN lower({t}) IN ({', '.join(map(quoted, column.allowed))}) THEN lower({t}) END"
    return Rule(value, _unless(value, t, f"is not one of {', '.join(column.allowed)}"), _text(value))


def _number(column: Column, t: str) -> Rule:
    plain = f"""CASE WHEN regexp_matches({t}, '{PLAIN}') THEN {t}
        WHEN regexp_matches({t}, '{COMMA_GROUPS}') THEN replace({t}, ',', '')
        WHEN regexp_matches({t}, '{DOT_GROUPS}') THEN replace(replace({t}, '.', ''), ',', '.')
        WHEN regexp_matches({t}, '{DECIMAL_COMMA}') THEN replace({t}, ',', '.') END"""
    whole = column.type == "integer"
    decimal = f"try_cast({plain} AS {'DECIMAL(38,6)' if whole else column.sql_type})"
    value = f"CASE WHEN {decimal} = trunc({decimal}) THEN try_cast({decimal} AS BIGINT) END" if whole else decimal
    example = "1234" if whole else "1234.56"
    fractional = f"""WHEN {decimal} IS NOT NULL THEN {_shown(t)} || 'is not a whole number.'""" if whole else ""
    below = (
        f"WHEN {value} < {column.minimum} THEN {_shown(t)} || 'is below {column.minimum}.'"
        if column.minimum is not None
        else ""
    )
    error = f"""CASE WHEN {t} IS NULL THEN NULL {below} WHEN {value} IS NOT NULL THEN NULL
        WHEN regexp_matches({t}, '{AMBIGUOUS}') THEN {_shown(t)} || 'can be read as ' || replace({t}, ',', '') || ' or as '
            || replace({t}, ',', '.') || '; write one of them, without a comma.'
        {fractional}
        WHEN {plain} IS NOT NULL THEN {_shown(t)} || 'is too large.'
        ELSE {_shown(t)} || 'is not a number; write it as {example}, without signs or separators.' END"""
    remark = f"""CASE WHEN {value} IS NOT NULL AND NOT regexp_matches({t}, '{PLAIN}') THEN
        'Numbers with separators were read by their only meaning, such as ' || {_shown(t)} || 'as ' || {plain} || '.' END"""
    return Rule(value, error, f"'\"' || ({value})::VARCHAR || '\"'", remark)


def _future(column: Column, condition: str, t: str) -> str:
    return f"WHEN {condition} THEN {_shown(t)} || 'lies in the future.'" if column.past else ""


def _day(column: Column, t: str, now: Now) -> Rule:
    value = f"CASE WHEN regexp_matches({t}, '{DAY}') THEN try_cast(left({t}, 10) AS DATE) END"
    limit = (now.today + timedelta(days=FUTURE_DAYS)).isoformat()
    error = f"""CASE WHEN {t} IS NULL THEN NULL {_future(column, f"{value} > DATE '{limit}'", t)}
        WHEN {value} IS NULL THEN {_shown(t)} || 'is not a day; write it as 2026-10-05.' END"""
    return Rule(value, error, f"'\"' || ({value})::VARCHAR || '\"'")


def _time(column: Column, t: str, now: Now) -> Rule:
    own = f"regexp_matches({t}, '{OFFSET}') AND regexp_matches({t}, '{HAS_CLOCK}')"
    value = f"""CASE WHEN NOT regexp_matches({t}, '{TIME}') THEN NULL WHEN {own} THEN try_cast({t} AS TIMESTAMPTZ)
        ELSE try_cast({t} AS TIMESTAMP) AT TIME ZONE {quoted(now.time_zone)} END"""
    limit = (now.at + timedelta(days=FUTURE_DAYS)).isoformat()
    error = f"""CASE WHEN {t} IS NULL THEN NULL {_future(column, f"{value} > TIMESTAMPTZ '{limit}'", t)}
        WHEN {value} IS NULL THEN {_shown(t)} || 'is not a time; write it as 2026-10-05T14:30:00+02:00.' END"""
    remark = f"""CASE WHEN {value} IS NOT NULL AND NOT ({own}) THEN
        'Times without an offset were read in the zone {now.time_zone}.' END"""
    return Rule(value, error, f"'\"' || ({value})::VARCHAR || '\"'", remark)


def _json(column: Column, t: str) -> Rule:
    is_list = column.type == "list"
    condition = f"json_valid({t})" + (f" AND json_type({t}) = 'ARRAY'" if is_list else "")
    value = f"CASE WHEN {condition} THEN json({t})::VARCHAR END"
    complaint = 'is not a JSON list such as ["a", "b"]' if is_list else "is not JSON"
    return Rule(value, _unless(value, t, complaint), value)
