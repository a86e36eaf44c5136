"""Reads a JSON array while it arrives, so that a long answer never stands whole in memory."""

import codecs
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from roastery.connectors.parsing import parsed
from roastery.connectors.unparsed import Steps, parsed_around_each

AT_ONCE_BYTES = 16 * 1024 * 1024


def streamed(chunks: Iterator[bytes], at_once: int = AT_ONCE_BYTES, rows: Steps = ()) -> Iterator[Any]:
    """The elements of a JSON array in UTF-8: a short one parsed at once, which is faster, a long one as it arrives.

    rows: where records lie in an element that a short array leaves as they came.

    Errors: ValueError when it ends before the array does, or is not an array.

    >>> list(streamed(iter([b'[{"a": 1}', b', {"a": 2}]'])))
    [{'a': 1}, {'a': 2}]
    """
    held: list[bytes] = []
    for chunk in chunks:
        held.append(chunk)
        at_once -= len(chunk)
        if at_once < 0:
            decode = codecs.getincrementaldecoder("utf-8")().decode
            yield from array_elements(decode(chunk) for chunk in chain(held, chunks))
            return
    content = b"".join(held)
    whole = parsed_around_each(content, rows) if rows else parsed(content)
    if not isinstance(whole, list):
        raise ValueError("not an array")
    yield from whole


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
