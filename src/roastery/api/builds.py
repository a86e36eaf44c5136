"""Brings curated tables up to what has landed: one build at a time per organization, landings of a second in one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from roastery.warehouse.organization import Organization

GATHER_SECONDS = 0.5
log = structlog.get_logger()


@dataclass
class _Line:
    """One organization's waiting line. asked and done count requests; a build serves all that came before it."""

    asked: int = 0
    done: int = 0
    is_running: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)
    error: Exception | None = None


class Builds:
    """Builds in the background. `build` is called with one organization at a time, in a thread of its own."""

    def __init__(self, build: Callable[[Organization], None]) -> None:
        self._build = build
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def request(self, organization: Organization) -> None:
        """Have what has landed built soon; requests that come together share one build."""
        line = self._line(organization.id)
        with line.changed:
            line.asked += 1
            if line.is_running:
                return
            line.is_running = True
        threading.Thread(target=self._run, args=(organization, line), name=f"build {organization.id}").start()

    def settle(self, organization: Organization, at_most_seconds: float) -> bool:
        """Wait until everything requested so far is built; False when that takes longer. Errors: the build's own."""
        line = self._line(organization.id)
        with line.changed:
            target = line.asked
            settled = line.changed.wait_for(lambda: line.done >= target or line.error is not None, at_most_seconds)
            if line.error is not None:
                error, line.error = line.error, None
                raise error
            return settled

    def close(self) -> None:
        """Finish what was requested."""
        self._closing.set()
        for line in list(self._lines.values()):
            with line.changed:
                line.changed.wait_for(lambda line=line: not line.is_running)

    def _run(self, organization: Organization, line: _Line) -> None:
        while True:
            self._closing.wait(GATHER_SECONDS)
            with line.changed:
                serving = line.asked
            error: Exception | None = None
            try:
                self._build(organization)
            except Exception as failure:  # noqa: BLE001 reported to whoever waits, and logged
                log.error("build failed", organization_id=organization.id, error=str(failure))
                error = failure
            with line.changed:
                line.done, line.error = serving, error
                line.is_running = line.asked > line.done
                line.changed.notify_all()
                if not line.is_running:
                    return

    def _line(self, organization_id: str) -> _Line:
        with self._lock:
            return self._lines.setdefault(organization_id, _Line())
