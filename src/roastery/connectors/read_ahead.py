"""Reads on while what was read is being stored: the provider answers beside the warehouse, not after it."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import copy_context
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

AHEAD = 2.0
"""Items that may wait, each by its weight: more would only take memory."""
END_SECONDS = 5.0


class _End:
    """Behind the last item. error: why there are no more, None at the true end."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Room:
    """What may wait between maker and reader; one item finds room, whatever it weighs."""

    def __init__(self, most: float) -> None:
        self._most, self._held, self._is_over = most, 0.0, False
        self._changed = threading.Condition()

    def take(self, weight: float) -> bool:
        """Wait for room; False when nobody reads any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or not self._held or self._held + weight <= self._most)
            self._held += weight
            return not self._is_over

    def give(self, weight: float) -> None:
        with self._changed:
            self._held = max(0.0, self._held - weight)
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


def read_ahead(
    items: Iterator[T], most: float = AHEAD, weigh: Callable[[T], float] = lambda _: 1.0
) -> Generator[T, None, None]:
    """The same items in the same order, some of them made before they are asked for: those that weigh up to `most`.

    What making them raises comes after the items before it. When the reader stops, making stops after the item at hand.

    >>> list(read_ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    made: SimpleQueue[tuple[T, float] | _End] = SimpleQueue()
    room = _Room(most)

    def make() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                weight = weigh(item)
                if not room.take(weight):
                    return
                made.put((item, weight))
        except BaseException as raised:  # noqa: BLE001 raised again where the items are read
            error = raised
        made.put(_End(error))

    maker = threading.Thread(target=copy_context().run, args=(make,), name="read ahead", daemon=True)
    maker.start()
    try:
        while not isinstance(got := made.get(), _End):
            room.give(got[1])
            yield got[0]
        if got.error is not None:
            raise got.error
    finally:
        room.end()
        # A request that hangs ends by itself, with its client closed.
        maker.join(END_SECONDS)
