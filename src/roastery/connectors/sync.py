"""Pulls what is new: pages of a source land in raw with their cursor, one transaction each, from where it stopped."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, Protocol

from roastery.connectors.backfill import rewound
from roastery.connectors.base import Connection, Cursor, Page, Resource, Source
from roastery.connectors.batches import MISSHAPEN, Waiting, batch_of, weight
from roastery.connectors.errors import (
    AbortSync,
    ConnectorError,
    Reconnect,
    RetryLater,
    SkipResource,
    Throttled,
    UnknownShape,
)
from roastery.connectors.read_ahead import read_ahead
from roastery.connectors.redaction import PROCESS
from roastery.connectors.sweeping import swept
from roastery.connectors.throttle import Stopwatch
from roastery.warehouse.clock import Clock
from roastery.warehouse.garbage import collect_seldom
from roastery.warehouse.raw import LandReport, RawBatch

logger = logging.getLogger("roastery.connectors")

Outcome = Literal["complete", "skipped", "waiting", "needs_consent", "failed", "not_run"]

WORST_FIRST: tuple[Outcome, ...] = ("needs_consent", "failed", "waiting", "not_run", "skipped", "complete")


class Landing(Protocol):
    """What sync needs of a warehouse; `warehouse.engine.Warehouse` is it."""

    def land(self, batch: RawBatch) -> LandReport: ...

    def cursor(self, connection_id: str, resource: str) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True)
class SyncProgress:
    """Where a sync stands. percent of the whole connection, 0 to 100; eta_seconds None while nothing can be said."""

    connection_id: str
    resource: str
    rows: int
    rows_per_second: float
    percent: float
    eta_seconds: float | None
    message: str = ""
    waiting_until: datetime | None = None


Progress = Callable[[SyncProgress], None]


@dataclass(frozen=True)
class ResourceReport:
    """What became of one resource. landed: rows new or changed; resume_at: when a limit allows to go on."""

    resource: str
    outcome: Outcome
    pages: int = 0
    landed: int = 0
    unchanged: int = 0
    seconds: float = 0.0
    message: str = ""
    resume_at: datetime | None = None


@dataclass(frozen=True)
class SyncReport:
    """What a sync did, per resource, and what people should know about it."""

    connection_id: str
    provider: str
    resources: tuple[ResourceReport, ...]
    notices: tuple[str, ...] = ()

    @property
    def landed(self) -> int:
        return sum(r.landed for r in self.resources)

    @property
    def outcome(self) -> Outcome:
        """The worst of the resources."""
        return min((r.outcome for r in self.resources), key=WORST_FIRST.index, default="complete")

    @property
    def message(self) -> str:
        """The sentence of the worst resource, '' when all is well."""
        return next((r.message for r in self.resources if r.outcome == self.outcome), "")

    @property
    def resume_at(self) -> datetime | None:
        return max((r.resume_at for r in self.resources if r.resume_at), default=None)


def sync_connection(
    source: Source,
    connection: Connection,
    warehouse: Landing,
    clock: Clock,
    progress: Progress | None = None,
    *,
    stopwatch: Stopwatch = time.monotonic,
    only: Sequence[str] = (),
    batch_rows: int | None = None,
    since: date | None = None,
) -> SyncReport:
    """Read every resource of a source from its cursor on and land it.

    only: names of the resources to read, all when empty. since: a day from which on everything is
    read again. batch_rows: pages are landed together up to so many rows (a number for each kind when None), or
    for five seconds, whichever comes first; the next are asked for meanwhile. A provider's failure ends up in the
    report, never as an empty result; what has landed stays and the next sync goes on after it.

    Errors: those of the warehouse pass through.
    """
    collect_seldom()
    tell = progress or (lambda _: None)
    run = _Run(source, connection, warehouse, clock, tell, stopwatch, only, batch_rows, since)
    source.http.on_wait = run.heard_of_wait
    try:
        for resource in run.wanted:
            run.read(resource)
    finally:
        source.http.close()
    return SyncReport(connection.id, source.provider, tuple(run.reports), tuple(dict.fromkeys(run.notices)))


@dataclass
class _Run:
    """One sync while it goes on."""

    source: Source
    connection: Connection
    warehouse: Landing
    clock: Clock
    progress: Progress
    stopwatch: Stopwatch
    only: Sequence[str] = ()
    batch_rows: int | None = None
    since: date | None = None
    reports: list[ResourceReport] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.until = self.clock.now()
        self.started = self.stopwatch()
        self.rows = 0
        self.current = ""
        self.share = 0.0
        self.stopped: Outcome | None = None
        self.wanted = [r for r in in_order(self.source.resources) if not self.only or r.name in self.only]

    def read(self, resource: Resource) -> None:
        """Read one resource to its end, and put down what became of it."""
        self.current, self.share = resource.name, 0.0
        unread = [r.resource for r in self.reports if r.resource in resource.depends_on and r.outcome != "complete"]
        if self.stopped or unread:
            why = "The connection stopped before this was read." if self.stopped else f"It needs {', '.join(unread)}."
            self.reports.append(ResourceReport(resource.name, "not_run", message=why))
            return
        tally = _Tally(self.stopwatch())
        outcome, message, resume_at = self._outcome_of(resource, tally)
        if tally.unasked:
            self.notices.append(unasked(self.source.title, resource.name, tally.unasked))
        seconds = self.stopwatch() - tally.started
        self.reports.append(
            ResourceReport(
                resource.name, outcome, tally.pages, tally.landed, tally.unchanged, seconds, message, resume_at
            )
        )

    def _outcome_of(self, resource: Resource, tally: "_Tally") -> tuple[Outcome, str, datetime | None]:
        try:
            self._land_all(resource, tally)
        except SkipResource as error:
            return "failed" if isinstance(error, UnknownShape) else "skipped", error.message, None
        except RetryLater as error:
            if isinstance(error, Throttled):
                # The whole connection shares the limit: asking for its other resources would only add to it.
                self.stopped = "waiting"
            wait = error.wait_seconds
            until = self.clock.now() + timedelta(seconds=wait) if wait is not None else None
            told = f" The sync goes on at {until:%H:%M} UTC." if until else " The next sync goes on from here."
            return "waiting", error.message + told, until
        except Reconnect as error:
            self.stopped = "needs_consent"
            return "needs_consent", error.message, None
        except AbortSync as error:
            self.stopped = "failed"
            return "failed", error.message, None
        return "complete", "", None

    def _land_all(self, resource: Resource, tally: "_Tally") -> None:
        stored = self.warehouse.cursor(self.connection.id, resource.name)
        if stored and self.since is not None:
            stored = rewound(stored, self.since)
        waiting = Waiting(self.stopwatch)
        pages = read_ahead(self._pages(resource, Cursor(stored or {})), weigh=lambda made: weight(made[1]))
        try:
            for page, batch in pages:
                waiting.add(page, batch)
                if waiting.is_full(self.batch_rows):
                    self._land(waiting, tally)
        except ConnectorError:
            self._land(waiting, tally)
            raise
        finally:
            pages.close()
        if not waiting.pages:
            done = Page((), Cursor(tally.cursor if tally.cursor is not None else stored or {}), progress=1.0)
            waiting.add(done, batch_of(done, resource, self.connection, self.source.provider))
        # Caught up: true only now, and also when there was nothing new.
        self._land(waiting, tally, data_as_of=self.until)
        self._take_out_deleted(resource, tally)
        self.share = 1.0

    def _take_out_deleted(self, resource: Resource, tally: "_Tally") -> None:
        found = swept(self.source, self.warehouse, self.connection, resource, tally.cursor or {}, self.until)
        if found is not None:
            batch, notice = found
            tally.add(self.warehouse.land(batch), 0, batch.cursor)
            self.notices += [notice] if notice else []

    def _land(self, waiting: "Waiting", tally: "_Tally", data_as_of: datetime | None = None) -> None:
        """Land what waits, in one transaction with the last of its cursors."""
        if not waiting.pages:
            return
        batch = waiting.merged(data_as_of)
        tally.add(self.warehouse.land(batch), len(waiting.pages), batch.cursor)
        tally.unasked += batch.unasked
        self.rows += len(batch.records)
        for page in waiting.pages:
            self.share = page.progress if page.progress is not None else self.share
            self.notices += [page.notice] if page.notice else []
        if data_as_of:
            self.share = 1.0
        waiting.clear()
        self._tell()

    def _pages(self, resource: Resource, cursor: Cursor) -> Iterator[tuple[Page, RawBatch]]:
        """The source's pages, ready to land; an answer of another shape than documented becomes a sentence."""
        pages = self.source.pages(resource, cursor, self.until)
        while True:
            try:
                if (page := next(pages, None)) is None:
                    return
                batch = batch_of(page, resource, self.connection, self.source.provider, self.source.title)
            except MISSHAPEN as error:
                logger.exception("%s: unreadable answer for %s", self.source.title, resource.name)
                raise UnknownShape(
                    f"{self.source.title} answered in a form that is not known, for {resource.name} "
                    f"({type(error).__name__}: {PROCESS.clean(str(error))[:200]})."
                ) from error
            # What is in the batch need not be held twice.
            yield replace(page, records=()), batch

    def heard_of_wait(self, seconds: float, why: str) -> None:
        self._tell(why, self.clock.now() + timedelta(seconds=seconds))

    def _tell(self, message: str = "", waiting_until: datetime | None = None) -> None:
        elapsed = self.stopwatch() - self.started
        done = (len(self.reports) + self.share) / len(self.wanted)
        self.progress(
            SyncProgress(
                connection_id=self.connection.id,
                resource=self.current,
                rows=self.rows,
                rows_per_second=self.rows / elapsed if elapsed > 0 else 0.0,
                percent=100 * done,
                eta_seconds=elapsed * (1 - done) / done if done > 0 else None,
                message=message,
                waiting_until=waiting_until,
            )
        )


