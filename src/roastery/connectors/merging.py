"""Records of which several answers hold a part each, put together."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from roastery.connectors.base import Record
from roastery.connectors.unparsed import Steps, UnparsedRecords

Place = TypeVar("Place", bound=Hashable)


def merged(
    parts: Sequence[Sequence[Record]], place: Callable[[Record], Place], looks_at: Sequence[Steps]
) -> tuple[Sequence[Record], list[Place]]:
    """The records, and the place of each; those of one place are one, a later part's members over an earlier one's.

    looks_at: what `place` looks at. Where the first part came unparsed it stays so, with what the others add to it.
    Requires at least one part.

    >>> merged([[{"day": 1, "spend": 5}], [{"day": 1, "clicks": 2}]], lambda record: record["day"], [("day",)])
    ([{'day': 1, 'spend': 5, 'clicks': 2}], [1])
    """
    first, *others = parts
    more: dict[Place, dict[str, Any]] = {}
    for part in others:
        for record in part:
            more.setdefault(place(record), {}).update(record)
    if isinstance(first, UnparsedRecords) and (found := _extended(first, more, place, looks_at)):
        return found
    rows: dict[Place, dict[str, Any]] = {}
    for record in first:
        rows.setdefault(place(record), {}).update(record)
    for at, added in more.items():
        rows.setdefault(at, {}).update(added)
    return list(rows.values()), list(rows)


def _extended(
    first: UnparsedRecords, more: dict[Place, dict[str, Any]], place: Callable[[Record], Place],
    looks_at: Sequence[Steps],
) -> tuple[UnparsedRecords, list[Place]] | None:  # fmt: skip
    """The same without making objects of the first part; None where it has a place twice, or what others add."""
    own = {steps[0] for steps in looks_at}
    added = {at: {name: value for name, value in record.items() if name not in own} for at, record in more.items()}
    names = frozenset().union(*added.values())
    seen = first.narrowed([*looks_at, *((name,) for name in names)])
    if seen is None or any(not names.isdisjoint(record) for record in seen):
        return None
    places = [place(record) for record in seen]
    known = set(places)
    if len(known) < len(places):
        return None
    alone = [at for at in more if at not in known]
    extended = first.extended([added.get(at) for at in places], [more[at] for at in alone])
    return extended, places + alone
