"""Records as the text that their provider sent: a few names are looked at, and the text itself is what lands.

To make objects of a record and then text of them again costs several times as much. Whatever here is not as it should
be is read the long way by whoever asked, so that nothing comes out otherwise than by objects.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any, NotRequired, Required, Self, TypedDict

import msgspec

from roastery.connectors.parsing import parsed
from roastery.warehouse.made_when_asked import MadeWhenAsked
from roastery.warehouse.writing import written

Record = Mapping[str, Any]
Steps = tuple[str, ...]
"""The names that lead from a record to a value in it."""

BESIDE = "_connection"
"""Where a record holds what is known of its connection beside what the provider sent."""
HEAD = f'{{"{BESIDE}":'.encode()

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class UnparsedRecords(MadeWhenAsked[Record]):
    """The objects of a JSON array in UTF-8, made only where somebody asks for one.

    known: what stands under `_connection` in each of them, one for all or one for each.
    """

    def __init__(self, text: msgspec.Raw, known: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None) -> None:
        self._text = text
        self._items = _ITEMS.decode(text)
        self._known = known

    def beside(self, known: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Self:
        """The same records with what is known under `_connection`: one for all of them, or one for each."""
        found = copy(self)
        found._known = known
        return found

    def narrowed(self, may: Sequence[Steps], must: Sequence[Steps] = ()) -> list[dict[str, Any]] | None:
        """The records with no more in them than the values at some places, and `_connection`.

        None where one is no object, holds nothing there, lacks a place that it must have, or brings a `_connection`
        of its own.
        """
        try:
            found = _narrow(tuple(may), tuple(must)).decode(self._text)
        except (ValueError, RecursionError):
            return None
        if not all(found) or any(BESIDE in record for record in found):
            return None
        if self._known is not None:
            for record, known in zip(found, _of_each(self._known, len(self)), strict=True):
                record[BESIDE] = known
        return found

    def extended(self, added: Sequence[Mapping[str, Any] | None], further: Sequence[Mapping[str, Any]]) -> Self:
        """The records with more members, those of None without any, and further ones behind them.

        Requires what `texts` does, and that no record has what is added to it.
        """
        items = [
            b"%b,%b" % (bytes(item)[:-1], text[1:]) if more else bytes(item)
            for item, more, text in zip(self._items, added, written(added, in_order=False), strict=True)
        ]
        return type(self)(msgspec.Raw(b"[" + b",".join([*items, *written(further, in_order=False)]) + b"]"))

    def texts(self) -> list[bytes]:
        """Each record as JSON. Requires that `narrowed` found them to be objects that are not empty."""
        if self._known is None:
            return list(map(bytes, self._items))
        if isinstance(self._known, Mapping):
            heads = [HEAD + written([self._known], in_order=False)[0]] * len(self)
        else:
            heads = [HEAD + text for text in written(self._known, in_order=False)]
        return [b"".join((head, b",", memoryview(item)[1:])) for head, item in zip(heads, self._items, strict=True)]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Record]:
        records = parsed(bytes(self._text))
        if self._known is None:
            yield from records
            return
        for record, known in zip(records, _of_each(self._known, len(self)), strict=True):
            record[BESIDE] = known
            yield record


def parsed_around(content: bytes, rows: Steps) -> Any:
    """The value of a JSON document in which the array at `rows` is left as it came, where there is one.

    Errors: ValueError, RecursionError when it is no JSON.

    >>> around = parsed_around(b'{"data": {"list": [{"a": 1}], "page": 2}}', ("data", "list"))
    >>> type(around["data"]["list"]).__name__, around
    ('UnparsedRecords', {'data': {'list': [{'a': 1}], 'page': 2}})
    """
    try:
        return _around(_in_utf8(content), rows)
    except (ValueError, RecursionError):
        return parsed(content)


def parsed_around_each(content: bytes, rows: Steps) -> Any:
    """The value of a JSON array in whose elements the arrays at `rows` are left as they came.

    Errors: ValueError, RecursionError when it is no JSON.

    >>> parsed_around_each(b'[{"results": [{"a": 1}]}, {"error": {"code": 500}}]', ("results",))
    [{'results': [{'a': 1}]}, {'error': {'code': 500}}]
    """
    try:
        return [_around(element, rows) for element in _ITEMS.decode(_in_utf8(content))]
    except (ValueError, RecursionError):
        return parsed(content)


def _in_utf8(content: bytes) -> bytes:
    """The same; of what decoding skips it does not see that it is no UTF-8. Errors: ValueError."""
    if not content.isascii():
        content.decode()
    return content


def _around(text: bytes | msgspec.Raw, rows: Steps) -> Any:
    """Errors: ValueError where something on the way is no object, or the last no array."""
    if not rows:
        return UnparsedRecords(msgspec.Raw(text))
    name, *further = rows
    members = _MEMBERS.decode(text)
    return {
        key: _around(value, tuple(further)) if key == name else parsed(bytes(value)) for key, value in members.items()
    }


def beside(
    records: Sequence[Record],
    known: Mapping[str, Any] | Sequence[Mapping[str, Any]] | Callable[[Record], Mapping[str, Any]],
    looks_at: Sequence[Steps] = (),
) -> Sequence[Record]:
    """Records of a page, each with what the connection knows under `_connection`; written into them, not copied.

    known: the same for all, one for each, or what says it of one; looks_at: the places that this looks at.

    >>> beside([{"spend": "1"}], {"currency": "USD"})
    [{'spend': '1', '_connection': {'currency': 'USD'}}]
    """
    if isinstance(records, UnparsedRecords):
        if not callable(known):
            return records.beside(known)
        if (seen := records.narrowed(looks_at)) is not None:
            return records.beside([known(record) for record in seen])
        records = list(records)
    each = list(map(known, records)) if callable(known) else _of_each(known, len(records))
    for record, of_it in zip(records, each, strict=True):
        record[BESIDE] = of_it  # type: ignore[index]
    return records


def _of_each(known: Mapping[str, Any] | Sequence[Mapping[str, Any]], count: int) -> Sequence[Mapping[str, Any]]:
    return [known] * count if isinstance(known, Mapping) else known


@cache
def _narrow(may: tuple[Steps, ...], must: tuple[Steps, ...]) -> "msgspec.json.Decoder[list[dict[str, Any]]]":
    """What decodes an array of objects to no more than some places in them."""
    return msgspec.json.Decoder(list[_shape((*may, (BESIDE,)), must)])  # type: ignore[misc]


def _shape(may: Sequence[Steps], must: Sequence[Steps]) -> Any:
    """The type of an object that has some places; any value where a place is no further than its name."""
    if () in may or () in must:
        return Any
    fields = {}
    for name in dict.fromkeys(steps[0] for steps in (*must, *may)):
        below = [[steps[1:] for steps in places if steps[0] == name] for places in (may, must)]
        kind = _shape(*below)
        fields[name] = Required[kind] if below[1] else NotRequired[kind]
    return TypedDict("Narrow", fields)  # type: ignore[operator]
