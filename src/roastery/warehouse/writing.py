"""Records as the text that stands in raw: JSON in UTF-8, many at once."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any
from uuid import uuid4

import orjson

# Instants as str() writes them, with a blank; left to orjson they would have a T.
IN_ORDER = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
AS_IT_CAME = orjson.OPT_PASSTHROUGH_DATETIME
"""What comes from JSON has names of text, and is written in less time."""
ENCODER = json.JSONEncoder(sort_keys=True, default=str, ensure_ascii=False, separators=(",", ":"))
AT_ONCE = 1_000
"""Records written into one text: their bytes stand in memory twice."""


def canonical(payload: Any) -> bytes:
    """JSON in UTF-8 that is equal for equal content; Decimals keep every digit, as strings.

    >>> canonical({"b": 1, "a": "ü"}).decode()
    '{"a":"ü","b":1}'
    """
    try:
        return orjson.dumps(payload, default=str, option=IN_ORDER)
    except TypeError:
        # Whole numbers beyond 64 bits, and half of a surrogate pair, which becomes `?`.
        return ENCODER.encode(payload).encode(errors="replace")


def written(payloads: Iterable[Any], *, in_order: bool) -> list[bytes]:
    """Each payload as JSON; in_order: with its names sorted, equal for equal content, as `canonical` writes it.

    >>> written([{"b": 1, "a": 2}, {}], in_order=False), written([{"b": 1, "a": 2}], in_order=True)
    ([b'{"b":1,"a":2}', b'{}'], [b'{"a":2,"b":1}'])
    """
    waiting, texts = iter(payloads), []
    while part := list(islice(waiting, AT_ONCE)):
        texts += _written(part, IN_ORDER if in_order else AS_IT_CAME)
    return texts


def _written(payloads: Sequence[Any], option: int) -> list[bytes]:
    """At least one payload: written as one array, which costs a fraction of writing each, and cut at a mark.

    The mark is made for this array alone, so that no provider can have written it.
    """
    mark = uuid4().hex
    woven: list[Any] = [mark] * (2 * len(payloads) - 1)
    woven[::2] = payloads
    try:
        return orjson.dumps(woven, default=str, option=option)[1:-1].split(f',"{mark}",'.encode())
    except TypeError:  # what orjson does not know: it is looked for record by record
        return [canonical(payload) for payload in payloads]