@dataclass
class _Tally:
    started: float
    pages: int = 0
    landed: int = 0
    unchanged: int = 0
    unasked: int = 0
    cursor: Mapping[str, Any] | None = None

    def add(self, report: LandReport, pages: int, cursor: Mapping[str, Any] | None) -> None:
        self.pages += pages
        self.landed += report.landed
        self.unchanged += report.unchanged
        self.cursor = cursor


def unasked(title: str, resource: str, rows: int) -> str:
    """What people should know of rows that no read asked for.

    >>> unasked("Acme", "figures", 2)
    'Acme gave 2 rows of figures for days or accounts that were not asked for. They are kept and count nowhere.'
    """
    what = "1 row" if rows == 1 else f"{rows:,} rows"
    are = "It is kept and counts" if rows == 1 else "They are kept and count"
    return f"{title} gave {what} of {resource} for days or accounts that were not asked for. {are} nowhere."


def in_order(resources: Sequence[Resource]) -> list[Resource]:
    """Resources after those that they depend on, otherwise as declared.

    Errors: ValueError when two depend on each other.
    """
    by_name = {resource.name: resource for resource in resources}
    ordered: list[Resource] = []
    while len(ordered) < len(by_name):
        done = {resource.name for resource in ordered}
        ready = [r for r in resources if r.name not in done and all(d in done for d in r.depends_on if d in by_name)]
        if not ready:
            raise ValueError(f"these resources wait for each other: {sorted(set(by_name) - done)}")
        ordered += ready
    return ordered
