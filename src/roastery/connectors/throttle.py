"""Client-side limits: a token bucket per connection and per app, refined by what the provider says."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

Stopwatch = Callable[[], float]
"""Measures durations only, never the time of day (law 16 is about the latter)."""


@dataclass(frozen=True)
class Rate:
    """How fast a provider lets us ask: `per_second` requests (or points) on average, at most `burst` at once."""

    per_second: float
    burst: float


class Bucket:
    """A token bucket that callers reserve from; it tells them how long to wait, it never sleeps itself."""

    def __init__(self, rate: Rate, stopwatch: Stopwatch = time.monotonic) -> None:
        self._rate = rate
        self._level = rate.burst
        self._stopwatch = stopwatch
        self._filled_at = stopwatch()
        self._closed_until = self._filled_at
        self._lock = threading.Lock()

    def take(self, cost: float = 1.0) -> float:
        """Reserve `cost` and return the seconds to wait before using it.

        >>> b = Bucket(Rate(per_second=2, burst=1), stopwatch=lambda: 0.0)
        >>> b.take(), b.take(), b.take()
        (0.0, 0.5, 1.0)
        """
        with self._lock:
            now = self._fill()
            self._level -= cost
            for_tokens = max(0.0, -self._level / self._rate.per_second)
            return max(for_tokens, self._closed_until - now)

    def refine(self, *, available: float, rate: Rate | None = None) -> None:
        """Take over what the provider says is left, and its rate where it names one."""
        with self._lock:
            self._fill()
            self._rate = rate or self._rate
            self._level = min(available, self._rate.burst)

    def close_for(self, seconds: float) -> None:
        """Let nobody through for a while, because the provider asked for it."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._stopwatch() + seconds)

    def _fill(self) -> float:
        now = self._stopwatch()
        grown = self._level + (now - self._filled_at) * self._rate.per_second
        self._level = min(self._rate.burst, grown)
        self._filled_at = now
        return now


class Throttles:
    """The buckets of one process, by who is limited: an app of a provider, a connection."""

    def __init__(self, stopwatch: Stopwatch = time.monotonic) -> None:
        self._buckets: dict[Hashable, Bucket] = {}
        self._stopwatch = stopwatch
        self._lock = threading.Lock()

    def bucket(self, key: Hashable, rate: Rate) -> Bucket:
        """The bucket of a key, made full on first use."""
        with self._lock:
            if key not in self._buckets:
                self._buckets[key] = Bucket(rate, self._stopwatch)
            return self._buckets[key]
