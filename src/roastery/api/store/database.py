"""The service's own database: engine, sessions, migrations on start."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from roastery.api.errors import BadSettings

MIGRATIONS = Path(__file__).parent / "migrations"

MIGRATION_LOCK = 7_401_902  # any number that no other program on this PostgreSQL uses as an advisory lock


def _as_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


JSON: dict[str, Any] = {"json_serializer": _as_json, "json_deserializer": orjson.loads}
"""Answers and receipts are long documents: the standard library takes several times as long to write one."""


class Database:
    """One engine per process. `session()` is one transaction: commit at its end, nothing on an error."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._readers = sessionmaker(self.engine.execution_options(reading=True), expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction; on SQLite it takes the write lock at its start, so that it never fails half-way."""
        with self._sessions() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that writes nothing; on SQLite it waits for no writer."""
        with self._readers() as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables up to date; of several processes that start at once, one does it and the others wait."""
        if self._is_current():
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        try:
            with self._migration_lock() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as error:
            raise BadSettings(f"The service's database cannot be used: {type(error).__name__}.") from error

    def _is_current(self) -> bool:
        """Whether the newest migration has run; read without Alembic, whose import takes longer than most commands."""
        newest = max(path.name for path in (MIGRATIONS / "versions").glob("v[0-9]*.py"))
        try:
            with self.engine.connect() as connection:
                found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except DatabaseError:
            return False
        return found == newest[1:5]

    @contextmanager
    def _migration_lock(self) -> Iterator[Connection]:
        if self.engine.dialect.name == "postgresql":
            with self.engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
                yield connection
            return
        path = self.engine.url.database
        if not path or path == ":memory:":
            with self.engine.begin() as connection:
                yield connection
            return
        with open(f"{path}.migrating", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with self.engine.begin() as connection:
                yield connection

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": 30}, **JSON)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, pool_size=10, **JSON)
    raise BadSettings(f"ROASTERY_DATABASE_URL names '{parsed.get_backend_name()}'; it is SQLite or PostgreSQL.")


def _prepare_sqlite(raw: Any, _record: Any) -> None:
    raw.isolation_level = None  # the driver's own BEGIN is late and deferred; _begin_sqlite does it
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        raw.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
