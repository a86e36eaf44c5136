# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Folding: the current raw records of every source become one curated table per contract."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from roastery.warehouse.contracts import Column, Contract, Fill
from roastery.warehouse.errors import BuildFailed
from roastery.warehouse.scalar import count, scalar
from roastery.warehouse.sql import name, quoted
from roastery.warehouse.state import IMPORT

# The version of each record that counts: a keyed record's last one; of a partitioned one, the last of the latest
# completed read of its day (a read that broke off has no marker and does not count). Most records have one version and
# are told by a hash; only those that share theirs are grouped by their text.
CURRENT = """
CREATE OR REPLACE TEMP TABLE current_records AS
WITH last_read AS (
    SELECT connection_id, resource, partition_scope, partition_day, arg_max(read_id, seq) AS read_id
    FROM raw.reads WHERE resource IN {resources} AND seq <= {until}
    GROUP BY ALL),
candidates AS (
    SELECT r.connection_id, r.source, r.resource, r.partition_scope, r.partition_day, r.key, r.seq, r.deleted,
        hash(r.connection_id, r.source, r.resource, r.partition_scope, r.partition_day, r.key) AS hashed
    FROM {records} r LEFT JOIN last_read l
      ON l.connection_id = r.connection_id AND l.resource = r.resource
     AND l.partition_scope = r.partition_scope AND l.partition_day = r.partition_day AND l.read_id = r.read_id
    WHERE r.resource IN {resources} AND r.seq <= {until} AND (r.partition_day IS NULL OR l.read_id IS NOT NULL)),
several AS MATERIALIZED (SELECT hashed FROM candidates GROUP BY hashed HAVING count(*) > 1)
SELECT connection_id, source, resource, seq FROM candidates ANTI JOIN several USING (hashed) WHERE NOT deleted
UNION ALL
SELECT connection_id, source, resource, max(seq) AS seq
FROM candidates SEMI JOIN several USING (hashed)
GROUP BY connection_id, source, resource, partition_scope, partition_day, key
HAVING NOT arg_max(deleted, seq)
"""

RECORDS = """(SELECT r.connection_id, r.key, r.payload, r.landed_at, r.seq
FROM {records} r SEMI JOIN (
    SELECT seq FROM current_records
    WHERE source = {source} AND resource = {resource} AND connection_id = {connection}) c USING (seq)
WHERE r.source = {source} AND r.resource = {resource} AND r.connection_id = {connection})"""


EARLIEST, NEVER = "1900-01-01", "9000-01-01"
"""Days before are how systems write that a day is not known (0001-01-01), days from NEVER on that it never comes; both
are no days: no calendar of Python holds all of them in every zone, and one such row would fail every query."""

RAW = "raw.records"
LAST = 2**62
OF_IMPORTS = -1


@dataclass(frozen=True)
class Layer:
    """One connection's (or the imports') rows of one contract, as a SELECT of its columns.

    fill_no: which of the contract's fills it is, OF_IMPORTS for imports.
    """

    connection_id: str
    source: str
    resource: str
    fill_no: int
    sql: str


def read_current(
    cursor: duckdb.DuckDBPyConnection, resources: Iterable[str], records: str = RAW, until: int = LAST
) -> None:
    """Write current_records, those of a table that count at `until`, and current_origins, whose they are."""
    listed = ", ".join(quoted(r) for r in sorted(set(resources))) or "NULL"
    cursor.execute(CURRENT.format(resources=f"({listed})", records=records, until=until))
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE current_origins AS "
        "SELECT DISTINCT source, resource, connection_id FROM current_records"
    )


def layers(cursor: duckdb.DuckDBPyConnection, contract: Contract, fills: Sequence[Fill]) -> list[Layer]:
    """What fills a contract, weakest first: fills in their order, imports last."""
    present = cursor.execute("SELECT source, resource, connection_id FROM current_origins ORDER BY ALL").fetchall()
    found: list[Layer] = []
    for fill_no, fill in enumerate(fills):
        for source, resource, connection in present:
            if (source, resource) == (fill.source, fill.resource):
                found.append(layer(contract, fills, fill_no, connection))
    if (IMPORT, contract.name, IMPORT) in present:
        found.append(layer(contract, fills, OF_IMPORTS, IMPORT))
    return found


