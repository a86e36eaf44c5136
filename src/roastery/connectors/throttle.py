"""Client-side limits: a token bucket per connection and per app, refined by what the provider says.

The buckets of a home stand in small files of it, so that every process there spends of one budget, and a process that
starts anew does not begin with a full one.
"""

import fcntl
import hashlib
import os
import struct
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Stopwatch = Callable[[], float]
"""Measures durations only, never the time of day (law 16 is about the latter)."""


@dataclass(frozen=True)
class Rate:
    """How fast a provider lets us ask: `per_second` requests (or points) on average, at most `burst` at once."""

    per_second: float
    burst: float


@dataclass
class Level:
    """What is left in a bucket. filled_at, closed_until: of the stopwatch. set: the rate that was configured."""

    level: float
    filled_at: float
    closed_until: float
    rate: Rate
    set: Rate


class Bucket:
    """A token bucket that callers reserve from; it tells them how long to wait, it never sleeps itself."""

    def __init__(self, rate: Rate, stopwatch: Stopwatch = time.monotonic, file: Path | None = None) -> None:
        self._set = rate
        self._stopwatch = stopwatch
        self._lock = threading.Lock()
        now = stopwatch()
        self._level = Level(rate.burst, now, now, rate, rate)
        self._file = None if file is None else os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self, cost: float = 1.0) -> float:
        """Reserve `cost` and return the seconds to wait before using it.

        >>> b = Bucket(Rate(per_second=2, burst=1), stopwatch=lambda: 0.0)
        >>> b.take(), b.take(), b.take()
        (0.0, 0.5, 1.0)
        """
        with self._changing() as kept:
            kept.level -= cost
            for_tokens = max(0.0, -kept.level / kept.rate.per_second)
            return max(for_tokens, kept.closed_until - kept.filled_at)

    def refine(self, *, available: float, rate: Rate | None = None) -> None:
        """Take over what the provider says is left, and its rate where it names one."""
        with self._changing() as kept:
            kept.rate = rate or kept.rate
            kept.level = min(available, kept.rate.burst)

    def close_for(self, seconds: float) -> None:
        """Let nobody through for a while, because the provider asked for it."""
        with self._changing() as kept:
            kept.closed_until = max(kept.closed_until, kept.filled_at + seconds)

    @contextmanager
    def _changing(self) -> Iterator[Level]:
        """The level as of now, held alone by this thread of all processes; what the block makes of it is kept."""
        with self._lock:
            if self._file is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                kept = self._read() or self._level
                _fill(kept, self._stopwatch())
                yield kept
                self._write(kept)
            finally:
                if self._file is not None:
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def _read(self) -> Level | None:
        """What the file holds; None where there is none yet, or it was written for another configured rate."""
        found = b"" if self._file is None else os.pread(self._file, FORM.size, 0)
        if len(found) < FORM.size:
            return None
        level, filled_at, closed_until, *rates = FORM.unpack(found)
        kept = Level(level, filled_at, closed_until, Rate(*rates[:2]), Rate(*rates[2:]))
        if kept.set != self._set:
            kept.rate = kept.set = self._set
            kept.level = min(kept.level, self._set.burst)
        return kept

    def _write(self, kept: Level) -> None:
        if self._file is None:
            self._level = kept
            return
        rates = (kept.rate.per_second, kept.rate.burst, kept.set.per_second, kept.set.burst)
        os.pwrite(self._file, FORM.pack(kept.level, kept.filled_at, kept.closed_until, *rates), 0)

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            os.close(self._file)  # type: ignore[arg-type]


FORM = struct.Struct("<7d")


def _fill(kept: Level, now: float) -> None:
    """Bring a level up to now. The stopwatch begins anew with the machine: then nothing has grown, and waits go on."""
    if now < kept.filled_at:
        kept.closed_until += now - kept.filled_at
        kept.filled_at = now
    grown = kept.level + (now - kept.filled_at) * kept.rate.per_second
    kept.level, kept.filled_at = min(kept.rate.burst, grown), now


class Throttles:
    """The buckets by who is limited: an app of a provider, a connection. folder: where a home keeps their levels."""

    def __init__(self, stopwatch: Stopwatch = time.monotonic, folder: Path | None = None) -> None:
        self._buckets: dict[Hashable, Bucket] = {}
        self._stopwatch = stopwatch
        self._folder = folder
        self._lock = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def bucket(self, key: Hashable, rate: Rate) -> Bucket:
        """The bucket of a key, made full on first use."""
        with self._lock:
            if key not in self._buckets:
                # A key may hold a token of an app, so that no file is named by it.
                name = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
                file = None if self._folder is None else self._folder / name
                self._buckets[key] = Bucket(rate, self._stopwatch, file)
            return self._buckets[key]
