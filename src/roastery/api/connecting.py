"""Connections: made after a check of what the source needs, and synced one run at a time each."""

import base64
import os
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog

from roastery.api.connection_health import ENDED, ended, health_of
from roastery.api.events import PROVIDER as EVENTS
from roastery.api.events import SECRET_NAME
from roastery.api.store.audit import note
from roastery.api.store.connections import Connections, as_connection
from roastery.api.store.schedules import Schedules
from roastery.api.store.tables import ConnectionRow
from roastery.connectors.base import Connection, Previewed
from roastery.connectors.registry import SOURCES, check_connection, check_names, open_source
from roastery.connectors.sync import SyncProgress, SyncReport, sync_connection
from roastery.tools.base import Actor
from roastery.warehouse.errors import BadQuery, Busy, NoData, UnknownName
from roastery.warehouse.organization import Organization

if TYPE_CHECKING:
    from roastery.api.app import Roastery

log = structlog.get_logger()

Told = Callable[[SyncProgress], None]

STATUS_OF = {
    "complete": "connected",
    "skipped": "connected",
    "waiting": "waiting",
    "needs_consent": "needs_consent",
    "failed": "failed",
    "not_run": "failed",
}
"""A connection's status after a sync, by the sync's outcome."""


NOTHING_CONNECTED = (
    "There is nothing to sync yet: no source is connected. `roastery connect` lists what can be, with what each needs; "
    "then it is, for instance, roastery connect shopify --setting shop=… --secret access_token=… --org {org}. "
    "A file needs no connection: roastery import --help. To look around first: roastery demo."
)


@dataclass(frozen=True)
class NewConnection:
    """What somebody gives to connect a source. base_url: the provider's own when None."""

    provider: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    name: str = ""


def providers() -> tuple[str, ...]:
    """Everything that can be connected: every source, and signed events."""
    return tuple(sorted((*SOURCES, EVENTS)))


def connect(
    roastery: "Roastery", organization: Organization, actor: Actor, new: NewConnection
) -> tuple[ConnectionRow, str | None]:
    """Store a connection that has all its source needs; for `events` the second value is its secret, shown once.

    Errors: UnknownName for the provider, a setting or a secret; BadConnection that names what is missing.
    """
    secrets, shown = dict(new.secrets), None
    if new.provider == EVENTS:
        shown = secrets.setdefault(SECRET_NAME, f"whsec_{base64.b64encode(os.urandom(32)).decode()}")
    elif new.provider not in SOURCES:
        raise UnknownName("provider", new.provider, providers())
    else:
        check_names(new.provider, new.settings, secrets)
        draft = Connection("new", organization.id, new.provider, new.settings, new.base_url)
        check_connection(draft, _Given(secrets))
    now = roastery.wall.now()
    with roastery.database.session() as session:
        connections = Connections(session, roastery.keyring, organization.id)
        row = connections.create(new.provider, new.settings, secrets, now, base_url=new.base_url, name=new.name)
        if new.provider in SOURCES:
            target = {"connection_id": row.id}
            Schedules(session).create(
                organization.id, "sync", _hourly(row.id), organization.zone, target, now, name=row.name
            )
        note(session, organization.id, actor.id, "connection.create", row.id, now, provider=new.provider)
    return row, shown


def _hourly(connection_id: str) -> str:
    """Once an hour, at a minute of the connection's own, so that not everything is pulled at once."""
    return f"{zlib.crc32(connection_id.encode()) % 60} * * * *"


def disconnect(roastery: "Roastery", organization: Organization, actor: Actor, connection_id: str) -> ConnectionRow:
    """Take a connection out of use with its schedules, and forget its secrets; the data that it brought stays."""
    now = roastery.wall.now()
    with roastery.database.session() as session:
        connections, schedules = Connections(session, roastery.keyring, organization.id), Schedules(session)
        row = connections.change(connection_id, status="removed")
        connections.remove(connection_id, now)
        for schedule in schedules.of(organization.id):
            if schedule.kind == "sync" and schedule.target.get("connection_id") == connection_id:
                schedules.remove(organization.id, schedule.id)
        note(session, organization.id, actor.id, "connection.remove", row.id, now)
    return row