def layer(contract: Contract, fills: Sequence[Fill], fill_no: int, connection: str, records: str = RAW) -> Layer:
    """The layer that one of a contract's fills makes of a connection's current records, or that imports make."""
    if fill_no == OF_IMPORTS:
        rows = _records_of(IMPORT, connection, records)(contract.name)
        return Layer(connection, IMPORT, contract.name, fill_no, import_columns(contract, rows))
    fill = fills[fill_no]
    sql = fill.bound(_records_of(fill.source, connection, records))
    return Layer(connection, fill.source, fill.resource, fill_no, sql)


def _records_of(source: str, connection: str, records: str) -> Callable[[str], str]:
    """The current records of a connection's resource, as a table expression."""

    def of(resource: str) -> str:
        return RECORDS.format(
            records=records, source=quoted(source), resource=quoted(resource), connection=quoted(connection)
        )

    return of


def import_columns(contract: Contract, records: str) -> str:
    """SELECT of a contract's columns out of imported records, which hold them as JSON; each payload is read once."""
    kinds = {"list": '["VARCHAR"]', "json": '"JSON"'}
    shape = ", ".join(f'"{c.name}": {kinds.get(c.type, chr(34) + "VARCHAR" + chr(34))}' for c in contract.columns)
    return f"SELECT unnest(json_transform(payload, {quoted('{' + shape + '}')})) FROM {records}"


def typed(column: Column) -> str:
    """A layer's column in the contract's type; what cannot be read as that type is null and counted as a fault."""
    source = name(column.name)
    if column.type in ("text", "currency"):
        text = f"nullif(trim({source}::VARCHAR), '')"
        text = f"upper({text})" if column.type == "currency" else text
        text = f"replace(lower({text}), ' ', '_')" if column.is_word else text
        return f"coalesce({text}, '')" if column.is_key else text
    read = f"try_cast({source} AS {column.sql_type})"
    if column.type in ("date", "timestamp"):
        return f"CASE WHEN {read} >= {_at(EARLIEST, column)} AND {read} < {_at(NEVER, column)} THEN {read} END"
    return read


def _at(day: str, column: Column) -> str:
    return f"{quoted(day)}::{column.sql_type}"


def fold(
    cursor: duckdb.DuckDBPyConnection, contract: Contract, found: Sequence[Layer], currency: str, now: datetime
) -> int:
    """Make curated.<contract> out of its layers; gives how many rows are at fault.

    A row without a key is kept aside; a value that cannot be read is null in the table and stands in quarantine.
    """
    _note_layers(cursor, contract, found)
    cursor.execute("DELETE FROM meta.several WHERE contract = ?", [contract.name])
    cursor.execute("DELETE FROM meta.quarantine WHERE contract = ? AND batch_id IS NULL", [contract.name])
    if not found:
        cursor.execute(contract.ddl())
        return 0
    if len(found) == 1 and _fold_at_once(cursor, contract, found[0], currency):
        return 0
    read_layers(cursor, contract, list(enumerate(found)), "folding")
    at_fault = set_aside(cursor, contract, now)
    cursor.execute(f"CREATE OR REPLACE TABLE curated.{contract.name} AS {curated_select(cursor, contract, currency)}")
    cursor.execute("DROP TABLE folding")
    return at_fault


