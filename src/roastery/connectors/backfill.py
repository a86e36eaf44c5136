"""Reading a range again on demand: a resource's cursor as it stood on an earlier day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

READ_UP_TO = frozenset({"newest", "latest", "read_to", "read_on"})
"""What cursors call the day or moment up to which they have read."""
DAY_LENGTH = 10


def rewound(state: Mapping[str, Any], since: date) -> Mapping[str, Any]:
    """The cursor from which everything since a day is read again; empty (read anew whole) where it knows no moment.

    Reading more than asked is harmless: what says the same is not landed again, and days of reports are replaced.

    >>> rewound({"newest": "2026-11-20T10:00:00+00:00", "is_whole": True}, date(2026, 10, 1))
    {'newest': '2026-10-01T00:00:00+00:00', 'is_whole': True}
    >>> rewound({"scopes": {"1": {"newest": "2026-11-20", "oldest": "2024-01-01"}}}, date(2026, 10, 1))
    {'scopes': {'1': {'newest': '2026-09-30', 'oldest': '2024-01-01'}}}
    >>> rewound({"after_cursor": "x"}, date(2026, 10, 1))
    {}
    """
    found, moved = _rewound(state, since)
    return found if moved else {}


def _rewound(value: Any, since: date) -> tuple[Any, bool]:
    if isinstance(value, Mapping):
        parts = {name: _moment(part, since) if name in READ_UP_TO else _rewound(part, since)
                 for name, part in value.items() if name not in ("rereading", "reread_to")}  # fmt: skip
        return {name: part for name, (part, _) in parts.items()}, any(moved for _, moved in parts.values())
    if isinstance(value, list):
        listed = [_rewound(part, since) for part in value]
        return [part for part, _ in listed], any(moved for _, moved in listed)
    return value, False


def _moment(value: Any, since: date) -> tuple[Any, bool]:
    """A day or moment moved back to the one asked for, where it lies after it."""
    if not isinstance(value, str):
        return value, False
    try:
        if len(value) == DAY_LENGTH:
            before = since - timedelta(days=1)
            return (before.isoformat() if date.fromisoformat(value) > before else value), True
        at = datetime.fromisoformat(value)
    except ValueError:
        return value, False
    start = datetime.combine(since, time(), UTC)
    earlier = start if at.tzinfo else start.replace(tzinfo=None)
    return (earlier.isoformat() if at > earlier else value), True
