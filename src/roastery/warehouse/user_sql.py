"""User SQL: one SELECT over curated names and nothing else, judged by DuckDB's own parse of it (law 13).

A second parser would read some texts otherwise than the engine that runs them; the engine's own tree cannot be tricked.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb

from roastery.warehouse.clock import Clock
from roastery.warehouse.errors import BadQuery, UnknownName

TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
SCHEMAS = frozenset({"", "curated", "published"})
NOW = frozenset({"now", "current_timestamp", "get_current_timestamp", "transaction_timestamp"})
TODAY = frozenset({"today", "current_date"})
# These read settings, or run SQL out of a string.
FORBIDDEN = frozenset({"getvariable", "current_setting", "query", "query_table", "current_query"})
CALL = re.compile(rb"\w+(\s*\(\s*\))?")

Node = dict[str, Any]


def checked(sql: str, tables: Iterable[str], clock: Clock, time_zone: str, root: duckdb.DuckDBPyConnection) -> str:
    """The statement as it may be run, its idea of now replaced by the clock's (law 16).

    Errors: BadQuery for anything but one SELECT, UnknownName for a table that is not curated.
    """
    tables = frozenset(tables)
    sql = sql.strip().rstrip("; \n")
    tree = _tree(sql, root)
    nodes = list(_nodes(tree))
    own = {entry["key"].lower() for node in nodes for entry in _ctes(node)}
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            _check_table(node, tables, own)
        elif node.get("type") == "SHOW_REF" and node.get("show_type") not in ("DESCRIBE", "SUMMARY"):
            raise BadQuery("Only a SELECT can be run here; see the tables' names with `roastery sql`'s help.")
    sources = {n["function"]["function_name"].lower() for n in nodes if n.get("type") == "TABLE_FUNCTION"}
    if wrong := sorted(sources - TABLE_FUNCTIONS):
        raise BadQuery(f"'{wrong[0]}' cannot be read from; only curated tables can.", allowed=sorted(tables))
    _check_functions({n["function_name"].lower() for n in nodes if "function_name" in n} - sources, root)
    return _with_clock(sql, nodes, clock, time_zone)


def _tree(sql: str, root: duckdb.DuckDBPyConnection) -> Node:
    row = root.cursor().execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchone()
    tree: Node = json.loads(row[0]) if row else {}
    if tree.get("error"):
        if tree.get("error_type") == "parser":
            raise BadQuery(f"This SQL cannot be read: {str(tree.get('error_message')).splitlines()[0]}")
        raise BadQuery("Only a SELECT can be run here; the warehouse is read-only.")
    if len(tree["statements"]) != 1:
        raise BadQuery("Give exactly one SELECT statement.")
    return tree


def _nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from _nodes(part)


def _ctes(node: Node) -> list[Node]:
    found: list[Node] = (node.get("cte_map") or {}).get("map") or []
    return found


def _check_table(node: Node, tables: frozenset[str], own: set[str]) -> None:
    schema, table = node["schema_name"].lower(), node["table_name"].lower()
    if node["catalog_name"] or schema not in SCHEMAS:
        raise UnknownName("table", ".".join(p for p in (node["catalog_name"], schema, table) if p), tables)
    if table not in tables and not (schema == "" and table in own):
        raise UnknownName("table", table, tables)


def _check_functions(called: set[str], root: duckdb.DuckDBPyConnection) -> None:
    """Functions give the same for the same rows; the clock's are replaced, the others' values change or look beyond."""
    volatile = root.cursor().execute(
        "SELECT function_name FROM duckdb_functions() WHERE list_contains($called, function_name) "
        "GROUP BY ALL HAVING bool_and(coalesce(stability, 'CONSISTENT') <> 'CONSISTENT')",
        {"called": sorted(called)},
    )
    wrong = sorted(({row[0] for row in volatile.fetchall()} | (called & FORBIDDEN)) - NOW - TODAY)
    if wrong:
        raise BadQuery(
            f"'{wrong[0]}' cannot be used here: it gives other values each time, or looks beyond the tables."
        )


def _with_clock(sql: str, nodes: list[Node], clock: Clock, time_zone: str) -> str:
    """Put the clock's instant and day in place of now() and current_date."""
    text = sql.encode()
    now = f"TIMESTAMPTZ '{clock.now().isoformat()}'".encode()
    today = f"DATE '{clock.today(time_zone).isoformat()}'".encode()
    places: list[tuple[int, str]] = []
    for node in nodes:
        names = node.get("column_names") or [node.get("function_name", "")]
        if len(names) == 1 and names[0].lower() in NOW | TODAY and "query_location" in node:
            places.append((node["query_location"], names[0].lower()))
    for at, name in sorted(places, reverse=True):
        found = CALL.match(text, at)
        if found and found.group().lower().startswith(name.encode()):
            text = text[:at] + (today if name in TODAY else now) + text[found.end() :]
    return text.decode()
