# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Folding what has just arrived: only the rows of a contract that changed records give, or gave, are replaced.

Most fills make each row of one record or one partition day (Fill.is_local), so what changed are the rows that the last
version gave and those that the new one gives. A contract is folded whole where a fill is otherwise, where a layer is
new, or where a record that did not change has a say in one of the keys too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from roastery.warehouse import fold
from roastery.warehouse.changes import Changes
from roastery.warehouse.contracts import Contract, Fill
from roastery.warehouse.increments import replace_rows
from roastery.warehouse.scalar import count
from roastery.warehouse.sizes import Sizes
from roastery.warehouse.sql import name, quoted
from roastery.warehouse.state import IMPORT

# What changed: keyed records by their key, partitioned ones by their day; a read marker alone changes its day too.
UNITS = """
CREATE OR REPLACE TEMP TABLE changed_units AS
SELECT DISTINCT connection_id, resource, key, partition_scope AS scope, partition_day AS day
FROM (
    SELECT connection_id, resource, key, NULL AS partition_scope, NULL::DATE AS partition_day
    FROM raw.records WHERE seq > {since} AND partition_day IS NULL AND resource NOT IN {whole}
    UNION ALL
    SELECT connection_id, resource, NULL, partition_scope, partition_day
    FROM raw.records WHERE seq > {since} AND partition_day IS NOT NULL AND resource NOT IN {whole}
    UNION ALL
    SELECT connection_id, resource, NULL, NULL, NULL FROM raw.records WHERE seq > {since} AND resource IN {whole}
    UNION ALL
    SELECT connection_id, resource, NULL, partition_scope, partition_day FROM raw.reads WHERE seq > {since})
"""

UNIT_RECORDS = """
CREATE OR REPLACE TEMP TABLE unit_records AS
SELECT r.* FROM raw.records r SEMI JOIN (FROM changed_units WHERE day IS NULL) u
  ON u.key = r.key AND u.resource = r.resource AND u.connection_id = r.connection_id
WHERE r.partition_day IS NULL AND r.resource IN {resources}
UNION ALL
SELECT r.* FROM raw.records r SEMI JOIN (FROM changed_units WHERE day IS NOT NULL) u
  ON u.day = r.partition_day AND u.scope = r.partition_scope AND u.resource = r.resource
 AND u.connection_id = r.connection_id
WHERE r.partition_day IS NOT NULL AND r.resource IN {resources}
"""


@dataclass(frozen=True)
class Folding:
    """What folding a contract needs to know. resources: all that may fill it; since: the sequence number of before.

    whole: resources most of whose records have just arrived; what changed in them was not looked up.
    """

    contract: Contract
    resources: Sequence[str]
    fills: Sequence[Fill]
    currency: str
    now: datetime
    since: int
    sizes: Sizes
    whole: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether so much has arrived that finding what changed takes longer than folding everything."""
        return not self.whole.isdisjoint(self.resources)

    @property
    def table(self) -> str:
        return f"curated.{self.contract.name}"

    @property
    def keys(self) -> str:
        return ", ".join(name(k) for k in self.contract.key)

    @property
    def matches(self) -> str:
        """SQL: a row of the contract has one of `keys`."""
        if len(self.contract.key) == 1:
            return f"{self.keys} IN (SELECT {self.keys} FROM keys)"
        return f"({self.keys}) IN (SELECT ({self.keys}) FROM keys)"


def read_arrivals(cursor: duckdb.DuckDBPyConnection, since: int, sizes: Sizes) -> frozenset[str]:
    """Write changed_units, and unit_records with every version of them; gives the resources that are left out.

    A file of millions of rows would be copied, and its keys sorted, only to find that everything changed.
    """
    whole = _whole(cursor, since, sizes)
    cursor.execute(UNITS.format(since=since, whole=_listed(whole)))
    resources = {row[0] for row in cursor.execute("SELECT DISTINCT resource FROM changed_units").fetchall()}
    cursor.execute(UNIT_RECORDS.format(resources=_listed(resources - whole)))
    return whole


def _whole(cursor: duckdb.DuckDBPyConnection, since: int, sizes: Sizes) -> frozenset[str]:
    """Resources of which more records arrived than can be told one by one, and a large share of all."""
    many = cursor.execute(
        "SELECT resource, count(*) FROM raw.records WHERE seq > ? GROUP BY resource HAVING count(*) > ?",
        [since, sizes.most_keys],
    ).fetchall()
    found = set()
    for resource, arrived in many:
        there = count(cursor, f"SELECT count(*) FROM raw.records WHERE resource = {quoted(resource)}")
        if arrived * sizes.fold_share > there:
            found.add(resource)
    return frozenset(found)


def _listed(resources: Iterable[str]) -> str:
    return f"({', '.join(quoted(r) for r in sorted(resources)) or quoted('')})"


def fold_arrivals(cursor: duckdb.DuckDBPyConnection, folding: Folding, changes: Changes) -> int:
    """Bring a contract's table up to what has arrived; gives how many of the rows made are at fault."""
    layers = _changed_layers(cursor, folding)
    if layers is None:
        return _fold_whole(cursor, folding, changes)
    _read_units(cursor, folding, layers)
    _forget_faults(cursor, folding)
    at_fault = fold.set_aside(cursor, folding.contract, folding.now)
    keys = folding.keys
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE keys AS SELECT {keys} FROM folding_before UNION SELECT {keys} FROM folding"
    )
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE were_rows AS SELECT * FROM {folding.table} WHERE {folding.matches}")
    if _is_shared(cursor, folding):
        fold.read_current(cursor, folding.resources)
        at_fault = _fold(cursor, folding)
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE now_rows AS SELECT * FROM {folding.table} WHERE {folding.matches}"
        )
        changes.part(
            folding.table,
            "(FROM were_rows EXCEPT ALL FROM now_rows) UNION ALL (FROM now_rows EXCEPT ALL FROM were_rows)",
        )
        return at_fault
    made = fold.curated_select(cursor, folding.contract, folding.currency)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE now_rows AS {made}")
    replace_rows(cursor, folding.table, (folding.matches,), changes)
    return at_fault


