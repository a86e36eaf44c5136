"""The one adapter to DuckDB: Warehouses opens an organization's file, Warehouse lands, builds and asks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import pyarrow as pa

from roastery.warehouse import build as building
from roastery.warehouse import checks as checking
from roastery.warehouse import (
    compaction,
    erasing,
    importing,
    landing,
    predictions,
    remaining,
    retention,
    state,
    user_sql,
)
from roastery.warehouse.blanks import Blanks
from roastery.warehouse.clock import Clock
from roastery.warehouse.contracts import Fill
from roastery.warehouse.errors import BadQuery, Busy
from roastery.warehouse.importing import ImportReport
from roastery.warehouse.instance import Instance
from roastery.warehouse.organization import Organization
from roastery.warehouse.pool import Pool
from roastery.warehouse.privacy import Sealer
from roastery.warehouse.raw import LandReport, RawBatch
from roastery.warehouse.sizes import Sizes
from roastery.warehouse.state import DataState
from roastery.warehouse.tombstones import Tombstone, Tombstones

if TYPE_CHECKING:
    import sqlalchemy

T = TypeVar("T")
BLANKS = Blanks()
MOST_SELECTS = 1_000
_selects: set[str] = set()
Parameters = Sequence[Any] | Mapping[str, Any] | None


class Warehouses:
    """Every organization's warehouse under one home: one DuckDB instance each, the 64 last used kept open."""

    def __init__(
        self,
        home: Path,
        secret_key: bytes,
        fills: Sequence[Fill],
        clock: Clock,
        max_open: int = 64,
        query_timeout_seconds: float = 30,
        memory_limit: str | None = None,
        sizes: Sizes | None = None,
        tombstones: Path | None = None,
        on_forget: erasing.OnForget | None = None,
    ) -> None:
        self.fills = tuple(fills)
        self.clock = clock
        self.query_timeout_seconds = query_timeout_seconds
        self.secret_key = secret_key
        self.sizes = sizes or Sizes()
        self.pool = Pool(home / "warehouse", max_open, memory_limit)
        self.tombstones = Tombstones(tombstones or home / "tombstones")
        self.on_forget = on_forget

    def open(self, organization: Organization) -> "Warehouse":
        """The organization's warehouse; a new one has every table, empty.

        A file that has not seen every erasure (it was interrupted, or came out of a backup) forgets first.
        """
        warehouse = Warehouse(self, organization)
        path, mark = self.pool.path(organization.id), building.mark(warehouse)
        copied = BLANKS.copy_to(path, mark)
        with self.pool.lease(organization.id) as instance:
            if instance.is_new:
                with instance.build_lock:
                    if instance.is_new:
                        tables = building.begin(warehouse, instance, copied.tables if copied else None)
                        instance.is_new = False
                        if not copied:
                            BLANKS.seen(instance, path, mark, tables)
            if instance.forgot < len(self.tombstones.of(organization.id)):
                warehouse.forget()
        return warehouse

    def close(self) -> None:
        self.pool.close()


