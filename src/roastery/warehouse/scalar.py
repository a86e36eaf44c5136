"""One value out of one SELECT, fetched whole."""

from typing import Any

import duckdb


def scalar(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> Any:
    """The first column of the first row, None when there is none.

    Fetched whole: with a result left open, DuckDB refuses to register the next table on this cursor.
    """
    rows = cursor.execute(sql, parameters).fetchall()
    return rows[0][0] if rows else None


def count(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Any = None) -> int:
    """A whole number; 0 when there is no row or it is null."""
    return int(scalar(cursor, sql, parameters) or 0)
