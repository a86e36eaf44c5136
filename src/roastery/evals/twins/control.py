"""The hand on the twins: what to break, when, and what they were asked.

Every fault is armed by a test and used up by the requests that meet it; nothing fails by chance.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from roastery.evals.world import World

Provider = str
"""A provider's name, as its source and its twin have it."""

Fault = Literal[
    "throttle", "server_error", "html", "cut_off", "too_much_data", "expire_token", "wrong_type", "slow", "clock_skew"
]
"""throttle: the provider's own way of saying wait. html: a page where JSON belongs. cut_off: the answer ends halfway.
expire_token: this request's token has just died. wrong_type: a good status with something that is no JSON. slow: the
body comes in drops. clock_skew: the provider's clock is an hour ahead, in its Date header."""


@dataclass(frozen=True)
class Asked:
    """One request that reached a twin. what: path and, where it tells requests apart, the query in short."""

    provider: Provider
    what: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Armed:
    fault: Fault
    times: int
    after: int
    wait_seconds: float
    matching: str


class Control:
    """Faults to come, tokens in force, the world as it stands, and a log of what was asked. Safe across threads."""

    def __init__(self, world: World) -> None:
        self._lock = threading.Lock()
        self._armed: dict[Provider, list[_Armed]] = defaultdict(list)
        self._world = world
        self.asked: list[Asked] = []
        self.met: Counter[tuple[Provider, Fault]] = Counter()

    # Faults.

    def fail(
        self,
        provider: Provider,
        fault: Fault,
        *,
        times: int = 1,
        after: int = 0,
        wait_seconds: float = 0.2,
        matching: str = "",
    ) -> None:
        """Let requests of a provider fail: `after` good ones, then `times` bad ones.

        wait_seconds: the wait that a throttled answer asks for. matching: only requests whose `what` contains this.
        """
        with self._lock:
            self._armed[provider].append(_Armed(fault, times, after, wait_seconds, matching))

    def calm(self) -> None:
        """Take back every fault that has not been met."""
        with self._lock:
            for armed in self._armed.values():
                armed.clear()

    def meet(self, asked: Asked) -> tuple[Fault, float] | None:
        """The fault that this request meets, if any, with its wait; the request is logged."""
        with self._lock:
            self.asked.append(asked)
            for armed in list(self._armed[asked.provider]):
                if armed.matching not in asked.what:
                    continue
                if armed.after > 0:
                    armed.after -= 1
                    continue
                armed.times -= 1
                if armed.times <= 0:
                    self._armed[asked.provider].remove(armed)
                self.met[asked.provider, armed.fault] += 1
                return armed.fault, armed.wait_seconds
            return None

    def count(self, provider: Provider, matching: str = "") -> int:
        """How many requests of a provider were asked."""
        return sum(1 for asked in list(self.asked) if asked.provider == provider and matching in asked.what)

    # What is served.

    @property
    def world(self) -> World:
        """The company as the twins serve it now: expected answers must be computed from this one."""
        return self._world

    def restate(self, days: int = 28, seed: int = 1) -> World:
        """Let the ad platforms go over their last days again, as they do; returns the world that holds from now on."""
        return self.serve(self._world.restated(days=days, seed=seed))

    def serve(self, world: World) -> World:
        """Serve another world from now on."""
        self._world = world
        return world
