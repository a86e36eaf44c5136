# ruff: noqa: S608 (names in SQL come from contracts and code; what a person gives is bound or quoted)
"""Runs one step of the build for the keys that a change reaches, or whole where that is quicker or alone right."""

import re
from collections.abc import Mapping, Sequence

import duckdb

from roastery.warehouse.affected import Partly
from roastery.warehouse.changes import Changes
from roastery.warehouse.scalar import count
from roastery.warehouse.sizes import Sizes
from roastery.warehouse.steps import PARTLY, Step


def run_step(cursor: duckdb.DuckDBPyConnection, step: Step, changes: Changes, sizes: Sizes) -> bool:
    """Bring a step's table up to date with what changed in its inputs; True when its rows differ now."""
    changed = changes.among(step.reads)
    if not changed:
        return False
    table = step.makes[0]
    partly = PARTLY.get(table)
    if partly and all(how == "part" and name in partly.keys for name, how in changed.items()):
        _find_keys(cursor, partly, list(changed), changes, sizes.most_keys)
        found = count(cursor, "SELECT count(*) FROM keys")
        if not found:
            return False
        if found <= sizes.most_keys:
            return _replace_keys(cursor, step, partly, changes)
    return _anew(cursor, step, changes, sizes.compared_rows)


def _find_keys(
    cursor: duckdb.DuckDBPyConnection, partly: Partly, changed: Sequence[str], changes: Changes, most: int
) -> None:
    """Write keys: those that changed inputs reach, and what belongs with them."""
    selects = [partly.keys[name] for name in changed]
    changes.ensure_named([*selects, *partly.more])
    found = " UNION ".join(f"SELECT * FROM ({select}) s(key)" for select in selects)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE keys AS SELECT key FROM ({found}) WHERE key IS NOT NULL")
    size, before = count(cursor, "SELECT count(*) FROM keys"), -1
    while partly.more and before < size <= most and size:
        before = size
        for select in partly.more:
            cursor.execute(
                f"INSERT INTO keys SELECT DISTINCT key FROM ({select}) s(key) "
                "WHERE key IS NOT NULL AND key NOT IN (SELECT key FROM keys)"
            )
        size = count(cursor, "SELECT count(*) FROM keys")


def _replace_keys(cursor: duckdb.DuckDBPyConnection, step: Step, partly: Partly, changes: Changes) -> bool:
    table = step.makes[0]
    own = " OR ".join(f"({condition})" for condition in partly.own)
    for name, select in partly.narrow.items():
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {narrowed_name(name)} AS {select}")
    if step.run is not None:
        step.run(cursor, into="made", **{name.split(".")[1]: narrowed_name(name) for name in partly.narrow})
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE now_rows AS FROM made WHERE {own}")
    else:
        cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE now_rows AS SELECT * FROM ({narrowed(step.sql, partly.narrow)}) WHERE {own}"
        )
    were = " UNION ALL ".join(f"SELECT * FROM {table} WHERE {condition}" for condition in partly.own)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE were_rows AS {were}")
    differs = replace_rows(cursor, table, partly.own, changes)
    for name in ("keys", "made", "now_rows", "were_rows", *map(narrowed_name, partly.narrow)):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
    return differs


def replace_rows(cursor: duckdb.DuckDBPyConnection, table: str, own: Sequence[str], changes: Changes) -> bool:
    """Put now_rows in the place of were_rows, which are those of `own`, where they differ; True when they do."""
    order = "BY NAME"
    if not changes.part(
        table,
        f"""(SELECT * FROM were_rows EXCEPT ALL SELECT * FROM now_rows)
        UNION ALL {order} (SELECT * FROM now_rows EXCEPT ALL SELECT * FROM were_rows)""",
    ):
        return False
    for condition in own:
        cursor.execute(f"DELETE FROM {table} WHERE {condition}")
    cursor.execute(f"INSERT INTO {table} BY NAME FROM now_rows")
    # What is known of the table as a whole no longer holds.
    cursor.execute("DELETE FROM meta.signatures WHERE table_name = ?", [table])
    return True


def _anew(cursor: duckdb.DuckDBPyConnection, step: Step, changes: Changes, compared_rows: int) -> bool:
    """Make a table anew; one of moderate size is compared with what it was."""
    table = step.makes[0]
    if count(cursor, f"SELECT count(*) FROM {table}") > compared_rows:
        make(cursor, step)
        changes.whole(table)
        return True
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE were_rows AS FROM {table}")
    make(cursor, step)
    cursor.execute("DELETE FROM meta.signatures WHERE table_name = ?", [table])
    differs = changes.part(
        table,
        f"(FROM were_rows EXCEPT ALL FROM {table}) UNION ALL (FROM {table} EXCEPT ALL FROM were_rows)",
    )
    cursor.execute("DROP TABLE temp.were_rows")
    return differs


def make(cursor: duckdb.DuckDBPyConnection, step: Step) -> None:
    """Make a step's table anew from all of its inputs."""
    if step.run is not None:
        step.run(cursor)
    else:
        cursor.execute(f"CREATE OR REPLACE TABLE {step.makes[0]} AS {step.sql}")


def narrowed_name(table: str) -> str:
    """
    >>> narrowed_name("curated.sales")
    'n_curated_sales'
    """
    return f"n_{table.replace('.', '_')}"


def narrowed(sql: str, narrow: Mapping[str, str]) -> str:
    """A step's SQL over narrowed inputs.

    >>> narrowed("SELECT * FROM curated.sales s JOIN curated.sales_more", {"curated.sales": ""})
    'SELECT * FROM n_curated_sales s JOIN curated.sales_more'
    """
    for table in narrow:
        sql = re.sub(rf"\b{re.escape(table)}\b(?!_)", narrowed_name(table), sql)
    return sql