class Warehouse:
    """One organization's data. Light to make; the file behind it is opened when it is used."""

    def __init__(self, owner: Warehouses, organization: Organization) -> None:
        self.organization = organization
        self.clock = organization.clock_or(owner.clock)
        self._owner = owner
        self.sealer = Sealer(owner.secret_key, organization.id)

    @property
    def fills(self) -> tuple[Fill, ...]:
        return self._owner.fills

    @property
    def sizes(self) -> Sizes:
        return self._owner.sizes

    @contextmanager
    def reading(self, timeout_seconds: float | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on one committed state, read-only, with names resolved in curated."""
        limit = timeout_seconds or self._owner.query_timeout_seconds
        with self._owner.pool.lease(self.organization.id) as instance, instance.cursor(limit) as cursor:
            cursor.execute("SET search_path = 'warehouse.curated'; BEGIN TRANSACTION READ ONLY")
            yield cursor

    def query(
        self, statement: "str | sqlalchemy.Select[Any]", parameters: Parameters = None, *, max_rows: int | None = None
    ) -> pa.Table:
        """Rows of one SELECT as Arrow; at most max_rows of them, the table's metadata saying `truncated` then.

        Errors: QueryTimeout; BadQuery for text that is not one SELECT or that DuckDB cannot bind.
        """
        if isinstance(statement, str):
            sql: str = statement
        else:
            sql, parameters = compiled(statement)
        with self.reading() as cursor:
            if isinstance(statement, str):
                only_select(cursor, sql)
            return fetch(cursor, sql, parameters, max_rows)

    def user_sql(self, sql: str, *, max_rows: int | None = None) -> pa.Table:
        """Rows of a person's own SELECT over curated names. Errors: BadQuery, UnknownName, QueryTimeout, Busy."""
        with self._owner.pool.lease(self.organization.id) as instance:
            names = self.table_names()
            sql = user_sql.checked(sql, names, self.clock, self.organization.time_zone, instance.root)
            limit = self._owner.query_timeout_seconds
            if not instance.heavy.acquire(timeout=limit):
                raise Busy("Two long queries are running already; try again in a moment.")
            try:
                with instance.cursor(limit) as cursor:
                    cursor.execute(
                        "SET search_path = 'warehouse.published,warehouse.curated'; BEGIN TRANSACTION READ ONLY"
                    )
                    return fetch(cursor, sql, None, max_rows)
            finally:
                instance.heavy.release()

    def table_names(self) -> tuple[str, ...]:
        """What user SQL can read: every curated table and view."""
        sql = "SELECT DISTINCT table_name FROM information_schema.tables WHERE table_schema IN ('curated', 'published')"
        return tuple(sorted(self.query(sql).column(0).to_pylist()))

    def land(self, batch: RawBatch) -> LandReport:
        """Raw rows, cursor, read markers and progress, in one transaction; personal values are sealed before."""
        with self._writing() as instance, instance.transaction() as cursor:
            return landing.land(cursor, self.sealer, batch, self.clock.now())

    def cursor(self, connection_id: str, resource: str) -> dict[str, Any] | None:
        """Where a resource's sync goes on, or None before its first landing."""
        return state.cursor_state(self, connection_id, resource)

    def unlisted(
        self, connection_id: str, resource: str, keys: Sequence[str], made: str, since: datetime, before: datetime
    ) -> list[str]:
        """Keys of records made since, landed before, and not among those that a source still lists."""
        return remaining.unlisted(self, connection_id, resource, keys, made, since, before)

    def import_rows(
        self, dataset: str, data: pa.Table | Path | bytes, content_type: str | None = None, *, build: bool = True
    ) -> ImportReport:
        """Upsert rows of a contract by its key; the good ones land, each bad one is told with row, column and reason.

        content_type: text/csv, application/x-ndjson or application/vnd.apache.parquet; a path's ending does too.
        With build (the default) the rows are in the next query when this returns.
        """
        with self._writing() as instance:
            report = importing.import_data(self, instance, dataset, data, content_type)
        if build and report.changed:
            self.build()
        return report

    def upsert_rows(self, dataset: str, rows: Sequence[Mapping[str, Any]], *, build: bool = True) -> ImportReport:
        """import_rows for rows at hand; a row changes only the columns that it carries."""
        with self._writing() as instance:
            report = importing.import_mappings(self, instance, dataset, rows)
        if build and report.changed:
            self.build()
        return report

    def delete_rows(self, dataset: str, rows: Sequence[Mapping[str, Any]], *, build: bool = True) -> ImportReport:
        """Take back imported rows by their key columns; records of connectors stay."""
        with self._writing() as instance:
            report = importing.delete_mappings(self, instance, dataset, rows)
        if build and report.changed:
            self.build()
        return report

    def delete_keys(self, dataset: str, keys: pa.Table, *, build: bool = True) -> ImportReport:
        """delete_rows for many: a table of the key columns."""
        with self._writing() as instance:
            report = importing.delete_table(self, instance, dataset, keys)
        if build and report.changed:
            self.build()
        return report

    def build(self, *, full: bool = False) -> building.BuildReport:
        """Bring curated up to what has landed: only what changed, or everything when full or definitions changed.

        One transaction: readers see the tables of before until it is committed. Errors: BuildFailed.
        """
        with self._owner.pool.lease(self.organization.id) as instance, instance.build_lock:
            return building.build(self, instance, full=full)

    def forget(self) -> erasing.Erased | None:
        """Take out of the file whoever the tombstones say was forgotten; None where it has seen every one of them."""
        with self._writing() as instance, instance.build_lock:
            tombstones = self._owner.tombstones.of(self.organization.id)
            unseen = erasing.missing(self, tombstones)
            erased = erasing.erase(self, instance, unseen, self._owner.on_forget) if unseen else None
            instance.forgot = len(tombstones)
            return erased

    def retain(self) -> retention.Removed:
        """Take out of the file what is older than the organization keeps it, lastingly."""
        with self._writing() as instance, instance.build_lock:
            return retention.enforce(self, instance)

    def bury(self, tombstone: Tombstone) -> None:
        """Note that somebody is forgotten, lastingly; `forget` does it."""
        self._owner.tombstones.add(self.organization.id, tombstone)

    @property
    def tombstones(self) -> tuple[Tombstone, ...]:
        return self._owner.tombstones.of(self.organization.id)

    def compact(self, within_seconds: float = 30) -> bool:
        """Write the file anew, so that bytes of what was erased are gone too; False where that was done already.

        Errors: Busy when others use the file for longer than that.
        """
        missing = "SELECT erasure_id FROM meta.erasures EXCEPT SELECT erasure_id FROM meta.compacted"
        ids = self.query(missing).column(0).to_pylist()
        if not ids:
            return False
        with self._owner.pool.closed(self.organization.id, within_seconds) as path:
            compaction.rewrite(path)
        with self._writing() as instance, instance.transaction() as cursor:
            cursor.execute("INSERT INTO meta.compacted SELECT unnest($ids)", {"ids": ids})
        return True

    def keep_predictions(self, rows: pa.Table) -> None:
        """Keep what a forecast expects of each customer, in the place of the forecast before (predictions.SCHEMA)."""
        with self._writing() as instance:
            predictions.keep(instance, rows)

    def needs_build(self) -> bool:
        """Whether something landed, a setting or a definition changed, or a day began since the last build."""
        return building.needs_build(self)

    def state(self) -> DataState:
        """What has landed and what is built, as of the last commit; read once per commit."""
        return self.once_per_commit("state", state.read)

    def once_per_commit(self, name: str, read: "Callable[[Warehouse], T]") -> T:
        """What `read` makes of the committed tables, kept under a name until the next commit."""
        with self._owner.pool.lease(self.organization.id) as instance:
            version = instance.version
            kept = instance.kept.get(name)
            if kept is None or kept[0] is not version:
                kept = instance.kept[name] = (version, read(self))
            found: T = kept[1]
            return found

    def checks(self) -> tuple[checking.Check, ...]:
        """The data quality results of the last build, worst first."""
        return checking.read(self)

    @contextmanager
    def _writing(self) -> Iterator[Instance]:
        with self._owner.pool.lease(self.organization.id) as instance, instance.write_lock:
            yield instance


def compiled(statement: "sqlalchemy.Select[Any]") -> tuple[str, list[Any]]:
    """DuckDB's text of a SQLAlchemy Core statement, and its positional parameters."""
    from duckdb_engine import Dialect

    plan = statement.compile(dialect=Dialect(paramstyle="qmark"), compile_kwargs={"render_postcompile": True})
    return str(plan), [plan.params[name] for name in plan.positiontup or ()]


def only_select(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Errors: BadQuery for text that is not exactly one SELECT. What passed is remembered, as parsing takes long."""
    if sql in _selects:
        return
    try:
        statements = cursor.extract_statements(sql)
    except duckdb.Error as error:
        raise BadQuery(str(error).split("\n", 1)[0]) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise BadQuery("A query is exactly one SELECT.")
    if len(_selects) >= MOST_SELECTS:
        _selects.clear()
    _selects.add(sql)


def fetch(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters, max_rows: int | None) -> pa.Table:
    """Arrow rows of a SELECT. Errors: BadQuery with DuckDB's sentence for what cannot be bound or computed."""
    try:
        relation = cursor.sql(sql, params=parameters or None)
        if max_rows is None:
            return relation.to_arrow_table()
        reader = relation.to_arrow_reader(max_rows + 1)
        batches: list[pa.RecordBatch] = []
        while sum(b.num_rows for b in batches) <= max_rows and (batch := next(reader, None)) is not None:
            batches.append(batch)
        table = pa.Table.from_batches(batches, schema=reader.schema)
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise BadQuery(str(error).split("\n", 1)[0]) from error
    if table.num_rows > max_rows:
        return table.slice(0, max_rows).replace_schema_metadata({"truncated": "true"})
    return table
