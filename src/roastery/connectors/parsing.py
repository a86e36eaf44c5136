"""JSON as it comes over the wire, parsed as fast as it can be."""

import json
from typing import Any

import orjson

from roastery.warehouse.garbage import collecting_later


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
