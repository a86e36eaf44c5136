"""Reads on while what was read is being stored: the provider answers beside the warehouse, not after it."""

import threading
from collections.abc import Generator, Iterator
from contextvars import copy_context
from queue import Empty, Queue
from typing import TypeVar

T = TypeVar("T")

AHEAD = 2
"""Pages that may wait: more would only take memory."""
END_SECONDS = 5.0
JOIN_SECONDS = 0.05


class _End:
    """Behind the last item. error: why there are no more, None at the true end."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def read_ahead(items: Iterator[T], most: int = AHEAD) -> Generator[T, None, None]:
    """The same items in the same order, up to `most` of them made before they are asked for.

    What making them raises comes after the items before it. When the reader stops, making stops after the item at hand.

    >>> list(read_ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    made: Queue[T | _End] = Queue(most)
    stopped = threading.Event()

    def make() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                made.put(item)
                if stopped.is_set():
                    return
        except BaseException as raised:  # noqa: BLE001 raised again where the items are read
            error = raised
        made.put(_End(error))

    maker = threading.Thread(target=copy_context().run, args=(make,), name="read ahead", daemon=True)
    maker.start()
    try:
        while not isinstance(item := made.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stopped.set()
        # Room for what it may be putting; a request that hangs ends by itself, with its client closed.
        for _ in range(int(END_SECONDS / JOIN_SECONDS)):
            _drop(made)
            maker.join(JOIN_SECONDS)
            if not maker.is_alive():
                break


def _drop(made: "Queue[T]") -> None:
    try:
        while True:
            made.get_nowait()
    except Empty:
        return