def pause(roastery: "Roastery", organization: Organization, actor: Actor, connection_id: str, paused: bool) -> None:
    """Stop reading a connection by itself, or go on; a sync that somebody asks for runs all the same."""
    now = roastery.wall.now()
    with roastery.database.session() as session:
        row = Connections(session, roastery.keyring, organization.id).get(connection_id)
        schedules = Schedules(session)
        for schedule in schedules.of(organization.id):
            if schedule.kind == "sync" and schedule.target.get("connection_id") == connection_id:
                schedules.switch(organization.id, schedule.id, not paused, organization.zone, now)
        note(session, organization.id, actor.id, "connection.pause" if paused else "connection.resume", row.id, now)


def syncable(roastery: "Roastery", organization: Organization, connection_id: str | None = None) -> list[ConnectionRow]:
    """The connection named, or every one that has something to pull and is not paused.

    Errors: NotFound, BadQuery for `events`; NoData, which says what to do, where there is none.
    """
    with roastery.database.reading() as session:
        connections = Connections(session, roastery.keyring, organization.id)
        if connection_id is None:
            rows = [row for row in connections.list() if row.provider in SOURCES]
            if not rows:
                raise NoData(NOTHING_CONNECTED.format(org=organization.id))
        else:
            row = connections.get(connection_id)
    if connection_id is None:
        healths = health_of(roastery, organization, rows)
        awake = [row for row, health in zip(rows, healths, strict=True) if health.state != "paused"]
        if not awake:
            raise NoData(f"Nothing is read: {' '.join(health.sentence for health in healths)}")
        return awake
    if row.provider not in SOURCES:
        raise BadQuery(f"There is nothing to pull for {row.provider}: its rows are pushed to POST /v1/events.")
    return [row]


def preview(
    roastery: "Roastery", organization: Organization, new: NewConnection, rows: int = 5
) -> list[dict[str, Any]]:
    """What a connection's first records would become, without storing anything.

    Errors: as `connect`; BadQuery where the provider's fields are not mapped by the connection; those of reading.
    """
    check_names(new.provider, new.settings, new.secrets)
    draft = Connection("new", organization.id, new.provider, new.settings, new.base_url)
    given = _Given(new.secrets)
    check_connection(draft, given)
    source = open_source(draft, given, roastery.clock_of(organization), egress=roastery.settings.egress)
    if not isinstance(source, Previewed):
        raise BadQuery(f"{source.title} maps its own fields: there is nothing to preview.")
    try:
        return [
            {"dataset": one.dataset, "rows": list(one.rows), "faults": list(one.faults), "unmapped": list(one.unmapped)}
            for one in source.preview(rows)
        ]
    finally:
        source.http.close()


