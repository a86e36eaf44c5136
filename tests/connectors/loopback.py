"""A scripted provider on loopback, a token store and a landing in memory."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from roastery.connectors.base import Connection, Source
from roastery.warehouse.contracts import CONTRACTS
from roastery.warehouse.raw import LandReport, RawBatch


@dataclass(frozen=True)
class Heard:
    """One request that a scripted provider received."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Say:
    """One answer. cut: the body ends after that many bytes although more was announced."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    cut: int | None = None

    @property
    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Provider:
    """A loopback server that answers with a script, the last line of it for ever; a function may answer instead."""

    def __init__(self, *script: Say | Callable[[Heard], Say]) -> None:
        self.script: list[Say | Callable[[Heard], Say]] = list(script)
        self.heard: list[Heard] = []
        self._lock = threading.Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                heard = Heard(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
                say = provider.next(heard)
                body = say.encoded
                self.send_response(say.status)
                self.send_header("content-type", say.content_type)
                self.send_header("content-length", str(len(body)))
                for name, value in say.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: say.cut])
                if say.cut is not None:
                    self.close_connection = True

            do_GET = do_POST = _answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def next(self, heard: Heard) -> Say:
        with self._lock:
            self.heard.append(heard)
            line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return line if isinstance(line, Say) else line(heard)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Secrets:
    """A TokenStore in memory that remembers each rotation."""

    def __init__(self, **secrets: str) -> None:
        self.held = dict(secrets)
        self.rotations: list[Mapping[str, str]] = []
        self._lock = threading.RLock()

    def secrets(self, connection_id: str) -> Mapping[str, str]:
        return dict(self.held)

    def rotate(self, connection_id: str, secrets: Mapping[str, str]) -> None:
        self.rotations.append(dict(secrets))
        self.held.update(secrets)

    @contextmanager
    def lock(self, connection_id: str) -> Iterator[None]:
        with self._lock:
            yield


class Landing:
    """A warehouse in memory: rows by key, cursors; a batch lands whole or not at all."""

    def __init__(self) -> None:
        self.batches: list[RawBatch] = []
        self.cursors: dict[tuple[str, str], Mapping[str, Any]] = {}

    def land(self, batch: RawBatch) -> LandReport:
        self.batches.append(batch)
        if batch.cursor is not None:
            self.cursors[batch.connection_id, batch.resource] = batch.cursor
        return LandReport(str(len(self.batches)), len(batch.records))

    def cursor(self, connection_id: str, resource: str) -> Mapping[str, Any] | None:
        return self.cursors.get((connection_id, resource))

    def keys(self, resource: str) -> list[str]:
        return [record.key for batch in self.batches if batch.resource == resource for record in batch.records]

    def counting(self, resource: str) -> list[str]:
        """Keys of partitioned records that count: those of the latest completed read of their day."""
        latest = {place[1:]: read_id for place, read_id in self.latest_reads().items() if place[0] == resource}
        return [
            f"{record.day}:{record.key}"
            for batch in self.batches
            if batch.resource == resource
            for record in batch.records
            if latest.get((record.scope, record.day)) == (record.read_id or batch.read_id)
        ]

    def latest_reads(self) -> dict[tuple[str, str, date], str]:
        """The read that counts for a day of a resource's scope."""
        return {
            (batch.resource, read.scope, day): read.read_id or batch.read_id
            for batch in self.batches
            for read in batch.completed
            for day in read.days
        }

    def curated(self, source: type[Source], contract: str) -> pa.Table:
        """What a source's fills make of the records that count: the last version of a key, the latest read of a day."""
        latest = self.latest_reads()
        current: dict[tuple[Any, ...], tuple[str, str, int]] = {}
        for number, batch in enumerate(self.batches):
            for record in batch.records:
                place = (batch.resource, record.scope, record.day)
                if record.deleted:
                    current.pop((*place, record.key), None)
                elif record.day is None or latest.get(place) == (record.read_id or batch.read_id):  # type: ignore[call-overload]
                    current[*place, record.key] = (record.key, orjson.dumps(record.payload).decode(), number)
        target = CONTRACTS[contract]
        with engine() as database:
            tables = []
            for fill in (fill for fill in source.fills if fill.contract == contract):
                for resource in (fill.resource, *fill.joins):
                    database.register(f"arrived_{resource}", _records(resource, current))
                sql = fill.bound(lambda name: f"(SELECT key, payload::JSON AS payload, seq FROM arrived_{name})")
                given = [row[0] for row in database.execute(f"DESCRIBE {sql}").fetchall()]
                typed = ", ".join(f'try_cast("{c}" AS {target.column(c).sql_type}) AS "{c}"' for c in given)
                tables.append(database.sql(f"SELECT {typed} FROM ({sql})").to_arrow_table())
        return pa.concat_tables(tables, promote_options="permissive")


def engine() -> duckdb.DuckDBPyConnection:
    """A connection of its own to a database without a file, which takes far longer to make than a connection."""
    connection = _database().cursor()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _records(resource: str, current: Mapping[tuple[Any, ...], tuple[str, str, int]]) -> pa.Table:
    rows = [row for place, row in current.items() if place[0] == resource]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    types = {"key": pa.string(), "payload": pa.string(), "seq": pa.int64()}
    return pa.table({n: pa.array(c, t) for (n, t), c in zip(types.items(), columns, strict=True)})


class Waits:
    """Stands in for sleeping: notes how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def connection(provider: str, base_url: str | None = None, **settings: Any) -> Connection:
    return Connection("con_1", "org_1", provider, settings, base_url)
