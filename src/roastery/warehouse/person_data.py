# ruff: noqa: S608 (names in SQL come from contracts and the catalogue; what a person gives is bound)
"""Everything that is held of one person, as plain JSON with personal values opened: what an export gives."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.erasing import candidates
from roastery.warehouse.forgetting import read_json
from roastery.warehouse.person import Person
from roastery.warehouse.privacy import PREFIX, Sealer, hash_of
from roastery.warehouse.sql import name

# What belongs to a person through something of theirs: (table, its column, the table of theirs, the key of that).
THROUGH = (
    ("transaction_lines", "transaction_id", "transactions", "transaction_id"),
    ("refunds", "transaction_id", "transactions", "transaction_id"),
    ("shipments", "transaction_id", "transactions", "transaction_id"),
    ("returns", "transaction_id", "transactions", "transaction_id"),
    ("subscription_events", "subscription_id", "subscriptions", "subscription_id"),
    ("proposals", "opportunity_id", "opportunities", "opportunity_id"),
    ("sale_lines", "sale_id", "sales", "sale_id"),
    ("sale_refunds", "sale_id", "sales", "sale_id"),
    ("attribution_credits", "sale_id", "sales", "sale_id"),
)
NAMING = ("customer_id", "other_customer_id", "person_id")


def everything(cursor: duckdb.DuckDBPyConnection, sealer: Sealer, person: Person) -> dict[str, list[dict[str, Any]]]:
    """Rows by dataset and built table, and `as_received` with the records as their sources sent them."""
    opened = _Opened(sealer)
    hashes = [hash_of(sealed) for sealed in person.sealed]
    bound = {"records": list(person.records) or [""], "devices": list(person.devices) or [""]}
    found: dict[str, list[dict[str, Any]]] = {}
    for table, columns in _tables(cursor).items():
        conditions = [f"{name(c)} IN (SELECT unnest($records))" for c in NAMING if c in columns]
        if "anonymous_id" in columns:
            # A device that others use too tells of them as well: rows with somebody else's id stay out.
            nobody = " AND customer_id IS NULL" if "customer_id" in columns else ""
            conditions.append(f"(anonymous_id IN (SELECT unnest($devices)){nobody})")
        if table == "web_events":
            conditions.append("split_part(email, ':', 3) IN (SELECT unnest($hashes))")
        for child, column, parent, key in THROUGH:
            if child == table and "customer_id" not in columns:
                theirs = f"SELECT {key} FROM curated.{parent} WHERE customer_id IN (SELECT unnest($records))"
                conditions.append(f"{column} IN ({theirs})")
        if not conditions:
            continue
        where = " OR ".join(conditions)
        used = {k: v for k, v in (bound | {"hashes": hashes or [""]}).items() if f"${k}" in where}
        rows = cursor.sql(f"SELECT * FROM curated.{name(table)} WHERE {where} ORDER BY ALL", params=used)
        if listed := [opened.plain(row) for row in rows.to_arrow_table().to_pylist()]:
            found[table] = listed
    found["as_received"] = [
        {"source": source, "resource": resource, "key": key, "record": opened.plain(read_json(text))}
        for _, source, resource, key, text in candidates(
            cursor, [h for h in hashes if h not in person.shared], person.records, ()
        )
    ]
    return found


def _tables(cursor: duckdb.DuckDBPyConnection) -> Mapping[str, frozenset[str]]:
    """Curated tables with their columns, contracts first; views would say the same again."""
    rows = cursor.execute(
        "SELECT t.table_name, list(c.column_name) FROM duckdb_tables() t JOIN duckdb_columns() c "
        "ON c.table_oid = t.table_oid AND c.database_name = t.database_name WHERE t.schema_name = 'curated' "
        "AND t.database_name = current_database() GROUP BY t.table_name"
    ).fetchall()
    built = {table: frozenset(columns) for table, columns in rows}
    ordered: Iterable[str] = (*(c for c in CONTRACTS if c in built), *sorted(built.keys() - CONTRACTS.keys()))
    return {table: built[table] for table in ordered}


class _Opened:
    """Values as JSON has them, sealed ones opened."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def plain(self, value: Any) -> Any:
        if isinstance(value, str):
            if value.startswith(PREFIX):
                return self._sealer.open(value)
            return value.removeprefix("\x00")
        if isinstance(value, Mapping):
            return {key: self.plain(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(inner) for inner in value]
        if isinstance(value, datetime | date):
            return value.isoformat()
        if value is None or isinstance(value, bool | int):
            return value
        return format(value, "f") if isinstance(value, Decimal) else str(value)
