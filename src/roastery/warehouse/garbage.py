"""Many objects at once, of which none is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """Keeps the garbage collector from running while many objects are made of which none is garbage.

    It would go over half a page or batch dozens of times, which costs more than to make it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