def _fold_at_once(cursor: duckdb.DuckDBPyConnection, contract: Contract, own: Layer, currency: str) -> bool:
    """Write the table straight from its one layer, which most large ones have; False where rows of it are at fault or
    share a key (or its hash), or what is old stays out: those are looked at first."""
    if _retained(cursor, contract):
        return False
    rows = _layer_select(cursor, contract, own, 0)
    columns = ", ".join(f"{_with_default(c, currency)} AS {name(c.name)}" for c in contract.columns)
    table = f"curated.{contract.name}"
    cursor.execute(
        f"""CREATE OR REPLACE TABLE {table} AS
        SELECT {columns}, connection_id, connection_source, unreadable FROM ({rows})"""
    )
    keys = ", ".join(name(k) for k in contract.key)
    if scalar(
        cursor,
        f"""SELECT EXISTS (FROM {table} WHERE unreadable <> '' OR {keyless_condition(contract)})
        OR EXISTS (SELECT 1 FROM {table} GROUP BY hash({keys}) HAVING count(*) > 1)""",
    ):
        return False
    cursor.execute(f"ALTER TABLE {table} DROP COLUMN unreadable")
    return True


def _note_layers(cursor: duckdb.DuckDBPyConnection, contract: Contract, found: Sequence[Layer]) -> None:
    cursor.execute("DELETE FROM meta.layers WHERE contract = ?", [contract.name])
    for rank, own in enumerate(found):
        cursor.execute(
            "INSERT INTO meta.layers VALUES (?, ?, ?, ?, ?, ?)",
            [contract.name, rank, own.connection_id, own.source, own.resource, own.fill_no],
        )


def read_layers(
    cursor: duckdb.DuckDBPyConnection, contract: Contract, ranked: Sequence[tuple[int, Layer]], into: str
) -> None:
    """Write a temporary table with the rows of layers, typed as the contract has them; a stronger one ranks higher."""
    selects = [_layer_select(cursor, contract, own, rank) for rank, own in ranked]
    union = "\nUNION ALL BY NAME\n".join(selects)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS {union}")


def curated_select(cursor: duckdb.DuckDBPyConnection, contract: Contract, currency: str) -> str:
    """SELECT of the contract's rows out of `folding`, one per key, in the contract's columns."""
    columns = ", ".join(f"{_with_default(c, currency)} AS {name(c.name)}" for c in contract.columns)
    rows = f"SELECT {columns}, connection_id, connection_source FROM ({_one_per_key(cursor, contract)})"
    return f"{rows}{_retained(cursor, contract)}"


