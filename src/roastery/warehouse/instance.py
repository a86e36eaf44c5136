"""One organization's DuckDB instance, and the pool that keeps the most recently used ones open (law 13)."""

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from roastery.warehouse.errors import Busy, QueryTimeout, UnknownName
from roastery.warehouse.schema import SCHEMA_VERSION, TABLES
from roastery.warehouse.sql import quoted

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

CATALOG = "warehouse"
ROW_GROUP_ROWS = 16_384
"""DuckDB gives each thread whole row groups: with its default of 122,880 rows a company of 50,000 orders uses one."""

LOCK_DOWN = (
    "LOAD icu",
    "SET GLOBAL TimeZone='UTC'",
    "SET GLOBAL python_enable_replacements=false",
    "SET GLOBAL enable_external_access=false",
    "SET GLOBAL lock_configuration=true",
)


class Instance:
    """An open file. One landing at a time (write_lock), one build (build_lock), two slow queries (heavy)."""

    def __init__(self, organization_id: str, path: Path, memory_limit: str | None) -> None:
        self.organization_id = organization_id
        self.write_lock = threading.RLock()
        self.build_lock = threading.RLock()
        self.heavy = threading.BoundedSemaphore(2)
        self.leases = 0
        self.version = object()
        """Another one after every commit. This process alone writes the file, so what was read under it still holds."""
        self.state: tuple[object, Any] | None = None
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": max(2, min(os.cpu_count() or 2, 8)),
            "temp_directory": f"{path}.tmp",
        }
        if memory_limit:
            config["memory_limit"] = memory_limit
        self.root = duckdb.connect(config=config)
        try:
            self.root.execute(
                f"ATTACH {quoted(str(path))} AS {CATALOG} (ROW_GROUP_SIZE {ROW_GROUP_ROWS}); USE {CATALOG}"
            )
        except duckdb.IOException as error:
            self.root.close()
            raise Busy(f"The warehouse of '{organization_id}' is open in another process.") from error
        for statement in LOCK_DOWN:
            self.root.execute(statement)
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
        with self.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
            self.version = object()

    def close(self) -> None:
        self.root.close()


class Pool:
    """Open instances by organization, least recently used first; one that is in use is never closed."""

    def __init__(self, folder: Path, max_open: int, memory_limit: str | None) -> None:
        self._folder = folder
        self._max_open = max_open
        self._memory_limit = memory_limit
        self._open: OrderedDict[str, Instance] = OrderedDict()
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lease(self, organization_id: str) -> Iterator[Instance]:
        """The organization's instance, kept open until the lease ends."""
        if not SAFE_ID.fullmatch(organization_id):
            raise UnknownName("organization", organization_id)
        with self._lock:
            instance = self._open.get(organization_id)
            if instance is None:
                self._close_idle(self._max_open - 1)
                instance = Instance(organization_id, self._folder / f"{organization_id}.duckdb", self._memory_limit)
                self._open[organization_id] = instance
            self._open.move_to_end(organization_id)
            instance.leases += 1
        try:
            yield instance
        finally:
            with self._lock:
                instance.leases -= 1

    def _close_idle(self, keep: int) -> None:
        for organization_id in list(self._open):
            if len(self._open) <= keep:
                return
            if self._open[organization_id].leases == 0:
                self._open.pop(organization_id).close()

    @property
    def open_count(self) -> int:
        return len(self._open)

    def close(self) -> None:
        """Close every instance; queries still running fail."""
        with self._lock:
            for instance in self._open.values():
                instance.close()
            self._open.clear()
