"""What a twin's file says of itself, so that it is held against the truth without registration.

A provider is three things: its source in connectors/sources, its twin in this folder with a `DECLARATION`, and what
the declaration says should come out. `tests/connectors/contract` runs every declared twin through every fault.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from roastery.evals.world import World

Change = Callable[[World], World]


@dataclass(frozen=True)
class Truth:
    """Rows that a contract should hold of this provider: a SELECT over the company's tables, in the contract's names.

    Its columns are compared and no others; personal ones are given in the open. day: the column that says on which
    day a row stands, where history is read only from some day on.
    """

    contract: str
    sql: str
    day: str | None = None


@dataclass(frozen=True)
class Drift:
    """The field of the provider's JSON that changes its shape, and the column of a contract that it fills.

    missing_fails: a record without the field fails its resource with a sentence; False where the field may be absent.
    retyped_fails: another type does so too, since a row can then not be read at all. unknown_kept: False where the
    source keeps named fields only, for free text may hold personal values. from_elsewhere: columns of that contract,
    or whole other contracts, that other resources fill, which go on while this one fails.
    """

    field: str
    contract: str
    column: str
    missing_fails: bool = True
    retyped_fails: bool = False
    unknown_kept: bool = True
    from_elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """What one provider's twin should bring, and what may happen to it.

    quick, quick_since: settings with which little history is read, and from which day on it is then compared. tables:
    further tables that the truth is selected from. restate, delete: what the provider later makes of the company; None
    with `because` where it does no such thing. expires: whether access can end. earlier: how long before now a first
    sync is made, so that the next one has something to find. day: the field that says on which day a report's row
    stands.
    """

    provider: str
    truth: tuple[Truth, ...]
    quick: Mapping[str, Any] = field(default_factory=dict)
    quick_since: date | None = None
    tables: Callable[[World], Mapping[str, pa.Table]] = lambda world: {}
    restate: Change | None = None
    delete: Change | None = None
    because: str = ""
    drift: Drift | None = None
    day: Drift | None = None
    expires: bool = True
    earlier: timedelta = timedelta(days=3)


def emptied(world: World) -> World:
    """The company before anything happened in it: every table without rows."""
    return replace(world, **{name: table.slice(0, 0) for name, table in world.tables.items()})


def later(days: float) -> Change:
    """Time passes; what a twin's books say of it, such as a late refund, has then happened."""
    return lambda world: replace(world, now=world.now + timedelta(days=days))


def platforms_restate(world: World) -> World:
    """Ad platforms go over their last week again."""
    return world.restated(days=7)
