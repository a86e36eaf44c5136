"""The hand on the twins: what to break, when, and what they were asked.

Every fault is armed by a test and used up by the requests that meet it; nothing fails by chance.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from roastery.evals.world import World

Provider = str
"""A provider's name, as its source and its twin have it."""

Fault = Literal[
    "throttle", "server_error", "html", "cut_off", "too_much_data", "expire_token", "wrong_type", "slow_body",
    "slow", "clock_skew", "cut_connection",
]  # fmt: skip
"""throttle: the provider's own way of saying wait. html: a page where JSON belongs. cut_off: the answer ends halfway.
expire_token: this request's token has just died. wrong_type: status 200 with a page that is no data. slow: the body
comes in drops. slow_body: a pause of `wait_seconds` in mid-answer. clock_skew: a wait until an instant of a clock that
is hours away from ours. cut_connection: the connection ends before the body begins."""

Kind = Literal["unknown", "missing", "retyped", "one_retyped", "renamed"]


@dataclass(frozen=True)
class Shape:
    """How answers change their form: a new field beside `field`, none in its place, or text where its value was.

    one_retyped: so in the first record of an answer that has the field, and in no other. renamed: the provider knows
    the field under another name only, asked and answered.
    """

    field: str
    kind: Kind


@dataclass(frozen=True)
class Met:
    """A fault that a request meets, and the wait that goes with it."""

    fault: Fault
    wait_seconds: float


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

    def __init__(self, world: World, own: Mapping[Provider, frozenset[Fault]] | None = None) -> None:
        """own: the faults that each twin plays itself; the others are played around it."""
        self._lock = threading.Lock()
        self._armed: defaultdict[Provider, list[_Armed]] = defaultdict(list)
        self._shapes: dict[Provider, Shape] = {}
        self._own = own or {}
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
            self._armed.clear()
            self._shapes.clear()

    def drift(self, provider: Provider, shape: Shape) -> None:
        """Let a provider's answers change their form from now on."""
        self._shapes[provider] = shape

    def shape(self, provider: Provider) -> Shape | None:
        return self._shapes.get(provider)

    def meet(self, asked: Asked) -> tuple[Fault, float] | None:
        """The fault that a twin plays itself and this request meets, if any, with its wait; the request is logged."""
        with self._lock:
            self.asked.append(asked)
            met = self._next(asked.provider, asked.what, lambda fault: self._plays(asked.provider, fault))
        return (met.fault, met.wait_seconds) if met else None

    def meet_weather(self, provider: Provider, what: str) -> Met | None:
        """The fault around a twin that this request meets, if any."""
        with self._lock:
            return self._next(provider, what, lambda fault: not self._plays(provider, fault))

    def _plays(self, provider: Provider, fault: Fault) -> bool:
        return provider not in self._own or fault in self._own[provider]

    def _next(self, provider: Provider, what: str, is_played: Callable[[Fault], bool]) -> Met | None:
        for armed in list(self._armed[provider]):
            if armed.matching not in what or not is_played(armed.fault):
                continue
            if armed.after > 0:
                armed.after -= 1
                continue
            armed.times -= 1
            if armed.times <= 0:
                self._armed[provider].remove(armed)
            self.met[provider, armed.fault] += 1
            return Met(armed.fault, armed.wait_seconds)
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
