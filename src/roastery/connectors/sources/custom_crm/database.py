"""A SQL database, read only: one SELECT with a bound cursor, in a transaction that cannot write."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from roastery.connectors.egress import Egress
from roastery.connectors.errors import AbortSync, BadConnection, RetryLater
from roastery.connectors.redaction import PROCESS
from roastery.connectors.sources.custom_crm.mapping import TITLE

ROWS = 2000
SECONDS = 300
READ_ONLY = {
    "postgresql": ("SET TRANSACTION READ ONLY", f"SET LOCAL statement_timeout = {SECONDS * 1000}"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON",),
}


def check_select(name: str, query: str) -> None:
    """Errors: BadConnection unless it is one SELECT that changes nothing."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = [statement for statement in sqlglot.parse(query) if statement is not None]
    except sqlglot.errors.ParseError as error:
        raise BadConnection(f"{TITLE}: the query of {name} cannot be read: {str(error).splitlines()[0]}") from None
    writes = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Drop, exp.Create, exp.Alter, exp.Command, exp.Into,
              exp.Set, exp.Copy, exp.Pragma, exp.TruncateTable, exp.Lock)  # fmt: skip
    if len(statements) != 1 or not isinstance(statements[0], exp.Query) or statements[0].find(*writes):
        raise BadConnection(f"{TITLE}: the query of {name} must be one SELECT that changes nothing.")


def rows(url: str, query: str, since: Any, egress: Egress) -> Iterator[list[Mapping[str, Any]]]:
    """The rows of a SELECT whose `:cursor` is bound to where the last sync ended.

    Errors: AbortSync where the address may not be reached or the database refuses, RetryLater when it does not answer.
    """
    import sqlalchemy
    from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    PROCESS.learn([url])
    where, arguments = _checked(url, egress)
    if where.password:
        PROCESS.learn([str(where.password)])
    try:
        engine = sqlalchemy.create_engine(where, poolclass=NullPool, connect_args=arguments)
        with engine.connect().execution_options(stream_results=True, yield_per=ROWS) as connection:
            for statement in READ_ONLY.get(where.get_backend_name(), ()):
                connection.exec_driver_sql(statement)
            bound = {"cursor": since} if ":cursor" in query else {}
            for part in connection.execute(sqlalchemy.text(query), bound).mappings().partitions(ROWS):
                yield [{name: _plain(value) for name, value in row.items()} for row in part]
    except (OperationalError, InterfaceError) as error:
        raise RetryLater(f"{TITLE}'s database did not answer as it should: {_said(error)}") from None
    except (SQLAlchemyError, ImportError) as error:
        raise AbortSync(f"{TITLE}'s database refused the query: {_said(error)}") from None


def _checked(url: str, egress: Egress) -> tuple[Any, dict[str, Any]]:
    """The address to connect to, checked: a file lies in a folder that may be read, a host is resolved once."""
    import sqlalchemy

    try:
        where = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise AbortSync(f"{TITLE}'s database_url is not a SQLAlchemy URL.") from None
    backend = where.get_backend_name()
    try:
        if backend == "sqlite":
            if not where.database or where.database == ":memory:":
                raise AbortSync(f"{TITLE}'s database_url names no file.")
            path = egress.folder(str(where.database), TITLE)
            return where.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"}), {}
        if not where.host:
            raise AbortSync(f"{TITLE}'s database_url names no host.")
        address = egress.address(where.host, where.port or 0, TITLE)
    except BadConnection as error:
        raise AbortSync(error.message) from None
    if backend == "postgresql":
        return where, {"hostaddr": address}
    return where.set(host=address), {}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return None
    return value if isinstance(value, str | int | bool | dict | list) or value is None else str(value)


def _said(error: Exception) -> str:
    return PROCESS.clean(str(error).splitlines()[0])[:200]
