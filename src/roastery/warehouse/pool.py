"""The organizations' open instances: the most recently used stay open, at most 64 at once (law 13)."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from roastery.warehouse.errors import Busy, UnknownName
from roastery.warehouse.instance import Instance, blank

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
SPARES = 4
"""Blank instances kept at hand once a process serves several organizations: a switch then only attaches a file."""


class Pool:
    """Open instances by organization, least recently used first; one that is in use is never closed.

    Opening and closing happen outside the lock, so that one large file holds up nobody but its own organization.
    """

    def __init__(self, folder: Path, max_open: int, memory_limit: str | None) -> None:
        self._folder = folder
        self._max_open = max_open
        self._memory_limit = memory_limit
        self._open: OrderedDict[str, Future[Instance]] = OrderedDict()
        self._leases: dict[str, int] = {}
        self._closing: dict[str, Future[None]] = {}
        self._spares: list[Future[duckdb.DuckDBPyConnection]] = []
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._aside = ThreadPoolExecutor(2, "warehouse-pool")
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, organization_id: str) -> Path:
        """Where an organization's file is. Errors: UnknownName for what can be no organization's id."""
        if not SAFE_ID.fullmatch(organization_id):
            raise UnknownName("organization", organization_id)
        return self._folder / f"{organization_id}.duckdb"

    @contextmanager
    def lease(self, organization_id: str) -> Iterator[Instance]:
        """The organization's instance, kept open until the lease ends. Errors: UnknownName."""
        path = self.path(organization_id)
        with self._lock:
            found = self._open.get(organization_id)
            is_first = found is None
            if found is None:
                self._close_idle(self._max_open - 1)
                found = self._open[organization_id] = Future()
            self._open.move_to_end(organization_id)
            self._leases[organization_id] = self._leases.get(organization_id, 0) + 1
        try:
            if is_first:
                self._fill(organization_id, path, found)
            yield found.result()
        finally:
            with self._lock:
                self._leases[organization_id] -= 1
                if not self._leases[organization_id]:
                    del self._leases[organization_id]
                    self._idle.notify_all()

    @contextmanager
    def closed(self, organization_id: str, within_seconds: float) -> Iterator[Path]:
        """The organization's file, closed and nobody's until the block ends; who asks for it meanwhile waits.

        Errors: Busy when it is in use for longer.
        """
        path = self.path(organization_id)
        place: Future[Instance] = Future()
        with self._idle:
            if not self._idle.wait_for(lambda: organization_id not in self._leases, within_seconds):
                raise Busy(
                    f"The warehouse of '{organization_id}' is in use; what needs it closed is tried again later."
                )
            was = self._open.pop(organization_id, None)
            self._open[organization_id] = place
            self._leases[organization_id] = 1
        try:
            if closing := self._closing.pop(organization_id, None):
                closing.result()
            if was is not None:
                was.result().close()
            yield path
        finally:
            self._fill(organization_id, path, place)
            with self._idle:
                self._leases[organization_id] -= 1
                if not self._leases[organization_id]:
                    del self._leases[organization_id]
                    self._idle.notify_all()

    def _fill(self, organization_id: str, path: Path, place: "Future[Instance]") -> None:
        """Open the file into its place; where it cannot be opened, everybody who waits hears why, and it is vacated."""
        try:
            if closing := self._closing.pop(organization_id, None):
                closing.result()
            root = self._blank()
            place.set_result(Instance(organization_id, path, root))
        except BaseException as error:  # noqa: BLE001 - handed to everybody who waits
            with self._lock:
                self._open.pop(organization_id, None)
            place.set_exception(error)

    def _blank(self) -> duckdb.DuckDBPyConnection:
        """A spare instance where one is at hand; a process of one organization keeps none."""
        with self._lock:
            spare = self._spares.pop(0) if self._spares else None
            if len(self._open) > 1:
                missing = SPARES - len(self._spares)
                self._spares += [self._aside.submit(blank, self._memory_limit) for _ in range(missing)]
        if spare is None or spare.cancel():
            return blank(self._memory_limit)
        return spare.result()

    def _close_idle(self, keep: int) -> None:
        for organization_id in list(self._open):
            if len(self._open) <= keep:
                return
            if organization_id not in self._leases:
                instance = self._open.pop(organization_id).result()
                self._closing[organization_id] = self._aside.submit(instance.close)
        for organization_id in [o for o, closing in self._closing.items() if closing.done()]:
            del self._closing[organization_id]

    @property
    def open_count(self) -> int:
        return len(self._open)

    def close(self) -> None:
        """Close every instance; queries still running fail."""
        with self._lock:
            for spare in self._spares:
                if not spare.cancel():
                    spare.result().close()
            self._spares.clear()
            self._aside.shutdown()
            for place in self._open.values():
                with suppress(Exception):
                    place.result().close()
            self._open.clear()
