"""Brings curated tables up to what has landed: one build at a time per organization, landings of a second in one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from roastery.warehouse.organization import Organization

GATHER_SECONDS = 0.5
LONGEST_GATHER_SECONDS = 15.0
SHARE_FOR_OTHERS = 2.0
"""While rows keep coming and nobody waits, building pauses this many times as long as its facts took last."""

log = structlog.get_logger()


@dataclass
class _Line:
    """One organization's waiting line. asked and done count requests; a build serves all that came before it."""

    asked: int = 0
    done: int = 0
    is_running: bool = False
    took_seconds: float = 0.0
    holders: int = 0
    waiting: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)
    error: Exception | None = None


class Builds:
    """Builds in the background. `build` is called with one organization at a time, in a thread of its own.

    It gives the seconds until what had landed could be read (facts, where the rest follows later), or None.
    """

    def __init__(self, build: Callable[[Organization], float | None]) -> None:
        self._build = build
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()

    def request(self, organization: Organization) -> None:
        """Have what has landed built soon; requests that come together share one build."""
        line = self._line(organization.id)
        with line.changed:
            line.asked += 1
            if line.is_running:
                return
            line.is_running = True
        threading.Thread(target=self._run, args=(organization, line), name=f"build {organization.id}").start()

    @contextmanager
    def held(self, organization: Organization) -> Iterator[None]:
        """Build nothing unasked until the block ends, while many rows are known to come; who waits is still served."""
        line = self._line(organization.id)
        with line.changed:
            line.holders += 1
        try:
            yield
        finally:
            with line.changed:
                line.holders -= 1
            line.waiting.set()

    def settle(self, organization: Organization, at_most_seconds: float) -> bool:
        """Wait until everything requested so far is built; False when that takes longer. Errors: the build's own."""
        line = self._line(organization.id)
        with line.changed:
            target = line.asked
            if line.done < target:
                line.waiting.set()
            settled = line.changed.wait_for(lambda: line.done >= target or line.error is not None, at_most_seconds)
            if line.error is not None:
                error, line.error = line.error, None
                raise error
            return settled

    def close(self) -> None:
        """Finish what was requested."""
        for line in list(self._lines.values()):
            line.waiting.set()
            with line.changed:
                line.changed.wait_for(lambda line=line: not line.is_running)

    def _run(self, organization: Organization, line: _Line) -> None:
        while True:
            pause = min(max(GATHER_SECONDS, SHARE_FOR_OTHERS * line.took_seconds), LONGEST_GATHER_SECONDS)
            line.waiting.wait(None if line.holders else pause)
            with line.changed:
                line.waiting.clear()
                serving = line.asked
            error: Exception | None = None
            began = time.monotonic()
            facts_seconds: float | None = None
            try:
                facts_seconds = self._build(organization)
            except Exception as failure:  # noqa: BLE001 reported to whoever waits, and logged
                log.error("build failed", organization_id=organization.id, error=str(failure))
                error = failure
            line.took_seconds = time.monotonic() - began if facts_seconds is None else facts_seconds
            with line.changed:
                line.done, line.error = serving, error
                line.is_running = line.asked > line.done
                line.changed.notify_all()
                if not line.is_running:
                    return

    def _line(self, organization_id: str) -> _Line:
        with self._lock:
            return self._lines.setdefault(organization_id, _Line())
