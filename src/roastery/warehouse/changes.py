"""What has changed since the derived tables were last made: of each table all of it, or the rows that differ.

Rows that differ stand in delta.<table>, both as they were and as they are now. They outlast the transaction when a
build ends with its facts, so that whatever is derived from them later sees every change once.
"""

import re
from collections.abc import Iterable
from typing import Literal

import duckdb

from roastery.warehouse.scalar import count
from roastery.warehouse.sql import name

How = Literal["whole", "part"]

COLUMNS = """SELECT column_name, data_type FROM duckdb_columns()
    WHERE database_name = current_database() AND schema_name = ? AND table_name = ? ORDER BY column_index"""
DELTA = re.compile(r"\bdelta\.([a-z]+)_(\w+)")


def delta_of(table: str) -> str:
    """The table of the rows of another one that differ.

    >>> delta_of("curated.sales")
    'delta.curated_sales'
    """
    return f"delta.{table.replace('.', '_')}"


class Changes:
    """Which tables changed and how, inside one transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self.how: dict[str, How] = {}

    @classmethod
    def pending(cls, cursor: duckdb.DuckDBPyConnection) -> "Changes":
        """What earlier builds have left to derive from."""
        changes = cls(cursor)
        changes.how = dict(cursor.execute("SELECT table_name, how FROM meta.pending").fetchall())
        return changes

    def whole(self, table: str) -> None:
        """All of a table may differ."""
        self.how[table] = "whole"

    def part(self, table: str, rows: str) -> bool:
        """Add rows (SELECT) that a table had or has; False when there are none."""
        self.ensure(table)
        if not count(self._cursor, f"INSERT INTO {delta_of(table)} {rows}"):
            return False
        self.how.setdefault(table, "part")
        return True

    def ensure(self, *tables: str) -> None:
        """Have a table of differing rows, empty where nothing differs."""
        for table in tables:
            schema, _, plain = table.partition(".")
            columns = self._cursor.execute(COLUMNS, [schema, plain]).fetchall()
            # Not CREATE … AS … LIMIT 0: such a table, filled with more than a row group in the same transaction, gives
            # no rows when it is read, though it counts them (seen with DuckDB 2.0).
            made = ", ".join(f"{name(column)} {kind}" for column, kind in columns)
            self._cursor.execute(f"CREATE TABLE IF NOT EXISTS {delta_of(table)} ({made})")

    def ensure_named(self, statements: Iterable[str]) -> None:
        """ensure() for every delta table that SQL names."""
        for statement in statements:
            self.ensure(*(f"{schema}.{table}" for schema, table in DELTA.findall(statement)))

    def among(self, tables: Iterable[str]) -> dict[str, How]:
        return {table: self.how[table] for table in tables if table in self.how}

    def keep(self) -> None:
        """Leave everything to be derived from later."""
        self._cursor.execute("DELETE FROM meta.pending")
        for table, how in sorted(self.how.items()):
            self._cursor.execute("INSERT INTO meta.pending VALUES (?, ?)", [table, how])

    def clear(self) -> None:
        """Everything has been derived."""
        self._cursor.execute("DELETE FROM meta.pending")
        names = self._cursor.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'delta'").fetchall()
        for (delta,) in names:
            self._cursor.execute(f"DROP TABLE delta.{delta}")
