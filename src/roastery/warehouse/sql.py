"""Names and texts as SQL writes them."""


def quoted(text: str) -> str:
    """A SQL string literal.

    >>> quoted("O'Hare")
    "'O''Hare'"
    """
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """A SQL identifier."""
    return '"' + column.replace('"', '""') + '"'
