"""Figures that arrive as text, as SQL: what is no number is passed on as it came, for the build to set it aside."""

from collections.abc import Sequence

DECIMAL = "DECIMAL(18,6)"


def number(text: str, kind: str = DECIMAL) -> str:
    """SQL: a text's value, null where it is none; only where `readable` looks after the same text.

    >>> number("x->>'$.amount'")
    "TRY_CAST(x->>'$.amount' AS DECIMAL(18,6))"
    """
    return f"TRY_CAST({text} AS {kind})"


def readable(value: str, texts: Sequence[str], kind: str = DECIMAL) -> str:
    """SQL: a value made of some texts, as text; in its place the first of them that is there and no number.

    A column that gets such a text stands in quarantine with it and is null, instead of a sum without it.
    """
    bad = [f"CASE WHEN {text} IS NOT NULL AND {number(text, kind)} IS NULL THEN {text} END" for text in texts]
    return f"coalesce({', '.join(bad)}, CAST({value} AS VARCHAR))"