class Syncs:
    """Runs syncs: one at a time per connection, progress on the connection's row, a build at the end."""

    def __init__(self, roastery: "Roastery") -> None:
        self._roastery = roastery
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._running: set[threading.Thread] = set()

    def run(
        self,
        organization: Organization,
        connection_id: str,
        told: Told | None = None,
        only: Sequence[str] = (),
        since: date | None = None,
    ) -> SyncReport:
        """Pull what is new for one connection and land it. The tables follow with the next build.

        since: a day from which on everything is read again, however long ago it was read.

        Errors: Busy when this connection is being synced already; a provider's failure stands in the report.
        """
        with self._alone(connection_id):
            row = self._row(organization, connection_id)
            self._mark(organization, connection_id, status="syncing", status_detail="")
            try:
                report = self._sync(organization, row, told, only, since)
            except BaseException:
                why = "The sync was cut off."
                health = ended(row, "failing", why, self._roastery.clock_of(organization).now())
                self._mark(organization, connection_id, status="failed", status_detail=why, health=health)
                raise
            self._finish(organization, report)
            return report

    def start(
        self, organization: Organization, connection_id: str, only: Sequence[str] = (), since: date | None = None
    ) -> None:
        """Run a sync beside the request that asked for it. Errors: NotFound, BadQuery, Busy."""
        syncable(self._roastery, organization, connection_id)
        if self._locks[connection_id].locked():
            raise Busy("This connection is being synced already.")

        def work() -> None:
            try:
                self.run(organization, connection_id, only=only, since=since)
                self._roastery.builds.request(organization)
            except Exception as error:
                log.error("sync failed", connection_id=connection_id, exc_info=error)
            finally:
                self._running.discard(threading.current_thread())

        thread = threading.Thread(target=work, name=f"sync {connection_id}")
        self._running.add(thread)
        thread.start()

    def close(self) -> None:
        """Wait for syncs that were started; what they land is kept page by page anyhow."""
        for thread in list(self._running):
            thread.join()

    def _sync(
        self,
        organization: Organization,
        row: ConnectionRow,
        told: Told | None,
        only: Sequence[str],
        since: date | None,
    ) -> SyncReport:
        roastery = self._roastery
        connection, clock = as_connection(row), roastery.clock_of(organization)
        source = open_source(
            connection, roastery.tokens, clock, throttles=roastery.throttles, egress=roastery.settings.egress
        )
        noted = _Noted(lambda progress: self._mark(organization, row.id, progress=progress), told)
        warehouse = roastery.warehouse(organization)
        return sync_connection(source, connection, warehouse, clock, noted, only=only, since=since)

    def _finish(self, organization: Organization, report: SyncReport) -> None:
        progress = {
            "percent": 100.0 if report.outcome in ("complete", "skipped") else None,
            "rows": report.landed,
            "resources": [
                {"resource": r.resource, "outcome": r.outcome, "landed": r.landed, "message": r.message}
                for r in report.resources
            ],
            "notices": list(report.notices),
        }
        now = self._roastery.clock_of(organization).now()
        resume_at = report.resume_at.isoformat() if report.resume_at else None
        row = self._row(organization, report.connection_id)
        changes: dict[str, Any] = {
            "health": ended(row, ENDED[report.outcome], report.message, now, resume_at=resume_at, rows=report.landed),
            "status": STATUS_OF[report.outcome],
            "status_detail": report.message,
            "progress": progress,
        }
        if report.outcome in ("complete", "skipped"):
            changes["last_sync_at"] = now
        self._mark(organization, report.connection_id, **changes)

    def _row(self, organization: Organization, connection_id: str) -> ConnectionRow:
        with self._roastery.database.reading() as session:
            return Connections(session, self._roastery.keyring, organization.id).get(connection_id)

    def _mark(self, organization: Organization, connection_id: str, **changes: Any) -> None:
        with self._roastery.database.session() as session:
            Connections(session, self._roastery.keyring, organization.id).change(connection_id, **changes)

    @contextmanager
    def _alone(self, connection_id: str) -> Iterator[None]:
        lock = self._locks[connection_id]
        if not lock.acquire(blocking=False):
            raise Busy("This connection is being synced already.")
        try:
            yield
        finally:
            lock.release()


KEPT_SECONDS = 1.0
"""Between two notes of progress on a connection's row: each is a commit, which the sync waits for."""


class _Noted:
    """Progress for the caller at every landing; on the connection's row once a second, and at once where it waits."""

    def __init__(self, keep: Callable[[dict[str, Any]], None], told: Told | None) -> None:
        self._keep = keep
        self._told = told
        self._percent = -1
        self._kept_at = -KEPT_SECONDS

    def __call__(self, progress: SyncProgress) -> None:
        if self._told:
            self._told(progress)
        now = time.monotonic()
        is_due = int(progress.percent) != self._percent and now - self._kept_at >= KEPT_SECONDS
        if is_due or progress.waiting_until:
            self._percent, self._kept_at = int(progress.percent), now
            document = asdict(progress)
            document["waiting_until"] = progress.waiting_until.isoformat() if progress.waiting_until else None
            self._keep(document)


class _Given:
    """A TokenStore over secrets that are not stored yet, for the check before."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def secrets(self, connection_id: str) -> Mapping[str, str]:
        return self._secrets

    def rotate(self, connection_id: str, secrets: Mapping[str, str]) -> None:
        raise AssertionError("a check rotates nothing")

    def lock(self, connection_id: str) -> AbstractContextManager[None]:
        return nullcontext()