def _read_units(cursor: duckdb.DuckDBPyConnection, folding: Folding, layers: Sequence[tuple[int, str, int]]) -> None:
    """Write folding_before and folding: the rows of changed units as they were and as they are."""
    own = [
        (rank, fold.layer(folding.contract, folding.fills, fill_no, connection, "unit_records"))
        for rank, connection, fill_no in layers
    ]
    for into, until in (("folding_before", folding.since), ("folding", fold.LAST)):
        fold.read_current(cursor, folding.resources, "unit_records", until)
        fold.read_layers(cursor, folding.contract, own, into)


def _forget_faults(cursor: duckdb.DuckDBPyConnection, folding: Folding) -> None:
    """Take what the rows of before had in quarantine out of it, and those without a key out of folding_before."""
    cursor.execute(
        """DELETE FROM meta.quarantine WHERE contract = ? AND batch_id IS NULL
        AND record::VARCHAR IN (SELECT to_json(folding_before)::VARCHAR FROM folding_before)""",
        [folding.contract.name],
    )
    cursor.execute(f"DELETE FROM folding_before WHERE {fold.keyless_condition(folding.contract)}")


def _changed_layers(cursor: duckdb.DuckDBPyConnection, folding: Folding) -> list[tuple[int, str, int]] | None:
    """(rank, connection, fill number) of the layers that changed; None when the contract has to be folded whole."""
    if folding.is_whole:
        return None
    units = count(
        cursor,
        "SELECT count(*) FROM changed_units WHERE list_contains(?, resource)",
        [list(folding.resources)],
    )
    if units * folding.sizes.fold_share > count(cursor, f"SELECT count(*) FROM {folding.table}"):
        return None
    arrived = set(cursor.execute("SELECT DISTINCT connection_id, resource FROM changed_units").fetchall())
    known: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
    for rank, connection, resource, fill_no in cursor.execute(
        "SELECT rank, connection_id, resource, fill_no FROM meta.layers WHERE contract = ? ORDER BY rank",
        [folding.contract.name],
    ).fetchall():
        fill = None if fill_no == fold.OF_IMPORTS else folding.fills[fill_no]
        if fill and not fill.is_local and any((connection, read) in arrived for read in fill.reads):
            return None
        known.setdefault((connection, resource), []).append((rank, connection, fill_no))
    filling = {fill.resource for fill in folding.fills}
    found: list[tuple[int, str, int]] = []
    for connection, resource in sorted(arrived):
        fills_it = resource in filling or (connection == IMPORT and resource == folding.contract.name)
        if (connection, resource) in known:
            found += known[connection, resource]
        elif fills_it:
            return None
    return sorted(found) or None


def _is_shared(cursor: duckdb.DuckDBPyConnection, folding: Folding) -> bool:
    """Whether a record that did not change has a say in one of the keys too."""
    keys = folding.keys
    is_occupied = count(
        cursor, f"SELECT count(*) FROM (SELECT {keys} FROM were_rows EXCEPT SELECT {keys} FROM folding_before)"
    )
    return bool(is_occupied) or bool(
        count(
            cursor,
            f"SELECT count(*) FROM meta.several WHERE contract = ? AND key_hash IN (SELECT hash({keys}) FROM keys)",
            [folding.contract.name],
        )
    )


def _fold(cursor: duckdb.DuckDBPyConnection, folding: Folding) -> int:
    found = fold.layers(cursor, folding.contract, folding.fills)
    return fold.fold(cursor, folding.contract, found, folding.currency, folding.now)


def _fold_whole(cursor: duckdb.DuckDBPyConnection, folding: Folding, changes: Changes) -> int:
    """Fold every record; a table of moderate size is compared with what it was."""
    fold.read_current(cursor, folding.resources)
    if folding.is_whole or count(cursor, f"SELECT count(*) FROM {folding.table}") > folding.sizes.compared_rows:
        changes.whole(folding.table)
        return _fold(cursor, folding)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE were_rows AS FROM {folding.table}")
    at_fault = _fold(cursor, folding)
    cursor.execute("DELETE FROM meta.signatures WHERE table_name = ?", [folding.table])
    changes.part(
        folding.table,
        f"(FROM were_rows EXCEPT ALL FROM {folding.table}) UNION ALL (FROM {folding.table} EXCEPT ALL FROM were_rows)",
    )
    cursor.execute("DROP TABLE temp.were_rows")
    return at_fault
