"""Figures that arrive as text, as SQL: what is no number is passed on as it came, for the build to set it aside.

A column that gets such a text stands in quarantine with it and is null, instead of a sum without it; and no cast fails,
since one bad value would stop the good ones. Where a figure is made of several texts, the unreadable one is carried
beside it (`unread`, `unread_in`) and put in its place at the end (`noted`).
"""

from collections.abc import Sequence

DECIMAL = "DECIMAL(18,6)"
WHOLE = "BIGINT"


def number(text: str, kind: str = DECIMAL) -> str:
    """SQL: a text's value, null where it is none; only where `readable` or `unread` looks after the same text.

    >>> number("x->>'$.amount'")
    "TRY_CAST(x->>'$.amount' AS DECIMAL(18,6))"
    """
    return f"TRY_CAST({text} AS {kind})"


def unread(texts: Sequence[str], kind: str = DECIMAL) -> str:
    """SQL: the first of some texts that is there and no number, else null."""
    bad = [f"CASE WHEN {text} IS NOT NULL AND {number(text, kind)} IS NULL THEN {text} END" for text in texts]
    return f"coalesce({', '.join(bad)}, NULL)"


def noted(value: str, *unread: str) -> str:
    """SQL: a value as text; in its place the first unreadable text of those that it is made of, where there is one."""
    return f"coalesce({', '.join([*unread, f'CAST({value} AS VARCHAR)'])})"


def readable(value: str, texts: Sequence[str], kind: str = DECIMAL) -> str:
    """SQL: a value made of some texts, as text; in its place the first of them that is there and no number."""
    return noted(value, unread(texts, kind))


def listed(json: str) -> str:
    """SQL: a JSON array as a list of its items, null where it is none."""
    return f"from_json({json}, '[\"JSON\"]')"


def total_in(items: str, text: str, kind: str = DECIMAL) -> str:
    """SQL: the exact sum of the numbers in `text` (an expression of `x`) over a list, null for no list."""
    return f"list_sum(list_transform({items}, lambda x: {number(text, kind)}))"


def unread_in(items: str, text: str, kind: str = DECIMAL) -> str:
    """SQL: the first text over a list that is there and no number, else null."""
    return f"list_filter(list_transform({items}, lambda x: {unread([text], kind)}), lambda x: x IS NOT NULL)[1]"
