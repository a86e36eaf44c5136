"""JSON as it comes over the wire, parsed as fast as it can be."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson


def parsed(content: bytes) -> Any:
    """The value of a JSON document; whole numbers beyond 64 bits become floats, as RFC 8259 lets one expect.

    Errors: ValueError, RecursionError when it is no JSON.

    >>> parsed(b'{"a": [1]}')
    {'a': [1]}
    """
    try:
        with collecting_later():
            return orjson.loads(content)
    except ValueError:
        # Other encodings, byte order marks and NaN, which only the standard library reads.
        return json.loads(content)


@contextmanager
def collecting_later() -> Iterator[None]:
    """Keeps the garbage collector from running while many objects are made of which none is garbage.

    It would go over a half-parsed page dozens of times, which costs more than to parse it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
