"""Reads a JSON array while it arrives, so that a long answer never stands whole in memory."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any


def array_elements(texts: Iterator[str]) -> Iterator[Any]:
    """The elements of a JSON array that arrives in pieces.

    Errors: ValueError when the text ends before the array does, or is not an array.

    >>> list(array_elements(iter(['[{"a": 1}', ', {"a"', ': 2}]'])))
    [{'a': 1}, {'a': 2}]
    """
    decoder = json.JSONDecoder()
    buffer, begun, wanted = "", False, 0
    for text in chain(texts, (None,)):
        at_end = text is None
        buffer += text or ""
        if not begun and (buffer := buffer.lstrip()):
            if buffer[0] != "[":
                raise ValueError("not an array")
            begun, buffer = True, buffer[1:]
        # Decode again only once the buffer has doubled: otherwise one large element costs quadratic time.
        while begun and (at_end or len(buffer) >= wanted):
            buffer, wanted = buffer.lstrip(", \r\n\t"), 0
            if buffer.startswith("]"):
                return
            try:
                element, end = decoder.raw_decode(buffer)
            except ValueError:
                wanted = max(1, 2 * len(buffer))
                if at_end:
                    break
            else:
                yield element
                buffer = buffer[end:]
    raise ValueError("the array has no end")
