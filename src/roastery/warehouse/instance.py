"""One organization's DuckDB instance: its own file, locked down (law 13)."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from roastery.warehouse.errors import BrokenFile, Busy, QueryTimeout
from roastery.warehouse.schema import SCHEMA_VERSION, TABLES
from roastery.warehouse.sql import quoted

CATALOG = "warehouse"
ROW_GROUP_ROWS = 16_384
"""DuckDB gives each thread whole row groups: with its default of 122,880 rows a company of 50,000 orders uses one."""

THREADS = max(2, min(os.cpu_count() or 2, 8))
"""Of one instance."""

PREPARED = "LOAD icu; SET GLOBAL TimeZone='UTC'; SET GLOBAL python_enable_replacements=false"
LOCK_DOWN = "SET GLOBAL enable_external_access=false; SET GLOBAL lock_configuration=true"


def blank(memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    """A DuckDB instance without a file, not yet locked down. Making one costs most of what opening a file does."""
    config: dict[str, str | bool | int | float | list[str]] = {"threads": THREADS}
    if memory_limit:
        config["memory_limit"] = memory_limit
    root = duckdb.connect(config=config)
    root.execute(PREPARED)
    return root


class Instance:
    """An open file. One landing at a time (write_lock), one build (build_lock), two slow queries (heavy).

    root: a blank instance, which belongs to this file from now on.
    """

    def __init__(self, organization_id: str, path: Path, root: duckdb.DuckDBPyConnection) -> None:
        self.organization_id = organization_id
        self.write_lock = threading.RLock()
        self.build_lock = threading.RLock()
        self.heavy = threading.BoundedSemaphore(2)
        self.version = object()
        """Another one after every commit. This process alone writes the file, so what was read under it still holds."""
        self.kept: dict[str, tuple[object, Any]] = {}
        """What was read once per commit, by name, with the version that it was read under."""
        self.forgot = 0
        """How many of the organization's erasures this file is known to have seen."""
        self.root = root
        root.execute(f"SET GLOBAL temp_directory={quoted(f'{path}.tmp')}")
        try:
            self.root.execute(
                f"ATTACH {quoted(str(path))} AS {CATALOG} (ROW_GROUP_SIZE {ROW_GROUP_ROWS}); USE {CATALOG}"
            )
        except duckdb.Error as error:
            self.root.close()
            what = str(error).split("\n", 1)[0]
            if "lock" in what.lower():
                raise Busy(f"The warehouse of '{organization_id}' is open in another process.") from error
            raise BrokenFile(
                f"The warehouse file of '{organization_id}' cannot be read ({what}). Restore it from a backup, or move "
                f"it away and sync again: what the sources still hold comes back."
            ) from error
        self.root.execute(LOCK_DOWN)
        self._ensure_tables()

    def _ensure_tables(self) -> None:
        """Make or complete the fixed tables; is_new says that nothing has been built yet."""
        try:
            version, is_built = self.root.execute(
                "SELECT schema_version, EXISTS (FROM meta.builds) FROM meta.file"
            ).fetchall()[0]
        except duckdb.CatalogException:
            version, is_built = 0, False
        if version < SCHEMA_VERSION:
            self.root.execute(f"BEGIN; {TABLES}")
            self.root.execute("DELETE FROM meta.file")
            self.root.execute("INSERT INTO meta.file VALUES (?, ?)", [SCHEMA_VERSION, self.organization_id])
            self.root.execute("INSERT INTO meta.sequence SELECT 0 WHERE NOT EXISTS (FROM meta.sequence); COMMIT")
        self.is_new = not is_built

    @contextmanager
    def cursor(self, timeout_seconds: float | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """An own cursor that is closed afterwards. Errors: QueryTimeout when what runs on it takes too long."""
        cursor = self.root.cursor()
        cursor.execute(f"USE {CATALOG}")
        timer = threading.Timer(timeout_seconds, cursor.interrupt) if timeout_seconds else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            yield cursor
        except duckdb.InterruptException as error:
            raise QueryTimeout(
                f"The query ran longer than {timeout_seconds:g} seconds. Ask for a shorter period or fewer dimensions."
            ) from error
        finally:
            if timer:
                timer.cancel()
            cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor whose writes are committed together, or not at all."""
        with self.cursor() as cursor, self.committing(cursor):
            yield cursor

    @contextmanager
    def committing(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """A transaction on a cursor at hand, whose temporary tables were filled before."""
        cursor.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
        self.version = object()

    def close(self) -> None:
        self.root.close()