def _retained(cursor: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """SQL: what is older than the organization keeps it stays out, though a source sends it again."""
    if contract.day is None:
        return ""
    column = contract.by_name[contract.day]
    before = "before" if column.type == "date" else "before_at"
    found = scalar(cursor, f"SELECT {before}::VARCHAR FROM meta.retention WHERE dataset = ?", [contract.name])
    if found is None:
        return ""
    return f" WHERE {name(column.name)} IS NULL OR {name(column.name)} >= {quoted(found)}::{column.sql_type}"


def _layer_select(cursor: duckdb.DuckDBPyConnection, contract: Contract, layer: Layer, rank: int) -> str:
    try:
        given = {row[0]: row[1] for row in cursor.execute(f"DESCRIBE {layer.sql}").fetchall()}
    except duckdb.Error as error:
        what = str(error).split("\n", 1)[0]
        raise BuildFailed(f"{layer.source}.{layer.resource} cannot fill {contract.name}: {what}") from error
    columns = [
        f"{typed(c) if c.name in given else f'NULL::{c.sql_type}'} AS {name(c.name)}"
        for c in contract.columns
        if c.name in given or not c.is_key
    ]
    columns += [f"'' AS {name(c.name)}" for c in contract.columns if c.is_key and c.name not in given]
    lineage = f"{quoted(layer.connection_id)} AS connection_id, {quoted(layer.source)} AS connection_source"
    faults = [_unreadable(c) for c in contract.columns if given.get(c.name) == "VARCHAR" and layer.source != IMPORT]
    unreadable = f"concat_ws(', ', {', '.join(f for f in faults if f) or 'NULL'}) AS unreadable"
    return f"SELECT {', '.join(columns)}, {lineage}, {unreadable}, {rank} AS layer_rank FROM ({layer.sql})"


def _unreadable(column: Column) -> str:
    """The column's name where a layer's text is not of its type."""
    if column.sql_type == "VARCHAR":
        return ""
    text = f"nullif(trim({name(column.name)}), '')"
    is_read = f"{typed(column)} IS NOT NULL"
    if column.type in ("date", "timestamp"):
        is_read += f" OR coalesce(try_cast({name(column.name)} AS {column.sql_type}) >= {_at(NEVER, column)}, false)"
    return f"CASE WHEN {text} IS NOT NULL AND NOT ({is_read}) THEN {quoted(column.name)} END"


def keyless_condition(contract: Contract) -> str:
    """SQL: a row without a usable key."""
    faults = [f"{name(c.name)} IS NULL" for c in contract.columns if c.is_key and c.sql_type != "VARCHAR"]
    texts = [f"{name(c.name)} = ''" for c in contract.columns if c.is_key and c.sql_type == "VARCHAR"]
    if len(texts) == len(contract.key):
        faults.append(" AND ".join(texts))
    return " OR ".join(f"({fault})" for fault in faults)


def set_aside(cursor: duckdb.DuckDBPyConnection, contract: Contract, now: datetime) -> int:
    """Note rows of `folding` that are at fault in quarantine and take those without a usable key out."""
    keyless = keyless_condition(contract)
    at_fault = count(
        cursor,
        f"""INSERT INTO meta.quarantine
        SELECT NULL, $contract, connection_source, NULL,
               CASE WHEN {keyless} AND coalesce(unreadable, '') = '' THEN $key ELSE unreadable END,
               CASE WHEN NOT ({keyless}) THEN 'The value cannot be read; it counts as empty.'
                    WHEN unreadable <> '' THEN 'The key cannot be read; the row is left out.'
                    ELSE 'The key is missing.' END,
               to_json(folding), $now::TIMESTAMPTZ
        FROM folding WHERE unreadable <> '' OR {keyless}""",
        {"contract": contract.name, "key": ", ".join(contract.key), "now": now.isoformat()},
    )
    if at_fault:
        cursor.execute(f"DELETE FROM folding WHERE {keyless}")
    return at_fault


def _one_per_key(cursor: duckdb.DuckDBPyConnection, contract: Contract) -> str:
    """Rows of one key from several records become one: in each column the strongest that has a value wins.

    Hashes of such keys are kept in meta.several.
    """
    keys = ", ".join(name(k) for k in contract.key)
    found = count(
        cursor,
        f"INSERT INTO meta.several SELECT ?, hash({keys}) FROM folding GROUP BY ALL HAVING count(*) > 1",
        [contract.name],
    )
    if not found:
        return "SELECT * EXCLUDE (layer_rank, unreadable) FROM folding"
    others = [c.name for c in contract.columns if not c.is_key] + ["connection_id", "connection_source"]
    merged = ", ".join(f"arg_max({name(c)}, strength) AS {name(c)}" for c in others)
    return f"""
    WITH several AS (SELECT {keys} FROM folding GROUP BY ALL HAVING count(*) > 1),
    ordered AS (
        SELECT f.*, row_number() OVER (ORDER BY layer_rank, to_json(f)::VARCHAR) AS strength
        FROM folding f SEMI JOIN several USING ({keys}))
    SELECT * EXCLUDE (layer_rank, unreadable) FROM folding ANTI JOIN several USING ({keys})
    UNION ALL BY NAME
    SELECT {keys}, {merged} FROM ordered GROUP BY {keys}"""


def _with_default(column: Column, currency: str) -> str:
    if column.type == "currency" and not column.is_key and column.follows is None:
        return f"coalesce({name(column.name)}, {quoted(currency)})"
    if column.default is not None:
        return f"coalesce({name(column.name)}, {quoted(column.default)}::{column.sql_type})"
    return name(column.name)
