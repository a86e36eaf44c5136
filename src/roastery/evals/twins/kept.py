"""What a twin makes of a world, made once: many tests serve the same company."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from roastery.evals.world import World

T = TypeVar("T")


class PerWorld(Generic[T]):
    """Builds something of a world on first use and keeps it as long as the world lives."""

    def __init__(self, build: Callable[[World], T]) -> None:
        self._build = build
        self._kept: WeakKeyDictionary[World, T] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def __call__(self, world: World) -> T:
        with self._lock:
            if world not in self._kept:
                self._kept[world] = self._build(world)
            return self._kept[world]
