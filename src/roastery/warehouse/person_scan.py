# ruff: noqa: S608 (table names come from the catalogue; what a person gives is bound)
"""A logical scan for a person: every row of every table of the file, raw and working tables too, is read as text."""

from collections.abc import Iterable

import duckdb

from roastery.warehouse.erasing import patterns
from roastery.warehouse.scalar import count
from roastery.warehouse.sql import name

KNOWS_ON_PURPOSE = "meta.suppressions"
"""Holds the keyed hashes by which somebody is kept forgotten."""


def scan(
    cursor: duckdb.DuckDBPyConnection, hashes: Iterable[str], ids: Iterable[str], words: Iterable[str]
) -> dict[str, int]:
    """Rows by table in which a matching hash, an id standing alone, or a word in any case is found; only those."""
    wanted = [*patterns((), ids, words), *(f"(?:{hash_})" for hash_ in dict.fromkeys(hashes))]
    tables = cursor.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() "
        "AND NOT temporary ORDER BY ALL"
    ).fetchall()
    found = {}
    condition = " OR ".join(f"regexp_matches(line, ${number})" for number in range(1, len(wanted) + 1))
    for schema, table in tables:
        if f"{schema}.{table}" == KNOWS_ON_PURPOSE or not wanted:
            continue
        rows = f"SELECT to_json(t)::VARCHAR AS line FROM {name(schema)}.{name(table)} t"
        if rows_found := count(cursor, f"SELECT count(*) FROM ({rows}) WHERE {condition}", wanted):
            found[f"{schema}.{table}"] = rows_found
    return found
