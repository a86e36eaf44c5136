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


SELDOM = 100_000
"""New objects after which the collector runs; Python's own 700 is a dozen records."""


def collect_seldom() -> None:
    """From now on the process looks for garbage less often: what a page is made of is freed without it."""
    first, *others = gc.get_threshold()
    if 0 < first < SELDOM:
        gc.set_threshold(SELDOM, *others)


def keep_what_is_there() -> None:
    """What the process has made so far (modules, patterns, routes) stays: the collector no longer goes over it.

    Of a service's first second some hundred thousand objects stay, and each full collection would stop it for a tenth
    of a second to find that out again.
    """
    gc.collect()
    gc.freeze()
    collect_seldom()
